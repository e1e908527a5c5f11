# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's SQL that is written so that the rules see something else than the server."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_session import _error as refusal
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import SqlReadError, Unreadable
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_reader import PostgresReader
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_strings import agreed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import RefusedError
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.reading import (
    error_of,
    in_every_chunking,
    texts,
)
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.through_rules import (
    NAMES,
    PG15,
    counted,
    through,
)


def refused_by(sql: str | bytes) -> str:
    """The name of the rule that refuses it."""
    with pytest.raises(RefusedError) as caught:
        through(PG15, sql)
    return next(name for name, text in NAMES.items() if text == caught.value.rule.name)


@pytest.mark.parametrize("columns", [1, 195, 196, 1600])
def test_copy_of_many_columns(columns: int) -> None:
    """The rows stay rows, however many words stand before FROM."""
    copy = f"COPY t ({', '.join(f'c{i}' for i in range(columns))}) FROM stdin"
    out, _rules = through(PG15, f"{copy};\nDROP DATABASE x;\n\\.\nSELECT 1;")
    assert out == [copy, "DROP DATABASE x;\n", "\\.", "SELECT 1"]


def test_what_follows_copy_behind_a_carriage_return() -> None:
    """For psql the comment ends there, and a statement begins."""
    with pytest.raises(SqlReadError, match="after the data"):
        through(PG15, b"COPY t FROM stdin; -- x\rSELECT 1;\n\\.\n")


COMMENTS = [
    ("COPY t FROM --\rPROGRAM 'touch x' /*\nSTDIN --*/ ;", "SERVER_FILE"),
    ("ALTER --\rSYSTEM SET work_mem = '1GB' /*\nTABLE t ADD j int --*/;", "SERVER_CHANGE"),
    ("COPY t FROM\x0bPROGRAM 'touch x';", "SERVER_FILE"),
]


@pytest.mark.parametrize(("sql", "rule"), COMMENTS)
def test_comments_end_where_they_end_for_the_server(sql: str, rule: str) -> None:
    assert refused_by(sql) == rule


def test_space_is_what_is_space_for_the_server() -> None:
    """All else above ASCII is a letter."""
    assert Parsed("a\u00a0b \u2003c\r\n\f\v\td".encode()).upper == ["A\u00a0B", "\u2003C", "D"]
    assert Parsed(b"a\x1cb").upper == ["A", "\x1c", "B"]


@pytest.mark.parametrize(
    "sql", ["INSERT INTO t VALUES (1),(2)\0\0,(3);", "COMMENT ON TABLE t IS 'a\0b';", "\0SELECT 1;"]
)
def test_a_nul_byte_would_end_the_statement(sql: str) -> None:
    assert refused_by(sql) == "UNKNOWN"


@pytest.mark.parametrize("row", ["Meier\t1;", "\\NMeier\n", "INSERT Meier;", "\\Meier `x`\n"])
def test_words_that_may_be_data_are_not_told(row: str) -> None:
    """A row that is read as SQL."""
    with pytest.raises(RefusedError) as caught:
        through(PG15, row)
    assert "meier" not in str(caught.value).lower()


# Statement, how strings are read before it, how they are read behind it.
FOLLOWED = [
    (b"INSERT INTO t VALUES ('x')", True, True),
    (b"SET standard_conforming_strings = off", True, False),
    (b"SELECT set_config('standard_conforming_strings', 'on', false)", False, True),
    (b"RESET ALL", False, True),
    (b"INSERT INTO t SELECT length(set_config('standard_conforming_strings', 'off', false))", True, True),
    (b"ROLLBACK", False, False),
]


@pytest.mark.parametrize(("text", "before", "behind"), FOLLOWED)
def test_the_server_reads_strings_as_the_reader_does(text: bytes, before: bool, behind: bool) -> None:
    """What the server reports is compared; a function, a ROLLBACK may have changed it."""
    assert agreed(text, before, "on" if behind else "off", "UTF8") is behind
    with pytest.raises(Unreadable, match="cannot be followed"):
        agreed(text, before, "off" if behind else "on", "UTF8")
    with pytest.raises(Unreadable, match="BIG5"):
        agreed(text, before, "on" if behind else "off", "BIG5")


class Refusal(Exception):
    """What the driver raises."""

    def __init__(self, pgcode: str, message: str) -> None:
        super().__init__(message)
        self.pgcode = pgcode


