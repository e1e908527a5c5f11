# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A manifest and a store with backups in it, for the tests of what reads them."""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t
from pathlib import Path

from ansible_collections.vya.backupdb.plugins.module_utils._manifest import (
    Manifest,
    Part,
    SchemaObject,
    Sequence,
    Table,
    Uncovered,
)
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import Series
from ansible_collections.vya.backupdb.plugins.module_utils._store.local import LocalStore

CONTENT = b"the stored bytes of a part"
PART = Part("database.dump", "database", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), None)
MANIFEST = Manifest(
    id="20261121T231500Z-7f3a9c",
    collection_version="1.0.0",
    host="web1",
    instance="main",
    database="shop",
    kind="database",
    engine={"name": "postgresql", "flavour": "postgresql", "version": "15.9"},
    started="2026-11-21T23:15:00.000Z",
    snapshot="2026-11-21T23:15:01.000Z",
    finished="2026-11-21T23:15:09.500Z",
    tool={"name": "pg_dump", "version": "15.9", "args": ["--format=custom"]},
    parts=(PART,),
    compression="none",
    encryption=None,
    tables=(Table("public.orders", 12, True), Table('public."line\nbreak"', None, False)),
    schema_sha256="0" * 64,
    schema_objects=(SchemaObject("table public.orders", "0123456789abcdef", "fedcba9876543210"),),
    properties={"encoding": "UTF8", "owner": "admin"},
    position={"lsn": "0/15D68C0", "in_recovery": False},
    warnings=("something odd",),
    sequences=(Sequence("public.orders_id_seq", 12, True),),
    uncovered=(Uncovered("rows of an extension's table", "public.mine", 1, "pg_dump does not dump them"),),
)


def changed(**fields: t.Any) -> Manifest:
    """The sample manifest with other fields."""
    return dataclasses.replace(MANIFEST, **fields)


def put(store: LocalStore, manifest: Manifest, content: bytes = CONTENT, *, dies: bool = False) -> None:
    """Store a backup as a run does, and clear up after an error as a run does, unless it ``dies`` of it."""
    draft = store.begin(Series(manifest.host, manifest.instance, manifest.database), manifest.id)
    try:
        sink = draft.create(manifest.parts[0].name)
        try:
            sink.write(content)
            sink.close()
        except BaseException:
            if not dies:
                sink.abort()
            raise
        draft.publish(manifest.to_json())
    except BaseException:
        if not dies:
            draft.discard()
        raise


def tree(root: Path) -> dict[str, str]:
    """Everything below a folder: kind, mode, and for files a hash of the content."""
    found = {}
    for path in sorted(root.rglob("*")):
        info = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""
        found[str(path.relative_to(root))] = f"{info.st_mode:o} {content}"
    return found
