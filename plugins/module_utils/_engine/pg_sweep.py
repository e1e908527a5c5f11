# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: locks of databases, subscriptions that hold them, and what restores that died have left."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import Client, literal, query, quote
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError

SCRATCH = re.compile(r"_backupdb_scratch_[0-9a-f]{8}\Z")


def lock_key(name: str) -> str:
    """SQL for the advisory lock of a database name; it ends with the connection that holds it."""
    return f"hashtextextended({literal('vya.backupdb ' + name)}, 0)"


def drop_subscriptions(client: Client, admin: t.Any, name: str, *, stage: str) -> list[str]:
    """With one, no database can be dropped. Returns the slots at publishers, which stay: they may be other databases'
    too."""
    database = f"(SELECT oid FROM pg_database WHERE datname = {literal(name)})"
    found = query(admin, f"SELECT subname, subslotname FROM pg_subscription WHERE subdbid = {database}", stage=stage)
    if not found:
        return []
    connection = client.connect(name)
    try:
        for subscription, _slot in found:
            for rest in ("DISABLE", "SET (slot_name = NONE)"):
                query(connection, f"ALTER SUBSCRIPTION {quote(subscription)} {rest}", stage=stage)
            query(connection, f"DROP SUBSCRIPTION {quote(subscription)}", stage=stage)
    finally:
        connection.close()
    return [str(slot) for _subscription, slot in found if slot]


def sweep_scratch(client: Client, admin: t.Any) -> list[str]:
    """Drop scratch databases whose restore holds no lock any more, so is dead. Ours have a name that nobody else gives,
    and belong to a role that this account may act for."""
    swept = []
    rows = query(
        admin,
        "SELECT datname, pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname LIKE '%backupdb\\_scratch\\_%'",
        stage="sweep",
    )
    for name, ours in rows:
        if not SCRATCH.search(name):
            continue
        if query(admin, f"SELECT pg_try_advisory_lock({lock_key(name)})", stage="sweep")[0][0]:
            try:
                slots = drop_subscriptions(client, admin, name, stage="sweep") if ours else []
                query(admin, f"DROP DATABASE IF EXISTS {quote(name)}", stage="sweep")
                swept.append(f"dropped the scratch database {name!r} of a restore that died{_slots_stay(slots)}")
            except BackupError as exc:
                swept.append(f"could not drop the scratch database {name!r} of a restore that died: {exc.msg}")
            query(admin, f"SELECT pg_advisory_unlock({lock_key(name)})", stage="sweep")
    return swept


def _slots_stay(slots: t.Sequence[str]) -> str:
    if not slots:
        return ""
    return (
        f"; it had subscriptions, whose slots at the publisher are untouched: {', '.join(slots)}. Drop those"
        " that nobody else uses, since they keep its log from being removed"
    )


__all__ = ("SCRATCH", "drop_subscriptions", "lock_key", "sweep_scratch")
