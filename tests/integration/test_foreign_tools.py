# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engines' own tools dumped, on every server we have, restored into every server that can take it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from support.dumps import dump, restore, restored
from support.small import load_small

# Text that a careless program takes for commands: it must come back byte for byte.
TRAPS = (
    "`shop`.`orders`",
    "USE shop;",
    'old shop. and "shop".orders, shop.orders',
    "\\connect shop",
    "\n\\connect postgres\n\\.\n\\! touch planted\n",
    "-- Dump completed\n",
    "';\nDROP DATABASE zoo;\n--",
    "/*!50003 DROP DATABASE zoo */;",
    "DELIMITER ;;\nDROP DATABASE zoo;;\n",
    "$$; DROP DATABASE zoo; $$",
    "tab\there \\N \\\\. end",
    "COPY orders FROM stdin;\n1\n\\.\n",
    "\x01\x1a 日本 😀 \\' \\\" \\0",
)


def fill(server: support.Server, name: str) -> None:
    """A small database with one of everything, and with traps in its rows."""
    load_small(server, name)
    server.query("CREATE TABLE traps (id INTEGER PRIMARY KEY, t TEXT)", database=name)
    connection = server.connect(name)
    with connection.cursor() as cursor:
        for number, text in enumerate(TRAPS):
            cursor.execute("INSERT INTO traps VALUES (%s, %s)", (number, text))
    connection.close()


@pytest.fixture
def source(any_server: support.Server) -> Iterator[support.Server]:
    """Each server with `shop` and `zoo`."""
    yield from _filled(any_server)


@pytest.fixture
def family(mysql_family: support.Server) -> Iterator[support.Server]:
    """MariaDB, then MySQL, with `shop` and `zoo`."""
    yield from _filled(mysql_family)


@pytest.fixture
def postgres(postgresql: support.Server) -> Iterator[support.Server]:
    """Each PostgreSQL with `shop` and `zoo`."""
    yield from _filled(postgresql)


def _filled(server: support.Server) -> Iterator[support.Server]:
    _empty(server)
    fill(server, "shop")
    fill(server, "zoo")
    yield server
    _empty(server)


def _empty(server: support.Server) -> None:
    for name in server.databases():
        server.drop_database(name)


def assert_equal(source: support.Server, target: support.Server, name: str = "copy") -> None:
    """Content is equal to the last byte; within one server the schema is, too."""
    support.assert_same(support.fingerprint(source, "shop"), support.fingerprint(target, name))
    if source is target:
        support.assert_same(support.schema_fingerprint(source, "shop"), support.schema_fingerprint(target, name))


MYSQL_DUMPS = {
    "databases": ("--databases", "shop", "zoo"),
    "all-databases": ("--all-databases",),
    "one": ("shop",),
    "plain rows": ("--skip-extended-insert", "--complete-insert", "--databases", "shop"),
}
WHOLE = ("--single-transaction", "--routines", "--events", "--triggers", "--hex-blob", "--no-tablespaces")


@pytest.mark.parametrize("kind", list(MYSQL_DUMPS))
def test_mysqldump(family: support.Server, tmp_path: Path, kind: str) -> None:
    src = dump(family, tmp_path / "dump.sql", *WHOLE, *MYSQL_DUMPS[kind])
    others = {name: support.fingerprint(family, name) for name in ("shop", "zoo")}
    result = restored(family, src, source_database=None if kind == "one" else "shop", target="copy")
    assert_equal(family, family)
    assert result["source"]["complete"] and result["source"]["tool"]
    for name, before in others.items():
        support.assert_same(before, support.fingerprint(family, name))


def test_everything_an_engine_knows(any_server: support.Server, tmp_path: Path) -> None:
    """The hostile database through a stock dump: content is equal; with PostgreSQL definitions are, too."""
    server = any_server
    _empty(server)
    support.load_hostile(server, "shop")
    options = ("-C", "shop") if server.engine == "postgresql" else (*WHOLE, "--databases", "shop")
    if server.flavour == "mariadb":
        options = ("--dump-history", *options)
    restored(server, dump(server, tmp_path / "dump.sql", *options), target="copy")
    support.assert_same(support.fingerprint(server, "shop"), support.fingerprint(server, "copy"))
    if server.engine == "postgresql":
        schemas = [support.schema_fingerprint(server, name) for name in ("shop", "copy")]
        limits = [schema.pop("database connection_limit") for schema in schemas]
        assert limits[0] != limits[1]  # the one thing that is left out, and counted
        support.assert_same(*schemas)
    _empty(server)


