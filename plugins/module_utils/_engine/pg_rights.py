# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what an account lacks to read a database or to restore one, with the least that mends it.

Tried on 15 and 18: pg_read_all_data reads tables, sequences and pg_authid, but neither large objects of others nor,
without BYPASSRLS, tables with row security. Only a superuser reads subscriptions and the options of user mappings.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Missing
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_catalogs import USER_SCHEMA, not_extension
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import literal, query, quote
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError, PrivilegeError

READ_ALL = "pg_read_all_data"
_SET_OPTION_SINCE = 16
SUBSCRIPTIONS, MAPPINGS = "subscriptions", "options of user mappings"
_NAMED = 5
_OBJECTS_NAMED = 20
# What pg_dump locks or reads. A member of an extension is not dumped.
_RELATIONS = f"""
SELECT n.nspname, c.relname, c.relkind::text, row_security_active(c.oid),
  has_schema_privilege(n.oid, 'USAGE') AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'SELECT')
    ELSE has_table_privilege(c.oid, 'SELECT') END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't' AND {USER_SCHEMA}
  AND {not_extension("pg_class", "c.oid")} ORDER BY 1, 2"""
# Versions before 18 have no function that tells.
_LARGE_OBJECTS = """
SELECT m.oid FROM pg_largeobject_metadata m
WHERE NOT (current_setting('lo_compat_privileges')::bool OR pg_has_role(m.lomowner, 'USAGE')
  OR EXISTS (SELECT 1 FROM aclexplode(m.lomacl) a WHERE a.privilege_type = 'SELECT'
             AND CASE WHEN a.grantee = 0 THEN true ELSE pg_has_role(a.grantee, 'USAGE') END))
ORDER BY 1"""
_SUBSCRIPTIONS = """
SELECT 1 FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = current_database() LIMIT 1"""
# The view tells no difference between options that are hidden and none; who may read the table knows.
_MAPPINGS = "SELECT 1 FROM pg_user_mappings WHERE umoptions IS NULL LIMIT 1"
_MAPPINGS_EXACTLY = """
SELECT 1 FROM pg_user_mappings v JOIN pg_user_mapping m ON m.oid = v.umid
WHERE v.umoptions IS NULL AND m.umoptions IS NOT NULL LIMIT 1"""


@dataclasses.dataclass(frozen=True)
class Account:
    """Who is logged in. ``reads_all``: the membership in pg_read_all_data (None: there is no such role; with
    ``inherits`` false: a membership whose rights are not inherited); ``version``: the server's, its first number."""

    name: str
    superuser: bool
    reads_all: bool | None
    inherits: bool
    version: int

    @property
    def quoted(self) -> str:
        """The name as an identifier."""
        return quote(self.name)


@dataclasses.dataclass(frozen=True)
class Lacks:
    """What may not be read of one database: relations as (schema, name), oids of large objects, kinds of secrets."""

    row_security: tuple[tuple[str, str], ...] = ()
    relations: tuple[tuple[str, str], ...] = ()
    large_objects: tuple[int, ...] = ()
    secrets: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether a dump would fail. Secrets are left out of it without an error."""
        return bool(self.row_security or self.relations or self.large_objects)


def account(connection: t.Any, version: int, *, stage: str) -> Account:
    """The account of a connection."""
    row = query(
        connection,
        "SELECT current_user, rolsuper, (SELECT oid FROM pg_roles WHERE rolname = 'pg_read_all_data')"
        " FROM pg_roles WHERE rolname = current_user",
        stage=stage,
    )[0]
    reads_all, inherits = None, True
    if row[2] is not None:
        sql = f"SELECT pg_has_role({int(row[2])}::oid, 'USAGE'), pg_has_role({int(row[2])}::oid, 'MEMBER')"
        reads_all, member = query(connection, sql, stage=stage)[0]
        inherits = bool(reads_all or not member)
    return Account(str(row[0]), bool(row[1]), reads_all, inherits, version)


def lacks(connection: t.Any, who: Account, *, stage: str, tables_only: bool = False) -> Lacks:
    """What the account may not read in the connection's database. ``tables_only``: the dump may leave the rest out."""
    if who.superuser:
        return Lacks()
    rows = query(connection, _RELATIONS, stage=stage)
    if tables_only:
        rows = [row for row in rows if row[2] == "r"]
    large = () if tables_only else tuple(int(row[0]) for row in query(connection, _LARGE_OBJECTS, stage=stage))
    return Lacks(
        # Rows are read from the partitions, each with policies of its own.
        row_security=tuple((row[0], row[1]) for row in rows if row[3] and row[2] == "r"),
        relations=tuple((row[0], row[1]) for row in rows if not row[4]),
        large_objects=large,
        secrets=tuple(_secrets(connection, stage)),
    )


