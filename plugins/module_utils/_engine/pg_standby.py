# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: of what time the data of a standby are."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import query
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_schema import USER_SCHEMA
from ansible_collections.vya.backupdb.plugins.module_utils._engine.standby import (
    CAUGHT_UP,
    CHECKPOINT,
    REPLAYED,
    Standby,
    measured,
)
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Uncovered
from ansible_collections.vya.backupdb.plugins.module_utils._names import readable

# When the primary is idle, the last transaction is old and the data are not: what counts then is the last word of the
# primary, provided that all it had sent was replayed before we looked. Its row is hidden from accounts without
# pg_read_all_stats. While replay is paused nothing that came later was looked at, so that only the transaction counts.
_STREAMED = (
    "SELECT w.last_msg_send_time FROM pg_stat_get_wal_receiver() w, pg_last_wal_replay_lsn() replayed"
    " WHERE w.status = 'streaming' AND w.latest_end_lsn <= replayed AND pg_last_wal_receive_lsn() <= replayed"
)


_UNLOGGED = f"""
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE pg_is_in_recovery() AND c.relkind = 'r' AND c.relpersistence = 'u' AND {USER_SCHEMA} ORDER BY 1, 2"""
_SHOWN = 20


def unlogged(connection: t.Any) -> tuple[Uncovered, ...]:
    """Unlogged tables, when the server is a standby: it has none of their rows, and pg_dump leaves them out."""
    names = [readable(f"{schema}.{name}") for schema, name in query(connection, _UNLOGGED, (), stage="schema")]
    return tuple(Uncovered("unlogged table", name, None, "a standby has no rows of it") for name in names)


def unlogged_warning(tables: t.Sequence[Uncovered]) -> str:
    """Which those are."""
    more = f" and {len(tables) - _SHOWN} more" if len(tables) > _SHOWN else ""
    shown = ", ".join(table.name for table in tables[:_SHOWN])
    return f"The rows of unlogged tables are not in the backup, since a standby has none of them: {shown}{more}."


def read(connection: t.Any) -> Standby | None:
    """None on a primary. The times are the primary's."""
    recovering, paused, last = query(
        connection,
        "SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END,"
        " pg_last_xact_replay_timestamp()",
        (),
        stage="preflight",
    )[0]
    if not recovering:
        return None
    known = [(last, REPLAYED)] if last is not None else []
    if not paused:
        streamed = query(connection, _STREAMED, (), stage="preflight")
        known += [(row[0], CAUGHT_UP) for row in streamed if row[0] is not None]
    if not known:
        # Nothing was replayed since the start: what it started from has everything up to its checkpoint.
        checkpoint = query(connection, "SELECT checkpoint_time FROM pg_control_checkpoint()", (), stage="preflight")
        known = [(checkpoint[0][0], CHECKPOINT)]
    as_of, known_by = max(known)
    return measured(as_of, known_by, stopped=paused)


__all__ = ("read", "unlogged", "unlogged_warning")
