# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The file that tells of every call of a module."""

    DOCUMENTATION = r"""
options:
  journal:
    description:
      - A file on the host that runs the task, to which one line of JSON is appended that tells what was done, when, how
        long it took, and how it ended. Secrets are masked. Calls in check mode are told too.
      - An absolute path in a folder that exists. The file is created with mode 0600. One that others can read or write,
        that belongs to another user, or that is a link, is not written to.
      - With 10 MiB it is renamed to the same name with C(.1) at its end, in place of the one before.
      - A journal that cannot be written is a warning and never a failure.
    type: path
"""
