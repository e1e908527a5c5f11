# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: load into a scratch database with pg_restore, then rename the databases."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils._engine import (
    pg_locale,
    pg_said,
    pg_schema,
    pg_template,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import (
    Inspection,
    Restore,
    RestorePlan,
    Server,
    Session,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_belongings import Belongings
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import (
    Client,
    literal,
    query,
    quote,
    sqlstate,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_comparing import Compared
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_inspection import inspect
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_load_hints import load_hint
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_load_path import LoadPath
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_rights import (
    Account,
    account,
    check_owners,
    check_replaceable,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_session import PostgresqlSession
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_skipping import Skipping
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_sweep import drop_subscriptions, lock_key
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    BackupError,
    ConfigError,
    EngineError,
    LockedError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import SchemaObject, utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Command, capture
from ansible_collections.vya.backupdb.plugins.module_utils._process import SecretFile
from ansible_collections.vya.backupdb.plugins.module_utils._sql import table

LIMIT = 63
_LISTING = 64 << 20
_OBJECT_IN_USE = "55006"
_SWAP_TRIES = 5
# For all jobs together, in kB.
_INDEX_MEMORY = 256 << 10


class PostgresqlRestore(Restore):
    """One target on one server. ``admin`` is a connection to another database, held to the end with its locks."""

    empty = frozenset(("version of extension plpgsql", *pg_template.names("extension plpgsql", "schema public")))

    def __init__(self, client: Client, server: Server, admin: t.Any, admin_database: str, plan: RestorePlan) -> None:
        self._client, self._server, self._admin, self._plan = client, server, admin, plan
        self._admin_database = admin_database
        self.scratch = plan.scratch or names.beside(plan.target, f"backupdb_scratch_{plan.token}", LIMIT)
        self._created = False
        self._left: list[str] = []
        self._no_tablespaces = False
        self._path = ""
        self.adaptations = {}
        self._list: SecretFile | None = None  # as long as pg_restore may read it
        self._belongings = Belongings(plan, self.scratch)
        self._account: Account | None = None
        self._load_path = LoadPath(
            plan.search_path, f"backupdb_load_{plan.token}", lambda: self._client.connect(self.scratch)
        )
        self._comparing = Compared(lambda: self._client.connect(self.scratch))
        self.warnings: list[str] = self._comparing.warnings
        self.skips = self._skipping = Skipping(plan, self.warnings)

    def _run(self, sql: str, stage: str) -> list[tuple[t.Any, ...]]:
        return query(self._admin, sql, stage=stage)

    def _exists(self, name: str) -> bool:
        return bool(self._run(f"SELECT 1 FROM pg_database WHERE datname = {literal(name)}", "preflight"))

    def preflight(self, *, globals_follow: bool = False) -> list[str]:
        plan = self._plan
        warnings: list[str] = []
        if plan.target in ("template0", "template1", self._admin_database) and not plan.drill:
            raise ConfigError(f"The database {plan.target!r} belongs to the server and cannot be a target.")
        if len(plan.target.encode()) > LIMIT:
            raise ConfigError(f"The target's name {plan.target!r} is longer than {LIMIT} bytes.")
        if not plan.origin.foreign:  # SQL that others dumped goes through the driver
            self._find_tool()
        for name in (self.scratch,) if plan.drill else (plan.target, self.scratch):
            if not self._run(f"SELECT pg_try_advisory_lock({lock_key(name)})", "lock")[0][0]:
                raise LockedError(f"Another restore into {name!r} is running.", hint="Wait for it to end.")
        self.exists = not plan.drill and self._exists(plan.target)
        if self.exists and not plan.replace:
            raise ConfigError(
                f"The database {plan.target!r} exists.",
                hint="Choose another target, or set if_exists=replace to load beside it and swap.",
            )
        who = self._account = account(self._admin, self._server.version[0], stage="preflight")
        self._check_rights(who)
        self._load_path.check(who)
        if self.exists:
            check_replaceable(self._admin, who, plan.target)
        self._skipping.check(self._run, who, self._server.version[0])
        if not (plan.no_owner or globals_follow):
            self._check_roles()
            check_owners(self._admin, who, self._owners())
        self._check_tablespaces(warnings)
        return warnings

    @property
    def _jobs(self) -> int:
        """The event trigger meets no session that only loads rows."""
        return 1 if self._load_path.wanted else self._plan.jobs

    def _find_tool(self) -> str:
        if not self._path:
            self._path, _version = self._client.fitting_tool("pg_restore", self._server.version[0])
        return self._path

    def _check_rights(self, who: Account) -> None:
        sql = "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
        if not self._run(sql, "preflight")[0][0]:
            raise ConfigError(
                f"The account {who.name!r} may not create databases.",
                hint=f"As a superuser: ALTER ROLE {who.quoted} CREATEDB; or use another account.",
            )

    def _owners(self) -> set[str]:
        """Roles that own the database or something in it."""
        properties = self._plan.origin.properties
        return {*properties.get("owners", ()), properties.get("owner")} - {None}

    def _check_roles(self) -> None:
        properties = self._plan.origin.properties
        roles = {row[0] for row in self._run("SELECT rolname FROM pg_roles", "preflight")}
        absent = sorted(({*properties.get("roles", ()), properties.get("owner")} - {None}) - roles)
        if absent:
            statements = " ".join(f"CREATE ROLE {quote(name)};" for name in absent[:5])
            ways = "Create" if self._plan.drill else "Restore with globals=true, or create"
            raise ConfigError(
                f"The server lacks roles that own or may use objects in the backup: {', '.join(absent)}.",
                hint=f"{ways} them ({statements}), or set no_owner=true.",
            )

    def _check_tablespaces(self, warnings: list[str]) -> None:
        spaces = {row[0] for row in self._run("SELECT spcname FROM pg_tablespace", "preflight")}
        lacking = [name for name in self._plan.origin.properties.get("tablespaces", ()) if name not in spaces]
        if lacking:
            self._no_tablespaces = True
            warnings.append(f"The server lacks the tablespaces {', '.join(lacking)}: all goes into the default one.")

    def prepare(self) -> None:
        self._created = True  # also when the statement fails half-way
        properties = self._plan.origin.properties
        try:
            self._create(properties)
        except EngineError as exc:
            exc.hint = "If a locale is missing, install it on the server's host and restart PostgreSQL."
            if not (self._plan.origin.foreign and pg_locale.refused(sqlstate(exc.__cause__))):
                raise
            self._create_with_another_locale(properties, exc)
        if not self._plan.origin.foreign:
            self._comparing.drop_absent(properties.get("absent", ()))
            self._run(f"REVOKE CONNECT ON DATABASE {quote(self.scratch)} FROM PUBLIC", "create")
            self.warnings += self._belongings.set(self._run, after_load=False)
        self._load_path.make()

    def _create(self, properties: t.Mapping[str, t.Any]) -> None:
        clauses = pg_locale.clauses(properties, self._server.version[0])
        sql = f"CREATE DATABASE {quote(self.scratch)} TEMPLATE template0{clauses}"
        owner = properties.get("owner")
        if (
            owner
            and self._account
            and not (self._account.superuser or self._plan.no_owner or self._plan.origin.foreign)
        ):
            # The owner's rights on the schema public let its objects be given to it.
            sql += f" OWNER {quote(owner)}"
        self._run(sql, "create")

    def _create_with_another_locale(self, properties: t.Mapping[str, t.Any], first: EngineError) -> None:
        """What others dumped may come from a system that names its locales otherwise, such as Windows."""
        found = pg_locale.defaults(lambda sql: self._run(sql, "create"), self._server.version[0])
        for other in pg_locale.instead(properties, found):
            try:
                self._create(other)
            except EngineError as exc:
                if not pg_locale.refused(sqlstate(exc.__cause__)):
                    raise
            else:
                self.adaptations = {table.PG_LOCALE.name: 1}
                return
        raise first

    def loader(self, section: str, spooled: int | None = None, path: str = "") -> Command | t.Callable[[bytes], None]:
        options = ["--exit-on-error"]
        if self._plan.no_owner:
            options += ["--no-owner", "--no-acl"]
        if self._no_tablespaces:
            options.append("--no-tablespaces")
        if spooled is not None or path:
            options += [f"--jobs={self._jobs}", path or f"/dev/fd/{spooled}"]
        command = self._client.tool(self._find_tool(), *options, database=self.scratch, stage="load")
        command = dataclasses.replace(
            command, env={**command.env, "PGOPTIONS": self._memory(command)}, on_failure=self._explained
        )
        if spooled is not None:
            command = dataclasses.replace(command, fds=(*command.fds, spooled))
            if self.skips.wanted and not self._plan.origin.foreign:
                return self._listed(command, spooled)
        return command

    def _listed(self, command: Command, spooled: int) -> Command:
        """The command with a list of what it restores."""
        argv = (self._find_tool(), "--list", "--verbose", f"/dev/fd/{spooled}")
        lister = Command(argv, stage="load", fds=(spooled,), clean=pg_said.stderr)
        listing = capture(self._client.run, lister, _LISTING).decode("utf-8", "surrogateescape")
        kept = "".join(self.skips.kept(listing.splitlines(keepends=True)))
        self._list = SecretFile(kept.encode("utf-8", "surrogateescape"))
        options = (command.argv[0], f"--use-list={self._list.path}", *command.argv[1:])
        return dataclasses.replace(command, argv=options, fds=(*command.fds, self._list.fd))

    def _explained(self, stderr: str) -> str:
        # Newer servers build indexes with a search_path of their own.
        path = self._server.version[0] < 17 and not self._load_path.wanted
        return load_hint(stderr, self._account.name if self._account else "", no_owner=self._plan.no_owner, path=path)

    def _memory(self, command: Command) -> str:
        """Indexes are built in fewer passes with more memory than a server gives to its daily work; no commit of a load
        waits for the disk, as that of the swap makes all before it durable too."""
        sql = "SELECT setting::bigint FROM pg_settings WHERE name = 'maintenance_work_mem'"
        wanted = _INDEX_MEMORY // self._jobs
        enough = self._run(sql, "preflight")[0][0] >= wanted
        options = command.env["PGOPTIONS"] + " -c synchronous_commit=off"
        options += self._load_path.options(self._server.version[0])
        return options + ("" if enough else f" -c maintenance_work_mem={wanted}kB")

    def compared(self, objects: t.Iterable[SchemaObject]) -> list[SchemaObject]:
        kept = [item for item in objects if not self._skipping.named(item.name)]
        return self._comparing.chosen(kept, owners=not self._plan.no_owner, tablespaces=not self._no_tablespaces)

    def same_meaning(self, texts: t.Mapping[str, str]) -> t.Mapping[str, bool]:
        return self._comparing.same_meaning(texts)

    def session(self) -> Session:
        connection = self._client.connect(self.scratch, views=True)
        if self._load_path.options(self._server.version[0]):
            query(connection, "SET event_triggers = on", stage="load")
        return PostgresqlSession(connection)

    def adopt(self, enabled_events: t.Collection[str] = ()) -> None:
        """A database is renamed with all that is in it."""

    def inspect(self, *, rows: bool = True, content: bool = False) -> Inspection:
        self._load_path.remove()
        with contextlib.closing(self._client.connect(self.scratch)) as connection:
            found = self._comparing.read(connection)
            return inspect(connection, found, self._plan.origin.properties, rows=rows, content=content)

    def finish(self) -> None:
        self._load_path.remove()
        if self._plan.analyze:
            # It computes the expressions of indexes as the tables' owners, as loading does.
            with contextlib.closing(self._client.connect(self.scratch, views=True)) as connection:
                if self._load_path.wanted:
                    query(connection, f"SET search_path = {self._load_path.path}", stage="analyze")
                pg_schema.analyze(connection, stage="analyze")
        if self._plan.origin.foreign:
            return
        self.warnings += self._belongings.set(self._run, after_load=True)
        for sql in self._belongings.statements():
            self._run(sql, "settings")

    def swap(self) -> str | None:
        target, step = self._plan.target, self._client.run.step
        replaced = self._exists(target)
        previous = ""
        if replaced:
            suffix = (
                f"previous_{utc_now():%Y%m%dT%H%M%SZ}"
                if self._plan.keep_previous
                else f"backupdb_scratch_{self._plan.token}"
            )
            previous = names.beside(f"old_{target}" if not self._plan.keep_previous else target, suffix, LIMIT)
        for attempt in range(1, _SWAP_TRIES + 1):
            step("swap")
            try:
                self._rename(target, previous)
                break
            except EngineError as exc:
                if sqlstate(exc.__cause__) != _OBJECT_IN_USE or attempt == _SWAP_TRIES:
                    exc.hint = exc.hint or self._how_to_end_connections(exc)
                    raise
        self._created = False
        try:
            step("swapped")
            if previous and not self._plan.keep_previous:
                self._drop(previous)
        except BackupError:  # the target is in place, whatever becomes of the old one; the next sweep drops it
            if not self._plan.keep_previous:
                self._left.append(previous)
        return previous if previous and self._plan.keep_previous else None

    def _how_to_end_connections(self, exc: EngineError) -> str:
        if sqlstate(exc.__cause__) != _OBJECT_IN_USE or self._account is None or self._account.superuser:
            return ""
        return (
            "Connections of other roles hold it, which the account may not end: stop those clients, or as a superuser:"
            f" GRANT pg_signal_backend TO {self._account.quoted};"
        )

    def _rename(self, target: str, previous: str) -> None:
        """Both renames in one transaction: whoever connects meets the old database or the new one.

        The first rename locks the database against new connections, then waits five seconds for those that are open;
        a second connection ends them meanwhile.
        """
        done = threading.Event()
        ender = threading.Thread(target=self._end_connections, args=((target, self.scratch), done), daemon=True)
        ender.start()
        try:
            self._run("BEGIN", "swap")
            if previous:
                self._run(f"ALTER DATABASE {quote(target)} RENAME TO {quote(previous)}", "swap")
            self._run(f"ALTER DATABASE {quote(self.scratch)} RENAME TO {quote(target)}", "swap")
            self._client.run.step("commit swap")
            self._run("COMMIT", "swap")
        except BaseException:
            with contextlib.suppress(EngineError):
                self._run("ROLLBACK", "swap")
            raise
        finally:
            done.set()
            ender.join()

    def _end_connections(self, databases: t.Sequence[str], done: threading.Event) -> None:
        listed = ", ".join(literal(name) for name in databases)
        sql = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ({listed})"
        with contextlib.suppress(Exception):  # the rename's own error tells who is still connected
            connection = self._client.connect(self._admin_database)
            try:
                while not done.wait(0.1):
                    query(connection, sql, stage="swap")
            finally:
                connection.close()

    def _drop(self, name: str) -> None:
        drop_subscriptions(self._client, self._admin, name, stage="clean up")
        force = " WITH (FORCE)" if self._server.version[0] >= 13 else ""
        self._run(f"DROP DATABASE IF EXISTS {quote(name)}{force}", "clean up")

    def close(self) -> list[str]:
        left = [name for name in self._left if name]
        if self._created:
            try:
                with contextlib.suppress(EngineError):
                    self._run("ROLLBACK", "clean up")
                self._drop(self.scratch)
            except BackupError:
                left.append(self.scratch)
        return left


__all__ = ("LIMIT", "PostgresqlRestore")
