# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the playbooks' tests: a fleet of two hosts, one for each engine, and a mail server that it knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .desk import RECIPIENT, TABLES
from .fleet import NAME, Fleet, instance
from .post import MailBox, mail_server
from .server import Server

Pair = tuple[Server, Server]


@pytest.fixture
def fleet_servers(pg15: Server, mariadb: Server) -> Iterator[Pair]:
    """PostgreSQL and MariaDB with a database of the same name."""
    for server in (pg15, mariadb):
        server.drop_database(NAME)
        server.create_database(NAME)
        server.execute_script(TABLES.encode(), NAME)
    yield pg15, mariadb
    for server in (pg15, mariadb):
        for name in server.databases():
            if name.startswith(NAME):
                server.drop_database(name)


@pytest.fixture
def fleet(fleet_servers: Pair, tmp_path: Path) -> Fleet:
    """The hosts `pg` and `my`, which back up the one database, encrypted."""
    made = Fleet(tmp_path, *fleet_servers)
    for name, server in zip(("pg", "my"), fleet_servers, strict=True):
        made.hosts[name] = {"backupdb_instances": [instance(server)]}
    made.variables["backupdb_defaults"] = {"databases": [NAME], "globals": False}
    made.variables["backupdb_recipients"] = [RECIPIENT]
    return made


@pytest.fixture
def box(fleet: Fleet) -> Iterator[MailBox]:
    """A mail server that the fleet knows."""
    with mail_server("none") as served:
        fleet.variables |= {
            "backupdb_notify_smtp_host": "127.0.0.1",
            "backupdb_notify_smtp_port": served.port,
            "backupdb_notify_smtp_security": "none",
            "backupdb_notify_sender": "backup@example.com",
            "backupdb_notify_success_recipients": ["log@example.com"],
            "backupdb_notify_failure_recipients": ["team@example.com"],
            "backupdb_notify_retries": 0,
        }
        yield served


__all__ = ["Pair", "box", "fleet", "fleet_servers"]
