# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile scripts made of known statements come back as those statements, and cost no more than their length."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import SqlReadError
from ansible_collections.vya.backupdb.plugins.module_utils._sql.lexer import Lexer
from ansible_collections.vya.backupdb.plugins.module_utils._sql.mysql_reader import MysqlReader
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_reader import PostgresReader
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.reading import read, texts

# What a careless reader takes for something else.
HOSTILE = [
    b";", b";\n", b"'", b'"', b"`", b"\\", b"--", b"-- ", b"#", b"/*", b"*/", b"/*!", b"$$", b"$a$", b"(", b")", b"\n",
    b"\r\n", b"\n\\.\n", b"DELIMITER //\n", b"COPY t FROM stdin;\n", b"\\connect x\n", b" end ", b"E'", b"x", b"\xff",
    b"\x00", b"-", b"/", b"//", b" ", b"some plain text without anything",
]  # fmt: skip


def hostile(source: random.Random, size: int = 6) -> bytes:
    """Text to be put in quotes."""
    return b"".join(source.choices(HOSTILE, k=source.randint(0, size)))


def quoted(quote: bytes, text: bytes, *, escapes: bool, source: random.Random) -> bytes:
    """In quotes, in one of the ways to write it."""
    if escapes:
        text = text.replace(b"\\", b"\\\\")
    doubled = quote * 2 if not escapes or source.random() < 0.5 else b"\\" + quote
    return quote + text.replace(quote, doubled) + quote


def my_token(source: random.Random) -> bytes:
    text = hostile(source)
    return source.choice([
        lambda: quoted(b"'", text, escapes=True, source=source),
        lambda: quoted(b'"', text, escapes=True, source=source),
        lambda: quoted(b"`", text, escapes=False, source=source),
        lambda: b"/* " + text.replace(b"*/", b"") + b"x*/",
        lambda: b"-- " + text.replace(b"\n", b"") + b"\n",
        lambda: b"#" + text.replace(b"\n", b"") + b"\n",
        lambda: b"/*!40000 b */",
        lambda: source.choice([b"1-1", b"a/b", b"-", b"x.y", b"(", b")", b"$$", b"\\N", b"\xc3\xa9"]),
    ])()  # fmt: skip


def pg_token(source: random.Random) -> bytes:
    text = hostile(source)
    tag = source.choice([b"$$", b"$a$", b"$_b$"])
    return source.choice([
        lambda: quoted(b"'", text, escapes=False, source=source),
        lambda: b"E" + quoted(b"'", text, escapes=True, source=source),
        lambda: quoted(b'"', text, escapes=False, source=source),
        lambda: tag + text.replace(b"$", b"") + tag,
        lambda: b"/* " + text.replace(b"*/", b"").replace(b"/*", b"") + b"x/*;*/y*/",
        lambda: b"-- " + text.replace(b"\n", b"").replace(b"\r", b"") + b"\n",
        lambda: b"(" + quoted(b"'", text, escapes=False, source=source) + b",(;))",
        lambda: source.choice([b"1-1", b"a/b", b"-", b"x.y", b"a$b$c", b"$1", b"#", b"`", b"\xc3\xa9"]),
    ])()  # fmt: skip


def statement(source: random.Random, token: Callable[[random.Random], bytes]) -> bytes:
    """A first word, then anything, then a last word that no delimiter can be taken for a part of."""
    return b"S " + b" ".join(token(source) for dummy in range(source.randint(1, 8))) + b" e"


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize(("reader", "token"), [(MysqlReader, my_token), (PostgresReader, pg_token)])
def test_statements_come_back(reader: type[Lexer], token: Callable[[random.Random], bytes], seed: int) -> None:
    source = random.Random(seed)
    statements = [statement(source, token) for dummy in range(30)]
    script = b""
    for text in statements:
        script += source.choice([b"", b"\n", b"/* ;' */", b'-- ;"\n', b";"]) + text
        if reader is MysqlReader and source.random() < 0.2 and b"@@" not in text:
            script = script[: -len(text)] + b"\nDELIMITER @@\n" + text + b"@@\ndelimiter ;\n"
        else:
            script += b";" + source.choice([b"", b" ", b"\r\n"])
    for size, window in ((0, 0), (source.randint(1, 200), 0), (source.randint(1, 50), source.randint(1, 50))):
        assert texts(read(reader, script, size, window)) == statements


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("mode", [b"", b"SET sql_mode='NO_BACKSLASH_ESCAPES';"])
def test_long_inserts_come_back(seed: int, mode: bytes) -> None:
    """Long enough to be leapt over; among the values is what stops a leap."""
    source = random.Random(seed)
    inserts = []
    for dummy in range(10):
        values = []
        rare = source.choice([0.0005, 0.005])
        dashes = source.random() < 0.5
        for number in range(source.randint(1, 2000)):
            text = quoted(b"'", hostile(source, 4), escapes=not mode, source=source)
            odd = source.random()
            if odd < rare and dashes:
                text = b"-- ';\n1"
            elif odd < rare:
                text = source.choice([b"'a' /* ' ; */", b"-- ';\n1", b"# ;\n2", b'"it\'s;"', b"1--1", b"- -2", b"4/2"])
            values.append(b"(%d,%s,NULL,-1.5,'2020-01-01')" % (number, text))
        inserts.append(b"INSERT INTO `t;` VALUES " + b",".join(values))
    script = mode + b"".join(text + source.choice([b";", b";\n", b" ;\r\n"]) for text in inserts)
    got = texts(read(MysqlReader, script, source.choice([0, 1000, 65536])))
    assert [text.rstrip() for text in got if text.startswith(b"INSERT")] == inserts


