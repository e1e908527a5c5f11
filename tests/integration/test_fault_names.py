# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names are data: databases, tables, columns, hosts and instances that are called like commands, paths and options."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._names import is_id
from ansible_collections.vya.backupdb.plugins.module_utils._process import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run.backup import Backup, BackupOptions
from ansible_collections.vya.backupdb.plugins.module_utils._run.restore import RestoreOptions, RestoreTask
from support.faults import IDENTITY, Site
from support.modules import run_module
from support.small import state

TABLES = [
    "-rf",
    # CVE-2017-3600 and CVE-2025-8715: a name with a line break ends the comment that a dump puts it into.
    "evil\n\\! touch planted\nDROP TABLE victims; --",
    "x\r\nsystem touch planted\r\ny",
    "quo\"te's and `ticks` \\",
    "$(touch planted); ../../x per%cent %s",
    "victims",
]
COLUMNS = ['in "quotes"', "in `ticks`", "it's", "line\n\\! touch planted", "a\\", "; DROP TABLE victims", "%s"]


@pytest.fixture(scope="module", params=["pg15", "mariadb", "mysql9"])
def server(request: pytest.FixtureRequest) -> Iterator[support.Server]:
    """Each server in turn, with nothing on it."""
    found: support.Server = request.getfixturevalue(request.param)
    for name in found.databases():
        found.drop_database(name)
    yield found
    for name in found.databases():
        found.drop_database(name)


