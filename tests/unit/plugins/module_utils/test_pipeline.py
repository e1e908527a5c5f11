# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipeline with real processes: whoever fails, at whatever byte, nothing is finished after it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _process
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import AgeReader, AgeWriter, generate_identity
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_keys import parse_identities
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    BackupError,
    InterruptedRun,
    StoreError,
    ToolError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._filters import Count, Sha256
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import (
    Discard,
    Filter,
    Pipeline,
    Sink,
    StreamSource,
    capture,
)
from ansible_collections.vya.backupdb.plugins.module_utils._process import Command, Run, SecretFile

SECRET, RECIPIENT = generate_identity()


def script(code: str, *args: str, stage: str = "dump", **options: t.Any) -> Command:
    """A command that runs some Python."""
    return Command((sys.executable, "-S", "-c", f"import os, sys, signal, time\n{code}", *args), stage, **options)


PASS_ON = script("while data := os.read(0, 65536):\n    os.write(1, data)", stage="pass")
ENDLESS = script("while True:\n    os.write(1, b'x' * 65536)")


class Recorder(Sink):
    """Keeps what it gets, and whether it was told that the stream is good."""

    def __init__(self, room: int | None = None) -> None:
        self.data = b""
        self.closed = False
        self._room = room

    def write(self, data: bytes) -> None:
        if self._room is not None and len(self.data) + len(data) > self._room:
            self.data += data[: self._room - len(self.data)]
            raise StoreError("The disk is full.")
        self.data += data

    def close(self) -> None:
        self.closed = True


class Age(Filter):
    def __init__(self) -> None:
        self._writer = AgeWriter([RECIPIENT])

    def update(self, data: bytes) -> bytes:
        return self._writer.update(data)

    def finish(self) -> bytes:
        return self._writer.finish()


def opens(sealed: bytes) -> bool:
    reader = AgeReader(parse_identities(SECRET))
    try:
        reader.update(sealed)
        reader.finish()
    except Exception:
        return False
    return True


def children() -> set[int]:
    path = f"/proc/{os.getpid()}/task/{os.getpid()}/children"
    return {int(pid) for pid in Path(path).read_text(encoding="utf-8").split()}


@pytest.mark.parametrize("size", [0, 1, 65536, 5 << 20])
def test_bytes_pass_unchanged(size: int) -> None:
    plain = random.Random(size).randbytes(size)
    sink, before, after = Recorder(), Count(), Sha256()
    cut = [plain[start : start + 70_000] for start in range(0, size, 70_000)]
    Pipeline(Run(), [StreamSource(cut), before, PASS_ON, PASS_ON, after, sink]).execute()
    assert (sink.data == plain, sink.closed, before.size, after.size) == (True, True, size, size)


# What a dump tool writes, and how it ends.
DEATHS = {
    "status 1": "sys.exit(1)",
    "SIGKILL": "os.kill(os.getpid(), signal.SIGKILL)",
    "SIGSEGV": "os.kill(os.getpid(), signal.SIGSEGV)",
    "closed stdout": "os.close(1); sys.exit(2)",
}


@pytest.mark.parametrize("size", [0, 1, 1 << 20, 3 << 20])
@pytest.mark.parametrize("death", list(DEATHS))
def test_a_failed_producer_finishes_nothing(size: int, death: str) -> None:
    """All bytes arrived and only the exit status tells: the encrypted file stays without its last chunk."""
    code = f"sys.stdout.buffer.write(b'x' * {size}); sys.stdout.flush(); print('no such table', file=sys.stderr)\n"
    sink = Recorder()
    before = children()
    with pytest.raises(ToolError) as caught:
        Pipeline(Run(), [script(code + DEATHS[death]), PASS_ON, Age(), sink]).execute()
    error = caught.value
    assert not sink.closed
    assert not opens(sink.data)
    assert error.stage == "dump"
    assert error.rc == {"status 1": 1, "SIGKILL": -9, "SIGSEGV": -11, "closed stdout": 2}[death]
    assert "no such table" in str(error)
    assert "python" in error.msg
    assert children() == before