@pytest.mark.parametrize("odd", [b"-- it's\n", b"# it's\n", b"/* it's */", b'"it\'s",', b"`it's`,", b"'\\\\','\\'',"])
def test_a_leap_sees_what_is_no_value(odd: bytes) -> None:
    plain = b"(1,'text'),(-2,NULL)," * 500
    text = b"INSERT INTO t VALUES " + plain + odd + plain + b"(3,'end')"
    assert texts(read(MysqlReader, text + b"; " + text + b";")) == [text, text]


ENDS = {
    MysqlReader: [b"S /*%s*/", b"S '%s\\';'", b"S '%s'';'", b"S `%s`", b"S %s-1", b"S -- %s\n"],
    PostgresReader: [b"S /*%s/*;*/;*/", b"S E'%s\\';'", b"S E'%s'';\\''", b"S $a$%s;$a$", b"S %s$b$", b"S (%s;)"],
}


@pytest.mark.parametrize("reader", list(ENDS))
@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_the_window_may_end_anywhere(reader: type[Lexer], size: int) -> None:
    """More bytes than are in sight at once lie before what ends a token."""
    for end in ENDS[reader]:
        for length in range(1, 200, 3):
            text = end % (b"x" * length)
            assert texts(read(reader, text + b";" + text + b";", size, size)) == [text, text]


N = 20_000
LONG = {
    "string": b"'" + b"x" * N,
    "escapes": b"S '" + b"\\'" * N,
    "quotes": b"S " + b"'" * N,
    "half of one": b"S '" + b"\\" * N,
    "words": b"S " + b"word " * N,
    "a word": b"S " + b"w" * N,
    "dollars": b"S " + b"$" * N,
    "tags": b"S " + b"$a" * N,
    "in dollars": b"S $a$" + b"$a" * N,
    "comments": b"S " + b"/*" * N,
    "after a comment": b"/*" + b"*" * N,
    "dashes": b"S " + b"- " * N,
    "parentheses": b"S " + b"(" * N + b")" * N,
    "nested": b"S " + b"(1,'a'," * N,
    "space": b" " * N + b"S" + b"\n" * N,
    "statements": b";S" * N,
    "lines of data": b"COPY t FROM stdin;\n" + b"\\.x\n" * N,
    "a line of data": b"COPY t FROM stdin;\n" + b"\\." * N,
    "delimiters": b"DELIMITER ;;;\n" + b";; " * N,
    "versioned": b"S " + b"/*!" * N,
    "set": b"SET a = " + b"(@b," * N + b";",
}


def work(reader: type[Lexer], script: bytes, size: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Bytes that were put into windows, and tokens and stretches that were looked at."""
    seen = [0, 0]
    lexer = reader()
    fill, token, skip = lexer._fill, lexer._token, lexer._skip

    def counted_fill() -> bool:
        more = fill()
        seen[0] += len(lexer._buf)
        return more

    def counted(function: Callable[[], object]) -> Callable[[], object]:
        def call() -> object:
            seen[1] += 1
            return function()

        return call

    monkeypatch.setattr(lexer, "_fill", counted_fill)
    monkeypatch.setattr(lexer, "_token", counted(token))
    monkeypatch.setattr(lexer, "_skip", counted(skip))
    lexer.window = size
    try:
        for dummy in lexer.read([script[i : i + size] for i in range(0, len(script), size)]):
            pass
    except SqlReadError:
        pass
    return seen[0], seen[1]


@pytest.mark.growth
@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("reader", [MysqlReader, PostgresReader])
@pytest.mark.parametrize("size", [50, 1 << 18])
def test_work_grows_with_the_length(reader: type[Lexer], name: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    script = LONG[name]
    windows, steps = work(reader, script, size, monkeypatch)
    assert windows <= 8 * len(script) + 4 * size
    assert steps <= 3 * len(script) + 100
