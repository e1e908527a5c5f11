# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for dumps of MySQL and MariaDB, one case a row: SQL, what is executed, what is counted."""

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_rules import MyRules
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import RefusedError, Target
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.through_rules import (
    MARIADB,
    MYSQL,
    NAMES,
    counted,
    through,
)

T = "CREATE TABLE `a` (b int)"

SETTINGS: list[tuple[str, list[str], dict[str, int]]] = [
    ("/*!40101 SET NAMES utf8mb4 */;", ["/*!40101 SET NAMES utf8mb4 */"], {}),
    ("SET @a = @@nonsense, sql_notes = 0;", ["SET    sql_notes = 0"], {"UNKNOWN_SETTING": 1}),
    ("SET sql_notes = 0, nonsense = 1;", ["SET sql_notes = 0"], {"UNKNOWN_SETTING": 1}),
    ("SET sql_notes = 0, nonsense = f(1, 2), @x = 2;", ["SET sql_notes = 0    , @x = 2"], {"UNKNOWN_SETTING": 1}),
    ("/*!80000 SET SESSION information_schema_stats_expiry=0 */;", [], {"MY_VERSIONED": 1}),
    (
        "/*M!100606 SET @OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY, NOTE_VERBOSITY=0 */;",
        [],
        {"UNKNOWN_SETTING": 2},
    ),
    ("SET @@SESSION.SQL_LOG_BIN= 0;", [], {"MY_REPLICATION": 1}),
    ("SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'a:1-5';", [], {"MY_REPLICATION": 1, "MY_VERSIONED": 1}),
    ("SET GLOBAL gtid_slave_pos='0-1-2';", [], {"MY_REPLICATION": 1}),
    ("/*!50606 SET GLOBAL INNODB_STATS_AUTO_RECALC=OFF */;", [], {"MY_LOGGING": 1}),
    (
        "/*M!100203 EXECUTE IMMEDIATE IF(@@LOG_OUTPUT='TABLE', \"SET GLOBAL LOG_OUTPUT='NONE'\", \"DO 0\") */;",
        [],
        {"MY_LOGGING": 1},
    ),
    ("CHANGE MASTER TO MASTER_LOG_FILE='x'; START SLAVE; STOP ALL SLAVES;", [], {"MY_REPLICATION": 3}),
    ("/*! FLUSH PRIVILEGES */; SHOW TABLES; SELECT 'LOADING' AS info; OPTIMIZE TABLE x;", [], {"MAINTENANCE": 4}),
    (
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;",
        ["SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"],
        {},
    ),
    (
        "SET sql_mode = 'STRICT_TRANS_TABLES,NO_SUCH_MODE';",
        ["SET sql_mode = 'STRICT_TRANS_TABLES'"],
        {"MY_SQL_MODE": 1},
    ),
    (
        '/*!50003 SET SESSION SQL_MODE="NO_SUCH_MODE" */;',
        ["/*!50003 SET SESSION SQL_MODE='' */"],
        {"MY_SQL_MODE": 1},
    ),
    (
        "SET collation_connection = utf8mb4_0900_ai_ci;",
        ["SET collation_connection = utf8mb4_uca1400_nopad_ai_ci"],
        {"MY_COLLATION": 1},
    ),
    ("CREATE USER x; GRANT ALL ON *.* TO x; SET PASSWORD FOR x = 'y'; SET DEFAULT ROLE r FOR x;", [], {"GLOBALS": 4}),
    ("DROP USER x; DROP ROLE y;", [], {"DROP_ROLE": 2}),
    ("/*M!999999\\- enable the sandbox mode */\n", [], {"SAFETY_LINE": 1}),
    ("DROP DATABASE IF EXISTS old; CREATE DATABASE old;", [], {"DROP_DATABASE": 1, "CREATE_DATABASE": 1}),
]


@pytest.mark.parametrize(("sql", "executed", "adaptations"), SETTINGS)
def test_settings_and_what_is_around_content(sql: str, executed: list[str], adaptations: dict[str, int]) -> None:
    out, rules = through(MARIADB, f"{sql}\n{T};")
    assert out == [*executed, T]
    assert counted(rules) == adaptations
    assert rules.databases == [""] and rules.selected == ""


