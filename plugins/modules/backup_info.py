#!/usr/bin/python

# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_info
short_description: List the backups in a store
version_added: 1.0.0
description:
  - Lists what the manifests in a store say, newest first. It needs no database server and no secret key.
  - What has no readable manifest is no backup, and is listed apart.
extends_documentation_fragment:
  - vya.backupdb.attributes
  - vya.backupdb.attributes.actiongroup_backupdb
  - vya.backupdb.attributes.info_module
  - vya.backupdb.store
  - vya.backupdb.selection.filters
  - vya.backupdb.journal
options:
  host:
    description:
      - Only backups of this host. All hosts' when it is left out.
    type: str
  backup:
    description:
      - V(all), V(latest) for the newest of each database, or a backup's id, such as V(20261121T231500Z-7f3a9c).
    type: str
    default: all
  limit:
    description:
      - How many backups to list. V(0) lists all, as far as the result stays below 100 KB.
      - RV(total) and RV(series) count all that fit, listed or not.
    type: int
    default: 100
author:
  - vya.backupdb contributors (@vya)
seealso:
  - module: vya.backupdb.backup_drill
  - module: vya.backupdb.backup_retention
  - module: vya.backupdb.backup_verify
  - module: vya.backupdb.db_restore
"""

EXAMPLES = r"""
- name: List the backups of one database
  vya.backupdb.backup_info:
    store: /var/backups/backupdb
    database: shop
  register: catalog

- name: Tell the newest
  ansible.builtin.debug:
    msg: "{{ catalog.backups[0].id }}: {{ catalog.backups[0].size_human }} of {{ catalog.backups[0].snapshot }}"
  when: catalog.backups | length > 0

- name: List the newest backup of each database of one host as it was before a given time
  vya.backupdb.backup_info:
    store: /var/backups/backupdb
    host: db1
    backup: latest
    before: '2026-11-21T12:00:00Z'
"""

RETURN = r"""
backups:
  description:
    - The backups, newest first.
    - Of very many, the first ones; RV(left_out) tells how many are left out.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The backup's id, by which M(vya.backupdb.db_restore) finds it.
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
      description: The name of the database, V(@globals) for roles, users and grants.
      type: str
      sample: shop
    kind:
      description: V(database) or V(globals).
      type: str
      sample: database
    engine:
      description: The server, with C(name), C(flavour) and C(version).
      type: dict
      sample:
        name: postgresql
        flavour: postgresql
        version: '15.14'
    started:
      description: When the backup began, in UTC.
      type: str
      sample: '2026-11-21T23:15:00.102Z'
    snapshot:
      description: The moment at which the backup shows the database, in UTC.
      type: str
      sample: '2026-11-21T23:15:00.131Z'
    finished:
      description: When its data were stored, in UTC.
      type: str
      sample: '2026-11-21T23:15:04.311Z'
    seconds:
      description: From start to finish.
      type: float
      sample: 4.209
    duration:
      description: The same in words.
      type: str
      sample: 4.2 s
    size:
      description: Bytes in the store.
      type: int
      sample: 102864519
    size_human:
      description: The same in words.
      type: str
      sample: 98.1 MiB
    plain_size:
      description: Bytes before compression.
      type: int
      sample: 537185484
    plain_size_human:
      description: The same in words.
      type: str
      sample: 512.3 MiB
    ratio:
      description: RV(backups[].plain_size) divided by RV(backups[].size).
      type: float
      sample: 5.22
    throughput:
      description: Bytes before compression, a second.
      type: int
      sample: 127627817
    throughput_human:
      description: The same in words.
      type: str
      sample: 121.7 MiB/s
    compression:
      description: How it is compressed.
      type: str
      sample: zstd
    encrypted:
      description: Whether it is encrypted.
      type: bool
      sample: true
    recipients:
      description: The public keys that it is encrypted to.
      type: list
      elements: str
      sample: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]
    tables:
      description: The number of tables whose rows were counted.
      type: int
      sample: 42
    rows:
      description: The number of their rows.
      type: int
      sample: 1500000
    exact:
      description: Whether the rows were counted in the very snapshot that was dumped.
      type: bool
      sample: true
    warnings:
      description: What is to be known about this backup, at most five sentences. Its manifest holds all of them.
      type: list
      elements: str
      sample: []
    position:
      description: The position in the server's log at the snapshot, when the account may read it.
      type: dict
      sample:
        lsn: 0/1A2B3C8
        in_recovery: false
    pinned:
      description: Whether it is pinned, so that M(vya.backupdb.backup_retention) never removes it.
      type: bool
      sample: false
    verification:
      description: What its newest drill found out. Null when M(vya.backupdb.backup_drill) has recorded none.
      type: dict
      contains:
        passed:
          description: Whether all of it came back.
          type: bool
          sample: true
        finished:
          description: When the drill ended, in UTC.
          type: str
          sample: '2026-11-22T03:01:24.219Z'
        seconds:
          description: How long the restore took.
          type: float
          sample: 84.219
        duration:
          description: The same in words.
          type: str
          sample: 1 min 24 s
        verified_by:
          description: The name of the host that drilled.
          type: str
          sample: db2
        stage:
          description: The stage that failed. Empty when none did.
          type: str
          sample: ''
        msg:
          description: Why it failed. Empty when it passed.
          type: str
          sample: ''
    place:
      description: Its folder, relative to the store.
      type: str
      sample: db1/main/shop/20261121T231500Z-7f3a9c
    path:
      description: Its folder.
      type: str
      sample: /var/backups/backupdb/db1/main/shop/20261121T231500Z-7f3a9c
