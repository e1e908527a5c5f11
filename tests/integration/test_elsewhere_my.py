# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MariaDB: tables that show what is elsewhere. What a table keeps itself is in its backup; the rest is named."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from support.modules import run_module


class Relay:
    """A port that passes connections on to a server, and counts them."""

    def __init__(self, host: str, port: int) -> None:
        self.count = 0
        self._target = (host, port)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self._socket.accept()
                self.count += 1
                far = socket.create_connection(self._target)
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=ends, daemon=True).start()

    @staticmethod
    def _pass(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Take no more."""
        self._socket.close()


@pytest.fixture
def relay(mariadb: support.Server) -> Iterator[Relay]:
    """A way from MariaDB to itself as if it were another server; plugins, accounts and databases go afterwards."""
    made = Relay(mariadb.host, mariadb.port)
    for plugin in ("ha_federatedx", "ha_connect"):
        mariadb.query(f"INSTALL SONAME '{plugin}'")
    yield made
    for name in mariadb.databases():
        mariadb.drop_database(name)
    for plugin in ("ha_federatedx", "ha_connect"):
        mariadb.query(f"UNINSTALL SONAME '{plugin}'")
    mariadb.query("DROP USER IF EXISTS distant@'%'")
    made.close()


def test_another_server_is_not_asked(mariadb: support.Server, relay: Relay, tmp_path: Path) -> None:
    """A table's own file is in the backup. What a file, a table or a server elsewhere has is named, and not read."""
    for name in ("near", "far"):
        mariadb.create_database(name)
    mariadb.execute_script(
        f"""
        CREATE USER distant@'%' IDENTIFIED BY 'word';
        GRANT ALL ON far.* TO distant@'%';
        CREATE TABLE far.t (i INT PRIMARY KEY);
        CREATE TABLE shown (i INT PRIMARY KEY) ENGINE = FEDERATED
            CONNECTION = 'mysql://distant:word@127.0.0.1:{relay.port}/far/t';
        CREATE TABLE part (i INT) ENGINE = MyISAM;
        INSERT INTO part VALUES (1), (2);
        CREATE TABLE whole (i INT) ENGINE = MERGE UNION = (part);
        CREATE TABLE kept (i INT NOT NULL, v VARCHAR(9) NOT NULL) ENGINE = CONNECT TABLE_TYPE = CSV;
        INSERT INTO kept VALUES (1, 'one'), (2, 'two');
        CREATE TABLE named (i INT NOT NULL) ENGINE = CONNECT TABLE_TYPE = CSV FILE_NAME = 'other.csv';
        FLUSH TABLES;
        """.encode(),
        "near",
    )
    before = relay.count
    options = {"engine": "mysql", **mariadb.login, "store": str(tmp_path), "host": "db1"}
    result = run_module(
        "db_backup",
        {**options, "databases": ["near"], "globals": False, "proof": "content"},
        path_prefix=mariadb.tool_path,
    )
    assert not result["failed"], result["msg"]
    assert relay.count == before
    manifest = json.loads(next(tmp_path.glob("**/manifest.json")).read_text(encoding="utf-8"))
    assert {item["name"] for item in manifest["uncovered"]} == {"shown", "whole", "named"}
    rows = {item["name"]: item["rows"] for item in manifest["tables"]}
    assert rows == {"shown": None, "whole": None, "named": None, "part": 2, "kept": 2}
    assert "not their rows: named (CONNECT), shown (FEDERATED), whole (MRG_MyISAM)" in " ".join(result["warnings"])
    result = run_module("db_restore", {**options, "database": "near", "target": "again"}, path_prefix=mariadb.tool_path)
    assert not result["failed"], result["msg"]
    assert mariadb.query("SELECT * FROM again.kept ORDER BY i") == [(1, "one"), (2, "two")]
    assert mariadb.query("SELECT COUNT(*) FROM again.whole") == [(2,)]
