# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingerprints of databases: equality by content and by definition, independent of the collection's own code."""

from __future__ import annotations

import difflib
import pprint
from typing import Any

from . import fingerprint_mysql, fingerprint_postgresql
from .mysql_family import MysqlFamilyServer
from .postgres import PostgresServer
from .server import Server

SHOWN = 40  # differences that a message shows before it only counts them


def fingerprint(server: Server, dbname: str) -> dict[str, Any]:
    """What a database holds: a checksum for each table, the values of sequences, large objects."""
    if isinstance(server, PostgresServer):
        return fingerprint_postgresql.fingerprint(server, dbname)
    assert isinstance(server, MysqlFamilyServer)
    return fingerprint_mysql.fingerprint(server, dbname)


def schema_fingerprint(server: Server, dbname: str, *, tools: str | None = None, grants: bool = True) -> dict[str, Any]:
    """The definition of each object of a database, without the database's name.

    `tools` (PostgreSQL): the folder of another pg_dump. `grants` (MySQL, MariaDB): grants on the database and on its
    objects too; they belong to accounts there, and do not follow a database to another name.
    """
    if isinstance(server, PostgresServer):
        return fingerprint_postgresql.schema_fingerprint(server, dbname, tools)
    assert isinstance(server, MysqlFamilyServer)
    return fingerprint_mysql.schema_fingerprint(server, dbname, grants)


def differences(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """One text for each key that is missing on a side or has another value there."""
    found = []
    for key in sorted(first.keys() | second.keys()):
        if key not in second:
            found.append(f"- only in the first: {key}")
        elif key not in first:
            found.append(f"+ only in the second: {key}")
        elif first[key] != second[key]:
            found.append(f"! {key}\n{_difference(first[key], second[key])}")
    return found


def _difference(first: Any, second: Any) -> str:
    sides = [value if isinstance(value, str) else pprint.pformat(value, width=120) for value in (first, second)]
    lines = difflib.unified_diff(sides[0].splitlines(), sides[1].splitlines(), "first", "second", lineterm="", n=2)
    return "\n".join(f"    {line[:400]}" for line in lines)


def assert_same(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Fail with a readable difference unless two fingerprints are equal. Two empty ones are a mistake, no success."""
    assert first, "the first fingerprint is empty"
    found = differences(first, second)
    if found:
        more = [f"... and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        raise AssertionError(
            "\n".join([f"{len(found)} of {len(first.keys() | second.keys())} differ:", *found[:SHOWN], *more])
        )
