# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: the global read lock, held for the moment in which two snapshots open."""

from __future__ import annotations

import contextlib
import threading
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import Client, execute
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, EngineError

# Waiting for the global read lock stops all writers behind it, so it must be short.
_LOCK_WAIT = 3
_HELD_AT_MOST = 15.0


class GlobalReadLock:
    """FLUSH TABLES WITH READ LOCK for the moment in which two snapshots open, so that they are the same.

    It ends when the dump tool's first table appears in its output, at the latest after 15 seconds.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._connection: t.Any = None
        self._guard = threading.Lock()
        self._timer: threading.Timer | None = None
        self.timed_out = False
        self.lost = False

    def take(self) -> str:
        """An empty text when the lock is held, or why it is not."""
        connection = self._client.connect()
        try:
            execute(connection, f"SET SESSION lock_wait_timeout = {_LOCK_WAIT}", stage="lock")
            execute(connection, "FLUSH TABLES WITH READ LOCK", stage="lock")
        except EngineError as exc:
            connection.close()
            return str(exc.msg)
        self._connection = connection
        self._timer = threading.Timer(_HELD_AT_MOST, self._expire)
        self._timer.daemon = True
        self._timer.start()
        return ""

    def _expire(self) -> None:
        with self._guard:
            if self._connection is not None:
                self.timed_out = True
        self.release()

    def release(self) -> None:
        """End the lock; harmless when it is not held."""
        with self._guard:
            connection, self._connection = self._connection, None
        if self._timer is not None:
            self._timer.cancel()
        if connection is not None:
            try:
                execute(connection, "UNLOCK TABLES", stage="lock")
            except BackupError:
                self.lost = True  # somebody ended the session, nobody knows when
            with contextlib.suppress(Exception):
                connection.close()


__all__ = ("GlobalReadLock",)
