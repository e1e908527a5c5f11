# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: comments such as ``/*!50003 .. */``, which one server runs and another skips.

Source: MySQL Reference Manual, "Comments"; MariaDB Knowledge Base, "Comment Syntax"; what MariaDB 10.11 and MySQL 9 do.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Unreadable
from ansible_collections.vya.backupdb.plugins.module_utils._sql.lexer import BODIES

# (whether it is a comment of MariaDB, its version or None) -> whether the server runs what is in it
Runs = t.Callable[[bool, t.Optional[int]], bool]

_MARK = re.compile(rb"/\*(M?)!([0-9]*)")
_NESTED = re.compile(rb"/\*|\*/")
_BLANK = re.compile(rb"[\s]|\Z")
# MariaDB skips what is for MySQL 5.7 and newer: that may be what it does not know.
_NOT_MARIADB = range(50700, 100000)
# Any server from here on runs older comments.
_OLD = 50700


def runs_on(flavour: str, version: t.Sequence[int]) -> Runs:
    """What a server runs."""
    major, minor, patch = (*version, 0, 0, 0)[:3]
    number = major * 10000 + minor * 100 + patch

    def runs(maria: bool, asked: int | None) -> bool:
        if maria and flavour != "mariadb":
            return False
        return asked is None or (asked <= number and (flavour != "mariadb" or maria or asked not in _NOT_MARIADB))

    return runs


def runs_all(maria: bool, asked: int | None) -> bool:
    """As if some server ran everything."""
    return maria or asked is None or asked > 0


def runs_everywhere(maria: bool, asked: int | None) -> bool:
    """What no server skips."""
    return not maria and (asked is None or asked < _OLD)


@functools.lru_cache(maxsize=4)
def _code(backslashes: bool, ansi: bool) -> t.Pattern[bytes]:
    """Everything up to the next sign of a comment in ``/* */``."""
    parts = [rb"[^'\"`\#/*\-]+", rb"\#[^\n]*", rb"--(?=[\x00-\x20\x7f]|\Z)[^\n]*", rb"-", rb"/(?!\*)", rb"\*(?!/)"]
    for quote, escapes in ((b"'", backslashes), (b'"', backslashes and not ansi), (b"`", False)):
        parts.append(quote + BODIES[quote, escapes].pattern + quote)
    return re.compile(b"(?:" + b"|".join(parts) + b")*", re.S)


def as_run(text: bytes, modes: tuple[bool, bool], runs: Runs, passed: list[bytes] | None = None) -> tuple[bytes, int]:
    """(the statement with a space for each versioned comment that is not run, how many those were). ``passed``: gets
    what is in those.

    Raises Unreadable where servers do not agree.
    """
    if b"/*" not in text:
        return text, 0
    code, out = _code(*modes), []
    begin = pos = skipped = 0
    opened = False
    while True:
        pos = code.match(text, pos).end()  # type: ignore[union-attr]
        if text.startswith(b"*/", pos):
            if not opened:
                # Two signs for the server: kept apart they are two for everybody.
                out.append(text[begin : pos + 1] + b" ")
                begin = pos + 1
            pos += 2 if opened else 1
            opened = False
            continue
        mark = _MARK.match(text, pos)
        if mark and _is_run(mark, runs):
            if opened:
                raise Unreadable("a versioned comment within another")
            opened = True
            pos = mark.end()
        elif text.startswith(b"/*", pos):
            end = _end(text, pos, nested=mark is not None and (not mark[1] or runs(True, None)))
            if mark:
                out.append(text[begin:pos] + b" ")
                begin = end
                skipped += 1
                if passed is not None:
                    passed.append(text[mark.end() : end - 2])
            elif text.startswith(b"/*+", pos) and re.search(rb"['\"`]", text[pos:end]):
                raise Unreadable("quotes within an optimizer hint")
            pos = end
        else:
            # The end, or a quote that is never closed.
            return (b"".join(out) + text[begin:] if out else text), skipped


def _is_run(mark: t.Match[bytes], runs: Runs) -> bool:
    digits = mark[2]
    maria = bool(mark[1])
    if maria and not runs(True, None):
        return False
    if len(digits) not in (0, 5, 6) or (len(digits) == 6 and not _BLANK.match(mark.string, mark.end())):
        raise Unreadable(f"a versioned comment with the version {digits.decode()}")
    return runs(maria, int(digits) if digits else None)


def _end(text: bytes, pos: int, *, nested: bool) -> int:
    """Behind the comment at ``pos``; one that is skipped may hold others."""
    depth, at = 1, pos + 2
    while depth:
        found = _NESTED.search(text, at)
        if found is None:
            raise Unreadable("a comment that does not end")
        at = found.end()
        if found.group() == b"*/":
            depth -= 1
        elif nested and depth == 1:
            depth += 1
        else:
            # Within a plain comment the sign means nothing; its star may end it.
            at -= 1
    return at


__all__ = ("Runs", "as_run", "runs_all", "runs_everywhere", "runs_on")
