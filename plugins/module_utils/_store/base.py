# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What a store must be able to do. A folder on this host is one; remotes are others."""

from __future__ import annotations

import abc
import dataclasses
import enum
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Sink


@dataclasses.dataclass(frozen=True)
class Series:
    """Host, instance and database: what backups are compared, listed and kept by."""

    host: str
    instance: str
    database: str

    def __str__(self) -> str:
        return f"{self.host}/{self.instance}/{self.database}"


class State(str, enum.Enum):
    """Of a place in a store. ``UNFINISHED``: it has no manifest, since its run goes on or ended early; ``DAMAGED``: its
    manifest cannot be read or believed."""

    FINISHED = "finished"
    UNFINISHED = "unfinished"
    DAMAGED = "damaged"


@dataclasses.dataclass(frozen=True)
class Found:
    """A place in a store: a ``manifest`` as bytes, or the ``state`` of what has no readable one, and the ``problem`` in
    words."""

    place: str
    component: str
    manifest: bytes = b""
    problem: str = ""
    pinned: bool = False
    state: State = State.FINISHED


class PartSink(Sink):
    """A part being written. ``close()`` makes it durable under its name, ``abort()`` removes it."""

    @abc.abstractmethod
    def abort(self) -> None:
        """Remove what was written; never raises, harmless after ``close()``."""


class Draft(abc.ABC):
    """A backup being written: it does not exist for anybody before :meth:`publish`."""

    @abc.abstractmethod
    def create(self, name: str) -> PartSink:
        """A new part; StoreError when its name is taken."""

    @abc.abstractmethod
    def publish(self, manifest: bytes) -> None:
        """Write the manifest durably: now the backup exists."""

    @abc.abstractmethod
    def discard(self) -> None:
        """Remove all of it; never raises. What cannot be removed is swept by the next run."""


class Store(abc.ABC):
    """A place for backups."""

    @abc.abstractmethod
    def lock(self, host: str, instance: str) -> t.ContextManager[object]:
        """One run per host and instance; LockedError when taken."""

    @abc.abstractmethod
    def begin(self, series: Series, backup_id: str) -> Draft:
        """Start a backup under a name that is not in use."""

    @abc.abstractmethod
    def find(self, host: str = "", instance: str = "", database: str = "") -> t.Iterator[Found]:
        """All backups, finished or not, of the given labels (empty: all). StoreError when any folder cannot be listed:
        a listing that is cut short must not look like a short listing."""

    def links(self, host: str = "", instance: str = "", database: str = "") -> list[str]:
        """Places that look like those of backups and that :meth:`find` passes over, since they are links."""
        return []

    def labels(self, host: str = "", instance: str = "") -> list[str]:
        """The hosts of the store; of a ``host``, its instances; of an ``instance`` too, its databases. Sorted."""
        depth = bool(host) + bool(host and instance)
        return sorted({names.decode(found.place.split("/")[depth]) for found in self.find(host, instance)})

    @abc.abstractmethod
    def open_part(self, place: str, name: str) -> t.BinaryIO:
        """Read a part; StoreError when it is missing."""

    @abc.abstractmethod
    def part_size(self, place: str, name: str) -> int:
        """Stored bytes of a part; StoreError when it is missing."""

    @abc.abstractmethod
    def notes(self, place: str) -> list[str]:
        """Names of the files in a backup's folder, sorted: what is learnt about it later lies beside its manifest."""

    @abc.abstractmethod
    def read_note(self, place: str, name: str, limit: int) -> bytes:
        """One of them; StoreError when it is no file, gone, or larger than ``limit`` bytes."""

    @abc.abstractmethod
    def write_note(self, place: str, name: str, data: bytes) -> None:
        """A new file beside a finished backup's manifest, durable; StoreError (caused by FileExistsError when the name
        is taken) when it cannot be written."""

    @abc.abstractmethod
    def takes_notes(self, place: str) -> bool:
        """Whether :meth:`write_note` may be expected to work there; for check mode."""

    @abc.abstractmethod
    def free_space(self) -> int | None:
        """Bytes that may still be written, or None when nobody knows."""

    @abc.abstractmethod
    def sweep(self, host: str, instance: str, wanted: t.Callable[[str], bool] = lambda _place: True) -> list[str]:
        """Remove what dead runs left, of the places that are ``wanted``; only valid while holding the lock. Returns the
        places."""

    @abc.abstractmethod
    def retract(self, place: str) -> None:
        """Remove a backup's manifest durably: now the backup does not exist, and :meth:`clear` may follow. StoreError
        when it is pinned. Only valid while holding the lock, as are those below."""

    @abc.abstractmethod
    def clear(self, place: str) -> bool:
        """Remove the data of what has no manifest; StoreError when it has one, or cannot be removed. Files that are not
        ours stay, and their folder: then the answer is false."""

    @abc.abstractmethod
    def pin(self, place: str, note: bytes) -> None:
        """Keep the backup for good: write ``note`` durably beside its manifest. A pinned one stays as it is."""

    @abc.abstractmethod
    def unpin(self, place: str) -> None:
        """Undo :meth:`pin`, durably."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of it."""


__all__ = ("Draft", "Found", "PartSink", "Series", "State", "Store")
