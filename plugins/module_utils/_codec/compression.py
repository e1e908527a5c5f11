# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Compressions: the distribution's own programs, and zip in this process (no stock tool streams both ways)."""

from __future__ import annotations

import dataclasses
import os
import shutil
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._codec.onezip import UnzipOne, ZipOne
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError, ToolError
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Command, Filter


@dataclasses.dataclass(frozen=True)
class Compression:
    """``suffix`` as stock tools expect it; ``programs`` in order of preference; ``levels`` that they accept."""

    name: str
    suffix: str
    programs: tuple[str, ...]
    package: str
    levels: tuple[int, int]
    default: int
    options: tuple[str, ...] = ()
    magic: bytes = b""

    def check_level(self, level: int | None) -> int:
        """The level to use; ConfigError when out of range."""
        if level is None:
            return self.default
        low, high = self.levels
        if not low <= level <= high:
            raise ConfigError(f"compression_level {level} does not fit {self.name}: it takes {low} to {high}.")
        return level

    def program(self) -> str:
        """The path of the first program found; ToolError with the package to install."""
        for name in self.programs:
            path = shutil.which(name)
            if path:
                return path
        raise ToolError(
            f"No {' or '.join(self.programs)} was found for the compression {self.name}.",
            stage="preflight",
            hint=f"Install the package {self.package}.",
        )

    def compressor(self, level: int | None, member: str) -> list[Command | Filter]:
        """Pipeline nodes that compress; ``member`` names the content where the format keeps a name (zip)."""
        chosen = self.check_level(level)
        if self.name == "none":
            return []
        if self.name == "zip":
            return [ZipOne(member, chosen)]
        program = self.program()
        options = self.options if os.path.basename(program) == self.programs[0] else ()
        ultra = ("--ultra",) if self.name == "zstd" and chosen > 19 else ()
        return [Command((program, *options, *ultra, f"-{chosen}", "-c"), stage="compress")]

    def decompressor(self) -> list[Command | Filter]:
        """Pipeline nodes that undo :meth:`compressor`."""
        if self.name == "none":
            return []
        if self.name == "zip":
            return [UnzipOne()]
        quiet = ("-q",) if self.name in ("zstd", "lz4") else ()
        return [Command((self.program(), *quiet, "-d", "-c"), stage="decompress")]


COMPRESSIONS: t.Mapping[str, Compression] = {
    item.name: item
    for item in (
        Compression("zstd", ".zst", ("zstd",), "zstd", (1, 22), 3, ("-q", "-T0"), b"\x28\xb5\x2f\xfd"),
        Compression("gzip", ".gz", ("pigz", "gzip"), "gzip or pigz", (1, 9), 6, (), b"\x1f\x8b"),
        Compression("xz", ".xz", ("xz",), "xz-utils (Debian) or xz (RHEL)", (0, 9), 6, ("-q", "-T0"), b"\xfd7zXZ\0"),
        Compression("lz4", ".lz4", ("lz4",), "lz4", (1, 12), 1, ("-q",), b"\x04\x22\x4d\x18"),
        Compression("zip", ".zip", (), "", (1, 9), 6),
        Compression("none", "", (), "", (0, 0), 0),
    )
}
# What files of others may be packed with, told by their first bytes. zip is told apart elsewhere.
FOREIGN: tuple[Compression, ...] = (
    *(item for item in COMPRESSIONS.values() if item.magic),
    Compression("bzip2", ".bz2", ("bzip2",), "bzip2", (1, 9), 9, (), b"BZh"),
)

__all__ = ("COMPRESSIONS", "FOREIGN", "Compression")
