# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole streams of MySQL and MariaDB: which database is taken, headers and trailers, accounts."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import SqlReadError
from ansible_collections.vya.backupdb.plugins.module_utils._sql.mysql_reader import MysqlReader
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Execute, RefusedError
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.through_rules import (
    MARIADB,
    NAMES,
    counted,
    rules_for,
    through,
)

T = "CREATE TABLE `a` (b int)"

DUMP = """/*M!999999\\- enable the sandbox mode */
-- MariaDB dump 10.19-11.4.2-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: {0}
-- ------------------------------------------------------
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
{1}
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;

-- Dump completed on 2026-01-13 15:54:40
"""
HEAD = "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */"
FOOT = "/*!40101 SET SQL_MODE=@OLD_SQL_MODE */"
TWO = """CREATE DATABASE /*!32312 IF NOT EXISTS*/ `a`
  /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin */;
USE `a`;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `t` (x int);
INSERT INTO `t` VALUES (1);
USE `mysql`;
CREATE TABLE `user` (x int);
CREATE DATABASE `b` CHARSET=latin1;
USE `b`;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `u` (x int);
INSERT INTO `a`.`t` VALUES (1);
"""


def test_one_of_two_databases() -> None:
    out, rules = through(MARIADB, DUMP.format("", TWO), source_database="a")
    between = "/*!50503 SET character_set_client = utf8mb4 */"
    assert out == [HEAD, between, "CREATE TABLE `t` (x int)", "INSERT INTO `t` VALUES (1)", between, FOOT]
    assert rules.properties == {"charset": "utf8mb4", "collation": "utf8mb4_nopad_bin"}
    assert rules.databases == ["a", "b"]
    assert (rules.tool, rules.tool_version, rules.complete) == ("mariadb-dump", "11.4.2-MariaDB", True)
    assert counted(rules) == {
        "SAFETY_LINE": 1,
        "CREATE_DATABASE": 2,
        "MY_COLLATION": 1,
        "SWITCH": 3,
        "SYSTEM_DATABASE": 1,
        "OTHER_DATABASE": 2,
    }


def test_the_other_of_two_databases() -> None:
    with pytest.raises(RefusedError, match="INSERT of an object in 'a'"):
        through(MARIADB, DUMP.format("", TWO), source_database="b")
    out, rules = through(MARIADB, DUMP.format("", TWO.replace("`a`.`t`", "`b`.`u`")), source_database="b")
    between = "/*!50503 SET character_set_client = utf8mb4 */"
    assert out == [HEAD, between, "CREATE TABLE `u` (x int)", "INSERT INTO `u` VALUES (1)", FOOT]
    assert rules.properties == {"charset": "latin1"}


def test_several_databases_are_listed() -> None:
    with pytest.raises(RefusedError, match=r"holds several databases: 'a', 'b'.*source_database"):
        through(MARIADB, DUMP.format("", TWO))


def test_a_system_database_is_taken_when_it_is_asked_for() -> None:
    out, rules = through(MARIADB, DUMP.format("", TWO), source_database="mysql")
    assert "CREATE TABLE `user` (x int)" in out
    assert rules.databases == ["a", "mysql", "b"]


def test_the_header_names_the_database() -> None:
    out, rules = through(MARIADB, DUMP.format("my shop", "CREATE VIEW v AS SELECT * FROM `my shop`.`t`;"))
    assert out == [HEAD, "CREATE VIEW v AS SELECT * FROM `t`", FOOT]
    assert rules.databases == ["my shop"]


@pytest.mark.parametrize(
    "head",
    [
        "-- phpMyAdmin SQL Dump\n-- version 5.2.1\n--\n-- Database: `my``db`\n--\n",
        "# ****\n# Sequel Ace SQL dump\n# Host: 127.0.0.1\n# Database: my`db\n# Generation Time: now\n",
        "/*\n Navicat Premium Data Transfer\n\n Source Server : s\n Source Schema         : my`db\n\n Date: x\n*/\n",
    ],
)
def test_other_programs_name_the_database_in_their_first_lines(head: str) -> None:
    body = "CREATE TABLE t (i int); CREATE VIEW v AS SELECT * FROM `my``db`.t;"
    out, rules = through(MARIADB, head + body, source_database="my`db")
    assert out == ["CREATE TABLE t (i int)", "CREATE VIEW v AS SELECT * FROM t"]
    assert rules.selected == "my`db"
    dummy, other = through(MARIADB, "-- Database: MySQL 5.7\n" + body.replace("`my``db`.", ""))
    assert other.selected == ""
    both = head + body + "USE phpmyadmin; INSERT INTO pma__table_info VALUES ('x');"
    assert through(MARIADB, both, source_database="my`db")[0] == out


