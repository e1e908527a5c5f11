# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store with backups of any day, for the tests of what is kept; and backup_retention on it."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import format_time, utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._process import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run import retention_entry
from ansible_collections.vya.backupdb.plugins.module_utils._run.parts import Opened
from ansible_collections.vya.backupdb.plugins.module_utils._store.local import LocalStore
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.calling import Caller
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import PART, changed, put, tree

from .modules import RunningModule, start_module


class Vault:
    """A store in a folder. Backups are of `web1/main/shop` unless something else is said."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        spec = argspec.merged(argspec.store_only(), argspec.series(), argspec.retention(), argspec.journal())
        self._caller = Caller(monkeypatch, capsys, spec, store=str(root))
        self._count = 0

    def add(self, days_ago: float, **labels: str) -> str:
        """A backup made that long ago; its id."""
        self._count += 1
        moment = utc_now() - dt.timedelta(days=days_ago)
        backup_id = f"{moment:%Y%m%dT%H%M%SZ}-{self._count:06x}"
        with contextlib.closing(LocalStore(str(self.root), create=True)) as store:
            put(store, changed(id=backup_id, snapshot=format_time(moment), **labels))
        return backup_id

    def days(self, *days_ago: float, **labels: str) -> list[str]:
        """A backup for each."""
        return [self.add(day, **labels) for day in days_ago]

    def folder(self, backup_id: str) -> Path:
        """Where it lies."""
        return next(self.root.glob(f"*/*/*/{backup_id}"))

    def part(self, backup_id: str) -> Path:
        """Its only part."""
        return self.folder(backup_id) / PART.name

    def ids(self, **labels: str) -> list[str]:
        """Those that are listed, newest first."""
        with contextlib.closing(LocalStore(str(self.root))) as store:
            return [entry.manifest.id for entry in catalog.read(store, **labels).entries]

    def incomplete(self) -> list[str]:
        """Ids of what is no backup."""
        with contextlib.closing(LocalStore(str(self.root))) as store:
            return [item.place.split("/")[-1] for item in catalog.read(store).incomplete]

    def prove(self) -> None:
        """All that are listed are whole."""
        with contextlib.closing(LocalStore(str(self.root))) as store:
            for entry in catalog.read(store).entries:
                Opened(Run(), store, entry, None).authenticate()

    def tree(self) -> dict[str, str]:
        """Everything there is, but for the locks."""
        return {name: what for name, what in tree(self.root).items() if not name.endswith("/.lock")}

    def start(self, params: dict[str, Any], **options: Any) -> RunningModule:
        """Start backup_retention; `options` as in start_module."""
        return start_module("backup_retention", {"store": str(self.root), "host": "*", **params}, **options)

    def run(self, *, check: bool = False, diff: bool = False, **params: Any) -> dict[str, Any]:
        """Run it to its end, in this process, which is quick; on the backups of all hosts unless `host` is given (None:
        left out)."""
        params = {"host": "*", **params}
        result = self._caller(retention_entry.run, _ansible_check_mode=check, _ansible_diff=diff, **params)
        result.setdefault("failed", False)
        result["warnings"] = [w if isinstance(w, str) else w["event"]["msg"] for w in result.get("warnings", [])]
        return result


def ids(items: list[dict[str, Any]]) -> list[str]:
    """Of a result's list."""
    return [item["id"] for item in items]


__all__ = ["Vault", "ids"]
