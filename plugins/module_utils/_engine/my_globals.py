# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: accounts, roles and grants as statements that leave existing accounts as they are."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Server
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import error_number, execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import quote, split
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError

# Accounts that belong to the server or to the distribution; another server has its own.
_SYSTEM = ("mysql.sys", "mysql.session", "mysql.infoschema", "mariadb.sys", "debian-sys-maint")
# A grant is refused with these when its database, table, column or routine, or the grant it would change, is not there.
_NOT_THERE = (1049, 1054, 1141, 1146, 1147, 1305, 1403)
# To grant PROXY or a role one needs it with the option to grant it, which no other privilege includes.
_DENIED = 1698
_SHOWN = 200
_FAILURES = 5
# Numbers of the driver, between those of the servers: the connection is lost.
_CLIENT_ERRORS, _SERVER_AGAIN = 2000, 3000
_AFTER_ROLES = ("REQUIRE", "WITH", "PASSWORD", "ACCOUNT", "FAILED_LOGIN_ATTEMPTS", "COMMENT", "ATTRIBUTE")
_EXISTS = ("IF", "NOT", "EXISTS")


def _account(user: str, host: str) -> str:
    return f"{quote(user)}@{quote(host)}"


def account_statements(connection: t.Any, server: Server) -> list[str]:
    """CREATE USER IF NOT EXISTS for all accounts, then their grants, then default roles. MariaDB 10.2+, MySQL 5.7+."""

    def run(sql: str) -> list[tuple[t.Any, ...]]:
        return execute(connection, sql, stage="globals")

    mariadb = server.flavour == "mariadb"
    roles: list[str] = []
    if mariadb:
        roles = [row[0] for row in run("SELECT user FROM mysql.user WHERE is_role = 'Y' ORDER BY 1")]
        accounts = run("SELECT user, host FROM mysql.user WHERE is_role = 'N' ORDER BY 1, 2")
    else:
        accounts = run("SELECT user, host FROM mysql.user ORDER BY 1, 2")
        if server.version >= (8, 0, 17):
            run("SET SESSION print_identified_with_as_hex = ON")
    accounts = [(user, host) for user, host in accounts if user not in _SYSTEM]
    out = [f"CREATE ROLE IF NOT EXISTS {quote(role)}" for role in roles]
    for user, host in accounts:
        for row in run(f"SHOW CREATE USER {_account(user, host)}"):
            out.append(_if_not_exists(row[0]))
    for role in roles:
        out += _grants(run(f"SHOW GRANTS FOR {quote(role)}"), roles, role)
    for user, host in accounts:
        out += _grants(run(f"SHOW GRANTS FOR {_account(user, host)}"), roles, "")
    if mariadb:
        for user, host, role in run(
            "SELECT user, host, default_role FROM mysql.user WHERE is_role = 'N' AND default_role <> '' ORDER BY 1, 2"
        ):
            out.append(f"SET DEFAULT ROLE {quote(role)} FOR {_account(user, host)}")
    return orderly(dict.fromkeys(out))


def orderly(statements: t.Iterable[str]) -> list[str]:
    """The statements in an order in which a server takes them, and without those that none takes: a default role comes
    after the grant of that role; MariaDB's PUBLIC, that everybody is, needs no CREATE ROLE and allows none."""
    out: list[str] = []
    last: list[str] = []
    for statement in statements:
        words = [word for word in split(statement) if word.kind != "space"]
        upper = [word.text.upper() if word.kind == "word" else "" for word in words]
        if upper[:2] == ["CREATE", "ROLE"] and words[-1].name == "PUBLIC":
            continue
        if upper[:3] == ["SET", "DEFAULT", "ROLE"]:
            last.append(statement)
            continue
        created, default = _default_role(statement) if upper[:2] == ["CREATE", "USER"] else (statement, "")
        out.append(created)
        last += [default] if default else []
    return out + last


def _default_role(statement: str) -> tuple[str, str]:
    """(CREATE USER without its DEFAULT ROLE, the statement that sets it); MySQL says both in one."""
    words = split(statement)
    upper = [word.text.upper() if word.kind == "word" else "" for word in words]
    begin = next((i for i, word in enumerate(upper) if word == "DEFAULT" and upper[i + 2 : i + 3] == ["ROLE"]), -1)
    if begin < 0:
        return statement, ""
    end = next((i for i in range(begin + 3, len(words)) if upper[i] in _AFTER_ROLES), len(words))
    named = "".join(word.text for word in words[begin + 3 : end]).strip()
    left = "".join(word.text for word in [*words[:begin], *words[end:]]).strip()
    return left, f"SET DEFAULT ROLE {named} TO {about(statement)}"


def about(statement: str) -> str:
    """The account or role that a statement is about, as it names it."""
    words = split(statement)
    upper = [word.text.upper() if word.kind == "word" else "" for word in words]
    verbs = {
        "CREATE": ("USER", "ROLE"),
        "ALTER": ("USER",),
        "REVOKE": ("FROM",),
        "GRANT": ("TO",),
        "SET": ("TO", "FOR"),
    }
    wanted = verbs.get(upper[0] if upper else "", ())
    at = next((i for i, word in enumerate(upper) if word in wanted), -1)
    if at < 0:
        return "an account"
    begin = next((i for i in range(at + 1, len(words)) if words[i].kind != "space" and upper[i] not in _EXISTS), at)
    end = next((i for i in range(begin + 1, len(words)) if words[i].kind == "space"), len(words))
    return "".join(word.text for word in words[begin:end]).rstrip(";,")


