# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored backups, and what can be done to their files behind the collection's back."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .faults import Site
from .fingerprint import assert_same
from .server import Server
from .small import go_on, load_small, state


def site_with_backups(server: Server, folder: Path) -> Site:
    """Two encrypted backups of `shop`, one of `zoo`, and one of `shop` that is not encrypted; `shop` has gone on since.

    The server must have no databases. `site.old` is what `shop` holds now and must hold after every test.
    """
    site = Site(server, folder)
    load_small(server, "zoo")
    load_small(server, "shop")
    blob = "bytea" if server.engine == "postgresql" else "LONGBLOB"
    server.query(f"CREATE TABLE noise (raw {blob})", database="shop")
    server.query("INSERT INTO noise VALUES (%s)", (random.Random("noise").randbytes(200_000),), database="shop")
    assert not site.backup({"databases": ["shop"]})["failed"]
    assert not site.backup({"databases": ["shop"], "host": "plain", "recipients": []})["failed"]
    go_on(server, "shop")
    assert not site.backup()["failed"]
    server.query("DELETE FROM noise", database="shop")
    site.old = {**state(server, "shop"), "files": files_of(server)}
    return site


def files_of(server: Server) -> list[tuple[Any, ...]]:
    """Numbers that a database, or its tables, get when they are made, and that no swap keeps."""
    if server.engine == "mysql":
        sql = "SELECT name, table_id FROM information_schema.innodb_sys_tables WHERE name LIKE 'shop/%' ORDER BY 1"
        return server.query(sql)
    tables = "SELECT oid, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    return [*server.query("SELECT oid FROM pg_database WHERE datname = 'shop'"), *server.query(tables, database="shop")]


def assert_target_untouched(site: Site) -> None:
    """`shop` is what it was, to its files; no other database is there, and nothing temporary."""
    assert_same(site.old, {**state(site.server, "shop"), "files": files_of(site.server)})
    assert site.server.databases() == ["shop", "zoo"]
    site.assert_no_leftovers()


def folders(site: Site, host: str = "h", database: str = "shop") -> list[Path]:
    """The backups of a series, oldest first."""
    return sorted((site.store / host / "main" / database).iterdir())


def parts(folder: Path) -> list[dict[str, Any]]:
    """What the manifest tells of each."""
    found: list[dict[str, Any]] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["parts"]
    return found


def loaded(folder: Path) -> list[dict[str, Any]]:
    """Those that a restore loads: the texts of definitions are looked at only when something is printed differently."""
    return [part for part in parts(folder) if part["section"] != "schema"]


def largest(folder: Path) -> Path:
    """The part with the rows."""
    return folder / str(max(parts(folder), key=lambda part: part["size"])["name"])


@contextlib.contextmanager
def restored(*paths: Path) -> Iterator[None]:
    """What is done to these files is undone at the end."""
    kept = {path: path.read_bytes() for path in paths}
    try:
        yield
    finally:
        for path, data in kept.items():
            path.write_bytes(data)


def fit(folder: Path, path: Path) -> None:
    """Let the manifest tell what is there now."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for part in manifest["parts"]:
        if part["name"] == path.name:
            data = path.read_bytes()
            part.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def flipped(data: bytes, offset: int, bit: int) -> bytes:
    """The same with one bit changed."""
    changed = bytearray(data)
    changed[offset] ^= 1 << bit
    return bytes(changed)


def clone(site: Site, host: str, source: Path | None = None) -> Path:
    """A good backup of `shop` as one of another host."""
    source = source or folders(site)[-1]
    folder = site.store / host / "main" / "shop" / source.name
    shutil.copytree(source, folder)
    edit(folder, host=host)
    return folder


def edit(folder: Path, **fields: Any) -> None:
    """Let the manifest tell something else."""
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **fields}), encoding="utf-8")


def swap(one: Path, other: Path) -> None:
    """Exchange what two files hold."""
    data = one.read_bytes(), other.read_bytes()
    one.write_bytes(data[1])
    other.write_bytes(data[0])


__all__ = [
    "assert_target_untouched",
    "clone",
    "edit",
    "files_of",
    "fit",
    "flipped",
    "folders",
    "largest",
    "loaded",
    "parts",
    "restored",
    "site_with_backups",
    "swap",
]
