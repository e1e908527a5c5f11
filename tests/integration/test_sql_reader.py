# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts are split as the servers' own clients split them: the same rows; dumps run statement by statement."""

from __future__ import annotations

import io
import random
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import (
    Comment,
    CopyData,
    CopyEnd,
    Event,
    Meta,
    Statement,
)
from ansible_collections.vya.backupdb.plugins.module_utils._sql.mysql_reader import MysqlReader
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_reader import PostgresReader
from support.mysql_family import MysqlFamilyServer
from support.postgres import PostgresServer

STATEMENTS = 300
CHUNK = 1000
HOSTILE = [
    ";", "';", '"', "`", "\\", "\\\\", "--", "-- ", "#", "/*", "*/", "/*!", "$$", "$a$", "(", ")", "\n", "\r\n",
    "\n\\.\n", "\nDELIMITER //\n", "//", "\nCOPY t FROM stdin;\n", "\n\\! touch planted\n", " end ",
    "E'", "x", "é", "\u3000", "😀", " ",
]  # fmt: skip


def hostile(source: random.Random) -> str:
    return "".join(source.choices(HOSTILE, k=source.randint(0, 8)))


class ByDriver:
    """Runs events one by one, each statement by itself, through the driver."""

    def __init__(self, server: support.Server, database: str | None = None) -> None:
        self.server = server
        self.connection = server.connect(database)
        self._copy: Statement | None = None
        self._data = io.BytesIO()

    def __enter__(self) -> ByDriver:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.connection.close()

    def run(self, script: bytes, passed_over: tuple[bytes, ...] = ()) -> int:
        """Run a script; how many statements it had. Raises the driver's error with the statement."""
        reader = PostgresReader() if isinstance(self.server, PostgresServer) else MysqlReader()
        events = list(reader.read(script[i : i + CHUNK] for i in range(0, len(script), CHUNK)))
        count = 0
        for event, following in zip(events, [*events[1:], None], strict=True):
            text: bytes = getattr(event, "text", b"")
            try:
                if isinstance(event, Meta):
                    self._meta(text)
                elif not isinstance(event, Comment) and not text.startswith(passed_over):
                    count += 1
                    self._one(event, following)
            except Exception as error:
                raise AssertionError(f"{event.place}: {text[:300]!r}: {error}") from error
        return count

    def _one(self, event: Event, following: Event | None) -> None:
        if isinstance(event, CopyData):
            self._data.write(event.chunks)
        elif isinstance(event, CopyEnd):
            assert self._copy is not None
            self._data.seek(0)
            with self.connection.cursor() as cursor:
                cursor.copy_expert(self._copy.text.decode(), self._data)
            self._copy, self._data = None, io.BytesIO()
        else:
            text = getattr(event, "text", b"")
            if isinstance(following, (CopyData, CopyEnd)):
                self._copy = event if isinstance(event, Statement) else None
            elif isinstance(self.server, PostgresServer):
                with self.connection.cursor() as cursor:
                    cursor.execute(text)
            else:
                self.connection.query(text)

    def _meta(self, text: bytes) -> None:
        """What dumps have: psql's way to another database, and what stands for no SQL at all."""
        if text.startswith(b"\\connect "):
            name = text[len(b"\\connect ") :].decode()
            if name.startswith("-reuse-previous=on "):
                name = name.split("dbname='", 1)[1][:-2].replace("\\'", "'").replace("\\\\", "\\")
            elif name.startswith('"'):
                name = name[1:-1].replace('""', '"')
            self.connection.close()
            self.connection = self.server.connect(name)
        else:
            assert text.startswith((b"\\restrict ", b"\\unrestrict ", b"/*!999999\\- ", b"/*M!999999\\- ")), text


# -- hostile literals


