# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Errors that tell of data which the server itself cannot read any more."""

from __future__ import annotations

import re

from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError

_TOLD = re.compile(
    # PostgreSQL
    r"invalid page in block|could not read block .*(?:Input/output error|read only \d+ of)"
    r"|(?:missing|unexpected) chunk number|compressed \w+ data is corrupt"
    r"|could not open file \"(?:base|pg_tblspc)/.*No such file"
    # MySQL and MariaDB
    r"|marked as crashed|(?:Table|Index) .* is corrupt|Incorrect key file|doesn't exist in engine|page corrupt",
    re.I,
)
_HINT = (
    "The server cannot read its own data, and running the backup again will not help. Keep the earlier backups: restore"
    " the newest under another name (db_restore with target), and look at the disk."
)


def advised(exc: BackupError) -> BackupError:
    """The same error, with what to do when it tells of damaged data."""
    if _TOLD.search(f"{exc.msg} {exc.stderr}"):
        exc.hint = _HINT
    return exc


__all__ = ("advised",)
