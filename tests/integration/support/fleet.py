# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's playbooks, called by name, on inventories of many names for few servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .modules import TREE, run_module
from .server import Server

# The database that each server of the fleet has.
NAME = "fleet_shop"
# Nothing listens there.
UNREACHABLE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
_CALLBACKS = Path(__file__).with_name("callbacks")


@dataclass(frozen=True)
class Played:
    """How a playbook ended. ``events``: what each task did on each host."""

    rc: int
    output: str
    events: list[dict[str, Any]]

    def tasks(self, host: str) -> list[str]:
        """The tasks that ran on a host, those with nothing to do included."""
        return [event["task"] for event in self.events if event["host"] == host]

    def changed(self) -> list[str]:
        """The tasks that changed anything, or would."""
        return [event["task"] for event in self.events if event["changed"]]


class Fleet:
    """An inventory in a folder. ``hosts``: their variables; ``variables``: those of all."""

    def __init__(self, folder: Path, *servers: Server) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.hosts: dict[str, dict[str, Any]] = {}
        self.variables: dict[str, Any] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "backupdb_store": str(self.store),
        }
        self._paths = [server.tool_path for server in servers]

    def environ(self) -> dict[str, str]:
        """The environment of ansible-playbook; the hosts' connections are local, so the modules inherit it."""
        path = os.pathsep.join([str(Path(sys.executable).parent), *self._paths, os.environ.get("PATH", os.defpath)])
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
        return {
            **kept,
            "PATH": path,
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(TREE),
            "ANSIBLE_CALLBACK_PLUGINS": str(_CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "events",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_RETRY_FILES_ENABLED": "false",
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "VYADB_EVENTS": str(self.folder / "events.jsonl"),
        }

    def inventory(self) -> Path:
        """The inventory as a file."""
        path = self.folder / "inventory.json"
        path.write_text(json.dumps({"all": {"vars": self.variables, "hosts": self.hosts}}), encoding="utf-8")
        return path

    def back_up(self) -> None:
        """A backup of every host as the playbook makes it, without the seconds that ansible-playbook takes."""
        for host, variables in self.hosts.items():
            for item in variables["backupdb_instances"]:
                common = {"store": str(self.store), "host": host, "recipients": self.variables["backupdb_recipients"]}
                params = {**self.variables["backupdb_defaults"], **common, **item}
                done = run_module("db_backup", params, path_prefix=os.pathsep.join(self._paths))
                assert not done["failed"], done["msg"]

    def backups(self) -> list[str]:
        """HOST/INSTANCE/DATABASE of all backups in the store, sorted."""
        found = self.store.glob("*/*/*/*/manifest.json")
        return sorted(str(path.parents[1].relative_to(self.store)) for path in found)

    def files(self) -> dict[str, tuple[int, int]]:
        """What is below the store: inode and time of change."""
        paths = sorted(self.store.rglob("*"))
        return {str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in paths}

    def play(
        self,
        playbook: str,
        *arguments: str,
        extra: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Played:
        """Run a playbook, by its full name or its path."""
        events = self.folder / "events.jsonl"
        events.unlink(missing_ok=True)
        name = playbook if "/" in playbook else f"vya.backupdb.{playbook}"
        argv = ["ansible-playbook", "-i", str(self.inventory()), name, *arguments]
        if extra:
            given = self.folder / "extra.json"
            given.write_text(json.dumps(extra), encoding="utf-8")
            argv += ["-e", f"@{given}"]
        done = subprocess.run(
            argv,
            env={**self.environ(), **(environment or {})},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        lines = events.read_text(encoding="utf-8").splitlines() if events.exists() else []
        return Played(done.returncode, done.stdout.decode(errors="replace"), [json.loads(line) for line in lines])


def instance(server: Server, **options: Any) -> dict[str, Any]:
    """An item of backupdb_instances for a server of the tests."""
    return {"engine": server.engine, **server.login, **options}


__all__ = ["NAME", "UNREACHABLE", "Fleet", "Played", "instance"]
