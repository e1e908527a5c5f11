# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What backup_drill does: restore each chosen backup into scratch, compare, drop, and record what was found out."""

from __future__ import annotations

import dataclasses
import fnmatch
import socket
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils import _verification as verification
from ansible_collections.vya.backupdb.plugins.module_utils._engine import schema
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Engine, Restore, RestorePlan, Server
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    BackupError,
    ConfigError,
    InterruptedRun,
    ManifestError,
    NotFoundError,
    StoreError,
    VerifyError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import format_time, utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._process import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run import left_out
from ansible_collections.vya.backupdb.plugins.module_utils._run.restore import RestoreOptions, RestoreTask
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import State, Store
from ansible_collections.vya.backupdb.plugins.module_utils._version import COLLECTION_VERSION

# A failure at one of these tells something about this host or server, and nothing about the backup.
_NOT_THE_BACKUP = ("", "preflight", "connect", "lock", "interrupted", "internal")
_MSG_KEPT = 500
_RESERVED = f"{names.GLOBALS} stands for roles, users and grants, which no drill restores."


@dataclasses.dataclass(frozen=True)
class DrillOptions:
    """backup_drill's own options. ``identities``: the text of age identities."""

    host: str
    instance: str
    databases: tuple[str, ...]
    exclude: tuple[str, ...]
    backup: str
    before: str | None
    no_owner: bool
    identities: str
    jobs: int
    exclude_extensions: tuple[str, ...] = ()
    search_path: tuple[str, ...] = ()


@dataclasses.dataclass
class Choice:
    """``entries``: what to drill, by name; ``failures``: (database, id, why) of what cannot be drilled."""

    entries: list[catalog.Entry] = dataclasses.field(default_factory=list)
    failures: list[tuple[str, str, BackupError]] = dataclasses.field(default_factory=list)
    globals_left_out: bool = False


def choose(found: catalog.Catalog, options: DrillOptions) -> Choice:
    """One backup of each series that the options choose. A plain name must have one, a glob may match nothing. A
    damaged one that is newer than what is drilled in its place is a failure of its own."""
    choice = Choice()
    series = _by_database(found)
    for name in _matching(sorted(series), options, choice):
        inside = series.get(name, catalog.Catalog((), ()))
        if options.backup != "latest" and name not in options.databases and not _holds(inside, options.backup):
            continue
        what = f"{options.host}/{options.instance}/{name}"
        try:
            entry = catalog.choose(inside, what=what, backup=options.backup, before=options.before)
        except NotFoundError as exc:
            damaged = any(item.state is State.DAMAGED for item in inside.incomplete)
            if damaged or name in options.databases:
                choice.failures.append((name, "", exc))
            continue
        choice.entries.append(entry)
        if options.backup == "latest":
            for item in catalog.newer_damaged(inside, entry, options.before):
                error = ManifestError(item.problem, hint="Look at the store.")
                choice.failures.append((name, item.place.split("/")[-1], error))
    return choice


def _by_database(found: catalog.Catalog) -> dict[str, catalog.Catalog]:
    entries: dict[str, list[catalog.Entry]] = {}
    damaged: dict[str, list[catalog.Incomplete]] = {}
    for entry in found.entries:
        entries.setdefault(entry.manifest.database, []).append(entry)
    for item in found.incomplete:
        damaged.setdefault(names.decode(item.place.split("/")[2]), []).append(item)
    return {
        name: catalog.Catalog(tuple(entries.get(name, ())), tuple(damaged.get(name, ())))
        for name in entries.keys() | damaged.keys()
    }


def _matching(there: t.Sequence[str], options: DrillOptions, choice: Choice) -> list[str]:
    """Names of series. A name given in full is there or not, and left out only by its full name."""
    matching = set()
    for pattern in options.databases:
        if pattern == names.GLOBALS:
            choice.failures.append((pattern, "", ConfigError(_RESERVED, hint="Leave it out of databases.")))
        elif pattern in there or not any(sign in pattern for sign in "*?["):
            matching.add(pattern)
        else:
            hits = {name for name in there if fnmatch.fnmatchcase(name, pattern)}
            matching |= {name for name in hits if not any(fnmatch.fnmatchcase(name, item) for item in options.exclude)}
    choice.globals_left_out = names.GLOBALS in matching
    return sorted(matching - {names.GLOBALS, *options.exclude})


def _holds(found: catalog.Catalog, backup_id: str) -> bool:
    places = [entry.place for entry in found.entries] + [item.place for item in found.incomplete]
    return any(place.split("/")[-1] == backup_id for place in places)


