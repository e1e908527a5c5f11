# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The rules for MySQL and MariaDB, about SET: what a session may change, and what both families know."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql import my_versions, table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Statement, Unreadable
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_engines import VARIABLES, Engines
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_names import Parsed, assignments
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_strings import Session, one_reading, utf8
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_waiting import Waiting
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Execute, Item, Rules
from ansible_collections.vya.backupdb.plugins.module_utils._sql.table import Rule

Items = t.Iterable[Item]

_GLOBAL = frozenset(("GLOBAL", "PERSIST", "PERSIST_ONLY"))
_SCOPES = frozenset((*_GLOBAL, "SESSION", "LOCAL"))
# Variables whose change in a dump has nothing to do with its content.
_REPLICATION = frozenset("gtid_purged gtid_slave_pos gtid_next wsrep_start_position sql_log_bin".split())
_COMBINED = frozenset(("DB2", "MAXDB", "MSSQL", "ORACLE", "POSTGRESQL"))
_LOGGING = frozenset(("innodb_stats_auto_recalc", "log_output"))


class MySettings(Rules):  # pylint: disable=abstract-method
    """``_mode``: the sql_mode at this place of the stream, as far as it changes how statements are read."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._mode = ""
        self._strings = Session()
        self._waiting = Waiting()
        self._engines = Engines()

    def _set(self, event: Statement, parsed: Parsed) -> Items:
        upper = parsed.upper
        self._follow(event.text)
        if upper[1:2] == ["STATEMENT"]:
            raise self._refused(table.HIDDEN, "SET STATEMENT .. FOR")
        if upper[1:3] == ["RESOURCE", "GROUP"]:
            raise self._refused(table.SERVER_CHANGE, "SET RESOURCE GROUP")
        if upper[1:2] == ["ROLE"]:
            return self._count(table.GLOBALS)
        changes: dict[int, str] = {}
        kept = 0
        scope = ""
        for begin, end in assignments(parsed):
            scope, rule = self._judge(parsed, begin, end, scope)
            if rule is None:
                kept += 1
                changes.update(self._mode_set(parsed, begin, end))
                continue
            self._count(rule)
            # The comma before it goes, too; the one behind it where nothing is kept yet.
            comma = begin - 1 if kept else end
            changes.update(dict.fromkeys(range(begin, end), ""))
            if comma < len(parsed) and upper[comma] == ",":
                changes[comma] = ""
        if not kept:
            return ()
        changes.update(self._collations(parsed))
        text = parsed.joined(changes) if changes else event.text
        return self._setting(Execute(event.place, text, True))

    def _judge(self, parsed: Parsed, begin: int, end: int, scope: str) -> tuple[str, Rule | None]:
        """(the scope that holds from here on, the rule that drops this assignment)."""
        name = ""
        here = scope
        names = list(_system_variables(parsed, begin, end))
        if parsed.upper[begin] in _SCOPES:
            here = scope = parsed.upper[begin]
            name = _dotted(parsed, begin + 1)
        elif parsed.upper[begin : begin + 2] == ["@", "@"] and names:
            here, name = names[0]
        elif parsed.upper[begin] != "@":
            name = _dotted(parsed, begin)
        else:
            self._engines.keep(parsed, begin, end)
        if name in VARIABLES:
            remote = self._engines.remote(parsed, begin, end)
            if remote:
                raise self._refused(table.MY_REMOTE, f"SET {name} to {remote}")
        if name in _REPLICATION:
            return scope, table.MY_REPLICATION
        if here in _GLOBAL and name:
            if name in _LOGGING:
                return scope, table.MY_LOGGING
            raise self._refused(table.SERVER_CHANGE, f"SET {here} {name}")
        used = {item for dummy, item in names} | ({name} if name else set())
        if any(not self._knows(item) for item in used):
            return scope, table.UNKNOWN_SETTING
        return scope, None

    def _knows(self, name: str) -> bool:
        known = self.target.settings
        return not known or name in known or name in ("names", "charset", "character", "transaction", "char")

    def _setting(self, item: Execute) -> t.Iterable[Item]:
        return super()._setting(self._agreeing(item) if self._taking else item)

    def _out(self, items: t.Iterable[Item]) -> t.Iterable[Item]:
        if not self._pending:
            return items
        # The reader was past all settings that waited when it met this content.
        last = next(reversed(self._pending))
        self._pending[last] = self._agreeing(self._pending[last])
        return super()._out(items)

    def _agreeing(self, item: Execute) -> Execute:
        return dataclasses.replace(item, strings=(*self._strings.modes, utf8(self._strings.charset)))

    def _wait(self, item: Execute) -> None:
        self._pending[b"%d" % len(self._pending)] = item
        for dummy in range(self._waiting.add(Parsed(item.text, self._mode))):
            self._pending.popitem()
            self._count(table.OTHER_DATABASE)
        self._check_pending()

    # -- how statements are read

    def _one_reading(self, text: bytes) -> None:
        try:
            one_reading(text, self._strings.modes, self._strings.charset)
        except Unreadable as exc:
            raise self._refused(table.MY_RUN_ON, str(exc)) from None

    def _follow(self, text: bytes) -> None:
        """Read strings from here on as the reader does."""
        try:
            self._strings.follow(text)
        except Unreadable:
            return  # the reader says so
        escapes, ansi = self._strings.modes
        self._mode = ",".join(["NO_BACKSLASH_ESCAPES"] * (not escapes) + ["ANSI_QUOTES"] * ansi)

    def _mode_set(self, parsed: Parsed, begin: int, end: int) -> dict[int, str]:
        """Take unknown modes out of a literal value of sql_mode."""
        sign = next((i for i in range(begin, end) if parsed.upper[i] in ("=", ":")), end)
        place = sign + 2 if parsed.upper[sign : sign + 1] == [":"] else sign + 1
        word = parsed.at(place)
        user = parsed.upper[begin] == "@" and parsed.upper[begin : begin + 2] != ["@", "@"]
        name = parsed.at(sign - 1).name or ""
        if user or name.lower() != "sql_mode" or word.kind != "string" or place + 1 != end:
            return {}
        modes = [mode.strip().upper() for mode in word.text[1:-1].split(",") if mode.strip()]
        known = self.target.sql_modes
        kept: list[str] = []
        for mode in modes:
            # What MariaDB's combined modes say about quotes must hold: the strings that follow are written so.
            kept += [mode] if not known or mode in known else ["ANSI_QUOTES"] if mode in _COMBINED else []
        if kept == modes:
            return {}
        self._count(table.MY_SQL_MODE)
        return {place: f"'{','.join(dict.fromkeys(kept))}'"}

    def _collations(self, parsed: Parsed) -> dict[int, str]:
        """Changes to collations that the server knows."""
        changes, unknown = my_versions.adapted(parsed, self.target.collations)
        if unknown:
            raise self._refused(table.OTHER_FLAVOUR, f"the server does not know {unknown}")
        self._count(table.MY_COLLATION, len(changes))
        return changes


def _dotted(parsed: Parsed, place: int) -> str:
    """A name with its dots, lower case: ``validate_password.policy``."""
    name = parsed.at(place).name or ""
    while parsed.at(place + 1).text == "." and parsed.at(place + 2).name is not None:
        place += 2
        name += "." + (parsed.at(place).name or "")
    return name.lower()


def _system_variables(parsed: Parsed, begin: int, end: int) -> t.Iterator[tuple[str, str]]:
    """(scope, name) of each ``@@name``."""
    for place in range(begin, end - 2):
        if parsed.upper[place : place + 2] == ["@", "@"]:
            name = _dotted(parsed, place + 2)
            scope, dot, rest = name.partition(".")
            yield (scope.upper(), rest) if dot and scope.upper() in _SCOPES else ("SESSION", name)


__all__ = ("MySettings",)
