# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several statements before one delimiter: cut where the server goes on to the next."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from ansible_collections.vya.backupdb.plugins.module_utils._sql.mysql_reader import MysqlReader
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.reading import (
    error_of,
    in_every_chunking,
    texts,
)
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.through_rules import MARIADB, through

# Each is one definition whose body has semicolons.
BODIES = [
    "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END",
    "CREATE PROCEDURE p() outer_one: BEGIN BEGIN END; inner_one: BEGIN SELECT 1; END inner_one; END outer_one",
    "CREATE PROCEDURE IF NOT EXISTS p() BEGIN END",
    "CREATE DEFINER=`a`@`%` PROCEDURE p(x INT) IF (x > 1) THEN SELECT 1; ELSEIF x THEN SELECT 2; ELSE SELECT 3; END IF",
    "CREATE PROCEDURE p() BEGIN IF a THEN IF b THEN SELECT 1; END IF; ELSE IF c THEN SELECT 2; END IF; END IF; END",
    (
        "CREATE PROCEDURE p() BEGIN SELECT IF(a, 1, 2), CASE WHEN a THEN 1 ELSE IF(b, 1, 2) END;"
        " SELECT CASE 1 WHEN 1 THEN 2 END AS x; END"
    ),
    "CREATE PROCEDURE p() BEGIN CASE a WHEN 1 THEN SELECT 1; ELSE BEGIN END; END CASE; SELECT 2; END",
    (
        "CREATE PROCEDURE p() BEGIN l: LOOP LEAVE l; END LOOP l; WHILE a DO SET a = 0; END WHILE; REPEAT SET a = 1;"
        " UNTIL a END REPEAT; SELECT REPEAT('x', 3); END"
    ),
    "CREATE PROCEDURE p() BEGIN FOR i IN 1 .. 3 DO SELECT i; END FOR; END",
    (
        "CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; END; DECLARE CONTINUE"
        " HANDLER FOR SQLSTATE '23000' SET @a = 1; SELECT 1; END"
    ),
    (
        "CREATE PROCEDURE p() BEGIN SELECT t.begin, t.end, NEW.case FROM t; SET @a = 'BEGIN; '; /* BEGIN; */ SELECT 1;"
        " -- END;\n END"
    ),
    "CREATE FUNCTION f() RETURNS INT DETERMINISTIC BEGIN DECLARE a, end_of INT; RETURN CASE WHEN a THEN 1 END; END",
    "CREATE OR REPLACE FUNCTION f(a INT) RETURNS INT RETURN IF(a, CASE a WHEN 1 THEN 2 END, 3)",
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW IF NEW.a THEN SET NEW.a = 1; END IF",
    "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW SET NEW.a = 1",
    (
        "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN"
        " SET @a = 1; SET @b = 2; END */"
    ),
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY COMMENT 'a;b' DO BEGIN DELETE FROM t; DELETE FROM u; END",
    "ALTER EVENT e DO BEGIN DELETE FROM t; DELETE FROM u; END",
    "CREATE PROCEDURE p() AS x INT; y INT; BEGIN SELECT 1; END",
]
AFTER = ["DROP TRIGGER IF EXISTS g", "INSERT INTO t VALUES ('//', ';')", "/*!50003 CREATE TABLE u (i INT) */"]


@pytest.mark.parametrize("body", BODIES)
def test_a_body_is_whole_and_what_is_beside_it_is_apart(body: str) -> None:
    """Before, after and between other definitions, with comments; whether or not its own end has a sign."""
    parts = ["DROP PROCEDURE IF EXISTS p", body, *AFTER, body]
    for joint in (";", ";\n", " ; -- it's; next\n", "; # x\n/* y; */ ", ";;\n"):
        script = f"DELIMITER //\n{joint.join(parts)}\n//\n{body};//\ndelimiter ;\nS;"
        found = texts(in_every_chunking(MysqlReader, script.encode()))
        assert [item.decode().rstrip("; \n") for item in found] == [*parts, body, "S"]


def test_delimiters() -> None:
    """Of one letter, with a semicolon in it, in the middle of a line, and never set back."""
    for sign in ("$", ";;", "//", "$$", "|", "go", "END_OF"):
        script = f"DELIMITER {sign}\nS 1;\nCREATE PROCEDURE p() BEGIN S; T; END {sign} T {sign}\nDELIMITER ;\nU;"
        found = texts(in_every_chunking(MysqlReader, script.encode()))
        assert [item.strip() for item in found] == [b"S 1", b"CREATE PROCEDURE p() BEGIN S; T; END", b"T", b"U"]
    never = b"/* x */\nDELIMITER //\n\nSET @a = '';\nCREATE TABLE t (i INT);\nINSERT INTO t VALUES (1);\n"
    assert texts(in_every_chunking(MysqlReader, never))[1:] == [
        b"CREATE TABLE t (i INT)",
        b"INSERT INTO t VALUES (1)",
    ]


def test_a_delimiter_that_is_never_met_is_named() -> None:
    for rest in (b"CREATE PROCEDURE p() BEGIN SELECT 1; END;\n", b"S 1;\nS 2"):
        error = error_of(MysqlReader, b"-- x\nDELIMITER //\n" + rest)
        assert "the delimiter //, set in line 2, is never met" in error.msg
        assert "DELIMITER ;" in error.hint


def test_a_delimiter_that_is_set_back_ends_the_body() -> None:
    """Its sign was forgotten; the server runs the definition all the same."""
    script = b"DELIMITER //\nCREATE PROCEDURE p() BEGIN S; END;\nDELIMITER ;\nT;"
    assert texts(in_every_chunking(MysqlReader, script)) == [b"CREATE PROCEDURE p() BEGIN S; END", b"T"]


@pytest.mark.parametrize("hostile", [
    "DROP TABLE zoo.cages",
    "SET GLOBAL general_log = 1",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "INSERT INTO zoo.cages VALUES (1)",
    "BEGIN NOT ATOMIC DROP TABLE zoo.cages; END",
    "IF 1 THEN DROP TABLE zoo.cages; END IF",
    "system rm x",
    "PREPARE s FROM 'DROP TABLE zoo.cages'",
])  # fmt: skip
def test_each_part_is_judged(hostile: str) -> None:
    start = "USE old;\nCREATE TABLE t (i int);\nDELIMITER //\n"
    for script in (
        f"S_BODY; {hostile}//", f"DROP TABLE IF EXISTS x;\n{hostile}; CREATE TABLE y (i INT)//", f"S_BODY;\n{hostile};",
    ):  # fmt: skip
        text = start + script.replace("S_BODY", "CREATE PROCEDURE p() BEGIN SELECT 1; END")
        if hostile.startswith(("BEGIN", "IF", "system")) and script.startswith("S_BODY"):
            # No statement that a script has at its outer level: it stays with the body, and the server refuses it.
            continue
        with pytest.raises(BackupError, match="Refused"):
            through(MARIADB, text)
