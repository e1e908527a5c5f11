# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: servers that compare names of tables otherwise than the server that a backup comes from.

With lower_case_table_names=0 (Linux) names are kept and compared with their case; with 1 they are stored in lower case;
with 2 (macOS) they are kept, and compared without case. A server keeps what it was initialised with.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import literal
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import SchemaObject

SETTING = "lower_case_table_names"
TWINS = "names_that_differ_in_case"
_SHOWN = 20


class Folding(t.NamedTuple):
    """``source`` and ``target``: the setting of both servers; None where it is not known."""

    source: int | None
    target: int

    @property
    def folds(self) -> bool:
        """Whether names lose their case on the way."""
        return self.source == 0 and self.target == 1

    def name(self, name: str) -> str:
        """A table's name as the target has it."""
        return name.lower() if self.folds else name

    def object(self, item: SchemaObject) -> SchemaObject:
        """A fingerprint that can be compared: a text with names in it cannot. A table's columns and indexes remain."""
        if not self.folds:
            return item
        same = item.portable if item.name.startswith("table ") else ""
        return dataclasses.replace(item, name=item.name.lower(), sha256=same, portable=same, printed="")

    def warnings(self, twins: t.Sequence[str]) -> t.Iterator[str]:
        """What will be otherwise; ConfigError where it cannot work. ``twins``: names that differ in case alone."""
        if self.target and twins:
            shown = ", ".join(twins[:_SHOWN])
            raise ConfigError(
                f"Names of the backup differ only in upper and lower case: {shown}. This server"
                f" ({SETTING}={self.target}) takes them for the same name.",
                hint=f"Restore into a server with {SETTING}=0, or rename them at the source.",
            )
        if self.folds:
            yield (
                f"This server stores names in lower case ({SETTING}=1), unlike the source: of tables, the columns,"
                " indexes and rows are compared; of views, triggers, routines and events, the names."
            )
        elif self.source and not self.target:
            yield self.strict()

    def strict(self) -> str:
        """The source took ``T1`` for ``t1``; the target does not."""
        return (
            f"The source compares names of tables without case ({SETTING}={self.source}), this server with it"
            f" ({SETTING}=0): code that writes a name in other letters than the table has fails here."
        )


def folding(connection: t.Any, properties: t.Mapping[str, t.Any]) -> Folding:
    """Of a backup's source, and of the server of a connection."""
    source = properties.get(SETTING)
    target = execute(connection, f"SELECT @@{SETTING}", stage="preflight")[0][0]
    return Folding(source if isinstance(source, int) else None, int(target))


def other_letters(connection: t.Any, database: str, message: str) -> str:
    """What to do about a table that is not there (error 1146), but is in other letters; empty when it is not."""
    found = re.search(r"'[^']*\.([^']+)' doesn't exist", message)
    if found is None:
        return ""
    sql = (
        f"SELECT table_name FROM information_schema.tables WHERE table_schema = {literal(database)}"
        f" AND LOWER(table_name) = LOWER({literal(found.group(1))}) AND table_name <> BINARY {literal(found.group(1))}"
    )
    rows = execute(connection, sql, stage="load")
    if not rows:
        return ""
    return (
        f"There is a table {str(rows[0][0])!r}: this server compares names with their case ({SETTING}=0), the file"
        " seems to come from one that does not. Correct the names in the file."
    )


def twins(names: t.Iterable[str]) -> list[str]:
    """Those of the names that differ from another one only in case."""
    by_lower: dict[str, list[str]] = {}
    for name in names:
        by_lower.setdefault(name.lower(), []).append(name)
    return sorted(name for group in by_lower.values() if len(group) > 1 for name in group)


__all__ = ("SETTING", "TWINS", "Folding", "folding", "other_letters", "twins")
