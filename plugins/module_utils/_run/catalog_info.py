# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What backup_info does: list the catalog. And the choice among many backups that it shares with backup_verify."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils import _verification as verification
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError, StoreError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import parse_time
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import Answer, Job
from ansible_collections.vya.backupdb.plugins.module_utils._run.summary import summary
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import Store

_MSG_SHOWN = 500
Label = tuple[str, str, str]


def run(job: Job) -> Answer:
    """The backups of the store that fit the options, newest first."""
    found, entries = read_chosen(job)
    params = job.params
    limit = params["limit"] or len(entries)
    store = job.store()
    warnings = found.warnings()
    if not found.entries and not found.incomplete:
        missing = catalog.elsewhere(store, *(params[name] or "" for name in ("host", "instance", "database")))
        warnings += [missing] if missing else []
    result = {
        "backups": [_listed(job, store, entry, warnings) for entry in entries[:limit]],
        "total": len(entries),
        "series": _series(entries),
        "incomplete": [
            {"place": place, "path": f"{job.place}/{place}", "problem": problem, "state": state.value}
            for place, problem, state in found.incomplete
        ],
    }
    return Answer(result, warnings=warnings, lists=("backups", "series", "incomplete"))


def read_chosen(job: Job) -> tuple[catalog.Catalog, list[catalog.Entry]]:
    """The catalog under the options' labels, and those of its entries that ``backup`` and ``before`` choose."""
    params = job.params
    labels = {name: params[name] or "" for name in ("host", "instance", "database")}
    found = catalog.read(job.store(), **labels)
    return found, chosen(found.entries, backup=params["backup"], before=params["before"])


def chosen(entries: t.Sequence[catalog.Entry], *, backup: str, before: str | None) -> list[catalog.Entry]:
    """Of ``entries`` (newest first) all, the latest of each series, or those with an id; none after ``before``."""
    kept = list(entries)
    if before:
        try:
            moment = parse_time(before)
        except ValueError as exc:
            raise ConfigError(f"before={before!r} is no ISO 8601 time such as 2026-11-21T23:15:00Z.") from exc
        kept = [entry for entry in kept if parse_time(entry.manifest.snapshot) <= moment]
    if backup == "all":
        return kept
    if backup == "latest":
        newest: dict[Label, catalog.Entry] = {}
        for entry in kept:
            newest.setdefault(label(entry), entry)
        return list(newest.values())
    if not names.is_id(backup):
        raise ConfigError(f"backup={backup!r} is neither 'all', 'latest' nor an id such as 20261121T231500Z-7f3a9c.")
    return [entry for entry in kept if entry.manifest.id == backup]


def label(entry: catalog.Entry) -> Label:
    """The series of an entry."""
    return entry.manifest.host, entry.manifest.instance, entry.manifest.database


def _listed(job: Job, store: Store, entry: catalog.Entry, warnings: list[str]) -> dict[str, t.Any]:
    own = {
        "pinned": entry.pinned,
        "verification": _verification(store, entry, warnings),
        "place": entry.place,
        "path": f"{job.place}/{entry.place}",
    }
    return {**summary(entry.manifest), **own}


def _verification(store: Store, entry: catalog.Entry, warnings: list[str]) -> dict[str, t.Any] | None:
    """What the newest drill of a backup found out. A record that cannot be read is told, and hides nothing."""
    try:
        record, problems = verification.newest(store, entry.place, entry.manifest.id)
    except StoreError as exc:
        record, problems = None, [str(exc)]
    warnings += problems
    if record is None:
        return None
    return {
        "passed": record.passed,
        "finished": record.finished,
        "seconds": record.seconds,
        "duration": names.human_time(record.seconds),
        "verified_by": record.verified_by,
        "stage": record.stage,
        "msg": record.msg[:_MSG_SHOWN],
    }


def _series(entries: t.Sequence[catalog.Entry]) -> list[dict[str, t.Any]]:
    """One line a series, sorted by its name."""
    groups: dict[Label, list[catalog.Entry]] = {}
    for entry in entries:
        groups.setdefault(label(entry), []).append(entry)
    lines = []
    for (host, instance, database), group in sorted(groups.items()):
        size = sum(entry.manifest.size for entry in group)
        lines.append(
            {
                "host": host,
                "instance": instance,
                "database": database,
                "total": len(group),
                "size": size,
                "size_human": names.human_size(size),
                "newest": group[0].manifest.id,
                "newest_snapshot": group[0].manifest.snapshot,
                "oldest_snapshot": group[-1].manifest.snapshot,
            }
        )
    return lines


__all__ = ("chosen", "label", "read_chosen", "run")
