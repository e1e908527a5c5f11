# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What every module's run needs: stages with their times, signals, results of a bounded size."""

from __future__ import annotations

import contextlib
import json
import signal
import time
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Run

# Controllers truncate or choke on more than 100 KB a host; some room is left for what Ansible adds.
RESULT_LIMIT = 90_000


class Stages:
    """Stages of one database with their seconds; ``log`` hears of each start and end."""

    def __init__(self, what: str, log: t.Callable[[str], None]) -> None:
        self._what, self._log = what, log
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> t.Iterator[None]:
        """Time a stage; errors that pass get its name if they have none."""
        self._log(f"{self._what}: {name}")
        start = time.monotonic()
        try:
            yield
        except BackupError as exc:
            self._log(f"{self._what}: {name} failed after {time.monotonic() - start:.1f} s")
            exc.at(name)
            raise
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - start, 3)


@contextlib.contextmanager
def ended_by_signals(run: Run) -> t.Iterator[None]:
    """SIGTERM, SIGINT and SIGHUP end the run in order: children are killed, what was begun is removed."""

    received: list[int] = []

    def handler(number: int, _frame: t.Any) -> None:
        run.cancel(f"signal {signal.Signals(number).name}")
        # Only the first one interrupts: another must not cut short the clean-up that the first one began.
        if not received:
            received.append(number)
            run.check()

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def fit(result: dict[str, t.Any], lists: t.Sequence[str], *, limit: int = RESULT_LIMIT) -> dict[str, t.Any]:
    """``result`` with its ``lists`` cut until it is below ``limit`` bytes as JSON; ``left_out`` counts what was cut."""
    fitted = dict(result)
    excess = len(json.dumps(fitted)) - limit
    if excess <= 0:
        return fitted
    excess += len(json.dumps({"left_out": dict.fromkeys(lists, 1_000_000)}))
    sizes = {name: [len(json.dumps(item)) + 2 for item in fitted.get(name) or []] for name in lists}
    totals = {name: sum(items) for name, items in sizes.items()}
    while excess > 0 and any(totals.values()):
        longest = max(totals, key=lambda name: totals[name])
        size = sizes[longest].pop()
        totals[longest] -= size
        excess -= size
    left_out = {name: len(fitted.get(name) or []) - len(items) for name, items in sizes.items()}
    fitted["left_out"] = {name: count for name, count in left_out.items() if count}
    for name in fitted["left_out"]:
        fitted[name] = fitted[name][: len(sizes[name])]
    return fitted


__all__ = ("RESULT_LIMIT", "Stages", "ended_by_signals", "fit")
