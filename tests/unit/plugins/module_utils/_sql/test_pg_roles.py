# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL dumps for accounts that may do little, on servers without the dump's roles."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.through_rules import PG15, counted, through


def test_an_owner_is_left_out_of_what_does_more() -> None:
    sql = (
        "ALTER TABLE t OWNER TO x, ADD COLUMN b int; ALTER TABLE t ADD COLUMN c int, OWNER TO x;"
        "ALTER TABLE t ADD d int, OWNER TO x, ADD e int; ALTER TABLE t RENAME COLUMN owner TO b;"
    )
    out, rules = through(PG15, sql, no_owner=True)
    assert [" ".join(line.split()) for line in out] == [
        "ALTER TABLE t ADD COLUMN b int",
        "ALTER TABLE t ADD COLUMN c int",
        "ALTER TABLE t ADD d int, ADD e int",
        "ALTER TABLE t RENAME COLUMN owner TO b",
    ]
    assert counted(rules) == {"PG_OWNER": 3}


POLICY = "CREATE POLICY p ON s.t FOR SELECT TO"


def test_policies_of_roles_that_are_not_there() -> None:
    """With no_owner only: otherwise the server says that the role is missing."""
    sql = (
        f"{POLICY} authenticated USING (true); COMMENT ON POLICY p ON s.t IS 'x'; {POLICY} anon, here USING (a);"
        f"{POLICY} PUBLIC USING (a); CREATE POLICY q ON s.t; ALTER POLICY q ON s.t RENAME TO r;"
        "CREATE USER MAPPING FOR nobody SERVER f; CREATE USER MAPPING IF NOT EXISTS FOR here SERVER f;"
        "COMMENT ON POLICY q ON s.t IS 'x';"
    )
    out, rules = through(PG15, sql, no_owner=True)
    assert out == [
        f'{POLICY} "here" USING (a)',
        f"{POLICY} PUBLIC USING (a)",
        "CREATE POLICY q ON s.t",
        "ALTER POLICY q ON s.t RENAME TO r",
        "CREATE USER MAPPING IF NOT EXISTS FOR here SERVER f",
        "COMMENT ON POLICY q ON s.t IS 'x'",
    ]
    assert counted(rules) == {"PG_ABSENT": 4}
    assert len(through(PG15, sql)[0]) == 9


def test_plpgsql_is_not_dropped() -> None:
    """Every database has it, and it is not of the role that restores."""
    sql = (
        "DROP EXTENSION plpgsql; DROP EXTENSION IF EXISTS plpgsql; DROP PROCEDURAL LANGUAGE plpgsql;"
        "DROP LANGUAGE IF EXISTS 'plpgsql' CASCADE; DROP EXTENSION IF EXISTS hstore;"
    )
    out, rules = through(PG15, sql)
    assert out == ["DROP EXTENSION IF EXISTS hstore"]
    assert counted(rules) == {"PG_EXISTS": 4}


T = "CREATE TABLE a (b int)"


@pytest.mark.parametrize(
    "sql",
    [
        "GRANT pg_write_all_data TO here",
        "GRANT new TO here, nobody",
        "GRANT SET ON PARAMETER work_mem TO here, PUBLIC",
        "ALTER ROLE here SUPERUSER",
        "ALTER ROLE nobody PASSWORD 'x'",
        "COMMENT ON ROLE here IS 'x'",
        "CREATE ROLE here",
    ],
)
def test_roles_that_exist_stay_as_they_are(sql: str) -> None:
    out, rules = through(PG15, f"CREATE ROLE new; {T}; {sql}; ALTER ROLE new LOGIN;", with_globals=True)
    assert out == [T]
    assert rules.globals == [b"CREATE ROLE new", b"ALTER ROLE new LOGIN"]
    assert counted(rules) == {"EXISTING_ROLE": 1}
