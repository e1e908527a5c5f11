# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: rows as COPY writes them, one a line: how many, and a checksum that does not depend on their order."""

from __future__ import annotations

import hashlib
import typing as t

_SIZE = 16
_MODULUS = 1 << (8 * _SIZE)
# Names the rule, so that a later version that computes another one does not compare the two.
_RULE = "copy-sum-blake2b-128:"


class Rows:
    """Counts lines. Values never hold a line feed of their own: COPY writes it as a backslash and an n."""

    # Whether it needs the rows themselves, and not only their number.
    looks_inside = False

    def __init__(self) -> None:
        self.count = 0

    def add(self, data: bytes) -> None:
        """Some bytes of the stream, cut anywhere."""
        self.count += data.count(b"\n")

    def remove(self, line: bytes) -> None:
        """A line that was added and is no row."""
        self.count -= 1

    @property
    def content(self) -> str:
        """The checksum; empty: none was taken."""
        return ""


class Content(Rows):
    """Counts and adds up the hashes of all lines, modulo 2^128: equal rows count as often as they are there, which they
    would not with an exclusive or."""

    looks_inside = True

    def __init__(self) -> None:
        super().__init__()
        self._sum = 0
        # A line whose end has not come; a value may have a gigabyte.
        self._line: t.Any = None

    def add(self, data: bytes) -> None:
        if not data:
            return
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines and self._line is not None:
            self._line.update(lines[0])
            lines[0] = b""
            self._sum += int.from_bytes(self._line.digest(), "little") - _EMPTY
            self._line = None
        blake2b, number, size = hashlib.blake2b, int.from_bytes, _SIZE
        self._sum += sum(number(blake2b(line, digest_size=size).digest(), "little") for line in lines)
        self.count += len(lines)
        if rest:
            if self._line is None:
                self._line = hashlib.blake2b(digest_size=_SIZE)
            self._line.update(rest)

    def remove(self, line: bytes) -> None:
        super().remove(line)
        self._sum -= _number(line)

    @property
    def content(self) -> str:
        return f"{_RULE}{self._sum % _MODULUS:032x}"


class LargeObjects:
    """Counts large objects and, with ``content``, adds up the hashes of their oids and bytes."""

    def __init__(self, *, content: bool) -> None:
        self.count = 0
        self._with_content = content
        self._sum = 0
        self._hash: t.Any = None

    def begin(self, oid: int) -> None:
        """The next one."""
        self.end()
        self.count += 1
        if self._with_content:
            self._hash = hashlib.blake2b(b"%d\n" % oid, digest_size=_SIZE)

    def add(self, data: bytes) -> None:
        """Some of its bytes."""
        if self._hash is not None:
            self._hash.update(data)

    def end(self) -> None:
        """All of its bytes came."""
        if self._hash is not None:
            self._sum += int.from_bytes(self._hash.digest(), "little")
            self._hash = None

    @property
    def content(self) -> str:
        """The checksum of all; empty: none was taken."""
        self.end()
        return f"{_RULE}{self._sum % _MODULUS:032x}" if self._with_content else ""


def added(contents: t.Iterable[str]) -> str:
    """The checksum of the rows of several tables; empty when one has none."""
    total = 0
    for content in contents:
        if not content.startswith(_RULE):
            return ""
        total += int(content[len(_RULE) :], 16)
    return f"{_RULE}{total % _MODULUS:032x}"


def _number(line: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(line, digest_size=_SIZE).digest(), "little")


_EMPTY = _number(b"")

__all__ = ("Content", "LargeObjects", "Rows", "added")
