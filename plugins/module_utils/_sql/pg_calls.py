# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what reaches files, programs, other sessions or other servers from within a statement.

Source: PostgreSQL manual, "System Administration Functions", "Large Objects", "XML Functions", "dblink", "file_fdw",
"CREATE FUNCTION". What is only stored (the bodies of functions, views, rules) is not looked into.
"""

from __future__ import annotations

import re

from ansible_collections.vya.backupdb.plugins.module_utils._sql import table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Place
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import RefusedError

_NAMES = (
    r"lo_import|lo_export|dblink\w*|ts_stat|(?:query|cursor)_to_xml\w*|pg_read_(?:binary_)?file\w*|pg_ls_\w+|pg_stat_file\w*"
    r"|pg_file_(?:write|sync|rename|unlink|read|length)"
    r"|pg_logdir_ls|pg_reload_conf|pg_rotate_logfile|pg_(?:terminate|cancel)_backend|pg_promote|pg_switch_(?:wal|xlog)"
    r"|pg_backup_(?:start|stop)|pg_st(?:art|op)_backup|pg_create_restore_point|pg_wal_replay_\w+|pg_log_backend_\w+"
    r"|pg_replication_origin_\w+"
    r"|pg_logical_slot_\w+|pg_\w+_replication_slots?|pg_stat_reset\w*|pg_current_logfile"
)
_FUNCTION = re.compile(rf"(?:{_NAMES})\Z")
# A row that merely holds a piece of this costs a closer look, nothing more.
_SUSPECT = re.compile(rf'\b(?:{_NAMES})\b|u&"'.encode())
_RUN = frozenset("SELECT WITH CALL INSERT UPDATE DELETE COPY CREATE ALTER".split())
_STORED = frozenset("FUNCTION PROCEDURE VIEW RULE".split())
_ALTERED = frozenset("TABLE DOMAIN FOREIGN VIEW POLICY".split())
# Here a function stands without its arguments.
_MADE_OF = frozenset("OPERATOR AGGREGATE TYPE CONVERSION".split())
_REMOTE = frozenset(("program", "filename"))


def suspicious(text: bytes) -> bool:
    """Whether a closer look is worth while: quick, as rows go through it too."""
    low = text.lower()
    found = b"_" in low and (b"pg_" in low or b"lo_" in low or b"ts_stat" in low or b"_to_xml" in low)
    return (found or b"dblink" in low or b'u&"' in low) and _SUSPECT.search(low) is not None


def check_calls(parsed: Parsed, verb: str, kind: str, place: Place | None) -> None:
    """Raise RefusedError for a call of such a function, and for a name that hides one. ``kind``: what CREATE makes."""
    words = [word for word in parsed.words if word.kind != "space"]
    called = verb in _RUN and not (verb == "CREATE" and kind in _STORED) and (verb != "ALTER" or kind in _ALTERED)
    for at, word in enumerate(words):
        if word.kind == "name" and word.name is None:
            raise RefusedError(table.PG_STRINGS, 'a name with Unicode escapes (U&"...")', place)
        if not called or word.name is None or not _FUNCTION.match(word.name):
            continue
        before, after = words[at - 1].text if at else "", words[at + 1].text if at + 1 < len(words) else ""
        if after == "(" or (kind in _MADE_OF and before in ("=", ".")):
            raise RefusedError(table.SERVER_FILE, f"a call of {word.name}", place)


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
    action, follows = (parsed.at(at).upper for at in (3, 4))
    if verb == "ALTER" and action not in ("OWNER", "RENAME", "DISABLE", "SKIP") and (action, follows) != ("SET", "("):
        raise RefusedError(table.PG_SUBSCRIPTION, "ALTER SUBSCRIPTION", place)


def _connects_not(parsed: Parsed) -> bool:
    words = parsed.upper
    for at in range(parsed.find("WITH") if "WITH" in words else len(words), len(words)):
        if words[at] == "CONNECT" and parsed.at(at + 1).text == "=":
            return (parsed.at(at + 2).value or "").lower() in ("false", "off", "0", "no")
    return False


__all__ = ("check_calls", "check_foreign_table", "check_language", "check_subscription", "suspicious")
