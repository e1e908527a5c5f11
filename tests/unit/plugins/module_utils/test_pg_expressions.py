# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Normalised expressions of PostgreSQL. That servers print as is told here is tested in test_schema_pg.py."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_expressions import (
    is_body,
    is_null,
    is_single,
    normalised,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(a  =\n 1)", "( a = 1 )"),
        ("(((a) AND (b)))", "((a) AND (b))"),
        ("(((a > 1) AND (b > 2)) AND (c > 3))", "((a > 1) AND (b > 2) AND (c > 3))"),
        ("((a > 1) AND ((b > 2) AND (c > 3)))", "((a > 1) AND (b > 2) AND (c > 3))"),
        ("((((x = 1) OR (x = 2)) OR (x = 3)) AND b)", "(((x = 1) OR (x = 2) OR (x = 3)) AND b)"),
        ("(ARRAY['a'::x, NULL::x])::text[]", "ARRAY[('a'::x)::text, (NULL::x)::text]"),
        ("((ARRAY[1, (a + 2)])::numeric(5,2)[])", "(ARRAY[(1)::numeric(5,2), ((a + 2))::numeric(5,2)])"),
        ("(ARRAY[ARRAY[1], ARRAY[2]])::bigint[]", "ARRAY[ARRAY[(1)::bigint], ARRAY[(2)::bigint]]"),
        ('(ARRAY[a])::"Odd ""type"""[]', 'ARRAY[(a)::"Odd ""type"""]'),
        ("(ARRAY[a])::s.double_precision[]", "ARRAY[(a)::s.double_precision]"),
        ("(ARRAY[a])::double precision[]", "ARRAY[(a)::double precision]"),
    ],
)
def test_the_same(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)
    assert normalised(normalised(one)) == normalised(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("'a b'", "'a  b'"),
        ("'(a)'", "'((a))'"),
        ("E'a\\'b'", "E'a\\\\'"),
        ("'a''b'", "'a' 'b'"),
        ('"AND"', "AND"),
        ("((a OR b) AND c)", "(a OR (b AND c))"),
        ("((a OR b) AND c)", "(a OR b AND c)"),
        ("((a AND b) OR (c AND d))", "(a AND b AND c AND d)"),
        ("(NOT (a AND b))", "((NOT a) AND b)"),
        ("(a - (b - c))", "((a - b) - c)"),
        ("(a BETWEEN (b AND c) AND d)", "(a BETWEEN b AND c AND d)"),
        ("f((a, b))", "f(a, b)"),
        ("(x IN ((SELECT 1)))", "(x IN (SELECT 1))"),
        ("(c).f", "c.f"),
        ("f(ARRAY[a])::text[]", "f ARRAY[(a)::text]"),
        ("(ARRAY[a])::text[]", "(ARRAY[a])::text"),
        ("(ARRAY[a])::text[]", "ARRAY[(a)::varchar]"),
        ("(ARRAY[]::text[])", "(ARRAY[]::varchar[])"),
        ("('1'::text)", "('1'::integer)"),
        ("1.0", "1 . 0"),
        ("1e10", "1 e10"),
        ("a <- 1", "a < -1"),
        ("$1", "$2"),
    ],
)
def test_different(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize("text", ["", "(", "a)", "'open", "(]", "a \x00", "(" * 100_000])
def test_what_cannot_be_read_stays(text: str) -> None:
    assert normalised(text) == text
    assert not is_single(text)


@pytest.mark.parametrize(
    ("text", "single"),
    [("(a > 1)", True), ("';'", True), ('"a;b"', True), ("1; SELECT 2", False), ("(1; 2)", False), ("1) + (2", False)],
)
def test_one_piece(text: str, single: bool) -> None:
    assert is_single(text) is single
    assert is_single(text, rule=True) is (single or text == "(1; 2)")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("RETURN (a + 1)", True),
        ("RETURN 1; DROP TABLE t", False),
        ("BEGIN ATOMIC\n SELECT CASE a WHEN 1 THEN 2 END AS \"end\";\n SELECT 'END;';\nEND", True),
        ("BEGIN ATOMIC SELECT 1; END; DROP TABLE t", False),
        ("BEGIN ATOMIC SELECT 1; END; BEGIN ATOMIC END", False),
        ("BEGIN ATOMIC SELECT 1;", False),
        ("BEGIN; DROP TABLE t; END", False),
        ("SELECT 1", False),
        ("(", False),
    ],
)
def test_a_whole_body(text: str, whole: bool) -> None:
    assert is_body(text) is whole


@pytest.mark.parametrize(
    "text",
    [
        "NULL",
        "NULL::character varying",
        "(NULL::character varying)::text",
        "((NULL::numeric(5,2)))::numeric",
        "NULL::timestamp(3) without time zone",
        'NULL::s."Odd type"[]',
    ],
)
def test_null_and_casts_of_it(text: str) -> None:
    assert is_null(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "'NULL'::text",
        '"NULL"::text',
        "(NULL::integer + 1)",
        "(NULL::boolean OR true)",
        "(NULL::text IS NULL)",
        "NULL::text || x",
        "COALESCE(NULL::text, 'a'::text)",
        "f(NULL::text)",
        "ARRAY[NULL::text]",
        "(NULL::text, 1)",
        "(ARRAY[1])[NULL::integer]",
        "NULL::text)",
    ],
)
def test_more_than_null(text: str) -> None:
    assert not is_null(text)
