# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tables a statement of MySQL names, wherever it names them: nothing reads or writes beside its own database."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_names import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_tables import tables
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import RefusedError
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.through_rules import MARIADB, NAMES, through

T = "CREATE TABLE `a` (b int)"

NAMED: list[tuple[str, str]] = [
    ("UPDATE t SET a.x = (1), b.y = f(c.z, d.z)", "t"),
    ("UPDATE (t, zoo.u) SET x = 1", "t zoo"),
    ("UPDATE (t JOIN (zoo.u, v) USING (i)) SET x = 1", "t zoo v i"),
    ("UPDATE t JOIN u ON (t.a = u.a), v SET x = 1", "t u v"),
    ("UPDATE shop.limit, zoo.u SET x = 1", "shop zoo"),
    ("UPDATE history.t, value, zoo.u SET x = 1", "history value zoo"),
    ("UPDATE t, { OJ zoo.u LEFT OUTER JOIN v ON u.i = v.i } SET x = 1", "t zoo v"),
    ("UPDATE t SET x = (SELECT MAX(y) FROM zoo.u)", "t zoo"),
    ("DELETE FROM t USING (t JOIN zoo.u)", "t t zoo"),
    ("DELETE a FROM (zoo.u AS a) JOIN t", "a zoo t"),
    ("DELETE LOW_PRIORITY QUICK IGNORE FROM t WHERE a.b IN (1, 2)", "t"),
    ("INSERT INTO t (a, b) SELECT u.a, TRIM('x' FROM u.b) FROM u WHERE EXTRACT(YEAR FROM u.d) > 1", "t u"),
    ("INSERT t SELECT CONVERT(u.a USING utf8mb4), REPLACE(u.b, 'x', 'y') FROM u, (SELECT 1 FROM v) w", "t u v"),
    ("INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE t.x = 1, t.y = 2", "t"),
    ("INSERT INTO t SELECT 1.FROM zoo.u", "t zoo"),
    ("REPLACE t TABLE zoo.u", "t zoo"),
    ("WITH x AS (SELECT 1 FROM u) UPDATE t JOIN x SET t.a = 1", "u t x"),
    ("INSERT INTO t SELECT * FROM u USE INDEX (i, j), v FOR UPDATE", "t u v"),
]


@pytest.mark.parametrize(("sql", "names"), NAMED)
def test_tables_are_found(sql: str, names: str) -> None:
    parsed = Parsed(sql.encode())
    assert [parsed.at(place).name for place in tables(parsed)] == names.split()


