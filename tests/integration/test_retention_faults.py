# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retention never removes the last good backups, whatever goes wrong: damage, clocks, listings, kills, other runs."""

from __future__ import annotations

import datetime as dt
import errno
import itertools
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils import _manifest as manifest
from ansible_collections.vya.backupdb.plugins.module_utils._run import retention_entry
from support.faults import Site, wait_until
from support.modules import run_module
from support.vault import Vault, ids


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Vault:
    return Vault(tmp_path / "store", monkeypatch, capsys)


def flip(path: Path) -> None:
    """Same size, other content."""
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


# -- the last good backups


def test_all_new_backups_are_damaged(vault: Vault) -> None:
    """They take nobody's place: as many good ones stay as if the damaged ones were not there."""
    made = vault.days(1, 2, 3, 4, 5, 6, 7, 8)
    damages: list[Callable[[Path], None]] = [flip, cut, Path.unlink, flip, cut]
    for number, damage in enumerate(damages):
        damage(vault.part(made[number]))
    result = vault.run(keep_last=2)
    assert not result["failed"], result
    assert {item["id"]: item["reasons"] for item in result["kept"]} == {
        made[0]: ["last", "damaged"],
        made[1]: ["last", "damaged"],
        made[5]: ["last", "minimum"],
        made[6]: ["last"],
    }
    assert len([text for text in result["warnings"] if "is damaged, and counts for no rule" in text]) == 5
    assert vault.ids() == [made[0], made[1], made[5], made[6]]


def test_no_backup_is_good(vault: Vault) -> None:
    for backup_id in vault.days(1, 2, 3, 4):
        flip(vault.part(backup_id))
    before = vault.tree()
    result = vault.run(keep_last=1, max_delete=9)
    assert (result["failed"], result["changed"], result["removed"]) == (False, False, [])
    assert {item["reasons"][-2] for item in result["kept"]} == {"only 0 of 4 verify"}
    assert vault.tree() == before


def test_fewer_are_good_than_the_minimum(vault: Vault) -> None:
    made = vault.days(1, 2, 3, 4)
    flip(vault.part(made[1]))
    assert vault.run(keep_last=1, minimum=4, max_delete=9)["removed"] == []
    result = vault.run(keep_last=1, minimum=2, max_delete=9)
    assert [item["reasons"] for item in result["kept"]] == [["last", "minimum"], ["minimum"]]
    assert vault.ids() == [made[0], made[2]]


def test_a_manifest_that_cannot_be_read_is_neither_counted_nor_touched(vault: Vault) -> None:
    """Damaged, of a later version, of another backup, a link, a folder."""
    made = vault.days(1, 2, 3, 4, 5, 6, 7, 8, 9)
    paths = [vault.folder(backup_id) / "manifest.json" for backup_id in made]
    paths[0].write_bytes(b"{")
    paths[1].write_bytes(paths[1].read_bytes().replace(b'"version": 1', b'"version": 2'))
    shutil.copy(paths[7], paths[2])
    paths[3].unlink()
    paths[3].symlink_to(paths[7])
    paths[4].unlink()
    paths[4].mkdir()
    before = {name: what for name, what in vault.tree().items() if any(backup_id in name for backup_id in made[:5])}
    result = vault.run(keep_last=2)
    assert ids(result["kept"]) == made[5:7] == vault.ids()
    assert len([text for text in result["warnings"] if "is not touched" in text]) == 5
    assert {name: what for name, what in vault.tree().items() if any(item in name for item in made[:5])} == before


