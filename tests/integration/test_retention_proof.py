# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What retention looks at before it removes anything: contents, drills, and what it cannot see behind links."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils import _verification as verification
from ansible_collections.vya.backupdb.plugins.module_utils._run.verify import Verification
from ansible_collections.vya.backupdb.plugins.module_utils._store.local import LocalStore
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


def drilled(vault: Vault, backup_id: str, *, passed: bool) -> Path:
    """What a drill writes; the record."""
    record = verification.Verification(
        id=backup_id,
        collection_version="1.0.0",
        host="web1",
        instance="main",
        database="shop",
        verified_by="drills",
        engine={"name": "postgresql", "flavour": "postgresql", "version": "15.9"},
        started="2026-11-22T03:00:00.000Z",
        finished="2026-11-22T03:01:24.219Z",
        passed=passed,
        seconds=84.2,
        stages={"load": 84.2},
        tables=1,
        rows=1,
        schema="same" if passed else "",
        mismatches=() if passed else ("table t is missing",),
        stage="" if passed else "verify",
        msg="" if passed else "What was restored differs.",
    )
    folder = vault.folder(backup_id)
    with contextlib.closing(LocalStore(str(vault.root))) as store:
        return folder / verification.write(store, str(folder.relative_to(vault.root)), record)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the backups whose content is read, in order."""
    seen: list[str] = []
    real = Verification.prove

    def prove(self: Verification, entry: catalog.Entry) -> dict[str, object]:
        seen.append(entry.manifest.id)
        return real(self, entry)

    monkeypatch.setattr(Verification, "prove", prove)
    return seen


def test_one_with_a_flipped_bit_takes_no_place(vault: Vault, read: list[str]) -> None:
    """The newest are enough for the minimum, but an older one is what another would go for."""
    made = vault.days(1, 2, 3, 4)
    flip(vault.part(made[1]))
    result = vault.run(keep_last=2)
    assert not result["failed"], result
    assert {item["id"]: item["reasons"] for item in result["kept"]} == {
        made[0]: ["last", "minimum"],
        made[1]: ["last", "damaged"],
        made[2]: ["last"],
    }
    assert "is damaged, and counts for no rule" in " ".join(result["warnings"])
    assert read == made[:3]  # each once, though all is decided again under the lock
    assert vault.ids() == made[:3]


def test_nothing_is_read_when_nothing_is_to_go(vault: Vault, read: list[str]) -> None:
    vault.days(1, 2, 3)
    assert vault.run(keep_last=3)["removed"] == []
    assert read == []


def test_one_that_failed_its_drill_takes_no_place(vault: Vault) -> None:
    """Though its hashes are right. A drill that passes later makes it count again."""
    made = vault.days(1, 2, 3)
    drilled(vault, made[0], passed=False)
    result = vault.run(keep_last=1)
    assert not result["failed"], result
    assert {item["id"]: item["reasons"] for item in result["kept"]} == {
        made[0]: ["last", "failed its drill"],
        made[1]: ["last", "minimum"],
    }
    (told,) = result["warnings"]
    assert f"web1/main/shop/{made[0]} failed its newest drill" in told
    assert "2026-11-22T03:01:24.219Z (verify: What was restored differs.)" in told
    assert vault.ids() == made[:2]
    drilled(vault, made[0], passed=True)
    result = vault.run(keep_last=1)
    assert (ids(result["removed"]), result["warnings"]) == ([made[1]], [])


def test_the_newest_that_passed_a_drill_stays(vault: Vault) -> None:
    """Until a newer one passes."""
    made = vault.days(1, 2, 3, 4)
    drilled(vault, made[3], passed=True)
    drilled(vault, made[2], passed=True)
    result = vault.run(keep_last=1)
    assert [item["reasons"] for item in result["kept"]] == [["last", "minimum"], ["drilled"]]
    assert vault.ids() == [made[0], made[2]]
    drilled(vault, made[0], passed=True)
    assert [item["reasons"] for item in vault.run(keep_last=1)["kept"]] == [["last", "minimum", "drilled"]]
    assert vault.ids() == made[:1]


def test_a_record_that_cannot_be_read_is_told_and_an_older_one_counts(vault: Vault) -> None:
    made = vault.days(1, 2)
    newer = drilled(vault, made[1], passed=True)
    newer.with_name("verification-20990101T000000Z.json").write_bytes(b"{")
    result = vault.run(keep_last=1)
    assert [item["reasons"] for item in result["kept"]] == [["last"], ["drilled"]]
    assert "verification-20990101T000000Z.json is damaged" in " ".join(result["warnings"])


@pytest.mark.parametrize("labels", ["web1", "web1/main", "web1/main/shop"])
def test_what_is_behind_a_link_is_told(vault: Vault, tmp_path: Path, labels: str) -> None:
    """A host, an instance or a series that was moved to another disk: not a word would look like all is well."""
    vault.days(1, 2, 3)
    vault.add(1, host="web2")
    shutil.move(vault.root / labels, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", vault.root / labels)
    os.symlink("web2", vault.root / ".hidden")
    before = vault.tree()
    for result in (
        vault.run(keep_last=1),
        run_module("backup_info", {"store": str(vault.root)}),
        run_module("backup_verify", {"store": str(vault.root), "level": "stored"}),
    ):
        assert not result["failed"], result
        (told,) = [w if isinstance(w, str) else w["event"]["msg"] for w in result["warnings"]]
        assert told.startswith(f"{labels} is a link, and links inside a store are not followed")
    assert vault.tree() == before
    missing = vault.run(keep_last=1, databases=["shop2"])
    assert f"{labels} is a link" in missing["msg"]


def test_a_backup_that_is_a_link_is_told(vault: Vault, tmp_path: Path) -> None:
    """Other links beside backups, such as one to the latest, are somebody's own."""
    made = vault.days(1, 2)
    folder = vault.folder(made[1])
    shutil.move(folder, tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    folder.with_name("latest").symlink_to(made[0])
    (told,) = vault.run(keep_last=1)["warnings"]
    assert told.startswith(f"web1/main/shop/{made[1]} is a link")
    assert folder.is_symlink()
