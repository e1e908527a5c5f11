# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the README as tests run them: word by word, but for the variables at their top."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .modules import ROOT

README = ROOT / "README.md"
_BLOCK = re.compile(r"<!-- run: ([a-z-]+) -->\n```(\w+)\n(.*?)```\n", re.DOTALL)
_VARIABLE = re.compile(r"\{\{ (\w+) \}\}")


def blocks() -> dict[str, tuple[str, str]]:
    """Language and text of each code block, by its name; every block must have one."""
    text = README.read_text(encoding="utf-8")
    found = {name: (language, body) for name, language, body in _BLOCK.findall(text)}
    assert len(found) == text.count("\n```") / 2, "a code block of the README has no name, or one that is not its own"
    return found


def block(name: str, **variables: str) -> str:
    """A block with other values for the variables that are set in it: NAME=value, alone on a line but for a comment."""
    text = blocks()[name][1]
    for variable, value in variables.items():
        line = f"{variable}={shlex.quote(value)}".replace("\\", "\\\\")
        text, count = re.subn(rf"(?m)^{variable}=.*$", line, text)
        assert count == 1, f"{name} sets {variable} {count} times"
    return text


def run_blocks(*texts: str, env: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run blocks one after another in one bash, which the first failure ends."""
    return subprocess.run(
        ["bash", "-e", "-c", "\n".join(texts)],
        env=dict(env),
        cwd=folder,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def tasks(name: str, variables: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """The modules, without their collection's name, and options of a block's tasks, in a play or not."""

    def value(match: re.Match[str]) -> str:
        return variables[match.group(1)]

    items = yaml.safe_load(_VARIABLE.sub(value, blocks()[name][1]))
    found = []
    for task in (inner for item in items for inner in item.get("tasks", [item])):
        (module,) = (key for key in task if key.startswith("vya.backupdb."))
        found.append((module.removeprefix("vya.backupdb."), task[module]))
    return found


__all__ = ["README", "block", "blocks", "run_blocks", "tasks"]
