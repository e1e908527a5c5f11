# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery with stock tools alone, by the README's own lines: every server, every compression, encrypted and not."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from support.modules import run_module
from support.mysql_family import MysqlFamilyServer
from support.postgres import PostgresServer
from support.readme import block, run_blocks
from support.ways import NUMBERS, WAYS

# What every test but the first takes.
USUAL = ("zstd", True)
# Definitions that name their own database, and a row that only seems to.
BOOKS = """
CREATE TABLE `books`.`titles` (id INT PRIMARY KEY, title VARCHAR(200), sold INT NOT NULL DEFAULT 0);
CREATE TABLE sales (id INT AUTO_INCREMENT PRIMARY KEY, title INT, FOREIGN KEY (title) REFERENCES `books`.`titles` (id));
INSERT INTO titles (id, title) VALUES (1, 'All about `books`.`titles`'), (2, 'USE books; USE `books`;');
CREATE FUNCTION how_many() RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM `books`.`titles`);
CREATE VIEW counted AS SELECT t.title, `books`.`how_many`() AS n FROM `books`.`titles` AS t;
CREATE TRIGGER sold AFTER INSERT ON sales FOR EACH ROW UPDATE `books`.`titles` SET sold = sold + 1 WHERE id = NEW.title;
CREATE EVENT yearly ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01' DO DELETE FROM `books`.`sales`;
INSERT INTO sales (title) VALUES (1), (1), (2);
"""


def stock(server: support.Server, home: Path) -> dict[str, str]:
    """The environment of an administrator who may log in without further options."""
    if isinstance(server, PostgresServer):
        environment = server.client_environ()
        # The README names the database where it matters.
        del environment["PGDATABASE"]
    else:
        assert isinstance(server, MysqlFamilyServer)
        environment = server.environ()
        shutil.copy(server.option_file(), home / ".my.cnf")
    return {**environment, "HOME": str(home)}


