# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comments for other versions: what the server skips is neither judged nor executed."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Unreadable
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_versioned import as_run, runs_on
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Target
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.through_rules import (
    MARIADB,
    MYSQL,
    counted,
    through,
)

T = "CREATE TABLE `a` (b int)"

# Each was put after SELECT 1 on MariaDB 10.11 and MySQL 9: what they made of it. None: no two servers need agree.
SEEN: list[tuple[str, str | None, str | None]] = [
    ("/*!99999 +1 */", " ", " "),
    ("/*!50000 +1 */", "/*!50000 +1 */", "/*!50000 +1 */"),
    ("/*!50699 +1 */", "/*!50699 +1 */", "/*!50699 +1 */"),
    ("/*!50700 +1 */", " ", "/*!50700 +1 */"),
    ("/*!80000 +1 */", " ", "/*!80000 +1 */"),
    ("/*!080000 +1 */", " ", "/*!080000 +1 */"),
    ("/*!100000 +1 */", "/*!100000 +1 */", " "),
    ("/*!900000 +1 */", " ", " "),
    ("/*M!100000 +1 */", "/*M!100000 +1 */", " "),
    ("/*M! +1 */", "/*M! +1 */", " "),
    ("/*M!50700 +1 */", "/*M!50700 +1 */", " "),
    ("/*M!999999 +1 */", " ", " "),
    ("/*m!100000 +1 */", "/*m!100000 +1 */", "/*m!100000 +1 */"),
    ("/*! +1 */", "/*! +1 */", "/*! +1 */"),
    ("/*!5000 +1 */", None, None),
    ("/*!5000012 */", None, None),
    ("/*!080000+1*/", None, None),
    ("/*!99999 /* x */ +1 */", " ", " "),
    ("/*!99999 /*! x */ +1 */", " ", " "),
    ("/*!99999 ' */ +2", "  +2", "  +2"),
    ("/*!50000 /* x */ +1 */", "/*!50000 /* x */ +1 */", "/*!50000 /* x */ +1 */"),
    ("/*!50000 +1 /*!50001 +1 */ +1 */", None, None),
    ("/*!50000 +1 /*!99999 +1 */ +1 */", "/*!50000 +1   +1 */", "/*!50000 +1   +1 */"),
    ("/*M!50000 /* x */ +1 */", "/*M!50000 /* x */ +1 */", "  +1 * /"),
    ("/*!50000 # */\n +1 */", "/*!50000 # */\n +1 */", "/*!50000 # */\n +1 */"),
    ("/*!99999 # */\n +1", " \n +1", " \n +1"),
    ("--\x01 /*!99999 */\n", "--\x01 /*!99999 */\n", "--\x01 /*!99999 */\n"),
    ("'/*!99999 x */'", "'/*!99999 x */'", "'/*!99999 x */'"),
    ("'\\'/*!99999 x */'", "'\\'/*!99999 x */'", "'\\'/*!99999 x */'"),
    ("`/*!99999 x */`", "`/*!99999 x */`", "`/*!99999 x */`"),
    ("*/**/1", "* /**/1", "* /**/1"),
    ("/*/ /*!99999 x */ 1", "/*/ /*!99999 x */ 1", "/*/ /*!99999 x */ 1"),
    ("/*+ QB_NAME(`*/`) */", None, None),
]


@pytest.mark.parametrize(("text", "maria", "mysql"), SEEN)
def test_what_the_server_runs(text: str, maria: str | None, mysql: str | None) -> None:
    for flavour, version, made in (("mariadb", (10, 11, 6), maria), ("mysql", (9, 0, 1), mysql)):
        runs = runs_on(flavour, version)
        if made is None:
            with pytest.raises(Unreadable):
                as_run(text.encode(), (True, False), runs)
        else:
            assert as_run(text.encode(), (True, False), runs)[0].decode() == made


HIDING: list[tuple[Target, str]] = [
    (MARIADB, "/*!99999 INSERT INTO t VALUES (1) */ DROP TABLE zoo.cages"),
    (MYSQL, "/*!99999 INSERT INTO t VALUES (1) */ DROP TABLE zoo.cages"),
    (MYSQL, "/*M!100000 INSERT INTO t VALUES (1) */ DROP TABLE zoo.cages"),
    (MARIADB, "/*!80000 INSERT INTO t VALUES (1) */ DROP TABLE zoo.cages"),
    (MYSQL, "INSERT INTO /*!99999 t */ zoo.cages VALUES (1)"),
    (MARIADB, "REPLACE /*!99999 t */ zoo.cages VALUES (1)"),
    (MYSQL, "SET /*!99999 @x = */ GLOBAL general_log=1"),
    (MYSQL, "/*!99999 CREATE TABLE x (i int) */ INSTALL PLUGIN x SONAME 'y'"),
    (MYSQL, "DROP TABLE /*!99999 /* ' */ t, */ zoo.cages"),
    (MYSQL, "INSERT /*+ QB_NAME(`*/x`) */ INTO zoo.cages VALUES (1) -- `"),
    (MARIADB, "DROP TABLE --\x01 t\n zoo.cages"),
    (MARIADB, "SELECT (1) --\u00a0a FROM t INTO OUTFILE '/tmp/x'"),
]


@pytest.mark.parametrize(("target", "sql"), HIDING)
def test_nothing_is_hidden_by_a_comment(target: Target, sql: str) -> None:
    with pytest.raises(BackupError, match="Refused"):
        through(target, f"USE old;\n{T};\n{sql};")


def test_a_database_behind_a_comment_is_still_dropped_from_the_script() -> None:
    for sql in (
        "/*!99999 INSERT INTO t VALUES (1) */ DROP DATABASE zoo",
        "/*!99999 CREATE TABLE x (i int) */ DROP USER x",
    ):
        out, rules = through(MYSQL, f"{T};\n{sql};")
        assert out == [T]
        assert counted(rules)["MY_VERSIONED"] == 1


def test_what_is_skipped_is_counted_and_the_rest_is_executed() -> None:
    sql = "CREATE TABLE `c` (x int /*!80023 INVISIBLE */, y int /*M!100000 COMPRESSED */);\n/*!80000 FLUSH LOGS */;"
    out, rules = through(MARIADB, sql)
    assert out == ["CREATE TABLE `c` (x int  , y int /*M!100000 COMPRESSED */)"]
    assert counted(rules) == {"MY_VERSIONED": 2}
    out, rules = through(MYSQL, sql)
    assert out == ["CREATE TABLE `c` (x int /*!80023 INVISIBLE */, y int  )"]
    assert counted(rules) == {"MY_VERSIONED": 1, "MAINTENANCE": 1}


def test_data_with_such_comments_in_strings_is_left_alone() -> None:
    sql = "INSERT INTO `a` VALUES ('/*!99999 x */', \"/*M! '\", '*/ \\' /*!50000')"
    out, rules = through(MYSQL, f"{T};\n{sql};")
    assert out == [T, sql]
    assert rules.adaptations == {}


@pytest.mark.parametrize("text", ["/*!{} SET sql_mode='ANSI_QUOTES' */", "/*!{} x */ SET sql_mode='ANSI_QUOTES'"])
def test_the_reader_follows_what_every_server_does(text: str) -> None:
    rest = f';\n{T};\nCREATE TABLE "x;y" (b int);\n'
    assert through(MARIADB, text.replace(" x ", " ").format("40101") + rest)[0][-1] == 'CREATE TABLE "x;y" (b int)'
    if text.startswith("/*!{} SET"):
        with pytest.raises(BackupError, match="other versions"):
            through(MARIADB, text.format("80000") + rest)
