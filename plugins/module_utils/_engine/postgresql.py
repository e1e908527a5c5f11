# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The PostgreSQL engine."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import pg_locale, pg_standby
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import (
    Database,
    Dump,
    Engine,
    Known,
    Login,
    Missing,
    Restore,
    RestorePlan,
    Server,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import Client, query, quote
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_dumping import (
    PASSWORDS_READABLE,
    PostgresqlDump,
    PostgresqlGlobals,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_globals import restore_globals, statements
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_restoring import PostgresqlRestore
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_rights import (
    READ_ALL,
    Account,
    account,
    check_readable,
    lacks,
    mends,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_sweep import SCRATCH, sweep_scratch
from ansible_collections.vya.backupdb.plugins.module_utils._engine.standby import Standby
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConnectError, ToolError
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Run

_MAINTENANCE = ("postgres", "template1")
_OLDEST = 12


class PostgresqlEngine(Engine):
    """PostgreSQL 12 and newer."""

    name = "postgresql"
    has_jobs = True

    def __init__(self, run: Run, login: Login) -> None:
        super().__init__(run, login)
        self.client = Client(run, login)
        self._admin: t.Any = None
        self._admin_database = ""
        self._server: Server | None = None

    def admin(self) -> t.Any:
        """A connection to a maintenance database."""
        if self._admin is None:
            for database in _MAINTENANCE:
                try:
                    self._admin = self.client.connect(database)
                    self._admin_database = database
                    break
                except ConnectError as exc:
                    if database == _MAINTENANCE[-1] or "does not exist" not in str(exc):
                        raise
        return self._admin

    def _query(self, sql: str, stage: str = "preflight") -> list[tuple[t.Any, ...]]:
        return query(self.admin(), sql, stage=stage)

    def server(self) -> Server:
        if self._server is None:
            number = self.admin().server_version
            text = str(self._query("SHOW server_version", "connect")[0][0])
            if number < _OLDEST * 10000:
                raise ConnectError(
                    f"PostgreSQL {text} is not supported: {_OLDEST} is the oldest version.",
                    hint="Dump it with the tools of its own version; db_restore takes such a file as src.",
                )
            self._server = Server("postgresql", "postgresql", (number // 10000, number % 10000), text)
        return self._server

    def databases(self) -> list[Database]:
        rows = self._query(
            "SELECT datname, CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) END,"
            " datallowconn FROM pg_database ORDER BY 1"
        )
        found = []
        for name, size, allowed in rows:
            system = name in ("template0", "template1") or bool(SCRATCH.search(name))
            problem = "" if allowed else "it does not allow connections"
            note = ""
            if name == "postgres":
                system, note = self._about_postgres()
            found.append(Database(name, size, system, note, problem))
        return found

    def _about_postgres(self) -> tuple[bool, str]:
        """The database ``postgres`` is the server's own, unless somebody put tables there."""
        try:
            connection = self.client.connect("postgres")
        except ConnectError:
            return True, ""
        try:
            tables = query(
                connection,
                "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
                stage="preflight",
            )[0][0]
        finally:
            connection.close()
        if tables:
            return False, f"The database 'postgres' holds {tables} user tables, so it is backed up too."
        return True, ""

    def tools(self) -> dict[str, dict[str, str]]:
        found = {}
        for name in ("pg_dump", "pg_dumpall", "pg_restore"):
            with contextlib.suppress(ToolError):
                path, version = self.client.fitting_tool(name, self.server().version[0])
                found[name] = {"path": path, "version": version}
        return found

    def check_tools(self, *names: str) -> None:
        for name in names or ("pg_dump",):
            self.client.fitting_tool(name, self.server().version[0])

    def missing_privileges(self) -> list[Missing]:
        who = account(self.admin(), self.server().version[0], stage="preflight")
        if who.superuser:
            return []
        missing: list[Missing] = []
        for database in self.databases():
            if database.problem or database.system:
                continue
            if database.size is None:
                grant = f"GRANT CONNECT ON DATABASE {quote(database.name)} TO {who.quoted};"
                missing.append(Missing("CONNECT", f"connect to the database {database.name}", grant))
            else:
                missing += self._missing_in(database.name, who)
        missing += self._missing_for_globals(who, missing)
        first = {item.grant + item.database: item for item in reversed(missing)}
        return [item for item in missing if first[item.grant + item.database] is item]

    def _missing_in(self, database: str, who: Account) -> list[Missing]:
        try:
            connection = self.client.connect(database)
        except ConnectError:
            return []  # no GRANT mends that: db_backup tells what the server said
        try:
            return mends(who, lacks(connection, who, stage="preflight"), database)
        finally:
            connection.close()

    def _missing_for_globals(self, who: Account, others: t.Sequence[Missing]) -> list[Missing]:
        """Passwords of roles. pg_read_all_data includes them."""
        if self._query(PASSWORDS_READABLE)[0][0] or any(item.privilege == READ_ALL for item in others):
            return []
        grant = f"GRANT SELECT ON pg_catalog.pg_authid TO {who.quoted};"
        return [Missing("SELECT ON pg_authid", "passwords of roles in the globals", grant, self._admin_database)]

    def check_readable(self, database: str, *, extra_args: t.Sequence[str] = ()) -> None:
        connection = self.client.connect(database)
        try:
            check_readable(connection, self.server().version[0], database, tables_only=bool(extra_args))
        finally:
            connection.close()

    def dump(self, database: str, *, extra_args: t.Sequence[str] = (), content: bool = False) -> Dump:
        return PostgresqlDump(self.client, self.server(), database, extra_args, content=content)

    def standby(self) -> Standby | None:
        connection = self.client.connect(self._admin_database)
        try:
            return pg_standby.read(connection)
        finally:
            connection.close()

    def dump_globals(self) -> Dump:
        server = self.server()
        return PostgresqlGlobals(self.client, server, self._admin_database)

    def restore(self, plan: RestorePlan) -> Restore:
        server = self.server()
        return PostgresqlRestore(self.client, server, self.admin(), self._admin_database, plan)

    def known(self) -> Known:
        return Known(
            settings=frozenset(str(name).lower() for (name,) in self._query("SELECT name FROM pg_settings")),
            accounts=frozenset(str(name) for (name,) in self._query("SELECT rolname FROM pg_roles")),
            collations=frozenset(),
            sql_modes=frozenset(),
            defaults=pg_locale.defaults(self._query, self.server().version[0]),
            catalog=frozenset(
                str(name)
                for (name,) in self._query(
                    "SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace"
                )
            ),
        )

    def restore_globals(self, sql: bytes) -> list[str]:
        return self.apply_globals(statements(sql.decode("utf-8")))

    def apply_globals(self, statements: t.Iterable[str]) -> list[str]:
        return restore_globals(self.admin(), statements)

    def sweep(self) -> list[str]:
        return sweep_scratch(self.client, self.admin())

    def close(self) -> None:
        self.client.close()
        if self._admin is not None:
            with contextlib.suppress(Exception):
                # A server may need a moment to notice that a session ended, and the next restore would meet its locks.
                self.run.check()
                query(self._admin, "SELECT pg_advisory_unlock_all()", stage="clean up")
            with contextlib.suppress(Exception):
                self._admin.close()
            self._admin = None


__all__ = ("PostgresqlEngine",)
