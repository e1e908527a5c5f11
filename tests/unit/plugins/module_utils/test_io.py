# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Atomic files under every failing system call, folders and links that others planted, locks."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _io as io
from ansible_collections.vya.backupdb.plugins.module_utils._errors import LockedError, StoreError

DATA = bytes(range(256)) * 3


@pytest.fixture
def folder(tmp_path: Path) -> t.Iterator[int]:
    tmp_path.chmod(0o700)
    fd = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield fd
    os.close(fd)


def failing(name: str, call: int, error: int = errno.EIO) -> t.Callable[..., t.Any]:
    """A stand-in for os.NAME that fails at the given call (1 is the first), and works before and after."""
    real = getattr(os, name)
    calls = 0

    def stand_in(*args: t.Any, **kwargs: t.Any) -> t.Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(error, os.strerror(error))
        return real(*args, **kwargs)

    return stand_in


def write_file(folder: int, name: str = "part") -> None:
    """What a sink does: write, commit, and abort on any error."""
    file = io.AtomicFile(folder, name, f"/store/{name}")
    try:
        file.write(DATA)
        file.commit()
    except BaseException:
        file.abort()
        raise


def test_a_file_appears_when_it_is_whole(folder: int, tmp_path: Path) -> None:
    file = io.AtomicFile(folder, "part", "/store/part")
    file.write(DATA)
    assert os.listdir(folder) == [".tmp-part"]
    assert (tmp_path / ".tmp-part").stat().st_mode & 0o777 == 0o600
    file.commit()
    assert os.listdir(folder) == ["part"]
    assert (tmp_path / "part").read_bytes() == DATA
    file.abort()
    assert (tmp_path / "part").read_bytes() == DATA


