# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: the proof is deaf to no loss, and what a backup cannot hold is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_columns, my_judge, schema
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_compare import UNCOMPARED
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_counting import Counter, Scope, sequences
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_schema import read
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_script import Definition
from support.modules import run_module
from support.mutations_my import MUTATIONS, ONLY_TEXT, OWN_MUTATIONS, SOURCE, TABLES


def run(server: support.Server, name: str, store: Path, **params: Any) -> dict[str, Any]:
    """Run a module on the server and the store."""
    options = {"engine": server.engine, **server.login, "store": str(store), "host": "db1", **params}
    return run_module(name, options, path_prefix=server.tool_path)


def backup(server: support.Server, store: Path, **params: Any) -> tuple[dict[str, Any], str]:
    """Back up SOURCE; the manifest, and all warnings in one text."""
    result = run(server, "db_backup", store, databases=[SOURCE], globals=False, **params)
    assert not result["failed"], result["msg"]
    found = sorted(store.glob("**/manifest.json"), key=lambda path: path.stat().st_mtime)
    return json.loads(found[-1].read_text(encoding="utf-8")), " ".join(result.get("warnings", []))


@pytest.fixture
def database(mysql_family: support.Server) -> Iterator[support.Server]:
    """Each server, with an empty database SOURCE."""
    mysql_family.drop_database(SOURCE)
    mysql_family.create_database(SOURCE, "CHARACTER SET utf8mb4")
    yield mysql_family
    for name in mysql_family.databases():
        mysql_family.drop_database(name)


class State:
    """All that a restore compares, of a database as it is now."""

    def __init__(self, server: support.Server, name: str = SOURCE) -> None:
        connection = server.connect(name)
        try:
            connection.query("SET SESSION sql_mode = '', time_zone = '+00:00'")
            reader, definitions, objects = read(connection, name)
            self._definitions = definitions
            self.schema = [item for item in objects if not item.name.startswith(UNCOMPARED)]
            columns = my_columns.columns(connection, name, stage="test")
            counter = Counter(connection, name, reader, definitions, columns)
            counted = counter.count(Scope(content=True))
            self.tables = counted.tables
            self.sequences = [*sequences(connection, name, reader.sequences, stage="test"), *counted.sequences]
        finally:
            connection.close()

    def views(self) -> list[Definition]:
        """As the server prints them."""
        return [item for item in self._definitions if item.kind == "view"]

    def doubts(self, other: State) -> list[str]:
        """Objects of which only a text differs in another state, between major versions."""
        return schema.compare(self.schema, other.schema, portable=True).doubtful

    def differences(self, other: State, *, portable: bool = False) -> list[str]:
        """What differs in another state, in words; expressions whose normalised texts differ count on one version."""
        found = schema.compare(self.schema, other.schema, portable=portable)
        told = [*found.different, *(f"{name} differs" for name in found.doubtful if not portable)]
        told += schema.row_differences(self.tables, other.tables)
        told += schema.content_differences(self.tables, other.tables)
        now = {item.name: item for item in other.sequences}
        return told + [f"sequence {item.name}" for item in self.sequences if now.get(item.name) != item]


def test_mutations(database: support.Server) -> None:
    """Whatever is changed is found, and named."""
    server = database
    server.execute_script(TABLES.encode(), SOURCE)
    if server.flavour == "mariadb":
        server.query("CREATE SEQUENCE number NOCACHE", database=SOURCE)
    source = State(server)
    assert not source.differences(State(server))
    before = source
    for what, (change, named, undo) in {**MUTATIONS, **OWN_MUTATIONS[server.flavour]}.items():
        server.execute_script(f"{change};".encode(), SOURCE)
        changed = State(server)
        told = before.differences(changed)
        assert any(text.startswith(named) for text in told), f"{what}: {told}"
        between = before.doubts(changed) if what in ONLY_TEXT else before.differences(changed, portable=True)
        assert any(text.startswith(named) for text in between), f"{what} between versions: {between}"
        others = [text for text in told if not text.startswith(named)]
        assert all(text.endswith("has other content than in the backup") for text in others), f"{what}: {told}"
        if undo is not None:
            server.execute_script(f"{undo};".encode(), SOURCE)
            changed = State(server)
            assert not before.differences(changed), f"{what} undone: {before.differences(changed)}"
        before = changed


