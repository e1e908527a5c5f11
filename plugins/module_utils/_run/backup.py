# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What db_backup does."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_keys import parse_recipient
from ansible_collections.vya.backupdb.plugins.module_utils._codec.compression import COMPRESSIONS
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Database, Dump, Engine
from ansible_collections.vya.backupdb.plugins.module_utils._engine.schema import digest
from ansible_collections.vya.backupdb.plugins.module_utils._engine.standby import Standby, described
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest, Part, Table, format_time, utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run import shrink
from ansible_collections.vya.backupdb.plugins.module_utils._run.context import Stages
from ansible_collections.vya.backupdb.plugins.module_utils._run.parts import write_part
from ansible_collections.vya.backupdb.plugins.module_utils._run.selection import select
from ansible_collections.vya.backupdb.plugins.module_utils._run.series import check_series, check_space
from ansible_collections.vya.backupdb.plugins.module_utils._run.summary import summary
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import Series, Store
from ansible_collections.vya.backupdb.plugins.module_utils._version import COLLECTION_VERSION


@dataclasses.dataclass(frozen=True)
class BackupOptions:
    """db_backup's own options."""

    host: str
    instance: str
    databases: tuple[str, ...]
    exclude: tuple[str, ...]
    with_globals: bool
    compression: str
    level: int | None
    recipients: tuple[str, ...]
    jobs: int
    extra_args: tuple[str, ...]
    proof: str = "counts"
    # Seconds by which a standby may lag; None: any.
    max_lag: float | None = None
    # Warn below this many percent of the usual rows or bytes; 0: never.
    shrink: int = 50


@dataclasses.dataclass
class Outcome:
    """``done``: summaries; ``failures``: dicts of database, stage, msg, and rc when a tool failed."""

    done: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    failures: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)
    # Databases that have backups and are not on the server any more.
    gone: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)

    def failed(self, database: str, exc: BackupError) -> None:
        """Note the failure of one database."""
        self.failures.append({"database": database, **exc.as_dict()})


