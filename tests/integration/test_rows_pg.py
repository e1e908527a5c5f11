# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: rows, sequences and content, recorded at the backup and compared at the restore; nothing of a database's
owner runs meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest
from support.faults import IDENTITY, Site, wait_until
from support.modules import run_module

# Rows that are hard to count or to compare: line feeds, backslashes, no columns, generated columns alone, rows longer
# than any buffer, equal rows, values printed by settings.
ROWS = r"""
CREATE TABLE words (id serial PRIMARY KEY, a text, b bytea, "odd ""name" float8, t timestamptz, m money, n numeric[]);
INSERT INTO words (a, b, "odd ""name", t, m, n) VALUES
  (E'two\nlines\\', '\x000a0d5c', 1e-310, '1880-01-01 00:00:00+00', 12.5, '{1.10,NULL}'),
  ('\.', '', 'NaN', 'infinity', -1, '{}'),
  (NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE nothing ();
INSERT INTO nothing SELECT FROM generate_series(1, 3);
CREATE TABLE made (a integer GENERATED ALWAYS AS (1 + 1) STORED);
INSERT INTO made DEFAULT VALUES;
CREATE TABLE twice (a integer);
INSERT INTO twice VALUES (1), (1);
CREATE TABLE long (a text);
INSERT INTO long SELECT repeat(md5(n::text), 100000) FROM generate_series(1, 2) n;
CREATE TABLE many (id integer PRIMARY KEY, a text);
INSERT INTO many SELECT n, 'row ' || n FROM generate_series(1, 20000) n;
CREATE TABLE parent (a integer);
CREATE TABLE child (b text, c text DEFAULT 'x') INHERITS (parent);
INSERT INTO child VALUES (1, 'b', 'c');
INSERT INTO parent VALUES (5);
CREATE TABLE parts (a integer) PARTITION BY RANGE (a);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
INSERT INTO parts VALUES (3);
CREATE TYPE kind AS ENUM ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p');
CREATE TABLE kinds (k kind NOT NULL, n integer) PARTITION BY HASH (k);
CREATE TABLE kinds_0 PARTITION OF kinds FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE kinds_1 PARTITION OF kinds FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO kinds SELECT k, 1 FROM unnest(enum_range(NULL::kind)) k;
CREATE UNLOGGED TABLE fleeting (a integer);
INSERT INTO fleeting VALUES (1);
CREATE SEQUENCE "Odd.seq" START 5 MINVALUE -10;
SELECT setval('"Odd.seq"', -3, false);
SELECT nextval('words_id_seq');
SELECT lo_from_bytea(900001, '\x0a0b'), lo_create(900002), lo_put(lo_create(900003), 3000000, '\xff');
ALTER DATABASE shop SET bytea_output = 'escape';
ALTER DATABASE shop SET TimeZone = 'Asia/Kolkata';
ALTER DATABASE shop SET quote_all_identifiers = on;
"""
# What is done to a scratch database before it is compared, and what the error says.
CHANGES = {
    "UPDATE words SET b = '\\x000a0d5d' WHERE id = 1": "table public.words has other content than in the backup",
    "UPDATE twice SET a = 2": "table public.twice has other content than in the backup",
    "SELECT lo_put(900003, 1500000, '\\x01')": "table pg_catalog.pg_largeobject_metadata has other content",
    "DELETE FROM many WHERE id = 7": "table public.many has 19999 rows instead of 20000",
    "UPDATE kinds SET n = 2 WHERE k = 'c'": "table public.kinds has other content than in the backup",
    "SELECT setval('\"Odd.seq\"', -4, false)": "sequence public.Odd.seq has the next value -4 instead of the next",
    "SELECT setval('words_id_seq', 5)": "sequence public.words_id_seq has the last value 5 instead of the last value 4",
}


@pytest.fixture(scope="module", params=["pg15", "pg18"])
def server(request: pytest.FixtureRequest) -> support.Server:
    """Each server in turn, with nothing on it."""
    found: support.Server = request.getfixturevalue(request.param)
    for name in found.databases():
        found.drop_database(name)
    return found


