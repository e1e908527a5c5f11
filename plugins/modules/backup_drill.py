#!/usr/bin/python

# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_drill
short_description: Prove that backups can be restored, by restoring them into scratch
version_added: 1.0.0
description:
  - Restores the newest backup of each chosen database into a scratch database on a server, as
    M(vya.backupdb.db_restore) does, compares schema and row counts with the manifest, measures how long it took, and
    drops the scratch database.
  - The result lies beside the backup afterwards, as C(verification-TIME.json). M(vya.backupdb.backup_info) shows the
    newest of each backup.
  - No other database is touched. The server needs room for the largest of the chosen databases once more.
  - The failure of one database stops no other. The task fails at the end when any failed, and tells which and why.
extends_documentation_fragment:
  - vya.backupdb.attributes
  - vya.backupdb.attributes.actiongroup_backupdb
  - vya.backupdb.connection
  - vya.backupdb.store
  - vya.backupdb.identity
  - vya.backupdb.journal
attributes:
  check_mode:
    support: full
    details:
      - The backups are chosen and read to their end, and everything is refused that a real run would refuse before it
        creates anything. Nothing is restored and nothing is recorded.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Every run drills again.
options:
  databases:
    description:
      - Names of databases that were backed up, or globs such as V(shop_*).
      - A name without a backup is a failure. A glob may match nothing.
      - Roles, users and grants have no scratch. The backups of them are left out.
    type: list
    elements: str
    default: ['*']
  exclude:
    description:
      - Names or globs of databases to leave out of what the globs of O(databases) match.
      - A database that O(databases) names in full is left out only when it is named in full here as well.
    type: list
    elements: str
    default: []
  backup:
    description:
      - Which backup of each, either V(latest) or a backup's id, such as V(20261121T231500Z-7f3a9c).
      - M(vya.backupdb.backup_info) lists the ids.
    type: str
    default: latest
  before:
    description:
      - Leave out backups that show the database later than at this time.
      - A time in ISO 8601, such as V(2026-11-21T23:15:00Z). A time without a zone is in UTC.
    type: str
  no_owner:
    description:
      - For PostgreSQL. Restore neither owners nor grants, for a server that lacks the roles of the one that was backed
        up. They are not compared then.
      - It is of no effect for MySQL and MariaDB.
    type: bool
    default: false
  exclude_extensions:
    description:
      - For PostgreSQL. Extensions to restore without, with the rows of their own tables. They are named in a warning.
      - Some extensions cannot be created beside the database that has them, such as C(pg_cron), or not on this server.
        What needs an extension, such as a column of its type, cannot be restored without it; the error names it.
      - Those that the server's version of PostgreSQL dropped, such as C(adminpack), are skipped by themselves.
      - The plain archive is spooled to the temporary folder of the managed host then, which needs room for it.
    type: list
    elements: str
    default: []
  search_path:
    description:
      - For PostgreSQL, with a superuser's login. Schemas in which functions find what they name without its schema,
        while the backup is loaded. C(pg_restore) loads with an empty C(search_path), so that an index or a C(CHECK)
        whose function names, say, C(earth) instead of C(public.earth) fails.
      - Nothing of what is restored is changed for it. The load takes one process then, whatever O(jobs) says.
      - PostgreSQL 17 and newer build indexes and materialized views with a C(search_path) of their own, and need
        functions that have one (C(ALTER FUNCTION ... SET search_path)).
    type: list
    elements: str
    default: []
  jobs:
    description:
      - For PostgreSQL. How many processes load at a time. With more than one, the plain archive is spooled to the
        temporary folder of the managed host, which needs room for it.
      - MySQL and MariaDB always load with one. Databases are drilled one after the other.
    type: int
    default: 1
  timeout:
    description:
      - How many seconds all of it may take. The drill that is not finished by then is ended, and those that follow are
        not begun. V(0) sets no limit.
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
  - module: vya.backupdb.backup_verify
  - module: vya.backupdb.db_restore
"""

EXAMPLES = r"""
- name: Prove that the newest backup of each database can be restored
  vya.backupdb.backup_drill:
    engine: postgresql
    login_unix_socket: /run/postgresql
    store: /var/backups/backupdb
    identity: "{{ age_identity }}"
  become: true
  become_user: postgres
  register: drilled

- name: Tell how long a restore takes
  ansible.builtin.debug:
    msg: "{{ item.database }} of {{ item.snapshot }}: {{ item.rows }} rows in {{ item.duration }}"
  loop: "{{ drilled.drills }}"
  loop_control:
    label: "{{ item.database }}"

