# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""backup_retention: what it keeps, removes, pins, refuses, and says. test_retention_faults.py has its faults."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import CONTENT
from support.modules import run_module, run_play
from support.vault import Vault, ids


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Vault:
    return Vault(tmp_path / "store", monkeypatch, capsys)


def test_what_no_rule_keeps_is_removed(vault: Vault) -> None:
    made = vault.days(1, 2, 3, 4, 5)
    result = vault.run(keep_last=3)
    assert not result["failed"], result
    assert result["changed"]
    assert ids(result["kept"]) == made[:3] == vault.ids()
    assert ids(result["removed"]) == [made[4], made[3]]
    assert [item["reasons"] for item in result["kept"]] == [["last", "minimum"], ["last"], ["last"]]
    assert (result["freed"], result["freed_human"]) == (2 * len(CONTENT), f"{2 * len(CONTENT)} B")
    assert result["msg"] == f"2 backups removed, {2 * len(CONTENT)} B freed, 3 kept."
    assert sorted(path.name for path in (vault.root / "web1/main/shop").iterdir()) == sorted(made[:3])
    again = vault.run(keep_last=3)
    assert (again["changed"], again["removed"], again["msg"]) == (False, [], "0 backups removed, 3 kept.")


def test_check_mode_tells_the_same_and_does_nothing(vault: Vault) -> None:
    made = vault.days(0.5, 1, 2, 3, 30, 60)
    (vault.folder(made[4]) / "manifest.json").unlink()
    params: dict[str, Any] = {"keep_daily": 3, "keep_monthly": 1, "pin": [made[5]]}
    before = vault.tree()
    predicted = vault.run(check=True, diff=True, **params)
    assert vault.tree() == before
    assert not (vault.root / "web1" / "main" / ".lock").exists()
    done = vault.run(diff=True, **params)
    fields = ("kept", "removed", "freed", "cleared", "pinned", "unpinned", "changed", "failures", "diff")
    assert {name: predicted[name] for name in fields} == {name: done[name] for name in fields}
    assert done["changed"]
    assert predicted["msg"].startswith("1 backup would be removed, ")
    assert predicted["msg"].endswith(" 4 would be kept, 1 unfinished would be cleared, 1 would be pinned.")


def test_the_difference_shows_each_backup_with_its_reasons(vault: Vault) -> None:
    made = vault.days(1, 2, 40)
    defaults = {"store": str(vault.root), "host": "*", "keep_last": 1, "max_delete": 9, "pin": [made[2]]}
    _results, printed = run_play([("backup_retention", {})], check=True, diff=True, defaults=defaults)
    lines = [line.split("  ") for line in printed.splitlines() if "  26 B  " in line and "msg" not in line]
    place = "web1/main/shop/"
    assert lines == [
        ["", f"{place}{made[0]}", "26 B", "kept: last, minimum"],
        [f"- {place}{made[1]}", "26 B", "removed: no rule keeps it"],
        ["", f"{place}{made[2]}", "26 B", "kept: pinned"],
    ]


def test_series_are_told_apart(vault: Vault) -> None:
    """Two hosts, two instances, two databases and the globals: each keeps its own newest."""
    groups: list[dict[str, Any]] = [{}, {"host": "web2"}, {"instance": "second"}, {"database": "crm"}]
    groups.append({"database": "@globals", "kind": "globals"})
    made = [vault.days(10 * number + 1, 10 * number + 2, **labels) for number, labels in enumerate(groups)]
    assert ids(vault.run(keep_last=1)["kept"]) == [made[4][0], made[3][0], made[0][0], made[2][0], made[1][0]]
    assert sorted(vault.ids()) == sorted(group[0] for group in made)


def test_without_a_word_no_other_host_loses_anything(vault: Vault) -> None:
    """Left out, host is this host's name as in a backup; where it has none, the error tells what to do."""
    theirs = vault.days(1, 2, host="prod-db-7")
    refused = vault.run(keep_last=1, host=None)
    assert refused["failed"]
    assert "prod-db-7" in refused["msg"] and "'*' means all hosts" in refused["msg"]
    mine = vault.days(1, 2, host=socket.gethostname())
    result = vault.run(keep_last=1, host=None)
    assert not result["failed"], result
    assert ids(result["removed"]) == mine[1:]
    assert "needs that host as host" in vault.run(pin=theirs[:1], host=None)["msg"]
    assert ids(vault.run(keep_last=1, host="*")["removed"]) == theirs[1:]


@pytest.mark.parametrize(
    ("chosen", "gone"),
    [
        ({"databases": ["shop"]}, ["shop"]),
        ({"databases": ["s*"]}, ["shop", "sales"]),
        ({"exclude": ["s*"]}, ["crm", "@globals"]),
        ({"databases": ["shop", "c*"], "exclude": ["*"]}, ["shop"]),
        ({"databases": ["@globals"]}, ["@globals"]),
        ({"host": "web1", "instance": "main", "databases": ["crm"]}, ["crm"]),
    ],
)
def test_only_what_is_chosen_is_touched(vault: Vault, chosen: dict[str, Any], gone: list[str]) -> None:
    for database in ("shop", "sales", "crm", "@globals"):
        vault.days(1, 2, database=database, kind="globals" if database == "@globals" else "database")
    result = vault.run(keep_last=1, **chosen)
    assert not result["failed"], result
    assert sorted(item["database"] for item in result["removed"]) == sorted(gone)
    assert len(vault.ids()) == 8 - len(gone)


