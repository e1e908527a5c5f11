# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains of bare tools, as an administrator would write them with `|`, but with every exit status looked at."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

Argv = Sequence[str]


class ChainError(Exception):
    """A tool of a chain failed."""


def chain(
    commands: Sequence[Argv], *, env: Mapping[str, str], source: Path | None = None, target: Path | None = None
) -> None:
    """Run ``commands``, each reading what the one before it writes; ``target`` is on disk when this returns."""
    with tempfile.TemporaryFile() as said, _opened(source, "rb") as first, _opened(target, "xb") as last:
        running: list[subprocess.Popen[bytes]] = []
        upstream: IO[bytes] = first
        for number, argv in enumerate(commands, 1):
            out = last if number == len(commands) else subprocess.PIPE
            process = subprocess.Popen(list(argv), stdin=upstream, stdout=out, stderr=said, env=dict(env))
            if running:
                upstream.close()  # or a tool that ends early would leave the one before it waiting
            if process.stdout is not None:
                upstream = process.stdout
            running.append(process)
        statuses = [process.wait() for process in running]
        if any(statuses):
            said.seek(0)
            told = said.read().decode(errors="replace")[-2000:]
            ended = ", ".join(f"{argv[0]}: {status}" for argv, status in zip(commands, statuses, strict=True))
            raise ChainError(f"{ended}\n{told}")
        if target is not None:
            os.fsync(last.fileno())


def _opened(path: Path | None, mode: str) -> IO[bytes]:
    return open(path or os.devnull, mode if path else "r+b")
