# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What db_restore does: choose, refuse, authenticate, load beside, compare, swap."""

from __future__ import annotations

import dataclasses
import tempfile
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils._engine import coverage, schema
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import (
    Engine,
    Inspection,
    Origin,
    Restore,
    RestorePlan,
    Server,
)
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    BackupError,
    ConfigError,
    NotFoundError,
    VerifyError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest, Table, parse_time
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Command, Pipeline, Run, StreamSource
from ansible_collections.vya.backupdb.plugins.module_utils._run import left_out
from ansible_collections.vya.backupdb.plugins.module_utils._run.comparison import SchemaComparison, check_sections
from ansible_collections.vya.backupdb.plugins.module_utils._run.context import Stages
from ansible_collections.vya.backupdb.plugins.module_utils._run.parts import Opened
from ansible_collections.vya.backupdb.plugins.module_utils._run.summary import summary
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import Store

_DETAILS_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class RestoreOptions:
    """db_restore's own options. ``identities``: the text of age identities."""

    host: str
    instance: str
    database: str
    backup: str
    before: str | None
    target: str
    replace: bool
    keep_previous: bool
    no_owner: bool
    with_globals: bool
    identities: str
    verify: bool
    jobs: int
    exclude_extensions: tuple[str, ...] = ()
    search_path: tuple[str, ...] = ()


def series_of(manifest: Manifest) -> Server:
    """The source server as the manifest tells it."""
    numbers = []
    for piece in manifest.engine["version"].replace("-", ".").split("."):
        if not piece.isdigit():
            break
        numbers.append(int(piece))
    if not numbers:
        raise ConfigError(f"The manifest tells no server version ({manifest.engine['version']!r}).")
    return Server(manifest.engine["name"], manifest.engine["flavour"], tuple(numbers), manifest.engine["version"])


def check_server(manifest: Manifest, server: Server) -> None:
    """Refuse another engine, another flavour, and a lower major version."""
    source = series_of(manifest)
    if source.engine != server.engine or source.flavour != server.flavour:
        raise ConfigError(
            f"The backup comes from {source.flavour} {source.version_text}, the server is {server.flavour}"
            f" {server.version_text}.",
            hint="Restore it into a server of the same kind.",
        )
    if server.series < source.series:
        raise ConfigError(
            f"The backup comes from {source.flavour} {source.series_text}, the server is the older"
            f" {server.series_text}.",
            hint="Restore it into a server of the same or a newer major version.",
        )


