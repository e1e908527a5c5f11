# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: no value of a row is in a message, however a load fails. What is no row's value stays."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.modules import TREE, run_module
from support.postgres import PostgresServer
from test_fault_secrets import SITECUSTOMIZE

ROW = "4929-7731-Lindenhof"
OTHER = "Kastanienallee 12"
TRUE, FALSE = "RETURN true", "RETURN false"


def _function(name: str, takes: str, gives: str, body: str) -> str:
    head = f"CREATE OR REPLACE FUNCTION public.{name}({takes}) RETURNS {gives} LANGUAGE plpgsql IMMUTABLE"
    return f"{head} AS $$ BEGIN {body}; END $$;\n"


def _as_type(name: str) -> str:
    """Another type of the same bytes: what is there would not be taken as its text."""
    return (
        f"UPDATE pg_attribute SET atttypid = '{name}'::regtype, atttypmod = %s WHERE attrelid = 't'::regclass"
        " AND attname = 'a';"
    )


MADE = f"CREATE TABLE t (a text, b text);\nINSERT INTO t VALUES ('{ROW}', '{OTHER}'), ('{ROW} ', '{OTHER}');\n"
RAISES = (
    f"RAISE EXCEPTION USING MESSAGE = 'role \"' || $1 || '\" does not exist', DETAIL = '{OTHER}', ERRCODE = '42704'"
)
# A database that no dump of it can be loaded from: what happened to it, and what must be told.
BROKEN = {
    "unique": (
        _function("f", "text", "text", "RETURN $1")
        + MADE
        + "CREATE UNIQUE INDEX one ON t (f(a));"
        + _function("f", "text", "text", f"RETURN '{ROW}'"),
        'could not create unique index "one"',
    ),
    "check": (
        _function("f", "text", "bool", TRUE) + MADE + "ALTER TABLE t ADD CONSTRAINT right_one CHECK (f(a));"
        + _function("f", "text", "bool", FALSE),
        'new row for relation "t" violates check constraint "right_one"',
    ),
    "raised": (
        _function("f", "text", "bool", TRUE) + MADE + "ALTER TABLE t ADD CHECK (f(a));"
        + _function("f", "text", "bool", RAISES),
        "a function raised an error",
    ),
    "domain": (
        _function("f", "text", "bool", TRUE) + "CREATE DOMAIN card AS text CONSTRAINT real CHECK (f(value));"
        + MADE.replace("a text", "a card") + _function("f", "text", "bool", FALSE),
        'value for domain public.card violates check constraint "real"',
    ),
    "key": (
        "CREATE TABLE whole (a text PRIMARY KEY);" + MADE
        + "ALTER TABLE t ADD CONSTRAINT to_whole FOREIGN KEY (a) REFERENCES whole NOT VALID;"
        "UPDATE pg_constraint SET convalidated = true WHERE conname = 'to_whole';",
        'insert or update on table "t" violates foreign key constraint "to_whole"',
    ),
    "generated": (
        _function("f", "text", "int", "RETURN 1") + MADE
        + "ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (1 / f(a)) STORED;"
        + _function("f", "text", "int", "RETURN 0"),
        "division by zero",
    ),
    "length": (MADE + _as_type("varchar") % 8, "value too long for type character varying(4)"),
    "cast": (
        _function("f", "text", "int", "RETURN 1") + MADE + "CREATE MATERIALIZED VIEW seen AS SELECT f(a) FROM t;"
        + _function("f", "text", "int", "RETURN $1::int"),
        'invalid input syntax for type integer: "..."',
    ),
    "relation": (
        "CREATE TABLE t (a text, b text);CREATE MATERIALIZED VIEW seen AS SELECT a::regclass FROM t;"
        + MADE.partition("\n")[2],
        'relation "..." does not exist',
    ),
    "setting": (
        _function("f", "text", "text", "RETURN $1") + MADE + "CREATE INDEX ON t (f(a));"
        + _function("f", "text", "text", "RETURN current_setting($1 || '.x')"),
        "(PL/pgSQL function public.f(text) line 1)",
    ),
}  # fmt: skip
TABLE = "CREATE TABLE t (a text, b text);\n"
COPY = f"COPY t FROM stdin;\n{ROW}\t{OTHER}\n\\.\n"
PLAIN = {
    "not null": (f"CREATE TABLE t (a text, b text NOT NULL);\nINSERT INTO t VALUES ('{ROW}', NULL);", 'column "b"'),
    "integer": ("CREATE TABLE t (a int, b text);\n" + COPY, 'type integer: "..." (COPY t, line 1, column a)'),
    "range": (f"CREATE TABLE t (a date, b text);\nINSERT INTO t VALUES ('2024-13-99', '{ROW}');", "out of range"),
    "number": ("CREATE TABLE t (a int);\nINSERT INTO t VALUES (49297731492977314929);", "integer out of range"),
    "json": ("CREATE TABLE t (a json, b text);\n" + COPY, "invalid input syntax for type json"),
    "array": (f"CREATE TABLE t (a text[]);\nINSERT INTO t VALUES ('{ROW}');", "malformed array literal"),
    "enum": (f"CREATE TYPE e AS ENUM ('x');CREATE TABLE t (a e);\nINSERT INTO t VALUES ('{ROW}');", "enum e"),
    "bytes": (TABLE + COPY.replace("Linden", "Linden\udce4"), 'encoding "UTF8"'),
    "columns": (TABLE + COPY.replace(OTHER, f"{OTHER}\tmore"), "extra data after last expected column"),
    "syntax": (TABLE + f"INSERT INTO t VALUES ('a' {ROW});", "syntax error"),
    "column": (TABLE + f'INSERT INTO t ("{ROW}") VALUES (1);', "column"),
    "twice": (
        "CREATE TABLE t (a text CONSTRAINT one PRIMARY KEY);" + f"INSERT INTO t VALUES ('{ROW}');" * 2,
        '"one"',
    ),
    "trigger": (
        TABLE
        + "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE '%', NEW; END $$;"
        + "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
        + COPY,
        "a function raised an error",
    ),
    "definition": (TABLE + COPY + "ALTER TABLE t ALTER a TYPE int USING a::int;", 'type integer: "..."'),
    "composed": (
        _function("f", "text", "text", "EXECUTE 'SELECT f' || replace($1, '-', '_') || '(1)'; RETURN $1")
        + TABLE + COPY + "CREATE INDEX ON t (f(a));",
        'function "..." does not exist (PL/pgSQL function f(text) line 1)',
    ),
    "encoding": (TABLE + COPY + "CREATE INDEX ON t (encode('x', a));", 'unrecognized encoding: "..."'),
    "regclass": (f"CREATE TABLE t (a regclass);\nINSERT INTO t VALUES ('{ROW}');", 'relation "..." does not exist'),
    "check of names": (
        TABLE + COPY + "ALTER TABLE t ADD CHECK (a::regrole IS NOT NULL);", 'role "..." does not exist',
    ),
    "a table": (f"INSERT INTO absent VALUES ('{ROW}');", 'relation "absent" does not exist'),
    "block": (f"DO $$ BEGIN RAISE '{ROW}'; END $$;", "raised an error"),
}  # fmt: skip


