# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the Python interpreters of this machine: on PATH, and where pyenv keeps them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

# Debian's Python without python3-venv has no ensurepip, and can make no environment.
PROBE = "import ensurepip, sys; print(sys.executable, '%d.%d' % sys.version_info[:2])"


def in_ci() -> bool:
    """In CI nothing may be left out; elsewhere what is missing is named."""
    return os.environ.get("CI") == "true"


def _candidates(version: str) -> Iterator[Path]:
    for name in os.environ.get("PATH", "").split(os.pathsep):
        yield Path(name) / f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for folder in sorted((pyenv / "versions").glob(f"{version}.*"), reverse=True):
        yield folder / "bin" / f"python{version}"


def find_python(version: str) -> Path | None:
    """
    A real interpreter of this version ("3.12") that can make environments, or None.

    What is on PATH may be a shim of pyenv that refuses, or that leads elsewhere: each candidate is asked.
    """
    for candidate in _candidates(version):
        if not candidate.is_file():
            continue
        try:
            done = subprocess.run(
                [str(candidate), "-I", "-c", PROBE],
                check=False,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        except OSError:
            continue
        answer = done.stdout.split()
        if done.returncode == 0 and answer[-1:] == [version]:
            return Path(answer[0])
    return None


def find_first(versions: tuple[str, ...]) -> tuple[str, Path] | None:
    """The first of these versions that is here, and where."""
    for version in versions:
        path = find_python(version)
        if path is not None:
            return version, path
    return None
