# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store in a folder: a backup exists from its manifest on, and nothing planted leads elsewhere."""

from __future__ import annotations

import errno
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils import _io as io
from ansible_collections.vya.backupdb.plugins.module_utils._errors import InterruptedRun, LockedError, StoreError
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import Series
from ansible_collections.vya.backupdb.plugins.module_utils._store.local import LocalStore
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import MANIFEST, PART, changed, put, tree

SERIES = Series(MANIFEST.host, MANIFEST.instance, MANIFEST.database)
PLACE = f"{SERIES}/{MANIFEST.id}"
OTHER = changed(id="20261122T231500Z-000001")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> t.Iterator[LocalStore]:
    opened = LocalStore(str(root), create=True)
    yield opened
    opened.close()


def listed(store: LocalStore) -> list[str]:
    return [entry.manifest.id for entry in catalog.read(store).entries]


def test_what_was_put_is_found(store: LocalStore, root: Path) -> None:
    put(store, MANIFEST)
    assert listed(store) == [MANIFEST.id]
    with store.open_part(PLACE, PART.name) as stream:
        assert stream.read() == b"the stored bytes of a part"
    assert store.part_size(PLACE, PART.name) == PART.size
    modes = {name: mode.split()[0] for name, mode in tree(root).items()}
    assert set(modes.values()) == {"40700", "100600"}
    assert sorted(os.listdir(root / PLACE)) == ["database.dump", "manifest.json"]


def test_nothing_is_there_before_the_manifest(store: LocalStore, root: Path) -> None:
    draft = store.begin(SERIES, MANIFEST.id)
    sink = draft.create(PART.name)
    sink.write(b"x")
    assert listed(store) == []
    sink.close()
    assert listed(store) == []
    assert [item.problem for item in catalog.read(store).incomplete] == ["no manifest: the backup was not finished"]
    draft.discard()
    assert os.listdir(root / str(SERIES)) == []
    assert catalog.read(store).incomplete == ()


