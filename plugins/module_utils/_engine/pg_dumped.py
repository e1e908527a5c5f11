# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what an archive holds of the rows of each table, for the manifest."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_archive import ArchiveRows, Counted
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_counting import LARGE_OBJECTS, Relation, Tables
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Table

_UNKNOWN = Counted(None)


def trees_of(relations: t.Iterable[Relation], archive: ArchiveRows, extra_args: t.Sequence[str]) -> frozenset[str]:
    """Partitioned tables whose rows may come back in another partition: pg_dump has them loaded through the root. It
    does so by itself where the hash of a value depends on the server, which is so with enumerations."""
    told = any(arg.startswith("--load-via") for arg in extra_args)
    return frozenset(
        relation.root
        for relation in relations
        if relation.root and (told or archive.tables.get(relation.oid, _UNKNOWN).through_root)
    )


def dumped(
    relations: t.Sequence[Relation], archive: ArchiveRows, encoding: str, extra_args: t.Sequence[str]
) -> tuple[Table, ...]:
    """What the archive holds of each table. A table whose rows are not in it was not counted; of :func:`trees_of` there
    is a sum. A checksum is of no use when texts have another encoding than the server's, or numbers other digits."""
    comparable = archive.encoding == encoding and not any(arg.startswith("--extra") for arg in extra_args)
    trees = trees_of(relations, archive, extra_args)
    tables = Tables(trees)
    partly_known = {relation.root for relation in relations if relation.oid in archive.tables}
    # By tree: rows are written in the order of their partition's columns.
    orders: dict[str, set[bytes]] = {tree: set() for tree in trees}
    for relation in relations:
        found = archive.tables.get(relation.oid)
        if found is not None:
            tables.add(relation, found.rows, found.content if comparable else "")
            orders.get(relation.root, set()).add(found.through_root)
        elif relation.root not in trees & partly_known:
            tables.add(relation, None, "")
    for tree, order in orders.items():
        if len(order - {b""}) != 1:
            tables.forget_content(tree)
    large = archive.large_objects
    return (*tables.all(), *([Table(LARGE_OBJECTS, large.count, True, large.content)] if large.count else []))


__all__ = ("dumped", "trees_of")
