# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Which databases of a server db_backup backs up."""

from __future__ import annotations

import fnmatch
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Database
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, ConfigError

_RESERVED = f"The name {names.GLOBALS} stands for roles, users and grants in every store; rename that database."


def matched(name: str, globs: t.Iterable[str], exclude: t.Iterable[str]) -> bool:
    """Whether one of the globs matches a name, and none of ``exclude`` does."""
    return any(fnmatch.fnmatchcase(name, item) for item in globs) and not any(
        fnmatch.fnmatchcase(name, item) for item in exclude
    )


def select(
    found: t.Sequence[Database], patterns: t.Sequence[str], exclude: t.Sequence[str]
) -> tuple[list[Database], list[str], list[tuple[str, BackupError]]]:
    """Which databases: (chosen, notes, failures). A plain name must exist, a glob may match nothing."""
    by_name = {database.name: database for database in found}
    chosen: dict[str, Database] = {}
    notes: list[str] = []
    failures: list[tuple[str, BackupError]] = []
    for pattern in patterns:
        database = by_name.get(pattern)
        if pattern == names.GLOBALS:
            failures.append((pattern, ConfigError(_RESERVED)))
            continue
        if database is not None and (not database.system or pattern == "postgres"):
            chosen[pattern] = database
            continue
        if database is not None:
            failures.append((pattern, ConfigError(f"{pattern!r} is a system database, which is never backed up.")))
            continue
        if not any(sign in pattern for sign in "*?["):
            failures.append((pattern, ConfigError(f"The database {pattern!r} does not exist.", hint=_there(found))))
            continue
        for database in found:
            if database.system or not matched(database.name, (pattern,), exclude):
                continue
            if database.name == names.GLOBALS:
                failures.append((database.name, ConfigError(_RESERVED)))
                continue
            if database.problem:
                notes.append(f"The database {database.name!r} is left out: {database.problem}.")
                continue
            if database.note and database.name not in chosen:
                notes.append(database.note)
            chosen[database.name] = database
    kept = [item for name, item in sorted(chosen.items()) if name not in exclude]
    return kept, notes, failures


def _there(found: t.Sequence[Database]) -> str:
    there = [database.name for database in found if not database.system]
    return f"The server has: {', '.join(there[:20])}." if there else "The server has no databases of users."


__all__ = ("matched", "select")
