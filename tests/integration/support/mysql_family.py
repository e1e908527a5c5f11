# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the MariaDB and the MySQL test server share."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import Any

import pymysql

from .process import ServerError
from .server import Server
from .tls import CLIENT_NAME

SYSTEM_DATABASES = ("information_schema", "mysql", "performance_schema", "sys")


class MysqlFamilyServer(Server):
    """A server of the MySQL family: the admin `user` may log in by TCP and by socket."""

    engine = "mysql"
    accounts = ("mysql",)
    auth_plugin = ""

    @property
    def socket(self) -> Path:
        return self.run_folder / "server.sock"

    @property
    def login_socket(self) -> dict[str, Any]:
        return {"login_unix_socket": str(self.socket), "login_user": self.user, "login_password": self.password}

    def option_file(self) -> Path:
        """A client option file of the admin, for the socket: the first argument of a tool, as `--defaults-file=`."""
        path = self.folder / "client.cnf"
        if not path.exists():
            escaped = self.password.replace("\\", "\\\\").replace('"', '\\"')
            path.touch(mode=0o600)
            lines = [
                "[client]",
                f"user={self.user}",
                f'password="{escaped}"',
                f"socket={self.socket}",
                "default-character-set=utf8mb4",
            ]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def connect(self, database: str | None = None, **kwargs: Any) -> Any:
        arguments: dict[str, Any] = {
            "host": self.host, "port": self.port, "user": self.user, "password": self.password,
            "database": database, "charset": "utf8mb4", "autocommit": True, "connect_timeout": 10,
            "ssl": ssl.create_default_context(cafile=str(self.ca_cert)),
        }  # fmt: skip
        return pymysql.connect(**{**arguments, **kwargs})

    def ping(self) -> None:
        # Before the first start is finished there is no admin: a refusal, too, shows that the server is up.
        try:
            self.connect().close()
        except pymysql.err.OperationalError as error:
            if error.args[0] not in (1045, 1130, 1698):
                raise

    def bootstrap(self) -> list[str]:
        """Statements that `root`, still without a password, runs through the socket on the first start."""
        secret = "'" + self.password.replace("\\", "\\\\").replace("'", "''") + "'"
        return [
            f"CREATE USER '{self.user}'@'%' IDENTIFIED {self._identified(secret)}",
            f"GRANT ALL PRIVILEGES ON *.* TO '{self.user}'@'%' WITH GRANT OPTION",
            f"CREATE USER '{CLIENT_NAME}'@'%' IDENTIFIED {self._identified(secret)} REQUIRE X509",
            f"GRANT ALL PRIVILEGES ON *.* TO '{CLIENT_NAME}'@'%'",
            f"ALTER USER 'root'@'localhost' IDENTIFIED {self._identified(secret)}",
        ]

    def _identified(self, secret: str) -> str:
        return f"WITH {self.auth_plugin} BY {secret}"

    def finish(self) -> None:
        root = pymysql.connect(unix_socket=str(self.socket), user="root", charset="utf8mb4", autocommit=True)
        try:
            with root.cursor() as cursor:
                for statement in self.bootstrap():
                    cursor.execute(statement)
        finally:
            root.close()
        text = str(self.query("SELECT version()")[0][0])
        self.version = tuple(int(part) for part in text.split("-", maxsplit=1)[0].split("."))

    def client_program(self) -> list[str]:
        """The SQL client, and what must precede all other arguments."""
        raise NotImplementedError

    def execute_script(self, script: bytes, database: str | None = None) -> None:
        argv = [*self.client_program(), f"--defaults-file={self.option_file()}", "--binary-mode", "--comments"]
        if database is not None:
            argv.append(f"--database={database}")
        done = subprocess.run(argv, input=script, env=self.environ(), capture_output=True, check=False)
        if done.returncode:
            raise ServerError(f"{argv[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-4000:]}")

    def create_database(self, name: str, options: str = "") -> None:
        self.query(f"CREATE DATABASE {self.quote(name)} {options}")

    def drop_database(self, name: str) -> None:
        self.query(f"DROP DATABASE IF EXISTS {self.quote(name)}")

    def databases(self) -> list[str]:
        return sorted(row[0] for row in self.query("SHOW DATABASES") if row[0] not in SYSTEM_DATABASES)

    def roles(self) -> dict[str, list[str]]:
        """A name without a host is a role of MariaDB's, which everybody has when it is PUBLIC."""
        found = {}
        for user, host in self.query("SELECT user, host FROM mysql.user"):
            name = self.quote(user) + (f"@{self.quote(host)}" if host else "")
            found[name] = [f"DROP {'USER' if host else 'ROLE'} {name}"]
            if not host and user == "PUBLIC":
                found[name] = ["REVOKE ALL PRIVILEGES, GRANT OPTION FROM PUBLIC"]
        return found

    def quote(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def literal(self, text: str) -> str:
        """A text as an SQL string literal for the default sql_mode."""
        return "'" + pymysql.converters.escape_string(text) + "'"

    def common_settings(self) -> dict[str, str]:
        """Server options both know."""
        return {
            "port": str(self.port),
            "bind-address": self.host,
            "socket": str(self.socket),
            "pid-file": str(self.run_folder / "server.pid"),
            "log-bin": "binlog",
            "server-id": "1",
            "sync-binlog": "0",
            "binlog-format": "ROW",
            "event-scheduler": "ON",
            "log-bin-trust-function-creators": "ON",
            "local-infile": "OFF",
            "default-time-zone": "+00:00",
            "character-set-server": "utf8mb4",
            "max-allowed-packet": "64M",
            "innodb-buffer-pool-size": "128M",
            "innodb-flush-log-at-trx-commit": "2",
            "ssl-ca": str(self.certificates.ca_cert),
            "ssl-cert": str(self.certificates.server_cert),
            "ssl-key": str(self.run_folder / "server.key"),
        }

    def place_key(self) -> None:
        """Copy the TLS key to where the server's account may read it."""
        key = self.run_folder / "server.key"
        key.write_bytes(self.certificates.server_key.read_bytes())
        self.give(key)
