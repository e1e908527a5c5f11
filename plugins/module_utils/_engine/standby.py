# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Standby servers and replicas: of what time their data are."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest, format_time, utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._names import human_time

# How the time of the data was found: an enum of the manifest.
CAUGHT_UP = "caught up"  # all that the primary had sent was replayed
REPLAYED = "last replayed transaction"
REPORTED = "reported lag"
CHECKPOINT = "last checkpoint"
APPLIED = "last change here"  # the clock of this server, when it last changed anything; no lag is known
NOTHING = "nothing"
# A backup of data that are older than this is worth a warning.
_OLD = 60.0


@dataclasses.dataclass(frozen=True)
class Standby:
    """``as_of``: the data hold all that the primary had committed by then, as far as is known; ``lag``: seconds from
    then to now (None: not known); ``stopped``: nothing is replayed now, on purpose or by an error; ``problem``: why
    more is not known, in words."""

    as_of: dt.datetime
    lag: float | None
    known_by: str
    stopped: bool = False
    problem: str = ""
    # Of a server of which nothing is known: whether it looks like a replica.
    likely: bool = True

    def check(self, limit: float) -> None:
        """EngineError when the data are older than ``limit`` seconds, or nobody knows how old."""
        if self.lag is not None and self.lag <= limit:
            return
        found = (
            f"its data are {human_time(self.lag)} old"
            if self.lag is not None
            else f"how old its data are is not known ({self.problem or 'replication is stopped'})"
        )
        paused = " Its replication is stopped or paused." if self.stopped else ""
        what = "may be a replica" if self.known_by == NOTHING else "is a standby or replica"
        raise EngineError(
            f"The server {what}, and {found}: max_lag allows {human_time(limit)}.{paused}",
            stage="preflight",
            hint="Look at its replication, back up another server, or raise max_lag; nothing was dumped.",
        )

    def position(self) -> dict[str, t.Any]:
        """For the manifest."""
        lag = None if self.lag is None else round(self.lag, 3)
        return {"in_recovery": True, "lag": lag, "lag_known_by": self.known_by, "replay_stopped": self.stopped}

    def warning(self) -> str:
        """What is to be known of the backup; empty when its data are fresh."""
        if self.known_by == NOTHING:
            return (
                ""
                if not self.likely
                else f"Whether the server is a replica, and how old its data are, is not known: {self.problem}."
            )
        if self.lag is None:
            return (
                f"The server is a replica, and how old its data are is not known: {self.problem}. They count as"
                f" those of {format_time(self.as_of)}, when it last changed anything."
            )
        if self.lag < _OLD and not self.stopped:
            return ""
        stopped = ", where replay is stopped or paused" if self.stopped else ""
        return (
            f"The server is a standby or replica{stopped}: the data are those of {format_time(self.as_of)},"
            f" {human_time(self.lag)} before the backup. The option max_lag refuses such a backup."
        )


def measured(as_of: dt.datetime, known_by: str, *, stopped: bool = False) -> Standby:
    """From the time of the data. A primary whose clock is ahead of ours makes no data of the future."""
    now = utc_now()
    as_of = min(as_of, now)
    return Standby(as_of, max((now - as_of).total_seconds(), 0.0), known_by, stopped)


def described(manifest: Manifest, standby: Standby) -> Manifest:
    """The manifest of a backup of a standby: its snapshot is the time of the data, and not that of the dump."""
    warning = standby.warning()
    if standby.known_by == NOTHING:
        return dataclasses.replace(manifest, warnings=(*((warning,) if warning else ()), *manifest.warnings))
    position = {**(manifest.position or {}), **standby.position()}
    return dataclasses.replace(
        manifest,
        snapshot=format_time(standby.as_of),
        position=position,
        warnings=(*((warning,) if warning else ()), *manifest.warnings),
    )


__all__ = ("APPLIED", "CAUGHT_UP", "CHECKPOINT", "NOTHING", "REPLAYED", "REPORTED", "Standby", "described", "measured")