VIEW = """/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER={} SQL SECURITY DEFINER */
/*!50001 VIEW `v` AS select 1 */"""
TRIGGER = """/*!50003 CREATE*/ /*!50017 DEFINER={0}*/ /*!50003 TRIGGER {1}`t` BEFORE INSERT ON {1}`a` FOR EACH ROW
BEGIN SET NEW.b = 'DEFINER=`x`@`y`'; INSERT INTO {1}log VALUES (1); END */"""

# Everything here is in the database `old`.
CONTENT: list[tuple[str, list[str], dict[str, int]]] = [
    ("CREATE TABLE `old`.`a` (b int);", ["CREATE TABLE `a` (b int)"], {"MY_QUALIFIER": 1}),
    ("CREATE TABLE IF NOT EXISTS old.a (b int);", ["CREATE TABLE IF NOT EXISTS a (b int)"], {"MY_QUALIFIER": 1}),
    ("DROP TABLE old.a, `b`, `old` . `c`;", ["DROP TABLE a, `b`,   `c`"], {"MY_QUALIFIER": 1}),
    ("LOCK TABLES `old`.`a` WRITE, b READ; UNLOCK TABLES;", [], {"MY_LOCK": 2}),
    ("RENAME TABLE old.a TO old.b;", ["RENAME TABLE a TO b"], {"MY_QUALIFIER": 1}),
    ("ALTER TABLE old.a RENAME TO old.b;", ["ALTER TABLE a RENAME TO b"], {"MY_QUALIFIER": 1}),
    ("TRUNCATE old.a;", ["TRUNCATE a"], {"MY_QUALIFIER": 1}),
    ("TRUNCATE TABLE old.a;", ["TRUNCATE TABLE a"], {"MY_QUALIFIER": 1}),
    ("CREATE INDEX i ON old.a (b);", ["CREATE INDEX i ON a (b)"], {"MY_QUALIFIER": 1}),
    ("INSERT INTO old.a VALUES ('old.a', `old`.x);", ["INSERT INTO a VALUES ('old.a', `old`.x)"], {"MY_QUALIFIER": 1}),
    ("INSERT INTO `a` VALUES ('USE other;`old`.`b`');", ["INSERT INTO `a` VALUES ('USE other;`old`.`b`')"], {}),
    ("INSERT  IGNORE INTO `a` (x) VALUES (1);", ["INSERT  IGNORE INTO `a` (x) VALUES (1)"], {}),
    (
        "INSERT INTO `old`.`a`(b) VALUES ('`old`.`a`');",
        ["INSERT INTO `a`(b) VALUES ('`old`.`a`')"],
        {"MY_QUALIFIER": 1},
    ),
    ("REPLACE `old`.`a` VALUES (1);", ["REPLACE `a` VALUES (1)"], {"MY_QUALIFIER": 1}),
    (
        "INSERT /* x.y */ INTO old . a SELECT * FROM old.u;",
        ["INSERT /* x.y */ INTO   a SELECT * FROM u"],
        {"MY_QUALIFIER": 1},
    ),
    ("UPDATE old.a SET b = 'old.b';", ["UPDATE a SET b = 'old.b'"], {"MY_QUALIFIER": 1}),
    ("DELETE FROM old.a WHERE b = 'x.y';", ["DELETE FROM a WHERE b = 'x.y'"], {"MY_QUALIFIER": 1}),
    ("UPDATE a JOIN b ON a.x = b.x SET a.y = 1;", ["UPDATE a JOIN b ON a.x = b.x SET a.y = 1"], {}),
    (
        "CREATE DEFINER=`root`@`localhost` VIEW old.v AS SELECT 'old.t', other.t.x FROM old.t JOIN other.t;",
        ["CREATE DEFINER=`root`@`localhost` VIEW v AS SELECT 'old.t', other.t.x FROM t JOIN other.t"],
        {"MY_QUALIFIER": 2},
    ),
    (f"{VIEW.format('`gone`@`%`')};", [VIEW.format("CURRENT_USER")], {"MY_DEFINER": 1}),
    (
        f"DELIMITER ;;\n{TRIGGER.format('`gone`@`%`', '`old`.')};;\nDELIMITER ;\n",
        [TRIGGER.format("CURRENT_USER", "")],
        {"MY_DEFINER": 1, "MY_QUALIFIER": 2},
    ),
    (
        "ALTER DATABASE `old` CHARACTER SET latin1 COLLATE latin1_swedish_ci;",
        ["ALTER DATABASE  CHARACTER SET latin1 COLLATE latin1_swedish_ci"],
        {"MY_ALTER_DATABASE": 1},
    ),
    (
        "CREATE TABLE a (b text) COLLATE=utf8mb4_0900_bin;",
        ["CREATE TABLE a (b text) COLLATE=utf8mb4_nopad_bin"],
        {"MY_COLLATION": 1},
    ),
    (
        "CREATE TABLE a (charset varchar(9), b text CHARSET utf8);",
        ["CREATE TABLE a (charset varchar(9), b text CHARSET utf8mb3)"],
        {"MY_COLLATION": 1},
    ),
    ("CREATE SEQUENCE `s`; DO SETVAL(`s`, 5, 0);", ["CREATE SEQUENCE `s`", "DO SETVAL(`s`, 5, 0)"], {}),
    ("CALL old.p('old.x');", ["CALL p('old.x')"], {"MY_QUALIFIER": 1}),
    ("SELECT f(1);", ["SELECT f(1)"], {}),
    ("START TRANSACTION; COMMIT;", ["START TRANSACTION", "COMMIT"], {}),
]


