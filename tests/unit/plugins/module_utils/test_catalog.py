# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog: newest first, one is chosen, and what is no backup is told apart."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError, NotFoundError
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import State, Store
from ansible_collections.vya.backupdb.plugins.module_utils._store.local import LocalStore
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import MANIFEST, changed, put

IDS = [f"2026112{day}T231500Z-00000{day}" for day in range(1, 4)]


@pytest.fixture
def store(tmp_path: Path) -> t.Iterator[LocalStore]:
    opened = LocalStore(str(tmp_path / "store"), create=True)
    for day, backup_id in enumerate(IDS, 1):
        put(opened, changed(id=backup_id, snapshot=f"2026-11-2{day}T23:15:01.000Z"))
    yield opened
    opened.close()


def test_newest_first_by_snapshot(store: LocalStore) -> None:
    late = changed(id="20200101T000000Z-ffffff", snapshot="2026-11-24T01:00:00+02:00")
    put(store, late)
    found = catalog.read(store, host="web1", instance="main", database="shop")
    assert [entry.manifest.id for entry in found.entries] == [IDS[2], late.id, IDS[1], IDS[0]]
    assert found.incomplete == ()


def test_labels_choose(store: LocalStore) -> None:
    put(store, changed(host="web2"))
    put(store, changed(instance="second"))
    put(store, changed(database="shop/../x"))
    assert len(catalog.read(store).entries) == 6
    assert [e.manifest.host for e in catalog.read(store, host="web2").entries] == ["web2"]
    assert [e.manifest.instance for e in catalog.read(store, instance="second").entries] == ["second"]
    assert [e.place for e in catalog.read(store, database="shop/../x").entries] == [
        f"web1/main/shop%2F..%2Fx/{MANIFEST.id}"
    ]
    assert catalog.read(store, host="absent").entries == ()


def test_a_manifest_under_another_name_is_not_believed(store: LocalStore, tmp_path: Path) -> None:
    """Swapped between two backups of a series, copied to another series."""
    series = tmp_path / "store" / "web1" / "main" / "shop"
    one, other = series / IDS[0] / "manifest.json", series / IDS[1] / "manifest.json"
    os.rename(one, tmp_path / "kept")
    os.rename(other, one)
    os.rename(tmp_path / "kept", other)
    put(store, changed(database="other"))
    (tmp_path / "store" / "web1" / "main" / "other" / MANIFEST.id / "manifest.json").write_bytes(
        changed(database="shop").to_json()
    )
    found = catalog.read(store)
    assert [entry.manifest.id for entry in found.entries] == [IDS[2]]
    assert [item.place.split("/")[-1] for item in found.incomplete] == [MANIFEST.id, IDS[0], IDS[1]]
    assert all("its manifest belongs to" in item.problem for item in found.incomplete)
    assert {item.state for item in found.incomplete} == {State.DAMAGED}


