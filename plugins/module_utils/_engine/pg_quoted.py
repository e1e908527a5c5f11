# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: which names in a message of the server may be the value of a row.

A function that casts a value to a name (``$1::regclass``) or asks for a setting by it puts the value where a message
has a name. So a name is only passed on where no expression is computed over rows, or where it is known: from the
statement, or because the message is about what the server itself was working on.
"""

from __future__ import annotations

import re

_HIDDEN = '"..."'
_QUOTED = re.compile(r'"([^"\n]*)"')
# Names that the server has from the definition of the table, and not from an expression.
_DEFINED = re.compile(
    r"(?:duplicate|conflicting) key value |could not create (?:unique index|exclusion constraint) |new row "
    r"|value for domain |null value in column |(?:insert or update|update or delete) on table "
    r"|(?:check |partition )constraint .* violated by some row|updated partition constraint |no partition of relation "
    r'|column ".*" of (?:relation|table) ".*" contains |index row |missing data for column '
    r"|invalid byte sequence for encoding |character with byte sequence |must be |permission denied |cannot "
    r'|could not [^"]* file "(?:base/[0-9]|pg_tblspc/[0-9]+/PG_[0-9_]+/[0-9]|global/)[0-9/_.a-z]*"'
)
# The same without quotes.
_OPERATOR = re.compile(r"(?<=^operator does not exist: ).*", re.S)
_NUMBER = re.compile(r"(OID |large object |^cache lookup failed for .* )[0-9]+")
_UNQUOTED = re.compile(r"^([a-z]+) [^\"]*(?= does not exist$| already exists$)", re.S)
# What a function puts into a statement is taken for a name there.
_DYNAMIC = re.compile(r"\bat EXECUTE\b")
# The planner reads what the function's text says; it has no rows yet.
_INLINING = re.compile(r'\s*SQL function "[^"\n]{1,200}" during inlining\s*')
_COMMENTS = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.S)
_COMPUTING = re.compile(
    r"(?:CREATE\s+(?:UNIQUE\s+)?INDEX|CREATE\s+(?:(?:GLOBAL|LOCAL|TEMP|TEMPORARY|UNLOGGED)\s+)*TABLE"
    r"|CREATE\s+MATERIALIZED|REFRESH|ALTER\s+(?:FOREIGN\s+)?TABLE|ALTER\s+DOMAIN|CLUSTER|REINDEX|ANALYZE|VACUUM"
    r"|COPY|INSERT|UPDATE|DELETE|MERGE|VALUES|WITH|SELECT|DO|CALL|EXECUTE)\b",
    re.I,
)
# Behind these, a statement about rows may have their values.
_ROWS = re.compile(r"[('$]|\b(?:VALUES|SELECT|SET|WHERE|DEFAULT)\b", re.I)


def without_values(text: str, context: str, statement: str, *, own: bool) -> str:
    """A message without names that may be values. ``context``: of the message; ``statement``: that which failed (empty:
    one that computes nothing); ``own``: it is a definition, which has no values itself."""
    if _DYNAMIC.search(context):
        return _hidden(_UNQUOTED.sub(rf"\1 {_HIDDEN}", text), "")
    if own and (_INLINING.fullmatch(context) or not (context.strip() or _computes(statement))):
        return text
    if _DEFINED.match(text):
        return text
    return _hidden(text, statement if own else _ROWS.split(statement, maxsplit=1)[0])


def _computes(statement: str) -> bool:
    begin = _COMMENTS.match(statement)
    return bool(_COMPUTING.match(statement, begin.end() if begin else 0))


def _hidden(text: str, known: str) -> str:
    known = known.replace('"', "")

    def judged(found: re.Match[str]) -> str:
        name = found[1]
        return found[0] if name and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", known) else _HIDDEN

    return _QUOTED.sub(judged, _NUMBER.sub(r"\1...", _OPERATOR.sub(_HIDDEN, text)))


__all__ = ("without_values",)
