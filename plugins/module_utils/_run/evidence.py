# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What backup_retention knows of backups: damage that it looked for, and what their drills told."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils import _retention as retention
from ansible_collections.vya.backupdb.plugins.module_utils import _verification as verification
from ansible_collections.vya.backupdb.plugins.module_utils._errors import StoreError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import parse_time
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run.verify import Verification
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import Store


class Evidence:
    """Looks at each backup once; what was found is kept. ``warn`` takes what people must know."""

    def __init__(self, run: Run, store: Store, *, log: t.Callable[[str], None], warn: t.Callable[[str], None]) -> None:
        self._run, self._store, self._warn = run, store, warn
        self._verification = Verification(run, store, level="stored", identities="", log=log)
        # What is known of the parts of a backup, which never change: (good, the problem).
        self._known: dict[str, tuple[bool, str]] = {}
        # What the newest drill of a backup told: (passed, when and why not). Another may come at any time.
        self._drills: dict[str, tuple[bool, str]] = {}

    def damage(self, place: str) -> str:
        """What is wrong with the parts of a damaged backup."""
        return self._known[place][1]

    def failed_drill(self, place: str) -> str:
        """When the newest drill of a backup failed, and why."""
        return self._drills[place][1]

    def backup(self, entry: catalog.Entry, *, pinned: bool) -> retention.Backup:
        """A backup as the rules see it, with what is known of it."""
        manifest = entry.manifest
        return retention.Backup(
            entry.place,
            (manifest.host, manifest.instance, manifest.database),
            parse_time(manifest.snapshot),
            pinned,
            self._known.get(entry.place, (None, ""))[0],
            self._drills.get(entry.place, (None, ""))[0],
        )

    def read_drill(self, entry: catalog.Entry) -> None:
        """Read what the newest drill of a backup told."""
        self._run.check()
        self._drills.pop(entry.place, None)
        try:
            record, problems = verification.newest(self._store, entry.place, entry.manifest.id)
        except (StoreError, OSError) as exc:
            self._known[entry.place] = (False, str(exc))
            return
        for problem in problems:
            self._warn(f"{problem} It counts as no drill.")
        if record is not None:
            told = f"{record.finished} ({record.stage}: {record.msg})"
            self._drills[entry.place] = (record.passed, told)

    def proven(
        self,
        series: t.Sequence[retention.Backup],
        entries: t.Mapping[str, catalog.Entry],
        policy: retention.Policy,
        now: dt.datetime,
    ) -> list[retention.Backup]:
        """The backups of a series with what is known of them, after the content was read of all that others go for."""
        while True:
            known = [dataclasses.replace(item, good=self._known.get(item.place, (None, ""))[0]) for item in series]
            doubted = retention.to_prove(known, policy, now)
            if doubted is None:
                return known
            self._prove(entries[doubted.place])

    def _prove(self, entry: catalog.Entry) -> bool:
        if entry.place not in self._known:
            verdict = self._verification.prove(entry)
            self._known[entry.place] = (verdict["ok"], verdict["msg"])
        return self._known[entry.place][0]

    def look(self, newest_first: t.Sequence[catalog.Entry], minimum: int) -> None:
        """Find damaged backups: the sizes of all, and the content of the newest until ``minimum`` are proven good."""
        for entry in newest_first:
            if entry.place not in self._known:
                problem = self._size_problem(entry)
                if problem:
                    self._known[entry.place] = (False, problem)
        good = 0
        for entry in newest_first:
            if good >= minimum:
                return
            if self._drills.get(entry.place, (True, ""))[0]:
                good += self._prove(entry)

    def _size_problem(self, entry: catalog.Entry) -> str:
        for part in entry.manifest.parts:
            self._run.check()
            try:
                size = self._store.part_size(entry.place, part.name)
            except (StoreError, OSError) as exc:
                return str(exc)
            if size != part.size:
                return f"{part.name} has {size} bytes, the manifest tells {part.size}."
        return ""


__all__ = ("Evidence",)
