#!/usr/bin/python

# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: db_restore
short_description: Restore a database from a backup, or from a file that another tool dumped
version_added: 1.0.0
description:
  - Chooses a backup from the store, proves that it is whole and unchanged, loads it into a scratch database beside
    the target, compares schema and row counts with the backup's manifest, and only then puts it in place.
  - If anything fails before the last step, the target is as it was, and the scratch database is dropped.
  - With O(src) it restores a file that another tool dumped (C(mysqldump), C(mariadb-dump), C(pg_dump), C(pg_dumpall),
    scripts by hand) in the same way, into whichever database is the O(target). Statements are told apart by their
    lexical structure and judged by rules, and each thing that a rule left out or changed is counted in
    RV(adaptations). Statements that would write outside the scratch database are left out or refused. What functions,
    triggers and views of the file do when they run is not looked into, and they run with the rights of the login.
  - PostgreSQL renames the databases in one transaction. MySQL and MariaDB move all tables in one C(RENAME TABLE), and
    then create views, routines, triggers and events.
extends_documentation_fragment:
  - vya.backupdb.attributes
  - vya.backupdb.attributes.actiongroup_backupdb
  - vya.backupdb.connection
  - vya.backupdb.store.optional
  - vya.backupdb.selection
  - vya.backupdb.identity
  - vya.backupdb.journal
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
  src:
    description:
      - A file on the managed host that another tool dumped, or the folder of an archive in C(pg_dump)'s directory
        format. Give it instead of O(database) and O(store).
      - Plain SQL, and C(pg_dump)'s custom and tar formats. It may be compressed (gzip, zip with one SQL file, zstd,
        xz, lz4, bzip2), encrypted by age (then give O(identity)), or several of these around each other. All is told
        by content, not by name.
    type: path
  source_database:
    description:
      - Which database of O(src) to restore. It is needed only where the file holds several.
    type: str
  allow_incomplete:
    description:
      - Restore from O(src) although the last line that its tool writes is missing, so that it may be cut short.
      - A file that ends inside a statement is refused all the same.
    type: bool
    default: false
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
      - Whether to compare the schema, and the number of rows of each table, with the backup's manifest before the
        swap.
      - With O(src) there is nothing to compare with; rows are counted.
    type: bool
    default: true
  globals:
    description:
      - Whether to restore roles, users and grants first, from the backup of them that is closest to the database's.
      - Roles and accounts that exist on the server keep their password and their attributes. What they are granted in a
        backup is added.
      - With O(src), those that the file holds. They are left out, and counted, otherwise. Who exists on the server is
        granted nothing but what the file grants on the restored database and its objects.
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
      - MySQL and MariaDB always load with one.
    type: int
    default: 1
  timeout:
    description:
      - How many seconds all of it may take. A restore that is not finished by then fails, and the target is as it
        was. V(0) sets no limit.
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

- name: Restore what a nightly mysqldump left, under another name
  vya.backupdb.db_restore:
    engine: mysql
    login_unix_socket: /run/mysqld/mysqld.sock
    login_user: restore
    login_password: "{{ restore_password }}"
    src: /srv/dumps/20260113_155440_mysql_dns_db.zip
    target: dns_db_restored
  register: restored

- name: Tell what had to be left out or changed
  ansible.builtin.debug:
    var: restored.adaptations

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
  returned: success. Null with O(src)
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
source:
  description: What O(src) is.
  returned: success, with O(src)
  type: dict
  contains:
    path:
      description: Where it is.
      type: str
      sample: /srv/dumps/20260113_155440_mysql_dns_db.zip
    layers:
      description:
        - What it is wrapped in, outermost first.
        - Last is what it is, V(sql), V(custom), V(tar) or V(directory).
      type: list
      elements: str
      sample: [zip, sql]
    size:
      description: Its size in bytes. 0 for a folder.
      type: int
      sample: 20971520
    size_human:
      description: Its size in words.
      type: str
      sample: 20.0 MiB
    tool:
      description: The tool that wrote it and its version, as its header tells. Empty for a script by hand.
      type: str
      sample: mysqldump 8.0.36
    database:
      description: The database whose content was taken.
      type: str
      sample: dns_db
    databases:
      description: All databases that it holds content of.
      type: list
      elements: str
      sample: [dns_db]
    complete:
      description: Whether the last line that its tool writes was there. Null for a script without a known tool.
      type: bool
      sample: true
adaptations:
  description: What rules left out or changed, and how often.
  returned: success, with O(src)
  type: dict
  sample:
    CREATE DATABASE: 1
statements:
  description: The number of statements that were run, or in check mode would be.
  returned: success, with O(src)
  type: int
  sample: 412
tables:
  description: The number of tables that were restored.
  returned: success, not in check mode, with O(verify) or without O(src)
  type: int
  sample: 42
rows:
  description: The number of their rows.
  returned: success, not in check mode, with O(verify) or without O(src)
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
    content:
      description:
        - Whether the rows are the same, by their checksums.
        - V(same), or to what extent they were compared; V(not recorded) when the backup was made without
          C(proof=content).
      type: str
      sample: not recorded
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
        argspec.store_of_backups(),
        argspec.selection(),
        argspec.foreign(),
        argspec.identity(),
        argspec.timeout(),
        argspec.restore(),
        argspec.journal(),
    )
    module = AnsibleModule(
        argument_spec=spec,
        mutually_exclusive=[argspec.IDENTITY_EXCLUSIVE, *argspec.RESTORE_EXCLUSIVE],
        required_one_of=argspec.RESTORE_ONE_OF,
        required_by=argspec.RESTORE_TOGETHER,
        supports_check_mode=True,
    )
    conduct(module, restore_entry.run)


if __name__ == "__main__":
    main()