REFUSED: list[tuple[str, str]] = [
    ("BEGIN NOT ATOMIC SET GLOBAL general_log = 1; DROP TABLE zoo.cages; END", "UNKNOWN"),
    ("COMMIT: LOOP DROP TABLE zoo.cages; END LOOP", "UNKNOWN"),
    ("UPDATE (t, zoo.cages) SET x = 1", "OTHER_WRITE"),
    ("DELETE FROM t USING (old.t JOIN zoo.cages)", "OTHER_WRITE"),
    ("DELETE a FROM (zoo.cages AS a) JOIN t", "OTHER_WRITE"),
    ("WITH x AS (SELECT 1) UPDATE zoo.cages SET i = 1", "OTHER_WRITE"),
    ("WITH x AS (SELECT 1) DELETE FROM zoo.cages", "OTHER_WRITE"),
    ("INSERT INTO t SELECT * FROM zoo.cages", "OTHER_WRITE"),
    ("INSERT INTO t VALUES (1), ((SELECT x FROM zoo.cages))", "OTHER_WRITE"),
    ("REPLACE INTO t (x) SELECT x FROM u JOIN zoo.cages", "OTHER_WRITE"),
    ("UPDATE t SET x = (SELECT x FROM zoo.cages)", "OTHER_WRITE"),
    ("CREATE TABLE t AS SELECT * FROM zoo.cages", "OTHER_WRITE"),
    ("DROP TABLE 'x' zoo.cages", "UNKNOWN"),
    ("INSERT INTO t VALUES (LOAD_FILE('/etc/passwd'))", "SERVER_FILE"),
    ("INSERT INTO t VALUES ('load_file', `load_file` ('x'))", "SERVER_FILE"),
    ("UPDATE t SET x = LOAD_FILE('/etc/passwd')", "SERVER_FILE"),
    ("CREATE TABLE t AS SELECT LOAD_FILE('/etc/passwd')", "SERVER_FILE"),
    ("CREATE TABLE t (x int) DATA DIRECTORY='/tmp'", "SERVER_FILE"),
    ("CREATE TABLE t (x int) PARTITION BY HASH (x) (PARTITION p INDEX DIRECTORY '/tmp')", "SERVER_FILE"),
    ("CREATE TABLE t (x text) ENGINE=CONNECT TABLE_TYPE=DOS", "SERVER_FILE"),
    ("CREATE TABLE t (x text) ENGINE 'connect'", "SERVER_FILE"),
    ("CREATE TABLE t (x int) ENGINE=FEDERATED CONNECTION='mysql://u@there/zoo/cages'", "MY_REMOTE"),
    ("CREATE TABLE t (x int) ENGINE `federated`", "MY_REMOTE"),
    ("CREATE TABLE t (x int) /*!50100 ENGINE='Spider' */ COMMENT='srv \"s\"'", "MY_REMOTE"),
    ("CREATE TABLE t (x int) PARTITION BY HASH (x) (PARTITION p ENGINE = SPIDER)", "MY_REMOTE"),
    ("ALTER TABLE t ENGINE=S3", "MY_REMOTE"),
    ("SET default_storage_engine = FEDERATED", "MY_REMOTE"),
    ("SET SESSION storage_engine = 'spider'", "MY_REMOTE"),
    ("SET @x = 1, @@session.default_storage_engine = `Federated`", "MY_REMOTE"),
    ("SET @x = 'FEDERATED';;\nSET default_storage_engine = @x", "MY_REMOTE"),
    ("SET @x = @@default_storage_engine;;\nSET @x = 'FEDERATED';;\nSET default_storage_engine = @x", "MY_REMOTE"),
    ("SET default_tmp_storage_engine = CONCAT('FEDER', 'ATED')", "MY_REMOTE"),
    ("CREATE TABLE m (x int) ENGINE=MERGE UNION (a, zoo.cages)", "OTHER_WRITE"),
    ("SELECT zoo.feed()", "OTHER_WRITE"),
    ("SELECT 1 + `zoo` . feed ( 1 )", "OTHER_WRITE"),
    ("DO old.f(), zoo.feed()", "OTHER_WRITE"),
    ("SET @x = zoo.feed()", "OTHER_WRITE"),
    ("CALL p(zoo.feed())", "OTHER_WRITE"),
    ("UPDATE t SET x = zoo.feed()", "OTHER_WRITE"),
    ("INSERT INTO old.t (x) SELECT zoo.feed()", "OTHER_WRITE"),
    ("WITH q (x) AS (SELECT zoo.feed()) SELECT COUNT(*) FROM q", "OTHER_WRITE"),
    ("INSERT INTO t VALUES (1, zoo.feed())", "OTHER_WRITE"),
    ("INSERT INTO t VALUES (1.5, ' it''s ', zoo . 1feed ())", "OTHER_WRITE"),
    ("INSERT INTO t VALUES (`zoo`.`fe,ed`(1))", "OTHER_WRITE"),
    ("INSERT INTO t VALUES (zoo. -- .,(\n feed())", "OTHER_WRITE"),
    ("INSERT INTO t VALUES ((TABLE zoo.secret LIMIT 1))", "OTHER_WRITE"),
    ("INSERT INTO t VALUES (1), (( # (\n TABLE zoo.secret))", "OTHER_WRITE"),
    ("CREATE TABLE t TABLE zoo.cages", "OTHER_WRITE"),
    ("INSERT INTO t VALUES (NEXTVAL(zoo.sq))", "OTHER_WRITE"),
    ("INSERT INTO t VALUES (NEXT  VALUE FOR `zoo`.sq)", "OTHER_WRITE"),
    ("INSERT INTO t VALUES (PREVIOUS VALUE FOR zoo.sq)", "OTHER_WRITE"),
    ("SELECT SETVAL(zoo.sq, 1000)", "OTHER_WRITE"),
    ("DO old.f(1), lastval ( zoo.sq )", "OTHER_WRITE"),
    ("SELECT NEXT VALUE FOR zoo.sq", "OTHER_WRITE"),
    ("SET @x = (NEXT VALUE FOR zoo.sq)", "OTHER_WRITE"),
    ("CREATE TABLE t (x int DEFAULT NEXTVAL(zoo.sq))", "OTHER_WRITE"),
    ("ALTER TABLE a ALTER b SET DEFAULT (NEXT VALUE FOR zoo.sq)", "OTHER_WRITE"),
    ("ALTER TABLE a CONVERT TABLE zoo.cages TO PARTITION p1 VALUES LESS THAN (100)", "OTHER_WRITE"),
    ("ALTER TABLE a CONVERT PARTITION p1 TO TABLE zoo.planted", "OTHER_WRITE"),
    ("CREATE TABLE t (x text) FILE_NAME='/etc/passwd'", "SERVER_FILE"),
    ("ALTER TABLE t `file_name` '/etc/passwd'", "SERVER_FILE"),
    ("CREATE AGGREGATE FUNCTION IF NOT EXISTS f RETURNS INTEGER /*!50000 SONAME */ 'x.so'", "SERVER_FILE"),
    ("CREATE TABLE old.select (x int) ENGINE=S3", "MY_REMOTE"),
    ("CREATE TABLE t (x int) PARTITION BY HASH (x) (PARTITION p (SUBPARTITION s ENGINE = SPIDER))", "MY_REMOTE"),
    ("CREATE TABLE backupdb_journal (plan text)", "MY_OWN"),
    ("CREATE TABLE `old`.`BackupDB_Swapped` (plan text)", "MY_OWN"),
    ("RENAME TABLE a TO backupdb_settled", "MY_OWN"),
    ("ALTER TABLE a RENAME TO backupdb_journal", "MY_OWN"),
]


