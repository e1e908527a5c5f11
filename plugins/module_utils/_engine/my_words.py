# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB definitions as words: enough of their lexical structure to change some of them.

Source: MySQL Reference Manual, "Language Structure" (literals, identifiers, comments). A string is never touched.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

_SPACE = r"(?P<space>[ \t-\r]+|/\*(?!M?!).*?\*/|\#[^\n]*|--(?=[\x00-\x20\x7f]|\Z)[^\n]*)"
_ESCAPED = r"'(?:[^'\\]|\\.|'')*'"
_PLAIN = r"'(?:[^']|'')*'"
_NAME = r"`(?:[^`]|``)*`"
_WORD = r"(?P<word>[0-9A-Za-z$_\x80-\U0010ffff]+)"


def _double(single: str) -> str:
    return single.replace("'", '"')


def _compile(backslashes: bool, ansi: bool) -> t.Pattern[str]:
    single = _ESCAPED if backslashes else _PLAIN
    strings, names = [single], [_NAME]
    (names if ansi else strings).append(_double(_PLAIN if ansi else single))
    alternatives = [
        _SPACE,
        f"(?P<string>{'|'.join(strings)})",
        f"(?P<name>{'|'.join(names)})",
        _WORD,
        r"(?P<other>/\*M?![0-9]*|\*/|.)",
    ]
    return re.compile("|".join(alternatives), re.S)


_PATTERNS = {(b, a): _compile(b, a) for b in (True, False) for a in (True, False)}


@dataclasses.dataclass(frozen=True)
class Word:
    """A piece of a statement. ``kind``: space (comments too), string, name (quoted), word or other."""

    kind: str
    text: str

    @property
    def name(self) -> str | None:
        """The identifier that this is, without its quotes, or None."""
        if self.kind == "word":
            return self.text
        if self.kind == "name":
            quote = self.text[0]
            return self.text[1:-1].replace(quote * 2, quote)
        return None


def split(text: str, sql_mode: str = "") -> list[Word]:
    """All pieces of a statement; joined again they are the statement."""
    modes = sql_mode.upper().split(",")
    pattern = _PATTERNS["NO_BACKSLASH_ESCAPES" not in modes, "ANSI_QUOTES" in modes or "ANSI" in modes]
    return [Word(str(match.lastgroup), match.group()) for match in pattern.finditer(text)]


def quote(name: str) -> str:
    """An identifier in backticks."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A string literal that means the same with and without NO_BACKSLASH_ESCAPES."""
    if "\\" in text:
        return f"CONVERT(0x{text.encode('utf-8').hex()} USING utf8mb4)"
    return "'" + text.replace("'", "''") + "'"


def mentioned(text: str, sql_mode: str = "") -> set[str]:
    """All identifiers in a statement."""
    return {word.name for word in split(text, sql_mode) if word.name is not None}


def replace_word(text: str, words: t.Mapping[str, str], *, before: str, sql_mode: str = "") -> str:
    """Replace unquoted keywords (upper case) up to the first unquoted ``before``."""
    out = []
    active = True
    for word in split(text, sql_mode):
        upper = word.text.upper() if word.kind == "word" else ""
        active = active and upper != before
        out.append(words.get(upper, word.text) if active and upper else word.text)
    return "".join(out)


__all__ = ("Word", "literal", "mentioned", "quote", "replace_word", "split")
