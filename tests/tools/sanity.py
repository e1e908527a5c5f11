# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
ansible-test sanity on the oldest, a middle and the newest ansible-core, two at a time, with nothing ignored; the newest
looks at tests and demo as well, and it alone runs pylint, which takes longer than all the others together.

Every test that ansible-test enables by default runs; those that differ by Python (compile, import) on each from 3.9 to
3.13 that the core supports. Left out is only Python 3.14, which the collection does not claim. A test that ansible-test
skips for any other reason (shellcheck is not installed, say) counts as failed.

Usage: sanity.py [CORE ...], for example: sanity.py 2.19
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from interpreters import find_first, find_python, in_ci

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"
TARGET_PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
SKIPPED = re.compile(r'Skipping sanity test "(?P<test>[\w-]+)"(?: on Python (?P<python>[\d.]+))?(?P<reason>.*)')

# ansible-test makes an environment per test, with a pip that it fetches from a host that few networks reach. Where it
# looks first it finds this in its place. What pip there is will do: pip itself is not replaced.
PIP_BOOTSTRAP = """\
import ensurepip
import os
import subprocess
import sys

environment = dict(os.environ)
environment.pop("GET_PIP", None)
unwanted = ("--no-setuptools", "--no-wheel", "--disable-pip-version-check")
arguments = [a for a in sys.argv[1:] if a not in unwanted and not a.startswith("pip==")]
ensurepip.bootstrap(default_pip=True)
if arguments:
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"] + arguments
    sys.exit(subprocess.call(command, env=environment))
"""


@dataclass(frozen=True)
class Core:
    """A release of ansible-core: which Pythons can be its controller, which pip its ansible-test wants."""

    release: str
    pythons: tuple[str, ...]
    pip: str

    @property
    def minor(self) -> str:
        """2.19.14 is of 2.19."""
        return ".".join(self.release.split(".")[:2])


CORES = (
    Core("2.16.19", ("3.11", "3.10", "3.12"), "23.1.2"),
    Core("2.19.14", ("3.12", "3.11", "3.13"), "24.2"),
    Core("2.21.5", ("3.13", "3.12", "3.14"), "25.2"),
)


def make_venv(core: Core, python: Path) -> Path:
    """The environment with this ansible-core, made once."""
    venv = BUILD / f"sanity-venv-{core.minor}"
    stamp = venv / ".stamp"
    wanted = f"{core.release} {python}"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([str(python), "-m", "venv", str(venv)], check=True)
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"ansible-core=={core.release}"], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return venv


def concerns(core: Core, name: str) -> bool:
    """
    Tests and demo never run on an older ansible-core, and nobody installs them: the newest one's opinion is enough.

    It is pylint that takes its time over them.
    """
    ships = not name.startswith(("demo/", "tests/")) or name.startswith(("tests/config.yml", "tests/sanity/"))
    return ships or core is CORES[-1]


def copy_collection(core: Core) -> Path:
    """The files that git knows or would take, at a real path as ansible-test wants it: a link will not do."""
    place = BUILD / f"sanity-{core.minor}" / "ansible_collections" / "vya" / "backupdb"
    shutil.rmtree(place, ignore_errors=True)
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.decode().split("\0")
    for name in filter(None, names):
        source = ROOT / name
        if source.is_file() and concerns(core, name):
            target = place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    # Else ansible-test finds the repository around .build, where all of this is ignored, and tests nothing.
    subprocess.run(["git", "init", "--quiet", str(place)], check=True)
    return place


def make_environment(core: Core, venv: Path, pythons: list[Path]) -> dict[str, str]:
    """A home of its own for ansible-test, and real interpreters on PATH before any shim."""
    home = BUILD / f"sanity-home-{core.minor}"
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / f"get_pip_{core.pip.replace('.', '_')}.py").write_text(PIP_BOOTSTRAP, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment.pop("ANSIBLE_COLLECTIONS_PATH", None)
    environment.setdefault("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
    environment["HOME"] = str(home)
    folders = [str(venv / "bin"), *(str(python.parent) for python in pythons), environment["PATH"]]
    environment["PATH"] = os.pathsep.join(folders)
    return environment


def left_out(output: str) -> list[str]:
    """Tests that were skipped although they should not be."""
    found = []
    for match in SKIPPED.finditer(output):
        python = match["python"]
        missing_python = python is not None and "could not be found" in match["reason"]
        if missing_python and (python not in TARGET_PYTHONS or not in_ci()):
            continue
        found.append(match[0])
    return found


def run_core(core: Core, python: Path, pythons: list[Path]) -> bool:
    """All of ansible-test sanity with one ansible-core; its report is printed in one piece."""
    started = time.monotonic()
    venv = make_venv(core, python)
    place = copy_collection(core)
    # What pylint says is about the code; which core brings it changes only how old it is.
    without = [] if core is CORES[-1] else ["--skip-test", "pylint"]
    done = subprocess.run(
        [str(venv / "bin" / "ansible-test"), "sanity", "--color", "no", *without],
        cwd=place,
        env=make_environment(core, venv, pythons),
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    log = BUILD / f"sanity-{core.minor}.log"
    log.write_text(done.stdout, encoding="utf-8")
    skipped = left_out(done.stdout)
    count = done.stdout.count("Running sanity test")
    succeeded = done.returncode == 0 and count > 0 and not skipped
    report = [f"ansible-core {core.release}: {count} tests, {time.monotonic() - started:.0f} s"]
    if done.returncode:
        report += [line for line in done.stdout.splitlines() if re.match(r"ERROR|FATAL|[\w./-]+:\d+:|[\w-]+$", line)]
        report.append(f"all of it is in {log.relative_to(ROOT)}")
    report += [f"left out: {line}" for line in skipped]
    report.append("passed" if succeeded else "FAILED")
    print("\n  ".join(report), flush=True)
    return succeeded


def main() -> int:
    """0 when all chosen cores are content, or, outside of CI, when those without a Python were named."""
    chosen = sys.argv[1:]
    missing = []
    runs = []
    # The newest has the most to do: it starts first.
    for core in reversed(CORES):
        if chosen and core.minor not in chosen:
            continue
        found = find_first(core.pythons)
        if found is None:
            missing.append(f"ansible-core {core.minor} needs Python {', '.join(core.pythons)}: none is here")
        else:
            runs.append((core, found[1]))
    located = {version: find_python(version) for version in TARGET_PYTHONS}
    missing += [f"Python {version} is not here" for version, path in located.items() if path is None]
    for line in missing:
        print(f"left out: {line}", flush=True)
    pythons = [path for path in located.values() if path is not None]
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(lambda run: run_core(run[0], run[1], pythons), runs))
    return 0 if all(results) and not (missing and in_ci()) else 1


if __name__ == "__main__":
    sys.exit(main())
