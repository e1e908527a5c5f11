# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The unit tests on the oldest Python that managed hosts may have, with the oldest libraries the documentation allows, and
on the newest, with the newest, both at once.

Left out are random properties (hypothesis) and tests of how work grows with size (the mark `growth`): `make unit` runs
them, and they say the same on every Python.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from interpreters import find_python, in_ci

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "tests" / "requirements-pythons.txt"
OLDEST = ROOT / "tests" / "constraints-oldest.txt"
PYTHONS = {"3.9": (REQUIREMENTS, OLDEST), "3.13": (REQUIREMENTS,)}


def make_venv(version: str, python: Path) -> Path:
    """The environment of this Python, made again when the requirements change."""
    venv = ROOT / ".build" / f"unit-venv-{version}"
    stamp = venv / ".stamp"
    files = PYTHONS[version]
    wanted = "\n".join([str(python), *(file.read_text(encoding="utf-8") for file in files)])
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([str(python), "-m", "venv", str(venv)], check=True)
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        constraints = [option for file in files[1:] for option in ("-c", str(file))]
        subprocess.run([*pip, "-r", str(files[0]), *constraints], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return venv


def run(version: str, python: Path) -> bool:
    """The tests on one Python; their output is printed in one piece. Whether they passed."""
    venv = make_venv(version, python)
    command = [str(venv / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    # Byte code of one Python is of no use to the next.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*command, "-m", "not hypothesis and not growth", "tests/unit"],
        cwd=ROOT,
        env=environment,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    print(f"== unit tests on Python {version}\n{done.stdout}", end="", flush=True)
    return done.returncode == 0


def main() -> int:
    """0 when the tests pass on every Python found; in CI all of them must be found."""
    found = {version: find_python(version) for version in PYTHONS}
    missing = [version for version, python in found.items() if python is None]
    for version in missing:
        print(f"left out: Python {version} is not here", flush=True)
    with ThreadPoolExecutor(max_workers=len(PYTHONS)) as pool:
        passed = list(
            pool.map(lambda version: run(version, found[version] or Path()), sorted(set(found) - set(missing)))
        )
    return 0 if all(passed) and not (missing and in_ci()) else 1


if __name__ == "__main__":
    sys.exit(main())
