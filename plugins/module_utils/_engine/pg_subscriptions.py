# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: subscriptions. A dump has all of them, or none when it was not a superuser who made it."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_catalogs import row
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import query
from ansible_collections.vya.backupdb.plugins.module_utils._engine.schema import NOT_CARRIED
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import SchemaObject, Uncovered
from ansible_collections.vya.backupdb.plugins.module_utils._names import readable

_SOURCE = "pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
# Of columns that everybody may read: where a publisher is may hold a password. Whether it is enabled is not compared,
# since each one is restored disabled, lest two databases follow one slot.
_STRUCTURE = """concat_ws(' ', 'slot ' || quote_ident(s.subslotname), 'publications ' || (SELECT
  string_agg(quote_ident(p), ',' ORDER BY p COLLATE "C") FROM unnest(s.subpublications) p))"""
_ROW = row(
    "'subscription'", "quote_ident(s.subname)", _STRUCTURE, shown=_STRUCTURE, owner="pg_get_userbyid(s.subowner)"
)
SUBSCRIPTIONS = f"SELECT {_ROW} FROM {_SOURCE}"
_SUPERUSER = "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
_LOST = f"SELECT 'subscription ' || quote_ident(s.subname) FROM {_SOURCE} AND NOT {_SUPERUSER} ORDER BY 1"
_ENABLED = f"""SELECT 'that the subscription ' || quote_ident(s.subname) || ' is enabled' FROM {_SOURCE}
  AND s.subenabled AND {_SUPERUSER} ORDER BY 1"""
_WHY = "pg_dump dumps subscriptions for superusers only; keep the statements that make them"
_DISABLED = (
    "pg_dump has all disabled: enable them, by ALTER SUBSCRIPTION ... ENABLE, once no other database uses their slots"
)


def lost(connection: t.Any, *, stage: str) -> tuple[Uncovered, ...]:
    """Those that a dump of this account does not have."""
    return tuple(Uncovered(NOT_CARRIED, readable(row[0]), None, _WHY) for row in query(connection, _LOST, stage=stage))


def enabled(connection: t.Any, *, stage: str) -> tuple[Uncovered, ...]:
    """What is to be done after a restore, and is nothing that a backup lacks."""
    rows = query(connection, _ENABLED, stage=stage)
    return tuple(Uncovered(NOT_CARRIED, readable(row[0]), None, _DISABLED) for row in rows)


def without(objects: t.Iterable[SchemaObject], absent: t.Iterable[Uncovered]) -> tuple[SchemaObject, ...]:
    """The objects of a schema that a dump has."""
    names = {f"{prefix}{item.name}" for item in absent for prefix in ("", "owner ", "comment ")}
    return tuple(item for item in objects if item.name not in names)


__all__ = ("SUBSCRIPTIONS", "enabled", "lost", "without")
