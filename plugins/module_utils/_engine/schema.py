# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Fingerprints of schemas: one hash an object, so that a difference can be named, and one for all."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Section
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import SchemaObject, Table, Uncovered

MISSING = " is missing"
OTHER_CONTENT = " has other content than in the backup"
SECTION = "schema"
# Names of such objects begin with this: they have a version, which dumps do not carry.
VERSION_OF = "version of "
# Kinds of what is not in a backup.
ADDED = "addition to an extension's table"
NOT_CARRIED = "not in dumps"
_STEM = "schema.json"
_SHOWN = 20
# Two of them and a name are as long as a warning may be.
_TEXT_SHOWN = 130
_TEXT_BEFORE = 30


def fingerprint(
    name: str, structure: str, portable: str | None = "", *, expressions: str = "", printed: str = ""
) -> SchemaObject:
    """Hashes of one object.

    ``structure`` and ``portable`` are compared exactly; ``portable`` is what every version of the server has alike, and
    the only thing that is compared between versions (None: such an object may come or go with the version).
    ``expressions``: their normalised text, without what a server changes when it reads its own text again;
    ``printed``: the same exactly as the server printed it.
    """
    everything = "\0".join((structure, portable or "", expressions))
    return SchemaObject(
        name,
        _short(everything),
        "" if portable is None else _short(portable),
        _short(printed) if printed else "",
    )


def merged(one: SchemaObject, two: SchemaObject) -> SchemaObject:
    """Two objects under one name: it differs when one of them does."""
    return SchemaObject(
        one.name,
        _short("\0".join(sorted((one.sha256, two.sha256)))),
        _short("\0".join(sorted((one.portable, two.portable)))) if one.portable or two.portable else "",
    )


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def digest(objects: t.Iterable[SchemaObject]) -> str:
    """SHA-256 over all objects in the order of their names."""
    lines = sorted(f"{item.name}\0{item.sha256}\n" for item in objects)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def differences(before: t.Iterable[SchemaObject], after: t.Iterable[SchemaObject]) -> list[str]:
    """What was added, removed or changed on one server between two states of a schema, in words: every byte counts."""
    return _named({item.name: item for item in before}, {item.name: item for item in after}, lambda a, b: a != b)


def _named(
    old: t.Mapping[str, SchemaObject],
    new: t.Mapping[str, SchemaObject],
    differ: t.Callable[[SchemaObject, SchemaObject], bool],
) -> list[str]:
    found = [f"{name}{MISSING}" for name in sorted(old.keys() - new.keys())]
    found += [f"{name} is new" for name in sorted(new.keys() - old.keys())]
    return found + [f"{name} differs" for name in sorted(old.keys() & new.keys()) if differ(old[name], new[name])]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """``different``: what is missing, new or of another structure, in words. Names of objects: ``doubtful`` have the
    same structure, and expressions that even their normalised texts do not show to be the same; ``reprinted`` differ
    in print alone."""

    different: list[str]
    doubtful: list[str]
    reprinted: list[str]


def compare(before: t.Iterable[SchemaObject], after: t.Iterable[SchemaObject], *, portable: bool = False) -> Comparison:
    """A schema and what a restore made of it. ``portable``: by a server of another major version."""
    old = {item.name: item for item in before if item.portable or not portable}
    new = {item.name: item for item in after if item.portable or not portable}
    doubtful: list[str] = []
    reprinted: list[str] = []
    for name in sorted(old.keys() & new.keys()):
        one, two = old[name], new[name]
        other_print = one.printed and two.printed and one.printed != two.printed
        if one.portable == two.portable and other_print:
            (reprinted if one.sha256 == two.sha256 else doubtful).append(name)

    def differ(one: SchemaObject, two: SchemaObject) -> bool:
        return one.name not in doubtful and (
            one.portable != two.portable or bool(one.printed) != bool(two.printed)
            if portable
            else one.sha256 != two.sha256
        )

    return Comparison(_named(old, new, differ), doubtful, reprinted)


def section_of(texts: t.Mapping[str, str]) -> Section:
    """The part that holds the texts of definitions by the objects' names. No server ever reads it: it is there to show
    both texts when what was restored is printed in another way."""
    return Section(_STEM, SECTION, [json.dumps(dict(texts), indent=0, sort_keys=True).encode("ascii") + b"\n"])


