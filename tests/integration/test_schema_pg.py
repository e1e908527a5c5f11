# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: a restore that lost nothing is verified, however it is printed; what is lost is found and named."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine import pg_additions, pg_judge, pg_schema
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Login
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import Client, query
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_expressions import normalised
from ansible_collections.vya.backupdb.plugins.module_utils._engine.schema import compare
from ansible_collections.vya.backupdb.plugins.module_utils._process import Run
from support.expressions_pg import DIFFERENT, WRITTEN
from support.faults import IDENTITY, RECIPIENT, Site
from support.modules import run_module
from support.postgres import Postgres18, PostgresServer

DATA = Path(__file__).parent / "support" / "data"
ROLES = ("w_app", "w_ro", "w_own")


def rich(server: PostgresServer, *, of_18: bool = True) -> None:
    """The database "rich" with one of each kind."""
    for role in ROLES:
        with contextlib.suppress(psycopg2.Error):
            server.query(f"CREATE ROLE {role}")
    if "rich" not in server.databases():
        server.create_database("rich")
        server.execute_script((DATA / "rich-postgresql.sql").read_bytes(), "rich")
        if of_18 and isinstance(server, Postgres18):
            server.execute_script((DATA / "rich-postgresql18.sql").read_bytes(), "rich")


def backed_up(server: PostgresServer, name: str, store: Path, **options: Any) -> dict[str, Any]:
    """The result of db_backup."""
    asked = {"engine": "postgresql", **server.login, "databases": [name], "globals": False, "store": str(store)}
    done = run_module("db_backup", {**asked, "host": "h", **options}, path_prefix=server.tool_path)
    assert not done["failed"], (done["msg"], done.get("failures"))
    return done


def restored(server: PostgresServer, name: str, store: Path, **options: Any) -> dict[str, Any]:
    """The result of db_restore into another name."""
    asked = {"engine": "postgresql", **server.login, "database": name, "target": f"{name}_again", "store": str(store)}
    done = run_module("db_restore", {**asked, "host": "h", **options}, path_prefix=server.tool_path)
    assert not done["failed"], done["msg"]
    return done


def connect(server: PostgresServer, database: str) -> Any:
    """A connection as the collection opens them."""
    login = Login(
        "postgresql",
        port=server.port,
        user=server.user,
        password=server.password,
        unix_socket=str(server.socket),
    )
    return Client(Run(), login).connect(database)


@pytest.fixture(scope="module", params=["pg15", "pg18"])
def server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A server with the database "rich"."""
    found: PostgresServer = request.getfixturevalue(request.param)
    rich(found)
    yield found
    found.clear()


def test_a_rich_schema_comes_back(server: PostgresServer, tmp_path: Path) -> None:
    """Verified, although the server prints a good part of it otherwise; of those that it shows, it shows both texts."""
    backed_up(server, "rich", tmp_path / "store")
    done = restored(server, "rich", tmp_path / "store")
    server.drop_database("rich_again")
    assert done["verified"]["schema"] == "same"
    assert done["verified"]["mismatches"] == []
    assert done["warnings"]
    for text in done["warnings"]:
        assert ", which means the same" in text
    assert "in the backup: SELECT 'k'::text,; restored: SELECT 'k'::text AS text,." in "".join(done["warnings"])


def test_into_a_later_version(pg15: PostgresServer, pg18: PostgresServer, tmp_path: Path) -> None:
    """Newer servers print views without the names of tables; the server that restores says whether it is the same."""
    rich(pg15)
    for role in ROLES:
        with contextlib.suppress(psycopg2.Error):
            pg18.query(f"CREATE ROLE {role}")
    backed_up(pg15, "rich", tmp_path / "store")
    done = restored(pg18, "rich", tmp_path / "store")
    pg18.drop_database("rich_again")
    assert done["verified"]["schema"] == "same in what both server versions print alike"
    assert all(", which means the same" in text for text in done["warnings"])
    assert "constraint code_check on public.code" in "".join(done["warnings"])


LOSSES = re.findall(r"^-- named: (.*)\n(.*);$", (DATA / "rich-losses.sql").read_text(encoding="utf-8"), re.M)
LOSSES_OF_18 = [
    ("not null public.nn.c", "ALTER TABLE nn VALIDATE CONSTRAINT c_later"),
    ("not null public.nnk2.b", "ALTER TABLE nnk2 ALTER CONSTRAINT nnk2_b_not_null INHERIT"),
]


def found_in(before: pg_schema.Schema, after: pg_schema.Schema) -> list[str]:
    """Names of the objects of a comparison that a restore would fail at, or ask the server about."""
    result = compare(before.objects, after.objects)
    return [text.rpartition(" ")[0].removesuffix(" is") for text in result.different] + result.doubtful


def test_each_loss_is_found_and_named(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One thing after the other is changed; the object is named, and for expressions the server agrees that they are
    different. No two objects have one name."""
    twice: list[str] = []
    monkeypatch.setattr(pg_schema, "merged", lambda one, _two: twice.append(one.name))
    connection = connect(server, "rich")
    query(connection, "SET search_path = public", stage="test")
    before = read(connection)
    # The server can be asked about each expression.
    alike = {name: pg_judge.Question(what, before.texts[name], before.texts[name])
             for name, what in before.contexts.items()}  # fmt: skip
    assert pg_judge.judged(connection, alike, stage="test") == dict.fromkeys(alike, True)
    missed = []
    for name, sql in LOSSES + (LOSSES_OF_18 if isinstance(server, Postgres18) else []):
        query(connection, "BEGIN", stage="test")
        query(connection, sql, stage="test")
        after = read(connection)
        query(connection, "ROLLBACK", stage="test")
        names = found_in(before, after)
        if name not in names:
            missed.append((sql, name, names))
        doubts = [item for item in compare(before.objects, after.objects).doubtful if item in before.contexts]
        questions = {
            item: pg_judge.Question(before.contexts[item], before.texts[item], after.texts[item]) for item in doubts
        }
        missed += [(sql, item, ["the server"]) for item, same in pg_judge.judged(
            connection, questions, stage="test").items() if same]  # fmt: skip
    connection.close()
    assert len(LOSSES) > 70
    assert missed == []
    assert twice == []