@pytest.mark.parametrize("number", range(6))
def test_a_listing_that_is_cut_short(vault: Vault, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The disk fails in any folder, at its first entry or after it: nothing is removed anywhere."""
    for host in ("web1", "web2"):
        vault.days(1, 2, 3, host=host)
    before = vault.tree()
    real = os.scandir
    calls = 0

    class Failing:
        """Entries up to an error."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_unused: object) -> None:
            self._inner.close()

        def __iter__(self) -> Any:
            yield from itertools.islice(self._inner, 1)
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def scandir(folder: Any) -> Any:
        nonlocal calls
        calls += 1
        return Failing(real(folder)) if calls == number + 1 else real(folder)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        result = vault.run(keep_last=2)
    assert calls > number
    assert result["failed"]
    assert "cannot be listed: Input/output error" in result["msg"]
    assert result["stage"] == "catalog"
    assert vault.tree() == before


# -- clocks


def at(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    """The clock of the host that prunes jumps."""
    now = manifest.utc_now() + dt.timedelta(days=days)
    monkeypatch.setattr(retention_entry, "utc_now", lambda: now)


@pytest.mark.parametrize("days", [365, -365, 36500, -3])
def test_a_clock_that_jumped(vault: Vault, monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    """Nothing goes that a right clock would keep."""
    vault.days(0.1, 1, 2, 3, 4, 5, 20, 40, 60, 370, 380, 400, 420, 800)
    params: dict[str, Any] = {"keep_last": 3, "keep_monthly": 4, "keep_within": "2d", "max_delete": 99}
    right = ids(vault.run(check=True, **params)["kept"])
    at(monkeypatch, days)
    result = vault.run(**params)
    assert not result["failed"], result
    assert set(right) <= set(vault.ids())
    if days > 0:
        assert vault.ids() == right
    else:
        assert "dated in the future" in " ".join(result["warnings"])


def test_backups_from_the_future_evict_nothing(vault: Vault) -> None:
    """Made while a clock was wrong. They stay, and are told."""
    made = vault.days(1, 2, 3, 4)
    future = vault.days(-365, -364, -363)
    result = vault.run(keep_last=2, keep_within="12h")
    assert not result["failed"], result
    assert {item["id"]: item["reasons"] for item in result["kept"]} == {
        **{backup_id: ["dated in the future"] for backup_id in future},
        made[0]: ["last", "within 12h", "minimum"],
        made[1]: ["last"],
    }
    assert "3 backups are dated in the future" in result["warnings"][0]
    assert vault.ids() == [*future, *made[:2]]


# -- the manifest goes first


def test_killed_at_every_step(vault: Vault, tmp_path: Path) -> None:
    """Whatever is listed is whole; what was being removed is no backup any more, and the next run clears it."""
    made = vault.days(2, 3, 4, 5)
    pristine = tmp_path / "pristine"
    shutil.copytree(vault.root, pristine)
    steps: list[str] = []
    half_gone = 0
    while True:
        log = tmp_path / "steps"
        log.unlink(missing_ok=True)
        result = vault.start({"keep_last": 2}, kill_at=len(steps) + 1, step_log=log).wait()
        if result["process_rc"] != -signal.SIGKILL:
            assert [item["id"] for item in result["removed"]] == [made[3], made[2]]
            break
        steps.append(log.read_text(encoding="utf-8").splitlines()[-1])
        listed, incomplete = vault.ids(), vault.incomplete()
        assert listed in (made[:4], made[:3], made[:2])
        assert listed + incomplete == made[: len(listed) + len(incomplete)]
        half_gone += len(incomplete)
        vault.prove()
        after = vault.run(keep_last=2)
        assert not after["failed"], after
        assert vault.ids() == made[:2]
        assert ids(after["removed"]) == made[2 : len(listed)][::-1]
        assert [place.split("/")[-1] for place in after["cleared"]] == incomplete
        assert sorted(path.name for path in (vault.root / "web1/main/shop").iterdir()) == sorted(made[:2])
        shutil.rmtree(vault.root)
        shutil.copytree(pristine, vault.root)
    assert steps == [
        *["authenticate database.dump"] * 2,
        *(f"remove {what}" for i in made[:1:-1] for what in (f"manifest of {i}", "database.dump", f"folder {i}")),
    ]
    assert half_gone == 4


def test_the_manifest_is_gone_from_the_disk_before_its_data(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is flushed in between: after a power cut no manifest comes back without its data."""
    made = vault.days(1, 2)
    happened: list[str] = []
    for name in ("unlink", "fsync", "rmdir"):
        real = getattr(os, name)

        def note(*args: Any, real: Any = real, name: str = name, **kwargs: Any) -> None:
            where = os.readlink(f"/proc/self/fd/{args[0]}") if name == "fsync" else f"{args[0]}"
            happened.append(f"{name} {where.split('/')[-1]}")
            real(*args, **kwargs)

        monkeypatch.setattr(os, name, note)
    assert ids(vault.run(keep_last=1)["removed"]) == [made[1]]
    assert happened == [
        *("unlink manifest.json", f"fsync {made[1]}"),
        *("unlink database.dump", f"fsync {made[1]}"),
        *(f"rmdir {made[1]}", "fsync shop"),
    ]


@pytest.mark.parametrize("name", ["unlink", "fsync", "rmdir"])
def test_a_disk_that_fails(vault: Vault, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """At any system call: what is listed is whole, the rest is told, and another run finishes."""
    for number in range(1, 20):
        made = vault.days(1, 2, 3)
        real = getattr(os, name)
        calls = 0

        def failing(*args: Any, last: int = number, real: Any = real, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == last:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(*args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(os, name, failing)
            result = vault.run(keep_last=2)
        vault.prove()
        assert vault.ids()[:2] == made[:2]
        if calls < number:
            break
        assert "Input/output error" in str(result.get("failures")) + str(result["warnings"])
        # Only what concerns the manifest fails the task: data that stay are told, and cleared by the next run.
        assert result["failed"] == (name != "rmdir" and number == 1)
        assert not vault.run(keep_last=2)["failed"]
        assert vault.incomplete() == []
        shutil.rmtree(vault.root)
    assert number > 1


# -- what is not ours


def test_foreign_files_stay(vault: Vault) -> None:
    """In the store, beside backups, in the folder of one that is removed; and folders that look like ours."""
    made = vault.days(1, 2)
    series = vault.root / "web1" / "main" / "shop"
    foreign = ["README", "web1/notes.txt", "web1/main/shop/manifest.json", "web1/main/shop/archive/manifest.json"]
    foreign += [f"web1/main/shop/{made[1]}/thesis.txt", "web1/main/shop/20200101T000000Z-xyz/database.dump"]
    foreign += ["web1/main/20200101T000000Z-000001/database.dump", "20200101T000000Z-000001/manifest.json"]
    for name in foreign:
        (vault.root / name).parent.mkdir(exist_ok=True, mode=0o700)
        (vault.root / name).write_bytes(b"precious")
    result = vault.run(keep_last=1)
    assert not result["failed"], result
    assert [(vault.root / name).read_bytes() for name in foreign] == [b"precious"] * len(foreign)
    assert sorted(path.name for path in (series / made[1]).iterdir()) == ["thesis.txt"]
    assert vault.ids() == made[:1]
    assert "its folder holds files of others" in " ".join(result["warnings"])


def test_unfinished_backups(vault: Vault) -> None:
    """Those of a day ago are cleared, of the chosen series alone; younger, damaged, pinned and foreign ones stay."""
    young, old, pinned, damaged = vault.days(0.9, 1.1, 30, 31)
    other = vault.add(30, database="crm")
    foreign = vault.add(30, host="web2")
    kept = [vault.add(40), vault.add(40, database="crm")]
    folders = {backup_id: vault.folder(backup_id) for backup_id in (young, old, pinned, damaged, other, foreign)}
    for folder in folders.values():
        (folder / "manifest.json").unlink()
        (folder / ".tmp-manifest.json").write_bytes(b"{")
        (folder / "verification-20261121T231500Z.json").write_bytes(b"{}")
    (folders[damaged] / "manifest.json").write_bytes(b"{")
    (folders[pinned] / "pinned.json").write_bytes(b"")
    result = vault.run(keep_last=1, host="web1", databases=["shop"])
    assert [place.split("/")[-1] for place in result["cleared"]] == [old]
    assert [backup_id for backup_id, folder in folders.items() if not folder.exists()] == [old]
    assert sorted(vault.ids()) == sorted(kept)


def test_a_link_as_a_pin_keeps(vault: Vault) -> None:
    """Whatever is there under that name: one who put it there meant something."""
    made = vault.days(1, 2)
    (vault.folder(made[1]) / "pinned.json").symlink_to("nowhere")
    assert vault.run(keep_last=1)["kept"][1]["reasons"] == ["pinned"]
    assert vault.ids() == made


def test_killed_while_pinning(vault: Vault) -> None:
    made = vault.days(1, 2)
    (vault.folder(made[1]) / ".tmp-pinned.json").write_bytes(b"{")
    assert vault.run(pin=[made[1]])["pinned"] == [f"web1/main/shop/{made[1]}"]
    assert not (vault.folder(made[1]) / ".tmp-pinned.json").exists()
    assert vault.run(keep_last=1)["removed"] == []


# -- other runs


@pytest.fixture
def site(pg15: support.Server, tmp_path: Path) -> Any:
    """PostgreSQL with a small database, and three backups of it."""
    pg15.create_database("shop")
    pg15.query("CREATE TABLE t AS SELECT generate_series(1, 9) AS i", database="shop")
    found = Site(pg15, tmp_path)
    for _thrice in range(3):
        assert not found.backup({"databases": ["shop"]})["failed"]
    yield found
    pg15.drop_database("shop")


def test_while_a_backup_runs(site: Site) -> None:
    """Its server is left alone and told, old partial folders included; another's backups in that store are pruned."""
    shutil.copytree(site.store / "h", site.store / "other")
    for path in (site.store / "other").rglob("manifest.json"):
        path.write_bytes(path.read_bytes().replace(b'"host": "h"', b'"host": "other"'))
    made = site.ids("shop")[::2]
    reached, go_on = site.folder / "reached", site.folder / "go on"
    site.fake("pg_dump", f'touch "{reached}"; while [ ! -e "{go_on}" ]; do sleep 0.02; done; real "$@"')
    running = site.start("db_backup", {"databases": ["shop"]})
    wait_until(reached.exists, "the backup holds its lock")
    abandoned = site.store / "h" / "main" / "shop" / "20200101T000000Z-000001"
    abandoned.mkdir(mode=0o700)
    params = {"store": str(site.store), "host": "*", "keep_last": 1, "max_delete": 9}
    result = run_module("backup_retention", params)
    assert result["failed"]
    assert [(item["host"], item["stage"]) for item in result["failures"]] == [("h", "lock")]
    assert "Another run works on host h, instance main" in result["msg"]
    assert {item["host"] for item in result["removed"]} == {"other"}
    assert abandoned.exists()
    assert site.ids("shop").count(made[0]) == 2
    go_on.touch()
    assert not running.wait().get("failed")
    site.mend()
    result = run_module("backup_retention", {**params, "host": "h"})
    assert not result["failed"], result
    assert (len(result["removed"]), result["cleared"]) == (3, ["h/main/shop/20200101T000000Z-000001"])
    restored = site.restore({"target": "copy"})
    site.server.drop_database("copy")
    assert not restored["failed"], restored
    assert restored["backup"]["id"] == result["kept"][0]["id"]
