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
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import literal, split
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    BackupError,
    ConfigError,
    EngineError,
    PrivilegeError,
)

_STAGE = "account"
# RELOAD is for exact row counts, REPLICATION CLIENT for the position in the binary log.
_BACKUP = ("EVENT", "RELOAD", "REPLICATION CLIENT", "SELECT", "SHOW VIEW", "TRIGGER")
_OTHER_NAMES = {"BINLOG MONITOR": "REPLICATION CLIENT"}
_DENIED = (1045, 1698)
_GRANTABLE = "GRANT OPTION"
# Plugins of which a password is set here, by flavour; MariaDB's oldest accounts name none.
_PLUGINS = {
    "mariadb": ("", "mysql_native_password"),
    "mysql": ("caching_sha2_password", "sha256_password", "mysql_native_password"),
}
_TAKES_PASSWORD = ("ed25519", "parsec", "mysql_old_password")
Login = t.Callable[[], t.Any]


def examine(
    connection: t.Any, server: Server, account: tuple[str, str], password: str, purposes: t.Sequence[str], log_in: Login
) -> AccountState:
    """What there is and what is to be done. ``log_in``: connects as the account, to see whether its password fits."""
    name = f"{literal(account[0])}@{literal(account[1])}"
    plugin, empty = _authentication(connection, server, account)
    exists = plugin is not None
    if not password and (empty or not exists):
        raise ConfigError(
            f"The account {name} {'has no' if exists else 'would be made without a'} password: everybody could log in.",
            hint="Give password, or make the account by hand with a plugin such as unix_socket or auth_socket.",
        )
    held = _privileges(connection, account) if exists else set()
    needed = _privileges(connection, current_account(connection)) if "restore" in purposes else set(_BACKUP)
    statements: list[Statement] = []
    warnings: list[str] = []
    if plugin is None:
        statements.append(_identified(f"CREATE USER {name}", server, password))
    elif password:
        fits = False if empty else _password_fits(connection, account, log_in)
        if fits is None:
            warnings.append(f"The password of {name} is left as it is: that account cannot log in from here.")
        elif not fits:
            _check_plugin(name, server, plugin)
            statements.append(_identified(f"ALTER USER {name}", server, password, plugin))
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


def current_account(connection: t.Any) -> tuple[str, str]:
    """Name and host of the account that the server takes the login for, wherever the name came from."""
    sql = "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1), SUBSTRING_INDEX(CURRENT_USER(), '@', -1)"
    user, host = _query(connection, sql)[0]
    return str(user), str(host)


def _authentication(connection: t.Any, server: Server, account: tuple[str, str]) -> tuple[str | None, bool]:
    """The account's plugin, None when there is no such account; and whether it lets in without a password."""
    # Before MariaDB 10.4 the hash is in a column of its own.
    stored = "CONCAT(Password, authentication_string)" if server.flavour == "mariadb" else "authentication_string"
    where = f"User = {literal(account[0])} AND Host = {literal(account[1])}"
    rows = _query(connection, f"SELECT COALESCE(plugin, ''), COALESCE({stored}, '') = '' FROM mysql.user WHERE {where}")
    if not rows:
        return None, False
    plugin = str(rows[0][0])
    if server.flavour == "mariadb":
        shown = str(_query(connection, f"SHOW CREATE USER {literal(account[0])}@{literal(account[1])}")[0][0])
        if any(word.kind == "word" and word.text == "OR" for word in split(shown)):
            return "several plugins", False
    return plugin, bool(rows[0][1]) and plugin in (*_PLUGINS[server.flavour], *_TAKES_PASSWORD)


def _check_plugin(name: str, server: Server, plugin: str) -> None:
    """ConfigError for an account that a password would make another kind of account."""
    if plugin not in _PLUGINS[server.flavour]:
        raise ConfigError(
            f"The account {name} logs in by {plugin}, and this password does not let it in. Its plugin is not changed"
            " here.",
            hint="Leave out password, set it by hand, or give the account another name.",
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


def _identified(head: str, server: Server, password: str, plugin: str = "") -> Statement:
    """With the hash where the server takes it: MariaDB writes statements to its logs as they come. The backslashes are
    right since a connection's sql_mode is empty."""
    told = f"{head} IDENTIFIED BY '***'"
    if server.flavour == "mariadb":
        digest = _sha1(_sha1(password.encode())).hex().upper()
        return Statement(f"{head} IDENTIFIED BY PASSWORD '*{digest}'", told, digest)
    escaped = password.replace("\\", "\\\\").replace("'", "''")
    by = f"WITH {plugin} BY" if plugin else "BY"
    return Statement(f"{head} IDENTIFIED {by} '{escaped}'", told, escaped)


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


__all__ = ("current_account", "examine")