class Backup:
    """One call of db_backup. ``check``: decide and predict, write nothing."""

    def __init__(
        self, run: Run, engine: Engine, options: BackupOptions, *, log: t.Callable[[str], None], verbose: bool
    ) -> None:
        self._run, self._engine, self._options = run, engine, options
        self._log, self._verbose = log, verbose
        # What was done and what failed so far, for the result of a run that is interrupted.
        self.outcome = Outcome()
        self._compression = COMPRESSIONS[options.compression]
        self._compression.check_level(options.level)
        self._recipients = tuple(dict.fromkeys(parse_recipient(item).text for item in options.recipients))
        if options.compression not in ("none", "zip"):
            self._compression.program()
        if not options.databases and not options.with_globals:
            raise ConfigError("There is nothing to do: databases is empty and globals is false.")

    def plan(self, store: Store | None) -> tuple[list[Database], Outcome]:
        """The databases to back up; changes nothing."""
        outcome = self.outcome = Outcome()
        self._engine.server()
        self._engine.check_tools()
        options = self._options
        found = self._engine.databases()
        chosen, notes, failures = select(found, options.databases, options.exclude)
        outcome.warnings += notes
        self._note_gone(store, {database.name for database in found})
        for name, exc in failures:
            outcome.failed(name, exc)
        return chosen, outcome

    def _note_gone(self, store: Store | None, there: set[str]) -> None:
        """Databases that were dropped are worth a word, and no reason to fail."""
        options = self._options
        if store is None or not options.shrink:
            return
        try:
            self.outcome.gone = shrink.gone(store, options.host, options.instance, there, options)
        except BackupError as exc:
            self.outcome.warnings.append(f"Databases that are gone were not looked for: {exc.msg}")
        self.outcome.warnings += [shrink.gone_text(item, self._engine.server().engine) for item in self.outcome.gone]

    def predict(self, store: Store | None) -> tuple[list[Database], Outcome]:
        """Check mode: the plan, and what would be refused for want of space or of privileges."""
        chosen, outcome = self.plan(store)
        if self._options.with_globals:
            try:
                self._engine.check_globals_readable()
            except BackupError as exc:
                outcome.failed(names.GLOBALS, exc)
        for database in chosen:
            try:
                earlier = self._earlier(store, database.name)
                check_series(earlier, self._engine.server().engine)
                check_space(store, database, earlier, self._options.compression)
                self._standby()
                self._engine.check_readable(database.name, extra_args=self._options.extra_args)
            except BackupError as exc:
                outcome.failed(database.name, exc)
        failed = {failure["database"] for failure in outcome.failures}
        return [database for database in chosen if database.name not in failed], outcome

    def execute(self, store: Store) -> Outcome:
        """Back up, one database's failure stopping no other. Holds the lock of host and instance."""
        options = self._options
        with store.lock(options.host, options.instance):
            chosen, outcome = self.plan(store)
            outcome.warnings += [
                f"Removed {place}, which a run that died had left."
                for place in store.sweep(options.host, options.instance)
            ]
            outcome.warnings += self._sweep_server()
            if options.with_globals:
                self._guarded(store, None, outcome)
            with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, options.jobs)) as pool:
                futures = [pool.submit(self._guarded, store, database, outcome) for database in chosen]
                try:
                    for future in futures:
                        future.result()
                except BaseException:
                    self._run.cancel("another part of the run was interrupted")
                    raise
        outcome.done.sort(key=lambda item: str(item["database"]))
        return outcome

    def _sweep_server(self) -> list[str]:
        """What restores left on the server. An account for backups may lack the rights to drop it: then say so."""
        try:
            return self._engine.sweep()
        except BackupError as exc:
            return [f"Left-overs of restores were not looked for: {exc.msg}"]

    def _guarded(self, store: Store, database: Database | None, outcome: Outcome) -> None:
        name = database.name if database else names.GLOBALS
        try:
            outcome.done.append(self._one(store, database))
        except BackupError as exc:
            outcome.failed(name, self._run.cause(exc))
        except (OSError, ValueError) as exc:
            outcome.failed(name, BackupError(f"{type(exc).__name__}: {exc}", stage="internal"))

    def _earlier(self, store: Store | None, name: str) -> tuple[catalog.Entry, ...]:
        """The backups of the series, newest first."""
        if store is None:
            return ()
        return catalog.read(store, host=self._options.host, instance=self._options.instance, database=name).entries

    def _one(self, store: Store, database: Database | None) -> dict[str, t.Any]:
        name = database.name if database else names.GLOBALS
        stages = Stages(name, self._log)
        started = utc_now()
        backup_id = names.new_id(started)
        with stages.stage("space"):
            earlier = self._earlier(store, name)
            check_series(earlier, self._engine.server().engine)
            if database is not None:
                check_space(store, database, earlier, self._options.compression)
            past = shrink.past(earlier)
            del earlier  # manifests of large schemas are large
        self._run.step(f"open {name}")
        with stages.stage("snapshot"):
            # Before the snapshot: what is replayed between the two makes the data newer than they are said to be.
            standby = self._standby()
            dump = (
                self._engine.dump(name, extra_args=self._options.extra_args, content=self._options.proof == "content")
                if database
                else self._engine.dump_globals()
            )
        try:
            series = Series(self._options.host, self._options.instance, name)
            draft = store.begin(series, backup_id)
            try:
                parts, warnings = self._write_all(draft, dump, stages)
                with stages.stage("count"):
                    facts = dump.finish()
                manifest = self._manifest(backup_id, name, started, dump, facts, parts, warnings)
                manifest = described(manifest, standby) if standby else manifest
                loss = shrink.compare(manifest, past, self._options.shrink)
                if loss:
                    manifest = dataclasses.replace(manifest, warnings=(loss.text(), *manifest.warnings))
                with stages.stage("publish"):
                    draft.publish(manifest.to_json())
            except BaseException:
                draft.discard()
                raise
        finally:
            dump.close()
        result = summary(manifest)
        if loss:
            result["shrunk"] = loss.as_dict()
        if self._verbose:
            result["stages"] = stages.seconds
        return result

    def _standby(self) -> Standby | None:
        """How old the data of a standby server are; EngineError when they are older than max_lag."""
        standby = self._engine.standby()
        if standby is not None and self._options.max_lag is not None:
            standby.check(self._options.max_lag)
        return standby

    def _write_all(self, draft: t.Any, dump: Dump, stages: Stages) -> tuple[list[Part], list[str]]:
        try:
            return self._write(draft, dump, stages)
        except BackupError as exc:
            cause = dump.cause(exc)
            if cause is exc:
                raise
            raise cause from exc

    def _write(self, draft: t.Any, dump: Dump, stages: Stages) -> tuple[list[Part], list[str]]:
        parts: list[Part] = []
        warnings: list[str] = []
        for section in dump.sections():
            with stages.stage("dump"):
                part, said = write_part(
                    self._run,
                    draft,
                    section,
                    compression=self._compression,
                    level=self._options.level,
                    recipients=self._recipients,
                )
            parts.append(part)
            warnings += said
        return parts, warnings

    def _counted(self, dump: Dump, tables: tuple[Table, ...]) -> tuple[Table, ...]:
        """Counts of the database may differ from its dump, when further arguments left rows out."""
        if dump.counts_itself or not self._options.extra_args:
            return tables
        return tuple(dataclasses.replace(table, exact=False) for table in tables)

    def _manifest(
        self,
        backup_id: str,
        name: str,
        started: t.Any,
        dump: Dump,
        facts: t.Any,
        parts: t.Sequence[Part],
        warnings: t.Sequence[str],
    ) -> Manifest:
        server = self._engine.server()
        encryption = {"format": "age-v1", "recipients": list(self._recipients)} if self._recipients else None
        return Manifest(
            id=backup_id,
            collection_version=COLLECTION_VERSION,
            host=self._options.host,
            instance=self._options.instance,
            database=name,
            kind=dump.kind,
            engine={"name": server.engine, "flavour": server.flavour, "version": server.version_text},
            started=format_time(started),
            snapshot=format_time(dump.snapshot),
            finished=format_time(utc_now()),
            tool=dump.tool,
            parts=tuple(parts),
            compression=self._options.compression,
            encryption=encryption,
            tables=self._counted(dump, facts.tables),
            schema_sha256=digest(facts.schema) if dump.kind == "database" else "",
            schema_objects=facts.schema,
            properties=dump.properties,
            position=facts.position,
            warnings=(*facts.warnings, *warnings),
            proof=self._options.proof if dump.kind == "database" else "counts",
            sequences=facts.sequences,
            uncovered=facts.uncovered,
            largest_statement=facts.largest_statement,
        )


__all__ = ("Backup", "BackupOptions", "Outcome")
