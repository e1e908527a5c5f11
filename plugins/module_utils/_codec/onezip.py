# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""A zip archive with one member as a stream, in both directions (APPNOTE.TXT 6.3, data descriptors, Zip64).

Python's zipfile writes to a stream but cannot read from one, and a part that is encrypted can only be read once,
from its start.
"""

from __future__ import annotations

import io
import struct
import typing as t
import zipfile
import zlib

from ansible_collections.vya.backupdb.plugins.module_utils._errors import CodecError
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Filter

_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x1


class _Collect(io.RawIOBase):
    """A stream without seek() that keeps what is written until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: t.Any) -> int:
        self._data += data
        return len(data)

    def take(self) -> bytes:
        """What was written since the last call."""
        data = bytes(self._data)
        self._data.clear()
        return data


class ZipOne(Filter):
    """Compresses the stream into the only member of an archive; Zip64 from the start, since its size is not known."""

    def __init__(self, member: str, level: int) -> None:
        self._out = _Collect()
        self._zip = zipfile.ZipFile(t.cast(t.IO[bytes], self._out), "w", zipfile.ZIP_DEFLATED, compresslevel=level)
        info = zipfile.ZipInfo(member)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        # A ZipInfo of one's own does not take the archive's level; the attribute got a public name in 3.13.
        setattr(info, "compress_level" if hasattr(info, "compress_level") else "_compresslevel", level)
        self._member = self._zip.open(info, "w", force_zip64=True)

    def update(self, data: bytes) -> bytes:
        self._member.write(data)
        return self._out.take()

    def finish(self) -> bytes:
        self._member.close()
        self._zip.close()
        return self._out.take()


class UnzipOne(Filter):
    """The content of the first and only member; its CRC and size are checked, more members are an error."""

    # Deflate packs at most 1032 to 1: 16 MiB of output at once.
    max_input = 1 << 14
    _SLICE = 1 << 16

    def __init__(self) -> None:
        self._buffer = b""
        self._state = "header"
        self._inflate = zlib.decompressobj(-15)
        self._crc = 0
        self._size = 0
        self._rest = b""

    def update(self, data: bytes) -> bytes:
        if self._state == "header":
            self._buffer += data
            data = self._header()
        if self._state == "data" and data:
            return self._data(data)
        if self._state == "rest":
            self._keep(data)
        return b""

    def _header(self) -> bytes:
        if len(self._buffer) < _LOCAL.size:
            return b""
        fields = _LOCAL.unpack_from(self._buffer)
        signature, flags, method, name_len, extra_len = fields[0], fields[2], fields[3], fields[9], fields[10]
        if signature != b"PK\x03\x04":
            raise CodecError("This is no zip archive.", stage="decompress")
        if method != zipfile.ZIP_DEFLATED or flags & _ENCRYPTED:
            raise CodecError(f"A zip member with method {method} and flags {flags} is not read.", stage="decompress")
        start = _LOCAL.size + name_len + extra_len
        if len(self._buffer) < start:
            return b""
        data, self._buffer = self._buffer[start:], b""
        self._state = "data"
        return data

    def _data(self, data: bytes) -> bytes:
        try:
            plain = self._inflate.decompress(data)
        except zlib.error as exc:
            raise CodecError(f"The zip archive is damaged: {exc}.", stage="decompress") from exc
        self._crc = zlib.crc32(plain, self._crc)
        self._size += len(plain)
        if self._inflate.eof:
            self._state = "rest"
            self._keep(self._inflate.unused_data)
        return plain

    def _keep(self, data: bytes) -> None:
        # Descriptor, central directory and end records of one member: names are at most 64 KiB, twice.
        self._rest += data
        if len(self._rest) > 4 * self._SLICE:
            raise CodecError("The zip archive goes on after its first member.", stage="decompress")

    def finish(self) -> bytes:
        if self._state != "rest":
            raise CodecError("The zip archive ends too early.", stage="decompress")
        descriptor = struct.pack("<4sL", b"PK\x07\x08", self._crc)
        size = struct.pack("<Q", self._size)
        if not self._rest.startswith(descriptor) or self._rest[16:24] != size:
            raise CodecError("The zip member's checksum or size does not fit its content.", stage="decompress")
        if self._rest.count(b"PK\x03\x04") or self._rest.count(b"PK\x01\x02") != 1:
            raise CodecError("The zip archive has more than one member.", stage="decompress")
        if b"PK\x05\x06" not in self._rest:
            raise CodecError("The zip archive ends without its directory.", stage="decompress")
        return b""


__all__ = ("UnzipOne", "ZipOne")
