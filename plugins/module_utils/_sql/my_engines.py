# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: engines whose tables are on another server, where each row of a dump would be written.

Source: MySQL Reference Manual, "The FEDERATED Storage Engine"; MariaDB Server Documentation, "Spider", "FederatedX",
"S3 Storage Engine", "SphinxSE", "CassandraSE".
"""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql import my_names
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_names import Parsed

REMOTE = frozenset("FEDERATED FEDERATEDX SPIDER S3 SPHINX CASSANDRA".split())
# Variables that hold an engine.
VARIABLES = frozenset("default_storage_engine storage_engine default_tmp_storage_engine enforce_storage_engine".split())


def engines(parsed: Parsed) -> t.Iterator[str]:
    """The engines that a definition names, in capitals: of the table, of its partitions."""
    for place in _options(parsed):
        if parsed.upper[place] == "ENGINE":
            named = parsed.at(place + 2 if parsed.upper[place + 1 : place + 2] == ["="] else place + 1)
            yield my_names.value(named).upper()


def option(parsed: Parsed, name: str) -> bool:
    """Whether a definition sets the option ``name`` (in capitals), of the table or of its partitions."""
    return any(
        (parsed.at(place).name or "").upper() == name
        and (parsed.at(place + 1).text in ("=", ":") or parsed.at(place + 1).kind == "string")
        for place in _options(parsed)
    )


def _options(parsed: Parsed) -> t.Iterator[int]:
    """Places where a definition may have options: not among its columns, and not in its query."""
    around: list[bool] = []
    for place, word in enumerate(parsed.upper):
        if word == "(":
            around.append(parsed.upper[place + 1 : place + 2] in (["PARTITION"], ["SUBPARTITION"]))
        elif word == ")" and around:
            around.pop()
        elif word == "SELECT" and not around and parsed.upper[place - 1] != ".":
            return
        elif all(around):
            yield place


class Engines:
    """Follows which user variables hold an engine that the server itself was set to."""

    def __init__(self) -> None:
        self._kept: set[str] = set()

    def keep(self, parsed: Parsed, begin: int, end: int) -> None:
        """An assignment to the user variable at ``begin``."""
        name = my_names.value(parsed.at(begin + 1)).lower()
        (self._kept.add if _variable(parsed, _value(parsed, begin, end), end) else self._kept.discard)(name)

    def remote(self, parsed: Parsed, begin: int, end: int) -> str:
        """Why an assignment to one of VARIABLES may choose an engine on another server; empty when it does not."""
        place = _value(parsed, begin, end)
        if _variable(parsed, place, end):
            return ""
        if parsed.upper[place : place + 1] == ["@"] and place + 2 == end:
            kept = my_names.value(parsed.at(place + 1)).lower() in self._kept
            return "" if kept else "a variable that was not seen to hold an engine of this server"
        if place + 1 != end:
            return "an expression"
        engine = my_names.value(parsed.at(place)).upper()
        return engine if engine in REMOTE else ""


def _value(parsed: Parsed, begin: int, end: int) -> int:
    """The place of an assignment's value."""
    return next((place + 1 for place in range(begin, end) if parsed.upper[place] == "="), end)


def _variable(parsed: Parsed, place: int, end: int) -> bool:
    """Whether the value is one of VARIABLES: ``@@x``, ``@@session.x``."""
    return parsed.upper[place : place + 2] == ["@", "@"] and my_names.value(parsed.at(end - 1)).lower() in VARIABLES


__all__ = ("REMOTE", "VARIABLES", "Engines", "engines", "option")
