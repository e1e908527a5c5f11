# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: one look at every table for its rows, their checksum, and values that a dump does not keep."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_columns, my_content, my_coverage, my_lossy
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_advice import about
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import error_number, execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_columns import Column
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_lossy import Risk
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_schema import Reader
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_script import Definition
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import quote
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Sequence, Table

_NEXT = re.compile(r"^\).*? AUTO_INCREMENT=([0-9]+)", re.M)
# The server says by this warning that a value became NULL because it was too long.
_TOO_LONG = 1301
# Errors of an expression begin above those of the server's own state (ER_QUERY_INTERRUPTED and the like are named).
_STOPPED = (1053, 1317, 1969, 3024)
_CONNECTION = range(2000, 3000)


@dataclasses.dataclass
class Counted:
    """``risks``: what was found, with how many (None: the server could not tell)."""

    tables: list[Table] = dataclasses.field(default_factory=list)
    sequences: list[Sequence] = dataclasses.field(default_factory=list)
    risks: list[tuple[Risk, int | None]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Scope:
    """What to look for. ``history``: past rows of versioned tables count too; ``content``: checksums; ``risks``: values
    that the dump does not keep; ``as_bytes``: how it writes strings."""

    history: bool = False
    content: bool = False
    risks: bool = False
    as_bytes: bool = False


class Counter:
    """Counts through one connection, in the snapshot that it has."""

    def __init__(
        self,
        connection: t.Any,
        database: str,
        reader: Reader,
        definitions: t.Iterable[Definition],
        columns: t.Mapping[str, t.Sequence[Column]],
        *,
        stage: str = "schema",
    ) -> None:
        self._connection, self._database, self._reader, self._stage = connection, database, reader, stage
        self._columns = columns
        self._texts = {item.name: item.text for item in definitions if item.kind == "table"}
        self._elsewhere = my_coverage.elsewhere(reader.engines)
        self._kept = {name for name in self._elsewhere if self._keeps(name)}

    def _keeps(self, name: str) -> bool:
        return self._reader.engines[name].lower() == "connect" and my_coverage.keeps_rows(self._texts.get(name, ""))

    @property
    def elsewhere(self) -> set[str]:
        """Tables whose rows are not in a backup, and are not counted."""
        return self._elsewhere - self._kept

    @property
    def apart(self) -> list[str]:
        """Tables whose rows are theirs although the dump tool leaves them out by default."""
        return sorted(self._kept)

    def _run(self, sql: str) -> list[tuple[t.Any, ...]]:
        return execute(self._connection, sql, stage=self._stage)

    def count(self, scope: Scope, *, in_transaction: bool = False) -> Counted:
        """Look at each table once.

        ``in_transaction``: each table's metadata lock is given back when it is counted. Kept to the end of a dump, it
        would stop an ALTER TABLE, and all who come after that one.
        """
        found = Counted()
        for name in self._reader.tables:
            if name in self.elsewhere:
                found.tables.append(Table(name, None, False))
                continue
            if in_transaction:
                self._run("SAVEPOINT backupdb_count")
            try:
                self._table(name, scope, found)
            except EngineError as exc:
                raise about(exc, f"The table {name!r} of {self._database!r} cannot be counted") from exc.__cause__
            if in_transaction:
                self._run("ROLLBACK TO SAVEPOINT backupdb_count")
        return found

    def _table(self, name: str, scope: Scope, found: Counted) -> None:
        columns, shown = self._columns.get(name, ()), my_columns.shown(self._texts.get(name, ""))
        versioned = name in self._reader.versioned
        history = scope.history and versioned
        source = f"{quote(self._database)}.{quote(name)}" + (" FOR SYSTEM_TIME ALL" if history else "")
        wanted = ["COUNT(*)"]
        if scope.content:
            wanted.append(my_content.checksum(columns, history=history, implicit=versioned))
        risks = my_lossy.risks(columns, shown, as_bytes=scope.as_bytes) if scope.risks else []
        row, numbers = self._looked(source, wanted, risks)
        found.risks += [(risk, number) for risk, number in zip(risks, numbers) if number != 0]
        content = f"{my_content.METHOD}:{int(row[1] or 0):x}" if scope.content else ""
        found.tables.append(Table(name, int(row[0]), True, content))
        self._next_value(name, columns, found)

    def _looked(
        self, source: str, wanted: t.Sequence[str], risks: t.Sequence[Risk]
    ) -> tuple[tuple[t.Any, ...], list[int | None]]:
        """What ``wanted`` gives, and how many values each of ``risks`` has. An expression that the server refuses costs
        its number, and not the backup."""
        sums = [f"SUM({risk.condition})" for risk in risks]
        try:
            row = self._scan(source, [*wanted, *sums])
            return row[: len(wanted)], [int(number or 0) for number in row[len(wanted) :]]
        except EngineError as exc:
            if not risks or error_number(exc) in (*_STOPPED, 0) or error_number(exc) in _CONNECTION:
                raise
        row = self._scan(source, wanted)
        if len(risks) == 1:
            return row, [None]
        return row, [self._looked(source, ["1"], [risk])[1][0] for risk in risks]

    def _scan(self, source: str, expressions: t.Sequence[str]) -> tuple[t.Any, ...]:
        row = self._run(f"SELECT {', '.join(expressions)} FROM {source}")[0]
        if len(expressions) > 1:
            for _level, number, message in self._run("SHOW WARNINGS"):
                if number == _TOO_LONG:
                    raise EngineError(
                        f"The checksum cannot be computed: {message}",
                        stage=self._stage,
                        hint="Raise max_allowed_packet on the server.",
                    )
        return row

    def _next_value(self, name: str, columns: t.Sequence[Column], found: Counted) -> None:
        """The value that an AUTO_INCREMENT column gives next. The counter may be behind rows whose values were given,
        and is set beyond them when they are loaded."""
        column = next((item for item in columns if item.automatic), None)
        if (
            column is None
            or self._reader.engines.get(name, "").lower() != "innodb"
            or column.type in ("float", "double")
        ):
            return
        shown = _NEXT.search(self._texts.get(name, ""))
        largest = self._run(f"SELECT MAX({quote(column.name)}) FROM {quote(self._database)}.{quote(name)}")[0][0]
        value = max(int(shown.group(1)) if shown else 1, int(largest or 0) + 1)
        found.sequences.append(Sequence(f"{name}.{column.name}", value, False))


def sequences(connection: t.Any, database: str, names: t.Iterable[str], *, stage: str) -> tuple[Sequence, ...]:
    """The next values of MariaDB's sequences."""
    found = []
    for name in names:
        sql = f"SELECT next_not_cached_value FROM {quote(database)}.{quote(name)}"
        found.append(Sequence(name, int(execute(connection, sql, stage=stage)[0][0]), False))
    return tuple(found)


__all__ = ("Counted", "Counter", "Scope", "sequences")