@pytest.mark.parametrize("kernel", [1, 7, 100])
def test_short_writes_are_continued(folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel: int) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:kernel]))
    write_file(folder)
    monkeypatch.undo()
    assert (tmp_path / "part").read_bytes() == DATA


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_write_error_at_every_byte(folder: int, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    """The disk takes k bytes and no more, for all k."""
    real = os.write
    for room in range(len(DATA)):
        left = room

        def limited(fd: int, data: memoryview) -> int:
            nonlocal left
            if left == 0:
                raise OSError(error, os.strerror(error))
            done = real(fd, data[:left])
            left -= done
            return done

        monkeypatch.setattr(os, "write", limited)
        with pytest.raises(StoreError, match="/store/part cannot be written") as caught:
            write_file(folder)
        assert ("Free some space" in str(caught.value)) == (error != errno.EIO)
        assert os.listdir(folder) == []


# open, write and close of the file; fsync of the file, then of the folder; the link to the final name; the
# removal of the temporary one.
CALLS = [("open", 1), ("write", 1), ("fsync", 1), ("close", 1), ("link", 1), ("unlink", 1), ("fsync", 2)]


@pytest.mark.parametrize(("name", "call"), CALLS)
def test_every_system_call_that_fails(folder: int, monkeypatch: pytest.MonkeyPatch, name: str, call: int) -> None:
    monkeypatch.setattr(os, name, failing(name, call))
    with pytest.raises(StoreError, match="/store/part cannot be"):
        write_file(folder)
    monkeypatch.undo()
    assert "part" not in os.listdir(folder)


def test_the_order_of_a_commit(folder: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data is on disk before the name is there, and the name is on disk before anybody is told."""
    seen: list[str] = []
    for name in ("fsync", "close", "link", "unlink"):
        real = getattr(os, name)

        def spy(*args: t.Any, real: t.Any = real, name: str = name, **kwargs: t.Any) -> t.Any:
            what = "folder" if name == "fsync" and args[0] == folder else "file"
            seen.append(f"{name} {what}")
            return real(*args, **kwargs)

        monkeypatch.setattr(os, name, spy)
    write_file(folder)
    assert seen == ["fsync file", "close file", "link file", "unlink file", "fsync folder"]


@pytest.mark.parametrize("error", [errno.EPERM, errno.EOPNOTSUPP])
def test_file_systems_without_hard_links(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def no_links(*_args: t.Any, **_kwargs: t.Any) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "link", no_links)
    write_file(folder)
    assert (tmp_path / "part").read_bytes() == DATA
    (tmp_path / "taken").write_bytes(b"old")
    with pytest.raises(StoreError, match="File exists"):
        write_file(folder, "taken")
    assert (tmp_path / "taken").read_bytes() == b"old"
    monkeypatch.setattr(os, "rename", failing("rename", 1))
    with pytest.raises(StoreError, match="stored durably"):
        write_file(folder, "third")
    assert sorted(os.listdir(folder)) == ["part", "taken"]


@pytest.mark.parametrize("planted", ["file", "link", "dangling"])
def test_what_is_there_is_never_replaced(folder: int, tmp_path: Path, planted: str) -> None:
    """A file or a link at the temporary name, then at the final one."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    for name in (".tmp-part", "part"):
        if planted == "file":
            (tmp_path / name).write_bytes(b"precious")
        else:
            (tmp_path / name).symlink_to(victim if planted == "link" else tmp_path / "nowhere")
        with pytest.raises(StoreError, match="File exists"):
            write_file(folder)
        assert victim.read_bytes() == b"precious"
        assert not (tmp_path / "nowhere").exists()
        if planted == "file":
            assert (tmp_path / name).read_bytes() == b"precious"
        (tmp_path / name).unlink()


def test_links_and_devices_are_not_read(folder: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    with io.open_regular(folder, "file", "/store/file") as stream:
        assert stream.read() == b"x"
    with pytest.raises(StoreError, match="is a link"):
        io.open_regular(folder, "link", "/store/link")
    for name in ("pipe", "."):
        with pytest.raises(StoreError, match="no regular file"):
            io.open_regular(folder, name, f"/store/{name}")
    with pytest.raises(FileNotFoundError):
        io.open_regular(folder, "absent", "/store/absent")


def test_folders_are_private_and_no_links(folder: int, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        io.open_folder(folder, "new", "/store/new")
    os.close(io.open_folder(folder, "new", "/store/new", create=True))
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    (tmp_path / "file").write_bytes(b"")
    for name in ("link", "file"):
        for create in (False, True):
            with pytest.raises(StoreError, match="is a link or no folder"):
                io.open_folder(folder, name, f"/store/{name}", create=create)
    for mode in (0o702, 0o720, 0o777):
        (tmp_path / "new").chmod(mode)
        with pytest.raises(StoreError, match="can be written by others"):
            io.open_folder(folder, "new", "/store/new")
    (tmp_path / "new").chmod(0o1777)
    os.close(io.open_folder(folder, "new", "/store/new"))


def test_folders_of_other_users_are_refused(folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    # The owner is this user or root: for somebody else's eyes it is a stranger's.
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    os.chown(tmp_path / "theirs", 1234 if os.getuid() == 0 else -1, -1)
    with pytest.raises(StoreError, match="belongs to user"):
        io.open_folder(folder, "theirs", "/store/theirs")


def test_the_root_and_its_parents(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not an absolute path"):
        io.open_root("relative/store", create=True)
    inner = tmp_path / "a" / "b" / "store"
    with pytest.raises(StoreError, match="cannot be opened: No such file"):
        io.open_root(str(inner), create=False)
    with pytest.raises(StoreError, match=r"neither is the folder .*/a/b to make it in.*mkdir -p .*/a/b"):
        io.open_root(str(inner), create=True)
    assert list(tmp_path.iterdir()) == []
    inner.parent.mkdir(parents=True, mode=0o700)
    before = os.umask(0)
    try:
        os.close(io.open_root(str(inner), create=True))
    finally:
        os.umask(before)
    assert inner.stat().st_mode & 0o777 == 0o700
    (tmp_path / "by-link").symlink_to(inner)
    os.close(io.open_root(str(tmp_path / "by-link"), create=False))
    (tmp_path / "a").chmod(0o777)
    for path in (inner, tmp_path / "by-link", tmp_path / "a" / "new"):
        with pytest.raises(StoreError, match="world-writable"):
            io.open_root(str(path), create=True)
    assert not (tmp_path / "a" / "new").exists()
    (tmp_path / "a").chmod(0o1777)
    os.close(io.open_root(str(inner), create=False))
    inner.chmod(0o777)
    with pytest.raises(StoreError, match="can be written by others"):
        io.open_root(str(inner), create=False)


def test_a_store_that_is_not_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of the mount point is there, the file system is not: neither an old store nor a new one."""
    point = tmp_path / "the nas"
    (point / "old").mkdir(parents=True, mode=0o700)
    fstab = tmp_path / "fstab"
    told = str(point).replace(" ", "\\040")
    fstab.write_text(
        f"# device point type\n\n/dev/vda1 / ext4\nnone none swap sw 0 0\nnas:/x {told}/ nfs4 noauto 0 0\n"
    )
    monkeypatch.setattr(io, "FSTAB", str(fstab))
    (tmp_path / "by-link").symlink_to(point)
    for store in (point, point / "old", point / "new", tmp_path / "by-link" / "new"):
        with pytest.raises(StoreError, match=r"the nas, which is not mounted.*mount '"):
            io.open_root(str(store), create=True)
    (tmp_path / "the nas too").mkdir(mode=0o700)
    os.close(io.open_root(str(tmp_path / "the nas too"), create=True))
    mounted: set[str] = set()
    monkeypatch.setattr(os.path, "ismount", lambda path: path in mounted)
    mounted.add(str(point / "old"))
    os.close(io.open_root(str(point / "old"), create=True))
    with pytest.raises(StoreError, match="not mounted"):
        io.open_root(str(point / "new"), create=True)
    mounted.add(str(point))
    os.close(io.open_root(str(point / "new"), create=True))


def test_a_parent_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check mode asks the same."""
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    for call in (io.check_new_root, lambda path: io.open_root(path, create=True)):
        with pytest.raises(StoreError, match="may not write into"):
            call(str(tmp_path / "new"))
    assert list(tmp_path.iterdir()) == []


HOLDER = """
import os, sys
from ansible_collections.vya.backupdb.plugins.module_utils import _io as io
fd = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY)
with io.FileLock(fd, ".lock", "/store/.lock", "it"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_dies_with_its_holder(folder: int, tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    lock = io.FileLock(folder, ".lock", "/store/.lock", "it")
    with pytest.raises(LockedError, match=f"Another run works on it .process {holder.pid}."), lock:
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with lock:
        assert (tmp_path / ".lock").read_text(encoding="utf-8") == f"process {os.getpid()}\n"
        with pytest.raises(LockedError), io.FileLock(folder, ".lock", "/store/.lock", "it"):
            pass
    with lock:
        pass


def test_a_lock_needs_no_space_and_no_link(folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds it is told for people's sake: a full disk takes the lock from nobody."""
    monkeypatch.setattr(os, "pwrite", failing("pwrite", 1, errno.ENOSPC))
    first, second = (io.FileLock(folder, ".lock", "/store/.lock", "it") for _number in range(2))
    with first, pytest.raises(LockedError, match="unknown process"), second:
        pass
    (tmp_path / ".lock").unlink()
    (tmp_path / ".lock").symlink_to(tmp_path / "victim")
    with pytest.raises(StoreError, match="cannot be opened"), io.FileLock(folder, ".lock", "/store/.lock", "it"):
        pass
    assert not (tmp_path / "victim").exists()
