# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The options of backup_notify."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._notify.mail import SECURITIES

EVENTS = ("finish", "start")
Spec = dict[str, dict[str, t.Any]]


def notify() -> Spec:
    """What to tell."""
    return {
        "event": {"type": "str", "default": "finish", "choices": list(EVENTS)},
        "hosts": {"type": "list", "elements": "dict", "default": []},
        "title": {"type": "str", "default": "Backup"},
        "started": {"type": "str"},
        "finished": {"type": "str"},
        "test_mode": {"type": "bool", "default": False},
        "redact": {"type": "list", "elements": "str", "default": [], "no_log": True},
    }


def mail() -> Spec:
    """Channel e-mail."""
    return {
        "smtp_host": {"type": "str"},
        "smtp_port": {"type": "int"},
        "smtp_user": {"type": "str"},
        "smtp_password": {"type": "str", "no_log": True},
        "smtp_security": {"type": "str", "default": "starttls", "choices": list(SECURITIES)},
        "smtp_ca_cert": {"type": "path"},
        "sender": {"type": "str"},
        "success_recipients": {"type": "list", "elements": "str", "default": []},
        "failure_recipients": {"type": "list", "elements": "str", "default": []},
    }


def others() -> Spec:
    """The other channels. Their URLs are secrets: who knows them can speak in our name."""
    return {
        "webhook_url": {"type": "str", "no_log": True},
        "webhook_secret": {"type": "str", "no_log": True},
        "ping_start": {"type": "str", "no_log": True},
        "ping_success": {"type": "str", "no_log": True},
        "ping_fail": {"type": "str", "no_log": True},
        "apprise_urls": {"type": "list", "elements": "str", "default": [], "no_log": True},
    }


def delivery() -> Spec:
    """How hard to try."""
    return {
        "retries": {"type": "int", "default": 3},
        "retry_delay": {"type": "int", "default": 10},
        "attempt_timeout": {"type": "int", "default": 60},
        "required": {"type": "bool", "default": False},
    }


__all__ = ("EVENTS", "Spec", "delivery", "mail", "notify", "others")
