# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test servers themselves: they start, hold hostile data, tell equal from unequal, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pymysql
import pytest
import support
from support.changes import CHANGES
from support.mysql_family import MysqlFamilyServer
from support.postgres import PostgresServer
from support.qualifiers import MARK, neutral
from support.tls import CLIENT_NAME

HOSTILE = "support hostile"

VERSIONS = {"postgresql15": (15,), "postgresql18": (18,), "mariadb": (10, 11), "mysql": (9,)}
DUMP_TOOLS = {"postgresql": "pg_dump", "mysql": "mysqldump"}


@pytest.fixture(scope="module", params=list(support.KINDS))
def loaded(request: pytest.FixtureRequest) -> Iterator[tuple[str, support.Server]]:
    """Each server in turn, with the hostile database on it."""
    server: support.Server = request.getfixturevalue(request.param)
    support.load_hostile(server, HOSTILE)
    yield request.param, server
    server.drop_database(HOSTILE)


def test_a_server_is_what_it_says(any_server: support.Server) -> None:
    expected = VERSIONS[any_server.flavour]
    assert any_server.version[: len(expected)] == expected
    tool = Path(any_server.tool_path) / DUMP_TOOLS[any_server.engine]
    said = subprocess.run([tool, "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
    assert ".".join(str(part) for part in any_server.version) in said


def test_socket_and_port_want_the_password(any_server: support.Server) -> None:
    socket = any_server.login_socket["login_unix_socket"]
    wrong = {"password": "wrong"}
    if isinstance(any_server, PostgresServer):
        any_server.connect(host=socket).close()
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            any_server.connect(host=socket, **wrong)
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            any_server.connect(**wrong)
    else:
        any_server.connect(unix_socket=socket, ssl=None).close()
        with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
            any_server.connect(unix_socket=socket, ssl=None, **wrong)
        with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
            any_server.connect(**wrong)


def test_postgresql_speaks_tls(pg15: PostgresServer) -> None:
    files = pg15.certificates
    pg15.connect(sslmode="verify-full", sslrootcert=str(files.ca_cert)).close()
    with pytest.raises(psycopg2.OperationalError, match="certificate verify failed"):
        pg15.connect(sslmode="verify-full", sslrootcert=str(files.other_ca))
    pg15.connect(
        user=CLIENT_NAME,
        sslmode="verify-full",
        sslrootcert=str(files.ca_cert),
        sslcert=str(files.client_cert),
        sslkey=str(files.client_key),
    ).close()
    with pytest.raises(psycopg2.OperationalError, match="certificate"):
        pg15.connect(user=CLIENT_NAME, sslmode="verify-full", sslrootcert=str(files.ca_cert))


def test_mysql_speaks_tls(mysql_family: MysqlFamilyServer) -> None:
    files = mysql_family.certificates
    mysql_family.connect().close()
    with pytest.raises(pymysql.err.OperationalError, match="CERTIFICATE_VERIFY_FAILED"):
        mysql_family.connect(ssl=ssl.create_default_context(cafile=str(files.other_ca)))
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        mysql_family.connect(user=CLIENT_NAME)
    context = ssl.create_default_context(cafile=str(files.ca_cert))
    context.load_cert_chain(files.client_cert, files.client_key)
    mysql_family.connect(user=CLIENT_NAME, ssl=context).close()


def test_a_script_that_fails_is_an_error(any_server: support.Server) -> None:
    with pytest.raises(support.ServerError, match="no_such"):
        any_server.execute_script(b"SELECT 1; SELECT * FROM no_such_database.no_such_table; SELECT 2;")


def test_awkward_names_are_possible(any_server: support.Server) -> None:
    names = support.awkward_names(any_server)
    for name in names:
        any_server.create_database(name)
        any_server.execute_script(b"CREATE TABLE t (i INTEGER); INSERT INTO t VALUES (1);", name)
    assert set(names) <= set(any_server.databases())
    assert [any_server.query("SELECT i FROM t", database=name) for name in names] == [[(1,)]] * len(names)
    for name in names:
        any_server.drop_database(name)
    assert not set(names) & set(any_server.databases())


def test_hostile_data_fits_into_any_name(any_server: support.Server) -> None:
    name = '-\'; "x" `y` \\ %s'
    support.load_hostile(any_server, name, portable=True)
    try:
        assert len(support.fingerprint(any_server, name)) > 25
        assert len(support.schema_fingerprint(any_server, name)) > 60
    finally:
        any_server.drop_database(name)


def test_nothing_stays_of_a_file_of_tests(any_server: support.Server) -> None:
    roles = set(any_server.roles())
    support.load_hostile(any_server, "hostile of a file", portable=True)
    role = any_server.quote("a role")
    any_server.query(f"CREATE ROLE {role}")
    assert role in {name.removesuffix("@`%`") for name in any_server.roles()}
    any_server.clear()
    assert any_server.databases() == []
    assert set(any_server.roles()) <= roles


def test_a_fingerprint_stays_the_same(loaded: tuple[str, support.Server]) -> None:
    server = loaded[1]
    content, schema = support.fingerprint(server, HOSTILE), support.schema_fingerprint(server, HOSTILE)
    support.assert_same(content, support.fingerprint(server, HOSTILE))
    support.assert_same(schema, support.schema_fingerprint(server, HOSTILE))
    # One that reads nothing would be the same as well.
    empty = [key for key, value in content.items() if key.startswith("table ") and value[0] == 0]
    assert len(empty) < 4, empty


def _stock_copy(server: support.Server, source: str, target: str) -> None:
    """Copy a database with nothing but the engine's own tools. `target` may be `source`: then it is replaced."""
    if isinstance(server, PostgresServer):
        dump = subprocess.run(
            [f"{server.tool_path}/pg_dump", "-Fc"],
            env=server.client_environ(source),
            stdout=subprocess.PIPE,
            check=True,
        )
        server.create_database(target, "TEMPLATE template0")
        # The name is written out: pg_restore takes a -d with `=` for a connection string.
        restore = [f"{server.tool_path}/pg_restore", "--exit-on-error", "-d", target]
        subprocess.run(restore, env=server.client_environ(target), input=dump.stdout, check=True)
        return
    assert isinstance(server, MysqlFamilyServer)
    own = ["--dump-history"] if server.flavour == "mariadb" else ["--set-gtid-purged=OFF", "--column-statistics"]
    dump = subprocess.run(
        [f"{server.tool_path}/mysqldump", f"--defaults-file={server.option_file()}", "--single-transaction",
         "--routines", "--events", "--triggers", "--hex-blob",
         "--skip-add-locks", "--default-character-set=utf8mb4", *own, source],
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    server.drop_database(target)
    server.create_database(target, "CHARACTER SET latin1 COLLATE latin1_general_cs")
    server.execute_script(dump.stdout, target)


def _without_database(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if not key.startswith("database ")}


def test_a_copy_by_the_stock_tools_is_equal(loaded: tuple[str, support.Server]) -> None:
    server = loaded[1]
    # Definitions may name their database: mysqldump does not carry them to another name.
    target = "support copy" if isinstance(server, PostgresServer) else HOSTILE
    content, schema = support.fingerprint(server, HOSTILE), support.schema_fingerprint(server, HOSTILE)
    _stock_copy(server, HOSTILE, target)
    try:
        support.assert_same(content, support.fingerprint(server, target))
        support.assert_same(_without_database(schema), _without_database(support.schema_fingerprint(server, target)))
    finally:
        if target != HOSTILE:
            server.drop_database(target)


def test_the_smallest_change_shows(loaded: tuple[str, support.Server]) -> None:
    kind, server = loaded
    for statements, look in zip(CHANGES[kind], (support.fingerprint, support.schema_fingerprint), strict=True):
        before = look(server, HOSTILE)
        for statement, expected in statements:
            server.execute_script(statement.replace("@DB@", server.quote(HOSTILE)).encode(), HOSTILE)
            after = look(server, HOSTILE)
            changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
            assert changed, f"nothing changed with {statement}"
            assert all(key.startswith(expected) or expected in key for key in changed), f"{statement}: {changed}"
            before = after


def test_differences_can_be_read() -> None:
    with pytest.raises(AssertionError, match=r"2 of 3 differ(?s:.*)only in the first: b(?s:.*)! c") as caught:
        support.assert_same({"a": 1, "b": 2, "c": "one\ntwo"}, {"a": 1, "c": "one\nthree"})
    assert "+three" in str(caught.value)
    with pytest.raises(AssertionError, match="empty"):
        support.assert_same({}, {})


def test_bulk_is_the_same_everywhere(any_server: support.Server) -> None:
    support.load_bulk(any_server, "support bulk", rows=1000, payload=300)
    try:
        row = any_server.query(
            "SELECT id, customer, LENGTH(payload), LEFT(payload, 8), total FROM orders WHERE id = 17",
            database="support bulk",
        )
        assert [tuple(map(str, found)) for found in row] == [("17", "18", "300", "734d0759", "2.89")]
        counts = any_server.query(
            "SELECT (SELECT COUNT(*) FROM orders), (SELECT COUNT(*) FROM customers)", database="support bulk"
        )
        assert counts == [(1000, 100)]
    finally:
        any_server.drop_database("support bulk")


@pytest.mark.parametrize("kind", list(support.KINDS))
def test_a_killed_server_comes_back_with_its_data(kind: str) -> None:
    with support.running(kind) as server:
        server.create_database("kept")
        server.execute_script(b"CREATE TABLE t (i INTEGER); INSERT INTO t VALUES (7);", "kept")
        server.kill()
        with pytest.raises((psycopg2.OperationalError, pymysql.err.OperationalError)):
            server.connect()
        server.restart()
        assert server.query("SELECT i FROM t", database="kept") == [(7,)]
        folder = server.folder
    assert not folder.exists()


DIES = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import support
server = support.running(sys.argv[2]).start()
print(server.folder, server.port, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("kind", ["pg15", "mariadb", "mysql9"])
def test_a_killed_test_run_leaves_nothing(kind: str) -> None:
    argv = [sys.executable, "-c", DIES, str(Path(__file__).parent), kind]
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=False)
    assert done.returncode == -signal.SIGKILL
    folder, port = done.stdout.decode().split()
    for _attempt in range(600):
        if not os.path.exists(folder):
            break
        time.sleep(0.1)
    assert not os.path.exists(folder)
    processes = [path for path in Path("/proc").glob("[0-9]*/cmdline") if folder in _read(path) and port]
    assert processes == []


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


@pytest.mark.parametrize(
    ("text", "sql_mode", "expected"),
    [
        ("SELECT * FROM shop.orders", "", "SELECT * FROM <db>.orders"),
        ("SELECT * FROM `shop` . `orders`", "", "SELECT * FROM <db> . `orders`"),
        ("SELECT shop.orders.id FROM t", "", "SELECT <db>.orders.id FROM t"),
        ("SELECT shop.id FROM orders AS shop", "", "SELECT shop.id FROM orders AS shop"),
        ("SELECT shop.shop FROM shop.shop", "", "SELECT shop.shop FROM <db>.shop"),
        ("SELECT shop.total(shop.id)", "", "SELECT <db>.total(shop.id)"),
        ("SELECT shop2.orders.id, my_shop.orders", "", "SELECT shop2.orders.id, my_shop.orders"),
        ("SELECT x.shop.orders", "", "SELECT x.shop.orders"),
        ("SELECT 'shop.orders', \"shop.orders\" -- shop.orders\n# shop.orders\n/* shop.orders */", "", None),
        ("SELECT 'it''s \\' shop.orders' FROM shop.orders", "", "SELECT 'it''s \\' shop.orders' FROM <db>.orders"),
        ("SELECT '\\', shop.orders, '", "NO_BACKSLASH_ESCAPES", "SELECT '\\', <db>.orders, '"),
        ('SELECT "shop"."orders"', "ANSI_QUOTES", 'SELECT <db>."orders"'),
        ('SELECT "shop"."orders"', "", None),
        ("/*!50001 CREATE VIEW x AS TABLE shop.orders */", "", "/*!50001 CREATE VIEW x AS TABLE <db>.orders */"),
        ("5--shop.orders", "", "5--<db>.orders"),
    ],
)  # fmt: skip
def test_only_qualifiers_lose_the_name(text: str, sql_mode: str, expected: str | None) -> None:
    assert MARK == "<db>"
    assert neutral(text, "shop", {"orders", "shop", "total"}, sql_mode) == (text if expected is None else expected)
