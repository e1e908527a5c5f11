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

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import NOT_EXACTLY
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
            chain = _chain(column, columns, shown) if column.generated == "stored" else []
            if chain:
                what = "STORED values that depend on the session, such as its time zone"
                condition = " OR ".join(
                    f"NOT ({quote(item.name)} <=> {_as_type(item, shown.expression(item.name))})" for item in chain
                )
                found.append(Risk(column.table, column.name, what, condition))
            continue
        if column.charset and column.charset not in _LOSSLESS and not as_bytes:
            back = f"CONVERT(CONVERT({name} USING utf8mb4) USING {column.charset})"
            if column.type not in ("enum", "set"):
                condition = f"NOT (CAST({name} AS BINARY) <=> CAST({back} AS BINARY))"
                what = f"letters of {column.charset} that UTF-8 does not keep"
                found.append(Risk(column.table, column.name, what, condition))
        if column.type == "float":
            condition = f"NOT (CAST(CONCAT({name}) AS FLOAT) * 1e0 <=> {name} * 1e0)"
            what = "FLOAT values with more than 6 digits"
            found.append(Risk(column.table, column.name, what, condition))
        elif column.type == "json":
            found.append(Risk(column.table, column.name, "JSON values whose text is another value", not_plain(name)))
        elif column.type == "enum" and _EMPTY_MEMBER.search(column.full_type):
            what = "ENUM error values"
            found.append(Risk(column.table, column.name, what, f"{name} + 0 = 0"))
    return found


def not_plain(name: str) -> str:
    """True for JSON that is not what its text says: decimals, dates and binary values (MySQL)."""
    again = f"CAST(CAST({name} AS CHAR) AS JSON)"
    return f"NOT ({again} <=> {name} AND CAST({again} AS CHAR) <=> CAST({name} AS CHAR))"


def _chain(column: Column, columns: t.Sequence[Column], shown: Shown) -> list[Column]:
    """The generated columns that a value comes from, itself among them; none when no session changes it."""
    by_name = {item.name.lower(): item for item in columns}
    chain, waiting, of_session = [column], [column], False
    while waiting:
        text = shown.expression(waiting.pop().name)
        of_session |= bool({word.text.upper() for word in split(text) if word.kind == "word"} & _OF_SESSION)
        for item in filter(None, (by_name.get(name.lower()) for name in mentioned(text))):
            of_session |= item.type == "timestamp"
            if item.generated and item not in chain:
                chain.append(item)
                waiting.append(item)
    return [item for item in chain if item.generated == "stored"] if of_session else []


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
    groups: dict[str, list[str]] = {}
    for risk, number in found[:_SHOWN]:
        count = "some?" if number is None else number
        groups.setdefault(risk.what, []).append(f"{risk.table}.{risk.column}: {count}")
    shown = "; ".join(f"{what} ({', '.join(names)})" for what, names in groups.items())
    more = f"; and {len(found) - _SHOWN} more columns" if len(found) > _SHOWN else ""
    return f"{NOT_EXACTLY}: {shown}{more}."


__all__ = ("Risk", "in_bytes", "not_plain", "risks", "warning")
