# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads scripts in every chunking, and cuts them off everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import CopyData, Event, SqlReadError
from ansible_collections.vya.backupdb.plugins.module_utils._sql.lexer import Lexer

CHUNKS = (1, 2, 3, 7, 64)
# kind, number, offset, line, text
Read = tuple[str, int, int, int, bytes]


def simple(events: Iterable[Event]) -> Iterator[Read]:
    """Events as tuples, with the pieces of a COPY block put together."""
    data: Read | None = None
    for event in events:
        place = event.place
        text: bytes = getattr(event, "text", getattr(event, "chunks", b""))
        if isinstance(event, CopyData):
            data = (*data[:4], data[4] + text) if data else ("CopyData", place.number, place.offset, place.line, text)
            continue
        if data:
            yield data
            data = None
        yield (type(event).__name__, place.number, place.offset, place.line, text)
    if data:
        yield data


def read(reader: type[Lexer], script: bytes, size: int = 0, window: int = 0) -> list[Read]:
    """All that a new reader makes of a script, fed in chunks of `size`, with a window of `window` bytes."""
    lexer = reader()
    if window:
        lexer.window = window
    chunks = [script[i : i + size] for i in range(0, len(script), size)] if size else [script]
    return list(simple(lexer.read(chunks)))


def in_every_chunking(reader: type[Lexer], script: bytes) -> list[Read]:
    """What a script is, which must not depend on how it comes; an error must not depend on it either."""

    def outcome(size: int, window: int) -> list[Read] | str:
        try:
            return read(reader, script, size, window)
        except SqlReadError as error:
            return str(error)

    whole = outcome(0, 0)
    for size in CHUNKS:
        assert outcome(size, 0) == whole
        assert outcome(size, size) == whole
    return read(reader, script)


def texts(events: Iterable[Read]) -> list[bytes]:
    """The texts of all events but comments."""
    return [event[4] for event in events if event[0] != "Comment"]


def error_of(reader: type[Lexer], script: bytes) -> SqlReadError:
    """The error that a script ends with, in every chunking the same."""
    try:
        in_every_chunking(reader, script)
    except SqlReadError as error:
        return error
    raise AssertionError("no error")


def assert_cut_is_seen(reader: type[Lexer], script: bytes) -> None:
    """Cut off anywhere, a script gives the first of its events, and an error unless the cut is between two of them."""
    whole = read(reader, script)
    for size in range(len(script)):
        events: list[Event] = []
        error: SqlReadError | None = None
        try:
            events.extend(reader().read([script[:size]]))  # keeps what came before an error
        except SqlReadError as caught:
            error = caught
        assert error is None or error.place.offset <= size
        got = list(simple(events))
        # A comment and the data of a block may be shorter; only a comment may be so without an error.
        if got and got[-1][0] in ("Comment", "CopyData"):
            last, like = got.pop(), whole[len(got)]
            assert last[:4] == like[:4] and like[4].startswith(last[4])
            assert error or last[0] == "Comment"
        assert got == whole[: len(got)]
        begun = [event for event in whole[len(got) :] if event[0] != "Comment" and event[2] < size]
        assert error or not begun
