# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: tables whose rows the dump tools leave out.

Both tools write only the definition of tables that show the rows of other tables, of files or of other servers
(``--no-data-med`` of mariadb-dump, on by default). Nobody asks for those rows here: counting would open a connection
to the other server. What such a table keeps itself, CONNECT's files in the database's own folder, is dumped apart.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_columns
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Uncovered

_ELSEWHERE = {
    "mrg_myisam": "they are those of other tables",
    "mrg_isam": "they are those of other tables",
    "federated": "they are those of another server",
    "spider": "they are those of other servers",
    "vp": "they are those of other tables",
    "oqgraph": "they are those of another table",
    "s3": "they are in an object store",
    "connect": "they are in files, tables or servers that the table names",
}
# Those that may ask another server as soon as they are opened.
REMOTE = ("FEDERATED", "SPIDER", "CONNECT", "S3")
# CONNECT's kinds of files; without a FILE_NAME the server makes and drops the file with the table.
_FILES = ("DOS", "FIX", "BIN", "DBF", "CSV", "FMT", "INI", "VEC", "XML", "JSON", "BSON")
_SHOWN = 20


def elsewhere(engines: t.Mapping[str, str]) -> set[str]:
    """Tables whose rows the dump tools leave out."""
    return {name for name, engine in engines.items() if engine.lower() in _ELSEWHERE}


def keeps_rows(text: str) -> bool:
    """Whether a table of the engine CONNECT keeps its rows in a file of its own. ``text``: its CREATE TABLE."""
    shown = my_columns.shown(text)
    kind = shown.option("TABLE_TYPE").upper()
    named = ["FILE_NAME", "CONNECTION", "HTTP"] + ([] if kind else ["TABNAME", "SRCDEF", "CATFUNC"])
    return (not kind or kind in _FILES) and not any(shown.option(name) for name in named)


def uncovered(engines: t.Mapping[str, str], names: t.Collection[str]) -> tuple[Uncovered, ...]:
    """What the manifest says of tables that are in the backup by their definition alone."""
    return tuple(
        Uncovered(f"rows of a table of the engine {engines[name]}", name, None, _ELSEWHERE[engines[name].lower()])
        for name in sorted(names)
    )


def warning(engines: t.Mapping[str, str], names: t.Collection[str]) -> str:
    """The same in one sentence for people."""
    listed = [f"{name} ({engines[name]})" for name in sorted(names)]
    shown = ", ".join(listed[:_SHOWN]) + (f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else "")
    return (
        f"Only the definitions of these tables are in the backup, not their rows: {shown}. The rows are those of other"
        " tables, files or servers, which were neither read nor counted; back them up where they are."
    )


__all__ = ("REMOTE", "elsewhere", "keeps_rows", "uncovered", "warning")