def test_the_other_engines_dump(pg15: support.Server, mariadb: support.Server, tmp_path: Path) -> None:
    """Its header tells who wrote it."""
    for server, other in ((pg15, mariadb), (mariadb, pg15)):
        _empty(server)
        fill(server, "shop")
        src = dump(server, tmp_path / f"{server.flavour}.sql", "shop")
        told = restore(other, src, target="copy")["msg"]
        assert "was written by" in told and other.flavour[:7] in told
        assert "copy" not in other.databases()
        _empty(server)


def test_what_becomes_of_the_old_one(any_server: support.Server, tmp_path: Path) -> None:
    """The message says whether a database was there, and whether it is gone."""
    _empty(any_server)
    src = tmp_path / "x.sql"
    src.write_text("CREATE TABLE t (i INTEGER);\nINSERT INTO t VALUES (1);\n", encoding="utf-8")
    assert "replace" not in restored(any_server, src, target="shop")["msg"]
    would = restored(any_server, src, target="shop", if_exists="replace", check=True)
    assert "which would be dropped" in would["msg"]
    assert "it replaced was dropped" in restored(any_server, src, target="shop", if_exists="replace")["msg"]
    kept = restored(any_server, src, target="shop", if_exists="replace", keep_previous=True)
    assert f"is kept as {kept['previous']}" in kept["msg"]
    _empty(any_server)


def test_mysqldump_of_several_wants_a_choice(family: support.Server, tmp_path: Path) -> None:
    src = dump(family, tmp_path / "dump.sql", *WHOLE, "--databases", "shop", "zoo")
    result = restore(family, src, target="copy")
    assert result["failed"] and "shop" in result["msg"] and "zoo" in result["msg"]
    assert "source_database" in result["msg"]
    missing = restore(family, src, source_database="nowhere", target="copy")
    assert missing["failed"] and "shop" in missing["msg"]
    assert family.databases() == ["shop", "zoo"]


POSTGRESQL_DUMPS = {
    "clean and create": ("-C", "--clean", "shop"),
    "clean": ("--clean", "shop"),
    "inserts": ("--inserts", "shop"),
    "plain": ("shop",),
    "custom": ("-Fc", "shop"),
    "tar": ("-Ft", "shop"),
    "directory": ("-Fd", "--file={path}", "shop"),
}


@pytest.mark.parametrize("kind", list(POSTGRESQL_DUMPS))
def test_pg_dump(postgres: support.Server, tmp_path: Path, kind: str) -> None:
    src = dump(postgres, tmp_path / "dump", *POSTGRESQL_DUMPS[kind])
    result = restored(postgres, src, target="copy")
    assert_equal(postgres, postgres)
    assert result["source"]["tool"].startswith("pg_dump")
    assert set(postgres.databases()) == {"copy", "shop", "zoo"}


def test_pg_dumpall(postgres: support.Server, tmp_path: Path) -> None:
    """Roles, all databases: one is taken. With globals its roles come too."""
    postgres.query("CREATE ROLE visitor LOGIN PASSWORD 'secret of a visitor'")
    postgres.query("GRANT SELECT ON log TO visitor", database="shop")
    try:
        src = dump(postgres, tmp_path / "all.sql", tool="pg_dumpall")
        restored(postgres, src, source_database="shop", target="copy")
        assert_equal(postgres, postgres)
        postgres.drop_database("copy")
        for name in ("shop", "zoo"):
            postgres.drop_database(name)
        postgres.query("DROP ROLE visitor")
        missing = restore(postgres, src, source_database="shop")
        assert missing["failed"] and "visitor" in missing["msg"] and "globals=true" in missing["msg"]
        assert postgres.databases() == []
        result = restored(postgres, src, source_database="shop", globals=True)
        assert result["target"] == "shop"
        postgres.connect("shop", user="visitor", password="secret of a visitor").close()
        postgres.drop_database("shop")
        restored(postgres, src, source_database="shop", no_owner=True)
    finally:
        _empty(postgres)
        postgres.query("DROP ROLE IF EXISTS visitor")


