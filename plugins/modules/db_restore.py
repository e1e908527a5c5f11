#!/usr/bin/python

# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: db_restore
short_description: Restore a database from a backup
version_added: 1.0.0
description:
  - Chooses a backup from the store, proves that it is whole and unchanged, loads it into a scratch database beside the
    target, compares schema and row counts with the backup's manifest, and only then puts it in place.
  - If anything fails before the last step, the target is as it was, and the scratch database is dropped.
  - PostgreSQL renames the databases in one transaction. MySQL and MariaDB move all tables in one C(RENAME TABLE), and
    then create views, routines, triggers and events.
extends_documentation_fragment:
  - vya.backupdb.attributes
  - vya.backupdb.attributes.actiongroup_backupdb
  - vya.backupdb.connection
  - vya.backupdb.store
  - vya.backupdb.selection
  - vya.backupdb.identity
attributes:
  check_mode:
    support: full
    details:
      - The backup is chosen and read to its end to prove it, and everything is refused that a real run would refuse
        before it changes anything.
  diff_mode:
    support: full
    details:
      - Shows whether the target was there before, and the id of the backup that is there afterwards.
  idempotent:
    support: none
    details:
      - Every run restores again.
options:
  target:
    description:
      - The name of the database to restore into. The default is the name that it had.
    type: str
  if_exists:
    description:
      - What to do when the target is there already.
      - V(fail) refuses before anything is done. V(replace) loads beside it, and swaps when all is well.
      - Connections to the replaced database are ended at the swap, and no earlier.
    type: str
    default: fail
    choices: [fail, replace]
  keep_previous:
    description:
      - With O(if_exists=replace), keep the replaced database under another name, which is returned as RV(previous).
    type: bool
    default: false
  verify:
    description:
      - Whether to compare the schema, and the number of rows of each table, with the backup's manifest before the swap.
    type: bool
    default: true
  globals:
    description:
      - Whether to restore roles, users and grants first, from the backup of them that is closest to the database's.
      - What exists on the server stays as it is.
      - For MySQL and MariaDB, grants on objects that were missing are made again once the database is in place. Those
        on objects that are still missing are named in a warning.
    type: bool
    default: false
  no_owner:
    description:
      - For PostgreSQL. Restore neither owners nor grants, so that everything belongs to O(login_user).
      - It is of no effect for MySQL and MariaDB.
    type: bool
    default: false
  jobs:
    description:
      - For PostgreSQL. How many processes load at a time. With more than one, the plain archive is spooled to the
        temporary folder of the managed host, which needs room for it.
      - MySQL and MariaDB always load with one.
    type: int
    default: 1
  timeout:
    description:
      - How many seconds all of it may take. A restore that is not finished by then fails, and the target is as it was.
        V(0) sets no limit.
    type: int
    default: 0
requirements:
  - On the managed host, psycopg2 2.8 or newer for PostgreSQL, or PyMySQL 1.0 or newer for MySQL and MariaDB.
  - On the managed host, the client tools of the server, and the program that the backup is compressed with.
  - On the managed host, cryptography 3.3 or newer for encrypted backups.
author:
  - vya.backupdb contributors (@vya)
seealso:
  - module: vya.backupdb.backup_info
  - module: vya.backupdb.db_backup
"""

EXAMPLES = r"""
- name: Restore the latest backup of the shop under another name
  vya.backupdb.db_restore:
    engine: postgresql
    login_unix_socket: /run/postgresql
    store: /var/backups/backupdb
    database: shop
    target: shop_staging
    identity: "{{ age_identity }}"
  become: true
  become_user: postgres
  register: restored

- name: Tell what came back
  ansible.builtin.debug:
    msg: "{{ restored.tables }} tables with {{ restored.rows }} rows as of {{ restored.backup.snapshot }}"

- name: Put the shop back to what it was before noon, and keep what is there now
  vya.backupdb.db_restore:
    engine: mysql
    login_unix_socket: /run/mysqld/mysqld.sock
    login_user: restore
    login_password: "{{ restore_password }}"
    store: /var/backups/backupdb
    database: shop
    before: '2026-11-21T12:00:00Z'
    if_exists: replace
    keep_previous: true
    identity: "{{ age_identity }}"
  register: restored

- name: Tell where the replaced one is
  ansible.builtin.debug:
    msg: "The shop as it was a minute ago is now the database {{ restored.previous }}"

- name: Restore another host's database on a new server, roles first
  vya.backupdb.db_restore:
    engine: postgresql
    login_unix_socket: /run/postgresql
    store: /mnt/backups
    host: db1
    database: shop
    backup: 20261121T231500Z-7f3a9c
    globals: true
    jobs: 4
    identity_file: /root/restore.key
"""

RETURN = r"""
msg:
  description: What was done, or what went wrong.
  returned: always
  type: str
  sample: The backup 20261121T231500Z-7f3a9c (shop of 2026-11-21T23:15:00.131Z) was restored as shop_staging.
backup:
  description: The backup that was restored, with the same fields as RV(vya.backupdb.db_backup#module:backups[]).
  returned: success
  type: dict
  sample:
    id: 20261121T231500Z-7f3a9c
    host: db1
    instance: main
    database: shop
    snapshot: '2026-11-21T23:15:00.131Z'
    size: 102864519
    size_human: 98.1 MiB
target:
  description: The name of the database that was restored into.
  returned: success
  type: str
  sample: shop_staging
tables:
  description: The number of tables that were restored.
  returned: success, not in check mode
  type: int
  sample: 42
rows:
  description: The number of their rows.
  returned: success, not in check mode
  type: int
  sample: 1500000
verified:
  description: What was compared with the manifest before the swap.
  returned: success, not in check mode
  type: dict
  contains:
    schema:
      description: V(same), or to what extent it was compared.
      type: str
      sample: same
    rows:
      description: V(same), or why they were not compared.
      type: str
      sample: same
    mismatches:
      description: The differences. Empty, since the task fails when there are any.
      type: list
      elements: str
      sample: []
previous:
  description: The name under which the replaced database was kept. Null when none was.
  returned: success, not in check mode
  type: str
  sample: shop_previous_20261122T081500Z
stages:
  description: Seconds by stage.
  returned: success
  type: dict
  sample:
    preflight: 0.021
    authenticate: 0.212
    create: 0.064
    load: 6.105
    verify: 0.734
    finish: 0.402
    swap: 0.117
stage:
  description: The step that failed.
  returned: failure
  type: str
  sample: verify
rc:
  description: The exit status of the tool that failed.
  returned: failure of a tool
  type: int
  sample: 1
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils._run import restore_entry
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import conduct


def main() -> None:
    """Options, work, answer."""
    spec = argspec.merged(
        argspec.connection(),
        argspec.store(),
        argspec.selection(),
        argspec.identity(),
        argspec.timeout(),
        argspec.restore(),
    )
    module = AnsibleModule(
        argument_spec=spec, mutually_exclusive=[argspec.IDENTITY_EXCLUSIVE], supports_check_mode=True
    )
    conduct(module, restore_entry.run)


if __name__ == "__main__":
    main()
