# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: what a database is made of, from SHOW CREATE and information_schema."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_compare, my_shown
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_advice import about
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import error_number, execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_directories import names_directory
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_script import Definition
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import (
    literal,
    mentioned,
    quote,
)
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError, PrivilegeError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import SchemaObject

_INVALID_VIEW = 1356
# No such table, routine, trigger, event, sequence: it went after it was listed.
_GONE = (1146, 1305, 1360, 1539, 4091)
_ATTEMPTS = 3
_NO_EXECUTE = 1370
_NO_DEFINER = 1449
ENABLED = {"ENABLE": "DISABLE"}


class Reader:
    """Reads one database through one connection, whose current database it becomes (definitions are then printed
    without the database's name wherever the server can do without it)."""

    def __init__(self, connection: t.Any, database: str, *, stage: str = "schema", lenient: bool = False) -> None:
        """``lenient``: take views that nobody can use since a definer is missing."""
        self._connection, self._database, self._stage = connection, database, stage
        self._lenient = lenient
        self._schema = literal(database)
        self._run(f"USE {quote(database)}")
        self.folds = str(self._run("SELECT @@lower_case_table_names")[0][0]) != "0"
        rows = self._run(
            "SELECT table_name, table_type, engine FROM information_schema.tables"
            f" WHERE table_schema = {self._schema} ORDER BY table_name"
        )
        self.sequences = [row[0] for row in rows if row[1] == "SEQUENCE"]
        self.views = [row[0] for row in rows if row[1] in ("VIEW", "SYSTEM VIEW")]
        known = {*self.sequences, *self.views}
        self.tables = [row[0] for row in rows if row[0] not in known and row[1] != "TEMPORARY"]
        self.engines = {row[0]: row[2] or "" for row in rows if row[0] in set(self.tables)}
        # Tables with DATA DIRECTORY or INDEX DIRECTORY, of their own or of partitions, once they were read.
        self.directories: list[str] = []
        # Of the objects that were fingerprinted, by their names.
        self.texts: dict[str, str] = {}
        self.versioned = [row[0] for row in rows if row[1] == "SYSTEM VERSIONED"]

    def _run(self, sql: str) -> list[tuple[t.Any, ...]]:
        return execute(self._connection, sql, stage=self._stage)

    def charset(self) -> tuple[str, str]:
        """The database's default (character set, collation)."""
        row = self._run(
            "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata"
            f" WHERE schema_name = {self._schema}"
        )[0]
        return str(row[0]), str(row[1])

    def definitions(self) -> list[Definition]:
        """Everything, in an order in which it can be created again."""
        return [*self.table_definitions(), *self.code_definitions()]

    def table_definitions(self) -> list[Definition]:
        """Sequences, then tables (whose columns may take defaults from sequences)."""
        found = [Definition("sequence", name, self._show("SEQUENCE", name)[1]) for name in self.sequences]
        found += [Definition("table", name, self._show("TABLE", name)[1]) for name in self.tables]
        self.directories = [item.name for item in found if item.kind == "table" and names_directory(item.text)]
        without = self._without_directories(self.directories)
        return [dataclasses.replace(item, text=without.get(item.name, item.text)) for item in found]

    def _without_directories(self, tables: t.Iterable[str]) -> dict[str, str]:
        """Definitions as they are to be restored: where a server keeps its files is no part of a database."""
        self._run("SET SESSION sql_mode = 'NO_DIR_IN_CREATE'")
        try:
            return {name: self._show("TABLE", name)[1] for name in tables}
        finally:
            self._run("SET SESSION sql_mode = ''")

    def code_definitions(self) -> list[Definition]:
        """Routines, views (each after those it reads), triggers in their order of action, events."""
        return [*self._routines(), *self._ordered(self._views()), *self._triggers(), *self._events()]

    def _show(self, kind: str, name: str) -> tuple[t.Any, ...]:
        try:
            return self._run(f"SHOW CREATE {kind} {quote(self._database)}.{quote(name)}")[0]
        except EngineError as exc:
            raise about(exc, f"The {kind.lower()} {name!r} of {self._database!r} cannot be read") from exc.__cause__

    def _shown(self, kind: str, name: str, printed: my_shown.Printed, table: str = "") -> list[t.Any]:
        return my_shown.show_create(
            self._connection, kind, self._database, name, printed, table=table, stage=self._stage
        )

    def _routines(self) -> list[Definition]:
        rows = self._run(
            "SELECT routine_type, routine_name, definer, routine_comment FROM information_schema.routines"
            f" WHERE routine_schema = {self._schema} ORDER BY routine_type, routine_name"
        )
        found = []
        for kind, name, definer, comment in rows:
            printed = [(b"", definer), (b"", name), (my_shown.COMMENT, _text(comment))]
            if kind == "FUNCTION":
                printed.insert(2, (my_shown.RETURNS, None))
            _name, mode, text, charset, collation, database = self._shown(kind, name, printed)[:6]
            if text is None:
                raise PrivilegeError(
                    f"The account may not read the {kind.lower()} {name!r} of {self._database!r}.",
                    stage="schema",
                    hint="MySQL: GRANT SHOW_ROUTINE ON *.* TO ...; MariaDB: GRANT SELECT ON mysql.proc TO ...",
                )
            found.append(Definition(kind.lower(), name, text, mode, charset, collation, database))
        return found

    def _views(self) -> list[Definition]:
        found = []
        for name in self.views:
            try:
                self._check_view(f"{quote(self._database)}.{quote(name)}")
                _name, text, charset, collation = self._show("VIEW", name)[:4]
            except EngineError as exc:
                if error_number(exc) != _INVALID_VIEW:
                    named = repr(name) in exc.msg
                    cannot = f"The view {name!r} of {self._database!r} cannot be read"
                    raise (exc if named else about(exc, cannot)) from exc.__cause__
                raise EngineError(
                    f"The view {name!r} of {self._database!r} is invalid: it uses tables, columns or functions that"
                    " are missing, or its definer lacks rights on them.",
                    stage="schema",
                    hint=f"Mend it, or DROP VIEW {quote(self._database)}.{quote(name)}; then run the backup again.",
                ) from exc
            found.append(Definition("view", name, text, "", charset, collation))
        return found

    def _check_view(self, name: str) -> None:
        """EngineError unless a view can be read."""
        try:
            self._run(f"SHOW FIELDS FROM {name}")
        except EngineError as exc:
            if self._lenient and error_number(exc) in (_NO_DEFINER, _INVALID_VIEW):
                return
            if error_number(exc) != _NO_EXECUTE:
                raise
            # MariaDB asks the account itself for the right to execute what the view calls; the definer has it.
            try:
                self._run(f"SELECT * FROM {name} LIMIT 0")
            except EngineError as again:
                if error_number(again) != _NO_EXECUTE:
                    raise

    @staticmethod
    def _ordered(views: t.Sequence[Definition]) -> list[Definition]:
        """Views after the views whose names they mention."""
        by_name = {view.name: view for view in views}
        needs = {view.name: (mentioned(view.text) & by_name.keys()) - {view.name} for view in views}
        ordered: dict[str, Definition] = {}
        while len(ordered) < len(by_name):
            ready = [name for name in by_name if name not in ordered and needs[name] <= ordered.keys()]
            # A column may have the name of a view, so that a circle only seems to be one.
            for name in ready or [next(name for name in by_name if name not in ordered)]:
                ordered[name] = by_name[name]
        return list(ordered.values())

    def _triggers(self) -> list[Definition]:
        rows = self._run(
            "SELECT trigger_name, event_object_table, definer FROM information_schema.triggers WHERE trigger_schema ="
            f" {self._schema} ORDER BY event_object_table, action_timing, event_manipulation, action_order"
        )
        found = []
        for name, table, definer in rows:
            printed = [(b"", definer), (b"", name), (b"", table)]
            _name, mode, text, charset, collation, database = self._shown("TRIGGER", name, printed, table)[:6]
            found.append(Definition("trigger", name, text, mode, charset, collation, database, table=table))
        return found

    def _events(self) -> list[Definition]:
        rows = self._run(
            "SELECT event_name, definer, event_comment FROM information_schema.events"
            f" WHERE event_schema = {self._schema} ORDER BY 1"
        )
        found = []
        for name, definer, comment in rows:
            printed = [(b"", definer), (b"", name), (my_shown.COMMENT, _text(comment))]
            _name, mode, zone, text, charset, collation, database = self._shown("EVENT", name, printed)[:7]
            found.append(Definition("event", name, text, mode, charset, collation, database, time_zone=zone))
        return found

    def objects(self, definitions: t.Sequence[Definition]) -> tuple[SchemaObject, ...]:
        """Fingerprints that do not depend on the database's name."""
        names = object_names(definitions, self.folds)
        found, self.texts = my_compare.objects(
            self._connection, self._database, definitions, names, folds=self.folds, stage=self._stage
        )
        return found


def read(
    connection: t.Any, database: str, *, stage: str = "schema"
) -> tuple[Reader, list[Definition], tuple[SchemaObject, ...]]:
    """A database's (reader, definitions, fingerprints). Read again when an object goes between being listed and shown;
    EngineError when that does not end."""
    attempt = 0
    while True:
        attempt += 1
        try:
            reader = Reader(connection, database, stage=stage)
            definitions = reader.definitions()
            return reader, definitions, reader.objects(definitions)
        except EngineError as exc:
            if error_number(exc) not in _GONE or attempt == _ATTEMPTS:
                raise


def _text(value: t.Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def object_names(definitions: t.Iterable[Definition], folds: bool) -> set[str]:
    """Names that may follow the database's name in a definition."""
    names = {item.name for item in definitions}
    return {name.lower() for name in names} if folds else names


__all__ = ("Reader", "object_names", "read")
