# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: the tables that a query or a change of data names, and whether an INSERT has plain values.

Source: MySQL Reference Manual, "JOIN Clause", "UPDATE Statement", "DELETE Statement", "INSERT Statement".
"""

from __future__ import annotations

import re

from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_names import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_strings import quoted

_NAME = rb"(?:`(?:[^`]|``)*`|\"(?:[^\"]|\"\")*\"|[0-9A-Za-z$_\x80-\xff]+)"
_BEFORE = rb"(?:INSERT|REPLACE)\s+(?:(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE)\s+)*(?:INTO\s+)?"
_NO_NAME = rb"(?!(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE|INTO)\b)"
_COLUMNS = rb"\s*(?:\(\s*(?:" + _NAME + rb"(?:\s*,\s*" + _NAME + rb")*\s*)?\)\s*)?"
# INSERT with values: the database, the table.
VALUES = re.compile(
    _BEFORE + _NO_NAME + rb"(?:(" + _NAME + rb")\.)?(" + _NAME + rb")(?=[\s(])" + _COLUMNS + rb"VALUES?\b", re.I
)
# What makes values more than values: queries, files, sequences, a routine of a database.
_TELLING = (b"select", b"load_file", b"union", b"nextval", b"lastval", b"setval", b"/*")
_MAYBE = (
    (b"table", re.compile(rb"\(\s*table\b")),
    (b"next", re.compile(rb"next\s+value\b")),
    (b"previous", re.compile(rb"previous\s+value\b")),
)
_ROUTINE = re.compile(rb"\.[^.,()]*\(")
_MORE = (b'"', b"`", b"#", b"\\", b"--")

# A table follows; so do more behind a comma.
_TABLES = frozenset("UPDATE INSERT REPLACE DELETE INTO FROM JOIN STRAIGHT_JOIN USING TABLE".split())
_EXPRESSIONS = frozenset(
    "WHERE SET GROUP HAVING ORDER LIMIT WINDOW SELECT VALUES UNION EXCEPT INTERSECT RETURNING".split()
)
# The same at the beginning of a statement in a body; elsewhere they are parts of an expression.
_CONDITIONS = frozenset("IF ELSEIF WHILE UNTIL RETURN CASE WHEN".split())
# Statements whose words are not followed.
_OTHERS = frozenset("GRANT REVOKE SHOW DESCRIBE EXPLAIN".split())
# Where a table is due: these are no names.
_QUERIES = frozenset("SELECT VALUES WITH".split())
_MODIFIERS = frozenset("LOW_PRIORITY HIGH_PRIORITY DELAYED QUICK IGNORE LATERAL HISTORY".split())
_RESERVED = frozenset("IF NOT EXISTS ON".split())  # DROP TABLE IF EXISTS t, AFTER INSERT ON t
# Behind these words a name with a dot is one of an object: no column and no alias can stand there.
_KINDS = frozenset(
    "TABLE TABLES VIEW TRIGGER PROCEDURE FUNCTION EVENT SEQUENCE PACKAGE BODY EXISTS CALL REFERENCES TO FOLLOWS"
    " PRECEDES TRUNCATE DESCRIBE".split()
)
_SEQUENCES = frozenset("NEXTVAL LASTVAL SETVAL".split())
# In their parentheses FROM and USING are no clauses.
_FUNCTIONS = frozenset("EXTRACT TRIM SUBSTRING SUBSTR MID CONVERT POSITION CHAR WEIGHT_STRING".split())


def plain(text: bytes, modes: tuple[bool, bool]) -> bool:
    """Whether this is an INSERT of values that hold no query, read no file and have no comment that might be code.
    Looks into strings only where one has such a word."""
    head = VALUES.match(text)
    if head is None:
        return False
    values = text[head.end() :]
    # Names in quotes may have signs, and comments may lie between words.
    hidden = b"`" in values or b"#" in values or b"--" in values or (modes[1] and b'"' in values)
    if not hidden and not _telling(values):
        return True
    code = _outside(values, modes[0])
    if code is None:
        names = b'`"' if modes[1] else b"`"
        code = quoted(*modes).sub(
            lambda found: found[0].translate(None, b".,()") if found[0][:1] in names else b" ", values
        )
    return not _telling(code)


def _telling(code: bytes) -> bool:
    # Plain loops: this is done for each INSERT.
    code = code.lower()
    for word in _TELLING:
        if word in code:
            return True
    for word, used in _MAYBE:
        if word in code and used.search(code) is not None:
            return True
    return _ROUTINE.search(code) is not None


def _outside(values: bytes, backslashes: bool) -> bytes | None:
    """What is between strings in single quotes; None where there is anything else that may hold quotes."""
    if backslashes and b"\\" in values:
        values = values.replace(b"\\\\", b"").replace(b"\\'", b"")
    parts = values.split(b"'")
    code = b" ".join(parts[::2])
    return None if len(parts) % 2 == 0 or any(sign in code for sign in _MORE) else code


def tables(parsed: Parsed) -> list[int]:
    """Places of the names of tables, at any depth, those that are written to among them."""
    return [place for place, state in enumerate(states(parsed)) if state == "table"]


def states(parsed: Parsed) -> list[str]:
    """What can stand at each place, in bodies too: ``table``: the name of one begins here; ``expression``, ``list``:
    no table is named here, a name with a dot is a column; nothing where a statement is not followed."""
    found: list[str] = []
    around: list[tuple[str, bool]] = []
    state = ""  # table: a name may follow now; list: it would follow a comma
    for place, word in enumerate(parsed.upper):
        sign = word if parsed.at(place).kind == "other" or not _behind_dot(parsed, place) else ""
        before = parsed.upper[place - 1] if place else ""
        here = ""
        if sign == "(":
            around.append((state, before in _FUNCTIONS))
            state = "expression" if state == "list" else state
        elif sign == ")":
            state = around.pop()[0] if around else "expression"
            state = "list" if state == "table" else state
        elif sign == ",":
            state = "table" if state == "list" else state
        elif sign == ";" or (sign in _OTHERS and not around):
            around.clear()
            state = ""
        elif sign in _TABLES and not _no_clause(parsed, place, before, around):
            state = "table"
        elif sign in _QUERIES or (sign in _EXPRESSIONS and state != "table") or (sign in _CONDITIONS and not state):
            state = "expression"
        elif state == "table" and not _passed(parsed, place):
            here = "table" if parsed.at(place).name is not None else ""
            state = "list"
        found.append(here or ("" if state == "table" else state))
    return found


def sequences(parsed: Parsed) -> list[int]:
    """Places of the names of MariaDB's sequences where their numbers are drawn or set."""
    found = []
    for place, word in enumerate(parsed.upper[1:], 1):
        before = parsed.upper[max(place - 2, 0) : place]
        called = word == "(" and (parsed.at(place - 1).name or "").upper() in _SEQUENCES
        if called or (word == "FOR" and before in (["NEXT", "VALUE"], ["PREVIOUS", "VALUE"])):
            found.append(place + 1)
    return found