def read(connection: Any) -> pg_schema.Schema:
    """The schema, with the settings of the collection's own sessions."""
    query(connection, "SET search_path = pg_catalog", stage="test")
    found = pg_schema.read_schema(connection, stage="test")
    query(connection, "SET search_path = public", stage="test")
    return found


# Conditions of customer and tt2 as their authors write them. Each is read three times by the server.
def printed(connection: Any, condition: str) -> str:
    """A condition of customer, as the server prints it when it has read it."""
    query(connection, "SAVEPOINT reading", stage="test")
    query(connection, f"ALTER TABLE customer ADD CONSTRAINT one CHECK ({condition}) NOT VALID", stage="test")
    sql = "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = 'one'"
    found = str(query(connection, sql, stage="test")[0][0])
    query(connection, "ROLLBACK TO SAVEPOINT reading", stage="test")
    return found


def test_expressions_that_the_server_reads_again(server: PostgresServer) -> None:
    """What a server prints is printed in another way after it was read; the normalised text stays, and differs between
    conditions that differ."""
    connection = connect(server, "rich")
    query(connection, "SET search_path = public", stage="test")
    query(connection, "BEGIN", stage="test")
    reprinted, apart = 0, []
    texts = {}
    for condition in WRITTEN:
        first = printed(connection, condition)
        second = printed(connection, first)
        third = printed(connection, second)
        reprinted += first != second
        texts[condition] = normalised(first)
        if len({normalised(text) for text in (first, second, third)}) != 1:
            apart.append((condition, first, second, third))
    same = [pair for pair in DIFFERENT if len({normalised(printed(connection, text)) for text in pair}) != 2]
    query(connection, "ROLLBACK", stage="test")
    # A constant whose type cuts it is not normalised: the server is asked.
    cut = pg_judge.Question("from public.customer", "iv > '1.126'::interval(2)", "(iv > '1.13'::interval(2))")
    other = pg_judge.Question(cut.context, cut.one, "(iv > '1.12'::interval(2))")
    unreadable = pg_judge.Question(cut.context, cut.one, "(iv > nothing)")
    two = pg_judge.Question(cut.context, "id > 1); DROP TABLE customer; SELECT (1 = 1", cut.other)
    answers = pg_judge.judged(connection, {"cut": cut, "other": other, "bad": unreadable, "two": two}, stage="test")
    connection.close()
    assert apart == []
    assert same == []
    assert reprinted > 8
    assert len(set(texts.values())) == len(texts)
    assert answers == {"cut": True, "other": False}


