# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: of what time the data of a replica are."""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Server
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import error_number, execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.standby import (
    APPLIED,
    NOTHING,
    REPLAYED,
    REPORTED,
    Standby,
    measured,
)
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import utc_now

try:
    import pymysql
    import pymysql.cursors
except ImportError:
    pass  # connecting tells what is missing

# Access denied, for a privilege, a table, a column or a database.
_REFUSED = (1044, 1142, 1143, 1227)
_STAGE = "preflight"
Row = t.Mapping[str, t.Any]


def read(connection: t.Any, server: Server) -> Standby | None:
    """None when the server replicates from nobody. Of several sources, the one that is farthest behind counts."""
    try:
        rows = _status(connection, server)
    except EngineError as exc:
        if error_number(exc) not in _REFUSED:
            raise
        privilege = "SLAVE MONITOR" if server.flavour == "mariadb" else "REPLICATION CLIENT"
        problem = f"the account lacks {privilege}, which an administrator may grant it ON *.*"
        return Standby(utc_now(), None, NOTHING, problem=problem, likely=_like_a_replica(connection, server))
    # Its members apply what the group agreed on through channels of these names; none of them is a replica.
    rows = [row for row in rows if not str(row.get("Channel_Name") or "").startswith("group_replication_")]
    found = [_channel(connection, server, row) for row in rows]
    return min(found, key=lambda item: (item.lag is not None, item.as_of)) if found else None


def _status(connection: t.Any, server: Server) -> list[Row]:
    """One row for each source, under the older names of its columns."""
    if server.flavour == "mariadb":
        sql = "SHOW ALL SLAVES STATUS"
    else:
        sql = "SHOW REPLICA STATUS" if server.version >= (8, 0, 22) else "SHOW SLAVE STATUS"
    try:
        with connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute(sql)
            return [{_older(name): value for name, value in row.items()} for row in cursor.fetchall()]
    except (pymysql.Error, OSError) as exc:
        raise EngineError(f"The server refused {sql}: {exc}", stage=_STAGE) from exc


def _like_a_replica(connection: t.Any, server: Server) -> bool:
    """What every account may see of it."""
    applied = "@@global.gtid_slave_pos <> ''" if server.flavour == "mariadb" else "0"
    return bool(execute(connection, f"SELECT @@global.read_only OR {applied}", stage=_STAGE)[0][0])


def _older(name: str) -> str:
    return name.replace("Source", "Master").replace("Replica", "Slave")


def _channel(connection: t.Any, server: Server, row: Row) -> Standby:
    """One source. The lag that the server reports is good while both threads run; it is NULL otherwise."""
    running = row["Slave_SQL_Running"] == "Yes" and row["Slave_IO_Running"] == "Yes"
    behind = row["Seconds_Behind_Master"]
    if running and behind is not None:
        # A replica that is delayed on purpose holds an event back, whose age is what it has waited.
        delay, remaining = int(row.get("SQL_Delay") or 0), row.get("SQL_Remaining_Delay")
        waited = delay - int(remaining) if delay and remaining is not None else 0
        return measured(utc_now() - dt.timedelta(seconds=max(int(behind), waited)), REPORTED)
    applied = _last_applied(connection, server, str(row.get("Channel_Name") or ""))
    if applied is not None:
        return measured(applied, REPLAYED, stopped=True)
    state = f"its threads say {row['Slave_IO_Running']} (receiver) and {row['Slave_SQL_Running']} (applier)"
    return Standby(_last_change(connection, server), None, APPLIED, stopped=True, problem=state)


def _last_applied(connection: t.Any, server: Server, channel: str) -> dt.datetime | None:
    """When the last transaction that was applied here was committed on the server where it began. MySQL 8 and newer
    alone know it, and forget it when they start again."""
    if server.flavour != "mysql" or server.version < (8, 0, 1):
        return None
    sql = (
        "SELECT UNIX_TIMESTAMP(MAX(LAST_APPLIED_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP))"
        " FROM performance_schema.replication_applier_status_by_worker"
        f" WHERE HEX(CHANNEL_NAME) = '{channel.encode().hex().upper()}'"
    )
    return _moment(_asked(connection, sql))


def _last_change(connection: t.Any, server: Server) -> dt.datetime:
    """When any table last changed here, by this server's clock. It forgets that when it stops: then when one was last
    created or altered, which its files keep. Neither is later than the moment at which replication stopped."""
    if server.flavour == "mysql" and server.version[0] >= 8:
        execute(connection, "SET SESSION information_schema_stats_expiry = 0", stage=_STAGE)
    # Logs and statistics of the server's own change without replication; where MariaDB keeps its position does not.
    sql = (
        "SELECT UNIX_TIMESTAMP(COALESCE(MAX(UPDATE_TIME), MAX(CREATE_TIME))) FROM information_schema.TABLES"
        " WHERE TABLE_SCHEMA NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
        " OR TABLE_NAME = 'gtid_slave_pos'"
    )
    changed = _moment(_asked(connection, sql))
    if changed is None:  # no tables at all
        uptime = int(execute(connection, "SHOW GLOBAL STATUS LIKE 'Uptime'", stage=_STAGE)[0][1])
        changed = utc_now() - dt.timedelta(seconds=uptime)
    return min(changed, utc_now())


def _asked(connection: t.Any, sql: str) -> t.Any:
    """One value, or None when the account may not know."""
    try:
        return execute(connection, sql, stage=_STAGE)[0][0]
    except EngineError as exc:
        if error_number(exc) not in _REFUSED:
            raise
        return None


def _moment(seconds: t.Any) -> dt.datetime | None:
    return dt.datetime.fromtimestamp(float(seconds), dt.timezone.utc) if seconds else None


__all__ = ("read",)
