# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: attributes of definitions that every version has alike, taken from what the server prints.

They are what a restore into another major version must bring back. Expressions are not among them, since a newer
version may print them in another way; nor is what only newer versions print. information_schema has some of it too,
but a server opens a table to answer (even one of another server), and knows other columns in each version.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_columns import Shown, shown
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_definers import definer
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_script import Definition
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import Word, split

_DEPTH = {"(": 1, ")": -1}
_KEYS = ("PRIMARY", "UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR", "KEY", "INDEX")
_NOW = ("CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP")
# Their defaults are printed as text or as a number, by version.
_BYTES = ("BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB")
_NUMBER = re.compile(r"^[0-9][0-9a-zA-Z]*\Z")
_OLD_UTF8 = re.compile(r"^utf8(?=_|\Z)")
_DISPLAY_WIDTH = re.compile(r"\b(tinyint|smallint|mediumint|int|bigint|year)\([0-9]+\)")
_OPERATORS = ("MOD", "DIV")
_BY = ["PARTITION", "BY"]
_BY_EXPRESSION = ("RANGE", "LIST", "HASH")


def renamed(charset: str) -> str:
    """A character set or collation by the name that newer versions have for it."""
    return _OLD_UTF8.sub("utf8mb3", charset)


def plain_type(name: str) -> str:
    """A type by the name that newer versions have for it, without the display width that they do not print."""
    return _DISPLAY_WIDTH.sub(r"\1", name).replace("geometrycollection", "geomcollection")


def attributes(item: Definition) -> str:
    """Of one object, as a text that can be compared. What a routine or a trigger is about is no part of the text that
    the server prints by itself: my_catalog has that."""
    if item.kind == "table":
        return "\n".join(_table(shown(item.text)))
    words = _words(item.text, item.sql_mode)
    found = [f"definer {definer(item.text, item.sql_mode)}"]
    if item.kind == "view":
        head = words[: _place(words, "VIEW")]
        found += [_lower(head[at : at + 3]) for at in range(len(head)) if _upper(head[at]) in ("ALGORITHM", "SQL")]
        found.append(_lower(words[-4:]) if [_upper(word) for word in words[-2:]] == ["CHECK", "OPTION"] else "")
        # With these the text is read again.
        found += [renamed(item.charset), renamed(item.collation)]
    elif item.kind == "event":
        begin, end = _place(words, "SCHEDULE"), _place(words, "DO")
        found += [_lower(_without_status(words[begin:end])), item.time_zone]
    elif item.kind == "sequence":
        found = [_lower(words[_place(words, "START") : _place(words, "ENGINE")])]
    return "\n".join(found)


def _words(text: str, sql_mode: str) -> list[Word]:
    return [word for word in split(text, sql_mode) if word.kind != "space"]


def _upper(word: Word) -> str:
    return word.text.upper() if word.kind == "word" else word.text


def _lower(words: t.Iterable[Word]) -> str:
    return " ".join(word.text.lower() if word.kind == "word" else word.text for word in words)


def _place(words: t.Sequence[Word], keyword: str) -> int:
    """Of the first keyword; the number of the words when it is not among them."""
    return next((at for at, word in enumerate(words) if _upper(word) == keyword), len(words))


def _without_status(words: t.Sequence[Word]) -> list[Word]:
    """The head of an event as it is in a scratch database, where none may run."""
    kept: list[Word] = []
    for at, word in enumerate(words):
        before = [_upper(item) for item in words[max(at - 2, 0) : at]]
        status = _upper(word) in ("ENABLE", "DISABLE", "SLAVE", "REPLICA")
        if not status and not (_upper(word) == "ON" and before[-1:] == ["DISABLE"]):
            kept.append(word)
    return kept


def _table(pieces: Shown) -> list[str]:
    """Columns in their order; keys, checks and options in any."""
    columns = [_column(item) for item in pieces.items if item[0].kind == "name"]
    others = [text for item in pieces.items if item[0].kind != "name" for text in _other(item)]
    begin = next(
        (at for at, word in enumerate(pieces.options) if [_upper(w) for w in pieces.options[at : at + 2]] == _BY),
        len(pieces.options),
    )
    options = [_upper(word) for word in pieces.options[:begin]]
    if _follows(options, "WITH", "SYSTEM", "VERSIONING"):
        others.append("system versioning")
    return [*columns, *sorted(others), _partitions(pieces.options[begin:])]


def _follows(words: t.Sequence[str], *wanted: str) -> bool:
    return any(tuple(words[at : at + len(wanted)]) == wanted for at in range(len(words)))


