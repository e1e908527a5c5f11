# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults between two statements of a swap."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_client, pg_client

STAGES = ("swap", "clean up")
READS = ("SELECT", "SHOW", "USE", "SET SESSION")


class Failpoint:
    """Acts at the n-th statement of a swap that changes something (0: never), and counts them."""

    def __init__(self, at: int, act: Callable[[str], None]) -> None:
        self.at, self.act = at, act
        self.seen: list[str] = []

    # The one that the statement is for.
    connection: Any = None

    def __call__(self, sql: str | bytes, stage: str) -> None:
        text = sql.decode("utf-8", "replace") if isinstance(sql, bytes) else sql
        if stage not in STAGES or text.lstrip().upper().startswith(READS):
            return
        self.seen.append(text)
        if len(self.seen) == self.at:
            self.act(text)


@contextlib.contextmanager
def watched(failpoint: Failpoint) -> Iterator[None]:
    """Show every statement of both engines to the failpoint before it is run."""
    real_execute, real_query = my_client.execute, pg_client.query

    def execute(connection: Any, sql: str | bytes, *, stage: str) -> Any:
        failpoint.connection = connection
        failpoint(sql, stage)
        return real_execute(connection, sql, stage=stage)

    def query(connection: Any, sql: str, params: Any = (), *, stage: str) -> Any:
        failpoint.connection = connection
        failpoint(sql, stage)
        return real_query(connection, sql, params, stage=stage)

    with pytest.MonkeyPatch.context() as patch:
        for module in list(sys.modules.values()):
            if getattr(module, "execute", None) is real_execute:
                patch.setattr(module, "execute", execute)
            if getattr(module, "query", None) is real_query:
                patch.setattr(module, "query", query)
        yield


__all__ = ["STAGES", "Failpoint", "watched"]
