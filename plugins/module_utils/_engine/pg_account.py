# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: the role that backs up or restores, what it has, and the statements that give it what it lacks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.account import AccountState, Statement
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import literal, query, quote
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError, EngineError, PrivilegeError

_STAGE = "account"
_READ_ALL = "pg_read_all_data"
# BYPASSRLS: pg_dump refuses a table with row security otherwise.
_NEEDED = {"backup": ("BYPASSRLS", _READ_ALL), "restore": ("CREATEDB",)}
_ATTRIBUTES = {
    "BYPASSRLS": "rolbypassrls",
    "CREATEDB": "rolcreatedb",
    "SUPERUSER": "rolsuper",
    "CREATEROLE": "rolcreaterole",
    "REPLICATION": "rolreplication",
}
_CLOSED = """
SELECT d.datname FROM pg_database d WHERE d.datallowconn AND NOT EXISTS (
  SELECT 1 FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a WHERE a.privilege_type = 'CONNECT'
  AND (a.grantee = 0 OR a.grantee = (SELECT oid FROM pg_roles WHERE rolname = %s))) ORDER BY 1"""
_MEMBER_OF = """
SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member
WHERE u.rolname = %s AND pg_has_role(u.oid, r.oid, 'USAGE')"""


def examine(connection: t.Any, version: int, name: str, password: str, purposes: t.Sequence[str]) -> AccountState:
    """What there is and what is to be done. ConfigError on servers that know no role which reads everything."""
    if "backup" in purposes and version < 14:
        raise ConfigError(
            f"PostgreSQL {version} has no role {_READ_ALL}: no account but a superuser reads everything.",
            hint="Use the superuser, or grant SELECT on the tables of each schema by hand.",
        )
    needed = [item for purpose in purposes for item in _NEEDED[purpose]]
    found, stored = _role(connection, name)
    held = set(found or ())
    statements: list[Statement] = []
    missing = [item for item in needed if item not in held]
    attributes = [item for item in missing if item in _ATTRIBUTES]
    if found is None:
        statements.append(_create(connection, name, password, attributes))
    else:
        if attributes:
            statements.append(Statement(f"ALTER ROLE {quote(name)} {' '.join(attributes)}"))
        if "LOGIN" not in held:
            statements.append(Statement(f"ALTER ROLE {quote(name)} LOGIN"))
        if password and not _fits(stored, password, name):
            statements.append(_with_password(f"ALTER ROLE {quote(name)}", connection, password, name))
    if _READ_ALL in missing:
        statements += [Statement(sql) for sql in _reading(connection, version, name, found is not None)]
    closed = (
        [] if "backup" not in purposes or "SUPERUSER" in held else query(connection, _CLOSED, (name,), stage=_STAGE)
    )
    connects = [f"CONNECT ON DATABASE {quote(str(row[0]))}" for row in closed]
    statements += [Statement(f"GRANT {item} TO {quote(name)}") for item in connects]
    excess = sorted(held.difference(needed, ("LOGIN",)))
    after = sorted(held.union(needed, ("LOGIN",), connects))
    warnings = _expired(connection, name)
    return AccountState(
        found is not None, tuple(statements), tuple(sorted(held)), tuple(after), tuple(excess), tuple(warnings)
    )


def _reading(connection: t.Any, version: int, name: str, exists: bool) -> t.Iterator[str]:
    """A role that does not inherit has a membership, but not what it gives."""
    sql = "SELECT 1 FROM pg_roles WHERE rolname = %s AND NOT rolinherit"
    if exists and version < 16 and query(connection, sql, (name,), stage=_STAGE):
        yield f"ALTER ROLE {quote(name)} INHERIT"
    yield f"GRANT {_READ_ALL} TO {quote(name)}" + (" WITH INHERIT TRUE" if exists and version >= 16 else "")


def _expired(connection: t.Any, name: str) -> list[str]:
    sql = "SELECT rolvaliduntil::text FROM pg_roles WHERE rolname = %s AND rolvaliduntil < now()"
    rows = query(connection, sql, (name,), stage=_STAGE)
    return [
        f"The password of {name} has expired ({row[0]}): it cannot log in with it. Run: ALTER ROLE {quote(name)}"
        " VALID UNTIL 'infinity'"
        for row in rows
    ]


def _role(connection: t.Any, name: str) -> tuple[list[str] | None, str]:
    """Attributes and memberships, None when there is no such role; and the stored password."""
    columns = ", ".join(_ATTRIBUTES.values())
    try:
        rows = query(
            connection,
            f"SELECT rolcanlogin, rolpassword, {columns} FROM pg_authid WHERE rolname = %s",
            (name,),
            stage=_STAGE,
        )
    except EngineError as exc:
        raise PrivilegeError(
            "Only a superuser may see and change what a role may do.",
            hint="Log in as postgres: login_user, or become_user through the socket.",
        ) from exc
    if not rows:
        return None, ""
    held = [attribute for attribute, value in zip(_ATTRIBUTES, rows[0][2:]) if value]
    held += ["LOGIN"] if rows[0][0] else []
    held += [str(row[0]) for row in query(connection, _MEMBER_OF, (name,), stage=_STAGE)]
    return held, rows[0][1] or ""


def _create(connection: t.Any, name: str, password: str, attributes: t.Sequence[str]) -> Statement:
    head = " ".join([f"CREATE ROLE {quote(name)} LOGIN", *attributes])
    if not password:
        return Statement(head)
    return _with_password(head, connection, password, name)


def _with_password(head: str, connection: t.Any, password: str, name: str) -> Statement:
    hashed = _hashed(connection, password, name)
    return Statement(f"{head} PASSWORD {literal(hashed)}", f"{head} PASSWORD '***'", hashed)


def _hashed(connection: t.Any, password: str, name: str) -> str:
    """What the server stores, made here: a password in a statement would be written to the server's log."""
    from psycopg2.extensions import encrypt_password

    return str(encrypt_password(password, name, scope=connection))


def _fits(stored: str, password: str, name: str) -> bool:
    """Whether a stored password is this one (RFC 5802, RFC 7677; PostgreSQL 53.3)."""
    if stored.startswith("md5"):
        made = hashlib.md5((password + name).encode(), usedforsecurity=False).hexdigest()
        return hmac.compare_digest(stored, f"md5{made}")
    match = re.fullmatch(r"SCRAM-SHA-256\$([0-9]+):([^$]+)\$([^:]+):(.+)", stored)
    if not match:
        return False
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(match.group(2)), int(match.group(1)))
    key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return hmac.compare_digest(base64.b64encode(key).decode(), match.group(3))


__all__ = ("examine",)