@pytest.fixture
def site(server: support.Server, tmp_path: Path) -> Iterator[Site]:
    """Nothing yet."""
    yield Site(server, tmp_path)
    for name in server.databases():
        server.drop_database(name)


@pytest.fixture
def one_site(pg15: support.Server, tmp_path: Path) -> Iterator[Site]:
    """For what does not depend on the server."""
    for name in pg15.databases():
        pg15.drop_database(name)
    yield Site(pg15, tmp_path)
    for name in pg15.databases():
        pg15.drop_database(name)


def manifest(site: Site, database: str = "shop") -> Manifest:
    """Of the newest backup."""
    return catalog.read(site.opened(), database=database).entries[0].manifest


def succeeded(result: dict[str, Any]) -> dict[str, Any]:
    """The result, unless it failed."""
    assert not result["failed"], result
    return result


def test_content_comes_back(site: Site, pg18: support.Server) -> None:
    """Counted and summed up in the dump; the same by the restored tables, on this server and on a later one."""
    server = site.server
    server.create_database("shop")
    server.execute_script(ROWS.encode(), "shop")
    succeeded(site.backup({"databases": ["shop"], "proof": "content"}))
    found = manifest(site)
    rows = {table.name: table.rows for table in found.tables}
    for name in ("words", "nothing", "made", "twice", "long", "many", "child", "parent", "parts_1", "fleeting"):
        assert server.query(f"SELECT count(*) FROM ONLY {name}", database="shop") == [(rows[f"public.{name}"],)], name
    assert rows["pg_catalog.pg_largeobject_metadata"] == 3
    # The hash of an enumeration's value is another one after each restore, and so is its partition.
    assert (rows["public.kinds"], found.properties["trees"]) == (16, ["public.kinds"])
    assert len(found.tables) == 12
    assert all(table.exact and table.content for table in found.tables), found.tables
    assert [(item.name, item.value, item.called) for item in found.sequences] == [
        ("public.Odd.seq", -3, False),
        ("public.words_id_seq", 4, True),
    ]
    result = succeeded(site.restore({"target": "copy"}))
    assert (result["verified"]["rows"], result["verified"]["content"]) == ("same", "same")
    assert "warnings" not in result, result["warnings"]
    if server is not pg18:
        later = {"login_" + name: pg18.login["login_" + name] for name in ("host", "port", "user", "password")}
        later = {**site.restore_params(target="later"), **pg18.login, **later}
        result = succeeded(run_module("db_restore", later, path_prefix=pg18.tool_path))
        assert (result["verified"]["rows"], result["verified"]["content"]) == ("same", "same")
        pg18.drop_database("later")


def test_changes_are_found(site: Site) -> None:
    """A byte, a row, a large object, a value of a sequence: each is named, and the target is not made."""
    server = site.server
    server.create_database("shop")
    server.execute_script(ROWS.encode(), "shop")
    succeeded(site.backup({"databases": ["shop"], "proof": "content"}))
    reached, go_on = site.folder / "reached", site.folder / "go on"
    site.fake(site.load_tool, f'real "$@" || exit; touch "{reached}"; while [ ! -e "{go_on}" ]; do sleep 0.02; done')
    running = site.start("db_restore", {"target": "copy"})
    wait_until(reached.exists, "the scratch database is loaded")
    (scratch,) = [name for name in server.databases() if "backupdb_scratch" in name]
    for statement in CHANGES:
        server.query(statement, database=scratch)
    go_on.touch()
    result = running.wait()
    assert result["failed"]
    for text in CHANGES.values():
        assert text in result["msg"]
    assert "copy" not in server.databases()


