# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One task through ansible-playbook of an environment that holds the PyPI package `ansible`, and with it the peers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".build" / "bench-venv"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
STAMP = VENV / "requirements.txt"


class PlayError(Exception):
    """The task failed."""


def make_venv() -> None:
    """The environment, made or brought up to date when its requirements changed."""
    if STAMP.exists() and STAMP.read_bytes() == REQUIREMENTS.read_bytes():
        return
    print("Installing the peers (the PyPI package ansible) ...", flush=True)
    if not (VENV / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)]
    subprocess.run(pip, check=True)
    shutil.copyfile(REQUIREMENTS, STAMP)


def versions() -> str:
    """What is compared with what."""
    collections = next((VENV / "lib").glob("python*/site-packages/ansible_collections"))
    told = []
    for name in ("community/postgresql", "community/mysql"):
        manifest = json.loads((collections / name / "MANIFEST.json").read_text(encoding="utf-8"))
        told.append(f"{name.replace('/', '.')} {manifest['collection_info']['version']}")
    return ", ".join(told)


def play(module: str, params: Mapping[str, Any], *, path: str) -> None:
    """Run ``module`` on this host as the only task of a play; ``path`` is its PATH."""
    python = VENV / "bin" / "python"
    with tempfile.TemporaryDirectory(prefix="vyadb-bench-") as folder:
        variables, book = Path(folder, "vars.json"), Path(folder, "play.json")
        variables.touch(mode=0o600)
        variables.write_text(json.dumps({"task_args": params}), encoding="utf-8")
        task = {module: "{{ task_args }}", "environment": {"PATH": path}}
        book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]), encoding="utf-8")
        argv = [str(VENV / "bin" / "ansible-playbook"), "-i", "localhost,", "-c", "local", "-e", f"@{variables}"]
        argv += ["-e", f"ansible_python_interpreter={python}", str(book)]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))},
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INJECT_FACT_VARS": "false",
            "ANSIBLE_HOME": folder,
            "LC_ALL": "C.UTF-8",
        }
        done = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise PlayError(f"{module} failed:\n{done.stdout.decode(errors='replace')[-3000:]}")