class DrillTask(RestoreTask):
    """A restore that ends with the comparison: the scratch database is dropped, and nothing else is touched."""

    def __init__(
        self,
        run: Run,
        engine: Engine,
        store: Store,
        entry: catalog.Entry,
        options: DrillOptions,
        log: t.Callable[[str], None],
    ) -> None:
        restoring = RestoreOptions(
            host=options.host,
            instance=options.instance,
            database=entry.manifest.database,
            backup=entry.manifest.id,
            before=None,
            target=entry.manifest.database,
            replace=False,
            keep_previous=False,
            no_owner=options.no_owner,
            with_globals=False,
            identities=options.identities,
            verify=True,
            jobs=options.jobs,
            exclude_extensions=options.exclude_extensions,
            search_path=options.search_path,
        )
        super().__init__(run, engine, store, restoring, log, entry=entry)
        self.mismatches: list[str] = []
        # What was counted and compared, once it was.
        self.found: dict[str, t.Any] = {"tables": 0, "rows": 0, "schema": ""}

    @property
    def seconds(self) -> dict[str, float]:
        """By stage."""
        return self._stages.seconds

    def _plan(self) -> RestorePlan:
        return dataclasses.replace(super()._plan(), drill=True)

    def _sweep(self) -> None:
        """It was done once, before the first drill."""

    def _perform(self, restore: Restore, server: Server) -> dict[str, t.Any]:
        self._fill(restore)
        self._run.step("verify")
        with self._stages.stage("verify"):
            found = restore.inspect(content=self._manifest.proof == "content")
            rows = sum(table.rows for table in found.tables if table.rows is not None)
            self.found.update(tables=len(found.tables), rows=rows)
            self.mismatches = self._mismatches(restore, server, found)
            if self.mismatches:
                raise VerifyError(
                    f"What was restored differs from the backup's manifest: {schema.shorten(self.mismatches)}.",
                    hint="Do not rely on this backup: make a new one, and drill that."
                    + left_out.known(self._manifest, self.mismatches)
                    + self._details,
                )
            self.found["schema"] = self._compared(server)["schema"]
        self._run.step("drop scratch")
        return {}


class Drill:
    """One call of backup_drill on one server and store."""

    def __init__(
        self, run: Run, engine: Engine, store: Store, options: DrillOptions, log: t.Callable[[str], None]
    ) -> None:
        self._run, self._engine, self._store, self._options, self._log = run, engine, store, options, log
        self.done: list[dict[str, t.Any]] = []
        self.failures: list[dict[str, t.Any]] = []
        self.warnings: list[str] = []
        # Whether a record was written, or in check mode would be.
        self.recorded = False

    def failed(self, database: str, backup_id: str, exc: BackupError) -> None:
        """Note what went wrong with one series."""
        self.failures.append({"database": database, "id": backup_id, **exc.as_dict()})

    def sweep(self) -> None:
        """Drop what dead restores and drills have left."""
        self.warnings += self._engine.sweep()

    def drill(self, entry: catalog.Entry, *, check_mode: bool) -> None:
        """Prove one backup, and record the verdict. InterruptedRun ends all; every other error is this series' own."""
        manifest = entry.manifest
        started = format_time(utc_now())
        error: BackupError | None = None
        task: DrillTask | None = None
        try:
            task = DrillTask(self._run, self._engine, self._store, entry, self._options, self._log)
            warnings = task.execute(check_mode=check_mode)["warnings"]
            self.warnings += [f"{manifest.database}: {text}" for text in warnings]
        except BackupError as exc:
            error = self._run.cause(exc)
        except (OSError, ValueError) as exc:
            error = self._run.cause(BackupError(f"{type(exc).__name__}: {exc}", stage="internal"))
        result = self._result(entry, task, error, check_mode=check_mode)
        self.done.append(result)
        if error is not None:
            self.failed(manifest.database, manifest.id, error)
        if isinstance(error, InterruptedRun):
            raise error
        if task is None or (error is not None and error.stage in _NOT_THE_BACKUP):
            return
        if check_mode:
            self.recorded |= self._store.takes_notes(entry.place)
        else:
            result["record"] = self._record(entry, result, error, started)

    def _result(
        self, entry: catalog.Entry, task: DrillTask | None, error: BackupError | None, *, check_mode: bool
    ) -> dict[str, t.Any]:
        manifest = entry.manifest
        seconds = dict(task.seconds) if task else {}
        total = round(sum(seconds.values()), 3)
        return {
            "id": manifest.id,
            "host": manifest.host,
            "instance": manifest.instance,
            "database": manifest.database,
            "snapshot": manifest.snapshot,
            "size": manifest.size,
            "passed": False if error else None if check_mode else True,
            "seconds": total,
            "duration": names.human_time(total),
            "stages": seconds,
            **(task.found if task else {"tables": 0, "rows": 0, "schema": ""}),
            "mismatches": task.mismatches[: verification.MISMATCHES_KEPT] if task else [],
            "record": None,
        }

    def _record(
        self, entry: catalog.Entry, result: t.Mapping[str, t.Any], error: BackupError | None, started: str
    ) -> str | None:
        """The record's place in the store; None when it cannot be written, which undoes no drill."""
        manifest = entry.manifest
        server = self._engine.server()
        record = verification.Verification(
            id=manifest.id,
            collection_version=COLLECTION_VERSION,
            host=manifest.host,
            instance=manifest.instance,
            database=manifest.database,
            verified_by=socket.gethostname(),
            engine={"name": server.engine, "flavour": server.flavour, "version": server.version_text},
            started=started,
            finished=format_time(utc_now()),
            passed=error is None,
            seconds=result["seconds"],
            stages=result["stages"],
            tables=result["tables"],
            rows=result["rows"],
            schema=result["schema"],
            mismatches=tuple(result["mismatches"]),
            stage=error.stage if error else "",
            # Not what tools said: that may quote rows, and the store may be read by more people than the database.
            msg=self._run.redact(error.msg)[:_MSG_KEPT] if error else "",
        )
        try:
            name = verification.write(self._store, entry.place, record)
        except (StoreError, OSError) as exc:
            told = exc.msg if isinstance(exc, StoreError) else str(exc)
            self.warnings.append(f"The drill of {manifest.database} could not be recorded in the store: {told}")
            return None
        self.recorded = True
        return f"{entry.place}/{name}"


__all__ = ("Choice", "Drill", "DrillOptions", "choose")
