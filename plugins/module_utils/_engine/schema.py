# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Fingerprints of schemas: one hash an object, so that a difference can be named, and one for all."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import SchemaObject, Table

MISSING = " is missing"
_SHOWN = 20


def fingerprint(name: str, full: str, portable: str = "") -> SchemaObject:
    """``full``: the definition as this server version prints it; ``portable``: what every version prints alike."""
    return SchemaObject(name, _short(full + "\0" + portable), _short(portable))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def digest(objects: t.Iterable[SchemaObject]) -> str:
    """SHA-256 over all objects in the order of their names."""
    lines = sorted(f"{item.name}\0{item.sha256}\n" for item in objects)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def differences(
    before: t.Iterable[SchemaObject], after: t.Iterable[SchemaObject], *, portable: bool = False
) -> list[str]:
    """What was added, removed or changed between two states of a schema, in words."""
    old = {item.name: item.portable if portable else item.sha256 for item in before}
    new = {item.name: item.portable if portable else item.sha256 for item in after}
    found = [f"{name}{MISSING}" for name in sorted(old.keys() - new.keys())]
    found += [f"{name} is new" for name in sorted(new.keys() - old.keys())]
    found += [f"{name} differs" for name in sorted(old.keys() & new.keys()) if old[name] != new[name]]
    return found


def row_differences(expected: t.Iterable[Table], found: t.Iterable[Table]) -> list[str]:
    """Tables whose exact row counts differ, in words. Tables that were not counted exactly are not compared."""
    now = {table.name: table.rows for table in found}
    return [
        f"table {table.name} has {now.get(table.name)} rows instead of {table.rows}"
        for table in expected
        if table.exact and table.rows is not None and now.get(table.name) != table.rows
    ]


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


__all__ = ("MISSING", "differences", "digest", "fingerprint", "row_differences", "schema_changed", "shorten")
