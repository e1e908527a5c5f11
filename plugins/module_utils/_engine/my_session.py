# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: statements of a foreign dump, run through the driver in a scratch database.

The driver knows no commands of a client (``system``, ``source``, ``\\!``), so that nothing in a dump can reach beyond
SQL, and each error belongs to one statement.
"""

from __future__ import annotations

import contextlib
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_warnings
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Session
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import execute, worded
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_folding import other_letters
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_tolerance import tolerate
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import quote
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError

try:
    import pymysql
except ImportError:
    pass  # connecting tells what is missing

# Modes in which a server tells strings from names, or where they end, in another way than a script expects that does
# not set them itself; some of them bring others along.
_OTHER_STRINGS = frozenset("ANSI ANSI_QUOTES DB2 MAXDB MSSQL NO_BACKSLASH_ESCAPES ORACLE POSTGRESQL".split())
_IN_TRANSACTION = 1
_NO_TABLE = 1146
# Numbers, since the text of an answer is in a character set that the file may choose.
_SEEN = (
    "SELECT NOT FIND_IN_SET('NO_BACKSLASH_ESCAPES', @@sql_mode), FIND_IN_SET('ANSI_QUOTES', @@sql_mode),"
    " @@character_set_client IN ('utf8', 'utf8mb3', 'utf8mb4', 'binary', 'ascii')"
)
# What is run later, by itself or by a statement, may set what a statement does not show.
_CODE = re.compile(rb"\b(?:TRIGGER|FUNCTION|PROCEDURE|PACKAGE)\b", re.I)


class MysqlSession(Session):
    """Statements are sent as they are, whatever their encoding."""

    def __init__(self, connection: t.Any, database: str) -> None:
        self._connection, self._database = connection, database
        # As the stock client starts: the server's own defaults.
        modes = str(execute(connection, "SELECT @@GLOBAL.sql_mode", stage="load")[0][0]).split(",")
        kept = ",".join(mode for mode in modes if mode not in _OTHER_STRINGS)
        execute(connection, f"SET SESSION sql_mode = '{kept}', time_zone = @@GLOBAL.time_zone", stage="load")
        execute(connection, "SET SESSION group_concat_max_len = @@GLOBAL.group_concat_max_len", stage="load")
        tolerate(connection, own=False, stage="load")
        execute(connection, f"USE {quote(database)}", stage="load")
        self._cursor = connection.cursor()
        self._strings = (True, False, True)
        self._code = False
        self._database = database
        self._warned = (0, "")

    def run(self, statement: bytes, *, data: bool = False) -> None:
        self._warned = (0, "")
        try:
            self._cursor.execute(statement)
            while self._cursor.nextset():
                pass
            self._look_at_warnings()
        except pymysql.Error as exc:
            failed = EngineError(f"The server refused it: {worded(exc, data=data)}", stage="load")
            if exc.args[:1] == (_NO_TABLE,):
                with contextlib.suppress(EngineError):
                    failed.hint = other_letters(self._connection, self._database, str(exc.args[-1]))
            raise failed from exc
        self._code = self._code or (not data and _CODE.search(statement) is not None)

    def _look_at_warnings(self) -> None:
        """Asks only where the server's answer says that there are some."""
        result = getattr(self._cursor, "_result", None)
        total = int(getattr(result, "warning_count", 0) or 0)
        if total:
            with self._connection.cursor() as cursor:
                cursor.execute("SHOW WARNINGS")
                self._warned = my_warnings.read(cursor.fetchall(), total, self._database)

    def warned(self) -> tuple[int, str]:
        return self._warned

    def agree(self, strings: tuple[bool, bool, bool] | None) -> None:
        if strings is None and not self._code:
            return
        self._strings = strings or self._strings
        if self._seen() != self._strings:
            raise EngineError(
                "Refused: sql_mode or the client's character set is not what the file says, and strings would be read"
                " otherwise than they are written.",
                stage="load",
                hint="Set them by words: SET sql_mode = '...', SET NAMES utf8mb4.",
            )

    def _seen(self) -> tuple[bool, bool, bool]:
        plain, ansi, utf8 = execute(self._connection, _SEEN, stage="load")[0]
        return bool(plain), bool(ansi), bool(utf8)

    def copy(self, statement: bytes, data: t.Iterator[bytes]) -> None:
        raise EngineError("COPY is PostgreSQL's.", stage="load")

    def code(self, exc: BaseException) -> str:
        cause = exc.__cause__
        return str(cause.args[0]) if isinstance(cause, pymysql.Error) and cause.args else ""

    def finish(self) -> None:
        if self._connection.server_status & _IN_TRANSACTION:
            raise EngineError(
                "The dump ends inside a transaction: there is a BEGIN without its COMMIT.",
                stage="load",
                hint="It is cut short, or was written for a client that commits at its end.",
            )

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._connection.close()


__all__ = ("MysqlSession",)
