# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""One supervised pipeline: the only place in the collection that starts processes.

A pipeline is a chain of ends (processes, files, streams) joined by pumps. A pump moves chunks from one end to the next
through in-process filters (count, hash, encrypt). Its order of work is what makes backups trustworthy: the lower end is
finished (its stdin closed, its file committed) only after the upper end has ended well. The first failure kills all
processes, so that no peer can mistake a broken stream for the end of a good one.
"""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, ToolError
from ansible_collections.vya.backupdb.plugins.module_utils._process import CHUNK, Command, Process, Run

# Pumps end when their processes are killed; one that waits for a database server is left behind.
_PATIENCE = 10.0


class Filter:
    """Something that sees, and may change, the bytes that pass. ``update`` and ``finish`` return what goes on.

    ``max_input`` bounds what ``update`` gets at once, for filters whose output may be a thousand times their input.
    """

    max_input = 0

    def update(self, data: bytes) -> bytes:
        """One chunk."""
        return data

    def finish(self) -> bytes:
        """Called once, after the upper end has ended well; raises when what passed is not acceptable."""
        return b""


class Source:
    """The upper end of a pump."""

    def chunks(self) -> t.Iterator[bytes]:
        """The bytes, in pieces of any size."""
        raise NotImplementedError  # pragma: no cover

    def ended(self) -> None:
        """Raises unless the source ended well; called after the last chunk."""


class Sink:
    """The lower end of a pump."""

    def write(self, data: bytes) -> None:
        """Take all of ``data``."""
        raise NotImplementedError  # pragma: no cover

    def close(self) -> None:
        """The stream is complete and good."""


class StreamSource(Source):
    """Bytes that are made or read in this process."""

    def __init__(self, stream: t.Iterable[bytes]) -> None:
        self._stream = stream

    def chunks(self) -> t.Iterator[bytes]:
        return iter(self._stream)


class _Reader(Source):
    """The stdout of a process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def chunks(self) -> t.Iterator[bytes]:
        return self._process.read_chunks()

    def ended(self) -> None:
        self._process.wait_ok()


class _Writer(Sink):
    """The stdin of a process; ``last`` waits for its end, since nobody reads its stdout."""

    def __init__(self, process: Process, *, last: bool) -> None:
        self._process = process
        self._last = last

    def write(self, data: bytes) -> None:
        self._process.write(data)

    def close(self) -> None:
        self._process.close_stdin()
        if self._last:
            self._process.wait_ok()


class Discard(Sink):
    """Where a stream goes that is only checked."""

    def write(self, data: bytes) -> None:
        pass


class Collect(Sink):
    """Keeps a short output in memory; ToolError when it is longer than ``limit`` bytes."""

    def __init__(self, limit: int = 1 << 20) -> None:
        self.data = bytearray()
        self._limit = limit

    def write(self, data: bytes) -> None:
        self.data += data
        if len(self.data) > self._limit:
            raise ToolError(f"The output is longer than {self._limit} bytes.")


def capture(run: Run, command: Command, limit: int = 1 << 20) -> bytes:
    """The stdout of a short command that must succeed."""
    output = Collect(limit)
    Pipeline(run, [command, output]).execute()
    return bytes(output.data)


Node = t.Union[Source, Sink, Filter, Command]


def read_file(stream: t.BinaryIO) -> StreamSource:
    """A source that reads an open file to its end."""
    return StreamSource(iter(lambda: stream.read(CHUNK), b""))


