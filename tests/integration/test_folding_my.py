# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: from a server that keeps the case of names to one that does not, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from support.modules import run_module

_SCRIPT = """
CREATE TABLE Orders (Id INT AUTO_INCREMENT PRIMARY KEY, Total INT) ENGINE = InnoDB;
CREATE TABLE Parts (Id INT PRIMARY KEY, OrderId INT, FOREIGN KEY (OrderId) REFERENCES Orders (Id)) ENGINE = InnoDB;
INSERT INTO Orders VALUES (7, 70);
INSERT INTO Parts VALUES (1, 7);
CREATE VIEW Sums AS SELECT o.Id, SUM(o.Total) AS t FROM Orders o JOIN Parts ON Parts.OrderId = o.Id GROUP BY o.Id;
CREATE PROCEDURE ListAll () SELECT * FROM Orders;
CREATE TRIGGER Doubles BEFORE INSERT ON Orders FOR EACH ROW SET NEW.Total = NEW.Total * 2;
"""


@pytest.fixture(scope="module")
def low() -> Iterator[support.Server]:
    """A server that stores names in lower case."""
    with support.running("mariadb", {"lower-case-table-names": "1"}) as server:
        yield server


def _run(server: support.Server, store: Path, module: str, **params: Any) -> dict[str, Any]:
    options = {"engine": "mysql", **server.login, "store": str(store), "host": "db1", **params}
    return run_module(module, options, path_prefix=server.tool_path)


def test_to_lower_case(mariadb: support.Server, low: support.Server, tmp_path: Path) -> None:
    """Restored and drilled with the names that the server makes of them; names that become one are refused first."""
    for name, script in [("Case", _SCRIPT), ("twins", "CREATE TABLE One (i INT); CREATE TABLE one (i INT);")]:
        mariadb.create_database(name)
        mariadb.execute_script(script.encode(), name)
    backup = _run(mariadb, tmp_path, "db_backup", databases=["Case", "twins"], globals=False)
    assert not backup["failed"], backup["msg"]
    restored = _run(low, tmp_path, "db_restore", database="Case", target="case_back")
    assert not restored["failed"], restored["msg"]
    assert any("lower case" in text and "names" in text for text in restored["warnings"]), restored["warnings"]
    assert low.query("SELECT Id, t FROM case_back.Sums") == [(7, 70)]
    low.query("INSERT INTO case_back.Orders (Total) VALUES (1)")
    assert low.query("SELECT Id, Total FROM case_back.orders WHERE Id > 7") == [(8, 2)]
    drill = _run(low, tmp_path, "backup_drill", databases=["Case"])
    assert not drill["failed"], drill["msg"]
    refused = _run(low, tmp_path, "db_restore", database="twins")
    assert refused["failed"] and refused["stage"] == "preflight" and "One, one" in refused["msg"], refused
    assert "twins" not in low.databases()


def test_from_lower_case(mariadb: support.Server, low: support.Server, tmp_path: Path) -> None:
    """It is said that this server compares names with their case, in a warning and where it makes a restore fail; in a
    file that others dumped too."""
    for name, script in [("typed", _SCRIPT), ("plain", "CREATE TABLE t (i INT); CREATE VIEW v AS SELECT * FROM t;")]:
        low.create_database(name)
        low.execute_script(script.encode(), name)
    backup = _run(low, tmp_path, "db_backup", databases=["typed", "plain"], globals=False)
    assert not backup["failed"], backup["msg"]
    failed = _run(mariadb, tmp_path, "db_restore", database="typed")
    assert failed["failed"] and "'Doubles'" in failed["msg"] and "lower_case_table_names=0" in failed["msg"], failed
    restored = _run(mariadb, tmp_path, "db_restore", database="plain")
    assert not restored["failed"], restored["msg"]
    assert any("lower_case_table_names=0" in text for text in restored["warnings"]), restored["warnings"]
    source = tmp_path / "typed.sql"
    source.write_text("CREATE TABLE items (i INT);\nINSERT INTO Items VALUES (1);\n")
    options = {"engine": "mysql", **mariadb.login, "src": str(source), "target": "typed"}
    failed = run_module("db_restore", options, path_prefix=mariadb.tool_path)
    assert failed["failed"] and "There is a table 'items'" in failed["msg"], failed
