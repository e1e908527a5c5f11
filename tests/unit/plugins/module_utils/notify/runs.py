# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs to tell of, for the tests of the digest and its forms."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._manifest import parse_time
from ansible_collections.vya.backupdb.plugins.module_utils._notify.digest import Digest
from ansible_collections.vya.backupdb.plugins.module_utils._notify.reading import read

STARTED = parse_time("2026-11-22T02:00:00Z")
FINISHED = parse_time("2026-11-22T02:14:05Z")
MIB = 1 << 20


def backup(database: str, size: int = MIB, **more: t.Any) -> dict[str, t.Any]:
    """What db_backup answers of one backup, as far as anybody reads it."""
    kind = "globals" if database == "@globals" else "database"
    return {"database": database, "kind": kind, "size": size, "plain_size": 4 * size, "seconds": 2.5, **more}


def host(name: str, *databases: str, **more: t.Any) -> dict[str, t.Any]:
    """A host whose backups went well. ``more``: keys of its instance, or ``state`` and ``msg``."""
    own: dict[str, t.Any] = {key: more.pop(key) for key in ("state", "msg") if key in more}
    backups = [backup(database) for database in databases]
    instance = {"instance": "main", "engine": "mysql", "backups": backups, "failures": [], **more}
    return {"host": name, "state": "ok", "msg": "", "instances": [instance], **own}


def digest(*hosts: t.Any, **options: t.Any) -> Digest:
    """The digest of a run of a quarter of an hour."""
    given: dict[str, t.Any] = {"title": "Nightly", "started": STARTED, "finished": FINISHED, "redact": str, **options}
    return read(hosts, **given)


__all__ = ("FINISHED", "MIB", "STARTED", "backup", "digest", "host")
