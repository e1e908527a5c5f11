# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The rules for PostgreSQL, as far as they are about the session: settings, psql's commands, changes of database."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql import pg_roles, table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Bulk, Meta, Statement, Unreadable
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_set import check_setting
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_strings import encodes, follow
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import (
    Command,
    Parsed,
    argument,
    commands,
    database_of,
    literal,
    split,
)
from ansible_collections.vya.backupdb.plugins.module_utils._sql.places import decode
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Execute, Item, Reconnect, Rules

Items = t.Iterable[Item]

# What follows SET and is no setting that pg_settings lists.
_SPECIAL = frozenset(
    "all authorization characteristics constraints names role schema seed session_authorization time transaction"
    " xml".split()
)
_HARMLESS = frozenset("echo qecho warn timing pset x set unset t a H f C T conninfo".split())
# Commands that may be told when they are refused; any other word behind a backslash may be a piece of a row.
_TOLD = frozenset(
    "! a c cd connect copy crosstabview d e echo edit ef encoding ev g gdesc gexec getenv gset gx h help html"
    " i if include include_relative ir l lo_export lo_import lo_list lo_unlink o out p password prompt q quit r reset"
    " s set setenv sf sv w watch write z".split()
)
_TRUE = frozenset(("on", "true", "yes", "1"))
_ENCODING = re.compile(r"[A-Za-z0-9_-]+\Z")


