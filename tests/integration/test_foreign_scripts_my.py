# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts for MySQL and MariaDB that people write by hand: several statements before a delimiter, DROPs first, values
that are cut, parts in comments for other versions, and dumps of many files."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from support.dumps import Here
from support.mysql_family import MysqlFamilyServer

# Both stock clients load it into an empty database.
TOGETHER = """CREATE TABLE pen (id INT PRIMARY KEY, n INT DEFAULT 0, note VARCHAR(40));
DELIMITER $$
DROP PROCEDURE IF EXISTS fill;
-- one; two
CREATE PROCEDURE fill(top INT)
BEGIN
  DECLARE i INT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN SET @failed = 1; END;
  again: WHILE i < top DO
    IF (i = 3) THEN SET i = i + 1; ITERATE again; END IF;
    CASE WHEN i < 2 THEN INSERT INTO pen (id, n) VALUES (i, CASE i WHEN 0 THEN 5 ELSE 6 END); ELSE BEGIN
      INSERT INTO pen (id, note) VALUES (i, 'a; $ /* b'); END; END CASE;
    SET i = i + 1;
  END WHILE again;
END;
CREATE TRIGGER grow BEFORE INSERT ON pen FOR EACH ROW SET NEW.n = NEW.n + 1;
/*!50003 CREATE*/ /*!50017 DEFINER=CURRENT_USER*/ /*!50003 TRIGGER after_grow AFTER INSERT ON pen FOR EACH ROW BEGIN
  SET @seen = IFNULL(@seen, 0) + 1; SET @last = NEW.id; END */;
CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC RETURN IF(x IS NULL, 0, 2 * x);
CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM pen WHERE n > 99; SET @tidied = 1; END; /* c; */ $$
INSERT INTO pen (id, note) VALUES (10, '$$;'); INSERT INTO pen (id) VALUES (11)$$
delimiter ;
CALL fill(6);
DELIMITER |
CREATE VIEW tall AS SELECT id FROM pen WHERE n > 5;
INSERT INTO pen (id) VALUES (12);
"""
ABSENT = """DROP VIEW shown; DROP TABLE a, b; DROP PROCEDURE p; DROP FUNCTION f; DROP EVENT e; DROP TRIGGER g;
DROP INDEX i ON a; DROP TRIGGER IF EXISTS g;
CREATE TABLE a (i INT PRIMARY KEY);
INSERT INTO a VALUES (1);
"""
CANARY = "4111-1111"
CUT = f"""SET sql_mode = '';
CREATE TABLE t (c CHAR(4), i TINYINT, d DATE, u VARCHAR(20) CHARACTER SET utf8mb4);
DROP TABLE IF EXISTS absent;
INSERT INTO t VALUES ('fits', 1, '2026-01-01', 'x');
INSERT INTO t VALUES ('fits', 2, '2026-01-01', 'y'),
  ('{CANARY}', 3, '2026-13-01 for column `x` at row 9', 'z'), ('ok', 4000, NULL, 'z');
UPDATE t SET i = i + 0 WHERE c + 0 = 0;
"""
IN_COMMENTS = """CREATE TABLE t (a INT PRIMARY KEY, b INT /*!99998 INVISIBLE DEFAULT 'secret' */,
  CONSTRAINT k CHECK (b > 0) /*!99998 NOT ENFORCED */) /*!99998 SHINY=1 */;
/*!99998 SET sql_notes = 0 */;
"""


@pytest.fixture
def here(mysql_family: support.Server, tmp_path: Path) -> Iterator[Here]:
    """db_restore on MariaDB, then MySQL."""
    task = Here(mysql_family, tmp_path)
    yield task
    task.close()
    for name in mysql_family.databases():
        mysql_family.drop_database(name)


