# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for secrets where none may be: arguments and environments of all processes, and files, again and again."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

READ_AT_MOST = 8 << 20
# Leaves the processor to those that are looked at.
PAUSE = 0.005


class Sampler:
    """Looks for `needles` from its start to its end, as often as it can: a context manager.

    `found` says where a needle was, `programs` which programs were seen at work, scripts included. Files are those
    below `folders`, at any depth, except in folders whose path is among `except_in`.
    """

    def __init__(self, needles: Sequence[str], folders: Sequence[Path], except_in: Sequence[Path] = ()) -> None:
        self.found: set[str] = set()
        self.programs: set[str] = set()
        self.sweeps = 0
        self._needles = [needle.encode() for needle in needles]
        self._folders = folders
        self._except_in = {str(path) for path in except_in}
        self._known: dict[str, tuple[int, int, int]] = {}
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_unused: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._error is not None:
            raise self._error
        self._look()

    def _work(self) -> None:
        try:
            while not self._stop.wait(PAUSE):
                self._look()
        except BaseException as exc:
            self._error = exc

    def _look(self) -> None:
        for number in filter(str.isdigit, os.listdir("/proc")):
            self._look_at_process(f"/proc/{number}")
        for path, info in self._files():
            known = (info.st_ino, info.st_size, info.st_mtime_ns)
            if self._known.get(path) != known:
                self._known[path] = known
                self._judge(path, _read(path))
        self.sweeps += 1

    def _look_at_process(self, place: str) -> None:
        arguments = _read(f"{place}/cmdline")
        words = arguments.split(b"\0")
        program = " ".join(os.path.basename(os.fsdecode(word)) for word in words[:2])
        self.programs.update(program.split())
        self._judge(f"the arguments of {program}", arguments)
        self._judge(f"the environment of {program}", _read(f"{place}/environ"))

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        waiting = [str(folder) for folder in self._folders]
        while waiting:
            try:
                with os.scandir(waiting.pop()) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            waiting += [entry.path] if entry.path not in self._except_in else []
                        elif entry.is_file(follow_symlinks=False):
                            yield entry.path, entry.stat(follow_symlinks=False)
            except OSError:
                continue  # it was removed in this moment

    def _judge(self, place: str, text: bytes) -> None:
        if any(needle in text for needle in self._needles):
            self.found.add(place)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as stream:
            return stream.read(READ_AT_MOST) or b""
    except OSError:
        return b""  # a process that ended, a file that was removed


__all__ = ["Sampler"]
