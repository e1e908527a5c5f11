# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The rules for MySQL and MariaDB: output of mysqldump and mariadb-dump, and scripts that mysql would run."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql import my_accounts, my_unapplied, table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Bulk, Meta, Statement, Unreadable
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_content import MyContent
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_names import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_strings import utf8
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_tables import plain
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_versioned import as_run, runs_on
from ansible_collections.vya.backupdb.plugins.module_utils._sql.places import decode
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Execute, Item
from ansible_collections.vya.backupdb.plugins.module_utils._sql.table import Rule

Items = t.Iterable[Item]

_SPACE = rb"(?:\s+|/\*M?![0-9]*|\*/|/\*(?!M?!).*?\*/|\#[^\n]*|--(?=[\x00-\x20\x7f]|\Z)[^\n]*)"
_VERB = re.compile(rb"(?:" + _SPACE + rb")*([A-Za-z]+)(?![\w$\x80-\xff])", re.S)
_NOTHING = re.compile(rb"(?:" + _SPACE + rb")*\Z", re.S)
_SANDBOX = re.compile(rb"/\*M?![0-9]*\\-")

_MAINTENANCE = frozenset("ANALYZE OPTIMIZE CHECK REPAIR CHECKSUM SHOW DESCRIBE DESC EXPLAIN HELP FLUSH".split())
_ENDS = frozenset("BEGIN COMMIT ROLLBACK SAVEPOINT RELEASE".split())
_CODE = frozenset("SELECT WITH DO CALL VALUES TABLE".split())
_DEFINITIONS = frozenset("CREATE ALTER DROP RENAME TRUNCATE".split())
# Programs that name the database in their first lines, often nowhere else.
_PROGRAM = re.compile(
    rb"\A(?:--|\#) (?:phpMyAdmin|Sequel (?:Pro|Ace)) SQL dump|\A/\*\s*Navicat [^\n]*Data Transfer", re.I
)
_DATABASE = re.compile(
    rb"\A(?:--|\#) Database: (?:`(?P<quoted>(?:[^`]|``)+)`|(?P<plain>[^\r\n]+))"
    rb"|^ ?Source Schema +: (?P<schema>[^\r\n]+)",
    re.M,
)
# Behind EXECUTE: how a dump of accounts by mariadb-dump ends. Strings are nothing here.
_ROLE_BACK = ["IMMEDIATE", "CONCAT", "(", "", ",", "@", "CURRENT_ROLE", ")"]
_REFUSED: dict[str, Rule] = {
    **dict.fromkeys("INSTALL UNINSTALL SHUTDOWN RESTART KILL RESET PURGE CLONE".split(), table.SERVER_CHANGE),
    **dict.fromkeys("PREPARE EXECUTE DEALLOCATE XA BINLOG HANDLER".split(), table.HIDDEN),
    "LOAD": table.SERVER_FILE,
}