def test_damage_is_told(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "store" / "web1" / "main" / "shop" / IDS[2] / "manifest.json"
    for content, problem in ((b"", "is empty"), (b"{}", "version None"), (path.read_bytes()[:-5], "is damaged")):
        path.write_bytes(content)
        found = catalog.read(store)
        assert [entry.manifest.id for entry in found.entries] == [IDS[1], IDS[0]]
        assert len(found.incomplete) == 1
        assert problem in found.incomplete[0][1]
    with path.open("wb") as stream:
        stream.truncate((64 << 20) + 1)
    assert "too large" in catalog.read(store).incomplete[0][1]


def test_choose(store: LocalStore) -> None:
    found = catalog.read(store)

    def chosen(**how: t.Any) -> str:
        return catalog.choose(found, what="web1/main/shop", **how).manifest.id

    assert chosen() == IDS[2]
    assert chosen(backup=IDS[0]) == IDS[0]
    assert chosen(before="2026-11-22T23:15:01Z") == IDS[1]
    assert chosen(before="2026-11-22T23:15:00.999Z") == IDS[0]
    assert chosen(before="2026-11-23T00:15:01+01:00") == IDS[1]
    assert chosen(before="2026-11-23") == IDS[1]


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"backup": "20260101T000000Z-000000"}, NotFoundError, "fits the id 20260101T000000Z-000000.*There are 3"),
        ({"backup": IDS[2], "before": "2026-11-22"}, NotFoundError, "No backup of web1/main/shop fits"),
        ({"before": "2020-01-01"}, NotFoundError, f"before 2020-01-01.* The oldest of 3 is {IDS[0]} "),
        ({"backup": f"{IDS[0][:-1]}9"}, NotFoundError, f"There are 3, the nearest and the newest: {IDS[0]}, "),
        ({"backup": "newest"}, ConfigError, "neither 'latest' nor an id"),
        ({"backup": "../../etc"}, ConfigError, "neither 'latest' nor an id"),
        ({"before": "noon"}, ConfigError, "no ISO 8601 time"),
    ],
)
def test_nothing_fits(store: LocalStore, how: t.Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        catalog.choose(catalog.read(store), what="web1/main/shop", **how)


def test_what_is_there_instead_is_told(store: LocalStore, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="Look with vya"):
        catalog.choose(catalog.read(store, database="absent"), what="x")
    for backup_id in IDS:
        (tmp_path / "store" / "web1" / "main" / "shop" / backup_id / "manifest.json").unlink()
    with pytest.raises(NotFoundError, match="There are 3 incomplete ones, which are no backups"):
        catalog.choose(catalog.read(store), what="x")


def test_labels_that_are_there_instead(store: LocalStore, tmp_path: Path) -> None:
    """The first that is wrong; some ten, the nearest first; other people's folders are none."""
    there = tmp_path / "store"
    (there / "lost+found").mkdir(mode=0o700)
    assert catalog.elsewhere(store, "web1", "main", "shop") == catalog.elsewhere(store, "", "", "x") == ""
    assert catalog.elsewhere(store, "web2", "x", "x") == "The store has no host 'web2'; it has: web1."
    assert catalog.elsewhere(store, "web1", "x", "x") == "web1 has no instance 'x'; it has: main."
    for name in ("@globals", "s%20hop", *(f"a{number:02}" for number in range(12))):
        (there / "web1" / "main" / name).mkdir(mode=0o700)
    told = catalog.elsewhere(store, "web1", "main", "shpo")
    listed = "shop, s hop, a00, a01, a02, a03, a04, a05, a06, a07 and 4 more"
    assert told == f"web1/main has no database 'shpo'; it has: {listed}."
    assert Store.labels(store, "web1", "main") == ["shop"]
    (there / "empty").mkdir(mode=0o700)
    assert catalog.elsewhere(store, "empty", "main", "") == "empty is empty."


def test_damaged_ones_are_named_with_their_problem(store: LocalStore, tmp_path: Path) -> None:
    """Asked for by its id; passed over for an older one; nothing else there."""
    folder = tmp_path / "store" / "web1" / "main" / "shop"
    (folder / IDS[2] / "manifest.json").write_bytes(b"{")
    found = catalog.read(store)
    with pytest.raises(NotFoundError, match=f"{IDS[2]} is damaged: .* There are 2, the newest: {IDS[1]}"):
        catalog.choose(found, what="x", backup=IDS[2])
    newest = catalog.choose(found, what="x")
    assert newest.manifest.id == IDS[1]
    (damaged,) = catalog.newer_damaged(found, newest)
    assert (damaged.place, damaged.state) == (f"web1/main/shop/{IDS[2]}", State.DAMAGED)
    assert catalog.newer_damaged(found, newest, "2026-11-22T23:15:01Z") == []
    assert catalog.newer_damaged(found, newest, "2026-11-30") == [damaged]
    (folder / IDS[2] / "manifest.json").unlink()
    assert catalog.newer_damaged(catalog.read(store), newest) == []
    for backup_id in IDS[:2]:
        (folder / backup_id / "manifest.json").write_bytes(b"{")
    with pytest.raises(NotFoundError, match=r"There are 3 incomplete ones, which are no backups\. .* is damaged: "):
        catalog.choose(catalog.read(store), what="x")
