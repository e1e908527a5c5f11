# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README says to type, typed: install, keys, first backup, list, verify, restore, privileges.

Recovery by hand is in test_readme_recovery.py, `make demo` in test_demo.py.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import support
from support.dumps import dump
from support.modules import ROOT, run_module
from support.postgres import PostgresServer
from support.readme import block, blocks, run_blocks, tasks

FLEET = ("fleet-inventory", "fleet")  # test_playbooks_guides.py
HERE = ("try", "install", "keys", "first-backup", "first-backup-mysql", "list-verify-restore", "retention", "foreign")
GRANTS = ("grants-postgresql", "grants-postgresql-restore", "grants-mysql", "grants-mysql-restore")
BY_HAND = (
    "by-hand-plain",
    "by-hand-check",
    "by-hand-postgresql-globals",
    "by-hand-postgresql",
    "by-hand-postgresql-other-name",
    "by-hand-mysql-globals",
    "by-hand-mysql",
    "by-hand-mysql-other-name",
)
SHOP_POSTGRESQL = ROOT / "demo" / "shop-postgresql.sql"
SHOP_MYSQL = """
CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, total DECIMAL(10, 2), note TEXT);
INSERT INTO orders (total, note) VALUES (1.5, 'one'), (2.5, NULL), (3.5, 'three');
CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC NO SQL RETURN n * 2;
CREATE VIEW totals AS SELECT SUM(total) AS total FROM orders;
CREATE TRIGGER never_below_zero BEFORE INSERT ON orders FOR EACH ROW SET NEW.total = GREATEST(NEW.total, 0);
CREATE EVENT yearly ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01' DO DELETE FROM orders;
"""


def keys(folder: Path) -> dict[str, str]:
    """A key pair, made as the README says, as the variables that its examples use."""
    done = run_blocks(block("keys"), env=os.environ, folder=folder)
    assert done.returncode == 0, done.stderr
    return {"backup_public_key": done.stdout.strip(), "backup_secret_key": (folder / "restore.key").read_text()}


def play(server: support.Server, name: str, variables: dict[str, str], **changed: Any) -> list[dict[str, Any]]:
    """Run the tasks of a block with another login and store; the results, none of which may be a failure."""
    one_line = {key: value.strip().splitlines()[-1] for key, value in variables.items()}
    return [_run(server, module, options, changed) for module, options in tasks(name, one_line)]


