# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Oracle's MySQL 9 in a container."""

from __future__ import annotations

import pwd
from pathlib import Path

from . import mysql9_image
from .mysql_family import MysqlFamilyServer

FAST = {
    "mysqlx": "OFF",
    "skip-name-resolve": "ON",
    "secure-file-priv": "NULL",
    "innodb-redo-log-capacity": "128M",
    "innodb-flush-method": "nosync",
    "innodb-doublewrite": "OFF",
    "innodb-use-native-aio": "OFF",
    "innodb-buffer-pool-load-at-startup": "OFF",
    "innodb-buffer-pool-dump-at-shutdown": "OFF",
}


class Mysql9Server(MysqlFamilyServer):
    """MySQL 9 with caching_sha2_password accounts, GTIDs and the binary log.

    The container shares the host's network, and the server's folder under the same path: socket, port and files are
    the host's.
    """

    flavour = "mysql"
    auth_plugin = "caching_sha2_password"

    @property
    def tool_path(self) -> str:
        return str(mysql9_image.CACHE / "tools" / "bin")

    @property
    def process_account(self) -> pwd.struct_passwd | None:
        # podman itself stays root; what runs in the container is the account.
        return None

    @property
    def container(self) -> str:
        """The container's name."""
        return f"mysql9-{self.folder.name}"

    def client_program(self) -> list[str]:
        return [str(Path(self.tool_path) / "mysql")]

    def child_environ(self) -> dict[str, str]:
        return {**super().child_environ(), "CONTAINERS_CONF": mysql9_image.environ()["CONTAINERS_CONF"]}

    def prepare(self) -> None:
        mysql9_image.ensure_tools()
        self.private_folder("data")
        self.private_folder("tmp")
        self.place_key()
        settings = {**FAST, "datadir": str(self.data), "tmpdir": str(self.folder / "tmp"), "auto-generate-certs": "OFF"}
        # A server keeps the way it compares names.
        settings.update({key: value for key, value in self.settings.items() if key == "lower-case-table-names"})
        self.run_as_server(self._mysqld({**settings, "initialize-insecure": "ON", "skip-log-bin": "ON"}))

    def argv(self) -> list[str]:
        settings = {
            **self.common_settings(),
            **FAST,
            "datadir": str(self.data),
            "tmpdir": str(self.folder / "tmp"),
            "gtid-mode": "ON",
            "enforce-gtid-consistency": "ON",
            **self.settings,
        }
        return self._mysqld(settings)

    def _mysqld(self, settings: dict[str, str]) -> list[str]:
        account = [f"--user={self.account.pw_uid}:{self.account.pw_gid}"] if self.account else []
        return [
            "podman", "run", "--rm", "--name", self.container, "--network=host", *account,
            "--volume", f"{self.folder}:{self.folder}", mysql9_image.IMAGE,
            "/usr/sbin/mysqld", "--no-defaults", *(f"--{name}={value}" for name, value in settings.items()),
        ]  # fmt: skip

    def cleanup_commands(self) -> list[list[str]]:
        # A killed podman leaves its container running.
        return [["podman", "rm", "--force", "--ignore", "--time=0", self.container]]
