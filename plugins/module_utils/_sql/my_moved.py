# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: definitions and statements that move to another database, with the qualifiers of their objects.

A column's qualifier looks the same as a database's, and a table or an alias may have the database's name: what
``shop.shop`` is follows from where it stands. Strings are never touched.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import quote
from ansible_collections.vya.backupdb.plugins.module_utils._sql import my_names, my_tables
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_names import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.places import decode, encode

_ROWS = frozenset(("OLD", "NEW"))


def move(
    text: str, old: str, new: str | None, objects: t.Container[str], *, sql_mode: str = "", fold: bool = False
) -> tuple[str, int]:
    """(``text`` with the qualifier ``old`` replaced by ``new`` before names of ``objects``, and nowhere else; how often
    it stays where it may be one.) Without ``new`` the qualifier is left out: the name is then one of the database that
    the definition is created in.

    ``fold``: the server compares names of databases without case (lower_case_table_names); ``objects`` are folded then.
    """
    parsed = Parsed(encode(text), sql_mode)

    def folded(name: str | None) -> str | None:
        return name.lower() if fold and name is not None else name

    places = [place for place in range(len(parsed)) if folded(parsed.at(place).name) == folded(old)]
    dotted = [place for place in places if _qualifies(parsed, place)]
    if not dotted:
        return text, _prepared(parsed, old)
    about, alone = _about(parsed), _alone(parsed, places)
    states = my_tables.states(parsed)
    changes: dict[int, str] = {}
    left = 0
    for place in dotted:
        following = folded(parsed.at(place + 2).name)
        if following is not None and following not in objects:
            continue
        certain = place in about or states[place] == "table" or my_tables.named(parsed, place)
        if certain or (not states[place] and not alone):
            changes[place] = "" if new is None else quote(new)
            if new is None:
                changes[place + 1] = ""
        elif not states[place] and not _row(parsed, place):
            left += 1
    moved = decode(parsed.joined(changes)) if changes else text
    return moved, left + _prepared(parsed, old)


def retarget(
    text: str, old: str, new: str | None, objects: t.Container[str], *, sql_mode: str = "", fold: bool = False
) -> str:
    """The text of :func:`move`."""
    return move(text, old, new, objects, sql_mode=sql_mode, fold=fold)[0]


def _qualifies(parsed: Parsed, place: int) -> bool:
    """Whether a dot and a name follow, or the sign for all that it holds, and nothing qualifies it."""
    if parsed.at(place + 1).text != "." or (place and parsed.at(place - 1).text == "."):
        return False
    granted = place > 0 and parsed.upper[place - 1] == "ON" and parsed.at(place + 2).text == "*"
    return granted or parsed.at(place + 2).name is not None


def _about(parsed: Parsed) -> set[int]:
    """Places of what a definition defines or changes, and of the sequences that anything uses."""
    found = set(my_tables.sequences(parsed))
    if parsed.upper[0] in ("CREATE", "ALTER", "DROP", "RENAME"):
        at = my_names.kind(parsed)
        found.update(my_names.objects(parsed, at) if at > 0 else ())
    return found


def _alone(parsed: Parsed, places: t.Iterable[int]) -> bool:
    """Whether the name stands without a dot behind it: a table, an alias or a variable may be called so, and a name
    with it be a column. The rows of a trigger are such variables."""
    return any(
        (parsed.at(place + 1).text not in (".", "@") and (not place or parsed.at(place - 1).text != "@"))
        or _row(parsed, place)
        for place in places
    )


def _row(parsed: Parsed, place: int) -> bool:
    return "TRIGGER" in parsed.upper[:place] and (parsed.at(place).name or "").upper() in _ROWS


def _prepared(parsed: Parsed, old: str) -> int:
    """How many strings that the body may run name the database."""
    if "PREPARE" not in parsed.upper and "IMMEDIATE" not in parsed.upper:
        return 0
    named = re.compile(rf"(?<![\w$]){re.escape(old)}[`\"]?\s*\.")
    words = (parsed.at(place) for place in range(len(parsed)))
    return sum(word.kind == "string" and named.search(word.text) is not None for word in words)


__all__ = ("move", "retarget")
