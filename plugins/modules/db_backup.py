#!/usr/bin/python

# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: db_backup
short_description: Back up the databases of a server
version_added: 1.0.0
description:
  - Dumps each chosen database consistently, compresses it, encrypts it to public keys, and stores it durably.
  - A database's failure stops no other. The task fails at the end when any failed, and tells which and why.
  - A backup exists from the moment in which its manifest is written, which is the last thing to be written. What a
    failed or killed run leaves is never taken for a backup, and the next run removes it.
  - MySQL and MariaDB are dumped by C(mariadb-dump) or C(mysqldump), PostgreSQL by the C(pg_dump) of the server's own
    major version.
extends_documentation_fragment:
  - vya.backupdb.attributes
  - vya.backupdb.attributes.actiongroup_backupdb
  - vya.backupdb.connection
  - vya.backupdb.store
  - vya.backupdb.journal
attributes:
  check_mode:
    support: full
    details:
      - The server is asked and nothing is written. A store that is missing is not made.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Every run makes new backups.
options:
  databases:
    description:
      - Names of databases, or globs such as V(shop_*).
      - The server's own databases are never backed up. The database C(postgres) is when it is named, or holds tables of
        users.
      - A name that does not exist is a failure. A glob may match nothing.
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
  globals:
    description:
      - Whether to back up what belongs to the server and not to a database, that is roles, users and their grants.
      - They are stored as a backup of their own, under the name C(@globals).
    type: bool
    default: true
  compression:
    description:
      - How to compress. All but V(zip) and V(none) need the program of that name on the managed host; for V(gzip),
        C(pigz) is used when it is there.
    type: str
    default: zstd
    choices: [zstd, gzip, xz, lz4, zip, none]
  compression_level:
    description:
      - From 1 to 22 for V(zstd) (default 3), from 1 to 9 for V(gzip) and V(zip) (default 6), from 0 to 9 for V(xz)
        (default 6), from 1 to 12 for V(lz4) (default 1).
    type: int
  recipients:
    description:
      - Public keys of age (C(age1...), as C(age-keygen) makes them). Any one of the secret keys that belong to them
        opens the backup.
      - The backups are not encrypted when it is empty.
    type: list
    elements: str
    default: []
  jobs:
    description:
      - How many databases to back up at a time.
    type: int
    default: 1
  timeout:
    description:
      - How many seconds all of it may take. What is not finished by then fails. V(0) sets no limit.
    type: int
    default: 0
  max_lag:
    description:
      - How many seconds old the data of a standby server or replica may be. Older data, and data whose age is not
        known, are refused before anything is dumped.
      - Any age is accepted when it is not set. RV(backups[].snapshot) is the time of the data in any case.
      - A server that is no standby and no replica is not concerned, as far as the account can find out.
      - The clocks of both servers must agree. A standby of a standby is believed to be as fresh as the one before it.
      - An account that lacks C(pg_monitor) (PostgreSQL), C(SLAVE MONITOR) (MariaDB) or C(REPLICATION CLIENT) (MySQL)
        can find out less, so that more is refused.
    type: float
  shrink:
    description:
      - Warn when a backup holds less than so many percent of the usual rows, or of the usual bytes before compression.
        Usual is the median of up to 14 backups of the series before it.
      - Also warn of each database that has backups in the store under this host and instance, that a glob of
        O(databases) would choose, and that is not on the server any more. Name it in O(exclude) when it was dropped on
        purpose.
      - V(0) turns both off. Neither makes a backup fail.
    type: int
    default: 50
  proof:
    description:
      - What is recorded of the rows, for restores and drills to compare.
      - V(counts) records how many rows each table has in the dump's snapshot.
      - V(content) also records a checksum of each table's rows, as the server holds them, whatever their order. It
        finds values that changed on the way, and costs time at the backup and at each restore.
    type: str
    choices: [counts, content]
    default: counts
  extra_args:
    description:
      - Further arguments of the dump tool, each option and its value as one item, such as
        V(--exclude-table-data=public.sessions).
      - Those that change the output, its format, the connection or the snapshot are refused.
      - Nobody can tell what they left out on purpose from what is lost. The backup says so in a warning, and so do each
        restore and drill of it, with the names of the objects that are not there.
    type: list
    elements: str
    default: []
requirements:
  - On the managed host, psycopg2 2.8 or newer for PostgreSQL, or PyMySQL 1.0 or newer for MySQL and MariaDB.
  - On the managed host, the client tools of the server, and the program that O(compression) names.
  - On the managed host, cryptography 3.3 or newer when O(recipients) is used.
author:
  - vya.backupdb contributors (@vya)
seealso:
  - module: vya.backupdb.backup_info
  - module: vya.backupdb.backup_verify
  - module: vya.backupdb.db_restore
