# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what reaches files, programs, other sessions or other servers from within a statement.

Source: PostgreSQL manual, "System Administration Functions", "Large Objects", "XML Functions", "dblink", "file_fdw",
"CREATE FUNCTION", "Field Selection". What is only stored (the bodies of functions, views, rules) is not looked into.
"""

from __future__ import annotations

import re

from ansible_collections.vya.backupdb.plugins.module_utils._sql import table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Place
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed, Word
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import RefusedError

_NAMES = (
    r"lo_import|lo_export|cursor_to_xml\w*|pg_read_(?:binary_)?file\w*|pg_ls_\w+|pg_stat_file\w*"
    r"|dblink(?:_(?:connect(?:_u)?|disconnect|exec|open|fetch|close|send_query|cancel_query|get_result))?"
    r"|pg_file_(?:write|sync|rename|unlink|read|length)"
    r"|pg_logdir_ls|pg_reload_conf|pg_rotate_logfile|pg_(?:terminate|cancel)_backend|pg_promote|pg_switch_(?:wal|xlog)"
    r"|pg_backup_(?:start|stop)|pg_st(?:art|op)_backup|pg_create_restore_point|pg_wal_replay_\w+|pg_log_backend_\w+"
    r"|pg_replication_origin_\w+"
    r"|pg_logical_slot_\w+|pg_\w+_replication_slots?|pg_replication_slot_advance|pg_stat_reset\w*|pg_current_logfile"
    r"|pg_stat_statements_reset|pg_logfile_rotate"
)
_FUNCTION = re.compile(rf"(?:{_NAMES})\Z")
# These run the statements that are their arguments.
_QUERIES = r"ts_stat|ts_rewrite|query_to_xml\w*|crosstab(?:[234]|_hash)?|connectby|xpath_table"
_QUERY = re.compile(rf"(?:{_QUERIES})\Z")
# A row that merely holds a piece of this costs a closer look, nothing more.
_SUSPECT = re.compile(rf'\b(?:{_NAMES}|{_QUERIES})\b|u&"'.encode())
_PIECES = (b"pg_", b"lo_", b"ts_", b"_to_xml", b"xpath_table")
_RUN = frozenset("SELECT WITH VALUES CALL INSERT UPDATE DELETE MERGE COPY CREATE ALTER".split())
_STORED = frozenset("FUNCTION PROCEDURE VIEW RULE".split())
_ALTERED = frozenset("TABLE DOMAIN FOREIGN VIEW POLICY OPERATOR".split())
# Here a function may stand without its arguments.
_MADE_OF = frozenset("OPERATOR AGGREGATE CAST TRANSFORM CONVERSION".split())
# Behind these stands the name of a table, with its columns in parentheses.
_TABLES = frozenset("TABLE EXISTS INTO COPY REFERENCES".split())
# What a statement in an argument may be made of, besides strings.
_SIGNS, _VALUES = frozenset(",:|()"), frozenset(("TRUE", "FALSE", "NULL"))
_CASTS = frozenset("TEXT TSQUERY BOOLEAN INTEGER".split())
_REMOTE = frozenset(("program", "filename"))
_NOTHING = Word("space", "")
# Parameters that no publisher is told of.
_SUBSCRIPTION = frozenset(
    "SLOT_NAME SYNCHRONOUS_COMMIT BINARY STREAMING DISABLE_ON_ERROR PASSWORD_REQUIRED RUN_AS_OWNER ORIGIN".split()
)


def suspicious(text: bytes) -> bool:
    """Whether a closer look is worth while: quick, as rows go through it too."""
    low = text.lower()
    found = b"_" in low and any(piece in low for piece in _PIECES)
    found = found or b"dblink" in low or b"crosstab" in low or b"connectby" in low or b'u&"' in low
    return found and _SUSPECT.search(low) is not None


def check_calls(parsed: Parsed, verb: str, kind: str, place: Place | None) -> None:
    """Raise RefusedError for a call of such a function, and for a name that hides one. ``kind``: what CREATE makes."""
    words = [word for word in parsed.words if word.kind != "space"]
    alias = -1
    called = verb in _RUN and not (verb == "CREATE" and kind in _STORED) and (verb != "ALTER" or kind in _ALTERED)
    for at, word in enumerate(words):
        if word.kind == "name" and word.name is None:
            raise RefusedError(table.PG_STRINGS, 'a name with Unicode escapes (U&"...")', place)
        if not called or word.name is None or not (_FUNCTION.match(word.name) or _QUERY.match(word.name)):
            continue
        if at == alias or not _is_called(words, at, kind):
            continue
        behind = _harmless(words, at + 1) if _QUERY.match(word.name) else 0
        if not behind:
            raise RefusedError(table.SERVER_FILE, f"a call of {word.name}", place)
        # The server writes ``FROM crosstab('..') crosstab(a text, b text)``.
        alias = behind + (words[behind : behind + 1] != [] and words[behind].upper == "AS")


def _is_called(words: list[Word], at: int, kind: str) -> bool:
    """Whether the function named at ``at`` is called there, or made a part of something that calls it."""
    first = at
    while first > 1 and words[first - 1].text == "." and words[first - 2].name is not None:
        first -= 2
    before = words[first - 1] if first else _NOTHING
    # ``(value).function`` calls it as well.
    if before.text == "." or kind in _MADE_OF or (kind == "TYPE" and before.text == "="):
        return True
    after = words[at + 1].text if at + 1 < len(words) else ""
    return after == "(" and before.upper not in _TABLES and not (kind == "INDEX" and before.upper == "ON")


def _harmless(words: list[Word], at: int) -> int:
    """The place behind the arguments that begin at ``at``, when they are written out and the statements in them call no
    such function; 0 otherwise."""
    if at >= len(words) or words[at].text != "(":
        return 0
    depth = 1
    said: list[str] = []
    for end, (before, word) in enumerate(zip(words[at:], words[at + 1 :]), at + 2):
        depth += (word.text == "(") - (word.text == ")")
        text = _written_out(word)
        if depth == 0:
            return 0 if suspicious("".join(said).encode("utf-8", "surrogateescape")) else end
        if text is not None:
            said.append(text)
        elif not _is_plain(before, word):
            return 0
    return 0


def _is_plain(before: Word, word: Word) -> bool:
    """A number, a sign, or a type behind ``::`` without a length, which would cut off what was judged."""
    if word.kind == "word":
        return word.upper in _VALUES or (word.upper in _CASTS and before.text == ":")
    return word.text.isdigit() or (word.text in _SIGNS and (word.text, before.kind) != ("(", "word"))


def _written_out(word: Word) -> str | None:
    """What a string says, None where that cannot be told simply."""
    if word.kind == "string" and word.text.startswith("$"):
        return word.text.split("$", 2)[2].rsplit("$", 2)[0]
    return word.value if word.kind == "string" else None


def check_language(parsed: Parsed, at: int, place: Place | None) -> None:
    """Code of a shared library comes from where the server keeps its own, or not at all; the server's own functions
    are not made callable under other names."""
    for language in range(at, len(parsed) - 1):
        if parsed.upper[language] != "LANGUAGE":
            continue
        word = parsed.at(language + 1)
        name = (word.name if word.kind in ("word", "name") else word.value) or ""
        if not name and word.kind in ("string", "name"):
            raise RefusedError(table.SERVER_FILE, "a function in a language whose name cannot be read", place)
        if name.lower() == "internal":
            raise RefusedError(table.SERVER_FILE, "a function in language internal", place)
        if name.lower() == "c":
            _check_library(parsed, at, place)


def _check_library(parsed: Parsed, at: int, place: Place | None) -> None:
    body = parsed.find("AS", start=at)
    library = parsed.at(body + 1).value or "" if body > 0 else ""
    if not library.startswith("$libdir/") or ".." in library:
        raise RefusedError(table.SERVER_FILE, "a function in a library outside $libdir", place)


def check_foreign_table(parsed: Parsed, place: Place | None) -> None:
    """file_fdw reads a file, or what a program writes."""
    for at in range(len(parsed) - 1):
        if parsed.at(at).name in _REMOTE and parsed.at(at + 1).kind == "string":
            raise RefusedError(table.SERVER_FILE, f"a foreign table with the option {parsed.at(at).name}", place)


def check_subscription(parsed: Parsed, verb: str, place: Place | None) -> None:
    """A subscription is there when all is loaded, and has reached nobody yet."""
    if verb == "CREATE" and not _connects_not(parsed):
        raise RefusedError(table.PG_SUBSCRIPTION, "CREATE SUBSCRIPTION", place)
    if verb == "ALTER" and parsed.at(3).upper not in ("OWNER", "RENAME", "DISABLE", "SKIP") and not _sets_only(parsed):
        raise RefusedError(table.PG_SUBSCRIPTION, "ALTER SUBSCRIPTION", place)


def _sets_only(parsed: Parsed) -> bool:
    words = parsed.upper
    names = [(parsed.at(at + 1).name or "").upper() for at in range(4, len(words)) if words[at] in ("(", ",")]
    return words[3:5] == ["SET", "("] and _SUBSCRIPTION.issuperset(names)


def _connects_not(parsed: Parsed) -> bool:
    words = parsed.upper
    for at in range(parsed.find("WITH") if "WITH" in words else len(words), len(words)):
        if words[at] == "CONNECT" and parsed.at(at + 1).text == "=":
            return (parsed.at(at + 2).value or "").lower() in ("false", "off", "0", "no")
    return False


__all__ = ("check_calls", "check_foreign_table", "check_language", "check_subscription", "suspicious")
