# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Everything that `make test` runs, and where its time went.

Steps of a stage run beside each other: the first one's output is shown as it comes, that of the others in one piece
when they end. Quick checks that fail end the run; later stages are all run, so that one failure does not hide the next.
A table closes the output in any case. Each step is a target of the Makefile, and can be made alone.

Usage: steps.py MAKE, the program that makes the targets.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[2]
SLOWEST = 10
# What pytest tells of a test's time, and the line that it ends with.
DURATION = re.compile(r"^(?P<seconds>\d+\.\d+)s (?P<phase>call|setup|teardown) +(?P<test>\S.*)$")
CLOSING = re.compile(r"^(?:=+ )?(?P<told>\d+ \w+(?:, \d+ \w+)*) in \d[\d.]*s\b")


@dataclass(frozen=True)
class Stage:
    """Steps that run beside each other. After one that is ``needed`` and failed, nothing else is run."""

    steps: tuple[str, ...]
    needed: bool = False


# The fleet waits for its hosts most of the time.
STAGES = (
    Stage(("venv", "vectors", "deps"), needed=True),
    Stage(("lint", "unit", "unit-pythons"), needed=True),
    Stage(("sanity",)),
    Stage(("integration", "fleet")),
)
# Each of these needs what the one before it makes.
ONE_BY_ONE = STAGES[0]

_printing = threading.Lock()


@dataclass
class Step:
    """One target at work."""

    name: str
    live: bool
    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0
    status: int | None = None

    def run(self, make: str) -> None:
        """Make the target."""
        started = time.monotonic()
        self._say(f"== {self.name}: begins")
        process = subprocess.Popen(
            [make, "--no-print-directory", self.name],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        _processes.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))
            if self.live:
                self._say(self.lines[-1])
        self.status = process.wait()
        self.seconds = time.monotonic() - started
        own = [] if self.live else [f"== {self.name}: what it printed", *self.lines]
        self._say("\n".join([*own, f"== {self.name}: {self.verdict} ({self.minutes} min)\n"]))

    @staticmethod
    def _say(text: str) -> None:
        with _printing:
            print(text, flush=True)

    @property
    def minutes(self) -> str:
        """How long it took."""
        return f"{self.seconds / 60:.1f}"

    @property
    def verdict(self) -> str:
        """How it ended."""
        return "not run" if self.status is None else "ok" if self.status == 0 else "FAILED"

    @property
    def closing(self) -> str:
        """What pytest counted at its ends."""
        found = [match["told"] for match in map(CLOSING.match, self.lines) if match]
        return "; ".join(found)


_processes: list[subprocess.Popen[str]] = []
_signals: list[int] = []


def run_stage(stage: Stage, make: str) -> list[Step]:
    """All of its steps, to their ends."""
    steps = [Step(name, live=stage is ONE_BY_ONE or number == 0) for number, name in enumerate(stage.steps)]
    if stage is ONE_BY_ONE:
        for step in steps:
            if all(done.status in (None, 0) for done in steps):
                step.run(make)
        return steps
    threads = [threading.Thread(target=step.run, args=(make,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return steps


def slowest(steps: list[Step]) -> list[tuple[float, str]]:
    """Seconds and names of the tests that took the longest, where pytest told them."""
    found = []
    for step in steps:
        for match in filter(None, map(DURATION.match, step.lines)):
            phase = "" if match["phase"] == "call" else f" ({match['phase']})"
            found.append((float(match["seconds"]), match["test"] + phase))
    return sorted(set(found), reverse=True)[:SLOWEST]


def report(steps: list[Step], seconds: float) -> str:
    """The table, the slowest tests, and the verdict."""
    width = max(map(len, [step.name for step in steps]))
    lines = ["", f"{'step':{width}}  minutes  result"]
    for step in steps:
        minutes = step.minutes if step.status is not None else "-"
        lines.append(f"{step.name:{width}}  {minutes:>7}  {step.verdict:7}  {step.closing}".rstrip())
    lines.append(f"{'all':{width}}  {seconds / 60:7.1f}  steps of a stage run beside each other")
    tests = slowest(steps)
    if tests:
        lines += ["", "seconds  the slowest tests"]
        lines += [f"{took:7.1f}  {name}" for took, name in tests]
    failed = [step.name for step in steps if step.status not in (None, 0)]
    left_out = [step.name for step in steps if step.status is None]
    lines.append("")
    if left_out:
        lines.append(f"not run: {', '.join(left_out)}")
    lines.append(f"FAILED: {', '.join(failed)}" if failed or left_out else "everything passed")
    return "\n".join(lines)


def end(number: int, _frame: FrameType | None) -> None:
    """A signal: end what runs, and begin nothing more."""
    _signals.append(number)
    for process in _processes:
        if process.poll() is None:
            process.send_signal(number)


def main() -> int:
    """0 when every step was run and went well."""
    make = sys.argv[1]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    started = time.monotonic()
    steps: list[Step] = []
    for position, stage in enumerate(STAGES):
        done = run_stage(stage, make)
        steps += done
        if _signals or (stage.needed and any(step.status for step in done)):
            steps += [Step(name, live=False) for later in STAGES[position + 1 :] for name in later.steps]
            break
    print(report(steps, time.monotonic() - started), flush=True)
    return 0 if all(step.status == 0 for step in steps) else 1


if __name__ == "__main__":
    sys.exit(main())