def test_pins(vault: Vault) -> None:
    """Pinning alone removes nothing; a pinned backup stays, counts, and is told; unpinned it goes."""
    made = vault.days(1, 2, 3, 4)
    pinned = vault.run(pin=[made[3]])
    assert (pinned["changed"], pinned["removed"], pinned["kept"]) == (True, [], [])
    assert pinned["pinned"] == [f"web1/main/shop/{made[3]}"]
    assert json.loads((vault.folder(made[3]) / "pinned.json").read_text(encoding="utf-8"))["version"] == 1
    assert vault.run(pin=[made[3]])["changed"] is False
    listed = run_module("backup_info", {"store": str(vault.root)})["backups"]
    assert [item["pinned"] for item in listed] == [False, False, False, True]
    assert not run_module("backup_verify", {"store": str(vault.root), "level": "stored", "backup": "all"})["failed"]
    result = vault.run(keep_last=2, max_delete=9)
    assert [item["reasons"] for item in result["kept"]] == [["last", "minimum"], ["last"], ["pinned"]]
    assert vault.ids() == [made[0], made[1], made[3]]
    result = vault.run(keep_last=2, unpin=[made[3]])
    assert result["unpinned"] == [f"web1/main/shop/{made[3]}"]
    assert ids(result["removed"]) == [made[3]]
    assert vault.ids() == made[:2]


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({}, "The policy is empty"),
        ({"keep_last": 0, "keep_daily": 0}, "The policy is empty"),
        ({"keep_last": 0, "pin": ["20261121T231500Z-7f3a9c"]}, "The policy is empty"),
        ({"keep_last": -1}, "keep_last=-1"),
        ({"keep_last": 1, "minimum": 0}, "minimum=0"),
        ({"keep_last": 1, "max_delete": -1}, "max_delete=-1"),
        ({"keep_within": "soon"}, "keep_within='soon' is no duration"),
        ({"keep_within": "0d"}, "keeps nothing"),
        ({"keep_last": 1, "timezone": "Europe/Berlim"}, "'Europe/Berlim' is not known on this host"),
        ({"keep_last": 1, "databases": []}, "databases is empty"),
        ({"keep_last": 1, "databases": ["shop", "shpo"]}, "no backup of shpo"),
        ({"keep_last": 1, "databases": ["shpo*"]}, "no backup that the options choose"),
        ({"keep_last": 1, "host": "web9"}, "no backup that the options choose"),
        ({"keep_last": 1, "host": ""}, "host is empty"),
        ({"keep_last": 1, "pin": ["newest"]}, "'newest' is no id"),
        ({"keep_last": 1, "pin": ["20200101T000000Z-7f3a9c"]}, "no backup with the id '20200101T000000Z-7f3a9c'"),
        ({"unpin": ["20200101T000000Z-7f3a9c"], "pin": ["20200101T000000Z-7f3a9c"]}, "pinned and unpinned at once"),
        ({"keep_last": 1}, "3 of 4 backups of web1/main/shop"),
        ({"keep_last": 2, "max_delete": 1}, "max_delete=1: 2 of 4 backups of web1/main/shop"),
    ],
)
def test_refused_before_anything_is_touched(vault: Vault, params: dict[str, Any], told: str) -> None:
    vault.days(1, 2, 3, 4)
    before = vault.tree()
    result = vault.run(**params)
    assert result["failed"]
    assert told in result["msg"]
    assert result["changed"] is False
    assert vault.tree() == before
    checked = vault.run(check=True, **params)
    # Databases that are not there may be after the backup that a check leaves out.
    assert checked["failed"] or "no backup " in told
    assert told in (checked["msg"] if checked["failed"] else checked["warnings"][0])
    assert vault.tree() == before


def test_max_delete_gives_consent_and_one_series_too_many_stops_all(vault: Vault) -> None:
    made = vault.days(1, 2, 3, 4)
    vault.days(1, 2, database="crm")
    before = vault.tree()
    assert "set max_delete to at least 3" in vault.run(keep_last=1)["msg"]
    assert vault.tree() == before
    assert not vault.run(keep_last=1, max_delete=3)["failed"]
    assert vault.ids(database="shop") == made[:1]
    assert len(vault.ids(database="crm")) == 1


def test_an_empty_store(vault: Vault) -> None:
    """A mount that is missing looks like this: an error, and no more than a warning in check mode before a backup."""
    for made in (False, True):
        if made:
            vault.root.mkdir(mode=0o700)
        result = vault.run(keep_last=1)
        assert result["failed"]
        assert ("does not exist" if not made else "so nothing is removed") in result["msg"]
        checked = vault.run(check=True, keep_last=1)
        assert (checked["failed"], checked["changed"], checked["removed"]) == (False, False, [])
        assert "Outside check mode that is an error" in checked["warnings"][0]
    assert list(vault.root.iterdir()) == []
