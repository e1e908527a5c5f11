# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: put a scratch database in place of its target.

All tables move in one RENAME TABLE, which is atomic. What cannot move (triggers, views, routines, events) is dropped
and created around it. A journal in the scratch database holds both sets of definitions before anything is dropped, so
that a run which finds it can finish the swap, or undo it, whoever died.
"""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_definers, my_script
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import Client, execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_code import drop_code, run_script
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_plan import Plan
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_schema import ENABLED, Reader
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_tolerance import tolerate
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import (
    literal,
    quote,
)
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_moved import retarget

# The journal's table says by its name how far the swap is. The rename that moves the tables renames the journal too, so
# that both are one: a database may have no table that could tell.
JOURNAL = "backupdb_journal"
SWAPPED = "backupdb_swapped"
SETTLED = "backupdb_settled"
UNDOING = "backupdb_undoing"
JOURNALS = (JOURNAL, SWAPPED, SETTLED, UNDOING)
_SWAP = "backupdb_swap"
# A rename waits for transactions that use the tables, and makes others wait behind it.
_LOCK_WAIT = 30
_PAUSE = 0.05
_SHOWN = 200


class Swap:
    """One swap, begun here or found in a journal."""

    def __init__(self, client: Client, plan: Plan) -> None:
        self._client, self._plan = client, plan
        # Why the scratch database, its journal and the old database must stay; empty when they are of no more use.
        self.unfinished = ""
        self._connect()

    def _connect(self) -> None:
        self._connection = self._client.connect()
        tolerate(self._connection, own=True, stage="swap")  # a default that moves alters its table
        self._run("SET SESSION foreign_key_checks = 1")
        self._run(f"SET SESSION lock_wait_timeout = {_LOCK_WAIT}")

    def _run(self, sql: str) -> list[tuple[t.Any, ...]]:
        try:
            return execute(self._connection, sql, stage="swap")
        except EngineError as exc:
            raise EngineError(f"{exc.msg} ({sql[:_SHOWN]})", stage="swap") from exc.__cause__

    def _exists(self, name: str) -> bool:
        return bool(self._run(f"SELECT 1 FROM information_schema.schemata WHERE schema_name = {literal(name)}"))

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def execute(self) -> list[str]:
        """Swap. On failure all is as before, but for what the error says. Returns the names of what is no longer needed
        and could not be dropped; the next sweep does that."""
        plan, step = self._plan, self._client.run.step
        self._gather()
        # Some servers take no table without a primary key.
        columns = "id INT NOT NULL PRIMARY KEY, plan LONGTEXT CHARACTER SET utf8mb4"
        self._run(f"CREATE TABLE {quote(plan.scratch)}.{JOURNAL} ({columns})")
        self._run(f"INSERT INTO {quote(plan.scratch)}.{JOURNAL} (id, plan) VALUES (1, {_hex(plan.to_json())})")
        step("journal written")
        try:
            self._prepare()
            step("rename")
            self._rename()
            step("renamed")
            self._settle(step)
        except BaseException:
            self._undo_quietly()
            raise
        try:
            step("drop scratch")
            self._clear()
        except BackupError:  # the target is in place, whatever becomes of the rest
            return [name for name in (plan.previous if not plan.keep_previous else "", plan.scratch) if name]
        return []

    def _undo_quietly(self) -> None:
        kept = " and ".join(repr(name) for name in (self._plan.scratch, self._plan.previous) if name)
        advice = f"What it takes is in {kept}: drop nothing, the next db_restore on this server tries again."
        self.unfinished = f"Undoing it was interrupted. {advice}"
        try:
            self.undo()
            self.unfinished = ""
        except Exception as second:  # whatever it is, the first error is the one to tell
            self.unfinished = f"Undoing it failed too ({getattr(second, 'msg', second)}). {advice}"

    def _gather(self) -> None:
        plan = self._plan
        scratch = Reader(self._connection, plan.scratch, stage="swap")
        plan.tables = (*scratch.sequences, *scratch.tables)
        if plan.previous:
            lenient = my_definers.any_missing(self._connection, plan.target)
            old = Reader(self._connection, plan.target, stage="swap", lenient=lenient)
            definitions = old.code_definitions()
            plan.old_tables = (*old.sequences, *old.tables)
            plan.old_triggers = tuple(item.name for item in definitions if item.kind == "trigger")
            plan.old_charset = old.charset()
            plan.old_code = my_script.write(definitions, "Definitions before the swap", plan.old_charset[1])
            if any(item.kind in ("function", "procedure") for item in definitions):
                plan.grants = tuple(self._routine_grants())
            plan.old_names = (*plan.old_tables, *old.views, *(item.name for item in definitions))

    def _routine_grants(self) -> t.Iterator[tuple[str, str, str]]:
        """(kind, routine, GRANT) for the target's routines: the server drops these grants with the routines."""
        target = quote(self._plan.target)
        sql = (
            "SELECT Routine_type, Routine_name, Proc_priv, User, Host FROM mysql.procs_priv"
            f" WHERE Db = {literal(self._plan.target)} AND Routine_type IN ('FUNCTION', 'PROCEDURE')"
        )
        for row in self._run(sql):
            kind, name, held, user, host = (item.decode() if isinstance(item, bytes) else str(item) for item in row)
            privileges = [item for item in held.upper().split(",") if item in ("EXECUTE", "ALTER ROUTINE")]
            option = " WITH GRANT OPTION" if "GRANT" in held.upper().split(",") else ""
            account = f"{quote(user)}@{quote(host)}" if host else quote(user)
            listed = ", ".join(privileges) or "USAGE"
            yield kind, name, f"GRANT {listed} ON {kind} {target}.{quote(name)} TO {account}{option}"

    def _prepare(self) -> None:
        plan = self._plan
        drop_code(self._connection, plan.scratch, stage="swap")  # triggers cannot move to another database
        if plan.previous:
            charset, collation = plan.old_charset
            self._run(f"CREATE DATABASE {quote(plan.previous)} CHARACTER SET {charset} COLLATE {collation}")
        else:
            charset, collation = plan.charset
            self._run(f"CREATE DATABASE {quote(plan.target)} CHARACTER SET {charset} COLLATE {collation}")

    def _renames(self, moves: t.Sequence[tuple[str, str, t.Sequence[str]]], before: str, after: str) -> str:
        """One statement that moves tables, and the journal's name with them."""
        scratch = quote(self._plan.scratch)
        pairs = [
            f"{quote(source)}.{quote(name)} TO {quote(target)}.{quote(name)}"
            for source, target, names in moves
            for name in names
        ]
        return "RENAME TABLE " + ", ".join([*pairs, f"{scratch}.{before} TO {scratch}.{after}"])

    def _rename(self) -> None:
        """One statement. Old triggers must go before it; a procedure does both, so that the server carries it through
        even if this process dies between. Where no procedure can be made, the journal alone covers that moment."""
        plan = self._plan
        moves = [(plan.target, plan.previous, plan.old_tables), (plan.scratch, plan.target, plan.tables)]
        rename = self._renames(moves, JOURNAL, SWAPPED)
        if not plan.old_triggers:
            self._run(rename)
            return
        drops = [f"DROP TRIGGER IF EXISTS {quote(plan.target)}.{_plain(name)}" for name in plan.old_triggers]
        name = f"{quote(plan.scratch)}.{_SWAP}"
        # MySQL 9 corrupts a routine's body behind a doubled backtick with non-ASCII letters (error 4089), so names with
        # backticks stand in double quotes, and the rename comes from a variable.
        body = "; ".join([*drops, "PREPARE renaming FROM @backupdb_rename", "EXECUTE renaming"])
        try:
            self._run("SET SESSION sql_mode = 'ANSI_QUOTES'")
            self._run(f"CREATE PROCEDURE {name}() SQL SECURITY INVOKER BEGIN {body}; END")
            self._run("SET SESSION sql_mode = ''")
        except EngineError:
            self._run("SET SESSION sql_mode = ''")
            for item in plan.old_triggers:
                self._run(f"DROP TRIGGER IF EXISTS {quote(plan.target)}.{quote(item)}")
            self._run(rename)
            return
        self._run(f"SET @backupdb_rename = {_hex(rename)}")
        self._run(f"CALL {name}()")

    def _settle(self, step: t.Callable[[str], None] = lambda _name: None) -> None:
        """What follows the rename. Can be run again from its start."""
        plan = self._plan
        charset, collation = plan.charset
        drop_code(self._connection, plan.target, stage="swap")
        self._run(f"ALTER DATABASE {quote(plan.target)} CHARACTER SET {charset} COLLATE {collation}")
        step("create code")
        self._point_defaults(plan.target, plan.scratch)
        self._code(plan.code, plan.source, plan.target, plan.names)
        self._grant()
        if plan.previous and plan.keep_previous:
            drop_code(self._connection, plan.previous, stage="swap")
            self._point_defaults(plan.previous, plan.target)
            self._code(plan.old_code, plan.target, plan.previous, plan.old_names, events=ENABLED)
        step("code created")
        self._run(self._renames([], SWAPPED, SETTLED))

    def _clear(self) -> None:
        """Drop what was replaced, and the scratch database with the journal last. Can be run again."""
        plan = self._plan
        if plan.previous and not plan.keep_previous:
            self._run(f"DROP DATABASE IF EXISTS {quote(plan.previous)}")
        self._run(f"DROP DATABASE IF EXISTS {quote(plan.scratch)}")

    def _point_defaults(self, database: str, before: str) -> None:
        """MariaDB keeps ``nextval(`database`.`sequence`)`` in defaults, and RENAME TABLE leaves the database ``before``
        the move there."""
        reader = Reader(self._connection, database, stage="swap")
        if not reader.sequences:
            return
        names = set(reader.sequences)
        rows = self._run(
            "SELECT table_name, column_name, column_default FROM information_schema.columns"
            f" WHERE table_schema = {literal(database)} AND column_default LIKE '%nextval%'"
        )
        changes: dict[str, list[str]] = {}
        for table, column, default in rows:
            text = default.decode() if isinstance(default, bytes) else default
            moved = retarget(text, before, database, names, fold=reader.folds)
            if moved != text:
                changes.setdefault(table, []).append(f"ALTER COLUMN {quote(column)} SET DEFAULT {moved}")
        for table, clauses in changes.items():
            # One statement a table: it cannot be opened while any default names a sequence that is gone.
            self._run(f"ALTER TABLE {quote(database)}.{quote(table)} {', '.join(clauses)}")

    def _code(
        self,
        script: bytes,
        old: str,
        new: str,
        names: t.Sequence[str],
        events: t.Mapping[str, str] | None = None,
    ) -> None:
        run_script(
            self._connection,
            script,
            old=old,
            new=new,
            names=set(names),
            events=events,
            absent=my_definers.missing(self._connection, my_definers.owners(script).values()),
            owned=True,
            stage="swap",
        )

    def _grant(self) -> None:
        """Give back the grants on routines that exist again."""
        sql = (
            "SELECT routine_type, routine_name FROM information_schema.routines"
            f" WHERE routine_schema = {literal(self._plan.target)}"
        )
        there = {(str(kind), str(name).lower()) for kind, name in self._run(sql)}
        for kind, name, grant in self._plan.grants:
            if (kind, name.lower()) in there:
                self._run(grant)

    def undo(self) -> None:
        """Back to what was before, however far it came: that is what the journal is called. On a connection of its own:
        the other may be lost, and is as the statement that failed left it."""
        self._reconnect()
        tables = Reader(self._connection, self._plan.scratch, stage="swap").tables
        journal = next((name for name in JOURNALS if name in tables), "")
        if not journal:
            raise EngineError(f"The journal in {self._plan.scratch!r} is gone.", stage="swap")
        self._undo(journal)

    def _reconnect(self) -> None:
        """The server may still be at work on what a lost connection has asked for; the locks it waits for end that."""
        number = self._connection.thread_id()
        with contextlib.suppress(Exception):
            self._connection.close()
        self._connect()
        end = time.monotonic() + 2 * _LOCK_WAIT
        while any(row[0] == number for row in self._run("SHOW PROCESSLIST")):
            if time.monotonic() > end:
                raise EngineError(f"The server is still at work on what connection {number} asked for.", stage="swap")
            time.sleep(_PAUSE)

    def _undo(self, journal: str) -> None:
        if journal == JOURNAL:
            self._undo_unswapped()
        elif journal == UNDOING:
            self._undone()
        else:
            self._undo_swapped(journal)

    def _undo_unswapped(self) -> None:
        """Before the rename: give the target its triggers back, drop what was made for the swap."""
        plan = self._plan
        if not plan.previous:
            self._drop_empty(plan.target)
            return
        sql = f"SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = {literal(plan.target)}"
        if len(self._run(sql)) != len(plan.old_triggers):
            drop_code(self._connection, plan.target, stage="swap")
            self._code(plan.old_code, plan.target, plan.target, plan.old_names)
            self._grant()
        self._drop_empty(plan.previous)

    def _undo_swapped(self, journal: str) -> None:
        """After the rename: move the old tables back, with all that belonged to them."""
        plan = self._plan
        drop_code(self._connection, plan.target, stage="swap")
        if plan.previous:
            drop_code(self._connection, plan.previous, stage="swap")
        moves = [(plan.target, plan.scratch, plan.tables), (plan.previous, plan.target, plan.old_tables)]
        self._run(self._renames(moves, journal, UNDOING))
        self._undone()

    def _undone(self) -> None:
        """What follows the rename back. Can be run again from its start."""
        plan = self._plan
        if not plan.previous:
            self._drop_empty(plan.target)
            return
        charset, collation = plan.old_charset
        drop_code(self._connection, plan.target, stage="swap")
        self._run(f"ALTER DATABASE {quote(plan.target)} CHARACTER SET {charset} COLLATE {collation}")
        self._point_defaults(plan.target, plan.previous)
        self._code(plan.old_code, plan.target, plan.target, plan.old_names)
        self._grant()
        self._drop_empty(plan.previous)

    def _drop_empty(self, name: str) -> None:
        if self._exists(name):
            found = Reader(self._connection, name, stage="swap")
            if not found.tables and not found.sequences:
                self._run(f"DROP DATABASE IF EXISTS {quote(name)}")

    def recover(self, journal: str) -> str:
        """Finish or undo a swap that its run left. ``journal``: its table's name. Returns what was done, in words."""
        plan = self._plan
        if journal in (JOURNAL, UNDOING):
            self._undo(journal)
            return f"undid a restore into {plan.target!r} that had died before its swap"
        if journal == SWAPPED:
            # Forward, if that is possible: the new tables are in place, and may have been written to since.
            try:
                self._settle()
            except BackupError as exc:
                self.undo()
                return f"undid a restore into {plan.target!r} that could not be finished: {exc.msg}"
        self._clear()
        return f"finished the swap of {plan.target!r} that a restore had left when it died"


def _plain(name: str) -> str:
    """An identifier for ANSI_QUOTES, with nothing doubled where that is possible."""
    return quote(name) if "`" not in name else '"' + name.replace('"', '""') + '"'


def _hex(text: str) -> str:
    return f"CONVERT(0x{text.encode().hex()} USING utf8mb4)"


__all__ = ("JOURNAL", "JOURNALS", "SETTLED", "SWAPPED", "UNDOING", "Plan", "Swap")
