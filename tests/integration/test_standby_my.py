# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: backups of a real replica say of what time their data are."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from support.modules import run_module

SIZES = {"innodb-buffer-pool-size": "16M"}


def replicate(source: support.Server, replica: support.Server) -> None:
    """From now on; the accounts of both are their own."""
    secret = source.password.replace("'", "''")
    if source.flavour == "mariadb":
        replica.query(f"SET GLOBAL gtid_slave_pos = '{source.query('SELECT @@gtid_binlog_pos')[0][0]}'")
        replica.query(
            f"CHANGE MASTER TO MASTER_HOST='{source.host}', MASTER_PORT={source.port}, MASTER_USER='{source.user}',"
            f" MASTER_PASSWORD='{secret}', MASTER_USE_GTID=slave_pos"
        )
        replica.query("START SLAVE")
        return
    file, position = source.query("SHOW BINARY LOG STATUS")[0][:2]
    replica.query(
        f"CHANGE REPLICATION SOURCE TO SOURCE_HOST='{source.host}', SOURCE_PORT={source.port},"
        f" SOURCE_USER='{source.user}', SOURCE_PASSWORD='{secret}', SOURCE_SSL=1, SOURCE_LOG_FILE='{file}',"
        f" SOURCE_LOG_POS={position}"
    )
    replica.query("START REPLICA")


@pytest.fixture(scope="module", params=["mariadb", "mysql9"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[support.Server, support.Server]]:
    """A source with a database, and its replica."""
    with contextlib.ExitStack() as stack:
        source, replica = (
            stack.enter_context(support.running(request.param, {**SIZES, "server-id": number})) for number in "12"
        )
        replicate(source, replica)
        source.create_database("shop")
        source.query("CREATE TABLE shop.orders (id int PRIMARY KEY)")
        add(source, replica, 1)
        yield source, replica


def add(source: support.Server, replica: support.Server, number: int) -> None:
    """A row, which arrives."""
    source.query(f"INSERT INTO shop.orders VALUES ({number})")
    for _try in range(600):
        with contextlib.suppress(Exception):
            if replica.query(f"SELECT count(*) FROM shop.orders WHERE id = {number}")[0][0]:
                return
        time.sleep(0.05)
    raise AssertionError("the row did not arrive")


def backup(server: support.Server, store: Path, **params: Any) -> dict[str, Any]:
    """One call of db_backup."""
    given = {**server.login_socket, "engine": "mysql", "store": str(store), "host": "db", "databases": ["shop"]}
    return run_module("db_backup", {**given, "globals": False, **params}, path_prefix=server.tool_path)


def test_the_snapshot_is_the_time_of_the_data(pair: tuple[support.Server, support.Server], tmp_path: Path) -> None:
    source, replica = pair
    fresh = backup(replica, tmp_path / "store", max_lag=60)
    assert not fresh["failed"], fresh
    (item,) = fresh["backups"]
    assert (item["position"]["in_recovery"], item["position"]["lag_known_by"]) == (True, "reported lag")
    assert item["position"]["replay_stopped"] is False
    assert item["warnings"] == []

    replica.query("STOP SLAVE SQL_THREAD" if source.flavour == "mariadb" else "STOP REPLICA SQL_THREAD")
    stopped = dt.datetime.now(dt.UTC)
    source.query("INSERT INTO shop.orders VALUES (2)")
    time.sleep(2)
    (item,) = backup(replica, tmp_path / "store")["backups"]
    assert dt.datetime.fromisoformat(item["snapshot"].replace("Z", "+00:00")) <= stopped
    assert (item["rows"], item["position"]["replay_stopped"]) == (1, True)
    if source.flavour == "mariadb":
        # It knows no time of what it applied last, so that nobody knows how old its data are.
        assert (item["position"]["lag_known_by"], item["position"]["lag"]) == ("last change here", None)
        assert "how old its data are is not known" in item["warnings"][0]
    else:
        assert item["position"]["lag_known_by"] == "last replayed transaction"
        assert item["position"]["lag"] > 2
        assert "replay is stopped or paused" in item["warnings"][0]
    refused = backup(replica, tmp_path / "other", max_lag=1)
    assert (refused["failed"], refused["backups"], refused["failures"][0]["stage"]) == (True, [], "preflight")
    assert "max_lag allows 1.0 s" in refused["msg"]

    # An account that may not ask is told so, and refused when it matters.
    replica.query("SET GLOBAL read_only = ON")
    replica.query("CREATE USER 'clerk'@'%' IDENTIFIED BY 'a clerk'")
    replica.query("GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, RELOAD ON *.* TO 'clerk'@'%'")
    clerk = {"login_user": "clerk", "login_password": "a clerk"}
    (item,) = backup(replica, tmp_path / "clerk", **clerk)["backups"]
    assert "Whether the server is a replica, and how old its data are, is not known" in item["warnings"][0]
    refused = backup(replica, tmp_path / "clerk", max_lag=3600, **clerk)
    assert "may be a replica, and how old its data are is not known (the account lacks" in refused["msg"]

    # The source is none.
    (item,) = backup(source, tmp_path / "source", max_lag=0)["backups"]
    assert (item["rows"], "lag" in item["position"]) == (2, False)
