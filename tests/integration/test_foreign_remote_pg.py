# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: a dump with foreign tables is restored, and no row of it reaches the other server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from support.dumps import Here, dump, restore

# Statements that write through the foreign table o, one way or another.
WRITES = {
    "copy": "COPY o (i) FROM stdin;\n77\n\\.\n",
    "insert": "INSERT INTO public . o VALUES (78);",
    "truncate": "CREATE TABLE l (i int); TRUNCATE l, ONLY o;",
    "update": "UPDATE ONLY (o) SET i = 3;",
    "with": 'WITH x AS (DELETE FROM "o" RETURNING 1) SELECT 1;',
    "table of with": "CREATE TABLE z AS WITH x AS (INSERT INTO o VALUES (5) RETURNING 1) SELECT * FROM x;",
    "view": "CREATE VIEW v AS SELECT * FROM o; INSERT INTO v VALUES (5);",
    "rule": "CREATE TABLE l (i int); CREATE RULE r AS ON INSERT TO l DO ALSO INSERT INTO o VALUES (9);"
    " INSERT INTO l VALUES (1);",
    "partition": "CREATE TABLE p (i int) PARTITION BY RANGE (i);"
    " ALTER TABLE p ATTACH PARTITION o FOR VALUES FROM (1) TO (100); COPY p FROM stdin;\n7\n\\.\n",
    "heir": "CREATE TABLE l (i int); ALTER FOREIGN TABLE o INHERIT l; UPDATE l SET i = 1;",
    "search_path": "CREATE SCHEMA a; CREATE TABLE a.o (i int); SET search_path = a, public; INSERT INTO o VALUES (1);"
    " SET search_path = public; INSERT INTO o VALUES (1);",
    "operator": "CREATE SCHEMA e; CREATE FUNCTION e.no(oid, oid) RETURNS bool LANGUAGE sql AS 'SELECT false';"
    " CREATE OPERATOR e.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = e.no); SET search_path = e, pg_catalog, public;"
    " INSERT INTO o VALUES (1);",
}
HARMLESS = (
    "CREATE TABLE l (i int); ALTER FOREIGN TABLE o INHERIT l; INSERT INTO l VALUES (1); INSERT INTO l VALUES (2);"
    " CREATE MATERIALIZED VIEW m AS SELECT * FROM o;"
)


@pytest.fixture(params=["pg15", "pg18"])
def server(request: pytest.FixtureRequest) -> Iterator[support.Server]:
    """A server with the database `far`, in which the table o has one row."""
    found: support.Server = request.getfixturevalue(request.param)
    for name in found.databases():
        found.drop_database(name)
    found.create_database("far")
    found.query("CREATE TABLE o (i int)", database="far")
    found.query("INSERT INTO o VALUES (1)", database="far")
    yield found
    for name in found.databases():
        found.drop_database(name)


@pytest.fixture
def foreign(server: support.Server) -> list[str]:
    """Statements that make the foreign table o."""
    password = server.password.replace("'", "''")
    return [
        "CREATE EXTENSION postgres_fdw",
        (
            "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw"
            f" OPTIONS (host '{server.login_socket['login_unix_socket']}', port '{server.port}', dbname 'far')"
        ),
        f"CREATE USER MAPPING FOR {server.user} SERVER s OPTIONS (user '{server.user}', password '{password}')",
        "CREATE FOREIGN TABLE o (i int) SERVER s",
    ]


def test_nothing_is_written_there(server: support.Server, foreign: list[str], tmp_path: Path) -> None:
    src = tmp_path / "writes.sql"
    here = Here(server, tmp_path)
    try:
        for name, statement in WRITES.items():
            src.write_text(";\n".join([*foreign, statement]), encoding="utf-8")
            with pytest.raises(BackupError, match="foreign table"):
                here(src)
            assert server.query("SELECT i FROM o", database="far") == [(1,)], name
        src.write_text(";\n".join([*foreign, HARMLESS]), encoding="utf-8")
        here(src)
        assert server.query("SELECT i FROM m", database="shop") == [(1,)]
    finally:
        here.close()


def test_rows_that_pg_dump_took_along(server: support.Server, foreign: list[str], tmp_path: Path) -> None:
    """Files and archives, in check mode too; without the rows they are restored."""
    server.create_database("near")
    for statement in foreign:
        server.query(statement, database="near")
    for options in ((), ("-Fc",)):
        src = dump(server, tmp_path / "near", *options, "--include-foreign-data=s", "near")
        for check in (True, False):
            result = restore(server, src, target="again", check=check)
            assert result["failed"] and "foreign table" in result["msg"]
        result = restore(server, dump(server, tmp_path / "near", *options, "near"), target="again")
        assert not result["failed"] and server.query("SELECT i FROM o", database="again") == [(1,)]
        server.drop_database("again")
    assert server.query("SELECT i FROM o", database="far") == [(1,)]
