# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: what a restore has put in place is there after the server's next restart, whatever its engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from support.modules import run_module

# Of each kind of table one, with three rows.
_TABLES = """
CREATE TABLE plain (i INT PRIMARY KEY, c VARCHAR(20)) ENGINE = InnoDB;
CREATE TABLE squeezed (i INT PRIMARY KEY, c VARCHAR(20)) ENGINE = InnoDB ROW_FORMAT = COMPRESSED;
CREATE TABLE isam (i INT PRIMARY KEY, c VARCHAR(20)) ENGINE = MyISAM;
CREATE TABLE cut (i INT NOT NULL, c VARCHAR(20)) PARTITION BY HASH (i) PARTITIONS 3;
"""
_MARIADB = """
CREATE TABLE aria (i INT PRIMARY KEY, c VARCHAR(20)) ENGINE = Aria;
CREATE TABLE page (i INT PRIMARY KEY, c VARCHAR(20)) ENGINE = InnoDB PAGE_COMPRESSED = 1;
CREATE SEQUENCE tick START WITH 40;
CREATE TABLE stamped (i INT NOT NULL DEFAULT NEXTVAL(tick), c VARCHAR(20));
CREATE TABLE past (i INT PRIMARY KEY, c VARCHAR(20)) WITH SYSTEM VERSIONING;
"""
_ELSEWHERE = """
CREATE TABLE apart (i INT PRIMARY KEY, c VARCHAR(20)) ENGINE = InnoDB DATA DIRECTORY = '{0}';
CREATE TABLE halves (i INT NOT NULL, c VARCHAR(20)) PARTITION BY RANGE (i)
  (PARTITION low VALUES LESS THAN (2) DATA DIRECTORY = '{0}', PARTITION high VALUES LESS THAN MAXVALUE);
CREATE TABLE quarters (i INT NOT NULL, c VARCHAR(20)) PARTITION BY RANGE (i) SUBPARTITION BY HASH (i)
  (PARTITION low VALUES LESS THAN (2) (SUBPARTITION a DATA DIRECTORY = '{0}', SUBPARTITION b DATA DIRECTORY = '{0}'),
   PARTITION high VALUES LESS THAN MAXVALUE (SUBPARTITION c, SUBPARTITION d));
"""


@pytest.fixture(params=["mariadb", "mysql9"])
def server(request: pytest.FixtureRequest) -> Iterator[support.Server]:
    """A server of this file's own, that may be restarted, with a folder for files beside its own."""
    made = support.running(request.param)
    made.private_folder("beside")
    made.settings["innodb-directories" if request.param == "mysql9" else "symbolic-links"] = (
        str(made.folder / "beside") if request.param == "mysql9" else "ON"
    )
    with made:
        yield made


def _fill(server: support.Server, database: str, *, elsewhere: bool) -> None:
    server.create_database(database)
    script = _TABLES + (_MARIADB if server.flavour == "mariadb" else "")
    if elsewhere:
        script += _ELSEWHERE.format(server.folder / "beside")
        if server.flavour == "mariadb":
            script += (
                "CREATE TABLE linked (i INT PRIMARY KEY, c VARCHAR(20)) ENGINE = MyISAM"
                f" DATA DIRECTORY = '{server.folder}/beside' INDEX DIRECTORY = '{server.folder}/beside';"
            )
    tables = [line.split()[2] for line in script.splitlines() if line.startswith("CREATE TABLE")]
    script += "".join(f"INSERT INTO {name} (i, c) VALUES (1, 'a'), (2, 'b'), (3, '{database}');" for name in tables)
    server.execute_script(script.encode(), database)


def _rows(server: support.Server, database: str) -> dict[str, list[Any]]:
    """All rows of all tables; the sequence's next value."""
    sql = f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{database}'"
    return {
        name: server.query(
            f"SELECT * FROM {database}.{name}"
            if name != "tick"
            else f"SELECT next_not_cached_value FROM {database}.tick"
        )
        for (name,) in server.query(sql)
    }


def test_after_a_restart(server: support.Server, tmp_path: Path) -> None:
    """Restored under a new name, over another database, and the one that was kept: after a restart all rows of all
    tables are there. Tables that the server would lose in a move are created in its own folder, and never moved."""

    def run(module: str, **params: Any) -> dict[str, Any]:
        options = {"engine": "mysql", **server.login, "store": str(tmp_path / "store"), "host": "db1", **params}
        return run_module(module, options, path_prefix=server.tool_path)

    _fill(server, "wide", elsewhere=True)
    _fill(server, "target", elsewhere=False)
    backup = run("db_backup", databases=["wide"], globals=False)
    assert not backup["failed"], backup["msg"]
    assert any("DATA DIRECTORY" in text and "quarters" in text for text in backup["warnings"]), backup["warnings"]
    restored = run("db_restore", database="wide", target="beside_it")
    assert not restored["failed"], restored["msg"]
    assert restored["verified"]["schema"] == "same"
    assert any("apart, halves" in text and "own folder" in text for text in restored["warnings"]), restored["warnings"]
    replaced = run("db_restore", database="wide", target="target", if_exists="replace", keep_previous=True)
    assert not replaced["failed"], replaced["msg"]
    refused = run("db_restore", database="wide", if_exists="replace", keep_previous=True)
    if server.flavour == "mariadb":
        assert refused["failed"] and refused["stage"] == "preflight", refused
        assert "apart, halves" in refused["msg"] and "restart" in refused["msg"] and "ALTER TABLE" in refused["msg"]
    else:  # MySQL finds what it has moved
        assert not refused["failed"], refused["msg"]
    before = {name: _rows(server, name) for name in server.databases()}
    assert before["beside_it"] == before["target"] == before["wide"]
    assert len(before["wide"]) == (13 if server.flavour == "mariadb" else 7)
    assert {len(rows) for name, rows in before["wide"].items() if name != "tick"} == {3}
    server.restart()
    assert {name: _rows(server, name) for name in server.databases()} == before
