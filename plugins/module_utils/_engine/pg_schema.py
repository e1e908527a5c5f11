# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what a schema is made of, read from the catalogs (PostgreSQL manual, chapter "System Catalogs").

Structure is compared exactly, from attributes in the catalogs, and expressions by their normalised text. Objects of
extensions and system objects are left out: an extension is one object. search_path must be pg_catalog, so that names
are qualified. The queries read catalogs only, and nothing that they call runs or plans what users have written.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import (
    pg_comments,
    pg_members,
    pg_objects,
    pg_rare,
    pg_relations,
    pg_subscriptions,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_catalogs import USER_SCHEMA, not_extension
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import query
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_expressions import is_null, normalised
from ansible_collections.vya.backupdb.plugins.module_utils._engine.schema import VERSION_OF, fingerprint, merged
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import SchemaObject
from ansible_collections.vya.backupdb.plugins.module_utils._names import readable

# Kinds that a restore without owners and grants is not compared by.
OWNERSHIP = ("owner ", "grants ", "default grants ")
TABLESPACE = "tablespace of "
# What dumps of servers before PostgreSQL 15, where everybody could create objects in it, take for granted.
_PUBLIC = "schema public"
_AT_ONCE = 100


class Schema(t.NamedTuple):
    """Fingerprints of all objects, and by their names the texts and what the expressions are about."""

    objects: tuple[SchemaObject, ...]
    texts: dict[str, str]
    contexts: dict[str, str]


def read_schema(connection: t.Any, *, stage: str) -> Schema:
    """Everything in the connection's database."""
    objects: dict[str, SchemaObject] = {}
    texts: dict[str, str] = {}
    contexts: dict[str, str] = {}
    for sql in _queries(connection.server_version // 10000):
        for kind, identity, portable, bound, expression, context, shown, owner, acl in query(
            connection, sql, stage=stage
        ):
            name = readable(f"{kind} {identity}")
            text = expression or ""
            if kind == "default" and not portable and is_null(text):
                # As good as none. Dumps set it where a parent has a default, and it stays where the type has a length.
                continue
            # An extension's version is told as it is; it is nothing to be read again.
            normal = "" if name.startswith(VERSION_OF) else normalised(text)
            one = fingerprint(name, bound or "", portable, expressions=normal, printed=text)
            # None of the queries names an object as another does. If one ever did, none of the two would be lost.
            objects[name] = merged(objects[name], one) if name in objects else one
            if expression or shown:
                texts[name] = readable(expression or shown)
            if expression and context:
                contexts[name] = context
            if owner is not None:
                objects[f"owner {name}"] = fingerprint(f"owner {name}", "", _portable(name, owner))
            if acl is not None:
                whole, known = acl
                objects[f"grants {name}"] = fingerprint(f"grants {name}", whole, _portable(name, known))
    return Schema(tuple(objects[name] for name in sorted(objects)), texts, contexts)


def _portable(name: str, text: str) -> str | None:
    return None if name == _PUBLIC else text


def _queries(version: int) -> t.Iterator[str]:
    yield pg_relations.relations(version)
    yield from pg_relations.parts_of_tables()
    yield from pg_relations.constraints(version)
    yield from pg_relations.indexes(version)
    yield from pg_objects.triggers(version)
    yield from pg_objects.functions(version)
    yield from pg_objects.types(version)
    yield from pg_objects.others(version)
    yield from pg_rare.rare(version)
    yield pg_comments.COMMENTS
    yield pg_subscriptions.SUBSCRIPTIONS
    yield from pg_members.of_extensions()


def read_roles(objects_connection: t.Any, *, stage: str) -> list[str]:
    """Roles that own or may use something in this database: a restore needs them. Ordered by name."""
    sql = f"""
    SELECT DISTINCT r FROM (
      SELECT pg_get_userbyid(d.refobjid) FROM pg_shdepend d
       WHERE d.refclassid = 'pg_authid'::regclass
         AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND d.deptype IN ('o', 'a', 'r', 'i')
      UNION SELECT pg_get_userbyid(n.nspowner) FROM pg_namespace n WHERE {USER_SCHEMA}
      UNION SELECT pg_get_userbyid(c.relowner) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {USER_SCHEMA}) s(r) WHERE r NOT LIKE 'unknown (OID%%' AND r !~ '^pg_' ORDER BY 1"""
    return [row[0] for row in query(objects_connection, sql.replace("%%", "%"), stage=stage)]


def read_owners(connection: t.Any, *, stage: str) -> list[str]:
    """Roles that a restore makes owners of something in this database. Ordered by name."""
    sql = f"""
    SELECT DISTINCT pg_get_userbyid(o) FROM (
      SELECT c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE {USER_SCHEMA} AND {not_extension("pg_class", "c.oid")}
      UNION SELECT p.proowner FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
       WHERE {USER_SCHEMA} AND {not_extension("pg_proc", "p.oid")}
      UNION SELECT y.typowner FROM pg_type y JOIN pg_namespace n ON n.oid = y.typnamespace
       WHERE {USER_SCHEMA} AND {not_extension("pg_type", "y.oid")}
      UNION SELECT n.nspowner FROM pg_namespace n
       WHERE {USER_SCHEMA} AND n.nspname <> 'public' AND {not_extension("pg_namespace", "n.oid")}
      UNION SELECT m.lomowner FROM pg_largeobject_metadata m) s(o)
    WHERE pg_get_userbyid(o) !~ '^pg_' ORDER BY 1"""
    return [row[0] for row in query(connection, sql, stage=stage)]


def analyze(connection: t.Any, *, stage: str) -> None:
    """Statistics for the planner, of all tables but the catalogs, which the server's own upkeep covers. Partitions come
    with the table that they belong to."""
    sql = f"""SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition AND {USER_SCHEMA} ORDER BY 1"""
    tables = [row[0] for row in query(connection, sql, stage=stage)]
    for begin in range(0, len(tables), _AT_ONCE):
        query(connection, f"ANALYZE {', '.join(tables[begin : begin + _AT_ONCE])}", stage=stage)


__all__ = (
    "OWNERSHIP",
    "TABLESPACE",
    "USER_SCHEMA",
    "Schema",
    "analyze",
    "not_extension",
    "read_owners",
    "read_roles",
    "read_schema",
)
