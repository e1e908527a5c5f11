# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The scripts of definitions that we write ourselves: statements between delimiter lines that occur in none of them.

A stock ``mysql`` client runs them as they are. Each statement is stored in the character set in which it was created,
since the server keeps that with views, triggers, routines and events.
"""

from __future__ import annotations

import dataclasses
import re
import secrets
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import literal, split
from ansible_collections.vya.backupdb.plugins.module_utils._engine.trailers import trailer_of
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError

_CODECS = {
    "utf8mb4": "utf-8",
    "utf8mb3": "utf-8",
    "utf8": "utf-8",
    "latin1": "cp1252",
    "latin2": "iso8859-2",
    "latin5": "iso8859-9",
    "latin7": "iso8859-13",
    "ascii": "ascii",
    "binary": "utf-8",  # nothing is converted, and names are UTF-8
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "cp1256": "cp1256",
    "cp1257": "cp1257",
    "cp850": "cp850",
    "cp852": "cp852",
    "cp866": "cp866",
    "cp932": "cp932",
    "big5": "big5",
    "euckr": "euc_kr",
    "gb18030": "gb18030",
    "gb2312": "gb2312",
    "gbk": "gbk",
    "greek": "iso8859-7",
    "hebrew": "iso8859-8",
    "koi8r": "koi8-r",
    "koi8u": "koi8-u",
    "sjis": "shift_jis",
    "tis620": "tis-620",
    "ujis": "euc_jp",
}
_CHARSET = re.compile(r"^SET character_set_client = '?([a-z0-9_]+)'?$")
_SQL_MODE = re.compile(r"^SET SESSION sql_mode = '([A-Z0-9_,]*)'$")
_KINDS = ("TABLE", "SEQUENCE", "VIEW", "TRIGGER", "FUNCTION", "PROCEDURE", "EVENT", "PACKAGE")
_HEADER = (
    "SET NAMES utf8mb4",
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
)


@dataclasses.dataclass(frozen=True)
class Definition:
    """One object as SHOW CREATE prints it, and the session in which it was made. ``kind``: table, sequence, function,
    procedure, package, package body, view, trigger, event."""

    kind: str
    name: str
    text: str
    sql_mode: str = ""
    charset: str = "utf8mb4"
    collation: str = ""
    database_collation: str = ""
    time_zone: str = ""
    table: str = ""

    def settings(self) -> list[str]:
        """SET statements that must come before its CREATE."""
        sets = [f"SET SESSION sql_mode = {literal(self.sql_mode or 'NO_AUTO_VALUE_ON_ZERO')}"]
        if self.kind not in ("table", "sequence"):
            sets[0] = f"SET SESSION sql_mode = {literal(self.sql_mode)}"
        sets.append(f"SET character_set_client = {self.encoding()[0]}")
        if self.collation and self.encoding()[0] == self.charset:
            sets.append(f"SET collation_connection = {self.collation}")
        if self.time_zone:
            sets.append(f"SET SESSION time_zone = {literal(self.time_zone)}")
        return sets

    def encoding(self) -> tuple[str, str]:
        """(the server's character set, Python's codec) in which it is written; utf8mb4 when its own cannot hold it."""
        codec = _CODECS.get(self.charset, "ascii")
        try:
            self.text.encode(codec)
        except UnicodeEncodeError:
            return "utf8mb4", "utf-8"
        return self.charset, codec


def write(definitions: t.Sequence[Definition], title: str, database_collation: str) -> bytes:
    """A script that creates ``definitions`` in the current database, in their order."""
    delimiter = "$$"
    texts = [definition.text for definition in definitions]
    while any(delimiter in text for text in texts):
        delimiter = f"${secrets.token_hex(8)}$"
    out = [f"-- {re.sub(r'[^ -~]', '?', title)}\nDELIMITER {delimiter}\n".encode()]

    def statement(text: str, codec: str = "utf-8") -> None:
        out.append(text.encode(codec) + f"\n{delimiter}\n".encode())

    for text in _HEADER:
        statement(text)
    for definition in definitions:
        other = definition.database_collation not in ("", database_collation)
        if other:
            statement(f"ALTER DATABASE COLLATE {definition.database_collation}")
        for text in definition.settings():
            statement(text)
        statement(definition.text, definition.encoding()[1])
        if other:
            statement(f"ALTER DATABASE COLLATE {database_collation}")
    statement("SET NAMES utf8mb4")
    out.append(b"DELIMITER ;\n" + trailer_of("mysql", "post-data") + b"\n")
    return b"".join(out)


def with_modes(text: str, modes: t.Sequence[str]) -> str:
    """A statement that sets sql_mode, with more modes; any other as it is."""
    found = _SQL_MODE.match(text)
    if found is None:
        return text
    return f"SET SESSION sql_mode = {literal(','.join([*filter(None, found.group(1).split(',')), *modes]))}"


@dataclasses.dataclass(frozen=True)
class Statement:
    """A statement of a script, with the codec it is written in and the sql_mode it is meant for."""

    text: str
    codec: str
    sql_mode: str


def read(script: bytes) -> t.Iterator[Statement]:
    """The statements of a script that :func:`write` made; EngineError, before the first, when it is none. They are not
    held at once: a script may be large."""
    start = re.match(rb"\A-- [^\n]*\nDELIMITER (\S+)\n", script)
    if start is None:
        raise EngineError("The part is no script of this collection.", stage="load")
    mark = b"\n" + start.group(1) + b"\n"
    if not script.startswith(b"DELIMITER ;\n", max(script.rfind(mark) + len(mark), start.end())):
        raise EngineError("The script of definitions ends too early.", stage="load")
    return _statements(script, start.end(), mark)


def _statements(script: bytes, begin: int, mark: bytes) -> t.Iterator[Statement]:
    codec, mode = "utf-8", ""
    while (end := script.find(mark, begin)) >= 0:
        text = script[begin:end].decode(codec)
        begin = end + len(mark)
        yield Statement(text, codec, mode)
        mode_set = _SQL_MODE.match(text)
        mode = mode_set.group(1) if mode_set else mode
        found = _CHARSET.match(text)
        if found:
            codec = _CODECS.get(found.group(1), "utf-8")
        elif text.startswith("SET NAMES "):
            codec = "utf-8"


def created(text: str, sql_mode: str = "") -> tuple[str, str] | None:
    """(kind, name) of what a CREATE statement makes, or None for another statement."""
    words = [word for word in split(text, sql_mode) if word.kind != "space"]
    if not words or words[0].text.upper() != "CREATE":
        return None
    for place, word in enumerate(words):
        kind = word.text.upper() if word.kind == "word" else ""
        if kind not in _KINDS:
            continue
        rest = [w for w in words[place + 1 : place + 8] if w.text.upper() not in ("IF", "NOT", "EXISTS", "BODY")]
        qualified = len(rest) > 2 and rest[1].text == "."
        name = rest[2 if qualified else 0].name if rest else None
        return (kind.lower(), name) if name is not None else None
    return None


def names_in(script: bytes) -> set[str]:
    """Names of everything that a script creates."""
    found = (created(statement.text, statement.sql_mode) for statement in read(script))
    return {item[1] for item in found if item is not None}


__all__ = ("Definition", "Statement", "created", "names_in", "read", "with_modes", "write")