- name: Drill the backups of another host on a test server, which has none of its roles
  vya.backupdb.backup_drill:
    engine: postgresql
    login_unix_socket: /run/postgresql
    store: /mnt/backups
    host: db1
    databases: [shop, 'customer_*']
    no_owner: true
    jobs: 4
    timeout: 7200
    identity_file: /root/restore.key
"""

RETURN = r"""
msg:
  description: What was done, or what went wrong.
  returned: always
  type: str
  sample: '3 backups restored into scratch and found the same: 1.2 GiB in 4 min 12 s.'
drills:
  description:
    - The drills that were begun, in the order of the databases' names.
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
      description: The name of the host that was backed up.
      type: str
      sample: db1
    instance:
      description: The label of the database server that was backed up.
      type: str
      sample: main
    database:
      description: The name of the database that was backed up.
      type: str
      sample: shop
    snapshot:
      description: The moment at which the backup shows the database, in UTC.
      type: str
      sample: '2026-11-21T23:15:00.131Z'
    size:
      description: Bytes of the backup in the store.
      type: int
      sample: 102864519
    passed:
      description: Whether all of it came back. Null in check mode, when nothing speaks against it.
      type: bool
      sample: true
    seconds:
      description:
        - How long it took from the first look at the server to the end of the comparison.
        - A restore into place takes as long, and a moment for the swap. With PostgreSQL, C(ANALYZE) comes on top.
      type: float
      sample: 84.219
    duration:
      description: The same in words.
      type: str
      sample: 1 min 24 s
    stages:
      description: Seconds by stage.
      type: dict
      sample:
        preflight: 0.021
        authenticate: 1.212
        create: 0.064
        load: 76.105
        verify: 6.817
    tables:
      description: The number of tables that were restored.
      type: int
      sample: 42
    rows:
      description: The number of their rows.
      type: int
      sample: 1500000
    schema:
      description: V(same), or to what extent it was compared. Empty when it was not, or when anything differs.
      type: str
      sample: same
    mismatches:
      description: What differs from the manifest, at most 100 sentences.
      type: list
      elements: str
      sample: []
    record:
      description:
        - The file that holds the result, relative to the store.
        - Null when it could not be written, in check mode, and when the drill failed for a reason that tells nothing
          about the backup, such as a tool that is missing.
      type: str
      sample: db1/main/shop/20261121T231500Z-7f3a9c/verification-20261122T030000Z.json
failures:
  description:
    - What failed. A damaged backup that is newer than the one that was drilled in its place is a failure too.
  returned: when something was chosen
  type: list
  elements: dict
  contains:
    database:
      description: The name of the database that was backed up.
      type: str
      sample: shop
    id:
      description: The backup's id. Empty when there is none.
      type: str
      sample: 20261121T231500Z-7f3a9c
    stage:
      description: The step that failed.
      type: str
      sample: verify
    msg:
      description: What is wrong, and what to do next.
      type: str
      sample: "What was restored differs from the backup's manifest: table orders has 11 rows instead of 12."
    rc:
      description: The exit status of the tool that failed. Only there when one did.
      type: int
      sample: 1
totals:
  description: All drills together.
  returned: when something was chosen
  type: dict
  contains:
    drills:
      description: How many were begun.
      type: int
      sample: 3
    passed:
      description: How many of them passed.
      type: int
      sample: 3
    failed:
      description: The number of RV(failures).
      type: int
      sample: 0
    size:
      description: Bytes in the store of the backups that passed.
      type: int
      sample: 308593557
    size_human:
      description: The same in words.
      type: str
      sample: 294.3 MiB
    seconds:
      description: How long all drills took.
      type: float
      sample: 252.11
    duration:
      description: The same in words.
      type: str
      sample: 4 min 12 s
left_out:
  description: How many elements of which list are left out, so that the result stays below 100 KB.
  returned: when something is left out
  type: dict
  sample:
    drills: 300
stage:
  description: The step at which all of the run failed or was ended.
  returned: when more than single drills failed
  type: str
  sample: connect
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils._run import drill_entry
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import conduct


def main() -> None:
    """Options, work, answer."""
    spec = argspec.merged(
        argspec.connection(),
        argspec.store(),
        argspec.identity(),
        argspec.timeout(),
        argspec.drill(),
        argspec.journal(),
    )
    module = AnsibleModule(
        argument_spec=spec, mutually_exclusive=[argspec.IDENTITY_EXCLUSIVE], supports_check_mode=True
    )
    conduct(module, drill_entry.run)


if __name__ == "__main__":
    main()
