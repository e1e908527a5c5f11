# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: the values of sequences. Those of the database's own come from its dump: a sequence belongs to no
snapshot, so that one read beside the dump has another value when the database is at work."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_archive import ArchiveRows
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import query, quote
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_counting import attempt
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_schema import USER_SCHEMA
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Sequence, Uncovered
from ansible_collections.vya.backupdb.plugins.module_utils._names import readable

VALUES = "value of an extension's sequence"
_AT_ONCE = 100
_SEQUENCES = f"""
SELECT n.nspname, c.relname, convert_to(n.nspname, getdatabaseencoding()), convert_to(c.relname, getdatabaseencoding()),
  x.extname, has_schema_privilege(n.oid, 'USAGE') AND has_sequence_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  AND d.refclassid = 'pg_extension'::regclass
LEFT JOIN pg_extension x ON x.oid = d.refobjid
WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND {USER_SCHEMA} ORDER BY 1, 2"""


def dumped_sequences(
    connection: t.Any, archive: ArchiveRows, encoding: str, *, stage: str
) -> tuple[tuple[Sequence, ...], tuple[Uncovered, ...]]:
    """All sequences with the values that the archive sets, and those of extensions that it does not set, with the
    values that they have now."""
    sequences, uncovered = [], []
    for schema, name, schema_bytes, name_bytes, extension, _allowed in query(connection, _SEQUENCES, stage=stage):
        label = readable(f"{schema}.{name}")
        value = (
            archive.sequences.get((bytes(schema_bytes), bytes(name_bytes))) if archive.encoding == encoding else None
        )
        if value is None and extension is not None:
            why = f"pg_dump leaves the sequences of the extension {extension} to CREATE EXTENSION"
            uncovered.append(Uncovered(VALUES, label, None, why))
            value = attempt(connection, functools.partial(_value, connection, schema, name, stage), stage=stage)
        sequences.append(Sequence(label, *(value or (None, False))))
    return tuple(sequences), tuple(uncovered)


def read_sequences(connection: t.Any, *, stage: str) -> tuple[Sequence, ...]:
    """All sequences with the values that they have now."""
    found, readable_ones = [], []
    for schema, name, _schema_bytes, _name_bytes, _extension, allowed in query(connection, _SEQUENCES, stage=stage):
        if allowed:
            readable_ones.append((schema, name))
        else:
            found.append(Sequence(readable(f"{schema}.{name}"), None, False))
    for begin in range(0, len(readable_ones), _AT_ONCE):
        some = readable_ones[begin : begin + _AT_ONCE]
        values = _values(connection, some, stage)
        found += [Sequence(readable(f"{schema}.{name}"), *value) for (schema, name), value in zip(some, values)]
    return tuple(sorted(found, key=lambda item: item.name))


def _value(connection: t.Any, schema: str, name: str, stage: str) -> tuple[int, bool]:
    return _values(connection, [(schema, name)], stage)[0]


def _values(connection: t.Any, names: t.Sequence[tuple[str, str]], stage: str) -> list[tuple[int, bool]]:
    """Of sequences that exist. A sequence has neither indexes nor statistics nor rules, so that nothing runs."""
    sql = " UNION ALL ".join(
        f"SELECT {number}, last_value, is_called FROM {quote(schema)}.{quote(name)}"
        for number, (schema, name) in enumerate(names)
    )
    rows = query(connection, f"{sql} ORDER BY 1", stage=stage)
    return [(int(value), bool(called)) for _number, value, called in rows]


__all__ = ("VALUES", "dumped_sequences", "read_sequences")
