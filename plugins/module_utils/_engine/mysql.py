# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The MySQL engine: MySQL and MariaDB; the server tells which it is."""

from __future__ import annotations

import contextlib
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_coverage, my_script, my_standby
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
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import Client, execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_dumping import MysqlDump, MysqlGlobals
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_globals import left_out, restore_accounts
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_restoring import SYSTEM, MysqlRestore
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_rights import (
    check_globals_readable,
    check_readable,
    missing,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_sweep import SCRATCH, sweep_scratch
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import literal
from ansible_collections.vya.backupdb.plugins.module_utils._engine.standby import Standby
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConnectError, EngineError, ToolError
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Run

_OLDEST = {"mysql": (5, 7), "mariadb": (10, 3)}
_SQL_MODES = (
    "ALLOW_INVALID_DATES ANSI ANSI_QUOTES DB2 EMPTY_STRING_IS_NULL ERROR_FOR_DIVISION_BY_ZERO HIGH_NOT_PRECEDENCE"
    " IGNORE_BAD_TABLE_OPTIONS IGNORE_SPACE MAXDB MSSQL MYSQL323 MYSQL40 NO_AUTO_CREATE_USER NO_AUTO_VALUE_ON_ZERO"
    " NO_BACKSLASH_ESCAPES NO_DIR_IN_CREATE NO_ENGINE_SUBSTITUTION NO_FIELD_OPTIONS NO_KEY_OPTIONS NO_TABLE_OPTIONS"
    " NO_UNSIGNED_SUBTRACTION NO_ZERO_DATE NO_ZERO_IN_DATE ONLY_FULL_GROUP_BY ORACLE PAD_CHAR_TO_FULL_LENGTH"
    " PIPES_AS_CONCAT POSTGRESQL REAL_AS_FLOAT SIMULTANEOUS_ASSIGNMENT STRICT_ALL_TABLES STRICT_TRANS_TABLES"
    " TIME_ROUND_FRACTIONAL TIME_TRUNCATE_FRACTIONAL TRADITIONAL"
).split()


def _text(value: t.Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class MysqlEngine(Engine):
    """MySQL 5.7 and newer, MariaDB 10.3 and newer."""

    name = "mysql"

    def __init__(self, run: Run, login: Login) -> None:
        super().__init__(run, login)
        self.client = Client(run, login)
        self._admin: t.Any = None
        self._server: Server | None = None
        self._grants: list[str] = []

    def admin(self) -> t.Any:
        """A connection without a database."""
        if self._admin is None:
            self._admin = self.client.connect()
        return self._admin

    def _query(self, sql: str, stage: str = "preflight") -> list[tuple[t.Any, ...]]:
        return execute(self.admin(), sql, stage=stage)

    def server(self) -> Server:
        if self._server is None:
            text = str(self._query("SELECT VERSION()", "connect")[0][0])
            flavour = "mariadb" if "mariadb" in text.lower() else "mysql"
            # Old replication clients are told 5.5.5- in front of MariaDB's version.
            match = re.search(r"([0-9]+)\.([0-9]+)\.([0-9]+)", re.sub(r"^5\.5\.5-", "", text))
            if match is None:
                raise ConnectError(f"The server's version {text!r} is not understood.")
            version = tuple(int(piece) for piece in match.groups())
            if version < _OLDEST[flavour]:
                oldest = ".".join(str(n) for n in _OLDEST[flavour])
                raise ConnectError(
                    f"{flavour} {text} is not supported: {oldest} is the oldest version.",
                    hint="Dump it with the tools of its own version; db_restore takes such a file as src.",
                )
            self._server = Server("mysql", flavour, version, re.sub(r"^5\.5\.5-", "", text))
        return self._server

    def databases(self) -> list[Database]:
        known = [str(name) for (name,) in self._query("SELECT schema_name FROM information_schema.schemata ORDER BY 1")]
        try:
            sizes = dict(self._query(self._sizes()))
            rows: list[tuple[str, t.Any]] = [(name, sizes.get(name, 0)) for name in known]
        except EngineError:
            # Sizes come from the tables themselves; one that is broken must not cost the list.
            rows = [(name, self._size(name)) for name in known]
        return [
            Database(name, size if size is None else int(size), name.lower() in SYSTEM or bool(SCRATCH.search(name)))
            for name, size in rows
        ]

    def _sizes(self) -> str:
        """The query for the sizes of all databases. To ask for the size of a table that shows another server's rows
        would open a connection to that server."""
        engines = ", ".join(f"'{engine}'" for engine in my_coverage.REMOTE)
        remote = self._query(
            f"SELECT table_schema, table_name FROM information_schema.tables WHERE engine IN ({engines})"
        )
        without = "".join(
            f" AND NOT (table_schema = {literal(_text(schema))} AND table_name = {literal(_text(name))})"
            for schema, name in remote
        )
        return (
            "SELECT table_schema, SUM(COALESCE(data_length, 0) + COALESCE(index_length, 0)) FROM"
            f" information_schema.tables WHERE table_type <> 'VIEW'{without} GROUP BY table_schema"
        )

    def _size(self, name: str) -> int | None:
        """Bytes of one database; None where its tables cannot all be asked."""
        sql = (
            "SELECT SUM(COALESCE(data_length, 0) + COALESCE(index_length, 0)) FROM information_schema.tables"
            f" WHERE table_schema = {literal(name)} AND table_type <> 'VIEW'"
        )
        try:
            return int(self._query(sql)[0][0] or 0)
        except EngineError:
            return None

    def tools(self) -> dict[str, dict[str, str]]:
        found = {}
        for name in ("mysqldump", "mysql"):
            with contextlib.suppress(ToolError):
                tool = self.client.fitting_tool(name, self.server())
                found[name] = {"path": tool.path, "version": f"{tool.family} {tool.version_text}"}
        return found

    def check_tools(self, *names: str) -> None:
        for name in names or ("mysqldump",):
            self.client.fitting_tool(name, self.server())

    def missing_privileges(self) -> list[Missing]:
        return missing(self.admin())

    def check_readable(self, database: str, *, extra_args: t.Sequence[str] = ()) -> None:
        check_readable(self.admin(), self.server(), database)

    def check_globals_readable(self) -> None:
        check_globals_readable(self.admin())

    def dump(self, database: str, *, extra_args: t.Sequence[str] = (), content: bool = False) -> Dump:
        return MysqlDump(self.client, self.server(), database, extra_args, content=content)

    def standby(self) -> Standby | None:
        connection = self.client.connect()
        try:
            return my_standby.read(connection, self.server())
        finally:
            connection.close()

    def dump_globals(self) -> Dump:
        self.check_globals_readable()
        return MysqlGlobals(self.client, self.server())

    def restore(self, plan: RestorePlan) -> Restore:
        return MysqlRestore(self.client, self.server(), self.admin(), plan)

    def known(self) -> Known:
        accounts: list[tuple[t.Any, ...]] = []
        with contextlib.suppress(EngineError):  # who may not read them does without: definers stay as they are
            accounts = self._query("SELECT user, host FROM mysql.user")
        modes = self._query("SELECT @@GLOBAL.sql_mode, @@character_set_server, @@collation_server")[0]
        return Known(
            settings=frozenset(str(row[0]).lower() for row in self._query("SHOW SESSION VARIABLES")),
            accounts=frozenset((_text(user), _text(host)) for user, host in accounts),
            collations=frozenset(
                str(row[0]).lower() for row in self._query("SELECT collation_name FROM information_schema.collations")
            ),
            sql_modes=frozenset(self._sql_modes()),
            defaults={"charset": str(modes[1]), "collation": str(modes[2])},
        )

    def _sql_modes(self) -> t.Iterator[str]:
        """Those of all that any version had which this server takes."""
        session = self.client.connect()
        try:
            for mode in _SQL_MODES:
                with contextlib.suppress(EngineError):
                    execute(session, f"SET SESSION sql_mode = '{mode}'", stage="preflight")
                    yield mode
        finally:
            session.close()

    def restore_globals(self, sql: bytes) -> list[str]:
        return self.apply_globals(item.text for item in my_script.read(sql))

    def apply_globals(self, statements: t.Iterable[str]) -> list[str]:
        warnings, self._grants = restore_accounts(self.admin(), statements)
        return warnings

    def finish_globals(self) -> list[str]:
        warnings, waiting = restore_accounts(self.admin(), self._grants)
        return warnings + left_out(waiting)

    def sweep(self) -> list[str]:
        connection = self.client.connect()
        try:
            return sweep_scratch(self.client, connection)
        finally:
            connection.close()

    def close(self) -> None:
        self.client.close()
        if self._admin is not None:
            with contextlib.suppress(Exception):
                self._admin.close()
            self._admin = None


__all__ = ("MysqlEngine",)
