# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What to do about a failure, by the stage at which it happened. Errors of the modules tell more, and come first."""

from __future__ import annotations

UNREACHABLE = "unreachable"
DRILL = "drill"

_AGAIN = (
    "Mend what the error names, then run the backup of this host again. What failed has left nothing behind;"
    " earlier backups are untouched."
)
_STORED = "Do not rely on this backup. Make a new one, and look at the disk of the store."
_RESTORE = "The target is as it was. Mend what the error names, and restore again."
_ADVICE = {
    UNREACHABLE: "Check that the host is up, its network and its ssh: ansible HOST -m ansible.builtin.ping",
    "preflight": "Mend what the error names, then run again. The module vya.backupdb.db_info shows what a host lacks.",
    "connect": "Check that the database server runs, and the login. The module vya.backupdb.db_info tests both.",
    "lock": "Another run works on this instance. Let it end, then run again.",
    "space": "Make room in the store, or move it to a larger disk. Then run again.",
    "store": "Check the folder of the store: its disk, its owner, its mode. Then run again.",
    "catalog": "Look at what the store holds with vya.backupdb.backup_info.",
    "dump": _AGAIN,
    "snapshot": _AGAIN,
    "schema": "A migration may have run meanwhile. Run the backup again when it is over.",
    "globals": "Roles and grants may need an account with more rights. vya.backupdb.db_info shows which are missing.",
    "count": _AGAIN,
    "compress": "Check that the compression program works on this host, then run again.",
    "encryption": "Check the recipients, then run again.",
    "publish": "Check the folder of the store: its disk, its owner, its mode. Then run again.",
    "authenticate": _STORED,
    "decompress": _STORED,
    "load": _RESTORE,
    "create": _RESTORE,
    "swap": _RESTORE,
    "verify": "What came back differs from what was backed up. Make a new backup and drill it.",
    DRILL: "This backup did not come back as it was. Make a new one now, and drill that.",
    "interrupted": "The run was ended from outside or took too long. Run it again, with a larger timeout if need be.",
}
_DEFAULT = "Look at the output of the playbook for this host, mend the cause, and run it again."


def advice(stage: str) -> str:
    """One or two sentences; never empty."""
    return _ADVICE.get(stage, _DEFAULT)


__all__ = ("DRILL", "UNREACHABLE", "advice")
