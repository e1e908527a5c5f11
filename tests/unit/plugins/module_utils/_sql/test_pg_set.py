# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: settings that a dump must not set, and those that are its own."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import RefusedError
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.through_rules import (
    NAMES,
    PG15,
    counted,
    through,
)

T = "CREATE TABLE t (i int)"
REFUSED = [
    ("SET allow_system_table_mods = on", "PG_CATALOG"),
    ('SET LOCAL "allow_system_table_mods" TO on', "PG_CATALOG"),
    ("SELECT pg_catalog.set_config('allow_system_table_mods', 'on', false)", "PG_CATALOG"),
    ("SELECT 1, set_config('Allow_System_Table_Mods', 'on', false)", "PG_CATALOG"),
    ("ALTER DATABASE d SET allow_system_table_mods TO 'on'", "PG_CATALOG"),
    ("ALTER ROLE here IN DATABASE d SET allow_system_table_mods TO 'on'", "PG_CATALOG"),
    ("CREATE ROLE new; ALTER ROLE new SET allow_system_table_mods TO 'on'", "PG_CATALOG"),
    ("ALTER DATABASE d SET dynamic_library_path TO '/tmp'", "SERVER_FILE"),
    ("ALTER DATABASE d SET extension_control_path TO '/tmp'", "SERVER_FILE"),
    ("ALTER DATABASE d SET session_preload_libraries TO '/tmp/evil'", "SERVER_FILE"),
    ("ALTER DATABASE d SET session_preload_libraries TO anon, '$libdir/../evil'", "SERVER_FILE"),
    ("ALTER DATABASE d SET session_preload_libraries TO $$/tmp/evil$$", "SERVER_FILE"),
    ("ALTER ROLE here IN DATABASE d SET local_preload_libraries TO E'\\x2ftmp/evil'", "SERVER_FILE"),
]


@pytest.mark.parametrize(("sql", "rule"), REFUSED)
def test_settings_that_are_refused(sql: str, rule: str) -> None:
    with pytest.raises(RefusedError) as caught:
        through(PG15, f"{sql}; {T};", with_globals=True)
    assert caught.value.rule.name == NAMES[rule]


SCRATCH = '"the scratch"'
KEPT = [
    "SET \"app.tenant\" = '9'",
    "ALTER DATABASE d SET \"app.settings.jwt\" TO 'secret'",
    "ALTER ROLE here IN DATABASE d SET \"app.tenant\" TO '9'",
]


@pytest.mark.parametrize("sql", KEPT)
def test_settings_of_the_application_are_kept(sql: str) -> None:
    """Whatever has a dot in its name is nobody else's."""
    out, rules = through(PG15, f"\\connect d\n{T}; {sql};")
    assert out == [T, sql.replace("DATABASE d", f"DATABASE {SCRATCH}")]
    assert "UNKNOWN_SETTING" not in counted(rules)


def test_libraries_of_the_server_are_preloaded() -> None:
    known = PG15.settings | {"session_preload_libraries"}
    sql = "ALTER DATABASE d SET session_preload_libraries TO 'anon', auto_explain, '$libdir/plugins/x, pg-hint'"
    out, _rules = through(PG15.__class__("postgresql", (15,), "15", known), f"\\connect d\n{T}; {sql};")
    assert out == [T, sql.replace("DATABASE d", f"DATABASE {SCRATCH}")]


def test_settings_of_other_databases_do_not_matter() -> None:
    sql = (
        "ALTER DATABASE other SET allow_system_table_mods TO 'on';\n\\connect other\nSET allow_system_table_mods = on;"
    )
    out, _rules = through(PG15, f"{sql}\n{T};\n\\connect d\n{T};", source_database="d")
    assert out == [T]


@pytest.mark.parametrize("named", [":n", ":'n'", ':"n"', "a[1:n]"])
@pytest.mark.parametrize("statement", ["SELECT {}", "INSERT INTO t VALUES ({})", "ALTER TABLE t SET SCHEMA {}"])
def test_variables_of_psql_are_refused(named: str, statement: str) -> None:
    """Their values would be a part of the statement."""
    with pytest.raises(RefusedError, match="a variable of psql, :n"):
        through(PG15, f"\\set n 'a; b'\n{statement.format(named)};")


def test_what_is_no_variable_of_psql() -> None:
    sql = "MERGE INTO ONLY t USING c ON t.a[1:m] = ':n'::n WHEN MATCHED THEN DELETE"
    out, rules = through(PG15, f"\\set AUTOCOMMIT on\n\\set n 1\n{sql};\nINSERT INTO t VALUES (':n');")
    assert out == [sql, "INSERT INTO t VALUES (':n')"]
    assert counted(rules) == {"CLIENT_LINE": 2}
