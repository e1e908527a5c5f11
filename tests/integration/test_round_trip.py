# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole round trips through the modules: what is restored equals its source by content and by schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import generate_identity
from support.modules import run_module
from support.ways import NUMBERS, WAYS


class Site:
    """One server with the hostile database `shop`, a store and a key."""

    def __init__(self, server: support.Server, store: Path, ways: list[tuple[str, bool]]) -> None:
        self.server, self.ways = server, ways
        self.store = str(store)
        self.identity, self.recipient = generate_identity()
        support.load_hostile(server, "shop")
        self.content = support.fingerprint(server, "shop")
        self.schema = support.schema_fingerprint(server, "shop")

    def run(self, name: str, **params: Any) -> dict[str, Any]:
        """Run a module against the server; it must succeed."""
        result = self.attempt(name, **params)
        assert not result["failed"], result["msg"]
        return result

    def attempt(self, name: str, **params: Any) -> dict[str, Any]:
        """Run a module against the server."""
        login: Mapping[str, Any] = {"engine": self.server.engine, **self.server.login} if name.startswith("db_") else {}
        options = {**login, "store": self.store, "host": "db1", **params}
        if name == "db_info":
            options = {**login, **params}
        return run_module(name, options, path_prefix=self.server.tool_path)

    def backup(self, **params: Any) -> dict[str, Any]:
        """Back up `shop`, encrypted. The summary."""
        options = {"databases": ["shop"], "recipients": [self.recipient], "globals": False, **params}
        backups: list[dict[str, Any]] = self.run("db_backup", **options)["backups"]
        return next(item for item in backups if item["database"] != "@globals")

    def restore(self, target: str, **params: Any) -> dict[str, Any]:
        """Restore `shop` as `target`."""
        return self.run("db_restore", **{"database": "shop", "target": target, "identity": self.identity, **params})

    def assert_equals_source(self, name: str) -> None:
        """The database has the content and the schema that `shop` had at first."""
        support.assert_same(self.content, support.fingerprint(self.server, name))
        found = support.schema_fingerprint(self.server, name)
        if self.server.engine == "mysql" and name != "shop":
            # Grants name the database that they are for; a restore under another name gives nobody access to it.
            support.assert_same(_without_grants(self.schema), _without_grants(found))
        else:
            support.assert_same(self.schema, found)

    def clean(self) -> None:
        """Drop every database."""
        for name in self.server.databases():
            self.server.drop_database(name)


def _without_grants(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if not name.startswith("grant on ")}


def assert_alike(server: support.Server, first: str, second: str) -> None:
    """Two databases of one server have the same content and schema."""
    support.assert_same(support.fingerprint(server, first), support.fingerprint(server, second))
    schemas = [_without_grants(support.schema_fingerprint(server, name)) for name in (first, second)]
    # Events of a kept database are disabled, so that they do not run beside those of its successor.
    support.assert_same(*({key: _enabled(value) for key, value in schema.items()} for schema in schemas))


def _enabled(value: Any) -> Any:
    return value.replace("DISABLE", "ENABLE") if isinstance(value, str) else value


@pytest.fixture(scope="module", params=list(support.KINDS))
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Each server in turn."""
    server: support.Server = request.getfixturevalue(request.param)
    made = Site(server, tmp_path_factory.mktemp("store") / "store", WAYS[request.param])
    yield made
    made.clean()


def test_another_name(site: Site) -> None:
    """Restored beside its source; the manifest's schema and rows are those of the source."""
    summary = site.backup()
    result = site.restore("another")
    assert result["verified"]["schema"] == "same"
    assert result["rows"] == summary["rows"] > 0
    assert result["previous"] is None
    site.assert_equals_source("another")
    site.assert_equals_source("shop")
    site.server.drop_database("another")


def test_awkward_names(site: Site) -> None:
    """All that an engine knows, from name to name that need quoting everywhere: each is a target, then a source.

    test_fault_names.py has more names, with less in their databases.
    """
    site.backup()
    source = "shop"
    for name in ("quo\"te's and `ticks`", "line\nbreak; $(x) per%cent %s \\"):
        site.restore(name, database=source)
        assert site.backup(databases=[name])["database"] == name
        if source != "shop":
            site.server.drop_database(source)
        source = name
    site.assert_equals_source(source)
    site.server.drop_database(source)
    site.restore(source, database=source)
    site.assert_equals_source(source)
    site.server.drop_database(source)


