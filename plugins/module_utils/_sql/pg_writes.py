# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: which relations a statement writes into, and whether one of them is a table of another server."""

from __future__ import annotations

import re

from ansible_collections.vya.backupdb.plugins.module_utils._sql import table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Place
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import RefusedError

# A name in its parts, folded.
Name = tuple[str, ...]

_VERB = re.compile(rb"(?:INSERT|UPDATE|DELETE|COPY|TRUNCATE|MERGE|WITH|CREATE)\b", re.I)
_PART = rb'(?:[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*(?![A-Za-z0-9_$\x80-\xff])|"(?:[^"]|"")*"(?!"))'
# Where nothing but a name of one or two parts follows, what comes behind it tells nothing more of the target.
_PLAIN = re.compile(
    rb"(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|COPY)\s+(?!ONLY\b|BINARY\b)%s(?:\.%s)?(?=\s*[^\s.])" % (_PART, _PART), re.I
)
_HEAD = 4096
_BEFORE_NAME = frozenset(("INTO", "FROM", "ONLY", "BINARY", "TABLE", "("))
_WRITES = frozenset(("INSERT", "UPDATE", "DELETE", "MERGE"))
_MAX_HEADS = 10_000


def verb_of(text: bytes) -> str:
    """The verb of a statement that may write, in capitals; empty for others."""
    found = _VERB.match(text)
    return found.group().decode().upper() if found else ""


class Targets:
    """Names of what statements write into. What was found is remembered by the statement's beginning."""

    def __init__(self) -> None:
        self._known: dict[bytes, list[Name]] = {}

    def of(self, text: bytes, *, escapes: bool = False) -> list[Name]:
        """Of one statement; a part of a definition that looks like a write is told too. ``escapes``: see Parsed."""
        verb = verb_of(text)
        if not verb:
            return []
        plain = _PLAIN.match(text)
        if plain is None:
            return _names(text, verb, escapes)
        found = self._known.get(plain.group())
        if found is None:
            found = _names(plain.group() + b" ;", verb, escapes)
            if len(self._known) < _MAX_HEADS:
                self._known[plain.group()] = found
        return found


def _names(text: bytes, verb: str, escapes: bool) -> list[Name]:
    if verb in ("INSERT", "UPDATE", "DELETE", "COPY"):
        for part in (text[:_HEAD], text):
            parsed = Parsed(part, escapes=escapes)
            place, name = _name(parsed, 1)
            if name and place + 1 < len(parsed):  # half a name tells nothing
                return [name]
        return [name] if name else []
    parsed = Parsed(text, escapes=escapes)
    if verb == "TRUNCATE":
        return _listed(parsed)
    if verb == "CREATE" and "TABLE" not in parsed.upper[:4]:
        return []
    found = [_name(parsed, at + 1)[1] for at, word in enumerate(parsed.upper) if word in _WRITES]
    return [name for name in found if name]


def _name(parsed: Parsed, place: int) -> tuple[int, Name]:
    """(the place behind it, the name at a place or behind the words that come before a name)."""
    while parsed.at(place).upper in _BEFORE_NAME:
        place += 1
    parts = []
    while parsed.at(place).name is not None:
        parts.append(parsed.at(place).name or "")
        place += 1
        if parsed.at(place).text != ".":
            break
        place += 1
    return place, tuple(parts)


def _listed(parsed: Parsed) -> list[Name]:
    names, place = [], 1
    while place < len(parsed):
        place, name = _name(parsed, place)
        names.append(name)
        while place < len(parsed) and parsed.at(place).text in ("*", ")"):
            place += 1
        if parsed.at(place).text != ",":
            break
        place += 1
    return [name for name in names if name]


_CREATED = re.compile(rb"CREATE\s+FOREIGN\s+TABLE\b", re.I)
_PATH = re.compile(
    rb"(?:SET\s+(?:SESSION\s+|LOCAL\s+)?search_path\b|SELECT\b[^(]*\bset_config\s*\(\s*'search_path')", re.I
)


class ForeignTables:
    """Those that a stream makes; what it writes into them is refused while it is read."""

    def __init__(self) -> None:
        self._targets = Targets()
        self._made: set[Name] = set()
        self._path = ""

    def see(self, text: bytes, place: Place | None) -> None:
        """The next statement of the stream. Raises RefusedError."""
        if _PATH.match(text):
            self._path = text.decode("utf-8", "replace")
        elif _CREATED.match(text):
            parsed = Parsed(text)
            first = 6 if parsed.upper[3:6] == ["IF", "NOT", "EXISTS"] else 3
            self._made.add(self._full(_name(parsed, first)[1]))
        elif self._made:
            for name in self._targets.of(text):
                if self._full(name) in self._made:
                    raise RefusedError(table.PG_REMOTE, f"rows of the foreign table {'.'.join(name)}", place)

    def _full(self, name: Name) -> Name:
        return name if len(name) > 1 else (self._path, *name)


__all__ = ("ForeignTables", "Name", "Targets", "verb_of")
