# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server notes for itself in its catalogs is no part of a schema."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._engine import pg_schema


@pytest.fixture
def connection(pg15: support.Server) -> Iterator[Any]:
    """To a database with one table of two columns."""
    pg15.create_database("marks")
    with contextlib.closing(pg15.connect("marks")) as opened:
        opened.autocommit = True
        with opened.cursor() as cursor:
            cursor.execute("CREATE TABLE words (id integer, word text)")
        yield opened
    pg15.drop_database("marks")


def set_options(connection: Any, options: str) -> None:
    """As the server itself does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_attribute SET attoptions = %s WHERE attrelid = 'words'::regclass AND attnum = 1", (options,)
        )


def test_a_counter_among_options_of_columns(connection: Any) -> None:
    """PostgreSQL 15.20 and 17.12 number each table that they make, and tell pg_dump nothing of it."""
    plain = pg_schema.read_schema(connection, stage="schema")
    set_options(connection, "{pg_attver=31233392}")
    assert pg_schema.read_schema(connection, stage="schema") == plain
    set_options(connection, "{n_distinct=5}")
    wanted = pg_schema.read_schema(connection, stage="schema")
    assert wanted != plain
    set_options(connection, "{pg_attver=45995632,n_distinct=5}")
    assert pg_schema.read_schema(connection, stage="schema") == wanted
