# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a module took."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any

from .modules import RunningModule


def peak(running: RunningModule) -> tuple[dict[str, Any], int]:
    """Wait for a module: its result, and the most bytes that its own process, without its children, had in memory."""
    status = Path(f"/proc/{running.pid}/status")
    highest = 0
    ended = threading.Event()

    def watch() -> None:
        nonlocal highest
        while not ended.wait(0.01):
            with contextlib.suppress(OSError, IndexError):
                text = status.read_text(encoding="utf-8")
                highest = max(highest, int(text.split("VmHWM:")[1].split()[0]) << 10)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        return running.wait(), highest
    finally:
        ended.set()
        watcher.join()


__all__ = ["peak"]
