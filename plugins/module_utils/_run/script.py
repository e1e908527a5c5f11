# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""A foreign dump in plain SQL: read, judged by the rules, and run statement by statement."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Session
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import CopyData, CopyEnd, Event, ddl_head
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Execute, Reconnect, Rules, Target, Wanted

# Parts that are named; the others are counted.
_SHOWN = 20
_ROLE_MISSING = "42704"
_Watch = t.Callable[[Execute], None]
Item = t.Union[Execute, Reconnect, CopyData, CopyEnd]


class Script:
    """One pass over one stream. ``begin`` reads up to the first statement of the chosen database."""

    def __init__(self, chunks: t.Iterable[bytes], target: Target, wanted: Wanted) -> None:
        self._rules, events, self._watch = _dialect(target, wanted, chunks)
        self._items: t.Iterator[Item] = iter(self._rules.apply(events))
        self._next: Item | None = None
        self.globals_taken = 0
        self._warnings = 0
        self._first_warning = ""
        self.statements = 0

    def begin(self) -> None:
        """From here on the database's name and properties are known."""
        self._next = self._read()

    @property
    def database(self) -> str:
        """The name of the chosen database; empty when the stream tells none."""
        return self._rules.selected or ""

    @property
    def properties(self) -> dict[str, t.Any]:
        """What its CREATE DATABASE tells."""
        return self._rules.properties

    @property
    def adaptations(self) -> dict[str, int]:
        """Rules that changed or left out something, and how often."""
        return self._rules.adaptations

    @property
    def enabled_events(self) -> list[str]:
        """MySQL: events that were enabled; they are created disabled."""
        return getattr(self._rules, "enabled_events", [])

    def take_globals(self) -> list[str]:
        """Statements about roles and accounts that were met since the last call."""
        found = self._rules.globals[self.globals_taken :]
        self.globals_taken += len(found)
        return [statement.decode("utf-8", "surrogateescape") for statement in found]

    def about(self) -> dict[str, t.Any]:
        """For the result."""
        rules = self._rules
        tool = f"{rules.tool} {rules.tool_version}".strip()
        return {
            "tool": tool,
            "database": rules.selected or "",
            "databases": [name for name in rules.databases if name],
            "complete": rules.complete if rules.tool else None,
        }

    @property
    def warnings(self) -> list[str]:
        """What was loaded otherwise than the file has it, without any value."""
        found = []
        if self._warnings:
            found.append(
                f"The server gave {self._warnings} warning{'s' if self._warnings > 1 else ''} while loading: values may"
                f" differ from those in the file, or rows be missing. The first: {self._first_warning}."
            )
        passed = list(getattr(self._rules, "unapplied", ()))
        if passed:
            more = f", and {len(passed) - _SHOWN} more" if len(passed) > _SHOWN else ""
            found.append(
                "Parts of definitions stand in comments for other versions, which this server does not apply:"
                f" {', '.join(passed[:_SHOWN])}{more}."
            )
        return found

    def _note(self, item: Execute, count: int, first: str) -> None:
        if count and not self._warnings:
            self._first_warning = f"statement {item.place.number} (line {item.place.line}): {first}"
        self._warnings += count

    def _taken(self) -> t.Iterator[Item]:
        while self._next is not None:
            item, self._next = self._next, self._read()
            yield item

    def _read(self) -> Item | None:
        """The next item; what goes wrong here by a defect is told with its place."""
        try:
            return next(self._items, None)
        except BackupError:
            raise
        except Exception as exc:
            raise EngineError(
                f"At {self._rules.place or 'the start'}: an unexpected error, probably a defect of the collection:"
                f" {type(exc).__name__}: {exc}",
                stage="read",
                hint="Please report it with that statement. The dump itself may be well.",
            ) from exc

    def only_read(self) -> None:
        """To the end, so that everything that would be refused is refused."""
        for item in self._taken():
            if isinstance(item, Execute):
                self.statements += 1
                self._watch(item)

    def load(self, open_session: t.Callable[[], Session]) -> None:
        """Run all of it; the first error ends it, with its place."""
        session = open_session()
        try:
            items = self._taken()
            for item in items:
                if isinstance(item, Reconnect):
                    session.close()
                    session = open_session()
                elif isinstance(item, Execute):  # else COPY's end, which the data's own iterator leaves
                    self._run(session, item, items)
            session.finish()
        finally:
            session.close()

    def _run(self, session: Session, item: Execute, items: t.Iterator[Item]) -> None:
        self.statements += 1
        try:
            if isinstance(self._next, (CopyData, CopyEnd)):
                session.copy(item.text, _rows(items))
            else:
                session.run(item.text, data=not item.shown)
                self._note(item, *session.warned())
                session.agree(item.strings)
        except EngineError as exc:
            if session.code(exc) not in item.forgiven or session.broken():
                raise _placed(exc, item, session, self._rules.wanted.no_owner) from exc.__cause__
            self._rules.forgive(item)


def _dialect(target: Target, wanted: Wanted, chunks: t.Iterable[bytes]) -> tuple[Rules, t.Iterator[Event], _Watch]:
    """(rules, events, who sees what is only read). Only one dialect is ever needed."""
    if target.flavour == "postgresql":
        from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_reader import PostgresReader
        from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_rules import PgRules
        from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_writes import ForeignTables

        foreign = ForeignTables()
        return (
            PgRules(target, wanted),
            PostgresReader().read(chunks),
            lambda item: foreign.see(item.text, item.place),
        )
    from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_rules import MyRules
    from ansible_collections.vya.backupdb.plugins.module_utils._sql.mysql_reader import MysqlReader

    return MyRules(target, wanted), MysqlReader().read(chunks), lambda dummy: None


def _rows(items: t.Iterator[Item]) -> t.Iterator[bytes]:
    for item in items:
        if isinstance(item, CopyData):
            yield item.chunks
        else:
            return


def _placed(exc: EngineError, item: Execute, session: Session, no_owner: bool) -> EngineError:
    """The error with its statement's place, and the statement's head unless it is data."""
    place = item.place
    where = f"Statement {place.number} (line {place.line}, byte {place.offset})"
    head = ddl_head(item.text) if item.shown else ""
    shown = f" It begins: {head}" if head else ""
    hint = exc.hint
    if session.code(exc) == _ROLE_MISSING and "role" in exc.msg:
        hint = "Restore with globals=true if the file holds its roles, or create them; or set no_owner=true."
        hint = hint.replace("; or set no_owner=true", "") if no_owner else hint
    said = exc.msg if exc.msg[-1:] in ".!?" else f"{exc.msg}."
    return EngineError(f"{where}: {said}{shown}", stage="load", hint=hint)


__all__ = ("Script",)