def test_same_name_after_a_loss(site: Site) -> None:
    """The database is gone; it comes back under its own name."""
    site.backup()
    site.server.drop_database("shop")
    site.restore("shop")
    site.assert_equals_source("shop")


def test_replaced_and_previous_kept(site: Site) -> None:
    """The target holds something else: it is refused first, then swapped, and the old one stays when asked for."""
    site.backup()
    support.load_bulk(site.server, "victim", rows=100)
    before = support.fingerprint(site.server, "victim")
    refused = site.attempt("db_restore", database="shop", target="victim", identity=site.identity)
    assert refused["failed"] and "exists" in refused["msg"] and "if_exists=replace" in refused["msg"]
    support.assert_same(before, support.fingerprint(site.server, "victim"))
    result = site.restore("victim", if_exists="replace", keep_previous=True)
    site.assert_equals_source("victim")
    support.assert_same(before, support.fingerprint(site.server, result["previous"]))
    site.server.drop_database(result["previous"])
    # Once more over hostile content, which has triggers, views, routines and events to take away.
    assert site.restore("victim", if_exists="replace")["previous"] is None
    site.assert_equals_source("victim")
    kept = site.restore("victim", if_exists="replace", keep_previous=True)["previous"]
    site.assert_equals_source("victim")
    assert_alike(site.server, "victim", kept)
    for name in ("victim", kept):
        site.server.drop_database(name)
    assert site.server.databases() == ["shop"]


@pytest.mark.parametrize("number", NUMBERS)
def test_every_compression(site: Site, number: int) -> None:
    """Stored in every format, encrypted and not; verified without a server, then restored."""
    compression, encrypted = site.ways[number]
    summary = site.backup(compression=compression, recipients=[site.recipient] if encrypted else [])
    assert (summary["compression"], summary["encrypted"]) == (compression, encrypted)
    checked = site.run("backup_verify", database="shop", level="readable", identity=site.identity)
    assert checked["results"][0]["ok"]
    site.restore("unpacked", **({} if encrypted else {"identity": None}))
    support.assert_same(site.content, support.fingerprint(site.server, "unpacked"))
    site.server.drop_database("unpacked")


@pytest.mark.parametrize("site", ["pg15", "mariadb"], indirect=True)
def test_parallel_jobs(site: Site) -> None:
    """Several databases at a time; several jobs for a restore."""
    site.backup()
    site.restore("second", jobs=2)
    site.assert_equals_source("second")
    result = site.run("db_backup", databases=["s*"], recipients=[site.recipient], jobs=2)
    assert {item["database"] for item in result["backups"]} == {"shop", "second", "@globals"}
    site.server.drop_database("second")


def test_through_the_socket(site: Site) -> None:
    """The unix socket serves driver and tools alike."""
    login = {"engine": site.server.engine, **site.server.login_socket, "store": site.store, "host": "socket"}
    result = run_module(
        "db_backup",
        {**login, "databases": ["shop"], "recipients": [site.recipient]},
        path_prefix=site.server.tool_path,
    )
    assert not result["failed"], result["msg"]
    assert len(result["backups"]) == 2


@pytest.mark.parametrize("site", ["pg15", "mariadb"], indirect=True)
def test_extra_args_leave_parts_out(site: Site) -> None:
    """What was left out on purpose is no difference; the counts are not called exact."""
    support.load_bulk(site.server, "partly", rows=100)
    option = "--exclude-table-data=orders" if site.server.engine == "postgresql" else "--ignore-table=partly.orders"
    summary = site.backup(databases=["partly"], extra_args=[option])
    assert summary["exact"] is False
    assert any("extra_args" in warning for warning in summary["warnings"])
    result = site.restore("partly_back", database="partly")
    assert result["verified"]["schema"] == "same"
    (told,) = [text for text in result["warnings"] if "extra_args" in text]
    assert option in told
    assert "orders" in told.partition("rows were not compared in")[2]
    assert site.server.query("SELECT COUNT(*) FROM orders", database="partly_back")[0][0] == 0
    assert site.server.query("SELECT COUNT(*) FROM customers", database="partly_back")[0][0] > 0
    for name in ("partly", "partly_back"):
        site.server.drop_database(name)
