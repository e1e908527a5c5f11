# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores in company: roles and users, newer servers, owners, and readers that never stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from support.modules import run_module


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store that does not exist yet."""
    return str(tmp_path / "store")


def call(server: support.Server, name: str, store: str, **params: Any) -> dict[str, Any]:
    """Run db_backup or db_restore; it must succeed."""
    result = attempt(server, name, store, **params)
    assert not result["failed"], result["msg"]
    return result


def attempt(server: support.Server, name: str, store: str, **params: Any) -> dict[str, Any]:
    """Run db_backup or db_restore."""
    options = {"engine": server.engine, **server.login, "store": store, "host": "db1", **params}
    return run_module(name, options, path_prefix=server.tool_path)


@pytest.fixture
def clean(any_server: support.Server) -> Iterator[support.Server]:
    """A server whose databases are dropped after the test."""
    yield any_server
    for name in any_server.databases():
        any_server.drop_database(name)


def test_globals_come_back(clean: support.Server, store: str) -> None:
    """A role or account that is gone returns with its password and grants; one that exists keeps its own password."""
    server = clean
    support.load_bulk(server, "shop", rows=50)
    if server.engine == "postgresql":
        server.query('CREATE ROLE "team\'s role"')
        server.query('CREATE ROLE "who@example.org" LOGIN PASSWORD \'first\' IN ROLE "team\'s role"')
        server.query("CREATE ROLE stays LOGIN PASSWORD 'first'")
        gone = ['DROP ROLE "who@example.org"', 'DROP ROLE "team\'s role"']
        change = "ALTER ROLE stays PASSWORD 'second'"
        login = "who@example.org"
    else:
        server.query("CREATE USER 'it''s who'@'%' IDENTIFIED BY 'first'")
        server.query("GRANT SELECT ON shop.* TO 'it''s who'@'%'")
        server.query("CREATE USER stays@'%' IDENTIFIED BY 'first'")
        server.query("GRANT SELECT ON shop.* TO stays@'%'")
        gone = ["DROP USER 'it''s who'@'%'"]
        change = "ALTER USER stays@'%' IDENTIFIED BY 'second'"
        login = "it's who"
    call(server, "db_backup", store, databases=["shop"])
    for statement in [*gone, change]:
        server.query(statement)
    try:
        for target in ("first_time", "second_time"):  # twice: running it again does no harm
            call(server, "db_restore", store, database="shop", target=target, globals=True)
        for name, password in ((login, "first"), ("stays", "second")):
            server.connect("shop", user=name, password=password).close()
    finally:
        for statement in gone:
            server.query(statement)
        server.query("DROP ROLE stays" if server.engine == "postgresql" else "DROP USER stays@'%'")


def test_grants_on_what_is_restored(mysql_family: support.Server, store: str) -> None:
    """A lost database's grants on columns and routines come back with it; what is lost for good is told."""
    server = mysql_family
    for name in server.databases():
        server.drop_database(name)
    server.create_database("shop")
    server.query("CREATE TABLE orders (id INT, note TEXT)", database="shop")
    server.query("CREATE PROCEDURE fill() SELECT 1", database="shop")
    server.create_database("zoo")
    server.query("CREATE TABLE cages (id INT)", database="zoo")
    server.query("CREATE USER clerk@'%' IDENTIFIED BY 'first'")
    for grant in ("SELECT (note) ON shop.orders", "EXECUTE ON PROCEDURE shop.fill", "SELECT ON zoo.cages"):
        server.query(f"GRANT {grant} TO clerk@'%'")
    try:
        call(server, "db_backup", store, databases=["shop"])
        held = server.query("SHOW GRANTS FOR clerk@'%'")
        server.query("DROP USER clerk@'%'")
        for name in ("shop", "zoo"):
            server.drop_database(name)
        result = call(server, "db_restore", store, database="shop", globals=True)
        left = [text for text in result["warnings"] if "not on this server" in text]
        assert len(left) == 1 and "`zoo`.`cages`" in left[0]
        found = server.query("SHOW GRANTS FOR clerk@'%'")
        assert [row for row in held if "zoo" not in row[0]] == list(found)
    finally:
        server.query("DROP USER IF EXISTS clerk@'%'")
        server.drop_database("shop")


def test_a_newer_postgresql_takes_it(pg15: support.Server, pg18: support.Server, store: str) -> None:
    """PostgreSQL 15 to 18, compared in what both print alike; back is refused before anything happens."""
    support.load_hostile(pg15, "older", portable=True)
    content = support.fingerprint(pg15, "older")
    call(pg15, "db_backup", store, databases=["older"])
    result = call(pg18, "db_restore", store, database="older", globals=True)
    assert "both server versions" in result["verified"]["schema"]
    assert result["verified"]["rows"] == "same"
    support.assert_same(content, support.fingerprint(pg18, "older"))
    call(pg18, "db_backup", store, databases=["older"])
    refused = attempt(pg15, "db_restore", store, database="older", target="younger")
    assert refused["failed"] and "older 15" in refused["msg"]
    assert "younger" not in pg15.databases()
    for server in (pg15, pg18):
        server.drop_database("older")


