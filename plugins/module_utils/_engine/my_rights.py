# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: what an account may do, and what it lacks for backups and restores, with the GRANT that mends it.

The server tells no account of a trigger, an event, a routine or a table that it may not see, so that a dump leaves them
out without a word (tried on MariaDB 10.11 and MySQL 9). LOCK TABLES is not needed: a dump runs in one transaction.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Missing, Server
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import literal, quote
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError, PrivilegeError

_LINE = re.compile(r"(GRANT|REVOKE) (.+?) ON (\*|`(?:[^`]|``)*`)\.(\*|`(?:[^`]|``)*`) (?:TO|FROM) ", re.S)
_ALL, _OPTION = "ALL PRIVILEGES", "GRANT OPTION"
# Privileges that include another.
_INCLUDED = {"RELOAD": ("FLUSH_TABLES",), "REPLICATION CLIENT": ("BINLOG MONITOR", "SUPER")}
_READS = {
    "SELECT": "read all tables",
    "SHOW VIEW": "read the definitions of views",
    "TRIGGER": "read triggers, which are left out otherwise",
    "EVENT": "read events, which are left out otherwise",
}
_FILLS = ("SELECT", "INSERT", "CREATE", "DROP", "ALTER")
# What moves and creates what cannot move with its tables, and puts it back when something fails.
_REPLACES = (*_FILLS, "CREATE VIEW", "SHOW VIEW", "TRIGGER", "EVENT", "CREATE ROUTINE", "ALTER ROUTINE")
_SERVER_WIDE = {
    "RELOAD": "exact row counts: a global read lock for a moment",
    "REPLICATION CLIENT": "the binary log's position in the manifest",
}


class Rights:
    """What SHOW GRANTS says of the account of a connection, with its active roles."""

    def __init__(self, connection: t.Any, *, stage: str) -> None:
        name, _at, host = str(execute(connection, "SELECT CURRENT_USER()", stage=stage)[0][0]).rpartition("@")
        self.account = f"{quote(name)}@{quote(host)}"
        try:
            lines = [str(row[0]) for row in execute(connection, "SHOW GRANTS", stage=stage)]
        except EngineError:  # a server without grant tables: nothing is known to lack
            lines = ["GRANT ALL PRIVILEGES ON *.* TO "]
        found = [match for match in map(_LINE.match, lines) if match and match.group(4) == "*"]
        self._granted = [(m.group(3), _held(m)) for m in found if m.group(1) == "GRANT"]
        self._revoked = [(m.group(3), _held(m)) for m in found if m.group(1) == "REVOKE"]

    def holds(self, privilege: str, database: str = "") -> bool:
        """Whether the account has a privilege on all of a database, or (empty) on all of the server."""
        names = {privilege, *_INCLUDED.get(privilege, ()), *(() if privilege == _OPTION else (_ALL,))}
        if database and any(_matches(level, database) and names & held for level, held in self._revoked):
            return False
        return any(
            names & held and (level == "*" or (database and _matches(level, database))) for level, held in self._granted
        )

    def lacks(self, privileges: t.Iterable[str], database: str = "") -> list[str]:
        """Those of the privileges that it does not have."""
        return [privilege for privilege in privileges if not self.holds(privilege, database)]

    def grant(self, privileges: t.Iterable[str], database: str = "") -> str:
        """The statement that gives them."""
        # The name is a pattern in this place.
        level = quote(re.sub(r"([_%\\])", r"\\\1", database)) if database else "*"
        return f"GRANT {', '.join(privileges)} ON {level}.* TO {self.account};"


def _held(line: t.Match[str]) -> set[str]:
    """``SELECT, SHOW VIEW``; what is granted on columns is none on the whole."""
    found = {item.strip().upper() for item in re.sub(r"[^,]*\([^)]*\)", "", line.group(2)).split(",")}
    account_and_options = re.sub(r"`(?:[^`]|``)*`", "", line.string[line.end() :])
    return found | ({_OPTION} if _OPTION in account_and_options else set())


def _matches(level: str, database: str) -> bool:
    """Whether a database's name fits the pattern of a grant."""
    pattern = ""
    for piece in re.findall(r"\\.|.", level[1:-1].replace("``", "`"), re.S):
        pattern += {"%": ".*", "_": "."}.get(piece) or re.escape(piece[-1])
    return bool(re.fullmatch(pattern, database, re.S | re.I))


def _routines(rights: Rights, server: Server) -> tuple[str, str]:
    """The privilege that lets the account read routines of others, and its statement; empty when it may."""
    if rights.holds("SELECT"):
        return "", ""
    if server.flavour == "mysql" and server.version >= (8, 0, 20):
        return ("", "") if rights.holds("SHOW_ROUTINE") else ("SHOW_ROUTINE", rights.grant(["SHOW_ROUTINE"]))
    if rights.holds("SELECT", "mysql"):
        return "", ""
    return "SELECT on mysql.proc", f"GRANT SELECT ON mysql.proc TO {rights.account};"


