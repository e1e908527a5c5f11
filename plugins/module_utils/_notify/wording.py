# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Sentences that the text, the page and the short form share, and how much of a long list each of them shows."""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._names import human_size, human_time
from ansible_collections.vya.backupdb.plugins.module_utils._notify.digest import (
    FAILED,
    OK,
    SKIPPED,
    UNREACHABLE,
    Digest,
    Host,
    Problem,
    counted,
)

# A page of more than about 100 KB is cut by some mail programs; the numbers below keep the worst one under that.
PROBLEMS_SHOWN = 20
REMARKS_SHOWN = 12
PLACES_SHOWN = 12
ITEMS_SHOWN = 60
HOSTS_SHOWN, HOSTS_SHOWN_BESIDE_MANY = 100, 60
_MANY_PROBLEMS = 8
LARGEST_SHOWN = 5
DRILLS_SHOWN = 20
_SUBJECT_NAMES = 3
_WHY_LEAST, _WHY_ALL = 240, 6000
# Every sign is told by a word as well: colours are not for everybody, and not for every mail program.
SIGNS = {OK: "\u2713", FAILED: "\u2717", UNREACHABLE: "\u2717", SKIPPED: "\u2013"}

Item = t.TypeVar("Item")


def subject(digest: Digest) -> str:
    """The result first, since a phone shows forty characters; then who."""
    mark = "[TEST] " if digest.test else ""
    if not digest.failed:
        told = digest.headline
        if digest.items:
            hosts, databases = counted(len(digest.hosts), "host"), counted(digest.databases, "database")
            told = f"{hosts}, {databases}, {human_size(digest.size)}"
        if digest.remarks:
            told += f", {counted(len(digest.remarks), 'warning')}"
        return f"{mark}{digest.title} OK: {told}"
    names, total = digest.failed_hosts, len(digest.hosts)
    if not names:
        return f"{mark}{digest.title} FAILED: nothing was backed up"
    more = f" and {len(names) - _SUBJECT_NAMES} more" if len(names) > _SUBJECT_NAMES else ""
    told = ", ".join(name if len(name) <= 40 else f"{name[:37]}..." for name in names[:_SUBJECT_NAMES]) + more
    return f"{mark}{digest.title} FAILED: {told}" + (f" ({len(names)} of {total} hosts)" if total > 1 else "")


def when(digest: Digest) -> str:
    """``2026-11-22 02:00 to 02:14 UTC, 14 min 05 s``."""
    end = digest.finished.astimezone(dt.timezone.utc)
    if digest.started is None or digest.seconds is None:
        return f"{end:%Y-%m-%d %H:%M} UTC"
    start = digest.started.astimezone(dt.timezone.utc)
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M} to {until} UTC, {human_time(digest.seconds)}"


def figures(digest: Digest) -> list[tuple[str, str, str]]:
    """The totals: a name, a value, and a remark that may be empty."""
    well = digest.count(OK)
    hosts = [("Hosts", f"{well} of {len(digest.hosts)}" if well < len(digest.hosts) else str(well), _states(digest))]
    found = hosts if digest.hosts else []
    if digest.items:
        other = digest.items - digest.databases
        found.append(("Databases", str(digest.databases), f"and {counted(other, 'set')} of roles" if other else ""))
        found.append(("Stored", human_size(digest.size), f"from {human_size(digest.plain_size)}"))
    if digest.drills:
        passed, drills = digest.drilled
        found.append(("Drills passed", f"{passed} of {drills}", ""))
    if digest.removed:
        found.append(("Removed", counted(digest.removed, "backup"), f"{human_size(digest.freed)} freed"))
    if digest.seconds is not None and len(found) < 4:
        found.append(("Took", human_time(digest.seconds), ""))
    return found


def _states(digest: Digest) -> str:
    counts = ((state, digest.count(state)) for state in (FAILED, UNREACHABLE, SKIPPED))
    return ", ".join(f"{count} {state}" for state, count in counts if count) or "all well"


def host_totals(host: Host) -> str:
    """What a host has to show, in a line."""
    told = []
    if host.items:
        told += [counted(host.databases, "database"), human_size(host.size), human_time(host.seconds)]
    if host.drills:
        told.append(counted(len(host.drills) + host.unlisted.drills, "drill"))
    if host.removed:
        told.append(f"{host.removed} removed")
    return ", ".join(told)


def host_state(host: Host) -> str:
    """``ok``, ``2 failures``, ``unreachable``, ``skipped: why``."""
    if host.state == FAILED and host.problems > 1:
        return f"{host.problems} failures"
    return f"{host.state}: {host.note}" if host.state == SKIPPED and host.note else host.state


def stage(problem: Problem) -> str:
    """``at stage: dump``; empty when it is not known."""
    if problem.stage in ("", UNREACHABLE):
        return problem.stage
    return f"at stage: {problem.stage}"


def places(names: t.Sequence[str]) -> str:
    """The first of them, and how many more."""
    shown, rest = cut(names, PLACES_SHOWN)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def why_length(problems: t.Sequence[Problem]) -> int:
    """How many characters of each explanation there is room for."""
    return max(_WHY_LEAST, _WHY_ALL // max(len(problems), 1))


def cut(items: t.Sequence[Item], limit: int) -> tuple[t.Sequence[Item], int]:
    """The first ``limit`` items, and how many are left out."""
    return items[:limit], max(len(items) - limit, 0)


def in_detail(digest: Digest) -> bool:
    """Whether there is room for each database; only hosts are listed otherwise."""
    return digest.items <= ITEMS_SHOWN and len(digest.hosts) <= ITEMS_SHOWN


def hosts_shown(digest: Digest) -> int:
    """How many hosts there is room for."""
    return HOSTS_SHOWN if len(digest.problems) <= _MANY_PROBLEMS else HOSTS_SHOWN_BESIDE_MANY


def largest(digest: Digest) -> list[tuple[str, int, float]]:
    """Name, bytes and seconds of the largest backups of a run whose databases are not all listed."""
    found = [(f"{host.name} / {item.label}", item.size, item.seconds) for host in digest.hosts for item in host.items]
    return sorted(found, key=lambda item: (-item[1], item[0]))[:LARGEST_SHOWN]


__all__ = (
    "DRILLS_SHOWN",
    "PROBLEMS_SHOWN",
    "REMARKS_SHOWN",
    "SIGNS",
    "cut",
    "figures",
    "host_state",
    "host_totals",
    "hosts_shown",
    "in_detail",
    "largest",
    "places",
    "stage",
    "subject",
    "when",
    "why_length",
)
