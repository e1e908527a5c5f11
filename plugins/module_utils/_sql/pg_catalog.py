# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: which relations a statement writes into, and whether one of them is the server's own.

Some of these belong to all databases at once: roles, passwords, comments on databases.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql import table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Place
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import RefusedError

Name = tuple[str, ...]

_SYSTEM = frozenset(("pg_catalog", "information_schema", "pg_toast"))
_WRITES = frozenset("INSERT UPDATE DELETE MERGE".split())
# A statement that begins so names the relations that it is about.
_LISTS = {"TRUNCATE": ("TABLE",), "LOCK": ("TABLE",), "COPY": ("BINARY",), "CLUSTER": ("VERBOSE",)}
_KINDS = frozenset("TABLE INDEX SEQUENCE VIEW".split())


def name_at(parsed: Parsed, at: int) -> tuple[Name, int]:
    """The parts of the name at a place, behind ONLY and parentheses, and the place behind it."""
    while parsed.at(at).upper in ("ONLY", "("):
        at += 1
    first = parsed.at(at).name
    parts: list[str] = [] if first is None else [first]
    at += bool(parts)
    while parts and parsed.at(at).text == "." and parsed.at(at + 1).name is not None:
        parts.append(parsed.at(at + 1).name or "")
        at += 2
    return tuple(parts), at


def written(parsed: Parsed) -> t.Iterator[Name]:
    """Relations whose rows the statement changes or locks, wherever in it that is said."""
    if parsed.at(0).upper in ("GRANT", "REVOKE"):
        return  # there these words are privileges, with columns behind them
    for at, word in enumerate(parsed.upper):
        if word in _WRITES:
            yield name_at(parsed, at + 1 + (parsed.at(at + 1).upper in ("INTO", "FROM")))[0]
    verb = parsed.at(0).upper
    if verb in _LISTS:
        yield from _listed(parsed, 1 + (parsed.at(1).upper in _LISTS[verb]))


def _altered(parsed: Parsed) -> t.Iterator[Name]:
    """Relations that ALTER, DROP and REINDEX name."""
    if parsed.at(0).upper not in ("ALTER", "DROP", "REINDEX"):
        return
    kind = next((at for at in range(1, min(len(parsed), 6)) if parsed.upper[at] in _KINDS), None)
    if kind is not None:
        at = kind + 1 + (parsed.at(kind + 1).upper == "CONCURRENTLY")
        yield from _listed(parsed, at + 2 * (parsed.upper[at : at + 2] == ["IF", "EXISTS"]))


def _listed(parsed: Parsed, at: int) -> t.Iterator[Name]:
    while True:
        name, at = name_at(parsed, at)
        yield name
        while parsed.at(at).text in ("*", ")"):
            at += 1
        if not name or parsed.at(at).text != ",":
            return
        at += 1


class Catalog:
    """``names``: the relations of pg_catalog; empty: not known, then all that begins with ``pg_``. Views of the stream
    that show them are remembered, as a write into one arrives there too."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._views: set[Name] = set()

    def _own(self, name: str) -> bool:
        return name in self._names if self._names else name.startswith("pg_")

    def _holds(self, name: Name) -> bool:
        if len(name) > 1:
            return not _SYSTEM.isdisjoint(name[:-1])
        return bool(name) and (name[0] in _SYSTEM or self._own(name[0]))

    def _shows(self, name: Name) -> bool:
        """Whether it may be a view that was remembered: where one of both tells no schema, by the last part."""
        return any(
            view == name or (view[-1:] == name[-1:] and 1 in (len(view), len(name))) for view in self._views if name
        )

    def check_write(self, name: Name, place: Place | None) -> None:
        """Raise RefusedError when rows of this relation must not be changed."""
        if self._holds(name):
            raise RefusedError(table.PG_CATALOG, f"a write into {name[0]}", place)
        if self._views and self._shows(name):
            raise RefusedError(table.PG_CATALOG, f"a write into {name[-1]}, a view of the catalog", place)

    def check(self, parsed: Parsed, place: Place | None) -> None:
        """Raise RefusedError for a statement that writes into the catalog, locks, alters or drops a part of it."""
        for name in written(parsed):
            self.check_write(name, place)
        for name in _altered(parsed):
            if self._holds(name):
                raise RefusedError(table.PG_CATALOG, f"{parsed.at(0).upper} of {name[0]}", place)

    def follow(self, parsed: Parsed) -> bool:
        """Remember the views of the catalog that a statement makes or renames; whether there were any."""
        verb, found = parsed.at(0).upper, len(self._views)
        if verb == "ALTER" and self._views:
            self._renamed(parsed)
        elif verb == "CREATE":
            makes = [at + 1 for at, word in enumerate(parsed.upper) if word == "VIEW"]
            if "RULE" in parsed.upper[:4] and "SELECT" in parsed.upper:
                makes.append(parsed.find("TO") + 1)
            if makes and self._reads(parsed):
                self._views.update(name for name, _end in (name_at(parsed, at) for at in makes) if name)
        return len(self._views) > found

    def _reads(self, parsed: Parsed) -> bool:
        at = 1
        while at < len(parsed):
            name, end = name_at(parsed, at)
            if name and self._own(name[-1]) and (len(name) == 1 or name[-2] in _SYSTEM):
                return True
            if name and self._views and self._shows(name):
                return True
            at = max(end, at + 1)
        return False

    def _renamed(self, parsed: Parsed) -> None:
        """What a view is called, and in which schema, is no longer certain."""
        if parsed.at(1).upper == "SCHEMA":
            self._views.update([view[-1:] for view in self._views])
        moves = parsed.find("RENAME", "TO") > 0 or parsed.find("SET", "SCHEMA") > 0
        for name in _altered(parsed) if moves else ():
            if self._shows(name):
                self._views.update([name[-1:], (parsed.at(len(parsed) - 1).name or name[-1],)])


__all__ = ("Catalog", "name_at")
