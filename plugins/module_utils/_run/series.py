# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Before a backup: whether it belongs to its series, and whether there is room for it."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Database
from ansible_collections.vya.backupdb.plugins.module_utils._errors import StoreError
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import Store

# Without an earlier backup to go by: what is left of a database's files when they are dumped and compressed.
_FIRST_RATIO = {"none": 1.0}
_FIRST_RATIO_COMPRESSED = 0.25
_GROWTH = 1.1


def check_space(store: Store | None, database: Database, earlier: t.Sequence[catalog.Entry], compression: str) -> None:
    """Refuse when the store is clearly too small, before the dump starts."""
    if store is None:
        return
    same = [entry.manifest for entry in earlier if entry.manifest.compression == compression]
    if same:
        needed = int(same[0].size * _GROWTH)
    elif database.size is not None:
        needed = int(database.size * _FIRST_RATIO.get(compression, _FIRST_RATIO_COMPRESSED))
    else:
        return
    free = store.free_space()
    if free is not None and free < needed:
        raise StoreError(
            f"The backup of {database.name!r} needs about {names.human_size(needed)},"
            f" the store has {names.human_size(free)} free.",
            stage="space",
            hint="Free some space, or choose another store; nothing was written.",
        )


def check_series(earlier: t.Sequence[catalog.Entry], ours: str) -> None:
    """Refuse a series with backups of another product: two servers under one name would prune each other's."""
    for entry in earlier:
        theirs = entry.manifest.engine["name"]
        if theirs != ours:
            raise StoreError(
                f"{entry.place} is a backup of {theirs}, and this server is {ours}: two would share a series.",
                stage="preflight",
                hint="Give each server a host or an instance of its own; nothing was written.",
            )


__all__ = ("check_series", "check_space")