def content(server: support.Server, database: str) -> list[list[tuple[object, ...]]]:
    """Names of all objects, bodies of code, and rows."""
    found = []
    for kind, listed, body in (
        ("table", "tables", "table_type"),
        ("routine", "routines", "routine_definition"),
        ("trigger", "triggers", "action_statement"),
        ("event", "events", "event_definition"),
    ):
        where = f"FROM information_schema.{listed} WHERE {kind}_schema = '{database}' ORDER BY 1"
        rows = server.query(f"SELECT {kind}_name, {body} {where}")
        # MySQL keeps the sign behind a body that was sent together with another statement.
        found.append([(name, text.rstrip(";")) for name, text in rows])
    return [*found, server.query("SELECT * FROM pen ORDER BY id", database=database)]


def test_statements_before_one_delimiter(mysql_family: support.Server, here: Here, tmp_path: Path) -> None:
    """What the stock client makes of the script, which sends it in pieces that the server splits."""
    assert isinstance(mysql_family, MysqlFamilyServer)
    src = tmp_path / "together.sql"
    src.write_text(TOGETHER, encoding="utf-8")
    result = here(src)
    assert (result["tables"], result["rows"]) == (1, 8)
    mysql_family.create_database("stock")
    argv = [mysql_family.client_program()[0], f"--defaults-file={mysql_family.option_file()}", "stock"]
    subprocess.run(argv, env=mysql_family.environ(), input=TOGETHER.encode(), check=True)
    for made, stock in zip(content(mysql_family, "shop"), content(mysql_family, "stock"), strict=True):
        assert repr(made) == repr(stock)


def test_what_is_told_of_a_script(mysql_family: support.Server, here: Here, tmp_path: Path) -> None:
    """DROPs of what is not there are counted, cut values and parts in comments are named, and no value is shown."""
    src = tmp_path / "script.sql"
    src.write_text(ABSENT, encoding="utf-8")
    result = here(src)
    assert (result["rows"], result["adaptations"]) == (1, {"DROP of what is not there": 7})
    assert result["warnings"] == []
    src.write_text(CUT, encoding="utf-8")
    (told,) = here(src)["warnings"]
    # The third row's column, the fourth's date and its number; the update's comparisons of words with a number.
    assert "gave 6 warnings" in told
    assert "The first: statement 5 (line 5): (1265) Data truncated for column 'c' at row 2." in told
    assert CANARY not in told
    src.write_text(IN_COMMENTS, encoding="utf-8")
    (told,) = here(src)["warnings"]
    assert told.endswith("INVISIBLE DEFAULT (table t), NOT ENFORCED (table t), SHINY=1 (table t).")
    src.write_text("DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END;\n", encoding="utf-8")
    with pytest.raises(BackupError, match="the delimiter //, set in line 1, is never met"):
        here(src)
    assert mysql_family.query("SELECT COUNT(*) FROM t", database="shop") == [(0,)]


@pytest.mark.parametrize(("names", "part", "tool", "hint"), [
    (["metadata", "shop-schema-create.sql.gz", "shop.t-schema.sql.gz", "shop.t.00000.sql.zst"], 2, "mydumper", "load"),
    (["@.json", "@.done.json", "@.sql", "shop.json", "shop@t.sql", "shop@t@@0.tsv.zst"], 4, "MySQL Shell", "loadDump"),
    (["t.sql", "t.txt"], 1, "--tab", "import"),
])  # fmt: skip
def test_dumps_of_many_files(here: Here, tmp_path: Path, names: list[str], part: int, tool: str, hint: str) -> None:
    """The folder and one of its files: what it is, and what restores it."""
    folder = tmp_path / "dumped"
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"CREATE TABLE t (i INT);\n")
    for src in (folder, folder / names[part]):
        with pytest.raises(BackupError, match=tool) as told:
            here(src)
        assert hint in told.value.hint
    # By themselves such names mean nothing.
    alone = tmp_path / "shop-schema.sql"
    alone.write_bytes(b"CREATE TABLE t (i INT);\n")
    assert here(alone)["tables"] == 1
