# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: a database is loaded under its own settings, as it is by psql, pg_restore and pg_dump's own files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from support.dumps import Here, dump, restored
from support.modules import run_module

ROWS = "CREATE TABLE o (ts timestamptz); INSERT INTO o VALUES ('2026-01-01 23:30+00')"
VIEW = "CREATE MATERIALIZED VIEW per_day AS SELECT ts::date AS day FROM o"
DAY = "SELECT day::text FROM per_day"


@pytest.fixture
def server(empty_postgresql: support.Server) -> support.Server:
    """A server without databases."""
    return empty_postgresql


@pytest.fixture
def here(server: support.Server, tmp_path: Path) -> Iterator[Here]:
    """Restores into `shop` with if_exists=replace."""
    made = Here(server, tmp_path)
    yield made
    made.close()


@pytest.fixture
def tokyo(server: support.Server) -> support.Server:
    """A database with a time zone of its own, and a setting that nobody could load it under."""
    server.create_database("tokyo")
    server.query("ALTER DATABASE tokyo SET timezone = 'Asia/Tokyo'")
    for statement in (*ROWS.split("; "), VIEW):
        server.query(statement, database="tokyo")
    server.query("ALTER DATABASE tokyo SET default_transaction_read_only = on")
    assert server.query(DAY, database="tokyo") == [("2026-01-02",)]
    return server


SETTINGS = """SELECT unnest(setconfig) COLLATE "C" FROM pg_db_role_setting s
    JOIN pg_database d ON d.oid = s.setdatabase
    WHERE d.datname = 'shop' ORDER BY 1 DESC"""


def test_a_backup_is_loaded_under_the_settings_of_its_database(tokyo: support.Server, tmp_path: Path) -> None:
    """Materialized views hold the rows that they held; the other settings come back too."""
    options = {"engine": "postgresql", **tokyo.login, "store": str(tmp_path / "store"), "host": "h"}
    made = run_module("db_backup", {**options, "databases": ["tokyo"], "globals": False}, path_prefix=tokyo.tool_path)
    assert not made["failed"], made["msg"]
    for jobs in (1, 2):  # from a pipe, and from a file
        again = {"database": "tokyo", "target": "shop", "if_exists": "replace", "jobs": jobs}
        result = run_module("db_restore", {**options, **again}, path_prefix=tokyo.tool_path)
        assert not result["failed"], result["msg"]
        assert tokyo.query(DAY, database="shop") == [("2026-01-02",)]
        assert tokyo.query(SETTINGS) == [("default_transaction_read_only=on",), ("TimeZone=Asia/Tokyo",)]


def test_a_dump_is_loaded_under_the_settings_of_its_database(tokyo: support.Server, tmp_path: Path) -> None:
    restored(tokyo, dump(tokyo, tmp_path / "tokyo.sql", "--create", "tokyo"), target="shop")
    assert tokyo.query(DAY, database="shop") == [("2026-01-02",)]


# (what is run, the query, its answer)
SESSIONS = {
    "settings of the database": (
        (
            "CREATE DATABASE d; ALTER DATABASE d SET datestyle = 'German, DMY';\n"
            "ALTER DATABASE d SET search_path = app, public;\n\\connect d\nCREATE SCHEMA app;\n"
            "CREATE TABLE t (a date); INSERT INTO t VALUES ('01/02/2020');"
        ),
        "SELECT to_char(a, 'YYYY-MM-DD') FROM app.t",
        "2020-02-01",
    ),
    "backslashes": (
        (
            "\\connect d\nCREATE TABLE t (a text); SET standard_conforming_strings = off;\n\\connect d\n"
            "INSERT INTO t VALUES ('a\\\\b');"
        ),
        "SELECT a FROM t",
        "a\\\\b",
    ),
    "backslashes off in the database": (
        (
            "ALTER DATABASE d SET standard_conforming_strings = off;\n\\connect d\nCREATE TABLE t (a text);\n"
            "SET standard_conforming_strings = off;\nINSERT INTO t VALUES ('a\\\\b');"
        ),
        "SELECT a FROM t",
        "a\\b",
    ),
}


@pytest.mark.parametrize("name", SESSIONS)
def test_sessions(server: support.Server, here: Here, tmp_path: Path, name: str) -> None:
    """As psql does it."""
    src = tmp_path / "sessions.sql"
    sql, query, answer = SESSIONS[name]
    src.write_text(sql, encoding="utf-8")
    here(src)
    assert server.query(query, database="shop") == [(answer,)]


def test_strings_that_the_reader_and_the_server_read_differently(here: Here, tmp_path: Path) -> None:
    src = tmp_path / "strings.sql"
    setting = "ALTER DATABASE d SET standard_conforming_strings = off;\n\\connect d\nCREATE TABLE t (a text);\n"
    for more in ("", "SET standard_conforming_strings = on; RESET standard_conforming_strings;\n"):
        src.write_text(f"{setting}{more}INSERT INTO t VALUES ('a\\\\b');", encoding="utf-8")
        with pytest.raises(BackupError, match="backslash"):
            here(src)
