# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What backup_verify does: prove stored backups without a server."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils._argspec import LEVELS
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_keys import parse_identities
from ansible_collections.vya.backupdb.plugins.module_utils._engine import pg_said
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Login
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import Client
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    BackupError,
    ConfigError,
    InterruptedRun,
    NotFoundError,
    ToolError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest, parse_time
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Command, Run
from ansible_collections.vya.backupdb.plugins.module_utils._run.catalog_info import label, read_chosen
from ansible_collections.vya.backupdb.plugins.module_utils._run.context import Stages
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import Answer, Job, PartlyDone
from ansible_collections.vya.backupdb.plugins.module_utils._run.parts import Opened
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import State, Store

_FAILURES_TOLD = 3
_LISTS = ("results", "failures", "incomplete")
_ARCHIVE = "database"


class Readers:
    """``pg_restore``, found once: an archive is read by one of its own major version or a newer one."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._found: list[tuple[str, int, str]] | None = None

    def reader(self, manifest: Manifest, section: str) -> Command | None:
        """The command that reads a part, or None when nothing but its trailer tells. ToolError when none fits."""
        if manifest.engine["name"] != "postgresql" or section != _ARCHIVE:
            return None
        if self._found is None:
            self._found = Client(self._run, Login("postgresql")).find_tools("pg_restore")
        wanted = int(str(manifest.tool["version"]).split(".", maxsplit=1)[0])
        fitting = sorted((major, path) for path, major, _version in self._found if major >= wanted)
        if not fitting:
            there = ", ".join(sorted({version for _path, _major, version in self._found})) or "none"
            raise ToolError(
                f"The archive was written by pg_dump {wanted}; no pg_restore of that version or a newer one was found"
                f" on this host (found: {there}).",
                stage="preflight",
                hint=f"Install postgresql-client-{wanted} (Debian) or postgresql{wanted} (RHEL, PGDG), or verify with"
                " level=decrypted.",
            )
        return Command(
            (fitting[0][1], "--file=/dev/null"), stage="read", env={"LC_ALL": "C.UTF-8"}, clean=pg_said.stderr
        )


class Verification:
    """Proves backups of one store up to a level."""

    def __init__(self, run: Run, store: Store, *, level: str, identities: str, log: t.Callable[[str], None]) -> None:
        self._run, self._store, self._level, self._identities = run, store, level, identities
        self._log = log
        self._readers = Readers(run)

    def prove(self, entry: catalog.Entry) -> dict[str, t.Any]:
        """The verdict on one backup. ``level``: the highest level that holds, empty when none does."""
        manifest = entry.manifest
        started = time.monotonic()
        result: dict[str, t.Any] = {
            "id": manifest.id,
            "host": manifest.host,
            "instance": manifest.instance,
            "database": manifest.database,
            "place": entry.place,
            "size": manifest.size,
            "ok": True,
            "level": self._level,
            "msg": "",
        }
        stages = Stages(f"{entry.place}", self._log)
        try:
            with stages.stage(self._level):
                self._check(entry, self._level)
        except InterruptedRun:
            raise
        except (BackupError, OSError, ValueError) as exc:
            error = (
                exc if isinstance(exc, BackupError) else BackupError(f"{type(exc).__name__}: {exc}", stage="internal")
            )
            result.update(error.as_dict(), ok=False, level=self._reached(entry))
        result["seconds"] = round(time.monotonic() - started, 3)
        return result

    def _reached(self, entry: catalog.Entry) -> str:
        """After a failure: the highest lower level that holds. A level includes those below it."""
        for level in reversed(LEVELS[: LEVELS.index(self._level)]):
            try:
                self._check(entry, level)
                return level
            except InterruptedRun:
                raise
            except (BackupError, OSError, ValueError):
                continue
        return ""

    def _check(self, entry: catalog.Entry, level: str) -> None:
        opened = Opened(self._run, self._store, entry, None if level == "stored" else self._identities)
        if level != "readable":
            opened.authenticate()
            return
        for part in entry.manifest.parts:
            self._run.step(f"read {part.name}")
            opened.check(part, self._readers.reader(entry.manifest, part.section))


def run(job: Job) -> Answer:
    """Verify the chosen backups. A damaged manifest in the choice is a failure; an unfinished backup is none."""
    identities = job.identities()
    if identities and job.params["level"] != "stored":
        parse_identities(identities)
    found, entries = read_chosen(job)
    damaged = _damaged(job, found, entries)
    if not entries and not damaged:
        labels = [job.params[name] or "" for name in ("host", "instance", "database")]
        raise NotFoundError(
            "No backup fits the selection, so there is nothing to verify.",
            hint=catalog.elsewhere(job.store(), *labels)
            or catalog.offer(found, job.params["backup"], job.params["before"]),
        )
    if job.params["level"] != "stored" and not identities:
        _refuse_encrypted(entries)
    store = job.store()
    verification = Verification(job.run, store, level=job.params["level"], identities=identities, log=job.log)
    results: list[dict[str, t.Any]] = list(damaged)
    try:
        for entry in entries:
            results.append(verification.prove(entry))
    except InterruptedRun as exc:
        answer = _answer(found, results)
        answer.failed = str(exc)
        raise PartlyDone(answer) from exc
    return _answer(found, results)


def _refuse_encrypted(entries: t.Sequence[catalog.Entry]) -> None:
    recipients = sorted({item for entry in entries for item in entry.manifest.recipients})
    if recipients:
        raise ConfigError(
            f"Backups in the selection are encrypted to {', '.join(recipients)}.",
            hint="Give the matching identity (identity or identity_file), or verify with level=stored.",
        )


def _damaged(job: Job, found: catalog.Catalog, entries: t.Sequence[catalog.Entry]) -> list[dict[str, t.Any]]:
    """Failures for damaged manifests that the options choose. Their ids tell when they were made."""
    backup, before = job.params["backup"], job.params["before"]
    newest = {tuple(names.encode(item) for item in label(entry)): entry.manifest.id for entry in reversed(entries)}
    failures = []
    for place, problem, state in found.incomplete:
        *series, backup_id = place.split("/")
        if state is State.UNFINISHED:
            continue
        if backup == "latest" and backup_id < newest.get(tuple(series), ""):
            continue
        if backup not in ("all", "latest", backup_id) or (before and names.id_time(backup_id) > parse_time(before)):
            continue
        host, instance, database = (names.decode(item) for item in series)
        failures.append(
            {
                "id": backup_id,
                "host": host,
                "instance": instance,
                "database": database,
                "place": place,
                "size": 0,
                "ok": False,
                "level": "",
                "stage": "catalog",
                "msg": problem,
                "seconds": 0.0,
            }
        )
    return failures


def _answer(found: catalog.Catalog, results: list[dict[str, t.Any]]) -> Answer:
    failures = [item for item in results if not item["ok"]]
    size = sum(item["size"] for item in results)
    result = {
        "results": results,
        "failures": failures,
        "incomplete": [item.place for item in found.incomplete if item.state is State.UNFINISHED],
        "totals": {
            "backups": len(results),
            "failed": len(failures),
            "size": size,
            "size_human": names.human_size(size),
            "seconds": round(sum(item["seconds"] for item in results), 3),
        },
    }
    failed = ""
    if failures:
        told = [f"{item['place']}: {item['msg']}" for item in failures[:_FAILURES_TOLD]]
        if len(failures) > len(told):
            told.append(f"and {len(failures) - len(told)} more, see failures")
        failed = f"{len(failures)} of {len(results)} backups failed: {' '.join(told)}"
    return Answer(result, failed=failed, warnings=found.warnings(), lists=_LISTS)


__all__ = ("Readers", "Verification", "run")
