# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: run what pg_dumpall --globals-only wrote, leaving everything that exists as it is."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import sqlstate, words
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError

# Strings, E-strings, quoted names, dollar quotes, comments (PostgreSQL manual 4.1); the rest one character at a time.
_PIECE = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$(?:[A-Za-z_]\w*)?\$).*?\1|--[^\n]*|/\*.*?\*/|;|.""",
    re.S,
)
_META = re.compile(r"^\\(restrict|unrestrict)\b[^\n]*$")
_CREATE_ROLE = re.compile(r"^CREATE ROLE (\"(?:[^\"]|\"\")*\"|[^\s;]+)$")
_ALTER_ROLE = re.compile(r"^ALTER ROLE (\"(?:[^\"]|\"\")*\"|[^\s;]+) ")
_GRANTED_BY = re.compile(r" GRANTED BY (\"(?:[^\"]|\"\")*\"|[^\s;]+)$")
_DUPLICATE = "42710"


def statements(sql: str) -> t.Iterator[str]:
    """The statements of a script without their semicolons and comments. A psql command other than \\restrict and
    \\unrestrict is refused: those can run programs."""
    current: list[str] = []
    for match in _PIECE.finditer(sql):
        piece = match.group()
        if piece == ";":
            yield "".join(current).strip()
            current = []
        elif piece.startswith(("--", "/*")):
            continue
        elif piece == "\n" and "".join(current).lstrip().startswith("\\"):
            command = "".join(current).strip()
            if not _META.match(command):
                raise EngineError(
                    f"The globals hold the psql command {command[:40]!r}, which is not run.", stage="globals"
                )
            current = []
        else:
            current.append(piece)
    rest = "".join(current).strip()
    if rest and not _META.match(rest):
        raise EngineError("The globals end inside a statement.", stage="globals")


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def restore_globals(connection: t.Any, script: t.Iterable[str]) -> list[str]:
    """Create what is missing. A role that exists keeps its password, attributes and settings; memberships are added."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles")
        existing = {row[0] for row in cursor.fetchall()}
    kept: set[str] = set()
    warnings: list[str] = []
    for number, statement in enumerate(script, 1):
        about = _CREATE_ROLE.match(statement) or _ALTER_ROLE.match(statement)
        role = _unquoted(about.group(1)) if about else ""
        if not statement or role in existing:
            kept |= {role} - {""}
            continue
        _run(connection, statement, number, warnings)
    if kept:
        warnings.append(f"{len(kept)} roles exist already and were left as they are: {', '.join(sorted(kept)[:20])}.")
    return warnings


def _run(connection: t.Any, statement: str, number: int, warnings: list[str]) -> None:
    try:
        _execute(connection, statement)
        return
    except Exception as exc:
        state, first = sqlstate(exc), exc
    if state == _DUPLICATE:
        return
    if statement.startswith("CREATE TABLESPACE"):
        told = words(first, own=True)
        warnings.append(f"A tablespace could not be created ({told}); its objects go into the default one.")
        return
    if _GRANTED_BY.search(statement):
        # The grantor may be a role of the other server, or may not grant here; the membership itself is what counts.
        try:
            _execute(connection, _GRANTED_BY.sub("", statement))
            return
        except Exception as exc:
            first = exc
    begin = statement.split()[:3]
    raise EngineError(
        f"Statement {number} of the globals ({' '.join(begin)}) failed: {words(first, own=True)}",
        stage="globals",
        hint="Roles before it were created and stay; running it again is harmless.",
    ) from first


def _execute(connection: t.Any, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


__all__ = ("restore_globals", "statements")
