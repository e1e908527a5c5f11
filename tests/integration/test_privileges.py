# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts that may not do everything: what they are told, and that the statement they are told mends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest
from ansible_collections.vya.backupdb.plugins.module_utils._store.local import LocalStore
from support.desk import Desk
from support.small import load_small

LOGIN = {"login_user": "clerk", "login_password": "clerk-pw"}
CLERK: dict[str, Any] = {**LOGIN, "recipients": [], "globals": False}
POSTGRESQL = """
CREATE TABLE secret (a integer); INSERT INTO secret VALUES (1), (2); ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
"""
# What one grant after the other mends, and what is missed until then.
STEPS = (
    ("CONNECT", "GRANT CONNECT ON DATABASE"),
    ("pg_read_all_data", "it may not read public.-rf; $(x)"),
    ("BYPASSRLS", "row security hides rows of public.secret from it"),
    ("SELECT ON LARGE OBJECT", "it may not read the large objects 4242"),
)
# Those without which a dump would leave something out.
READS = ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT")


def clerk(server: support.Server) -> Iterator[support.Server]:
    """A server with the database `shop`, and an account that may log in."""
    for name in server.databases():
        server.drop_database(name)
    load_small(server, "shop")
    postgresql = server.engine == "postgresql"
    if postgresql:
        server.execute_script(POSTGRESQL.encode(), "shop")
        server.query("CREATE ROLE clerk LOGIN PASSWORD 'clerk-pw'")
    else:
        server.query("CREATE USER clerk@'%' IDENTIFIED BY 'clerk-pw'")
    try:
        yield server
    finally:
        for name in server.databases():
            server.drop_database(name)
        for statement in ("DROP OWNED BY clerk", "DROP ROLE clerk") if postgresql else ("DROP USER clerk@'%'",):
            server.query(statement)


@pytest.fixture
def pg(postgresql: support.Server) -> Iterator[support.Server]:
    """Each PostgreSQL in turn."""
    yield from clerk(postgresql)


@pytest.fixture
def my(mysql_family: support.Server) -> Iterator[support.Server]:
    """MariaDB and MySQL."""
    yield from clerk(mysql_family)


def missing(desk: Desk) -> dict[str, dict[str, Any]]:
    found = desk.info(**LOGIN)
    return {item["privilege"]: item for item in found["missing_privileges"]}


def manifests(desk: Desk) -> list[Manifest]:
    """Those of `shop`, the newest first."""
    store = LocalStore(str(desk.store), create=True)
    try:
        return [entry.manifest for entry in catalog.read(store, database="shop").entries]
    finally:
        store.close()


def test_what_postgresql_wants_for_a_complete_backup(pg: support.Server, tmp_path: Path) -> None:
    """Each step refuses before the dump, with the table, the role and the statement; db_info tells the same one."""
    desk = Desk(pg, tmp_path)
    pg.query("REVOKE CONNECT ON DATABASE shop FROM PUBLIC")
    for privilege, told in STEPS:
        # Check mode tells the same.
        results = [
            desk.backup(CLERK, check=check) for check in ((True, False) if privilege == "BYPASSRLS" else (False,))
        ]
        assert len({result["msg"] for result in results}) == 1
        (failure,) = results[0]["failures"]
        assert told in failure["msg"]
        assert failure["stage"] == ("connect" if privilege == "CONNECT" else "preflight")
        step = missing(desk)[privilege]
        assert step["grant"] in failure["msg"]
        assert "clerk" in step["grant"]
        assert manifests(desk) == []
        pg.query(step["grant"], database=step["database"] or None)
    assert missing(desk) == {}
    done = desk.backup({**CLERK, "globals": True})
    assert (done["failed"], done.get("warnings")) == (False, None), done
    tables = {table.name: table.rows for table in manifests(desk)[0].tables}
    assert (tables["public.secret"], tables["pg_catalog.pg_largeobject_metadata"]) == (2, 1)


def test_passwords_of_roles(pg18: support.Server, tmp_path: Path) -> None:
    """An owner of everything needs no more than pg_authid; only a superuser has subscriptions."""
    for server in clerk(pg18):
        _passwords_of_roles(server, tmp_path)


