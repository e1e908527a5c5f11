# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Between a reader of foreign SQL and the engine: which statements are executed, in which form, and which are refused.

Nothing is dropped or changed without being counted. What is executed is decided by statement: text within strings,
comments and bodies of functions decides nothing, and data is never looked into.
"""

from __future__ import annotations

import abc
import dataclasses
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from ansible_collections.vya.backupdb.plugins.module_utils._sql import table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import (
    Bulk,
    Comment,
    CopyData,
    CopyEnd,
    Event,
    Meta,
    Place,
    Statement,
)
from ansible_collections.vya.backupdb.plugins.module_utils._sql.table import Rule

# More settings than this before any content are no dump.
_MAX_PENDING = 10_000


@dataclasses.dataclass(frozen=True)
class Execute:
    """A statement for the server. ``shown``: a definition, whose beginning may stand in an error. ``forgiven``: errors
    (SQLSTATE or MySQL's number) that the caller counts with :meth:`Rules.forgive` and passes over. ``strings``: MySQL:
    how what follows was read, which the server has to confirm: (backslashes escape, double quotes quote names, bytes
    that are no ASCII are UTF-8)."""

    place: Place
    text: bytes
    shown: bool
    forgiven: tuple[str, ...] = ()
    rule: Rule = table.FORGIVEN
    strings: tuple[bool, bool, bool] | None = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True)
class Reconnect:
    """PostgreSQL: what follows runs in another session, which begins with what the database is set to by now."""

    place: Place


@dataclasses.dataclass(frozen=True)
class Target:
    """The server. ``settings``: names of its variables, lower case; ``accounts``: (user, host), or names of roles.
    ``catalog``: names of the relations of pg_catalog. An empty ``settings``, ``accounts``, ``collations``,
    ``sql_modes`` or ``catalog``: not known, nothing is judged by it."""

    flavour: str
    version: tuple[int, ...]
    version_text: str
    settings: frozenset[str] = frozenset()
    accounts: frozenset[t.Any] = frozenset()
    collations: frozenset[str] = frozenset()
    sql_modes: frozenset[str] = frozenset()
    catalog: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the task asks for. ``source_database`` empty: the only one. ``target``: the final name, ``scratch``: the
    database that is being loaded."""

    source_database: str = ""
    with_globals: bool = False
    no_owner: bool = False
    allow_incomplete: bool = False
    target: str = ""
    scratch: str = ""


class RefusedError(BackupError):
    """A rule forbids what the stream holds."""

    default_stage = "restore"

    def __init__(self, rule: Rule, what: str, place: Place | None = None, *, hint: str = "") -> None:
        where = f" ({place})" if place is not None else ""
        super().__init__(f"Refused, {rule.name}: {what}{where}.", hint=hint or rule.hint)
        self.rule = rule
        self.place = place


Item = t.Union[Execute, Reconnect, CopyData, CopyEnd]

_TOOLS = re.compile(
    rb"^-- (?:(?P<my>MySQL|MariaDB) dump [^\n]*?(?:Distrib |(?<=[0-9])-)(?P<myversion>[0-9][^\s,]*)"
    rb"|(?P<pg>PostgreSQL database(?P<cluster> cluster)? dump)[ \t\r]*$|Dumped by pg_dump version (?P<pgversion>[^\s]+)"
    rb"|(?P<end>Dump completed|PostgreSQL database(?P<clusterend> cluster)? dump complete)"
    rb"|Host: [^\n]*?[ \t]Database: (?P<database>[^\r\n]*))",
    re.M,
)


class Rules(abc.ABC):
    """One stream's way through the rules of one dialect.

    ``databases``: names of those that the stream holds content for, in order; the content before any USE or
    \\connect belongs to ``""``, or to the database in the header. ``selected`` is the one that is taken, or None.
    ``adaptations``: a rule's name -> how often. ``globals``: with_globals: statements about roles and accounts, in
    order; PostgreSQL needs them before the content, and has them before the first item of pg_dumpall's output.
    ``complete``: each header of a tool had its trailer (known at the end). ``tool``: mysqldump, mariadb-dump, pg_dump,
    pg_dumpall or empty.
    """

    # Databases that hold nothing of the user's.
    system: t.ClassVar[frozenset[str]] = frozenset()

    def __init__(self, target: Target, wanted: Wanted) -> None:
        self.target = target
        self.wanted = wanted
        self.adaptations: dict[str, int] = {}
        self.databases: list[str] = []
        self.selected: str | None = wanted.source_database or None
        self.globals: list[bytes] = []
        self.tool = self.tool_version = ""
        self.complete = False
        self.current = ""
        self._properties: dict[str, dict[str, str]] = {}
        self._entered: list[str] = []  # named in the stream, with or without content
        self._seen: set[str] = set()  # content was seen
        self._taking = False  # content of the selected database was yielded
        self._several = False
        self._copying = False
        self._pending: dict[bytes, Execute] = {}
        self._open: list[str] = []  # headers without their trailers
        self._in_transaction = False
        self._place: Place | None = None

    @property
    def place(self) -> Place | None:
        """Where the last statement begins."""
        return self._place

    @property
    def properties(self) -> dict[str, str]:
        """Of the selected database, as its CREATE DATABASE tells: PostgreSQL encoding, collate, ctype, provider,
        locale, owner; MySQL charset, collation. Known when the first item is yielded."""
        return dict(self._properties.get(self.selected or "", {}))

    def apply(self, events: t.Iterable[Event]) -> t.Iterator[Item]:
        """What is to be executed. Raises RefusedError; reads lazily, and to the end."""
        for event in events:
            kind = type(event)
            if kind is CopyData or kind is CopyEnd:
                if self._copying:
                    yield event  # type: ignore[misc]
                continue
            self._place = event.place
            if isinstance(event, Bulk):
                yield from self._bulk(event)
            elif isinstance(event, Statement):
                self._copying = False
                yield from self._statement(event)
            elif isinstance(event, Comment):
                self._comment(event.text)
            elif isinstance(event, Meta):
                yield from self._meta(event)
        yield from self._finish()

    def forgive(self, item: Execute) -> None:
        """Count an error of ``item.forgiven`` that was passed over."""
        self._count(item.rule)

    @abc.abstractmethod
    def _statement(self, event: Statement) -> t.Iterable[Item]:
        """One statement: what of it is executed."""

    @abc.abstractmethod
    def _bulk(self, event: Bulk) -> t.Iterable[Item]:
        """One INSERT or REPLACE."""

    @abc.abstractmethod
    def _meta(self, event: Meta) -> t.Iterable[Item]:
        """One command of the client."""

    # -- counting and refusing

    def _count(self, rule: Rule, times: int = 1) -> t.Sequence[Item]:
        if times:
            self.adaptations[rule.name] = self.adaptations.get(rule.name, 0) + times
        return ()

    def _refused(self, rule: Rule, what: str, hint: str = "") -> RefusedError:
        return RefusedError(rule, what, self._place, hint=hint)

    # -- databases

    def _enter(self, name: str) -> None:
        """What follows belongs to the database ``name``."""
        self.current = name
        if name not in self._entered:
            self._entered.append(name)

    def _asked_for(self, name: str) -> bool:
        return name not in self.system or name == self.wanted.source_database

    def _takes(self, name: str) -> bool:
        """Whether content of the database ``name`` is executed: the first is selected. What is not taken is counted."""
        if self._taking and name == self.selected and not self._several:
            return True
        if name not in self._seen:
            self._seen.add(name)
            if self._asked_for(name):
                self.databases.append(name)
                if self.selected is None:
                    self.selected = name
                elif name != self.selected and not self.wanted.source_database:
                    # Nothing more is loaded: the rest is read to tell the names of all.
                    self._several = True
        if name == self.selected and not self._several:
            self._begin()
            return True
        self._count(table.OTHER_DATABASE if self._asked_for(name) else table.SYSTEM_DATABASE)
        return False

    def _begin(self) -> None:
        """The first content of the selected database is here."""
        self._taking = True

    def _wait(self, item: Execute) -> None:
        """Keep a setting until there is content; of equal ones the last, as dumps repeat theirs for each table."""
        if self._pending.pop(item.text, None) is not None:
            self._count(table.OTHER_DATABASE)
        self._pending[item.text] = item
        self._check_pending()

    def _check_pending(self) -> None:
        if len(self._pending) > _MAX_PENDING:
            raise self._refused(table.TOO_MANY, f"there are more than {_MAX_PENDING}")

    def _out(self, items: t.Iterable[Item]) -> t.Iterable[Item]:
        """Content of the selected database, behind the settings that wait for it."""
        if not self._pending:
            return items
        waiting = list(self._pending.values())
        self._pending = {}
        return [*waiting, *items]

    def _setting(self, item: Execute) -> t.Iterable[Item]:
        if self._several:
            return self._count(table.OTHER_DATABASE)
        if self._taking:
            return (item,)
        self._wait(item)
        return ()

    def _transaction(self, word: str) -> None:
        if word in ("BEGIN", "START"):
            self._in_transaction = True
        elif word in ("COMMIT", "END", "ROLLBACK", "ABORT"):
            self._in_transaction = False

    # -- headers, trailers, the end

    def _comment(self, text: bytes) -> None:
        for found in _TOOLS.finditer(text):
            if found["my"]:
                version = found["myversion"].decode("ascii", "replace")
                maria = found["my"] == b"MariaDB" or "MariaDB" in version
                self._header("mariadb-dump" if maria else "mysqldump", version)
            elif found["pg"]:
                self._header("pg_dumpall" if found["cluster"] else "pg_dump", "")
            elif found["pgversion"]:
                self.tool_version = self.tool_version or found["pgversion"].decode("ascii", "replace")
            elif found["end"]:
                self._trailer("pg_dumpall" if found["clusterend"] else "")
            elif found["database"] and self._open:
                self._enter(found["database"].decode("utf-8", "surrogateescape"))

    def _header(self, tool: str, version: str) -> None:
        if self._open and self._open[-1] != "pg_dumpall":
            self._cut_off(self._open.pop())
        self._open.append(tool)
        if not self.tool:
            self.tool, self.tool_version = tool, version

    def _trailer(self, tool: str) -> None:
        if self._open and (self._open[-1] == "pg_dumpall") == (tool == "pg_dumpall"):
            self._open.pop()

    def _cut_off(self, tool: str) -> None:
        if not self.wanted.allow_incomplete:
            raise self._refused(
                table.NO_TRAILER, f"the stream was written by {tool} and ends without the line that {tool} ends with"
            )
        self._count(table.INCOMPLETE)

    def _finish(self) -> t.Iterator[Item]:
        self.complete = not self._open and not self._in_transaction
        for tool in reversed(self._open):
            self._cut_off(tool)
        if self._in_transaction and not self.wanted.allow_incomplete:
            raise self._refused(table.NO_TRAILER, "the stream ends inside a transaction")
        self._count(table.INCOMPLETE, self._in_transaction)
        self._select()
        yield from self._out(())

    def _select(self) -> None:
        """Judge the selection, now that all names are known."""
        names = ", ".join(_shown(name) for name in self.databases)
        if self._several:
            raise self._refused(table.SEVERAL, f"the stream holds several databases: {names}")
        if self.selected is None:
            empty = [name for name in self._entered if self._asked_for(name)]
            if len(empty) > 1:
                names = ", ".join(_shown(name) for name in empty)
                raise self._refused(table.SEVERAL, f"the stream holds several databases, all empty: {names}")
            skipped = ", ".join(sorted(self._seen))
            if not empty and (skipped or self.tool in ("", "pg_dumpall")):
                what = (
                    f"there is content of {skipped} only" if skipped else "the stream holds no statement with content"
                )
                hint = "source_database takes a system database, where that is wanted." if skipped else ""
                raise self._refused(table.EMPTY, what, hint)
            self.selected = empty[0] if empty else ""
        elif self.selected not in self._entered and self.selected not in self._seen:
            what = f"{self.selected!r} is not there; the stream holds {names or 'none'}"
            raise self._refused(
                table.NOT_IN_STREAM,
                what,
                "Leave source_database out: the stream names no database." if self.databases == [""] else "",
            )


def _shown(name: str) -> str:
    return repr(name) if name else "one without a name (before any USE or \\connect)"


__all__ = ("Execute", "Item", "Reconnect", "RefusedError", "Rules", "Target", "Wanted")
