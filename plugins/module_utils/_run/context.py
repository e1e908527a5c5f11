# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What every module's run needs: stages with their times, signals, results of a bounded size."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
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
    """SIGTERM, SIGINT and SIGHUP end the run in order: children are killed, what was begun is removed.

    A thread hears of the signal (signal.set_wakeup_fd) and cancels the run, as the time limit does. Nothing is raised
    in the main thread: that would come too late when a driver waits in a long statement, and could hit anywhere, such
    as the clean-up or the moment after a commit.
    """
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    reader, writer = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(writer, False)
    listener = threading.Thread(target=_listen, args=(run, reader, numbers), daemon=True, name="signals")
    listener.start()
    woken = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    before = {number: signal.signal(number, lambda _number, _frame: None) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
        signal.set_wakeup_fd(woken)
        os.close(writer)
        listener.join()
        os.close(reader)


def _listen(run: Run, reader: int, numbers: t.Sequence[int]) -> None:
    """Cancel the run at the first of the signals whose numbers come through the pipe; ends with the pipe."""
    for data in iter(lambda: os.read(reader, 64), b""):
        for number in data:
            if number in numbers:
                run.cancel(f"signal {signal.Signals(number).name}")


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
