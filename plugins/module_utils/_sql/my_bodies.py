# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: where a statement ends that stands with others before one delimiter.

The stock clients send all text before a delimiter at once, and the server cuts it by its grammar: at each ``;`` that is
not within the body of a routine, trigger or event. This finds the same places by counting blocks. Where it is mistaken,
the server gets half a statement or two at once, and refuses either: nothing is run that was not judged as it is run.

Source: MySQL Reference Manual, "Compound Statement Syntax"; MariaDB Knowledge Base, "Programmatic and Compound
Statements".
"""

from __future__ import annotations

import re

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import Word
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_names import Parsed, kind

_CODE = frozenset("PROCEDURE FUNCTION TRIGGER EVENT PACKAGE".split())
# What a statement after another may begin with. BEGIN is not among them: in sql_mode=ORACLE declarations come before.
_NEXT = re.compile(
    rb"(?:ALTER|ANALYZE|CALL|CHANGE|CHECK|COMMIT|CREATE|DEALLOCATE|DELETE|DELIMITER|DESC|DESCRIBE|DO|DROP|EXECUTE|EXPLAIN"
    rb"|FLUSH|GRANT|HANDLER|INSERT|INSTALL|KILL|LOAD|LOCK|OPTIMIZE|PREPARE|PURGE|RENAME|REPAIR|REPLACE|RESET|REVOKE"
    rb"|ROLLBACK|SELECT|SET|SHOW|SHUTDOWN|START|STOP|TRUNCATE|UNINSTALL|UNLOCK|UPDATE|USE|VALUES|WITH|XA)"
    rb"(?![\w$.\x80-\xff])",
    re.I,
)
# Space, comments and the signs of versioned comments; all of it must be in sight.
BETWEEN = re.compile(
    rb"(?:[\s;]+|\#[^\n]*(?:\n|\Z)|--(?=[\x00-\x20\x7f]|\Z)[^\n]*(?:\n|\Z)|/\*M?![0-9]*|/\*(?!M?!)(?:[^*]|\*(?!/))*\*/)*"
)
# Behind these a statement of a body begins.
_STARTS = frozenset((*"; : BEGIN THEN ELSE DO LOOP REPEAT ATOMIC".split(), ""))
# Behind these, in the head of a definition, no body begins.
_NO_BODY = frozenset(". , ( = < > + - / PROCEDURE FUNCTION TRIGGER EVENT BODY RETURN SELECT AND OR NOT WHEN ON".split())
_BLOCKS = frozenset("IF CASE LOOP WHILE REPEAT FOR".split())


def next_statement(text: bytes, pos: int) -> bool:
    """Whether a statement begins at ``pos``, where neither space nor a comment is."""
    return _NEXT.match(text, pos) is not None


class Body:
    """Blocks that are open in one statement, which is fed up to each of its ``;``, that sign included."""

    def __init__(self) -> None:
        self._kind = ""
        self._comments = 0
        self._blocks: list[str] = []
        self._last = ""
        self._handler = False
        self._fed = False

    @property
    def code(self) -> bool:
        """Whether the statement creates code."""
        return bool(self._kind)

    @property
    def whole(self) -> bool:
        """Whether the statement may end here."""
        return not self._blocks and not self._comments and self._kind != "PACKAGE"

    def feed(self, text: bytes, modes: tuple[bool, bool]) -> None:
        """The next part of the statement."""
        mode = ",".join(
            name for name, on in zip(("NO_BACKSLASH_ESCAPES", "ANSI_QUOTES"), (not modes[0], modes[1])) if on
        )
        parsed = Parsed(text, mode)
        if not self._fed:
            self._fed = True
            self._kind = _kind(parsed)
        self._comments += sum(_sign(word) for word in parsed.words)
        self._comments = max(self._comments, 0)
        if self._kind:
            self._count(parsed)

    def _count(self, parsed: Parsed) -> None:
        place = 0
        while place < len(parsed):
            word = parsed.upper[place]
            last, self._last = self._last, word or "x"
            following = parsed.upper[place + 1] if place + 1 < len(parsed) else ""
            place += 1
            if last == "." or following == ".":
                continue
            if word == "END" and self._ends(last, following):
                block = self._blocks.pop()
                if following == block:
                    # END IF: not the beginning of another.
                    place += 1
                    self._last = following + "."
            elif word == "DECLARE":
                self._handler = True
            elif word == ";":
                self._handler = False
            elif word == "CASE":
                self._blocks.append("CASE" if self._begins(last) else "case")
            elif word == "BEGIN" and (self._begins(last) or self._handler):
                self._blocks.append(word)
                self._handler = False
            elif word in _BLOCKS and following != "EACH" and self._begins(last):
                self._blocks.append(word)

    def _begins(self, last: str) -> bool:
        """Whether a statement begins behind the word ``last``."""
        if self._blocks and self._blocks[-1] == "case":
            return False
        return last in _STARTS if self._blocks else last not in _NO_BODY

    def _ends(self, last: str, following: str) -> bool:
        if not self._blocks:
            return False
        block = self._blocks[-1]
        return block == "case" or last in _STARTS or (block == "REPEAT" and following == "REPEAT")


def _sign(word: Word) -> int:
    if word.kind != "other":
        return 0
    return -1 if word.text == "*/" else int(word.text.startswith(("/*!", "/*M!")))


def _kind(parsed: Parsed) -> str:
    """The kind of code that a statement makes, or nothing."""
    if parsed.upper[:1] not in (["CREATE"], ["ALTER"]):
        return ""
    at = kind(parsed)
    found = parsed.upper[at] if at > 0 else ""
    return found if found in _CODE else ""


__all__ = ("BETWEEN", "Body", "next_statement")
