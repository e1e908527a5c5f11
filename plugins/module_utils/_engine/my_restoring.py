# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: load into a scratch database, then move its tables in one RENAME TABLE."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils._engine import (
    my_columns,
    my_definers,
    my_directories,
    my_folding,
    my_judge,
    my_packets,
    my_script,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import (
    Inspection,
    Restore,
    RestorePlan,
    Server,
    Session,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import Client, error_number, execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_code import run_script
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_compare import UNCOMPARED
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_counting import Counted, Counter, Scope, sequences
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_directories import check_movable
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_dumping import HISTORY
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_rights import check_restore
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_schema import Reader
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_session import MysqlSession
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_swap import Plan, Swap
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_sweep import take_lock, unfinished
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_tolerance import TABLE_MODES, Tolerance, tolerate
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import literal, quote, replace_word
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, ConfigError, EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import SchemaObject, Sequence, utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Command

LIMIT = 64
SYSTEM = ("mysql", "information_schema", "performance_schema", "sys", "ndbinfo", "mysql_innodb_cluster_metadata")
# Above are errors of the connection: nobody knows what the server did.
_CLIENT_ERRORS = 2000
_NO_TABLE = 1146
_DENIED = (1044, 1142, 1227)
_SCHEMATA = "information_schema.schemata"
_NAME = re.compile(r"^[a-z0-9_]+\Z")


class MysqlRestore(Restore):
    """One target on one server. ``admin`` holds the locks of target and scratch to the end."""

    def __init__(self, client: Client, server: Server, admin: t.Any, plan: RestorePlan) -> None:
        self._client, self._server, self._admin, self._plan = client, server, admin, plan
        self.scratch = plan.scratch or names.beside(plan.target, f"backupdb_scratch_{plan.token}", LIMIT, unit="chars")
        self._previous = names.beside(
            plan.target,
            f"previous_{utc_now():%Y%m%dT%H%M%SZ}" if plan.keep_previous else f"backupdb_old_{plan.token}",
            LIMIT,
            unit="chars",
        )
        self._created = False
        self._left: list[str] = []
        self._code = b""
        self._names: set[str] = set()
        self._restored: t.Sequence[my_script.Definition] = ()
        self._source = plan.origin.database
        self._unfinished = ""
        # Accounts that own code of the backup and are not on this server.
        self._folding = my_folding.Folding(None, 0)
        self._absent: frozenset[my_definers.Account] = frozenset()
        self._tolerance = Tolerance({}, ())
        self._charset = (str(plan.origin.properties.get("charset")), str(plan.origin.properties.get("collation")))

    def _run(self, sql: str, stage: str) -> list[tuple[t.Any, ...]]:
        return execute(self._admin, sql, stage=stage)

    def _exists(self, name: str) -> bool:
        sql = f"SELECT 1 FROM information_schema.schemata WHERE schema_name = {literal(name)}"
        return bool(self._run(sql, "preflight"))

    def preflight(self, *, globals_follow: bool = False) -> list[str]:
        plan = self._plan
        if plan.target.lower() in SYSTEM and not plan.drill:
            raise ConfigError(f"The database {plan.target!r} belongs to the server and cannot be a target.")
        if not plan.target or len(plan.target) > LIMIT or plan.target != plan.target.rstrip():
            raise ConfigError(
                f"{plan.target!r} is no name of a database: 1 to {LIMIT} characters, no space at its end."
            )
        if not plan.origin.foreign:  # what others dumped goes through the driver
            self._client.fitting_tool("mysql", self._server)
        limit = int(self._run("SELECT @@GLOBAL.max_allowed_packet", "preflight")[0][0])
        my_packets.check(plan.origin.largest_statement, limit)
        for name in (self.scratch,) if plan.drill else (plan.target, self.scratch):
            take_lock(self._admin, name)
        self.exists = not plan.drill and self._exists(plan.target)
        if self.exists:
            if not plan.replace:
                raise ConfigError(
                    f"The database {plan.target!r} exists.",
                    hint="Choose another target, or set if_exists=replace to load beside it and swap.",
                )
            self._check_references()
            check_movable(self._admin, self._server, plan.target)
        check_restore(
            self._admin,
            self.scratch,
            self.scratch if plan.drill else plan.target,
            self._previous if self.exists else "",
        )
        told = [str(plan.origin.properties.get(key, "")) for key in ("charset", "collation")]
        # A script may tell one of them: the server knows what goes with it.
        if not (any if plan.origin.foreign else all)(told) or not all(_NAME.match(name) for name in told if name):
            raise ConfigError("The backup tells no character set and collation.")
        return list(self._notes(globals_follow))

    def _notes(self, globals_follow: bool) -> t.Iterator[str]:
        """What will not be as it was at the source."""
        properties = self._plan.origin.properties
        self._folding = my_folding.folding(self._admin, properties)
        yield from self._folding.warnings([str(name) for name in properties.get(my_folding.TWINS, ())])
        directories = [str(name) for name in properties.get("directories", ())]
        if directories:
            yield (
                "Tables had files in directories of their own (DATA DIRECTORY) at the source, and come into this"
                f" server's own folder: {my_directories.listed(directories)}."
            )
        owners = [(str(item[0]), str(item[1])) for item in properties.get("definers", ())]
        self._absent = frozenset() if globals_follow else my_definers.missing(self._admin, owners)
        if self._absent and self._plan.drill:
            yield (
                "Views, triggers, routines and events of accounts that this server does not have were loaded as the"
                f" account that drills; their definers were not compared: {my_definers.listed(self._absent)}."
            )
        elif self._absent:
            my_definers.check(self._admin, self._server, self._absent)
            yield (
                "Views, triggers, routines and events belong to accounts that this server does not have, and cannot be"
                f" used before these are created: {my_definers.listed(self._absent)}. Restore with globals=true, or"
                " create them."
            )

    def _check_references(self) -> None:
        """A foreign key of another database would follow the old tables out of the target."""
        target = literal(self._plan.target)
        sql = (
            "SELECT DISTINCT constraint_schema, table_name FROM information_schema.referential_constraints"
            f" WHERE unique_constraint_schema = {target} AND constraint_schema"
        )
        try:
            rows = self._run(f"{sql} <> {target}", "preflight")
        except EngineError:
            # A broken table somewhere on the server: each database by itself.
            rows = []
            for (name,) in self._run(f"SELECT schema_name FROM {_SCHEMATA} WHERE schema_name <> {target}", "preflight"):
                with contextlib.suppress(EngineError):
                    rows += self._run(f"{sql} = {literal(name)}", "preflight")
        if rows:
            listed = ", ".join(f"{row[0]}.{row[1]}" for row in rows[:10])
            raise ConfigError(
                f"Tables of other databases refer to {self._plan.target!r} by foreign keys: {listed}.",
                hint="Drop those keys first, or restore under another name.",
            )

    def prepare(self) -> None:
        p = self._plan.origin.properties
        held = "" if self._plan.drill else unfinished(self._admin, self._plan.target)
        if held:
            raise ConfigError(
                f"An earlier restore into {self._plan.target!r} could neither be finished nor undone.",
                hint=f"What it takes is in {held!r}: drop nothing. db_restore into another target tells why it fails.",
            )
        self._created = True  # also when the statement fails half-way
        words = {"charset": "CHARACTER SET", "collation": "COLLATE"}
        said = " ".join(f"{word} {p[key]}" for key, word in words.items() if p.get(key))
        sql = f"CREATE DATABASE {quote(self.scratch)} {said}"
        try:
            self._run(sql, "create")
        except EngineError as exc:
            number = error_number(exc) or _CLIENT_ERRORS
            self._created = number >= _CLIENT_ERRORS  # what the server refused is not there
            exc.hint = (
                "The account needs CREATE on all databases."
                if number in _DENIED
                else "The server must know the character set and collation."
            )
            raise

    def loader(self, section: str, spooled: int | None = None, path: str = "") -> Command | t.Callable[[bytes], None]:
        if section == "pre-data":
            return self._load_tables
        if section == "post-data":
            return self._load_code
        tool = self._client.fitting_tool("mysql", self._server)
        options = ["--binary-mode", "--default-character-set=utf8mb4", "--max-allowed-packet=1073741824", "--batch"]
        options += [f"--{name}" for name in ("skip-print-query-on-error", "skip-reconnect") if tool.knows(name[5:])]
        # Key checks would read each parent row; the source has checked them. Without unique_checks too MariaDB would
        # load in bulk, and say of a duplicate only that something is not permitted.
        first = ", ".join(filter(None, ("foreign_key_checks = 0, autocommit = 1", self._client.plain(self._admin))))
        options.append(f"--init-command={self._tolerance.statement(first)}")
        return self._client.tool(tool, *options, f"--database={self.scratch}", stage="load")

    def _load_tables(self, script: bytes) -> None:
        self._names |= my_script.names_in(script)
        self._in_scratch(script, {}, TABLE_MODES)

    def _load_code(self, script: bytes) -> None:
        self._names |= my_script.names_in(script)
        self._code = script
        self._in_scratch(script, {"ENABLE": "DISABLE"})  # an event must not run beside its target

    def _in_scratch(self, script: bytes, events: t.Mapping[str, str], modes: t.Sequence[str] = ()) -> None:
        connection = self._client.connect()
        try:
            self._tolerance = tolerate(connection, own=True, stage="load")
            run_script(
                connection,
                script,
                old=self._plan.origin.database,
                new=self.scratch,
                names=self._names,
                events=events,
                modes=modes,
                absent=self._absent,
                stage="load",
            )
        except EngineError as exc:
            told = self._folding.strict() if self._folding.source and error_number(exc) == _NO_TABLE else ""
            exc.hint = " ".join(filter(None, (exc.hint, told, self._tolerance.hint())))
            raise
        finally:
            connection.close()

    def session(self) -> Session:
        return MysqlSession(self._client.connect(), self.scratch)

    def adopt(self, enabled_events: t.Collection[str] = ()) -> None:
        self._source = self.scratch
        connection = self._client.connect()
        try:
            reader = Reader(connection, self.scratch, stage="load")
            enabled = {name.encode("utf-8", "surrogateescape").lower() for name in enabled_events}
            code = [
                _enabled(item) if item.kind == "event" and _written(connection, item).lower() in enabled else item
                for item in reader.code_definitions()
            ]
            self._charset = reader.charset()  # a dump may have altered it
            self._code = my_script.write(code, "Definitions of a foreign dump", self._charset[1])
            self._names = {*reader.tables, *reader.sequences, *reader.views, *(item.name for item in code)}
        finally:
            connection.close()

    def inspect(self, *, rows: bool = True, content: bool = False) -> Inspection:
        connection = self._client.connect()
        try:
            reader = Reader(connection, self.scratch, stage="verify")
            self._restored = definitions = self._as_owned(reader.definitions())
            counted = Counted()
            following: tuple[Sequence, ...] = ()
            if rows:
                columns = my_columns.columns(connection, self.scratch, stage="verify")
                counter = Counter(connection, self.scratch, reader, definitions, columns, stage="verify")
                counted = counter.count(Scope(history=HISTORY in self._plan.origin.tool_args, content=content))
                following = sequences(connection, self.scratch, reader.sequences, stage="verify")
            return Inspection(
                tables=tuple(counted.tables),
                schema=reader.objects(definitions),
                sequences=(*following, *counted.sequences),
                texts=reader.texts,
            )
        finally:
            connection.close()

    def _as_owned(self, definitions: t.Sequence[my_script.Definition]) -> list[my_script.Definition]:
        """With the definers that were replaced for the time in the scratch database."""
        if not self._absent:
            return list(definitions)
        owners = {(kind, self.named(name)): owner for (kind, name), owner in my_definers.owners(self._code).items()}
        return [
            dataclasses.replace(
                item, text=my_definers.replaced(item.text, item.sql_mode, owners[item.kind, self.named(item.name)])
            )
            if owners.get((item.kind, self.named(item.name))) in self._absent
            else item
            for item in definitions
        ]

    def compared(self, objects: t.Iterable[SchemaObject]) -> list[SchemaObject]:
        return [self._folding.object(item) for item in objects if not item.name.startswith(UNCOMPARED)]

    def same_meaning(self, texts: t.Mapping[str, str]) -> t.Mapping[str, bool]:
        if not any(name.startswith("view ") for name in texts):
            return {}
        with contextlib.closing(self._client.connect()) as connection:
            return my_judge.judged(connection, self.scratch, self._restored, texts, absent=self._absent, stage="verify")

    def named(self, name: str) -> str:
        return self._folding.name(name)

    def finish(self) -> None:
        """Nothing: InnoDB keeps its statistics itself."""

    def swap(self) -> str | None:
        plan, existed = self._plan, self._exists(self._plan.target)
        swap = Swap(
            self._client,
            Plan(
                source=self._source,
                scratch=self.scratch,
                target=plan.target,
                previous=self._previous if existed else "",
                keep_previous=plan.keep_previous,
                charset=self._charset,
                code=self._code,
                names=tuple(sorted(self._names)),
            ),
        )
        try:
            self._left = swap.execute()
            self._created = False
        finally:
            swap.close()
            if swap.unfinished:
                self._created, self._unfinished = False, swap.unfinished
        return self._previous if existed and plan.keep_previous else None

    def with_leftovers(self, exc: BackupError, *, untouched: str = "") -> BackupError:
        exc = super().with_leftovers(exc, untouched=untouched)
        exc.hint = f"{exc.hint} {self._unfinished}".strip()
        return exc

    def close(self) -> list[str]:
        left = self._left
        if self._created:
            try:
                self._run(f"DROP DATABASE IF EXISTS {quote(self.scratch)}", "clean up")
            except EngineError:
                left.append(self.scratch)
        return left


def _written(connection: t.Any, item: my_script.Definition) -> bytes:
    """The name of an event as the client wrote that made it."""
    if item.name.isascii():
        return item.name.encode("ascii")
    sql = f"SELECT HEX(CONVERT({literal(item.name)} USING {item.charset}))"
    return bytes.fromhex(str(execute(connection, sql, stage="load")[0][0]))


def _enabled(item: my_script.Definition) -> my_script.Definition:
    """An event that was created disabled, as it is to be."""
    text = replace_word(item.text, {"DISABLE": "ENABLE"}, before="DO", sql_mode=item.sql_mode)
    return dataclasses.replace(item, text=text)


__all__ = ("LIMIT", "SYSTEM", "MysqlRestore")
