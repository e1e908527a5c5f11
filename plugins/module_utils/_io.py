# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Files that are whole or absent: folders opened without following links, atomic durable writes, locks.

All functions work relative to open folder descriptors, so that a link planted between two steps cannot lead elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shlex
import stat
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import LockedError, StoreError

TEMPORARY = ".tmp-"
FSTAB = "/etc/fstab"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def _check_folder(fd: int, path: str) -> None:
    """Refuse a folder in which somebody else could plant or replace files."""
    info = os.fstat(fd)
    if info.st_uid not in (os.geteuid(), 0):
        raise StoreError(
            f"The folder {path} belongs to user {info.st_uid}, not to the user of this task ({os.geteuid()}) or root.",
            hint="Change its owner, or run the task as that user (become_user).",
        )
    if info.st_mode & (stat.S_IWOTH | stat.S_IWGRP) and not info.st_mode & stat.S_ISVTX:
        raise StoreError(
            f"The folder {path} can be written by others (mode {stat.S_IMODE(info.st_mode):04o}).",
            hint=f"Run: chmod 0700 {path}",
        )


def open_root(path: str, *, create: bool) -> int:
    """A descriptor of the store's folder. It may be reached through links (the administrator's choice).

    ``create``: make it when it is missing. Its parent must be there: a path that was mistyped, or whose file system is
    not mounted, must not become a store that nobody finds again.
    """
    if not os.path.isabs(path):
        raise StoreError(f"The store {path!r} is not an absolute path.", stage="preflight")
    try:
        if create and not os.path.isdir(path):
            check_new_root(path)
            _make_root(path)
        else:
            _check_mounted(path)
            _check_parents(path)
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as exc:
        raise StoreError(f"The store {path} cannot be opened: {exc.strerror}.", stage="preflight") from exc
    try:
        _check_folder(fd, path)
    except StoreError:
        os.close(fd)
        raise
    return fd


def _check_parents(path: str) -> None:
    """In a parent that all may write (and that is not sticky, as /tmp is) anybody could put another folder in place."""
    parent = os.path.dirname(os.path.realpath(path))
    while True:
        try:
            mode = os.stat(parent).st_mode
        except FileNotFoundError:
            mode = 0
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise StoreError(
                f"Everybody may replace the store {path}: its parent {parent} is world-writable.",
                stage="preflight",
                hint=f"Run: chmod o-w {parent} (or choose another place).",
            )
        if parent == os.path.dirname(parent):
            return
        parent = os.path.dirname(parent)


def check_new_root(path: str) -> None:
    """StoreError unless the folder ``path``, which is not there, can become a store."""
    _check_mounted(path)
    parent = os.path.dirname(os.path.normpath(path))
    if not os.path.isdir(parent):
        raise StoreError(
            f"The store {path} is not there, and neither is the folder {parent} to make it in.",
            stage="preflight",
            hint=f"Check the path. If a file system belongs there, mount it, else run: mkdir -p {shlex.quote(parent)}",
        )
    _check_parents(path)
    if not os.access(parent, os.W_OK | os.X_OK):
        raise StoreError(
            f"The store {path} cannot be made: the user of this task may not write into {parent}.",
            stage="preflight",
            hint="Make it with that user as its owner and mode 0700, or run the task as another user (become_user).",
        )


def _check_mounted(path: str) -> None:
    """Refuse a store that would lie below the mount point of a file system that is not mounted."""
    place = os.path.realpath(path)
    for point in sorted(_mount_points(), key=len, reverse=True):
        below = os.path.realpath(point)
        if place != below and not place.startswith(f"{below}/"):
            continue
        current = place
        while current != below and not os.path.ismount(current):
            current = os.path.dirname(current)
        if not os.path.ismount(current):
            raise StoreError(
                f"The store {path} belongs on the file system of {point}, which is not mounted.",
                stage="preflight",
                hint=f"Run: mount {shlex.quote(point)} (it is in {FSTAB}).",
            )
        return


def _mount_points() -> list[str]:
    """Those that this host's fstab tells (fstab(5)), but for the root."""
    try:
        with open(FSTAB, encoding="utf-8", errors="surrogateescape") as stream:
            lines = [line.split() for line in stream if line.strip() and not line.lstrip().startswith("#")]
    except OSError:
        return []
    found = [
        re.sub(r"\\([0-7]{3})", lambda m: chr(int(m.group(1), 8)), fields[1]) for fields in lines if len(fields) > 2
    ]
    return [point.rstrip("/") for point in found if point.startswith("/") and point.rstrip("/")]


def _make_root(path: str) -> None:
    """Create the folder ``path``, private to the user, durably."""
    with contextlib.suppress(FileExistsError):  # another run made it in this moment
        os.mkdir(path, 0o700)
    sync_path(os.path.dirname(os.path.normpath(path)))


