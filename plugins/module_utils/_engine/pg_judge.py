# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: the scratch server itself as the judge of two texts.

Whether two expressions are the same is best known by who reads them. Both texts, that of the backup and that of the
restored database, are read again by the server that restored it, and are the same if it then prints them alike. That
happens in a transaction that is rolled back, in views, domains and functions that are temporary, and in rules and
triggers under another name: nothing is planned or executed, and event triggers are off.

What an expression is about is told by its context: ``query`` (it is a query), ``from TABLE`` (it names columns of a
table), ``value TYPE`` (it is the check of a domain of that type), ``rule TABLE`` and ``trigger TABLE`` (it is the whole
statement), ``body FUNCTION`` (of which it is the body) and ``arguments NAME, RESULT`` (with their defaults).
"""

from __future__ import annotations

import contextlib
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import literal, query, quote
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_expressions import is_body, is_single
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError

_VIEW, _DOMAIN, _RULE, _TRIGGER = "backupdb_view", "backupdb_domain", "backupdb_rule", "backupdb_trigger"
# As the server prints them, up to and with their names.
_BEGINNINGS = {
    "rule": re.compile(r'(CREATE RULE )(?:"(?:[^"]|"")*"|[^\s"]+)(?= AS\s)'),
    "trigger": re.compile(r'(CREATE (?:CONSTRAINT )?TRIGGER )(?:"(?:[^"]|"")*"|[^\s"]+)(?= )'),
}
_BETWEEN = "\x1f"
# A body is not looked at beyond its words, so that no view in it is opened.
_BODIES = "SET LOCAL check_function_bodies = off"
_FUNCTION = "FROM pg_proc WHERE pronamespace = pg_my_temp_schema()"
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
        query(connection, _BODIES, stage=stage)
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
    if not (is_body(text) if kind == "body" else is_single(text, rule=kind == "rule")):
        return None
    if kind in _BEGINNINGS:
        return _renamed(kind, what, text)
    if kind == "body":
        return f"CREATE {what} LANGUAGE sql {text}", f"SELECT pg_get_function_sqlbody(oid) {_FUNCTION}"
    if kind == "arguments":
        function, _between, returns = what.partition(_BETWEEN)
        return (
            f"CREATE {function}({text}){returns} LANGUAGE sql AS ''",
            f"SELECT pg_get_function_arguments(oid) {_FUNCTION}",
        )
    if kind == "value":
        return (
            f"CREATE DOMAIN pg_temp.{_DOMAIN} AS {what} CHECK ({text})",
            f"SELECT pg_get_expr(conbin, 0) FROM pg_constraint WHERE contypid = 'pg_temp.{_DOMAIN}'::regtype",
        )
    body = text if kind == "query" else f"SELECT ({text}) AS x FROM {what}"
    return f"CREATE TEMPORARY VIEW {_VIEW} AS {body}", f"SELECT pg_get_viewdef('pg_temp.{_VIEW}'::regclass)"


def _renamed(kind: str, table: str, text: str) -> tuple[str, str] | None:
    """The statement of a rule or a trigger beside the one of this table, under another name."""
    beginning = _BEGINNINGS[kind].match(text)
    if beginning is None:
        return None
    name, on = (_RULE, "ev_class") if kind == "rule" else (_TRIGGER, "tgrelid")
    create = f"{beginning[1]}{name}{text[beginning.end() :]}"
    if kind == "rule":
        show = f"SELECT pg_get_ruledef(oid) FROM pg_rewrite WHERE rulename = '{name}'"
    else:
        show = f"SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = '{name}'"
    return create, f"{show} AND {on} = {literal(table)}::regclass"


__all__ = ("Question", "judged")
