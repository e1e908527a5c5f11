# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

r"""Scripts of PostgreSQL, split where psql splits them: not within parentheses or ``BEGIN ATOMIC ... END``.

Source: PostgreSQL manual, "Lexical Structure", "psql", "COPY". Where psql and the server disagree about the end of a
string (an E'...' string that goes on in the next line is a plain one to psql) nothing is followed, but refused.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import (
    CopyData,
    CopyEnd,
    Event,
    Meta,
    Place,
    SqlReadError,
    Statement,
)
from ansible_collections.vya.backupdb.plugins.module_utils._sql.lexer import (
    BODIES,
    BULK_LIMIT,
    LIMIT,
    LINE_END,
    SPACE,
    Lexer,
)
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_strings import follow, unsafe_encoding
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import commands
from ansible_collections.vya.backupdb.plugins.module_utils._sql.places import decode

_LETTER = rb"[A-Za-z_\x80-\xff]"
_TOKEN = re.compile(
    rb"(?P<escape>[eE]')|(?P<plain>(?:[bBxX]|[uU]&)')|(?P<quote>')|(?P<name>\")"
    rb"|(?P<word>L[\w$\x80-\xff]*)|(?P<dollar>\$(?:L[\w\x80-\xff]*)?\$?)"
    rb"|(?P<line>--)|(?P<block>/\*)|(?P<open>\()|(?P<close>\))|(?P<semicolon>;)"
    rb"|(?P<joined>\\;)|(?P<colon>\\:)|(?P<command>\\)|(?P<other>.)".replace(b"L", _LETTER),
    re.S,
)
_LINE_END = re.compile(rb"[\r\n]")
_NESTING = re.compile(rb"/\*|\*/")
# Doubled quotes have to be seen in these: a plain string would begin at the second one.
_ESCAPE = re.compile(rb"[^'\\]*(?:(?:\\.|'')[^'\\]*)*", re.S)
_PLAIN = re.compile(rb"[^']*(?:''[^']*)*")
# With and without escapes it ends in the same place.
_EITHER = re.compile(rb"[^'\\]*(?:(?:\\[^'\\]|'')[^'\\]*)*")
_LONGEST_WORD = 1 << 16

_COMMAND = re.compile(rb"\\(?P<name>[A-Za-z_]+|.)\s*(?P<argument>[^\r\n]*)", re.S)
_SENDS = frozenset((b"g", b"gx", b"gset", b"gexec", b"gdesc", b"crosstabview", b"watch", b"bind_named"))
_FORGETS = frozenset((b"r", b"reset"))

_FUNCTION = re.compile(rb"create (?:or replace )?(?:function|procedure)\b")
_FIRST_WORDS, _WORDS = 4, 200
_BINARY = re.compile(rb"COPY\s+BINARY\b|\bFORMAT\s+['\"]?BINARY\b|\bSTD(?:IN|OUT)\s+(?:WITH\s+)?BINARY\b", re.I)
_COPY_END = re.compile(rb"\\\.\r?\n")


@functools.lru_cache(maxsize=8)
def _code(standard_strings: bool, words: bool) -> t.Pattern[bytes]:
    """As many harmless tokens as there are, with parentheses that close before others open.

    A word is harmless only where what follows it is seen. No text can be matched in two ways, so that there is
    nothing to try again.
    """
    rest = rb"[^'\"$;\\/()\-A-Za-z_\x80-\xff]*"
    tokens = [b"'" + BODIES[b"'", not standard_strings].pattern + b"'", b'"[^"]*"', rb"-(?=[^\-])", rb"/(?=[^*])"]
    if words:
        tokens.append(_LETTER + rb"[\w$\x80-\xff]*(?=[^\w$\x80-\xff'&])")
    simple = rest + b"(?:(?:" + b"|".join(tokens) + b")" + rest + b")*"
    tokens.append(rb"\(" + simple + rb"\)")
    return re.compile(rest + b"(?:(?:" + b"|".join(tokens) + b")" + rest + b")*", re.S)


@functools.lru_cache(maxsize=2)
def _insert(standard_strings: bool) -> t.Pattern[bytes]:
    """A whole INSERT of values that need no closer look: most of what ``pg_dump --inserts`` writes."""
    return re.compile(rb"(INSERT\b" + _code(standard_strings, True).pattern + b");", re.I | re.S)


class PostgresReader(Lexer):
    r"""Statements, the data of ``COPY ... FROM stdin``, and psql's commands, each with the rest of its line, as Meta.

    ``\;`` ends a statement as ``;`` does.
    """

    bulk = re.compile(rb"(?:INSERT|COPY)\b", re.I)
    stride = 1 << 14

    def __init__(self, *, limit: int = LIMIT, bulk_limit: int = BULK_LIMIT) -> None:
        super().__init__(limit=limit, bulk_limit=bulk_limit)
        self._standard_strings = True
        self._copy_place: Place | None = None  # of a COPY statement whose data follow
        self._words: list[bytes] = []  # unquoted ones, small; one "(" for all in parentheses
        self._follow_words = True
        self._is_function = False
        self._parentheses = self._blocks = 0

    def _new_statement(self) -> None:
        self._words = []
        self._follow_words = True
        self._is_function = False
        self._parentheses = self._blocks = 0

    def _skip(self) -> None:
        pattern = _code(self._standard_strings, not self._follow_words)
        end = min(len(self._buf), self._pos + self.stride)
        self._pos = pattern.match(self._buf, self._pos, end).end()  # type: ignore[union-attr]

    def _token(self) -> t.Iterator[Event]:
        found = t.cast("t.Match[bytes]", _TOKEN.match(self._buf, self._pos))
        kind = found.lastgroup
        if kind in ("line", "block"):
            yield from self._comment(self._line_comment if kind == "line" else self._block_comment)
        elif kind == "semicolon" and not self._parentheses and not self._blocks:
            yield from self._end_statement(1)
            yield from self._copy_block()
        elif kind == "joined":
            yield from self._end_statement(2)
            yield from self._copy_block()
        elif kind == "command":
            yield from self._backslash()
        elif found.end() == len(self._buf) and kind in ("word", "dollar") and self._grow(found):
            return
        else:
            if self._place is None:
                insert = _insert(self._standard_strings).match(self._buf, self._pos, self._pos + self.stride)
                if insert:
                    yield Statement(self._here(), insert.group(1))
                    self._pos = insert.end()
                    self._number += 1
                    return
                self._open()
            self._pass(str(kind), found.group())

    def _goes_on(self) -> None:
        """Behind a line's end the server goes on with a string in the way it began, psql begins another."""
        line_ends = 0
        while self._sight(1):
            began = self._here()
            blank = t.cast("t.Match[bytes]", SPACE.match(self._buf, self._pos))
            line_ends += len(_LINE_END.findall(blank.group()))
            self._pos = blank.end()
            if self._pos == len(self._buf):
                continue
            self._sight(2)
            if self._buf.startswith(b"--", self._pos):
                self._line_comment()
            elif self._buf.startswith(b"'", self._pos) and line_ends:
                self._quoted_either(began)
                line_ends = 0
            else:
                break

    def _quoted_either(self, began: Place) -> None:
        try:
            self._quoted(_EITHER, "a string")
        except SqlReadError:
            if not self._buf.startswith(b"\\", self._pos):
                raise
            why = "A string goes on in another line with a backslash, and psql and the server differ about its end"
            raise SqlReadError(why, place=began) from None

    def _grow(self, found: t.Match[bytes]) -> bool:
        """See more of a word that the window may have cut."""
        if found.end() - found.start() > _LONGEST_WORD:
            raise SqlReadError(f"A word has more than {_LONGEST_WORD} bytes", place=self._here())
        return self._fill()

    def _pass(self, kind: str, text: bytes) -> None:
        """Move over a token of a statement."""
        if kind in ("escape", "plain", "quote"):
            escapes = kind == "escape" or (kind == "quote" and not self._standard_strings)
            self._pos += len(text) - 1
            self._quoted(_ESCAPE if escapes else _PLAIN, "a string")
            if escapes == self._standard_strings:
                self._goes_on()
        elif kind == "name":
            self._quoted(BODIES[b'"', False], "a quoted name")
        elif kind == "dollar" and len(text) > 1 and text.endswith(b"$"):
            began = self._here()
            self._pos += len(text)
            if not self._search(re.compile(re.escape(text)), len(text) - 1):
                raise self._ends_in("a dollar-quoted string", began)
        elif kind == "colon":
            self._cut_out(1)
            self._pos += 1
        else:
            if kind == "word":
                self._word(text.lower())
            elif kind == "open":
                self._parentheses += 1
            elif kind == "close":
                self._parentheses = max(0, self._parentheses - 1)
            self._pos += len(text) if kind == "word" else 1

    def _word(self, word: bytes) -> None:
        """Heed the words that tell psql that a semicolon ends no statement."""
        if not self._follow_words:
            return
        if self._parentheses:
            word = b"("
        if len(self._words) < _WORDS and (word != b"(" or self._words[-1:] != [word]):
            self._words.append(word)
        if len(self._words) <= _FIRST_WORDS:
            self._is_function = _FUNCTION.match(b" ".join(self._words)) is not None
            undecided = self._words[0] == b"create" and len(self._words) < _FIRST_WORDS
            self._follow_words = self._is_function or undecided or self._words[0] == b"copy"
        if self._is_function and not self._parentheses:
            if word == b"begin" or (word == b"case" and self._blocks):
                self._blocks += 1
            elif word == b"end" and self._blocks:
                self._blocks -= 1

    def _line_comment(self) -> None:
        if self._search(_LINE_END):
            self._pos -= 1

    def _block_comment(self) -> None:
        began = self._here()
        self._pos += 2
        depth = 1
        while depth:
            found = self._search(_NESTING, 1)
            if found is None:
                raise self._ends_in("a comment", began)
            depth += 1 if found.group() == b"/*" else -1

    def _end_statement(self, skipped: int) -> t.Iterator[Event]:
        self._copy_place = None
        if self._place is not None:
            place, text = self._close()
            yield Statement(place, text)
            if self._copies_in():
                self._copy_place = place
                if _BINARY.search(text):
                    raise SqlReadError("Binary COPY data in a script have no end that can be seen", place=place)
            else:
                self._number += 1
            with self._refusing(place):
                self._standard_strings = follow(text, self._standard_strings)
        self._new_statement()
        self._pos += skipped

    def _backslash(self) -> t.Iterator[Event]:
        place = self._here()
        end = self._line_end("a psql command")
        text = self._buf[self._pos : end].rstrip()
        found = _COMMAND.match(text + b" ")
        name = found.group("name") if found else b""
        self._copy_place = None
        if name in _SENDS:
            yield from self._end_statement(0)
        elif name in _FORGETS:
            if self._place is not None:
                self._close()
            self._new_statement()
        if found and name == b"encoding":
            with self._refusing(place):
                unsafe_encoding(found.group("argument").strip(b" '\""))
        if any(command.name in ("c", "connect") for command in commands(decode(text))):
            if self._place is not None and not self._standard_strings:
                raise SqlReadError("\\connect within a statement, which would be read anew", place=place)
            self._standard_strings = True  # the session sees to it
        self._cut_out(end - self._pos)
        yield Meta(place, text)
        yield from self._copy_block()

    # -- data

    def _copies_in(self) -> bool:
        pairs = zip(self._words, self._words[1:])
        return self._words[:1] == [b"copy"] and any(
            first == b"from" and second in (b"stdin", b"stdout") for first, second in pairs
        )

    def _copy_block(self) -> t.Iterator[Event]:
        r"""The lines below a COPY statement. What follows it in its own line psql runs after the data."""
        copy = self._copy_place
        if copy is None:
            return
        end = self._line_end("a COPY statement")
        rest = self._buf[self._pos : end].strip()
        if rest and (b"\r" in rest or not rest.startswith(b"--")):
            raise SqlReadError(
                "Something follows COPY in its line, which psql would run after the data", place=self._here()
            )
        self._pos = end + 1
        at_line_start = True
        while self._sight(4) or self._pos < len(self._buf):
            if at_line_start and _COPY_END.match(self._buf, self._pos):
                yield CopyEnd(self._here())
                self._search(LINE_END)
                self._number += 1
                return
            end = self._data_end()
            if end > self._pos:
                place, data = self._here(), self._buf[self._pos : end]
                self._pos = end
                at_line_start = data.endswith(b"\n")
                yield CopyData(place, data)
            elif not self._fill():
                break
        raise self._ends_in("a COPY block", copy)

    def _data_end(self) -> int:
        """Up to where the window holds data for certain: whole lines, unless one fills the window."""
        end = 0
        if self._buf.find(b"\\", self._pos) >= 0:  # one byte is found ten times as fast as three
            end = self._buf.find(b"\n\\.", self._pos) + 1
        end = end or self._buf.rfind(b"\n", self._pos) + 1
        return len(self._buf) if end == 0 and len(self._buf) - self._pos >= self.window else end


__all__ = ("PostgresReader",)
