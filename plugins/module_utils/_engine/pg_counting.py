# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: rows of tables and values of sequences, found out without running anybody's code.

A SELECT is planned, and planning folds calls in the expressions of indexes and statistics: a function of the table's
owner runs as who counts. COPY of a table plans nothing, opens no index and writes values by the functions of their
types, which only a superuser can define. Each COPY is a transaction of its own, so that no lock is kept.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import copy_out, literal, query, quote
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_rows import Content, LargeObjects, added
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_schema import USER_SCHEMA, not_extension
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Table
from ansible_collections.vya.backupdb.plugins.module_utils._names import readable

LARGE_OBJECTS = "pg_catalog.pg_largeobject_metadata"
# Of all columns that COPY would write, the one that costs least: a short one of a fixed size, which is never stored
# elsewhere, else one that is not compressed.
CHEAPEST = """(SELECT a.attname FROM pg_attribute a
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
   ORDER BY a.attlen < 0, CASE WHEN a.attlen > 0 THEN a.attlen END, a.attstorage = 'x', a.attnum LIMIT 1)"""
_TABLES = f"""
SELECT c.oid, n.nspname, c.relname, {CHEAPEST}, rn.nspname, rc.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class rc ON c.relispartition AND rc.oid = pg_partition_root(c.oid)
LEFT JOIN pg_namespace rn ON rn.oid = rc.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND {USER_SCHEMA} AND {not_extension("pg_class", "c.oid")}
ORDER BY 2, 3"""
_INHERITING = f"""
SELECT n.nspname, c.relname, (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND NOT c.relispartition AND {USER_SCHEMA}
  AND EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = c.oid)
ORDER BY 1, 2"""
# Of psycopg2.extensions, which may be missing where this file is only imported.
_IDLE = 0
_AT_ONCE = 1 << 18


@dataclasses.dataclass(frozen=True)
class Relation:
    """A table. ``column``: the one to count by (None: it has none that COPY writes); ``root_schema`` and ``root_name``:
    the partitioned table at the top, of a partition."""

    oid: int
    schema: str
    name: str
    column: str | None = None
    root_schema: str | None = None
    root_name: str | None = None

    @property
    def label(self) -> str:
        """The name in manifests and messages."""
        return readable(f"{self.schema}.{self.name}")

    @property
    def root(self) -> str:
        """The same of the table that it is a partition of; empty: it is none."""
        return readable(f"{self.root_schema}.{self.root_name}") if self.root_name is not None else ""

    @property
    def quoted(self) -> str:
        """The name in SQL."""
        return f"{quote(self.schema)}.{quote(self.name)}"


def tables_of(connection: t.Any, *, stage: str) -> list[Relation]:
    """All tables with rows of their own, but those of extensions."""
    return [Relation(*row) for row in query(connection, _TABLES, stage=stage)]


class Tables:
    """What is known of the rows of tables, those of some partitioned tables as a sum. Of these no partition counts by
    itself: rows may have come back in another one."""

    def __init__(self, trees: t.Container[str]) -> None:
        self._trees = trees
        self._found: dict[str, list[tuple[int | None, str]]] = {}

    def add(self, relation: Relation, rows: int | None, content: str) -> None:
        """One table that has rows of its own."""
        label = relation.root if relation.root in self._trees else relation.label
        self._found.setdefault(label, []).append((rows, content))

    def forget_content(self, label: str) -> None:
        """The checksums of one table cannot be compared."""
        parts = self._found.get(label, [])
        parts[:] = [(rows, "") for rows, _content in parts]

    def all(self) -> t.Iterator[Table]:
        """In the order of their coming."""
        for label, parts in self._found.items():
            known = [rows for rows, _content in parts if rows is not None]
            rows = sum(known) if len(known) == len(parts) else None
            yield Table(label, rows, rows is not None, added(content for _rows, content in parts))


class _Nothing:
    """Takes what COPY writes, and keeps none of it. ``write`` is a function of C: it is called for each row."""

    def __init__(self) -> None:
        self.write = collections.deque[bytes](maxlen=0).append


