# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: what to do about an error of the server, by its number."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import error_number
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError

_REPAIR = "Repair it (REPAIR TABLE, or from a backup) or drop it, then run the task again."
_LOST = "Its data file is gone: look at the disk, restore the table from a backup, or drop it."
# Of a table that is read: what may be done about it.
_READING = {
    1168: "Its UNION names tables that are not there, or that are not MyISAM tables: correct it with ALTER TABLE .."
    " UNION, or drop it; then run the task again.",
    1286: "Load the plugin of its storage engine (INSTALL SONAME, plugin_load_add), or drop the table; then run the"
    " task again.",
    **dict.fromkeys((126, 127, 130, 145, 1017, 1030, 1033, 1034, 1035, 1194, 1195), _REPAIR),
    1449: "Create that account, or give the view another definer (ALTER DEFINER = .. VIEW ..); then run the task"
    " again.",
    **dict.fromkeys((194, 1812, 1932), _LOST),
}
# Of a statement that creates what a backup holds.
_CREATING = {
    1118: "The server's page size or row format is smaller than the one that the table came from.",
    1173: "The server accepts no table without a primary key, in any session: SET GLOBAL innodb_force_primary_key = OFF"
    " while the restore runs.",
    1115: "The server does not know that character set.",
    1273: "The server does not know that collation.",
    1286: "Load the plugin of that storage engine on this server (INSTALL SONAME, plugin_load_add), then restore"
    " again.",
    1449: "Restore with globals=true, or create that account first.",
    3161: "The storage engine is disabled on this server (disabled_storage_engines).",
    3185: "The server cannot encrypt before a keyring or key management plugin is loaded.",
    3510: "Create that tablespace on this server first (CREATE TABLESPACE).",
    3750: "The server accepts no table without a primary key: SET GLOBAL sql_require_primary_key = OFF while the"
    " restore runs, or give the account SESSION_VARIABLES_ADMIN.",
}


def about(exc: EngineError, what: str, *, created: bool = False) -> EngineError:
    """The same error with the name of ``what`` was read (or ``created``), and a hint."""
    number = error_number(exc)
    exc.msg = f"{what}: {exc.msg}"
    advice: t.Mapping[int, str] = _CREATING if created else _READING
    exc.hint = exc.hint or advice.get(number, "")
    return exc


def creating(exc: EngineError) -> str:
    """The hint for a statement that created something."""
    return exc.hint or _CREATING.get(error_number(exc), "")


__all__ = ("about", "creating")
