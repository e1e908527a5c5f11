# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process in which support/modules.py runs a module: `python module_process.py`, the task as JSON on stdin.

It hands the arguments over as Ansible does (ansible-core 2.16 to 2.21), so that they are in no argument list and in no
environment, and then is the module: its process id, its signals and its memory are the module's own.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys


def observe(kill_at: int, log: str) -> None:
    """Write the name of each step of the run to `log`; SIGKILL this process at step `kill_at` (1 is the first)."""
    from ansible_collections.vya.backupdb.plugins.module_utils._process import Run

    original = Run.step
    seen = 0

    def step(self: Run, name: str) -> None:
        nonlocal seen
        seen += 1
        if log:
            with open(log, "a", encoding="utf-8") as stream:
                stream.write(f"{name}\n")
        if seen == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        original(self, name)

    Run.step = step  # type: ignore[method-assign]


def main() -> None:
    """Read the task, become the module."""
    task = json.loads(sys.stdin.buffer.read())
    # Whatever the module reads from its stdin must not be the task.
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)

    from ansible.module_utils import basic

    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": task["args"]}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    if task["kill_at"] or task["step_log"]:
        observe(task["kill_at"], task["step_log"])
    module = f"ansible_collections.vya.backupdb.plugins.modules.{task['name']}"
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
