# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps of `src` for MySQL and MariaDB, where `src` lives on: nothing of it is read or written, no row is another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from support.dumps import Here
from support.faults import Site

# The database has a table of its own name: what is a column of it stays one.
SAME_NAME = """CREATE DATABASE src;
USE src;
CREATE TABLE src (name VARCHAR(9), d DATE);
CREATE TABLE p (x VARCHAR(9), name VARCHAR(9), d DATE);
CREATE TABLE r (name VARCHAR(9));
INSERT INTO src VALUES ('a', '2020-01-01'), ('b', '2021-01-01');
INSERT INTO p VALUES ('a', 'zzz', '2022-01-01');
CREATE VIEW v AS SELECT name FROM src WHERE EXISTS (SELECT 1 FROM p WHERE p.x LIKE src.name);
CREATE VIEW w AS SELECT EXTRACT(YEAR FROM src.d) AS y FROM src JOIN p;
INSERT INTO r SELECT name FROM src WHERE EXISTS (SELECT 1 FROM p WHERE p.x LIKE TRIM(LEADING ' ' FROM src.name));
"""
# What a trigger and a procedure write to is never the live `src`, wherever they name it.
BODIES = """CREATE DATABASE src;
USE src;
CREATE TABLE src (i INTEGER);
CREATE TABLE b (i INTEGER);
CREATE TABLE a (i INTEGER);
CREATE TABLE c (i INTEGER);
INSERT INTO src VALUES (1);
INSERT INTO b VALUES (1);
DELIMITER ;;
CREATE TRIGGER tr AFTER INSERT ON a FOR EACH ROW UPDATE src.src, src.b SET b.i = 7;;
CREATE TRIGGER ts AFTER INSERT ON src.c FOR EACH ROW BEGIN
    UPDATE a src, src.b SET b.i = b.i + src.i;
    DELETE src.src FROM (src.b, src.src);
END;;
CREATE PROCEDURE p() BEGIN SET @q = 'DELETE FROM src.b'; PREPARE s FROM @q; EXECUTE s; END;;
DELIMITER ;
INSERT INTO a VALUES (1);
INSERT INTO c VALUES (1);
"""


@pytest.fixture
def server(mysql_family: support.Server) -> Iterator[support.Server]:
    """MariaDB, then MySQL, with a live `src`."""
    mysql_family.create_database("src")
    for statement in ("CREATE TABLE src (i INTEGER)", "CREATE TABLE b (i INTEGER)", "INSERT INTO b VALUES (42)"):
        mysql_family.query(statement, database="src")
    yield mysql_family
    for name in mysql_family.databases():
        mysql_family.drop_database(name)


def test_columns_of_a_table_that_has_the_databases_name(server: support.Server, tmp_path: Path) -> None:
    """Views and rows are those that a bare client would make."""
    here = Here(server, tmp_path)
    src = tmp_path / "same.sql"
    src.write_text(SAME_NAME, encoding="utf-8")
    here(src)
    here.close()
    for table, rows in (("r", [("a",)]), ("v", [("a",)]), ("w", [(2020,), (2021,)])):
        assert sorted(server.query(f"SELECT * FROM {table}", database="shop")) == rows, table


def test_bodies_write_to_the_new_database(server: support.Server, tmp_path: Path) -> None:
    """Tables behind a comma, an alias or a table called as the database: all of it stays within the target."""
    here = Here(server, tmp_path)
    src = tmp_path / "bodies.sql"
    src.write_text(BODIES, encoding="utf-8")
    result = here(src)
    here.close()
    assert server.query("SELECT i FROM b", database="src") == [(42,)]
    assert server.query("SELECT i FROM b", database="shop") == [(8,)]
    assert server.query("SELECT i FROM src", database="shop") == []
    assert result["adaptations"]["qualifiers of the old database that stay"] == 1


