# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts of MySQL and MariaDB are split where their clients split them."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._sql.mysql_reader import MysqlReader
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.reading import (
    assert_cut_is_seen,
    error_of,
    in_every_chunking,
    read,
    texts,
)

# Each script, and what is in it.
STATEMENTS = {
    "two": (b"SELECT 1; SELECT 2;", [b"SELECT 1", b"SELECT 2"]),
    "nothing": (b" ;;\r\n ; /* x */ ; -- y", []),
    "byte order mark": (b"\xef\xbb\xbfSELECT 1;", [b"SELECT 1"]),
    "strings": (b"""SELECT 'a;''b', "c;""d", `e;``f`;S;""", [b"""SELECT 'a;''b', "c;""d", `e;``f`""", b"S"]),
    "escapes": (rb"""SELECT 'a\';', "b\";", '\\'; S;""", [rb"""SELECT 'a\';', "b\";", '\\'""", b"S"]),
    "no escapes in names": (rb"SELECT `a\`; S;", [rb"SELECT `a\`", b"S"]),
    "dashes": (b"SELECT 1 -- ;'\n;SELECT 1--2;S;", [b"SELECT 1 -- ;'\n", b"SELECT 1--2", b"S"]),
    "dashes and nothing": (b"SELECT 1 --\n;SELECT 2;", [b"SELECT 1 --\n", b"SELECT 2"]),
    "dashes and a control character": (b"SELECT 1 --\x01';\n;SELECT 2;", [b"SELECT 1 --\x01';\n", b"SELECT 2"]),
    "dashes that begin": (b"------\n--it's;\nSELECT 1; --it's;\nS;", [b"SELECT 1", b"S"]),
    "hash": (b"SELECT 1 # it's;\n+1;S;", [b"SELECT 1 # it's;\n+1", b"S"]),
    "comment": (b"SELECT /* it's; /* */ 1;S;", [b"SELECT /* it's; /* */ 1", b"S"]),
    "comment that is none": (b"SELECT '/*';S '*/';", [b"SELECT '/*'", b"S '*/'"]),
    "division": (b"SELECT 4/2, 4 / -2*3;S;", [b"SELECT 4/2, 4 / -2*3", b"S"]),
    "leading comments": (b"/* a */ -- b\n# c\n /* d */SELECT 1;", [b"SELECT 1"]),
    "hint": (b"SELECT /*+ it's; */ 1;S;", [b"SELECT /*+ it's; */ 1", b"S"]),
    "hint over lines": (b"SELECT /*+ BKA(t)\n BNL(t) */ 1;S;", [b"SELECT /*+ BKA(t)\n BNL(t) */ 1", b"S"]),
    "versioned comment": (b"/*!40101 SET x='*/;' */;S;", [b"/*!40101 SET x='*/;' */", b"S"]),
    "versioned comment of MariaDB": (b"/*M!100100 SELECT ';' */;S;", [b"/*M!100100 SELECT ';' */", b"S"]),
    "delimiter in a versioned comment": (b"/*!1 S;T */;", [b"/*!1 S", b"T */"]),
    "comment in a versioned one": (b"/*!1 S /* ';' */ */;T;", [b"/*!1 S /* ';' */ */", b"T"]),
    "delimiter": (b"DELIMITER ;;\nS;T;;\ndelimiter ;\nU;V;", [b"S", b"T", b"U", b"V"]),
    "delimiter of dollars": (b"Delimiter $$\r\nS '$$';T $ $$\nDELIMITER ;\r\nU;", [b"S '$$'", b"T $ ", b"U"]),
    "delimiter of slashes": (b"DELIMITER //\nS /* // */ 4/2;//\nT//", [b"S /* // */ 4/2", b"T"]),
    "delimiter of letters": (b"delimiter go\nSELECT ag FROM t\ngo\nS go", [b"SELECT ag FROM t\n", b"S "]),
    "delimiter in quotes": (b"DELIMITER '//' x\nS;//\nT//", [b"S", b"T"]),
    "delimiter after a comment": (b"-- x\n  DELIMITER //\nS//", [b"S"]),
    "delimiter in a statement": (b"SELECT a\ndelimiter //\n;S;", [b"SELECT a\ndelimiter //\n", b"S"]),
    "delimiter by letter": (b"\\d //\nS;//", [b"S"]),
    "body": (b"CREATE PROCEDURE p() BEGIN SELECT 1; END;S;", [b"CREATE PROCEDURE p() BEGIN SELECT 1", b"END", b"S"]),
    "line ends": (b"SELECT\r\n1;\r\nS\r\n;\r\n", [b"SELECT\r\n1", b"S\r\n"]),
    "continued lines": (b"SELECT 1, \\\n 2 \\\r\n;S '\\\n';\\\nT;", [b"SELECT 1, \n 2 \r\n", b"S '\\\n'", b"T"]),
    "null": (rb"SELECT \N;S;", [rb"SELECT \N", b"S"]),
    "bytes": (b"SELECT '\xff\x00\xfe;';\xc3\xa9;", [b"SELECT '\xff\x00\xfe;'", b"\xc3\xa9"]),
    "use": (b"use a\nUSE `b`;use `c;d`;S;", [b"use a", b"USE `b`", b"use `c;d`", b"S"]),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements(name: str) -> None:
    script, expected = STATEMENTS[name]
    events = in_every_chunking(MysqlReader, script)
    assert {event[0] for event in events} <= {"Statement", "Comment"}
    assert texts(events) == expected


COMMANDS = {
    "sandbox": (
        b"/*!999999\\- enable the sandbox mode */ \nS;",
        ["Meta", "Statement"],
        b"/*!999999\\- enable the sandbox mode */",
    ),
    "sandbox of MariaDB": (b"/*M!999999\\- x */\nS;", ["Meta", "Statement"], b"/*M!999999\\- x */"),
    "ego": (b"S\\G T;", ["Statement", "Meta", "Statement"], b"\\G"),
    "go": (b"S\\gT;", ["Statement", "Meta", "Statement"], b"\\g"),
    "clear": (b"S\\cT;", ["Meta", "Statement"], b"\\c"),
    "shell": (b"S \\! rm -rf x\n;", ["Meta", "Statement"], b"\\! rm -rf x"),
    "system": (b"system rm x\nS;", ["Meta", "Statement"], b"system rm x"),
    "source": (b"SOURCE x; S;", ["Meta", "Statement"], b"SOURCE x"),
    "source by letter": (b"\\. x.sql\nS;", ["Meta", "Statement"], b"\\. x.sql"),
    "tee": (b"S;\n  tee /x\nT;", ["Statement", "Meta", "Statement"], b"tee /x"),
    "use by letter": (b"\\u db\nS;", ["Meta", "Statement"], b"\\u db"),
    "status": (b"status\nS;", ["Meta", "Statement"], b"status"),
    "charset": (b"charset utf8\nS;", ["Meta", "Statement"], b"charset utf8"),
    "no command in a string": (b"SELECT '\nsystem x\n\\G';", ["Statement"], None),
    "no command in a statement": (b"SELECT\nsystem x;", ["Statement"], None),
    "longer words": (b"systems x;helper;", ["Statement", "Statement"], None),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_of_the_client(name: str) -> None:
    script, kinds, text = COMMANDS[name]
    events = in_every_chunking(MysqlReader, script)
    assert [event[0] for event in events] == kinds
    assert [event[4] for event in events if event[0] == "Meta"] == ([] if text is None else [text])


def test_a_command_is_cut_out_of_its_statement() -> None:
    assert texts(in_every_chunking(MysqlReader, b"SELECT \\! x\n1;")) == [b"\\! x", b"SELECT \n1"]


def test_bulk_and_places() -> None:
    script = b"-- x\n\nINSERT INTO t VALUES (';\n');REPLACE t VALUES (1);\ninserted;/* y\n*/\n S;"
    assert in_every_chunking(MysqlReader, script) == [
        ("Comment", 1, 0, 1, b"-- x"),
        ("Bulk", 1, 6, 3, b"INSERT INTO t VALUES (';\n')"),
        ("Bulk", 2, 34, 4, b"REPLACE t VALUES (1)"),
        ("Statement", 3, 56, 5, b"inserted"),
        ("Comment", 4, 65, 5, b"/* y\n*/"),
        ("Statement", 4, 74, 7, b"S"),
    ]


# Settings, and whether a backslash then escapes in '...' and in "...".
MODES = {
    "nothing": (b"", True, True),
    "set": (b"SET sql_mode='NO_BACKSLASH_ESCAPES';", False, False),
    "ansi": (b"SET SESSION sql_mode = 'ansi_quotes';", True, False),
    "group": (b"set @@sql_mode := ansi;", True, False),
    "both": (b"SET @@SESSION.sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';", False, False),
    "in a versioned comment": (b"/*!40101 SET @OLD=@@SQL_MODE, SQL_MODE='NO_BACKSLASH_ESCAPES' */;", False, False),
    "and back": (
        b"/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_BACKSLASH_ESCAPES' */;SET SQL_MODE=@OLD_SQL_MODE;",
        True,
        True,
    ),
    "kept": (
        b"SET sql_mode='NO_BACKSLASH_ESCAPES';/*!50003 SET @saved = @@sql_mode */;SET sql_mode='';SET sql_mode=@saved;",
        False,
        False,
    ),
    "added": (b"SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES');", False, False),
    "default": (b"SET sql_mode='NO_BACKSLASH_ESCAPES';SET sql_mode=DEFAULT;", True, True),
    "of all": (b"SET GLOBAL sql_mode='NO_BACKSLASH_ESCAPES';", True, True),
    "of all too": (b"SET @@GLOBAL.sql_mode='NO_BACKSLASH_ESCAPES';", True, True),
    "of one statement": (b"SET STATEMENT sql_mode='NO_BACKSLASH_ESCAPES' FOR SELECT 1;", True, True),
    "only said": (b"SELECT 'SET sql_mode=NO_BACKSLASH_ESCAPES';", True, True),
}


@pytest.mark.parametrize("name", MODES)
@pytest.mark.parametrize("quote", [b"'", b'"'])
def test_modes(name: str, quote: bytes) -> None:
    setting, single, double = MODES[name]
    escapes = single if quote == b"'" else double
    script = setting + b"S Q\\Q;Q;T;".replace(b"Q", quote) + (b"" if escapes else quote + b";")
    expected = [b"S Q\\Q;Q", b"T"] if escapes else [b"S Q\\Q", b"Q;T;Q"]
    got = texts(in_every_chunking(MysqlReader, script))[-2:]
    assert got == [text.replace(b"Q", quote) for text in expected]


REFUSED = {
    "string": (b"S;SELECT 'abc;", 9, "a string"),
    "name": (b"SELECT `a;", 7, "a quoted name"),
    "comment": (b"S; /* abc;", 3, "a comment"),
    "comment in a statement": (b"SELECT /* abc;", 7, "a comment"),
    "statement": (b"S; SELECT 1", 3, "a statement"),
    "command": (b"S; \\! ls", 3, "a client command"),
    "charset": (b"SET NAMES gbk;SELECT 1;", 0, "gbk"),
    "charset in a comment": (b"/*!40101 SET NAMES 'cp932' */;", 0, "cp932"),
    "charset of the client": (b"S;SET @@character_set_client = Big5;", 2, "big5"),
    "charset and collation": (b"SET CHARACTER SET sjis;", 0, "sjis"),
    "charset by number": (b"SET character_set_client = 28;", 0, "28"),
    "charset by letter": (b"\\C gb18030\n", 0, "gb18030"),
    "mode taken away": (b"SET sql_mode = REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', '');", 0, "sql_mode"),
    "mode by number": (b"SET sql_mode = 4;", 0, "sql_mode"),
    "no delimiter": (b"S;DELIMITER\nT;", 2, "DELIMITER"),
    "hint": (b"SELECT /*+ \n; */ 1;", 7, "hint"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    script, offset, said = REFUSED[name]
    error = error_of(MysqlReader, script)
    assert error.place.offset == offset
    assert said.lower() in str(error).lower()


def test_data_are_not_told() -> None:
    assert "secret" not in str(error_of(MysqlReader, b"INSERT INTO t VALUES ('secret"))
    error = str(error_of(MysqlReader, b"CREATE USER u IDENTIFIED BY 'secret'; CREATE TABLE t (a int DEFAULT 'secret'"))
    assert "secret" not in error and "CREATE TABLE t (a int DEFAULT" in error


def test_limits() -> None:
    reader = MysqlReader(limit=1000, bulk_limit=2000)
    reader.window = 100
    text = b"INSERT INTO t VALUES ('" + b"x" * 1500 + b"');"
    assert [len(getattr(event, "text", b"")) for event in reader.read([text])] == [len(text) - 1]
    for script, allowed in ((b"SELECT '" + b"x" * 1500, 1000), (b"INSERT '" + b"x" * 2500, 2000)):
        reader = MysqlReader(limit=1000, bulk_limit=2000)
        reader.window = 100
        with pytest.raises(Exception, match=f"longer than {allowed} bytes"):
            list(reader.read([script]))


def test_a_long_comment_is_cut() -> None:
    assert read(MysqlReader, b"/*" + b"x" * 200_000 + b"*/S;", 1000, 1000) == [
        ("Comment", 1, 0, 1, b"/*" + b"x" * 65534),
        ("Statement", 1, 200_004, 1, b"S"),
    ]


def test_cut_off() -> None:
    assert_cut_is_seen(
        MysqlReader,
        b"-- MySQL dump\n/*!999999\\- enable the sandbox mode */\n/*!40101 SET NAMES utf8 */;\nCREATE TABLE `a;` (b);\n"
        rb"INSERT INTO `a;` VALUES ('a\';--','/*'),(2,'a'''');" + b"\nDELIMITER ;;\n/*!50003 CREATE TRIGGER t BEGIN\n"
        b"SELECT 1; -- it's\nEND */;;\nDELIMITER ;\nSELECT 1\\G\nsource x\n/* a\n */ S;\n-- Dump completed\n",
    )