# SQLSTATE, the server's message, whether it is passed on where it is about data, and where it is about definitions:
# these are run over rows, too, when an index is built or a constraint is checked.
MESSAGES = [
    ("42601", 'syntax error at or near "Meier"', False, True),
    ("42703", 'column "Meier" does not exist', False, True),
    ("22P02", 'invalid input syntax for type integer: "Mei"er"', False, False),
    ("P0001", "no such customer: Meier", False, False),
    ("23505", 'duplicate key value violates unique constraint "Meier"', True, True),
    ("42P01", 'relation "Meier" does not exist', False, True),
]


@pytest.mark.parametrize(("code", "message", "of_data", "of_definitions"), MESSAGES)
def test_messages_quote_no_data(code: str, message: str, of_data: bool, of_definitions: bool) -> None:
    values = b"INSERT INTO customers VALUES ('Meier')"
    assert ("Meier" in str(refusal(Refusal(code, message), True, values))) is of_data
    assert (message in str(refusal(Refusal(code, message), False, b"CREATE VIEW v AS ..."))) is of_definitions


def test_the_table_of_a_statement_is_named() -> None:
    """It is no value, and the reason is seldom another."""
    missing = Refusal("42P01", 'relation "public.customers" does not exist')
    for statement in (b'INSERT INTO public."customers" VALUES (1)', b"COPY public.customers (a, b) FROM stdin"):
        assert 'relation "public.customers" does not exist' in str(refusal(missing, True, statement))


BODY = "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC"
EVIL = "COPY t FROM PROGRAM 'touch x'"
MANY = [
    f"CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'; {EVIL}; CREATE ROLE evil SUPERUSER; END;",
    f"{BODY} SELECT 1 AS case; END; {EVIL}; END;",
    f"{BODY} SELECT 1; {EVIL}; END;",
    f"{BODY.replace('f()', 'begin()')} END; INSERT INTO pg_authid DEFAULT VALUES; END;",
    f"{BODY.replace('f()', 'begin()')} SELECT 1; END; SELECT 2; END;",
    "CREATE FUNCTION begin() RETURNS int RETURN 1; SELECT 2; END;",
    f"{BODY} SELECT 1 AS case; END x; END;",
]


@pytest.mark.parametrize("sql", MANY)
def test_several_statements_are_not_sent_as_one(sql: str) -> None:
    """psql counts BEGIN, CASE and END; the server does not."""
    assert refused_by(sql) == "PG_BODY"


@pytest.mark.parametrize(
    "sql",
    [
        f"{BODY} SELECT CASE WHEN true THEN 1 END; END",
        f"{BODY} SELECT (1); INSERT INTO t VALUES (1); WITH x AS (SELECT 1) SELECT 2; END",
        f"{BODY} (SELECT 1); END",
        "CREATE OR REPLACE PROCEDURE p(a int) BEGIN ATOMIC DELETE FROM t; END",
        "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM t; SELECT 1)",
        f"{BODY} END",
    ],
)
def test_bodies_of_dumps_are_taken(sql: str) -> None:
    assert through(PG15, f"{sql};")[0] == [sql]


GOES_ON = [
    r"SELECT E'a'" + "\n" + r"'b\''; COPY t FROM PROGRAM 'touch x'; --';",
    r"SELECT E'a'" + "-- x\n -- y\r\f" + r"'b\\'; S; --';",
    "SELECT E'a'\n'b'\n" + r"'\'';",
    "SET standard_conforming_strings = off; SELECT B'1'\n" + r"'\';';",
]


@pytest.mark.parametrize("sql", GOES_ON)
def test_strings_that_go_on_in_another_line(sql: str) -> None:
    """psql ends them elsewhere than the server."""
    assert "in another line" in str(error_of(PostgresReader, sql.encode()))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT E'a\\''\n'b\\n'",
        "SELECT E'a' -- '\\'\n -- '\n  'b''c'\r\n'd', '\\'",
        r"SELECT E'a' '\'",
        "SELECT E'a' - 1",
        "SELECT 'a'\n'b\\'",
        "SELECT E'a'--",
    ],
)
def test_strings_that_end_in_the_same_place(sql: str) -> None:
    events = in_every_chunking(PostgresReader, f"{sql}\n;S;".encode())
    assert texts(events) == [f"{sql}\n".encode(), b"S"]


