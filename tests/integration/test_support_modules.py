# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forked module processes: each is one of its own, and begins with nothing of the one before it. Shares of workers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.faults import wait_until
from support.fork_server import ForkedProcess, ForkServer
from support.modules import TREE, fork_server, run_module, start_module
from support.sharing import share

NOWHERE = {"engine": "postgresql", "login_host": "127.0.0.1", "login_port": 1}
SEEN = {"process_rc": 1, "failed": True, "stage": "connect"}
# What the module process of this name would do, written by the test that wants to look at it from inside.
LOOK = """
import json, os, signal, sys, threading
told = {
    "pid": os.getpid(), "parent": os.getppid(), "folder": os.getcwd(), "umask": os.umask(0), "argv": sys.argv[1:],
    "environment": dict(os.environ), "stdin": sys.stdin.read(), "files": sorted(os.listdir("/proc/self/fd"), key=int),
    "threads": threading.active_count(),
    "signals": [str(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
}
os.environ["LEFT"] = "behind"
os.chdir("/")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(json.dumps(told))
sys.exit(3)
"""


@pytest.fixture
def looking(tmp_path: Path) -> Iterator[ForkServer]:
    """A server whose modules folder has one more: `look`."""
    place = tmp_path / "tree" / "ansible_collections" / "vya" / "backupdb"
    place.parent.mkdir(parents=True)
    (place / "plugins" / "modules").mkdir(parents=True)
    (place / "plugins" / "module_utils").symlink_to(
        TREE / "ansible_collections" / "vya" / "backupdb" / "plugins" / "module_utils"
    )
    (place / "plugins" / "modules" / "look.py").write_text(LOOK, encoding="utf-8")
    server = ForkServer({**os.environ, "PYTHONPATH": str(tmp_path / "tree"), "LC_ALL": "C.UTF-8"})
    yield server
    server.close()


@pytest.fixture
def silent() -> Iterator[dict[str, Any]]:
    """Options of db_info for a port where nobody answers: it waits for a minute."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield {**NOWHERE, "login_port": listener.getsockname()[1], "connect_timeout": 60}


def look(server: ForkServer, **environment: str) -> tuple[dict[str, Any], ForkedProcess]:
    """What `look` sees, and its process."""
    task = {"name": "look", "args": {}, "kill_at": 0, "step_log": ""}
    process = server.start(task, {"PATH": os.environ["PATH"], **environment})
    stdout, stderr = process.communicate(60)
    assert process.returncode == 3, stderr
    return json.loads(stdout), process


def test_each_begins_anew(looking: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment, folder, umask, stdin, files and signals: as a new program has them, whatever the last one did."""
    first, one = look(looking, MARK="a", TZ="Asia/Tokyo")
    monkeypatch.chdir(tmp_path)
    before = os.umask(0o077)
    try:
        second, two = look(looking, OTHER="b")
    finally:
        os.umask(before)
    assert (first["pid"], second["pid"]) == (one.pid, two.pid)
    assert one.pid != two.pid
    assert first["parent"] == second["parent"] == looking.pid
    assert first["environment"] == {"PATH": os.environ["PATH"], "MARK": "a", "TZ": "Asia/Tokyo"}
    assert second["environment"] == {"PATH": os.environ["PATH"], "OTHER": "b"}
    assert (second["folder"], first["umask"], second["umask"]) == (str(tmp_path), before, 0o077)
    plain = subprocess.run(
        [sys.executable, "-c", LOOK], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False
    )  # fmt: skip
    fresh = json.loads(plain.stdout)
    for key in ("argv", "stdin", "files", "threads", "signals"):
        assert first[key] == second[key] == fresh[key], key
    assert not Path(f"/proc/{one.pid}").exists()


def test_they_run_beside_each_other_and_are_killed_alone(silent: dict[str, Any]) -> None:
    """Three at once: one ends by itself, one is killed, and the third does not notice."""
    killed, other = (start_module("db_info", silent) for _number in range(2))
    result = run_module("db_info", NOWHERE)
    assert {key: result[key] for key in SEEN} == SEEN
    assert killed.popen.poll() is None
    killed.send(signal.SIGKILL)
    assert killed.wait(60) == {"process_rc": -signal.SIGKILL, "process_stderr": ""}
    assert killed.popen.poll() == -signal.SIGKILL
    assert other.popen.poll() is None
    other.popen.kill()
    other.wait(60)


def test_one_that_does_not_end_is_told_and_killed(silent: dict[str, Any]) -> None:
    """The time limit of the test itself."""
    module = start_module("db_info", silent)
    with pytest.raises(AssertionError, match="the module did not end"):
        module.wait(0.5)
    assert not Path(f"/proc/{module.pid}").exists()


def test_what_counts_at_a_programs_start_makes_a_fresh_one(tmp_path: Path) -> None:
    """PYTHONPATH is looked at by the interpreter; `fresh` is what the memory tests ask for."""
    forks = start_module("db_info", NOWHERE)
    other = start_module("db_info", NOWHERE, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{TREE}"})
    fresh = start_module("db_info", NOWHERE, fresh=True)
    kinds = [type(module.popen) for module in (forks, other, fresh)]
    assert kinds == [ForkedProcess, subprocess.Popen, subprocess.Popen]
    for module in (forks, other, fresh):
        result = module.wait(60)
        assert {key: result[key] for key in SEEN} == SEEN


def test_the_server_ends_with_the_one_that_started_it(silent: dict[str, Any]) -> None:
    """By SIGKILL too, and what it had forked goes with it."""
    program = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from support.modules import fork_server, start_module
module = start_module("db_info", {silent!r})
print(fork_server().pid, module.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        places = [Path("/proc", pid) for pid in run.stdout.readline().decode().split()]
        assert [place.exists() for place in places] == [True, True]
        assert places[0].name != str(fork_server().pid)
        time.sleep(0.2)
        run.kill()
    wait_until(lambda: not any(_runs(place) for place in places), "both have ended")


def _runs(place: Path) -> bool:
    """Whether it is there and is no zombie, which in a container may wait for long."""
    try:
        return ") Z " not in (place / "stat").read_text(encoding="ascii")
    except OSError:
        return False


def test_tests_of_one_file_on_one_server_stay_together() -> None:
    """Those on several servers, or on none that is a parameter, stay with their file."""
    file = "tests/integration/test_a.py"
    alike = [f"{file}::test_one[pg15]", f"{file}::test_two[pg15-True]", f"{file}::Test::test_three[a b-pg15]"]
    assert {share(nodeid) for nodeid in alike} == {f"{file}[pg15]"}
    for name in ("test_four", "test_five[pg15 and so on]", "test_six[pg15-pg18]", "test_seven[mysql]"):
        assert share(f"{file}::{name}") == file
    assert share(f"{file}::test_one[mysql9]") == f"{file}[mysql9]"
