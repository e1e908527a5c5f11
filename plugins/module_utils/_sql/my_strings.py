# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What MySQL statements set that changes how the statements after them are to be read.

Source: MySQL Reference Manual, "Server SQL Modes" and "SET Syntax for Variable Assignment".
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Unreadable
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_versioned import (
    as_run,
    runs_all,
    runs_everywhere,
    runs_on,
)

_BLANK = rb"(?:\s|/\*M?!\d*|\*/|/\*(?!M?!).*?\*/|\#[^\n]*\n|--[\x00-\x20\x7f][^\n]*)*"
_SET = re.compile(_BLANK + rb"SET\b(?!\s+(?:STATEMENT|PASSWORD|GLOBAL|PERSIST|PERSIST_ONLY)\b)", re.I | re.S)
_NAMES = re.compile(rb"(?:NAMES|CHARACTER\s+SET|CHARSET)\s+['\"]?([\w-]+)", re.I)
_WORD = re.compile(
    rb"""(?P<space>\s+|/\*(?!M?!).*?\*/|/\*M?!\d*|\*/|\#[^\n]*|--(?=[\x00-\x20\x7f]|\Z)[^\n]*)"""
    rb"""|(?P<string>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")|(?P<word>@{0,2}[\w$`.]+)|(?P<other>:=|.)""",
    re.I | re.S,
)
_ANSI = frozenset((b"ANSI_QUOTES", b"ANSI", b"DB2", b"MAXDB", b"MSSQL", b"ORACLE", b"POSTGRESQL"))
_CLIENT_CHARSET = frozenset((b"CHARACTER_SET_CLIENT",))
# A byte of these that looks like a quote or a backslash can be the second half of a character. Numbers: collations.
_UNSAFE = re.compile(rb"(?:sjis|cp932|gbk|gb18030|big5|13|88|95|96|28|87|248|249|250|1|84)(?:_\w+)?\Z", re.I)
# Where a statement is longer than this it assigns nothing that matters here.
_LONG = 1 << 16
_SERVERS = (
    runs_all,
    runs_everywhere,
    *(runs_on("mysql", version) for version in ((5, 7), (99, 99, 99))),
    *(runs_on("mariadb", version) for version in ((5, 5, 69), (99, 9, 9))),
)


Modes = tuple[bool, bool]  # backslashes escape, double quotes quote names


def unsafe_charset(name: bytes) -> None:
    """Raise Unreadable for a character set in which quotes cannot be found by looking at bytes."""
    if _UNSAFE.match(name):
        raise Unreadable(f"The character set {name.decode('ascii', 'replace')} of the client cannot be read safely")


class Session:
    """``modes``: how strings are written at this place of the script."""

    def __init__(self) -> None:
        self.initial: Modes = (True, False)
        self.modes = self.initial
        self._saved: dict[bytes, Modes] = {}

    def follow(self, text: bytes) -> None:
        """Note what a statement sets. Raises Unreadable, also where that depends on the server's version."""
        if b"/*" not in text or len(text) > _LONG or b"SET" not in text.upper():
            self._follow(text)
            return
        before = self.modes, dict(self._saved)
        results = []
        for seen in {as_run(text, self.modes, runs)[0] for runs in _SERVERS}:
            self.modes, self._saved = before[0], dict(before[1])
            self._follow(seen)
            # A variable that is not known holds the initial modes.
            results.append((self.modes, {name: held for name, held in self._saved.items() if held != self.initial}))
        if any(result != results[0] for result in results):
            raise Unreadable("What is set depends on comments for other versions")

    def _follow(self, text: bytes) -> None:
        begin = _SET.match(text)
        if not begin or len(text) > _LONG:
            return
        words = [m for m in _WORD.finditer(text, begin.end()) if m.lastgroup != "space"]
        assignment: list[t.Match[bytes]] = []
        depth = 0
        for word in words:
            depth += (word.group() == b"(") - (word.group() == b")")
            if word.group() == b"," and depth == 0:
                self._assign(assignment)
                assignment = []
            else:
                assignment.append(word)
        self._assign(assignment)

    def _assign(self, words: list[t.Match[bytes]]) -> None:
        plain = b" ".join(word.group() for word in words)
        names = _NAMES.match(plain)
        if names:
            unsafe_charset(names.group(1))
        at = next((i for i, word in enumerate(words) if word.group() in (b"=", b":=")), None)
        if not at:
            return
        name = words[at - 1].group().upper().replace(b"`", b"")
        scope = words[0].group().upper() if at > 1 else b""
        if name.startswith(b"@@"):
            scope, dummy, name = name[2:].rpartition(b".")
        if scope in (b"GLOBAL", b"PERSIST", b"PERSIST_ONLY"):
            return
        value = words[at + 1 :]
        if name.startswith(b"@"):
            self._saved[name] = self._value(value, strict=False)
        elif name == b"SQL_MODE":
            self.modes = self._value(value, strict=True)
        elif name in _CLIENT_CHARSET and value:
            unsafe_charset(value[0].group().strip(b"'\""))

    def _value(self, words: list[t.Match[bytes]], *, strict: bool) -> Modes:
        """The modes that an expression stands for: a string, words, a variable, or CONCAT of those."""
        backslashes, ansi = True, False
        for word in words:
            text = word.group().upper().replace(b"`", b"")
            modes = self._one(word, text, strict)
            backslashes, ansi = backslashes and modes[0], ansi or modes[1]
        return backslashes, ansi

    def _one(self, word: t.Match[bytes], text: bytes, strict: bool) -> Modes:
        if text.startswith(b"@@"):
            if text.rpartition(b".")[2].lstrip(b"@") != b"SQL_MODE":
                return self.initial
            return self.initial if text.startswith(b"@@GLOBAL.") else self.modes
        if text.startswith(b"@"):
            return self._saved.get(text, self.initial)
        names = re.split(rb"[,\s'\"]+", text)
        if strict and (b"REPLACE" in names or text.isdigit() or text in (b"SELECT", b"IF", b"CASE")):
            raise Unreadable("sql_mode is set to a value that cannot be followed")
        return b"NO_BACKSLASH_ESCAPES" not in names, not _ANSI.isdisjoint(names)


__all__ = ("Modes", "Session", "unsafe_charset")
