# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""How to reach a server."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Login:
    """How to reach a server; the names are the modules' option names without ``login_``."""

    engine: str
    host: str = ""
    port: int | None = None
    user: str = ""
    password: str = ""
    unix_socket: str = ""
    config_file: str = ""
    tls_mode: str = "prefer"
    ca_cert: str = ""
    client_cert: str = ""
    client_key: str = ""
    connect_timeout: int = 30

    def where(self) -> str:
        """The server in words."""
        place = self.unix_socket or (f"{self.host}:{self.port}" if self.port else self.host) or "this host"
        return f"{self.engine} on {place}" + (f" as {self.user}" if self.user else "")


__all__ = ("Login",)
