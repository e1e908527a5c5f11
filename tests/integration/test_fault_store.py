# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stores that are full or taken: no backup, nothing left behind, and what was there before untouched."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._names import human_size
from ansible_collections.vya.backupdb.plugins.module_utils._process import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run.backup import Backup, BackupOptions, Outcome
from support.faults import IDENTITY, RECIPIENT, Site, wait_until
from support.modules import run_module
from support.small import load_small

DISK = 4 << 20
INODES = 200
PAGE = os.sysconf("SC_PAGE_SIZE")
SHOP = {"databases": ["shop"]}
BLOBS = {"postgresql": "bytea", "mysql": "LONGBLOB"}
FULL = "No space left on device"


@pytest.fixture(scope="module", params=["pg15", "mariadb"])
def server(request: pytest.FixtureRequest) -> Iterator[support.Server]:
    """Each server in turn, with `shop`, which is small, and `noise`, which is not and stays so when compressed."""
    found: support.Server = request.getfixturevalue(request.param)
    for name in found.databases():
        found.drop_database(name)
    load_small(found, "shop")
    load_noise(found, "noise", 5)
    yield found
    for name in found.databases():
        found.drop_database(name)


@pytest.fixture
def site(server: support.Server, tmp_path: Path) -> Iterator[Site]:
    """A store on a disk of 4 MiB, and a good backup in it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount(disk, f"size={DISK},nr_inodes={INODES},mode=0755")
    try:
        site = Site(server, tmp_path)
        site.store = disk / "store"
        assert not site.backup(SHOP)["failed"]
        yield site
    finally:
        # It is refused when somebody has not closed what he opened there.
        subprocess.run(["umount", str(disk)], check=True)


def mount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)


def load_noise(server: support.Server, name: str, megabytes: int) -> None:
    server.create_database(name)
    server.query(f"CREATE TABLE noise (id INTEGER PRIMARY KEY, raw {BLOBS[server.engine]})", database=name)
    source = random.Random(name)
    for number in range(megabytes):
        server.query("INSERT INTO noise VALUES (%s, %s)", (number, source.randbytes(1 << 20)), database=name)
    if server.engine == "mysql":
        server.query("ANALYZE TABLE noise", database=name)  # the size that the server tells follows late otherwise


def free(site: Site) -> int:
    info = os.statvfs(site.store)
    return info.f_bavail * info.f_frsize


def assert_as_before(site: Site, before: dict[str, tuple[int, int, int]], space: int) -> None:
    """What was there is there and opens; what is not there takes no room."""
    assert site.files() == before
    assert site.incomplete() == ()
    assert site.prove() == site.ids()
    assert free(site) == space
    site.assert_no_leftovers()


def test_refused_up_front(site: Site) -> None:
    """The estimate says that it cannot fit: no dump is started. Check mode says the same."""
    before, space = site.files(), free(site)
    site.fake(site.dump_tool, f'touch "{site.folder}/started"; real "$@"')
    params = {"databases": ["noise"], "compression": "none"}
    for check in (True, False):
        result = site.backup(params, check=check)
        assert (result["failed"], result["changed"], result["backups"]) == (True, False, [])
        assert [(item["database"], item["stage"]) for item in result["failures"]] == [("noise", "space")]
        assert "The backup of 'noise' needs about " in result["msg"]
        assert f"the store has {human_size(space)} free." in result["msg"]
        assert "Free some space" in result["msg"]
        assert_as_before(site, before, space)
    assert not (site.folder / "started").exists()


def test_by_the_size_of_the_last_backup(site: Site) -> None:
    """What the last backup took tells more than the size of the database."""
    before = site.files()
    ballast(site, sum(size for name, (_inode, size, _time) in before.items() if "manifest" not in name))
    space = free(site)
    result = site.backup(SHOP)
    assert [item["stage"] for item in result["failures"]] == ["space"]
    assert_as_before(site, before, space)


def test_a_dump_that_does_not_fit(site: Site) -> None:
    """The estimate hoped for better compression. Another database of the same run goes well."""
    before, space = site.files(), free(site)
    result = site.backup({"databases": ["noise"]})
    assert (result["failed"], result["changed"]) == (True, False)
    assert [(item["database"], item["stage"]) for item in result["failures"]] == [("noise", "store")]
    assert FULL in result["msg"]
    assert "Free some space" in result["msg"]
    assert_as_before(site, before, space)
    both = site.backup({"databases": ["noise", "shop"]})
    assert [item["database"] for item in both["failures"]] == ["noise"]
    assert [item["database"] for item in both["backups"]] == ["shop"]
    assert len(site.ids("shop")) == 2
    assert site.prove() == site.ids()


def ballast(site: Site, room: int) -> None:
    """Fill the disk until `room` bytes, in whole pages, are left."""
    path = site.store.parent / "ballast"
    path.write_bytes(b"")
    path.write_bytes(b"x" * (free(site) // PAGE * PAGE - room // PAGE * PAGE))


def leave_pages(site: Site, count: int) -> None:
    ballast(site, count * PAGE)


def leave_inodes(site: Site, count: int) -> None:
    info = os.statvfs(site.store)
    mount_again = f"remount,size={DISK},nr_inodes={info.f_files - info.f_ffree + count}"
    mount(site.store.parent, mount_again)


def clear(site: Site) -> None:
    (site.store.parent / "ballast").unlink(missing_ok=True)
    mount(site.store.parent, f"remount,size={DISK},nr_inodes={INODES}")


def backup_while(site: Site, monkeypatch: pytest.MonkeyPatch, during: Callable[[], None]) -> Outcome:
    """A backup in this process; `during` happens after the look at the free space, before anything is written."""
    options = BackupOptions("h", "main", ("shop",), (), False, "zstd", None, (RECIPIENT,), 1, ())
    run = Run()
    monkeypatch.setattr(run, "step", lambda name: during() if name == "open shop" else None)
    monkeypatch.setenv("PATH", f"{site.path_prefix}:{site.server.environ()['PATH']}")
    engine = site.engine(run)
    store = site.opened()
    try:
        return Backup(run, engine, options, log=lambda _text: None, verbose=False).execute(store)
    finally:
        engine.close()
        store.close()


@pytest.mark.parametrize("leave", [leave_pages, leave_inodes])
def test_somebody_else_fills_the_disk(
    site: Site, monkeypatch: pytest.MonkeyPatch, leave: Callable[[Site, int], None]
) -> None:
    """No page (or no inode) is left, then one, then two, until it is enough: every write of a run fails once."""
    before, space = site.files(), free(site)
    told: list[str] = []
    for left in range(64):

        def during(count: int = left) -> None:
            leave(site, count)

        outcome = backup_while(site, monkeypatch, during)
        clear(site)
        if not outcome.failures:
            break
        failure = outcome.failures[0]
        assert (failure["stage"], outcome.done) == ("store", [])
        assert FULL in failure["msg"]
        assert_as_before(site, before, space)
        told.append(failure["msg"])
    assert len(site.ids()) == 2
    assert site.prove() == site.ids()
    assert any("manifest.json cannot be" in text for text in told)
    assert any(".age cannot be" in text for text in told)
    assert len(told) >= 3
    site.assert_no_leftovers()


def test_one_run_at_a_time(server: support.Server, tmp_path: Path) -> None:
    """The second is told who holds the lock; other instances and restores are not held up. SIGKILL frees it."""
    site = Site(server, tmp_path)
    assert not site.backup(SHOP)["failed"]
    before = site.files()
    reached = tmp_path / "reached"
    site.fake(site.dump_tool, f'real "$@"; touch "{reached}"; exec sleep 3000')
    holder = site.start("db_backup", SHOP)
    wait_until(reached.exists, "the first is at work")
    site.mend()
    second = site.backup(SHOP)
    assert (second["failed"], second["changed"], second["stage"]) == (True, False, "lock")
    assert f"Another run works on host h, instance main in this store (process {holder.pid})." in second["msg"]
    assert "the lock is released when that process ends" in second["msg"]
    assert before.items() <= site.files().items()
    assert len(site.incomplete()) == 1

    assert not site.backup({**SHOP, "instance": "second"})["failed"]
    assert run_module("backup_info", {"store": str(site.store), "host": "h", "instance": "main"})["total"] == 1
    verified = run_module("backup_verify", {"store": str(site.store), "level": "decrypted", "identity": IDENTITY})
    assert not verified["failed"], verified
    try:
        assert not site.restore({"target": "copy"})["failed"]
    finally:
        server.drop_database("copy")

    holder.send(signal.SIGKILL)
    holder.wait()
    third = site.backup(SHOP)
    assert not third["failed"], third
    assert len([text for text in third["warnings"] if "which a run that died had left" in text]) == 1
    assert site.incomplete() == ()
    site.assert_no_leftovers()
