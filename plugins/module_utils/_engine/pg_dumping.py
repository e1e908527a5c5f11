# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: one database in one exported snapshot, and the globals."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import (
    pg_additions,
    pg_schema,
    pg_search_path,
    pg_standby,
    pg_subscriptions,
    pg_template,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Dump, Facts, Section, Server
from ansible_collections.vya.backupdb.plugins.module_utils._engine.damage import advised
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_archive import ArchiveRows
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import Client, query
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_counting import (
    column_orders,
    money_locale,
    tables_of,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_dumped import dumped, trees_of
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_extensions import (
    about_extensions,
    extension_rows,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_rights import check_readable
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_sequences import dumped_sequences
from ansible_collections.vya.backupdb.plugins.module_utils._engine.schema import (
    about_additions,
    differences,
    schema_changed,
    section_of,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.trailers import trailer_of
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._names import readable

PASSWORDS_READABLE = "SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')"
# For checksums: what pg_dump leaves to the database's settings, which a restore does not have yet when it compares.
_PRINTED = "-c TimeZone=UTC -c bytea_output=hex -c quote_all_identifiers=off"


class PostgresqlDump(Dump):
    """A read-only REPEATABLE READ transaction whose snapshot pg_dump imports; rows are counted in the archive."""

    counts_itself = True

    def __init__(
        self, client: Client, server: Server, database: str, extra_args: t.Sequence[str], *, content: bool = False
    ) -> None:
        self._client = client
        self._database = database
        self._extra = tuple(extra_args)
        self._archive = ArchiveRows(content=content)
        self._content = content
        self._version = server.version[0]
        self._notes: list[str] = []
        self._path, version = client.fitting_tool("pg_dump", server.version[0])
        self.started = utc_now()
        self._connection = client.connect(database)
        client.run.on_cancel(self._cancel)
        try:
            self._open(server)
        except BaseException:
            self.close()
            raise
        self._args = [*self._arguments(server), f"--encoding={self.properties['encoding']}"]
        self.tool = {"name": "pg_dump", "version": version, "args": self._args, "extra_args": list(self._extra)}

    def _query(self, sql: str, *params: t.Any) -> list[tuple[t.Any, ...]]:
        return query(self._connection, sql, params, stage="snapshot")

    def _open(self, server: Server) -> None:
        self._notes += check_readable(
            self._connection, server.version[0], self._database, tables_only=bool(self._extra)
        )
        self._query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._snapshot_id = self._query("SELECT pg_export_snapshot()")[0][0]
        self.snapshot = utc_now()
        recovering, lsn = self._query(
            "SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
            " ELSE pg_current_wal_lsn() END::text"
        )[0]
        self._position = {"lsn": lsn, "in_recovery": recovering} if lsn else None
        self._unlogged = pg_standby.unlogged(self._connection)
        self._relations = tables_of(self._connection, stage="snapshot")
        self._before = pg_schema.read_schema(self._connection, stage="schema")
        subscriptions = pg_subscriptions.lost(self._connection, stage="schema")
        self._dumped = pg_subscriptions.without(self._before.objects, subscriptions)
        self._additions = (*pg_additions.read_additions(self._connection, stage="schema"), *subscriptions)
        self._disabled = pg_subscriptions.enabled(self._connection, stage="schema")
        self.properties = self._properties(server)
        if self._content:
            self.properties["lc_monetary"] = money_locale(self._connection, stage="schema")
            self.properties["columns"] = column_orders(self._connection, stage="schema")

    def _properties(self, server: Server) -> dict[str, t.Any]:
        """What CREATE DATABASE and ALTER DATABASE need to make this database again."""
        version = server.version[0]
        provider = "datlocprovider::text" if version >= 15 else "'c'"
        locale = {15: "daticulocale", 16: "daticulocale"}.get(version, "datlocale" if version >= 17 else "NULL")
        rules = "daticurules" if version >= 16 else "NULL"
        fields = ("encoding", "collate", "ctype", "provider", "locale", "icu_rules", "owner", "limit", "comment")
        row = self._query(
            f"SELECT pg_encoding_to_char(encoding), datcollate, datctype, {provider}, {locale}, {rules},"
            " pg_get_userbyid(datdba), datconnlimit, shobj_description(oid, 'pg_database')"
            " FROM pg_database WHERE datname = current_database()"
        )[0]
        properties: dict[str, t.Any] = dict(zip(fields, row))
        properties["grants"] = self._query(
            "SELECT CASE WHEN a.grantee = 0 THEN NULL ELSE pg_get_userbyid(a.grantee) END, a.privilege_type,"
            " a.is_grantable FROM pg_database d, aclexplode(d.datacl) a"
            " WHERE d.datname = current_database() ORDER BY 1, 2"
        )
        properties["settings"] = self._query(
            "SELECT CASE WHEN s.setrole = 0 THEN NULL ELSE pg_get_userbyid(s.setrole) END, unnest(s.setconfig)"
            " FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase"
            " WHERE d.datname = current_database() ORDER BY 1, 2"
        )
        properties["roles"] = pg_schema.read_roles(self._connection, stage="schema")
        properties["owners"] = pg_schema.read_owners(self._connection, stage="schema")
        properties["absent"] = pg_template.absent(self._connection, stage="schema")
        properties["extensions"] = [
            row[0] for row in self._query("SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1")
        ]
        properties["event_triggers"] = [
            row[0] for row in self._query("SELECT evtname FROM pg_event_trigger ORDER BY 1")
        ]
        properties["tablespaces"] = [
            row[0]
            for row in self._query(
                "SELECT DISTINCT s.spcname FROM pg_class c JOIN pg_tablespace s ON s.oid = c.reltablespace"
                " WHERE s.spcname <> 'pg_global' ORDER BY 1"
            )
        ]
        return {key: _readable(value) for key, value in properties.items()}

    @staticmethod
    def _arguments(server: Server) -> list[str]:
        args = ["--format=custom", "--compress=0", "--large-objects" if server.version[0] >= 16 else "--blobs"]
        if server.version[0] >= 18:
            args.append("--no-statistics")  # the restore runs ANALYZE, which fits its own server
        return args

    def sections(self) -> t.Iterator[Section]:
        options = (*self._args, f"--snapshot={self._snapshot_id}", *self._extra)
        command = self._client.tool(self._path, *options, database=self._database, stage="dump")
        if self._content:
            command = dataclasses.replace(
                command, env={**command.env, "PGOPTIONS": f"{command.env['PGOPTIONS']} {_PRINTED}"}
            )
        yield Section("database.dump", "database", command, filters=(self._archive,))
        yield section_of(self._before.texts)

    def cause(self, exc: BackupError) -> BackupError:
        return advised(exc)

    def finish(self) -> Facts:
        encoding = self.properties["encoding"]
        tables = dumped(self._relations, self._archive, encoding, self._extra)
        trees = trees_of(self._relations, self._archive, self._extra)
        if trees:
            self.properties = {**self.properties, "trees": sorted(trees)}
        sequences, lost = dumped_sequences(self._connection, self._archive, encoding, stage="snapshot")
        uncovered = (*extension_rows(self._connection, stage="snapshot"), *lost)
        self._query("ROLLBACK")
        self._query("BEGIN READ ONLY")
        after = pg_schema.read_schema(self._connection, stage="schema")
        changed = differences(self._before.objects, after.objects)
        if changed:
            raise schema_changed(self._database, changed)
        warnings = (*self._warnings(), *about_extensions(uncovered, sequences))
        uncovered += (*self._additions, *self._disabled, *self._unlogged)
        return Facts(tables, self._dumped, self._position, warnings, sequences, uncovered)

    def _warnings(self) -> t.Iterator[str]:
        yield from self._notes
        if self._unlogged:
            yield pg_standby.unlogged_warning(self._unlogged)
        yield from about_additions(self._additions)
        invalid = self._query(
            "SELECT c.oid::regclass::text FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid"
            " WHERE NOT x.indisvalid AND c.relkind = 'i' ORDER BY 1 LIMIT 20"
        )
        if invalid:
            names_text = ", ".join(row[0] for row in invalid)
            yield f"Invalid indexes are not in the backup: {names_text}. Run REINDEX on them."
        yield from pg_search_path.warning(self._connection, self._version, stage="schema")
        if self._client.runs_login_triggers:
            yield from self._login_triggers()
        if self._archive.problem:
            yield f"The rows were not counted: {self._archive.problem}. Restores cannot compare them."
        if self._extra:
            yield "The backup was made with extra_args; they may leave parts of the database out."

    def _login_triggers(self) -> t.Iterator[str]:
        """No version before 17 has any."""
        sql = "SELECT evtname FROM pg_event_trigger WHERE evtevent = 'login' AND evtenabled <> 'D' ORDER BY 1"
        names = ", ".join(readable(row[0]) for row in self._query(sql))
        if names:
            yield (
                f"The database has login triggers, which ran when this backup connected: {names}. The account may not"
                " turn them off; as a superuser: GRANT SET ON PARAMETER event_triggers TO the account."
            )

    def _cancel(self) -> None:
        with contextlib.suppress(Exception):
            self._connection.cancel()

    def close(self) -> None:
        self._cancel()
        with contextlib.suppress(Exception):
            self._connection.close()


def _readable(value: t.Any) -> t.Any:
    if isinstance(value, (list, tuple)):
        return [_readable(item) for item in value]
    return readable(value) if isinstance(value, str) else value


class PostgresqlGlobals(Dump):
    """pg_dumpall --globals-only: roles, memberships, tablespaces, settings of roles."""

    kind = "globals"

    def __init__(self, client: Client, server: Server, database: str) -> None:
        self._client = client
        self._database = database
        self._path, version = client.fitting_tool("pg_dumpall", server.version[0])
        self.started = self.snapshot = utc_now()
        self.properties = {}
        self._warnings: tuple[str, ...] = ()
        args = ["--globals-only"]
        connection = client.connect(database)
        try:
            # Not that which the database may set for its clients. In SQL_ASCII names may be no UTF-8.
            own = query(connection, "SHOW server_encoding", stage="globals")[0][0]
            args.append(f"--encoding={own if own == 'SQL_ASCII' else 'UTF8'}")
            if not query(connection, PASSWORDS_READABLE, stage="globals")[0][0]:
                args.append("--no-role-passwords")
                self._warnings = ("The account may not read pg_authid: the roles are stored without their passwords.",)
        finally:
            connection.close()
        self._args = args
        self.tool = {"name": "pg_dumpall", "version": version, "args": args}

    def sections(self) -> t.Iterator[Section]:
        command = self._client.tool(self._path, *self._args, database=self._database, stage="dump")
        yield Section("globals.sql", "globals", command, trailer=trailer_of("postgresql", "globals"))

    def finish(self) -> Facts:
        return Facts((), (), None, self._warnings)

    def close(self) -> None:
        """Nothing is held."""


__all__ = ("PASSWORDS_READABLE", "PostgresqlDump", "PostgresqlGlobals")