@pytest.mark.parametrize("kind", ["databases", "all-databases", "one"])
@pytest.mark.parametrize("pair", [("mariadb", "mysql9"), ("mysql9", "mariadb")], ids="-to-".join)
def test_from_one_flavour_into_the_other(
    pair: tuple[str, str], kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Tables and rows move; what the other server has no word for is refused by name."""
    source, target = (request.getfixturevalue(name) for name in pair)
    for server in (source, target):
        _empty(server)
    source.create_database("shop", "CHARACTER SET utf8mb4")
    source.create_database("zoo")
    source.query(
        "CREATE TABLE traps (id INTEGER PRIMARY KEY AUTO_INCREMENT, t TEXT, n DECIMAL(9,2), d DATETIME(3), KEY (n))",
        database="shop",
    )
    source.query("CREATE VIEW seen AS SELECT id, t FROM traps", database="shop")
    connection = source.connect("shop")
    with connection.cursor() as cursor:
        for text in TRAPS:
            cursor.execute("INSERT INTO traps (t, d) VALUES (%s, '2026-01-02 03:04:05.678')", (text,))
    connection.close()
    source.query(
        "CREATE DEFINER=`nobody_here`@`%` TRIGGER small BEFORE INSERT ON traps FOR EACH ROW SET NEW.n = 1",
        database="shop",
    )
    src = dump(source, tmp_path / "dump.sql", *WHOLE, *MYSQL_DUMPS[kind])
    result = restored(target, src, source_database=None if kind == "one" else "shop", target="copy")
    rows = "SELECT id, t, n, d FROM traps ORDER BY id"
    assert target.query(rows, database="copy") == source.query(rows, database="shop")
    assert target.query("SELECT COUNT(*) FROM seen", database="copy") == [(len(TRAPS),)]
    assert any("definer" in name.lower() for name in result["adaptations"]), result["adaptations"]
    if source.flavour == "mariadb" and kind == "one":
        source.query("CREATE SEQUENCE numbers", database="shop")
        src = dump(source, tmp_path / "sequence.sql", *WHOLE, "--databases", "shop")
        refused = restore(target, src, target="other")
        assert refused["failed"] and "sequence" in refused["msg"].lower()
        assert target.databases() == ["copy"]
    for server in (source, target):
        _empty(server)


@pytest.fixture(scope="module")
def two(pg15: support.Server, pg18: support.Server) -> Iterator[tuple[support.Server, support.Server]]:
    """PostgreSQL 15 and 18, each with a `shop` of its own."""
    for server in (pg15, pg18):
        _empty(server)
        fill(server, "shop")
    yield pg15, pg18
    for server in (pg15, pg18):
        _empty(server)


@pytest.mark.parametrize("kind", [*POSTGRESQL_DUMPS, "all"])
def test_postgresql_of_another_version(two: tuple[support.Server, support.Server], tmp_path: Path, kind: str) -> None:
    """From 15 to 18; a plain dump of 18 also into 15, an archive of 18 is refused there."""
    pg15, pg18 = two
    options, tool = POSTGRESQL_DUMPS.get(kind, ()), "" if kind in POSTGRESQL_DUMPS else "pg_dumpall"
    chosen: dict[str, Any] = {"target": "copy", "if_exists": "replace", "source_database": "shop" if tool else None}
    restored(pg18, dump(pg15, tmp_path / "old", *options, tool=tool), **chosen)
    assert_equal(pg15, pg18)
    result = restore(pg15, dump(pg18, tmp_path / "new", *options, tool=tool), **chosen)
    if kind in ("custom", "tar", "directory"):
        assert result["failed"] and "newer" in result["msg"]
        assert "copy" not in pg15.databases()
    else:
        assert not result["failed"], result["msg"]
        assert any("setting" in name.lower() for name in result["adaptations"]), result["adaptations"]
        assert_equal(pg18, pg15)
        pg15.drop_database("copy")
