# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for PostgreSQL's dumps, one case a row: SQL, what is executed, what is counted."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_reader import PostgresReader
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Execute, RefusedError
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.through_rules import (
    NAMES,
    PG15,
    PG18,
    RECONNECT,
    counted,
    rules_for,
    through,
)

T = "CREATE TABLE a (b int)"

TAKEN: list[tuple[str, list[str], dict[str, int]]] = [
    (f"{T};", [T], {}),
    (
        f"SET statement_timeout = 0; SET transaction_timeout = 0; {T};",
        ["SET statement_timeout = 0", T],
        {"UNKNOWN_SETTING": 1},
    ),
    (f"{T}; SET my.own = 'x'; SET TIME ZONE 'UTC';", [T, "SET my.own = 'x'", "SET TIME ZONE 'UTC'"], {}),
    (f"{T}; SELECT pg_catalog.set_config('idle_x', '1', false);", [T], {"UNKNOWN_SETTING": 1}),
    (
        f"SELECT pg_catalog.set_config('search_path', '', false); {T};",
        ["SELECT pg_catalog.set_config('search_path', '', false)", T],
        {},
    ),
    (f"DROP DATABASE old; CREATE DATABASE old; {T};", [T], {"DROP_DATABASE": 1, "CREATE_DATABASE": 1}),
    (f"\\restrict abc\n{T};\n\\unrestrict abc\n", [T], {"SAFETY_LINE": 2}),
    (f"\\echo hello\n\\timing \\pset pager off\n{T};", [T], {"CLIENT_LINE": 3}),
    (f"\\encoding SQL_ASCII\n{T};", ["SET client_encoding = 'SQL_ASCII'", T], {"PG_ENCODING": 1}),
    (f"VACUUM; {T}; CHECKPOINT; SHOW all;", [T], {"MAINTENANCE": 3}),
    (f"{T}; EXPLAIN SELECT 1; NOTIFY a; LISTEN a; UNLISTEN *; TABLE a;", [T], {"MAINTENANCE": 5}),
    (f"{T}; VALUES (nextval('a'));", [T, "VALUES (nextval('a'))"], {}),
    (f"{T}; UPDATE pg_catalog.pg_database SET datistemplate = false WHERE datname = 'x';", [T], {"PG_PLACING": 1}),
    (f"{T}; COMMENT ON ROLE x IS 'y'; GRANT x TO y; DROP ROLE z;", [T], {"GLOBALS": 2, "DROP_ROLE": 1}),
    (
        f"{T}; ALTER TABLE a OWNER TO admin@vya.digital;",
        [T, 'ALTER TABLE a OWNER TO "admin@vya.digital"'],
        {"QUOTED_ROLE": 1},
    ),
    (
        f"{T}; GRANT SELECT ON TABLE a TO bob, Admin@Vya.digital;",
        [T, 'GRANT SELECT ON TABLE a TO bob, "admin@vya.digital"'],
        {"QUOTED_ROLE": 1},
    ),
    (
        "CREATE SCHEMA s AUTHORIZATION a@b; CREATE POLICY p ON s.t TO x@y USING (a @ b);",
        ['CREATE SCHEMA s AUTHORIZATION "a@b"', 'CREATE POLICY p ON s.t TO "x@y" USING (a @ b)'],
        {"QUOTED_ROLE": 2},
    ),
    (f"{T}; GRANT SELECT,MAINTAIN ON TABLE a TO x;", [T, "GRANT SELECT ON TABLE a TO x"], {"PG_MAINTAIN": 1}),
    (f"{T}; GRANT MAINTAIN ON TABLE a TO x;", [T], {"PG_MAINTAIN": 1}),
    (
        f"{T}; SELECT * FROM pg_catalog.pg_restore_relation_stats('version', '180000'::integer);",
        [T],
        {"PG_STATISTICS": 1},
    ),
    (
        "CREATE VIEW a AS SELECT '\\! x', $$COPY x FROM PROGRAM 'y'$$;",
        ["CREATE VIEW a AS SELECT '\\! x', $$COPY x FROM PROGRAM 'y'$$"],
        {},
    ),
    (f"BEGIN; {T}; COMMIT;", ["BEGIN", T, "COMMIT"], {}),
    ("COPY a (b) FROM stdin;\n1\n\\.\n", ["COPY a (b) FROM stdin", "1\n", "\\."], {}),
    ("INSERT INTO \"pg x y\" VALUES ('DROP DATABASE x');", ["INSERT INTO \"pg x y\" VALUES ('DROP DATABASE x')"], {}),
    ("INSERT INTO s.pg_mine VALUES (1);", ["INSERT INTO s.pg_mine VALUES (1)"], {}),
    ("SELECT pg_catalog.lowrite(0, '\\x41');", ["SELECT pg_catalog.lowrite(0, '\\x41')"], {}),
    (
        "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '$libdir/x', 'f';",
        ["CREATE FUNCTION f() RETURNS int LANGUAGE c AS '$libdir/x', 'f'"],
        {},
    ),
    (
        "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = 's');",
        ["CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = 's')"],
        {},
    ),
    ("CREATE USER MAPPING FOR a@b SERVER s;", ['CREATE USER MAPPING FOR "a@b" SERVER s'], {"QUOTED_ROLE": 1}),
    ("CREATE /* ROLE */ TABLE -- DATABASE\n a ();", ["CREATE /* ROLE */ TABLE -- DATABASE\n a ()"], {}),
]


