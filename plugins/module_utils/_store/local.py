# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""A store in a folder of this host: STORE/HOST/INSTANCE/DATABASE/ID/."""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _io as io
from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils._errors import StoreError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import FILE_NAME, MAX_SIZE
from ansible_collections.vya.backupdb.plugins.module_utils._store import removal
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import (
    Draft,
    Found,
    PartSink,
    Series,
    State,
    Store,
)
from ansible_collections.vya.backupdb.plugins.module_utils._store.removal import Step

_LOCK = ".lock"
_DEAD_AFTER = 86400
_ID_DEPTH = 3


class _LocalPart(PartSink):
    def __init__(self, file: io.AtomicFile, step: Step, name: str) -> None:
        self._file, self._step, self._name = file, step, name
        self._done = False

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def close(self) -> None:
        self._step(f"store {self._name}")
        self._file.commit()
        self._done = True

    def abort(self) -> None:
        if not self._done:
            self._file.abort()


class _LocalDraft(Draft):
    def __init__(self, series_fd: int, backup_id: str, path: str, step: Step) -> None:
        self._parent, self._id, self._path, self._step = series_fd, backup_id, path, step
        self._parts: list[str] = []
        step("create folder")
        try:
            os.mkdir(backup_id, 0o700, dir_fd=series_fd)
            os.fsync(series_fd)
            self._fd = io.open_folder(series_fd, backup_id, path)
        except OSError as exc:
            os.close(series_fd)
            raise StoreError(f"The folder {path} cannot be created: {exc.strerror}.") from exc
        self._manifest: io.AtomicFile | None = None

    def create(self, name: str) -> PartSink:
        if not removal.is_part(name):
            raise StoreError(f"{name!r} is no name of a part.")
        self._step(f"create {name}")
        self._parts.append(name)
        return _LocalPart(io.AtomicFile(self._fd, name, f"{self._path}/{name}"), self._step, name)

    def publish(self, manifest: bytes) -> None:
        self._step("write manifest")
        file = self._manifest = io.AtomicFile(self._fd, FILE_NAME, f"{self._path}/{FILE_NAME}")
        try:
            file.write(manifest)
            self._step("publish manifest")
        except BaseException:
            file.abort()
            raise
        file.commit()
        self._close()

    def _close(self) -> None:
        os.close(self._fd)
        os.close(self._parent)

    def discard(self) -> None:
        # The file knows, also when a signal's exception came right after its commit.
        if self._manifest is not None and self._manifest.committed:
            return
        with contextlib.suppress(OSError, StoreError):
            removal.clear(removal.Spot(self._parent, self._id, self._path), own_draft=True)
        with contextlib.suppress(OSError):
            self._close()