def _if_not_exists(statement: str) -> str:
    return re.sub(r"^CREATE USER (?!IF NOT EXISTS)", "CREATE USER IF NOT EXISTS ", statement)


def _grants(rows: t.Sequence[tuple[t.Any, ...]], roles: t.Sequence[str], of_role: str) -> list[str]:
    """GRANT statements without passwords (MariaDB repeats them there), and without what SHOW GRANTS says of inherited
    roles: for a role MariaDB lists the grants of the roles that it holds, too."""
    found = []
    for (statement,) in rows:
        words = split(statement)
        if of_role:
            place = next((i for i, w in enumerate(words) if w.text.upper() == "TO"), len(words))
            grantee = next((w.name for w in words[place + 1 :] if w.kind != "space"), None)
            if grantee != of_role and grantee in roles:
                continue
        if statement.upper().startswith("SET DEFAULT ROLE"):
            continue
        found.append(_without_password(statement))
    return found


def _without_password(statement: str) -> str:
    """Cut ``IDENTIFIED ...`` up to REQUIRE or WITH. An existing account must keep its own password."""
    out: list[str] = []
    skipping = False
    for word in split(statement):
        upper = word.text.upper() if word.kind == "word" else ""
        if upper == "IDENTIFIED":
            skipping = True
        elif skipping and upper in ("REQUIRE", "WITH"):
            skipping = False
        if not skipping:
            out.append(word.text)
    return "".join(out).strip()


def restore_accounts(connection: t.Any, statements: t.Iterable[str]) -> tuple[list[str], list[str]]:
    """Run what :func:`account_statements` wrote. A statement that fails costs no other one.

    Returns warnings, and those grants that name an object which is not there: they can be tried again once it is.
    """
    warnings: list[str] = []
    waiting: list[str] = []
    failed: list[EngineError] = []
    lost: set[str] = set()
    done = 0
    for statement in orderly(statements):
        account = about(statement)
        if account in lost:
            continue  # said already
        try:
            execute(connection, statement, stage="globals")
            done += 1
        except EngineError as exc:
            number = error_number(exc)
            if not 0 < number < _CLIENT_ERRORS and number < _SERVER_AGAIN:
                raise
            if statement[:7].upper() == "REVOKE ":
                warnings.append(_more(statement, account, exc))
            elif number in _NOT_THERE:
                waiting.append(statement)
            elif number == _DENIED and _needs_admin(statement):
                warnings.append(f"Left out, as only who may pass it on can grant it: {statement[:_SHOWN]}")
            else:
                failed.append(exc)
                lost |= {account} if statement[:7].upper() == "CREATE " else set()
                warnings.append(f"The account {account} {_without(statement)}: {_without_quote(exc.msg)}")
    if failed and not done:
        raise EngineError(
            f"No statement of the globals succeeded. {'; '.join(warnings[:_FAILURES])}",
            stage="globals",
            hint="The login needs CREATE USER, and what it is to grant, WITH GRANT OPTION.",
        ) from failed[0].__cause__
    execute(connection, "FLUSH PRIVILEGES", stage="globals")
    return warnings, waiting


def _without(statement: str) -> str:
    """What an account lacks when a statement failed."""
    if statement[:7].upper() == "CREATE ":
        return "was not created, nor given anything"
    if statement[:4].upper() == "SET ":
        return "has no default role"
    return f"lacks a grant ({statement[:_SHOWN]})"


def _more(statement: str, account: str, exc: EngineError) -> str:
    """A REVOKE takes a part out of a wider grant, which has been given already."""
    return (
        f"The account {account} may now read and do more than at the source, since this failed: {statement[:_SHOWN]}"
        f" ({exc.msg}). Set partial_revokes=ON on this server and run the statement, or narrow the account's grants."
    )


def _needs_admin(statement: str) -> bool:
    """Whether it grants PROXY or a role; a GRANT of privileges says what they are on."""
    words = [word.text.upper() for word in split(statement) if word.kind == "word"]
    return words[:2] == ["GRANT", "PROXY"] or (words[:1] == ["GRANT"] and "ON" not in words)


def _without_quote(message: str) -> str:
    """What the server says, less the piece of the statement that it repeats: that may hold a password."""
    return re.sub(r" near '.*", ".", message, flags=re.S)


def left_out(grants: t.Sequence[str]) -> list[str]:
    """A warning that names grants on objects that are not here."""
    if not grants:
        return []
    shown = "; ".join(grant[:_SHOWN] for grant in grants[:5])
    more = f"; and {len(grants) - 5} more" if len(grants) > 5 else ""
    return [f"Grants on objects that are not on this server were left out: {shown}{more}."]


__all__ = ("account_statements", "left_out", "restore_accounts")
