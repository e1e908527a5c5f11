# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The common half of the readers: a window that moves over the stream, and the text that is being gathered.

Every byte is looked at a bounded number of times: what was passed is never looked at again, and where a token has to
be seen whole, the window at least doubles before the next look.
"""

from __future__ import annotations

import abc
import contextlib
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import (
    Comment,
    Event,
    Place,
    SqlReadError,
    Unreadable,
)

# A single token (a keyword with its neighbours, a delimiter) is judged with so many bytes in sight.
LOOK = 80
# A line that has to be seen whole: a client command.
LINE = 1 << 16
COMMENT = 1 << 16
LIMIT, BULK_LIMIT = 64 << 20, 1 << 30

SPACE = re.compile(rb"[ \t\n\r\f\v]*")
LINE_END = re.compile(rb"\n")

# What is inside quotes, up to the closing quote, which is a byte that this does not match.
BODIES = {
    (quote, escapes): re.compile((rb"[^Q\\]*(?:\\.[^Q\\]*)*" if escapes else rb"[^Q]*").replace(b"Q", quote), re.S)
    for quote in (b"'", b'"', b"`")
    for escapes in (True, False)
}


def _cut(chunks: t.Iterable[bytes], size: int) -> t.Iterator[bytes]:
    for chunk in chunks:
        for at in range(0, len(chunk), size):
            yield chunk[at : at + size]


class Lexer(abc.ABC):
    """Reads one stream from its start to its end.

    ``limit`` and ``bulk_limit``: bytes that one statement, and one INSERT, REPLACE or COPY statement, may have.
    """

    window = 1 << 18
    bulk = re.compile(rb"(?:INSERT|REPLACE)\b", re.I)

    def __init__(self, *, limit: int = LIMIT, bulk_limit: int = BULK_LIMIT) -> None:
        self._limit = limit
        self._bulk_limit = bulk_limit
        self._input: t.Iterator[bytes] = iter(())
        self._buf = b""
        self._pos = 0
        self._base = 0  # offset in the stream of the window's first byte
        self._line, self._counted = 1, 0
        self._number = 1
        self._place: Place | None = None  # where the open statement or comment began
        self._in_comment = False
        self._pieces: list[bytes] = []
        self._taken = 0  # what is before this in the window is in pieces
        self._size = 0

    def read(self, chunks: t.Iterable[bytes]) -> t.Iterator[Event]:
        """All events of the stream. Raises SqlReadError."""
        self._input = _cut(chunks, self.window)
        self._sight(3)
        if self._buf.startswith(b"\xef\xbb\xbf"):
            self._pos = 3
        while self._sight(1):
            if self._place is None:
                self._pos = SPACE.match(self._buf, self._pos).end()  # type: ignore[union-attr]
            else:
                self._skip()
            if self._pos < len(self._buf):
                self._sight(LOOK)
                yield from self._token()
        if self._place is not None:
            raise self._ends_in("a statement", self._place)

    @abc.abstractmethod
    def _skip(self) -> None:
        """Within a statement: move over what cannot be its end. May stop anywhere between tokens."""

    @abc.abstractmethod
    def _token(self) -> t.Iterator[Event]:
        """Deal with the token at the position; LOOK bytes are in sight, if the stream has so many."""

    # -- the window

    def _fill(self) -> bool:
        """Get more of the stream into the window; False at its end."""
        self._save()
        self._count()
        rest = self._buf[self._pos :]
        parts, size, want = [rest], len(rest), max(self.window, 2 * len(rest))
        for chunk in self._input:
            parts.append(chunk)
            size += len(chunk)
            if size >= want:
                break
        self._base += self._pos
        self._buf = b"".join(parts)
        self._pos = self._taken = 0
        return size > len(rest)

    def _sight(self, size: int) -> bool:
        """Have ``size`` bytes from the position on in the window; False if the stream has fewer."""
        while len(self._buf) - self._pos < size:
            if not self._fill():
                return False
        return True

    def _count(self) -> None:
        here = self._base + self._pos
        self._line += self._buf.count(b"\n", self._counted - self._base, self._pos)
        self._counted = here

    def _here(self) -> Place:
        self._count()
        return Place(self._number, self._counted, self._line)

    # -- the text

    def _open(self, *, comment: bool = False) -> None:
        self._place, self._in_comment = self._here(), comment
        self._pieces, self._taken, self._size = [], self._pos, 0

    def _save(self) -> None:
        if self._place is None:
            return
        room = COMMENT - self._size if self._in_comment else self._pos
        self._pieces.append(self._buf[self._taken : min(self._pos, self._taken + max(room, 0))])
        self._size += self._pos - self._taken
        self._taken = self._pos
        if self._size > self._limit and not self._in_comment:
            head = b"".join(self._pieces[:LOOK])[:1000]
            allowed = self._bulk_limit if self.bulk.match(head) else self._limit
            if self._size > allowed:
                raise SqlReadError(f"A statement is longer than {allowed} bytes", place=self._place, head=head)

    def _close(self) -> tuple[Place, bytes]:
        """Where the open thing began, and its text up to the position."""
        self._save()
        place, self._place = t.cast(Place, self._place), None
        return place, b"".join(self._pieces)

    def _cut_out(self, size: int) -> None:
        """Leave bytes at the position out of the text of an open statement."""
        self._save()
        self._pos += size
        self._taken = self._pos

    # -- moving on

    def _search(self, pattern: t.Pattern[bytes], keep: int = 0) -> t.Match[bytes] | None:
        """Move behind the next match; to the end of the stream if there is none. ``keep``: its length less one."""
        while True:
            found = pattern.search(self._buf, self._pos)
            if found:
                self._pos = found.end()
                return found
            self._pos = max(self._pos, len(self._buf) - keep)
            if not self._fill():
                self._pos = len(self._buf)
                return None

    def _quoted(self, body: t.Pattern[bytes], what: str) -> None:
        """From an opening quote to behind the closing one."""
        began = self._here()
        quote = self._buf[self._pos : self._pos + 1]
        self._pos += 1
        while True:
            self._pos = body.match(self._buf, self._pos).end()  # type: ignore[union-attr]
            # One byte more than the closing quote, as it could be a doubled one.
            if self._pos + 1 < len(self._buf) or not self._fill():
                break
        self._pos = body.match(self._buf, self._pos).end()  # type: ignore[union-attr]
        if self._buf[self._pos : self._pos + 1] != quote:
            raise self._ends_in(what, began)
        self._pos += 1

    def _line_end(self, what: str, delimiter: bytes = b"\n") -> int:
        """Where the line ends, or the delimiter in it is, in the window; the stream must not end before."""
        while True:
            ends = [self._buf.find(mark, self._pos) for mark in (b"\n", delimiter)]
            found = [end for end in ends if end >= 0]
            if found:
                return min(found)
            if len(self._buf) - self._pos >= LINE:
                raise SqlReadError(f"A line with {what} has more than {LINE} bytes", place=self._here())
            if not self._fill():
                raise self._ends_in(what, self._here())

    def _comment(self, past: t.Callable[[], object]) -> t.Iterator[Event]:
        """A comment: within a statement a part of it, outside an event."""
        if self._place is not None:
            past()
            return
        self._open(comment=True)
        past()
        yield Comment(*self._close())

    # -- errors

    @contextlib.contextmanager
    def _refusing(self, place: Place) -> t.Iterator[None]:
        try:
            yield
        except Unreadable as error:
            raise SqlReadError(str(error), place=place) from None

    def _ends_in(self, what: str, place: Place) -> SqlReadError:
        head = b"" if self._place is None else b"".join([*self._pieces, self._buf[self._taken :]])[:1000]
        return SqlReadError(
            f"The stream ends inside {what} that begins here", place=place, head=head, hint="It is cut off."
        )


__all__ = ("BODIES", "BULK_LIMIT", "LIMIT", "LINE_END", "LOOK", "SPACE", "Lexer")
