# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a piece of work costs: wall time, processor time of its processes and of the server, memory of one process."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import os
import resource
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
# Server processes that served a client end a moment after it; only then is their time in the books.
SETTLE = 0.3
_PR_SET_CHILD_SUBREAPER = 36


@dataclasses.dataclass
class Cost:
    """Seconds. ``cpu``: user and system time of all processes that were started; ``server_cpu``: of the server then.

    ``peak``: the most memory, in bytes, of a module's own process.
    """

    wall: float = 0.0
    cpu: float = 0.0
    server_cpu: float = 0.0
    stages: dict[str, float] = dataclasses.field(default_factory=dict)
    peak: int = 0

    @property
    def total_cpu(self) -> float:
        """What the work took from the machine."""
        return self.cpu + self.server_cpu


def median(costs: Sequence[Cost], value: Callable[[Cost], float]) -> float:
    """The median of one of their values."""
    return statistics.median(value(cost) for cost in costs)


@contextlib.contextmanager
def metered(server_pid: int) -> Iterator[Cost]:
    """Fill a Cost from what happens inside the block: processes count when they were waited for."""
    cost = Cost()
    server = tree_seconds(server_pid)
    children = _children_seconds()
    started = time.monotonic()
    yield cost
    cost.wall = time.monotonic() - started
    _reap_orphans()
    cost.cpu = _children_seconds() - children
    time.sleep(SETTLE)
    cost.server_cpu = tree_seconds(server_pid) - server


def adopt_orphans() -> None:
    """Processes that were left behind by what we start become ours, so that their time is not lost."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _reap_orphans() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass  # there are none


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def tree_seconds(root: int) -> float:
    """Processor seconds of a process, of all that live below it, and of those of theirs that ended."""
    below: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            # The name in parentheses may hold anything.
            fields = (
                Path("/proc", entry, "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            )
        except OSError:
            continue  # it has just ended
        below.setdefault(int(fields[1]), []).append(int(entry))
        ticks[int(entry)] = sum(int(field) for field in fields[11:15])
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        total += ticks.get(pid, 0)
        waiting += below.get(pid, [])
    return total / TICKS


class PeakMemory:
    """The largest resident size, in bytes, that a process has had; its children are not counted.

    The kernel keeps that mark itself, so that looking now and then misses only what comes after the last look.
    """

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak = 0

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_unused: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            try:
                lines = self._status.read_text(encoding="utf-8").splitlines()
            except OSError:
                return
            for line in lines:
                if line.startswith("VmHWM:"):
                    self.peak = max(self.peak, int(line.split()[1]) * 1024)