def test_missing_roles(pg15: support.Server, store: str) -> None:
    """Owners that the server lacks are named up front; no_owner does without them."""
    support.load_bulk(pg15, "owned", rows=10)
    pg15.query("CREATE ROLE lost_owner")
    with pg15.connect("owned") as connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders OWNER TO lost_owner; GRANT SELECT ON customers TO lost_owner")
    call(pg15, "db_backup", store, databases=["owned"], globals=False)
    pg15.drop_database("owned")
    pg15.query("DROP ROLE lost_owner")
    refused = attempt(pg15, "db_restore", store, database="owned")
    assert refused["failed"] and "lost_owner" in refused["msg"] and "no_owner" in refused["msg"]
    assert "owned" not in pg15.databases()
    assert call(pg15, "db_restore", store, database="owned", no_owner=True)["verified"]["schema"] == "same"
    pg15.drop_database("owned")


class Readers:
    """Connects and reads all the time; notes whatever is neither the old nor the new content."""

    def __init__(self, server: support.Server, database: str, allowed: set[tuple[int, int]]) -> None:
        self.server, self.database, self.allowed = server, database, allowed
        self.seen: set[tuple[int, int]] = set()
        self.wrong: list[Any] = []
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._read, daemon=True) for dummy in range(2)]

    def _read(self) -> None:
        sql = "SELECT (SELECT COUNT(*) FROM orders), (SELECT COUNT(*) FROM customers)"
        while not self.stop.is_set():
            try:
                connection = self.server.connect(self.database)
            except Exception:
                # Ended at the swap, or refused in its midst: whoever connects again finds one or the other.
                time.sleep(0.02)
                continue
            try:
                with connection.cursor() as cursor:
                    for dummy in range(20):
                        cursor.execute(sql)
                        found = tuple(cursor.fetchone())
                        self.seen.add(found)
                        if found not in self.allowed:
                            self.wrong.append(found)
            except Exception as exc:
                if self.server.engine == "mysql":
                    self.wrong.append(exc)
            finally:
                connection.close()

    def __enter__(self) -> Readers:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()


def test_replaced_under_load(clean: support.Server, store: str) -> None:
    """Readers see the old content or the new one, whole, at every moment."""
    server = clean
    support.load_bulk(server, "shop", rows=3000)
    call(server, "db_backup", store, databases=["shop"], globals=False)
    new = _counts(server, "shop")
    server.drop_database("shop")
    support.load_bulk(server, "shop", rows=1000)
    old = _counts(server, "shop")
    assert old != new
    with Readers(server, "shop", {old, new}) as readers:
        call(server, "db_restore", store, database="shop", if_exists="replace")
        deadline = time.monotonic() + 20
        while new not in readers.seen and time.monotonic() < deadline:
            time.sleep(0.05)
    assert readers.wrong == []
    assert readers.seen == {old, new}


def _counts(server: support.Server, database: str) -> tuple[int, int]:
    connection = server.connect(database)
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT COUNT(*) FROM orders), (SELECT COUNT(*) FROM customers)")
        found = cursor.fetchone()
    connection.close()
    return (found[0], found[1])


def test_subscriptions(pg15: support.Server, store: str) -> None:
    """A restored one is off. The scratch database of a dead restore goes although it has one, and its slot is named."""
    left = "shop_backupdb_scratch_0a1b2c3d"
    there = {"subscribed": "slot_a", left: "slot_b", "copy": ""}
    sql = "SELECT subenabled FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid WHERE datname = %s"
    try:
        for name, slot in there.items():
            if slot:
                pg15.create_database(name)
                nowhere = "CONNECTION 'dbname=nosuch' PUBLICATION p"
                pg15.query(f"CREATE SUBSCRIPTION s {nowhere} WITH (connect = false, slot_name = {slot})", database=name)
                pg15.query("ALTER SUBSCRIPTION s ENABLE", database=name)
        (told,) = call(pg15, "db_backup", store, databases=["subscribed"], globals=False)["warnings"]
        assert f"dropped the scratch database {left!r}" in told and "slot_b" in told
        assert left not in pg15.databases()
        call(pg15, "db_restore", store, database="subscribed", target="copy")
        assert pg15.query(sql, ["copy"]) == [(False,)]
        assert pg15.query(sql, ["subscribed"]) == [(True,)]
    finally:
        for name in {*there} & {*pg15.databases()}:
            for rest in ("ALTER SUBSCRIPTION s DISABLE", "ALTER SUBSCRIPTION s SET (slot_name = NONE)"):
                pg15.query(rest, database=name)
            pg15.query("DROP SUBSCRIPTION s", database=name)
            pg15.drop_database(name)
