#!/usr/bin/python

# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: db_account
short_description: Make the database account that backs up or restores
version_added: 1.0.0
description:
  - Creates an account with exactly the privileges that backups or restores need, or gives an existing one what it
    lacks.
  - Nothing is taken from an account. What it may do beyond its purpose is a warning.
  - Passwords reach the server as the hash that it stores, where it takes one, so that its logs do not tell them.
extends_documentation_fragment:
  - vya.backupdb.attributes
  - vya.backupdb.attributes.actiongroup_backupdb
  - vya.backupdb.connection
  - vya.backupdb.journal
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows the privileges before and after.
  idempotent:
    support: full
options:
  name:
    description:
      - The name of the account.
      - O(login_user) is the administrator that makes it, and must be another one.
    type: str
    required: true
  password:
    description:
      - The password of the account. One that exists gets it when it has another.
      - Without it the password of an account that exists stays as it is. In PostgreSQL a new account is then created
        without a password, for a login that the server trusts in another way.
      - In MySQL and MariaDB an account without a password lets everybody in, so one that is missing, or has an empty
        password, needs it. An account that logs in by a plugin such as C(unix_socket) or C(auth_socket) does not.
      - The authentication plugin of an account that exists is never changed.
    type: str
  account_host:
    description:
      - For MySQL and MariaDB. The host part of the account's name.
    type: str
    default: localhost
  purposes:
    description:
      - What the account is for.
      - V(backup) is enough for M(vya.backupdb.db_backup) and M(vya.backupdb.db_info).
      - V(restore) is for M(vya.backupdb.db_restore) and M(vya.backupdb.backup_drill). For PostgreSQL the account may
        create databases, and restores with C(no_owner=true). For MySQL and MariaDB it may do everything, since what it
        creates can belong to any account.
    type: list
    elements: str
    choices: [backup, restore]
    default: [backup]
requirements:
  - On the managed host, psycopg2 2.8 or newer for PostgreSQL, or PyMySQL 1.0 or newer for MySQL and MariaDB.
author:
  - vya.backupdb contributors (@vya)
seealso:
  - module: vya.backupdb.db_info
"""

EXAMPLES = r"""
- name: Make the account that backs up the PostgreSQL server of this host
  vya.backupdb.db_account:
    engine: postgresql
    login_unix_socket: /run/postgresql
    name: backup
    password: "{{ backup_password }}"
  become: true
  become_user: postgres

- name: Make an account that backs up and restores on a MariaDB server
  vya.backupdb.db_account:
    engine: mysql
    login_unix_socket: /run/mysqld/mysqld.sock
    login_user: root
    name: backup
    password: "{{ backup_password }}"
    purposes: [backup, restore]
  become: true
"""

RETURN = r"""
msg:
  description: What was done, or what went wrong.
  returned: always
  type: str
  sample: 2 statements ran.
existed:
  description: Whether the account was there before.
  returned: success
  type: bool
  sample: false
statements:
  description: What was run, without passwords. In check mode what would be run.
  returned: success
  type: list
  elements: str
  sample:
    - CREATE ROLE "backup" LOGIN BYPASSRLS PASSWORD '***'
    - GRANT pg_read_all_data TO "backup"
privileges:
  description: What the account may do afterwards, server-wide.
  returned: success
  type: list
  elements: str
  sample: [BYPASSRLS, LOGIN, pg_read_all_data]
excess:
  description: Those of RV(privileges) that its purposes do not need.
  returned: success
  type: list
  elements: str
  sample: []
stage:
  description: The step that failed.
  returned: failure
  type: str
  sample: account
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils._run import account
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import conduct


def main() -> None:
    """Options, work, answer."""
    own: argspec.Spec = {
        "name": {"type": "str", "required": True},
        "password": {"type": "str", "no_log": True},
        "account_host": {"type": "str", "default": "localhost"},
        "purposes": {"type": "list", "elements": "str", "choices": ["backup", "restore"], "default": ["backup"]},
    }
    module = AnsibleModule(
        argument_spec=argspec.merged(argspec.connection(), argspec.journal(), own), supports_check_mode=True
    )
    conduct(module, account.run)


if __name__ == "__main__":
    main()
