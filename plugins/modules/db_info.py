#!/usr/bin/python

# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: db_info
short_description: Look at a database server before backing it up
version_added: 1.0.0
description:
  - Tests the connection, and tells the server's version, its databases with their sizes, which client tools fit it, and
    which privileges the account lacks, each with the statement that grants it.
  - It is for MySQL, MariaDB and PostgreSQL.
extends_documentation_fragment:
  - vya.backupdb.attributes
  - vya.backupdb.attributes.actiongroup_backupdb
  - vya.backupdb.attributes.info_module
  - vya.backupdb.connection
  - vya.backupdb.journal
requirements:
  - On the managed host, psycopg2 2.8 or newer for PostgreSQL, or PyMySQL 1.0 or newer for MySQL and MariaDB.
author:
  - vya.backupdb contributors (@vya)
seealso:
  - module: vya.backupdb.db_backup
"""

EXAMPLES = r"""
- name: Look at the PostgreSQL server of this host
  vya.backupdb.db_info:
    engine: postgresql
    login_unix_socket: /run/postgresql
    login_user: backup
  become: true
  become_user: postgres
  register: server

- name: Refuse to go on with an account that cannot back up everything
  ansible.builtin.assert:
    that: server.missing_privileges | length == 0
    fail_msg: "{{ server.missing_privileges | map(attribute='grant') | join(' ') }}"

- name: Look at a MariaDB server over the network, its certificate checked
  vya.backupdb.db_info:
    engine: mysql
    login_host: db1.example.com
    login_user: backup
    login_password: "{{ backup_password }}"
    tls_mode: verify-full
    ca_cert: /etc/ssl/certs/ca-certificates.crt
"""

RETURN = r"""
connected:
  description: Whether the server could be reached. Always true, since the task fails otherwise.
  returned: success
  type: bool
  sample: true
server:
  description: What the server says of itself.
  returned: success
  type: dict
  contains:
    engine:
      description: V(mysql) or V(postgresql).
      type: str
      sample: mysql
    flavour:
      description: V(mysql), V(mariadb) or V(postgresql).
      type: str
      sample: mariadb
    version:
      description: The version in the server's words.
      type: str
      sample: 10.11.14-MariaDB-0+deb12u2
    series:
      description: What counts as the major version. A backup is restored into the same or a newer one.
      type: str
      sample: '10.11'
databases:
  description:
    - All databases of the server, sorted by name.
    - Of very many, the first ones; RV(left_out) tells how many are left out.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop
    size:
      description: Bytes on the server's disk. Null when the account may not know it.
      type: int
      sample: 524288000
    size_human:
      description: The same in words.
      type: str
      sample: 500.0 MiB
    system:
      description: Whether it is the server's own, and so left out of backups.
      type: bool
      sample: false
    note:
      description: What is special about it. Empty as a rule.
      type: str
      sample: ''
    problem:
      description: Why it cannot be backed up. Empty as a rule.
      type: str
      sample: ''
tools:
  description: Client tools on the managed host that fit this server, by their names. One that is missing has no entry.
  returned: success
  type: dict
  sample:
    pg_dump:
      path: /usr/lib/postgresql/15/bin/pg_dump
      version: '15.14'
missing_privileges:
  description:
    - What the account lacks for complete backups of what the server holds now, each with the least that mends it.
    - What a restore needs depends on the backup and on the target; M(vya.backupdb.db_restore) tells it in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    privilege:
      description: The name of the privilege.
      type: str
      sample: pg_read_all_data
    purpose:
      description: What it is needed for.
      type: str
      sample: read all tables and sequences (public.orders in shop)
    grant:
      description: The statement that grants it.
      type: str
      sample: GRANT pg_read_all_data TO backup;
    database:
      description: The database in which to run the statement. Empty when any will do.
      type: str
      sample: ''
left_out:
  description: How many elements of which list are left out, so that the result stays below 100 KB.
  returned: when something is left out
  type: dict
  sample:
    databases: 1200
stage:
  description: The step that failed.
  returned: failure
  type: str
  sample: connect
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils._run import info
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import conduct


def main() -> None:
    """Options, work, answer."""
    module = AnsibleModule(
        argument_spec=argspec.merged(argspec.connection(), argspec.journal()), supports_check_mode=True
    )
    conduct(module, info.run)


if __name__ == "__main__":
    main()
