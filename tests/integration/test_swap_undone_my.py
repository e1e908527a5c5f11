# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: a swap that fails, and an undo that fails too. Nothing that it takes to go back may go."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, EngineError
from support.dumps import Here
from support.failpoints import STAGES, Failpoint, watched
from support.small import state

OLD = (
    "CREATE TABLE precious (i INTEGER)",
    "INSERT INTO precious VALUES (1), (2)",
    "CREATE TRIGGER ptr BEFORE INSERT ON precious FOR EACH ROW SET NEW.i = 1",
    "CREATE VIEW pv AS SELECT i FROM precious",
    "CREATE PROCEDURE pp() SELECT 1",
    "CREATE EVENT pe ON SCHEDULE EVERY 1 DAY DO SET @a = 1",
)
NEW = "CREATE TABLE fresh (i INTEGER);\nINSERT INTO fresh VALUES (7);\nCREATE VIEW fv AS SELECT i FROM fresh;\n"
Fault = tuple[str, Callable[["Faults", str], None]]


class Faults(Failpoint):
    """One fault after the other, each at the next statement that begins with its text."""

    def __init__(self, server: support.Server, *faults: Fault) -> None:
        super().__init__(0, lambda _sql: None)
        self.server, self.left = server, list(faults)

    def __call__(self, sql: str | bytes, stage: str) -> None:
        text = sql.decode("utf-8", "replace") if isinstance(sql, bytes) else sql
        if self.left and stage in STAGES and text.startswith(self.left[0][0]):
            dummy, act = self.left.pop(0)
            act(self, text)


def refuse(_faults: Faults, sql: str) -> None:
    raise EngineError(f"The server refused a statement: injected ({sql[:40]})", stage="swap")


def lose(faults: Faults, _sql: str) -> None:
    faults.server.query(f"KILL {faults.connection.thread_id()}")


@pytest.fixture
def server(mysql_family: support.Server) -> Iterator[support.Server]:
    """MariaDB, then MySQL, with `shop`."""
    for name in mysql_family.databases():
        mysql_family.drop_database(name)
    mysql_family.create_database("shop")
    for sql in OLD:
        mysql_family.query(sql, database="shop")
    yield mysql_family
    for name in mysql_family.databases():
        mysql_family.drop_database(name)


@pytest.fixture
def here(server: support.Server, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """db_restore of NEW; its locks end with it."""
    (tmp_path / "new.sql").write_text(NEW, encoding="utf-8")
    numbers = itertools.count()

    def work(**changes: Any) -> dict[str, Any]:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        with contextlib.closing(Here(server, folder)) as found:
            return found(tmp_path / "new.sql", **changes)

    return work


def left(server: support.Server) -> list[str]:
    return [name for name in server.databases() if name not in ("shop", "other")]


@pytest.mark.parametrize("keep", [False, True], ids=["replaced", "kept"])
def test_a_connection_that_is_lost(server: support.Server, here: Callable[..., dict[str, Any]], keep: bool) -> None:
    """The swap is undone on another one."""
    old = state(server, "shop")
    for start in ("CREATE DATABASE `shop_", "CALL ", "ALTER DATABASE", "CREATE ALGORITHM", "RENAME TABLE"):
        faults = Faults(server, (start, lose))
        with watched(faults), pytest.raises(BackupError) as caught:
            here(keep_previous=keep)
        assert faults.left == [] and "Undoing" not in str(caught.value), start
        support.assert_same(old, state(server, "shop"))
        assert left(server) == [], start


# (faults of the swap and of its undo, whether the next restore goes forward)
BOTH: dict[str, tuple[list[Fault], bool]] = {
    "refused before the tables are back": ([("ALTER DATABASE", refuse), ("RENAME TABLE", refuse)], True),
    "lost before the tables are back": ([("ALTER DATABASE", refuse), ("RENAME TABLE", lose)], True),
    "lost when the tables are back": ([("CREATE ALGORITHM", refuse), ("ALTER DATABASE", lose)], False),
    "lost amid the definitions": ([("CREATE ALGORITHM", refuse), ("CREATE ALGORITHM", lose)], False),
    "lost before the swap": ([("CALL ", refuse), ("DROP DATABASE", lose)], False),
}


@pytest.mark.parametrize("case", list(BOTH))
def test_an_undo_that_fails_too(server: support.Server, here: Callable[..., dict[str, Any]], case: str) -> None:
    """All stays that it takes, the error says so once, and the next restore on the server puts it right."""
    old = state(server, "shop")
    what, forward = BOTH[case]
    faults = Faults(server, *what)
    with watched(faults), pytest.raises(BackupError) as caught:
        here()
    assert faults.left == []
    text = str(caught.value)
    assert text.count("Undoing it failed too") == text.count("drop nothing") == 1
    assert "to be dropped" not in text
    assert len(left(server)) == 2
    result = here(target="other")
    told = [line for line in result["warnings"] if "finished" in line or "undid" in line]
    assert len(told) == 1, result["warnings"]
    assert left(server) == []
    support.assert_same(state(server, "other") if forward else old, state(server, "shop"))


def test_a_swap_that_cannot_be_finished(server: support.Server, here: Callable[..., dict[str, Any]]) -> None:
    """It is undone later. As long as that fails too, nobody restores into its target, and all stays."""
    old = state(server, "shop")
    undo: list[Fault] = [("ALTER DATABASE", refuse), ("RENAME TABLE", lose)]
    with watched(Faults(server, *undo)), pytest.raises(BackupError):
        here()
    held = left(server)
    with watched(Faults(server, *undo)):
        warnings = here(target="other")["warnings"]
    assert len([line for line in warnings if "could neither finish nor undo" in line]) == 1
    with watched(Faults(server, *undo)), pytest.raises(BackupError, match="could neither be finished nor undone"):
        here()
    assert left(server) == held
    with watched(Faults(server, undo[0])):
        warnings = here(target="other")["warnings"]
    assert len([line for line in warnings if line.startswith("undid")]) == 1
    support.assert_same(old, state(server, "shop"))
    assert left(server) == []
