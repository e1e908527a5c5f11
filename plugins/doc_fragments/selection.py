# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which backups."""

    DOCUMENTATION = r"""
options:
  database:
    description:
      - The name of the database that was backed up.
    type: str
  backup:
    description:
      - Which of its backups, either V(latest) or a backup's id, such as V(20261121T231500Z-7f3a9c).
      - M(vya.backupdb.backup_info) lists the ids.
    type: str
    default: latest
  before:
    description:
      - Leave out backups that show the database later than at this time.
      - A time in ISO 8601, such as V(2026-11-21T23:15:00Z). A time without a zone is in UTC.
    type: str
"""

    # Modules that look at any number of backups; each describes its own backup option.
    FILTERS = r"""
options:
  host:
    description:
      - Only backups of this host. All hosts' when it is left out.
    type: str
  instance:
    description:
      - Only backups of the database server with this label. All servers' when it is left out.
    type: str
  database:
    description:
      - Only backups of the database with this name. All databases' when it is left out.
      - The name V(@globals) stands for the roles, users and grants of a server.
    type: str
  before:
    description:
      - Leave out backups that show their database later than at this time.
      - A time in ISO 8601, such as V(2026-11-21T23:15:00Z). A time without a zone is in UTC.
    type: str
"""