@pytest.mark.parametrize(("sql", "rule"), REFUSED)
def test_what_is_refused(sql: str, rule: str) -> None:
    with pytest.raises(RefusedError) as caught:
        through(MARIADB, f"USE old;\n{T};\nDELIMITER ;;\n{sql};;\n")
    assert caught.value.rule.name == NAMES[rule]


TAKEN: list[tuple[str, str]] = [
    ("UPDATE (old.t JOIN old.b USING (i)) SET x = 1", "UPDATE (t JOIN b USING (i)) SET x = 1"),
    ("INSERT INTO old.t SELECT * FROM old.u", "INSERT INTO t SELECT * FROM u"),
    ("INSERT INTO t SELECT old.u.x FROM old.u", "INSERT INTO t SELECT u.x FROM u"),
    ("INSERT INTO t VALUES ((SELECT 'old.x' FROM old.u))", "INSERT INTO t VALUES ((SELECT 'old.x' FROM u))"),
    ("UPDATE old.t SET x = (SELECT y FROM old.u)", "UPDATE t SET x = (SELECT y FROM u)"),
    ("DELETE old.t FROM old.t JOIN old.u ON t.i = u.i", "DELETE t FROM t JOIN u ON t.i = u.i"),
    ("CREATE VIEW v AS SELECT old.x FROM (old.t old JOIN old.u)", "CREATE VIEW v AS SELECT old.x FROM (t old JOIN u)"),
    ("INSERT INTO t VALUES ('select load_file(1) from zoo.x', 'it\\'s')", ""),
    ("INSERT INTO t (`select`, selected) VALUES ('union', 2) /* select */", ""),
    ("DROP TABLE backupdb_journal", ""),
    ("BEGIN WORK; COMMIT", "BEGIN WORK\nCOMMIT"),
    ("SAVEPOINT a; ROLLBACK TO a", "SAVEPOINT a\nROLLBACK TO a"),
    (
        "SET @old = @@default_storage_engine; SET @@default_storage_engine = 'MyISAM'",
        "SET @old = @@default_storage_engine\nSET @@default_storage_engine = 'MyISAM'",
    ),
    (
        "SET @old = @@session.storage_engine, storage_engine = InnoDB; SET default_storage_engine = @old",
        "SET @old = @@session.storage_engine, storage_engine = InnoDB\nSET default_storage_engine = @old",
    ),
    ("SET default_storage_engine = DEFAULT", ""),
    ("SELECT old.f(t.x), t.x IN (1)", "SELECT f(t.x), t.x IN (1)"),
    ("INSERT INTO old.t (x) SELECT old.f(1)", "INSERT INTO t (x) SELECT f(1)"),
    ("CREATE TABLE m (i int) ENGINE=MERGE UNION (old.a, b)", "CREATE TABLE m (i int) ENGINE=MERGE UNION (a, b)"),
    ("CREATE TABLE c AS SELECT t.x FROM t UNION (SELECT a.b, c.d FROM a JOIN c)", ""),
    ("CREATE TABLE c (engine text, federated int, spider int) ENGINE=Aria COMMENT='ENGINE=SPIDER'", ""),
    ("ALTER TABLE t ADD COLUMN file_name varchar(20)", ""),
    ("CREATE VIEW v AS SELECT id, soname, engine FROM t WHERE file_name = 'x' AND engine = 'S3'", ""),
    ("CREATE TABLE c (soname int, engine varchar(9), CHECK (engine='S3'), CHECK (file_name = 'x'))", ""),
    ("CREATE TABLE c AS SELECT * FROM t WHERE engine = 'S3' AND file_name = 'x'", ""),
    ("CREATE FUNCTION f() RETURNS int RETURN (SELECT soname FROM t)", ""),
    ("CALL old.p(old.f(1))", "CALL p(f(1))"),
    ("INSERT INTO t VALUES (old.f(1.5), 'zoo.f(1)')", "INSERT INTO t VALUES (f(1.5), 'zoo.f(1)')"),
    (
        "INSERT INTO t VALUES (NEXTVAL(old.s), NEXT VALUE FOR old.s)",
        "INSERT INTO t VALUES (NEXTVAL(s), NEXT VALUE FOR s)",
    ),
    ("CREATE TABLE c (i int DEFAULT nextval(`old`.`s`))", "CREATE TABLE c (i int DEFAULT nextval(`s`))"),
    ("ALTER TABLE a CONVERT PARTITION p TO TABLE old.b", "ALTER TABLE a CONVERT PARTITION p TO TABLE b"),
    ("SELECT NEXT VALUE FOR s", ""),
    ("CREATE TABLE c (i int, FOREIGN KEY (i) REFERENCES zoo.u (id) ON DELETE CASCADE ON UPDATE CASCADE)", ""),
    ("CREATE TABLE c (data_directory text, file_name text, connect int) ENGINE=InnoDB", ""),
]


