# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One-member zip streams: stock unzip opens what was written, and nothing cut, flipped or appended passes."""

from __future__ import annotations

import io
import random
import subprocess
import tracemalloc
import typing as t
import zipfile
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._codec.onezip import UnzipOne, ZipOne
from ansible_collections.vya.backupdb.plugins.module_utils._errors import CodecError
from hypothesis import given, settings
from hypothesis import strategies as st

SIZES = [0, 1, 65535, 65536, 3 << 20]


def pieces(data: bytes, size: int) -> t.Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def pack(plain: bytes, size: int = 1 << 20, level: int = 6, member: str = "database.dump") -> bytes:
    writer = ZipOne(member, level)
    return b"".join([writer.update(piece) for piece in pieces(plain, size)]) + writer.finish()


def unpack(packed: bytes, size: int = UnzipOne.max_input) -> bytes:
    reader = UnzipOne()
    return b"".join([reader.update(piece) for piece in pieces(packed, size)]) + reader.finish()


def mixed(size: int) -> bytes:
    source = random.Random(size)
    return (source.randbytes(size // 2) + b"all work and no play " * (size // 20 + 1))[:size]


@pytest.mark.parametrize("size", SIZES)
def test_stock_tools_open_it(tmp_path: Path, size: int) -> None:
    plain = mixed(size)
    packed = pack(plain, 10_000)
    path = tmp_path / "database.dump.zip"
    path.write_bytes(packed)
    done = subprocess.run(["unzip", "-p", str(path)], capture_output=True, check=False)
    assert (done.returncode, done.stdout == plain, done.stderr) == (0, True, b"")
    assert subprocess.run(["unzip", "-tq", str(path)], capture_output=True, check=False).returncode == 0
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["database.dump"]
        assert archive.read("database.dump") == plain


@settings(max_examples=60)
@given(st.binary(max_size=5000), st.integers(1, 6000), st.integers(1, 6000), st.integers(1, 9))
def test_any_split(plain: bytes, write: int, read: int, level: int) -> None:
    assert unpack(pack(plain, write, level), read) == plain


def test_levels_differ() -> None:
    plain = b"".join(b"%d all work and no play\n" % number for number in range(50_000))
    assert len(pack(plain, level=1)) > len(pack(plain, level=9))


def test_every_truncation() -> None:
    packed = pack(mixed(300))
    for size in range(len(packed)):
        # The comment's length is the last thing in a zip file: it may be missing, the content is whole.
        if size >= len(packed) - 18:
            continue
        with pytest.raises(CodecError):
            unpack(packed[:size], 50)


def test_every_bit_flip_changes_nothing_unseen() -> None:
    plain = mixed(300)
    packed = pack(plain)
    refused = 0
    for position in range(len(packed)):
        flipped = bytearray(packed)
        flipped[position] ^= 1 << position % 8
        try:
            assert unpack(bytes(flipped), 100) == plain
        except CodecError:
            refused += 1
    assert refused > 180


def test_more_than_one_member() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one", b"x" * 100)
        archive.writestr("two", b"y" * 100)
    with pytest.raises(CodecError):
        unpack(buffer.getvalue())
    with pytest.raises(CodecError):
        unpack(pack(b"x") + pack(b"y"))
    with pytest.raises(CodecError, match="goes on after its first member"):
        unpack(pack(b"x") + b"\0" * (1 << 20))


@pytest.mark.parametrize("content", [b"", b"PK", b"x" * 100, b"PK\x05\x06" + b"\0" * 18])
def test_no_zip_at_all(content: bytes) -> None:
    with pytest.raises(CodecError, match=r"no zip archive|ends too early"):
        unpack(content)


def test_stored_and_encrypted_members_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("one", b"x" * 100)
    with pytest.raises(CodecError, match="method 0"):
        unpack(buffer.getvalue())
    flagged = bytearray(pack(b"x"))
    flagged[6] |= 1
    with pytest.raises(CodecError, match="flags"):
        unpack(bytes(flagged))


@pytest.mark.growth
def test_memory_stays_small_against_a_bomb() -> None:
    packed = pack(b"\0" * (256 << 20))
    reader = UnzipOne()
    tracemalloc.start()
    try:
        total = sum(len(reader.update(piece)) for piece in pieces(packed, UnzipOne.max_input))
        assert reader.finish() == b""
        assert total == 256 << 20
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
