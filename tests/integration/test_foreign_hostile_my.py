# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps for MySQL and MariaDB that would do harm where they are read otherwise than the server reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from support.dumps import Here, dump, restored

START = "CREATE TABLE t (i INTEGER);\nINSERT INTO t VALUES (1);\n"
FEED = "CREATE FUNCTION feed() RETURNS INTEGER MODIFIES SQL DATA BEGIN UPDATE cages SET i = 7; RETURN 1; END"
# Each is refused, or executed as if the harmful part were not there.
HOSTILE = [
    "/*!99999 INSERT INTO t VALUES (1) */ DROP DATABASE zoo;",
    "/*M!999999 INSERT INTO t VALUES (1) */ DROP DATABASE zoo;",
    "/*M!100000 INSERT INTO t VALUES (1) */ DROP DATABASE zoo;",
    "/*!80000 INSERT INTO t VALUES (1) */ DROP TABLE zoo.cages;",
    "INSERT INTO /*!99999 t */ zoo.cages VALUES (1);",
    "REPLACE /*!99999 t */ zoo.cages VALUES (1);",
    "SET /*!99999 @x = */ GLOBAL max_connect_errors = 12345;",
    "/*!99999 CREATE TABLE x (i int) */ CREATE USER evil@localhost;",
    "DROP TABLE /*!99999 /* ' */ t, */ zoo.cages;",
    "INSERT /*+ QB_NAME(`*/x`) */ INTO zoo.cages VALUES (1) -- `\n;",
    "DELIMITER ;;\nBEGIN NOT ATOMIC DROP TABLE zoo.cages; END;;\nDELIMITER ;\nCOMMIT;",
    "UPDATE (t, zoo.cages) SET cages.i = 7;",
    "UPDATE { OJ zoo.cages LEFT OUTER JOIN t ON 1 } SET cages.i = 7;",
    "DELETE FROM cages USING (t JOIN zoo.cages);",
    "DELETE a FROM (zoo.cages AS a) JOIN t;",
    "WITH x AS (SELECT 1) UPDATE zoo.cages SET i = 7;",
    "WITH x AS (SELECT 1) DELETE FROM zoo.cages;",
    "DROP TABLE --\x01 t\n zoo.cages;",
    "INSERT INTO t SELECT i FROM zoo.cages;",
    "SELECT zoo.feed();",
    "DO 1, `zoo` . feed ();",
    "SET @fed = zoo.feed();",
    "UPDATE t SET i = zoo.feed();",
    "CREATE TABLE m (i INTEGER) ENGINE=MyISAM;\nCREATE TABLE n (i INTEGER) ENGINE=MERGE UNION (m, zoo.cages);",
    "SET default_storage_engine = FEDERATED;",
    "CREATE TABLE f (i INTEGER) ENGINE=FEDERATED CONNECTION='mysql://root@localhost/zoo/cages';",
    "INSERT INTO t VALUES (LENGTH(LOAD_FILE('/etc/passwd')));",
    "CREATE TABLE u (i INTEGER) DATA DIRECTORY='/tmp';",
    "CREATE TABLE backupdb_journal (plan LONGTEXT);",
    "CREATE TABLE backupdb_undoing (plan LONGTEXT);",
]


@pytest.fixture
def server(mysql_family: support.Server) -> Iterator[support.Server]:
    """MariaDB, then MySQL, with `zoo`."""
    for name in mysql_family.databases():
        mysql_family.drop_database(name)
    mysql_family.create_database("zoo")
    mysql_family.query("CREATE TABLE cages (i INTEGER)", database="zoo")
    mysql_family.query("INSERT INTO cages VALUES (42)", database="zoo")
    mysql_family.query(FEED, database="zoo")
    yield mysql_family
    for name in mysql_family.databases():
        mysql_family.drop_database(name)


def test_nothing_reaches_another_database(server: support.Server, tmp_path: Path) -> None:
    """Whatever a comment, a parenthesis or a compound statement hides: `zoo`, accounts and settings stay."""
    here = Here(server, tmp_path)
    src = tmp_path / "hostile.sql"
    taken: list[str] = []
    for statement in HOSTILE:
        src.write_text(START + statement + "\n", encoding="utf-8")
        try:
            here(src)
        except BackupError:
            assert "shop" not in server.databases() or taken, statement
        else:
            taken.append(statement)
        assert server.query("SELECT i FROM cages", database="zoo") == [(42,)], statement
        assert server.query("SELECT COUNT(*) FROM mysql.user WHERE user = 'evil'") == [(0,)], statement
        assert server.query("SELECT @@GLOBAL.max_connect_errors <> 12345") == [(1,)], statement
    here.close()
    # What drops a database is left out, as in every dump; nothing else went through.
    assert all("DROP DATABASE" in text or "CREATE USER" in text for text in taken), taken


@pytest.mark.parametrize("options", [(), ("--skip-add-drop-table",), ("--skip-opt", "--no-autocommit")])
def test_settings_of_the_databases_before(server: support.Server, tmp_path: Path, options: tuple[str, ...]) -> None:
    """Triggers of `first` were made under other modes and character sets: the rows of `second` do not suffer."""
    server.create_database("first")
    server.create_database("second")
    connection = server.connect("first")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE a (i INTEGER)")
        for number, (mode, charset) in enumerate((("STRICT_TRANS_TABLES", "latin1"), ("ANSI_QUOTES", "cp850"))):
            cursor.execute(f"SET SESSION sql_mode = '{mode}'")
            cursor.execute(f"SET NAMES {charset}")
            cursor.execute(f"CREATE TRIGGER t{number} BEFORE INSERT ON a FOR EACH ROW SET @x = {number}")
            cursor.execute(f"CREATE PROCEDURE p{number}() SELECT {number}")
    connection.close()
    connection = server.connect("second")
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
        cursor.execute("CREATE TABLE b (i INTEGER AUTO_INCREMENT PRIMARY KEY, t TEXT CHARACTER SET utf8mb4)")
        cursor.execute("INSERT INTO b VALUES (0, 'zażółć 日本 😀'), (5, 'b\\\\'), (7, '\"')")
        cursor.execute("COMMIT")
    connection.close()
    options = (*options, "--routines", "--triggers", "--no-tablespaces", "--default-character-set=utf8mb4")
    src = dump(server, tmp_path / "both.sql", *options, "--databases", "first", "second")
    restored(server, src, target="copy", source_database="second")
    support.assert_same(support.fingerprint(server, "second"), support.fingerprint(server, "copy"))
    assert server.query("SELECT i, HEX(t) FROM b ORDER BY i", database="copy") == server.query(
        "SELECT i, HEX(t) FROM b ORDER BY i", database="second"
    )