class RestoreTask:
    """One call of db_restore. ``entry``: the backup, when it has been chosen already."""

    def __init__(
        self,
        run: Run,
        engine: Engine,
        store: Store,
        options: RestoreOptions,
        log: t.Callable[[str], None],
        *,
        entry: catalog.Entry | None = None,
    ) -> None:
        self._run, self._engine, self._store, self._options = run, engine, store, options
        self._warnings: list[str] = []
        # What further arguments of the dump tool left out of the schema.
        self._left_out: list[str] = []
        # Texts of what differs: for people, and in no record, since the store may be read by more than the database.
        self._details = ""
        entry = entry or self._choose(options.database)
        self._manifest = entry.manifest
        self._warnings += left_out.repeated(self._manifest)
        self._target = options.target or self._manifest.database
        self._stages = Stages(self._target, log)
        self._opened = Opened(run, store, entry, options.identities)
        self._globals: Opened | None = None
        if options.with_globals:
            self._globals = Opened(run, store, self._choose_globals(), options.identities)

    def _choose(self, database: str) -> catalog.Entry:
        options = self._options
        where = (options.host, options.instance, database)
        found = catalog.read(self._store, host=options.host, instance=options.instance, database=database)
        try:
            entry = catalog.choose(found, what="/".join(where), backup=options.backup, before=options.before)
        except NotFoundError as exc:
            exc.hint = catalog.elsewhere(self._store, *where) or exc.hint
            raise
        damaged = catalog.newer_damaged(found, entry, options.before) if options.backup == "latest" else []
        if damaged:
            shown = " ".join(f"{item.place}: {item.problem}" for item in damaged[-3:])
            self._warnings.append(f"{len(damaged)} newer than {entry.manifest.id} are damaged: {shown}")
        return entry

    def _choose_globals(self) -> catalog.Entry:
        """The globals as they were at the backup's snapshot: the newest before it, else the oldest after it."""
        options = self._options
        found = catalog.read(self._store, host=options.host, instance=options.instance, database=names.GLOBALS)
        if not found.entries:
            raise NotFoundError(
                f"There is no backup of the globals of {options.host}/{options.instance}.",
                hint="Restore with globals=false.",
            )
        moment = parse_time(self._manifest.snapshot)
        before = [entry for entry in found.entries if parse_time(entry.manifest.snapshot) <= moment]
        return before[0] if before else found.entries[-1]

    def _plan(self) -> RestorePlan:
        options = self._options
        jobs = options.jobs if self._engine.has_jobs else 1
        return RestorePlan(
            origin=Origin(
                self._manifest.database,
                self._manifest.properties,
                self._manifest.tool.get("args", ()),
                largest_statement=self._manifest.largest_statement,
            ),
            target=self._target,
            replace=options.replace,
            keep_previous=options.keep_previous,
            no_owner=options.no_owner,
            jobs=jobs,
            exclude_extensions=options.exclude_extensions,
            search_path=options.search_path,
        )

    def execute(self, *, check_mode: bool) -> dict[str, t.Any]:
        """Do it, or with ``check_mode`` only what can be known without changing anything."""
        server = self._engine.server()
        check_server(self._manifest, server)
        for opened in (self._opened, self._globals):
            if opened is not None:
                check_sections(opened.manifest)
        if not check_mode:
            self._sweep()
        restore = self._engine.restore(self._plan())
        result: dict[str, t.Any] = {"backup": summary(self._manifest), "target": self._target}
        try:
            with self._stages.stage("preflight"):
                warnings = restore.preflight(globals_follow=self._globals is not None)
            with self._stages.stage("authenticate"):
                for opened in (self._opened, self._globals):
                    if opened is not None:
                        opened.authenticate()
            if not check_mode:
                result.update(self._perform(restore, server))
        except BackupError as exc:
            untouched = self._target if "swap" not in self._stages.seconds and not self._plan().drill else ""
            raise restore.with_leftovers(self._run.cause(exc), untouched=untouched) from exc.__cause__
        except BaseException:
            restore.close()
            raise
        left = restore.close()
        if left:
            self._warnings.append(f"Left behind, to be dropped by the next restore: {', '.join(left)}.")
        self._warnings += schema.about_additions(self._manifest.uncovered)
        result["warnings"] = list(dict.fromkeys([*self._warnings, *warnings, *restore.warnings]))
        result["stages"] = self._stages.seconds
        result["replaced"] = restore.exists
        return result

    def _sweep(self) -> None:
        self._warnings += self._engine.sweep()

    def _perform(self, restore: Restore, server: Server) -> dict[str, t.Any]:
        if self._globals is not None:
            with self._stages.stage("globals"):
                self._run.step("globals")
                part = self._globals.manifest.parts[0]
                self._warnings += self._engine.restore_globals(self._globals.read(part))
                self._warnings += restore.preflight()  # what is missing all the same
        self._fill(restore)
        self._run.step("verify")
        verified: dict[str, t.Any] = {
            "schema": "not compared",
            "rows": "not compared",
            "content": "not compared",
            "mismatches": [],
        }
        tables: t.Sequence[Table] = self._manifest.tables
        if self._options.verify:
            with self._stages.stage("verify"):
                found = restore.inspect(content=self._manifest.proof == "content")
                tables = found.tables
                verified = self._compare(restore, server, found)
        with self._stages.stage("finish"):
            self._run.step("finish")
            restore.finish()
        with self._stages.stage("swap"):
            previous = restore.swap()
        if self._globals is not None:
            self._finish_globals()
        rows = sum(table.rows for table in tables if table.rows is not None)
        return {"tables": len(tables), "rows": rows, "verified": verified, "previous": previous}

    def _fill(self, restore: Restore) -> None:
        """Create the scratch database and load all parts into it."""
        with self._stages.stage("create"):
            self._run.step("create scratch")
            restore.prepare()
        with self._stages.stage("load"):
            for part in self._manifest.parts:
                if part.section != schema.SECTION:
                    self._run.step(f"load {part.name}")
                    self._warnings += self._load(restore, part)

    def _finish_globals(self) -> None:
        """The database is in place: what fails now is told, and undoes nothing."""
        try:
            self._warnings += self._engine.finish_globals()
        except BackupError as exc:
            self._warnings.append(f"Grants on the restored objects failed: {exc.msg}")

    def _load(self, restore: Restore, part: t.Any) -> list[str]:
        if self._plan().jobs <= 1 and not restore.skips.wanted:
            return self._opened.feed(part, restore.loader(part.section))
        # Parallel loading needs a file that can be read at any place: one without a name, gone with this process.
        with tempfile.TemporaryFile() as spool:
            self._opened.spool(part, spool)
            loader = restore.loader(part.section, spooled=spool.fileno())
            return self._run_loader(t.cast(Command, loader))

    def _run_loader(self, loader: Command) -> list[str]:
        return Pipeline(self._run, [StreamSource(()), loader]).execute()

    def _compare(self, restore: Restore, server: Server, found: Inspection) -> dict[str, t.Any]:
        """Schema and rows as the manifest tells them; VerifyError with the differences otherwise."""
        mismatches = self._mismatches(restore, server, found)
        if mismatches:
            raise VerifyError(
                f"What was restored differs from the backup's manifest: {schema.shorten(mismatches)}.",
                hint="The target is unchanged. Take another backup, or set verify=false to restore it all the same."
                + left_out.known(self._manifest, mismatches)
                + self._details,
            )
        return {**self._compared(server), "mismatches": []}

    def _compared(self, server: Server) -> dict[str, str]:
        """To what extent schema and rows were compared, in words."""
        tables = self._manifest.tables
        same_server = series_of(self._manifest).series == server.series
        same = "same" if same_server else "same in what both server versions print alike"
        return {
            "schema": f"{same}, but for what extra_args left out" if self._left_out else same,
            "rows": _rows_in_words(sum(table.exact for table in tables), len(tables)),
            "content": _content_in_words(self._manifest),
        }

    def _mismatches(self, restore: Restore, server: Server, found: Inspection) -> list[str]:
        """What differs from the manifest, in words. What is only printed in another way is a warning."""
        manifest = _covered(self._manifest, restore)
        same_series = series_of(manifest).series == server.series
        verdict = SchemaComparison(self._opened, restore, found, same_series=same_series).verdict()
        self._warnings += verdict.warnings
        self._details = "".join(f" {text}." for text in verdict.details[:_DETAILS_SHOWN])
        mismatches = verdict.mismatches
        if manifest.tool.get("extra_args"):
            # The dump was told to leave something out; what is there must still be as it was.
            self._left_out = [text for text in mismatches if text.endswith(schema.MISSING)]
            mismatches = [text for text in mismatches if not text.endswith(schema.MISSING)]
            self._warnings.append(left_out.of_extra_args(manifest, self._left_out))
        # Table names as this server has them.
        manifest = dataclasses.replace(
            manifest,
            tables=_renamed(manifest.tables, restore),
            sequences=_renamed(manifest.sequences, restore),
            uncovered=_renamed(manifest.uncovered, restore),
        )
        found = dataclasses.replace(found, sequences=_renamed(found.sequences, restore))
        mismatches += schema.row_differences(manifest.tables, found.tables)
        partly = bool(manifest.tool.get("extra_args"))
        sequences, others = coverage.sequence_differences(manifest, found, partly=partly)
        mismatches += sequences
        self._warnings += [*others, *coverage.uncovered_differences(manifest, found)]
        return mismatches + schema.content_differences(manifest.tables, found.tables)


def _renamed(items: t.Iterable[t.Any], restore: Restore) -> tuple[t.Any, ...]:
    return tuple(dataclasses.replace(item, name=restore.named(item.name)) for item in items)


def _covered(manifest: Manifest, restore: Restore) -> Manifest:
    """The manifest as far as the restore brings it back."""
    if not restore.skips.wanted:
        return manifest
    return dataclasses.replace(
        manifest,
        tables=tuple(item for item in manifest.tables if restore.skips.covers(item.name)),
        sequences=tuple(item for item in manifest.sequences if restore.skips.covers(item.name)),
        uncovered=tuple(item for item in manifest.uncovered if restore.skips.covers(item.name)),
    )


def _rows_in_words(exact: int, tables: int) -> str:
    if exact == tables:
        return "same"
    return f"same in the {exact} of {tables} tables that the manifest has exact counts for"


def _content_in_words(manifest: Manifest) -> str:
    if manifest.proof != "content":
        return "not recorded"
    known = sum(bool(table.content) for table in manifest.tables)
    total = len(manifest.tables)
    return "same" if known == total else f"same in the {known} of {total} tables that the manifest has a checksum of"


__all__ = ("RestoreOptions", "RestoreTask", "check_server", "series_of")
