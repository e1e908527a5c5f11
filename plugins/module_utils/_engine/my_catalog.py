# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: what information_schema has of a database, besides the texts of its definitions.

Nothing is asked that would open a table of another server, and nothing that only some versions know.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_portable import plain_type, renamed
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import literal


def charset(connection: t.Any, database: str, *, stage: str) -> str:
    """The database's default character set and collation."""
    sql = (
        "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata"
        f" WHERE schema_name = {literal(database)}"
    )
    rows = execute(connection, sql, stage=stage)
    return " ".join(renamed(_text(word)) for row in rows for word in row)


def tables(connection: t.Any, database: str, *, stage: str) -> tuple[dict[str, str], dict[str, str]]:
    """What information_schema has of each table: all of it, and what every version has alike. Nothing is asked that
    would open a table of another server."""
    schema = literal(database)
    whole: dict[str, list[str]] = {}
    alike: dict[str, list[str]] = {}
    sql = (
        "SELECT table_name, engine, table_collation, table_comment FROM information_schema.tables"
        f" WHERE table_schema = {schema} AND table_type <> 'VIEW'"
    )
    for table, engine, collation, comment in execute(connection, sql, stage=stage):
        whole.setdefault(table, []).append(f"{engine} {renamed(_text(collation))} {_text(comment)}")
        alike.setdefault(table, []).append(f"{engine} {_text(comment)}")
    rows = execute(
        connection,
        "SELECT table_name, column_name, column_type, is_nullable, column_comment, collation_name, extra"
        f" FROM information_schema.columns WHERE table_schema = {schema} ORDER BY table_name, ordinal_position",
        stage=stage,
    )
    for table, name, kind, nullable, comment, collation, extra in rows:
        words = [name, plain_type(_text(kind)), nullable, _text(comment), renamed(_text(collation))]
        alike.setdefault(table, []).append(" ".join(_text(word) for word in words))
        whole.setdefault(table, []).append(" ".join(_text(word) for word in (*words, kind, extra)))
    rows = execute(
        connection,
        "SELECT table_name, index_name, non_unique, seq_in_index, column_name, sub_part"
        f" FROM information_schema.statistics WHERE table_schema = {schema} ORDER BY 1, 2, 4",
        stage=stage,
    )
    for table, *rest in rows:
        # Their order and type are in the definition's text; to ask for them here would open the table.
        line = "index " + " ".join(_text(word) for word in rest)
        alike.setdefault(table, []).append(line)
        whole.setdefault(table, []).append(line)
    return {name: "\n".join(lines) for name, lines in whole.items()}, {
        name: "\n".join(lines) for name, lines in alike.items()
    }


def routines(connection: t.Any, database: str, *, stage: str) -> dict[tuple[str, str], str]:
    """By (kind, name) of a routine: whose rights it has, what it may read, whether it is deterministic, its type."""
    sql = (
        "SELECT routine_type, routine_name, security_type, sql_data_access, is_deterministic, data_type"
        f" FROM information_schema.routines WHERE routine_schema = {literal(database)}"
    )
    rows = execute(connection, sql, stage=stage)
    return {
        (str(kind).lower(), str(name)): plain_type(" ".join(_text(word) for word in rest)) for kind, name, *rest in rows
    }


class Trigger(t.NamedTuple):
    """``table``, ``timing`` and ``event``: what it waits for; ``order``: among those that wait for the same."""

    name: str
    table: str
    timing: str
    event: str
    order: int


def triggers(connection: t.Any, database: str, *, stage: str) -> list[Trigger]:
    """All triggers, those that wait for the same in their order."""
    sql = (
        "SELECT trigger_name, event_object_table, action_timing, event_manipulation, action_order"
        f" FROM information_schema.triggers WHERE trigger_schema = {literal(database)}"
    )
    found = [
        Trigger(_text(name), _text(table), _text(timing), _text(event), int(order or 0))
        for name, table, timing, event, order in execute(connection, sql, stage=stage)
    ]
    return sorted(found, key=lambda item: (item.table, item.timing, item.event, item.order))


def _text(value: t.Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


__all__ = ("Trigger", "charset", "routines", "tables", "triggers")
