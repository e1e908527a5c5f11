# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""One PostgreSQL statement as words, and the lines that are for psql.

Source: PostgreSQL manual, "Lexical Structure" and psql's "Meta-Commands".
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql.places import Places, decode

# Letters, digits too, dollar signs too: told by what they are not, since large classes take long to compile.
_LETTER, _DIGIT_TOO = r"[^\x00-@\[-^`{-\x7f]", r"[^\x00-/:-@\[-^`{-\x7f]"
_DOLLAR_TOO = r"[^\x00-#%-/:-@\[-^`{-\x7f]"
# To the server nothing else is space, and a comment ends at each of these two.
_SPACE, _LINE = r"[ \t\n\r\f\v]", r"--[^\r\n]*"
# Behind a line's end a string goes on.
_GOES_ON = rf"[ \t\f\v]*(?:{_LINE})?[\r\n](?:{_SPACE}|{_LINE}[\r\n])*"


@functools.lru_cache(maxsize=2)
def _compile(escapes: bool) -> t.Pattern[str]:
    escaped, literal_ = r"'(?:[^'\\]|\\.|'')*'", r"'(?:[^']|'')*'"
    plain = escaped if escapes else literal_
    return re.compile(
        rf"(?P<space>{_SPACE}+|{_LINE})|(?P<comment>/\*)"
        rf"|(?P<string>(?:[eE]{escaped}|(?:[bBxX]|[uU]&){literal_}|[nN]?{plain})(?:{_GOES_ON}{plain})*"
        rf"|\$(?P<tag>(?:{_LETTER}{_DIGIT_TOO}*)?)\$.*?\$(?P=tag)\$)"
        rf"|(?P<name>(?:[uU]&)?\"(?:[^\"]|\"\")*\")|(?P<word>{_LETTER}{_DOLLAR_TOO}*)"
        rf"|(?P<other>[0-9]+|.)",
        re.S,
    )


_COMMENT = re.compile(r"/\*|\*/")
# Whatever standard_conforming_strings is.
_SIMPLE = re.compile(r"'(?:[^'\\]|'')*'\Z")


@dataclasses.dataclass(frozen=True)
class Word:
    """A piece of a statement. ``kind``: space (comments too), string, name (quoted), word or other."""

    kind: str
    text: str

    @property
    def upper(self) -> str:
        """A keyword in capitals, a sign as it is; nothing for strings and quoted names."""
        return self.text.upper() if self.kind == "word" else self.text if self.kind == "other" else ""

    @property
    def name(self) -> str | None:
        """The identifier that this is: without quotes, or folded."""
        if self.kind == "word":
            return "".join(c.lower() if c.isascii() else c for c in self.text)
        if self.kind == "name" and self.text.startswith('"'):
            return self.text[1:-1].replace('""', '"')
        return None

    @property
    def value(self) -> str | None:
        """What a plain string, a word or a number says; None where it cannot be told simply."""
        if self.kind == "string":
            return self.text[1:-1].replace("''", "'") if _SIMPLE.match(self.text) else None
        return self.text if self.kind in ("word", "other") else self.name


def split(text: str, *, escapes: bool = False) -> list[Word]:
    """All pieces; joined again they are the statement. ``escapes``: standard_conforming_strings is off."""
    words = []
    pattern = _compile(escapes)
    at = 0
    while at < len(text):
        match = pattern.match(text, at)
        if match is None:
            break
        kind, end = str(match.lastgroup), match.end()
        if kind == "comment":
            kind, end = "space", _comment_end(text, at)
        words.append(Word("string" if kind == "tag" else kind, text[at:end]))
        at = end
    return words


def _comment_end(text: str, at: int) -> int:
    depth = 0
    for mark in _COMMENT.finditer(text, at):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def quote(name: str) -> str:
    """An identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string that means the same whatever standard_conforming_strings is."""
    if "\\" in text:
        return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    return "'" + text.replace("'", "''") + "'"


class Parsed(Places[Word]):
    """One statement as words. ``escapes``: see :func:`split`."""

    def __init__(self, text: bytes, *, escapes: bool = False) -> None:
        super().__init__(split(decode(text), escapes=escapes), Word("space", ""))


# -- psql's own lines

_ARGUMENT = re.compile(
    r"""\s+|(?:'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|`[^`]*`|[^\s'"`\\])+|(?P<next>\\)|(?P<open>.)""", re.S
)


@dataclasses.dataclass(frozen=True)
class Command:
    """A psql command, with its arguments as they are written. ``unsafe``: a backtick or an open quote is among them."""

    name: str
    arguments: tuple[str, ...]
    unsafe: bool


def commands(line: str) -> list[Command]:
    r"""The commands of a line that begins with a backslash: ``\timing \c db`` are two."""
    found = []
    at = 0
    while at < len(line) and line[at] == "\\":
        head = t.cast("t.Match[str]", re.compile(r"\\(\\|[!?;]|[A-Za-z_]+[+]?|.?)", re.S).match(line, at))
        at = head.end()
        arguments, unsafe = [], head.group(1) in ("", "\\", ";")
        while at < len(line):
            piece = t.cast("t.Match[str]", _ARGUMENT.match(line, at))
            if piece["next"]:
                break
            at = piece.end()
            unsafe = unsafe or bool(piece["open"]) or "`" in re.sub(r"'(?:[^'\\]|\\.|'')*'", "", piece.group())
            if piece.group().strip():
                arguments.append(piece.group())
        found.append(Command(head.group(1), tuple(arguments), unsafe))
    return found


_PIECE = re.compile(r"""'((?:[^'\\]|\\.|'')*)'|"((?:[^"]|"")*)"|([^'"]+)""", re.S)
_CONNINFO = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s\\]|\\.)*))", re.S)


def argument(text: str) -> str:
    """What psql makes of an argument that names something."""
    out = []
    for single, double, plain in _PIECE.findall(text):
        out.append(re.sub(r"''|\\(.)", lambda m: m.group(1) or "'", single) + double.replace('""', '"') + plain)
    return "".join(out)


def database_of(arguments: t.Sequence[str]) -> str | None:
    r"""The database that ``\connect`` leads to; empty: the same as before; None: it cannot be told."""
    rest = [item for item in arguments if not item.startswith("-reuse-previous=")]
    if rest:
        rest[-1] = rest[-1].rstrip(";") if not rest[-1].endswith(("'", '"')) else rest[-1]
    if not rest or rest[0] in ("-", ""):
        return ""
    if rest[0].startswith(":"):
        return None
    name = argument(rest[0])
    if name.startswith(("postgresql://", "postgres://")):
        return None
    if "=" not in name:
        return name
    settings = {key: re.sub(r"\\(.)", r"\1", quoted or plain) for key, quoted, plain in _CONNINFO.findall(name)}
    return settings.get("dbname", "")


__all__ = (
    "Command",
    "Parsed",
    "Word",
    "argument",
    "commands",
    "database_of",
    "literal",
    "quote",
    "split",
)