@pytest.mark.parametrize(("sql", "executed", "adaptations"), TAKEN)
def test_what_is_executed_and_counted(sql: str, executed: list[str], adaptations: dict[str, int]) -> None:
    out, rules = through(PG15, sql)
    assert out == executed
    assert counted(rules) == adaptations
    assert rules.databases == [""] and rules.selected == "" and rules.complete


REFUSED: list[tuple[str, str]] = [
    ("\\! rm x\n", "CLIENT_COMMAND"),
    ("\\copy a from program 'x'\n", "CLIENT_COMMAND"),
    ("\\i x.sql\n", "CLIENT_COMMAND"),
    ("\\ir x.sql\n", "CLIENT_COMMAND"),
    ("\\o x\n", "CLIENT_COMMAND"),
    ("\\lo_import x\n", "CLIENT_COMMAND"),
    ("\\setenv A b\n", "CLIENT_COMMAND"),
    ("\\q\n", "CLIENT_COMMAND"),
    ("\\echo `id`\n", "CLIENT_COMMAND"),
    ("\\unrestrict `id`\n", "CLIENT_COMMAND"),
    ("\\set x `id`\n", "CLIENT_COMMAND"),
    ("\\echo a \\! id\n", "CLIENT_COMMAND"),
    ("\\connect `id`\n", "CLIENT_COMMAND"),
    ("\\connect :name\n", "CLIENT_COMMAND"),
    ("\\connect postgresql://there/x\n", "CLIENT_COMMAND"),
    ("\\echo 'open\n", "CLIENT_COMMAND"),
    ("SELECT 1 \\gexec\n", "CLIENT_COMMAND"),
    ("SELECT 1 \\g |id\n", "CLIENT_COMMAND"),
    ("COPY a FROM PROGRAM 'id';", "SERVER_FILE"),
    ("copy a from /* x */ program 'id';", "SERVER_FILE"),
    ("COPY a TO PROGRAM 'id';", "SERVER_FILE"),
    ("COPY (SELECT 1) TO '/x';", "SERVER_FILE"),
    ("COPY a FROM '/etc/passwd';", "SERVER_FILE"),
    ("SELECT lo_import('/etc/passwd');", "SERVER_FILE"),
    ("SELECT pg_catalog.\"pg_read_file\" ('x');", "SERVER_FILE"),
    ("LOAD 'x';", "SERVER_FILE"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE C AS '/x.so';", "SERVER_FILE"),
    ("CREATE FUNCTION f() RETURNS int AS '$libdir/../x' LANGUAGE 'c';", "SERVER_FILE"),
    ("ALTER SYSTEM SET a = 1;", "SERVER_CHANGE"),
    ("DROP OWNED BY x;", "SERVER_CHANGE"),
    ("ALTER ROLE ALL SET a = 1;", "SERVER_CHANGE"),
    ("CREATE SUBSCRIPTION s CONNECTION 'connect = false' PUBLICATION p;", "PG_SUBSCRIPTION"),
    ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = true);", "PG_SUBSCRIPTION"),
    ("UPDATE pg_catalog.pg_class SET reltriggers = 0;", "PG_CATALOG"),
    ("UPDATE pg_database SET x = 1;", "PG_CATALOG"),
    ("INSERT INTO pg_largeobject VALUES (1);", "PG_CATALOG"),
    ("INSERT /* x */ INTO pg_catalog . pg_proc VALUES (1);", "PG_CATALOG"),
    ("COPY pg_catalog.pg_authid FROM stdin;\n\\.\n", "PG_CATALOG"),
    *((f"INSERT /*{'x' * size}*/ INTO pg_catalog.x VALUES (1);", "UNKNOWN") for size in range(4074, 4080)),
    ("PREPARE x AS SELECT 1;", "HIDDEN"),
    ("BEGIN; COMMIT PREPARED 'x';", "HIDDEN"),
    ("CREATE NONSENSE x;", "UNKNOWN"),
    ("FETCH x;", "UNKNOWN"),
    ("EXPLAIN (COSTS, ANALYZE) DELETE FROM a;", "UNKNOWN"),
    ("MERGE INTO ONLY pg_authid USING a ON true WHEN MATCHED THEN DELETE;", "PG_CATALOG"),
    ("VALUES (pg_read_file('x'));", "SERVER_FILE"),
    ("\\set AUTOCOMMIT off\n", "CLIENT_COMMAND"),
    ("\\unset AUTOCOMMIT\n", "CLIENT_COMMAND"),
    ("IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z;", "UNKNOWN"),
    ("BEGIN; CREATE TABLE a ();", "NO_TRAILER"),
    ("", "EMPTY"),
    ("SET statement_timeout = 0;", "EMPTY"),
]