def test_a_string_that_goes_on_is_no_name_of_a_library() -> None:
    assert refused_by("CREATE FUNCTION f() RETURNS int LANGUAGE c AS '$libdir/'\n'../../tmp/x';") == "SERVER_FILE"


OFF, ON = "SET standard_conforming_strings = off;", "SET standard_conforming_strings = on;"
LATER = [
    f"{OFF} ALTER DATABASE s SET my.name = 'a\\'; {EVIL}; --'; {ON}\n\\connect s\nCREATE TABLE t (i int);",
    f"{OFF} CREATE ROLE r; COMMENT ON ROLE r IS 'a\\'; {EVIL}; --'; {ON} CREATE TABLE t (i int);",
    f"{OFF} SET my.name = 'a\\'; {EVIL}; --'; {ON} CREATE TABLE t (i int);",
    f"SET my.name = 'a\\', 'b; {EVIL}; --'; {OFF} CREATE TABLE t (i int);",
]


@pytest.mark.parametrize("sql", LATER)
def test_what_is_run_later_means_the_same(sql: str) -> None:
    with pytest.raises(RefusedError) as caught:
        through(PG15, sql, with_globals=True)
    assert caught.value.rule.name == NAMES["PG_STRINGS"]


def test_dumps_of_servers_with_escapes_in_strings() -> None:
    sql = f"{OFF}\nSET escape_string_warning = off;\nALTER DATABASE s SET my.name = 'a';\n\\connect s\n{OFF}\n"
    out, _rules = through(PG15, sql + "INSERT INTO t VALUES ('a\\'b;');")
    assert out[-1] == "INSERT INTO t VALUES ('a\\'b;')" and OFF[:-1] in out