def named(parsed: Parsed, place: int) -> bool:
    """Whether a word before or behind it tells that the name with a dot at ``place`` is one of an object, no column."""
    upper = parsed.upper
    before = upper[place - 1] if place else ""
    if before in _KINDS and not _behind_dot(parsed, place - 1):
        return True
    if parsed.at(place + 3).text in (".", "("):  # a column with its table, a routine
        return True
    if upper[place + 3 : place + 5] == ["%", "ROWTYPE"] or upper[max(place - 3, 0) : place] == ["ROW", "TYPE", "OF"]:
        return True
    if before == "ON":
        statement = upper[:place][::-1]
        statement = statement[: statement.index(";")] if ";" in statement else statement
        return "GRANT" in statement or "REVOKE" in statement
    return before == "LIKE" and _copies(parsed, place - 1)


def _copies(parsed: Parsed, place: int) -> bool:
    """Whether LIKE is the one of CREATE TABLE a LIKE b."""
    place -= 2 if parsed.upper[place - 1] == "(" else 1
    place -= 2 if place > 1 and parsed.upper[place - 1] == "." else 0
    place -= 3 if parsed.upper[max(place - 3, 0) : place] == ["IF", "NOT", "EXISTS"] else 0
    return place > 0 and parsed.upper[place - 1] == "TABLE"


def _behind_dot(parsed: Parsed, place: int) -> bool:
    """Whether a keyword is none: it names a part of what is before the dot. Behind a number it is one."""
    return place > 1 and parsed.upper[place - 1] == "." and not parsed.at(place - 2).text.isdigit()


def _no_clause(parsed: Parsed, place: int, before: str, around: list[tuple[str, bool]]) -> bool:
    """Whether a word of a clause is something else here: ON DUPLICATE KEY UPDATE, FOR UPDATE, EXTRACT(.. FROM ..),
    ON DELETE CASCADE."""
    word = parsed.upper[place]
    if around and around[-1][1] and word in ("FROM", "USING"):
        return True
    if word in ("UPDATE", "DELETE") and before in ("KEY", "FOR", "ON"):
        return True
    return word in ("INSERT", "REPLACE") and (parsed.upper[place + 1 : place + 2] == ["("] or before == "OR")


def _passed(parsed: Parsed, place: int) -> bool:
    """Whether the table still comes: a modifier is here, or ``{ OJ``, as ODBC writes a join."""
    if parsed.upper[place] in _RESERVED:
        return True
    if parsed.upper[place] in _MODIFIERS:
        return parsed.upper[place + 1 : place + 2] != ["."]
    return parsed.upper[place] == "{" or (place > 0 and parsed.upper[place - 1] == "{")


def main_verb(parsed: Parsed) -> str:
    """Behind WITH: what it is about."""
    verbs = ("SELECT", "UPDATE", "DELETE", "INSERT", "REPLACE", "VALUES", "TABLE")
    depth = 0
    for word in parsed.upper[1:]:
        depth += (word == "(") - (word == ")")
        if depth == 0 and word in verbs:
            return word
    return ""


__all__ = ("VALUES", "main_verb", "named", "plain", "sequences", "states", "tables")
