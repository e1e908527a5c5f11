# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: rows of tables and values of sequences that pg_dump leaves to CREATE EXTENSION.

Of what belongs to an extension it dumps only the rows and values that the extension declared to be configuration
(pg_extension.extconfig), and of these only those that a condition chooses. So the numbers are recorded and compared,
and a difference is a warning.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import query
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_counting import CHEAPEST, Relation, attempt, count
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_schema import USER_SCHEMA
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_sequences import VALUES
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Sequence, Uncovered

ROWS = "rows of an extension's table"
_SHOWN = 20
CONFIGURATION = "configuration rows of an extension"
_TABLES = f"""
SELECT c.oid, n.nspname, c.relname, {CHEAPEST}, x.extname, coalesce(c.oid = ANY (x.extconfig), false),
  has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  AND d.refclassid = 'pg_extension'::regclass
JOIN pg_extension x ON x.oid = d.refobjid
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND {USER_SCHEMA} ORDER BY 2, 3"""


def extension_rows(connection: t.Any, *, stage: str) -> tuple[Uncovered, ...]:
    """The rows of all tables of extensions. In a transaction: each table is unlocked once it is counted."""
    found = []
    for *relation, extension, configuration, allowed in query(connection, _TABLES, stage=stage):
        table = Relation(*relation)
        kind, why = ROWS, f"pg_dump leaves the rows of tables of the extension {extension} to CREATE EXTENSION"
        if configuration:
            kind, why = CONFIGURATION, f"pg_dump saves the rows that the extension {extension} calls configuration"
        found.append(Uncovered(kind, table.label, _rows(connection, table, stage) if allowed else None, why))
    return tuple(found)


def _rows(connection: t.Any, table: Relation, stage: str) -> int | None:
    """None: they cannot be read, which is no reason to fail, as they are in no dump."""
    return attempt(connection, lambda: count(connection, table, stage=stage), stage=stage)


def about_extensions(uncovered: t.Iterable[Uncovered], sequences: t.Iterable[Sequence]) -> t.Iterator[str]:
    """A warning about the tables that have rows, and the sequences whose values were drawn, that are in no dump."""
    lost = [f"{item.name} ({_rows_in_words(item.rows)})" for item in uncovered if item.kind == ROWS and item.rows != 0]
    drawn = {item.name for item in uncovered if item.kind == VALUES}
    lost += [f"{item.name} (last value {item.value})" for item in sequences if item.name in drawn and item.called]
    if lost:
        more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
        yield (
            f"Not in the backup, since pg_dump leaves what belongs to extensions to CREATE EXTENSION:"
            f" {', '.join(lost[:_SHOWN])}{more}. Restores compare how many rows there are, and warn."
        )


def _rows_in_words(rows: int | None) -> str:
    return "not readable" if rows is None else f"{rows} row{'' if rows == 1 else 's'}"


__all__ = ("CONFIGURATION", "ROWS", "about_extensions", "extension_rows")