@pytest.mark.parametrize("death", list(DEATHS))
@pytest.mark.parametrize("eats", [0, 1 << 20])
def test_a_failed_filter_finishes_nothing(death: str, eats: int) -> None:
    code = f"sys.stdin.buffer.read({eats}); print('no space', file=sys.stderr, flush=True)\n{DEATHS[death]}"
    sink = Recorder()
    with pytest.raises(ToolError, match="no space") as caught:
        Pipeline(Run(), [ENDLESS, script(code, stage="compress"), Age(), sink]).execute()
    assert caught.value.stage == "compress"
    assert not sink.closed
    assert not opens(sink.data)


def test_a_failed_loader_is_the_error() -> None:
    code = "sys.stdin.buffer.read(100); sys.exit('ERROR 1062: duplicate')"
    with pytest.raises(ToolError, match="duplicate") as caught:
        Pipeline(Run(), [ENDLESS, PASS_ON, script(code, stage="load")]).execute()
    assert (caught.value.stage, caught.value.rc) == ("load", 1)
    # One that stops reading and says that all is well has not taken all of it.
    with pytest.raises(ToolError, match="stopped reading"):
        Pipeline(Run(), [ENDLESS, script("sys.stdin.buffer.read(100)", stage="load")]).execute()
    with pytest.raises(ToolError) as caught:
        Pipeline(Run(), [StreamSource([b"x"]), script("sys.stdin.buffer.read(); sys.exit(3)", stage="load")]).execute()
    assert caught.value.rc == 3


def test_a_sink_that_fails_at_every_byte() -> None:
    plain = random.Random(5).randbytes(700)
    whole = Recorder()
    Pipeline(Run(), [StreamSource([plain]), Age(), whole]).execute()
    assert opens(whole.data)
    for room in range(len(whole.data)):
        sink = Recorder(room)
        cut = [plain[start : start + 97] for start in range(0, len(plain), 97)]
        with pytest.raises(StoreError, match="disk is full"):
            Pipeline(Run(), [StreamSource(cut), Age(), sink]).execute()
        assert not sink.closed
        assert not opens(sink.data)


@pytest.mark.parametrize("room", [0, 1, 65536, 1 << 20])
def test_a_sink_that_fails_ends_the_processes(room: int) -> None:
    before = children()
    with pytest.raises(StoreError, match="disk is full"):
        Pipeline(Run(), [ENDLESS, PASS_ON, Recorder(room)]).execute()
    assert children() == before


class Broken(Filter):
    def __init__(self, at: str) -> None:
        self._at = at

    def update(self, data: bytes) -> bytes:
        if self._at == "update":
            raise ValueError("a defect")
        return data

    def finish(self) -> bytes:
        if self._at == "finish":
            raise ValueError("a defect")
        return b""


@pytest.mark.parametrize("at", ["update", "finish"])
def test_a_filter_that_fails(at: str) -> None:
    sink = Recorder()
    with pytest.raises(ToolError, match="The stream broke: ValueError: a defect"):
        Pipeline(Run(), [StreamSource([b"x"]), Broken(at), PASS_ON, Age(), sink]).execute()
    assert not sink.closed
    assert not opens(sink.data)


def test_a_source_that_fails() -> None:
    def breaks() -> t.Iterator[bytes]:
        yield b"x"
        raise OSError(5, "Input/output error")

    sink = Recorder()
    with pytest.raises(ToolError, match="Input/output error"):
        Pipeline(Run(), [StreamSource(breaks()), PASS_ON, Age(), sink]).execute()
    assert not sink.closed
    assert not opens(sink.data)


def test_a_tool_that_cannot_start() -> None:
    before = children()
    for argv in (("/nonexistent/tool",), ("/etc/passwd",)):
        with pytest.raises(ToolError, match="cannot be started") as caught:
            Pipeline(Run(), [ENDLESS, Command(argv, "compress"), Discard()]).execute()
        assert caught.value.stage == "compress"
    assert children() == before


def test_stderr_is_drained_and_its_tail_kept() -> None:
    """More than a pipe holds: a tool that talks does not stop the dump."""
    code = "for n in range(50_000): print('warning', n, file=sys.stderr)\nprint('done')"
    said = Pipeline(Run(), [script(code), Discard()]).execute()
    assert said[0].endswith("warning 49999")
    assert len(said[0]) <= 8192 + 16384
    with pytest.raises(ToolError) as caught:
        Pipeline(Run(), [script(code + "\nsys.exit(1)"), Discard()]).execute()
    assert "warning 49999" in str(caught.value)
    assert len(str(caught.value)) < 5000


