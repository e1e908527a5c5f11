# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: which objects a statement is about, who is its definer, and events that must not run yet."""

from __future__ import annotations

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import Word, split
from ansible_collections.vya.backupdb.plugins.module_utils._sql.places import Places, decode

KINDS = frozenset(
    "TABLE TABLES VIEW TRIGGER PROCEDURE FUNCTION EVENT INDEX SEQUENCE PACKAGE DATABASE SCHEMA USER ROLE".split()
)
_MODIFIERS = frozenset(
    "OR REPLACE TEMPORARY ALGORITHM = UNDEFINED MERGE TEMPTABLE SQL SECURITY INVOKER DEFINER UNIQUE FULLTEXT SPATIAL"
    " VECTOR AGGREGATE ONLINE OFFLINE IGNORE".split()
)
_BEFORE_NAME = frozenset("IF NOT EXISTS BODY WAIT NOWAIT".split())
_LISTS = frozenset("TABLE TABLES VIEW SEQUENCE".split())


class Parsed(Places[Word]):
    """One statement as words, as the sql_mode reads it."""

    def __init__(self, text: bytes, sql_mode: str = "") -> None:
        super().__init__(split(decode(text), sql_mode), Word("space", ""))


def value(word: Word) -> str:
    """What a string or a name says."""
    if word.kind == "string":
        return word.text[1:-1].replace(word.text[0] * 2, word.text[0])
    return word.name or ""


def kind(parsed: Parsed) -> int:
    """The place of the word that tells what is created, altered or dropped; -1 when a word before it is not known."""
    place = 1
    while place < len(parsed):
        word = parsed.upper[place]
        if word == "DEFINER" and parsed.upper[place + 1 : place + 2] == ["="]:
            place = account_end(parsed, place + 2)
            continue
        if word in KINDS:
            return place
        if word not in _MODIFIERS:
            return -1
        place += 1
    return -1


def account_end(parsed: Parsed, place: int) -> int:
    """Behind an account: ``name``, ``name@host`` or ``CURRENT_USER()``."""
    if parsed.at(place + 1).text == "@":
        return place + 3
    return place + 3 if parsed.upper[place + 1 : place + 3] == ["(", ")"] else place + 1


def account(parsed: Parsed, place: int) -> tuple[str, str]:
    """(user, host) of the account at ``place``; a role has no host."""
    host = value(parsed.at(place + 2)) if parsed.at(place + 1).text == "@" else ""
    return value(parsed.at(place)), host.lower()


def objects(parsed: Parsed, at: int) -> list[int]:
    """Places of the names that the statement writes to; ``at``: of the word that tells the kind of object."""
    upper = parsed.upper
    verb, what = upper[0], upper[at]
    first = at + 1
    while first < len(parsed) and upper[first] in _BEFORE_NAME:
        first += 1
    if what == "INDEX":
        return [place + 1 for place in (parsed.find("ON", start=at),) if place > 0]
    if verb == "RENAME" or (verb == "DROP" and what in _LISTS):
        places = [place + 1 for place in range(at, len(parsed)) if upper[place] in (",", "TO")]
        return [first, *places]
    found = [first]
    if verb == "CREATE" and what == "TRIGGER":
        found += [place + 1 for place in (parsed.find("ON", start=first),) if place > 0]
    if verb in ("CREATE", "ALTER") and what == "TABLE":
        found += _merged(parsed, first)
    if verb == "ALTER":
        for place in range(first, len(parsed)):
            if upper[place] == "RENAME" and upper[place + 1 : place + 2] not in (["COLUMN"], ["INDEX"], ["KEY"]):
                found.append(place + 2 if upper[place + 1 : place + 2] in (["TO"], ["AS"], ["="]) else place + 1)
            elif upper[place : place + 2] in (["WITH", "TABLE"], ["CONVERT", "TABLE"], ["TO", "TABLE"]):
                found.append(place + 2)
    return found


def _merged(parsed: Parsed, start: int) -> list[int]:
    """Places of the tables below a MERGE table: ``UNION = (a, b)``."""
    begin = next((place for place in range(start, len(parsed)) if _merges(parsed.upper[place : place + 4])), -1)
    begin = parsed.upper.index("(", begin) if begin > 0 else len(parsed)
    end = parsed.upper.index(")", begin) if ")" in parsed.upper[begin:] else len(parsed)
    return [place + 1 for place in range(begin, end - 1) if parsed.upper[place] in ("(", ",")]


def _merges(words: list[str]) -> bool:
    """Whether a UNION is the option of a table; without its sign it must not be taken for one of queries."""
    return words[:3] == ["UNION", "=", "("] or (
        words[:2] == ["UNION", "("] and words[2:3] not in (["SELECT"], ["("], ["VALUES"], ["WITH"], ["TABLE"])
    )


def library(parsed: Parsed) -> bool:
    """Whether a function is one of a library: ``RETURNS INTEGER SONAME 'x.so'``."""
    upper = parsed.upper
    return any(word == "SONAME" and upper[place - 2] == "RETURNS" for place, word in enumerate(upper))


def qualifier(parsed: Parsed, place: int) -> str | None:
    """The database that the name at ``place`` is qualified with."""
    if parsed.at(place + 1).text == "." and parsed.at(place + 2).name is not None:
        return parsed.at(place).name
    return None


def assignments(parsed: Parsed) -> list[tuple[int, int]]:
    """(begin, end) of the assignments of a SET."""
    parts, begin, depth = [], 1, 0
    for place in range(1, len(parsed)):
        sign = parsed.upper[place]
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append((begin, place))
            begin = place + 1
    return [*parts, (begin, len(parsed))] if begin < len(parsed) else parts


def definer(parsed: Parsed, at: int, accounts: frozenset[tuple[str, str]]) -> dict[int, str]:
    """Changes that put CURRENT_USER in the place of a definer that is not among ``accounts``."""
    place = next((i for i in range(at) if parsed.upper[i : i + 2] == ["DEFINER", "="]), -1)
    if place < 0 or not accounts:
        return {}
    first = parsed.at(place + 2)
    if first.kind == "word" and first.text.upper() in ("CURRENT_USER", "CURRENT_ROLE"):
        return {}
    user, host = account(parsed, place + 2)
    if (user, host) in accounts or (not host and (user, "%") in accounts):
        return {}
    changes = dict.fromkeys(range(place + 2, account_end(parsed, place + 2)), "")
    return {**changes, place + 2: "CURRENT_USER"}


def disabled(parsed: Parsed, at: int) -> dict[int, str]:
    """Changes that create an event disabled; none when it is disabled already."""
    begin = objects(parsed, at)[0] + 1
    body = parsed.find("DO", start=begin)
    end = body if body > 0 else len(parsed)
    for place in range(begin, end):
        if parsed.upper[place] == "DISABLE":
            return {}
        if parsed.upper[place] == "ENABLE":
            return {place: "DISABLE"}
    if parsed.upper[0] == "ALTER":
        return {}
    comment = parsed.find("COMMENT", start=begin)
    place = comment if 0 < comment < end else end
    return {place: "DISABLE " + parsed.at(place).text} if place < len(parsed) else {}


__all__ = (
    "KINDS",
    "Parsed",
    "account",
    "account_end",
    "assignments",
    "definer",
    "disabled",
    "kind",
    "library",
    "objects",
    "qualifier",
    "value",
)
