# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: what clients made that do not speak UTF-8, and what a session of theirs sets."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import support
from support.dumps import Here
from support.faults import Site
from support.small import state

CODE = """SET NAMES {charset};
CREATE TABLE `{x}t` (s VARCHAR(99) CHARACTER SET utf8mb4, `{x}` INTEGER);
INSERT INTO `{x}t` (`{x}`) VALUES (1);
CREATE TRIGGER `{x}r` BEFORE INSERT ON `{x}t` FOR EACH ROW SET NEW.s = '{x} it''s\\n\\\\';
CREATE EVENT `{x}v` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' COMMENT '{x}' DO SET @a = '{x}';
CREATE EVENT `{x}d` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DISABLE DO SET @a = '{x}';
CREATE PROCEDURE `{x}p`(IN `{x}` ENUM('{x}')) COMMENT '{x}' SELECT '{x}', `{x}`;
CREATE FUNCTION `{x}f`(`{x}` INTEGER) RETURNS ENUM('{x}') CHARACTER SET utf8mb4 DETERMINISTIC RETURN '{x}';
CREATE VIEW `{x}w` AS SELECT `{x}` AS `{x}2`, '{x}' AS b, s FROM `{x}t` `{x}a`;
"""
CLIENTS = {"latin1": ("é", "cp1252"), "cp1251": ("т", "cp1251"), "gbk": ("日", "gbk"), "binary": ("ž", "utf-8")}


def code(charset: str) -> bytes:
    letter, codec = CLIENTS[charset]
    return CODE.format(charset=charset, x=letter).encode(codec)


@pytest.fixture
def server(empty_mysql_family: support.Server) -> support.Server:
    """MariaDB, then MySQL, with nothing on it."""
    return empty_mysql_family


def restored(server: support.Server, folder: Path, script: bytes, **changes: Any) -> dict[str, Any]:
    src = folder / "script.sql"
    src.write_bytes(script)
    (folder / "site").mkdir()
    with contextlib.closing(Here(server, folder / "site")) as here:
        return here(src, **changes)


def test_a_backup_of_what_they_made(server: support.Server, tmp_path: Path) -> None:
    """Restored beside and over itself: names, comments, bodies and character sets are the same."""
    server.create_database("shop")
    for charset in CLIENTS:
        server.execute_script(code(charset), "shop")
    before = state(server, "shop")
    names = [row[0] for row in server.query("SELECT trigger_name FROM information_schema.triggers")]
    assert {f"{letter}r" for letter, _codec in CLIENTS.values()} <= set(names)
    site = Site(server, tmp_path)
    result = site.backup()
    assert not result["failed"], result["msg"]
    for options in ({"target": "beside"}, {"if_exists": "replace", "keep_previous": True}):
        result = site.restore(options)
        assert not result["failed"], result["msg"]
    support.assert_same(before, state(server, "shop"))
    support.assert_same(before, state(server, "beside"))


@pytest.mark.parametrize("charset", ["latin1", "cp1251"])
def test_a_file_that_they_wrote(server: support.Server, tmp_path: Path, charset: str) -> None:
    """As the stock client loads it, events enabled as they are there, and over a target that has code too."""
    server.create_database("bare")
    server.execute_script(code(charset), "bare")
    server.create_database("shop")
    server.execute_script(code("latin1"), "shop")
    result = restored(server, tmp_path, code(charset), keep_previous=True)
    assert result["adaptations"]["events created disabled"] == 1
    support.assert_same(state(server, "bare"), state(server, "shop"))


def test_the_database_that_a_file_alters(server: support.Server, tmp_path: Path) -> None:
    """Its new default holds for what is created later."""
    script = b"CREATE DATABASE src;\nUSE src;\nALTER DATABASE src CHARACTER SET latin2 COLLATE latin2_bin;\n"
    script += b"CREATE TABLE t (s TEXT);\n"
    restored(server, tmp_path, script)
    server.query("CREATE TABLE later (s TEXT)", database="shop")
    sql = "SELECT table_name, table_collation FROM information_schema.tables WHERE table_schema = 'shop' ORDER BY 1"
    assert server.query(sql) == [("later", "latin2_bin"), ("t", "latin2_bin")]
    sql = "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = 'shop'"
    assert server.query(sql) == [("latin2_bin",)]


def test_a_session_concatenates_as_the_server_does(server: support.Server, tmp_path: Path) -> None:
    limit = server.query("SELECT @@GLOBAL.group_concat_max_len")[0][0]
    server.query("SET GLOBAL group_concat_max_len = 100")
    try:
        script = b"CREATE TABLE t (a TEXT);\nINSERT INTO t VALUES (REPEAT('a', 999));\nCREATE TABLE r (a TEXT);\n"
        restored(server, tmp_path, script + b"SET sql_mode = '';\nINSERT INTO r SELECT GROUP_CONCAT(a) FROM t;\n")
    finally:
        server.query(f"SET GLOBAL group_concat_max_len = {limit}")
    assert server.query("SELECT LENGTH(a) FROM r", database="shop") == [(100,)]
