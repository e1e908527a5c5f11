# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The journal: one line of JSON for every call of a module, in a file of its host that only its user can read."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import pwd
import socket
import stat
import time
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError

# Some tens of thousands of calls. The one before it is kept, so that a journal never takes more than twice as much.
MAX_SIZE = 10 << 20
_TEXT = 1000
_ITEMS = 20
_PATIENCE = 5.0
_PAUSE = 0.02
_TRIES = 100
# Options that tell what a module was called for. None of them holds a secret.
_WHAT = (
    "engine", "instance", "host", "store", "database", "databases", "exclude", "backup", "before", "level", "src",
    "source_database", "target", "if_exists", "keep_last", "keep_hourly", "keep_daily", "keep_weekly", "keep_monthly",
    "keep_yearly", "keep_within", "minimum", "max_delete", "pin", "unpin",
)  # fmt: skip


def entry(
    *, module: str, started: str, seconds: float, params: t.Mapping[str, t.Any], check_mode: bool
) -> dict[str, t.Any]:
    """What is known of every call. ``started``: UTC."""
    told: dict[str, t.Any] = {
        "time": started,
        "seconds": round(seconds, 3),
        "module": module.rsplit(".", maxsplit=1)[-1],
        "on": socket.gethostname(),
        "user": _user(),
        "pid": os.getpid(),
        "check_mode": check_mode,
        "what": {name: _plain(params[name]) for name in _WHAT if params.get(name) not in (None, "", [])},
    }
    if os.environ.get("SUDO_USER"):
        told["sudo_user"] = os.environ["SUDO_USER"]
    return told


def outcome(result: t.Mapping[str, t.Any], *, changed: bool, failed: str, stage: str) -> dict[str, t.Any]:
    """How it ended. ``summary``: numbers and short texts of the result, and the lengths of its lists."""
    told: dict[str, t.Any] = {
        "result": "failed" if failed else "changed" if changed else "ok",
        "msg": _plain(failed or result.get("msg", "")),
        "summary": dict(_summary(result)),
    }
    if stage:
        told["stage"] = stage
    return told


def _summary(result: t.Mapping[str, t.Any]) -> t.Iterator[tuple[str, t.Any]]:
    for key, value in result.items():
        if isinstance(value, list):
            yield key, len(value)
        elif isinstance(value, (str, int, float)) and key != "msg":
            yield key, value
        elif key == "backup" and isinstance(value, dict) and "id" in value:
            yield key, _plain(value["id"])
        elif key == "totals" and isinstance(value, dict):
            yield from _summary(value)


def _plain(value: t.Any) -> t.Any:
    if isinstance(value, list):
        return [_plain(item) for item in value[:_ITEMS]] + (["..."] if len(value) > _ITEMS else [])
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def shortened(told: t.Any) -> t.Any:
    """The same with its long texts cut. Secrets must be gone before that: half of one would not be known."""
    if isinstance(told, dict):
        return {key: shortened(value) for key, value in told.items()}
    if isinstance(told, list):
        return [shortened(value) for value in told]
    return f"{told[:_TEXT]}..." if isinstance(told, str) and len(told) > _TEXT else told


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def append(path: str, told: t.Mapping[str, t.Any]) -> None:
    """Add a line. BackupError when the file, or its place, is not safe; OSError when it cannot be written."""
    line = (json.dumps(told) + "\n").encode("ascii")
    folder, name = os.path.split(path)
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        mode = os.fstat(place).st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise BackupError(f"everybody may replace files in {folder}", hint=f"Run: chmod o-w {folder}")
        for dummy in range(_TRIES):
            if _appended(place, name, line):
                return
        raise BackupError("it is exchanged all the time")
    finally:
        os.close(place)


def _appended(place: int, name: str, line: bytes) -> bool:
    """False when the file under that name is another one now, so that it must be opened again."""
    fd = _open(place, name)
    try:
        _lock(fd)
        if not _is_current(fd, place, name):
            return False
        size = os.fstat(fd).st_size
        if size and size + len(line) > MAX_SIZE:
            # Whoever waits for the lock finds out that the file has another name now.
            os.rename(name, f"{name}.1", src_dir_fd=place, dst_dir_fd=place)
            return False
        _write(fd, line, size)
        return True
    finally:
        os.close(fd)


def _open(place: int, name: str) -> int:
    """The file, created when it is missing. One that somebody else could read, or has put there, is refused."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(name, flags, 0o600, dir_fd=place)
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise BackupError("it is a link", hint="Look who put it there, and remove it.") from exc
        raise
    info = os.fstat(fd)
    problem = hint = ""
    if not stat.S_ISREG(info.st_mode):
        problem, hint = "it is no regular file", "Choose another place."
    elif info.st_uid != os.geteuid():
        problem, hint = f"it belongs to user {info.st_uid}", "Give each user of tasks a journal of its own."
    elif info.st_nlink > 1:
        problem, hint = "it has a second name (a hard link)", "Look who made that, and remove it."
    elif info.st_mode & 0o077:
        problem = f"others can read or write it (mode {stat.S_IMODE(info.st_mode):04o})"
        hint = "Set its mode to 0600."
    if problem:
        os.close(fd)
        raise BackupError(problem, hint=hint)
    return fd


def _lock(fd: int) -> None:
    """Wait for other writers, but not for one that hangs."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as exc:
            if time.monotonic() > deadline:
                raise BackupError(f"another process has kept it locked for {_PATIENCE:g} s") from exc
            time.sleep(_PAUSE)


def _is_current(fd: int, place: int, name: str) -> bool:
    try:
        there = os.stat(name, dir_fd=place, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(fd))


def _write(fd: int, line: bytes, size: int) -> None:
    """All of the line or nothing of it; on a line of its own, whatever was there before."""
    if size and os.pread(fd, 1, size - 1) != b"\n":
        line = b"\n" + line
    try:
        if os.write(fd, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(fd, size)
        raise


__all__ = ("MAX_SIZE", "append", "entry", "outcome", "shortened")
