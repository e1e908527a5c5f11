# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: what statements write into."""

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Place
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_writes import ForeignTables, Targets
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import RefusedError

PLACE = Place(1, 0, 1)
TARGETS: dict[str, list[tuple[str, ...]]] = {
    "INSERT INTO t VALUES (1)": [("t",)],
    'insert into S . "T;""x" VALUES (1)': [("s", 'T;"x')],
    "INSERT INTO d.s.t VALUES (1)": [("d", "s", "t")],
    "INSERT INTO t(a) SELECT 1": [("t",)],
    "INSERT INTO t\n(a) VALUES (1)": [("t",)],
    "INSERT INTO/**/t VALUES (1)": [("t",)],
    f"INSERT /*{'x' * 5000}*/ INTO t VALUES (1)": [("t",)],
    "COPY s.t (a) FROM stdin": [("s", "t")],
    "COPY BINARY t FROM stdin": [("t",)],
    "UPDATE ONLY (t) SET a = 1": [("t",)],
    "UPDATE ONLY t SET a = 1": [("t",)],
    'UPDATE"t" SET a = 1': [("t",)],
    "UPDATE only_one SET a = 1": [("only_one",)],
    "DELETE FROM ONLY t": [("t",)],
    "DELETE FROM t": [("t",)],
    "TRUNCATE a, ONLY s.b, ONLY (c) *, d CASCADE": [("a",), ("s", "b"), ("c",), ("d",)],
    "TRUNCATE TABLE a RESTART IDENTITY": [("a",)],
    "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE": [("t",)],
    "WITH x AS (INSERT INTO a VALUES (1) RETURNING 1), y AS (DELETE FROM ONLY (b)) UPDATE c SET i = 1": [
        ("a",),
        ("b",),
        ("c",),
    ],
    "CREATE TABLE z AS WITH x AS (UPDATE t SET i = 1 RETURNING 1) SELECT * FROM x": [("t",)],
    "CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (1)": [],
    "SELECT 'INSERT INTO t'": [],
    "SET search_path = t": [],
}


@pytest.mark.parametrize("sql", TARGETS)
def test_targets(sql: str) -> None:
    """The second time they are remembered."""
    targets = Targets()
    for _again in range(2):
        assert targets.of(sql.encode()) == TARGETS[sql]


def test_beginnings_that_are_alike() -> None:
    targets = Targets()
    for sql, name in (
        ("INSERT INTO s.t VALUES (1)", ("s", "t")),
        ("INSERT INTO s.tt VALUES (1)", ("s", "tt")),
        ("INSERT INTO s.t.u VALUES (1)", ("s", "t", "u")),
        ('INSERT INTO "s"."t""u" VALUES (1)', ("s", 't"u')),
        ('INSERT INTO "s"."t" VALUES (1)', ("s", "t")),
        ("INSERT INTO s .t VALUES (1)", ("s", "t")),
        ("INSERT INTO s VALUES (1)", ("s",)),
    ):
        assert targets.of(sql.encode()) == [name]


@pytest.mark.parametrize(
    ("before", "write", "refused"),
    [
        ("CREATE FOREIGN TABLE s.o (i int) SERVER x", "COPY s.o (i) FROM stdin", True),
        ("CREATE FOREIGN TABLE IF NOT EXISTS o (i int) SERVER x", "INSERT INTO o VALUES (1)", True),
        ("CREATE FOREIGN TABLE o (i int) SERVER x; SET search_path = y", "INSERT INTO o VALUES (1)", False),
        ("SET search_path = y; CREATE FOREIGN TABLE o (i int) SERVER x", "TRUNCATE p, o", True),
        ("CREATE FOREIGN TABLE s.o (i int) SERVER x", "COPY public.o (i) FROM stdin", False),
        ("CREATE TABLE s.o (i int)", "COPY s.o (i) FROM stdin", False),
    ],
)
def test_rows_of_foreign_tables(before: str, write: str, refused: bool) -> None:
    tables = ForeignTables()
    for statement in before.split("; "):
        tables.see(statement.encode(), PLACE)
    with pytest.raises(RefusedError, match="foreign table") if refused else contextlib.nullcontext():
        tables.see(write.encode(), PLACE)
