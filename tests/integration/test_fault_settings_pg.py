# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: settings of databases, roles and servers change neither a backup nor a restore."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.modules import run_module
from support.postgres import PostgresServer

MADE = """CREATE TABLE orders (id int, tags text[], note text, due timestamptz);
INSERT INTO orders VALUES (1, '{a,NULL}', U&'\\041F\\0440\\0438', '2024-02-03 04:05+00');
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE MATERIALIZED VIEW shown AS SELECT id, due::text AS due FROM orders;"""
# force_parallel_mode is gone in 16; a database that holds these could not be loaded as it is.
OF_THE_DATABASE = {
    "force_parallel_mode": "off",
    "array_nulls": "off",
    "client_encoding": "WIN1252",
    "default_transaction_read_only": "on",
    "idle_session_timeout": "40",
    "app.tenant": "blue",
    "TimeZone": "Asia/Kathmandu",
}
OF_THE_LOGIN = {
    "statement_timeout": "5",
    "lock_timeout": "5",
    "idle_session_timeout": "30",
    "idle_in_transaction_session_timeout": "30",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "array_nulls": "off",
    "client_encoding": "LATIN1",
}


def _clerk(server: PostgresServer) -> dict[str, Any]:
    """A login whose role has settings that no backup could live with."""
    server.query("CREATE ROLE clerk LOGIN SUPERUSER PASSWORD 'pw'")
    settings = {**OF_THE_LOGIN, **({"transaction_timeout": "20"} if server.version >= (17,) else {})}
    for name, value in settings.items():
        server.query(f"ALTER ROLE clerk SET {name} TO '{value}'")
    return {"engine": "postgresql", **server.login, "login_user": "clerk", "login_password": "pw"}


def _settings(server: PostgresServer, database: str) -> set[str]:
    rows = server.query(
        "SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setdatabase ="
        f" (SELECT oid FROM pg_database WHERE datname = {server.literal(database)})"
    )
    return {row[0] for row in rows}


def test_settings_follow_the_load_or_are_named(pg15: PostgresServer, pg18: PostgresServer, tmp_path: Path) -> None:
    """Of the database, of the login's role, and one that a newer server does not know."""
    pg15.create_database("desk")
    pg15.execute_script(MADE.encode(), "desk")
    for name, value in OF_THE_DATABASE.items():
        pg15.query(f"ALTER DATABASE desk SET {name} TO '{value}'")
    pg15.query("CREATE ROLE night")
    pg15.query("ALTER ROLE night IN DATABASE desk SET work_mem TO '1MB'")
    store = {"store": str(tmp_path / "store"), "host": "h"}
    old, new = _clerk(pg15), _clerk(pg18)
    made = run_module("db_backup", {**old, **store, "databases": ["desk"]}, path_prefix=pg15.tool_path)
    assert not made["failed"], made["msg"]
    again = {**store, "database": "desk", "target": "again"}
    same = run_module("db_restore", {**old, **again}, path_prefix=pg15.tool_path)
    assert not same["failed"], same["msg"]
    assert _settings(pg15, "again") == _settings(pg15, "desk")
    later = run_module("db_restore", {**new, **again}, path_prefix=pg18.tool_path)
    assert not later["failed"], later["msg"]
    assert _settings(pg18, "again") == {
        f"{name}={value}" for name, value in OF_THE_DATABASE.items() if name != "force_parallel_mode"
    }
    text = "\n".join(later["warnings"])
    assert "skipped: force_parallel_mode (this server does not know it" in text
    assert "skipped: work_mem (of the role night) (the server lacks the role)" in text
    for server in (pg15, pg18):
        connection = server.connect("again", client_encoding="UTF8")
        with connection.cursor() as cursor:
            cursor.execute("SELECT tags, note, (SELECT due FROM shown) FROM orders")
            assert cursor.fetchall() == [(["a", None], "\u041f\u0440\u0438", "2024-02-03 09:50:00+05:45")]
        connection.close()


def test_settings_of_plain_dumps(pg18: PostgresServer, tmp_path: Path) -> None:
    """What a dump sets for its database neither hinders its rows nor, where the server refuses it, the restore."""
    source = tmp_path / "dump.sql"
    source.write_text(
        "CREATE DATABASE plain WITH TEMPLATE = template0;\nALTER DATABASE plain SET array_nulls TO 'off';\n"
        "ALTER DATABASE plain SET debug_parallel_query TO 'no longer';\n\\connect plain\n"
        "CREATE TABLE t (a int[]);\nCOPY t FROM stdin;\n{1,NULL}\n\\.\n"
    )
    options = {"engine": "postgresql", **pg18.login, "src": str(source), "target": "plain"}
    result = run_module("db_restore", options, path_prefix=pg18.tool_path)
    assert not result["failed"], result["msg"]
    assert _settings(pg18, "plain") == {"array_nulls=off"}
    assert result["adaptations"]["settings that the server does not know"] == 1
