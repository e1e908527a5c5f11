# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MariaDB 10.11 from Debian."""

from __future__ import annotations

import shutil
from pathlib import Path

from .mysql_family import MysqlFamilyServer
from .process import ServerError

TOOLS = ("mariadb", "mariadb-dump", "mariadb-admin", "mysql", "mysqldump", "mysqladmin")


def _program(name: str) -> str:
    path = shutil.which(name, path="/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin")
    if path is None:
        raise ServerError(f"{name} is not installed: install Debian's mariadb-server")
    return path


class MariadbServer(MysqlFamilyServer):
    """MariaDB with mysql_native_password accounts, the binary log and the event scheduler."""

    flavour = "mariadb"
    auth_plugin = "mysql_native_password"

    @property
    def tool_path(self) -> str:
        return str(self.folder / "tools")

    def client_program(self) -> list[str]:
        return [_program("mariadb")]

    def prepare(self) -> None:
        tools = Path(self.tool_path)
        tools.mkdir()
        for name in TOOLS:
            # A folder of its own: /usr/bin first on PATH would hide far more than the database tools.
            (tools / name).symlink_to(_program(name))
        self.private_folder("data")
        self.private_folder("tmp")
        self.place_key()
        self.run_as_server([
            _program("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}",
            "--auth-root-authentication-method=normal", "--skip-test-db",
            "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=16M",
        ])  # fmt: skip

    def argv(self) -> list[str]:
        settings = {
            **self.common_settings(),
            "datadir": str(self.data),
            "tmpdir": str(self.folder / "tmp"),
            "skip-name-resolve": "ON",
            "innodb-log-file-size": "64M",
            "innodb-doublewrite": "OFF",
            "aria-pagecache-buffer-size": "16M",
            "key-buffer-size": "8M",
            **self.settings,
        }
        return [_program("mariadbd"), "--no-defaults", *(f"--{name}={value}" for name, value in settings.items())]

    def bootstrap(self) -> list[str]:
        # mariadb-install-db makes more roots than one; an anonymous account would be chosen before the admin's `%`.
        strangers = "DELETE FROM mysql.global_priv WHERE User='' OR (User='root' AND Host<>'localhost')"
        return [strangers, "FLUSH PRIVILEGES", *super().bootstrap()]

    def _identified(self, secret: str) -> str:
        return f"VIA {self.auth_plugin} USING PASSWORD({secret})"
