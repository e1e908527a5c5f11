# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: the scratch server itself as the judge of two texts.

Whether two expressions are the same is best known by who reads them. Both texts, that of the backup and that of the
restored database, are read again by the server that restored it, and are the same if it then prints them alike. That
happens in a transaction that is rolled back, in views and domains that are temporary: nothing is planned or executed,
and event triggers are off.

What an expression is about is told by its context: ``query`` (it is a query), ``from TABLE`` (it names columns of a
table), ``value TYPE`` (it is the check of a domain of that type).
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import query, quote
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_expressions import is_single
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError

_VIEW, _DOMAIN = "backupdb_view", "backupdb_domain"
_EVENT_TRIGGERS = "SELECT evtname FROM pg_event_trigger WHERE evtenabled <> 'D'"


class Question(t.NamedTuple):
    """Two texts, and what they are about."""

    context: str
    one: str
    other: str


def judged(connection: t.Any, questions: t.Mapping[str, Question], *, stage: str) -> dict[str, bool]:
    """By the questions' names, whether both texts mean the same. What the server cannot read is not in the answer."""
    if not questions:
        return {}
    answers = {}
    query(connection, "BEGIN", stage=stage)
    try:
        for (name,) in query(connection, _EVENT_TRIGGERS, stage=stage):
            query(connection, f"ALTER EVENT TRIGGER {quote(name)} DISABLE", stage=stage)
        for name, question in questions.items():
            texts = [_read(connection, question.context, text, stage) for text in (question.one, question.other)]
            if None not in texts:
                answers[name] = texts[0] == texts[1]
    except EngineError:  # the account may not make views, or there are event triggers that it may not turn off
        answers = {}
    finally:
        with contextlib.suppress(EngineError):
            query(connection, "ROLLBACK", stage=stage)
    return answers


def _read(connection: t.Any, context: str, text: str, stage: str) -> str | None:
    """The text as the server prints it when it has read it; None when it cannot read it."""
    statements = _statements(context, text.strip().rstrip(";"))
    if statements is None:
        return None
    create, show = statements
    query(connection, "SAVEPOINT backupdb_read", stage=stage)
    try:
        query(connection, create, stage=stage)
        found = query(connection, show, stage=stage)
        return str(found[0][0]) if found else None
    except EngineError:
        return None
    finally:
        query(connection, "ROLLBACK TO SAVEPOINT backupdb_read", stage=stage)


def _statements(context: str, text: str) -> tuple[str, str] | None:
    """What makes an object of the text, and what prints it. Only a text that is one piece of SQL is taken."""
    kind, _space, what = context.partition(" ")
    if not is_single(text):
        return None
    if kind == "value":
        return (
            f"CREATE DOMAIN pg_temp.{_DOMAIN} AS {what} CHECK ({text})",
            f"SELECT pg_get_expr(conbin, 0) FROM pg_constraint WHERE contypid = 'pg_temp.{_DOMAIN}'::regtype",
        )
    body = text if kind == "query" else f"SELECT ({text}) AS x FROM {what}"
    return f"CREATE TEMPORARY VIEW {_VIEW} AS {body}", f"SELECT pg_get_viewdef('pg_temp.{_VIEW}'::regclass)"


__all__ = ("Question", "judged")