def _run(server: support.Server, module: str, options: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    if not module.startswith("db_"):
        changed = {key: value for key, value in changed.items() if not key.startswith("login_")}
    result = run_module(module, {**options, **changed}, path_prefix=server.tool_path)
    assert not result["failed"], result["msg"]
    return result


@pytest.fixture(params=["mariadb", "mysql9"])
def shop_mysql(request: pytest.FixtureRequest) -> Any:
    """A server with a small database `shop` that is dropped afterwards."""
    server: support.Server = request.getfixturevalue(request.param)
    server.create_database("shop")
    server.execute_script(SHOP_MYSQL.encode(), "shop")
    yield server
    for name in server.databases():
        server.drop_database(name)
    for account in ("backup", "restore"):
        server.query(f"DROP USER IF EXISTS '{account}'@'localhost'")


@pytest.fixture
def shop_postgresql(pg18: PostgresServer) -> Any:
    """The same for PostgreSQL."""
    pg18.create_database("shop")
    pg18.execute_script(SHOP_POSTGRESQL.read_bytes(), "shop")
    yield pg18
    for name in pg18.databases():
        pg18.drop_database(name)
    for role in ("backup", "restore"):
        pg18.query(f"DROP ROLE IF EXISTS {role}")


def test_every_command_has_a_test() -> None:
    """A block that is added to the README is added to a test too."""
    assert sorted(blocks()) == sorted((*HERE, *FLEET, *GRANTS, *BY_HAND))


def test_the_demo_is_the_one_that_is_tested() -> None:
    assert block("try") == "make demo\n"
    assert re.search(r"^demo:.*\n\tbash demo/run\.sh$", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_install(tmp_path: Path) -> None:
    """Built and installed from a checkout, into the folder where Ansible looks by default."""
    checkout = tmp_path / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, checkout / name)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    environment.update(HOME=str(tmp_path), PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    done = run_blocks(block("install"), env=environment, folder=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "VYA.BACKUPDB.DB_BACKUP" in done.stdout.upper()
    installed = tmp_path / ".ansible" / "collections" / "ansible_collections" / "vya" / "backupdb"
    assert (installed / "plugins" / "modules" / "db_backup.py").is_file()
    assert not [name for name in ("tests", "demo", "Makefile") if (installed / name).exists()]


def test_back_up_list_verify_restore(shop_postgresql: PostgresServer, tmp_path: Path) -> None:
    """The examples for PostgreSQL in their order."""
    server = shop_postgresql
    content, schema = support.fingerprint(server, "shop"), support.schema_fingerprint(server, "shop")
    variables, store = keys(tmp_path), str(tmp_path / "store")
    (backup,) = play(server, "first-backup", variables, store=store, **server.login_socket)
    assert [item["database"] for item in backup["backups"]] == ["@globals", "shop"]
    assert all(item["encrypted"] for item in backup["backups"])
    results = play(server, "list-verify-restore", variables, store=store, **server.login_socket)
    listed, stored, readable, restored, replaced = results
    assert [item["database"] for item in listed["backups"]] == ["shop"]
    assert {item["level"] for item in stored["results"]} == {"stored"}
    assert {item["level"] for item in readable["results"]} == {"readable"}
    assert restored["target"] == "shop_staging"
    assert sorted(server.databases()) == sorted(["shop", "shop_staging", replaced["previous"]])
    for name in server.databases():
        support.assert_same(content, support.fingerprint(server, name))
        support.assert_same(schema, support.schema_fingerprint(server, name))
    (pruned,) = play(server, "retention", variables, store=store)
    assert (pruned["removed"], {item["database"] for item in pruned["kept"]}) == ([], {"shop", "@globals"})


def test_privileges_on_postgresql(shop_postgresql: PostgresServer, tmp_path: Path) -> None:
    """The account for backups backs up everything, passwords of roles too; the one that creates databases restores."""
    server = shop_postgresql
    content = support.fingerprint(server, "shop")
    for name in ("grants-postgresql", "grants-postgresql-restore"):
        server.execute_script(block(name).encode())
    common = {"engine": "postgresql", **server.login, "login_password": "change me", "store": str(tmp_path / "store")}
    done = run_module("db_backup", {**common, "login_user": "backup"}, path_prefix=server.tool_path)
    assert not done["failed"], done["msg"]
    assert not done.get("warnings")
    (manifest,) = (tmp_path / "store").glob("*/main/@globals/*/manifest.json")
    assert "--no-role-passwords" not in manifest.read_text()
    options = {"login_user": "restore", "database": "shop", "target": "shop_restored", "no_owner": True}
    done = run_module("db_restore", {**common, **options}, path_prefix=server.tool_path)
    assert not done["failed"], done["msg"]
    support.assert_same(content, support.fingerprint(server, "shop_restored"))


def test_privileges_and_first_backup_on_mysql(shop_mysql: support.Server, tmp_path: Path) -> None:
    """The account for backups lacks nothing, and the account for restores restores."""
    server = shop_mysql
    content, schema = support.fingerprint(server, "shop"), support.schema_fingerprint(server, "shop", grants=False)
    for name in ("grants-mysql", "grants-mysql-restore"):
        server.execute_script(block(name).encode())
    variables = {**keys(tmp_path), "backup_password": "change me"}
    place = {"login_unix_socket": str(server.socket), "store": str(tmp_path / "store")}
    login = {"engine": "mysql", "login_password": "change me", "login_unix_socket": str(server.socket)}
    info = run_module("db_info", {**login, "login_user": "backup"}, path_prefix=server.tool_path)
    assert info["missing_privileges"] == [], info
    (backup,) = play(server, "first-backup-mysql", variables, **place)
    assert not backup.get("warnings")
    assert [item["exact"] for item in backup["backups"] if item["database"] == "shop"] == [True]
    assert all(item.get("position") for item in backup["backups"] if item["database"] == "shop")
    options = {
        "login_user": "restore",
        "database": "shop",
        "identity": variables["backup_secret_key"],
        "store": place["store"],
    }
    for more in ({"target": "shop_restored"}, {"if_exists": "replace"}):
        done = run_module("db_restore", {**login, **options, **more}, path_prefix=server.tool_path)
        assert not done["failed"], done["msg"]
        support.assert_same(content, support.fingerprint(server, done["target"]))
        support.assert_same(schema, support.schema_fingerprint(server, done["target"], grants=False))


def test_what_other_tools_dumped(shop_mysql: support.Server, tmp_path: Path) -> None:
    """A zipped mysqldump under another name, with the account for restores."""
    server = shop_mysql
    content = support.fingerprint(server, "shop")
    server.execute_script(block("grants-mysql-restore").encode())
    dumped = dump(server, tmp_path / "shop.sql", "--routines", "--events", "--databases", "shop")
    with zipfile.ZipFile(tmp_path / "shop.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(dumped, dumped.name)
    place = {"login_unix_socket": str(server.socket), "src": str(tmp_path / "shop.zip")}
    (done,) = play(server, "foreign", {"restore_password": "change me"}, **place)
    assert (done["target"], done["source"]["layers"]) == ("dns_db_restored", ["zip", "sql"])
    assert done["adaptations"]
    support.assert_same(content, support.fingerprint(server, "dns_db_restored"))
    support.assert_same(content, support.fingerprint(server, "shop"))
