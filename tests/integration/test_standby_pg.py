# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: backups of a real standby say of what time their data are."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from support.modules import run_module
from support.postgres import Postgres15


class Standby(Postgres15):
    """A streaming standby of a server."""

    def __init__(self, primary: support.Server) -> None:
        super().__init__({"hot_standby": "on"})
        self.primary, self.password = primary, primary.password

    def prepare(self) -> None:
        self.private_folder("data")
        passfile = self.run_folder / "passfile"
        escaped = self.password.replace("\\", "\\\\").replace(":", "\\:")
        passfile.write_text(f"*:*:*:*:{escaped}\n", encoding="utf-8")
        passfile.chmod(0o600)
        self.give(passfile)
        source = f"host={self.primary.socket} port={self.primary.port} user={self.user} passfile={passfile}"
        self.run_as_server([
            str(self.binaries() / "pg_basebackup"), "--dbname", source, "--pgdata", str(self.data),
            "--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--wal-method=stream",
        ])  # fmt: skip

    def finish(self) -> None:
        self.version = self.primary.version  # pylint: disable=attribute-defined-outside-init


def wait(standby: support.Server, sql: str) -> None:
    """Until a statement answers true."""
    for _try in range(300):
        if standby.query(sql)[0][0]:
            return
        time.sleep(0.05)
    raise AssertionError(f"never true: {sql}")


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[support.Server, support.Server]]:
    """A primary with a database, and its standby."""
    with support.running("pg15") as primary:
        primary.create_database("shop")
        primary.execute_script(
            b"CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 10);"
            b"CREATE UNLOGGED TABLE carts (id serial); INSERT INTO carts DEFAULT VALUES;",
            "shop",
        )
        with Standby(primary) as standby:
            yield primary, standby


def backup(server: support.Server, store: Path, **params: Any) -> dict[str, Any]:
    """One call of db_backup."""
    given = {**server.login_socket, "engine": "postgresql", "store": str(store), "host": "db", "databases": ["shop"]}
    return run_module("db_backup", {**given, "globals": False, **params}, path_prefix=server.tool_path)


def snapshot(done: dict[str, Any]) -> dt.datetime:
    """The time of the data of the only backup."""
    (item,) = done["backups"]
    return dt.datetime.fromisoformat(item["snapshot"].replace("Z", "+00:00"))


def now() -> dt.datetime:
    """With its zone."""
    return dt.datetime.now(dt.UTC)


def caught_up(primary: support.Server, standby: support.Server) -> None:
    """Until the standby has replayed all that is on the primary now."""
    lsn = primary.query("SELECT pg_current_wal_lsn()")[0][0]
    wait(standby, f"SELECT pg_last_wal_replay_lsn() >= '{lsn}'")


def test_the_snapshot_is_the_time_of_the_data(pair: tuple[support.Server, support.Server], tmp_path: Path) -> None:
    primary, standby = pair
    primary.execute_script(b"INSERT INTO orders VALUES (0)", "shop")
    time.sleep(1)
    # The last transaction grows old while the data do not: the primary says that there is no other.
    later = now()
    primary.execute_script(b"CHECKPOINT", "shop")
    caught_up(primary, standby)
    done = backup(standby, tmp_path / "store", max_lag=60)
    assert not done["failed"], done
    (item,) = done["backups"]
    assert (item["position"]["in_recovery"], item["position"]["lag_known_by"]) == (True, "caught up")
    assert later <= snapshot(done) <= now()
    # A standby cannot read unlogged tables.
    manifest = json.loads(next((tmp_path / "store").rglob("manifest.json")).read_text(encoding="utf-8"))
    assert [(found["kind"], found["name"], found["rows"]) for found in manifest["uncovered"]] == [
        ("unlogged table", "public.carts", None)
    ]
    assert {table["name"]: table["rows"] for table in manifest["tables"]}["public.carts"] is None
    assert manifest["snapshot"] == item["snapshot"]
    assert "carts" in " ".join(item["warnings"])
    assert item["rows"] == 11

    standby.query("SELECT pg_wal_replay_pause()")
    wait(standby, "SELECT pg_get_wal_replay_pause_state() = 'paused'")
    paused = now()
    primary.execute_script(b"INSERT INTO orders VALUES (11)", "shop")
    time.sleep(2)
    done = backup(standby, tmp_path / "store")
    (item,) = done["backups"]
    assert snapshot(done) <= paused
    assert item["position"]["replay_stopped"] is True
    assert item["position"]["lag"] > 2
    assert "replay is stopped or paused" in " ".join(item["warnings"])
    refused = backup(standby, tmp_path / "other", max_lag=1)
    assert refused["failed"]
    assert (refused["backups"], refused["failures"][0]["stage"]) == ([], "preflight")
    assert "max_lag allows 1.0 s" in refused["msg"]
    standby.query("SELECT pg_wal_replay_resume()")
    # The primary itself has no lag.
    done = backup(primary, tmp_path / "primary", max_lag=0)
    assert "lag" not in done["backups"][0]["position"]
    assert done["backups"][0]["rows"] == 13
