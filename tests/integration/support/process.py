# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports, accounts and supervised processes for the test servers."""

from __future__ import annotations

import json
import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import keeper


class ServerError(Exception):
    """A test server did not start, or a script did not run on it."""


def free_port() -> int:
    """A TCP port that was free a moment ago: whoever uses it must be ready to try another."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unprivileged(*names: str) -> pwd.struct_passwd | None:
    """The first of these accounts that exists, or None when this is not root: then nothing is to be given up."""
    if os.geteuid() != 0:
        return None
    for name in (*names, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerError("root needs an unprivileged account for its test servers, and there is none")


def run_as(account: pwd.struct_passwd | None, argv: Sequence[str], *, env: Mapping[str, str], folder: Path) -> None:
    """Run a command to its end as `account`; raises ServerError with what it wrote when it fails."""
    identity: dict[str, Any] = {}
    if account is not None:
        identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    done = subprocess.run(
        list(argv), env=dict(env), cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **identity,
    )  # fmt: skip
    if done.returncode:
        raise ServerError(f"{argv[0]} ended with {done.returncode}:\n{done.stdout.decode(errors='replace')}")


class Keeper:
    """A server process under keeper.py, which outlives this process just long enough to clear up."""

    def __init__(
        self, folder: Path, *, argv: Sequence[str], env: Mapping[str, str], account: pwd.struct_passwd | None,
        stop_signal: signal.Signals, cleanup: Sequence[Sequence[str]],
    ) -> None:  # fmt: skip
        job = {
            "argv": list(argv),
            "env": dict(env),
            "folder": str(folder),
            "log": str(folder / "server.log"),
            "uid": account.pw_uid if account else None,
            "gid": account.pw_gid if account else None,
            "stop_signal": int(stop_signal),
            "cleanup": [list(command) for command in cleanup],
        }
        path = folder / "job.json"
        path.write_text(json.dumps(job), encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, keeper.__file__, str(path)], stdin=subprocess.PIPE, start_new_session=True
        )

    @property
    def alive(self) -> bool:
        """Whether the server still runs."""
        return self._process.poll() is None

    def end(self, *, keep: bool, kill: bool) -> None:
        """End the server and wait for it; without `keep` its folder goes too."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write((keeper.KEEP if keep else b"") + (keeper.KILL if kill else b""))
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # the server ended by itself, and its keeper with it
        self._process.wait()