"""

EXAMPLES = r"""
- name: Back up every database of the PostgreSQL server, encrypted
  vya.backupdb.db_backup:
    engine: postgresql
    login_unix_socket: /run/postgresql
    store: /var/backups/backupdb
    recipients:
      - age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
  become: true
  become_user: postgres
  register: backup

- name: Tell how it went
  ansible.builtin.debug:
    msg: "{{ backup.totals.databases }} databases, {{ backup.totals.size_human }} in {{ backup.totals.duration }}"

- name: Back up the shop's databases of a MariaDB server, four at a time
  vya.backupdb.db_backup:
    engine: mysql
    instance: shop
    login_unix_socket: /run/mysqld/mysqld.sock
    login_user: backup
    login_password: "{{ backup_password }}"
    databases: ['shop', 'shop_*']
    exclude: ['shop_scratch_*']
    jobs: 4
    timeout: 14400
    store: /var/backups/backupdb

- name: Back up one database without the rows of one table
  vya.backupdb.db_backup:
    engine: postgresql
    login_host: db1.example.com
    login_user: backup
    login_password: "{{ backup_password }}"
    databases: [shop]
    globals: false
    extra_args: ['--exclude-table-data=public.sessions']
    compression: xz
    compression_level: 9
    store: /var/backups/backupdb
"""

RETURN = r"""
msg:
  description: What was done, or what went wrong.
  returned: always
  type: str
  sample: '2 databases and the globals backed up: 512.3 MiB as 98.1 MiB in 4.2 s.'
backups:
  description:
    - The backups that were made, sorted by the names of their databases.
    - In check mode those that would be made, with C(host), C(instance), C(database) and C(kind) alone.
    - Of very many, the first ones; RV(left_out) tells how many are left out.
  returned: when the server was reached
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
      description:
        - The moment at which the backup shows the database, in UTC.
        - Of a standby or replica, the time of its data, and never a later one. RV(backups[].position) says how that was
          found.
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
    shrunk:
      description:
        - What it holds, and what is usual (C(usual_rows), C(usual_plain_size), the median of C(of) backups).
      returned: when it holds less than O(shrink) percent of the usual rows or bytes
      type: dict
      sample:
        rows: 120
        usual_rows: 1500000
        plain_size: 61440
        usual_plain_size: 537185484
        of: 14
    position:
      description:
        - The position in the server's log at the snapshot, when the account may read it.
        - Of a standby or replica also C(in_recovery), C(lag) (seconds, null when nobody knows), C(lag_known_by) and
          C(replay_stopped).
      type: dict
      sample:
        lsn: 0/1A2B3C8
        in_recovery: false
    stages:
      description: Seconds by stage, with C(-vv) alone.
      type: dict
      sample:
        snapshot: 0.029
        dump: 3.902
failures:
  description: Databases that failed. Empty when all is well.
  returned: when the server was reached
  type: list
  elements: dict
  contains:
    database:
      description: The name of the database, V(@globals) for roles, users and grants.
      type: str
      sample: shop
    stage:
      description: The step that failed.
      type: str
      sample: dump
    msg:
      description: What went wrong, and what to do next.
      type: str
      sample: 'pg_dump failed. Exit status 1. It said: pg_dump: error: query failed'
    rc:
      description: The exit status of the tool that failed. There is none when no tool did.
      type: int
      sample: 1
gone:
  description: Databases that have backups and are not on the server any more. See O(shrink).
  returned: when the server was reached
  type: list
  elements: dict
  contains:
    database:
      description: The name of the database.
      type: str
      sample: old_shop
    id:
      description: The id of its last backup.
      type: str
      sample: 20261114T231500Z-19f4c2
    snapshot:
      description: The moment that it shows.
      type: str
      sample: '2026-11-14T23:15:00.131Z'
totals:
  description: All backups of the run together.
  returned: when the server was reached
  type: dict
  contains:
    databases:
      description: The number of databases, the globals not counted.
      type: int
      sample: 2
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
      description: RV(totals.plain_size) divided by RV(totals.size).
      type: float
      sample: 5.22
    seconds:
      description: How long the run took.
      type: float
      sample: 4.209
    duration:
      description: The same in words.
      type: str
      sample: 4.2 s
    throughput_human:
      description: Bytes before compression, a second, in words.
      type: str
      sample: 121.7 MiB/s
left_out:
  description: How many elements of which list are left out, so that the result stays below 100 KB.
  returned: when something is left out
  type: dict
  sample:
    backups: 940
stage:
  description: The step at which all of the run failed or was ended.
  returned: when more than single databases failed
  type: str
  sample: lock
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils._run import backup_entry
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import conduct


def main() -> None:
    """Options, work, answer."""
    module = AnsibleModule(
        argument_spec=argspec.merged(
            argspec.connection(), argspec.store(), argspec.timeout(), argspec.backup(), argspec.journal()
        ),
        supports_check_mode=True,
    )
    conduct(module, backup_entry.run)


if __name__ == "__main__":
    main()
