# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every check that needs neither a server nor another ansible-core. All of them run; any failure fails the whole."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOX_FOLDER = ROOT / ".build" / "nox"
IMPORTER_VENV = ROOT / ".build" / "importer-venv"
IMPORTER_REQUIREMENTS = ROOT / "tests" / "requirements-importer.txt"

# build-import-check is not among them: nox prints what galaxy-importer calls an error and goes on; check_artifact.py
# runs the importer and fails.
DEV_SESSIONS = (
    "formatters",
    "codeqa",
    "yamllint",
    "typing",
    "antsibull-nox-config",
    "docs-check",
    "license-check",
    "extra-checks",
)
IMPORTER_SESSIONS = ("ansible-lint",)


def make_importer_venv() -> None:
    """The environment of galaxy-importer and ansible-lint, made again when its requirements change."""
    stamp = IMPORTER_VENV / ".stamp"
    wanted = IMPORTER_REQUIREMENTS.read_text(encoding="utf-8")
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", str(IMPORTER_VENV)], check=True)
    pip = [str(IMPORTER_VENV / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "-r", str(IMPORTER_REQUIREMENTS)], check=True)
    stamp.write_text(wanted, encoding="utf-8")


def point_sessions(names: tuple[str, ...], venv: Path) -> None:
    """
    Let nox find ready environments where it would make its own.

    One environment with pinned tools, instead of one per session with the newest ones: minutes less, and no surprises.
    """
    NOX_FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names:
        link = NOX_FOLDER / name
        if link.is_symlink() and link.resolve() == venv.resolve():
            continue
        if link.is_symlink():
            link.unlink()
        link.symlink_to(os.path.relpath(venv, NOX_FOLDER))


def run_step(title: str, command: list[str], environment: dict[str, str]) -> bool:
    """Run one check and say how it went."""
    print(f"== {title}", flush=True)
    started = time.monotonic()
    succeeded = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0
    verdict = "ok" if succeeded else "FAILED"
    print(f"== {title}: {verdict} ({time.monotonic() - started:.0f} s)\n", flush=True)
    return succeeded


def main() -> int:
    """Run all checks; 0 when every one of them is content."""
    make_importer_venv()
    venv = Path(sys.prefix)
    point_sessions(DEV_SESSIONS, venv)
    point_sessions(IMPORTER_SESSIONS, IMPORTER_VENV)

    environment = dict(os.environ)
    # The tools work on copies of the collection, and must not see the tree of the tests as well.
    environment.pop("PYTHONPATH", None)
    environment.pop("ANSIBLE_COLLECTIONS_PATH", None)
    environment["PATH"] = f"{venv / 'bin'}{os.pathsep}{environment['PATH']}"
    # Outside of CI the session "formatters" would rewrite the sources.
    environment["CI"] = "true"

    nox = [str(venv / "bin" / "nox"), "-R", "--envdir", str(NOX_FOLDER), "-e", *DEV_SESSIONS, *IMPORTER_SESSIONS]
    tools = ROOT / "tests" / "tools"
    steps = (
        ("house rules", [sys.executable, str(tools / "check_sources.py")]),
        ("roles", [sys.executable, str(tools / "check_roles.py")]),
        ("antsibull-nox", nox),
        ("changelog", [str(venv / "bin" / "antsibull-changelog"), "lint"]),
        ("artifact", [sys.executable, str(tools / "check_artifact.py"), str(IMPORTER_VENV)]),
    )
    failed = [title for title, command in steps if not run_step(title, command, environment)]
    print(f"lint: {', '.join(failed)} failed" if failed else "lint: all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