@pytest.mark.parametrize(("sql", "rule"), REFUSED)
def test_what_is_refused_by_name(sql: str, rule: str) -> None:
    with pytest.raises(RefusedError) as caught:
        through(PG15, f"\n{sql}")
    assert caught.value.rule.name == NAMES[rule]
    assert str(caught.value).startswith(f"Refused, {NAMES[rule]}: ")
    if sql:
        assert "line 2, byte" in str(caught.value)


@pytest.mark.parametrize(
    "sql", [sql for sql, rule in REFUSED if rule not in ("EMPTY", "NO_TRAILER") and "\\." not in sql]
)
@pytest.mark.parametrize(
    "wrapped", ["SELECT '{0}'", "COMMENT ON TABLE a IS E'{0}'", "DO $x${0}$x$", 'CREATE TABLE "{1}" ()']
)
def test_nothing_in_strings_bodies_and_comments_is_judged(sql: str, wrapped: str) -> None:
    literal = (
        sql.strip().replace("\\", "\\\\").replace("'", "''") if "E'" in wrapped else sql.strip().replace("'", "''")
    )
    if "$x$" in wrapped:
        literal = sql.strip()
    statement = wrapped.format(literal, sql.strip().replace('"', '""'))
    out, rules = through(PG15, f"-- {sql.strip()}\n/* {sql.strip()} */ {statement};")
    assert out == [statement]
    assert rules.adaptations == {}


CONNECTS = [
    ("\\connect other", "other"),
    ("\\c other;", "other"),
    ("\\c Other bob host 5432", "Other"),
    ('\\connect "my ""db"', 'my "db'),
    ("\\connect 'it''s'", "it's"),
    ("\\connect -reuse-previous=on \"dbname='x y'\"", "x y"),
    ('\\connect -reuse-previous=on "dbname=\'it\\\'s ""q"" \\\\ z\'"', 'it\'s "q" \\ z'),
    ("\\c 'host=there dbname=x'", "x"),
]


@pytest.mark.parametrize(("line", "name"), CONNECTS)
def test_connect_in_all_its_forms(line: str, name: str) -> None:
    out, rules = through(PG15, f"SET lock_timeout = 0;\n{line}\n{T};")
    assert out == [T]
    assert rules.databases == [name] and rules.selected == name
    assert counted(rules) == {"SWITCH": 1, "PG_SESSION": 1}


