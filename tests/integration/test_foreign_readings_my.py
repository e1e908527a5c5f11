# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts for MySQL and MariaDB whose words begin and end elsewhere for the server than they seem to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from support.dumps import Here, restored

START = b"CREATE TABLE t (s VARCHAR(20));\nCREATE TABLE x (i INTEGER);\nINSERT INTO t VALUES ('a');\n"
JOIN = b" JOIN zoo.cages SET cages.i = 7 -- '\n;"
ESCAPED = b"UPDATE t JOIN x ON t.s <> '\\'" + JOIN
HIDDEN = [
    b"UPDATE t JOIN x ON 1e1JOIN zoo.cages SET cages.i = 7;",
    b"UPDATE t JOIN x ON 1.5JOIN zoo.cages SET cages.i = 7;",
    b"UPDATE t JOIN x ON .5JOIN zoo.cages SET cages.i = 7;",
    b"UPDATE t JOIN x ON \\NJOIN zoo.cages SET cages.i = 7;",
    b"SELECT (1), 1.5INTO OUTFILE '/tmp/never';",
    b"CREATE TABLE q (i INTEGER) AUTO_INCREMENT=1e1DATA DIRECTORY='/tmp';",
    b"SET NAMES latin1;\nDROP TABLE t --\xa0'\n, zoo.cages -- '\n;",
    b"SET NAMES latin1;\nINSERT INTO x VALUES (1), (2) --\xa0'\n, (zoo.feed()) -- '\n;",
    b"SET NAMES latin2;\nDROP TABLE t --\x85'\n, zoo.cages -- '\n;",
    b"SET NAMES latin1;\nSELECT (1) INTO\xa0OUTFILE '/tmp/never';",
    b"SET NAMES `gbk`;\nUPDATE t JOIN x ON t.s <> '\xbf\\'" + JOIN,
    b"SET @v = 'gbk';\nSET character_set_client = @v;\nUPDATE t JOIN x ON t.s <> '\xbf\\'" + JOIN,
    b"SET character_set_client = CONCAT('gb', 'k');\nUPDATE t JOIN x ON t.s <> '\xbf\\'" + JOIN,
    b"SET sql_mode = CONCAT('NO_BACK', 'SLASH_ESCAPES');\n" + ESCAPED,
    b"SET sql_mode = 0x100000 | 0x100000;\n" + ESCAPED,
    b"SELECT 'NO_BACKSLASH_ESCAPES' INTO @v;\nSET sql_mode = @v;\n" + ESCAPED,
    b"CREATE PROCEDURE p() SET NAMES gbk;\nCALL p();\nUPDATE t JOIN x ON t.s <> '\xbf\\'" + JOIN,
    b"CREATE TRIGGER g BEFORE INSERT ON x FOR EACH ROW SET NAMES gbk;\nINSERT INTO x VALUES (1);\n"
    b"UPDATE t JOIN x ON t.s <> '\xbf\\'" + JOIN,
]
# Real scripts set their modes and character sets so.
FOLLOWED = [
    b"SET SESSION sql_mode = (SELECT REPLACE(@@sql_mode, 'ONLY_FULL_GROUP_BY', ''));",
    b"SET sql_mode = REPLACE(@@sql_mode, 'NO_ZERO_DATE', '');",
    b"SET SQL_MODE = (SELECT CONCAT(@@sql_mode, ',ALLOW_INVALID_DATES'));",
    b'SET @old = @@sql_mode, sql_mode = \'ANSI_QUOTES\';\nCREATE TABLE "q" ("i" INTEGER);\nSET sql_mode = @old;',
    (
        b"SET @cs = @@character_set_client;\nSET NAMES latin1;\nINSERT INTO t VALUES ('caf\xe9\xa0'), ('1.5kg');\n"
        b"SET character_set_client = @cs;"
    ),
    b"CREATE VIEW v AS SELECT 1.5e3 + .5E-3 + 1.e3 AS n;\nUPDATE x SET i = 1.5e3 WHERE i = 1e-7 OR i = .5 OR i = 2.;",
    b"SET NAMES binary;\nINSERT INTO t VALUES ('x');",
    b"SET NAMES cp1251;\nCREATE TABLE \xe8\xec\xff (\xca\xff INTEGER);\nSET NAMES utf8;",
    b"SET NAMES latin1;\nCREATE TABLE FEN\xcaTRE (\xff INTEGER);\nSET NAMES utf8;",
    b"SET sql_mode = DEFAULT;\nSET NAMES DEFAULT;\nSET sql_mode = 0;\nSET sql_mode = IFNULL(@never, '');",
]


@pytest.fixture
def server(mysql_family: support.Server) -> Iterator[support.Server]:
    """MariaDB, then MySQL, with `zoo`."""
    mysql_family.create_database("zoo")
    mysql_family.query("CREATE TABLE cages (i INTEGER)", database="zoo")
    mysql_family.query("INSERT INTO cages VALUES (42)", database="zoo")
    yield mysql_family
    for name in mysql_family.databases():
        mysql_family.drop_database(name)


def test_nothing_reaches_another_database(server: support.Server, tmp_path: Path) -> None:
    """Numbers that run into words, odd spaces, modes and character sets that nobody can follow: all are refused."""
    here = Here(server, tmp_path)
    src = tmp_path / "hidden.sql"
    for statement in HIDDEN:
        src.write_bytes(START + statement + b"\n")
        with pytest.raises(BackupError) as told:
            here(src)
        assert told.value.msg, statement
        assert server.databases() == ["zoo"], statement
        assert server.query("SELECT i FROM cages", database="zoo") == [(42,)], statement
    here.close()


@pytest.mark.parametrize("statement", FOLLOWED)
def test_what_can_be_followed_is(server: support.Server, tmp_path: Path, statement: bytes) -> None:
    """What follows is read in the way that was set, and a backslash escapes again where that is restored."""
    src = tmp_path / "followed.sql"
    src.write_bytes(START + statement + b"\nINSERT INTO t VALUES ('it\\'s');\n")
    restored(server, src, target="shop")
    assert ("it's",) in server.query("SELECT s FROM t", database="shop")


@pytest.mark.parametrize(("said", "charset"), [
    ("/*!40100 DEFAULT CHARACTER SET latin1 */", "latin1"), ("COLLATE latin1_bin", "latin1"),
    ("CHAR SET latin2", "latin2"), ("CHARSET utf8", "utf8mb3"), ("", "utf8mb4"),
])  # fmt: skip
def test_character_set_or_collation(server: support.Server, tmp_path: Path, said: str, charset: str) -> None:
    """Old dumps name the one or the other: the server knows what goes with it."""
    src = tmp_path / "old.sql"
    src.write_text(
        f"CREATE DATABASE /*!32312 IF NOT EXISTS*/ `src` {said};\nUSE `src`;\nCREATE TABLE t (s VARCHAR(5));\n"
    )
    restored(server, src, target="shop")
    found = server.query(
        "SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = 'shop'"
    )
    assert found == [(charset,)]
    assert f"CHARSET={charset}" in str(server.query("SHOW CREATE TABLE t", database="shop"))