def my_literal(source: random.Random, backslashes: bool, ansi: bool) -> str:
    text = hostile(source)
    quote = source.choice("'" if ansi else "'\"")
    if backslashes:
        text = text.replace("\\", "\\\\")
    doubled = quote * 2 if not backslashes or source.random() < 0.5 else "\\" + quote
    between = source.choice(["", " ", "/* ' ; */", "-- ;'\n", '#";\n', "/*!40000 */", "\n"])
    return f"{quote}{text.replace(quote, doubled)}{quote}{between}"


def my_script(source: random.Random) -> str:
    """Inserts, with other modes and delimiters in between."""
    script, delimiter = ["SET @kept = '', sql_mode = '';\n"], ";"
    modes = kept = (True, False)
    for number in range(STATEMENTS):
        if source.random() < 0.05:
            kept = modes
            script.append(f"/*!50003 SET @kept = @@sql_mode */ {delimiter}\n")
            modes = (source.random() < 0.5, source.random() < 0.5)
            names = [*([] if modes[0] else ["NO_BACKSLASH_ESCAPES"]), *(["ANSI_QUOTES"] if modes[1] else [])]
            setting = f"SET {source.choice(['', 'SESSION ', '@@session.'])}sql_mode = '{','.join(names)}'"
            script.append(f"/*!40101 {setting} */ {delimiter}")
        elif source.random() < 0.05:
            modes = kept
            script.append(f"SET sql_mode = @kept {delimiter}\n")
        if source.random() < 0.05:
            delimiter = source.choice([";", ";;", "//", "$$", "|"])
            script.append(f"\n{source.choice(['DELIMITER', 'delimiter'])} {delimiter}\n")
        values = ", ".join(my_literal(source, *modes) for dummy in range(source.randint(1, 4)))
        alias = source.choice(["`a;'b`", '"a;`b"' if modes[1] else "`a\\`", "ab"])
        end = source.choice(["", "\n"])
        script.append(f"INSERT INTO t SELECT {number}, CONCAT({values}) AS {alias}{delimiter}{end}")
    return "".join(script)


def pg_literal(source: random.Random, standard: bool) -> str:
    text = hostile(source)
    kind = source.choice(["plain", "escape", "dollar", "unicode"] if standard else ["plain", "escape", "dollar"])
    between = source.choice(["", " ", "/* ' /* ; */ ; */", "-- ;'\n", "\n", "::text", "\\:: text"])
    if kind == "dollar":
        tag = source.choice(["$$", "$a$", "$_1$"])
        return f"{tag}{text.replace('$', '€')}{tag}{between}"
    if kind == "unicode":
        return "U&'" + text.replace("\\", "\\\\").replace("'", "''") + f"'{between}"
    if kind == "plain" and standard:
        return "'" + text.replace("'", "''") + f"'{between}"
    doubled = source.choice(["''", "\\'"])
    prefix = "E" if kind == "escape" else ""
    return f"{prefix}'" + text.replace("\\", "\\\\").replace("'", doubled) + f"'{between}"


def pg_script(source: random.Random) -> str:
    """Inserts and COPY blocks, with other modes of strings and functions in between."""
    script = ["SET escape_string_warning = off;\nSET backslash_quote = on;\n"]
    standard = True
    for number in range(STATEMENTS):
        if source.random() < 0.05:
            standard = source.random() < 0.5
            # psql heeds it from the next line on.
            script.append(f"SET standard_conforming_strings = {'on' if standard else 'off'};\n")
        if source.random() < 0.05:
            text = hostile(source).translate({ord("\\"): "\\\\", ord("\n"): "\\n", ord("\r"): "\\r"})
            script.append(f"COPY t (id, v) FROM {source.choice(['stdin', 'STDIN'])};\n{number + 1000}\t{text}\n\\.\n")
        if source.random() < 0.05:
            script.append(
                f"CREATE FUNCTION f{number}() RETURNS text BEGIN ATOMIC SELECT CASE WHEN true THEN 'end;' END;"
                " SELECT 'end'; END;"
            )
        values = " || ".join(pg_literal(source, standard) for dummy in range(source.randint(1, 4)))
        alias = source.choice(["a$b$c", '"a;\'b"', "ab", "e"])
        end = source.choice([";", ";\n"])
        script.append(f"INSERT INTO t SELECT {number}, x.{alias} FROM (SELECT ({values}) AS {alias}) x{end}")
    return "".join(script)


