# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: expressions as the server prints them, without what changes when it reads its own text again.

A dump holds an expression as the server printed it; the restored server reads that text and may print it otherwise.
Tried out, that happens in three ways, which are undone here and nothing else is:

- ``(ARRAY['a'::character varying])::text[]`` becomes ``ARRAY[('a'::character varying)::text]``: the parser moves a cast
  of an array's constructor to its elements.
- ``((a AND b) AND c)`` becomes ``(a AND b AND c)``: the parser flattens conditions that BETWEEN or a row comparison
  had nested. AND and OR are associative, and their order is kept.
- Parentheses around parentheses.

No cast is dropped and no parenthesis that groups something, so that two texts which become one are the same expression.
The server itself prints all parentheses, hence precedence need not be known.
"""

from __future__ import annotations

import functools
import re
import typing as t

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | [eE]'(?:[^'\\]|\\.|'')*'
  | (?:[bBxX]|[uU]&)?'(?:[^']|'')*'
  | (?:[uU]&)?"(?:[^"]|"")*"
  | \$[0-9]+
  | 0[xXoObB][0-9a-fA-F_]+
  | (?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?
  | [A-Za-z_\x80-\U0010ffff][\w$]*
  | ::
  | [-+*/<>=~!@\#%^&|`?]+
  | [()\[\],.;:{}\\]
    """,
    re.X | re.S,
)
_CLOSING = {"(": ")", "[": "]"}
_QUERY = ("SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE")
# After these stands an operand; after other words, what is in parentheses belongs to a function or a clause.
_BEFORE_OPERAND = (
    "AND",
    "OR",
    "NOT",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "SELECT",
    "WHERE",
    "HAVING",
    "BY",
    "ON",
    "RETURN",
)
_WORD = re.compile(r'^["A-Za-z_\x80-\U0010ffff]')
# Unquoted, the server prints names in lower case and keywords in upper case.
_TYPE_WORD = re.compile(r'^(?:[a-z_\x80-\U0010ffff][a-z0-9_$\x80-\U0010ffff]*|".*")\Z', re.S)


class _Unreadable(ValueError):
    """The text is no expression as the server prints them."""


class _Group:
    """What is between a pair of brackets."""

    def __init__(self, opening: str, items: list[_Item]) -> None:
        self.opening, self.items = opening, items

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Group) and (self.opening, self.items) == (other.opening, other.items)

    __hash__ = None  # type: ignore[assignment]


_Item = t.Union[str, _Group]


@functools.lru_cache(maxsize=4096)
def normalised(text: str) -> str:
    """The same expression (or query, or clause) in a form that is the same after the server has read it again. A text
    that cannot be read is returned as it is."""
    try:
        return " ".join(_rendered(_rewritten(_parsed(text))))
    except (_Unreadable, RecursionError):
        return text


def is_single(text: str, *, rule: bool = False) -> bool:
    """Whether this is one expression, query or statement: nothing that ends a statement, and no bracket without its
    other half. ``rule``: it may have several commands, which are in parentheses and end with semicolons."""
    try:
        items = _parsed(text)
    except (_Unreadable, RecursionError):
        return False
    return bool(text) and not (";" in items if rule else _ends(items))


def is_null(text: str) -> bool:
    """Whether this is NULL and nothing else but casts of it."""
    try:
        return _null(_parsed(text))
    except (_Unreadable, RecursionError):
        return False


def _null(items: t.Sequence[_Item]) -> bool:
    first, casts = items[:1], items[1:]
    if not first or (casts and casts[0] != "::") or not all(_in_cast(item) for item in casts):
        return False
    return first[0] == "NULL" or (isinstance(first[0], _Group) and first[0].opening == "(" and _null(first[0].items))


def _in_cast(item: _Item) -> bool:
    """Whether this may stand between ``::`` and the end of a type's name."""
    if isinstance(item, str):
        return item in ("::", ".") or bool(_TYPE_WORD.match(item))
    return all(isinstance(inner, str) and (inner == "," or inner.isdigit()) for inner in item.items)


def _ends(items: t.Iterable[_Item]) -> bool:
    return any(item == ";" if isinstance(item, str) else _ends(item.items) for item in items)


def is_body(text: str) -> bool:
    """Whether this is the body of one function: ``RETURN`` with an expression, or ``BEGIN ATOMIC`` to the END of it."""
    try:
        items = _parsed(text)
    except (_Unreadable, RecursionError):
        return False
    if items[:2] != ["BEGIN", "ATOMIC"]:
        return items[:1] == ["RETURN"] and ";" not in items
    depth = 0
    for at, item in enumerate(items, 1):
        # Unquoted and in capitals they are keywords.
        depth += {"BEGIN": 1, "CASE": 1, "END": -1}.get(item, 0) if isinstance(item, str) else 0
        if depth == 0:
            return at == len(items)
    return False


