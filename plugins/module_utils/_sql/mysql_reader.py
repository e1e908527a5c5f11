# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

r"""Scripts of MySQL and MariaDB, split where their client programs split them, and where the server goes on splitting
what the clients send at once: before another delimiter, at each ``;`` that is not within the body of code.

Source: MySQL Reference Manual, "Language Structure", "mysql Client Commands"; MariaDB Knowledge Base, "mariadb
Command-Line Client". The clients split at a delimiter inside ``/*! ... */`` too: dumps change the delimiter around it.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import (
    Bulk,
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
    LOOK,
    Lexer,
)
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_bodies import BETWEEN, Body, next_statement
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_strings import Session, unsafe_charset

_TOKEN = re.compile(
    rb"(?P<line>\#|--(?=[\s\x00-\x1f]|\Z))|(?P<hint>/\*\+)|(?P<block>/\*(?!M?!))|(?P<quote>['\"`])"
    rb"|(?P<null>\\N)|(?P<command>\\.)|(?P<other>.)",
    re.S,
)
_BLOCK_END = re.compile(rb"\*/")
# MySQL's client forgets at the end of a line that it is in a hint.
_HINT_END = re.compile(rb"\*/|\n[^*]*?(?:['\"`;#\\]|--|/\*)")

# What begins here, between statements, is for the client.
_COMMAND = re.compile(
    rb"(?P<sandbox>/\*M?!\d*\\-)|(?P<delimiter>delimiter)(?=[ \t\r\n]|\Z)|(?P<use>use)[ \t]"
    rb"|(?:\?|clear|connect|edit|ego|exit|go|help|nopager|notee|nowarning|pager|print|prompt|query_attributes|quit"
    rb"|rehash|resetconnection|source|ssl_session_data_print|status|system|tee|charset|warnings)(?![\w$\x80-\xff])",
    re.I,
)
_CHARSET = re.compile(rb"(?:\\C|charset)\s*['\"]?([\w-]+)")
_WITH_ARGUMENT = b"?dhPRr.!TuC"
_DELIMITER = re.compile(rb"[ \t\r]*(?:'([^'\n]+)'|\"([^\"\n]+)\"|`([^`\n]+)`|([^ \t\r\n]+))")
_DELIMITER_SIZE = 15
_LONGEST = 1 << 10

# A leap looks at so much at once; shorter stretches are left to the token regex.
_LEAP, _WORTH = 1 << 18, 1 << 10
_FIRST_STRIDE, _STRIDE = 1 << 8, 1 << 14
# After a leap that failed, the next is tried this much later, and twice as much later each time.
_PATIENCE = 1 << 12


@functools.lru_cache(maxsize=64)
def _code(backslashes: bool, ansi: bool, delimiter: bytes) -> t.Pattern[bytes]:
    """As many harmless tokens as there are: whole strings, and what begins neither a token nor the delimiter.

    Nothing here looks ahead over the end of the window without needing a byte there.
    """
    first = re.escape(delimiter[:1]) + b";"
    parts = [rb"[^'\"`\#/\\\-" + first + rb"]+"]
    for quote, escapes in ((b"'", backslashes), (b'"', backslashes and not ansi), (b"`", False)):
        parts.append(quote + BODIES[quote, escapes].pattern + quote)
    parts += [sign + rb"(?=[^*\-" + first + rb"])" for sign in (b"-", b"/") if sign != delimiter[:1]]
    return re.compile(b"(?:" + b"|".join(parts) + b")*", re.S)


@functools.lru_cache(maxsize=64)
def _harmless(delimiter: bytes) -> bytes:
    """Bytes that begin no token, for the leap."""
    return bytes(byte for byte in range(256) if byte not in b"'\"`#/\\;" + delimiter[:1])


class MysqlReader(Lexer):
    """Statements as Statement and Bulk; DELIMITER is followed, other commands of the client are Meta."""

    def __init__(self, *, limit: int = LIMIT, bulk_limit: int = BULK_LIMIT) -> None:
        super().__init__(limit=limit, bulk_limit=bulk_limit)
        self._session = Session()
        self._delimiter = b";"
        self._delimiter_line = 0
        self._body = Body()
        self._body_pieces = 0  # pieces of the open statement that the body knows
        self._stride = _FIRST_STRIDE
        self._no_leap_before, self._patience = 0, _PATIENCE

    # -- within statements

    def _skip(self) -> None:
        here = self._base + self._pos
        if self._stride > _FIRST_STRIDE and here >= self._no_leap_before and len(self._buf) - self._pos > _WORTH:
            if self._leap():
                self._patience = _PATIENCE
            else:
                self._no_leap_before = here + self._patience
                self._patience = min(2 * self._patience, _LEAP)
        end = min(len(self._buf), self._pos + self._stride)
        pattern = _code(*self._session.modes, self._delimiter)
        self._pos = pattern.match(self._buf, self._pos, end).end()  # type: ignore[union-attr]
        self._stride = _STRIDE

    def _leap(self) -> bool:
        """Values of an INSERT by the quarter of a megabyte: split at quotes, what is outside them must be harmless.

        Stops before a string that the window cuts, and does nothing where anything but values is found.
        """
        backslashes = self._session.modes[0]
        end = min(len(self._buf), self._pos + _LEAP)
        line_end = self._buf.find(b"\n", self._pos, end)
        if line_end > self._pos and self._buf.startswith(self._delimiter, line_end - len(self._delimiter)):
            end = line_end - len(self._delimiter)
        if end - self._pos < _WORTH:
            return True
        flat = self._buf[self._pos : end]
        if backslashes and b"\\" in flat:
            # Same lengths: positions stay. An escaped quote leaves its backslash, which no code may have.
            if b"\\\\'" in flat:
                flat = flat.replace(b"\\\\", b"\\.")
            flat = flat.replace(b"\\'", b"\\.")
        parts = flat.split(b"'")
        if len(parts) % 2 == 0:
            end -= len(parts.pop()) + 1
        code = b"".join(parts[::2]) if len(parts) > 1 else flat[: end - self._pos]
        if code.translate(None, _harmless(self._delimiter)) or b"--" in code or code.endswith(b"-"):
            return False
        self._pos = end
        return True

    # -- tokens

    def _token(self) -> t.Iterator[Event]:
        if self._buf.startswith(self._delimiter, self._pos):
            yield from self._end_statement(len(self._delimiter))
            return
        kind = _TOKEN.match(self._buf, self._pos).lastgroup  # type: ignore[union-attr]
        nothing_open = self._place is None
        if kind == "other" and self._buf.startswith(b";", self._pos):
            yield from self._semicolon()
        elif nothing_open and self._buf.startswith(b"\x1a", self._pos) and not self._sight(2):
            self._pos += 1  # how DOS ended its files
        elif kind == "line" or (nothing_open and self._buf.startswith(b"--", self._pos)):
            # MariaDB's client takes two dashes that begin a statement for a comment; MySQL's runs into an error.
            yield from self._comment(self._line_comment)
        elif kind == "block":
            yield from self._comment(self._block_comment)
        elif nothing_open and _COMMAND.match(self._buf, self._pos):
            yield from self._command()
        elif kind == "command":
            yield from self._backslash()
        else:
            if nothing_open:
                self._open()
                self._stride = _FIRST_STRIDE
                self._body, self._body_pieces = Body(), 0
            if kind == "hint":
                self._hint()
            elif kind == "quote":
                self._string()
            else:
                self._pos += 2 if kind == "null" else 1

    def _end_statement(self, skipped: int) -> t.Iterator[Event]:
        if self._place is not None:
            place, text = self._close()
            if self.bulk.match(text):
                yield Bulk(place, text)
            else:
                yield Statement(place, text)
                with self._refusing(place):
                    self._session.follow(text)
            self._number += 1
        self._pos += skipped

    def _semicolon(self) -> t.Iterator[Event]:
        """Before another delimiter: the end of a statement for the server, unless it is within code."""
        if self._place is None:
            self._pos += 1
            return
        self._save()
        if not self.bulk.match(b"".join(piece[:LOOK] for piece in self._pieces[:LOOK])):
            text = b"".join(self._pieces[self._body_pieces :])
            with self._refusing(self._place):
                self._body.feed(text + b";", self._session.modes)
            self._body_pieces = len(self._pieces)
        if self._body.whole and (not self._body.code or self._statement_follows()):
            yield from self._end_statement(1)
        else:
            self._pos += 1

    def _statement_follows(self) -> bool:
        """Whether another statement begins behind the ``;`` and what is between them."""
        size = LOOK
        while True:
            more = self._sight(size)
            found = t.cast("t.Match[bytes]", BETWEEN.match(self._buf, self._pos + 1))
            cut = self._buf.startswith(b"/*", found.end())
            if not more or (found.end() + LOOK <= len(self._buf) and not cut):
                delimiter = self._buf.startswith(self._delimiter, found.end())
                return not delimiter and next_statement(self._buf, found.end())
            size = 2 * max(size, len(self._buf) - self._pos)

    def _string(self) -> None:
        quote = self._buf[self._pos : self._pos + 1]
        backslashes, ansi = self._session.modes
        escapes = backslashes and quote != b"`" and not (ansi and quote == b'"')
        self._quoted(BODIES[quote, escapes], "a quoted name" if quote == b"`" else "a string")

    def _line_comment(self) -> None:
        if self._search(LINE_END):
            self._pos -= 1

    def _block_comment(self) -> None:
        began = self._here()
        self._pos += 2
        if not self._search(_BLOCK_END, 1):
            raise self._ends_in("a comment", began)

    def _hint(self) -> None:
        began = self._here()
        self._pos += 3
        found = self._search(_HINT_END, LOOK)
        if not found:
            raise self._ends_in("an optimizer hint", began)
        if found.group() != b"*/":
            raise SqlReadError(
                "An optimizer hint over several lines holds quotes, which clients read differently", place=began
            )

    def _ends_in(self, what: str, place: Place) -> SqlReadError:
        if what == "a statement" and self._delimiter != b";":
            shown = self._delimiter.decode("ascii", "replace")
            what += f" before which the delimiter {shown}, set in line {self._delimiter_line}, is never met, and"
            error = super()._ends_in(what, place)
            error.hint = f"Set the delimiter back (DELIMITER ;) or end the file with {shown}; otherwise it is cut off."
            return error
        return super()._ends_in(what, place)

    # -- commands of the client

    def _command(self) -> t.Iterator[Event]:
        found = t.cast("t.Match[bytes]", _COMMAND.match(self._buf, self._pos))
        if found.lastgroup == "delimiter":
            self._change_delimiter(found.end() - self._pos)
            return
        if found.lastgroup == "sandbox":
            end = self._line_end("a client command", b"*/")
            end += 2 if self._buf.startswith(b"*/", end) else 0
        else:
            end = self._line_end("a client command", self._delimiter)
        if found.lastgroup == "use" and self._buf.startswith(self._delimiter, end):
            self._open()
            self._pos += 3
            return
        self._open()
        self._pos = end
        place, text = self._close()
        if found.lastgroup == "use":
            yield Statement(place, text.rstrip())
            self._number += 1
        else:
            yield self._meta(place, text.rstrip())

    def _backslash(self) -> t.Iterator[Event]:
        """One of the commands of one letter. What is open goes on behind it, or is sent (g, G) or forgotten (c)."""
        letter = self._buf[self._pos + 1 : self._pos + 2]
        if letter == b"\n" or self._buf.startswith(b"\r\n", self._pos + 1):
            # As continued lines are written in other languages: both clients pass over it.
            self._cut_out(1)
            return
        if letter == b"d":
            if self._place is not None:
                raise SqlReadError("The delimiter is changed within a statement", place=self._here())
            self._change_delimiter(2)
            return
        size = 2
        if letter in _WITH_ARGUMENT:
            size = self._line_end("a client command", self._delimiter) - self._pos
        if letter in b"gG":
            yield from self._end_statement(0)
        place, text = self._here(), self._buf[self._pos : self._pos + size].rstrip()
        if letter == b"c" and self._place is not None:
            self._close()
        self._cut_out(size)
        yield self._meta(place, text)

    def _meta(self, place: Place, text: bytes) -> Meta:
        charset = _CHARSET.match(text)
        with self._refusing(place):
            if charset:
                unsafe_charset(charset.group(1))
        return Meta(place, text)

    def _change_delimiter(self, skipped: int) -> None:
        place = self._here()
        self._pos += skipped
        while self._buf.find(b"\n", self._pos) < 0 and len(self._buf) - self._pos < _LONGEST and self._fill():
            pass
        found = _DELIMITER.match(self._buf, self._pos)
        delimiter = b"" if found is None else found.group(found.lastindex or 0)[:_DELIMITER_SIZE]
        if not delimiter or re.search(rb"[\\'\"`\s]", delimiter):
            raise SqlReadError("DELIMITER without a delimiter that can be used", place=place)
        self._delimiter, self._delimiter_line = delimiter, place.line
        self._search(LINE_END)


__all__ = ("MysqlReader",)