def test_a_file_of_dos_ends_with_its_sign() -> None:
    assert through(MARIADB, "CREATE TABLE t (i int);\r\nLOAD INDEX INTO CACHE t;\r\n\x1a")[0] == [
        "CREATE TABLE t (i int)"
    ]
    with pytest.raises(SqlReadError, match="cut off"):
        through(MARIADB, "CREATE TABLE t (i int); \x1a x")


def test_qualifiers_name_the_database_where_nothing_else_does() -> None:
    out, rules = through(MARIADB, "CREATE DATABASE s; CREATE TABLE s.a (x int); INSERT INTO s.a VALUES (1);")
    assert out == ["CREATE TABLE a (x int)", "INSERT INTO a VALUES (1)"]
    assert rules.databases == ["s"]
    with pytest.raises(RefusedError, match="holds several databases: 's', 't'"):
        through(MARIADB, "CREATE TABLE s.a (x int); INSERT INTO t.a VALUES (1);")


def test_a_dump_without_its_trailer() -> None:
    cut = DUMP.format("x", f"{T};").rpartition("-- Dump completed")[0]
    with pytest.raises(RefusedError, match="written by mariadb-dump and ends without") as caught:
        through(MARIADB, cut)
    assert caught.value.rule.name == NAMES["NO_TRAILER"]
    out, rules = through(MARIADB, cut, allow_incomplete=True)
    assert T in out and not rules.complete
    assert counted(rules)["INCOMPLETE"] == 1


def test_an_empty_database_is_restored_and_an_empty_script_is_not() -> None:
    out, rules = through(MARIADB, DUMP.format("x", ""))
    assert out == [HEAD, FOOT] and rules.selected == "x"
    with pytest.raises(RefusedError, match="no statement with content"):
        through(MARIADB, "SET sql_notes = 0;")
    with pytest.raises(RefusedError, match="content of mysql only"):
        through(MARIADB, f"USE mysql; {T};")


def test_accounts_change_nothing_that_exists() -> None:
    sql = (
        "CREATE USER `app`@`%` IDENTIFIED BY 'x'; ALTER USER `app`@`%` IDENTIFIED BY 'x'; CREATE OR REPLACE USER n@h;"
        "CREATE ROLE r; GRANT SELECT ON `old`.* TO `app`@`%` IDENTIFIED BY PASSWORD '*AB' WITH GRANT OPTION;"
        "GRANT SELECT ON `old`.`t` TO n@h; GRANT SELECT ON `o\\_d`.* TO n@h; GRANT ALL ON *.* TO n@h;"
        "REVOKE ALL ON *.* FROM n@h; SET PASSWORD FOR `app`@`%` = 'x'; DROP USER n@h;"
        "CREATE USER admin@vya.digital@db-1; CREATE USER who@vya.digital;"
        "USE old; CREATE DEFINER=n@h VIEW v AS SELECT 1;"
    )
    out, rules = through(MARIADB, sql, with_globals=True, target="my_new")
    assert out == ["CREATE DEFINER=n@h VIEW v AS SELECT 1"]
    assert [text.decode() for text in rules.globals] == [
        "CREATE USER IF NOT EXISTS `app`@`%` IDENTIFIED BY 'x'",
        "CREATE   USER IF NOT EXISTS n@h",
        "CREATE ROLE IF NOT EXISTS r",
        "GRANT SELECT ON `my\\_new`.* TO `app`@`%`     WITH GRANT OPTION",
        "GRANT SELECT ON `my_new`.`t` TO n@h",
        "GRANT SELECT ON `o\\_d`.* TO n@h",
        "GRANT ALL ON *.* TO n@h",
        "CREATE USER IF NOT EXISTS `admin@vya.digital`@`db-1`",
        "CREATE USER IF NOT EXISTS who@vya.digital",
    ]
    assert counted(rules) == {
        "MY_IF_NOT_EXISTS": 5,
        "EXISTING_ROLE": 3,
        "MY_GRANT_PASSWORD": 1,
        "MY_GRANT": 2,
        "DROP_ROLE": 1,
        "QUOTED_ROLE": 1,
        "SWITCH": 1,
    }