class PgSession(Rules):  # pylint: disable=abstract-method
    """Settings hold for one connection: ``\\connect`` begins another."""

    _escapes = False  # standard_conforming_strings is off

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._held: dict[str, list[Item]] = {}
        self._created: set[str] = set()
        self._kept_backslash = False
        self._variables: set[str] = set()  # of psql

    # -- settings

    def _knows(self, name: str, custom: bool) -> bool:
        """Whether the server takes it. ``custom``: with a dot, which may stand within the quotes of a name too."""
        known = self.target.settings
        return custom or "." in name or not known or name.lower() in _SPECIAL or name.lower() in known

    def _elsewhere(self) -> bool:
        """What is here is about a database that is not taken."""
        return self.selected is not None and self.current != self.selected

    def _setting(self, item: Execute) -> Items:
        if self._elsewhere():
            return self._count(table.OTHER_DATABASE if self._entered else table.PG_SESSION)
        if not self._taking:
            self._keeps(item.text)
        return super()._setting(item)

    def _follow(self, text: bytes) -> None:
        """Read strings from here on as the reader does."""
        try:
            self._escapes = not follow(text, not self._escapes)
        except Unreadable:
            pass  # the reader says so
        self._check_kept()

    def _keeps(self, text: bytes) -> None:
        """A statement is run later than it was read: its strings must be read in the same way then."""
        self._kept_backslash = self._kept_backslash or b"\\" in text
        self._check_kept()

    def _check_kept(self) -> None:
        if self._escapes and self._kept_backslash:
            what = (
                "a backslash in a statement that is run later, in a stream that turns standard_conforming_strings off"
            )
            raise self._refused(table.PG_STRINGS, what)

    def _set(self, event: Statement, parsed: Parsed) -> Items:
        verb = parsed.upper[0]
        self._follow(event.text)
        place = 2 if parsed.upper[1:2] in (["SESSION"], ["LOCAL"]) and len(parsed) > 2 else 1
        name = parsed.at(place).name or ""
        if name in ("role", "authorization") and verb != "DISCARD":
            return self._authorization(event, parsed)
        if verb == "SET" and not self._elsewhere():
            check_setting(name, parsed, place + 2, self._place)
        if verb == "DISCARD" or self._knows(name, parsed.at(place + 1).text == "."):
            value = parsed.at(place + 2).value or ""
            if name == "default_tablespace" and value:
                item = Execute(event.place, event.text, True, ("22023", "42704"), table.PG_TABLESPACE)
                return self._setting(item)
            return self._setting(Execute(event.place, event.text, True))
        return self._count(table.UNKNOWN_SETTING)

    def _authorization(self, event: Statement, parsed: Parsed) -> Items:
        if self.wanted.no_owner:
            return self._count(table.PG_OWNER)
        text, count = pg_roles.quoted(parsed)
        self._count(table.QUOTED_ROLE, count)
        return self._setting(Execute(event.place, text, True))

    def _set_config(self, event: Statement, name: str) -> Items:
        self._follow(event.text)
        if not self._knows(name, "." in name):
            return self._count(table.UNKNOWN_SETTING)
        return self._setting(Execute(event.place, event.text, True))

    # -- statements about the database itself

    def _for_database(self, name: str, item: Execute) -> Items:
        """A statement about the database ``name``, which may come before it is entered."""
        if self._several or (self._taking and name != self.selected):
            return self._count(table.OTHER_DATABASE)
        self._count(table.PG_DATABASE)
        if self._taking:
            return (item,)
        self._keeps(item.text)
        held = self._held.setdefault(name, [])
        held += [setting for setting in self._pending.values() if encodes(setting.text) and setting not in held]
        held.append(item)
        return ()

    def _out(self, items: Items) -> Items:
        waiting: list[Item] = []
        if self._held:
            held, self._held = self._held, {}
            waiting = held.pop(self.selected or "", [])
            for others in held.values():
                self._uncount(sum(isinstance(item, Execute) and not encodes(item.text) for item in others))
        return [*waiting, *super()._out(items)]

    def _uncount(self, times: int) -> None:
        """Statements that were held turn out to be about other databases."""
        self.adaptations[table.PG_DATABASE.name] -= times
        if not self.adaptations[table.PG_DATABASE.name]:
            del self.adaptations[table.PG_DATABASE.name]
        self._count(table.OTHER_DATABASE, times)

    # -- psql

    def _meta(self, event: Meta) -> Items:
        out: list[Item] = []
        for command in commands(decode(event.text).rstrip()):
            out += self._command(event, command)
        return out

    def _command(self, event: Meta, command: Command) -> Items:
        name = command.name
        told = f"\\{name}" if name in _TOLD else "a backslash and a word"
        if command.unsafe:
            raise self._refused(table.CLIENT_COMMAND, f"{told} with a backtick or an open quote")
        if name in ("connect", "c"):
            return self._connect(event, command)
        if name in ("restrict", "unrestrict"):
            return self._count(table.SAFETY_LINE)
        if name == "encoding" and command.arguments:
            value = argument(command.arguments[0]).rstrip(";")
            if not _ENCODING.match(value):
                raise self._refused(table.CLIENT_COMMAND, "\\encoding with something else than a name")
            self._count(table.PG_ENCODING)
            return self._setting(Execute(event.place, f"SET client_encoding = {literal(value)}".encode(), True))
        if name in ("set", "unset") and command.arguments:
            self._variable(argument(command.arguments[0]), command)
        if name in _HARMLESS or name == "encoding":
            return self._count(table.CLIENT_LINE)
        raise self._refused(table.CLIENT_COMMAND, told)

    def _variable(self, variable: str, command: Command) -> None:
        value = "".join(argument(item) for item in command.arguments[1:]).rstrip(";").lower()
        if variable == "AUTOCOMMIT" and value not in _TRUE:
            raise self._refused(table.CLIENT_COMMAND, f"\\{command.name} AUTOCOMMIT: all of it in transactions")
        if command.name == "set":
            self._variables.add(variable)

    def _check_variables(self, event: Statement | Bulk) -> None:
        """psql would put the value of a variable that the stream has set in the place of its name."""
        if not self._variables or b":" not in event.text:
            return
        words = split(decode(event.text), escapes=self._escapes)
        for before, colon, word in zip([None, *words], words, words[1:]):
            name = word.text.strip("\"'")
            if colon.text == ":" and (before is None or before.text != ":") and name in self._variables:
                raise self._refused(table.CLIENT_COMMAND, f"a variable of psql, :{name}")

    def _connect(self, event: Meta, command: Command) -> Items:
        name = database_of(command.arguments)
        if name is None:
            raise self._refused(table.CLIENT_COMMAND, f"\\{command.name} to an address or a variable")
        self._count(table.SWITCH)
        self._count(table.PG_SESSION, len(self._pending))
        self._pending.clear()
        self._leave_transaction()
        self._escapes = False  # as the reader has it from here on
        if name:
            self._enter(name)
        # What was said of a database holds for the sessions that begin behind it.
        for held in self._held.values():
            if isinstance(held[-1], Execute):
                held.append(Reconnect(event.place))
        if self._taking and not self._several and self.current == self.selected:
            self._count(table.PG_RESET)
            return (Reconnect(event.place),)
        return ()

    def _leave_transaction(self) -> None:
        """The server undoes what a session did in a transaction that it did not commit."""
        if self._in_transaction and self._taking and not self._several and self.current == self.selected:
            if not self.wanted.allow_incomplete:
                raise self._refused(table.NO_TRAILER, "\\connect inside a transaction, which is lost by that")
            self._count(table.INCOMPLETE)
        self._in_transaction = False


__all__ = ("PgSession",)