@pytest.mark.parametrize(("sql", "executed", "adaptations"), CONTENT)
def test_content_goes_into_the_connections_database(sql: str, executed: list[str], adaptations: dict[str, int]) -> None:
    out, rules = through(MARIADB, f"USE `old`;\n{T};\n{sql}")
    assert out == [T, *executed]
    assert counted(rules) == {"SWITCH": 1, **adaptations}
    assert rules.databases == ["old"]


EVENTS = [
    (
        "EVERY 1 DAY ON COMPLETION PRESERVE ENABLE DO SET @x = 'ENABLE'",
        "EVERY 1 DAY ON COMPLETION PRESERVE DISABLE DO SET @x = 'ENABLE'",
    ),
    ("AT '2030-01-01' COMMENT 'DO it' DO SELECT 1", "AT '2030-01-01' DISABLE COMMENT 'DO it' DO SELECT 1"),
    ("EVERY 1 HOUR DO DELETE FROM x", "EVERY 1 HOUR DISABLE DO DELETE FROM x"),
    ("EVERY 1 HOUR DISABLE DO DELETE FROM x", None),
    ("EVERY 1 HOUR DISABLE ON SLAVE COMMENT 'ENABLE' DO DELETE FROM x", None),
]


@pytest.mark.parametrize(("written", "made"), EVENTS)
def test_events_are_created_disabled(written: str, made: str | None) -> None:
    head = "CREATE DEFINER=`root`@`localhost` EVENT `enable` ON SCHEDULE "
    out, rules = through(MARIADB, f"{head}{written};")
    assert out == [head + (made or written)]
    assert isinstance(rules, MyRules)
    assert rules.enabled_events == (["enable"] if made else [])
    assert counted(rules) == ({"MY_EVENT": 1} if made else {})