class LocalStore(Store):
    """``path``: an absolute folder; ``create``: make it when it is missing (mode 0700)."""

    def __init__(self, path: str, *, create: bool = False, step: Step = lambda _name: None) -> None:
        self._path = os.path.normpath(path)
        self._root = io.open_root(path, create=create)
        self._step = step

    def close(self) -> None:
        os.close(self._root)

    def _open(self, *labels: str, create: bool = False) -> int:
        """A descriptor of the folder under the root that ``labels`` name (already encoded)."""
        fd = os.dup(self._root)
        path = self._path
        for label in labels:
            path = f"{path}/{label}"
            try:
                inner = io.open_folder(fd, label, path, create=create)
            finally:
                os.close(fd)
            fd = inner
        return fd

    @contextlib.contextmanager
    def lock(self, host: str, instance: str) -> t.Iterator[object]:
        labels = (names.encode(host), names.encode(instance))
        folder = self._open(*labels, create=True)
        try:
            path = "/".join((self._path, *labels, _LOCK))
            with io.FileLock(folder, _LOCK, path, f"host {host}, instance {instance} in this store") as held:
                yield held
        finally:
            os.close(folder)

    def begin(self, series: Series, backup_id: str) -> Draft:
        labels = [names.encode(item) for item in (series.host, series.instance, series.database)]
        fd = self._open(*labels, create=True)
        return _LocalDraft(fd, backup_id, "/".join((self._path, *labels, backup_id)), self._step)

    def _folders(self, *labels: str) -> list[str]:
        """Names of the folders there, sorted. Files beside them are not ours and not looked at."""
        return self._names(labels, lambda entry: entry.is_dir(follow_symlinks=False))

    def _names(self, labels: tuple[str, ...], wanted: t.Callable[[os.DirEntry[str]], bool]) -> list[str]:
        path = "/".join((self._path, *labels))
        try:
            fd = self._open(*labels)
        except FileNotFoundError:
            return []
        try:
            with os.scandir(fd) as entries:
                return sorted(e.name for e in entries if wanted(e) and not e.name.startswith("."))
        except OSError as exc:
            raise StoreError(f"The folder {path} cannot be listed: {exc.strerror}.", stage="catalog") from exc
        finally:
            os.close(fd)

    def find(self, host: str = "", instance: str = "", database: str = "") -> t.Iterator[Found]:
        hosts = [names.encode(host)] if host else self._folders()
        for host_c in hosts:
            instances = [names.encode(instance)] if instance else self._folders(host_c)
            for instance_c in instances:
                databases = [names.encode(database)] if database else self._folders(host_c, instance_c)
                for database_c in databases:
                    for backup_id in self._folders(host_c, instance_c, database_c):
                        if names.is_id(backup_id):
                            yield self._read((host_c, instance_c, database_c, backup_id))

    def links(self, host: str = "", instance: str = "", database: str = "") -> list[str]:
        found: list[str] = []
        folders: list[tuple[str, ...]] = [()]
        for depth, label in enumerate((host, instance, database, "")):
            ours = names.is_id if depth == _ID_DEPTH else _is_label
            if label:
                folders = [(*folder, names.encode(label)) for folder in folders]
                continue
            for folder in folders:
                found += ["/".join((*folder, name)) for name in self._names(folder, _is_link) if ours(name)]
            if depth < _ID_DEPTH:
                folders = [(*folder, name) for folder in folders for name in self._folders(*folder)]
        return found

    def labels(self, host: str = "", instance: str = "") -> list[str]:
        """Without reading manifests. Folders that we cannot have named are somebody else's."""
        found = self._folders(*(names.encode(label) for label in (host, instance) if label))
        return sorted(names.decode(name) for name in found if _is_label(name))

    def _read(self, labels: tuple[str, ...]) -> Found:
        place = "/".join(labels)
        path = f"{self._path}/{place}/{FILE_NAME}"
        fd = -1
        try:
            fd = self._open(*labels)
            with io.open_regular(fd, FILE_NAME, path) as stream:
                data = b"".join(iter(lambda: stream.read(1 << 20), b"")) if _fits(stream) else b""
            problem = "" if data else f"{path} is empty or too large."
            state = State.FINISHED if data else State.DAMAGED
            return Found(place, labels[2], data, problem, io.exists(fd, removal.PINNED), state)
        except FileNotFoundError:
            return Found(place, labels[2], problem="no manifest: the backup was not finished", state=State.UNFINISHED)
        except StoreError as exc:
            return Found(place, labels[2], problem=str(exc), state=State.DAMAGED)
        except OSError as exc:
            return Found(place, labels[2], problem=f"{path} cannot be read: {exc.strerror}.", state=State.DAMAGED)
        finally:
            if fd >= 0:
                os.close(fd)

    def open_part(self, place: str, name: str) -> t.BinaryIO:
        path = f"{self._path}/{place}/{name}"
        try:
            fd = self._open(*place.split("/"))
            try:
                return io.open_regular(fd, name, path)
            finally:
                os.close(fd)
        except FileNotFoundError as exc:
            raise StoreError(f"{path} is missing.", stage="authenticate", hint="Use another backup.") from exc

    def part_size(self, place: str, name: str) -> int:
        with self.open_part(place, name) as stream:
            return os.fstat(stream.fileno()).st_size

    def notes(self, place: str) -> list[str]:
        fd = self._open_backup(place)
        try:
            return sorted(os.listdir(fd))
        except OSError as exc:
            raise StoreError(f"The folder {self._path}/{place} cannot be listed: {exc.strerror}.") from exc
        finally:
            os.close(fd)

    def _open_backup(self, place: str) -> int:
        try:
            return self._open(*place.split("/"))
        except FileNotFoundError as exc:
            raise StoreError(f"{self._path}/{place} is missing.") from exc

    def read_note(self, place: str, name: str, limit: int) -> bytes:
        path = f"{self._path}/{place}/{name}"
        fd = self._open_backup(place)
        try:
            with io.open_regular(fd, name, path) as stream:
                if os.fstat(stream.fileno()).st_size > limit:
                    raise StoreError(f"{path} is larger than {limit} bytes.")
                return b"".join(iter(lambda: stream.read(1 << 16), b""))
        except OSError as exc:
            raise StoreError(f"{path} cannot be read: {exc.strerror}.") from exc
        finally:
            os.close(fd)

    def write_note(self, place: str, name: str, data: bytes) -> None:
        fd = self._open_backup(place)
        try:
            if not io.exists(fd, FILE_NAME):
                raise StoreError(f"{self._path}/{place} is no finished backup any more.")
            _sweep_notes(fd)
            self._step(f"write {name}")
            file = io.AtomicFile(fd, name, f"{self._path}/{place}/{name}")
            try:
                file.write(data)
                self._step(f"publish {name}")
            except BaseException:
                file.abort()
                raise
            file.commit()
        finally:
            os.close(fd)

    def takes_notes(self, place: str) -> bool:
        return os.access(f"{self._path}/{place}", os.W_OK | os.X_OK)

    def free_space(self) -> int | None:
        info = os.fstatvfs(self._root)
        return info.f_bavail * info.f_frsize

    def sweep(self, host: str, instance: str, wanted: t.Callable[[str], bool] = lambda _place: True) -> list[str]:
        swept = []
        for found in list(self.find(host, instance)):
            if found.state is State.UNFINISHED and wanted(found.place) and self.clear(found.place):
                swept.append(found.place)
        return swept

    @contextlib.contextmanager
    def _parent(self, place: str) -> t.Iterator[removal.Spot]:
        *labels, backup_id = place.split("/")
        path = f"{self._path}/{place}"
        try:
            fd = self._open(*labels)
        except FileNotFoundError as exc:
            raise StoreError(f"{path} is missing.", stage="remove", hint="See who else removes backups.") from exc
        try:
            yield removal.Spot(fd, backup_id, path)
        except OSError as exc:
            hint = "See who else writes to the store, and whether its disk is well; then run the task again."
            raise StoreError(f"{path} cannot be changed: {exc.strerror}.", stage="remove", hint=hint) from exc
        finally:
            os.close(fd)

    def retract(self, place: str) -> None:
        with self._parent(place) as spot:
            removal.retract(spot, self._step)

    def clear(self, place: str) -> bool:
        with self._parent(place) as spot:
            return removal.clear(spot, self._step)

    def pin(self, place: str, note: bytes) -> None:
        with self._parent(place) as spot:
            removal.pin(spot, note, self._step)

    def unpin(self, place: str) -> None:
        with self._parent(place) as spot:
            removal.unpin(spot, self._step)


def _sweep_notes(folder: int) -> None:
    """Remove what runs that died have left of their notes; those of today may be of one that lives."""
    for name in os.listdir(folder):
        if name.startswith(io.TEMPORARY) and removal.is_record(name):
            with contextlib.suppress(OSError):
                if time.time() - os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime > _DEAD_AFTER:
                    os.unlink(name, dir_fd=folder)


def _is_link(entry: os.DirEntry[str]) -> bool:
    """To a folder, or to what is not there now."""
    return entry.is_symlink() and not entry.is_file()


def _is_label(name: str) -> bool:
    """Whether it can be ours: the name of a host, instance or database."""
    return "~" in name or names.encode(names.decode(name)) == name


def _fits(stream: t.BinaryIO) -> bool:
    return os.fstat(stream.fileno()).st_size <= MAX_SIZE


__all__ = ("LocalStore",)
