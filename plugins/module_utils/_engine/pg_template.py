# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what every new database has from its template, and a source may have dropped: the schema public and the
language plpgsql. Dumps say nothing about them when they are gone."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import query
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError

_GIVEN = {
    "schema public": (
        "SELECT 1 FROM pg_namespace WHERE nspname = 'public'",
        "DROP SCHEMA IF EXISTS public RESTRICT",
    ),
    "extension plpgsql": (
        "SELECT 1 FROM pg_extension WHERE extname = 'plpgsql'",
        "DROP EXTENSION IF EXISTS plpgsql RESTRICT",
    ),
}
_BELONGINGS = ("", "owner ", "grants ", "comment ", "version of ")


def absent(connection: t.Any, *, stage: str) -> list[str]:
    """Which of them the connection's database lacks."""
    return [name for name, (there, _drop) in _GIVEN.items() if not query(connection, there, stage=stage)]


def drop(connection: t.Any, absent_there: t.Iterable[str], *, stage: str) -> tuple[list[str], list[str]]:
    """Drop them from a new database. Returns those that could not be dropped, and warnings about them."""
    kept, told = [], []
    for name in absent_there:
        if name in _GIVEN:
            try:
                query(connection, _GIVEN[name][1], stage=stage)
            except EngineError as exc:
                kept.append(name)
                told.append(f"The source has no {name}. The restored database keeps what every new one has. {exc.msg}")
    return kept, told


def names(*given: str) -> frozenset[str]:
    """The names under which they, and what belongs to them, are compared."""
    return frozenset(prefix + name for name in given for prefix in _BELONGINGS)


__all__ = ("absent", "drop", "names")
