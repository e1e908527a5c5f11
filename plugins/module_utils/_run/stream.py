# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What a pipeline writes, as an iterator: for who reads at a pace of its own."""

from __future__ import annotations

import contextlib
import queue
import threading
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, ToolError
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Node, Pipeline, Run, Sink

# Chunks that wait; with the pipe's own buffer that is what keeps a decompressor busy.
_AHEAD = 4
_END = b""


class _Abandoned(BackupError):
    """Nobody reads any more."""


class _Queue(Sink):
    """Hands chunks over; waits while too many are not taken, and ends when nobody takes them any more."""

    def __init__(self) -> None:
        self.chunks: queue.Queue[bytes | BaseException] = queue.Queue(_AHEAD)
        self.abandoned = threading.Event()

    def write(self, data: bytes) -> None:
        if data:
            self.put(data)

    def close(self) -> None:
        self.put(_END)

    def put(self, item: bytes | BaseException) -> None:
        """Raises when the reader is gone."""
        while not self.abandoned.is_set():
            with contextlib.suppress(queue.Full):
                self.chunks.put(item, timeout=0.1)
                return
        raise _Abandoned("The rest is not read.")


@contextlib.contextmanager
def streamed(run: Run, nodes: t.Sequence[Node], *, patience: float = 0.0) -> t.Iterator[t.Iterator[bytes]]:
    """The bytes at the end of a chain of ``nodes`` (a source, filters, commands).

    The iterator raises what broke the chain: a stream that ended because its decompressor died is not mistaken for a
    whole one. Leaving the context early ends the chain. ``patience``: seconds without a byte after which a chain that
    should go on is given up; 0 waits for ever.
    """
    sink = _Queue()
    pipeline = Pipeline(run, [*nodes, sink])

    def pump() -> None:
        try:
            pipeline.execute()
        except _Abandoned:
            pass
        except BaseException as exc:  # of a chain that was ended here nobody hears
            with contextlib.suppress(_Abandoned):
                sink.put(exc)

    thread = threading.Thread(target=pump, daemon=True, name="stream")
    thread.start()
    try:
        yield _taken(run, sink, thread, patience)
    finally:
        sink.abandoned.set()
        pipeline.kill()
        thread.join()


def _taken(run: Run, sink: _Queue, thread: threading.Thread, patience: float) -> t.Iterator[bytes]:
    waited = 0
    while True:
        try:
            item = sink.chunks.get(timeout=1)
        except queue.Empty:
            run.check()
            waited += 1
            if patience and waited >= patience:
                raise ToolError(f"Nothing came for {waited} seconds.", stage="read") from None
            if not thread.is_alive() and sink.chunks.empty():
                raise ToolError("The stream broke without a word.", stage="read") from None
            continue
        if isinstance(item, BaseException):
            raise item
        if item == _END:
            return
        run.check()
        waited = 0
        yield item


__all__ = ("streamed",)
