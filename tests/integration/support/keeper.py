# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one server process and clears up after it, whatever becomes of the test run.

Started as a program of its own: ``python keeper.py JOB.json``. Its standard input is a pipe that only the test run
holds open: when the run ends in any way (SIGKILL included) the pipe ends, the server is stopped and its folder removed.
A signal on the parent's death would not do: it depends on the thread that started the process, and removes no folders.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

STOP_TIMEOUT = 20.0
KEEP = b"k"  # the folder stays: the server will be started again
KILL = b"9"  # SIGKILL at once


def _start(job: dict[str, Any]) -> subprocess.Popen[bytes]:
    identity: dict[str, Any] = {}
    if job["uid"] is not None:
        identity = {"user": job["uid"], "group": job["gid"], "extra_groups": []}
    with open(job["log"], "ab") as log:
        return subprocess.Popen(
            job["argv"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=job["env"],
            cwd=job["folder"],
            umask=0o077,
            **identity,
        )


def _wait_for_either(child: subprocess.Popen[bytes]) -> bytes:
    """Wait until the parent has gone or the server has ended; answers what the parent said last: KEEP, KILL or both."""
    said = b""
    pidfd = os.pidfd_open(child.pid)
    try:
        while True:
            ready, _unused, _unused = select.select([0, pidfd], [], [])
            if pidfd in ready:
                return said + KEEP
            chunk = os.read(0, 16)
            if not chunk:
                return said
            said += chunk
    finally:
        os.close(pidfd)


def _stop(child: subprocess.Popen[bytes], stop_signal: int) -> None:
    if child.poll() is None:
        child.send_signal(stop_signal)
    try:
        child.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def main(path: str) -> int:
    """Run the job to its end."""
    # The terminal's Ctrl-C and a runner's SIGTERM are for the test run: its end is what ends the server.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    child = _start(job)
    said = _wait_for_either(child)
    _stop(child, signal.SIGKILL if KILL in said else job["stop_signal"])
    for argv in job["cleanup"]:
        subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=job["env"], check=False,
        )  # fmt: skip
    if KEEP not in said:
        shutil.rmtree(job["folder"], ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
