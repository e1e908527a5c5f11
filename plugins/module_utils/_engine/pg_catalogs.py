# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: pieces of the queries that read a schema from the catalogs.

Names are compared, never numbers or what an object remembers of its past. What has no order (options, grants) is
sorted. A query that is built for a major version asks only for columns that this version has.
"""

from __future__ import annotations

USER_SCHEMA = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
# Between two pieces of a context, which are SQL.
SEPARATOR = r"E'\x1f'"
# What each query yields. The object is named "kind identity"; ``portable``: its structure, NULL when the object may
# come or go with the server's version; ``bound``: structure that only servers of one version share; ``expression``: as
# the server prints it; ``context``: what the expression is about (see pg_judge); ``shown``: text for messages where
# there is no expression; ``acl``: all grants, and those that every version knows.
COLUMNS = ("kind", "identity", "portable", "bound", "expression", "context", "shown", "owner", "acl")


def row(kind: str, identity: str, portable: str, **others: str) -> str:
    """The columns of one query, in their order."""
    given = {"kind": kind, "identity": identity, "portable": portable, **others}
    unknown = given.keys() - set(COLUMNS)
    if unknown:
        raise ValueError(f"A query has no columns {sorted(unknown)}.")
    return ", ".join(f"({given.get(name, 'NULL')}){_TYPE.get(name, '::text')} AS {name}" for name in COLUMNS)


_TYPE = {"acl": "::text[]"}


def not_extension(catalog: str, oid: str) -> str:
    """Whether an object belongs to no extension."""
    return (
        "NOT EXISTS (SELECT 1 FROM pg_depend dx WHERE dx.deptype = 'e'"
        f" AND dx.classid = '{catalog}'::regclass AND dx.objid = {oid})"
    )


def acl(column: str, kind: str, owner: str, more: str = "") -> str:
    """Grants in an order of their own, where they are others than the kind's default; once as this version knows them,
    once as every version does. ``more``: text that belongs to them. MAINTAIN came with PostgreSQL 17, where GRANT ALL
    includes it."""
    default = f"acldefault('{kind}', {owner})"
    given = f"coalesce({column}, {default})"
    everything, known = _grants(given, more), _grants(given, more, "a.privilege_type <> 'MAINTAIN'")
    # Most objects have none of their own, and need no fingerprint of them.
    nothing = f"{column} IS NULL" + (f" AND ({more}) IS NULL" if more else "")
    return f"CASE WHEN {nothing} OR {everything} = {_grants(default)} THEN NULL ELSE ARRAY[{everything}, {known}] END"


def _grants(column: str, more: str = "", condition: str = "true") -> str:
    return (
        f"(coalesce((SELECT string_agg(x, ',' ORDER BY x COLLATE \"C\") FROM (SELECT DISTINCT {grant('a')}"
        f" FROM aclexplode({column}) a WHERE {condition}) s(x)), '') || coalesce({more or 'NULL'}, ''))"
    )


def grant(alias: str) -> str:
    """One grant in words: who, what, and whether it may be passed on. Who granted it is not kept by every restore."""
    return (
        f"CASE WHEN {alias}.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid({alias}.grantee)) END"
        f" || '=' || {alias}.privilege_type || CASE WHEN {alias}.is_grantable THEN '*' ELSE '' END"
    )


def options(column: str) -> str:
    """Options as a set. pg_attver is a server's own (seen in 15.20 and 17.12): another number each time a table is
    made, and not in dumps."""
    return f"(SELECT string_agg(o, ',' ORDER BY o COLLATE \"C\") FROM unnest({column}) o WHERE o !~ '^pg_attver=')"


def columns(table: str, numbers: str) -> str:
    """Names of columns in the order of an array of their numbers."""
    return (
        "(SELECT string_agg(quote_ident(ca.attname), ',' ORDER BY cu.i) FROM"
        f" unnest({numbers}) WITH ORDINALITY cu(n, i) JOIN pg_attribute ca ON ca.attrelid = {table}"
        " AND ca.attnum = cu.n)"
    )


def name_of(catalog: str, prefix: str, oid: str) -> str:
    """The qualified name of an object of a catalog whose columns begin with a prefix."""
    return (
        f"(SELECT quote_ident(qn.nspname) || '.' || quote_ident(q.{prefix}name) FROM {catalog} q"
        f" JOIN pg_namespace qn ON qn.oid = q.{prefix}namespace WHERE q.oid = {oid})"
    )


def copied_trigger(oid: str) -> str:
    """Whether a trigger is the copy that a partition has of its table's."""
    return (
        "EXISTS (SELECT 1 FROM pg_depend dt WHERE dt.classid = 'pg_trigger'::regclass"
        f" AND dt.objid = {oid} AND dt.refclassid = 'pg_trigger'::regclass)"
    )


def derived_key(key: str) -> str:
    """Whether a row of pg_constraint is a foreign key that a partition has from a table above it, or one of its own
    that is the same: when the partition is attached again, the server takes that one for its copy."""
    same = (
        *("confrelid", "confkey", "confupdtype", "confdeltype", "confmatchtype", "condeferrable", "condeferred"),
        *("contype",),
    )
    alike = " AND ".join(f"above.{name} = {key}.{name}" for name in same)
    return (
        f"({key}.contype = 'f' AND ({key}.conparentid <> 0 OR EXISTS (SELECT 1 FROM"
        f" pg_partition_ancestors({key}.conrelid) ancestor JOIN pg_constraint above ON above.conrelid = ancestor.relid"
        f" WHERE ancestor.relid <> {key}.conrelid AND {alike}"
        f" AND {columns('above.conrelid', 'above.conkey')} = {columns(f'{key}.conrelid', f'{key}.conkey')})))"
    )


__all__ = (
    "COLUMNS",
    "SEPARATOR",
    "USER_SCHEMA",
    "acl",
    "columns",
    "copied_trigger",
    "derived_key",
    "grant",
    "name_of",
    "not_extension",
    "options",
    "row",
)
