# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of `make test`, with a Makefile whose steps end as the test wants."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "steps.py"
STEPS = ("venv", "vectors", "deps", "lint", "unit", "unit-pythons", "sanity", "integration", "fleet")
TOLD = """\
12.50s call     tests/test_a.py::test_slow[one two]
0.70s setup    tests/test_a.py::test_quick
===== 3 failed, 40 passed in 75.31s (0:01:15) =====
"""


@pytest.fixture
def project(tmp_path):
    """A copy of the runner, and what it needs to find."""
    (tmp_path / "tests" / "tools").mkdir(parents=True)
    (tmp_path / "tests" / "tools" / "steps.py").write_bytes(TOOL.read_bytes())
    return tmp_path


def run(project, **ends):
    """Exit status and output; `ends` are shell commands of steps, which else go well."""
    rules = "".join(f"{name}:\n\t@{ends.get(name.replace('-', '_'), f'echo made {name}')}\n" for name in STEPS)
    (project / "Makefile").write_text(rules, encoding="utf-8")
    argv = [sys.executable, str(project / "tests" / "tools" / "steps.py"), "make"]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60)
    return done.returncode, done.stdout.decode()


def table(output):
    """Steps of the table and their results."""
    rows = output.split("  minutes  result\n")[1].split("\nall ")[0].splitlines()
    return {row.split()[0]: " ".join(row.split()[2:]) for row in rows}


def test_all_is_well(project):
    status, output = run(project)
    assert status == 0
    assert table(output) == dict.fromkeys(STEPS, "ok")
    assert [output.count(f"made {name}\n") for name in STEPS] == [1] * len(STEPS)
    assert output.endswith("\neverything passed\n")


def test_a_quick_check_that_fails_ends_it(project):
    """After those that run beside it."""
    status, output = run(project, lint="exit 3")
    assert status == 1
    assert table(output) == {
        **dict.fromkeys(STEPS, "not run"),
        **dict.fromkeys(("venv", "vectors", "deps", "unit", "unit-pythons"), "ok"),
        "lint": "FAILED",
    }
    assert output.endswith("not run: sanity, integration, fleet\nFAILED: lint\n")


def test_without_an_environment_nothing_is_run(project):
    status, output = run(project, venv="false")
    assert status == 1
    assert table(output) == {**dict.fromkeys(STEPS, "not run"), "venv": "FAILED"}


def test_later_failures_hide_none(project):
    status, output = run(project, sanity="exit 1", fleet="echo the reason; exit 1")
    assert status == 1
    assert table(output)["integration"] == "ok"
    assert "== fleet: what it printed\nthe reason\n" in output
    assert output.endswith("\nFAILED: sanity, fleet\n")


def test_what_pytest_tells_is_in_the_table(project):
    (project / "told").write_text(TOLD, encoding="utf-8")
    _status, output = run(project, integration="cat told; exit 1")
    assert table(output)["integration"] == "FAILED 3 failed, 40 passed"
    assert re.search(r"^ +12\.5  tests/test_a\.py::test_slow\[one two\]\n +0\.7  .*test_quick \(setup\)$", output, re.M)
