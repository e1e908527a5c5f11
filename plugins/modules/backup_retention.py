#!/usr/bin/python

# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_retention
short_description: Remove backups that a policy keeps no longer
version_added: 1.0.0
description:
  - Decides on each backup of each database by the rules that are given, and removes those that none of them keeps. What
    any rule keeps is kept.
  - The rules are those of C(restic forget). Hours, days, weeks from Monday, months and years are those of the calendar,
    the newest backup of each is kept, and those without a backup do not count. As long as a rule has not found as many
    as it may keep, the oldest backup is kept as well.
  - Backups are grouped by host, instance and database. The globals of a server are a group of their own.
  - Before anything of a group is removed, its newest backups are read and compared with their manifests, until
    O(minimum) are proven good. Those are never removed. When fewer are good, nothing of the group is removed.
  - A backup that is dated in the future, that is damaged, or whose manifest cannot be read takes nobody's place.
  - The manifest is removed first, then the data. A run that dies in between leaves what is no backup any more, and the
    next run removes it.
  - Unfinished backups that were begun more than a day ago are removed as well, unless their run is alive.
  - Each server's backups are changed while its lock is held, as by M(vya.backupdb.db_backup). A server whose lock is
    taken, or whose backups cannot be removed, stops no other. The task fails at the end then.
extends_documentation_fragment:
  - vya.backupdb.attributes
  - vya.backupdb.attributes.actiongroup_backupdb
  - vya.backupdb.store
  - vya.backupdb.journal
attributes:
  check_mode:
    support: full
    details:
      - Nothing is removed, pinned or unpinned. The newest backups are read as they are outside check mode.
      - A store that is missing or empty is a warning, since a run that is no check may make a backup before.
  diff_mode:
    support: full
    details:
      - Shows each backup with what keeps it, or that nothing does.
  idempotent:
    support: full
    details:
      - As long as nothing new is there, and no O(keep_within) or day passes, a second run removes nothing.
options:
  host:
    description:
      - Only backups of the host with this name, or V(*) for those of all hosts in the store.
      - When it is left out, this host's own name, as in M(vya.backupdb.db_backup).
    type: str
  instance:
    description:
      - Only backups of the database server with this label. All servers' when it is left out.
    type: str
  databases:
    description:
      - Names of databases, or globs such as V(shop_*). The name V(@globals) stands for the roles, users and grants of a
        server, which V(*) means as well.
      - A name without any backup is an error. A glob may match nothing, as long as anything is chosen.
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
  keep_last:
    description:
      - How many backups to keep, whenever they were made. V(0), as with all of these rules, is no rule.
    type: int
  keep_hourly:
    description:
      - For how many hours that have a backup to keep the newest of each.
    type: int
  keep_daily:
    description:
      - For how many days that have a backup to keep the newest of each.
    type: int
  keep_weekly:
    description:
      - For how many weeks that have a backup to keep the newest of each.
    type: int
  keep_monthly:
    description:
      - For how many months that have a backup to keep the newest of each.
    type: int
  keep_yearly:
    description:
      - For how many years that have a backup to keep the newest of each.
    type: int
  keep_within:
    description:
      - Keep all backups that are not older than this, counted back from the newest one of the database.
      - Years, months, days and hours, such as V(1y5m7d2h) or V(14d).
    type: str
  timezone:
    description:
      - The time zone whose calendar the rules go by, such as V(Europe/Berlin).
      - Any other than V(UTC) needs the time zone database on the host, the package C(tzdata).
    type: str
    default: UTC
  minimum:
    description:
      - How many backups of each database, of the newest that are proven good, are never removed.
      - A good one has all of its parts with the size and the SHA-256 that its manifest tells.
    type: int
    default: 1
  max_delete:
    description:
      - The task refuses to do anything when it would remove more backups than this of any one database.
      - Without it, the limit is half of the backups of a database. Set it for the first run of a stricter policy.
    type: int
  pin:
    description:
      - Ids of backups to pin. A pinned backup is never removed. It counts for the rules as any other does.
      - Without any rule nothing else is done.
    type: list
    elements: str
    default: []
  unpin:
    description:
      - Ids of backups to pin no longer.
    type: list
    elements: str
    default: []
