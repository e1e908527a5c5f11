# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of what was measured, and the limits it is held to."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from measure import Cost, median

MIB = 1 << 20
MEMORY_LIMIT = 120_000_000
# What one and the same program may differ by, run twice.
MEMORY_SPREAD = 8_000_000


@dataclasses.dataclass(frozen=True)
class Claim:
    """Ours takes at most ``factor`` x theirs + ``extra`` seconds; without a factor it is only told."""

    what: str
    theirs: str
    ours: str
    factor: float | None
    extra: float = 0.0
    without: tuple[str, ...] = ()  # stages of ours that theirs does not have


def _wall(claim: Claim) -> Callable[[Cost], float]:
    return lambda cost: cost.wall - sum(cost.stages[stage] for stage in claim.without)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if not i else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (head, ["-" * width for width in widths], *rows)
    ]
    return "\n".join(line.rstrip() for line in lines)


def speed(claims: Sequence[Claim], costs: Mapping[str, Sequence[Cost]], *, judged: bool) -> tuple[str, int]:
    """The table of the claims, and how many do not hold. Seconds are medians."""
    rows, over = [], 0
    for claim in claims:
        theirs, ours = costs[claim.theirs], costs[claim.ours]
        base, mine = median(theirs, lambda cost: cost.wall), median(ours, _wall(claim))
        cpu = median(ours, lambda cost: cost.total_cpu) / median(theirs, lambda cost: cost.total_cpu)
        best = min(map(_wall(claim), ours)) / min(cost.wall for cost in theirs)
        limit, verdict = "", "for comparison"
        if claim.factor is not None:
            limit = f"{claim.factor:g} x" + (f" + {claim.extra:g} s" if claim.extra else "")
            verdict = "not judged"
            if judged:
                good = mine <= claim.factor * base + claim.extra
                verdict = "ok" if good else "OVER"
                over += not good
        ratios = (f"{mine / base:.2f}", limit, verdict, f"{best:.2f}", f"{cpu:.2f}")
        rows.append((claim.what, f"{base:.2f}", f"{mine:.2f}", *ratios))
    return _table(("what", "theirs s", "ours s", "ratio", "limit", "", "best", "CPU"), rows), over


def details(costs: Mapping[str, Sequence[Cost]]) -> str:
    """Every kind of run: wall time and its spread, processor time, stages."""
    rows = []
    for name, runs in costs.items():
        walls = sorted(run.wall for run in runs)
        stages = ", ".join(
            f"{stage} {median(runs, lambda cost, stage=stage: cost.stages[stage]):.2f}"  # type: ignore[misc]
            for stage in runs[0].stages
        )
        cpu = median(runs, lambda cost: cost.cpu)
        server = median(runs, lambda cost: cost.server_cpu)
        middle = median(runs, lambda cost: cost.wall)
        rows.append((name, f"{middle:.2f}", f"{walls[0]:.2f}-{walls[-1]:.2f}", f"{cpu:.2f}", f"{server:.2f}", stages))
    return _table(("run", "wall s", "from-to", "CPU s", "server CPU s", "stages s"), rows)


@dataclasses.dataclass(frozen=True)
class Peak:
    """The memory of the module's own process, for a small and a large database (plain bytes)."""

    what: str
    small: int
    large: int


def memory(peaks: Sequence[Peak], small: str, large: str) -> tuple[str, int]:
    """The table of memory, and how many rows are over the limit."""
    rows, over = [], 0
    for peak in peaks:
        good = max(peak.small, peak.large) < MEMORY_LIMIT and abs(peak.large - peak.small) <= MEMORY_SPREAD
        over += not good
        cells = (f"{peak.small / 1e6:.1f}", f"{peak.large / 1e6:.1f}", f"{(peak.large - peak.small) / 1e6:+.1f}")
        rows.append((peak.what, *cells, "ok" if good else "OVER"))
    head = ("peak memory of the module, MB", small, large, "difference", "")
    limits = f"Limits: {MEMORY_LIMIT / 1e6:.0f} MB, and {MEMORY_SPREAD / 1e6:.0f} MB of difference."
    return f"{_table(head, rows)}\n{limits}", over
