# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process in which support/modules.py runs a module: `python module_process.py`, the task as JSON on stdin.

It hands the arguments over as Ansible does (ansible-core 2.16 to 2.21), so that they are in no argument list and in no
environment, and then is the module: its process id, its signals and its memory are the module's own.

`python module_process.py serve FD` imports what modules need and forks such a process for each call that comes through
the socket FD (support/fork_server.py): nothing but the imports is done before the fork, and no thread is started.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import threading
import time
from typing import Any

COLLECTION = "ansible_collections.vya.backupdb.plugins"
# What modules import when they need it.
DRIVERS = ("cryptography.hazmat.primitives.ciphers.aead", "psycopg2", "psycopg2.extras", "pymysql", "pymysql.cursors")


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


def become(task: dict[str, Any]) -> None:
    """Be the module."""
    from ansible.module_utils import basic

    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": task["args"]}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    if task["kill_at"] or task["step_log"]:
        observe(task["kill_at"], task["step_log"])
    runpy.run_module(f"{COLLECTION}.modules.{task['name']}", run_name="__main__", alter_sys=True)


def read_task() -> dict[str, Any]:
    """The task on stdin; whatever the module reads from its stdin must not be the task."""
    task: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return task


def prepare() -> None:
    """Import what modules import, but not the modules themselves: each of them is run as a program."""
    importlib.import_module("ansible.module_utils.basic")
    for name in DRIVERS:
        importlib.import_module(name)
    utils = importlib.import_module(f"{COLLECTION}.module_utils")
    for found in pkgutil.walk_packages(utils.__path__, f"{utils.__name__}."):
        importlib.import_module(found.name)
    # What is here already is not looked at again: its pages stay shared.
    gc.collect()
    gc.freeze()


def serve(control: socket.socket) -> dict[str, Any]:
    """Fork for each call. Returns in the forks only, with the task; ends when the other side of the socket is gone."""
    waiting: dict[int, tuple[int, socket.socket]] = {}
    poll = select.poll()
    poll.register(control, select.POLLIN)
    while True:
        for fd, _event in poll.poll():
            if fd in waiting:
                pid, call = waiting.pop(fd)
                poll.unregister(fd)
                os.close(fd)
                _tell(call, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                call.close()
                continue
            _message, fds, _flags, _address = socket.recv_fds(control, 1, 3)
            if not fds:
                for pid, _call in waiting.values():
                    os.kill(pid, signal.SIGKILL)
                os._exit(0)
            call = socket.socket(fileno=fds[0])
            pid = os.fork()
            if pid == 0:
                for other in (control, *(known for _pid, known in waiting.values())):
                    other.detach()
                return _begin(call, fds[1], fds[2])
            for number in fds[1:]:
                os.close(number)
            pidfd = os.pidfd_open(pid)
            waiting[pidfd] = (pid, call)
            poll.register(pidfd, select.POLLIN)
            _tell(call, pid)


def _tell(call: socket.socket, number: int) -> None:
    try:
        call.sendall(number.to_bytes(4, "big", signed=True))
    except BrokenPipeError:
        pass  # the test did not want to know


def _begin(call: socket.socket, stdout: int, stderr: int) -> dict[str, Any]:
    """In the fork: what a process has from the one that starts it. Its stdin is the server's: empty."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    with os.fdopen(os.dup(call.fileno()), "rb") as stream:
        content: dict[str, Any] = json.loads(stream.read())
    call.detach()
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    os.environ.update(content["environment"])
    time.tzset()
    os.umask(content["umask"])
    os.chdir(content["folder"])
    task: dict[str, Any] = content["task"]
    return task


def _end(status: object) -> None:
    """End a fork as Python ends, but do not take every imported module apart: each page of them would be copied."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    if status is None or isinstance(status, int):
        os._exit(status or 0)


def main() -> None:
    """Read the task, or wait for a fork that has one, and become the module."""
    if sys.argv[1:2] == ["serve"]:
        # The terminal's Ctrl-C is for the test run: its end is what ends the server.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        prepare()
        task = serve(socket.socket(fileno=int(sys.argv[2])))
        del sys.argv[1:]
        try:
            become(task)
        except SystemExit as exc:
            _end(exc.code)
            raise
    else:
        become(read_task())


if __name__ == "__main__":
    main()
