# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real database servers, hostile sample data and fingerprints for the integration tests.

    with support.running("mariadb") as server:
        support.load_hostile(server, "shop")
        before = support.fingerprint(server, "shop")

The fixtures `pg15`, `pg18`, `mariadb` and `mysql9` (tests/integration/conftest.py) give one server for the
whole test run.
"""

from __future__ import annotations

from collections.abc import Mapping

from .bulk import load_bulk
from .fingerprint import assert_same, differences, fingerprint, schema_fingerprint
from .hostile import awkward_names, load_hostile
from .mariadb import MariadbServer
from .mysql9 import Mysql9Server
from .postgres import Postgres15, Postgres18
from .process import ServerError
from .server import Server

KINDS: dict[str, type[Server]] = {
    "pg15": Postgres15,
    "pg18": Postgres18,
    "mariadb": MariadbServer,
    "mysql9": Mysql9Server,
}


def running(kind: str, settings: Mapping[str, str] | None = None) -> Server:
    """A server of one of KINDS, not yet started: a context manager. `settings` are further server options."""
    return KINDS[kind](settings)


__all__ = [
    "KINDS",
    "Server",
    "ServerError",
    "assert_same",
    "awkward_names",
    "differences",
    "fingerprint",
    "load_bulk",
    "load_hostile",
    "running",
    "schema_fingerprint",
]
