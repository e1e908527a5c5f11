# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of MySQL and MariaDB as normalised text: what a server prints otherwise is alike, all else is not."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_columns, my_coverage, my_normal

TABLE = """CREATE TABLE `t` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(10) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'a,)(' COMMENT 'CHARACTER SET x',
  `sum` int(11) GENERATED ALWAYS AS (`id` + coalesce(`name`,')')) STORED,
  PRIMARY KEY (`id`),
  KEY `k` (`name`(3)),
  CONSTRAINT `z` CHECK (`id` > 1),
  CONSTRAINT `f` FOREIGN KEY (`id`) REFERENCES `other` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='x=y'
/*!50100 PARTITION BY RANGE (`id`)
(PARTITION p0 VALUES LESS THAN (5) ENGINE = InnoDB) */"""


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("(`a` > 1)", "( `a`>1 )"),
        ("((`a` > 1))", "(`a` > 1)"),
        ("LOWER(`a`)", "lower(`a`)"),
        ("(`a` = _utf8mb4'x')", "(`a` = 'x')"),
        ("(`a` = (1))", "(`a` = 1)"),
        ("select 1 AS `x`", "SELECT  1\n as `x`"),
    ],
)
def test_the_same(first: str, second: str) -> None:
    """Texts of one meaning."""
    assert my_normal.normal(first) == my_normal.normal(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("(`a` > 1)", "(`a` > 2)"),
        ("(`a` > 1)", "(`a` >= 1)"),
        ("(`A` > 1)", "(`a` > 1)"),
        ("(`a` = 'x')", "(`a` = 'X')"),
        ("(`a` = 'x y')", "(`a` = 'x  y')"),
        ("(`a` = '((1))')", "(`a` = '(1)')"),
        ("(`a` = _latin1'x')", "(`a` = 'x')"),
        ("((`a` + `b`) * `c`)", "(`a` + (`b` * `c`))"),
        ("((`a` + `b`) * `c`)", "(`a` + `b` * `c`)"),
        ("(`a` in ((1,2)))", "(`a` in (1,2))"),
        ("(`a` in ((select 1)))", "(`a` in (select 1))"),
        ("count(`a`)", "count"),
        ("(`a` = '_utf8mb4')", "(`a` = '')"),
        ("(`a` - -1)", "(`a` - 1)"),
    ],
)
def test_not_the_same(first: str, second: str) -> None:
    """Texts that mean different things."""
    assert my_normal.normal(first) != my_normal.normal(second)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (" CHARACTER SET latin1 COLLATE latin1_bin", "", True),
        ("DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='x=y'", "COMMENT='x=y' DEFAULT CHARSET=utf8mb4", True),
        ("/*!50100 PARTITION", "/*!50500 PARTITION", True),
        ("COMMENT 'CHARACTER SET x'", "COMMENT 'CHARACTER SET y'", False),
        ("COMMENT='x=y'", "COMMENT='x=z'", False),
        ("DEFAULT 'a,)('", "DEFAULT 'a,)'", False),
        ("coalesce(`name`,')')", "coalesce(`name`,'(')", False),
        ("STORED", "VIRTUAL", False),
        ("ON DELETE CASCADE", "ON DELETE SET NULL", False),
        ("(`id` > 1)", "(`id` > 10)", False),
        ("THAN (5)", "THAN (6)", False),
        ("  KEY `k` (`name`(3)),\n", "", False),
        ("`name`(3)", "`name`(4)", False),
        ("ENGINE=InnoDB DEFAULT", "ENGINE=Aria DEFAULT", False),
    ],
)
def test_tables(old: str, new: str, same: bool) -> None:
    """Where a table's text changes without another table, and where with one."""
    assert old in TABLE
    assert (my_normal.normal_table(TABLE) == my_normal.normal_table(TABLE.replace(old, new))) is same


def test_order_of_constraints() -> None:
    """Constraints may be printed in another order, columns may not."""
    lines = TABLE.split("\n")
    lines[6], lines[7] = lines[7] + ",", lines[6].rstrip(",")
    assert my_normal.normal_table("\n".join(lines)) == my_normal.normal_table(TABLE)
    lines[1], lines[2] = lines[2], lines[1]
    assert my_normal.normal_table("\n".join(lines)) != my_normal.normal_table(TABLE)


def test_constraints() -> None:
    """A check by its name, since its text depends on the version; a foreign key with its rules."""
    found = my_normal.constraints(TABLE)
    assert found == [
        "constraint `f` foreign key ( `id` ) references `other` ( `id` ) on delete cascade",
        "constraint `z` check",
    ]


def test_pieces() -> None:
    """Commas and parentheses within strings and names are none."""
    pieces = my_columns.shown(TABLE)
    assert [item[0].text for item in pieces.items] == [
        "`id`", "`name`", "`sum`", "PRIMARY", "KEY", "CONSTRAINT", "CONSTRAINT"
    ]  # fmt: skip
    assert pieces.expression("sum") == "( `id` + coalesce( `name` , ')' ) )"
    assert pieces.expression("id") == pieces.expression("nowhere") == ""
    assert pieces.option("ENGINE") == "InnoDB"
    assert pieces.option("COMMENT") == "x=y"
    assert pieces.option("CONNECTION") == ""


@pytest.mark.parametrize(
    ("options", "keeps"),
    [
        ("", True),
        ("`TABLE_TYPE`='DOS'", True),
        ("`table_type`='csv' `HEADER`=1", True),
        ("`TABLE_TYPE`='CSV' `FILE_NAME`='/srv/x.csv'", False),
        ("`TABLE_TYPE`='ODBC' CONNECTION='DSN=x'", False),
        ("`TABLE_TYPE`='MYSQL' CONNECTION='mysql://u@h/d/t'", False),
        ("`TABLE_TYPE`='PROXY' `TABNAME`='t'", False),
        ("`TABNAME`='t'", False),
        ("`TABLE_TYPE`='DIR'", False),
    ],
)
def test_files_of_their_own(options: str, keeps: bool) -> None:
    """Tables of the engine CONNECT that the server made a file for, and those that show what is elsewhere."""
    column = "`FILE_NAME` varchar(9) `FLAG`=3"
    assert my_coverage.keeps_rows(f"CREATE TABLE `c` (\n  {column}\n) ENGINE=CONNECT {options}") is keeps
