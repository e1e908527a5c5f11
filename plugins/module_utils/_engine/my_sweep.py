# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: locks of databases, and what restores that died have left."""

from __future__ import annotations

import contextlib
import hashlib
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import Client, error_number, execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_schema import Reader
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_swap import JOURNALS, SETTLED, Plan, Swap
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import literal, quote
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, EngineError, LockedError

SCRATCH = re.compile(r"_backupdb_(?:scratch|old)_[0-9a-f]{8}\Z")
_SCRATCHES = "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE '%backupdb\\_scratch\\_%'"
# No such database, no such table.
_GONE = (1049, 1146)


def take_lock(connection: t.Any, name: str) -> None:
    """Hold the server-wide lock of a database name until the connection ends; LockedError when another has it."""
    key = literal("backupdb:" + hashlib.sha256(name.encode()).hexdigest()[:40])
    if execute(connection, f"SELECT GET_LOCK({key}, 0)", stage="lock")[0][0] != 1:
        raise LockedError(f"Another restore into {name!r} is running.", hint="Wait for it to end.")


def sweep_scratch(client: Client, admin: t.Any) -> list[str]:
    """Finish, undo and drop what restores that died have left. Databases of restores that live are locked."""
    done: list[str] = []
    for (name,) in execute(admin, _SCRATCHES, stage="sweep"):
        if not SCRATCH.search(name):
            continue
        with contextlib.suppress(LockedError):
            take_lock(admin, name)
            try:
                done += _recovered(client, admin, name)
            except LockedError:
                raise
            except BackupError as exc:
                done.append(
                    f"could neither finish nor undo what a restore that died has left: {exc.msg}. What that takes is in"
                    f" {name!r}: drop nothing, the next db_restore on this server tries again"
                )
                continue
            try:
                execute(admin, f"DROP DATABASE IF EXISTS {quote(name)}", stage="sweep")
                done.append(f"dropped the scratch database {name!r} of a restore that died")
            except EngineError as exc:
                done.append(f"could not drop the scratch database {name!r} of a restore that died: {exc.msg}")
    return done


def _recovered(client: Client, admin: t.Any, name: str) -> t.Iterator[str]:
    """Finish or undo the swap whose journal a scratch database holds. Nobody may restore into its target meanwhile."""
    tables = Reader(admin, name, stage="sweep").tables
    for journal in set(JOURNALS).intersection(tables):
        for (text,) in execute(admin, f"SELECT plan FROM {quote(name)}.{journal}", stage="sweep"):
            plan = Plan.from_json(text)
            if plan.scratch != name:  # none of ours: a restore writes its own name
                continue
            take_lock(admin, plan.target)
            swap = Swap(client, plan)
            try:
                yield swap.recover(journal)
            finally:
                swap.close()


def _concerns(plan: Plan, scratch: str, target: str) -> bool:
    return plan.scratch == scratch and plan.target == target


def unfinished(admin: t.Any, target: str) -> str:
    """The scratch database whose journal tells of a swap of ``target`` that has not come to its end, or nothing. The
    caller holds the lock of ``target``."""
    # Asked of scratch databases alone: a broken table elsewhere is none of a restore's concern.
    schemas = [name for (name,) in execute(admin, _SCRATCHES, stage="create") if SCRATCH.search(name)]
    if not schemas:
        return ""
    listed = ", ".join(literal(name) for name in JOURNALS if name != SETTLED)
    sql = (
        f"SELECT table_schema, table_name FROM information_schema.tables WHERE table_name IN ({listed})"
        f" AND table_schema IN ({', '.join(map(literal, schemas))})"
    )
    for name, journal in execute(admin, sql, stage="create"):
        try:
            plans = execute(admin, f"SELECT plan FROM {quote(name)}.{journal}", stage="create")
        except EngineError as exc:
            if error_number(exc) not in _GONE:
                raise
            continue  # of a restore into another target, that has come to its end
        if any(_concerns(Plan.from_json(text), name, target) for (text,) in plans):
            return str(name)
    return ""


__all__ = ("SCRATCH", "sweep_scratch", "take_lock", "unfinished")
