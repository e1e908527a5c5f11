# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compressions through the real programs: round trips, stock tools, bombs, damage."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._codec.compression import COMPRESSIONS
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    BackupError,
    ConfigError,
    IntegrityError,
    ToolError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._filters import Count
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Collect, Pipeline, Run, StreamSource

STOCK = {
    "zstd": ["zstd", "-dc"],
    "gzip": ["gzip", "-dc"],
    "xz": ["xz", "-dc"],
    "lz4": ["lz4", "-dc"],
    "zip": ["unzip", "-p"],
    "none": ["cat"],
}
PLAIN = random.Random(1).randbytes(100_000) + b"all work and no play " * 50_000
NAMES = sorted(STOCK)


def compress(name: str, plain: bytes, level: int | None = None) -> bytes:
    kept = Collect(1 << 30)
    nodes = COMPRESSIONS[name].compressor(level, "member")
    Pipeline(Run(), [StreamSource(iter([plain])), *nodes, kept]).execute()
    return bytes(kept.data)


def decompress(name: str, packed: bytes, limit: int | None = None) -> bytes:
    kept = Collect(1 << 30)
    nodes = [*COMPRESSIONS[name].decompressor(), Count(limit, what="The content of x")]
    Pipeline(Run(), [StreamSource(iter([packed])), *nodes, kept]).execute()
    return bytes(kept.data)


def test_all_are_covered() -> None:
    assert sorted(COMPRESSIONS) == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("plain", [b"", b"x", PLAIN], ids=["empty", "byte", "much"])
def test_round_trip_and_stock_tool(name: str, plain: bytes, tmp_path: Path) -> None:
    packed = compress(name, plain)
    assert decompress(name, packed, len(plain)) == plain
    path = tmp_path / f"x{COMPRESSIONS[name].suffix}"
    path.write_bytes(packed)
    done = subprocess.run([*STOCK[name], str(path)], capture_output=True, check=False)
    assert (done.returncode, done.stdout == plain) == (0, True), done.stderr
    assert name == "none" or plain is not PLAIN or len(packed) < len(plain) // 4


@pytest.mark.parametrize("name", NAMES)
def test_levels(name: str) -> None:
    compression = COMPRESSIONS[name]
    for level in compression.levels:
        assert decompress(name, compress(name, PLAIN[-10_000:], level)) == PLAIN[-10_000:]
    for level in (compression.levels[0] - 1, compression.levels[1] + 1):
        with pytest.raises(ConfigError, match="it takes"):
            compression.compressor(level, "member")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "none"])
def test_cut_or_damaged_is_an_error(name: str) -> None:
    packed = compress(name, PLAIN)
    for size in (0, 1, len(packed) // 2, len(packed) - 30):
        # No input at all is an empty stream to some of them: the count that follows tells.
        with pytest.raises(BackupError):
            decompress(name, packed[:size], len(PLAIN))
    damaged = bytearray(packed)
    damaged[len(packed) // 3] ^= 0x10
    with pytest.raises(BackupError):
        decompress(name, bytes(damaged), len(PLAIN))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "none"])
def test_a_bomb_is_capped(name: str) -> None:
    """More comes out than the manifest tells: the stream ends there, not when the disk is full."""
    bomb = compress(name, b"\0" * (32 << 20))
    assert len(bomb) < 1 << 20
    limited = Count(1 << 20, what="The content of x")
    kept = Collect(1 << 30)
    nodes = [*COMPRESSIONS[name].decompressor(), limited, kept]
    with pytest.raises(IntegrityError, match="is larger than the 1048576 bytes that the manifest tells"):
        Pipeline(Run(), [StreamSource(iter([bomb])), *nodes]).execute()
    assert len(kept.data) <= 1 << 20
    with pytest.raises(IntegrityError, match="has 33554432 bytes; the manifest tells 33554433"):
        decompress(name, bomb, (32 << 20) + 1)


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("zstd", "gzip", "xz", "lz4"):
        with pytest.raises(ToolError, match="Install the package"):
            COMPRESSIONS[name].compressor(None, "member")
    assert compress("zip", b"x")
    assert compress("none", b"x") == b"x"


def test_gzip_does_without_pigz(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gzip").symlink_to("/bin/gzip")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert decompress("gzip", compress("gzip", PLAIN, 9)) == PLAIN