def test_columns_in_another_order_are_the_same_content(one_site: Site) -> None:
    """A table that inherits has its parent's columns first once it is made again, and the checksum is of the dump's
    order."""
    site, server = one_site, one_site.server
    server.create_database("shop")
    script = """CREATE TABLE parent (a integer); CREATE TABLE child (b text) INHERITS (parent);
        ALTER TABLE parent ADD COLUMN d integer; INSERT INTO child VALUES (1, 'b', 2);"""
    server.execute_script(script.encode(), "shop")
    succeeded(site.backup({"databases": ["shop"], "proof": "content"}))
    assert manifest(site).properties["columns"] == {"public.child": ["a", "b", "d"]}
    assert succeeded(site.restore({"target": "copy"}))["verified"]["content"] == "same"


# Each is called where something is folded, computed or checked. It says so when anybody but the owner calls it.
OWNED = r"""
CREATE ROLE owner_of_code;
GRANT ALL ON SCHEMA public TO owner_of_code;
SET SESSION AUTHORIZATION owner_of_code;
CREATE FUNCTION mark(text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
CREATE DOMAIN checked AS integer CHECK (public.mark('domain') = VALUE);
CREATE TABLE t (id integer DEFAULT public.mark('default'), d checked,
  g integer GENERATED ALWAYS AS (public.mark('generated')) STORED, CHECK (public.mark('check') = 1));
INSERT INTO t VALUES (1, 1);
CREATE INDEX ON t ((public.mark('index') + id)) WHERE public.mark('predicate') = 1;
CREATE STATISTICS s ON (public.mark('statistics') + id), (id + 1) FROM t;
CREATE VIEW v AS SELECT public.mark('view') FROM t;
CREATE MATERIALIZED VIEW m AS SELECT public.mark('materialized') FROM t;
CREATE POLICY p ON t USING (public.mark('policy') = 1);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE RULE r AS ON INSERT TO v DO INSTEAD SELECT public.mark('rule');
CREATE FUNCTION tell(text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  EXECUTE format('COPY (SELECT 1) TO %L', current_setting('data_directory') || '/mark ' || $1); END $$;
CREATE OR REPLACE FUNCTION mark(text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
  IF current_user <> 'owner_of_code' THEN PERFORM public.tell($1); END IF; RETURN 1; END $$;
CREATE FUNCTION fires() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.mark('event'); END $$;
RESET SESSION AUTHORIZATION;
CREATE EVENT TRIGGER on_ddl ON ddl_command_start EXECUTE FUNCTION fires();
"""
LOGIN = "CREATE EVENT TRIGGER on_login ON login EXECUTE FUNCTION fires();"


def test_nothing_of_the_owner_runs(site: Site) -> None:
    """Not during a backup, nor when a scratch database is compared. What runs while it is loaded is said in the guide,
    and not looked at here."""
    server = site.server
    marks = f'"{server.data}"/mark\\ *'
    server.create_database("shop")
    server.execute_script(OWNED.encode(), "shop")
    if server.version[0] >= 17:
        server.query(LOGIN, database="shop")
    try:
        assert server.query("SELECT count(*) FROM t WHERE id = 2", database="shop") == [(0,)]
        assert {path.name for path in server.data.glob("mark *")} >= {"mark index", "mark predicate"}
        _forget(server)
        succeeded(run_module("db_info", site.login, path_prefix=server.tool_path))
        for proof in ("counts", "content"):
            succeeded(site.backup({"databases": ["shop"], "proof": proof}))
        assert [path.name for path in server.data.glob("mark *")] == []
        site.fake(site.load_tool, f'real "$@" || exit; rm -f {marks}')
        result = succeeded(site.restore({"target": "copy"}))
        assert (result["verified"]["rows"], result["verified"]["content"]) == ("same", "same")
        assert [path.name for path in server.data.glob("mark *")] == []
    finally:
        _forget(server)
        for name in ("shop", "copy"):
            if name in server.databases():
                server.drop_database(name)
        server.query("DROP ROLE IF EXISTS owner_of_code")


def _forget(server: support.Server) -> None:
    for path in server.data.glob("mark *"):
        path.unlink()


