# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: values that a dump's text does not keep, and how many of them there are.

A dump is text in one character set. Some values have no text that gives them back; each condition here is true for
such a value, so that they are counted in the scan that counts the rows. Only columns that can hold such values cost
anything.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_columns import Column, Shown
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import mentioned, quote, split

# Every code of these survives the way to utf8mb4 and back. Of all others some are lost: a letter that Unicode lacks, or
# two codes for one letter.
_LOSSLESS = frozenset(
    "utf8mb4 utf8mb3 utf8 binary latin1 latin2 latin5 latin7 cp850 cp852 cp866 koi8r koi8u macroman keybcs2 macce utf16"
    " utf16le utf32".split()
)
# Types whose values the server takes from bytes without a character set. MySQL's JSON refuses them; MariaDB takes the
# text of a UUID or an address for its binary form.
_FROM_BYTES = frozenset(
    "tinyint smallint mediumint int bigint decimal float double bit date datetime timestamp time year char varchar"
    " binary varbinary tinyblob blob mediumblob longblob tinytext text mediumtext longtext enum set geometry point"
    " linestring polygon multipoint multilinestring multipolygon geometrycollection geomcollection".split()
)
# Functions whose results depend on the session that computes them, besides those of a TIMESTAMP.
_OF_SESSION = frozenset(("FROM_UNIXTIME", "UNIX_TIMESTAMP", "DAYNAME", "MONTHNAME", "DATE_FORMAT", "WEEK"))
_EMPTY_MEMBER = re.compile(r"[(,]''[,)]")
_LENGTH = re.compile(r"\(([0-9]+(?:,[0-9]+)?)\)")
_SHOWN = 20


@dataclasses.dataclass(frozen=True)
class Risk:
    """``condition``: an SQL expression, true for a value that does not come back."""

    table: str
    column: str
    what: str
    condition: str


def in_bytes(columns: t.Mapping[str, t.Sequence[Column]], flavour: str) -> bool:
    """Whether strings must be dumped as the bytes that they are, and can be."""
    found = [column for items in columns.values() for column in items]
    # MySQL keeps bytes beyond 127 out of ascii; MariaDB does not.
    safe = _LOSSLESS | ({"ascii"} if flavour == "mysql" else set())
    lossy = any(column.charset and column.charset not in safe for column in found)
    return lossy and all(column.type in _FROM_BYTES for column in found)


def risks(columns: t.Sequence[Column], shown: Shown, *, as_bytes: bool) -> list[Risk]:
    """What to look for in one table. ``as_bytes``: strings are dumped as the bytes that they are."""
    found = []
    for column in columns:
        name = quote(column.name)
        if column.generated:
            if column.generated == "stored" and _of_session(column.name, columns, shown, set()):
                computed = _as_type(column, shown.expression(column.name))
                what = "STORED values that another session computes otherwise, such as one of another time zone"
                found.append(Risk(column.table, column.name, what, f"NOT ({name} <=> {computed})"))
            continue
        if column.charset and column.charset not in _LOSSLESS and not as_bytes:
            back = f"CONVERT(CONVERT({name} USING utf8mb4) USING {column.charset})"
            if column.type not in ("enum", "set"):
                condition = f"NOT (CAST({name} AS BINARY) <=> CAST({back} AS BINARY))"
                what = f"bytes of {column.charset} that utf8mb4 does not give back"
                found.append(Risk(column.table, column.name, what, condition))
        if column.type == "float":
            condition = f"NOT (CAST(CONCAT({name}) AS FLOAT) * 1e0 <=> {name} * 1e0)"
            what = "FLOAT values with more digits than the dump tool writes"
            found.append(Risk(column.table, column.name, what, condition))
        elif column.type == "json":
            found.append(Risk(column.table, column.name, "JSON values whose text is another value", not_plain(name)))
        elif column.type == "enum" and _EMPTY_MEMBER.search(column.full_type):
            what = "ENUM error values, which become the member ''"
            found.append(Risk(column.table, column.name, what, f"{name} + 0 = 0"))
    return found


def not_plain(name: str) -> str:
    """True for JSON that is not what its text says: decimals, dates and binary values (MySQL)."""
    again = f"CAST(CAST({name} AS CHAR) AS JSON)"
    return f"NOT ({again} <=> {name} AND CAST({again} AS CHAR) <=> CAST({name} AS CHAR))"


def _of_session(name: str, columns: t.Sequence[Column], shown: Shown, seen: set[str]) -> bool:
    """Whether the value of a generated column depends on the session that computes it."""
    seen.add(name)
    by_name = {column.name.lower(): column for column in columns}
    text = shown.expression(name)
    words = {word.text.upper() for word in split(text) if word.kind == "word"}
    if words & _OF_SESSION:
        return True
    for other in mentioned(text):
        column = by_name.get(other.lower())
        if column is None or column.name in seen:
            continue
        if column.type == "timestamp" or (column.generated and _of_session(column.name, columns, shown, seen)):
            return True
    return False


def _as_type(column: Column, expression: str) -> str:
    """The expression as the column's type keeps its value."""
    length = _LENGTH.search(column.full_type)
    digits = f"({length.group(1)})" if length else ""
    if column.type in ("tinyint", "smallint", "mediumint", "int", "bigint"):
        return f"CAST({expression} AS {'UNSIGNED' if 'unsigned' in column.full_type else 'SIGNED'})"
    if column.type in ("date", "datetime", "timestamp", "time", "decimal"):
        return f"CAST({expression} AS {column.type.replace('timestamp', 'datetime').upper()}{digits})"
    if column.type in ("char", "varchar") and length:
        return f"LEFT({expression}, {length.group(1)})"
    return expression


def warning(found: t.Sequence[tuple[Risk, int | None]]) -> str:
    """What was found, in one sentence: names and numbers, no values. None: could not be counted."""
    listed = [
        f"{risk.table}.{risk.column}: {'maybe some' if number is None else number} ({risk.what})"
        for risk, number in found
    ]
    shown = "; ".join(listed[:_SHOWN]) + (f"; and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else "")
    return f"Values that a restore of this backup does not give back exactly: {shown}."


__all__ = ("Risk", "in_bytes", "not_plain", "risks", "warning")
