# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The rules for MySQL and MariaDB, about content: definitions, data, and the database they are in."""

from __future__ import annotations

import abc
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import retarget
from ansible_collections.vya.backupdb.plugins.module_utils._sql import my_names, my_versions, table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Bulk, Statement
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_names import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_settings import MySettings
from ansible_collections.vya.backupdb.plugins.module_utils._sql.places import decode, encode
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Execute, Item

Items = t.Iterable[Item]

_NAME = rb"(?:`(?:[^`]|``)*`|[0-9A-Za-z$_\x80-\xff]+)"
_BEFORE = rb"(?:INSERT|REPLACE)\s+(?:(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE)\s+)*(?:INTO\s+)?"
_NO_NAME = rb"(?!(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE|INTO)\b)"
_PLAIN = re.compile(_BEFORE + _NO_NAME + _NAME + rb"(?:\s*\(|\s+[VS])", re.I)
_QUALIFIED = re.compile(_BEFORE + _NO_NAME + rb"(" + _NAME + rb")\.(" + _NAME + rb")(?=[\s(])", re.I)
_HEAD = 4096
_NOT_THERE = ("1051", "1091", "1305", "1360", "1539", "4091")
_SERVER_WIDE = frozenset("SERVER TABLESPACE UNDO LOGFILE INSTANCE RESOURCE SPATIAL LIBRARY".split())
_OPTIONS = frozenset("CHARACTER CHARSET COLLATE DEFAULT READ ENCRYPTION UPGRADE COMMENT".split())


class _Everything(t.Container[str]):
    """Each name is one of an object of the old database: a dump does not list them before they are used."""

    def __contains__(self, item: object) -> bool:
        return True


