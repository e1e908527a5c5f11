# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo` does what it says, and leaves nothing, however it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.modules import ROOT

PATIENCE = 90.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the demo puts its temporary files; its servers' account may enter."""
    path = Path(tempfile.mkdtemp(prefix="vyadb-demo-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def start(folder: Path) -> subprocess.Popen[str]:
    """The demo in a session of its own, as in a terminal of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment["TMPDIR"] = str(folder)
    return subprocess.Popen(
        ["bash", str(ROOT / "demo" / "run.sh")],
        cwd="/",
        env=environment,
        text=True,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def processes_of(folder: Path) -> list[str]:
    """Command lines of processes that work in the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(folder) in line:
                found.append(line)
    return found


def assert_nothing_left(folder: Path) -> None:
    """No file and no process; a killed one may take a moment to end."""
    deadline = time.monotonic() + PATIENCE
    while (processes_of(folder) or any(folder.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not processes_of(folder)
    assert not [path.name for path in folder.iterdir()]


def test_the_demo_shows_that_what_came_back_is_what_was_there(folder: Path) -> None:
    process = start(folder)
    output, _unused = process.communicate()
    assert process.returncode == 0, output
    proofs = [line for line in output.splitlines() if line.startswith("shop_copy and shop: every row and all")]
    assert len(proofs) == 2, output
    for words in ("ok: [postgresql]", "ok: [mariadb]", "manifest.json", ".age\n", "What next?", "less README.md"):
        assert words in output
    assert_nothing_left(folder)


@pytest.mark.parametrize(
    ("number", "everybody", "status"),
    [(signal.SIGINT, True, 130), (signal.SIGTERM, False, 143)],
    ids=["ctrl-c", "term"],
)
def test_an_interrupted_demo_leaves_nothing(folder: Path, number: signal.Signals, everybody: bool, status: int) -> None:
    process = start(folder)
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if line.startswith("TASK [List the backups]"):
            break
    assert processes_of(folder), seen
    if everybody:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    seen += process.stdout.read()
    assert process.wait() == status, seen
    assert "What next?" not in seen
    assert_nothing_left(folder)