def _secrets(connection: t.Any, stage: str) -> t.Iterator[str]:
    if query(connection, _SUBSCRIPTIONS, stage=stage):
        yield SUBSCRIPTIONS
    readable = query(connection, "SELECT has_table_privilege('pg_user_mapping', 'SELECT')", stage=stage)[0][0]
    if query(connection, _MAPPINGS_EXACTLY if readable else _MAPPINGS, stage=stage):
        yield MAPPINGS


def mends(who: Account, found: Lacks, database: str) -> list[Missing]:
    """The least that lets the account read it, each with the statement for a superuser."""
    out: list[Missing] = []
    if found.relations:
        out += _reading(who, found, database)
    if found.row_security:
        purpose = f"read tables with row security ({_listed(found.row_security)} in {database})"
        out.append(Missing("BYPASSRLS", purpose, f"ALTER ROLE {who.quoted} BYPASSRLS;"))
    if found.large_objects:
        out.append(_large_objects(who, found.large_objects, database))
    if found.secrets:
        purpose = f"{' and '.join(found.secrets)} in {database}, which pg_dump leaves out otherwise"
        out.append(Missing("SUPERUSER", purpose, f"ALTER ROLE {who.quoted} SUPERUSER;"))
    return out


def _reading(who: Account, found: Lacks, database: str) -> list[Missing]:
    purpose = f"read all tables and sequences ({_listed(found.relations)} in {database})"
    if who.reads_all is not None:
        if who.inherits:
            grant = f"GRANT {READ_ALL} TO {who.quoted};"
        elif who.version >= 16:
            grant = f"GRANT {READ_ALL} TO {who.quoted} WITH INHERIT TRUE;"
        else:
            grant = f"ALTER ROLE {who.quoted} INHERIT;"
        return [Missing(READ_ALL, purpose, grant)]
    schemas = ", ".join(quote(name) for name in sorted({schema for schema, _name in found.relations}))
    grants = (
        ("USAGE", f"GRANT USAGE ON SCHEMA {schemas} TO {who.quoted};"),
        ("SELECT", f"GRANT SELECT ON ALL TABLES IN SCHEMA {schemas} TO {who.quoted};"),
        ("SELECT", f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA {schemas} TO {who.quoted};"),
    )
    return [Missing(privilege, purpose, grant, database) for privilege, grant in grants]


def _large_objects(who: Account, oids: t.Sequence[int], database: str) -> Missing:
    later = "ALTER DEFAULT PRIVILEGES FOR ROLE ... GRANT SELECT ON LARGE OBJECTS" if who.version >= 18 else ""
    later = later or f"ALTER ROLE {who.quoted} SET lo_compat_privileges = on, which lets it write them too"
    purpose = f"read {len(oids)} large objects of others in {database}; for those to come: {later}"
    if len(oids) <= _OBJECTS_NAMED:
        grant = f"GRANT SELECT ON LARGE OBJECT {', '.join(str(oid) for oid in oids)} TO {who.quoted};"
    else:
        grant = (
            "DO $$ DECLARE o oid; BEGIN FOR o IN SELECT oid FROM pg_largeobject_metadata LOOP EXECUTE format("
            f"'GRANT SELECT ON LARGE OBJECT %s TO %I', o, {literal(who.name)}); END LOOP; END $$;"
        )
    return Missing("SELECT ON LARGE OBJECT", purpose, grant, database)


def _listed(relations: t.Sequence[tuple[str, str]]) -> str:
    names = [f"{schema}.{name}" for schema, name in relations[:_NAMED]]
    more = len(relations) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def check_readable(connection: t.Any, version: int, database: str, *, tables_only: bool = False) -> list[str]:
    """Refuse a dump that would fail half-way. PrivilegeError names what may not be read, who lacks what, and the
    statements that mend it. Returns warnings about what the dump will leave out."""
    who = account(connection, version, stage="preflight")
    found = lacks(connection, who, stage="preflight", tables_only=tables_only)
    if not found:
        return _left_out(found)
    told = []
    if found.row_security:
        told.append(f"row security hides rows of {_listed(found.row_security)} from it")
    if found.relations:
        told.append(f"it may not read {_listed(found.relations)}")
    if found.large_objects:
        oids = ", ".join(str(oid) for oid in found.large_objects[:_NAMED])
        more = len(found.large_objects) - _NAMED
        told.append(f"it may not read the large objects {oids}" + (f" and {more} more" if more > 0 else ""))
    needed = mends(who, dataclasses.replace(found, secrets=()), database)
    where = f" in {database!r}" if any(missing.database for missing in needed) else ""
    raise PrivilegeError(
        f"The role {who.name!r} cannot read everything in the database {database!r}: {'; '.join(told)}.",
        hint=f"As a superuser{where}: {' '.join(dict.fromkeys(missing.grant for missing in needed))}",
    )


def check_replaceable(connection: t.Any, who: Account, target: str) -> None:
    """ConfigError unless the account may rename and drop the database that is to be replaced."""
    sql = (
        "SELECT pg_get_userbyid(datdba), pg_has_role(datdba, 'USAGE') FROM pg_database"
        f" WHERE datname = {literal(target)}"
    )
    owner, may = query(connection, sql, stage="preflight")[0]
    if not may:
        raise ConfigError(
            f"The database {target!r} belongs to the role {owner!r}: the account {who.name!r} may not rename it, so it"
            " cannot replace it.",
            hint=f"As a superuser: {_membership(who, [owner])} Or restore under another name.",
        )


def check_owners(connection: t.Any, who: Account, owners: t.Iterable[str]) -> None:
    """ConfigError unless the account may make all these roles, which exist, owners of what it restores."""
    if who.superuser:
        return
    setting = " AND pg_has_role(oid, 'SET')" if who.version >= _SET_OPTION_SINCE else ""
    sql = f"SELECT rolname FROM pg_roles WHERE pg_has_role(oid, 'USAGE'){setting}"
    lacking = sorted({*owners} - {row[0] for row in query(connection, sql, stage="preflight")})
    if lacking:
        raise ConfigError(
            f"The account {who.name!r} may not make these roles owners of what it restores, since it is neither a"
            f" superuser nor a member of them: {', '.join(lacking)}.",
            hint=f"Set no_owner=true, and all belongs to the account. Or, as a superuser: {_membership(who, lacking)}",
        )


def _membership(who: Account, roles: t.Sequence[str]) -> str:
    options = " WITH INHERIT TRUE, SET TRUE" if who.version >= _SET_OPTION_SINCE else ""
    return f"GRANT {', '.join(quote(role) for role in roles)} TO {who.quoted}{options};"


def _left_out(found: Lacks) -> list[str]:
    """Subscriptions are not mentioned: pg_subscriptions names them."""
    if MAPPINGS not in found.secrets:
        return []
    return ["User mappings are in the backup without their options (passwords), which only a superuser may read."]


__all__ = (
    "MAPPINGS",
    "READ_ALL",
    "SUBSCRIPTIONS",
    "Account",
    "Lacks",
    "account",
    "check_owners",
    "check_readable",
    "check_replaceable",
    "lacks",
    "mends",
)
