# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: the rows in an archive of pg_dump, counted while it passes (pg_backup_archiver.c, pg_backup_custom.c).

The custom format without compression is a header, a table of contents and blocks of data. A number is a byte for its
sign and ``int size`` bytes, least significant first; a text is its length, -1 for none, and its bytes. A block is the
data of one entry: pieces with their lengths, ended by a piece of no length. What COPY wrote ends with three lines that
are no rows.

Whatever is not as expected gives no count at all, never a wrong one: the archive itself may be fine.
"""

from __future__ import annotations

import array
import dataclasses
import re
import struct
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_rows import Content, LargeObjects, Rows
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Filter

_MAGIC = b"PGDMP"
_OLDEST, _COMPRESSION_NAMED, _WITH_RELKIND, _NEWEST = (1, 14), (1, 15), (1, 16), (1, 16)
_CUSTOM = 1
_INT_SIZE = 4
_BLOCK_DATA, _BLOCK_LARGE_OBJECTS = 1, 3
_TABLE_DATA = b"TABLE DATA"
_END = b"\\.\n\n\n"
_END_LINES = (b"\\.", b"", b"")
_COPY_END = b"FROM stdin;\n"
# pg_dump says so in the definition, whether it was told to or found by itself that rows may belong elsewhere later.
_THROUGH_ROOT = b"-- load via partition root "
_SET_VALUE = re.compile(rb", (-?[0-9]+), (true|false)\);\s*\Z")
_PIECE = struct.Struct("<BI")
# An unsigned integer of four bytes. Its order is the machine's, which does not matter where bytes are only counted.
_LENGTH = "I"
# A piece that is longer than this is passed on in parts, so that memory does not depend on it.
_WHOLE = 1 << 16
# No table of contents has an entry of this size; one that seems to is misread.
_LONGEST = 1 << 30


class _NotYetError(Exception):
    """The rest has not come."""


class _UnknownError(Exception):
    """The stream is not as it is known."""


@dataclasses.dataclass(frozen=True)
class Counted:
    """What is known of the data of one table. ``rows`` None: not written as rows of COPY; ``through_root``: the COPY
    that loads a partition through the table that it belongs to (empty: it is loaded by itself)."""

    rows: int | None
    content: str = ""
    through_root: bytes = b""


class _Reading:
    """Numbers and texts of a buffer, from a position on."""

    def __init__(self, data: bytearray, position: int) -> None:
        self.data, self.position = data, position

    def take(self, size: int) -> bytes:
        begin, end = self.position, self.position + size
        if end > len(self.data):
            raise _NotYetError
        self.position = end
        return bytes(self.data[begin:end])

    def number(self) -> int:
        sign, value = struct.unpack("<BI", self.take(1 + _INT_SIZE))
        if sign > 1:
            raise _UnknownError("a number has no sign")
        return -value if sign else int(value)

    def text(self) -> bytes | None:
        size = self.number()
        if size > _LONGEST:
            raise _UnknownError("a text is too long")
        return None if size < 0 else self.take(size)


class ArchiveRows(Filter):
    """Looks at an archive as it passes. ``tables``: by the table's oid, once its data have passed; ``sequences``:
    (value, whether it was handed out) by schema and name; ``encoding``: of texts and rows in the archive; ``problem``:
    why nothing is known."""

    def __init__(self, *, content: bool = False) -> None:
        self.tables: dict[int, Counted] = {}
        self.sequences: dict[tuple[bytes, bytes], tuple[int, bool]] = {}
        self.large_objects = LargeObjects(content=content)
        self.encoding = ""
        self.problem = ""
        self._kind = Content if content else Rows
        self._buffer = bytearray()
        self._step: t.Callable[[], bool] | None = self._header
        self._version = (0, 0)
        self._offset_size = 8
        self._entries_left = 0
        # By dump id: the oid of the table, whether its data are rows of COPY, and the COPY if it is of another table.
        self._data: dict[int, tuple[int, bool, bytes]] = {}
        self._now: tuple[int, bool, bytes] = (0, False, b"")
        # Where the pieces go.
        self._rows: Rows | LargeObjects = Rows()
        # Of a piece that is passed on in parts: what is to come.
        self._rest = 0
        self._tail = b""

    def update(self, data: bytes) -> bytes:
        if self._step is not None:
            self._buffer += data
            try:
                while self._step():
                    pass
            except _NotYetError:
                pass
            except (_UnknownError, ValueError, struct.error) as exc:
                self._give_up(str(exc))
        return data

    def finish(self) -> bytes:
        begins_block = self._step == self._block  # pylint: disable=comparison-with-callable
        if self._step is not None and (not begins_block or self._buffer):
            self._give_up("it ends too early")
        self._buffer.clear()
        return b""

    def _give_up(self, why: str) -> None:
        self.problem = f"the archive is not written as known ({why})"
        self.tables.clear()
        self.sequences.clear()
        self.large_objects = LargeObjects(content=False)
        self.encoding = ""
        self._step = None
        self._buffer.clear()

    def _header(self) -> bool:
        reading = _Reading(self._buffer, 0)
        if reading.take(len(_MAGIC)) != _MAGIC:
            raise _UnknownError("it is not of the custom format")
        major, minor, _revision, int_size, offset_size, form = reading.take(6)
        self._version = (major, minor)
        if not _OLDEST <= self._version <= _NEWEST:
            raise _UnknownError(f"its version {major}.{minor} is not known")
        if int_size != _INT_SIZE or form != _CUSTOM:
            raise _UnknownError("it is of another machine or format")
        self._offset_size = offset_size
        compression = reading.take(1)[0] if self._version >= _COMPRESSION_NAMED else reading.number()
        if compression != 0:
            raise _UnknownError("it is compressed")
        for _field in range(7):
            reading.number()
        for _name in range(3):
            reading.text()
        self._entries_left = reading.number()
        return self._went(reading, self._entry)

    def _went(self, reading: _Reading, step: t.Callable[[], bool]) -> bool:
        del self._buffer[: reading.position]
        self._step = step
        return True

    def _entry(self) -> bool:
        """Some entries of the table of contents."""
        reading, done = _Reading(self._buffer, 0), 0
        try:
            while self._entries_left > 0:
                self._read_entry(reading)
                self._entries_left -= 1
                done = reading.position
        finally:
            del self._buffer[:done]
        self._step = self._block
        return True

    def _read_entry(self, reading: _Reading) -> None:
        dump_id = reading.number()
        reading.number()
        _class, oid, tag, kind = reading.text(), reading.text(), reading.text(), reading.text()
        reading.number()
        definition, _drop, copy = reading.text(), reading.text(), reading.text()
        schema = reading.text()
        for _name in ("tablespace", "access method"):
            reading.text()
        if self._version >= _WITH_RELKIND:
            reading.number()
        for _name in ("owner", "oids"):
            reading.text()
        while reading.text() is not None:
            pass
        reading.take(1 + self._offset_size)
        if kind == _TABLE_DATA:
            by_copy = bool(copy and copy.endswith(_COPY_END))
            through = copy if copy and (definition or b"").startswith(_THROUGH_ROOT) else b""
            self._data[dump_id] = (int(oid or b"0"), by_copy, through)
        elif kind == b"SEQUENCE SET":
            found = _SET_VALUE.search(definition or b"")
            if found:
                self.sequences[(schema or b"", tag or b"")] = (int(found[1]), found[2] == b"true")
        elif kind == b"ENCODING":
            self.encoding = (definition or b"").partition(b"'")[2].partition(b"'")[0].decode("ascii", "replace")

    def _block(self) -> bool:
        """The beginning of a block."""
        reading = _Reading(self._buffer, 0)
        kind, dump_id = reading.take(1)[0], reading.number()
        if kind == _BLOCK_LARGE_OBJECTS:
            return self._went(reading, self._large_object)
        if kind != _BLOCK_DATA:
            raise _UnknownError(f"a block is of the kind {kind}")
        if dump_id not in self._data:
            raise _UnknownError("a block belongs to no table")
        self._now = self._data[dump_id]
        self._rows = self._kind() if self._now[1] else Rows()
        self._tail = b""
        return self._went(reading, self._pieces)

    def _large_object(self) -> bool:
        reading = _Reading(self._buffer, 0)
        oid = reading.number()
        if oid == 0:
            return self._went(reading, self._block)
        self.large_objects.begin(oid)
        self._rows = self.large_objects
        return self._went(reading, self._pieces)

    def _pieces(self) -> bool:
        """As many pieces as there are. Servers before 17 send each row as a piece of its own: this loop is what
        counting costs."""
        data = bytes(self._buffer)
        first = position = self._part(data)
        lengths: list[int] = []
        unpack, append, size, ended = _PIECE.unpack_from, lengths.append, len(data), False
        last, length = size - _PIECE.size, 0
        while position <= last:
            sign, length = unpack(data, position)
            end = position + length + 5
            if sign or end > size or not length:
                break
            append(length)
            position = end
        else:
            sign, length = 0, -1
        if sign:
            raise _UnknownError("a piece has no length")
        if lengths:
            self._add_pieces(data, first, lengths, position)
        if length == 0:
            position, ended = position + _PIECE.size, True
        elif length > _WHOLE:
            self._rest = length
            position += _PIECE.size + self._part(data[position + _PIECE.size :])
        del self._buffer[:position]
        if not ended:
            raise _NotYetError
        self._ended()
        return True

    def _add_pieces(self, data: bytes, first: int, lengths: list[int], end: int) -> None:
        """Whole pieces, each behind its length. To count lines they need not be taken out: the bytes of the lengths
        that look like line feeds are subtracted."""
        rows, header = self._rows, _PIECE.size
        if isinstance(rows, Rows) and not rows.looks_inside:
            packed = array.array(_LENGTH, lengths).tobytes()
            rows.count += data.count(b"\n", first, end) - packed.count(b"\n")
        else:
            begin, pieces = first, []
            for length in lengths:
                begin += header
                pieces.append(data[begin : begin + length])
                begin += length
            rows.add(b"".join(pieces))
        tail = b""
        while lengths and len(tail) < len(_END):
            length = lengths.pop()
            tail = data[max(end - length, end - len(_END)) : end] + tail
            end -= length + header
        self._tail = (self._tail + tail)[-len(_END) :]

    def _part(self, data: bytes) -> int:
        """The part that has come of a piece that is not waited for; how many bytes that is."""
        size = min(self._rest, len(data))
        if size:
            self._add(data[:size])
            self._rest -= size
        return size

    def _add(self, data: bytes) -> None:
        if data:
            self._rows.add(data)
            self._tail = (self._tail + data[-len(_END) :])[-len(_END) :]

    def _ended(self) -> None:
        if isinstance(self._rows, LargeObjects):
            self._step = self._large_object
            return
        oid, by_copy, through = self._now
        if by_copy:
            if self._tail != _END:
                raise _UnknownError("the rows of a table do not end as known")
            for line in _END_LINES:
                self._rows.remove(line)
        rows, content = (self._rows.count, self._rows.content) if by_copy else (None, "")
        self.tables[oid] = Counted(rows, content, through)
        self._step = self._block


__all__ = ("ArchiveRows", "Counted")
