# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: databases of the encoding SQL_ASCII, with bytes that are no UTF-8; what errors advise."""

from __future__ import annotations

import functools
import socket
import subprocess
from pathlib import Path
from typing import cast

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import query
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_session import PostgresqlSession
from ansible_collections.vya.backupdb.plugins.module_utils._engine.postgresql import PostgresqlEngine
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError
from support.dumps import dump, restore, restored
from support.faults import Site
from support.modules import run_module
from support.postgres import PostgresServer

MADE = (
    b"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'caf\xe9'::text $$; COMMENT ON FUNCTION f() IS '\xe9';"
    b" CREATE TABLE \"caf\xe9\" (a text DEFAULT '\xe9'); INSERT INTO \"caf\xe9\" VALUES ('x\xe9');"
    b' CREATE TABLE "\xc3\xa9" (a int);\n'
)


@pytest.fixture
def server(empty_postgresql: PostgresServer) -> PostgresServer:
    """A server without databases."""
    return empty_postgresql


def _psql(server: PostgresServer, database: str, script: bytes) -> bytes:
    environ = {**server.client_environ(), "PGCLIENTENCODING": "SQL_ASCII"}
    argv = [str(server.binaries() / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database]
    return subprocess.run(argv, env=environ, input=script, stdout=subprocess.PIPE, check=True).stdout


def test_bytes_that_are_no_utf8(server: PostgresServer, tmp_path: Path) -> None:
    """In definitions, names and rows: backed up and restored, from backups and from dumps of others."""
    server.query("CREATE DATABASE old ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    _psql(server, "old", MADE)
    options = {"engine": "postgresql", **server.login, "store": str(tmp_path / "store"), "host": "h"}
    made = run_module("db_backup", {**options, "databases": ["old"], "globals": False}, path_prefix=server.tool_path)
    assert not made["failed"], made["msg"]
    again = {**options, "database": "old", "target": "again"}
    result = run_module("db_restore", again, path_prefix=server.tool_path)
    assert not result["failed"], result["msg"]
    assert (result["verified"]["schema"], result["verified"]["rows"], result["rows"]) == ("same", "same", 1)
    for number, form in enumerate(("--create", "--format=custom")):
        restored(
            server, dump(server, tmp_path / "old.dump", "--encoding=SQL_ASCII", form, "old"), target=f"foreign{number}"
        )
    for name in ("again", "foreign0", "foreign1"):
        assert _psql(server, name, b'SELECT a, f() FROM "caf\xe9"; TABLE "\xc3\xa9";') == b"x\xe9|caf\xe9\n", name


def test_owners_that_the_account_may_not_give_to(server: PostgresServer, tmp_path: Path) -> None:
    """Of files and of archives."""
    server.create_database("near")
    server.query("CREATE ROLE plain LOGIN CREATEDB PASSWORD 'x'")
    server.query("CREATE ROLE keeper")
    server.query("CREATE TABLE t (i int)", database="near")
    server.query("ALTER TABLE t OWNER TO keeper", database="near")
    try:
        for form in ("--format=plain", "--format=custom"):
            src = dump(server, tmp_path / "near", form, "near")
            result = restore(server, src, target="shop", login_user="plain", login_password="x")
            assert 'GRANT "keeper" TO "plain"; or set no_owner=true' in result["msg"], result["msg"]
    finally:
        server.drop_database("near")
        for role in ("plain", "keeper"):
            server.query(f"DROP ROLE {role}")


def test_a_connection_that_broke(server: PostgresServer, tmp_path: Path) -> None:
    """It is told in words that lead somewhere."""
    engine = cast(PostgresqlEngine, Site(server, tmp_path).engine())
    try:
        for times in range(2):
            connection = engine.client.connect("postgres")
            session = PostgresqlSession(connection)
            with socket.socket(fileno=connection.fileno()) as line:
                line.shutdown(socket.SHUT_RDWR)
                line.detach()
            ask = functools.partial(query, connection, "SELECT 1", stage="load")
            with pytest.raises(EngineError, match=r"connection .* was lost.*server's log"):
                (functools.partial(session.run, b"SELECT 1") if times else ask)()
            session.close()
    finally:
        engine.close()
