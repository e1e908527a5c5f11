# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: indexes, checks and generated columns that pg_restore will not be able to compute.

It loads with an empty search_path. A function that has its body as text, no search_path of its own, and names something
of another schema than pg_catalog without its schema then finds nothing. The bodies are read, and nothing is run: what
is found here is worth a warning, and no reason to make no backup.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import NOT_LOADABLE
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import query
from ansible_collections.vya.backupdb.plugins.module_utils._names import readable

# What is computed while rows are loaded or indexes built, and which functions it calls.
_CALLS = """
SELECT DISTINCT CASE WHEN c.relkind IN ('i', 'I') THEN 'index ' WHEN c.relkind = 'm' THEN 'materialized view '
    ELSE 'table ' END || c.oid::regclass::text, d.refobjid
FROM pg_depend d JOIN pg_class c ON c.oid = CASE d.classid
    WHEN 'pg_class'::regclass THEN d.objid
    WHEN 'pg_attrdef'::regclass THEN (SELECT a.adrelid FROM pg_attrdef a JOIN pg_attribute u ON u.attrelid = a.adrelid
      AND u.attnum = a.adnum WHERE a.oid = d.objid AND u.attgenerated <> '')
    WHEN 'pg_rewrite'::regclass THEN (SELECT w.ev_class FROM pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class
      WHERE w.oid = d.objid AND v.relkind = 'm' AND v.relispopulated)
    WHEN 'pg_constraint'::regclass THEN (SELECT k.conrelid FROM pg_constraint k
      WHERE k.oid = d.objid AND k.contype = 'c')
  END
WHERE d.refclassid = 'pg_proc'::regclass AND d.deptype = 'n' AND c.relkind IN ('i', 'I', 'r', 'p', 'm')"""
# Functions whose bodies are read when they are called.
_BODIES = """
SELECT p.oid, p.proname, {body}, n.nspname = 'pg_catalog'
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang"""
_READ = """CASE WHEN l.lanname IN ('sql', 'plpgsql') AND n.nspname <> 'pg_catalog' {modern}
    AND NOT EXISTS (SELECT 1 FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%') THEN p.prosrc END"""
_MODERN_SINCE = 14
# Servers that build indexes and materialized views with a search_path of their own.
_OWN_PATH_SINCE = 17
_NOISE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.S)
_CALLED = re.compile(r"(?<![\w.$\"])([a-z_][\w$]*)\s*\(", re.I)
_SHOWN = 10


def unreachable(connection: t.Any, version: int, *, stage: str) -> list[str]:
    """``index public.places_geo (ll_to_earth calls earth)`` for each of them."""
    calls = query(connection, _CALLS, stage=stage)
    if not calls:
        return []
    modern = "AND p.prosqlbody IS NULL" if version >= _MODERN_SINCE else ""
    rows = query(connection, _BODIES.format(body=_READ.format(modern=modern)), stage=stage)
    builtin = {name for _oid, name, _body, catalog in rows if catalog}
    known: dict[str, list[int]] = {}
    for oid, name, _body, catalog in rows:
        if not catalog:
            known.setdefault(name, []).append(int(oid))
    functions = {int(oid): (str(name), str(body)) for oid, name, body, _catalog in rows if body is not None}
    found = []
    for label, function in calls:
        lacking = _lacking(int(function), functions, known.keys() - builtin)
        if lacking:
            found.append(readable(f"{label} ({functions[int(function)][0]} calls {', '.join(lacking)})"))
    return sorted(set(found))


def _lacking(function: int, functions: t.Mapping[int, tuple[str, str]], names: t.Collection[str]) -> list[str]:
    """Functions that a body calls by their names alone."""
    if function not in functions:
        return []
    body = _NOISE.sub(" ", functions[function][1])
    return sorted({found.lower() for found in _CALLED.findall(body)} & set(names))


def warning(connection: t.Any, version: int, *, stage: str) -> t.Iterator[str]:
    """One sentence about all of them."""
    found = unreachable(connection, version, stage=stage)
    if found:
        way = ", or restore with the option search_path" if version < _OWN_PATH_SINCE else ""
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        yield (
            f"{NOT_LOADABLE} what calls functions that name others without their schema:"
            f" {'; '.join(found[:_SHOWN])}{more}. It loads with an empty search_path. Give the functions one of their"
            f" own (ALTER FUNCTION ... SET search_path = ...){way}."
        )


__all__ = ("unreachable", "warning")