class MyRules(MyContent):
    """See :class:`Rules`. ``enabled_events``: names of events that the stream enables; they are created disabled.
    ``unapplied``: parts of definitions in comments that this server skips, each with its object.
    ``globals`` has its last form once the selected database is known."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._runs = runs_on(self.target.flavour, self.target.version)
        self.unapplied: list[str] = []
        self._settled = 0  # globals in their last form
        self._program = False  # the first lines are of one that names the database there

    def _as_run(self, text: bytes) -> bytes:
        """A statement without the comments that this server skips: what is judged is what is executed."""
        passed: list[bytes] = []
        try:
            seen, skipped = as_run(text, self._strings.modes, self._runs, passed)
        except Unreadable as exc:
            raise self._refused(table.MY_UNCLEAR, str(exc)) from None
        self._count(table.MY_VERSIONED, skipped)
        if passed and self._wanted_here():
            self.unapplied += my_unapplied.named(seen, passed, self._mode)
        return seen

    def _wanted_here(self) -> bool:
        """Whether what stands here is of the database that is taken."""
        return self.selected in (None, self.current) and not self._several

    def _statement(self, event: Statement) -> Items:
        self._one_reading(event.text)
        if b"/*" in event.text:
            event = Statement(event.place, self._as_run(event.text))
            if _NOTHING.match(event.text):
                return ()
        return self._judged(event)

    def _judged(self, event: Statement) -> Items:
        match = _VERB.match(event.text)
        verb = match.group(1).decode().upper() if match else ""
        if verb in ("INSERT", "REPLACE"):
            return self._write(event)
        parsed = Parsed(event.text, self._mode)
        if verb in ("UPDATE", "DELETE"):
            return self._change(event, parsed)
        if verb == "USE":
            return self._use(parsed)
        if verb == "SET" and (parsed.upper[1:2] == ["PASSWORD"] or parsed.upper[1:3] == ["DEFAULT", "ROLE"]):
            return self._account(event, parsed)
        if verb == "SET":
            self._check_code(parsed)
            self._check_calls(parsed)
            return self._set(event, parsed)
        if verb in _DEFINITIONS:
            return self._definition(event, parsed)
        if verb in ("GRANT", "REVOKE"):
            return self._account(event, parsed)
        return self._other(event, parsed, verb)

    def _bulk(self, event: Bulk) -> Items:
        if b"/*" in event.text and not plain(event.text, self._strings.modes):
            # Its first word may have been in a comment that is skipped.
            return self._statement(Statement(event.place, event.text))
        if not utf8(self._strings.charset):
            self._one_reading(event.text)
        return self._write(event)

    def _meta(self, event: Meta) -> Items:
        if _SANDBOX.match(event.text):
            return self._count(table.SAFETY_LINE)
        word = re.match(r"\\?(?:[A-Za-z_]+|.)", decode(event.text), re.S)
        raise self._refused(table.CLIENT_COMMAND, word.group() if word else "an unknown one")

    def _comment(self, text: bytes) -> None:
        super()._comment(text)
        self._program = self._program or _PROGRAM.match(text) is not None
        if self._program and not self._entered and not self._seen:
            found = _DATABASE.search(text)
            if found:
                self._enter(decode(found[found.lastgroup or 0].replace(b"``", b"`").strip()))

    def _other(self, event: Statement, parsed: Parsed, verb: str) -> Items:
        follows = parsed.upper[1] if len(parsed) > 1 else ""
        if verb in _MAINTENANCE:
            return self._count(table.MAINTENANCE)
        if verb == "LOAD" and follows == "INDEX":
            return self._count(table.MAINTENANCE)
        if verb in ("CHANGE", "STOP") or (verb == "START" and follows != "TRANSACTION"):
            return self._count(table.MY_REPLICATION)
        if verb in _ENDS or verb == "START":
            # MariaDB knows a BEGIN with statements in it.
            if (verb == "BEGIN" and parsed.upper[1:] not in ([], ["WORK"])) or not {";", ":", "("}.isdisjoint(
                parsed.upper
            ):
                raise self._refused(table.UNKNOWN, f"{verb} {follows}")
            if "TO" not in parsed.upper:
                self._transaction(verb)
            return self._setting(Execute(event.place, event.text, False))
        if parsed.upper[:3] == ["EXECUTE", "IMMEDIATE", "IF"] and "LOG_OUTPUT" in parsed.upper:
            return self._count(table.MY_LOGGING)
        if parsed.upper[1:] == _ROLE_BACK and parsed.at(4).text == "'SET ROLE '":
            return self._count(table.GLOBALS)
        if verb in _REFUSED:
            raise self._refused(_REFUSED[verb], f"{verb} {follows}".strip())
        if verb in _CODE:
            return self._code(event, parsed, verb)
        if verb in ("LOCK", "UNLOCK"):
            return self._count(table.MY_LOCK) if self._takes(self.current) else ()
        raise self._refused(table.UNKNOWN, verb or "a statement that does not begin with a word")

    def _use(self, parsed: Parsed) -> Items:
        first = parsed.at(1)
        # The client takes the rest of the line.
        rest = decode(parsed.joined({}, begin=1)).strip(" \t\r\n;`'\"")
        name = first.name if len(parsed) == 2 and first.name is not None else rest
        if not name:
            raise self._refused(table.UNKNOWN, "USE without a name")
        self._enter(name)
        return self._count(table.SWITCH)

    # -- accounts

    def _account(self, event: Statement, parsed: Parsed) -> Items:
        verb = parsed.upper[0]
        if verb == "DROP" or my_accounts.HELPER in event.text:
            return self._count(table.DROP_ROLE)
        if not self.wanted.with_globals:
            return self._count(table.GLOBALS)
        text, count = my_accounts.quoted(parsed)
        parsed = Parsed(text, self._mode)
        about = [] if verb in ("GRANT", "REVOKE") else my_accounts.accounts(parsed)
        # Changed is only what this stream made; that is never the account that restores.
        theirs = about and self._created.issuperset(about)
        if verb in ("REVOKE", "RENAME") or (verb in ("ALTER", "SET") and not theirs) or "CURRENT_USER" in parsed.upper:
            return self._count(table.EXISTING_ROLE)
        self._count(table.QUOTED_ROLE, count)
        changed, rule = text, table.MY_IF_NOT_EXISTS
        if verb == "CREATE":
            self._accounts.update(about)
            # A role has no host there, and a name without one is here as it is for accounts.
            self._created.update(item for item in about if not (self.target.accounts and self._exists(item)))
            changed = my_accounts.if_not_exists(parsed)
        elif verb == "GRANT":
            changed, rule = my_accounts.without_password(parsed), table.MY_GRANT_PASSWORD
        self._count(rule, changed != text)
        self.globals.append(changed)
        if self._taking:
            self._settle_grants()
        return ()

    def _begin(self) -> None:
        super()._begin()
        self._settle_grants()

    def _finish(self) -> t.Iterator[Item]:
        yield from super()._finish()
        self._settle_grants()

    def _exists(self, account: tuple[str, str]) -> bool:
        """Whether an account or a role is on the server; true where that is not known."""
        known = self.target.accounts
        return not known or not known.isdisjoint({account, (account[0], "")})

    def _settle_grants(self) -> None:
        """Grants, once the selected database is known: those on it are for the target. Who exists gets no others."""
        waiting, self.globals[self._settled :] = self.globals[self._settled :], []
        for text in waiting:
            parsed = Parsed(text)
            place = my_accounts.granted_on(parsed, self.selected or "") if parsed.upper[:1] == ["GRANT"] else 0
            if place < 0 and any(self._exists(item) for item in my_accounts.grantees(parsed) - self._created):
                self._count(table.EXISTING_ROLE)
                continue
            if place > 0 and self.wanted.target not in ("", self.selected):
                text = my_accounts.moved(parsed, place, self.wanted.target)
                self._count(table.MY_GRANT)
            self.globals.append(text)
        self._settled = len(self.globals)


__all__ = ("MyRules",)
