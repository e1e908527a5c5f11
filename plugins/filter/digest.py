# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: digest
short_description: What a run did, host by host
version_added: 1.0.0
description:
  - Makes of what the tasks of the collection's roles registered one entry for each host, hosts that could not be
    reached or gave no result included.
  - They are what O(vya.backupdb.backup_notify#module:hosts) takes.
positional: _input, variables
options:
  _input:
    description: Names of hosts in the inventory.
    type: list
    elements: str
    required: true
  variables:
    description: The variable C(hostvars).
    type: dict
    required: true
  registered:
    description:
      - Names of the registered results, in the order of the run.
      - Of those that end in C(_found), searches for servers, only a failure counts.
    type: list
    elements: str
    default: [__backup_found, __backup_result, __retention_found, __retention_result, __drill_found, __drill_result]
author:
  - vya.backupdb contributors (@vya)
"""

EXAMPLES = r"""
- name: Fail for the hosts whose backup failed
  ansible.builtin.fail:
    msg: "{{ __entry }}"
  vars:
    __entry: "{{ [inventory_hostname] | vya.backupdb.digest(hostvars) | first }}"
  when: __entry.state in ['failed', 'unreachable']
"""

RETURN = r"""
_value:
  description: One entry for each host, with C(host), C(state), C(msg) and C(instances).
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._fleet.digest import Entry
from ansible_collections.vya.backupdb.plugins.module_utils._fleet.digest import digest as make_digest

REGISTERED = (
    "__backup_found",
    "__backup_result",
    "__retention_found",
    "__retention_result",
    "__drill_found",
    "__drill_result",
)


def digest(
    hosts: t.Sequence[str], variables: t.Mapping[str, t.Any], registered: t.Sequence[str] = REGISTERED
) -> list[Entry]:
    """See DOCUMENTATION."""
    return make_digest(hosts, variables, registered)


class FilterModule:
    """Found by Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"digest": digest}