def check_readable(connection: t.Any, server: Server, database: str) -> None:
    """Refuse a dump that would leave something out: PrivilegeError with the statements that mend it."""
    rights = Rights(connection, stage="preflight")
    lacking = rights.lacks(_READS, database)
    statements = [rights.grant(lacking, database)] if lacking else []
    routines, statement = _routines(rights, server)
    if routines and _hides_routines(connection, rights, database) and not _proc_readable(connection, routines):
        lacking.append(routines)
        statements.append(statement)
    if lacking:
        raise PrivilegeError(
            f"The account {rights.account} cannot read everything in the database {database!r}: it lacks"
            f" {', '.join(lacking)}. The server hides from it what it may not read, so the backup would lack that.",
            hint=f"As an administrator: {' '.join(statements)}",
        )


def _hides_routines(connection: t.Any, rights: Rights, database: str) -> bool:
    """Whether there may be routines that are hidden, or are there and not the account's own, which it may read."""
    if not any(rights.holds(privilege, database) for privilege in ("EXECUTE", "CREATE ROUTINE", "ALTER ROUTINE")):
        return True  # with one of these it sees their names
    sql = (
        f"SELECT 1 FROM information_schema.routines WHERE routine_schema = {literal(database)}"
        " AND definer <> CURRENT_USER() LIMIT 1"
    )
    return bool(execute(connection, sql, stage="preflight"))


def check_globals_readable(connection: t.Any) -> None:
    """PrivilegeError with the statement that mends it, unless accounts and their grants can be read."""
    rights = Rights(connection, stage="preflight")
    if not rights.holds("SELECT", "mysql"):
        raise PrivilegeError(
            f"The account {rights.account} cannot read accounts and grants, which are in the database mysql.",
            hint=f"As an administrator: {rights.grant(['SELECT'], 'mysql')} Or back up with globals=false.",
        )


def check_restore(connection: t.Any, scratch: str, target: str, previous: str) -> None:
    """PrivilegeError when the account could load a scratch database but not put it in place of ``target``, or not undo
    that. ``previous``: where the target goes; empty when there is none."""
    rights = Rights(connection, stage="preflight")
    needed = {scratch: _FILLS, target: _REPLACES if previous else _FILLS, **({previous: _REPLACES} if previous else {})}
    lacking = [name for name in _REPLACES for place in needed if name in rights.lacks(needed[place], place)]
    if previous and not rights.holds(_OPTION, target) and _routine_grants(connection, target):
        lacking.append(_OPTION)
    if lacking:
        lacking = list(dict.fromkeys(lacking))
        rest = [name for name in lacking if name != _OPTION] or ["USAGE"]
        option = f" WITH {_OPTION};" if _OPTION in lacking else ";"
        raise PrivilegeError(
            f"The account {rights.account} may load a backup, but not put it in place of {target!r}: it lacks"
            f" {', '.join(lacking)}.",
            hint=f"As an administrator: {rights.grant(rest).rstrip(';')}{option} Or use another account.",
        )


def _routine_grants(connection: t.Any, database: str) -> bool:
    """Whether accounts have rights on single routines, which go with the routines and must be granted again."""
    sql = f"SELECT 1 FROM information_schema.routines WHERE routine_schema = {literal(database)} LIMIT 1"
    if not execute(connection, sql, stage="preflight"):
        return False
    try:
        sql = f"SELECT 1 FROM mysql.procs_priv WHERE Db = {literal(database)} LIMIT 1"
        return bool(execute(connection, sql, stage="preflight"))
    except EngineError as exc:
        raise PrivilegeError(
            f"The account cannot see who may execute the routines of {database!r}, and so not keep it: {exc.msg}",
            hint="As an administrator: GRANT SELECT ON mysql.procs_priv TO the account.",
        ) from exc


def _proc_readable(connection: t.Any, privilege: str) -> bool:
    """A grant on the table mysql.proc alone does for routines."""
    if "mysql.proc" not in privilege:
        return False
    try:
        execute(connection, "SELECT 1 FROM mysql.proc LIMIT 1", stage="preflight")
        return True
    except EngineError:
        return False


def missing(connection: t.Any) -> list[Missing]:
    """What the account lacks for complete backups of the whole server. SELECT includes routines and accounts."""
    rights = Rights(connection, stage="preflight")
    purposes = {**_READS, **_SERVER_WIDE}
    return [Missing(name, purposes[name], rights.grant([name])) for name in rights.lacks(purposes)]


__all__ = ("Rights", "check_globals_readable", "check_readable", "check_restore", "missing")
