# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: locks of databases, and what restores that died have left."""

from __future__ import annotations

import hashlib
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import Client, execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_schema import Reader
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_swap import JOURNAL, Plan, Swap
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import literal, quote
from ansible_collections.vya.backupdb.plugins.module_utils._errors import LockedError

SCRATCH = re.compile(r"_backupdb_(?:scratch|old)_[0-9a-f]{8}\Z")


def take_lock(connection: t.Any, name: str) -> None:
    """Hold the server-wide lock of a database name until the connection ends; LockedError when another has it."""
    key = literal("backupdb:" + hashlib.sha256(name.encode()).hexdigest()[:40])
    if execute(connection, f"SELECT GET_LOCK({key}, 0)", stage="lock")[0][0] != 1:
        raise LockedError(f"Another restore into {name!r} is running.", hint="Wait for it to end.")


def sweep_scratch(client: Client, admin: t.Any) -> list[str]:
    """Finish, undo and drop what restores that died have left. Databases of restores that live are locked."""
    done = []
    sql = "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE '%backupdb\\_scratch\\_%'"
    for (name,) in execute(admin, sql, stage="sweep"):
        if not SCRATCH.search(name):
            continue
        try:
            take_lock(admin, name)
        except LockedError:
            continue
        tables = Reader(admin, name, stage="sweep").tables
        if JOURNAL in tables:
            rows = execute(admin, f"SELECT plan FROM {quote(name)}.{JOURNAL}", stage="sweep")
            if rows:
                swap = Swap(client, Plan.from_json(rows[0][0]))
                try:
                    done.append(swap.recover())
                finally:
                    swap.close()
        execute(admin, f"DROP DATABASE IF EXISTS {quote(name)}", stage="sweep")
        done.append(f"dropped the scratch database {name!r} of a restore that died")
    return done


__all__ = ("SCRATCH", "sweep_scratch", "take_lock")
