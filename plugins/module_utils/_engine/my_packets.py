# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: the longest statement of a dump, and the limit of the server that is to take it."""

from __future__ import annotations

from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._names import human_size
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Filter

# No server takes more (MySQL and MariaDB reference manuals, max_allowed_packet).
MOST = 1 << 30
_MIB = 1 << 20
# Line breaks within strings are written as an escape, so that this ends a statement and nothing else.
_END = b";\n"


class Longest(Filter):
    """Measures the statements of a dump tool as they pass; they may have several lines."""

    def __init__(self) -> None:
        self.size = 0
        self._since = 0
        self._last = b""

    def update(self, data: bytes) -> bytes:
        start = 0
        if self._last == _END[:1] and data[:1] == _END[1:]:
            self._ended(1)
            start = 1
        place = data.find(_END, start)
        while place >= 0:
            self._ended(place + len(_END) - start)
            start = place + len(_END)
            place = data.find(_END, start)
        self._since += len(data) - start
        self._last = data[-1:] or self._last
        return data

    def _ended(self, more: int) -> None:
        self.size = max(self.size, self._since + more)
        self._since = 0

    def finish(self) -> bytes:
        self._ended(0)
        return b""


class Tolerant(Filter):
    """Lets the dump load dates that only ALLOW_INVALID_DATES lets in: a table may hold them, and without it the server
    makes zeros of them without an error."""

    _MODE = b"SQL_MODE='NO_AUTO_VALUE_ON_ZERO'"
    _HEADER = 1 << 13

    def __init__(self) -> None:
        self._kept: bytes | None = b""

    def update(self, data: bytes) -> bytes:
        if self._kept is None:
            return data
        self._kept += data
        return self.finish() if len(self._kept) >= self._HEADER or self._MODE in self._kept else b""

    def finish(self) -> bytes:
        head, self._kept = self._kept or b"", None
        return head.replace(self._MODE, self._MODE[:-1] + b",ALLOW_INVALID_DATES'", 1)


def warning(size: int, limit: int) -> str:
    """What a backup says of a statement that its own server does not take; empty when it does."""
    if size < limit:
        return ""
    if size >= MOST:
        return (
            f"The longest statement of the backup has {human_size(size)}, and no server takes more than"
            f" {human_size(MOST)}: this backup cannot be restored. Make the largest values of the database smaller."
        )
    return (
        f"The longest statement of the backup has {human_size(size)}, and this server takes {human_size(limit)}"
        f" (max_allowed_packet). A restore needs a server with max_allowed_packet={_needed(size)}."
    )


def check(size: int, limit: int) -> None:
    """ConfigError when a server does not take the longest statement of a backup."""
    if size < limit:
        return
    if size >= MOST:
        raise ConfigError(
            f"The backup has a statement of {human_size(size)}, and no server takes more than {human_size(MOST)}.",
            hint="Nothing was changed. Split its longest INSERT by hand, and load the parts with the stock client.",
        )
    raise ConfigError(
        f"The backup has a statement of {human_size(size)}, and this server takes {human_size(limit)}"
        " (max_allowed_packet).",
        hint=f"Nothing was changed. SET GLOBAL max_allowed_packet = {_needed(size)}, then run it again.",
    )


def _needed(size: int) -> int:
    return min(MOST, (size // _MIB + 1) * _MIB)


__all__ = ("MOST", "Longest", "Tolerant", "check", "warning")
