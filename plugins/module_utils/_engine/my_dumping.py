# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: one database in one snapshot, with exact row counts where the account may lock for a moment."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import (
    my_columns,
    my_coverage,
    my_folding,
    my_lossy,
    my_packets,
    my_script,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Dump, Facts, Section, Server
from ansible_collections.vya.backupdb.plugins.module_utils._engine.damage import advised
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import Client, Tool, execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_counting import Counted, Counter, Scope, sequences
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_definers import definer
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_directories import listed
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_globals import account_statements
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_lock import GlobalReadLock
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_rights import check_readable
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_schema import read
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import quote
from ansible_collections.vya.backupdb.plugins.module_utils._engine.schema import differences, schema_changed, section_of
from ansible_collections.vya.backupdb.plugins.module_utils._engine.trailers import trailer_of
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, EngineError, ToolError
from ansible_collections.vya.backupdb.plugins.module_utils._filters import Watch
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Command, Filter

# Rows of the past in MariaDB's system-versioned tables.
HISTORY = "--dump-history"
_TRANSACTIONAL = ("innodb", "rocksdb", "tokudb", "ndbcluster", "sequence", "")
# The dump tool writes its header before it opens its snapshot, and the first line of a table only after it.
_SNAPSHOT_IS_OPEN = (b"-- Dumping data for table", b"INSERT INTO ", b"LOCK TABLES ", b"-- Dump completed")


