# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Processes and the run they belong to: start, feed, drain, watch, end."""

from __future__ import annotations

import ctypes
import dataclasses
import fcntl
import os
import signal
import subprocess
import threading
import time
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, InterruptedRun, ToolError, redact

# What is read at once still is in the processor's cache when it is hashed, encrypted and written.
CHUNK = 1 << 18
_PIPE = 1 << 20
_STDERR_BEGIN, _STDERR_KEPT = 4096, 12000
_F_SETPIPE_SZ = 1031
# A statement is ended through a connection of its own, which a server that is gone does not answer.
_PATIENCE = 10.0
_F_GETPIPE_SZ = 1032
_SHORT = 1 << 17
_PAUSE = 0.001
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclasses.dataclass(frozen=True)
class Command:
    """What to start: ``argv`` without secrets; ``env`` is merged into the environment after ``unset`` names are taken
    out; ``fds`` are inherited. ``stage`` names the step in errors. ``on_failure`` explains a known stderr."""

    argv: tuple[str, ...]
    stage: str
    env: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    unset: tuple[str, ...] = ()
    fds: tuple[int, ...] = ()
    on_failure: t.Callable[[str], str] | None = None
    # Takes out of its stderr what no message may repeat: rows.
    clean: t.Callable[[str], str] | None = None

    @property
    def tool(self) -> str:
        """The program's name, without its folder."""
        return os.path.basename(self.argv[0])