def _tokens(text: str) -> t.Iterator[str]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _Unreadable
        at = match.end()
        if match.group("space") is None:
            yield match.group()


def _parsed(text: str) -> list[_Item]:
    stack: list[_Group] = [_Group("", [])]
    for token in _tokens(text):
        if token in _CLOSING:
            stack.append(_Group(token, []))
        elif token in _CLOSING.values():
            done = stack.pop()
            if not stack or _CLOSING[done.opening] != token:
                raise _Unreadable
            stack[-1].items.append(done)
        else:
            stack[-1].items.append(token)
    if len(stack) != 1:
        raise _Unreadable
    return stack[0].items


def _rendered(items: t.Iterable[_Item]) -> t.Iterator[str]:
    for item in items:
        if isinstance(item, str):
            yield item
        else:
            yield item.opening
            yield from _rendered(item.items)
            yield _CLOSING[item.opening]


def _rewritten(items: list[_Item]) -> list[_Item]:
    items = _casts_moved(items)
    done: list[_Item] = []
    for item in items:
        if isinstance(item, str):
            done.append(item)
            continue
        inner = _rewritten(item.items)
        if item.opening == "(":
            if len(inner) == 1 and _is_paren(inner[0]) and not _is_list_or_query(t.cast(_Group, inner[0]).items):
                inner = t.cast(_Group, inner[0]).items
            inner = _flattened(inner)
        done.append(_Group(item.opening, inner))
    return done


def _is_paren(item: _Item) -> bool:
    return isinstance(item, _Group) and item.opening == "("


def _is_list_or_query(items: t.Sequence[_Item]) -> bool:
    return not items or "," in items or items[0] in _QUERY


def _flattened(items: list[_Item]) -> list[_Item]:
    """A condition whose operands of the same kind are taken into it."""
    word = _condition(items)
    if not word:
        return items
    done: list[_Item] = []
    operand: list[_Item] = []
    for item in [*items, word]:
        if item != word:
            operand.append(item)
            continue
        if len(operand) == 1 and isinstance(operand[0], _Group) and _condition(operand[0].items) == word:
            operand = operand[0].items
        done += [*([word] if done else []), *operand]
        operand = []
    return done


def _condition(items: t.Sequence[_Item]) -> str:
    """AND or OR, if that alone joins these items."""
    words = {item for item in items if isinstance(item, str)}
    if "BETWEEN" in words or _is_list_or_query(items):
        return ""
    joined = [word for word in ("AND", "OR") if word in words]
    return joined[0] if len(joined) == 1 else ""


def _casts_moved(items: list[_Item]) -> list[_Item]:
    """``(ARRAY[a, b])::type[]`` as ``ARRAY[(a)::type, (b)::type]``."""
    done: list[_Item] = []
    at = 0
    while at < len(items):
        item = items[at]
        elements = _array(item) if _at_operand(items, at) else None
        kind, end = _array_type(items, at + 1) if elements is not None else ([], at)
        if kind and elements is not None:
            done += ["ARRAY", _Group("[", _cast(elements, kind))]
            at = end
        else:
            done.append(item)
            at += 1
    return done


def _at_operand(items: t.Sequence[_Item], at: int) -> bool:
    before = items[at - 1] if at else "("
    return isinstance(before, str) and (before in _BEFORE_OPERAND or not _WORD.match(before))


def _array(item: _Item) -> list[_Item] | None:
    """The elements, if this is ``(ARRAY[...])`` and not empty."""
    if not isinstance(item, _Group):
        return None
    items = item.items
    while len(items) == 1 and isinstance(items[0], _Group) and items[0].opening == "(":
        items = items[0].items
    if item.opening == "(" and len(items) == 2 and items[0] == "ARRAY" and isinstance(items[1], _Group):
        return items[1].items or None
    return None


def _array_type(items: t.Sequence[_Item], at: int) -> tuple[list[_Item], int]:
    """The element type of the cast to an array type that begins at an item, and where it ends."""
    if at >= len(items) or items[at] != "::":
        return [], at
    begin = at = at + 1
    while at < len(items):
        item = items[at]
        if item == _Group("[", []):
            return list(items[begin:at]), at + 1
        if not (item == "." or _is_paren(item) or (isinstance(item, str) and _TYPE_WORD.match(item))):
            break
        at += 1
    return [], at


def _cast(elements: list[_Item], kind: list[_Item]) -> list[_Item]:
    done: list[_Item] = []
    element: list[_Item] = []
    for item in [*elements, ","]:
        if item != ",":
            element.append(item)
            continue
        if len(element) == 2 and element[0] == "ARRAY" and isinstance(element[1], _Group):
            one: list[_Item] = ["ARRAY", _Group("[", _cast(element[1].items, kind))]
        else:
            one = [_Group("(", element), "::", *kind]
        done += [*([","] if done else []), *one]
        element = []
    return done


__all__ = ("is_body", "is_null", "is_single", "normalised")
