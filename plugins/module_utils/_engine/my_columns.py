# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: columns of a database, and the pieces of a CREATE TABLE as the server prints it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import Word, literal, split

_PAIRS = {"(": 1, ")": -1}


@dataclasses.dataclass(frozen=True)
class Column:
    """``type`` is the bare word, ``full_type`` has lengths and members; ``generated``: virtual, stored, or empty;
    ``period``: a row's start or end in a system-versioned table."""

    table: str
    name: str
    type: str
    full_type: str
    charset: str
    generated: str
    period: bool
    automatic: bool


def columns(connection: t.Any, database: str, *, stage: str) -> dict[str, list[Column]]:
    """The columns of each table, in their order. Opens no table of another server."""
    rows = execute(
        connection,
        "SELECT table_name, column_name, data_type, column_type, character_set_name, extra, generation_expression"
        f" FROM information_schema.columns WHERE table_schema = {literal(database)}"
        " ORDER BY table_name, ordinal_position",
        stage=stage,
    )
    found: dict[str, list[Column]] = {}
    for table, name, kind, full, charset, extra, expression in rows:
        words = _text(extra).upper()
        generated = "virtual" if "VIRTUAL GENERATED" in words else "stored" if "STORED GENERATED" in words else ""
        period = bool(generated) and _text(expression).upper() in ("ROW START", "ROW END")
        found.setdefault(_text(table), []).append(
            Column(
                _text(table),
                _text(name),
                _text(kind).lower(),
                _text(full),
                _text(charset).lower(),
                "" if period else generated,
                period,
                "AUTO_INCREMENT" in words,
            )
        )
    return found


def _text(value: t.Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)


@dataclasses.dataclass(frozen=True)
class Shown:
    """A CREATE TABLE: ``items`` are what stands between the commas of its parentheses, ``options`` all behind them;
    without white space and without the signs of comments that only some versions read."""

    items: tuple[tuple[Word, ...], ...]
    options: tuple[Word, ...]

    def expression(self, column: str) -> str:
        """The text by which a generated column is computed, or nothing."""
        for item in self.items:
            if item[0].kind == "name" and item[0].name == column:
                upper = [word.text.upper() if word.kind == "word" else word.text for word in item]
                for place in range(len(item) - 1):
                    if upper[place] == "AS" and upper[place + 1] == "(":
                        return joined(item[place + 1 : place + 1 + _length(item[place + 1 :])])
        return ""

    def option(self, name: str) -> str:
        """The value of a table's option, a string without its quotes; empty when it is not set."""
        options = self.options
        for place, word in enumerate(options[:-2]):
            if (word.name or "").upper() == name and options[place + 1].text == "=":
                return options[place + 2].text.strip("'")
        return ""


def joined(words: t.Iterable[Word]) -> str:
    """Words as a text that means the same."""
    text = ""
    for word in words:
        # Before a parenthesis white space would make a name of what is a function.
        text += word.text if word.text == "(" or not text else f" {word.text}"
    return text


def _length(words: t.Sequence[Word]) -> int:
    """Of what stands in the parentheses that ``words`` begin with."""
    depth = 0
    for place, word in enumerate(words):
        depth += _PAIRS.get(word.text, 0)
        if depth == 0:
            return place + 1
    return len(words)


def shown(text: str) -> Shown:
    """The pieces of what SHOW CREATE TABLE prints with an empty sql_mode."""
    words = [word for word in split(text) if word.kind != "space" and not word.text.startswith(("/*", "*/"))]
    begin = next((place for place, word in enumerate(words) if word.text == "("), len(words))
    end = begin + _length(words[begin:])
    items: list[tuple[Word, ...]] = []
    item: list[Word] = []
    depth = 0
    for word in words[begin + 1 : end - 1]:
        depth += _PAIRS.get(word.text, 0)
        if word.text == "," and depth == 0:
            items.append(tuple(item))
            item = []
        else:
            item.append(word)
    return Shown((*items, tuple(item)) if item else tuple(items), tuple(words[end:]))


__all__ = ("Column", "Shown", "columns", "joined", "shown")
