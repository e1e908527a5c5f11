# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: where another session begins in a stream, and what holds for it."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Meta, SqlReadError, Statement
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_properties import (
    about_database,
    comes_after_load,
    setting_of,
)
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import RefusedError
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.through_rules import (
    NAMES,
    PG15,
    RECONNECT,
    counted,
    through,
)

T = "CREATE TABLE a (b int)"
SET = "ALTER DATABASE d SET search_path = x"
SCRATCH = 'ALTER DATABASE "the scratch" SET search_path = x'
OFF = "SET standard_conforming_strings = off"

SESSIONS = {
    "settings of the database": (f"{SET};\n\\connect d\n{T};", [SCRATCH, RECONNECT, T]),
    "behind the last connect": (f"\\connect d\n{SET};\n{T};", [SCRATCH, T]),
    "on both sides": (f"{SET};\n\\connect d\n{SET};\n{T};", [SCRATCH, RECONNECT, SCRATCH, T]),
    "connect twice": (f"{SET};\n\\connect d\n\\connect d\n{T};", [SCRATCH, RECONNECT, T]),
    "within the content": (
        f"\\connect d\n{T};\n{SET};\n\\connect d\nDROP TABLE a;",
        [T, SCRATCH, RECONNECT, "DROP TABLE a"],
    ),
    "settings of the session": (
        f"{SET};\n\\connect d\nSET lock_timeout = 0;\n{T};",
        [SCRATCH, RECONNECT, "SET lock_timeout = 0", T],
    ),
    "encoding of a comment": (
        f"SET client_encoding = 'LATIN1';\n{SET};\n{SET};\n\\connect d\n{T};",
        ["SET client_encoding = 'LATIN1'", SCRATCH, SCRATCH, RECONNECT, T],
    ),
    "nothing of the database": (f"\\connect d\n{T};", [T]),
}


@pytest.mark.parametrize("name", SESSIONS)
def test_sessions(name: str) -> None:
    sql, executed = SESSIONS[name]
    assert through(PG15, sql)[0] == executed


def test_a_new_session_takes_backslashes_literally() -> None:
    text = f"{T};\n{OFF};\n\\connect - x\nINSERT INTO a VALUES ('\\');\n\\timing \\c\nINSERT INTO a VALUES ('\\');\n"
    out, rules = through(PG15, text)
    insert = "INSERT INTO a VALUES ('\\')"
    assert out == [T, OFF, RECONNECT, insert, RECONNECT, insert]
    assert counted(rules) == {"SWITCH": 2, "PG_RESET": 2, "CLIENT_LINE": 1}


def test_connect_within_a_statement_is_not_read_anew() -> None:
    with pytest.raises(SqlReadError, match="within a statement"):
        through(PG15, f"{OFF};\nSELECT 'a\\'' \\connect d\n, '; DROP TABLE a; --';\n")
    assert through(PG15, f"{T} \\connect d\n;")[0] == [T]


def test_connect_inside_a_transaction_would_lose_it() -> None:
    for line in ("\\connect d\n", "\\connect other\n"):
        text = f"\\connect d\nBEGIN;\n{T};\n{line}\\connect d\nDROP TABLE a;"
        with pytest.raises(RefusedError) as caught:
            through(PG15, text)
        assert caught.value.rule.name == NAMES["NO_TRAILER"]
        out, rules = through(PG15, text, allow_incomplete=True, source_database="d")
        assert out[:3] == ["BEGIN", T, RECONNECT] and counted(rules)["INCOMPLETE"] == 1
    assert through(PG15, f"BEGIN;\n\\connect d\n{T};")[0] == [T]


def test_settings_that_a_loading_session_must_not_have() -> None:
    for name in ("role", "ROLE", "statement_timeout", "default_transaction_read_only", "session_preload_libraries"):
        assert comes_after_load(name)
    for name in ("array_nulls", "search_path", "client_encoding", "transform_null_equals", "added_by_a_newer_server"):
        assert comes_after_load(name)
    for name in ("TimeZone", "DateStyle", "my.role", "default_text_search_config", "lc_monetary", "xmlbinary"):
        assert not comes_after_load(name)


ARCHIVE = """SET client_encoding = 'LATIN1';
CREATE DATABASE d WITH TEMPLATE = template0;
ALTER DATABASE d OWNER TO x;
\\connect d
SET client_encoding = 'LATIN1';
COMMENT ON DATABASE d IS 'it''s';
ALTER DATABASE d SET "TimeZone" TO 'UTC';
ALTER ROLE x IN DATABASE d SET search_path TO 'y';
\\connect d
SET client_encoding = 'LATIN1';
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ ALTER DATABASE d SET a TO b; $$;
COMMENT ON FUNCTION f() IS 'DATABASE';
ALTER DEFAULT PRIVILEGES FOR ROLE x GRANT SELECT ON TABLES TO y;
GRANT CONNECT ON DATABASE d TO x;
"""


def test_what_an_archive_tells_of_the_database_itself() -> None:
    events = list(about_database(ARCHIVE.encode()))
    statements = [event.text.decode() for event in events if isinstance(event, Statement)]
    assert [text for text in statements if "encoding" not in text] == [
        "ALTER DATABASE d OWNER TO x",
        "COMMENT ON DATABASE d IS 'it''s'",
        "ALTER DATABASE d SET \"TimeZone\" TO 'UTC'",
        "ALTER ROLE x IN DATABASE d SET search_path TO 'y'",
        "GRANT CONNECT ON DATABASE d TO x",
    ]
    assert len(statements) == 8 and sum(isinstance(event, Meta) for event in events) == 2
    settings = [setting_of(Parsed(text.encode())) for text in statements if text.startswith("ALTER")]
    assert settings == [None, "TimeZone", "search_path"]
