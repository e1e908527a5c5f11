# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: run and drop definitions (triggers, views, routines, events) of a database."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_script
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


def run_script(
    connection: t.Any,
    script: bytes,
    *,
    old: str,
    new: str,
    names: set[str],
    events: t.Mapping[str, str] | None = None,
    stage: str,
) -> None:
    """Run a script of definitions in the database ``new``, with the qualifier ``old`` carried over.

    ``events``: keywords to replace in events, so that they are created disabled.
    """
    execute(connection, f"USE {quote(new)}", stage=stage)
    folds = str(execute(connection, "SELECT @@lower_case_table_names", stage=stage)[0][0]) != "0"
    known = {name.lower() for name in names} if folds else names
    for number, statement in enumerate(my_script.read(script), 1):
        made = my_script.created(statement.text, statement.sql_mode)
        text = statement.text
        if made is not None or text.startswith("DO SETVAL"):
            text = _moved(statement, old, new, known, folds)
        if events and made is not None and made[0] == "event":
            text = replace_word(text, events, before="DO", sql_mode=statement.sql_mode)
        try:
            execute(connection, text.encode(statement.codec), stage=stage)
        except EngineError as exc:
            what = f"{made[0]} {made[1]!r}" if made else text[:_SHOWN]
            raise EngineError(
                f"Statement {number} of the definitions ({what}) failed: {exc.msg}", stage=stage
            ) from exc.__cause__


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