EXTENDED = """
CREATE EXTENSION hstore;
CREATE TABLE mine (a integer);
CREATE TABLE "none" (a integer);
CREATE SEQUENCE drawn;
INSERT INTO mine VALUES (1), (2);
SELECT nextval('drawn');
ALTER EXTENSION hstore ADD TABLE mine;
ALTER EXTENSION hstore ADD TABLE "none";
ALTER EXTENSION hstore ADD SEQUENCE drawn;
"""


def test_what_extensions_keep_is_told(one_site: Site) -> None:
    """pg_dump saves none of it: a warning names it at the backup, and at the restore what is not there."""
    site, server = one_site, one_site.server
    server.create_database("shop")
    server.execute_script(EXTENDED.encode(), "shop")
    told = " ".join(succeeded(site.backup({"databases": ["shop"]}))["warnings"])
    assert "public.mine (2 rows), public.drawn (last value 1)" in told
    assert "public.none" not in told
    assert {(item.name, item.rows) for item in manifest(site).uncovered} == {
        ("public.mine", 2),
        ("public.none", 0),
        ("public.drawn", None),
    }
    told = " ".join(succeeded(site.restore({"target": "copy"}))["warnings"])
    assert "public.mine: 2 rows there, no such table here" in told
    assert "sequence public.drawn has no value that can be read instead of the last value 1" in told


def test_more_tables_than_locks(tmp_path: Path) -> None:
    """No lock is kept of a table that was counted, and none of its indexes is taken: a server that has just enough of
    them for pg_dump is backed up and restored into."""
    with support.running("pg15", {"max_locks_per_transaction": "10", "max_connections": "20"}) as server:
        site = Site(server, tmp_path)
        server.create_database("shop")
        tables = "".join(
            f"CREATE TABLE t_{n} (id integer PRIMARY KEY, a text UNIQUE, b integer); CREATE INDEX ON t_{n} (b);\n"
            for n in range(300)
        )
        server.execute_script(tables.encode(), "shop")
        with pytest.raises(Exception, match="out of shared memory"):
            server.query(";".join(["BEGIN", *(f"SELECT count(*) FROM t_{n}" for n in range(300))]), database="shop")
        succeeded(site.backup({"databases": ["shop"]}))
        assert succeeded(site.restore({"target": "copy"}))["verified"]["rows"] == "same"


def test_rows_that_are_left_out_are_not_called_none(one_site: Site) -> None:
    """Further arguments of pg_dump: what is not in the dump, or not as rows, has no number."""
    site, server = one_site, one_site.server
    server.create_database("shop")
    script = """CREATE TABLE a (i integer); CREATE TABLE b (i integer); INSERT INTO b VALUES (1);
        CREATE TABLE p (i integer) PARTITION BY LIST (i); CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1);
        CREATE TABLE p_2 PARTITION OF p FOR VALUES IN (2); INSERT INTO p VALUES (1), (2);"""
    server.execute_script(script.encode(), "shop")
    known: dict[str, list[tuple[str, int | None, bool]]] = {}
    for arg in ("--exclude-table-data=a", "--inserts", "--load-via-partition-root"):
        succeeded(site.backup({"databases": ["shop"], "extra_args": [arg], "proof": "content"}))
        tables = manifest(site).tables
        known[arg] = [(table.name, table.rows, table.exact) for table in tables]
        assert any(table.content for table in tables) == (arg != "--inserts")
    assert known == {
        "--exclude-table-data=a": [
            ("public.a", None, False), ("public.b", 1, True), ("public.p_1", 1, True), ("public.p_2", 1, True)
        ],
        "--inserts": [(f"public.{name}", None, False) for name in ("a", "b", "p_1", "p_2")],
        "--load-via-partition-root": [("public.a", 0, True), ("public.b", 1, True), ("public.p", 2, True)],
    }  # fmt: skip
    assert succeeded(site.restore({"target": "copy"}))["verified"]["content"] == "same"
    # A table that is not there at all: no schema is called the same, and its name is told, in drills as well.
    succeeded(site.backup({"databases": ["shop"], "extra_args": ["--exclude-table=a"]}))
    restored = succeeded(site.restore({"target": "without"}))
    assert restored["verified"]["schema"] == "same, but for what extra_args left out"
    params = {**site.login, "store": str(site.store), "host": "h", "identity": IDENTITY}
    drilled = succeeded(run_module("backup_drill", params))
    assert drilled["drills"][0]["schema"] == "same, but for what extra_args left out"
    for result in (restored, drilled):
        assert any("not in it: " in text and "table public.a" in text for text in result["warnings"])