def test_secrets_are_taken_out_of_what_tools_say() -> None:
    run = Run(secrets=["s3cret pass"])
    code = f"print('using s3cret pass and {SECRET}', file=sys.stderr)"
    assert Pipeline(run, [script(code), Discard()]).execute() == ["using ******** and AGE-SECRET-KEY-********"]
    with pytest.raises(ToolError) as caught:
        Pipeline(run, [script(code + "\nsys.exit(1)"), Discard()]).execute()
    assert "s3cret" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_secret_file_is_read_by_children_and_by_nobody_else() -> None:
    secret = SecretFile(b"user:password" * 10_000)
    assert os.fstat(secret.fd).st_mode & 0o777 == 0o600
    reader = "sys.stdout.buffer.write(open(sys.argv[1], 'rb').read())"
    for _twice in range(2):
        command = script(reader, secret.path, fds=(secret.fd,))
        assert capture(Run(), command) == b"user:password" * 10_000
    with pytest.raises(ToolError):
        capture(Run(), script(reader, secret.path))
    secret.close()
    secret.close()


def test_the_environment_is_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("TAKEN", "1")
    code = "print(os.environ.get('KEPT'), os.environ.get('TAKEN'), os.environ.get('GIVEN'))"
    assert capture(Run(), script(code, env={"GIVEN": "2"}, unset=("TAKEN",))) == b"1 None 2\n"
    with pytest.raises(ToolError, match="longer than 10 bytes"):
        capture(Run(), ENDLESS, 10)


HANGS = script("print('ready', flush=True)\ntime.sleep(600)")


@pytest.mark.parametrize("how", ["cancel", "timeout"])
def test_a_run_that_ends_takes_its_processes_along(how: str) -> None:
    run = Run(timeout=1.0 if how == "timeout" else None)
    before = children()
    ready = threading.Event()

    class Ready(Discard):
        def write(self, data: bytes) -> None:
            ready.set()

    def cancel() -> None:
        ready.wait(60)
        run.cancel("somebody said so")

    if how == "cancel":
        threading.Thread(target=cancel, daemon=True).start()
    with pytest.raises(InterruptedRun, match="somebody said so" if how == "cancel" else "time limit of 1 s is over"):
        Pipeline(run, [HANGS, PASS_ON, Ready()]).execute()
    assert children() == before
    with pytest.raises(InterruptedRun):
        run.step("next")
    with pytest.raises(InterruptedRun):
        run.start(HANGS, stdin=False, stdout=True)


def test_a_process_that_starts_while_the_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cancel comes between the fork and the note of the new process: it must not stay alive."""
    run = Run()
    real = _process.Process.__init__

    def slow(self: _process.Process, *args: t.Any, **kwargs: t.Any) -> None:
        real(self, *args, **kwargs)
        run.cancel("in that moment")

    monkeypatch.setattr(_process.Process, "__init__", slow)
    with pytest.raises(InterruptedRun, match="in that moment"):
        Pipeline(run, [HANGS, Discard()]).execute()


PARENT = """
import sys
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Discard, Pipeline
from ansible_collections.vya.backupdb.plugins.module_utils._process import Command, Run

class Tell(Discard):
    def write(self, data):
        print(data.decode(), flush=True)

code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
child = Command((sys.executable, "-S", "-c", code), "dump")
Pipeline(Run(), [child, Tell()]).execute()
"""


def test_children_die_with_their_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    watch = os.pidfd_open(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    # Readable when the process has ended. It belongs to init by now.
    import select

    assert select.select([watch], [], [], 60)[0] == [watch]
    os.close(watch)


def test_steps_are_announced() -> None:
    seen: list[str] = []
    run = Run(observer=seen.append)
    run.step("one")
    run.cancel("enough")
    with pytest.raises(InterruptedRun, match=r"Stopped: enough.* Nothing of the unfinished work was kept"):
        run.step("two")
    assert seen == ["one", "two"]
    assert issubclass(InterruptedRun, BackupError)