REFUSED: list[tuple[str, str]] = [
    ("source x.sql\n", "CLIENT_COMMAND"),
    ("\\. x.sql\n", "CLIENT_COMMAND"),
    ("\\! id\n", "CLIENT_COMMAND"),
    ("system id\n", "CLIENT_COMMAND"),
    ("tee x\n", "CLIENT_COMMAND"),
    ("pager less\n", "CLIENT_COMMAND"),
    ("edit\n", "CLIENT_COMMAND"),
    ("LOAD DATA LOCAL INFILE 'x' INTO TABLE y;", "SERVER_FILE"),
    ("/*!50000 LOAD XML INFILE 'x' INTO TABLE y */;", "SERVER_FILE"),
    ("SELECT 1 INTO OUTFILE 'x';", "SERVER_FILE"),
    ("SELECT 1 /*!50000 INTO */ DUMPFILE 'x';", "SERVER_FILE"),
    ("SET @x = LOAD_FILE('/etc/passwd');", "SERVER_FILE"),
    ("DO load_file ('x');", "SERVER_FILE"),
    ("CREATE FUNCTION f RETURNS STRING SONAME 'x.so';", "SERVER_FILE"),
    ("SET GLOBAL general_log = 1;", "SERVER_CHANGE"),
    ("SET PERSIST x = 1;", "SERVER_CHANGE"),
    ("SET @@GLOBAL.x = 1;", "SERVER_CHANGE"),
    ("SET sql_notes = 1, /* */ @@global . x := 1;", "SERVER_CHANGE"),
    ("SET GLOBAL gtid_purged = '', x = 1;", "SERVER_CHANGE"),
    ("/*!50106 SET GLOBAL event_scheduler = ON */;", "SERVER_CHANGE"),
    ("INSTALL PLUGIN x SONAME 'y';", "SERVER_CHANGE"),
    ("UNINSTALL COMPONENT 'x';", "SERVER_CHANGE"),
    ("CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x');", "SERVER_CHANGE"),
    ("CREATE TABLESPACE t ADD DATAFILE 'x';", "SERVER_CHANGE"),
    ("CREATE LOGFILE GROUP g ADD UNDOFILE 'x';", "SERVER_CHANGE"),
    ("ALTER INSTANCE ROTATE INNODB MASTER KEY;", "SERVER_CHANGE"),
    ("SHUTDOWN;", "SERVER_CHANGE"),
    ("KILL 5;", "SERVER_CHANGE"),
    ("RESET MASTER;", "SERVER_CHANGE"),
    ("PREPARE x FROM 'y';", "HIDDEN"),
    ("EXECUTE IMMEDIATE 'x';", "HIDDEN"),
    ("SET STATEMENT max_statement_time = 1 FOR DROP TABLE x.y;", "HIDDEN"),
    ("BINLOG 'x';", "HIDDEN"),
    ("INSERT INTO other.t VALUES (1);", "OTHER_WRITE"),
    ("INSERT INTO v.t VALUES (1);", "OTHER_WRITE"),
    ("INSERT INTO abcv.t VALUES (1);", "OTHER_WRITE"),
    ("REPLACE /*!40000 LOW_PRIORITY */ INTO `other` /* */ . t VALUES (1);", "OTHER_WRITE"),
    ("UPDATE other.t SET x = 1;", "OTHER_WRITE"),
    ("UPDATE a, other.t SET t.x = 1;", "OTHER_WRITE"),
    ("DELETE a, b FROM old.a, other.b;", "OTHER_WRITE"),
    ("DROP TABLE IF EXISTS a, other.t;", "OTHER_WRITE"),
    ("/*!50001 DROP VIEW IF EXISTS `other`.`v`*/;", "OTHER_WRITE"),
    ("CREATE TABLE `mysql`.`user` (a int);", "OTHER_WRITE"),
    ("CREATE TRIGGER t BEFORE INSERT ON other.a FOR EACH ROW SET @x = 1;", "OTHER_WRITE"),
    ("ALTER TABLE a RENAME other.b;", "OTHER_WRITE"),
    ("CREATE TABLE m (x int) ENGINE=MERGE UNION=(a, other.b);", "OTHER_WRITE"),
    ("DROP TABLE/*!50000 other.*/t;", "OTHER_WRITE"),
    ("INSERT INTO`other`.`t` VALUES (1);", "OTHER_WRITE"),
    ("(SELECT 1) INTO OUTFILE 'x';", "UNKNOWN"),
    *((f"INSERT /*{'x' * size}*/ INTO other.t VALUES (1);", "OTHER_WRITE") for size in range(4071, 4080)),
    (f"UPDATE /*{'x' * 4090}*/ other.t SET x = 1;", "OTHER_WRITE"),
    (f"DELETE /*{'x' * 4090}*/ FROM other.t WHERE 1;", "OTHER_WRITE"),
    ("ALTER TABLE a EXCHANGE PARTITION p WITH TABLE other.b;", "OTHER_WRITE"),
    ("RENAME TABLE a TO other.a;", "OTHER_WRITE"),
    ("TRUNCATE other.a;", "OTHER_WRITE"),
    ("CALL other.p();", "OTHER_WRITE"),
    ("NONSENSE 1;", "UNKNOWN"),
    ("CREATE NONSENSE x;", "UNKNOWN"),
    ("CREATE TABLE a (b text COLLATE utf8mb4_klingon_ci);", "OTHER_FLAVOUR"),
    ("CREATE TABLE a (b text) CHARSET=gb18030;", "OTHER_FLAVOUR"),
    ("START TRANSACTION;", "NO_TRAILER"),
]