def test_views_that_grow(database: support.Server, tmp_path: Path) -> None:
    """MySQL 9 adds conditions to a view whenever it reads its text. The server is the judge; another view is found."""
    server = database
    server.execute_script(
        b"""
        CREATE TABLE a (x INT); CREATE TABLE b (x INT NOT NULL, y INT, PRIMARY KEY (x));
        CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 2;
        CREATE VIEW both_of AS SELECT x FROM a UNION (SELECT y FROM b INTERSECT SELECT 2);
        CREATE VIEW one_of AS SELECT f() AS z, x FROM both_of EXCEPT SELECT y, y FROM b;
        """,
        SOURCE,
    )
    backup(server, tmp_path)
    result = run(server, "db_restore", tmp_path, database=SOURCE, target="again")
    assert not result["failed"] and result["verified"]["schema"] == "same", result["msg"]
    grown = server.flavour == "mysql"
    assert (
        "view both_of in another way than the source did, which means the same" in str(result.get("warnings"))
    ) == grown
    drill = run(server, "backup_drill", tmp_path, databases=[SOURCE])
    assert not drill["failed"], drill["msg"]
    reads = {name: State(server, name).views() for name in (SOURCE, "again")}
    connection = server.connect("again")
    try:
        options: dict[str, Any] = {"absent": (), "stage": "test"}
        texts = {f"view {item.name}": item.text.replace(f"`{SOURCE}`.", "") for item in reads[SOURCE]}
        judged = my_judge.judged(connection, "again", reads["again"], texts, **options)
        assert judged == {"view both_of": True, "view one_of": True}
        changed = {
            "view both_of": texts["view both_of"].replace("select `a`.`x` AS", "select `a`.`x` + 0 AS"),
            "view one_of": "DROP TABLE a",
        }
        assert my_judge.judged(connection, "again", reads["again"], changed, **options) == {"view both_of": False}
        assert len(State(server, "again").views()) == 2
    finally:
        connection.close()


def test_all_types_keep_their_content(database: support.Server, tmp_path: Path) -> None:
    """Every type that a server has, with values at its limits, has the same checksum after a restore."""
    server = database
    own = {
        "mariadb": "u UUID, a6 INET6, a4 INET4, z TEXT COMPRESSED",
        "mysql": "j JSON, v VECTOR(2), p POINT SRID 4326, q INT INVISIBLE",
    }[server.flavour]
    values = {
        "mariadb": "UUID(), '::1', '1.2.3.4', 'long'",
        "mysql": "'{\"a\": [1, 2.5, null]}', TO_VECTOR('[1,2]'), ST_SRID(POINT(1, 2), 4326)",
    }[server.flavour]
    more = "q = i" if server.flavour == "mysql" else "c = i"
    invisible = ", q" if server.flavour == "mysql" else ""
    server.execute_script(
        f"""
        SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+03:00';
        CREATE TABLE t (i INT PRIMARY KEY AUTO_INCREMENT, f FLOAT, d DOUBLE, n DECIMAL(30, 10), b BIT(64),
            e ENUM('a', 'b'), s SET('x', 'y'), g GEOMETRY, bl LONGBLOB, c CHAR(9), w VARCHAR(9) CHARACTER SET utf16,
            bn BINARY(4), dt DATETIME(6), ts TIMESTAMP(3) NULL, tm TIME(2), y YEAR, h DOUBLE AS (d / 3) STORED,
            r DOUBLE AS (d / 7) VIRTUAL, {own});
        INSERT INTO t VALUES (NULL, 0.5, 0.1, 1.5, ~0, 'b', 'x,y', ST_GeomFromText('LINESTRING(1 2, 3 4)'),
            REPEAT(x'00ff270a5c', 400000), 'a ', x'd83dde00', 'ab', '2024-02-30 01:02:03.456789',
            '2024-01-01 00:00:00.5', '-838:59:59', 1901, DEFAULT, DEFAULT, {values});
        INSERT INTO t (f, d, b, e, dt, ts, y, n) VALUES (-1, -1e300, 0, 'a', '0000-00-00', 0, 0, -0.5);
        INSERT INTO t (i) VALUES (40), (41);
        UPDATE t SET {more};
        UPDATE t SET s = '', c = '', w = '', bl = '' WHERE i = 40;
        CREATE TABLE same (a INT, b VARCHAR(3));
        INSERT INTO same VALUES (1, 'x'), (1, 'x'), (2, NULL), (NULL, NULL);
        """.encode(),
        SOURCE,
    )
    manifest, warnings = backup(server, tmp_path, proof="content")
    assert not warnings
    assert {item["name"]: item["rows"] for item in manifest["tables"]} == {"same": 4, "t": 4}
    assert all(item["content"] and item["exact"] for item in manifest["tables"])
    assert {"name": "t.i", "value": 42, "called": False} in manifest["sequences"]
    result = run(server, "db_restore", tmp_path, database=SOURCE, target="again")
    assert not result["failed"], result["msg"]
    assert (result["verified"]["content"], result["verified"]["schema"]) == ("same", "same")
    query = f"SELECT i, f, d, n, b, e, s, HEX(bl), dt, ts, tm, y, h, r{invisible} FROM {{}}.t ORDER BY i"
    assert server.query(query.format("again")) == server.query(query.format(SOURCE))


