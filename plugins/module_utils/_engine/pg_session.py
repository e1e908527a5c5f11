# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: statements of a foreign dump, run through the driver in a scratch database.

The driver knows no commands of a client (psql's backslash commands, variables), so that nothing in a dump can reach
beyond SQL, and each error belongs to one statement.
"""

from __future__ import annotations

import contextlib
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Session
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import query, sqlstate
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, EngineError

try:
    import psycopg2
except ImportError:
    pass  # connecting tells what is missing

# As psql starts, but for timeouts that are meant for applications. The dump's own SETs follow.
_START = (
    "RESET ALL; SET client_encoding = 'UTF8'; SET statement_timeout = 0; SET lock_timeout = 0;"
    " SET idle_in_transaction_session_timeout = 0; SET client_min_messages = warning"
)
_READ = 1 << 20
_IDLE = 0
_DATA_EXCEPTION = "22"


class PostgresqlSession(Session):
    """Statements are sent as they are, whatever their encoding."""

    def __init__(self, connection: t.Any) -> None:
        self._connection = connection
        query(connection, _START, stage="load")
        self._cursor = connection.cursor()

    def run(self, statement: bytes, *, data: bool = False) -> None:
        try:
            self._cursor.execute(statement)
        except psycopg2.Error as exc:
            raise _error(exc, data) from exc

    def copy(self, statement: bytes, data: t.Iterator[bytes]) -> None:
        rows = _Rows(data)
        try:
            self._cursor.copy_expert(statement, rows, _READ)
        except psycopg2.Error as exc:
            if rows.error is not None:
                raise rows.error from None
            raise _error(exc, True) from exc

    def code(self, exc: BaseException) -> str:
        return sqlstate(exc.__cause__)

    def finish(self) -> None:
        if self._connection.info.transaction_status != _IDLE:
            raise EngineError(
                "The dump ends inside a transaction: there is a BEGIN without its COMMIT.",
                stage="load",
                hint="It is cut short, or was written for a client that commits at its end.",
            )

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._connection.close()


class _Rows:
    """COPY's data as the driver wants to read it. What breaks the stream is kept, since the driver hides it."""

    def __init__(self, data: t.Iterator[bytes]) -> None:
        self._data = data
        self._rest = b""
        self.error: BaseException | None = None

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes; none at the end."""
        try:
            while not self._rest:
                self._rest = next(self._data)
        except StopIteration:
            return b""
        except BaseException as exc:
            self.error = exc
            raise
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def _error(exc: BaseException, data: bool) -> BackupError:
    """The server's message and hint. Its detail and context may hold values of rows, as may what it quotes when a value
    cannot be read."""
    diagnosis = getattr(exc, "diag", None)
    message = str(getattr(diagnosis, "message_primary", None) or str(exc).strip() or type(exc).__name__)
    if data and sqlstate(exc).startswith(_DATA_EXCEPTION):
        message = re.sub(r'".*"', '"..."', message, flags=re.S)
    hint = str(getattr(diagnosis, "message_hint", None) or "")
    return EngineError(f"The server refused it: {message}", stage="load", hint=hint)


__all__ = ("PostgresqlSession",)
