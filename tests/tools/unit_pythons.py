# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The unit tests on the oldest Python that managed hosts may have, with the oldest libraries the documentation allows, and
on the newest, with the newest.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
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


def main() -> int:
    """0 when the tests pass on every Python found; in CI all of them must be found."""
    failed = False
    for version in PYTHONS:
        python = find_python(version)
        if python is None:
            print(f"left out: Python {version} is not here", flush=True)
            failed = failed or in_ci()
            continue
        print(f"== unit tests on Python {version}", flush=True)
        venv = make_venv(version, python)
        command = [str(venv / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit"]
        # Byte code of one Python is of no use to the next.
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        failed = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0 or failed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
