# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What MySQL statements set that changes how the statements after them are to be read.

Source: MySQL Reference Manual, "Server SQL Modes" and "SET Syntax for Variable Assignment".
"""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Unreadable
from ansible_collections.vya.backupdb.plugins.module_utils._sql.lexer import BODIES
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_versioned import (
    as_run,
    runs_all,
    runs_everywhere,
    runs_on,
)

_BLANK = rb"(?:\s|/\*M?!\d*|\*/|/\*(?!M?!).*?\*/|\#[^\n]*\n|--[\x00-\x20\x7f][^\n]*)*"
_SET = re.compile(_BLANK + rb"SET\b(?!\s+(?:STATEMENT|PASSWORD|GLOBAL|PERSIST|PERSIST_ONLY)\b)", re.I | re.S)
_NAMES = re.compile(rb"(?:NAMES|CHARACTER\s+SET|CHARSET)\s+['\"`]?([\w-]+)", re.I)
_WORD = re.compile(
    rb"""(?P<space>\s+|/\*(?!M?!).*?\*/|/\*M?!\d*|\*/|\#[^\n]*|--(?=[\x00-\x20\x7f]|\Z)[^\n]*)"""
    rb"""|(?P<string>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")|(?P<word>@{0,2}[\w$`.]+)|(?P<other>:=|.)""",
    re.I | re.S,
)
_ANSI = frozenset((b"ANSI_QUOTES", b"ANSI", b"DB2", b"MAXDB", b"MSSQL", b"ORACLE", b"POSTGRESQL"))
_CLIENT_CHARSET = b"CHARACTER_SET_CLIENT"
_UTF8 = frozenset((b"utf8", b"utf8mb3", b"utf8mb4", b"binary", b"ascii"))
# What a single-byte character set takes for a space (as MySQL 9 and MariaDB 10.11 do), and what may be taken for the
# space behind the dashes of a comment.
_ODD_SPACE = re.compile(rb"\xa0|--[\x80-\xff]")
_DOS_SPACE = re.compile(rb"\xff|--[\x80-\xff]")
_DOS = frozenset((b"cp850", b"cp852", b"cp866", b"keybcs2"))
# Where the server ends a number, others may see a word that goes on: 1e1JOIN, .5JOIN, \NFROM.
_RUN_ON = re.compile(
    rb"(?<![\w$.\x80-\xff])(?:[0-9]+\.[0-9]*(?:E[+-]?[0-9]+|(?!E[+-]?[0-9]))|[0-9]+E[+-]?[0-9]+)(?=[A-Z_$\x80-\xff])"
    rb"|(?<![\w$\x80-\xff])\.[0-9]+(?:E[+-]?[0-9]+|(?!E[+-]?[0-9]))(?=[A-Z_$\x80-\xff])|\\N(?=[\w$\x80-\xff])",
    re.I,
)
# A byte of these that looks like a quote or a backslash can be the second half of a character. Numbers: collations.
_UNSAFE = re.compile(rb"(?:sjis|cp932|gbk|gb18030|big5|13|88|95|96|28|87|248|249|250|1|84)(?:_\w+)?\Z", re.I)
_UNCLEAR = "sql_mode is set to a value that cannot be followed: write it out, SET sql_mode = '...'"
# Of the connection that runs the statements.
_OURS = b"utf8mb4"
# Where a statement is longer than this it assigns nothing that matters here.
_LONG = 1 << 16
_SERVERS = (
    runs_all,
    runs_everywhere,
    *(runs_on("mysql", version) for version in ((5, 7), (99, 99, 99))),
    *(runs_on("mariadb", version) for version in ((5, 5, 69), (99, 9, 9))),
)


Modes = tuple[bool, bool]  # backslashes escape, double quotes quote names


@functools.lru_cache(maxsize=4)
def quoted(backslashes: bool, ansi: bool) -> t.Pattern[bytes]:
    """A string, a quoted name or a plain comment."""
    parts = [rb"\#[^\n]*", rb"--(?=[\x00-\x20\x7f]|\Z)[^\n]*", rb"/\*(?!M?!).*?\*/"]
    for quote, escapes in ((b"'", backslashes), (b'"', backslashes and not ansi), (b"`", False)):
        parts.append(quote + BODIES[quote, escapes].pattern + quote)
    return re.compile(b"|".join(parts), re.S)


