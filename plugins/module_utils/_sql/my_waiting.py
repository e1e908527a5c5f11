# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: settings that wait for the content of the chosen database, in their order, and few of them.

A dump of several databases sets and restores the same variables around each table. What the statements make of the
session is followed with names in place of values: where the session is again what it was, all since then did nothing.

Source: MySQL Reference Manual, "SET Syntax for Variable Assignment", "SET NAMES Statement", "Server System Variables".
"""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_names import Parsed, assignments, value

# Functions of nothing but their arguments; any other gives a value that nothing equals.
_FUNCTIONS = frozenset("CONCAT CONCAT_WS IFNULL COALESCE REPLACE UPPER LOWER TRIM IF".split())
_SCOPES = frozenset(("SESSION", "LOCAL"))
_ALIASES = {
    "tx_isolation": "transaction_isolation",
    "tx_read_only": "transaction_read_only",
    "storage_engine": "default_storage_engine",
}
# Variables that others change, or time does.
_RESTLESS = frozenset(
    "max_join_size sql_max_join_size sql_big_selects old old_mode identity last_insert_id insert_id timestamp"
    " rand_seed1 rand_seed2 warning_count error_count in_transaction".split()
)
_TIMES = ("CURRENT_", "LOCALTIME", "UTC_", "NEXT")
_CHARSET, _COLLATION = "character_set_connection", "collation_connection"
# What a literal means, besides its text.
_LITERALS = ("character_set_client", _COLLATION, "sql_mode")
_TRANSACTION = " transaction"
_ROOM = 1 << 256


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=32).hexdigest()


class Waiting:
    """Follows a session that begins with nothing known, statement by statement."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._sum = 0
        self._unequal = 0
        self._states = [0]  # after so many statements
        self._been = {0: 0}  # the state -> so many statements

    def add(self, parsed: Parsed) -> int:
        """A statement more; how many of the last did nothing together, this one among them."""
        verb = parsed.upper[0] if len(parsed) else ""
        if verb == "SET":
            self._set(parsed)
        elif verb in ("COMMIT", "ROLLBACK") and len(parsed) == 1:
            self._put(_TRANSACTION, "")
        elif verb in ("BEGIN", "START"):
            self._put(_TRANSACTION, _digest(*parsed.upper))
        else:
            self._put(_TRANSACTION, self._new())
        length = self._been.setdefault(self._sum, len(self._states))
        self._states.append(self._sum)
        gone = self._states[length + 1 :]
        del self._states[length + 1 :]
        for state in gone[:-1]:
            del self._been[state]
        return len(gone)

    def _new(self) -> str:
        self._unequal += 1
        return f" {self._unequal}"

    def _put(self, name: str, text: str) -> None:
        """The sum of all entries tells one session from another."""
        for sign, held in ((-1, self._values.get(name, "")), (1, text)):
            self._sum += sign * int(_digest(name, held), 16) if held else 0
        self._sum %= _ROOM
        self._values[name] = text

    def _get(self, name: str) -> str:
        """What a variable holds: a name for it. One that was never set holds what the session began with."""
        if name in _RESTLESS:
            return self._new()
        if name == _CHARSET:
            return _digest(name, self._get(_COLLATION))
        return self._values.get(name) or f"={name}"

    def _set(self, parsed: Parsed) -> None:
        made: dict[str, str] = {}
        for begin, end in assignments(parsed):
            names, first = _assigned(parsed, begin, end)
            if not names or ":" in parsed.upper[first:end]:
                made[_TRANSACTION] = self._new()
            if not names:
                continue
            text = self._value(parsed, first, end, made, user=names[0].startswith("@"))
            for name in names:
                if name == _CHARSET:
                    made[_COLLATION] = _digest(name, text)
                else:
                    made[name] = self._new() if name in _RESTLESS else text
            if "autocommit" in names and self._values.get(_TRANSACTION):
                made[_TRANSACTION] = self._new()
        for name, text in made.items():
            self._put(name, text)

    def _value(self, parsed: Parsed, begin: int, end: int, made: t.Mapping[str, str], *, user: bool) -> str:
        """A name for the value of an expression: the same for the same value."""
        parts: list[str] = []
        place, read = begin, False
        while place < end:
            word = parsed.upper[place]
            name, length = _variable(parsed, place)
            if name:
                # Whether an assignment of this same statement is seen already is the server's affair.
                seen = (_COLLATION if name == _CHARSET else name) in made
                parts.append(self._new() if seen else self._get(name))
                if length == end - begin:
                    return parts[0]
                read = True
            elif word.startswith(_TIMES) or (word == "(" and parsed.upper[place - 1] not in _FUNCTIONS):
                parts.append(self._new())
            else:
                parts.append(" " + parsed.at(place).text)
            place += length
        return _digest(*parts, *(self._get(name) for name in _LITERALS if user or read))


def _assigned(parsed: Parsed, begin: int, end: int) -> tuple[list[str], int]:
    """(the variables that an assignment sets, the place of the value); none: this is no assignment that is known."""
    place = begin + 1 if parsed.upper[begin] in _SCOPES else begin
    word = parsed.upper[place] if place < end else ""
    if word in ("NAMES", "CHARSET") or parsed.upper[place : place + 2] == ["CHARACTER", "SET"]:
        return ["character_set_client", "character_set_results", _CHARSET], place
    if word == "TRANSACTION":
        # Without a scope it is for the next transaction alone.
        return (["transaction_isolation", "transaction_read_only"], place) if place > begin else ([], place)
    name, length = _variable(parsed, place)
    if not name and parsed.at(place).name is not None:
        name, length = (parsed.at(place).name or "").lower(), 1
    name = _ALIASES.get(name, name)
    place += length
    if parsed.upper[place : place + 2] == [":", "="]:
        place += 1
    elif parsed.upper[place : place + 1] != ["="]:
        return [], place
    return ([name] if name else []), place + 1


def _variable(parsed: Parsed, place: int) -> tuple[str, int]:
    """(``@name`` or the name of the system variable at ``place``, words that it takes); empty: there is none."""
    if parsed.upper[place : place + 1] != ["@"]:
        return "", 1
    if parsed.upper[place : place + 2] != ["@", "@"]:
        return "@" + value(parsed.at(place + 1)).lower(), 2
    at = place + 2
    scope = value(parsed.at(at)).upper()
    if parsed.at(at + 1).text == "." and scope in _SCOPES:
        at += 2
    name = value(parsed.at(at)).lower()
    while parsed.at(at + 1).text == ".":
        name += "." + value(parsed.at(at + 2)).lower()
        at += 2
    return _ALIASES.get(name, name), at + 1 - place


__all__ = ("Waiting",)
