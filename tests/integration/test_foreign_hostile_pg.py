# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL dumps that want more than a database: nothing of it happens, on a server where it would work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from support.dumps import Here, dump, restored

START = "CREATE TABLE t (i text);\nINSERT INTO t VALUES ('kept');\n"
EVIL = "COPY t FROM PROGRAM 'touch planted'; CREATE ROLE evil SUPERUSER"
BODY = "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC"
SET_OFF = "SELECT length(set_config('standard_conforming_strings', 'off', false))"
READ = "pg_read_file('/etc/passwd')"

FOREIGN = """CREATE EXTENSION file_fdw; CREATE SERVER s FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE f (a text) SERVER s"""

# (what is run, a part of what is told)
HOSTILE = {
    "carriage return": ("COPY t FROM --\rPROGRAM 'touch planted' /*\nSTDIN --*/ ;", "PROGRAM"),
    "carriage return, system": ("ALTER --\rSYSTEM SET work_mem = '9MB' /*\nTABLE t ADD j int --*/;", "ALTER SYSTEM"),
    "string goes on": (f"SELECT E'a'\n'b\\''; {EVIL}; --';", "another line"),
    "named begin": (f"CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'; {EVIL}; END;", "semicolon"),
    "named case": (f"{BODY} SELECT 1 AS case; END; {EVIL}; END;", "semicolon"),
    "strings by INSERT": (f"INSERT INTO t {SET_OFF};\nSELECT 'a\\''; {EVIL}; --';", "standard_conforming_strings"),
    "strings by DO": (
        f"DO $$BEGIN PERFORM {SET_OFF[7:]}; END$$; SELECT 'a\\''; {EVIL}; --';",
        "standard_conforming_strings",
    ),
    "strings by ROLLBACK": (
        f"BEGIN; SET standard_conforming_strings = off; ROLLBACK; SELECT 'a\\'; {EVIL}; --';",
        "standard_conforming_strings",
    ),
    "encoding by INSERT": ("INSERT INTO t SELECT set_config('client_encoding', 'BIG5', false);", "BIG5"),
    "read": (f"INSERT INTO t SELECT {READ};", "pg_read_file"),
    "read for values": (f"INSERT INTO t VALUES ({READ});", "pg_read_file"),
    "read for a table": (f"CREATE TABLE u AS SELECT {READ};", "pg_read_file"),
    "read for a default": (f"CREATE TABLE u (a text, b text DEFAULT {READ});", "pg_read_file"),
    "read by a hidden name": ("INSERT INTO t SELECT U&\"pg\\005fread_file\"('/etc/passwd');", "U&"),
    "read by an attribute": ("INSERT INTO t SELECT ('/etc/passwd'::text).pg_read_file;", "pg_read_file"),
    "read by a cast": (
        "CREATE CAST (text AS boolean) WITH FUNCTION pg_catalog.lo_import; SELECT '/etc/passwd'::text::boolean;",
        "lo_import",
    ),
    "read by a query": (f"INSERT INTO t SELECT ts_rewrite('a'::tsquery, $$SELECT '', {READ}$$)::text;", "ts_rewrite"),
    "internal": ("CREATE FUNCTION f(text) RETURNS text LANGUAGE internal AS 'pg_read_file_all';", "internal"),
    "language": ("CREATE FUNCTION f() RETURNS int LANGUAGE $$c$$ AS '/tmp/evil';", "language"),
    "foreign program": (f"{FOREIGN} OPTIONS (program 'touch planted');", "program"),
    "role by WITH": (
        "WITH x AS (INSERT INTO pg_authid SELECT * FROM pg_authid RETURNING 1) SELECT 1;",
        "pg_authid",
    ),
    "role by ONLY": ("UPDATE ONLY (pg_authid) SET rolname = 'evil';", "pg_authid"),
    "role by WITH ONLY": (
        "WITH x AS (UPDATE ONLY/**/(pg_catalog.pg_authid) SET rolname = 'evil' RETURNING 1) SELECT 1;",
        "pg_catalog",
    ),
    "role by a view": ("CREATE VIEW v AS SELECT * FROM pg_authid; UPDATE v SET rolname = 'evil';", "a view"),
    "catalogs opened": ("SET allow_system_table_mods = on;", "allow_system_table_mods"),
    "catalog emptied": ("TRUNCATE t, pg_shdescription;", "pg_shdescription"),
    "catalog locked": ("BEGIN; LOCK TABLE pg_authid; COMMIT;", "pg_authid"),
    "library": (
        "ALTER DATABASE x SET session_preload_libraries TO '/tmp/evil';\n\\connect x\n",
        "session_preload_libraries",
    ),
    "NUL": (f"/* {'far behind the beginning ' * 50}*/ INSERT INTO t VALUES ('1'),('2')\0,('3');", "NUL"),
}


