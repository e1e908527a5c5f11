# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What happened on all hosts, in the order and with the numbers in which people want to hear it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

OK, FAILED, UNREACHABLE, SKIPPED = "ok", "failed", "unreachable", "skipped"
STATES = (OK, FAILED, UNREACHABLE, SKIPPED)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_NAMES_TOLD = 20


@dataclasses.dataclass(frozen=True)
class Problem:
    """Something that failed, with all the places where it failed in the same way. ``stage`` may be empty."""

    places: tuple[str, ...]
    stage: str
    why: str
    advice: str


@dataclasses.dataclass(frozen=True)
class Remark:
    """A warning, with the places that it holds for."""

    places: tuple[str, ...]
    text: str


@dataclasses.dataclass(frozen=True)
class Item:
    """One backup. Sizes in bytes; ``seconds`` how long it took; ``usual``: what it held before it shrank, in words."""

    label: str
    is_database: bool
    size: int
    plain_size: int
    seconds: float
    usual: str = ""


@dataclasses.dataclass(frozen=True)
class Drill:
    """One restore into scratch."""

    label: str
    passed: bool
    seconds: float
    rows: int


@dataclasses.dataclass(frozen=True)
class Unlisted:
    """What was done beyond the items and drills that are listed. Sizes in bytes."""

    databases: int = 0
    size: int = 0
    plain_size: int = 0
    drills: int = 0
    passed: int = 0

    def __add__(self, other: Unlisted) -> Unlisted:
        return Unlisted(*(mine + yours for mine, yours in zip(dataclasses.astuple(self), dataclasses.astuple(other))))


@dataclasses.dataclass(frozen=True)
class Host:
    """One host. ``state`` is one of STATES, and never ``ok`` when something on it failed; ``note`` says why it was
    skipped."""

    name: str
    state: str
    note: str = ""
    items: tuple[Item, ...] = ()
    drills: tuple[Drill, ...] = ()
    problems: int = 0
    removed: int = 0
    freed: int = 0
    unlisted: Unlisted = Unlisted()

    @property
    def databases(self) -> int:
        """How many were backed up."""
        return sum(1 for item in self.items if item.is_database) + self.unlisted.databases

    @property
    def size(self) -> int:
        """Bytes in the store."""
        return sum(item.size for item in self.items) + self.unlisted.size

    @property
    def seconds(self) -> float:
        """What its backups took, one after the other."""
        return sum((item.seconds for item in self.items), 0.0)


@dataclasses.dataclass(frozen=True)
class Digest:
    """One run. ``hosts``: those with problems first, then by name."""

    title: str
    hosts: tuple[Host, ...]
    problems: tuple[Problem, ...]
    remarks: tuple[Remark, ...]
    finished: dt.datetime
    started: dt.datetime | None = None
    test: bool = False

    @property
    def failed(self) -> bool:
        """Whether somebody has to do something."""
        return bool(self.problems)

    @property
    def seconds(self) -> float | None:
        """From start to finish."""
        return max((self.finished - self.started).total_seconds(), 0.0) if self.started else None

    @property
    def failed_hosts(self) -> tuple[str, ...]:
        """Names of hosts that failed or were not reached."""
        return tuple(host.name for host in self.hosts if host.state in (FAILED, UNREACHABLE))

    @property
    def items(self) -> int:
        """The number of backups, those of globals among them."""
        return sum(len(host.items) for host in self.hosts)

    @property
    def databases(self) -> int:
        """The number of databases that were backed up."""
        return sum(host.databases for host in self.hosts)

    @property
    def size(self) -> int:
        """Bytes in the store, of this run's backups."""
        return sum(host.size for host in self.hosts)

    @property
    def plain_size(self) -> int:
        """The same before compression."""
        return sum(sum(item.plain_size for item in host.items) + host.unlisted.plain_size for host in self.hosts)

    @property
    def removed(self) -> int:
        """How many old backups were removed."""
        return sum(host.removed for host in self.hosts)

    @property
    def freed(self) -> int:
        """Their bytes."""
        return sum(host.freed for host in self.hosts)

    @property
    def drills(self) -> tuple[Drill, ...]:
        """All drills."""
        return tuple(drill for host in self.hosts for drill in host.drills)

    @property
    def drilled(self) -> tuple[int, int]:
        """How many drills passed, of how many."""
        listed, unlisted = self.drills, [host.unlisted for host in self.hosts]
        passed = sum(1 for drill in listed if drill.passed) + sum(item.passed for item in unlisted)
        return passed, len(listed) + sum(item.drills for item in unlisted)

    def count(self, state: str) -> int:
        """How many hosts are in a state."""
        return sum(1 for host in self.hosts if host.state == state)

    @property
    def headline(self) -> str:
        """What happened, in at most eight words."""
        total = len(self.hosts)
        if self.failed_hosts:
            if total == 1:
                return f"{self.failed_hosts[0]} failed"
            return f"{len(self.failed_hosts)} of {counted(total, 'host')} failed"
        if self.failed:
            return "Nothing was backed up"
        where = f"on {counted(self.count(OK), 'host')}"
        if self.items:
            return f"{counted(self.databases, 'database')} {where} backed up"
        if self.drills:
            return f"{counted(self.drilled[1], 'drill')} {where} passed"
        if self.removed:
            return f"{counted(self.removed, 'old backup')} {where} removed"
        return f"{counted(self.count(OK), 'host')} without failures"

    @property
    def again(self) -> str:
        """The option of ansible-playbook that runs the failed hosts alone; empty when it would be no help, or when a
        name is not one that can be pasted into a shell."""
        names = self.failed_hosts
        if not 0 < len(names) <= _NAMES_TOLD or not all(_PLAIN_NAME.fullmatch(name) for name in names):
            return ""
        return f"-l {','.join(names)}"


def counted(number: int, noun: str) -> str:
    """``1 host``, ``2 hosts``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


__all__ = (
    "FAILED",
    "OK",
    "SKIPPED",
    "STATES",
    "UNREACHABLE",
    "Digest",
    "Drill",
    "Host",
    "Item",
    "Problem",
    "Remark",
    "Unlisted",
    "counted",
)