def _passwords_of_roles(pg: support.Server, tmp_path: Path) -> None:
    desk = Desk(pg, tmp_path)
    for name in pg.databases():
        pg.drop_database(name)
    pg.create_database("mine", "OWNER clerk")
    assert list(missing(desk)) == ["SELECT ON pg_authid"]
    done = desk.backup({**CLERK, "globals": True})
    assert "without their passwords" in str(done["warnings"])
    step = missing(desk)["SELECT ON pg_authid"]
    pg.query(step["grant"], database=step["database"])
    try:
        assert missing(desk) == {}
        assert "warnings" not in desk.backup({**CLERK, "globals": True})
        publisher = "CONNECTION 'dbname=nosuch' PUBLICATION p WITH (connect = false, slot_name = NONE)"
        pg.query(f"CREATE SUBSCRIPTION s {publisher}", database="mine")
        assert list(missing(desk)) == ["SUPERUSER"]
        assert "subscriptions in mine" in missing(desk)["SUPERUSER"]["purpose"]
        pg.query("DROP SUBSCRIPTION s", database="mine")
    finally:
        pg.query("REVOKE SELECT ON pg_catalog.pg_authid FROM clerk", database=step["database"])


def test_a_count_that_fails_is_the_cause(pg15: support.Server, tmp_path: Path) -> None:
    """pg_dump only says that it lost the snapshot."""
    for server in clerk(pg15):
        server.query("GRANT pg_read_all_data TO clerk")
        server.query("ALTER ROLE clerk BYPASSRLS")
        server.query("GRANT SELECT ON LARGE OBJECT 4242 TO clerk", database="shop")
        server.query("REVOKE EXECUTE ON FUNCTION count() FROM PUBLIC", database="shop")
        done = Desk(server, tmp_path).backup(CLERK)
        assert "permission denied for aggregate count" in done["failures"][0]["msg"]
        assert "snapshot" not in done["failures"][0]["msg"]


def test_what_mysql_wants_for_a_complete_backup(my: support.Server, tmp_path: Path) -> None:
    """Of all privileges, those without which something would be left out are demanded, on the database alone."""
    desk = Desk(my, tmp_path)
    assert list(missing(desk)) == [*READS, "RELOAD", "REPLICATION CLIENT"]
    my.query("GRANT USAGE ON shop.* TO clerk@'%'")
    for privilege in READS:
        my.query(f"GRANT {', '.join({*READS} - {privilege})} ON *.* TO clerk@'%'")
        result = desk.backup({**CLERK, "databases": ["shop"]}, check=privilege != "EVENT")
        if privilege != "SELECT":  # without it, there is no such database
            (failure,) = result["failures"]
            assert f"it lacks {privilege}." in failure["msg"]
            assert f"GRANT {privilege} ON `shop`.* TO `clerk`@`%`;" in failure["msg"]
            assert manifests(desk) == []
        my.query("REVOKE ALL PRIVILEGES, GRANT OPTION FROM clerk@'%'")
    my.query(f"GRANT {', '.join(READS)} ON shop.* TO clerk@'%'")
    refused = desk.backup(CLERK)
    (grant,) = (text for text in refused["msg"].split("administrator: ")[1].split(";") if "GRANT" in text)
    my.query(grant)
    done = desk.backup(CLERK)
    assert not done["failed"], done
    whole = desk.backup({"databases": ["shop"]})
    assert not whole["failed"], whole
    assert len({manifest.schema_objects for manifest in manifests(desk)}) == 1
    refused = desk.backup({**CLERK, "databases": [], "globals": True})
    assert refused["failed"]
    assert "GRANT SELECT ON `mysql`.* TO `clerk`@`%`;" in refused["msg"] or "mysql.proc" in grant
    found = missing(desk)
    assert list(found) == [*READS, "RELOAD", "REPLICATION CLIENT"]
    for item in found.values():
        my.query(item["grant"])
    assert missing(desk) == {}
    done = desk.backup({**CLERK, "globals": True})
    assert (done["failed"], done.get("warnings")) == (False, None), done


OWNED = """
CREATE SCHEMA s AUTHORIZATION app;
CREATE TABLE s.a (i serial PRIMARY KEY); ALTER TABLE s.a OWNER TO app; INSERT INTO s.a DEFAULT VALUES;
SET ROLE app;
CREATE TABLE public.b (i integer PRIMARY KEY); CREATE VIEW v AS SELECT * FROM b; GRANT SELECT ON b TO PUBLIC;
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
RESET ROLE;
"""


def refused(desk: Desk, params: dict[str, Any]) -> str:
    """The same message from check mode and from a run, which leave everything as it is."""
    before = desk.server.databases()
    results = [desk.restore({**LOGIN, "identity": None, **params}, check=check) for check in (True, False)]
    assert {(result["failed"], result["stage"]) for result in results} == {(True, "preflight")}
    assert results[0]["msg"] == results[1]["msg"]
    assert desk.server.databases() == before
    return str(results[0]["msg"])


