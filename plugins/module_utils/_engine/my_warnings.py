# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: warnings of the server about a statement, without any value of a row.

Source: MySQL Server Error Message Reference; MariaDB Knowledge Base, "MariaDB Error Codes".
"""

from __future__ import annotations

import re
import typing as t

# What a warning says, and what stands in its place: its own words quote a value.
_ABOUT_VALUES = {
    1048: "A value must not be null",
    1062: "A row was left out, as its key is there already",
    1263: "A value must not be null",
    1264: "Out of range value",
    1265: "Data truncated",
    1292: "Incorrect value",
    1300: "Invalid character string",
    1364: "A column has no default value",
    1366: "Incorrect value",
    1406: "Data too long",
    1411: "Incorrect value",
    1452: "A row was left out, as its foreign key has no row to refer to",
}
# These quote names and options only.
_NAMES_ONLY = frozenset((1051, 1071, 1146, 1266, 1286, 1478, 1618, 1911))
# Of words that a later version will no longer take, of indexes that are there twice or help no query; nothing is lost.
_HARMLESS = frozenset((1287, 1681, 1831, 3090, 3135, 3674, 3719, 3720, 3778, 3873, 3929, 3955, 4052, 4079))
_PLACE = re.compile(r" for column (?P<column>'[^']*'|[\w$`.\-]+) at row (?P<row>[0-9]+)\Z")
_FIELD = re.compile(r"(?:Column|Field) (?P<column>'[^']*') (?:cannot be null|doesn't have a default value)\Z")


def counts(level: str, number: int) -> bool:
    """Whether a warning says that something is otherwise than the statement has it."""
    return level != "Note" and number not in _HARMLESS


def words(number: int, message: str, database: str) -> str:
    """Number and what it means; names stay, values go."""
    if number in _NAMES_ONLY:
        said = message.rstrip(".")
    else:
        said = _ABOUT_VALUES.get(number, "its words may hold values and are not shown")
        found = _PLACE.search(message) or _FIELD.match(message)
        if found and number in _ABOUT_VALUES:
            said += f" for column {found['column']}"
            said += f" at row {found['row']}" if "row" in found.groupdict() else ""
    return f"({number}) {said}".replace(f"`{database}`.", "").replace(f"{database}.", "")


def read(rows: t.Iterable[t.Sequence[t.Any]], total: int, database: str) -> tuple[int, str]:
    """(how many count, the words of the first) of what SHOW WARNINGS lists, which may be fewer than ``total``."""
    listed = [(str(level), int(number), str(message)) for level, number, message in rows]
    kept = [(number, message) for level, number, message in listed if counts(level, number)]
    if not kept:
        return 0, ""
    return max(total - (len(listed) - len(kept)), len(kept)), words(*kept[0], database)


__all__ = ("counts", "read", "words")
