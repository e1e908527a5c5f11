# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a MySQL or MariaDB database holds and how it is defined, as two dicts that can be compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .mysql_family import MysqlFamilyServer
from .qualifiers import neutral

BYTES = {
    "char", "varchar", "tinytext", "text", "mediumtext", "longtext",
    "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector",
    "geometry", "point", "linestring", "polygon", "geometrycollection", "geomcollection",
    "multipoint", "multilinestring", "multipolygon",
}  # fmt: skip

# Two sums of different parts of the rows' hashes: the same in any order, and a row more, less or twice changes them.
# Not MD5(): MySQL 9.6 took it out of the server.
CONTENT = """
SELECT COUNT(*), SUM(CAST(CONV(LEFT(h, 16), 16, 10) AS UNSIGNED)), SUM(CAST(CONV(RIGHT(h, 16), 16, 10) AS UNSIGNED))
FROM (SELECT SHA2(CONCAT_WS(',', {columns}), 256) AS h FROM {table}) AS hashes
"""

ROUTINE_COLUMNS = {"PROCEDURE": 2, "FUNCTION": 2, "PACKAGE": 2, "PACKAGE BODY": 2}


class _Reader:
    """One connection to one database, with everything pinned that changes how values and definitions are written."""

    def __init__(self, server: MysqlFamilyServer, dbname: str) -> None:
        self.server = server
        self.dbname = dbname
        self.connection = server.connect(dbname)
        self.rows("SET SESSION time_zone = '+00:00', sql_mode = '', sql_quote_show_create = 1")

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.connection.close()

    def rows(self, sql: str, params: tuple[Any, ...] | None = None) -> list[dict[str, Any]]:
        """Rows as dicts with lower-case keys: the two products do not agree on the case."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            names = [column[0].lower() for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def schema_rows(self, view: str, column: str) -> list[dict[str, Any]]:
        """The rows of an information_schema view that are about this database."""
        return self.rows(f"SELECT * FROM information_schema.{view} WHERE {column} = %s", (self.dbname,))

    def quote(self, name: str) -> str:
        return self.server.quote(name)


def fingerprint(server: MysqlFamilyServer, dbname: str) -> dict[str, Any]:
    """What a database holds: rows of each table, with invisible columns, and the state of sequences.

    Keys are `table NAME`, `sequence NAME`, and for a table with system versioning `history NAME`: all row versions with
    their times. The order of rows has no influence.
    """
    result: dict[str, Any] = {}
    with _Reader(server, dbname) as reader:
        for table in reader.schema_rows("TABLES", "TABLE_SCHEMA"):
            name, kind = table["table_name"], table["table_type"]
            if kind == "SEQUENCE":
                result[f"sequence {name}"] = reader.rows(f"SELECT * FROM {reader.quote(name)}")[0]
            elif kind in ("BASE TABLE", "SYSTEM VERSIONED"):
                columns = _columns(reader, name)
                result[f"table {name}"] = _content(
                    reader, reader.quote(name), [c for c in columns if not _is_row_time(c)]
                )
                if kind == "SYSTEM VERSIONED":
                    result[f"history {name}"] = _history(reader, name, columns)
    return result


def _columns(reader: _Reader, table: str) -> list[dict[str, Any]]:
    sql = (
        "SELECT * FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION"
    )
    return reader.rows(sql, (reader.dbname, table))


def _is_row_time(column: dict[str, Any]) -> bool:
    return column.get("generation_expression") in ("ROW START", "ROW END")


def _history(reader: _Reader, name: str, columns: list[dict[str, Any]]) -> tuple[int, ...]:
    if not any(_is_row_time(column) for column in columns):
        columns = [
            *columns,
            *({"column_name": pseudo, "data_type": "timestamp"} for pseudo in ("row_start", "row_end")),
        ]
    return _content(reader, f"{reader.quote(name)} FOR SYSTEM_TIME ALL", columns)


def _content(reader: _Reader, table: str, columns: list[dict[str, Any]]) -> tuple[int, ...]:
    texts = ",".join(f"IFNULL({_as_text(reader.quote(c['column_name']), c['data_type'])}, 'NULL')" for c in columns)
    return tuple(int(value or 0) for value in reader.rows(CONTENT.format(columns=texts, table=table))[0].values())


def _as_text(name: str, data_type: str) -> str:
    """An expression that tells any two values of a column apart. As text FLOAT has six digits, and BIT is bytes."""
    if data_type in BYTES:
        return f"HEX({name})"
    if data_type == "bit":
        return f"CAST({name} + 0 AS CHAR)"
    if data_type == "float":
        return f"CAST(CAST({name} AS DOUBLE) AS CHAR)"
    if data_type in ("enum", "set"):
        return f"CONCAT({name} + 0, '=', HEX({name}))"
    return f"HEX(CAST({name} AS CHAR))"


def schema_fingerprint(server: MysqlFamilyServer, dbname: str, grants: bool = True) -> dict[str, Any]:
    """How a database is defined: what SHOW CREATE says of each object, its own properties, grants on it.

    Where the database's name qualifies an object of its own it is replaced by a mark. Keys start with the kind.
    """
    with _Reader(server, dbname) as reader:
        result: dict[str, Any] = {"database": _properties(reader)}
        objects = _object_names(reader)

        def plain(text: str, sql_mode: str = "") -> str:
            return neutral(text, dbname, objects, sql_mode)

        _add_tables(reader, result, plain)
        _add_routines(reader, result, plain)
        _add_triggers(reader, result, plain)
        _add_events(reader, result, plain)
        if server.flavour == "mysql":
            for row in reader.schema_rows("COLUMN_STATISTICS", "SCHEMA_NAME"):
                result[f"histogram {row['table_name']}.{row['column_name']}"] = "present"
        if grants:
            _add_grants(reader, result)
    return result


def _properties(reader: _Reader) -> dict[str, Any]:
    row = reader.schema_rows("SCHEMATA", "SCHEMA_NAME")[0]
    return {key: value for key, value in row.items() if key not in ("catalog_name", "schema_name", "sql_path")}


def _object_names(reader: _Reader) -> set[str]:
    names: set[str] = set()
    for view, owner, column in (
        ("TABLES", "TABLE_SCHEMA", "table_name"), ("ROUTINES", "ROUTINE_SCHEMA", "routine_name"),
        ("TRIGGERS", "TRIGGER_SCHEMA", "trigger_name"), ("EVENTS", "EVENT_SCHEMA", "event_name"),
    ):  # fmt: skip
        names.update(row[column] for row in reader.schema_rows(view, owner))
    return names


Plain = Callable[..., str]


def _add_tables(reader: _Reader, result: dict[str, Any], plain: Plain) -> None:
    for table in reader.schema_rows("TABLES", "TABLE_SCHEMA"):
        name, kind = table["table_name"], table["table_type"]
        word = {"VIEW": "VIEW", "SEQUENCE": "SEQUENCE"}.get(kind, "TABLE")
        shown = reader.rows(f"SHOW CREATE {word} {reader.quote(name)}")[0]
        if word == "VIEW":
            context = (shown["character_set_client"], shown["collation_connection"])
            result[f"view {name}"] = plain(shown["create view"]) + f"\n-- {context}"
        else:
            # MySQL repeats a column's character set beside its collation only where somebody once wrote it.
            text = re.sub(r" CHARACTER SET \w+(?= COLLATE )", "", shown["create table"])
            result[f"{word.lower()} {name}"] = plain(text)


def _add_routines(reader: _Reader, result: dict[str, Any], plain: Plain) -> None:
    for routine in reader.schema_rows("ROUTINES", "ROUTINE_SCHEMA"):
        name, kind = routine["routine_name"], routine["routine_type"]
        shown = reader.rows(f"SHOW CREATE {kind} {reader.quote(name)}")[0]
        result[f"{kind.lower()} {name}"] = _program(shown, f"create {kind.lower()}", plain)


def _program(shown: dict[str, Any], column: str, plain: Plain) -> str:
    """A stored program's text and the session settings that it runs under."""
    context = {
        key: shown.get(key)
        for key in ("sql_mode", "character_set_client", "collation_connection", "database collation", "time_zone")
    }
    return plain(shown[column], shown["sql_mode"]) + f"\n-- {context}"


