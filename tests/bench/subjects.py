# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two engines of the benchmark: their server, the bare tools' command lines, the peer's options.

Everybody logs in through the unix socket, so that nobody pays for TLS.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import data
import support
from support.mysql_family import MysqlFamilyServer
from support.postgres import PostgresServer

SOURCE = "bulk"
GIB = 1 << 30


class Subject(abc.ABC):
    """A server with a loaded database, and how the bare tools and the peer work on it."""

    kind: str
    title: str
    peer: str
    settings: Mapping[str, str]
    server: support.Server

    def load(self, rows: int, name: str = SOURCE) -> None:
        """Make the database ``name`` and read all of it once, so that the runs find it in memory."""
        data.load(self.server, name, rows)
        self.settle(name)
        for table in ("customers", "orders"):
            self.server.query(f"SELECT count(*) FROM {table}", database=name)

    def rows(self, name: str) -> int:
        """How many rows the large table of a database has."""
        return int(self.server.query("SELECT count(*) FROM orders", database=name)[0][0])

    @property
    def pid(self) -> int:
        """The process under which the server lives."""
        assert self.server._keeper is not None
        return self.server._keeper._process.pid

    @abc.abstractmethod
    def settle(self, name: str) -> None:
        """Let the server do now what it would do some time after a bulk load."""

    @abc.abstractmethod
    def forget(self) -> None:
        """Let go of logs, and write out what is not on disk, so that the next run does not pay for this one."""

    @abc.abstractmethod
    def environ(self) -> dict[str, str]:
        """The environment of the bare tools."""

    @abc.abstractmethod
    def dump(self) -> list[str]:
        """The bare dump of SOURCE to stdout."""

    @abc.abstractmethod
    def restore(self, name: str) -> list[str]:
        """The bare restore from stdin into ``name``, which is there and empty."""

    @abc.abstractmethod
    def plain(self) -> list[str]:
        """The bare dump of SOURCE to stdout, as a script."""

    @abc.abstractmethod
    def run_script(self, name: str) -> list[str]:
        """The bare client that runs a script from stdin in ``name``."""

    @abc.abstractmethod
    def peer_dump(self, target: str) -> dict[str, Any]:
        """The peer's options for a dump of SOURCE into ``target``."""


class Postgresql(Subject):
    """PostgreSQL 15."""

    kind = "pg15"
    title = "PostgreSQL"
    peer = "community.postgresql.postgresql_db"
    settings = MappingProxyType(
        {"shared_buffers": "1GB", "wal_level": "replica", "max_wal_size": "8GB", "checkpoint_timeout": "1h"}
    )
    server: PostgresServer

    def settle(self, name: str) -> None:
        self.server.query("VACUUM (ANALYZE)", database=name)
        self.forget()

    def forget(self) -> None:
        self.server.query("CHECKPOINT")

    def environ(self) -> dict[str, str]:
        return self.server.client_environ(SOURCE)

    def dump(self) -> list[str]:
        return ["pg_dump", "-Fc", "-Z0", SOURCE]

    def restore(self, name: str) -> list[str]:
        return ["pg_restore", "--exit-on-error", "-d", name]

    def plain(self) -> list[str]:
        return ["pg_dump", SOURCE]

    def run_script(self, name: str) -> list[str]:
        return ["psql", "-X", "-1", "-q", "-v", "ON_ERROR_STOP=1", "-d", name]

    def peer_dump(self, target: str) -> dict[str, Any]:
        return {"name": SOURCE, "state": "dump", "target": target, **self.server.login_socket}


class Mariadb(Subject):
    """MariaDB 10.11."""

    kind = "mariadb"
    title = "MariaDB"
    peer = "community.mysql.mysql_db"
    settings = MappingProxyType({"innodb-buffer-pool-size": str(3 * GIB), "innodb-log-file-size": str(2 * GIB)})
    server: MysqlFamilyServer

    def settle(self, name: str) -> None:
        self.server.query("ANALYZE TABLE customers, orders", database=name)
        self.forget()

    def forget(self) -> None:
        self.server.query("RESET MASTER")

    def environ(self) -> dict[str, str]:
        return self.server.environ()

    def dump(self) -> list[str]:
        options = ["--single-transaction", "--quick", "--hex-blob", "--routines", "--events", "--triggers"]
        return ["mariadb-dump", f"--defaults-file={self.server.option_file()}", *options, SOURCE]

    def restore(self, name: str) -> list[str]:
        return ["mariadb", f"--defaults-file={self.server.option_file()}", "--binary-mode", name]

    def plain(self) -> list[str]:
        return self.dump()

    def run_script(self, name: str) -> list[str]:
        return self.restore(name)

    def peer_dump(self, target: str) -> dict[str, Any]:
        extra = {"single_transaction": True, "hex_blob": True, "dump_extra_args": "--routines --events --triggers"}
        return {"name": SOURCE, "state": "dump", "target": target, **extra, **self.server.login_socket}


SUBJECTS: tuple[type[Subject], ...] = (Postgresql, Mariadb)
