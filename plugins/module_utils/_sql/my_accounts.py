# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: accounts, roles and grants of a dump, in a form that changes nothing that exists."""

from __future__ import annotations

import re

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import quote
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_names import Parsed, account

# MariaDB's dump makes it for itself, and drops it.
HELPER = b"mariadb_dump_import_role"


def quoted(parsed: Parsed) -> tuple[bytes, int]:
    """The statement with accounts such as ``admin@vya.digital@db-1`` quoted: all before the last sign is the user."""
    changes: dict[int, str] = {}
    count = 0
    for place, length, text in parsed.runs():
        before = parsed.upper[place - 1] if place else ""
        if before not in ("USER", "ROLE", "TO", "FROM", "FOR", ",", "EXISTS"):
            continue
        user, dummy, host = text.rpartition("@")
        if re.match(r"[\w.$]+\Z", host) and re.match(r"[\w$]+\Z", user):
            continue
        changes.update({place + index: "" for index in range(length)})
        changes[place] = f"{quote(user)}@{quote(host)}"
        count += 1
    return parsed.joined(changes), count


def accounts(parsed: Parsed) -> list[tuple[str, str]]:
    """Accounts that a CREATE, ALTER or SET statement is about."""
    place = next((i + 1 for i, word in enumerate(parsed.upper) if word in ("USER", "ROLE", "FOR")), len(parsed))
    if parsed.upper[:3] == ["SET", "DEFAULT", "ROLE"]:
        place = max(parsed.find("FOR"), parsed.find("TO")) + 1 or len(parsed)
    while parsed.upper[place : place + 1] and parsed.upper[place] in ("IF", "NOT", "EXISTS"):
        place += 1
    found = []
    depth = 0
    for at in range(place, len(parsed)):
        depth += (parsed.upper[at] == "(") - (parsed.upper[at] == ")")
        if parsed.upper[at] in ("REQUIRE", "WITH"):
            break
        if depth == 0 and (at == place or parsed.upper[at - 1] == ",") and parsed.at(at).kind != "other":
            user, host = account(parsed, at)
            found.append((user, host or "%"))
    return found


def if_not_exists(parsed: Parsed) -> bytes:
    """CREATE USER or ROLE that leaves what exists."""
    place = next(i for i, word in enumerate(parsed.upper) if word in ("USER", "ROLE"))
    changes = {i: "" for i in range(1, place) if parsed.upper[i] in ("OR", "REPLACE")}
    if parsed.upper[place + 1 : place + 4] != ["IF", "NOT", "EXISTS"]:
        changes[place] = parsed.at(place).text + " IF NOT EXISTS"
    return parsed.joined(changes)


def without_password(parsed: Parsed) -> bytes:
    """A GRANT without ``IDENTIFIED ..``, which would change the account."""
    changes: dict[int, str] = {}
    skipping = False
    for place, word in enumerate(parsed.upper):
        if word == "IDENTIFIED":
            skipping = True
        elif word in ("REQUIRE", "WITH") or (word == "," and parsed.at(place - 1).kind == "string"):
            skipping = False
        if skipping:
            changes[place] = ""
    return parsed.joined(changes).rstrip() if changes else parsed.joined({})


def _granted_on(parsed: Parsed) -> int:
    """The place of the database in ``ON db.*`` or ``ON db.table``; -1: there is none."""
    place = parsed.find("ON") + 1
    if place and parsed.upper[place : place + 1] and parsed.at(place + 1).text != ".":
        place += 2 if parsed.upper[place : place + 2] == ["PACKAGE", "BODY"] else 1
    return place if place and parsed.at(place).name is not None and parsed.at(place + 1).text == "." else -1


def grantees(parsed: Parsed) -> set[tuple[str, str]]:
    """Who is granted something."""
    place = parsed.find("TO") + 1
    found = set()
    for at in range(place, len(parsed)) if place else ():
        if parsed.upper[at] in ("REQUIRE", "WITH", "IDENTIFIED", "AS"):
            break
        if parsed.upper[at - 1] in ("TO", ","):
            user, host = account(parsed, at)
            found.add((user, host or "%"))
    return found


def granted_on(parsed: Parsed, database: str) -> int:
    """The place of ``database`` in a grant on it or on an object in it; -1 for any other grant."""
    place = _granted_on(parsed)
    name = parsed.at(place).name or "" if place >= 0 else ""
    if place >= 0 and parsed.at(place + 2).text == "*":  # for a whole database the name is a pattern
        name = re.sub(r"\\([_%\\])", r"\1", name)
    return place if place >= 0 and name == database else -1


def moved(parsed: Parsed, place: int, target: str) -> bytes:
    """A grant with ``target`` in the place that :func:`granted_on` told."""
    whole = parsed.at(place + 2).text == "*"
    return parsed.joined({place: quote(re.sub(r"([_%])", r"\\\1", target) if whole else target)})


__all__ = ("HELPER", "accounts", "granted_on", "grantees", "if_not_exists", "moved", "quoted", "without_password")
