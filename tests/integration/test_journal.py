# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal in a playbook: one default for all modules, one line for each task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import CONTENT, MANIFEST
from support.faults import IDENTITY
from support.modules import run_play

CANARY = "canary-of-the-password"


def test_a_play_tells_each_of_its_tasks(tmp_path: Path) -> None:
    """What went well, what failed, in check mode too; without a secret."""
    folder = tmp_path / "store" / MANIFEST.host / MANIFEST.instance / MANIFEST.database / MANIFEST.id
    folder.mkdir(parents=True)
    (folder / MANIFEST.parts[0].name).write_bytes(CONTENT)
    (folder / "manifest.json").write_bytes(MANIFEST.to_json())
    path, store = tmp_path / "backupdb.json", str(tmp_path / "store")
    nowhere = {"engine": "postgresql", "login_host": "127.0.0.1", "login_port": 1, "login_password": CANARY}
    place = {"store": store, "host": MANIFEST.host, "identity": IDENTITY}
    tasks: list[tuple[str, dict[str, Any]]] = [
        ("backup_info", {"store": store}),
        ("backup_verify", {"store": store, "level": "stored", "identity": IDENTITY}),
        ("db_info", nowhere),
        ("db_backup", {**nowhere, "store": store, "databases": [f"named {CANARY}"]}),
        ("db_restore", {**nowhere, **place, "database": "shop", "target": "elsewhere"}),
        ("backup_drill", {**nowhere, **place}),
    ]
    results, printed = run_play(tasks, defaults={"journal": str(path)})
    assert [result.get("failed", False) for result in results] == [False, False, True, True, True, True], printed
    run_play(tasks[:1], check=True, defaults={"journal": str(path)})
    text = path.read_text(encoding="ascii")
    told = [json.loads(line) for line in text.splitlines()]
    assert [line["module"] for line in told] == [*(module for module, _options in tasks), "backup_info"]
    assert [line["result"] for line in told] == ["ok", "ok", "failed", "failed", "failed", "failed", "ok"]
    assert [line["check_mode"] for line in told] == [False] * 6 + [True]
    assert (told[0]["summary"]["backups"], told[1]["summary"]["results"]) == (1, 1)
    assert {line.get("stage") for line in told[2:6]} == {"connect"}
    for line, result in zip(told[2:6], results[2:6], strict=True):
        assert line["msg"] == result["msg"]
    assert (told[4]["what"]["target"], told[5]["what"]["databases"]) == ("elsewhere", ["*"])
    assert CANARY not in text and "AGE-SECRET-KEY-1" not in text
    assert path.stat().st_mode & 0o777 == 0o600
