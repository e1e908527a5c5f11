# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a definition is the same in every version of a server, however it is printed."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_portable import attributes, plain_type, renamed
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_script import Definition

HEAD = "ALGORITHM=UNDEFINED DEFINER=`a`@`b` SQL SECURITY"


def table(items: str, options: str = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4") -> str:
    """Attributes of a table as it is shown."""
    return attributes(Definition("table", "t", f"CREATE TABLE `t` (\n  {items}\n) {options}"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("`a` int(11) NOT NULL DEFAULT '5'", "`a` int NOT NULL DEFAULT 5"),
        ("`a` decimal(5,2) DEFAULT '-1.50'", "`a` decimal(5,2) DEFAULT -1.50"),
        ("`a` text", "`a` text DEFAULT NULL"),
        ("`a` datetime DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
         "`a` datetime DEFAULT current_timestamp() ON UPDATE current_timestamp()"),
        ("`a` int(11) AS (b / 2) PERSISTENT", "`a` int(11) GENERATED ALWAYS AS (`b` / 2) STORED"),
        ("`a` int(11) AS (b / 2) VIRTUAL", "`a` int(11) GENERATED ALWAYS AS ((`b` / 2)) VIRTUAL"),
        ("`a` varbinary(4) DEFAULT '\\0x'", "`a` varbinary(4) DEFAULT 0x0078"),
        ("`a` int DEFAULT (uuid())", "`a` int DEFAULT uuid()"),
        ("`a` int,\n  KEY `k` (`a`),\n  KEY `l` (`a`)", "`a` int,\n  KEY `l` (`a`) USING BTREE,\n  KEY `k` (`a`)"),
        ("`a` int,\n  CONSTRAINT `c` CHECK (a > 1)", "`a` int,\n  CONSTRAINT `c` CHECK ((`a` > 1))"),
    ],
)  # fmt: skip
def test_the_same_columns(one: str, other: str) -> None:
    """As older and newer versions print them."""
    assert table(one) == table(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("`a` int DEFAULT 5", "`a` int DEFAULT 6"),
        ("`a` int DEFAULT 5", "`a` int DEFAULT -5"),
        ("`a` varchar(9) DEFAULT 'x'", "`a` varchar(9) DEFAULT 'X'"),
        ("`a` varchar(30) DEFAULT 'current_timestamp'", "`a` varchar(30) DEFAULT current_timestamp()"),
        ("`a` varchar(30) DEFAULT 'NULL'", "`a` varchar(30) DEFAULT NULL"),
        ("`a` bit(4) DEFAULT b'101'", "`a` bit(4) DEFAULT b'100'"),
        ("`a` datetime(6) DEFAULT current_timestamp(6)", "`a` datetime(6) DEFAULT current_timestamp()"),
        ("`a` datetime", "`a` datetime ON UPDATE current_timestamp()"),
        ("`a` int COMMENT 'INVISIBLE'", "`a` int INVISIBLE COMMENT 'INVISIBLE'"),
        ("`a` int", "`a` int /*!80023 INVISIBLE */"),
        ("`a` int GENERATED ALWAYS AS (`b`) STORED", "`a` int GENERATED ALWAYS AS (`b`) VIRTUAL"),
        ("`a` int,\n  KEY `k` (`a`)", "`a` int,\n  KEY `k` (`a` DESC)"),
        ("`a` int,\n  KEY `k` ((`a` + 1),`b` DESC)", "`a` int,\n  KEY `k` ((`a` + 1) DESC,`b`)"),
        ("`a` int,\n  KEY `k` (`a`)", "`a` int,\n  KEY `k` (`a`) /*!80000 INVISIBLE */"),
        ("`a` int,\n  KEY `k` (`a`)", "`a` int,\n  KEY `k` (`a`) IGNORED"),
        ("`a` text,\n  KEY `k` (`a`(3))", "`a` text,\n  FULLTEXT KEY `k` (`a`(3))"),
        ("`a` int,\n  CONSTRAINT `c` CHECK (`a`)", "`a` int,\n  CONSTRAINT `c` CHECK (`a`) /*!80016 NOT ENFORCED */"),
        ("`a` int", "`a` int WITHOUT SYSTEM VERSIONING"),
        ("`a` timestamp(6) GENERATED ALWAYS AS ROW START", "`a` timestamp(6) GENERATED ALWAYS AS ROW END"),
        ("`a` date,\n  `b` date", "`a` date,\n  `b` date,\n  PERIOD FOR `p` (`a`, `b`)"),
    ],
)
def test_other_columns(one: str, other: str) -> None:
    """Each word of them counts."""
    assert table(one) != table(other)


