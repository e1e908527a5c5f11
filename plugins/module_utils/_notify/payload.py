# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""A digest for programs. Its shape is public: docs/docsite/rst/guide_notify.rst describes it."""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._notify import wording
from ansible_collections.vya.backupdb.plugins.module_utils._notify.digest import (
    FAILED,
    OK,
    SKIPPED,
    UNREACHABLE,
    Digest,
    Host,
)

VERSION = 1
_PROBLEMS = 200
_REMARKS = 100
_HOSTS = 2000


def payload(digest: Digest) -> dict[str, t.Any]:
    """What a webhook is sent. Times in UTC, sizes in bytes, durations in seconds."""
    return {
        "version": VERSION,
        "status": "failed" if digest.failed else "ok",
        "test": digest.test,
        "title": digest.title,
        "subject": wording.subject(digest),
        "started": _time(digest.started),
        "finished": _time(digest.finished),
        "seconds": None if digest.seconds is None else round(digest.seconds, 3),
        "totals": {
            "hosts": len(digest.hosts),
            **{state: digest.count(state) for state in (OK, FAILED, UNREACHABLE, SKIPPED)},
            "databases": digest.databases,
            "size": digest.size,
            "plain_size": digest.plain_size,
            "drills": digest.drilled[1],
            "removed": digest.removed,
            "freed": digest.freed,
        },
        "failures": [
            {"places": list(item.places[:100]), "stage": item.stage, "msg": item.why, "advice": item.advice}
            for item in digest.problems[:_PROBLEMS]
        ],
        "warnings": [{"places": list(item.places[:100]), "msg": item.text} for item in digest.remarks[:_REMARKS]],
        "hosts": [_host(host) for host in digest.hosts[:_HOSTS]],
    }


def _host(host: Host) -> dict[str, t.Any]:
    return {
        "host": host.name,
        "state": host.state,
        "databases": host.databases,
        "size": host.size,
        "seconds": round(host.seconds, 3),
        "failures": host.problems,
        "drills": len(host.drills) + host.unlisted.drills,
        "removed": host.removed,
    }


def _time(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


__all__ = ("VERSION", "payload")