def test_mariadb_dumps_of_accounts_end_with_the_role_that_was_set() -> None:
    sql = "SET ROLE r; /*M!100203 EXECUTE IMMEDIATE CONCAT('SET ROLE ', @current_role) */; CREATE TABLE t (i int);"
    out, rules = through(MARIADB, sql)
    assert out == ["CREATE TABLE t (i int)"]
    assert counted(rules) == {"GLOBALS": 2}
    for other in ("'SET ROLE ', @other", "'SET ROLE ', @current_role, ' '", "'DROP TABLE ', @current_role"):
        with pytest.raises(RefusedError, match="statement in a string"):
            through(MARIADB, f"EXECUTE IMMEDIATE CONCAT({other});")


def test_who_exists_is_granted_nothing_but_what_is_restored() -> None:
    target = dataclasses.replace(MARIADB, accounts=frozenset({("weak", "%"), ("boss", "")}))
    sql = (
        "CREATE USER IF NOT EXISTS weak@'%'; CREATE ROLE boss; CREATE USER n; CREATE DATABASE old; USE old;"
        "GRANT ALL ON *.* TO weak@'%' WITH GRANT OPTION; GRANT n TO weak; GRANT ALL ON mysql.* TO n, boss;"
        "GRANT SELECT ON old.* TO weak; GRANT ALL ON *.* TO n; GRANT USAGE ON *.* TO absent; CREATE TABLE t (i int);"
    )
    dummy, rules = through(target, sql, with_globals=True, target="new")
    assert [text.decode() for text in rules.globals if text.startswith(b"GRANT")] == [
        "GRANT SELECT ON `new`.* TO weak",
        "GRANT ALL ON *.* TO n",
        "GRANT USAGE ON *.* TO absent",
    ]
    assert counted(rules)["EXISTING_ROLE"] == 3


@pytest.mark.parametrize(
    ("sql", "code"), [("DROP TABLE a", "1051"), ("DROP PROCEDURE p", "1305"), ("DROP VIEW IF EXISTS v", "")]
)
def test_errors_that_are_no_failures(sql: str, code: str) -> None:
    rules = rules_for(MARIADB)
    (item,) = rules.apply(MysqlReader().read([f"{sql};".encode()]))
    assert isinstance(item, Execute)
    assert (code in item.forgiven) if code else not item.forgiven


def test_sql_mode_decides_what_a_string_is() -> None:
    sql = (
        'USE old; SET @saved = @@sql_mode; SET sql_mode = \'ANSI_QUOTES\'; CREATE TABLE "old"."a" (x int);'
        'SET sql_mode = @saved; CREATE VIEW v AS SELECT "old.a";'
    )
    out, dummy = through(MARIADB, sql)
    assert out[2:] == ['CREATE TABLE "a" (x int)', "SET sql_mode = @saved", 'CREATE VIEW v AS SELECT "old.a"']


@pytest.mark.parametrize(
    "sql",
    [
        "SET PASSWORD = 'x'",
        "ALTER USER USER() IDENTIFIED BY 'x'",
        "ALTER USER CURRENT_USER IDENTIFIED BY 'x'",
        "SET PASSWORD FOR CURRENT_USER() = 'x'",
        "ALTER USER nobody@nowhere IDENTIFIED BY 'x'",
        "ALTER USER new@here, `app`@`%` IDENTIFIED BY 'x'",
        "GRANT ALL ON *.* TO CURRENT_USER()",
        "SET DEFAULT ROLE r FOR `app`@`%`",
        "RENAME USER `app`@`%` TO x",
    ],
)
def test_the_account_that_restores_stays_as_it_is(sql: str) -> None:
    out, rules = through(
        MARIADB, f"CREATE USER new@here; {T}; {sql}; ALTER USER new@here ACCOUNT LOCK;", with_globals=True
    )
    assert out == [T]
    assert rules.globals == [b"CREATE USER IF NOT EXISTS new@here", b"ALTER USER new@here ACCOUNT LOCK"]
    assert counted(rules) == {"MY_IF_NOT_EXISTS": 1, "EXISTING_ROLE": 1}
