# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: what SHOW CREATE tells of code that was made by a client that does not speak UTF-8.

The server keeps such a body as the client's bytes, prints names, types and comments around it in UTF-8, and converts
all of it as if it were the client's: a name comes out in letters that nobody wrote. So the bytes are asked for, and
each piece is read in the character set that it is in.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_script import created
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import mentioned, quote
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError

_LETTERS = re.compile(r"[^\x00-\x7f]+")
_BYTES = re.compile(rb"[\x80-\xff]+")
# Before the pieces of a routine that are printed behind its parameters.
RETURNS = b") RETURNS "
COMMENT = b"COMMENT '"
# What the server prints by itself: (what comes before it, the text, or None for the rest of the line).
Printed = t.Sequence[tuple[bytes, t.Optional[str]]]


def show_create(
    connection: t.Any, kind: str, database: str, name: str, printed: Printed, *, table: str = "", stage: str
) -> list[t.Any]:
    """The row of SHOW CREATE for a trigger, an event or a routine, with its text as it was meant. ``printed``: what is
    known of it from information_schema, in the order of the text; ``table``: of a trigger."""
    sql = f"SHOW CREATE {kind} {quote(database)}.{quote(name)}"
    row = list(execute(connection, sql, stage=stage)[0])
    column = 3 if kind == "EVENT" else 2
    text, charset = row[column], str(row[column + 1])
    if text is None or charset.startswith(("utf8", "binary")) or (text.isascii() and "?" not in text):
        return row
    execute(connection, "SET SESSION character_set_results = binary", stage=stage)
    try:
        stored = execute(connection, sql, stage=stage)[0][column]
    finally:
        execute(connection, "SET SESSION character_set_results = utf8mb4", stage=stage)
    for attempt in (printed, ()):
        found = "".join(
            piece.decode("utf-8") if ours else _converted(connection, piece, charset, stage)
            for ours, piece in pieces(stored, attempt)
        )
        made = created(found, str(row[1]))
        if made is not None and made[1] == name and (not table or table in mentioned(found, str(row[1]))):
            row[column] = found
            return row
    raise EngineError(
        f"The definition of the {kind.lower()} {name!r} of {database!r} cannot be read: it was made by a client that"
        f" spoke {charset}, and the server tells its name in other letters.",
        stage=stage,
        hint="Drop it and create it again from a client that speaks utf8mb4 (SET NAMES utf8mb4).",
    )


def pieces(stored: bytes, printed: Printed) -> t.Iterator[tuple[bool, bytes]]:
    """``stored`` in its order: (whether it is UTF-8, the bytes). A text is taken for the server's own when the next
    letters beyond ASCII are exactly its letters."""
    place = 0
    for before, text in printed:
        start = stored.find(before, place)
        end = _end(stored, start, text) if start >= 0 else start
        if end > start:
            yield False, stored[place:start]
            yield True, stored[start:end]
            place = end
    yield False, stored[place:]


def _end(stored: bytes, start: int, text: str | None) -> int:
    """The end of the last letter of ``text`` beyond ASCII; -1 when the letters are others."""
    if text is None:
        line = stored[start:].split(b"\n", 1)[0]
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            return -1
        return start + len(line)
    end = start
    for letters in _LETTERS.findall(text):
        found = _BYTES.search(stored, end)
        if found is None or found.group() != letters.encode():
            return -1
        end = found.end()
    return end


def _converted(connection: t.Any, piece: bytes, charset: str, stage: str) -> str:
    """As the server reads it: it knows more character sets than Python, and some otherwise."""
    if piece.isascii():
        return piece.decode("ascii")
    return str(execute(connection, f"SELECT CONVERT(_{charset} 0x{piece.hex()} USING utf8mb4)", stage=stage)[0][0])


__all__ = ("COMMENT", "RETURNS", "Printed", "pieces", "show_create")