def test_connect_as_someone_else_stays_and_begins_anew() -> None:
    out, rules = through(PG15, f"{T};\n\\connect - bob\nDROP TABLE a;")
    assert out == [T, RECONNECT, "DROP TABLE a"]
    assert rules.databases == [""]


CLUSTER = """--
-- PostgreSQL database cluster dump
--

SET default_transaction_read_only = off;
DROP ROLE there;
CREATE ROLE here;
ALTER ROLE here WITH SUPERUSER PASSWORD 'x';
CREATE ROLE there;
ALTER ROLE there WITH NOSUPERUSER;
CREATE ROLE admin@vya.digital;
GRANT there TO admin@vya.digital WITH ADMIN OPTION, INHERIT TRUE GRANTED BY postgres;
CREATE ROLE x;
GRANT there TO here;
GRANT there TO x WITH INHERIT FALSE GRANTED BY postgres;
\\connect template1
--
-- PostgreSQL database dump
--
-- Dumped from database version 18.0
-- Dumped by pg_dump version 18.0
SET lock_timeout = 0;
--
-- PostgreSQL database dump complete
--
-- PostgreSQL database dump
--
SET lock_timeout = 0;
CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = icu
    LOCALE = 'C' ICU_LOCALE = 'de' LC_CTYPE = 'de_DE';
ALTER DATABASE shop OWNER TO admin@vya.digital;
\\connect shop
SET lock_timeout = 0;
SET transaction_timeout = 0;
COMMENT ON DATABASE shop IS 'shop';
ALTER DATABASE shop SET lock_timeout TO '1s';
ALTER DATABASE shop CONNECTION LIMIT = 5;
ALTER ROLE there IN DATABASE shop SET lock_timeout TO '1s';
GRANT CONNECT ON DATABASE shop TO there;
CREATE TABLE t (shop text);
COPY t (shop) FROM stdin;
\\\\connect other
CREATE DATABASE shop;
\\.
--
-- PostgreSQL database dump complete
--
-- PostgreSQL database dump
--
CREATE DATABASE wiki WITH TEMPLATE = template0;
\\connect wiki
CREATE TABLE w ();
COPY w FROM stdin;
x
\\.
--
-- PostgreSQL database dump complete
--
-- PostgreSQL database cluster dump complete
--
"""


def test_one_database_of_a_cluster() -> None:
    out, rules = through(PG15, CLUSTER, source_database="shop", with_globals=True)
    assert out == [
        'ALTER DATABASE "the scratch" OWNER TO "admin@vya.digital"',
        RECONNECT,
        "COMMENT ON DATABASE \"the scratch\" IS 'shop'",
        "ALTER DATABASE \"the scratch\" SET lock_timeout TO '1s'",
        "ALTER ROLE there IN DATABASE \"the scratch\" SET lock_timeout TO '1s'",
        'GRANT CONNECT ON DATABASE "the scratch" TO there',
        "SET lock_timeout = 0",
        "CREATE TABLE t (shop text)",
        "COPY t (shop) FROM stdin",
        "\\\\connect other\nCREATE DATABASE shop;\n",
        "\\.",
    ]
    assert rules.globals == [
        b"CREATE ROLE there",
        b"ALTER ROLE there WITH NOSUPERUSER",
        b'CREATE ROLE "admin@vya.digital"',
        b'GRANT there TO "admin@vya.digital" WITH ADMIN OPTION GRANTED BY postgres',
        b"CREATE ROLE x",
    ]
    assert rules.properties == {"encoding": "UTF8", "provider": "icu", "collate": "C", "ctype": "de_DE", "locale": "de"}
    assert (rules.tool, rules.tool_version, rules.complete) == ("pg_dumpall", "18.0", True)
    assert rules.databases == ["shop", "wiki"]
    assert counted(rules) == {
        "UNKNOWN_SETTING": 2,
        "DROP_ROLE": 1,
        "EXISTING_ROLE": 3,
        "QUOTED_ROLE": 3,
        "PG_MEMBERSHIP": 1,
        "PG_MEMBERSHIP_LESS": 1,
        "SWITCH": 3,
        "OTHER_DATABASE": 4,
        "CREATE_DATABASE": 2,
        "PG_DATABASE": 5,
        "PG_PLACING": 1,
    }