author:
  - vya.backupdb contributors (@vya)
seealso:
  - module: vya.backupdb.backup_info
  - module: vya.backupdb.backup_verify
  - ref: ansible_collections.vya.backupdb.docsite.guide_retention
    description: How the rules work together, what protects from losing backups, and what to do when the module refuses.
"""

EXAMPLES = r"""
- name: Keep the newest seven backups of each database
  vya.backupdb.backup_retention:
    store: /var/backups/backupdb
    keep_last: 7

- name: Keep two weeks of days, then weeks, months and years
  vya.backupdb.backup_retention:
    store: /var/backups/backupdb
    host: db1
    keep_daily: 14
    keep_weekly: 8
    keep_monthly: 12
    keep_yearly: 3
    timezone: Europe/Berlin
    minimum: 2

- name: Prune the backups of all hosts in a shared store, on the host that has it
  vya.backupdb.backup_retention:
    store: /srv/backups
    host: '*'
    keep_daily: 14

- name: Keep what was backed up before the migration
  vya.backupdb.backup_retention:
    store: /var/backups/backupdb
    pin:
      - 20261121T231500Z-7f3a9c
"""

RETURN = r"""
msg:
  description: What was done.
  returned: success
  type: str
  sample: 3 backups removed, 294.3 MiB freed, 14 kept.
kept:
  description:
    - The backups that stay, by database, newest first.
    - Of very many, the first ones; RV(left_out) tells how many are left out.
  returned: when a policy was applied
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
      description: The name of the database, V(@globals) for roles, users and grants.
      type: str
      sample: shop
    snapshot:
      description: The moment at which the backup shows the database, in UTC.
      type: str
      sample: '2026-11-21T23:15:00.131Z'
    size:
      description: Bytes in the store.
      type: int
      sample: 102864519
    size_human:
      description: The same in words.
      type: str
      sample: 98.1 MiB
    reasons:
      description:
        - What keeps it. The rule and its hour, day, week, month or year; V(last); V(within) and the duration; V(oldest)
          and the rule that has not found as many as it may keep; V(pinned); V(minimum); V(dated in the future);
          V(drilled), for the newest that passed a drill.
        - V(damaged) or V(failed its drill) is told beside what keeps a bad backup as long as if it were whole.
          V(only 1 of 4 verify) keeps all backups of a database.
      type: list
      elements: str
      sample: [last, daily 2026-11-21, minimum]
removed:
  description: The backups that were removed, or would be in check mode, oldest first, with the fields of RV(kept).
  returned: when a policy was applied
  type: list
  elements: dict
  sample: []
freed:
  description: Bytes of the backups that were removed.
  returned: success
  type: int
  sample: 308593557
freed_human:
  description: The same in words.
  returned: success
  type: str
  sample: 294.3 MiB
cleared:
  description: Folders, relative to the store, of unfinished backups that were removed.
  returned: success
  type: list
  elements: str
  sample: [db1/main/shop/20261101T231500Z-1b2c3d]
pinned:
  description: Folders, relative to the store, of backups that were pinned and had not been.
  returned: success
  type: list
  elements: str
  sample: []
unpinned:
  description: Folders, relative to the store, of backups that were unpinned and had been pinned.
  returned: success
  type: list
  elements: str
  sample: []
failures:
  description: The servers whose backups could not be changed. What was done before is in the other values.
  returned: when something was begun
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
    stage:
      description: The step that failed.
      type: str
      sample: lock
    msg:
      description: What is wrong, and what to do.
      type: str
      sample: Another run works on host db1, instance main in this store (process 4711).
left_out:
  description: How many elements of which list are left out, so that the result stays below 100 KB.
  returned: when something is left out
  type: dict
  sample:
    kept: 300
stage:
  description: The step that failed.
  returned: failure
  type: str
  sample: preflight
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils._run import retention_entry
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import conduct


def main() -> None:
    """Options, work, answer."""
    module = AnsibleModule(
        argument_spec=argspec.merged(argspec.store_only(), argspec.series(), argspec.retention(), argspec.journal()),
        supports_check_mode=True,
    )
    conduct(module, retention_entry.run)


if __name__ == "__main__":
    main()
