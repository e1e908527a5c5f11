# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: instances
short_description: The options of each database server of a host
version_added: 1.0.0
description:
  - Makes of the variables of the collection's roles the options of its modules, one dict for each database server.
  - The roles use it. It refuses what is no option of an instance, and labels and stores that would get in each
    other's way.
positional: _input, name
options:
  _input:
    description: The variable C(backupdb_instances).
    type: list
    elements: dict
    required: true
  name:
    description: The name of the host in the inventory. It is the default of C(host) unless it is C(localhost).
    type: str
    required: true
  found:
    description:
      - A result of M(ansible.builtin.find) with the sockets of database servers, for a host without instances.
    type: dict
  defaults:
    description: Options that all instances have unless they set them.
    type: dict
  store:
    description: The store of all instances that set none.
    type: str
  host:
    description: The name under which the backups are stored, of all instances that set none.
    type: str
  recipients:
    description: The public keys of all instances that set none.
    type: list
    elements: str
  journal:
    description: The journal of all instances that set none.
    type: str
  identity:
    description: The secret key of all instances that set none.
    type: str
  identity_file:
    description: The file with the secret key of all instances that set none.
    type: str
  retention:
    description: The policy of the retention of all instances that have none of their own.
    type: dict
  optional:
    description: Whether a host may have neither instances nor servers. When it may not, that is an error.
    type: bool
    default: true
  variables:
    description: The names of the variables of the host. One that is nearly one of the roles' is an error.
    type: list
    elements: str
  after:
    description: The result of a loop over the labels of instances. Only those that did not fail there are answered.
    type: dict
author:
  - vya.backupdb contributors (@vya)
"""

EXAMPLES = r"""
- name: Tell which databases of which servers are backed up
  ansible.builtin.debug:
    msg: "{{ item.instance }}: {{ item.databases | default(['*']) | join(', ') }}"
  loop: "{{ backupdb_instances | vya.backupdb.instances(inventory_hostname) }}"
  loop_control:
    label: "{{ item.instance }}"
"""

RETURN = r"""
_value:
  description: The options of each instance. C(engine), C(instance) and C(store) are always there.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from ansible_collections.vya.backupdb.plugins.module_utils._fleet.instances import Options, resolve


def instances(value: t.Any, name: str, **settings: t.Any) -> list[Options]:
    """See DOCUMENTATION."""
    try:
        return resolve(value, name, **settings)
    except BackupError as exc:
        raise AnsibleFilterError(str(exc)) from None


class FilterModule:
    """Found by Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"instances": instances}
