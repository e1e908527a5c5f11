# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Where backups live."""

    DOCUMENTATION = r"""
options:
  store:
    description:
      - The folder on the managed host that holds the backups, as an absolute path.
      - It belongs to the user that the task runs as, or to root, and nobody else may write into it.
      - When it is missing, M(vya.backupdb.db_backup) makes it, but no folder above it. So a mistyped path is an error,
        and no new store that nobody looks for. A file system that C(/etc/fstab) tells for that place must be mounted.
    type: path
    required: true
  host:
    description:
      - The name under which the backups of this host are stored.
      - The default is the host's own name, as C(hostname) prints it. Set it when hosts share a store and their names
        are not unique, or when another host's backups are meant.
    type: str
"""

    # Where something else than a backup can be meant.
    OPTIONAL = r"""
options:
  store:
    description:
      - The folder on the managed host that holds the backups, as an absolute path. It is needed with O(database).
      - It belongs to the user that the task runs as, or to root, and nobody else may write into it.
    type: path
  host:
    description:
      - The name under which the backups of this host are stored.
      - The default is the host's own name, as C(hostname) prints it. Set it when hosts share a store and their names
        are not unique, or when another host's backups are meant.
    type: str
"""