def test_several_databases_are_listed() -> None:
    with pytest.raises(RefusedError, match=r"holds several databases: 'shop', 'wiki'.*source_database"):
        through(PG15, CLUSTER)


def test_a_database_that_is_not_there() -> None:
    with pytest.raises(RefusedError, match="'shopp' is not there; the stream holds 'shop', 'wiki'"):
        through(PG15, CLUSTER, source_database="shopp")


def test_globals_are_known_before_the_first_item() -> None:
    rules = rules_for(PG18, source_database="shop", with_globals=True)
    items = rules.apply(PostgresReader().read([CLUSTER.encode()]))
    first = next(iter(items))
    assert isinstance(first, Execute) and first.text.startswith(b"ALTER DATABASE")
    assert rules.properties["provider"] == "icu"
    assert rules.globals[-1] == b"GRANT there TO x WITH INHERIT FALSE GRANTED BY postgres"


@pytest.mark.parametrize(
    "gone", ["-- PostgreSQL database cluster dump complete", "-- PostgreSQL database dump complete"]
)
def test_every_header_needs_its_trailer(gone: str) -> None:
    cut = CLUSTER.replace(gone, "--")
    with pytest.raises(RefusedError, match="without the line") as caught:
        through(PG15, cut, source_database="wiki")
    assert caught.value.rule.name == NAMES["NO_TRAILER"]
    out, rules = through(PG15, cut, source_database="wiki", allow_incomplete=True)
    assert out[0] == "CREATE TABLE w ()"
    assert counted(rules)["INCOMPLETE"] >= 1


def test_owners_are_left_out_when_they_are_not_wanted() -> None:
    sql = (
        f"{T}; ALTER TABLE a OWNER TO x; GRANT ALL ON TABLE a TO x; REVOKE ALL ON TABLE a FROM x;"
        "ALTER DEFAULT PRIVILEGES FOR ROLE x GRANT ALL ON TABLES TO y; SET SESSION AUTHORIZATION x;"
        "CREATE SCHEMA s AUTHORIZATION x;"
    )
    out, rules = through(PG15, sql, no_owner=True)
    assert out == [T, "CREATE SCHEMA s"]
    assert counted(rules) == {"PG_OWNER": 6}


FORGIVEN: list[tuple[str, str, t.Any]] = [
    ("DROP TABLE a", "42P01", "FORGIVEN"),
    ("DROP TABLE IF EXISTS a", "", ""),
    ("ALTER TABLE ONLY a DROP CONSTRAINT b", "42704", "FORGIVEN"),
    ("ALTER TABLE ONLY a ALTER COLUMN b DROP DEFAULT", "42703", "FORGIVEN"),
    ("SELECT pg_catalog.lo_unlink('1')", "42704", "FORGIVEN"),
    ("CREATE SCHEMA public", "42P06", "PG_EXISTS"),
    ("CREATE SCHEMA mine", "", ""),
    ("CREATE EXTENSION plpgsql", "42710", "PG_EXISTS"),
    ("CREATE PROCEDURAL LANGUAGE plpgsql", "42710", "PG_EXISTS"),
    ("COMMENT ON EXTENSION plpgsql IS 'x'", "42501", "PG_EXTENSION_COMMENT"),
    ("COMMENT ON LANGUAGE plpgsql IS 'x'", "42501", "PG_EXTENSION_COMMENT"),
    ("COMMENT ON PROCEDURAL LANGUAGE plpgsql IS 'x'", "42501", "PG_EXTENSION_COMMENT"),
]


@pytest.mark.parametrize(("sql", "code", "rule"), FORGIVEN)
def test_errors_that_are_no_failures(sql: str, code: str, rule: str) -> None:
    rules = rules_for(PG15)
    (item,) = rules.apply(PostgresReader().read([f"{sql};".encode()]))
    assert isinstance(item, Execute)
    assert (code in item.forgiven) if code else not item.forgiven
    rules.forgive(item)
    assert not code or counted(rules) == {rule: 1}