total:
  description: The number of backups that fit, listed or not.
  returned: success
  type: int
  sample: 212
series:
  description: The backups that fit, counted by host, instance and database.
  returned: success
  type: list
  elements: dict
  contains:
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
    total:
      description: The number of its backups.
      type: int
      sample: 106
    size:
      description: Bytes in the store, all of them together.
      type: int
      sample: 10903639014
    size_human:
      description: The same in words.
      type: str
      sample: 10.2 GiB
    newest:
      description: The id of the newest.
      type: str
      sample: 20261121T231500Z-7f3a9c
    newest_snapshot:
      description: The moment at which the newest shows the database, in UTC.
      type: str
      sample: '2026-11-21T23:15:00.131Z'
    oldest_snapshot:
      description: The moment at which the oldest shows the database, in UTC.
      type: str
      sample: '2026-08-08T23:15:00.098Z'
incomplete:
  description: What is no backup, because a run did not finish it or because its manifest is damaged.
  returned: success
  type: list
  elements: dict
  contains:
    place:
      description: Its folder, relative to the store.
      type: str
      sample: db1/main/shop/20261120T231500Z-1b2c3d
    path:
      description: Its folder.
      type: str
      sample: /var/backups/backupdb/db1/main/shop/20261120T231500Z-1b2c3d
    problem:
      description: Why it is none.
      type: str
      sample: 'no manifest: the backup was not finished'
    state:
      description:
        - V(unfinished), it has no manifest, since a run is making it or ended early; or V(damaged), its manifest cannot
          be read or believed.
      type: str
      sample: unfinished
left_out:
  description: How many elements of which list are left out, so that the result stays below 100 KB.
  returned: when something is left out
  type: dict
  sample:
    backups: 940
stage:
  description: The step that failed.
  returned: failure
  type: str
  sample: preflight
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils._run import catalog_info
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import conduct


def main() -> None:
    """Options, work, answer."""
    module = AnsibleModule(
        argument_spec=argspec.merged(argspec.store_only(), argspec.filters("all"), argspec.limit(), argspec.journal()),
        supports_check_mode=True,
    )
    conduct(module, catalog_info.run)


if __name__ == "__main__":
    main()