def test_owners_and_targets_of_others(pg: support.Server, tmp_path: Path) -> None:
    """Refused before anything is loaded; the GRANT that is told does it."""
    desk = Desk(pg, tmp_path)
    pg.query("CREATE ROLE app")
    try:
        pg.create_database("owned", "OWNER app")
        pg.execute_script(OWNED.encode(), "owned")
        assert not desk.backup({"recipients": [], "databases": ["owned"], "globals": False})["failed"]
        copy = {"database": "owned", "target": "copy"}
        assert 'ALTER ROLE "clerk" CREATEDB;' in refused(desk, copy)
        pg.query("ALTER ROLE clerk CREATEDB")
        told = refused(desk, copy)
        assert "no_owner=true" in told
        assert "member of them: app." in told
        instead = {"database": "owned", "if_exists": "replace", "no_owner": True}
        assert "The database 'owned' belongs to the role 'app'" in refused(desk, instead)
        assert not desk.restore({**LOGIN, "identity": None, **copy, "no_owner": True})["failed"]
        pg.drop_database("copy")
        pg.query("GRANT " + told.split("GRANT ")[1])
        done = desk.restore({**LOGIN, "identity": None, **copy})
        assert (done["failed"], done.get("verified", {}).get("schema")) == (False, "same"), done
        done = desk.restore({**LOGIN, "identity": None, **instead})
        assert not done["failed"], done
    finally:
        for name in ("owned", "copy"):
            pg.drop_database(name)
        pg.query("DROP ROLE app")


def test_the_owner_of_a_mysql_database(my: support.Server, tmp_path: Path) -> None:
    """Who may do everything in a database backs it up, unless routines of others are in it."""
    desk = Desk(my, tmp_path)
    my.create_database("mine")
    my.query("GRANT ALL PRIVILEGES ON mine.* TO clerk@'%'")
    mine = {**CLERK, "databases": ["mine"]}
    assert not desk.backup(mine)["failed"]
    my.query("CREATE PROCEDURE theirs() SELECT 1", database="mine")
    results = [desk.backup(mine, check=check) for check in (True, False)]
    assert results[0]["msg"] == results[1]["msg"]
    my.query(results[1]["msg"].split("administrator: ")[1])
    assert not desk.backup(mine)["failed"]


def test_a_target_that_the_account_may_not_replace(my: support.Server, tmp_path: Path) -> None:
    """What the swap needs, and what would undo it, is looked for before anything is loaded."""
    desk = Desk(my, tmp_path)
    assert not desk.backup({"recipients": [], "databases": ["shop"], "globals": False})["failed"]
    copy, instead = {"target": "copy"}, {"if_exists": "replace", "keep_previous": True}
    before = support.fingerprint(my, "shop")
    my.query("GRANT SELECT, CREATE ON *.* TO clerk@'%'")
    told = refused(desk, copy)
    assert "it lacks INSERT, DROP, ALTER." in told
    my.query(told.split("administrator: ")[1].split(";")[0])
    my.query("GRANT REFERENCES, SHOW VIEW, CREATE VIEW, TRIGGER, EVENT, CREATE ROUTINE ON *.* TO clerk@'%'")
    my.query("GRANT ALL PRIVILEGES ON `copy`.* TO clerk@'%'")
    told = refused(desk, instead)
    assert "it lacks ALTER ROUTINE." in told
    my.query(told.split("administrator: ")[1].split(";")[0])
    my.query("CREATE USER reader@'%' IDENTIFIED BY 'reader-pw'")
    try:
        my.query("GRANT EXECUTE ON FUNCTION shop.twice TO reader@'%'")
        told = refused(desk, instead)
        assert "it lacks GRANT OPTION." in told
        my.query(told.split("administrator: ")[1].split(";")[0])
        my.query(f"GRANT {'SUPER' if my.flavour == 'mariadb' else 'SET_ANY_DEFINER, SYSTEM_USER'} ON *.* TO clerk@'%'")
        my.query("GRANT EXECUTE ON *.* TO clerk@'%'")
        done = desk.restore({**LOGIN, "identity": None, **instead})
        assert not done["failed"], done
        assert "EXECUTE" in str(my.query("SHOW GRANTS FOR reader@'%'"))
        support.assert_same(before, support.fingerprint(my, "shop"))
    finally:
        my.query("DROP USER reader@'%'")
