#!/usr/bin/python

# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_notify
short_description: Tell people and services how a run of backups went
version_added: 1.0.0
description:
  - Makes one digest of what happened on all hosts, failures first, and sends it by e-mail, to a webhook, to a service
    that waits for a sign of life, and to whatever Apprise knows.
  - It is meant to run once, on the control node, after all hosts, with what the other modules of this collection
    answered.
  - All channels are tried at the same time. One that fails is tried again, then reported in RV(failures) and by a
    warning. It holds up no other.
  - Passwords, tokens and URLs of the channels never appear in a notice, a result or an error, and are also taken out
    of the messages of hosts. Values that come from databases and errors are escaped.
extends_documentation_fragment:
  - vya.backupdb.attributes
  - vya.backupdb.attributes.actiongroup_backupdb
  - vya.backupdb.journal
attributes:
  check_mode:
    support: full
    details:
      - Everything is made ready and nothing is sent. Options that cannot be used fail as they do otherwise. The mail
        server is asked whether it would take mails from the sender to all recipients, those of good and of bad news.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Every run sends. It never reports a change, since it changes nothing on any host.
options:
  event:
    description:
      - V(start) asks for the URL in O(ping_start) and does nothing else.
      - V(finish) sends the digest.
    type: str
    default: finish
    choices: [finish, start]
  hosts:
    description:
      - What happened, a dictionary for each host that was meant to take part, those that were not reached included.
        The keys are these. All but C(host) may be missing, and others are passed over.
      - C(host), the name in the inventory.
      - C(state), one of V(ok), V(failed), V(unreachable) and V(skipped). A host on which something failed is never
        taken for V(ok).
      - C(msg), why, when no module told.
      - C(instances), a list of dictionaries with C(instance) (its label), C(engine), C(backups) and C(failures) as
        M(vya.backupdb.db_backup) answers them, C(removed) and C(freed) of a retention, C(drills) (each with C(id),
        C(database), C(passed), C(seconds), C(rows) and C(mismatches)), and C(warnings), a list of texts.
      - An empty list is a failure, and so is a run in which every host was skipped or no backup was made.
    type: list
    elements: dict
    default: []
  title:
    description:
      - What ran. It begins the subject.
    type: str
    default: Backup
  started:
    description:
      - When the run began, as an ISO 8601 time, in UTC unless it names a zone.
    type: str
  finished:
    description:
      - When the run ended. Now, when it is left out.
    type: str
  test_mode:
    description:
      - Marks the subject and the content as a test. Nothing is asked for of O(ping_start), O(ping_success) and
        O(ping_fail), which know no tests.
    type: bool
    default: false
  redact:
    description:
      - Further values that must not appear in a notice, whoever wrote them there, such as the passwords of the
        databases.
    type: list
    elements: str
    default: []
  smtp_host:
    description:
      - The mail server that takes messages in. Required for e-mail, with O(sender).
      - With V(ssl) and V(starttls) it must be the name in the server's certificate.
    type: str
  smtp_port:
    description:
      - Its port, by default 465 for O(smtp_security=ssl), 587 for V(starttls) and 25 for V(none).
    type: int
  smtp_user:
    description:
      - The account at the mail server, if it wants one. Needs O(smtp_password).
    type: str
  smtp_password:
    description:
      - Its password.
    type: str
  smtp_security:
    description:
      - V(ssl) speaks TLS from the beginning, V(starttls) before anything else is said, and V(none) not at all.
      - The server's certificate is always checked. A server that does not offer TLS is refused, except with V(none).
      - A password is sent with V(none) only to this very machine.
    type: str
    default: starttls
    choices: [ssl, starttls, none]
  smtp_ca_cert:
    description:
      - A PEM file on the control node with the certificates of the authorities to trust, instead of those of the
        system.
    type: path
  sender:
    description:
      - The sender's address, such as V(backup@example.com) or V(Backup <backup@example.com>).
    type: str
  success_recipients:
    description:
      - Who gets an e-mail when all is well.
    type: list
    elements: str
    default: []
  failure_recipients:
    description:
      - Who gets an e-mail when something failed. When it is empty, that goes to O(success_recipients).
    type: list
    elements: str
    default: []
  webhook_url:
    description:
      - The digest is sent here as JSON, by POST. The guide describes its shape. Redirects are not followed.
    type: str
  webhook_secret:
    description:
      - Signs what is sent to O(webhook_url). The header C(X-Hub-Signature-256) holds C(sha256=) and the HMAC of the
        body with this key, in hexadecimal.
    type: str
  ping_start:
    description:
      - Asked for with GET when O(event=start).
    type: str
  ping_success:
    description:
      - Asked for with GET when O(event=finish) and all is well.
    type: str
  ping_fail:
    description:
      - Asked for with GET when O(event=finish) and something failed.
    type: str
  apprise_urls:
    description:
      - URLs of any service that Apprise knows. They get a short form of the digest.
    type: list
    elements: str
    default: []
  retries:
    description:
      - How often a channel is tried again. What would fail in the same way again, such as a refused login, is not.
    type: int
    default: 3
  retry_delay:
    description:
      - How many seconds to wait before the second attempt. Each later wait is twice as long, up to ten minutes.
      - Mail servers that turn away strangers at first (greylisting) want some minutes.
    type: int
    default: 10
  attempt_timeout:
    description:
      - How many seconds an attempt may take.
    type: int
    default: 60
  required:
    description:
      - Whether the task fails when a channel failed, or when none is configured.
    type: bool
    default: false