@pytest.mark.parametrize(("sql", "rule"), REFUSED)
def test_what_is_refused_by_name(sql: str, rule: str) -> None:
    with pytest.raises(RefusedError) as caught:
        through(MARIADB, f"USE old;\n{T};\n{sql}")
    assert caught.value.rule.name == NAMES[rule]
    assert str(caught.value).startswith(f"Refused, {NAMES[rule]}: ")
    assert "statement 3, line 3, byte" in str(caught.value)


@pytest.mark.parametrize("sql", [sql.strip() for sql, rule in REFUSED])
def test_nothing_in_strings_bodies_and_comments_is_judged(sql: str) -> None:
    literal = sql.replace("\\", "\\\\").replace("'", "''")
    statements = [
        f"INSERT INTO `a` VALUES ('{literal}')",
        f"CREATE TABLE `c` (x int COMMENT '{literal}')",
        f"SET @x = '{literal}'",
        f'SELECT f("{sql.replace(chr(92), chr(92) * 2).replace(chr(34), chr(34) * 2)}")',
        f"CREATE PROCEDURE p() BEGIN SELECT '{literal}'; END",
    ]
    comment = "# " + sql + "\n-- " + sql + "\n" + ("" if "*/" in sql else f"/* {sql} */")
    out, rules = through(MARIADB, f"DELIMITER ;;\n{comment}\n" + ";;\n".join(statements) + ";;\n")
    # Settings wait for content.
    assert sorted(out) == sorted(statements)
    assert rules.adaptations == {}


@pytest.mark.parametrize("sql", ["CREATE SEQUENCE s;", "CREATE OR REPLACE PACKAGE p AS x int;", "DROP PACKAGE BODY p;"])
def test_what_mysql_has_not(sql: str) -> None:
    with pytest.raises(RefusedError, match="is of MariaDB"):
        through(MYSQL, sql)


@pytest.mark.parametrize(
    ("target", "written", "made"),
    [
        (MYSQL, "utf8mb4_uca1400_ai_ci", "utf8mb4_0900_ai_ci"),
        (MYSQL, "utf8mb4_uca1400_nopad_ai_ci", "utf8mb4_0900_ai_ci"),
        (MYSQL, "utf8mb4_nopad_bin", "utf8mb4_0900_bin"),
        (MYSQL, "utf8_general_ci", "utf8mb3_general_ci"),
        (MARIADB, "utf8mb4_0900_ai_ci", "utf8mb4_uca1400_nopad_ai_ci"),
        (MARIADB, "'utf8mb4_0900_ai_ci'", "'utf8mb4_uca1400_nopad_ai_ci'"),
        (MARIADB, "utf8mb4_0900_as_cs", "utf8mb4_nopad_bin"),
        (MARIADB, "utf8mb4_0900_as_ci", "utf8mb4_unicode_520_nopad_ci"),
        (
            Target("mariadb", (10, 5), "", collations=frozenset(("utf8mb4_unicode_520_ci",))),
            "utf8mb4_0900_ai_ci",
            "utf8mb4_unicode_520_ci",
        ),
    ],
)
def test_collations_of_the_other_family(target: Target, written: str, made: str) -> None:
    out, rules = through(
        target, f"CREATE TABLE a (b text COLLATE {written}, c text DEFAULT '{written.strip(chr(39))}');"
    )
    assert out == [f"CREATE TABLE a (b text COLLATE {made}, c text DEFAULT '{written.strip(chr(39))}')"]
    assert counted(rules) == {"MY_COLLATION": 1}


@pytest.mark.parametrize("sql", ["SET @", "SET a, @", "SET", "SET ,", "SET @@", "SET @@global.", "SET x =", "SET a:"])
def test_half_a_set_is_left_to_the_server(sql: str) -> None:
    with contextlib.suppress(RefusedError):
        assert through(MARIADB, f"{T};\n{sql};")[0][0] == T
