# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: masked
short_description: Options without their secrets
version_added: 1.0.0
description:
  - Replaces the values of secrets, at any depth, so that options can be shown.
positional: _input
options:
  _input:
    description: A dict or a list of dicts of options.
    type: dict
    required: true
author:
  - vya.backupdb contributors (@vya)
"""

EXAMPLES = r"""
- name: Show how the instances of this host are set up
  ansible.builtin.debug:
    msg: "{{ backupdb_instances | vya.backupdb.masked }}"
"""

RETURN = r"""
_value:
  description: The same with asterisks in place of secrets.
  type: dict
"""

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._fleet.showing import masked


class FilterModule:
    """Found by Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"masked": masked}