requirements:
  - Where it runs, apprise 1.0 or newer when O(apprise_urls) is used.
author:
  - vya.backupdb contributors (@vya)
seealso:
  - module: vya.backupdb.db_backup
"""

EXAMPLES = r"""
- name: Tell the team how the backups went
  vya.backupdb.backup_notify:
    title: Nightly backup
    started: "{{ started }}"
    hosts: "{{ outcome_of_all_hosts }}"
    smtp_host: mail.example.com
    smtp_user: backup@example.com
    smtp_password: "{{ smtp_password }}"
    sender: backup@example.com
    success_recipients: [backup-log@example.com]
    failure_recipients: [oncall@example.com, dba@example.com]
    ping_success: "https://ping.example.com/{{ ping_token }}"
    ping_fail: "https://ping.example.com/{{ ping_token }}/fail"
  delegate_to: localhost
  run_once: true

- name: Tell the service that waits for a sign of life that the run has begun
  vya.backupdb.backup_notify:
    event: start
    ping_start: "https://ping.example.com/{{ ping_token }}/start"
  delegate_to: localhost
  run_once: true

- name: Send a signed digest to a program, and a short one to a chat
  vya.backupdb.backup_notify:
    hosts: "{{ outcome_of_all_hosts }}"
    webhook_url: https://hooks.example.com/backups
    webhook_secret: "{{ webhook_secret }}"
    apprise_urls:
      - "slack://{{ slack_tokens }}"
    required: true
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
msg:
  description: How many notices were sent, and which channels failed.
  returned: always
  type: str
  sample: 2 notices sent.
sent:
  description:
    - The channels that got the notice through. In check mode those that would be used.
  returned: when the options can be used
  type: list
  elements: dict
  contains:
    channel:
      description: V(email), V(webhook), V(ping) or V(apprise).
      type: str
      sample: email
    target:
      description: Where it leads, without anything secret.
      type: str
      sample: mail.example.com:587
    attempts:
      description: How often it was tried. V(0) in check mode.
      type: int
      sample: 1
    recipients:
      description: Who has been told, of C(email) alone.
      type: list
      elements: str
      sample: [backup-log@example.com]
failures:
  description:
    - The channels that failed. One that got through to some recipients alone is in RV(sent) as well.
  returned: when the options can be used
  type: list
  elements: dict
  contains:
    channel:
      description: V(email), V(webhook), V(ping) or V(apprise).
      type: str
      sample: webhook
    target:
      description: Where it leads, without anything secret.
      type: str
      sample: https://hooks.example.com
    attempts:
      description: How often it was tried.
      type: int
      sample: 4
    msg:
      description: What went wrong, and what to do next.
      type: str
      sample: 'https://hooks.example.com cannot be reached: Connection refused.'
status:
  description: V(ok), or V(failed) when something failed on some host.
  returned: when the options can be used, and O(event=finish)
  type: str
  sample: ok
subject:
  description: The subject of the notice.
  returned: when the options can be used, and O(event=finish)
  type: str
  sample: 'Nightly backup OK: 3 hosts, 12 databases, 4.2 GiB'
left_out:
  description: How many elements of which list are left out, so that the result stays below 100 KB.
  returned: when something is left out
  type: dict
  sample:
    failures: 12
stage:
  description: The step at which the task failed or was ended.
  returned: when the options cannot be used, or the task was ended from outside
  type: str
  sample: preflight
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils._notify import options
from ansible_collections.vya.backupdb.plugins.module_utils._run import notify
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import conduct


def main() -> None:
    """Options, work, answer."""
    module = AnsibleModule(
        argument_spec=argspec.merged(
            options.notify(), options.mail(), options.others(), options.delivery(), argspec.journal()
        ),
        supports_check_mode=True,
    )
    conduct(module, notify.run)


if __name__ == "__main__":
    main()
