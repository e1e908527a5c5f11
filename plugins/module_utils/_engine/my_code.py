# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: run and drop definitions (triggers, views, routines, events) of a database."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_definers, my_script
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_advice import creating
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import (
    literal,
    quote,
    replace_word,
)
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_moved import retarget

# How much of a definition is shown in an error.
_SHOWN = 200
_READ_BY_VIEWS = ("view", "function")


def run_script(
    connection: t.Any,
    script: bytes,
    *,
    old: str,
    new: str,
    names: set[str],
    events: t.Mapping[str, str] | None = None,
    modes: t.Sequence[str] = (),
    absent: t.Container[my_definers.Account] = (),
    owned: bool = False,
    stage: str,
) -> None:
    """Run a script of definitions in the database ``new``, with the qualifier ``old`` carried over.

    ``events``: keywords to replace in events, so that they are created disabled; ``modes``: of sql_mode, beside those
    that the script sets; ``absent``: definers that the server lacks, whose place the login takes; when all is to be
    ``owned`` at the end, only for a time, in what views read.
    """
    execute(connection, f"USE {quote(new)}", stage=stage)
    folds = str(execute(connection, "SELECT @@lower_case_table_names", stage=stage)[0][0]) != "0"
    known = {name.lower() for name in names} if folds else names
    settings: list[my_script.Statement] = []
    again: list[tuple[list[my_script.Statement], list[bytes]]] = []
    for number, statement in enumerate(my_script.read(script), 1):
        made = my_script.created(statement.text, statement.sql_mode)
        text = statement.text
        if made is not None or text.startswith("DO SETVAL"):
            text = _moved(statement, old, new, known, folds)
        if modes and made is None:
            text = my_script.with_modes(text, modes)
        if events and made is not None and made[0] == "event":
            text = replace_word(text, events, before="DO", sql_mode=statement.sql_mode)
        if absent and made is not None and my_definers.definer(text, statement.sql_mode) in absent:
            if owned and made[0] in _READ_BY_VIEWS:
                again.append((settings, _instead(*made, text, statement.codec)))
            if not owned or made[0] in _READ_BY_VIEWS:
                text = my_definers.replaced(text, statement.sql_mode, None)
        settings = [*settings, statement] if made is None else []
        try:
            execute(connection, text.encode(statement.codec), stage=stage)
        except EngineError as exc:
            what = f"{made[0]} {made[1]!r}" if made else text[:_SHOWN]
            raise EngineError(
                f"Statement {number} of the definitions ({what}) failed: {exc.msg}", stage=stage, hint=creating(exc)
            ) from exc.__cause__
    # From outside: what a view reads must still belong to somebody who is there.
    for before, instead in reversed(again):
        for raw in [*(setting.text.encode(setting.codec) for setting in before), *instead]:
            execute(connection, raw, stage=stage)


def _instead(kind: str, name: str, text: str, codec: str) -> list[bytes]:
    """Statements that put ``text`` in the place of what has its name."""
    if kind == "view":
        return [re.sub(r"^CREATE ", "CREATE OR REPLACE ", text).encode(codec)]
    return [f"DROP FUNCTION {quote(name)}".encode(codec), text.encode(codec)]


def _moved(statement: my_script.Statement, old: str, new: str, known: set[str], folds: bool) -> str:
    """A definition for another database. Where its character set lacks letters of the new name, the qualifier is left
    out: the current database is the new one."""
    text = retarget(statement.text, old, new, known, sql_mode=statement.sql_mode, fold=folds)
    try:
        text.encode(statement.codec)
        return text
    except UnicodeEncodeError:
        return retarget(statement.text, old, None, known, sql_mode=statement.sql_mode, fold=folds)


def drop_code(connection: t.Any, database: str, *, stage: str) -> None:
    """Drop all triggers, events, views and routines of a database; tables stay."""
    schema = literal(database)
    listings = (
        ("TRIGGER", f"SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = {schema}"),
        ("EVENT", f"SELECT event_name FROM information_schema.events WHERE event_schema = {schema}"),
        ("VIEW", f"SELECT table_name FROM information_schema.views WHERE table_schema = {schema}"),
    )
    for kind, sql in listings:
        for (name,) in execute(connection, sql, stage=stage):
            execute(connection, f"DROP {kind} IF EXISTS {quote(database)}.{quote(name)}", stage=stage)
    routines = f"SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = {schema}"
    # MariaDB's package bodies go with their packages.
    for kind, name in sorted(execute(connection, routines, stage=stage)):
        if kind == "PACKAGE":
            execute(connection, "SET SESSION sql_mode = 'ORACLE'", stage=stage)  # the statement is known only there
        if kind != "PACKAGE BODY":
            execute(connection, f"DROP {kind} IF EXISTS {quote(database)}.{quote(name)}", stage=stage)
    execute(connection, "SET SESSION sql_mode = ''", stage=stage)


__all__ = ("drop_code", "run_script")
