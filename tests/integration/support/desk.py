# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules at work on one server, as most tests of them want it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import generate_identity

from .modules import run_module
from .server import Server

TABLES = """
CREATE TABLE customers (id integer PRIMARY KEY, name varchar(100) NOT NULL);
CREATE TABLE orders (id integer PRIMARY KEY, customer integer REFERENCES customers (id), total numeric(10,2));
INSERT INTO customers VALUES (1, 'Ada'), (2, 'Blaise'), (3, 'Ćelija \U0001f980');
INSERT INTO orders VALUES (10, 1, 9.95), (11, 1, 100.00), (12, 3, 0.00), (13, NULL, NULL);
"""
IDENTITY, RECIPIENT = generate_identity()
STRANGER, STRANGERS_RECIPIENT = generate_identity()


# What Ansible or the runner adds, and what every module may return.
USUAL = {"changed", "diff", "exception", "failed", "invocation", "msg", "process_rc", "process_stderr", "warnings"}


def undocumented(name: str, result: Mapping[str, Any]) -> list[str]:
    """Keys of a result that the module's RETURN does not list. Where it lists none below a key, anything goes."""
    module = importlib.import_module(f"ansible_collections.vya.backupdb.plugins.modules.{name}")

    def search(found: Mapping[str, Any], known: Mapping[str, Any], path: str) -> Iterator[str]:
        for key, value in found.items():
            if key not in known:
                yield path + key
                continue
            inner = known[key].get("contains")
            for item in value if isinstance(value, list) else [value]:
                if inner and isinstance(item, dict):
                    yield from search(item, inner, f"{path}{key}.")

    own = {key: value for key, value in result.items() if key not in USUAL}
    return sorted(set(search(own, yaml.safe_load(module.RETURN), "")))


class Desk:
    """A server with the database `shop`, a store that is not there yet, and the modules."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.store = folder / "store"

    @property
    def login(self) -> dict[str, Any]:
        """Options of the connection."""
        return {"engine": self.server.engine, **self.server.login}

    def call(self, name: str, params: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Run a module with the server's tools. What it answers must be documented."""
        result = run_module(name, params, path_prefix=self.server.tool_path, **options)
        strange = undocumented(name, result)
        assert strange == [], f"{name} returns what its documentation does not tell: {strange}"
        return result

    def info(self, **params: Any) -> dict[str, Any]:
        """db_info."""
        return self.call("db_info", {**self.login, **params})

    def backup(self, params: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """db_backup, encrypted; `options` as in start_module."""
        given = {**self.login, "store": str(self.store), "host": "db1", "recipients": [RECIPIENT], **(params or {})}
        return self.call("db_backup", given, **options)

    def restore(self, params: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """db_restore of `shop`; `options` as in start_module."""
        given = {**self.login, "store": str(self.store), "host": "db1", "database": "shop", "identity": IDENTITY}
        return self.call("db_restore", {**given, **(params or {})}, **options)

    def listing(self, **params: Any) -> dict[str, Any]:
        """backup_info."""
        return self.call("backup_info", {"store": str(self.store), **params})

    def verify(self, **params: Any) -> dict[str, Any]:
        """backup_verify."""
        return self.call("backup_verify", {"store": str(self.store), **params})

    def files(self) -> dict[str, tuple[int, int]]:
        """What is below the store: inode and time of change."""
        paths = sorted(self.store.rglob("*"))
        return {str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in paths}


def shop(server: Server) -> Iterator[Server]:
    """The server with the database `shop` alone; afterwards with none."""
    for name in server.databases():
        server.drop_database(name)
    server.create_database("shop")
    server.execute_script(TABLES.encode(), "shop")
    yield server
    for name in server.databases():
        server.drop_database(name)


def opened(server: Server, folder: Path) -> Iterator[Desk]:
    """A desk with an empty store; what a test made on the server goes afterwards."""
    yield Desk(server, folder)
    for name in server.databases():
        if name != "shop":
            server.drop_database(name)


def succeeded(result: dict[str, Any]) -> dict[str, Any]:
    """The result of a task that must have gone well."""
    assert not result["failed"], result["msg"]
    return result