CHECKED = """
CREATE SCHEMA apart;
SET search_path = public, apart;
CREATE FUNCTION apart.half(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
CREATE FUNCTION quarter(integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN half(half($1)); END';
CREATE TABLE t (id integer CHECK (quarter(id) > 1));
INSERT INTO t VALUES (8);
"""
NAMELESS = """
CREATE SCHEMA apart;
SET search_path = public, apart;
CREATE FUNCTION apart.half(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
CREATE FUNCTION quarter(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT half(half(abs($1)))';
CREATE FUNCTION eighth(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE SET search_path = apart
  AS 'BEGIN RETURN half(half(half($1))); END';
CREATE TABLE t (id integer);
INSERT INTO t VALUES (8);
CREATE INDEX by_quarter ON t (quarter(id));
CREATE INDEX by_eighth ON t (eighth(id));
"""


def test_indexes_that_cannot_be_built_are_told(one_site: Site) -> None:
    """Counting does not compute them, so the backup is made, with a warning about the one that fails when it is
    restored."""
    site, server = one_site, one_site.server
    server.create_database("shop")
    server.execute_script(NAMELESS.encode(), "shop")
    (told,) = succeeded(site.backup({"databases": ["shop"]}))["warnings"]
    assert "index public.by_quarter (quarter calls half)" in told
    assert "eighth" not in told
    result = site.restore({"target": "copy"})
    assert result["failed"]
    assert "half" in result["msg"] + result.get("stderr", "") + result.get("hint", "")
    assert "Or set search_path" in result["msg"]
    # What the hint says works, with jobs as well, and leaves the function and the schemas as they were.
    result = succeeded(site.restore({"target": "copy", "search_path": ["public", "apart"], "jobs": 2}))
    assert (result["verified"]["schema"], result["verified"]["mismatches"]) == ("same", [])
    asked = "SELECT proconfig IS NULL FROM pg_proc WHERE proname = 'quarter'"
    assert server.query(asked, database="copy") == [(True,)]
    made = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'backupdb%'"
    assert server.query(made, database="copy") == [(0,)]
    assert server.query("SELECT count(*) FROM pg_event_trigger", database="copy") == [(0,)]
    params = {**site.login, "store": str(site.store), "host": "h", "identity": IDENTITY}
    (drill,) = succeeded(run_module("backup_drill", {**params, "search_path": ["public", "apart"]}))["drills"]
    assert drill["passed"]


def test_rows_are_loaded_with_a_search_path(pg18: support.Server, tmp_path: Path) -> None:
    """A CHECK is computed while rows are loaded, on every version; an account that is no superuser is told at once."""
    pg18.create_database("shop")
    pg18.execute_script(CHECKED.encode(), "shop")
    site = Site(pg18, tmp_path)
    succeeded(site.backup({"databases": ["shop"]}))
    assert "half" in site.restore({"target": "copy"})["msg"]
    pg18.query("CREATE ROLE reader LOGIN CREATEDB PASSWORD 'reader'")
    wanted = {"target": "copy", "search_path": ["apart"]}
    low = site.restore({**wanted, "login_user": "reader", "login_password": "reader", "no_owner": True})
    assert "only a superuser may create event triggers" in low["msg"]
    assert succeeded(site.restore(wanted))["verified"]["mismatches"] == []