def _add_triggers(reader: _Reader, result: dict[str, Any], plain: Plain) -> None:
    for trigger in reader.schema_rows("TRIGGERS", "TRIGGER_SCHEMA"):
        name = trigger["trigger_name"]
        shown = reader.rows(f"SHOW CREATE TRIGGER {reader.quote(name)}")[0]
        place = tuple(
            trigger[key]
            for key in ("action_timing", "event_manipulation", "event_object_table", "action_order", "definer")
        )
        result[f"trigger {name}"] = _program(shown, "sql original statement", plain) + f"\n-- {place}"


def _add_events(reader: _Reader, result: dict[str, Any], plain: Plain) -> None:
    for event in reader.schema_rows("EVENTS", "EVENT_SCHEMA"):
        name = event["event_name"]
        shown = reader.rows(f"SHOW CREATE EVENT {reader.quote(name)}")[0]
        times = tuple(str(event[key]) for key in ("execute_at", "starts", "ends", "status", "on_completion", "definer"))
        result[f"event {name}"] = _program(shown, "create event", plain) + f"\n-- {times}"


def _add_grants(reader: _Reader, result: dict[str, Any]) -> None:
    """Grants that name this database, from the server's own tables; a grant on a database has a pattern there."""
    pattern = reader.dbname.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
    for table in ("db", "tables_priv", "columns_priv", "procs_priv"):
        sql = f"SELECT * FROM mysql.{table} WHERE Db IN (%s, %s)"
        for row in reader.rows(sql, (reader.dbname, pattern)):
            kept = {key: value for key, value in row.items() if key not in ("db", "timestamp", "grantor")}
            what = ".".join(str(row[key]) for key in ("table_name", "column_name", "routine_name") if key in row) or "*"
            result[f"grant on {what} to {row['user']}@{row['host']}"] = kept
