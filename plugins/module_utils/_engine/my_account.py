# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: the account that backs up or restores, what it has, and what gives it what it lacks."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.account import AccountState, Statement
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Server
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import error_number, execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import literal
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, EngineError, PrivilegeError

_STAGE = "account"
# RELOAD is for exact row counts, REPLICATION CLIENT for the position in the binary log.
_BACKUP = ("EVENT", "RELOAD", "REPLICATION CLIENT", "SELECT", "SHOW VIEW", "TRIGGER")
_OTHER_NAMES = {"BINLOG MONITOR": "REPLICATION CLIENT"}
_DENIED = (1045, 1698)
_GRANTABLE = "GRANT OPTION"
Login = t.Callable[[], t.Any]


def examine(
    connection: t.Any, server: Server, account: tuple[str, str], password: str, purposes: t.Sequence[str], log_in: Login
) -> AccountState:
    """What there is and what is to be done. ``log_in``: connects as the account, to see whether its password fits."""
    name = f"{literal(account[0])}@{literal(account[1])}"
    exists = bool(
        _query(
            connection, f"SELECT 1 FROM mysql.user WHERE User = {literal(account[0])} AND Host = {literal(account[1])}"
        )
    )
    held = _privileges(connection, account) if exists else set()
    mine = "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1), SUBSTRING_INDEX(CURRENT_USER(), '@', -1)"
    needed = _privileges(connection, _query(connection, mine)[0]) if "restore" in purposes else set(_BACKUP)
    statements: list[Statement] = []
    warnings: list[str] = []
    if not exists:
        statements.append(_identified(f"CREATE USER {name}", server, password))
    elif password:
        fits = _password_fits(connection, account, log_in)
        if fits is None:
            warnings.append(f"The password of {name} is left as it is: that account cannot log in from here.")
        elif not fits:
            statements.append(_identified(f"ALTER USER {name}", server, password))
    missing = sorted(needed - held)
    if missing and "restore" in purposes:
        # Definers of views, routines and events can be any account: a restore needs all there is.
        statements.append(Statement(f"GRANT ALL PRIVILEGES ON *.* TO {name} WITH GRANT OPTION"))
    elif missing:
        statements.append(Statement(f"GRANT {', '.join(missing)} ON *.* TO {name}"))
    excess = sorted(held - needed)
    return AccountState(
        exists, tuple(statements), tuple(sorted(held)), tuple(sorted(held | needed)), tuple(excess), tuple(warnings)
    )


def _query(connection: t.Any, sql: str) -> list[tuple[t.Any, ...]]:
    try:
        return execute(connection, sql, stage=_STAGE)
    except EngineError as exc:
        if error_number(exc) in (1142, 1044, 1227):
            raise PrivilegeError(
                "The login may not see the accounts of the server.",
                hint="Log in as an administrator: login_user root, or become root for the login through the socket.",
            ) from exc
        raise


def _privileges(connection: t.Any, account: t.Sequence[str]) -> set[str]:
    """The privileges on all of the server; GRANT OPTION is one of them."""
    grantee = literal(f"'{account[0]}'@'{account[1]}'")
    sql = f"SELECT PRIVILEGE_TYPE, IS_GRANTABLE FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = {grantee}"
    rows = [(str(privilege), str(grantable)) for privilege, grantable in _query(connection, sql)]
    held = {_OTHER_NAMES.get(privilege, privilege) for privilege, _grantable in rows if privilege != "USAGE"}
    return held | ({_GRANTABLE} if any(grantable == "YES" for _privilege, grantable in rows) else set())


def _identified(head: str, server: Server, password: str) -> Statement:
    """With the hash where the server takes it: MariaDB writes statements to its logs as they come."""
    if not password:
        return Statement(head)
    told = f"{head} IDENTIFIED BY '***'"
    if server.flavour == "mariadb":
        digest = _sha1(_sha1(password.encode())).hex().upper()
        return Statement(f"{head} IDENTIFIED BY PASSWORD '*{digest}'", told)
    escaped = password.replace("\\", "\\\\").replace("'", "''")
    return Statement(f"{head} IDENTIFIED BY '{escaped}'", told)


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _password_fits(connection: t.Any, account: tuple[str, str], log_in: Login) -> bool | None:
    """None when it cannot be told, since a login from here would be to another account."""
    here = _query(connection, "SELECT SUBSTRING_INDEX(USER(), '@', -1)")[0][0]
    try:
        own = log_in()
    except BackupError as exc:
        told = error_number(exc) in _DENIED
        return False if told and account[1] in (str(here), "%") else None
    try:
        user = str(execute(own, "SELECT CURRENT_USER()", stage=_STAGE)[0][0])
        return True if user == "@".join(account) else None
    finally:
        own.close()


__all__ = ("examine",)
