# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals and time limits end a run in order: it says why, its children are gone, nothing is left behind."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from support.desk import IDENTITY, Desk, opened, shop, succeeded
from support.modules import RunningModule, start_module


@pytest.fixture(scope="module", params=["pg15", "mariadb"])
def server(request: pytest.FixtureRequest) -> Iterator[support.Server]:
    """Each server in turn, with the database `shop` alone."""
    yield from shop(request.getfixturevalue(request.param))


@pytest.fixture
def desk(server: support.Server, tmp_path: Path) -> Iterator[Desk]:
    """The server with an empty store."""
    yield from opened(server, tmp_path)


# An index whose expression takes ten minutes, but only for ANALYZE.
SLUGGISH = """
CREATE FUNCTION slow(v integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    IF current_query() LIKE 'ANALYZE%' THEN PERFORM pg_sleep(600); END IF;
    RETURN v;
END $$;
CREATE TABLE sluggish (id integer);
INSERT INTO sluggish VALUES (1);
CREATE INDEX ON sluggish (slow(id));
"""


@contextlib.contextmanager
def locked(server: support.Server) -> Iterator[None]:
    """While a table of `shop` is locked, so that no dump gets on."""
    blocker = server.connect("shop")
    blocker.autocommit = False
    try:
        with blocker.cursor() as cursor:
            cursor.execute("LOCK TABLE orders" if server.engine == "postgresql" else "LOCK TABLES orders WRITE")
        yield
    finally:
        blocker.close()


@contextlib.contextmanager
def stuck_restore(desk: Desk) -> Iterator[dict[str, Any]]:
    """Options of a restore over `shop` that does not get on: PostgreSQL's in ANALYZE, MariaDB's in the swap."""
    server = desk.server
    if server.engine == "postgresql":
        server.create_database("sluggish")
        server.execute_script(SLUGGISH.encode(), "sluggish")
        succeeded(desk.backup({"globals": False, "databases": ["sluggish"]}))
        server.drop_database("sluggish")
        yield {"database": "sluggish", "target": "shop", "if_exists": "replace"}
        return
    succeeded(desk.backup({"globals": False}))
    reader = server.connect("shop")
    try:
        with reader.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT * FROM orders")
        yield {"if_exists": "replace"}
    finally:
        reader.close()


def waits(server: support.Server) -> bool:
    """Whether a session of the server does not get on."""
    if server.engine == "postgresql":
        sql = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' OR wait_event = 'PgSleep'"
    else:
        sql = "SELECT 1 FROM information_schema.processlist WHERE state LIKE 'Waiting for%lock'"
    return bool(server.query(sql))


def signalled(module: RunningModule, server: support.Server, number: signal.Signals) -> dict[str, Any]:
    """The result of a module that gets a signal when it does not get on. All of its children must be gone."""
    deadline = time.monotonic() + 120
    while not waits(server):
        assert module.popen.poll() is None, module.wait()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    lists = [path.read_text(encoding="ascii") for path in Path(f"/proc/{module.pid}/task").glob("*/children")]
    module.send(number)
    result = module.wait(120)
    assert [pid for pid in " ".join(lists).split() if Path("/proc", pid).exists()] == []
    return result


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_backup(desk: Desk, number: signal.Signals) -> None:
    succeeded(desk.backup({"globals": False}))
    before = desk.files()
    with locked(desk.server):
        params = {**desk.login, "store": str(desk.store), "host": "db1", "globals": False}
        module = start_module("db_backup", params, path_prefix=desk.server.tool_path)
        result = signalled(module, desk.server, number)
    assert (result["failed"], result["changed"]) == (True, False)
    assert number.name in result["msg"]
    assert result["failures"][0]["stage"] == "interrupted"
    assert {path for path in desk.files() if path not in before} == set()


def test_a_time_limit_ends_a_backup(desk: Desk) -> None:
    with locked(desk.server):
        result = desk.backup({"globals": False, "timeout": 5})
    assert (result["failed"], result["changed"]) == (True, False)
    assert "time limit of 5 s" in result["msg"]
    assert list(desk.store.rglob("2*Z-*")) == []


def test_a_signal_ends_a_restore(desk: Desk) -> None:
    before = support.fingerprint(desk.server, "shop")
    with stuck_restore(desk) as params:
        given = {**desk.login, "store": str(desk.store), "host": "db1", "database": "shop", "identity": IDENTITY}
        module = start_module("db_restore", {**given, **params}, path_prefix=desk.server.tool_path)
        result = signalled(module, desk.server, signal.SIGTERM)
    assert (result["failed"], result["changed"], result["stage"]) == (True, False, "interrupted")
    assert "SIGTERM" in result["msg"]
    assert desk.server.databases() == ["shop"]
    support.assert_same(before, support.fingerprint(desk.server, "shop"))


def test_a_time_limit_ends_a_restore(desk: Desk) -> None:
    before = support.fingerprint(desk.server, "shop")
    with stuck_restore(desk) as params:
        result = desk.restore({**params, "timeout": 8})
    assert (result["failed"], result["changed"], result["stage"]) == (True, False, "interrupted")
    assert "time limit of 8 s" in result["msg"]
    assert desk.server.databases() == ["shop"]
    support.assert_same(before, support.fingerprint(desk.server, "shop"))
