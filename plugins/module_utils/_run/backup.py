# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What db_backup does."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import fnmatch
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_keys import parse_recipient
from ansible_collections.vya.backupdb.plugins.module_utils._codec.compression import COMPRESSIONS
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Database, Dump, Engine
from ansible_collections.vya.backupdb.plugins.module_utils._engine.schema import digest
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    BackupError,
    ConfigError,
    StoreError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest, Part, Table, format_time, utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run.context import Stages
from ansible_collections.vya.backupdb.plugins.module_utils._run.parts import write_part
from ansible_collections.vya.backupdb.plugins.module_utils._run.summary import summary
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import Series, Store
from ansible_collections.vya.backupdb.plugins.module_utils._version import COLLECTION_VERSION

# Without an earlier backup to go by: what is left of a database's files when they are dumped and compressed.
_FIRST_RATIO = {"none": 1.0}
_FIRST_RATIO_COMPRESSED = 0.25
_GROWTH = 1.1
_RESERVED = f"The name {names.GLOBALS} stands for roles, users and grants in every store; rename that database."


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


@dataclasses.dataclass
class Outcome:
    """``done``: summaries; ``failures``: dicts of database, stage, msg, and rc when a tool failed."""

    done: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    failures: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def failed(self, database: str, exc: BackupError) -> None:
        """Note the failure of one database."""
        self.failures.append({"database": database, **exc.as_dict()})


def select(
    found: t.Sequence[Database], patterns: t.Sequence[str], exclude: t.Sequence[str]
) -> tuple[list[Database], list[str], list[tuple[str, BackupError]]]:
    """Which databases: (chosen, notes, failures). A plain name must exist, a glob may match nothing."""
    by_name = {database.name: database for database in found}
    chosen: dict[str, Database] = {}
    notes: list[str] = []
    failures: list[tuple[str, BackupError]] = []
    for pattern in patterns:
        database = by_name.get(pattern)
        if pattern == names.GLOBALS:
            failures.append((pattern, ConfigError(_RESERVED)))
            continue
        if database is not None and (not database.system or pattern == "postgres"):
            chosen[pattern] = database
            continue
        if database is not None:
            failures.append((pattern, ConfigError(f"{pattern!r} is a system database, which is never backed up.")))
            continue
        if not any(sign in pattern for sign in "*?["):
            failures.append((pattern, ConfigError(f"The database {pattern!r} does not exist.", hint=_there(found))))
            continue
        for database in found:
            if database.system or not fnmatch.fnmatchcase(database.name, pattern):
                continue
            if any(fnmatch.fnmatchcase(database.name, item) for item in exclude):
                continue
            if database.name == names.GLOBALS:
                failures.append((database.name, ConfigError(_RESERVED)))
                continue
            if database.problem:
                notes.append(f"The database {database.name!r} is left out: {database.problem}.")
                continue
            if database.note and database.name not in chosen:
                notes.append(database.note)
            chosen[database.name] = database
    kept = [item for name, item in sorted(chosen.items()) if name not in exclude]
    return kept, notes, failures


def _there(found: t.Sequence[Database]) -> str:
    there = [database.name for database in found if not database.system]
    return f"The server has: {', '.join(there[:20])}." if there else "The server has no databases of users."


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

    def plan(self) -> tuple[list[Database], Outcome]:
        """The databases to back up; changes nothing."""
        outcome = self.outcome = Outcome()
        self._engine.server()
        self._engine.check_tools()
        options = self._options
        chosen, notes, failures = select(self._engine.databases(), options.databases, options.exclude)
        outcome.warnings += notes
        for name, exc in failures:
            outcome.failed(name, exc)
        return chosen, outcome

    def predict(self, store: Store | None) -> tuple[list[Database], Outcome]:
        """Check mode: the plan, and what would be refused for want of space or of privileges."""
        chosen, outcome = self.plan()
        if self._options.with_globals:
            try:
                self._engine.check_globals_readable()
            except BackupError as exc:
                outcome.failed(names.GLOBALS, exc)
        for database in chosen:
            try:
                self._check_series(store, database.name)
                self._check_space(store, database)
                self._engine.check_readable(database.name, extra_args=self._options.extra_args)
            except BackupError as exc:
                outcome.failed(database.name, exc)
        failed = {failure["database"] for failure in outcome.failures}
        return [database for database in chosen if database.name not in failed], outcome

    def execute(self, store: Store) -> Outcome:
        """Back up, one database's failure stopping no other. Holds the lock of host and instance."""
        options = self._options
        with store.lock(options.host, options.instance):
            chosen, outcome = self.plan()
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

    def _check_space(self, store: Store | None, database: Database) -> None:
        """Refuse when the store is clearly too small, before the dump starts."""
        if store is None:
            return
        options = self._options
        series = Series(options.host, options.instance, database.name)
        known = catalog.read(store, host=series.host, instance=series.instance, database=series.database).entries
        same = [entry.manifest for entry in known if entry.manifest.compression == options.compression]
        if same:
            needed = int(same[0].size * _GROWTH)
        elif database.size is not None:
            needed = int(database.size * _FIRST_RATIO.get(options.compression, _FIRST_RATIO_COMPRESSED))
        else:
            return
        free = store.free_space()
        if free is not None and free < needed:
            raise StoreError(
                f"The backup of {database.name!r} needs about {names.human_size(needed)},"
                f" the store has {names.human_size(free)} free.",
                stage="space",
                hint="Free some space, or choose another store; nothing was written.",
            )

    def _check_series(self, store: Store | None, name: str) -> None:
        """Refuse a series with backups of another product: two servers under one name would prune each other's."""
        if store is None:
            return
        host, instance = self._options.host, self._options.instance
        ours = self._engine.server().engine
        for entry in catalog.read(store, host=host, instance=instance, database=name).entries:
            theirs = entry.manifest.engine["name"]
            if theirs != ours:
                raise StoreError(
                    f"{entry.place} is a backup of {theirs}, and this server is {ours}: two would share a series.",
                    stage="preflight",
                    hint="Give each server a host or an instance of its own; nothing was written.",
                )

    def _one(self, store: Store, database: Database | None) -> dict[str, t.Any]:
        name = database.name if database else names.GLOBALS
        stages = Stages(name, self._log)
        started = utc_now()
        backup_id = names.new_id(started)
        with stages.stage("space"):
            self._check_series(store, name)
            if database is not None:
                self._check_space(store, database)
        self._run.step(f"open {name}")
        with stages.stage("snapshot"):
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
                with stages.stage("publish"):
                    draft.publish(manifest.to_json())
            except BaseException:
                draft.discard()
                raise
        finally:
            dump.close()
        result = summary(manifest)
        if self._verbose:
            result["stages"] = stages.seconds
        return result

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


__all__ = ("Backup", "BackupOptions", "Outcome", "select")