class MyContent(MySettings):
    """Content that is taken goes into the connection's database: qualifiers of the old one are left out."""

    system = frozenset(("mysql", "information_schema", "performance_schema", "sys", "ndbinfo"))

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.enabled_events: list[str] = []
        self._accounts: set[tuple[str, str]] = set(self.target.accounts)
        self._created: set[tuple[str, str]] = set()

    # -- the database itself

    def _database(self, event: Statement, parsed: Parsed, at: int) -> Items:
        verb = parsed.upper[0]
        if verb == "DROP":
            return self._count(table.DROP_DATABASE)
        place = at + 4 if parsed.upper[at + 1 : at + 4] == ["IF", "NOT", "EXISTS"] else at + 1
        if verb == "CREATE":
            self._properties[parsed.at(place).name or ""] = self._options(parsed)
            return self._count(table.CREATE_DATABASE)
        if not {"CHARSET", "COLLATE", "CHARACTER"}.intersection(parsed.upper):
            return self._count(table.MAINTENANCE)
        named = parsed.upper[place] not in _OPTIONS
        if not self._takes(parsed.at(place).name or "" if named else self.current):
            return ()
        self._count(table.MY_ALTER_DATABASE, named)
        changes = {**self._collations(parsed), **({place: ""} if named else {})}
        return self._out((Execute(event.place, parsed.joined(changes), True),))

    def _options(self, parsed: Parsed) -> dict[str, str]:
        changes, dummy = my_versions.adapted(parsed, self.target.collations)
        self._count(table.MY_COLLATION, len(changes))
        found = {}
        for place, word in enumerate(parsed.upper):
            value = place + 2 if parsed.at(place + 1).text == "=" else place + 1
            text = changes.get(value, my_names.value(parsed.at(value))).strip("'\"`")
            if word == "COLLATE":
                found["collation"] = text
            elif word == "CHARSET" or (word == "SET" and parsed.upper[place - 1] == "CHARACTER"):
                found["charset"] = text
        return found

    # -- data: judged by the name of the table, whatever the size

    def _write(self, event: Statement | Bulk) -> Items:
        """INSERT and REPLACE."""
        if _PLAIN.match(event.text):
            return self._out((Execute(event.place, event.text, False),)) if self._takes(self.current) else ()
        if self.current and not self._takes(self.current):
            return ()
        qualified = _QUALIFIED.match(event.text)
        if qualified and self.current and decode(qualified[1].strip(b"`")) == self.current:
            self._count(table.MY_QUALIFIER)
            text = event.text[: qualified.start(1)] + event.text[qualified.start(2) :]
            return self._out((Execute(event.place, text, False),))
        parsed = Parsed(qualified.group() if qualified else event.text[:_HEAD], self._mode)
        words = ("INSERT", "REPLACE", "LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO")
        first = next((i for i, word in enumerate(parsed.upper) if word not in words), len(parsed))
        # Behind the name there must be something else in sight: half a name, or half a qualified one, tells nothing.
        if parsed.at(first).name is None or len(parsed) < first + (3 if qualified else 4):
            raise self._refused(table.UNKNOWN, f"{parsed.upper[0]} into no table")
        return self._data(event, parsed, [first])

    def _change(self, event: Statement) -> Items:
        """UPDATE and DELETE."""
        if self.current and not self._takes(self.current):
            return ()
        parsed = Parsed(event.text[:_HEAD], self._mode)
        if len(event.text) > _HEAD and parsed.find("SET" if parsed.upper[0] == "UPDATE" else "WHERE") < 0:
            raise self._refused(table.UNKNOWN, f"{parsed.upper[0]} whose tables are not in its first {_HEAD} bytes")
        return self._data(event, parsed, my_names.written(parsed))

    def _data(self, event: Statement | Bulk, parsed: Parsed, places: t.Sequence[int]) -> Items:
        changes = self._own(parsed, places, parsed.upper[0])
        if changes is None:
            return ()
        text = parsed.joined(changes) + event.text[len(parsed.joined({})) :] if changes else event.text
        return self._out((Execute(event.place, text, False),))

    def _own(self, parsed: Parsed, places: t.Sequence[int], what: str) -> dict[int, str] | None:
        """Changes that leave out the qualifiers at ``places``; None when the statement is one of another database."""
        found = {place: my_names.qualifier(parsed, place) for place in places}
        named = [name for name in found.values() if name is not None]
        name = self.current
        if not name and named:
            # Nothing but the qualifier tells where it belongs.
            name = named[0]
            if name not in self._entered:
                self._entered.append(name)
        if not self._takes(name):
            return None
        others = [item for item in named if item != name]
        if others:
            raise self._refused(table.OTHER_WRITE, f"{what} of an object in {others[0]!r}")
        self._count(table.MY_QUALIFIER, bool(named))
        return {place + step: "" for place, item in found.items() if item is not None for step in (0, 1)}

    # -- code

    def _check_code(self, parsed: Parsed) -> None:
        for place, word in enumerate(parsed.upper):
            if word == "INTO" and parsed.upper[place + 1 : place + 2] in (["OUTFILE"], ["DUMPFILE"]):
                raise self._refused(table.SERVER_FILE, f"INTO {parsed.upper[place + 1]}")
            if (parsed.at(place).name or "").upper() == "LOAD_FILE" and parsed.at(place + 1).text == "(":
                raise self._refused(table.SERVER_FILE, "LOAD_FILE")

    def _code(self, event: Statement, parsed: Parsed, verb: str) -> Items:
        self._check_code(parsed)
        if verb in ("SELECT", "VALUES", "TABLE") and not {"(", ":", "INTO"}.intersection(parsed.upper):
            return self._count(table.MAINTENANCE)
        if verb == "CALL":
            changes = self._own(parsed, [1], verb)
            return () if changes is None else self._out((Execute(event.place, parsed.joined(changes), False),))
        if not self._takes(self.current):
            return ()
        return self._out((Execute(event.place, self._moved(event.text), False),))

    # -- definitions

    def _definition(self, event: Statement, parsed: Parsed) -> Items:
        verb = parsed.upper[0]
        at = self._kind(parsed, verb)
        kind = parsed.upper[at]
        if kind in ("DATABASE", "SCHEMA"):
            return self._database(event, parsed, at)
        if kind in ("USER", "ROLE"):
            return self._account(event, parsed)
        if "SONAME" in parsed.upper:
            raise self._refused(table.SERVER_FILE, f"{verb} {kind} .. SONAME")
        if self.current and not self._takes(self.current):
            return ()
        changes = self._own(parsed, my_names.objects(parsed, at), f"{verb} {kind}")
        if changes is None:
            return ()
        if self.target.flavour == "mysql" and kind in my_versions.MARIADB_KINDS:
            raise self._refused(table.OTHER_FLAVOUR, f"{verb} {kind} is of MariaDB")
        forgiven: tuple[str, ...] = ()
        if verb == "DROP" and parsed.upper[at + 1 : at + 3] != ["IF", "EXISTS"]:
            forgiven = _NOT_THERE
        elif verb in ("CREATE", "ALTER"):
            changes.update(self._changes(parsed, at))
        text = self._moved(parsed.joined(changes) if changes else event.text)
        return self._out((Execute(event.place, text, True, forgiven),))

    @abc.abstractmethod
    def _account(self, event: Statement, parsed: Parsed) -> Items:
        """A statement about accounts, roles or their grants."""

    def _kind(self, parsed: Parsed, verb: str) -> int:
        """The place of the word that tells the kind of object."""
        at = my_names.kind(parsed)
        if verb == "TRUNCATE" and at != 1:
            return 0
        if at < 0:
            unknown = next((word for word in parsed.upper[1:3] if word in _SERVER_WIDE), "")
            rule = table.SERVER_CHANGE if unknown else table.UNKNOWN
            raise self._refused(rule, f"{verb} {unknown or ' '.join(parsed.upper[1:2])}".strip())
        return at

    def _changes(self, parsed: Parsed, at: int) -> dict[int, str]:
        """Of a CREATE or ALTER: what this server would not take."""
        changes = self._collations(parsed)
        definer = my_names.definer(parsed, at, frozenset(self._accounts) if self.target.accounts else frozenset())
        self._count(table.MY_DEFINER, bool(definer))
        changes.update(definer)
        if parsed.upper[at] == "EVENT":
            states = my_names.disabled(parsed, at)
            if states:
                place = my_names.objects(parsed, at)[0]
                place = place + 2 if my_names.qualifier(parsed, place) is not None else place
                self.enabled_events.append(parsed.at(place).name or "")
                self._count(table.MY_EVENT)
            changes.update(states)
        return changes

    def _moved(self, text: bytes) -> bytes:
        """A definition without the old database's name before its objects."""
        old = self.selected or ""
        if not old or encode(old) not in text:
            return text
        moved = encode(retarget(decode(text), old, None, _Everything(), sql_mode=self._mode))
        self._count(table.MY_QUALIFIER, moved != text)
        return moved


__all__ = ("MyContent",)