def read_section(plain: bytes) -> dict[str, str]:
    """The texts of that part; empty when it holds something else."""
    try:
        found = json.loads(plain)
    except (ValueError, RecursionError):
        return {}
    return {name: text for name, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}


def told_apart(before: str | None, after: str | None) -> str:
    """Two texts of one object for a message: the lines that only one of them has, from where they differ, cut short."""
    if before is None or after is None:
        return ""
    old, new = before.splitlines(), after.splitlines()
    one, two = _joined(line for line in old if line not in new), _joined(line for line in new if line not in old)
    begin = _begin(one, two)
    return f"in the backup: {_cut(one, begin)}; restored: {_cut(two, begin)}"


def _joined(lines: t.Iterable[str]) -> str:
    return " ".join(line.strip() for line in lines)


def _begin(one: str, two: str) -> int:
    """The beginning of a word, some words before the first one that differs. 0 when both texts can be shown whole."""
    if max(len(one), len(two)) <= _TEXT_SHOWN:
        return 0
    same = next((at for at, (a, b) in enumerate(zip(one, two)) if a != b), min(len(one), len(two)))
    first = max(one.rfind(" ", 0, same) + 1, same - _TEXT_BEFORE)
    space = one.rfind(" ", 0, max(first - _TEXT_BEFORE, 0))
    return max(space + 1, first - 2 * _TEXT_BEFORE, 0) if first > _TEXT_BEFORE else 0


def _cut(text: str, begin: int) -> str:
    shown = text[begin : begin + _TEXT_SHOWN]
    more = "..." if begin + len(shown) < len(text) else ""
    return f"{'...' if begin else ''}{shown}{more}" or "the same lines"


def row_differences(expected: t.Iterable[Table], found: t.Iterable[Table]) -> list[str]:
    """Tables whose exact row counts differ, in words. Tables that were not counted exactly are not compared."""
    now = {table.name: table.rows for table in found}
    return [
        f"table {table.name} has {now.get(table.name)} rows instead of {table.rows}"
        for table in expected
        if table.exact and table.rows is not None and now.get(table.name) != table.rows
    ]


def content_differences(expected: t.Iterable[Table], found: t.Iterable[Table]) -> list[str]:
    """Tables whose rows differ although there are as many of them, in words. Those without a checksum are not
    compared."""
    now = {table.name: table for table in found}
    return [
        f"table {table.name}{OTHER_CONTENT}"
        for table in expected
        if table.content
        and table.name in now
        and now[table.name].rows == table.rows
        and now[table.name].content != table.content
    ]


def about_additions(uncovered: t.Iterable[Uncovered]) -> list[str]:
    """For each reason one sentence that names all that users have made and the backup does not have: for who makes it,
    and for who restores it."""
    found: dict[str, list[str]] = {}
    for item in uncovered:
        if item.kind in (ADDED, NOT_CARRIED):
            found.setdefault(item.why, []).append(item.name)
    return [f"Not in the backup: {shorten(names)}. {why}." for why, names in found.items()]


def shorten(items: t.Sequence[str]) -> str:
    """At most 20 items in one sentence."""
    text = "; ".join(items[:_SHOWN])
    return text + (f"; and {len(items) - _SHOWN} more" if len(items) > _SHOWN else "")


def schema_changed(database: str, changed: t.Sequence[str], felt: BackupError | None = None) -> EngineError:
    """The error of both engines when DDL ran beside a dump. ``felt``: what failed because of it."""
    return EngineError(
        f"The schema of {database!r} changed while it was dumped: {shorten(changed)}.",
        stage="schema",
        rc=felt.rc if felt else None,
        stderr=(felt.stderr or felt.msg) if felt else "",
        hint="Nothing was kept of this backup. Run it again when no migration is running.",
    )


__all__ = (
    "ADDED",
    "MISSING",
    "NOT_CARRIED",
    "OTHER_CONTENT",
    "SECTION",
    "VERSION_OF",
    "Comparison",
    "about_additions",
    "compare",
    "content_differences",
    "differences",
    "digest",
    "fingerprint",
    "merged",
    "read_section",
    "row_differences",
    "schema_changed",
    "section_of",
    "shorten",
    "told_apart",
)