class _Dying:
    """An observer that ends the run at its step number `last`."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.seen: list[str] = []

    def __call__(self, name: str) -> None:
        self.seen.append(name)
        if len(self.seen) == self.last:
            raise KeyboardInterrupt


def test_a_death_at_every_step(tmp_path: Path) -> None:
    """SIGKILL leaves what is on disk: the next run sees no backup, and sweeps."""
    number = 0
    while True:
        number += 1
        die = _Dying(number)
        root = tmp_path / str(number)
        dying = LocalStore(str(root), create=True, step=die)
        try:
            put(dying, MANIFEST, dies=True)
        except KeyboardInterrupt:
            pass
        else:
            assert listed(dying) == [MANIFEST.id]
            break
        store = LocalStore(str(root))
        assert listed(store) == []
        with store.lock(SERIES.host, SERIES.instance):
            swept = store.sweep(SERIES.host, SERIES.instance)
        assert swept == ([PLACE] if die.seen != ["create folder"] else [])
        assert os.listdir(root / str(SERIES)) == []
        put(store, MANIFEST)
        assert listed(store) == [MANIFEST.id]
    assert number == 6, die.seen


@pytest.mark.parametrize("name", ["mkdir", "open", "write", "link", "unlink", "fsync", "dup"])
def test_every_system_call_that_fails(
    store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The backup fails with an error of ours, is not there, and leaves what was there as it was."""
    put(store, OTHER)
    before = tree(root)
    real = getattr(os, name)
    failures = 0
    for number in range(1, 100):
        calls = 0

        def failing(*args: t.Any, last: int = number, **kwargs: t.Any) -> t.Any:
            nonlocal calls
            calls += 1
            if calls == last:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(*args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(os, name, failing)
            try:
                put(store, changed(host=f"new{number}"))
            except (StoreError, OSError) as exc:
                failures += "Input/output error" in str(exc)
            else:
                break
        left = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
        assert [path for path in left if ".tmp-" not in path] == [
            f"{SERIES}/{OTHER.id}/{PART.name}",
            f"{SERIES}/{OTHER.id}/manifest.json",
        ]
        assert {path: mode for path, mode in tree(root).items() if not path.startswith("new")} == before
    assert failures == {"mkdir": 4, "open": 6, "write": 2, "link": 2, "unlink": 2, "fsync": 8, "dup": 1}[name]


def test_a_signal_after_the_commit_point_keeps_the_backup(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception can arrive between any two lines: what is published is whole, or not there."""
    real = io.AtomicFile.commit

    def interrupted(self: io.AtomicFile) -> None:
        real(self)
        if self._name == "manifest.json":
            raise InterruptedRun("Stopped: signal SIGTERM.")

    monkeypatch.setattr(io.AtomicFile, "commit", interrupted)
    with pytest.raises(InterruptedRun):
        put(store, MANIFEST)
    assert [store.part_size(entry.place, PART.name) for entry in catalog.read(store).entries] == [PART.size]


def test_ids_are_taken_once(store: LocalStore, root: Path) -> None:
    put(store, MANIFEST)
    before = tree(root)
    with pytest.raises(StoreError, match="File exists"):
        store.begin(SERIES, MANIFEST.id)
    assert tree(root) == before
    draft = store.begin(SERIES, OTHER.id)
    draft.create(PART.name)
    with pytest.raises(StoreError, match="File exists"):
        draft.create(PART.name)
    for name in ("../x", "manifest.json", ".tmp-database.dump/x", "x", "", "database.dump\n"):
        with pytest.raises(StoreError, match="no name of a part"):
            draft.create(name)


def test_only_what_is_ours_is_swept(store: LocalStore, root: Path) -> None:
    put(store, MANIFEST)
    series = root / str(SERIES)
    for name in ("20261123T000000Z-000001", "20261123T000000Z-000002", "20261123T000000Z-000003", "notes"):
        (series / name).mkdir()
    (series / "20261123T000000Z-000001" / ".tmp-database.dump.zst.age").write_bytes(b"x")
    (series / "20261123T000000Z-000001" / ".tmp-manifest.json").write_bytes(b"x")
    (series / "20261123T000000Z-000002" / "globals.sql.zst").write_bytes(b"x")
    (series / "20261123T000000Z-000002" / "thesis.txt").write_bytes(b"x")
    (series / "20261123T000000Z-000003" / "manifest.json").write_bytes(b"damaged")
    (series / "notes" / "database.dump").write_bytes(b"x")
    (root / "README").write_bytes(b"x")
    other = changed(host="web2")
    put(store, other)
    (root / "web2" / "main" / "shop" / "20261123T000000Z-000004").mkdir()
    assert store.sweep("web1", "main") == [f"{SERIES}/20261123T000000Z-000001"]
    assert sorted(os.listdir(series)) == [MANIFEST.id, *(f"20261123T000000Z-00000{n}" for n in (2, 3)), "notes"]
    assert os.listdir(series / "20261123T000000Z-000002") == ["thesis.txt"]
    assert os.listdir(series / "20261123T000000Z-000003") == ["manifest.json"]
    assert os.listdir(series / "notes") == ["database.dump"]
    assert (root / "README").exists()
    assert (root / "web2" / "main" / "shop" / "20261123T000000Z-000004").exists()
    assert len(listed(store)) == 2


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_links_in_place_of_folders(store: LocalStore, root: Path, tmp_path: Path, level: int) -> None:
    """HOST, INSTANCE, DATABASE or ID is a link to a folder of somebody's choice."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    link = root.joinpath(*PLACE.split("/")[:level])
    link.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    for folder in list(link.parents)[: level - 1]:
        folder.chmod(0o700)
    link.symlink_to(elsewhere)
    with pytest.raises(StoreError, match=r"links inside a store are refused|File exists"):
        put(store, MANIFEST)
    assert os.listdir(elsewhere) == []
    if level < 3:
        with pytest.raises(StoreError, match="links inside a store are refused"), store.lock("web1", "main"):
            pass
    if level < 4:
        with pytest.raises(StoreError, match="links inside a store are refused"):
            catalog.read(store, host="web1", instance="main", database="shop")
    assert listed(store) == []
    assert os.listdir(elsewhere) == []


@pytest.mark.parametrize("name", ["manifest.json", PART.name, ".tmp-manifest.json", f".tmp-{PART.name}"])
def test_links_in_place_of_files(store: LocalStore, root: Path, tmp_path: Path, name: str) -> None:
    """Planted in the folder of a backup that is being written."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")

    def plant(step: str) -> None:
        if step.startswith("create database"):
            (root / PLACE / name).symlink_to(victim)

    with pytest.raises(StoreError, match="File exists"):
        put(LocalStore(str(root), step=plant), MANIFEST)
    assert victim.read_bytes() == b"precious"
    assert not any(path.is_file() and not path.is_symlink() for path in (root / str(SERIES)).rglob("*"))
    assert listed(store) == []


def test_links_are_not_read(store: LocalStore, root: Path, tmp_path: Path) -> None:
    put(store, MANIFEST)
    for name in (PART.name, "manifest.json"):
        os.rename(root / PLACE / name, tmp_path / name)
        (root / PLACE / name).symlink_to(tmp_path / name)
    with pytest.raises(StoreError, match="is a link"):
        store.open_part(PLACE, PART.name)
    found = catalog.read(store)
    assert found.entries == ()
    assert "is a link" in found.incomplete[0][1]
    (root / PLACE / PART.name).unlink()
    with pytest.raises(StoreError, match="is missing"):
        store.part_size(PLACE, PART.name)


def test_a_listing_that_fails_is_no_short_listing(
    store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, MANIFEST)
    put(store, changed(database="other"))
    (root / "web1" / "main" / "other").chmod(0o777)
    with pytest.raises(StoreError, match="can be written by others"):
        catalog.read(store)
    (root / "web1" / "main" / "other").chmod(0o700)
    real = os.scandir

    def failing(path: t.Any) -> t.Any:
        if "other" in os.readlink(f"/proc/self/fd/{path}"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(path)

    monkeypatch.setattr(os, "scandir", failing)
    with pytest.raises(StoreError, match="cannot be listed: Input/output error"):
        catalog.read(store)


def test_one_run_at_a_time(store: LocalStore, root: Path) -> None:
    other = LocalStore(str(root))
    with store.lock("web1", "main"):
        with pytest.raises(LockedError, match="host web1, instance main"), other.lock("web1", "main"):
            pass
        with other.lock("web1", "second"), other.lock("web2", "main"):
            pass
    with other.lock("web1", "main"):
        pass
    assert listed(store) == []


def test_free_space(store: LocalStore) -> None:
    free = store.free_space()
    assert free is not None
    assert 0 <= free <= os.statvfs("/").f_blocks * os.statvfs("/").f_frsize * 1000