@pytest.mark.parametrize(("sql", "made"), TAKEN)
def test_what_is_executed(sql: str, made: str) -> None:
    out, dummy = through(MARIADB, f"USE old;\n{T};\n{sql};")
    assert out == [T, *(made or sql).split("\n")]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW v AS SELECT id FROM a AS b",
        "CREATE VIEW v AS SELECT id FROM a",
        "CREATE VIEW v AS SELECT id FROM a WHERE id > 1",
        "CREATE VIEW v AS SELECT a.id FROM a JOIN other.b USING (id)",
        "CREATE TABLE c AS SELECT id FROM a",
    ],
)
def test_a_stream_that_names_no_database_stays_as_it_is(sql: str) -> None:
    out, rules = through(MARIADB, f"{T};\n{sql};")
    assert out == [T, sql]
    assert rules.adaptations == {}


BEYOND = [
    "CREATE VIEW v AS SELECT i FROM zoo.cages",
    "CREATE VIEW w AS SELECT 1 AS i; CREATE VIEW v AS SELECT i FROM old.w; ALTER VIEW w AS SELECT i FROM zoo.cages",
    "CREATE VIEW w AS SELECT i FROM zoo.cages; RENAME TABLE w TO v",
    "CREATE VIEW v AS SELECT zoo.feed() AS i",
    "CREATE VIEW v AS SELECT NEXTVAL(zoo.sq) AS i",
]
USES = [
    "UPDATE v SET i = 7",
    "INSERT INTO v VALUES (7)",
    "INSERT INTO `old`.`V` VALUES (7)",
    "DELETE FROM old.v",
    "REPLACE v SELECT 1",
    "INSERT INTO t SELECT i FROM v",
    "CREATE TABLE c AS SELECT i FROM v",
    "SELECT COUNT(*) FROM v",
    "SET @x = (SELECT MAX(i) FROM v)",
    "DO (SELECT i FROM v)",
]


@pytest.mark.parametrize("views", BEYOND)
def test_views_into_another_database_are_made_and_not_used(views: str) -> None:
    out, dummy = through(MARIADB, f"USE old;\n{T};\n{views};\nINSERT INTO t VALUES (1);")
    assert out[-1] == "INSERT INTO t VALUES (1)" and "VIEW" in "".join(out)
    for sql in USES:
        with pytest.raises(RefusedError, match="leads into another database") as caught:
            through(MARIADB, f"USE old;\n{T};\n{views};\n{sql};")
        assert caught.value.rule.name == NAMES["OTHER_WRITE"]


def test_views_that_no_longer_lead_into_another_database_are_used() -> None:
    again = ("DROP VIEW v; CREATE TABLE v (i int)", "CREATE OR REPLACE VIEW v AS SELECT i FROM a")
    for sql in again:
        use = "INSERT INTO v VALUES (1)"
        out, dummy = through(MARIADB, f"USE old; {T}; CREATE VIEW v AS SELECT i FROM zoo.cages; {sql}; {use};")
        assert out[-1] == use
