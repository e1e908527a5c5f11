# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: the accounts that own code, on servers that may not have them.

Code whose definer is missing is created all the same, but runs for nobody (error 1449), and a view that reads such a
view cannot even be created. In a scratch database the account that restores therefore takes the place of a missing
one. In the target all views are created like that first; then each gets its own definer, the outermost first.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_script
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Server
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_rights import Rights
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import Word, literal, quote, split
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError, PrivilegeError

_CURRENT = "CURRENT_USER"
_SHOWN = 20
_HEAD = 400
Account = tuple[str, str]


def _place(words: t.Sequence[Word]) -> tuple[int, int, Account] | None:
    """(begin, end, account) of the definer's name in a CREATE statement."""
    for at, word in enumerate(words):
        if word.kind == "word" and word.text.upper() == "DEFINER" and words[at + 1 : at + 2] == [Word("other", "=")]:
            user, host, end = _name(words[at + 2]), "", at + 3
            if words[end : end + 1] == [Word("other", "@")]:
                host, end = _name(words[end + 1]), end + 2
            return at + 2, end, (user, host)
        if word.kind == "word" and word.text.upper() in (
            "VIEW",
            "TRIGGER",
            "FUNCTION",
            "PROCEDURE",
            "EVENT",
            "PACKAGE",
        ):
            break
    return None


def _name(word: Word) -> str:
    return word.name if word.name is not None else word.text[1:-1]


def definer(text: str, sql_mode: str = "") -> Account | None:
    """(user, host) that a CREATE statement names; a role of MariaDB has no host."""
    found = _place(split(text, sql_mode))
    return found[2] if found else None


def owners(script: bytes) -> dict[tuple[str, str], Account]:
    """Who owns each (kind, name) that a script of definitions creates."""
    found = {}
    for statement in my_script.read(script):
        made = my_script.created(statement.text, statement.sql_mode)
        account = definer(statement.text, statement.sql_mode) if made else None
        if made and account:
            found[_kind(statement.text, made[0]), made[1]] = account
    return found


def _kind(text: str, kind: str) -> str:
    """As a definition's kind: the body of a package is an object of its own."""
    return "package body" if kind == "package" and re.search(r"\bPACKAGE BODY\b", text[:_HEAD], re.I) else kind


def replaced(text: str, sql_mode: str, account: Account | None) -> str:
    """A CREATE statement with another definer; None for the account that runs it."""
    words = split(text, sql_mode)
    found = _place(words)
    if found is None:
        return text
    begin, end, _account = found
    name = _CURRENT if account is None else shown(account)
    return "".join([*(word.text for word in words[:begin]), name, *(word.text for word in words[end:])])


def shown(account: Account) -> str:
    """The account as a statement names it."""
    user, host = account
    return f"{quote(user)}@{quote(host)}" if host else quote(user)


def missing(connection: t.Any, accounts: t.Iterable[Account]) -> frozenset[Account]:
    """Those of the accounts that the server does not have; none where the login may not see accounts."""
    wanted = set(accounts)
    if not wanted:
        return frozenset()
    try:
        rows = execute(connection, "SELECT User, Host FROM mysql.user", stage="preflight")
    except EngineError:
        return frozenset()
    there = {(_text(user), _text(host).lower()) for user, host in rows}
    return frozenset(item for item in wanted if (item[0], item[1].lower()) not in there)


def any_missing(connection: t.Any, database: str) -> bool:
    """Whether views or functions of a database belong to accounts that are not there."""
    schema = literal(database)
    sql = (
        f"SELECT definer FROM information_schema.views WHERE table_schema = {schema} UNION"
        f" SELECT definer FROM information_schema.routines WHERE routine_schema = {schema}"
    )
    split_up = (_text(row[0]).rpartition("@") for row in execute(connection, sql, stage="swap"))
    return bool(missing(connection, [(user, host) if at else (host, "") for user, at, host in split_up]))


def _text(value: t.Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def listed(accounts: t.Iterable[Account]) -> str:
    """Their names in words."""
    names = sorted(shown(item) for item in accounts)
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def check(connection: t.Any, server: Server, absent: frozenset[Account]) -> None:
    """PrivilegeError where the server lets this login create no code of accounts that are not there."""
    if server.flavour != "mysql" or server.version < (8, 2):
        return
    rights = Rights(connection, stage="preflight")
    lacking = rights.lacks(("SET_ANY_DEFINER", "ALLOW_NONEXISTENT_DEFINER"))
    if lacking:
        raise PrivilegeError(
            f"The backup has code of accounts that this server does not have: {listed(absent)}; the account"
            f" {rights.account} may not create it: it lacks {', '.join(lacking)}.",
            hint="Restore with globals=true, create these accounts first, or, as an administrator:"
            f" {rights.grant(lacking)}",
        )


__all__ = ("Account", "any_missing", "check", "definer", "listed", "missing", "owners", "replaced", "shown")
