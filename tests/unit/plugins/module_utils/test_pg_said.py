# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in messages of PostgreSQL: those that may be values of rows are hidden. tests/integration/test_fault_rows_pg.py
has the messages of real servers."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine import pg_said
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_load_hints import load_hint

IN_FUNCTION = "PL/pgSQL function public.num(text) line 1"
LOOKED_UP = [
    'relation "Meier" does not exist',
    'type "Meier" does not exist',
    'role "Meier" does not exist',
    'schema "Meier" does not exist',
    'function "Meier" does not exist',
    "operator does not exist: Meier",
    'text search configuration "Meier" does not exist',
    'unrecognized configuration parameter "Meier"',
    'invalid configuration parameter name "Meier"',
    'unrecognized encoding: "Meier"',
    'could not stat file "Meier": No such file or directory',
]
COMPUTING = [
    "CREATE INDEX i ON public.t USING btree (public.f(a));",
    "CREATE UNIQUE INDEX i ON public.t USING btree (public.f(a));",
    "REFRESH MATERIALIZED VIEW public.seen;",
    "ALTER TABLE ONLY public.t ADD CONSTRAINT c CHECK ((public.f(a) > 0));",
    "-- a comment\n ALTER TABLE public.t VALIDATE CONSTRAINT c;",
    "COPY public.t (a) FROM stdin;",
]


@pytest.mark.parametrize("text", LOOKED_UP)
@pytest.mark.parametrize("statement", COMPUTING)
def test_what_may_be_computed_from_a_row_is_hidden(text: str, statement: str) -> None:
    assert "Meier" not in pg_said.message(text, own=True, statement=statement)
    told = pg_said.stderr(f"pg_restore: error: could not execute query: ERROR:  {text}\nCommand was: {statement}\n")
    assert "Meier" not in told
    assert "ERROR:  " in told


@pytest.mark.parametrize("text", LOOKED_UP)
def test_a_function_may_have_it_from_a_row(text: str) -> None:
    told = pg_said.message(text, IN_FUNCTION, own=True)
    assert "Meier" not in told
    assert told.endswith(f"({IN_FUNCTION})")
    assert text in pg_said.message(text, own=True)


def test_numbers_are_values_too() -> None:
    for text in ("large object 4929 does not exist", "could not open relation with OID 4929"):
        assert "4929" not in pg_said.message(text, own=True, statement=COMPUTING[0])


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ('role "driver" does not exist', "ALTER TABLE public.t OWNER TO driver;"),
        ('role "the driver" does not exist', 'GRANT SELECT ON TABLE public.t TO "the driver";'),
        (
            'operator class "public.trgm" does not exist for access method "gin"',
            "CREATE INDEX i ON t USING gin (a public.trgm);",
        ),
        (
            'relation "public.whole" does not exist',
            "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES public.whole(a);",
        ),
        ('could not create unique index "one"', COMPUTING[1]),
        ('new row for relation "t" violates check constraint "right_one"', COMPUTING[3]),
        ('could not read blocks 5..5 in file "base/16384/2619": read only 0 of 8192 bytes', COMPUTING[5]),
    ],
)
def test_names_that_are_known_are_passed_on(text: str, statement: str) -> None:
    assert pg_said.message(text, own=True, statement=statement) == text


def test_hints_need_no_hidden_name() -> None:
    """A role that is hidden is none that could be created; the function is what the hint is about."""
    failed = "pg_restore: error: could not execute query: ERROR:  "
    owner = pg_said.stderr(f'{failed}role "driver" does not exist\nCommand was: ALTER TABLE t OWNER TO driver;\n')
    assert 'CREATE ROLE "driver";' in load_hint(owner, "", no_owner=False)
    cast = pg_said.stderr(f'{failed}role "Meier" does not exist\nCommand was: REFRESH MATERIALIZED VIEW public.seen;\n')
    assert load_hint(cast, "", no_owner=False) == ""
    inlined = f'{failed}type "earth" does not exist\nCONTEXT:  SQL function "ll_to_earth" during inlining\n'
    inlined = pg_said.stderr(f"{inlined}Command was: {COMPUTING[0]}\n")
    assert 'type "earth" does not exist (SQL function "ll_to_earth" during inlining)' in inlined
    called = f'{failed}relation "rates" does not exist\nQUERY:  SELECT 1\nCONTEXT:  {IN_FUNCTION} at SQL statement\n'
    called = pg_said.stderr(f"{called}Command was: {COMPUTING[0]}\n")
    assert 'relation "..." does not exist' in called
    for told, function in ((inlined, "ll_to_earth"), (called, "public.num(text)")):
        assert f"ALTER FUNCTION {function} SET search_path" in load_hint(told, "", no_owner=False)
    copied = pg_said.stderr(
        'pg_restore: error: COPY failed for table "t": ERROR:  relation "Meier" does not exist\n'
        'CONTEXT:  COPY t, line 1: "Meier"\n'
    )
    assert copied.endswith('relation "..." does not exist (COPY t, line 1)')
    assert "A CHECK, a generated column or a trigger" in load_hint(copied, "", no_owner=False)
