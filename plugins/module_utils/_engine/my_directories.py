# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MariaDB: tables whose files are in directories of their own (DATA DIRECTORY, INDEX DIRECTORY).

RENAME TABLE into another database moves such a file, but the server does not find it again after its next start (tried
on 10.11 and 11.8). Nothing tells of it before. So a restore creates no such table, and moves none.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Server
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import literal, quote, split
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError, EngineError

_SHOWN = 20


def names_directory(text: str) -> bool:
    """Whether a CREATE TABLE tells where its files are to be."""
    if "DIRECTORY" not in text:
        return False
    words = [word.text.upper() if word.kind == "word" else "" for word in split(text) if word.kind != "space"]
    return any(word in ("DATA", "INDEX") and words[at + 1] == "DIRECTORY" for at, word in enumerate(words[:-1]))


def listed(names: t.Sequence[str]) -> str:
    """Names in words."""
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def check_movable(connection: t.Any, server: Server, database: str) -> None:
    """ConfigError when a database has tables that a rename would lose."""
    if server.flavour != "mariadb":
        return
    sql = (
        "SELECT table_name FROM information_schema.tables"
        f" WHERE table_schema = {literal(database)} AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY 1"
    )
    found = []
    for (name,) in execute(connection, sql, stage="preflight"):
        with contextlib.suppress(EngineError):  # a table that cannot be read has no directory that could be told
            shown = execute(connection, f"SHOW CREATE TABLE {quote(database)}.{quote(name)}", stage="preflight")
            if names_directory(str(shown[0][1])):
                found.append(str(name))
    if found:
        raise ConfigError(
            f"Tables of {database!r} have files in directories of their own (DATA DIRECTORY): {listed(found)}. MariaDB"
            " loses such tables when they are moved to another database: they are gone after its next restart.",
            hint="Move them into the server's own folder first (ALTER TABLE .. REMOVE PARTITIONING, or CREATE TABLE ..,"
            " INSERT .. SELECT under another name), restore under another name, or drop the database first.",
        )


__all__ = ("check_movable", "listed", "names_directory")
