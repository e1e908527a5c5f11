# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The variables that roles and playbooks know, to find those whose names somebody mistyped."""

from __future__ import annotations

import difflib
import typing as t

# tests/tools/check_roles.py compares them with the roles.
_OF: t.Mapping[str, tuple[str, ...]] = {
    "backupdb_client_": (
        "account_host", "accounts", "admin_password", "admin_user", "packages", "purposes", "stores",
    ),
    "backupdb_": (
        "defaults", "host", "hosts", "identity", "identity_file", "instances", "instances_optional", "journal",
        "pipelining", "recipients", "serial", "store", "throttle",
    ),
    "backupdb_drill_": (
        "databases", "exclude", "exclude_extensions", "from_host", "from_instance", "jobs", "no_owner", "search_path",
        "timeout",
    ),
    "backupdb_list_": (
        "backup", "before", "database", "limit",
    ),
    "backupdb_notify_": (
        "apprise_urls", "failure_recipients", "journal", "ping_fail", "ping_start", "ping_success", "redact",
        "required", "retries", "retry_delay", "sender", "smtp_ca_cert", "smtp_host", "smtp_password", "smtp_port",
        "smtp_security", "smtp_user", "started", "success_recipients", "test_mode", "title", "webhook_secret",
        "webhook_url",
    ),
    "backupdb_restore_": (
        "allow_incomplete", "backup", "before", "confirm", "database", "exclude_extensions", "from_host",
        "from_instance", "globals", "if_exists", "instance", "jobs", "keep_previous", "no_owner", "search_path",
        "source_database", "src", "target", "timeout", "verify",
    ),
    "backupdb_retention_": (
        "keep_daily", "keep_hourly", "keep_last", "keep_monthly", "keep_weekly", "keep_within", "keep_yearly",
        "max_delete", "minimum", "timezone",
    ),
}  # fmt: skip
KNOWN = frozenset(prefix + name for prefix, names in _OF.items() for name in names)
# Users may have variables of their own that begin alike.
_ALIKE = 0.9


def mistyped(names: t.Iterable[str]) -> list[str]:
    """One sentence for each name that is nearly one of ours: it would be ignored."""
    found = []
    for name in sorted(set(names) - KNOWN):
        meant = difflib.get_close_matches(name, KNOWN, 1, _ALIKE)
        if meant:
            found.append(f"The variable {name} is not known: {meant[0]} is.")
    return found


__all__ = ("KNOWN", "mistyped")