class SecretFile:
    """A file in memory that a child opens as :attr:`path`; it has no name on any disk and ends with its last user.

    Its mode is 0600 since libpq and the MySQL clients refuse files that others may read or write.
    """

    def __init__(self, content: bytes) -> None:
        self.fd = os.memfd_create("backupdb", os.MFD_CLOEXEC)
        os.fchmod(self.fd, 0o600)
        view = memoryview(content)
        while view:
            view = view[os.write(self.fd, view) :]

    @property
    def path(self) -> str:
        """Valid in a child that inherits :attr:`fd`; each open starts at the first byte."""
        return f"/dev/fd/{self.fd}"

    def close(self) -> None:
        """Let go of it here."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class Run:
    """One task at work: its time limit, its secrets, its live processes, and who is told of each step.

    ``observer(step)`` is called before each step that changes something; tests kill the process there.
    """

    def __init__(
        self,
        *,
        timeout: float | None = None,
        secrets: t.Iterable[str] = (),
        observer: t.Callable[[str], None] | None = None,
    ) -> None:
        self._deadline = time.monotonic() + timeout if timeout else None
        self._limit = f"the time limit of {timeout:g} s is over" if timeout else ""
        self._secrets = set(secrets)
        self._observer = observer
        self._reason = ""
        self._live: list[Process] = []
        self._on_cancel: list[t.Callable[[], None]] = []
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        if timeout:
            threading.Thread(target=self._watch, args=(timeout,), daemon=True, name="time-limit").start()

    def step(self, name: str) -> None:
        """Announce a step, and stop here if the run is over."""
        if self._observer is not None:
            self._observer(name)
        self.check()

    def check(self) -> None:
        """Raise InterruptedRun when a signal came or the time is up."""
        if not self._reason and self._deadline is not None and time.monotonic() > self._deadline:
            self.cancel(self._limit)
        if self._reason:
            # Clean-up follows, and a cancellation that is still on its way would end that as well.
            self._cancelled.wait(_PATIENCE)
            raise InterruptedRun(f"Stopped: {self._reason}.", hint="Nothing of the unfinished work was kept.")

    def cancel(self, reason: str) -> None:
        """End the run from any thread: kills what is running, ends statements, and makes every :meth:`check` raise.

        Clean-up goes on undisturbed: what is started or connected later is not ended. Only the first call does a thing.
        """
        with self._lock:
            if self._reason:
                return
            self._reason = reason
            live, actions = list(self._live), list(self._on_cancel)
        try:
            for process in live:
                process.kill()
            for action in actions:
                action()
        finally:
            self._cancelled.set()

    def on_cancel(self, action: t.Callable[[], None]) -> None:
        """``action`` ends what waits for a server; it is called from any thread and must not raise."""
        with self._lock:
            self._on_cancel.append(action)

    def cause(self, exc: BackupError) -> BackupError:
        """What is to be told of an error: when the run was cancelled, broken statements and tools are but its echo."""
        try:
            self.check()
        except InterruptedRun as reason:
            return exc if isinstance(exc, InterruptedRun) else reason
        return exc

    def keep_secret(self, *texts: str) -> None:
        """Secrets that are no options but were read from a file."""
        self._secrets.update(texts)

    def redact(self, text: str) -> str:
        """``text`` without the secrets of this run."""
        return redact(text, self._secrets)

    def start(self, command: Command, *, stdin: bool, stdout: bool) -> Process:
        """Start a process; it is killed when this one dies, however it dies."""
        self.check()
        process = Process(self, command, stdin=stdin, stdout=stdout)
        with self._lock:
            self._live.append(process)
        if self._reason:  # it was cancelled a moment ago, when this process was not known
            process.kill()
        return process

    def forget(self, process: Process) -> None:
        """The process has ended and was waited for."""
        with self._lock:
            if process in self._live:
                self._live.remove(process)

    def _watch(self, timeout: float) -> None:
        if not self._cancelled.wait(timeout):
            self.cancel(self._limit)


class Process:
    """A child with its stderr drained from the first moment."""

    def __init__(self, run: Run, command: Command, *, stdin: bool, stdout: bool) -> None:
        self._run = run
        self.command = command
        self._killed = False
        parent = os.getpid()
        env = {k: v for k, v in os.environ.items() if k not in command.unset}
        env.update(command.env)

        def before_exec() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(127)

        try:
            # One place opens processes: here. No shell, an own session so that its helpers end with it.
            self._popen = subprocess.Popen(  # pylint: disable=ansible-bad-function
                command.argv,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE if stdout else subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=env,
                bufsize=0,
                pass_fds=command.fds,
                start_new_session=True,
                preexec_fn=before_exec,
            )
        except OSError as exc:
            raise ToolError(f"{command.tool} cannot be started: {exc.strerror}.", stage=command.stage) from exc
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                _enlarge(pipe.fileno())
        self._begin, self._tail = bytearray(), bytearray()
        self._cut = False  # whether something between them was forgotten
        self._drain = threading.Thread(target=self._drain_stderr, daemon=True, name=f"stderr-{command.tool}")
        self._drain.start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._popen.pid

    def _drain_stderr(self) -> None:
        pipe = t.cast(t.BinaryIO, self._popen.stderr)
        for data in iter(lambda: os.read(pipe.fileno(), 65536), b""):
            room = _STDERR_BEGIN - len(self._begin)
            self._begin += data[:room]
            self._tail += data[room:]
            self._cut = self._cut or len(self._tail) > _STDERR_KEPT
            del self._tail[:-_STDERR_KEPT]

    def _said(self) -> str:
        """The beginning and the end of its stderr, without secrets. An error may stand before a long statement."""
        begin, tail = self._begin, self._tail
        if self._cut:  # without the lines that were cut: half a secret would not be found
            begin, tail = begin[: begin.rfind(b"\n") + 1], tail[tail.find(b"\n") + 1 :]
        return self._run.redact((begin + tail).decode("utf-8", "replace")).strip()

    def stderr(self) -> str:
        """What may be passed on of it. Valid after :meth:`reap` or :meth:`wait_ok`."""
        said = self._said()
        return self.command.clean(said) if self.command.clean else said

    def read_chunks(self) -> t.Iterator[bytes]:
        """Its stdout until it closes it."""
        pipe = t.cast(t.BinaryIO, self._popen.stdout)
        pause = _PAUSE if fcntl.fcntl(pipe.fileno(), _F_GETPIPE_SZ) >= _PIPE else 0.0
        for data in iter(lambda: os.read(pipe.fileno(), CHUNK), b""):
            yield data
            # Tools write 4 KiB at a time. Whoever reads faster is woken for each; the pipe holds what comes meanwhile.
            if pause and len(data) < _SHORT:
                time.sleep(pause)

    def write(self, data: bytes) -> None:
        """Feed its stdin; when it stopped reading, its own failure is raised rather than a broken pipe."""
        pipe = t.cast(t.BinaryIO, self._popen.stdin)
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(pipe.fileno(), view) :]
        except BrokenPipeError as exc:
            self.wait_ok()
            raise self._error("stopped reading before the end") from exc

    def close_stdin(self) -> None:
        """The end of its input."""
        if self._popen.stdin is not None:
            self._popen.stdin.close()

    def wait_ok(self) -> None:
        """Wait for its end; raise ToolError unless its exit status is 0."""
        rc = self._popen.wait()
        self._drain.join()
        if rc != 0:
            raise self._error("failed")

    def _error(self, what: str) -> ToolError:
        stderr = self.stderr()  # without rows and secrets, parts of which a hint repeats
        explain = self.command.on_failure
        return ToolError(
            f"{self.command.tool} {what}.",
            stage=self.command.stage,
            rc=self._popen.returncode,
            stderr=stderr,
            hint=explain(stderr) if explain else "",
        )

    def kill(self) -> None:
        """End it and its helpers at once; harmless when it has ended."""
        if self._popen.returncode is None and not self._killed:
            self._killed = True
            try:
                os.killpg(self._popen.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                self._popen.kill()

    def reap(self) -> None:
        """Wait for a process that has ended or was killed, and close its pipes."""
        self._popen.wait()
        self._drain.join()
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if pipe is not None and not pipe.closed:
                try:
                    pipe.close()
                except OSError:
                    pass  # nobody reads it any more
        self._run.forget(self)


def _enlarge(fd: int) -> None:
    """A pipe of 1 MiB halves the context switches; the kernel may refuse it to unprivileged users."""
    try:
        fcntl.fcntl(fd, _F_SETPIPE_SZ, _PIPE)
    except OSError:
        pass


__all__ = ("CHUNK", "Command", "Process", "Run", "SecretFile")
