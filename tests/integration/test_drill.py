# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills: what they prove, what they refuse to call proven, what they leave beside the backup and nowhere else."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from jsonschema import Draft202012Validator
from support.damage import edit, files_of, fit, flipped, folders, largest, parts
from support.desk import STRANGER, undocumented
from support.faults import IDENTITY, Site, wait_until
from support.modules import ROOT, RunningModule, run_module, start_module
from support.small import load_small, state

SCHEMA = Draft202012Validator(json.loads((ROOT / "docs" / "verification.schema.json").read_text(encoding="utf-8")))
EXTRA = "CREATE TABLE keep (id integer PRIMARY KEY, name varchar(20)); INSERT INTO keep VALUES (1, 'a'), (2, 'b');"

# What a forged dump lacks, and what must be told of it.
CHANGES = {
    "a-row-removed": ("DELETE FROM keep WHERE id = 2", "keep has 1 rows instead of 2"),
    "the-schema-differs": ("ALTER TABLE keep ADD extra integer", "keep"),
    "a-table-is-missing": ("DROP TABLE keep", "keep"),
}


class Hall(Site):
    """A site where drills are held. Production is `shop`; `zoo` is beside it."""

    def __init__(self, server: support.Server, folder: Path) -> None:
        super().__init__(server, folder)
        # What production is, to its files, when that must not change.
        self.old: dict[str, Any] = {}

    def drill_params(self, **params: Any) -> dict[str, Any]:
        """backup_drill of everything."""
        return {**self.login, "store": str(self.store), "host": "h", "identity": IDENTITY, **params}

    def drill(self, params: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """Run backup_drill to its end. What it answers must be documented."""
        result = run_module("backup_drill", self.drill_params(**(params or {})), **self._options(options))
        assert undocumented("backup_drill", result) == []
        return result

    def start_drill(self) -> RunningModule:
        """Start it."""
        return start_module("backup_drill", self.drill_params(databases=["shop"]), **self._options({}))

    def records(self, host: str = "h", database: str = "shop") -> list[dict[str, Any]]:
        """What lies beside the newest backup of a series, oldest first."""
        found = sorted(folders(self, host, database)[-1].glob("verification-*"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in found]

    def assert_untouched(self) -> None:
        """The databases are what they were, to their files, and there is nothing else."""
        assert {**state(self.server, "shop"), "files": files_of(self.server)} == self.old
        assert self.server.databases() == ["shop", "zoo"]
        self.assert_no_leftovers()


@pytest.fixture(scope="module")
def stored(server: support.Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with an encrypted backup of `shop`, `zoo` and the globals, and beside it one of each change of `shop`."""
    site = Site(server, tmp_path_factory.mktemp("stored"))
    for how, (statement, _told) in {**CHANGES, "h": ("", "")}.items():
        server.drop_database("shop")
        load_small(server, "shop")
        server.execute_script(EXTRA.encode(), "shop")
        if statement:
            server.query(statement, database="shop")
            assert not site.backup({"store": f"{site.store}-forged", "host": how})["failed"]
    load_small(server, "zoo")
    assert not site.backup({"globals": True})["failed"]
    return site.store


@pytest.fixture
def hall(server: support.Server, stored: Path, tmp_path: Path) -> Iterator[Hall]:
    """A copy of that store."""
    made = Hall(server, tmp_path)
    shutil.copytree(stored, made.store)
    made.old = {**state(server, "shop"), "files": files_of(server)}
    yield made
    for name in server.databases():
        if name not in ("shop", "zoo"):
            server.drop_database(name)


def by_name(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The drills of a result."""
    return {item["database"]: item for item in result["drills"]}


def test_what_a_drill_proves_and_leaves(hall: Hall) -> None:
    """Everything came back, nothing is left but a record that says so; the globals are left out with a word."""
    before = hall.files()
    result = hall.drill()
    assert (result["failed"], result["changed"], result["failures"]) == (False, True, [])
    assert "Globals are left out" in result["msg"]
    drills = by_name(result)
    assert list(drills) == ["shop", "zoo"]
    shop = drills["shop"]
    assert (shop["passed"], shop["mismatches"], shop["schema"]) == (True, [], "same")
    assert shop["tables"] == drills["zoo"]["tables"] + 1
    assert shop["rows"] == drills["zoo"]["rows"] + 2
    assert list(shop["stages"]) == ["preflight", "authenticate", "create", "load", "verify"]
    assert shop["seconds"] == pytest.approx(sum(shop["stages"].values()))
    (record,) = hall.records()
    assert list(SCHEMA.iter_errors(record)) == []
    for key in ("id", "host", "instance", "database", "passed", "seconds", "stages", "tables", "rows", "mismatches"):
        assert record[key] == shop[key], key
    assert record["verified_by"] == socket.gethostname()
    assert record["engine"]["flavour"] == ("postgresql" if hall.server.engine == "postgresql" else "mariadb")
    assert (hall.store / shop["record"]).is_file()
    assert set(hall.files()) - set(before) == {item["record"] for item in result["drills"]}
    assert {name: value for name, value in hall.files().items() if name in before} == before
    assert (hall.store / shop["record"]).stat().st_mode & 0o777 == 0o600
    assert len(hall.prove()) == 3
    assert hall.incomplete() == ()
    hall.assert_untouched()


def test_the_newest_record_is_listed(hall: Hall) -> None:
    """backup_info shows the last verdict of each backup; a damaged record is told and hides no older one."""
    for name in ("first", "second"):
        hall.drill({"databases": ["shop"]})
        listed = run_module("backup_info", {"store": str(hall.store)})
        assert undocumented("backup_info", listed) == []
        shown = {item["database"]: item["verification"] for item in listed["backups"]}
        assert (shown["zoo"], shown["@globals"]) == (None, None), name
        assert shown["shop"]["passed"] is True
        assert shown["shop"]["finished"] == hall.records()[-1]["finished"]
    assert len(hall.records()) == 2
    newest = folders(hall)[-1] / "verification-20990101T000000Z.json"
    for content in ("{", "{}", json.dumps({**hall.records()[-1], "passed": "yes"}), "x" * (2 << 20)):
        newest.write_text(content, encoding="utf-8")
        listed = run_module("backup_info", {"store": str(hall.store), "database": "shop"})
        assert listed["backups"][0]["verification"]["passed"] is True
        assert [newest.name in text for text in listed["warnings"]] == [True]
    assert run_module("backup_verify", {"store": str(hall.store), "level": "stored"})["totals"]["failed"] == 0


def test_a_part_that_was_tampered_with(hall: Hall) -> None:
    """Refused before anything is created, recorded, and no reason not to drill the others."""
    path = largest(folders(hall)[-1])
    path.write_bytes(flipped(path.read_bytes(), path.stat().st_size // 2, 3))
    result = hall.drill()
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["msg"].startswith("1 of 2 drills failed: shop (")
    (failure,) = result["failures"]
    assert (failure["database"], failure["id"]) == ("shop", hall.ids("shop")[0])
    assert failure["stage"] in ("authenticate", "encryption")
    drills = by_name(result)
    assert (drills["shop"]["passed"], drills["zoo"]["passed"]) == (False, True)
    assert "create" not in drills["shop"]["stages"]
    (record,) = hall.records()
    assert list(SCHEMA.iter_errors(record)) == []
    assert (record["passed"], record["stage"], record["mismatches"]) == (False, failure["stage"], [])
    assert record["msg"] and record["msg"] in failure["msg"]
    assert hall.records(database="zoo")[0]["passed"] is True
    shown = run_module("backup_info", {"store": str(hall.store), "database": "shop"})["backups"][0]["verification"]
    assert (shown["passed"], shown["stage"], shown["msg"]) == (False, record["stage"], record["msg"])
    hall.assert_untouched()


@pytest.mark.parametrize("how", list(CHANGES))
def test_a_dump_that_is_not_what_the_manifest_tells(hall: Hall, stored: Path, how: str) -> None:
    """Every part was made again, sizes and hashes fit: the comparison in scratch finds it."""
    told = CHANGES[how][1]
    genuine = folders(hall)[-1]
    (forged,) = (stored.with_name("store-forged") / how / "main" / "shop").iterdir()
    for part in parts(genuine):
        shutil.copy(forged / part["name"], genuine / part["name"])
    edit(genuine, parts=parts(forged))
    assert run_module("backup_verify", {"store": str(hall.store), "level": "stored"})["totals"]["failed"] == 0
    result = hall.drill()
    assert result["failed"]
    drills = by_name(result)
    assert (drills["shop"]["passed"], drills["zoo"]["passed"]) == (False, True)
    assert [text for text in drills["shop"]["mismatches"] if told in text], result
    assert drills["shop"]["schema"] == ""
    (failure,) = result["failures"]
    assert (failure["stage"], told in failure["msg"]) == ("verify", True)
    (record,) = hall.records()
    assert list(SCHEMA.iter_errors(record)) == []
    assert (record["passed"], record["stage"]) == (False, "verify")
    assert record["mismatches"] == drills["shop"]["mismatches"]
    hall.assert_untouched()


def test_check_mode(hall: Hall) -> None:
    """Nothing is written, `changed` is predicted, and what is refused before anything is created is refused."""
    before = hall.files()
    result = hall.drill(check=True)
    assert (result["failed"], result["changed"]) == (False, True)
    assert [(item["passed"], item["record"]) for item in result["drills"]] == [(None, None)] * 2
    path = largest(folders(hall)[-1])
    path.write_bytes(flipped(path.read_bytes(), 10, 3))
    fit(folders(hall)[-1], path)
    before = hall.files()
    result = hall.drill(check=True)
    assert (result["failed"], len(result["failures"]), by_name(result)["shop"]["passed"]) == (True, 1, False)
    assert hall.files() == before
    hall.assert_untouched()


def test_what_is_chosen(hall: Hall) -> None:
    """Names, globs, ids, times, other hosts' series; what has no backup is told."""
    for host in ("other", "h"):
        assert not hall.backup({"databases": ["shop"], "host": host})["failed"]
    newest, oldest = hall.ids("shop")[0], folders(hall)[0].name
    moment = json.loads((folders(hall)[0] / "manifest.json").read_text(encoding="utf-8"))["snapshot"]

    def ids(**params: Any) -> dict[str, str]:
        result = hall.drill(params, check=True)
        assert not result["failed"], result
        return {item["database"]: item["id"] for item in result["drills"]}

    assert ids() == {"shop": newest, "zoo": hall.ids("zoo")[0]}
    assert ids(databases=["s*", "nosuch*"]) == ids(exclude=["z*"]) == {"shop": newest}
    assert ids(databases=["shop"], before=moment) == ids(backup=oldest, exclude=["zoo"]) == {"shop": oldest}
    other = hall.drill({"host": "other"})
    assert [(item["host"], item["database"], item["passed"]) for item in other["drills"]] == [("other", "shop", True)]
    assert hall.records("other")[0]["host"] == "other"
    for params, told in (
        ({"databases": ["nosuch"]}, "No backup of h/main/nosuch fits"),
        ({"databases": ["nosuch*"]}, "nothing to drill"),
        ({"databases": ["@globals"]}, "roles, users and grants"),
        ({"databases": []}, "nothing to do"),
        ({"host": "stranger"}, "nothing to drill"),
        ({"backup": "newest"}, "'newest'"),
        ({"before": "yesterday"}, "'yesterday'"),
        ({"identity": None}, "encrypted to"),
        ({"jobs": 0}, "jobs=0"),
    ):
        result = hall.drill(params)
        assert (result["failed"], result["changed"], told in result["msg"]) == (True, False, True), result
    hall.assert_untouched()


def test_a_damaged_newer_one_is_a_failure(hall: Hall) -> None:
    """What is drilled in its place passes, and the task fails all the same."""
    assert not hall.backup({"databases": ["shop"]})["failed"]
    older, newer = folders(hall)
    (newer / "manifest.json").write_text("{", encoding="utf-8")
    result = hall.drill({"databases": ["shop"]})
    assert result["failed"]
    assert [(item["id"], item["passed"]) for item in result["drills"]] == [(older.name, True)]
    assert [(item["id"], item["stage"]) for item in result["failures"]] == [(newer.name, "catalog")]


def test_what_tells_nothing_about_the_backup_is_not_recorded(hall: Hall) -> None:
    """An identity that does not fit, a tool that is missing: failures of the task."""
    result = hall.drill({"identity": STRANGER})
    assert (result["failed"], result["changed"], len(result["failures"])) == (True, False, 2)
    assert [item["record"] for item in result["drills"]] == [None, None]
    assert (hall.records(), hall.records(database="zoo")) == ([], [])


def test_a_store_that_cannot_be_written(hall: Hall) -> None:
    """The drill passes, with a warning; check mode predicts that nothing changes."""
    subprocess.run(["mount", "--bind", str(hall.store), str(hall.store)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(hall.store)], check=True)
        assert hall.drill({"databases": ["shop"]}, check=True)["changed"] is False
        result = hall.drill({"databases": ["shop"]})
    finally:
        subprocess.run(["umount", str(hall.store)], check=True)
    assert (result["failed"], result["changed"]) == (False, False)
    assert (result["drills"][0]["passed"], result["drills"][0]["record"]) == (True, None)
    assert [("could not be recorded" in text, "Read-only" in text) for text in result["warnings"]] == [(True, True)]
    hall.assert_untouched()


def test_a_drill_that_dies_or_hangs(hall: Hall) -> None:
    """Killed in its midst, the next one drops what it left; out of time, it drops that itself. Neither is recorded."""
    hall.fake(hall.load_tool, "exec sleep 600")
    running = hall.start_drill()
    wait_until(lambda: len(hall.server.databases()) == 3, "the scratch database is there")
    running.send(signal.SIGKILL)
    running.wait()
    hall.assert_no_orphans()
    result = hall.drill({"databases": ["shop"], "timeout": 3})
    assert (result["failed"], result["stage"], result["failures"][0]["stage"]) == (True, "interrupted", "interrupted")
    assert "time limit of 3 s" in result["msg"]
    assert hall.records() == []
    hall.assert_untouched()
    hall.mend()
    result = hall.drill({"databases": ["shop"]})
    assert (result["failed"], result["drills"][0]["passed"]) == (False, True)


@pytest.mark.parametrize("kind", ["pg18", "mysql9"])
def test_other_servers(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    """One that passes and one that fails."""
    server: support.Server = request.getfixturevalue(kind)
    hall = Hall(server, tmp_path)
    load_small(server, "shop")
    try:
        assert not hall.backup({"databases": ["shop"], "recipients": []})["failed"]
        databases = server.databases()
        assert hall.drill({"identity": None})["drills"][0]["passed"] is True
        manifest = json.loads((folders(hall)[-1] / "manifest.json").read_text(encoding="utf-8"))
        manifest["tables"][0]["rows"] += 1
        edit(folders(hall)[-1], tables=manifest["tables"])
        result = hall.drill({"identity": None})
        assert [item["passed"] for item in hall.records()] == [True, False]
        assert (result["failed"], len(result["drills"][0]["mismatches"])) == (True, 1)
        assert server.databases() == databases
    finally:
        server.drop_database("shop")
