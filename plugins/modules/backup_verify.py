#!/usr/bin/python

# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_verify
short_description: Prove stored backups without a database server
version_added: 1.0.0
description:
  - Reads stored backups to their end, and compares them with their manifests.
  - It changes nothing. It can run on the host that holds the store, be it no database host.
  - That a backup can be restored is proven by restoring it alone, which M(vya.backupdb.db_restore) does under any name.
extends_documentation_fragment:
  - vya.backupdb.attributes
  - vya.backupdb.attributes.actiongroup_backupdb
  - vya.backupdb.attributes.info_module
  - vya.backupdb.store
  - vya.backupdb.selection.filters
  - vya.backupdb.identity
  - vya.backupdb.journal
options:
  host:
    description:
      - Only backups of this host. All hosts' when it is left out.
    type: str
  backup:
    description:
      - V(latest) for the newest of each database, V(all), or a backup's id, such as V(20261121T231500Z-7f3a9c).
    type: str
    default: latest
  level:
    description:
      - How much to prove. Each level includes those before it.
      - V(stored) compares size and SHA-256 of every part. It needs no secret key.
      - V(decrypted) also authenticates every encrypted chunk. For encrypted backups it needs O(identity) or
        O(identity_file).
      - V(readable) also decompresses everything, compares its size, and looks for the last words of the dump tool.
        Archives of PostgreSQL are read to their end by C(pg_restore), which must be of the version that wrote them or
        newer.
    type: str
    default: readable
    choices: [stored, decrypted, readable]
requirements:
  - On the managed host, cryptography 3.3 or newer for encrypted backups.
  - On the managed host, for O(level=readable) the program that the backup is compressed with, and C(pg_restore) for
    PostgreSQL.
author:
  - vya.backupdb contributors (@vya)
seealso:
  - module: vya.backupdb.backup_info
  - module: vya.backupdb.db_restore
"""

EXAMPLES = r"""
- name: Prove that the newest backup of each database is whole, without a secret key
  vya.backupdb.backup_verify:
    store: /var/backups/backupdb
    level: stored

- name: Prove that every backup of one database can be read
  vya.backupdb.backup_verify:
    store: /var/backups/backupdb
    host: db1
    database: shop
    backup: all
    identity: "{{ age_identity }}"
"""

RETURN = r"""
results:
  description:
    - The verdict on each backup that was chosen.
    - Of very many, the first ones; RV(left_out) tells how many are left out.
  returned: when something was chosen
  type: list
  elements: dict
  contains:
    id:
      description: The backup's id.
      type: str
      sample: 20261121T231500Z-7f3a9c
    host:
      description: The name of the host.
      type: str
      sample: db1
    instance:
      description: The label of the database server.
      type: str
      sample: main
    database:
      description: The name of the database.
      type: str
      sample: shop
    place:
      description: Its folder, relative to the store.
      type: str
      sample: db1/main/shop/20261121T231500Z-7f3a9c
    size:
      description: Bytes in the store.
      type: int
      sample: 102864519
    ok:
      description: Whether O(level) holds.
      type: bool
      sample: true
    level:
      description: The highest level that holds. Empty when none does.
      type: str
      sample: readable
    seconds:
      description: How long it took.
      type: float
      sample: 1.802
    stage:
      description: The step that failed. Only there when one did.
      type: str
      sample: authenticate
    msg:
      description: What is wrong. Empty when nothing is.
      type: str
      sample: ''
failures:
  description: Those of RV(results) that failed.
  returned: when something was chosen
  type: list
  elements: dict
  sample: []
incomplete:
  description:
    - Folders, relative to the store, of backups that a run did not finish.
    - They are no backups, and no failures.
  returned: when something was chosen
  type: list
  elements: str
  sample: [db1/main/shop/20261120T231500Z-1b2c3d]
totals:
  description: All verdicts together.
  returned: when something was chosen
  type: dict
  contains:
    backups:
      description: How many were chosen.
      type: int
      sample: 12
    failed:
      description: How many of them failed.
      type: int
      sample: 0
    size:
      description: Their bytes in the store.
      type: int
      sample: 1234374228
    size_human:
      description: The same in words.
      type: str
      sample: 1.1 GiB
    seconds:
      description: How long it took.
      type: float
      sample: 21.624
left_out:
  description: How many elements of which list are left out, so that the result stays below 100 KB.
  returned: when something is left out
  type: dict
  sample:
    results: 300
stage:
  description: The step at which all of the run failed or was ended.
  returned: when more than single backups failed
  type: str
  sample: catalog
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils._run import verify
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import conduct


def main() -> None:
    """Options, work, answer."""
    spec = argspec.merged(
        argspec.store_only(), argspec.filters("latest"), argspec.identity(), argspec.level(), argspec.journal()
    )
    module = AnsibleModule(
        argument_spec=spec, mutually_exclusive=[argspec.IDENTITY_EXCLUSIVE], supports_check_mode=True
    )
    conduct(module, verify.run)


if __name__ == "__main__":
    main()