@pytest.fixture
def site(server: support.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An empty store, and a working folder in which it would be seen when a name was run as a command."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("PATH", server.environ()["PATH"])
    yield Site(server, tmp_path)
    assert list(work.iterdir()) == []
    for name in server.databases():
        server.drop_database(name)


def load(server: support.Server, name: str) -> None:
    """Create the database, with hostile tables, columns, a view, a routine and a trigger, and its name as data."""
    server.create_database(name)
    quote = server.quote
    columns = ", ".join(f"{quote(column)} VARCHAR(200)" for column in COLUMNS)
    connection = server.connect(name)
    with connection.cursor() as cursor:
        for number, table in enumerate(TABLES):
            cursor.execute(f"CREATE TABLE {quote(table)} (id INTEGER PRIMARY KEY, {columns})")
            values = ", ".join(["%s"] * len(COLUMNS))
            cursor.execute(
                f"INSERT INTO {quote(table).replace('%', '%%')} VALUES ({number}, {values})",
                [f"{name} {table} {column}" for column in COLUMNS],
            )
        view, source = quote("view\nof -rf `x` \"y\" 'z'"), quote(TABLES[1])
        cursor.execute(f"CREATE VIEW {view} AS SELECT {quote(COLUMNS[0])} AS {quote(COLUMNS[3])} FROM {source}")
        for statement in _routines(server, quote("routine\n\\! touch planted\n"), quote(TABLES[0])):
            cursor.execute(statement)
    connection.close()


def _routines(server: support.Server, name: str, table: str) -> list[str]:
    if server.engine == "postgresql":
        return [
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            f"CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
            f"CREATE SCHEMA {name}",
            f"CREATE TABLE {name}.{table} (i integer)",
        ]
    return [
        f"CREATE FUNCTION {name}() RETURNS INT DETERMINISTIC RETURN 1",
        f"CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW SET @x = {name}()",
    ]


def restore(site: Site, name: str, target: str, *, replace: bool) -> dict[str, Any]:
    """db_restore in this process, which saves the start of another."""
    options = RestoreOptions(
        host="h", instance="main", database=name, backup="latest", before=None, target=target, replace=replace,
        keep_previous=False, no_owner=False, with_globals=False, identities=IDENTITY, verify=True, jobs=1,
    )  # fmt: skip
    run = Run()
    engine = site.engine(run)
    try:
        return RestoreTask(run, engine, site.opened(), options, lambda _text: None).execute(check_mode=False)
    finally:
        engine.close()


def assert_contained(site: Site, series: int) -> None:
    """All that was written is in the store, four folders deep: host, instance, database, id."""
    assert {path.name for path in site.folder.iterdir()} <= {"store", "tools", "work"}
    files = [path.relative_to(site.store).parts for path in site.store.rglob("*") if not path.is_dir()]
    assert len({parts[:3] for parts in files if parts[-1] != ".lock"}) == series
    for parts in files:
        assert len(parts) == (3 if parts[-1] == ".lock" else 5), parts
        assert parts[-1] == ".lock" or is_id(parts[3]), parts
        assert max(len(os.fsencode(part)) for part in parts) <= 200
    assert [path for path in site.store.rglob("*") if path.is_symlink()] == []


def test_databases(site: Site) -> None:
    """All are backed up in one run, listed, verified, restored under each other's names and back under their own."""
    server = site.server
    names = support.awkward_names(server)
    for name in names:
        load(server, name)
    before = {name: state(server, name) for name in names}
    made = site.backup({"globals": True})
    assert not made["failed"], made["msg"]
    assert sorted(item["database"] for item in made["backups"]) == sorted(["@globals", *names])
    assert_contained(site, len(names) + 1)
    store = {"store": str(site.store), "host": "h"}
    listed = run_module("backup_info", store)
    assert sorted(item["database"] for item in listed["backups"]) == sorted(["@globals", *names])
    assert listed["incomplete"] == []
    checked = run_module("backup_verify", {**store, "identity": IDENTITY}, path_prefix=site.path_prefix)
    assert not checked["failed"], checked["msg"]
    assert [item["ok"] for item in checked["results"]] == [True] * (len(names) + 1)
    for name in names:
        server.drop_database(name)
    for name, target in zip(names, [*names[1:], names[0]], strict=True):
        assert restore(site, name, target, replace=False)["target"] == target
        support.assert_same(before[name], state(server, target))
    for name in names:
        assert restore(site, name, name, replace=True)["verified"]["rows"] == "same"
        content = {f"content {key}": value for key, value in support.fingerprint(server, name).items()}
        support.assert_same(before[name], {**before[name], **content})
    assert server.databases() == sorted(names)
    site.assert_no_leftovers()


def test_through_the_options(site: Site) -> None:
    """The names as options of the modules: chosen, excluded, filtered, restored."""
    server = site.server
    names = ["-rf", "../../x", "line\nbreak", "sh*p [ab]? ~ #", "shop"]
    for name in names:
        load(server, name)
    before = state(server, "../../x")
    made = site.backup({"databases": ["-rf", "../../x", "sh*p [ab]? ~ #", "line*"], "exclude": ["-rf"]})
    assert not made["failed"], made["msg"]
    # A name that is there is no glob.
    assert sorted(item["database"] for item in made["backups"]) == sorted(set(names) - {"-rf", "shop"})
    for name in names[1:4]:
        found = run_module("backup_info", {"store": str(site.store), "database": name})["backups"]
        assert [item["database"] for item in found] == [name]
    target = "; touch planted\n-- $(touch planted)"
    done = site.restore({"database": "../../x", "target": target})
    assert not done["failed"], done["msg"]
    support.assert_same(before, state(server, target))
    missing = site.restore({"database": "../../../etc", "target": "y"})
    assert "No backup of" in missing["msg"]
    assert_contained(site, 3)


def test_a_database_that_is_called_as_the_globals_are(site: Site) -> None:
    """Its folder would be theirs: it is refused, and the other databases are backed up."""
    for name in ("@globals", "shop"):
        site.server.create_database(name)
    made = site.backup({"globals": True})
    assert made["failed"]
    assert [(item["database"], item["stage"]) for item in made["failures"]] == [("@globals", "preflight")]
    assert sorted((item["database"], item["kind"]) for item in made["backups"]) == [
        ("@globals", "globals"),
        ("shop", "database"),
    ]
    assert_contained(site, 2)


LABELS = ["../x", "a/b", "..", ".", "/etc", "-rf", "$(touch planted)", "line\nbreak", "nul\0byte", "Ünï 😀", "l" * 300]


@pytest.mark.parametrize("server", ["pg15"], indirect=True)
def test_labels(site: Site) -> None:
    """Hosts and instances: each is a folder of its own in the store, and found again under its name."""
    server = site.server
    server.create_database("shop")
    server.query("CREATE TABLE t (i integer)", database="shop")
    for label in LABELS:
        options = BackupOptions(label, label[::-1], ("shop",), (), False, "none", None, (), 1, ())
        run = Run()
        engine = site.engine(run)
        outcome = Backup(run, engine, options, log=lambda _text: None, verbose=False).execute(site.opened())
        engine.close()
        assert outcome.failures == []
    made = site.backup({"host": "../y", "instance": "a/../../b"})
    assert not made["failed"], made["msg"]
    assert_contained(site, len(LABELS) + 1)
    for label, instance in (("../x", "x/.."), ("../y", "a/../../b")):
        found = run_module("backup_info", {"store": str(site.store), "host": label, "instance": instance})
        assert [(item["host"], item["instance"]) for item in found["backups"]] == [(label, instance)]
    everything = run_module("backup_info", {"store": str(site.store)})
    assert sorted(item["host"] for item in everything["backups"]) == sorted([*LABELS, "../y"])
    assert everything["incomplete"] == []
    done = site.restore({"host": "../y", "instance": "a/../../b", "target": "copy"})
    assert not done["failed"], done["msg"]


@pytest.mark.parametrize("server", ["pg15"], indirect=True)
@pytest.mark.parametrize("option", ["host", "instance", "database", "target"])
def test_an_empty_name(site: Site, option: str) -> None:
    """It is refused before anything is made."""
    results = [site.restore({option: ""})]
    if option in ("host", "instance"):
        results.append(site.backup({option: ""}))
    for result in results:
        assert (result["failed"], f"The option {option} is empty" in result["msg"]) == (True, True)
    assert not site.store.exists()