class _Summed:
    """Takes what COPY writes, a row at a time, for its checksum."""

    def __init__(self) -> None:
        self.rows = Content()
        self._waiting: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """One row."""
        self._waiting.append(data)
        self._size += len(data)
        if self._size > _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Add what waits."""
        self.rows.add(b"".join(self._waiting))
        self._waiting.clear()
        self._size = 0


def count(connection: t.Any, relation: Relation, *, stage: str) -> int:
    """The rows of one table."""
    columns = f" ({quote(relation.column)})" if relation.column is not None else ""
    return _copied(connection, relation, columns, _Nothing(), stage)


def checksum(
    connection: t.Any, relation: Relation, columns: t.Sequence[str], encoding: str, *, stage: str
) -> tuple[int, str]:
    """The rows of one table, and their checksum. ``columns``: in the order of the dump, empty: in that of the table;
    ``encoding``: of the dump."""
    listed = f" ({', '.join(quote(name) for name in columns)})" if columns else ""
    sink = _Summed()
    rows = _copied(connection, relation, listed, sink, stage, f" (ENCODING {literal(encoding)})")
    sink.flush()
    return rows, sink.rows.content


def _copied(
    connection: t.Any, relation: Relation, columns: str, sink: _Nothing | _Summed, stage: str, options: str = ""
) -> int:
    try:
        return copy_out(connection, f"COPY {relation.quoted}{columns} TO STDOUT{options}", sink, stage=stage)
    except EngineError as exc:
        exc.msg = f"The table {relation.label} cannot be counted. {exc.msg}"
        raise


_Found = t.TypeVar("_Found")


def attempt(connection: t.Any, look: t.Callable[[], _Found], *, stage: str) -> _Found | None:
    """What ``look`` answers, or None where the server refuses. A transaction goes on, and keeps none of its locks."""
    if connection.info.transaction_status == _IDLE:
        with contextlib.suppress(EngineError):
            return look()
        return None
    query(connection, "SAVEPOINT attempt", stage=stage)
    try:
        return look()
    except EngineError:
        return None
    finally:
        query(connection, "ROLLBACK TO SAVEPOINT attempt", stage=stage)


def counted(
    connection: t.Any,
    *,
    content: bool,
    columns: t.Mapping[str, t.Sequence[str]],
    trees: t.Container[str] = (),
    stage: str,
) -> tuple[Table, ...]:
    """The rows of all tables of a database and, with ``content``, their checksums; the same of large objects.
    ``columns``: by table, their order in the dump, where the table may have another; ``trees``: partitioned tables that
    are counted as one."""
    encoding = query(connection, "SHOW server_encoding", stage=stage)[0][0]
    found_tables = Tables(trees)
    for relation in tables_of(connection, stage=stage):
        if content:
            order = columns.get(relation.label, ())
            rows, found = checksum(connection, relation, order, encoding, stage=stage)
        else:
            rows, found = count(connection, relation, stage=stage), ""
        found_tables.add(relation, rows, found)
    tables = list(found_tables.all())
    large = LargeObjects(content=content)
    if content:
        _read_large_objects(connection, large, stage)
    else:
        large.count = query(connection, f"SELECT count(*) FROM {LARGE_OBJECTS}", stage=stage)[0][0]
    if large.count:
        tables.append(Table(LARGE_OBJECTS, large.count, True, large.content))
    return tuple(tables)


def _read_large_objects(connection: t.Any, large: LargeObjects, stage: str) -> None:
    last = 0
    while True:
        sql = f"SELECT oid FROM {LARGE_OBJECTS} WHERE oid > {last} ORDER BY oid LIMIT 1000"
        oids = [int(row[0]) for row in query(connection, sql, stage=stage)]
        if not oids:
            return
        for oid in oids:
            large.begin(oid)
            position, piece = 0, b"?"
            while piece:
                sql = f"SELECT lo_get({oid}, {position}, {_AT_ONCE})"
                piece = bytes(query(connection, sql, stage=stage)[0][0])
                large.add(piece)
                position += len(piece)
                if len(piece) < _AT_ONCE:
                    break
        last = oids[-1]


def column_orders(connection: t.Any, *, stage: str) -> dict[str, list[str]]:
    """The columns that COPY writes of tables that inherit. Where the parent got a column later, the table has another
    order once it is made anew."""
    return {
        Relation(0, schema, name).label: [readable(column) for column in columns]
        for schema, name, columns in query(connection, _INHERITING, stage=stage)
    }


def money_locale(connection: t.Any, *, stage: str) -> str:
    """What decides how a session prints the type money."""
    return str(query(connection, "SHOW lc_monetary", stage=stage)[0][0])


__all__ = (
    "CHEAPEST",
    "LARGE_OBJECTS",
    "Relation",
    "Tables",
    "attempt",
    "checksum",
    "column_orders",
    "count",
    "counted",
    "money_locale",
    "tables_of",
)
