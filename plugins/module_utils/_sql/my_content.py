# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The rules for MySQL and MariaDB, about content: definitions, data, and the database they are in."""

from __future__ import annotations

import abc
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_swap import JOURNALS
from ansible_collections.vya.backupdb.plugins.module_utils._sql import (
    my_engines,
    my_names,
    my_tables,
    my_versions,
    table,
)
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Bulk, Statement
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_moved import move
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_names import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_settings import MySettings
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_views import Views
from ansible_collections.vya.backupdb.plugins.module_utils._sql.places import decode, encode
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Execute, Item

Items = t.Iterable[Item]

_OWN_TABLES = frozenset(JOURNALS)
_NOT_THERE = ("1051", "1091", "1305", "1360", "1539", "4091", "4092")
_NO_TABLE = "1146"
_SERVER_WIDE = frozenset("SERVER TABLESPACE UNDO LOGFILE INSTANCE RESOURCE SPATIAL LIBRARY".split())
_OPTIONS = frozenset("CHAR CHARACTER CHARSET COLLATE DEFAULT READ ENCRYPTION UPGRADE COMMENT".split())


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
        self._views = Views()

    # -- the database itself

    def _database(self, event: Statement, parsed: Parsed, at: int) -> Items:
        verb = parsed.upper[0]
        if verb == "DROP":
            return self._count(table.DROP_DATABASE)
        place = at + 4 if parsed.upper[at + 1 : at + 4] == ["IF", "NOT", "EXISTS"] else at + 1
        if verb == "CREATE":
            self._properties[parsed.at(place).name or ""] = self._options(parsed)
            return self._count(table.CREATE_DATABASE)
        if not {"CHARSET", "COLLATE", "CHARACTER", "CHAR"}.intersection(parsed.upper):
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
            elif word == "CHARSET" or (word == "SET" and parsed.upper[place - 1] in ("CHARACTER", "CHAR")):
                found["charset"] = text
        return found

    # -- data: judged by the name of the table, whatever the size

    def _write(self, event: Statement | Bulk) -> Items:
        """INSERT and REPLACE."""
        if self.current and not self._takes(self.current):
            return ()
        head = my_tables.VALUES.match(event.text)
        if head is None or not my_tables.plain(event.text, self._strings.modes):
            self._one_reading(event.text)
            return self._query(event, Parsed(event.text, self._mode))
        if self._views:
            # It may name one of them, whose rows are of another database.
            parsed = Parsed(head.group(), self._mode)
            return self._data(event, parsed, my_tables.tables(parsed))
        if head[1] is None:
            return self._out((Execute(event.place, event.text, False),)) if self._takes(self.current) else ()
        if self.current and decode(head[1].strip(b'`"')) == self.current:
            self._count(table.MY_QUALIFIER)
            text = event.text[: head.start(1)] + event.text[head.start(2) :]
            return self._out((Execute(event.place, text, False),))
        parsed = Parsed(head.group(), self._mode)
        return self._data(event, parsed, my_tables.tables(parsed))

    def _change(self, event: Statement, parsed: Parsed) -> Items:
        """UPDATE and DELETE."""
        return () if self.current and not self._takes(self.current) else self._query(event, parsed)

    def _query(self, event: Statement | Bulk, parsed: Parsed) -> Items:
        """A change of data with queries in it: what is read is of the same database."""
        self._check_code(parsed)
        return self._data(event, parsed, my_tables.tables(parsed))

    def _data(self, event: Statement | Bulk, parsed: Parsed, places: t.Sequence[int]) -> Items:
        if not places:
            raise self._refused(table.UNKNOWN, f"{parsed.upper[0]} of no table")
        changes = self._own(parsed, places, parsed.upper[0])
        if changes is None:
            return ()
        self._check_calls(parsed)
        head = parsed.joined({})
        text = self._moved(parsed.joined(changes) if changes else head) + event.text[len(head) :]
        return self._out((Execute(event.place, text, False),))

    def _own(self, parsed: Parsed, places: t.Sequence[int], what: str) -> dict[int, str] | None:
        """Changes that leave out the qualifiers at ``places``; None when the statement is one of another database."""
        if any(parsed.at(place).name is None for place in places):
            raise self._refused(table.UNKNOWN, f"{what} of something without a name")
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

    def _check_calls(self, parsed: Parsed) -> None:
        """A function of another database may write there, a sequence draws a number there; so may a view do."""
        for name in self._beyond(parsed):
            raise self._refused(table.OTHER_WRITE, f"{name}, which may write there")
        view = self._views.leading(self._names(parsed, my_tables.tables(parsed))) if self._views else ""
        if view:
            raise self._refused(table.OTHER_WRITE, f"the view {view!r}, which leads into another database")

    def _beyond(self, parsed: Parsed) -> t.Iterator[str]:
        """Functions and sequences of another database that are used."""
        own = self.current or self.selected or next(iter(self._entered), "")
        for place in my_tables.sequences(parsed):
            if my_names.qualifier(parsed, place) not in (None, own):
                yield f"sequence {parsed.at(place).name}.{parsed.at(place + 2).name}"
        found: list[int] | None = None
        for dot in [place for place, word in enumerate(parsed.upper) if word == "."]:
            name, called = parsed.at(dot - 1).name, parsed.at(dot + 1).name
            if name in (None, own) or called is None or parsed.at(dot + 2).text != "(":
                continue
            found = my_tables.tables(parsed) if found is None else found
            if parsed.upper[dot - 2] != "." and dot - 1 not in found:
                yield f"{name}.{called}()"

    def _names(self, parsed: Parsed, places: t.Iterable[int]) -> list[str]:
        """Names of the objects at ``places`` that are of the own database."""
        own = self.current or self.selected or next(iter(self._entered), "")
        found = [(my_names.qualifier(parsed, place), place) for place in places]
        return [
            parsed.at(place if name is None else place + 2).name or "" for name, place in found if name in (None, own)
        ]

    def _code(self, event: Statement, parsed: Parsed, verb: str) -> Items:
        self._check_code(parsed)
        main = my_tables.main_verb(parsed) if verb == "WITH" else verb
        if main in ("UPDATE", "DELETE", "INSERT", "REPLACE"):
            return self._change(event, parsed)
        if not main:
            raise self._refused(table.UNKNOWN, "WITH without a query")
        if verb in ("SELECT", "VALUES", "TABLE") and not {"(", ":", "INTO", "NEXT"}.intersection(parsed.upper):
            return self._count(table.MAINTENANCE)
        if verb == "CALL":
            changes = self._own(parsed, [1], verb)
            if changes is None:
                return ()
            self._check_calls(parsed)
            return self._out((Execute(event.place, self._moved(parsed.joined(changes)), False),))
        if not self._takes(self.current):
            return ()
        self._check_calls(parsed)
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
        if kind == "FUNCTION" and my_names.library(parsed):
            raise self._refused(table.SERVER_FILE, f"{verb} {kind} .. SONAME")
        if self.current and not self._takes(self.current):
            return ()
        places = my_names.objects(parsed, at)
        read = self._read(parsed, kind)
        used = [*read, *my_tables.sequences(parsed)] if kind == "TABLE" else []
        changes = self._own(parsed, [*places, *used], f"{verb} {kind}")
        if changes is None:
            return ()
        self._follow_views(parsed, kind, places, read)
        if verb != "DROP":
            self._check_names(parsed, places)
        # A view may show what is in another database, and may name its own as an alias.
        own = [place for place in read if self.selected and my_names.qualifier(parsed, place) == self.selected]
        self._count(table.MY_QUALIFIER, bool(own) and kind == "VIEW")
        changes.update({place + step: "" for place in own for step in (0, 1)})
        if self.target.flavour == "mysql" and kind in my_versions.MARIADB_KINDS:
            raise self._refused(table.OTHER_FLAVOUR, f"{verb} {kind} is of MariaDB")
        forgiven: tuple[str, ...] = ()
        if verb == "DROP" and (kind == "INDEX" or parsed.upper[at + 1 : at + 3] != ["IF", "EXISTS"]):
            forgiven = (*_NOT_THERE, _NO_TABLE) if kind in ("INDEX", "TRIGGER") else _NOT_THERE
        elif verb in ("CREATE", "ALTER"):
            changes.update(self._changes(parsed, at))
        text = self._moved(parsed.joined(changes) if changes else event.text)
        return self._out((Execute(event.place, text, True, forgiven),))

    def _follow_views(self, parsed: Parsed, kind: str, places: t.Sequence[int], read: t.Sequence[int]) -> None:
        """What is made, and whether what it is made of leads into another database."""
        names = self._names(parsed, places)
        verb = parsed.upper[0]
        if kind == "VIEW" and verb in ("CREATE", "ALTER"):
            beyond = any(my_names.qualifier(parsed, place) not in (None, self.selected) for place in read)
            self._views.made(names[0], self._names(parsed, read), beyond or any(True for dummy in self._beyond(parsed)))
        elif verb == "RENAME" or (verb == "ALTER" and kind == "TABLE"):
            self._views.renamed(names)
        elif kind in ("TABLE", "VIEW"):
            for name in names:
                self._views.gone(name)
        if kind == "TABLE":
            view = self._views.leading(self._names(parsed, [place for place in read if place not in places]))
            if view:
                raise self._refused(table.OTHER_WRITE, f"the view {view!r}, which leads into another database")

    def _read(self, parsed: Parsed, kind: str) -> list[int]:
        """Places of the tables that a definition queries; what its options may name is judged."""
        if kind not in ("TABLE", "VIEW"):
            return []
        self._check_code(parsed)
        if kind == "VIEW":
            return my_tables.tables(parsed)
        for place, word in enumerate(parsed.upper):
            if word in ("DATA", "INDEX") and parsed.upper[place + 1 : place + 2] == ["DIRECTORY"]:
                raise self._refused(table.SERVER_FILE, f"{word} DIRECTORY")
        for engine in my_engines.engines(parsed):
            if engine == "CONNECT":
                raise self._refused(table.SERVER_FILE, "ENGINE=CONNECT")
            if engine in my_engines.REMOTE:
                raise self._refused(table.MY_REMOTE, f"ENGINE={engine}")
        if my_engines.option(parsed, "FILE_NAME"):
            raise self._refused(table.SERVER_FILE, "FILE_NAME")
        return my_tables.tables(parsed)

    def _check_names(self, parsed: Parsed, places: t.Iterable[int]) -> None:
        for place in places:
            name = parsed.at(place if my_names.qualifier(parsed, place) is None else place + 2).name or ""
            if name.lower() in _OWN_TABLES:
                raise self._refused(table.MY_OWN, name)

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
        words, left = move(decode(text), old, None, _Everything(), sql_mode=self._mode)
        moved = encode(words)
        self._count(table.MY_QUALIFIER, moved != text)
        self._count(table.MY_LEFT, left)
        return moved


__all__ = ("MyContent",)
