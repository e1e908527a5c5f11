# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's SQL that is written so that the rules see something else than the server."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import SqlReadError
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import RefusedError
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.through_rules import NAMES, PG15, through


def refused_by(sql: str | bytes) -> str:
    """The name of the rule that refuses it."""
    with pytest.raises(RefusedError) as caught:
        through(PG15, sql)
    return next(name for name, text in NAMES.items() if text == caught.value.rule.name)


@pytest.mark.parametrize("columns", [1, 195, 196, 1600])
def test_copy_of_many_columns(columns: int) -> None:
    """The rows stay rows, however many words stand before FROM."""
    copy = f"COPY t ({', '.join(f'c{i}' for i in range(columns))}) FROM stdin"
    out, _rules = through(PG15, f"{copy};\nDROP DATABASE x;\n\\.\nSELECT 1;")
    assert out == [copy, "DROP DATABASE x;\n", "\\.", "SELECT 1"]


def test_what_follows_copy_behind_a_carriage_return() -> None:
    """For psql the comment ends there, and a statement begins."""
    with pytest.raises(SqlReadError, match="after the data"):
        through(PG15, b"COPY t FROM stdin; -- x\rSELECT 1;\n\\.\n")


COMMENTS = [
    ("COPY t FROM --\rPROGRAM 'touch x' /*\nSTDIN --*/ ;", "SERVER_FILE"),
    ("ALTER --\rSYSTEM SET work_mem = '1GB' /*\nTABLE t ADD j int --*/;", "SERVER_CHANGE"),
    ("COPY t FROM\x0bPROGRAM 'touch x';", "SERVER_FILE"),
]


@pytest.mark.parametrize(("sql", "rule"), COMMENTS)
def test_comments_end_where_they_end_for_the_server(sql: str, rule: str) -> None:
    assert refused_by(sql) == rule


def test_space_is_what_is_space_for_the_server() -> None:
    """All else above ASCII is a letter."""
    assert Parsed("a\u00a0b \u2003c\r\n\f\v\td".encode()).upper == ["A\u00a0B", "\u2003C", "D"]
    assert Parsed(b"a\x1cb").upper == ["A", "\x1c", "B"]