class _Pump:
    """Moves all bytes from ``source`` through ``filters`` into ``sink``."""

    def __init__(self, run: Run, source: Source, filters: t.Sequence[Filter], sink: Sink) -> None:
        self._run = run
        self.source, self.filters, self.sink = source, filters, sink

    def _pass(self, data: bytes, filters: t.Sequence[Filter]) -> None:
        for index, item in enumerate(filters):
            if item.max_input and len(data) > item.max_input:
                for start in range(0, len(data), item.max_input):
                    self._pass(item.update(data[start : start + item.max_input]), filters[index + 1 :])
                return
            data = item.update(data)
        if data:
            self.sink.write(data)

    def run(self) -> None:
        for chunk in self.source.chunks():
            self._run.check()  # without a process in the chain nobody else would notice that the run is over
            self._pass(chunk, self.filters)
        self.source.ended()
        for index, item in enumerate(self.filters):
            self._pass(item.finish(), self.filters[index + 1 :])
        self.sink.close()


class Pipeline:
    """``Pipeline(run, [source, filter, command, filter, sink]).execute()``.

    The first node is a Source or a Command, the last a Sink or a Command; Commands between are filters that run as
    processes. All raise BackupError; the first failure is the one raised.
    """

    def __init__(self, run: Run, nodes: t.Sequence[Node]) -> None:
        self._run = run
        self._nodes = nodes
        self._processes: list[Process] = []
        self._errors: list[BaseException] = []
        self._lock = threading.Lock()
        self._over = False

    def execute(self) -> list[str]:
        """Run to the end. Returns what tools that succeeded said on stderr (warnings), without secrets."""
        threads: list[threading.Thread] = []
        try:
            pumps = self._build()
            for pump in pumps[:-1]:
                threads.append(threading.Thread(target=self._guarded, args=(pump,), name="pump", daemon=True))
                threads[-1].start()
            self._guarded(pumps[-1])
            for thread in threads:
                thread.join()
        except BaseException as exc:  # a tool that cannot be started
            self._fail(exc)
        finally:
            self.kill()
            for thread in threads:
                thread.join(_PATIENCE)
            for process in self._processes:
                process.reap()
        if self._errors:
            self._run.check()  # a signal or the time limit explains every broken pipe that followed
            raise self._errors[0]
        return [process.stderr() for process in self._processes if process.stderr()]

    def _build(self) -> list[_Pump]:
        """Start every process, then join the ends. Starting first keeps forks away from running pumps."""
        nodes: list[Source | Sink | Filter | Process] = []
        for index, node in enumerate(self._nodes):
            if isinstance(node, Command):
                process = self._run.start(node, stdin=index > 0, stdout=index < len(self._nodes) - 1)
                self._processes.append(process)
                if self._over:  # it was ended a moment ago, when this process was not known
                    process.kill()
                nodes.append(process)
            else:
                nodes.append(node)
        pumps: list[_Pump] = []
        source: Source | None = None
        filters: list[Filter] = []
        for index, item in enumerate(nodes):
            if isinstance(item, Filter):
                filters.append(item)
                continue
            if source is not None:
                last = index == len(nodes) - 1
                sink = _Writer(item, last=last) if isinstance(item, Process) else item
                pumps.append(_Pump(self._run, source, filters, t.cast(Sink, sink)))
                filters = []
            source = _Reader(item) if isinstance(item, Process) else t.cast(Source, item)
        return pumps

    def _guarded(self, pump: _Pump) -> None:
        try:
            pump.run()
        except BaseException as exc:
            self._fail(exc)
            if not isinstance(exc, Exception):
                raise

    def _fail(self, exc: BaseException) -> None:
        with self._lock:
            if not any(known is exc for known in self._errors):
                self._errors.append(self._named(exc))
        self.kill()

    @staticmethod
    def _named(exc: BaseException) -> BaseException:
        if isinstance(exc, BackupError) or not isinstance(exc, Exception):
            return exc
        return ToolError(f"The stream broke: {type(exc).__name__}: {exc}.", stage="stream")

    def kill(self) -> None:
        """End it from another thread."""
        self._over = True
        for process in self._processes:
            process.kill()


__all__ = (
    "Collect",
    "Command",
    "Discard",
    "Filter",
    "Pipeline",
    "Process",
    "Run",
    "Sink",
    "Source",
    "StreamSource",
    "capture",
    "read_file",
)
