# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: definitions without what a server may print otherwise once it has read its own text again.

Left out are white space, letter case of keywords and functions, the sign of the character set before a string that is
in the connection's own, parentheses around parentheses or around one value, and where a list has no order: in what
sequence it is printed. Strings and names stay as they are, so that two texts that mean different things never become
one.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_columns import Shown, shown
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import Word, split

_OWN = "_utf8mb4"
# A group that begins so is a query, and two pairs of parentheses around one are not the same as one.
_QUERY = ("select", "with", "values", "table")
_Tree = list[t.Union[str, "_Tree"]]


def normal(text: str, sql_mode: str = "") -> str:
    """A view, an expression or a default."""
    words = [word for word in split(text, sql_mode) if word.kind != "space"]
    return _written(words)


def normal_table(text: str) -> str:
    """A table: columns in their order; keys, constraints and options in any. A column's character set and collation
    are left out, since they are printed only where they are not implied; information_schema has them."""
    pieces = shown(text)
    columns = [_written(_without_charset(item)) for item in pieces.items if item[0].kind == "name"]
    others = sorted(_written(item) for item in pieces.items if item[0].kind != "name")
    options, partitions = _options(pieces)
    return "\n".join([*columns, *others, *sorted(options), partitions])


def constraints(text: str) -> list[str]:
    """Foreign keys of a table, and names of its checks: what all versions print alike."""
    found = []
    for item in shown(text).items:
        if item[0].text.upper() == "CONSTRAINT":
            check = item[2].text.upper() == "CHECK"
            found.append(_written(item[:3] if check else item))
    return sorted(found)


def _without_charset(words: t.Sequence[Word]) -> list[Word]:
    kept: list[Word] = []
    depth = skip = 0
    for place, word in enumerate(words):
        depth += {"(": 1, ")": -1}.get(word.text, 0)
        if depth == 0 and word.kind == "word" and not skip:
            upper = [item.text.upper() for item in words[place : place + 2]]
            skip = 3 if upper == ["CHARACTER", "SET"] else 2 if upper[0] == "COLLATE" else 0
        if skip:
            skip -= 1
        else:
            kept.append(word)
    return kept


def _options(pieces: Shown) -> tuple[list[str], str]:
    """The options of a table, each by itself, and its partitions."""
    found: list[str] = []
    begin = 0
    words = pieces.options
    end = next((i for i, word in enumerate(words) if word.text.upper() == "PARTITION"), len(words))
    place = 0
    while place < end:
        if words[place].text == "=":
            place += 1
            if place < end and words[place].text == "(":
                while place < end and words[place].text != ")":
                    place += 1
            found.append(_written(words[begin : place + 1]))
            begin = place + 1
        place += 1
    found.append(_written(words[begin:end]))
    implied = ("default charset", "collate")
    return [text for text in found if not text.startswith(implied)], _written(words[end:])


def _written(words: t.Sequence[Word]) -> str:
    """Words as normalised text."""
    pieces: list[str] = []
    for place, word in enumerate(words):
        following = words[place + 1].kind if place + 1 < len(words) else ""
        if word.kind == "word" and word.text.lower() == _OWN and following == "string":
            continue
        pieces.append(word.text.lower() if word.kind == "word" else word.text)
    tree, _rest = _tree(pieces, 0)
    return " ".join(_flat(tree))


def _tree(pieces: t.Sequence[str], place: int) -> tuple[_Tree, int]:
    """Nested lists for nested parentheses, without a recursion for each word."""
    found: _Tree = []
    stack: list[_Tree] = [found]
    while place < len(pieces):
        piece = pieces[place]
        place += 1
        if piece == "(":
            inner: _Tree = []
            stack[-1].append(inner)
            stack.append(inner)
        elif piece == ")" and len(stack) > 1:
            group = stack.pop()
            stack[-1][-1] = _reduced(stack[-1], group)
        else:
            stack[-1].append(piece)
    return found, place


def _reduced(around: _Tree, group: _Tree) -> str | _Tree:
    """A group in parentheses without those that say nothing."""
    if len(group) == 1:
        only = group[0]
        if isinstance(only, list) and "," not in only and only[:1] and only[0] not in _QUERY:
            group = only
            only = group[0]
        if len(group) == 1 and isinstance(only, str) and len(around) > 1 and _operator(around[-2]):
            return only
    return group


def _operator(before: str | _Tree) -> bool:
    """Whether what stands before a group is neither a name, nor a word, nor a value."""
    return isinstance(before, str) and not (before[0].isalnum() or before[0] in "_$`'\"@" or before[0] > "\x7f")


def _flat(tree: _Tree) -> t.Iterator[str]:
    stack: list[t.Iterator[str | _Tree]] = [iter(tree)]
    while stack:
        item = next(stack[-1], None)
        if item is None:
            stack.pop()
            if stack:
                yield ")"
        elif isinstance(item, list):
            yield "("
            stack.append(iter(item))
        else:
            yield item


__all__ = ("constraints", "normal", "normal_table")