class Site:
    """A server whose hostile database `shop` is backed up in its ways, and gone."""

    def __init__(self, server: support.Server, folder: Path, ways: list[tuple[str, bool]]) -> None:
        self.server, self.folder, self.ways = server, folder, ways
        done = run_blocks(block("keys"), env=os.environ, folder=folder)
        assert done.returncode == 0, done.stderr
        self.recipient, self.key = done.stdout.strip(), folder / "restore.key"
        self.environment = stock(server, folder)
        support.load_hostile(server, "shop")
        self.content = support.fingerprint(server, "shop")
        self.schema = support.schema_fingerprint(server, "shop")
        self.backups = {way: self.back_up("shop", *way) for way in {*ways, USUAL}}
        server.drop_database("shop")

    def back_up(self, name: str, compression: str, encrypted: bool) -> tuple[str, str]:
        """Folders of a backup of the database and of the globals."""
        options = {"databases": [name], "compression": compression, "recipients": [self.recipient] if encrypted else []}
        login = {"engine": self.server.engine, **self.server.login, "store": str(self.folder / "store"), "host": "db1"}
        done = run_module("db_backup", {**login, **options}, path_prefix=self.server.tool_path)
        assert not done["failed"], done["msg"]
        ids = {item["database"]: item["id"] for item in done["backups"]}
        place = self.folder / "store" / "db1" / "main"
        return str(place / name / ids[name]), str(place / "@globals" / ids["@globals"])

    def begin(self, backup: str) -> list[str]:
        """The blocks that come before every recovery."""
        return [block("by-hand-plain", KEY=str(self.key)), block("by-hand-check", BACKUP=backup)]

    def recover(self, backup: str, *blocks: str, environment: dict[str, str] | None = None) -> str:
        """Run blocks after those; what they printed, also on standard error."""
        done = run_blocks(*self.begin(backup), *blocks, env=environment or self.environment, folder=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def properties(backup: str) -> dict[str, Any]:
    """What the manifest says of the database itself."""
    found: dict[str, Any] = json.loads(Path(backup, "manifest.json").read_text(encoding="utf-8"))["properties"]
    return found


def settled(schema: dict[str, Any]) -> dict[str, Any]:
    """Policies with their roles in order: pg_dump lists them in the order in which the server's roles were created."""

    def ordered(match: re.Match[str]) -> str:
        return f" TO {', '.join(sorted(match.group(1).split(', ')))} USING"

    return {k: re.sub(" TO (.*) USING", ordered, v) if "Type: POLICY" in k else v for k, v in schema.items()}


def own_name(server: support.Server, backup: str) -> str:
    """The block that brings the database back under its own name."""
    if server.engine == "postgresql":
        return block("by-hand-postgresql")
    found = properties(backup)
    return block("by-hand-mysql", DB="shop", CHARSET=found["charset"], COLLATION=found["collation"])


@pytest.fixture(scope="module", params=list(support.KINDS))
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Each server in turn."""
    server: support.Server = request.getfixturevalue(request.param)
    yield Site(server, tmp_path_factory.mktemp("by-hand"), WAYS[request.param])
    for name in server.databases():
        server.drop_database(name)


@pytest.mark.parametrize("number", NUMBERS)
def test_own_name(site: Site, number: int) -> None:
    way = site.ways[number]
    backup, _globals = site.backups[way]
    assert all(name.endswith(".age") == way[1] for name in os.listdir(backup) if name != "manifest.json")
    printed = site.recover(backup, own_name(site.server, backup))
    try:
        assert f"{sorted(os.listdir(backup))[0]}: OK" in printed
        support.assert_same(site.content, support.fingerprint(site.server, "shop"))
        # Grants on routines went with the database; those come back with the globals.
        grants = site.server.engine == "postgresql"
        expected = {key: value for key, value in site.schema.items() if grants or not key.startswith("grant on ")}
        support.assert_same(expected, support.schema_fingerprint(site.server, "shop", grants=grants))
        assert not (site.folder / "part.zip").exists()
    finally:
        site.server.drop_database("shop")


def test_a_new_server(site: Site, tmp_path: Path) -> None:
    """The globals, the database, and on MySQL and MariaDB the globals once more."""
    backup, globals_backup = site.backups[USUAL]
    engine = site.server.engine
    kind = next(kind for kind, made in support.KINDS.items() if isinstance(site.server, made))
    server = support.running(kind)
    # The administrator has the same name there, and so gets the password that is in the globals.
    server.password = site.server.password
    with server:
        accounts = block(f"by-hand-{engine}-globals", GLOBALS=globals_backup)
        again = [accounts] if engine == "mysql" else []
        site.recover(backup, accounts, own_name(server, backup), *again, environment=stock(server, tmp_path))
        support.assert_same(site.content, support.fingerprint(server, "shop"))
        support.assert_same(settled(site.schema), settled(support.schema_fingerprint(server, "shop")))


def test_another_name(site: Site) -> None:
    """PostgreSQL: all but what belongs to the database itself. MySQL and MariaDB: definitions follow, rows do not."""
    server = site.server
    if isinstance(server, PostgresServer):
        backup, _globals = site.backups[USUAL]
        found = properties(backup)
        provider = {
            "i": f"--locale-provider=icu --icu-locale={found['locale']}",
            "b": f"--locale-provider=builtin --builtin-locale={found['locale']}",
            "c": "",
        }[found["provider"]]
        values = {
            "ENCODING": found["encoding"],
            "COLLATE": found["collate"],
            "CTYPE": found["ctype"],
            "PROVIDER": provider,
        }
        site.recover(backup, block("by-hand-postgresql-other-name", DB="shop_recovered", **values))
        support.assert_same(site.content, support.fingerprint(server, "shop_recovered"))
        lost = {f"database {name}" for name in ("owner", "connection_limit", "acl", "settings", "comment")}
        expected, got = site.schema, support.schema_fingerprint(server, "shop_recovered")
        assert {key for key in got if got[key] != expected.get(key)} <= lost
        assert expected.keys() == got.keys()
        return
    server.create_database("books")
    server.execute_script(BOOKS.encode(), "books")
    content, schema = support.fingerprint(server, "books"), support.schema_fingerprint(server, "books", grants=False)
    backup, _globals = site.back_up("books", "zstd", True)
    server.drop_database("books")
    values = {
        "OLD": "books",
        "DB": "books_recovered",
        **{key.upper(): properties(backup)[key] for key in ("charset", "collation")},
    }
    site.recover(backup, block("by-hand-mysql-other-name", **values))
    support.assert_same(content, support.fingerprint(server, "books_recovered"))
    support.assert_same(schema, support.schema_fingerprint(server, "books_recovered", grants=False))


@pytest.mark.parametrize("site", ["pg15", "mariadb"], indirect=True)
@pytest.mark.parametrize("cut", [True, False], ids=["cut", "changed"])
def test_a_damaged_backup_is_noticed_at_once(site: Site, tmp_path: Path, cut: bool) -> None:
    """By the check that comes first, before anything is loaded; and by age, if somebody leaves that out."""
    backup = tmp_path / "backup"
    shutil.copytree(site.backups[USUAL][0], backup)
    part = next(path for path in sorted(backup.iterdir()) if path.name != "manifest.json")
    data = bytearray(part.read_bytes())
    if cut:
        del data[-1:]
    else:
        data[len(data) // 2] ^= 1
    part.write_bytes(data)
    done = run_blocks(*site.begin(str(backup)), "echo LOADED", env=site.environment, folder=site.folder)
    assert done.returncode != 0
    assert f"{part.name}: FAILED" in done.stdout
    assert "LOADED" not in done.stdout
    plain = f"plain {part} > {tmp_path}/plain\necho LOADED"
    done = run_blocks(block("by-hand-plain", KEY=str(site.key)), plain, env=site.environment, folder=site.folder)
    assert done.returncode != 0
    assert "LOADED" not in done.stdout
