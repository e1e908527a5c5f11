# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Dumps of many files that only their own program puts together: told by the names in a folder.

Source: MySQL Shell, "Instance Dump Utility, Schema Dump Utility, and Table Dump Utility"; mydumper's manual, "Files";
MariaDB Knowledge Base, "mariadb-dump" (--tab, --dir).
"""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError

_PACKED = r"(?:\.(?:gz|zst|lz4|bz2|xz))?"
_MYDUMPER_METADATA = frozenset(("metadata", "metadata.partial", ".metadata"))
_MYDUMPER = re.compile(
    rf".+(?:-schema(?:-create|-post|-triggers|-view|-sequence)?\.sql|\.[0-9]{{5}}(?:\.[0-9]+)?\.(?:sql|dat)){_PACKED}"
)
_SHELL_METADATA = frozenset(("@.json", "@.done.json", "@.sql", "@.post.sql", "@.users.sql"))
_SHELL_ROWS = re.compile(rf".+@.+@@?[0-9]*\.(?:tsv|csv|txt){_PACKED}(?:\.idx)?")
_SHELL = re.compile(rf".+\.(?:json|sql)|.+\.(?:tsv|csv|txt){_PACKED}(?:\.idx)?")
_TAB = re.compile(r"(.+)\.txt")
_WHAT = {
    "mydumper": ("mydumper", "Restore it with its own program: myloader --directory=... --database=TARGET."),
    "shell": ("MySQL Shell", "Restore it with MySQL Shell: util.loadDump('...', {schema: 'TARGET'})."),
    "tab": (
        "mysqldump --tab or mariadb-dump --tab",
        (
            "Restore each .sql file with the client and its .txt file with mysqlimport, or mariadb-import --dir; or"
            " dump again without --tab."
        ),
    ),
}


def _names(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except OSError:
        return frozenset()


def _kind(names: t.AbstractSet[str]) -> str:
    if names & _SHELL_METADATA:
        return "shell"
    if names & _MYDUMPER_METADATA and any(_MYDUMPER.fullmatch(name) for name in names):
        return "mydumper"
    texts = {found[1] for found in map(_TAB.fullmatch, names) if found}
    return "tab" if any(f"{name}.sql" in names for name in texts) else ""


def refuse_folder(path: str) -> None:
    """ConfigError for a folder that another program wrote and only it restores."""
    kind = _kind(_names(path))
    if kind:
        tool, hint = _WHAT[kind]
        raise ConfigError(f"src: the folder {path} is a dump of {tool}: files that only it puts together.", hint=hint)


def refuse_part(path: str) -> None:
    """ConfigError for one file of such a folder: alone it is only a part of the database. The names beside it tell, but
    for rows of MySQL Shell, which have names that nothing else has."""
    name = os.path.basename(path)
    names = _names(os.path.dirname(path) or ".")
    kind = _kind(names) if name in names else ""
    part = (
        (kind == "shell" and (_SHELL.fullmatch(name) or name in _SHELL_METADATA))
        or (kind == "mydumper" and (_MYDUMPER.fullmatch(name) or name in _MYDUMPER_METADATA))
        or (kind == "tab" and _TAB.fullmatch(name) and name[:-4] + ".sql" in names)
    )
    if not part and _SHELL_ROWS.fullmatch(name):
        kind, part = "shell", True
    if part:
        tool, hint = _WHAT[kind]
        raise ConfigError(f"src: {path} is one file of many that {tool} wrote; alone it is only a part.", hint=hint)


__all__ = ("refuse_folder", "refuse_part")