READ = "pg_read_file('/etc/passwd')"
REACHES = [
    (f"INSERT INTO t VALUES ('x', {READ})", "SERVER_FILE"),
    (f"INSERT INTO t VALUES (1); INSERT INTO t SELECT {READ.upper()}", "SERVER_FILE"),
    (f"UPDATE t SET a = pg_catalog . {READ.replace('(', '/**/ (')}", "SERVER_FILE"),
    ("DELETE FROM t WHERE lo_import('/etc/passwd') > 0", "SERVER_FILE"),
    (f"CREATE TABLE t AS SELECT {READ}", "SERVER_FILE"),
    (f"CREATE TABLE t (a text DEFAULT {READ})", "SERVER_FILE"),
    (f"CREATE MATERIALIZED VIEW v AS SELECT {READ}", "SERVER_FILE"),
    (f"CREATE INDEX i ON t ({READ})", "SERVER_FILE"),
    (f"ALTER TABLE t ALTER a TYPE text USING {READ}", "SERVER_FILE"),
    (f"SELECT set_config('my.x', {READ}, false)", "SERVER_FILE"),
    ("SELECT lowrite(0, pg_read_binary_file('/etc/passwd'))", "SERVER_FILE"),
    ("SELECT cursor_to_xml('c', 1, true, true, '')", "SERVER_FILE"),
    ("SELECT dblink_connect_u('x', 'y')", "SERVER_FILE"),
    ("SELECT pg_drop_replication_slot('x')", "SERVER_FILE"),
    (f"COPY t FROM stdin WHERE {READ} > '';\n\\.\n", "SERVER_FILE"),
    ("CREATE OPERATOR === (FUNCTION = pg_read_file, RIGHTARG = text)", "SERVER_FILE"),
    ("SELECT U&\"pg_read_file\"('/etc/passwd')", "PG_STRINGS"),
    ("INSERT INTO t SELECT U&\"pg\\005fread_file\"('/etc/passwd')", "PG_STRINGS"),
    ("CREATE FUNCTION f(text) RETURNS text LANGUAGE internal AS 'pg_read_file_all'", "SERVER_FILE"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE $$c$$ AS '/tmp/evil'", "SERVER_FILE"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE E'\\143' AS '/tmp/evil'", "SERVER_FILE"),
    ("CREATE FUNCTION language() RETURNS int LANGUAGE c AS '/tmp/evil'", "SERVER_FILE"),
    ("CREATE FOREIGN TABLE f (a text) SERVER s OPTIONS (program 'touch x')", "SERVER_FILE"),
    ("CREATE FOREIGN TABLE f (a text) SERVER s OPTIONS (\"filename\" '/etc/passwd')", "SERVER_FILE"),
    ("ALTER FOREIGN TABLE f OPTIONS (SET program $$touch x$$)", "SERVER_FILE"),
    ("ALTER SUBSCRIPTION s ENABLE", "PG_SUBSCRIPTION"),
    ("ALTER SUBSCRIPTION s CONNECTION 'host=there'", "PG_SUBSCRIPTION"),
    ("WITH x AS (INSERT INTO pg_authid DEFAULT VALUES RETURNING 1) SELECT 1", "PG_CATALOG"),
    ("CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; DELETE FROM pg_authid)", "PG_CATALOG"),
    ("INSERT INTO t SELECT ('/etc/passwd'::text).pg_read_file", "SERVER_FILE"),
    ('SELECT (pid) /**/ . "pg_terminate_backend"::text FROM pg_stat_activity', "SERVER_FILE"),
    ("SELECT (ARRAY['x'])[1].dblink_connect", "SERVER_FILE"),
    ("CREATE CAST (text AS boolean) WITH FUNCTION pg_catalog.pg_file_unlink", "SERVER_FILE"),
    ("CREATE CAST (text AS pg_lsn) WITH FUNCTION pg_create_restore_point(text)", "SERVER_FILE"),
    ("CREATE TRANSFORM FOR t LANGUAGE l (FROM SQL WITH FUNCTION pg_read_file)", "SERVER_FILE"),
    ("CREATE OPERATOR CLASS o FOR TYPE text USING gist AS FUNCTION 1 pg_catalog.pg_read_file", "SERVER_FILE"),
    ("ALTER OPERATOR FAMILY o USING gist ADD FUNCTION 1 (text) pg_read_file", "SERVER_FILE"),
    ("CREATE AGGREGATE a (text) (SFUNC = pg_catalog.pg_read_file, STYPE = text)", "SERVER_FILE"),
    ("CREATE TYPE t (INPUT = pg_catalog.pg_read_file, OUTPUT = f)", "SERVER_FILE"),
    ("SELECT pg_replication_slot_advance('s', '0/0')", "SERVER_FILE"),
    ("CREATE OPERATOR === (FUNCTION = crosstab) ()", "SERVER_FILE"),
    ("SELECT pg_stat_statements_reset()", "SERVER_FILE"),
    (f"SELECT ts_rewrite('a'::tsquery, $$SELECT '', left({READ}, 20)$$)", "SERVER_FILE"),
    (f"CREATE TABLE t AS SELECT * FROM crosstab($x$SELECT {READ}, 1, 2$x$) AS c(a text, b int)", "SERVER_FILE"),
    ("SELECT * FROM crosstab('SELECT pg_read' || '_file(''x'')') AS c(a text)", "SERVER_FILE"),
    ("SELECT * FROM crosstab(E'SELECT pg\\x5fread_file(''x'')') AS c(a text)", "SERVER_FILE"),
    ("SELECT * FROM crosstab('SELECT pg_read_fX'::varchar(16) || 'ile(1)') AS c(a text)", "SERVER_FILE"),
    ("SELECT * FROM crosstab((SELECT a FROM t)) AS c(a text)", "SERVER_FILE"),
    ("SELECT crosstab(a) FROM t", "SERVER_FILE"),
    ("SELECT (a).crosstab FROM t", "SERVER_FILE"),
    ("SELECT * FROM ts_stat(concat('SELECT ', 'x'))", "SERVER_FILE"),
    ("INSERT INTO t SELECT query_to_xml('SELECT U&\"pg\\005fread_file\"(1)', true, true, '')", "SERVER_FILE"),
    (f"INSERT INTO t SELECT a FROM u JOIN v ON {READ} > ''", "SERVER_FILE"),
    (f"CREATE INDEX i ON t (a) WHERE {READ} > ''", "SERVER_FILE"),
    ("ALTER SUBSCRIPTION s SET (failover = true)", "PG_SUBSCRIPTION"),
    ("ALTER SUBSCRIPTION s SET (slot_name = NONE, two_phase)", "PG_SUBSCRIPTION"),
    (f"ALTER VIEW v ALTER a SET DEFAULT {READ}", "SERVER_FILE"),
    ("WITH x AS (SELECT 1) UPDATE ONLY pg_catalog.pg_authid SET rolsuper = true", "PG_CATALOG"),
]