def sync_path(path: str) -> None:
    """fsync a folder by its path."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def open_folder(parent: int, name: str, path: str, *, create: bool = False) -> int:
    """A descriptor of the folder ``name`` in ``parent``; ``path`` is for messages. Links are refused.

    Raises FileNotFoundError when it is absent and ``create`` is false.
    """
    if create:
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
            os.fsync(parent)
        except FileExistsError:
            pass
        except OSError as exc:
            raise StoreError(f"The folder {path} cannot be created: {exc.strerror}.") from exc
    try:
        fd = os.open(name, _DIRECTORY, dir_fd=parent)
    except FileNotFoundError:
        raise
    except OSError as exc:
        if exc.errno in (errno.ELOOP, errno.ENOTDIR):
            raise StoreError(
                f"{path} is a link or no folder; links inside a store are refused.",
                hint="Look who put it there, and remove it.",
            ) from exc
        raise StoreError(f"The folder {path} cannot be opened: {exc.strerror}.") from exc
    try:
        _check_folder(fd, path)
    except StoreError:
        os.close(fd)
        raise
    return fd


class AtomicFile:
    """A new file that appears under its name only when it is complete and on disk.

    Written as ``.tmp-NAME`` with mode 0600 and O_EXCL; :meth:`commit` does fsync, an exclusive rename, and fsync of the
    folder. An existing NAME is never replaced.
    """

    def __init__(self, folder: int, name: str, path: str) -> None:
        self._folder = folder
        self._name = name
        self._path = path
        self._temporary = TEMPORARY + name
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._fd = os.open(self._temporary, flags, 0o600, dir_fd=folder)
        except OSError as exc:
            raise self._error("created", exc) from exc
        self._open = True
        self._named = False
        self.committed = False

    def _error(self, what: str, exc: OSError) -> StoreError:
        hint = "Free some space, then run the task again." if exc.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        return StoreError(f"{self._path} cannot be {what}: {exc.strerror}.", hint=hint)

    def write(self, data: bytes) -> None:
        """Write all of ``data``."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as exc:
            raise self._error("written", exc) from exc

    def commit(self) -> None:
        """Make the file durable, then visible; on any error nothing is left under its name."""
        try:
            os.fsync(self._fd)
            self._close()
            self._rename()
            os.fsync(self._folder)
            self.committed = True
        except BaseException as exc:
            self.abort()
            if self._named:
                # It may be gone after a power cut, so it must not be seen now.
                with contextlib.suppress(OSError):
                    os.unlink(self._name, dir_fd=self._folder)
            if isinstance(exc, OSError):
                raise self._error("stored durably", exc) from exc
            raise

    def _rename(self) -> None:
        # A hard link fails when the name is taken, which rename() does not; some network file systems have no links.
        try:
            os.link(
                self._temporary, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder, follow_symlinks=False
            )
        except OSError as exc:
            if exc.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
                raise
            if exists(self._folder, self._name):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from exc
            os.rename(self._temporary, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            self._named = True
            return
        self._named = True
        os.unlink(self._temporary, dir_fd=self._folder)

    def _close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._fd)

    def abort(self) -> None:
        """Remove what was written so far; never raises."""
        for action in (self._close, lambda: os.unlink(self._temporary, dir_fd=self._folder)):
            try:
                action()
            except OSError:
                pass  # the first error is the one to tell; the next run sweeps temporary files


def exists(folder: int, name: str) -> bool:
    """Whether ``name`` is there, be it a link that leads nowhere."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def open_regular(folder: int, name: str, path: str) -> t.BinaryIO:
    """An unbuffered reader of a regular file; links, devices and pipes are refused. May raise FileNotFoundError."""
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise StoreError(f"{path} is a link; links inside a store are refused.") from exc
        raise StoreError(f"{path} cannot be opened: {exc.strerror}.") from exc
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise StoreError(f"{path} is no regular file.")
    return os.fdopen(fd, "rb", buffering=0)


class FileLock:
    """An exclusive lock that dies with its process (flock). Entering it raises LockedError at once if it is taken."""

    def __init__(self, folder: int, name: str, path: str, what: str) -> None:
        self._folder, self._name, self._path, self._what = folder, name, path, what
        self._fd = -1

    def __enter__(self) -> FileLock:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._fd = os.open(self._name, flags, 0o600, dir_fd=self._folder)
        except OSError as exc:
            raise StoreError(f"The lock {self._path} cannot be opened: {exc.strerror}.", stage="lock") from exc
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            holder = os.pread(self._fd, 200, 0).decode("utf-8", "replace").strip()
            os.close(self._fd)
            self._fd = -1
            if exc.errno not in (errno.EAGAIN, errno.EACCES):
                raise StoreError(f"The lock {self._path} cannot be taken: {exc.strerror}.", stage="lock") from exc
            raise LockedError(
                f"Another run works on {self._what} ({holder or 'unknown process'}).",
                hint="Wait for it to end; the lock is released when that process ends, however it ends.",
            ) from exc
        with contextlib.suppress(OSError):  # it only helps people; on a full disk the lock holds all the same
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"process {os.getpid()}\n".encode(), 0)
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


__all__ = (
    "TEMPORARY",
    "AtomicFile",
    "FileLock",
    "check_new_root",
    "exists",
    "open_folder",
    "open_regular",
    "open_root",
    "sync_path",
)
