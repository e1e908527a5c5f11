# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""db_restore of a file that another tool dumped: told apart, judged by rules, loaded beside, put in place."""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import (
    Engine,
    Known,
    Origin,
    Restore,
    RestorePlan,
    Server,
)
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._names import human_size, readable
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run import archive
from ansible_collections.vya.backupdb.plugins.module_utils._run.context import Stages
from ansible_collections.vya.backupdb.plugins.module_utils._run.script import Script
from ansible_collections.vya.backupdb.plugins.module_utils._run.source import Source
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Target, Wanted
from ansible_collections.vya.backupdb.plugins.module_utils._sql.table import EXISTING_ROLE


@dataclasses.dataclass(frozen=True)
class ForeignOptions:
    """db_restore's options for a file. ``target``: empty for the name that the file tells."""

    path: str
    source_database: str
    target: str
    replace: bool
    keep_previous: bool
    no_owner: bool
    with_globals: bool
    allow_incomplete: bool
    identities: str
    count: bool
    jobs: int
    exclude_extensions: tuple[str, ...] = ()
    search_path: tuple[str, ...] = ()


class ForeignTask:
    """One call of db_restore with ``src``."""

    def __init__(self, run: Run, engine: Engine, options: ForeignOptions, log: t.Callable[[str], None]) -> None:
        self._run, self._engine, self._options = run, engine, options
        self._stages = Stages(options.path, log)
        self._warnings: list[str] = []
        self._token = secrets.token_hex(4)
        self.target = options.target
        self._replaced = False

    @property
    def _scratch(self) -> str:
        return f"foreign_backupdb_scratch_{self._token}"

    def execute(self, *, check_mode: bool) -> dict[str, t.Any]:
        """Do it, or with ``check_mode`` read all of it and refuse what a real run would refuse."""
        options, server = self._options, self._engine.server()
        if not check_mode:
            self._warnings += self._engine.sweep()
        with self._about_file(), Source(self._run, options.path, options.identities) as source:
            with self._stages.stage("preflight"):
                known = self._engine.known()
            work = self._sql if source.content.kind == "sql" else self._archive
            found = work(source, server, known, check_mode)
            layers = [*source.content.layers, source.content.kind]
            about = {"path": options.path, "layers": layers, "size": source.size, "size_human": human_size(source.size)}
        found["source"] = {**about, **found.pop("source")}
        return {
            "backup": None,
            "target": self.target,
            "replaced": self._replaced,
            **found,
            "warnings": self._warnings,
            "stages": self._stages.seconds,
        }

    @contextlib.contextmanager
    def _about_file(self) -> t.Iterator[None]:
        """Errors name the file; what only its own damage explains says so."""
        path = self._options.path
        try:
            yield
        except BackupError as exc:
            if path not in exc.msg:
                exc.msg = f"src {path}: {exc.msg}"
            if exc.stage == "decompress" and not exc.hint:
                exc.hint = "The file is damaged, or cut short: find a whole one."
            raise

    def _wanted(self, source_database: str) -> Wanted:
        options = self._options
        return Wanted(
            source_database=source_database,
            with_globals=options.with_globals,
            no_owner=options.no_owner,
            allow_incomplete=options.allow_incomplete,
            target=options.target,
            scratch=self._scratch,
        )

    @staticmethod
    def _judged_by(server: Server, known: Known) -> Target:
        return Target(
            flavour=server.flavour,
            version=server.version,
            version_text=server.version_text,
            settings=known.settings,
            accounts=known.accounts,
            collations=known.collations,
            sql_modes=known.sql_modes,
            catalog=known.catalog,
        )

    # -- plain SQL

    def _sql(self, source: Source, server: Server, known: Known, check_mode: bool) -> dict[str, t.Any]:
        facts, wanted = self._judged_by(server, known), self._wanted(self._options.source_database)
        with source.plain() as chunks:
            script = Script(chunks, facts, wanted)
            with self._stages.stage("read"):
                _of_this_engine(script, source.path, server)
            self._name(script.database)
            properties = _properties(known, script)
            restore = self._restore(Origin(script.database, properties, foreign=True))
            result = self._guarded(restore, lambda: self._load_sql(script, restore, check_mode))
        if self._options.with_globals and not script.globals_taken and EXISTING_ROLE.name not in script.adaptations:
            self._warnings.append(f"globals: {source.path} holds no statement that creates roles or accounts.")
        if script.about()["complete"] is False:
            self._warnings.append(
                f"INCOMPLETE: {source.path} ends without the last line that its tool writes, after {script.statements}"
                " statements. Rows, indexes or whole tables may be missing."
            )
        self._warnings += script.warnings
        result["adaptations"] = {**script.adaptations, **restore.adaptations}
        result["statements"] = script.statements
        result["source"] = script.about()
        return result

    def _load_sql(self, script: Script, restore: Restore, check_mode: bool) -> dict[str, t.Any]:
        with self._stages.stage("preflight"):
            self._warnings += restore.preflight(globals_follow=True)
        if check_mode:
            with self._stages.stage("read"):
                script.only_read()
            return {}
        self._globals(script)
        with self._stages.stage("create"):
            self._run.step("create scratch")
            restore.prepare()
        with self._stages.stage("load"):
            self._run.step("load")
            script.load(restore.session)
            restore.adopt(script.enabled_events)
        self._globals(script)
        return self._put_in_place(restore)

    def _globals(self, script: Script) -> None:
        """Roles and accounts come before what refers to them; what the file tells later comes later."""
        statements = script.take_globals()
        if statements:
            with self._stages.stage("globals"):
                self._warnings += self._engine.apply_globals(statements)

    # -- archives of pg_dump

    def _archive(self, source: Source, server: Server, known: Known, check_mode: bool) -> dict[str, t.Any]:
        options = self._options
        if server.flavour != "postgresql":
            raise ConfigError(f"src: {options.path} is an archive of pg_dump; the server is {server.flavour}.")
        with self._stages.stage("read"):
            opened = archive.Archive(self._run, self._engine, source)
            database, properties = opened.about()
        if not (options.target or properties):
            raise ConfigError(
                f"src: {options.path} does not say how its database was made, only that it was one of {database!r}.",
                hint="Set target: the database gets the server's encoding and locale.",
            )
        if options.source_database not in ("", database):
            raise ConfigError(f"src: {options.path} holds the database {database!r}, no {options.source_database!r}.")
        self._name(database)
        restore = self._restore(Origin(database, {**known.defaults, **properties}, foreign=True))
        result = self._guarded(
            restore, lambda: self._load_archive(opened, restore, check_mode, self._judged_by(server, known))
        )
        if options.with_globals:
            self._warnings.append("globals: archives of pg_dump hold no roles; pg_dumpall --globals-only writes them.")
        result["source"] = {"tool": opened.tool, "database": database, "databases": [database], "complete": True}
        return {**result, "adaptations": {**opened.adaptations, **restore.adaptations}, "statements": 0}

    def _load_archive(
        self, opened: archive.Archive, restore: Restore, check_mode: bool, facts: Target
    ) -> dict[str, t.Any]:
        with self._stages.stage("preflight"):
            self._warnings += restore.preflight(globals_follow=True)
        with self._stages.stage("read"):
            opened.check(facts, self._wanted(""))
            properties = archive.Properties(opened.definitions, facts, self._wanted(""))
        if check_mode:
            return {}
        with self._stages.stage("create"):
            self._run.step("create scratch")
            restore.prepare()
        with self._stages.stage("load"):
            self._run.step("load")
            self._warnings += properties.settle(restore)
            self._warnings += opened.load(restore)

        def last() -> None:
            self._warnings += properties.finish(restore)
            opened.adaptations.update(properties.adaptations)

        return self._put_in_place(restore, last)

    # -- both

    def _name(self, database: str) -> None:
        self.target = self._options.target or database
        if not self.target:
            raise ConfigError(f"src: {self._options.path} does not tell the name of its database.", hint="Give target.")
        if readable(self.target) != self.target:
            raise ConfigError(
                f"src: {self._options.path} names its database {readable(self.target)}, which is no UTF-8.",
                hint="Give target.",
            )

    def _empty(self, restore: Restore) -> None:
        """Nothing came of the file: no table, no view, no routine."""
        found = f"src: nothing was created by {self._options.path}"
        if restore.exists:
            raise ConfigError(
                f"{found}: an empty database would take the place of {self.target}.",
                stage="verify",
                hint="Look whether it is the right file; where an empty database is wanted, drop the other by hand.",
            )
        self._warnings.append(f"{found}: {self.target} is empty.")

    def _restore(self, origin: Origin) -> Restore:
        options = self._options
        plan = RestorePlan(
            origin=origin,
            target=self.target,
            replace=options.replace,
            keep_previous=options.keep_previous,
            no_owner=options.no_owner,
            jobs=options.jobs if self._engine.has_jobs else 1,
            token=self._token,
            exclude_extensions=options.exclude_extensions,
            search_path=options.search_path,
            scratch=self._scratch,
        )
        return self._engine.restore(plan)

    def _guarded(self, restore: Restore, work: t.Callable[[], dict[str, t.Any]]) -> dict[str, t.Any]:
        """Whatever happens, the scratch database goes, or is named in the error."""
        try:
            result = work()
        except BackupError as exc:
            untouched = self.target if "swap" not in self._stages.seconds else ""
            raise restore.with_leftovers(self._run.cause(exc), untouched=untouched) from exc.__cause__
        except BaseException:
            restore.close()
            raise
        self._replaced = restore.exists
        self._warnings += restore.warnings
        left = restore.close()
        if left:
            self._warnings.append(f"Left behind, to be dropped by the next restore: {', '.join(left)}.")
        return result

    def _put_in_place(self, restore: Restore, last: t.Callable[[], None] = lambda: None) -> dict[str, t.Any]:
        verified: dict[str, t.Any] = {
            "schema": "nothing to compare with",
            "rows": "not counted",
            "content": "nothing to compare with",
            "mismatches": [],
        }
        tables = rows = None
        with self._stages.stage("verify"):
            self._run.step("verify")
            found = restore.inspect(rows=self._options.count)
            if self._options.count:
                tables, rows = len(found.tables), sum(table.rows or 0 for table in found.tables)
                verified["rows"] = "counted; nothing to compare with"
            if restore.empty.issuperset(item.name for item in found.schema):
                self._empty(restore)
        with self._stages.stage("finish"):
            self._run.step("finish")
            last()
            restore.finish()
        with self._stages.stage("swap"):
            previous = restore.swap()
        if self._options.with_globals:
            try:
                self._warnings += self._engine.finish_globals()
            except BackupError as exc:  # the database is in place
                self._warnings.append(f"Grants on the restored objects failed: {exc.msg}")
        return {"tables": tables, "rows": rows, "verified": verified, "previous": previous}


def _properties(known: Known, script: Script) -> dict[str, t.Any]:
    """Of the database: what the file tells, the server's defaults otherwise; of character set and collation both
    come from one of them."""
    told = script.properties
    other = {"charset", "collation"} if not told.keys().isdisjoint({"charset", "collation"}) else set()
    return {**{key: value for key, value in known.defaults.items() if key not in other}, **told}


def _of_this_engine(script: Script, path: str, server: Server) -> None:
    """Read to the first statement; ConfigError when a tool of another engine wrote it, whatever else is said of it."""
    failed: BackupError | None = None
    try:
        script.begin()
    except BackupError as exc:
        failed = exc
    tool = str(script.about()["tool"])
    if tool and tool.startswith("pg_") != (server.engine == "postgresql"):
        raise ConfigError(f"src: {path} was written by {tool}; the server is {server.flavour}.") from failed
    if failed is not None:
        raise failed


__all__ = ("ForeignOptions", "ForeignTask")
