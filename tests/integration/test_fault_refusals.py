# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused before anything happens, and check mode, in which nothing ever does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from support.damage import flipped, restored
from support.desk import STRANGER, STRANGERS_RECIPIENT
from support.faults import IDENTITY, RECIPIENT, Site
from support.modules import run_module
from support.small import go_on, load_small, state

# (source of the backup, server it is to be restored into, what must be told)
MISFITS = {
    "another engine": ("pg15", "mariadb", ("The backup comes from postgresql 15", "the server is mariadb 10.11")),
    "the other engine": ("mariadb", "pg15", ("The backup comes from mariadb 10.11", "the server is postgresql 15")),
    "another flavour": ("mariadb", "mysql9", ("The backup comes from mariadb 10.11", "the server is mysql 9")),
    "the other flavour": ("mysql9", "mariadb", ("The backup comes from mysql 9", "the server is mariadb 10.11")),
    "a lower major": ("pg18", "pg15", ("The backup comes from postgresql 18", "the server is the older 15")),
}

ATTEMPTS: tuple[tuple[dict[str, Any], bool], ...] = (
    ({"if_exists": "replace"}, True),
    ({"if_exists": "replace"}, False),
    ({"target": "free"}, False),
)


def emptied(server: support.Server) -> None:
    for name in server.databases():
        server.drop_database(name)


def everything(site: Site) -> dict[str, Any]:
    """Files of the store with what they hold, databases of the server with what they hold."""
    server = site.server
    stored = {
        str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in site.folder.rglob("*")
    }
    return {"files": stored, "databases": {name: state(server, name) for name in server.databases()}}


@pytest.mark.parametrize("misfit", list(MISFITS))
def test_a_server_that_does_not_fit(request: pytest.FixtureRequest, tmp_path: Path, misfit: str) -> None:
    """Over a database, under a name that is free, and in check mode."""
    source, target, told = MISFITS[misfit]
    servers: list[support.Server] = [request.getfixturevalue(kind) for kind in (source, target)]
    for server in servers:
        emptied(server)
    try:
        load_small(servers[0], "shop")
        made = Site(servers[0], tmp_path)
        assert not made.backup()["failed"]
        load_small(servers[1], "shop")
        (tmp_path / "other").mkdir()
        site = Site(servers[1], tmp_path / "other")
        site.store = made.store
        before = [everything(made), everything(site)]
        for params, check in ATTEMPTS:
            result = site.restore(params, check=check)
            assert (result["failed"], result["changed"], result["stage"]) == (True, False, "preflight")
            for text in told:
                assert text in result["msg"]
        assert [everything(made), everything(site)] == before
        site.assert_no_leftovers()
    finally:
        for server in servers:
            emptied(server)


@pytest.fixture(scope="module")
def module_site(server: support.Server, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A backup of `shop` with the globals, and a `shop` that has gone on."""
    load_small(server, "shop")
    site = Site(server, tmp_path_factory.mktemp("refusals"))
    assert not site.backup({"globals": True})["failed"]
    go_on(server, "shop")
    return site


@pytest.fixture
def site(module_site: Site) -> Iterator[Site]:
    """The same for every test; what one made beside `shop` goes."""
    yield module_site
    for name in module_site.server.databases():
        if name != "shop":
            module_site.server.drop_database(name)


def test_an_identity_that_does_not_fit(site: Site) -> None:
    before = everything(site)
    for identity, told in ((STRANGER, f"The identity given belongs to {STRANGERS_RECIPIENT}; "), (None, "Give the")):
        for params, check in ATTEMPTS:
            result = site.restore({**params, "identity": identity}, check=check)
            assert (result["failed"], result["changed"]) == (True, False)
            assert told in result["msg"]
            assert f"is encrypted to {RECIPIENT}" in result["msg"]
    assert everything(site) == before
    site.assert_no_leftovers()


# Beside those of test_modules.py.
RESTORES: dict[str, dict[str, Any]] = {
    "previous kept": {"if_exists": "replace", "keep_previous": True},
    "nothing to replace": {"target": "free", "if_exists": "replace", "keep_previous": True},
    "with globals": {"target": "free", "globals": True},
    "no such backup": {"backup": "20200101T000000Z-000000", "if_exists": "replace"},
    "no such series": {"database": "nosuch"},
}
PREDICTED = ("failed", "changed", "backup", "target", "stage", "diff")


@pytest.mark.parametrize("case", list(RESTORES))
def test_check_mode_of_a_restore(site: Site, case: str) -> None:
    """Nothing happens, and what is told is what happens then."""
    params = RESTORES[case]
    before = everything(site)
    predicted = site.restore(params, check=True, diff=True)
    assert everything(site) == before
    site.assert_no_leftovers()
    done = site.restore(params, diff=True)
    for key in PREDICTED:
        assert predicted.get(key) == done.get(key), key
    if done["failed"]:
        assert predicted["msg"] == done["msg"]
        assert everything(site) == before
    else:
        assert predicted["changed"]
        assert "would be restored" in predicted["msg"]
        told, dummy, rest = done["msg"].removesuffix(".").partition("; the database it replaced is kept as ")
        assert predicted["msg"].replace("would be restored", "was restored").startswith(told)
        assert rest == (done["previous"] or "")
        assert everything(site)["databases"] != before["databases"]
        assert everything(site)["files"] == before["files"]
        assert (done["previous"] is not None) == (case == "previous kept")


def test_check_mode_finds_what_is_damaged(site: Site) -> None:
    """It authenticates what it would restore."""
    path = next((site.store / "h" / "main" / "shop").rglob("*.age"))
    with restored(path):
        path.write_bytes(flipped(path.read_bytes(), -1, 3))
        before = everything(site)
        results = [site.restore({"if_exists": "replace"}, check=check) for check in (True, False)]
        assert everything(site) == before
    assert [(result["failed"], result["changed"], result["stage"]) for result in results] == [
        (True, False, "authenticate")
    ] * 2
    assert results[0]["msg"] == results[1]["msg"]


def test_check_mode_of_a_backup(site: Site) -> None:
    """Left-overs of a dead run are not cleared either, nor is the lock file made."""
    folder = site.store / "h" / "main" / "shop" / "20260101T000000Z-abcdef"
    folder.mkdir(mode=0o700)
    (folder / ".tmp-database.dump.zst.age").write_bytes(b"half of it")
    (site.store / "h" / "main" / ".lock").unlink()
    before = everything(site)
    predicted = site.backup({"globals": True}, check=True)
    assert everything(site) == before
    done = site.backup({"globals": True})
    assert (predicted["failed"], predicted["changed"]) == (done["failed"], done["changed"]) == (False, True)
    assert [item["database"] for item in predicted["backups"]] == [item["database"] for item in done["backups"]]
    assert not folder.exists()
    assert everything(site)["databases"] == before["databases"]


def test_check_mode_of_those_that_only_look(site: Site) -> None:
    """The same answer, durations apart, and no change."""
    before = everything(site)
    store = {"store": str(site.store)}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("db_info", site.login),
        ("backup_info", store),
        ("backup_verify", {**store, "level": "readable", "identity": IDENTITY}),
        ("backup_verify", {**store, "level": "readable", "identity": STRANGER}),
    ]
    for name, params in calls:
        answers = [run_module(name, params, check=check, path_prefix=site.path_prefix) for check in (True, False)]
        assert [answer["changed"] for answer in answers] == [False, False]
        assert timeless(answers[0]) == timeless(answers[1]), name
    assert answers[0]["failed"]
    assert everything(site) == before


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items() if key not in ("seconds", "uptime")}
    return [timeless(item) for item in value] if isinstance(value, list) else value
