# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts of PostgreSQL are split where psql splits them."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import CopyData
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_reader import PostgresReader
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.reading import (
    assert_cut_is_seen,
    error_of,
    in_every_chunking,
    texts,
)

ATOMIC = b"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END"
REPLACE = b"create or replace procedure p(a int) BEGIN ATOMIC S; END"

# Each script, and what is in it.
STATEMENTS = {
    "two": (b"SELECT 1; SELECT 2;", [b"SELECT 1", b"SELECT 2"]),
    "nothing": (b" ;;\r\n ; /* x */ ; -- y", []),
    "byte order mark": (b"\xef\xbb\xbfSELECT 1;", [b"SELECT 1"]),
    "strings": (b"""SELECT 'a;''b\\', "c;""d\\";S;""", [b"""SELECT 'a;''b\\', "c;""d\\\"""", b"S"]),
    "escapes": (rb"SELECT E'a\';''\\', e'\'';S;", [rb"SELECT E'a\';''\\', e'\''", b"S"]),
    "escape after a doubled quote": (rb"SELECT E'''\';';S;", [rb"SELECT E'''\';'", b"S"]),
    "other prefixes": (rb"SELECT U&'\', B'1', X'f', n'\', U&'';S;", [rb"SELECT U&'\', B'1', X'f', n'\', U&''", b"S"]),
    "a name before a quote": (rb"SELECT name'\';S;", [rb"SELECT name'\'", b"S"]),
    "dollars": (b"SELECT $$;'$x$$, $q$;$$;$q;$q$;S;", [b"SELECT $$;'$x$$, $q$;$$;$q;$q$", b"S"]),
    "dollars overlap": (b"SELECT $a$ $b$a$;S;", [b"SELECT $a$ $b$a$", b"S"]),
    "tag of letters": ("SELECT $é_1$;$é_1$;S;".encode(), ["SELECT $é_1$;$é_1$".encode(), b"S"]),
    "parameters": (b"PREPARE p AS SELECT $1,$2;S $1;", [b"PREPARE p AS SELECT $1,$2", b"S $1"]),
    "dollars in names": (b"SELECT a$b$c, d$$;S;e$b$;", [b"SELECT a$b$c, d$$", b"S", b"e$b$"]),
    "no tag": (b"SELECT $1$;$2$;", [b"SELECT $1$", b"$2$"]),
    "comments": (b"SELECT /* /* ;' */ ; */ 1 -- ;'\n+1;S;", [b"SELECT /* /* ;' */ ; */ 1 -- ;'\n+1", b"S"]),
    "comment in an operator": (b"SELECT 1 +--;\n2 */*;*/ 3;S;", [b"SELECT 1 +--;\n2 */*;*/ 3", b"S"]),
    "carriage return": (b"SELECT 1 --;\r;S;", [b"SELECT 1 --;\r", b"S"]),
    "leading comments": (b"/* a */ -- b\n /* d */SELECT 1;", [b"SELECT 1"]),
    "hash is an operator": (b"SELECT 1 # '2;';S;", [b"SELECT 1 # '2;'", b"S"]),
    "operators": (b"SELECT 4/2 - -1 <-> 2;S;", [b"SELECT 4/2 - -1 <-> 2", b"S"]),
    "parentheses": (b"SELECT (1;(2;)3;);S;", [b"SELECT (1;(2;)3;)", b"S"]),
    "closed too often": (b"SELECT 1));S (2;);", [b"SELECT 1))", b"S (2;)"]),
    "parenthesis in a string": (b"SELECT '(', \"(\", $$($$ /*(*/;S;", [b"SELECT '(', \"(\", $$($$ /*(*/", b"S"]),
    "inserts": (
        b"INSERT INTO t VALUES (1, 'a;''b\\');insert into \"t;\" (a) VALUES (f(';')); INSERT INTO t SELECT $$;$$; S;",
        [
            b"INSERT INTO t VALUES (1, 'a;''b\\')",
            b"insert into \"t;\" (a) VALUES (f(';'))",
            b"INSERT INTO t SELECT $$;$$",
            b"S",
        ],
    ),
    "inserted": (b"inserted a;INSERT;", [b"inserted a", b"INSERT"]),
    "rule": (b"CREATE RULE r AS ON x DO (a;b);S;", [b"CREATE RULE r AS ON x DO (a;b)", b"S"]),
    "atomic": (ATOMIC + b";S;", [ATOMIC, b"S"]),
    "atomic replaced": (REPLACE + b";S;", [REPLACE, b"S"]),
    "atomic, and words in strings": (
        b"CREATE FUNCTION f(begin int) BEGIN ATOMIC SELECT 'end', \"end\", $$end$$; END;S;",
        [b"CREATE FUNCTION f(begin int) BEGIN ATOMIC SELECT 'end', \"end\", $$end$$; END", b"S"],
    ),
    "begin": (b"BEGIN; CREATE TABLE begin (a int); END;", [b"BEGIN", b"CREATE TABLE begin (a int)", b"END"]),
    "joined": (b"SELECT 1\\; SELECT 2;S;", [b"SELECT 1", b"SELECT 2", b"S"]),
    "colon": (b"SELECT '1'\\::int;S;", [b"SELECT '1'::int", b"S"]),
    "string goes on": (rb"SELECT E'a'" + b"\n" + rb"'b\n';S;", [rb"SELECT E'a'" + b"\n" + rb"'b\n'", b"S"]),
    "no copy": (b"COPY t TO stdout;S;COPY (SELECT 1 FROM stdin) TO stdout;COPY t FROM 'stdin';", [
        b"COPY t TO stdout", b"S", b"COPY (SELECT 1 FROM stdin) TO stdout", b"COPY t FROM 'stdin'"]),
    "strings off": (
        b"SET standard_conforming_strings = off;S 'a\\';';T;",
        [b"SET standard_conforming_strings = off", b"S 'a\\';'", b"T"],
    ),
    "strings off and on": (
        b"SET standard_conforming_strings TO 'off';SET SESSION standard_conforming_strings=on;S 'a\\';T;",
        [b"SET standard_conforming_strings TO 'off'", b"SET SESSION standard_conforming_strings=on", b"S 'a\\'", b"T"],
    ),
    "strings off by a function": (
        b"SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false);S 'a\\';';T;",
        [b"SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false)", b"S 'a\\';'", b"T"],
    ),
    "long words": (b"a" * 300 + b"$b$;S$b$;", [b"a" * 300 + b"$b$", b"S$b$"]),
}  # fmt: skip


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements(name: str) -> None:
    script, expected = STATEMENTS[name]
    events = in_every_chunking(PostgresReader, script)
    assert {event[0] for event in events} <= {"Statement", "Comment"}
    assert texts(events) == expected


