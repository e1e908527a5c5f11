# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings before the chosen database: the session is the one that the whole script would have had."""

from __future__ import annotations

import random
import re

import pytest
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.through_rules import MARIADB, through

T = "CREATE TABLE `t` (x int)"
SAVE = "SET @saved_cs_client = @@character_set_client, @saved_sql_mode = @@sql_mode"
RESTORE = "SET character_set_client = @saved_cs_client; SET sql_mode = @saved_sql_mode"
X1 = "SET character_set_client = latin1; SET sql_mode = 'STRICT_TRANS_TABLES'"
X2 = "SET character_set_client = utf8mb3; SET sql_mode = 'ANSI_QUOTES'"


def session(statements: list[str]) -> dict[str, str | None]:
    """What the statements make of a session: values by name."""
    values: dict[str, str | None] = {"character_set_client": "start", "sql_mode": "start", "time_zone": "start"}
    for statement in statements:
        if statement == "SET NAMES utf8mb4":
            values["character_set_client"] = values["collation_connection"] = "utf8mb4"
        elif statement in ("BEGIN", "COMMIT"):
            values[" transaction"] = statement if statement == "BEGIN" else None
        else:
            pairs = [re.split(r"\s*=\s*", part) for part in statement.removeprefix("SET ").split(", ")]
            new: dict[str, str | None] = {}
            for name, text in pairs:
                new[name] = values.get(text.lstrip("@") if text.startswith("@@") else text)
                if text[0] != "@":
                    new[name] = text
            values.update(new)
    return {name: value for name, value in values.items() if value is not None}


def taken(before: list[str]) -> list[str]:
    """What is executed of the statements of the database `a` before those of `b`."""
    sql = "USE a;\n" + f";\n{T};\n".join(before) + f";\nUSE b;\n{T};\nCOMMIT;"
    out, rules = through(MARIADB, sql, source_database="b")
    assert (out.pop(), out.pop()) == ("COMMIT", T)
    skipped = rules.adaptations.get("statements of other databases", 0)
    assert len(out) + skipped == sum(len(part.split("; ")) for part in before) + max(0, len(before) - 1)
    return out


@pytest.mark.parametrize("order", [(X1, X2), (X2, X1), (X1, X1), (X1, X2, X1), (X2,)])
def test_what_is_set_around_other_databases_does_not_stay(order: tuple[str, ...]) -> None:
    before = ["SET NAMES utf8mb4; SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"]
    for setting in order:
        before += [SAVE, setting, RESTORE]
    made = session(taken(before))
    assert (made["character_set_client"], made["sql_mode"]) == ("utf8mb4", "'NO_AUTO_VALUE_ON_ZERO'")
    assert made == session([part for line in before for part in line.split("; ")])


def test_nothing_is_restored_before_it_is_saved() -> None:
    out = taken([SAVE, X1, RESTORE, SAVE, X1, RESTORE])
    assert out == [*SAVE.split("; "), *X1.split("; "), *RESTORE.split("; ")]


PARTS = [
    *("SET NAMES utf8mb4", "BEGIN", "COMMIT", SAVE, *X1.split("; "), *X2.split("; "), *RESTORE.split("; ")),
    *("SET @a = @@time_zone", "SET @b = @a", "SET time_zone = @b", "SET @@time_zone = @a", "SET time_zone = 'UTC'"),
    *("SET @saved_cs_client = @a", "SET @a = @b, @b = @a", "SET SESSION sql_mode = @b"),
]


@pytest.mark.parametrize("seed", range(60))
def test_any_order_makes_the_same_session(seed: int) -> None:
    source = random.Random(seed)
    few = source.sample(PARTS, source.randint(2, len(PARTS)))
    before = [source.choice(few) for dummy in range(source.randint(1, 60))]
    before = [text for text in before if text != "SET @a = @b, @b = @a"]
    plain = [text.replace("SESSION ", "").replace("SET @@", "SET ") for text in before]
    made = [text.replace("SESSION ", "").replace("SET @@", "SET ") for text in taken(before)]
    assert session(made) == session(plain), (before, made)


@pytest.mark.growth
def test_many_tables_leave_few_settings() -> None:
    table = ["/*!40101 SET @saved_cs_client     = @@character_set_client */",
             "/*!50503 SET character_set_client = utf8mb4 */",
             "/*!40101 SET character_set_client = @saved_cs_client */",
             "set autocommit=0; COMMIT"]  # fmt: skip
    assert len(taken(["SET NAMES utf8mb4", *(table * 4000)])) < 10


@pytest.mark.parametrize(
    "setting",
    ["SET @x = UUID()", "SET @x = (SELECT 1)", "SET @x = CURRENT_TIMESTAMP", "SET @x = (@y := @y + 1)",
     "SAVEPOINT s", "SET TRANSACTION READ ONLY", "SET @x = 1, @z = @x"],
)  # fmt: skip
def test_what_cannot_be_followed_stays(setting: str) -> None:
    assert taken([setting] * 5) == [setting] * 5