@pytest.mark.parametrize(("sql", "rule"), REACHES)
def test_nothing_reaches_out_of_the_database(sql: str, rule: str) -> None:
    assert refused_by(f"{sql};") == rule


HARMLESS = [
    "INSERT INTO t VALUES ('pg_read_file(''x'')', E'lo_import(''\\''')', 'U&\"x\"')",
    "INSERT INTO t (pg_stat_file, dblink) VALUES (1, 2)",
    "INSERT INTO ts_stat (id) VALUES (1)",
    "INSERT INTO public.dblink (id) SELECT 1",
    "CREATE TABLE public.dblink_servers (id integer)",
    "CREATE TABLE dblink (id integer)",
    "CREATE TABLE IF NOT EXISTS public . pg_stat_file (id integer REFERENCES dblink(id))",
    "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES public.ts_stat(id)",
    "CREATE UNIQUE INDEX i ON dblink (id)",
    "SELECT dblink_servers(1), t.dblink FROM t",
    'CREATE TYPE public.dblink_pkey_results AS ("position" integer, colname text)',
    "CREATE TYPE public.t AS (dblink text)",
    "CREATE AGGREGATE public.a (integer) (SFUNC = public.my_ts_stat, STYPE = integer)",
    "CREATE MATERIALIZED VIEW v AS SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', b) FROM t'::text)",
    "CREATE MATERIALIZED VIEW v AS SELECT * FROM public.crosstab('SELECT 1, 2'::text, $$VALUES (1)$$) ct(a text)",
    "CREATE TABLE t AS SELECT * FROM public.crosstab('SELECT 1, 2'::text) crosstab(a text, b integer)",
    "CREATE TABLE t AS SELECT * FROM ts_stat('SELECT x FROM t'::text) AS ts_stat(word, ndoc, nentry)",
    "CREATE INDEX i ON t (crosstab_key(a))",
    "GRANT UPDATE(pg_user) ON TABLE public.users TO PUBLIC",
    "CREATE TABLE t AS SELECT * FROM crosstab3(('SELECT a, b'::text || ', c FROM t'), 3)",
    "CREATE TABLE t AS SELECT query_to_xml('SELECT 1', true, false, ''::text)",
    "CREATE VIEW v AS SELECT * FROM dblink('host=there', 'SELECT 1') AS (a int)",
    "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$SELECT pg_read_file('x')$$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE 'plpgsql' AS ''",
    'CREATE FUNCTION f(language text) RETURNS int AS $$1$$ LANGUAGE "plv8"',
    "CREATE FOREIGN TABLE f (program text OPTIONS (x '1'), filename text) SERVER s OPTIONS (table_name 'filename')",
    "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO x",
    "REVOKE ALL ON FUNCTION public.dblink_connect_u(text) FROM x",
    "ALTER FUNCTION public.dblink_connect_u(text) OWNER TO x",
    "ALTER SUBSCRIPTION s OWNER TO x",
    "ALTER SUBSCRIPTION s SET (slot_name = 'x')",
    "ALTER SUBSCRIPTION s SET (slot_name = NONE, synchronous_commit = 'off', binary, origin = none)",
    "WITH x AS (INSERT INTO s.pg_mine VALUES (1)) SELECT 1",
    "SELECT U&'\\0041'",
    "CREATE TRIGGER pg_t BEFORE INSERT OR UPDATE OF pg_a OR DELETE ON pg_t FOR EACH ROW EXECUTE FUNCTION f()",
    "CREATE RULE r AS ON DELETE TO pg_mine DO INSTEAD UPDATE s.pg_mine SET a = 1",
]


@pytest.mark.parametrize("sql", HARMLESS)
def test_what_merely_names_it_is_taken(sql: str) -> None:
    assert through(PG15, f"{sql};")[0] == [sql]


def test_no_subscription_is_dropped_where_there_is_none() -> None:
    out, rules = through(PG15, "DROP SUBSCRIPTION s; CREATE TABLE t ();")
    assert out == ["CREATE TABLE t ()"] and counted(rules) == {"FORGIVEN": 1}
