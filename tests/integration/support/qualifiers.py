# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes definitions of two MySQL or MariaDB databases comparable: the own name as a qualifier becomes a mark."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

MARK = "<db>"

_COMMON = r"""
    (?P<comment>--(?=[\s\x00-\x1f]|$)[^\n]*|\#[^\n]*|/\*(?!M?!).*?\*/)
  | (?P<opening>/\*M?!\d*)
  | (?P<ticked>`(?:[^`]|``)*`)
  | (?P<bare>[0-9A-Za-z_$\u0080-\uffff]+)
  | (?P<space>\s+)
  | (?P<other>.)
"""
_STRING = {
    False: r"""(?P<string>'(?:[^'\\]|\\.|'')*')  | (?P<double>"(?:[^"\\]|\\.|"")*")""",
    True: r"""(?P<string>'(?:[^']|'')*')  | (?P<double>"(?:[^"]|"")*")""",
}
_TOKENS = {mode: re.compile(f"{strings} | {_COMMON}", re.VERBOSE | re.DOTALL) for mode, strings in _STRING.items()}

# After these a name with a dot is an object of a database, never a column of an alias.
_OBJECT_FOLLOWS = {
    "call", "event", "exists", "for", "from", "function", "into", "join", "procedure", "references", "table", "trigger",
    "update", "view",
}  # fmt: skip


@dataclass
class _Token:
    kind: str
    text: str
    name: str | None  # what an identifier means, without its quotes


def _tokens(text: str, sql_mode: str) -> list[_Token]:
    ansi = "ANSI_QUOTES" in sql_mode
    tokens = []
    for match in _TOKENS["NO_BACKSLASH_ESCAPES" in sql_mode].finditer(text):
        kind, part = str(match.lastgroup), match.group()
        name = None
        if kind == "bare":
            name = part
        elif kind == "ticked" or (kind == "double" and ansi):
            name = part[1:-1].replace(part[0] * 2, part[0])
        tokens.append(_Token(kind, part, name))
    return tokens


def neutral(text: str, database: str, objects: AbstractSet[str], sql_mode: str = "") -> str:
    """The definition with MARK where `database` qualifies one of its `objects`.

    Strings and comments stay as they are, and so does an alias that is called like the database.
    """
    tokens = _tokens(text, sql_mode)
    solid = [token for token in tokens if token.kind not in ("space", "comment", "opening")]
    for index, token in enumerate(solid):
        if token.name == database and _qualifies(solid, index, database, objects):
            token.text = MARK
    return "".join(token.text for token in tokens)


def _qualifies(solid: list[_Token], index: int, database: str, objects: AbstractSet[str]) -> bool:
    chain = _chain(solid, index)
    if (index and solid[index - 1].text == ".") or len(chain) < 2:
        return False
    if len(chain) > 2:
        return True
    if chain[1] not in objects:
        return False
    before = solid[index - 1].text.lower() if index else ""
    after = solid[index + 3].text if index + 3 < len(solid) else ""
    return chain[1] != database or before in _OBJECT_FOLLOWS or after == "("


def _chain(solid: list[_Token], index: int) -> list[str]:
    """The names of a.b.c that starts at `index`."""
    names = []
    while index < len(solid) and (name := solid[index].name) is not None:
        names.append(name)
        if index + 1 >= len(solid) or solid[index + 1].text != ".":
            break
        index += 2
    return names
