# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalog tells of a loss: databases that shrank, and databases that are gone."""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest, Table
from ansible_collections.vya.backupdb.plugins.module_utils._run import shrink
from ansible_collections.vya.backupdb.plugins.module_utils._store.local import LocalStore
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import PART, changed, put


def backup(rows: int | None, size: int = 1000, *, other: int = 0) -> Manifest:
    """One that holds so many rows, and bytes before compression."""
    tables = (Table("public.a", rows, rows is not None), Table("public.b", other, True))
    return changed(tables=tables, parts=(dataclasses.replace(PART, plain_size=size),))


def past(*manifests: Manifest) -> list[shrink.Past]:
    return shrink.past([catalog.Entry(manifest, "a/b/c/d") for manifest in manifests])


@pytest.mark.parametrize(
    ("new", "before", "percent", "found"),
    [
        (backup(49), [backup(100)], 50, (49, 100, 1)),
        (backup(50), [backup(100)], 50, None),
        (backup(49), [], 50, None),
        (backup(49), [backup(100)], 0, None),
        (backup(79), [backup(100)], 80, (79, 100, 1)),
        # One odd backup among them says nothing.
        (backup(49), [backup(100), backup(3), backup(100)], 50, (49, 100, 3)),
        (backup(50), [backup(50), backup(9000), backup(50)], 50, None),
        # Older than the fourteenth.
        (backup(3), [*[backup(3)] * 14, *[backup(100)] * 20], 50, None),
        (backup(100, 499), [backup(100, 1000)], 50, (100, 100, 1)),
        (backup(0), [backup(0)], 50, None),
        # Not counted this time, so not known to be gone; the other table is.
        (backup(None, other=5), [backup(100, other=5)], 50, None),
        (backup(None, other=1), [backup(100, other=5)], 50, (1, 5, 1)),
    ],
)
def test_fewer_rows_or_bytes_than_usual(
    new: Manifest, before: list[Manifest], percent: int, found: tuple[int, int, int] | None
) -> None:
    loss = shrink.compare(new, past(*before), percent)
    assert (None if loss is None else (loss.rows, loss.usual_rows, loss.of)) == found


def test_only_what_shrank_is_told() -> None:
    loss = shrink.compare(backup(1), past(backup(10), backup(10)), 50)
    assert loss is not None
    assert "It has shrunk: 1 rows where 10 are usual (the median of the 2 backups before it)." in loss.text()
    assert "compression" not in loss.text()
    assert loss.as_dict() == {"rows": 1, "usual_rows": 10, "plain_size": 1000, "usual_plain_size": 1000, "of": 2}


class Chosen(t.NamedTuple):
    """As the options choose."""

    databases: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()


def test_databases_that_are_gone(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path / "store"), create=True)
    first, last = "20261120T231500Z-00000a", "20261121T231500Z-00000b"
    for name, backup_id in (("shop", first), ("old / %", first), ("old / %", last), ("@globals", first)):
        moment = f"2026-11-{backup_id[6:8]}T23:15:01.000Z"
        put(store, changed(database=name, id=backup_id, snapshot=moment))
    put(store, changed(database="elsewhere", instance="other"))
    try:
        (item,) = shrink.gone(  # pylint: disable=unbalanced-tuple-unpacking
            store, "web1", "main", {"shop", "new"}, Chosen()
        )
        assert item == {"database": "old / %", "id": last, "snapshot": "2026-11-21T23:15:01.000Z"}
        assert last in shrink.gone_text(item, "postgresql")
        assert "may not see it" in shrink.gone_text(item, "mysql")
        assert shrink.gone(store, "web1", "main", {"old / %", "shop"}, Chosen()) == []
        assert shrink.gone(store, "web1", "main", set(), Chosen(exclude=("old*", "shop"))) == []
        assert shrink.gone(store, "web1", "main", set(), Chosen(databases=("shop*",)))[0]["database"] == "shop"
        assert shrink.gone(store, "unknown", "main", set(), Chosen()) == []
        # Without a readable manifest nobody knows that it ever was one.
        (store_file,) = (tmp_path / "store" / "web1" / "main" / "shop" / first).glob("manifest.json")
        store_file.unlink()
        assert shrink.gone(store, "web1", "main", {"old / %"}, Chosen()) == []
    finally:
        store.close()