def test_a_loss_fails_restore_and_drill(pg15: PostgresServer, tmp_path: Path) -> None:
    """pg_restore succeeded, and something is gone or different: the object is named, with both texts."""
    site = Site(pg15, tmp_path)
    pg15.create_database("shop")
    pg15.execute_script(
        b"CREATE TABLE goods (id int PRIMARY KEY, n int CHECK (n > 0)); CREATE INDEX by_n ON goods (n)", "shop"
    )
    options = {"recipients": [RECIPIENT]}
    backed_up(pg15, "shop", tmp_path / "store", **options)
    sql = "DROP INDEX by_n; ALTER TABLE goods DROP CONSTRAINT goods_n_check, ADD CONSTRAINT goods_n_check CHECK (n > 1)"
    site.fake("pg_restore", f'real "$@" && {pg15.tool_path}/psql -qXw "${{@: -1}}" -c "{sql}"')
    asked = {"engine": "postgresql", **pg15.login, "store": str(tmp_path / "store"), "host": "h", "identity": IDENTITY}
    path = f"{site.tools}:{pg15.tool_path}"
    back = run_module("db_restore", {**asked, "database": "shop", "target": "again"}, path_prefix=path)
    drill = run_module("backup_drill", {**asked, "databases": ["shop"]}, path_prefix=path)
    pg15.drop_database("shop")
    for told in (back["msg"], drill["msg"]):
        assert "constraint goods_n_check on public.goods differs" in told
        assert "index public.by_n is missing" in told
    assert "in the backup: (n > 0); restored: (n > 1)" in back["msg"]
    # The record lies in the store in plain text: it has names, and no definitions.
    record = next((tmp_path / "store").rglob("verification-*.json")).read_text(encoding="utf-8")
    assert "goods_n_check" in record
    assert "n > 0" not in record


def test_what_a_new_database_has_is_dropped(postgresql: PostgresServer, tmp_path: Path) -> None:
    """The source has neither the schema public nor plpgsql; nor has what is restored."""
    server = postgresql
    server.create_database("bare")
    server.execute_script(b"DROP SCHEMA public; DROP EXTENSION plpgsql; CREATE SCHEMA s; CREATE TABLE s.t ()", "bare")
    backed_up(server, "bare", tmp_path / "store")
    done = restored(server, "bare", tmp_path / "store")
    left = server.query("SELECT nspname FROM pg_namespace WHERE nspname = 'public'", database="bare_again")
    left += server.query("SELECT extname FROM pg_extension", database="bare_again")
    for name in ("bare", "bare_again"):
        server.drop_database(name)
    assert (done["verified"]["schema"], done.get("warnings", [])) == ("same", [])
    assert left == []


GOES_WITH_EXTENSIONS = """
CREATE EXTENSION citext; COMMENT ON EXTENSION citext IS 'ours'; COMMENT ON LANGUAGE plpgsql IS 'ours';
REVOKE EXECUTE ON FUNCTION citext_eq(citext, citext) FROM PUBLIC; GRANT USAGE ON TYPE citext TO w_ro;
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE k (a int PRIMARY KEY); CREATE TABLE l (a int REFERENCES k) PARTITION BY LIST (a);
CREATE TABLE l1 PARTITION OF l DEFAULT; CREATE TRIGGER t AFTER INSERT ON l FOR EACH ROW EXECUTE FUNCTION trg();
ALTER TRIGGER t ON l DEPENDS ON EXTENSION citext; ALTER TRIGGER t ON l1 DEPENDS ON EXTENSION citext;
ALTER TABLE k DISABLE TRIGGER ALL;
CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere password=hidden' PUBLICATION b, a
  WITH (connect = false, slot_name = 'slot');
ALTER SUBSCRIPTION sub ENABLE; COMMENT ON SUBSCRIPTION sub IS 'ours'
"""
LOST_WITH_EXTENSIONS = (
    ("grants extension citext", "REVOKE USAGE ON TYPE citext FROM w_ro"),
    ("grants extension citext", "GRANT EXECUTE ON FUNCTION citext_eq(citext, citext) TO PUBLIC"),
    ("comment extension citext", "COMMENT ON EXTENSION citext IS NULL"),
    ("dependence of trigger t on public.l on extension citext", "ALTER TRIGGER t ON l NO DEPENDS ON EXTENSION citext"),
    ("subscription sub", "ALTER SUBSCRIPTION sub DISABLE; ALTER SUBSCRIPTION sub SET (slot_name = NONE)"),
    ("subscription sub", "ALTER SUBSCRIPTION sub SET PUBLICATION a WITH (refresh = false)"),
)


