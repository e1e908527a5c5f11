# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pipeline that is read at the reader's pace."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, CodecError, InterruptedRun
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Command, StreamSource
from ansible_collections.vya.backupdb.plugins.module_utils._process import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run.stream import streamed

ENDLESS = Command(("yes",), stage="read")
SILENT = Command(("sleep", "3600"), stage="read")


def test_everything_comes_in_order() -> None:
    chunks = [bytes([number]) * 100_000 for number in range(50)]
    with streamed(Run(), [StreamSource(chunks), Command(("cat",), stage="read")]) as found:
        assert b"".join(found) == b"".join(chunks)


def test_what_breaks_the_chain_is_raised_behind_what_came_before() -> None:
    def broken() -> Iterator[bytes]:
        yield b"some"
        raise CodecError("damaged", stage="read")

    with streamed(Run(), [StreamSource(broken())]) as found:
        assert next(found) == b"some"
        with pytest.raises(CodecError, match="damaged"):
            next(found)


def test_a_tool_that_fails_is_no_end() -> None:
    with streamed(Run(), [Command(("sh", "-c", "echo all; exit 3"), stage="read")]) as found:
        assert next(found) == b"all\n"
        with pytest.raises(BackupError) as caught:
            next(found)
    assert caught.value.rc == 3


@pytest.mark.parametrize("command", [ENDLESS, SILENT], ids=["endless", "silent"])
def test_leaving_early_ends_the_chain(command: Command) -> None:
    """Without it, this would wait for an hour."""
    run = Run()
    with streamed(run, [command]) as found:
        if command is ENDLESS:
            assert next(found).startswith(b"y\n")
    assert [thread for thread in threading.enumerate() if thread.name == "stream"] == []


def test_a_run_that_is_cancelled() -> None:
    run = Run()
    threading.Timer(0.3, run.cancel, ("signal SIGTERM",)).start()
    with streamed(run, [SILENT]) as found, pytest.raises(InterruptedRun):
        next(found)