@pytest.fixture
def two(any_server: support.Server) -> Iterator[support.Server]:
    """A server with two empty databases."""
    for name in ("client", "driver"):
        any_server.drop_database(name)
        any_server.create_database(name, "CHARACTER SET utf8mb4" if any_server.engine == "mysql" else "")
        kind = "LONGTEXT" if any_server.engine == "mysql" else "text"
        any_server.query(f"CREATE TABLE t (id integer PRIMARY KEY, v {kind})", database=name)
    yield any_server
    for name in ("client", "driver"):
        any_server.drop_database(name)


def rows(server: support.Server, database: str) -> list[tuple[Any, ...]]:
    return server.query("SELECT id, v FROM t ORDER BY id", database=database)


@pytest.mark.parametrize("seed", range(2))
def test_the_client_and_the_driver_make_the_same_rows(two: support.Server, seed: int) -> None:
    source = random.Random(seed)
    script = (my_script(source) if two.engine == "mysql" else pg_script(source)).encode()
    two.execute_script(script, "client")
    with ByDriver(two, "driver") as driver:
        assert driver.run(script) >= STATEMENTS
    found = rows(two, "client")
    assert len(found) >= STATEMENTS
    assert found == rows(two, "driver")


# -- dumps

# They are there already.
ROLES = (b"CREATE ROLE ", b"CREATE TABLESPACE ")


def dump(server: support.Server, program: str, *options: str) -> bytes:
    if isinstance(server, PostgresServer):
        argv, environ = [str(server.binaries() / program), *options], server.client_environ()
    else:
        assert isinstance(server, MysqlFamilyServer)
        argv, environ = [program, f"--defaults-file={server.option_file()}", *options], server.environ()
    done = subprocess.run(argv, env=environ, capture_output=True, check=True)
    return done.stdout


@pytest.fixture
def hostile_database(any_server: support.Server) -> Iterator[support.Server]:
    """A server with the database `shop`, which holds all that its engine knows."""
    any_server.drop_database("shop")
    support.load_hostile(any_server, "shop")
    yield any_server
    any_server.drop_database("shop")


def test_a_dump_runs_statement_by_statement(hostile_database: support.Server) -> None:
    server = hostile_database
    before = support.fingerprint(server, "shop")
    if isinstance(server, PostgresServer):
        scripts = [
            dump(server, "pg_dump", "--create", "shop"),
            dump(server, "pg_dump", "--create", "--inserts", "shop"),
            dump(server, "pg_dumpall"),
        ]
    else:
        options = ["--databases", "--routines", "--triggers", "--events", "--single-transaction"]
        # A sequence that a column uses is not among the tables that MariaDB's dumps lock.
        options += ["--set-gtid-purged=OFF"] if server.flavour == "mysql" else ["--skip-add-locks"]
        program = "mysqldump" if server.flavour == "mysql" else "mariadb-dump"
        scripts = [
            dump(server, program, *options, *more, "shop") for more in ([], ["--skip-extended-insert", "--hex-blob"])
        ]
    for script in scripts:
        server.drop_database("shop")
        with ByDriver(server) as driver:
            assert driver.run(script, passed_over=ROLES) > 50
        support.assert_same(comparable(before), comparable(support.fingerprint(server, "shop")))


def comparable(found: dict[str, Any]) -> dict[str, Any]:
    """Without what these dumps leave out: the history of rows, and the sign of -0 in pg_dump's INSERT."""
    return {key: value for key, value in found.items() if not key.startswith(("history ", "table public.every_type"))}
