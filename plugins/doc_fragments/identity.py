# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The secret key of encrypted backups."""

    DOCUMENTATION = r"""
options:
  identity:
    description:
      - The age identity (secret key) that opens the backup, a line that starts with C(AGE-SECRET-KEY-1).
      - Several lines are tried in turn, so the content of an identity file as C(age-keygen) writes it is fine.
      - It is kept in memory for the length of the task. It is never written to the managed host.
      - Mutually exclusive with O(identity_file).
    type: str
  identity_file:
    description:
      - A file on the managed host that holds the age identity.
      - It must belong to the user that the task runs as, or to root, and be readable by nobody else.
      - Mutually exclusive with O(identity).
    type: path
"""