def test_what_goes_with_extensions_and_subscriptions(postgresql: PostgresServer, tmp_path: Path) -> None:
    """What dumps carry of it is compared; what they do not is named, by the backup and by the restore. That is more for
    an account that is no superuser."""
    server = postgresql
    server.query("DROP ROLE IF EXISTS w_reads; CREATE ROLE w_reads LOGIN PASSWORD 'w' IN ROLE pg_read_all_data")
    with contextlib.suppress(psycopg2.Error):
        server.query("CREATE ROLE w_ro")
    server.create_database("more")
    server.execute_script(GOES_WITH_EXTENSIONS.encode(), "more")
    connection = connect(server, "more")
    before = read(connection)
    missed = []
    for name, sql in LOST_WITH_EXTENSIONS:
        query(connection, "BEGIN", stage="test")
        query(connection, sql, stage="test")
        names = found_in(before, read(connection))
        query(connection, "ROLLBACK", stage="test")
        if names != [name]:
            missed.append((sql, names))
    connection.close()
    made = backed_up(server, "more", tmp_path / "all")
    done = restored(server, "more", tmp_path / "all")
    account = {"login_user": "w_reads", "login_password": "w"}
    less = backed_up(server, "more", tmp_path / "less", **account)
    again = restored(server, "more", tmp_path / "less", if_exists="replace", keep_previous=False)
    drop = "ALTER SUBSCRIPTION sub DISABLE; ALTER SUBSCRIPTION sub SET (slot_name = NONE); DROP SUBSCRIPTION sub"
    server.query(drop, database="more")
    for name in ("more", "more_again"):
        server.drop_database(name)
    server.query("DROP ROLE w_reads")
    assert missed == []
    for told in (made, done, less, again):
        text = "".join(told["warnings"])
        assert "state of the triggers of constraint l_a_fkey of public.l on public.k (disabled)" in text
        assert "Not in the backup: comment on language plpgsql. pg_dump" in text
        assert "dependence of trigger t on public.l1 on extension citext" in text
        assert ("subscription sub. pg_dump dumps subscriptions for superusers only" in text) == (told in (less, again))
        assert "hidden" not in text
    assert [told for told in (made, done, less, again) if "that the subscription sub is enabled" in str(told)] == [done]
    for told in (done, again):
        assert told["verified"]["schema"] == "same"


def test_extensions(pg15: PostgresServer, tmp_path: Path) -> None:
    """An older version, and what users have added to a table of an extension, are named; what the extension made itself
    is not."""
    pg15.create_database("ext")
    pg15.execute_script(
        b"CREATE EXTENSION pg_trgm VERSION '1.3'; BEGIN; CREATE TABLE own (a int PRIMARY KEY, b text);"
        b" CREATE INDEX theirs ON own (b); CREATE POLICY theirs ON own USING (true);"
        b" ALTER EXTENSION pg_trgm ADD TABLE own; COMMIT; CREATE INDEX ours ON own (a, b);"
        b" ALTER TABLE own ADD CONSTRAINT ours_too CHECK (a > 0), ADD COLUMN c int;"
        b" CREATE POLICY ours ON own USING (a > 5); CREATE RULE ours AS ON DELETE TO own DO INSTEAD NOTHING;"
        b" CREATE TRIGGER ours BEFORE UPDATE ON own FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "ext",
    )
    connection = connect(pg15, "ext")
    found = [item.name for item in pg_additions.read_additions(connection, stage="test")]
    connection.close()
    made = backed_up(pg15, "ext", tmp_path / "store")
    done = restored(pg15, "ext", tmp_path / "store")
    for name in ("ext", "ext_again"):
        pg15.drop_database(name)
    names = [
        "column public.own.c",
        "constraint ours_too on public.own",
        "index public.ours on public.own",
        "policy ours on public.own",
        "rule ours on public.own",
        "trigger ours on public.own",
    ]
    assert found == names
    for told in (made["warnings"], done["warnings"]):
        assert [text for text in told if "; ".join(names) in text and "keep the statements" in text]
    assert [text for text in done["warnings"] if "in the backup: 1.3; restored: 1.6" in text]
    assert done["verified"]["schema"] == "same"