def one_reading(text: bytes, modes: Modes, charset: bytes) -> None:
    """Raise Unreadable for a statement that the server would cut into other words than is done here."""
    space = _DOS_SPACE if charset in _DOS else _ODD_SPACE
    odd = not utf8(charset) and space.search(text)
    if not odd and not _RUN_ON.search(text):
        return
    code = quoted(*modes).sub(lambda found: found[0][:1] * 2 if found[0][:1] in b"'\"`" else b" ", text)
    if odd and space.search(code):
        raise Unreadable(f"a byte outside of quotes that may be a space in {charset.decode('ascii', 'replace')}")
    if _RUN_ON.search(code):
        raise Unreadable("a number that runs into a word: a space between them tells them apart")


def utf8(charset: bytes) -> bool:
    """Whether bytes that are no ASCII are parts of words in a client's character set."""
    return charset.lower() in _UTF8


def unsafe_charset(name: bytes) -> None:
    """Raise Unreadable for a character set in which quotes cannot be found by looking at bytes."""
    if _UNSAFE.match(name):
        raise Unreadable(f"The character set {name.decode('ascii', 'replace')} of the client cannot be read safely")


class Session:
    """``modes``: how strings are written at this place of the script; ``charset``: of the client. Both are what the
    statements say, as far as they can be followed: the server is asked before anything that depends on it is run."""

    def __init__(self) -> None:
        self.initial: Modes = (True, False)
        self.modes = self.initial
        self.charset = _OURS
        self._saved: dict[bytes, Modes] = {}
        self._charsets: dict[bytes, bytes] = {}

    def follow(self, text: bytes) -> None:
        """Note what a statement sets. Raises Unreadable, also where that depends on the server's version."""
        if b"/*" not in text or len(text) > _LONG or b"SET" not in text.upper():
            self._follow(text)
            return
        modes, charset, saved, charsets = self.modes, self.charset, self._saved, self._charsets
        results = []
        for seen in {as_run(text, modes, runs)[0] for runs in _SERVERS}:
            self.modes, self.charset, self._saved, self._charsets = modes, charset, dict(saved), dict(charsets)
            self._follow(seen)
            # A variable that is not known holds what there was at the start.
            known = {name: held for name, held in self._saved.items() if held != self.initial}
            names = {name: held for name, held in self._charsets.items() if held != _OURS}
            results.append((self.modes, known, utf8(self.charset), names))
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
            self._client(names.group(1))
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
            self._charsets[name] = self._charset(value)
        elif name == b"SQL_MODE":
            self.modes = self._value(value, strict=True)
        elif name == _CLIENT_CHARSET and value:
            self._client(self._charset(value))

    def _client(self, charset: bytes) -> None:
        unsafe_charset(charset)
        self.charset = _OURS if charset.upper() == b"DEFAULT" else charset.lower()

    def _charset(self, words: list[t.Match[bytes]]) -> bytes:
        """The character set that a single word stands for."""
        text = words[0].group().replace(b"`", b"") if len(words) == 1 else b""
        if text.startswith(b"@@"):
            client = text.rpartition(b".")[2].lstrip(b"@").upper() == _CLIENT_CHARSET
            return self.charset if client and not text.upper().startswith(b"@@GLOBAL.") else _OURS
        if text.startswith(b"@"):
            return self._charsets.get(text.upper(), _OURS)
        return text.strip(b"'\"") or _OURS

    def _value(self, words: list[t.Match[bytes]], *, strict: bool) -> Modes:
        """The modes that an expression stands for: a string, words, a variable, or CONCAT of those."""
        backslashes, ansi = True, False
        taken = any(word.group().upper() == b"REPLACE" for word in words)
        for word in words:
            text = word.group().upper().replace(b"`", b"")
            modes = self._one(word, text, strict)
            if strict and taken and modes != self.initial and not text.startswith(b"@"):
                raise Unreadable(_UNCLEAR)
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
        if strict and (text in (b"IF", b"CASE") or (text.isdigit() and text != b"0")):
            raise Unreadable(_UNCLEAR)
        return b"NO_BACKSLASH_ESCAPES" not in names, not _ANSI.isdisjoint(names)


__all__ = ("Modes", "Session", "one_reading", "quoted", "unsafe_charset", "utf8")