class Told:
    """Runs modules at the highest verbosity and looks into everything that they say."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self._server, self._folder = server, folder
        self._log = folder / "syslog"
        self._log.touch()
        (folder / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
        self._env = {"VYA_SYSLOG": str(self._log), "PYTHONPATH": os.pathsep.join((str(folder), str(TREE)))}
        self.options = {"engine": "postgresql", **server.login}
        self.store = {"store": str(folder / "store"), "host": "h"}

    def run(self, module: str, params: dict[str, Any]) -> dict[str, Any]:
        """The result of a module in which, as in its logs, there is no value of a row."""
        journal = self._folder / "journal"
        result = run_module(
            module, {**self.options, "journal": str(journal), **params},
            path_prefix=self._server.tool_path, env=self._env, verbosity=3,
        )  # fmt: skip
        seen = [json.dumps(result, ensure_ascii=False), self._log.read_text(encoding="utf-8")]
        seen += [path.read_text(encoding="utf-8") for path in self._folder.rglob("journal*") if path.is_file()]
        for text in seen:
            for value in (ROW, OTHER, "Lindenhof", "Kastanien", "4929", "2024-13"):
                assert value not in text, text
        return result


@pytest.fixture(name="told")
def _told(pg15: PostgresServer, tmp_path: Path) -> Told:
    return Told(pg15, tmp_path)


def _break(server: PostgresServer, script: str) -> None:
    server.drop_database("rows")
    server.create_database("rows")
    server.execute_script(f"SET allow_system_table_mods = on;\n{script}".encode(), "rows")


@pytest.mark.parametrize("way", BROKEN)
def test_of_backups_and_archives(pg15: PostgresServer, told: Told, tmp_path: Path, way: str) -> None:
    """A drill and a restore of a backup, a restore of an archive."""
    script, wanted = BROKEN[way]
    _break(pg15, script)
    made = told.run("db_backup", {**told.store, "databases": ["rows"], "globals": False})
    assert not made["failed"], made["msg"]
    results = [told.run("backup_drill", {**told.store, "databases": ["rows"]})]
    part = next((tmp_path / "store").rglob("database.dump*"))
    results.append(told.run("db_restore", {"src": str(part), "target": "rows2"}))
    for result in results:
        assert result["failed"], result
        assert wanted in result["msg"], result["msg"]


def test_of_plain_dumps(told: Told, tmp_path: Path) -> None:
    """Statements of others, through the driver."""
    for way, (script, wanted) in PLAIN.items():
        path = tmp_path / "dump.sql"
        path.write_bytes(script.encode("utf-8", "surrogateescape"))
        result = told.run("db_restore", {"src": str(path), "target": "rows2", "allow_incomplete": True})
        assert result["failed"], way
        assert wanted in result["msg"], (way, result["msg"])