OLD = (
    "PARTITION BY RANGE ( YEAR(d) * 10 + DAY(d))\n(PARTITION a VALUES LESS THAN (2000) ENGINE = InnoDB,"
    "\n PARTITION b VALUES LESS THAN MAXVALUE ENGINE = InnoDB)"
)
NEW = (
    "PARTITION BY RANGE (((year(`d`) * 10) + dayofmonth(`d`)))"
    "\n(PARTITION `a` VALUES LESS THAN (2000) ENGINE = InnoDB,"
    "\n PARTITION `b` VALUES LESS THAN MAXVALUE ENGINE = InnoDB)"
)
SYSTEM = (
    " WITH SYSTEM VERSIONING\n PARTITION BY SYSTEM_TIME INTERVAL 1 MONTH{}\n(PARTITION `p0` HISTORY ENGINE = InnoDB)"
)
EVENT = (
    "CREATE DEFINER=`a`@`b` EVENT `e` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE DISABLE ON SLAVE COMMENT 'x'"
    " DO SELECT 1"
)


def test_partitions() -> None:
    """Names, values and methods count, whatever they are printed with."""
    engine = "ENGINE=InnoDB\n"
    old, new = table("`d` date", f"{engine}/*!50100 {OLD} */"), table("`d` date", f"{engine} {NEW}")
    assert old == new
    for word, other in (("2000", "-2000"), ("`a`", "`c`"), ("RANGE", "LIST"), ("`d`)", "`e`)")):
        assert table("`d` date", f"{engine} {NEW.replace(word, other)}") != new, word
    assert table("`d` date", engine) != new
    lists = [f"{engine}PARTITION BY LIST COLUMNS(`s`)\n(PARTITION `a` VALUES IN ({text}))" for text in
             ("'x','y'", "_utf8mb4'x',_utf8mb4'y'", "'x','Y'")]  # fmt: skip
    one, same, other = (table("`s` char(1)", text) for text in lists)
    assert one == same != other
    starts = " STARTS TIMESTAMP'2026-11-30 00:00:00'"
    assert table("`d` date", SYSTEM.format("")) == table("`d` date", SYSTEM.format(starts))
    assert table("`d` date", SYSTEM.format("")) != table("`d` date", SYSTEM.format("").replace("1 MONTH", "2 MONTH"))
    assert table("`d` date", "ENGINE=InnoDB WITH SYSTEM VERSIONING") != table("`d` date", "ENGINE=InnoDB")


@pytest.mark.parametrize(
    ("kind", "text", "same", "other"),
    [
        ("view", f"CREATE {HEAD} DEFINER VIEW `v` AS select 1 AS `1`", ("select 1", "select (1)"), ("`a`@", "`c`@")),
        ("view", f"CREATE {HEAD} DEFINER VIEW `v` AS select 1", ("select 1", "select 2"), ("Y DEFINER", "Y INVOKER")),
        ("view", f"CREATE {HEAD} DEFINER VIEW `v` AS select 1", ("`v`", "v"), ("UNDEFINED", "MERGE")),
        ("view", f"CREATE {HEAD} DEFINER VIEW `v` AS select 1", ("`v`", "v"), ("t 1", "t 1 WITH LOCAL CHECK OPTION")),
        ("event", EVENT, ("DISABLE ON SLAVE", "ENABLE"), ("EVERY 1", "EVERY 2")),
        ("event", EVENT, ("SLAVE", "REPLICA"), ("ON PRESERVE", "ON NOT PRESERVE")),
        ("sequence", "CREATE SEQUENCE `s` start with 1 increment by 1 cache 1000 nocycle ENGINE=InnoDB",
            ("InnoDB", "Aria"), ("nocycle", "cycle")),
        ("trigger", "CREATE DEFINER=`a`@`b` TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET @a = 1", ("1", "2"),
            ("`b`", "`c`")),
    ],
)  # fmt: skip
def test_code(kind: str, text: str, same: tuple[str, str], other: tuple[str, str]) -> None:
    """What a body or a query says is compared as a text."""
    found = attributes(Definition(kind, "x", text))
    assert attributes(Definition(kind, "x", text.replace(*same))) == found
    assert attributes(Definition(kind, "x", text.replace(*other))) != found


def test_names_of_character_sets() -> None:
    """One has another name in newer versions."""
    assert [renamed(name) for name in ("utf8", "utf8_bin", "utf8mb4_bin", "utf8mb3")] == [
        "utf8mb3", "utf8mb3_bin", "utf8mb4_bin", "utf8mb3",
    ]  # fmt: skip


def test_names_of_types() -> None:
    """Widths that say nothing are not printed any more."""
    assert [plain_type(name) for name in ("int(11) unsigned", "year(4)", "geometrycollection", "char(3)")] == [
        "int unsigned", "year", "geomcollection", "char(3)",
    ]  # fmt: skip
