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

from ansible_collections.vya.backupdb.plugins.module_utils._engine import pg_said, pg_steady
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Session
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import (
    LOST,
    LOST_HINT,
    is_lost,
    membership_hint,
    query,
    sqlstate,
    words,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_foreign import ForeignWrites
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Unreadable
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_strings import REPORTED, agreed, resets, sets

try:
    import psycopg2
except ImportError:
    pass  # connecting tells what is missing

# As psql starts, but for timeouts that are meant for applications. The dump's own SETs follow. No commit of a load
# waits for the disk: that of the swap makes all before it durable too.
_STRINGS = b"SET standard_conforming_strings = on"
_START = (
    "SET client_encoding = 'UTF8'; SET client_min_messages = warning;"
    f" SET synchronous_commit = off; {_STRINGS.decode()}"
)
_READ = 1 << 16
_IDLE, _FAILED = 0, 3
_NO_DATA = re.compile(rb"(?:GRANT|REVOKE|SET|RESET|COMMENT)\b", re.I)


class PostgresqlSession(Session):
    """Statements are sent as they are, whatever their encoding."""

    def __init__(self, connection: t.Any) -> None:
        self._connection = connection
        query(connection, "RESET ALL", stage="load")
        # The server, the database or the role may begin with something else than the reader.
        self._other_strings = self._reported()[0] != "on"
        steady = pg_steady.statements(int(connection.server_version) // 10000)
        query(connection, f"{steady}; {_START}", stage="load")
        self._cursor = connection.cursor()
        self._standard_strings = True
        self._foreign = ForeignWrites(self._cursor)

    def run(self, statement: bytes, *, data: bool = False) -> None:
        self._check(statement)
        try:
            self._foreign.check(statement, escapes=not self._standard_strings)
            self._cursor.execute(statement)
            if resets(statement):
                self._other_strings = self._reported()[0] != "on"
                self._cursor.execute(_STRINGS)
        except psycopg2.Error as exc:
            raise self._error(exc, statement, data and not _NO_DATA.match(statement)) from exc
        self._agree(statement)

    def _reported(self) -> list[str]:
        return [self._connection.info.parameter_status(name) or "" for name in REPORTED]

    def _check(self, statement: bytes) -> None:
        """Refuse what would mean something else to the server than to the reader."""
        _check_whole(statement)
        if self._other_strings and sets(statement):
            self._other_strings = False
        elif self._other_strings and b"\\" in statement:
            raise EngineError(
                "Refused: a statement with a backslash, where standard_conforming_strings is off by a setting of the"
                " server, of the database or of the role.",
                stage="load",
                hint="Put SET standard_conforming_strings = on (or off, as it was written) at the dump's beginning.",
            )

    def _agree(self, statement: bytes) -> None:
        """The next statement was read as if the server read strings in a known way: see that it does."""
        try:
            self._standard_strings = agreed(statement, self._standard_strings, *self._reported())
        except Unreadable as exc:
            raise EngineError(f"Refused: {exc}.", stage="load", hint="Take the statement out of the dump.") from None

    def copy(self, statement: bytes, data: t.Iterator[bytes]) -> None:
        self._check(statement)
        rows = _Rows(data)
        try:
            self._foreign.check(statement, escapes=not self._standard_strings)
            self._cursor.copy_expert(statement, rows, _READ)
        except psycopg2.Error as exc:
            if rows.error is not None:
                raise rows.error from None
            raise self._error(exc, statement, True) from exc
        self._agree(statement)

    def _error(self, exc: BaseException, statement: bytes, data: bool) -> BackupError:
        if is_lost(self._connection, exc):
            return EngineError(LOST, stage="load", hint=LOST_HINT)
        error = _error(exc, data, statement)
        error.hint = membership_hint(error.msg, self._connection.info.user) or error.hint
        return error

    def code(self, exc: BaseException) -> str:
        return sqlstate(exc.__cause__)

    def broken(self) -> bool:
        return bool(self._connection.info.transaction_status == _FAILED)

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
        self._piece, self._taken = b"", 0
        self.error: BaseException | None = None

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes; none at the end."""
        try:
            while self._taken >= len(self._piece):
                self._piece, self._taken = next(self._data), 0
        except StopIteration:
            return b""
        except BaseException as exc:
            self.error = exc
            raise
        begin, self._taken = self._taken, self._taken + size
        return self._piece[begin : self._taken]


def _check_whole(statement: bytes) -> None:
    """For the driver a statement ends at the first NUL byte, and what follows would be lost without a word."""
    if b"\0" in statement:
        raise EngineError("Refused: the statement holds a NUL byte, which no text of PostgreSQL can.", stage="load")


def _error(exc: BaseException, data: bool, statement: bytes) -> BackupError:
    """The server's message and hint, without what may be the value of a row."""
    said = str(getattr(getattr(exc, "diag", None), "message_hint", None) or "")
    told = words(exc, own=not data, statement=statement.decode("utf-8", "replace"))
    return EngineError(f"The server refused it: {told}", stage="load", hint=pg_said.hint(said))


__all__ = ("PostgresqlSession",)
