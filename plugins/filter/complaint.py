# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: complaint
short_description: What went wrong on a host
version_added: 1.0.0
description:
  - Makes a text of the failures in an entry of P(vya.backupdb.digest#filter).
positional: _input
options:
  _input:
    description: One entry.
    type: dict
    required: true
author:
  - vya.backupdb contributors (@vya)
"""

EXAMPLES = r"""
- name: Tell what went wrong
  ansible.builtin.debug:
    msg: "{{ [inventory_hostname] | vya.backupdb.digest(hostvars) | first | vya.backupdb.complaint }}"
"""

RETURN = r"""
_value:
  description: One line for each failure. Empty when there is none.
  type: str
"""

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._fleet.showing import complaint


class FilterModule:
    """Found by Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"complaint": complaint}