COMMANDS = {
    "connect": (b"\\connect x\nS;", ["Meta", "Statement"], b"\\connect x"),
    "after a statement": (b"S;\\c x\r\nT;", ["Statement", "Meta", "Statement"], b"\\c x"),
    "sends": (b"S \\gx\nT;", ["Statement", "Meta", "Statement"], b"\\gx"),
    "forgets": (b"S (\\r\nT;", ["Meta", "Statement"], b"\\r"),
    "within": (b"S (\\echo a;'b\n);T;", ["Meta", "Statement", "Statement"], b"\\echo a;'b"),
    "shell": (b"\\! ls; x\nS;", ["Meta", "Statement"], b"\\! ls; x"),
    "not in quotes": (b"S '\\connect x', \"\\c\", $$\\c$$, /*\\c*/ 1;", ["Statement"], None),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_of_psql(name: str) -> None:
    script, kinds, text = COMMANDS[name]
    events = in_every_chunking(PostgresReader, script)
    assert [event[0] for event in events] == kinds
    assert [event[4] for event in events if event[0] == "Meta"] == ([] if text is None else [text])


COPIES = (
    b"COPY t FROM stdin;",
    b'copy public."t;" (a, "b)") from STDIN with (format csv, delimiter \';\') ; -- x',
    b"Copy t From /* ; */ StdIn\n WHERE a > 1;  \r",
    b"COPY t FROM stdout;",
    b'COPY "from stdin" FROM stdin CSV;',
    b"COPY t FROM stdin \\g",
)


@pytest.mark.parametrize("statement", COPIES)
@pytest.mark.parametrize("data", [
    b"", b"1;\t2\n\\N\n", b"'\n\"\n$$\n/*\n--\n", b"\\.x\nx\\.\n\\. \n\\\\.\n", b"\n\n", b"x" * 99 + b"\n", b"\r\n\\\n",
])  # fmt: skip
@pytest.mark.parametrize("end", [b"\\.\n", b"\\.\r\n"])
def test_copy(statement: bytes, data: bytes, end: bytes) -> None:
    events = in_every_chunking(PostgresReader, statement + b"\n" + data + end + b"S;")
    kinds = [event[0] for event in events if event[0] != "Meta"]
    assert kinds == ["Statement", *(["CopyData"] if data else []), "CopyEnd", "Statement"]
    assert b"".join(event[4] for event in events if event[0] == "CopyData") == data
    assert [event[1] for event in events if event[0] != "Meta"] == [1] * (len(kinds) - 1) + [2]
    assert events[-1][2:] == (len(statement + b"\n" + data + end), (statement + data).count(b"\n") + 3, b"S")


def test_copy_data_are_cut_at_line_ends() -> None:
    reader = PostgresReader()
    reader.window = 64
    line = b"x" * 19 + b"\n"
    script = b"COPY t FROM stdin;\n" + line * 50 + b"y" * 1000 + b"\n\\.\n"
    chunks = [event.chunks for event in reader.read([script]) if isinstance(event, CopyData)]
    assert b"".join(chunks) == line * 50 + b"y" * 1000 + b"\n"
    assert max(map(len, chunks)) < 300
    assert all(chunk.endswith(b"\n") for chunk in chunks if b"x" in chunk and b"y" not in chunk)


REFUSED = {
    "string": (b"S;SELECT 'abc;", 9, "a string"),
    "escape string": (b"SELECT E'abc\\';", 8, "a string"),
    "name": (b'SELECT "a;', 7, "a quoted name"),
    "dollars": (b"SELECT $a$ $b$ $a", 7, "a dollar-quoted string"),
    "comment": (b"S; /* /* abc; */", 3, "a comment"),
    "statement": (b"S; SELECT (1;", 3, "a statement"),
    "body": (b"CREATE FUNCTION f() BEGIN ATOMIC S;", 0, "a statement"),
    "command": (b"S; \\! ls", 3, "a psql command"),
    "copy": (b"-- x\nCOPY t FROM stdin;\n1\n\\. \n", 5, "a COPY block"),
    "copy without its last line end": (b"COPY t FROM stdin;\n1\n\\.", 0, "a COPY block"),
    "copy and more": (b"COPY t FROM stdin; SELECT 1;\n1\n\\.\n", 18, "after the data"),
    "binary copy": (b"COPY t FROM stdin (FORMAT 'binary');\n", 0, "binary"),
    "encoding": (b"SET client_encoding = 'SJIS';", 0, "SJIS"),
    "encoding by names": (b"S;SET NAMES 'gb18030';", 2, "gb18030"),
    "encoding by command": (b"\\encoding BIG5\n", 0, "BIG5"),
    "strings": (b"SET LOCAL standard_conforming_strings = off;", 0, "standard_conforming_strings"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    script, offset, said = REFUSED[name]
    error = error_of(PostgresReader, script)
    assert error.place.offset == offset
    assert said.lower() in str(error).lower()


def test_cut_off() -> None:
    assert_cut_is_seen(
        PostgresReader,
        b"--\n-- PostgreSQL database dump\n\\restrict abc\nSET client_encoding = 'UTF8';\n\\connect x\n"
        b"CREATE FUNCTION f() AS $_$ begin; end $_$;\n" + ATOMIC + b";\n/* a /* b */ */ SELECT E'\\';', U&'x';\n"
        b"COPY public.t (a) FROM stdin;\n1\n\\.x\n\\.\n\nCREATE RULE r DO (a;b);COPY t FROM stdin;\n\\.\n"
        b"SELECT 1 \\g\n--\n-- PostgreSQL database dump complete\n",
    )
