# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: table
short_description: What tasks on many hosts found, as a table
version_added: 1.0.0
description:
  - Makes the lines of a table of what the playbooks V(vya.backupdb.list) and V(vya.backupdb.check) registered.
positional: _input, variables, kind
options:
  _input:
    description: Names of hosts in the inventory.
    type: list
    required: true
  variables:
    description: The variable C(hostvars).
    type: dict
    required: true
  kind:
    description: V(list) or V(check).
    type: str
    required: true
author:
  - vya.backupdb contributors (@vya)
"""

EXAMPLES = r"""
- name: Show the backups of all hosts
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts_all | vya.backupdb.table(hostvars, 'list') }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
"""

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._fleet.showing import checks, listing


def show(hosts: t.Sequence[str], variables: t.Mapping[str, t.Any], kind: str) -> list[str]:
    """See DOCUMENTATION."""
    return checks(hosts, variables) if kind == "check" else listing(hosts, variables)


class FilterModule:
    """Found by Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"table": show}
