# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the rules of both dialects: nothing is lost without being counted, and data is never looked into."""

from __future__ import annotations

import sys
import typing as t

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._sql import table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import (
    Bulk,
    CopyData,
    CopyEnd,
    Event,
    Place,
    Statement,
)
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Execute, RefusedError, Target
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.through_rules import (
    MARIADB,
    NAMES,
    PG15,
    RECONNECT,
    counted,
    rules_for,
    through,
)
from hypothesis import given
from hypothesis import strategies as st

PLACE = Place(1, 0, 1)
DROPPED = {name for name, rule in vars(table).items() if isinstance(rule, table.Rule) and rule.action == "dropped"}


def test_each_rule_is_in_the_table_once() -> None:
    rows = [*table.SHARED, *table.POSTGRESQL, *table.MYSQL]
    assert len({row.name for row in rows}) == len(rows) == len(NAMES)
    assert {row.action for row in rows} == {"dropped", "changed", "kept", "refused"}
    assert all(row.about and (row.hint or row.action != "refused" or row in BARE) for row in rows)


# Their hint depends on the case, or there is nothing to be done.
BARE = (table.NOT_IN_STREAM, table.EMPTY)

MY_POOL = (
    "CREATE DATABASE a",
    "DROP DATABASE a",
    "USE a",
    "USE b",
    "USE mysql",
    "SET sql_notes = 0",
    "SET nonsense = 0",
    "CREATE TABLE t (x int)",
    "INSERT INTO t VALUES (1)",
    "DROP TABLE t",
    "DROP USER u",
    "CREATE USER u",
    "GRANT ALL ON a.* TO u",
    "ALTER USER `app`@`%` ACCOUNT LOCK",
    "LOCK TABLES t WRITE",
    "FLUSH TABLES",
    "COMMIT",
    "CHANGE MASTER TO x = 1",
    "UPDATE t SET x = 1",
    "SELECT 1",
)
PG_POOL = (
    "CREATE DATABASE a",
    "DROP DATABASE a",
    "\\connect a\n",
    "\\connect b\n",
    "\\connect template1\n",
    "\\echo x\n",
    "SET lock_timeout = 0",
    "SET nonsense = 0",
    "CREATE TABLE t (x int)",
    "INSERT INTO t VALUES (1)",
    "COPY t FROM stdin;\n1\n\\.\n",
    "DROP TABLE t",
    "DROP ROLE u",
    "CREATE ROLE u",
    "GRANT u TO v",
    "GRANT ALL ON TABLE t TO v",
    "ALTER ROLE here LOGIN",
    "VACUUM",
    "ALTER DATABASE b SET lock_timeout TO 1",
    "ALTER DATABASE b CONNECTION LIMIT 5",
)


def _kept(server: Target, pool: list[str], wanted: dict[str, t.Any]) -> None:
    """All of a script is executed, collected or counted."""
    text = "".join(item if item.endswith("\n") else f"{item};\n" for item in pool)
    try:
        out, rules = through(server, text, **wanted)
    except RefusedError as exc:
        if exc.rule not in (table.SEVERAL, table.NOT_IN_STREAM, table.EMPTY):
            raise
        return
    executed = [item for item in out if item not in ("1\n", "\\.", RECONNECT)]
    dropped = sum(count for name, count in counted(rules).items() if name in DROPPED)
    assert len(executed) + len(rules.globals) + dropped == len(pool)


WANTED = st.fixed_dictionaries({"source_database": st.sampled_from(["", "a", "b"]), "with_globals": st.booleans()})


@given(st.lists(st.sampled_from(MY_POOL), max_size=30), WANTED)
def test_every_statement_is_executed_or_counted_mysql(pool: list[str], wanted: dict[str, t.Any]) -> None:
    _kept(MARIADB, pool, wanted)


@given(st.lists(st.sampled_from(PG_POOL), max_size=30), WANTED)
def test_every_statement_is_executed_or_counted_postgresql(pool: list[str], wanted: dict[str, t.Any]) -> None:
    _kept(PG15, pool, wanted)


def _calls(server: Target, events: list[Event]) -> int:
    """How many Python functions are called on the way."""
    rules = rules_for(server)
    calls = 0

    def count(_frame: t.Any, what: str, _arg: t.Any) -> None:
        nonlocal calls
        calls += what in ("call", "c_call")

    sys.setprofile(count)
    try:
        for item in rules.apply(iter(events)):
            assert not isinstance(item, Execute) or not item.shown
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.growth
@pytest.mark.parametrize("size", [10, 1 << 20])
def test_an_insert_costs_the_same_whatever_its_size(size: int) -> None:
    value = b"INSERT INTO `t` VALUES ('" + b"x" * size + b"')"
    assert _calls(MARIADB, [Bulk(PLACE, value)] * 100) <= 100 * 25
    text = b"INSERT INTO s.t VALUES ('" + b"x" * size + b"')"
    assert _calls(PG15, [Statement(PLACE, text)] * 100) <= 100 * 250


def test_copied_data_pass_as_they_are() -> None:
    data = CopyData(PLACE, b"x" * 1000)
    events: list[Event] = [Statement(PLACE, b"COPY t FROM stdin"), *[data] * 1000, CopyEnd(PLACE)]
    assert _calls(PG15, events) <= 5000
    assert sum(item is data for item in rules_for(PG15).apply(iter(events))) == 1000


def test_an_unselected_databases_data_are_left_out() -> None:
    text = "\\connect a\nCREATE TABLE t ();\n\\connect b\nCOPY t FROM stdin;\n1\n\\.\n\\connect a\nDROP TABLE t;"
    out, rules = through(PG15, text, source_database="a")
    assert out == ["CREATE TABLE t ()", RECONNECT, "DROP TABLE t"]
    assert rules.databases == ["a", "b"]


def test_strings_are_read_as_the_reader_reads_them() -> None:
    text = "\\connect a\nSET standard_conforming_strings = off;\nSELECT f('\\'; \\! id --');"
    out, dummy = through(PG15, text)
    assert out == ["SET standard_conforming_strings = off", "SELECT f('\\'; \\! id --')"]
    modes = 'SET sql_mode = CONCAT(@@sql_mode, \',ANSI_QUOTES\'); USE a; INSERT INTO "b"."t" VALUES (1);'
    with pytest.raises(RefusedError, match="INSERT of an object in 'b'"):
        through(MARIADB, modes)
    oracle = Target("mysql", (9, 0), "9.0", sql_modes=frozenset(("ANSI_QUOTES", "PIPES_AS_CONCAT")))
    out, rules = through(
        oracle, "SET sql_mode = 'PIPES_AS_CONCAT,ORACLE,NO_AUTO_CREATE_USER'; CREATE TABLE \"a\" (b int);"
    )
    assert out[0] == "SET sql_mode = 'PIPES_AS_CONCAT,ANSI_QUOTES'"
    assert counted(rules) == {"MY_SQL_MODE": 1}


@pytest.mark.growth
def test_settings_without_end_are_refused() -> None:
    with pytest.raises(RefusedError, match="more than 10000"):
        through(MARIADB, "".join(f"SET @a{number} = 1;" for number in range(10_001)))


def test_globals_alone_are_no_database() -> None:
    text = "-- PostgreSQL database cluster dump\nCREATE ROLE x;\n-- PostgreSQL database cluster dump complete\n"
    with pytest.raises(RefusedError, match="no statement with content"):
        through(PG15, text, with_globals=True)