# Each is refused where it is used, or does nothing to `src`, whose `b` holds 42 and whose sequence gives 1.
BEYOND = [
    "CREATE VIEW v AS SELECT i FROM src.b;\nUPDATE v SET i = 7;",
    "CREATE VIEW v AS SELECT i FROM src.b;\nCREATE VIEW w AS SELECT i FROM v;\nDELETE FROM w;",
    "CREATE VIEW v AS SELECT i FROM src.b;\nINSERT INTO v VALUES (7);",
    "ALTER TABLE p CONVERT TABLE src.b TO PARTITION p1 VALUES LESS THAN (100);",
    "ALTER TABLE p CONVERT PARTITION p0 TO TABLE src.planted;",
    "INSERT INTO t VALUES ((TABLE src.b LIMIT 1));",
    "INSERT INTO t VALUES (src.feed());",
    "SELECT SETVAL(src.sq, 1000);",
    "DO NEXTVAL(src.sq);",
    "SELECT (NEXT VALUE FOR src.sq);",
    "INSERT INTO t VALUES (NEXT  VALUE FOR src.sq);",
    "CREATE TABLE q (i INTEGER, j INTEGER DEFAULT NEXTVAL(src.sq));\nINSERT INTO q (i) VALUES (1);",
]
START = """USE old;
CREATE TABLE t (i INTEGER);
CREATE TABLE p (i INTEGER) PARTITION BY RANGE (i)
    (PARTITION p0 VALUES LESS THAN (9), PARTITION p VALUES LESS THAN (10));
"""
FEED = "CREATE FUNCTION feed() RETURNS INTEGER MODIFIES SQL DATA BEGIN UPDATE b SET i = 7; RETURN 1; END"
# Columns that are called as options are.
COLUMNS = """CREATE TABLE t (i INTEGER, soname VARCHAR(9), engine VARCHAR(9), CHECK (engine = 'S3'));
ALTER TABLE t ADD COLUMN file_name VARCHAR(20);
CREATE VIEW v AS SELECT i, file_name AS name FROM t AS b WHERE file_name = 'x' AND engine = 'S3';
INSERT INTO t VALUES (1, 'x', 'S3', 'x');
"""


def test_nothing_of_the_live_database_is_changed(server: support.Server, tmp_path: Path) -> None:
    """Views, partitions, sequences and values that lead there."""
    server.query(FEED, database="src")
    if server.flavour == "mariadb":
        server.query("CREATE SEQUENCE sq", database="src")
    here = Here(server, tmp_path)
    src = tmp_path / "beyond.sql"
    for statements in BEYOND:
        src.write_text(f"{START}\n{statements}\n", encoding="utf-8")
        with pytest.raises(BackupError, match="write into another database"):
            here(src)
        assert server.query("SELECT i FROM b", database="src") == [(42,)], statements
        assert {name for (name,) in server.query("SHOW TABLES", database="src")} <= {"src", "b", "sq"}, statements
    here.close()
    if server.flavour == "mariadb":
        assert server.query("SELECT NEXTVAL(sq)", database="src") == [(1,)]


def test_columns_that_are_called_as_options(server: support.Server, tmp_path: Path) -> None:
    """A stream without the name of a database, with a view and an alias."""
    here = Here(server, tmp_path)
    src = tmp_path / "columns.sql"
    src.write_text(COLUMNS, encoding="utf-8")
    result = here(src)
    here.close()
    assert server.query("SELECT i, name FROM v", database="shop") == [(1, "x")]
    assert result["adaptations"] == {}


def test_own_backups_of_a_database_with_a_table_of_its_name(server: support.Server, tmp_path: Path) -> None:
    """What is a column in the source is one in the copy, beside the source; and no body of the copy writes to it."""
    for statement in (
        "DROP TABLE src",
        "CREATE TABLE src (src DATE, b INTEGER)",
        "INSERT INTO src VALUES ('2020-01-01', 42), ('2021-01-01', 1)",
        "CREATE VIEW v AS SELECT EXTRACT(YEAR FROM src.src) AS y FROM src.src JOIN src.b ON b.i LIKE src.b",
        "CREATE TRIGGER tr AFTER INSERT ON b FOR EACH ROW UPDATE src.src, src.b AS x SET src.b = 7",
    ):
        server.query(statement, database="src")
    site = Site(server, tmp_path)
    assert not site.backup({"databases": ["src"]})["failed"]
    result = site.restore({"database": "src", "target": "copy"})
    assert not result["failed"], result["msg"]
    assert result["verified"]["schema"] == "same"
    assert server.query("SELECT y FROM v", database="copy") == [(2020,)]
    server.query("INSERT INTO b VALUES (1)", database="copy")
    assert server.query("SELECT DISTINCT b FROM src", database="copy") == [(7,)]
    assert sorted(server.query("SELECT b FROM src", database="src")) == [(1,), (42,)]