@pytest.fixture
def server(empty_postgresql: support.Server) -> support.Server:
    """A server without databases."""
    return empty_postgresql


@pytest.fixture
def here(server: support.Server, tmp_path: Path) -> Iterator[Here]:
    """Restores into `shop` with if_exists=replace."""
    made = Here(server, tmp_path)
    yield made
    made.close()


def test_hostile_statements(server: support.Server, here: Here, tmp_path: Path) -> None:
    """Each is refused and named; no program ran, no role was made, no database is left."""
    roles = server.query("SELECT rolname FROM pg_roles ORDER BY 1")
    settings = server.query("SELECT count(*) FROM pg_file_settings")
    marker = tmp_path / "planted"
    src = tmp_path / "hostile.sql"
    for name, (statement, told) in HOSTILE.items():
        src.write_bytes((START + statement.replace("planted", str(marker)) + "\n").encode())
        with pytest.raises(BackupError) as caught:
            here(src)
        assert told in str(caught.value), (name, str(caught.value))
        assert not marker.exists(), name
        assert server.query("SELECT rolname FROM pg_roles ORDER BY 1") == roles, name
        assert server.databases() == [], name
    assert server.query("SELECT count(*) FROM pg_file_settings") == settings


def test_rows_are_not_told(here: Here, tmp_path: Path) -> None:
    """A quote that is missing makes SQL of a row."""
    src = tmp_path / "row.sql"
    function = "CREATE FUNCTION say() RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE 'Meier'; END$$;\n"
    for row in ("INSERT INTO t VALUES (Meier)", "INSERT INTO t VALUES (1 Meier)", "SELECT say()", "Meier 1"):
        src.write_text(f"{START}{function}{row};\n", encoding="utf-8")
        with pytest.raises(BackupError) as caught:
            here(src)
        assert "meier" not in str(caught.value).lower(), row


def test_a_table_of_many_columns(server: support.Server, tmp_path: Path) -> None:
    """Its rows come back, by COPY and by INSERT."""
    server.create_database("wide")
    columns = ", ".join(f"c{number} integer DEFAULT {number}" for number in range(400))
    server.query(f"CREATE TABLE w ({columns})", database="wide")
    server.query("INSERT INTO w (c7) VALUES (-1), (-2)", database="wide")
    before = support.fingerprint(server, "wide")
    for options in ((), ("--column-inserts",)):
        restored(server, dump(server, tmp_path / "wide.sql", *options, "wide"), target="again", if_exists="replace")
        support.assert_same(before, support.fingerprint(server, "again"))


def test_a_dump_of_a_server_with_escapes_in_strings(server: support.Server, tmp_path: Path) -> None:
    """pg_dump writes what the database had."""
    server.create_database("old")
    server.query("ALTER DATABASE old SET standard_conforming_strings = off")
    server.query("CREATE TABLE t (a text)", database="old")
    server.query("INSERT INTO t VALUES (E'back\\\\slash, quote'' \\n')", database="old")
    for options in (("--create",), ("--inserts",)):
        src = dump(server, tmp_path / "old.sql", *options, "old")
        restored(server, src, target="again", if_exists="replace")
        assert server.query("SELECT a FROM t", database="again") == server.query("SELECT a FROM t", database="old")


def test_a_scratch_database_with_a_subscription(server: support.Server, here: Here, tmp_path: Path) -> None:
    """A load that fails behind it leaves nothing; one that is replaced goes too."""
    src = tmp_path / "subscribed.sql"
    subscription = "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false);\n"
    src.write_text(f"{START}{subscription}SELECT 1 / 0;\n", encoding="utf-8")
    with pytest.raises(BackupError, match="division"):
        here(src)
    assert server.databases() == [] and server.query("SELECT count(*) FROM pg_subscription") == [(0,)]
    src.write_text(START + subscription, encoding="utf-8")
    here(src)
    assert server.query("SELECT subenabled FROM pg_subscription") == [(False,)]
    src.write_text(START, encoding="utf-8")
    result = here(src)
    assert server.databases() == ["shop"] and server.query("SELECT count(*) FROM pg_subscription") == [(0,)], result
