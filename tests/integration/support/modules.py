# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the collection's modules, each as a real process of its own.

    result = run_module("db_info", {"engine": "postgresql", **server.login}, path_prefix=server.tool_path)

`run_module` is quick: the process gets its arguments as Ansible gives them, but from the test. `run_play` goes through
`ansible-playbook`, packaging included, and takes seconds.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .fork_server import PROCESS, ForkedProcess, ForkServer

ROOT = Path(__file__).resolve().parents[3]
TREE = ROOT / ".build"


class RunningModule:
    """A module at work. `pid` is the module's own process."""

    def __init__(self, popen: subprocess.Popen[bytes] | ForkedProcess) -> None:
        self.popen = popen

    @property
    def pid(self) -> int:
        """The module's process id."""
        return self.popen.pid

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the module alone."""
        self.popen.send_signal(number)

    def wait(self, timeout: float = 600) -> dict[str, Any]:
        """Wait for its end. Its result, with `rc` and `stderr` of the process as `process_rc` and `process_stderr`.

        A module that was killed has no result: then those two are all there is.
        """
        try:
            stdout, stderr = self.popen.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            stdout, stderr = self.popen.communicate()
            raise AssertionError(f"the module did not end: {stderr.decode(errors='replace')}") from None
        result: dict[str, Any] = {}
        start = stdout.find(b"{")
        if start >= 0:
            result = json.loads(stdout[start:])
        if "warnings" in result:
            # Newer ansible-core makes an object of each warning.
            result["warnings"] = [w if isinstance(w, str) else w["event"]["msg"] for w in result["warnings"]]
        result["process_rc"] = self.popen.returncode
        result["process_stderr"] = stderr.decode(errors="replace")
        return result


def start_module(
    name: str,
    params: Mapping[str, Any],
    *,
    check: bool = False,
    diff: bool = False,
    verbosity: int = 0,
    path_prefix: str = "",
    python: str | None = None,
    env: Mapping[str, str] | None = None,
    kill_at: int = 0,
    step_log: str | Path = "",
    fresh: bool = False,
) -> RunningModule:
    """Start a module.

    `path_prefix` is put first on its PATH. `python`: another interpreter, which needs the drivers but no Ansible.
    `kill_at`: SIGKILL it at that step of its run (1 is the first). `step_log`: a file that gets the name of each step.
    `fresh`: a program from its first byte on, not the fork of one that has imported everything: for those who measure
    its memory, or look at its arguments and its environment in /proc. What only counts at a program's start (another
    interpreter, PYTHONPATH) has the same effect.
    """
    args = {
        **params,
        "_ansible_check_mode": check,
        "_ansible_diff": diff,
        "_ansible_verbosity": verbosity,
        "_ansible_no_log": False,
        "_ansible_debug": False,
        "_ansible_module_name": f"vya.backupdb.{name}",
    }
    environment = {**os.environ, "PYTHONPATH": _python_path(python), "LC_ALL": "C.UTF-8", **(env or {})}
    if path_prefix:
        environment["PATH"] = path_prefix + os.pathsep + environment.get("PATH", os.defpath)
    task = {"name": name, "args": args, "kill_at": kill_at, "step_log": str(step_log)}
    if python is None and not fresh and fork_server().serves(environment):
        return RunningModule(fork_server().start(task, environment))
    popen = subprocess.Popen(
        [python or sys.executable, str(PROCESS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert popen.stdin is not None
    popen.stdin.write(json.dumps(task).encode())
    popen.stdin.close()
    popen.stdin = None
    return RunningModule(popen)


@functools.cache
def fork_server() -> ForkServer:
    """The one of this process; it ends with it."""
    return ForkServer({**os.environ, "PYTHONPATH": _python_path(None), "LC_ALL": "C.UTF-8"})


def run_module(name: str, params: Mapping[str, Any], *, timeout: float = 600, **options: Any) -> dict[str, Any]:
    """Run a module to its end; `options` as in start_module. The result tells `failed` also when it is false."""
    result = start_module(name, params, **options).wait(timeout)
    if "changed" not in result and "failed" not in result:
        raise AssertionError(f"{name} answered nothing: {result['process_stderr']}")
    result.setdefault("failed", False)
    return result


def run_play(
    tasks: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    check: bool = False,
    diff: bool = False,
    path_prefix: str = "",
    verbosity: int = 0,
    defaults: Mapping[str, Any] | None = None,
) -> tuple[list[dict[str, Any]], str]:
    """Run modules as the tasks of a playbook. Their results as they are registered, and everything that was printed.

    `defaults` are the `module_defaults` of the collection's action group.
    """
    with tempfile.TemporaryDirectory(prefix="vyadb-play-") as folder:
        answer = Path(folder, "answer.json")
        names = [f"answer_{number}" for number in range(len(tasks))]
        steps: list[dict[str, Any]] = [
            {f"vya.backupdb.{module}": dict(params), "register": name, "ignore_errors": True}
            for name, (module, params) in zip(names, tasks, strict=True)
        ]
        content = "{{ [" + ", ".join(names) + "] | to_json }}"
        steps.append({"ansible.builtin.copy": {"content": content, "dest": str(answer)}, "check_mode": False})
        group = {"group/vya.backupdb.backupdb": dict(defaults or {})}
        play = [{"hosts": "localhost", "gather_facts": False, "module_defaults": group, "tasks": steps}]
        Path(folder, "play.json").write_text(json.dumps(play), encoding="utf-8")
        argv = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local"]
        argv += ["-e", f"ansible_python_interpreter={sys.executable}", f"{folder}/play.json"]
        argv += [*(["--check"] if check else []), *(["--diff"] if diff else [])]
        argv += [f"-{'v' * verbosity}"] if verbosity else []
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(TREE),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "LC_ALL": "C.UTF-8",
            "PATH": os.pathsep.join(filter(None, (path_prefix, os.environ.get("PATH", os.defpath)))),
        }
        done = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        printed = done.stdout.decode(errors="replace")
        if not answer.exists():
            raise AssertionError(f"the play did not run:\n{printed}")
        results: list[dict[str, Any]] = json.loads(answer.read_text(encoding="utf-8"))
        return results, printed


def _python_path(python: str | None) -> str:
    """Where a module finds the collection, and Ansible's own part of what a managed host gets."""
    if python is None:
        return str(TREE)
    import ansible

    link = TREE / "target" / "ansible"
    link.parent.mkdir(parents=True, exist_ok=True)
    source = Path(next(iter(ansible.__path__)))
    if not link.is_symlink() or link.resolve() != source.resolve():
        link.unlink(missing_ok=True)
        link.symlink_to(source)
    return os.pathsep.join((str(TREE), str(link.parent)))
