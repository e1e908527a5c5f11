# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of databases that go on living: writers, schema changes, and locks that nobody may notice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_lock
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest
from ansible_collections.vya.backupdb.plugins.module_utils._process import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run.backup import Backup, BackupOptions, Outcome
from support.faults import RECIPIENT, Site, wait_until

PAIRS = """
CREATE TABLE first (id INTEGER PRIMARY KEY, words TEXT);
CREATE TABLE quiet (id INTEGER PRIMARY KEY, words TEXT);
CREATE TABLE second (id INTEGER PRIMARY KEY, words TEXT);
CREATE TABLE third (id INTEGER PRIMARY KEY, words TEXT);
INSERT INTO quiet VALUES (1, 'x');
"""
LIMITED = "limited"


@pytest.fixture
def site(server: support.Server, tmp_path: Path) -> Iterator[Site]:
    """`shop` with four tables, of which two always have as many rows as each other."""
    server.create_database("shop")
    server.execute_script(PAIRS.encode(), "shop")
    words = "words " * 300
    rows = ", ".join(f"({number}, '{words}')" for number in range(500))
    server.query(f"INSERT INTO third VALUES {rows}", database="shop")
    yield Site(server, tmp_path)
    for name in server.databases():
        server.drop_database(name)


class Writers:
    """Insert into both tables, in one transaction each time, until told to stop."""

    def __init__(self, server: support.Server) -> None:
        self._server = server
        self._stop = threading.Event()
        self.written = 0
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._write, daemon=True)

    def _write(self) -> None:
        try:
            connection = self._server.connect("shop")
            if self._server.engine == "postgresql":
                connection.autocommit = False
            with connection.cursor() as cursor:
                while not self._stop.is_set():
                    if self._server.engine == "mysql":
                        cursor.execute("BEGIN")
                    for table in ("first", "second"):
                        cursor.execute(f"INSERT INTO {table} VALUES (%s, 'written')", (self.written,))
                    connection.commit()
                    self.written += 1
            connection.close()
        except Exception as exc:
            self.error = exc

    def __enter__(self) -> Writers:
        self._thread.start()
        wait_until(lambda: self.written > 10, "rows are written")
        return self

    def __exit__(self, *_unused: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self.error is None, self.error


def manifest(site: Site) -> Manifest:
    return catalog.read(site.opened(), database="shop").entries[0].manifest


def counts(found: Manifest) -> dict[str, tuple[int | None, bool]]:
    return {table.name.split(".")[-1]: (table.rows, table.exact) for table in found.tables}


def pause(site: Site, body: str) -> tuple[Path, Path]:
    """A dump tool of which `body` tells where it WAITs; (a file that shows that it does, one that lets it go on)."""
    reached, go_on = site.folder / "reached", site.folder / "go on"
    wait = f'touch "{reached}"; while [ ! -e "{go_on}" ]; do sleep 0.02; done'
    site.fake(site.dump_tool, body.replace("WAIT", wait))
    return reached, go_on


IN_ITS_MIDDLE = 'real "$@" | { head -c 100000; WAIT; cat; }'
BEFORE_ITS_START = 'WAIT; real "$@"'


def test_counts_are_exact_under_writers(site: Site) -> None:
    """What the manifest counts is what the dump holds, to the row, and it is one moment for all tables."""
    with Writers(site.server) as writers:
        for _thrice in range(3):
            before = writers.written
            result = site.backup()
            assert not result["failed"], result
            found = counts(manifest(site))
            assert all(exact for _rows, exact in found.values()), (found, result["backups"][0]["warnings"])
            assert found["first"] == found["second"]
            assert (found["first"][0] or 0) >= before
    result = site.restore({"target": "copy"})
    assert not result["failed"], result
    assert result["verified"]["rows"] == "same"
    for table, (rows, _exact) in counts(manifest(site)).items():
        assert site.server.query(f"SELECT COUNT(*) FROM {table}", database="copy") == [(rows,)]
    assert site.server.query("SELECT COUNT(*) FROM first", database="shop")[0][0] > (found["first"][0] or 0)


def test_writers_go_on_while_the_dump_runs(site: Site) -> None:
    """The dump stands still: rows are written, and the definition of a table that it has read can be changed."""
    reached, go_on = pause(site, IN_ITS_MIDDLE)
    running = site.start("db_backup")
    wait_until(reached.exists, "the dump is in its middle")
    with Writers(site.server) as writers:
        start = writers.written
        wait_until(lambda: writers.written > start + 50, "more rows are written")
    go_on.touch()
    result = running.wait()
    assert not result.get("failed"), result
    assert counts(manifest(site))["first"] == (0, True)


# What the locks of a dump, and of the count beside it, let through. MariaDB with a binary log keeps those of tables
# that were read to the end, MySQL gives them back.
DDL = {
    "postgresql15": [
        "CREATE TABLE late (i integer)",
        "CREATE VIEW late AS SELECT 1 AS i",
        "COMMENT ON TABLE quiet IS 'x'",
    ],
    "mariadb": [
        "CREATE TABLE late (i INTEGER)",
        "CREATE VIEW late AS SELECT 1 AS i",
        "CREATE PROCEDURE late() SELECT 1",
    ],
    "mysql": [
        "ALTER TABLE quiet ADD COLUMN late INTEGER",
        "CREATE TABLE late (i INTEGER)",
        "CREATE VIEW late AS SELECT 1 AS i",
        "CREATE TRIGGER late BEFORE INSERT ON quiet FOR EACH ROW SET NEW.words = 'late'",
        "DROP TABLE second",
        # Not yet read by the dump tool, which fails.
        "ALTER TABLE zebra ADD COLUMN late INTEGER",
        "DROP TABLE zebra",
    ],
}


@pytest.mark.parametrize("server", ["pg15", "mariadb", "mysql9"], indirect=True)
def test_schema_changes_during_the_dump(site: Site) -> None:
    """This database fails with the change in the error; the others do not."""
    server = site.server
    server.create_database("zoo")
    server.query("CREATE TABLE zebra (id INTEGER PRIMARY KEY)", database="shop")
    server.query("INSERT INTO zebra VALUES (1)", database="shop")
    assert not site.backup()["failed"]
    for statement in DDL[server.flavour]:
        before = {name: info for name, info in site.files().items() if "/shop/" in name}
        reached, go_on = pause(site, 'case "$*" in *shop*) ;; *) real "$@"; exit;; esac\n' + IN_ITS_MIDDLE)
        running = site.start("db_backup")
        wait_until(reached.exists, "the dump is in its middle")
        server.query(statement, database="shop")
        go_on.touch()
        result = running.wait()
        assert [item["database"] for item in result["backups"]] == ["zoo"], statement
        assert [(item["database"], item["stage"]) for item in result["failures"]] == [("shop", "schema")], result["msg"]
        changed = "quiet" if statement.startswith("COMMENT") else statement.split()[2].strip("()")
        assert "changed while it was dumped" in result["msg"]
        assert changed in result["msg"]
        assert {name: info for name, info in site.files().items() if "/shop/" in name} == before
        for path in (reached, go_on):
            path.unlink()
        if statement.split()[0] == "CREATE" and statement.split()[1] != "TRIGGER":
            server.query(f"DROP {' '.join(statement.split()[1:3]).strip('()')}", database="shop")
    site.mend()
    assert not site.backup({"databases": ["shop"]})["failed"]
    site.assert_no_leftovers()


# -- the global read lock of MySQL and MariaDB


@pytest.fixture
def mysql_site(mariadb: support.Server, tmp_path: Path) -> Iterator[Site]:
    """MariaDB with `shop`, and the account `limited`, which may read all and lock nothing."""
    mariadb.create_database("shop")
    mariadb.execute_script(PAIRS.encode(), "shop")
    password = mariadb.password.replace("'", "''")
    mariadb.query(f"CREATE USER {LIMITED}@'%' IDENTIFIED BY '{password}'")
    mariadb.query(f"GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON *.* TO {LIMITED}@'%'")
    yield Site(mariadb, tmp_path)
    mariadb.query(f"DROP USER {LIMITED}@'%'")
    for name in mariadb.databases():
        mariadb.drop_database(name)


def test_without_reload_counts_are_not_exact(mysql_site: Site) -> None:
    """The dump is one snapshot all the same; what was counted beside it is told to be no more than that."""
    site = mysql_site
    with Writers(site.server):
        result = site.backup({"login_user": LIMITED})
    assert not result["failed"], result
    assert {exact for _rows, exact in counts(manifest(site)).values()} == {False}
    told = " ".join(manifest(site).warnings)
    assert "Row counts are not exact" in told
    assert "GRANT RELOAD" in told
    assert "RELOAD" in " ".join(result["warnings"])
    result = site.restore({"target": "copy"})
    assert not result["failed"], result
    assert result["verified"]["rows"] == "same in the 0 of 4 tables that the manifest has exact counts for"
    rows = [site.server.query(f"SELECT COUNT(*) FROM {table}", database="copy") for table in ("first", "second")]
    assert rows[0] == rows[1]


def test_a_lock_that_does_not_come(mysql_site: Site) -> None:
    """Somebody holds a table of another database: the backup waits three seconds, then does without the lock."""
    site = mysql_site
    site.server.create_database("zoo")
    site.server.query("CREATE TABLE held (i INTEGER)", database="zoo")
    holder = site.server.connect("zoo")
    try:
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLES held WRITE")
            result = site.backup({"databases": ["shop"]})
            cursor.execute("INSERT INTO held VALUES (1)")
    finally:
        holder.close()
    assert not result["failed"], result
    assert {exact for _rows, exact in counts(manifest(site)).values()} == {False}
    assert "no global read lock for the moment of the snapshot" in " ".join(manifest(site).warnings)


def test_tables_without_transactions_are_named(mysql_site: Site) -> None:
    site = mysql_site
    site.server.query("CREATE TABLE old_style (i INTEGER) ENGINE=MyISAM", database="shop")
    assert not site.backup()["failed"]
    found = counts(manifest(site))
    assert found.pop("old_style") == (0, False)
    assert {exact for _rows, exact in found.values()} == {True}
    assert "not part of the consistent snapshot: old_style" in " ".join(manifest(site).warnings)


def in_this_process(site: Site, during: Any) -> Outcome:
    """A backup here, while `during` runs in a thread."""
    options = BackupOptions("h", "main", ("shop",), (), False, "zstd", None, (RECIPIENT,), 1, ())
    run = Run()
    engine = site.engine(run)
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            during()
        except BaseException as exc:
            errors.append(exc)
            run.cancel("the test failed")

    thread = threading.Thread(target=guarded)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{site.path_prefix}:{site.server.environ()['PATH']}")
        thread.start()
        try:
            return Backup(run, engine, options, log=lambda _text: None, verbose=False).execute(site.opened())
        finally:
            thread.join()
            engine.close()
            if errors:
                raise errors[0]


def insert(site: Site, number: int) -> None:
    """Write a row, or fail when a lock does not let it through."""
    connection = site.server.connect("shop")
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION lock_wait_timeout = 30, innodb_lock_wait_timeout = 30")
        cursor.execute("INSERT INTO first VALUES (%s, 'through')", (number,))
    connection.close()


def test_a_tool_that_opens_no_snapshot_does_not_hold_the_lock(
    mysql_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = mysql_site
    monkeypatch.setattr(my_lock, "_HELD_AT_MOST", 1.0)
    reached, go_on = pause(site, BEFORE_ITS_START)

    def during() -> None:
        wait_until(reached.exists, "the tool waits, the lock is held")
        insert(site, 1)
        go_on.touch()

    assert in_this_process(site, during).failures == []
    assert {exact for _rows, exact in counts(manifest(site)).values()} == {False}
    assert "took too long to open its snapshot" in " ".join(manifest(site).warnings)


def test_a_lock_that_is_lost(mysql_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator ends the session that holds the lock: the two snapshots are not one any more."""
    site = mysql_site
    reached, go_on = pause(site, BEFORE_ITS_START)
    sessions: list[int] = []
    real = my_lock.GlobalReadLock.take

    def take(self: my_lock.GlobalReadLock) -> str:
        refused = real(self)
        sessions.append(self._connection.thread_id())
        return refused

    monkeypatch.setattr(my_lock.GlobalReadLock, "take", take)

    def during() -> None:
        wait_until(reached.exists, "the tool waits, the lock is held")
        site.server.query(f"KILL {sessions[0]}")
        insert(site, 1)
        go_on.touch()

    assert in_this_process(site, during).failures == []
    found = counts(manifest(site))
    assert {exact for _rows, exact in found.values()} == {False}
    assert not site.restore({"target": "copy"})["failed"]


def test_no_lock_stays_behind_a_failed_dump(mysql_site: Site) -> None:
    site = mysql_site
    site.fake(site.dump_tool, "exit 1")
    assert site.backup()["failed"]
    insert(site, 1)
    assert site.server.query("SELECT COUNT(*) FROM first", database="shop") == [(1,)]
