# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules do without a server: options that cannot be, results of any size, the action group."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import CONTENT, changed
from support.modules import run_module, run_play


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"extra_args": ["--host=elsewhere"]}, "--host"),
        ({"recipients": ["age1nonsense"]}, "age1nonsense"),
        ({"compression": "gzip", "compression_level": 12}, "1 to 9"),
        ({"databases": [], "globals": False}, "nothing to do"),
        ({"store": "backups"}, "absolute"),
        ({"store": "s3:bucket"}, "remote"),
        ({"timeout": -1}, "timeout"),
        ({"ca_cert": "/nonexistent/ca.pem"}, "/nonexistent/ca.pem"),
    ],
)
def test_impossible_options_are_refused_before_anything(tmp_path: Path, params: dict[str, Any], told: str) -> None:
    """There is no server at that port: what is told is found without one."""
    store = tmp_path / "store"
    nowhere = {"engine": "postgresql", "login_host": "127.0.0.1", "login_port": 1, "store": str(store)}
    result = run_module("db_backup", {**nowhere, **params})
    assert result["failed"]
    assert told in result["msg"]
    assert not store.exists()


def fill(root: Path, count: int) -> None:
    """A store with `count` backups of as many databases, written without waiting for the disk."""
    for number in range(count):
        manifest = changed(
            id=f"20261121T231500Z-{number:06x}", database=f"customer_{number}", warnings=("w" * 300,) * 5
        )
        folder = root / manifest.host / manifest.instance / manifest.database / manifest.id
        folder.mkdir(parents=True)
        (folder / manifest.parts[0].name).write_bytes(CONTENT)
        (folder / "manifest.json").write_bytes(manifest.to_json())


def test_a_thousand_backups_fit_into_a_result(tmp_path: Path) -> None:
    fill(tmp_path / "store", 1000)
    params = {"store": str(tmp_path / "store")}
    listed = run_module("backup_info", {**params, "limit": 0})
    assert listed["total"] == 1000
    assert len(listed["backups"]) + listed["left_out"]["backups"] == 1000
    checked = run_module("backup_verify", {**params, "level": "stored"})
    assert [listed["failed"], checked["failed"]] == [False, False]
    assert checked["totals"]["backups"] == 1000
    for backup in (tmp_path / "store").glob("web1/main/*/*/database.dump"):
        backup.unlink()
    failed = run_module("backup_verify", {**params, "level": "stored"})
    assert failed["msg"].startswith("1000 of 1000 backups failed: ")
    assert failed["msg"].endswith("and 997 more, see failures")
    for result in (listed, checked, failed):
        assert 40_000 < len(json.dumps(result)) < 100_000


def test_the_action_group_gives_defaults(tmp_path: Path) -> None:
    fill(tmp_path / "store", 1)
    defaults = {"store": str(tmp_path / "store"), "host": "web1"}
    results, printed = run_play([("backup_info", {}), ("backup_verify", {"level": "stored"})], defaults=defaults)
    assert [result.get("failed", False) for result in results] == [False, False], printed
    assert results[0]["total"] == results[1]["totals"]["backups"] == 1
