# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: settings that open the system catalog, or load code from anywhere.

Source: PostgreSQL manual, "Shared Library Preloading", "Other Defaults", "Developer Options".
"""

from __future__ import annotations

import re

from ansible_collections.vya.backupdb.plugins.module_utils._sql import table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Place
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import RefusedError

_OPENS = "allow_system_table_mods"
_PATHS = frozenset(("dynamic_library_path", "extension_control_path"))
_PRELOADED = frozenset(("session_preload_libraries", "local_preload_libraries", "shared_preload_libraries"))
# Libraries of the server's own folder.
_LIBRARIES = re.compile(r"(?:(?:\$libdir/(?:plugins/)?)?[\w-]+|[\s,\"])*\Z")


def check_setting(name: str, parsed: Parsed, at: int, place: Place | None) -> None:
    """Raise RefusedError for such a setting. Its values begin at the place ``at`` of the statement."""
    if name.lower() == _OPENS:
        raise RefusedError(table.PG_CATALOG, f"the setting {_OPENS}", place)
    if name.lower() in _PATHS:
        raise RefusedError(table.SERVER_FILE, f"the setting {name.lower()}", place)
    if name.lower() in _PRELOADED:
        values = [parsed.at(i).value for i in range(at, len(parsed))]
        if None in values or not _LIBRARIES.match(" ".join(value or "" for value in values)):
            raise RefusedError(table.SERVER_FILE, f"{name.lower()} with a library outside $libdir", place)


def check_set_config(parsed: Parsed, place: Place | None) -> None:
    """The same for each call of set_config that names its setting."""
    for at in range(len(parsed) - 2):
        if parsed.at(at).name == "set_config" and parsed.upper[at + 1] == "(":
            check_setting(parsed.at(at + 2).value or "", parsed, at + 4, place)


__all__ = ("check_set_config", "check_setting")
