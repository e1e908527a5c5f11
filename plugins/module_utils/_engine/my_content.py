# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: a checksum of a table's rows, computed by the server over what it stores.

The sum of a 64-bit hash of each row: the order of rows does not matter, a row that is there twice counts twice. Strings
are taken as bytes, numbers and times as the text that has all their digits, in the session's time zone UTC. Nothing of
a database's owner runs: the functions are the server's own, and columns that are computed when they are read are left
out, since they follow from the others.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_columns import Column
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_lossy import not_plain
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import quote

# Names the way in which it was computed: other ways give other sums.
METHOD = "my1"
_EXACT = frozenset(
    "tinyint smallint mediumint int bigint decimal date datetime timestamp time year uuid inet4 inet6".split()
)
_NUMBERS = frozenset(("bit", "enum", "set"))
_SHORT = frozenset(("char", "varchar", "binary", "varbinary"))


def checksum(columns: t.Sequence[Column], *, history: bool, implicit: bool) -> str:
    """An aggregate for a SELECT from one table. ``history``: rows of the past are read too, and when each was valid;
    ``implicit``: in columns that the definition does not show."""
    pieces = [_piece(column) for column in columns if column.generated != "virtual" and not column.period]
    if history:
        periods = [quote(column.name) for column in columns if column.period]
        pieces += [f"IFNULL({name}, 'N')" for name in periods or (["ROW_START", "ROW_END"] if implicit else [])]
    row = f"CONCAT_WS(',', {', '.join(pieces)})" if pieces else "''"
    return f"SUM(CAST(CONV(LEFT(SHA2({row}, 256), 16), 16, 10) AS UNSIGNED))"


def _piece(column: Column) -> str:
    """One value as text. No two values have the same, and NULL has one that no value has."""
    name = quote(column.name)
    if column.type in _EXACT:
        text = f"CAST({name} AS CHAR)"
    elif column.type in ("float", "double"):
        # A FLOAT is printed with six digits, a DOUBLE with all of them.
        text = f"CAST({name} * 1e0 AS CHAR)"
    elif column.type in _NUMBERS:
        text = f"CAST({name} AS UNSIGNED)"
    elif column.type in _SHORT:
        text = f"HEX({name})"
    elif column.type == "json":
        # Its text does not tell a decimal from a double, or a date from a string.
        plain = f"IF({not_plain(name)}, '!', '')"
        text = f"CONCAT(SHA2(CAST({name} AS CHAR), 256), {plain})"
    else:
        # Of any length: nothing as long is made of it.
        text = f"SHA2({name}, 256)"
    return f"IF({name} IS NULL, 'N', {text})"


__all__ = ("METHOD", "checksum")
