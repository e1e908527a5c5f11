# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Filters that look at a stream as it passes."""

from __future__ import annotations

import collections
import concurrent.futures
import hashlib
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, IntegrityError, ToolError
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Filter


class Count(Filter):
    """Counts bytes; more than ``limit`` is an error (a stream that decompresses to more than was ever put in)."""

    def __init__(self, limit: int | None = None, *, what: str = "the stream") -> None:
        self.size = 0
        self._limit = limit
        self._what = what

    def update(self, data: bytes) -> bytes:
        self.size += len(data)
        if self._limit is not None and self.size > self._limit:
            raise self._error(f"is larger than the {self._limit} bytes that the manifest tells")
        return data

    def finish(self) -> bytes:
        if self._limit is not None and self.size != self._limit:
            raise self._error(f"has {self.size} bytes; the manifest tells {self._limit}")
        return b""

    def _error(self, what: str) -> BackupError:
        return IntegrityError(f"{self._what} {what}.", hint="It is damaged or was exchanged; use another backup.")


class Sha256(Filter):
    """SHA-256 and size of what passes; with ``expect`` a difference is an error."""

    def __init__(self, expect: str = "", *, what: str = "the part") -> None:
        self._hash = hashlib.sha256()
        self._expect = expect
        self._what = what
        self.size = 0

    def update(self, data: bytes) -> bytes:
        self._hash.update(data)
        self.size += len(data)
        return data

    def finish(self) -> bytes:
        if self._expect and self.hexdigest() != self._expect:
            raise IntegrityError(
                f"{self._what} has the SHA-256 {self.hexdigest()}, the manifest tells {self._expect}.",
                hint="It is damaged or was exchanged; use another backup.",
            )
        return b""

    def hexdigest(self) -> str:
        """64 hex digits."""
        return self._hash.hexdigest()


class Beside(Filter):
    """A filter that only looks, in a thread of its own, while what follows goes on with the same bytes."""

    _AHEAD = 8

    def __init__(self, watcher: Filter) -> None:
        self._watcher = watcher
        self._thread = concurrent.futures.ThreadPoolExecutor(1)
        self._seen: collections.deque[concurrent.futures.Future[bytes]] = collections.deque()

    def update(self, data: bytes) -> bytes:
        self._seen.append(self._thread.submit(self._watcher.update, data))
        while len(self._seen) > self._AHEAD:
            self._seen.popleft().result()
        return data

    def finish(self) -> bytes:
        while self._seen:
            self._seen.popleft().result()
        self._thread.shutdown()
        return self._watcher.finish()


class Trailer(Filter):
    """Sees whether the engine's last words are at the end of the stream. ``expect`` empty: the format has none.

    A dump tool can write its trailer and fail all the same, and can end well after writing too little; exit status
    and trailer are both needed.
    """

    _KEPT = 512

    def __init__(self, expect: bytes, *, what: str = "the dump tool", stage: str = "dump") -> None:
        self._expect = expect
        self._what = what
        self._stage = stage
        self._tail = b""
        self.seen: bool | None = None

    def update(self, data: bytes) -> bytes:
        self._tail = data[-self._KEPT :] if len(data) >= self._KEPT else (self._tail + data)[-self._KEPT :]
        return data

    def finish(self) -> bytes:
        if not self._expect:
            return b""
        self.seen = self._expect in self._tail
        if not self.seen:
            raise ToolError(
                f"The stream of {self._what} ends without its trailer {self._expect.decode()!r}: it is incomplete.",
                stage=self._stage,
            )
        return b""


class Watch(Filter):
    """Calls ``found`` once, when one of ``signs`` has passed or the stream has ended."""

    def __init__(self, signs: t.Sequence[bytes], found: t.Callable[[], None]) -> None:
        self._signs = signs
        self._keep = max(len(sign) for sign in signs) - 1
        self._found: t.Callable[[], None] | None = found
        self._before = b""

    def _fire(self) -> None:
        found, self._found = self._found, None
        if found is not None:
            found()

    def update(self, data: bytes) -> bytes:
        if self._found is not None:
            window = self._before + data
            if any(sign in window for sign in self._signs):
                self._fire()
            self._before = window[-self._keep :]
        return data

    def finish(self) -> bytes:
        self._fire()
        return b""


__all__ = ("Beside", "Count", "Sha256", "Trailer", "Watch")