def test_bytes_of_old_character_sets(database: support.Server, tmp_path: Path) -> None:
    """Letters that UTF-8 does not give back come back as the bytes that they are, in columns of any name."""
    server = database
    bytes_of = {"cp1257": "a1a5", "hebrew": "a1bf", "sjis": "815f", "gbk": "a2a1a6d9", "tis620": "fcfd", "cp1256": "81"}
    script = "".join(
        f"CREATE TABLE `ö {name}` (i INT PRIMARY KEY, `ñ'` VARCHAR(20) CHARACTER SET {name}, b BLOB, k ENUM('ß', 'z'));"
        f"INSERT INTO `ö {name}` VALUES (1, 0x{code}, 0x00ff270a5c, 'ß'), (2, NULL, '', 'z');"
        for name, code in bytes_of.items()
    )
    server.execute_script(f"SET NAMES utf8mb4; {script}".encode(), SOURCE)
    query = "SELECT i, HEX(`ñ'`), HEX(b), k FROM `ö {}`"
    stored = {name: server.query(query.format(name), database=SOURCE) for name in bytes_of}
    assert "815F" in str(stored["sjis"])
    _manifest, warnings = backup(server, tmp_path, proof="content")
    assert not warnings
    result = run(server, "db_restore", tmp_path, database=SOURCE, target="again")
    assert not result["failed"], result["msg"]
    for name, rows in stored.items():
        assert server.query(query.format(name), database="again") == rows, name


def test_values_that_do_not_survive(database: support.Server, tmp_path: Path) -> None:
    """What no dump gives back is named with its number, not with its values; the checksum finds it after a restore."""
    server = database
    server.execute_script(
        b"""
        SET SESSION sql_mode = '', time_zone = '-09:30';
        CREATE TABLE m (i INT PRIMARY KEY, f FLOAT, e ENUM('', 'on'), at TIMESTAMP, at_hour INT AS (HOUR(at)) STORED,
            at_year INT AS (YEAR(at)) STORED, twice INT AS (at_hour * 2) STORED, unix INT AS (i * 2) STORED);
        INSERT INTO m (i, f, e, at) VALUES (1, 0.7071067811865475, 'wrong', '2024-05-05 20:00:00'),
            (2, 0.25, 'on', '2024-05-05 04:00:00'), (3, 33554433, '', '2024-12-31 23:00:00');
        """,
        SOURCE,
    )
    if server.flavour == "mysql":
        server.execute_script(
            b"CREATE TABLE j (d JSON, c VARCHAR(9) CHARACTER SET cp1250);"
            b"INSERT INTO j VALUES (CAST(1.234567890123456789012 AS JSON), 0x81), ('1.5', 'a'),"
            b" (JSON_OBJECT('at', DATE '2024-01-01'), NULL);",
            SOURCE,
        )
    manifest, warnings = backup(server, tmp_path / "counts")
    expected = ["6 digits (m.f: 2)", "ENUM error values (m.e: 1)", "time zone (m.at_hour: 3, m.at_year: 1, m.twice: 3)"]
    if server.flavour == "mysql":
        expected += ["another value (j.d: 2)", "cp1250 that UTF-8 does not keep (j.c: 1)"]
    assert all(text in manifest["warnings"][0] for text in expected), manifest["warnings"]
    assert len(manifest["warnings"]) == 1 and manifest["warnings"][0][:80] in warnings
    assert "m.unix" not in manifest["warnings"][0]
    assert "33554" not in str(manifest["warnings"]) and "0.707" not in str(manifest["warnings"])
    result = run(server, "db_restore", tmp_path / "counts", database=SOURCE, target="again")
    assert not result["failed"], result["msg"]
    assert manifest["warnings"][0] in result["warnings"]
    backup(server, tmp_path / "content", proof="content")
    result = run(server, "backup_drill", tmp_path / "content", databases=[SOURCE])
    assert result["failed"] and "table m has other content than in the backup" in result["msg"]
    assert "The backup itself says why" in result["msg"] and "proof=counts" in result["msg"]


def test_packets(database: support.Server, tmp_path: Path) -> None:
    """A statement that the server does not take is said at the backup, and refuses a restore before it begins."""
    server = database
    kept = server.query("SELECT @@GLOBAL.max_allowed_packet")[0][0]
    server.execute_script(b"CREATE TABLE b (d LONGBLOB); INSERT INTO b VALUES (REPEAT('x', 1500000));", SOURCE)
    try:
        server.query("SET GLOBAL max_allowed_packet = 2097152")
        manifest, warnings = backup(server, tmp_path)
        assert 3_000_000 < manifest["largest_statement"] < 3_001_000
        assert "max_allowed_packet=3145728" in warnings
        result = run(server, "db_restore", tmp_path, database=SOURCE, target="again")
        assert result["failed"] and "SET GLOBAL max_allowed_packet = 3145728" in result["msg"]
        assert "again" not in server.databases()
        drill = run(server, "backup_drill", tmp_path, databases=[SOURCE])
        assert drill["failures"][0]["stage"] == "preflight"
        server.query("SET GLOBAL max_allowed_packet = 3145728")
        assert not run(server, "db_restore", tmp_path, database=SOURCE, target="again")["failed"]
    finally:
        server.query(f"SET GLOBAL max_allowed_packet = {kept}")
