# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: packages
short_description: The packages that database servers need on a host
version_added: 1.0.0
description:
  - Lists the packages with drivers, encryption and compression for instances, or with the client tools that are
    missing.
positional: _input, names
options:
  _input:
    description: Options of instances, as P(vya.backupdb.instances#filter) makes them.
    type: list
    elements: dict
    required: true
  names:
    description: What the packages are called on this distribution.
    type: dict
    required: true
  found:
    description: The result of a loop of M(vya.backupdb.db_info). With it the client tools that it did not find.
    type: dict
author:
  - vya.backupdb contributors (@vya)
"""

EXAMPLES = r"""
- name: Install the drivers
  ansible.builtin.package:
    name: "{{ instances | vya.backupdb.packages({'common': ['age'], 'postgresql': ['python3-psycopg2']}) }}"
"""

RETURN = r"""
_value:
  description: Names of packages, sorted.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._fleet.packages import libraries, tools


def packages(
    instances: t.Sequence[t.Mapping[str, t.Any]],
    names: t.Mapping[str, t.Any],
    found: t.Mapping[str, t.Any] | None = None,
) -> list[str]:
    """See DOCUMENTATION."""
    return libraries(instances, names) if found is None else tools(found, names)


class FilterModule:
    """Found by Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"packages": packages}
