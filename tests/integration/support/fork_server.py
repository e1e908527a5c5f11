# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes for modules that need not start Python and import Ansible anew: half a second of each call.

`ForkServer` is a process (module_process.py) that has imported what a module needs and forks for each call. What comes
of it is a process of its own: its id, its signals, its memory and its exit status are real, and what a process has from
the one that starts it (environment, working directory, umask, stdin, open files) is that of the test at that moment.
Only /proc/PID/cmdline and /proc/PID/environ are those of the server, and so are the pages it begins with: a test that
looks at these wants a fresh process.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROCESS = Path(__file__).with_name("module_process.py")
# Read by the interpreter, the C library or OpenSSL when a program begins: later changes would mean nothing.
AT_START = ("PYTHON", "LD_", "LC_", "LANG", "GLIBC_", "MALLOC_", "OPENSSL_", "ANSIBLE_")
_STATUS = 4


class ForkedProcess:
    """What a ForkServer made, with the part of subprocess.Popen's interface that the tests use."""

    def __init__(self, call: socket.socket, stdout: int, stderr: int) -> None:
        self.returncode: int | None = None
        self._call = call
        self._pipes = (stdout, stderr)
        self.pid = self._number()

    def _number(self) -> int:
        """The next number that the server tells: the process id, then the exit status."""
        data = b""
        while len(data) < _STATUS:
            more = self._call.recv(_STATUS - len(data))
            if not more:
                raise AssertionError("the server that forks the modules has ended")
            data += more
        return int.from_bytes(data, "big", signed=True)

    def _ended(self, timeout: float | None) -> bool:
        """Whether it ended by then; None waits for ever."""
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._call, selectors.EVENT_READ)
                if selector.select(timeout):
                    self.returncode = self._number()
                    self._call.close()
        return self.returncode is not None

    def poll(self) -> int | None:
        """Its exit status, or None while it runs."""
        self._ended(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; subprocess.TimeoutExpired when it does not come."""
        if not self._ended(timeout):
            raise subprocess.TimeoutExpired("module", timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Read stdout and stderr to their ends and wait; subprocess.TimeoutExpired loses what was read."""
        deadline = None if timeout is None else time.monotonic() + timeout
        read: dict[int, bytearray] = {fd: bytearray() for fd in self._pipes}
        with selectors.DefaultSelector() as selector:
            for fd in self._pipes:
                selector.register(fd, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(None if deadline is None else max(deadline - time.monotonic(), 0))
                if not ready:
                    raise subprocess.TimeoutExpired("module", timeout or 0)
                for key, _events in ready:
                    data = os.read(key.fd, 1 << 16)
                    read[key.fd] += data
                    if not data:
                        selector.unregister(key.fd)
        self.wait(None if deadline is None else max(deadline - time.monotonic(), 1))
        for fd in self._pipes:
            os.close(fd)
        stdout, stderr = (bytes(read[fd]) for fd in self._pipes)
        return stdout, stderr


class ForkServer:
    """Started with the environment of this moment. It ends with this process, and kills what it still has then."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(PROCESS), "serve", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=self._environment,
                pass_fds=[theirs.fileno()],
            )

    @property
    def pid(self) -> int:
        """The server's own process id."""
        return self._process.pid

    def serves(self, environment: Mapping[str, str]) -> bool:
        """Whether a process with this environment may be a fork: what is read at the start must be the same."""
        return _at_start(environment) == _at_start(self._environment)

    def start(self, task: Mapping[str, Any], environment: Mapping[str, str]) -> ForkedProcess:
        """Fork a process and give it the task."""
        content = {"task": task, "environment": dict(environment), "folder": os.getcwd(), "umask": _umask()}
        call, theirs = socket.socketpair()
        (stdout, out), (stderr, err) = os.pipe(), os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._socket, [b"f"], [theirs.fileno(), out, err])
        finally:
            theirs.close()
            os.close(out)
            os.close(err)
        call.sendall(json.dumps(content).encode())
        call.shutdown(socket.SHUT_WR)
        return ForkedProcess(call, stdout, stderr)

    def close(self) -> None:
        """End it and what it still has."""
        self._socket.close()
        self._process.wait()


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(AT_START)}


def _umask() -> int:
    """This process', which can be set and read only in one, by all of its threads."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("\nUmask:")[1].split()[0], 8)


__all__ = ["PROCESS", "ForkServer", "ForkedProcess"]