def _outside(words: t.Iterable[Word]) -> list[Word]:
    """The words that are in no parentheses; of these the opening ones remain."""
    kept, depth = [], 0
    for word in words:
        if depth == 0:
            kept.append(word)
        depth += _DEPTH.get(word.text, 0)
    return [word for word in kept if word.text != ")"]


def _column(words: t.Sequence[Word]) -> str:
    """Its default, what an update sets, how it is generated, and who sees it."""
    top = [_upper(word) for word in _outside(words)]
    found = [words[0].text]
    depth = 0
    for at, word in enumerate(words):
        if depth == 0 and word.kind == "word" and _upper(word) == "DEFAULT":
            found.append(_default(words[at + 1 :], bytes_of=top[1] in _BYTES))
        elif depth == 0 and [_upper(item) for item in words[at : at + 2]] == ["ON", "UPDATE"]:
            found.append(f"on update {_default(words[at + 2 :])}")
        depth += _DEPTH.get(word.text, 0)
    if _follows(top, "AS", "("):
        found.append("stored" if "STORED" in top or "PERSISTENT" in top else "virtual")
    found += [word.lower() for word in ("INVISIBLE", "AUTO_INCREMENT", "CHECK") if word in top]
    found += [f"row {end.lower()}" for end in ("START", "END") if _follows(top, "ROW", end)]
    if _follows(top, "WITHOUT", "SYSTEM", "VERSIONING"):
        found.append("without system versioning")
    return " ".join(filter(None, found))


def _default(words: t.Sequence[Word], *, bytes_of: bool = False) -> str:
    """A value is the same with and without quotes, by which versions differ, and NULL may not be printed at all."""
    first = words[0]
    if _upper(first) == "NULL":
        return ""
    if bytes_of:
        return "default bytes"
    if first.kind == "string":
        return f"default {first.text[1:-1]}"
    if _upper(first) in _NOW:
        digits = words[2].text if len(words) > 2 and words[1].text == "(" else ")"
        return "default now" + ("" if digits in (")", "0") else f" {digits}")
    if len(words) > 1 and first.kind == "word" and words[1].kind == "string":  # b'101'
        return f"default {first.text.lower()}{words[1].text}"
    value = ""
    for word in words:
        if not (_NUMBER.match(word.text) or (word.text in ("-", ".") and word.kind == "other")):
            break
        value += word.text
    return f"default {value}" if value else "default expression"


def _other(words: t.Sequence[Word]) -> t.Iterator[str]:
    """A key, a period, or a check that is not enforced: foreign keys and the names of checks are compared elsewhere."""
    top = [_upper(word) for word in _outside(words)]
    if top[0] in _KEYS:
        name = "PRIMARY" if top[0] == "PRIMARY" else next((word.text for word in words if word.kind == "name"), "")
        begin = _place(words, "(")
        parts: list[list[str]] = [[]]
        depth = 0
        for word in words[begin:]:
            depth += _DEPTH.get(word.text, 0)
            if depth == 0:
                break
            if depth == 1 and word.text == ",":
                parts.append([])
            else:
                parts[-1].append(_upper(word))
        directions = "".join("D" if part[-1:] == ["DESC"] else "A" for part in parts)
        kind = top[0] if top[0] in ("FULLTEXT", "SPATIAL", "VECTOR") else ""
        hidden = "hidden" if "INVISIBLE" in top or "IGNORED" in top else ""
        yield " ".join(filter(None, (f"key {name}", kind, directions, hidden)))
    elif top[0] == "PERIOD":
        yield _lower(words)
    elif _follows(top, "NOT", "ENFORCED"):
        yield f"{words[1].text} not enforced"


def _partitions(words: t.Sequence[Word]) -> str:
    """Without what versions print each in its way: quotes of names, parentheses, engines, and of an expression all but
    the columns and numbers in it."""
    found: list[str] = []
    at = depth = expression = 0
    while at < len(words):
        word = words[at]
        upper = _upper(word)
        depth += _DEPTH.get(word.text, 0)
        following = words[at + 1].text if at + 1 < len(words) else ""
        if word.text == "(" and at and _upper(words[at - 1]) in _BY_EXPRESSION:
            expression = depth
        elif depth < expression:
            expression = 0
        if upper in ("ENGINE", "STARTS"):  # ENGINE = x; STARTS TIMESTAMP'...', which MariaDB 10.3 does not print
            at += 3
            continue
        function = expression and (following == "(" or upper in _OPERATORS)
        introducer = upper.startswith("_") and following[:1] in ("'", '"')
        if word.text not in ("(", ")", "=") and not function and not introducer:
            if word.kind == "string":
                found.append(word.text)
            elif word.name is not None:
                found.append(word.name.lower())
            elif not expression:
                found.append(word.text)
        at += 1
    return " ".join(found)


__all__ = ("attributes", "plain_type", "renamed")
