# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: the statements that a restore may run, and the errors that they may meet.

What is run in functions and in DO blocks is not looked into: it has the rights of the account that restores.
"""

from __future__ import annotations

from ansible_collections.vya.backupdb.plugins.module_utils._sql import table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Place
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_calls import (
    check_calls,
    check_foreign_table,
    check_language,
    check_subscription,
)
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_catalog import Catalog
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_set import check_set_config
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import RefusedError
from ansible_collections.vya.backupdb.plugins.module_utils._sql.table import Rule

_VERBS = frozenset(
    "ALTER ANALYZE ANALYSE CALL CLUSTER COMMENT COPY CREATE DELETE DO DROP GRANT INSERT LOCK REFRESH REINDEX REVOKE"
    " MERGE SECURITY SELECT TRUNCATE UPDATE VALUES WITH".split()
)
# Verbs that may be told when they are refused; any other word may be a piece of a row.
_TOLD = frozenset("CLOSE DECLARE FETCH IMPORT MOVE REASSIGN".split())
_KINDS = frozenset(
    "ACCESS AGGREGATE CAST COLLATION CONVERSION DEFAULT DOMAIN EVENT EXTENSION FOREIGN FUNCTION INDEX LANGUAGE LARGE"
    " MATERIALIZED OPERATOR POLICY PROCEDURAL PROCEDURE PUBLICATION ROUTINE RULE SCHEMA SEQUENCE SERVER STATISTICS"
    " SUBSCRIPTION TABLE TEXT TRANSFORM TRIGGER TYPE USER VIEW".split()
)
_MODIFIERS = frozenset("OR REPLACE TEMP TEMPORARY GLOBAL LOCAL UNLOGGED UNIQUE RECURSIVE CONSTRAINT TRUSTED".split())
_SERVER_WIDE = frozenset("SYSTEM OWNED TABLESPACE".split())
_CODE = ("EXTENSION", "LANGUAGE", "PROCEDURAL")
_IN_BODY = frozenset("SELECT INSERT UPDATE DELETE MERGE VALUES WITH RETURN TABLE (".split())
_NOT_THERE = ("42P01", "42704", "42883", "3F000", "42703")
_THERE = ("42P06", "42710")


def check_body(parsed: Parsed, place: Place | None) -> None:
    """Raise RefusedError unless each semicolon is where the server expects one within a single statement.

    psql ends a function's body by counting words, the server by its grammar: here both must see the same. Within
    parentheses a semicolon is a rule's, or an error of syntax, with which nothing is run.
    """
    if ";" not in parsed.upper:
        return
    depth, begins, words = 0, [0], parsed.upper
    for at, word in enumerate(words):
        depth = max(0, depth + (word == "(") - (word == ")"))
        if word == ";" and depth == 0:
            begins.append(at + 1)
    atomic = parsed.find("BEGIN", "ATOMIC")
    begins[0] = atomic + 2
    firsts = [words[at] if at < len(words) else "" for at in begins]
    last = firsts.pop() if len(firsts) > 1 else "END"
    if len(begins) > 1 and not (
        0 < atomic < begins[1] and _IN_BODY.issuperset(firsts) and last == "END" and begins[-1] == len(words) - 1
    ):
        raise RefusedError(table.PG_BODY, "a semicolon within a statement", place)


def check_content(parsed: Parsed, catalog: Catalog, place: Place | None) -> None:
    """Raise RefusedError unless the statement is one that dumps are made of."""
    check_body(parsed, place)
    verb = parsed.upper[0] if len(parsed) else ""
    if verb in ("PREPARE", "EXECUTE", "DEALLOCATE"):
        raise RefusedError(table.HIDDEN, verb, place)
    if verb == "LOAD":
        raise RefusedError(table.SERVER_FILE, "LOAD of a library", place)
    if verb not in _VERBS:
        raise RefusedError(table.UNKNOWN, verb if verb in _TOLD else "it begins with no command of SQL", place)
    catalog.check(parsed, place)
    if verb in ("CREATE", "ALTER", "DROP"):
        _check_kind(parsed, verb, place)
    elif verb == "COPY":
        _check_copy(parsed, place)
    check_calls(parsed, verb, _kind(parsed)[1], place)
    if verb in ("SELECT", "WITH"):
        check_set_config(parsed, place)


def _kind(parsed: Parsed) -> tuple[int, str]:
    place = next((i for i, word in enumerate(parsed.upper) if i and word not in _MODIFIERS), len(parsed))
    return place, parsed.at(place).upper


def _check_kind(parsed: Parsed, verb: str, place: Place | None) -> None:
    at, kind = _kind(parsed)
    if kind in _SERVER_WIDE:
        raise RefusedError(table.SERVER_CHANGE, f"{verb} {kind}", place)
    if kind not in _KINDS:
        raise RefusedError(table.UNKNOWN, f"{verb} {kind}".strip(), place)
    if kind == "SUBSCRIPTION":
        check_subscription(parsed, verb, place)
    if verb == "CREATE" and kind in ("FUNCTION", "PROCEDURE"):
        check_language(parsed, at + 1, place)
    if kind == "FOREIGN" and parsed.upper[at + 1 : at + 2] == ["TABLE"]:
        check_foreign_table(parsed, place)


def _check_copy(parsed: Parsed, place: Place | None) -> None:
    source = parsed.find("FROM")
    if source < 0 or parsed.upper[source + 1 : source + 2] != ["STDIN"]:
        to = parsed.find("TO")
        what = "COPY FROM" if source >= 0 else "COPY TO" if to >= 0 else "COPY"
        program = " PROGRAM" if "PROGRAM" in parsed.upper else " a file" if source >= 0 else ""
        raise RefusedError(table.SERVER_FILE, what + program, place)


def drops_what_is_there(parsed: Parsed) -> bool:
    """Whether it drops plpgsql, which every database has, and which its own owner may not drop."""
    words, at = parsed.upper, 2 + (parsed.upper[1:2] == ["PROCEDURAL"])
    at += 2 * (words[at : at + 2] == ["IF", "EXISTS"])
    name = parsed.at(at).name or parsed.at(at).value
    return words[0] == "DROP" and words[1] in _CODE and name == "plpgsql" and parsed.at(at + 1).text != ","


def forgiven(parsed: Parsed) -> tuple[tuple[str, ...], Rule]:
    """SQLSTATEs that the statement may meet in a new database, and the rule that counts them."""
    verb, words = parsed.upper[0], parsed.upper
    at, kind = _kind(parsed) if verb in ("CREATE", "ALTER", "DROP") else (0, "")
    if verb == "DROP" and words[at : at + 3] != [kind, "IF", "EXISTS"]:
        return _NOT_THERE, table.FORGIVEN
    if verb == "ALTER" and "DROP" in words and "ADD" not in words:
        return _NOT_THERE, table.FORGIVEN
    if verb == "SELECT" and "LO_UNLINK" in words[:4]:
        return _NOT_THERE, table.FORGIVEN
    if verb == "CREATE":
        name = parsed.at(at + 4 if words[at + 1 : at + 4] == ["IF", "NOT", "EXISTS"] else at + 1).name
        if kind == "PROCEDURAL":
            name = parsed.at(at + 2).name or parsed.at(at + 2).value
        if (kind, name) == ("SCHEMA", "public") or (kind in _CODE and name == "plpgsql"):
            return _THERE, table.PG_EXISTS
    if words[:3] in (["COMMENT", "ON", what] for what in _CODE):
        return ("42501",), table.PG_EXTENSION_COMMENT
    return (), table.FORGIVEN


__all__ = ("check_content", "drops_what_is_there", "forgiven")