class MysqlDump(Dump):
    """Definitions through the driver, data through the dump tool, counts in a snapshot of our own."""

    def __init__(
        self, client: Client, server: Server, database: str, extra_args: t.Sequence[str], *, content: bool = False
    ) -> None:
        self._client, self._server, self._database = client, server, database
        self._extra = tuple(extra_args)
        self._content = content
        self._notes: list[str] = []
        self._lock = GlobalReadLock(client)
        self._counter: threading.Thread | None = None
        self._counted = Counted()
        self._count_error: BackupError | None = None
        self._position: dict[str, t.Any] | None = None
        # Tables of which the tool cannot write the past.
        self._precise: list[str] = []
        self._exact = False
        self._tool: Tool = client.fitting_tool("mysqldump", server)
        self.started = self.snapshot = utc_now()
        self._connection = client.connect()
        client.run.on_cancel(self._abandon)
        try:
            check_readable(self._connection, server, database)
            self._reader, self._definitions, self._before = read(self._connection, database)
            self._charset, self._collation = self._reader.charset()
            self._columns = my_columns.columns(self._connection, database, stage="schema")
            self._sequences = sequences(self._connection, database, self._reader.sequences, stage="schema")
            self._limit = int(self._query("SELECT @@max_allowed_packet")[0][0])
        except BaseException:
            self.close()
            raise
        self.properties = {"charset": self._charset, "collation": self._collation, **self._about_target()}
        self._rows = Counter(self._connection, database, self._reader, self._definitions, self._columns)
        self._as_bytes = my_lossy.in_bytes(self._columns, server.flavour)
        self._longest = my_packets.Longest()
        self._args = self._arguments()
        self.tool = {
            "name": f"{self._tool.family}-dump" if self._tool.family == "mariadb" else "mysqldump",
            "version": self._tool.version_text,
            "args": self._args,
            "extra_args": list(self._extra),
        }
        self._notes += self._engine_warnings()

    def _about_target(self) -> dict[str, t.Any]:
        """What a server must have, or will do otherwise, that takes the database."""
        owners = {definer(item.text, item.sql_mode) for item in self._definitions} - {None}
        found = {
            "definers": sorted(list(item) for item in owners if item),
            "directories": self._reader.directories,
            my_folding.TWINS: my_folding.twins([*self._reader.tables, *self._reader.views]),
        }
        folding = int(self._query(f"SELECT @@{my_folding.SETTING}")[0][0])
        return {my_folding.SETTING: folding, **{key: value for key, value in found.items() if value}}

    def _engine_warnings(self) -> t.Iterator[str]:
        odd = [name for name in self._reader.tables if name in self._odd()]
        if odd:
            shown = ", ".join(odd[:20]) + (f" and {len(odd) - 20} more" if len(odd) > 20 else "")
            yield (
                f"Tables without transactions are not part of the consistent snapshot: {shown}."
                " Rows written during the dump may be in it. Convert them to InnoDB."
            )
        if self._reader.versioned and not self._tool.knows("dump-history"):
            shown = ", ".join(self._reader.versioned[:20])
            yield f"The history of system-versioned tables is not in the backup: {shown}."
        if self._precise:
            yield (
                "Tables with transaction-precise history, which the dump tool cannot write: only their present rows are"
                f" in the backup, read after the snapshot of the others: {listed(self._precise)}."
            )
        if self._rows.elsewhere:
            yield my_coverage.warning(self._reader.engines, self._rows.elsewhere)
        if self._reader.directories:
            yield (
                "Tables with files in directories of their own (DATA DIRECTORY); a restore puts them into the server's"
                f" own folder: {listed(self._reader.directories)}."
            )
        if self._extra:
            yield "The backup was made with extra_args; they may leave parts of the database out."

    def _odd(self) -> set[str]:
        """Tables with rows of their own that no snapshot holds still."""
        odd = {name for name, engine in self._reader.engines.items() if engine.lower() not in _TRANSACTIONAL}
        return odd - self._rows.elsewhere

    def _arguments(self) -> list[str]:
        args = [
            "--single-transaction",
            "--quick",
            "--no-create-info",
            "--skip-triggers",
            "--skip-add-locks",  # LOCK TABLES would shut out sequences that are defaults of columns
            # Some character sets have bytes that UTF-8 does not give back.
            f"--default-character-set={'binary' if self._as_bytes else 'utf8mb4'}",
            "--max-allowed-packet=1073741824",
            "--no-tablespaces",
            "--comments",
        ]
        if not self._as_bytes or self._tool.family == "mysql":
            # All strings are bytes then, and escaped bytes are shorter; only MySQL's tool writes them longer.
            args.append("--hex-blob")
        # Histograms are known to MySQL 8 and newer; asking an older server for them is an error.
        histograms = "=1" if self._server.flavour == "mysql" and self._server.version >= (8, 0, 2) else "=0"
        optional = {"column-statistics": histograms, "set-gtid-purged": "=OFF", "network-timeout": ""}
        if self._reader.versioned and self._tool.knows("dump-history"):
            args.append(HISTORY)
            self._precise = [
                name
                for name in self._reader.versioned
                if any(column.period and column.type == "bigint" for column in self._columns.get(name, ()))
            ]
        return args + [f"--{name}{value}" for name, value in optional.items() if self._tool.knows(name)]

    def sections(self) -> t.Iterator[Section]:
        cut = next(
            (i for i, item in enumerate(self._definitions) if item.kind not in ("table", "sequence")),
            len(self._definitions),
        )
        title = f"Definitions of {self._database!r}, to be run in the database that they are for"
        tables, code = self._definitions[:cut], self._definitions[cut:]
        trailer = trailer_of("mysql", "pre-data")
        script = my_script.write([*tables, *self._sequence_values()], title, self._collation)
        yield Section("pre-data.sql", "pre-data", [script], trailer)
        yield self._data()
        if self._rows.apart:
            yield self._apart()
        if self._precise:
            yield self._without_history()
        yield Section("post-data.sql", "post-data", [my_script.write(code, title, self._collation)], trailer)
        yield section_of(self._reader.texts)

    def _sequence_values(self) -> t.Iterator[my_script.Definition]:
        for item in self._sequences:
            yield my_script.Definition("sequence", item.name, f"DO SETVAL({quote(item.name)}, {item.value}, 0)")

    def _query(self, sql: str) -> list[tuple[t.Any, ...]]:
        return execute(self._connection, sql, stage="snapshot")

    def _data(self) -> Section:
        refused = self._lock.take()
        self._position = self._read_position(exact=not refused)
        self._query("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self._query("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        self.snapshot = utc_now()
        self._exact = not refused
        if refused:
            self._notes.append(
                f"Row counts are not exact: no global read lock for the moment of the snapshot ({refused})."
                " GRANT RELOAD ON *.* to the account for exact counts."
            )
        left_out = (*self._reader.views, *self._reader.sequences, *self._precise)
        ignored = [f"--ignore-table={self._database}.{name}" for name in left_out]
        argv = (*self._options(), *ignored, "--", self._database)
        command = self._client.tool(self._tool, *argv, stage="dump")
        watch = Watch(_SNAPSHOT_IS_OPEN, self._snapshot_open)
        return self._section("data-0001.sql", command, watch)

    def _options(self) -> tuple[str, ...]:
        """Of the dump tool, the user's last."""
        plain = self._client.plain(self._connection)
        first = [f"--init-command=SET SESSION {plain}"] if plain and self._tool.knows("init-command") else []
        return (*self._args, *first, *self._extra)

    def _section(self, stem: str, command: Command, *filters: Filter) -> Section:
        filters = (*filters, self._longest, my_packets.Tolerant())
        return Section(stem, "data", command, trailer_of("mysql", "data"), filters)

    def _apart(self) -> Section:
        """Rows that the tool writes only when it is told to; they are in files, of which there is no snapshot."""
        argv = (*self._options(), "--no-data-med=0", "--", self._database, *self._rows.apart)
        return self._section("data-0002.sql", self._client.tool(self._tool, *argv, stage="dump"))

    def _without_history(self) -> Section:
        """Present rows of the tables that the tool refuses to write with their past."""
        args = [item for item in self._args if item != HISTORY]
        argv = (*args, *self._extra, "--", self._database, *self._precise)
        return self._section("data-0003.sql", self._client.tool(self._tool, *argv, stage="dump"))

    def _snapshot_open(self) -> None:
        self._lock.release()
        if self._lock.timed_out or self._lock.lost:
            self._exact = False
            if self._position is not None:
                self._position["exact"] = False
            why = (
                "somebody ended its session" if self._lock.lost else "the dump tool took too long to open its snapshot"
            )
            self._notes.append(f"Row counts are not exact: the global read lock was not held to its end, {why}.")
        self._counter = threading.Thread(target=self._count, daemon=True, name="count")
        self._counter.start()

    def _count(self) -> None:
        try:
            scope = Scope(HISTORY in self._args, self._content, risks=True, as_bytes=self._as_bytes)
            self._counted = self._rows.count(scope, in_transaction=True)
        except BackupError as exc:
            self._count_error = exc

    def _read_position(self, *, exact: bool) -> dict[str, t.Any] | None:
        """Binary log file, position and GTIDs, when the account may read them and the log is on."""
        modern = self._server.flavour == "mysql" and self._server.version >= (8, 2)
        gtid = "@@gtid_current_pos" if self._server.flavour == "mariadb" else "@@global.gtid_executed"
        try:
            rows = self._query("SHOW BINARY LOG STATUS" if modern else "SHOW MASTER STATUS")
            gtids = self._query(f"SELECT {gtid}")[0][0]
        except EngineError as exc:
            self._notes.append(f"The binary log's position is not in the manifest: {exc.msg}")
            return None
        if not rows:
            return None
        return {"binlog_file": rows[0][0], "binlog_position": int(rows[0][1]), "gtid": str(gtids or ""), "exact": exact}

    def finish(self) -> Facts:
        if self._counter is not None:
            self._counter.join()
        if self._count_error is not None:
            cause = self.cause(self._count_error)
            if cause is self._count_error:
                raise cause
            raise cause from self._count_error
        self._query("ROLLBACK")
        changed = self._changed(self._connection)
        if changed:
            raise schema_changed(self._database, changed)
        odd = self._odd()
        tables = tuple(
            table if self._exact and table.name not in odd else dataclasses.replace(table, exact=False, content="")
            for table in self._counted.tables
        )
        tables = tuple(
            dataclasses.replace(table, exact=False, content="") if table.name in self._precise else table
            for table in tables
        )
        if self._counted.risks:
            self._notes.append(my_lossy.warning(self._counted.risks))
        too_long = my_packets.warning(self._longest.size, self._limit)
        return Facts(
            tables,
            self._before,
            self._position,
            (*self._notes, too_long) if too_long else tuple(self._notes),
            sequences=(*self._sequences, *(self._counted.sequences if self._exact else ())),
            uncovered=my_coverage.uncovered(self._reader.engines, self._rows.elsewhere),
            largest_statement=self._longest.size,
        )

    def _changed(self, connection: t.Any) -> list[str]:
        return differences(self._before, read(connection, self._database)[2])

    def cause(self, exc: BackupError) -> BackupError:
        """A table that went, or changed, before it was read or counted is a changed schema like any other; the dump
        tool and the server have many words for it."""
        if self._client.run.cause(exc) is not exc or not isinstance(exc, (EngineError, ToolError)):
            return exc
        try:
            connection = self._client.connect()
            try:
                changed = self._changed(connection)
            finally:
                connection.close()
        except BackupError:
            return advised(exc)
        return schema_changed(self._database, changed, exc) if changed else advised(exc)

    def _abandon(self) -> None:
        """End a statement that is running, from another thread.

        The socket is shut down and not closed: closing waits for the thread that reads from it.
        """
        self._lock.release()
        with contextlib.suppress(Exception):
            socket.socket.shutdown(self._connection._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        self._lock.release()
        if self._counter is not None and self._counter.is_alive():
            self._abandon()
            self._counter.join()
        with contextlib.suppress(Exception):
            self._connection.close()


class MysqlGlobals(Dump):
    """Accounts, roles and grants, as statements that can be run again without harm."""

    kind = "globals"

    def __init__(self, client: Client, server: Server) -> None:
        self._client, self._server = client, server
        self.started = self.snapshot = utc_now()
        self.properties = {}
        self.tool = {"name": "vya.backupdb", "version": "", "args": []}

    def sections(self) -> t.Iterator[Section]:
        connection = self._client.connect()
        try:
            statements = account_statements(connection, self._server)
        finally:
            connection.close()
        script = my_script.write(
            [my_script.Definition("account", "", text) for text in statements], "Accounts, roles and grants", ""
        )
        yield Section("globals.sql", "globals", [script], trailer_of("mysql", "globals"))

    def finish(self) -> Facts:
        return Facts((), (), None, ())

    def close(self) -> None:
        """Nothing is held."""


__all__ = ("HISTORY", "MysqlDump", "MysqlGlobals")
