# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what a restore skips of an archive, by the archive's own list: extensions with what is theirs, and event
triggers that the account may not create.

An entry that is about a member of an extension, such as the rows of its configuration table, depends on something that
has no entry. What depends on the extension itself, such as a column of its type, cannot be restored without it.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError

# Extensions of PostgreSQL itself, and the major version that dropped them: no package brings them back.
DROPPED = {
    "adminpack": 17,
    "old_snapshot": 17,
    **dict.fromkeys(("plpythonu", "plpython2u"), 15),
    **{f"{name}_{py}": 15 for name in ("hstore", "jsonb", "ltree") for py in ("plpythonu", "plpython2u")},
    "timetravel": 12,
    "chkpass": 11,
}
_ENTRY = re.compile(r"(\d+); \d+ \d+ ((?:[A-Z]+ )+)(.*)\Z")
_DEPENDS = re.compile(r";\s+depends on:((?: \d+)+)")
_OF_MEMBERS = ("TABLE DATA", "SEQUENCE SET", "ACL", "COMMENT", "SECURITY LABEL")
_ROWS = ("TABLE DATA", "SEQUENCE SET")
_SHOWN = 5


@dataclasses.dataclass
class Entry:
    """A line of ``pg_restore --list --verbose``: ``name`` is schema (``-``: none), name and owner."""

    line: str
    number: str
    kind: str
    name: str
    needs: frozenset[str] = frozenset()

    @property
    def schema(self) -> str:
        """Its schema, or the schema that it is about."""
        first, _space, rest = self.name.partition(" ")
        return rest.split(" ")[1] if first == "-" and rest.startswith("SCHEMA ") else first

    @property
    def called(self) -> str:
        """Its name without schema and owner."""
        return self.name.partition(" ")[2].rpartition(" ")[0]

    @property
    def shown(self) -> str:
        """Kind, schema and name."""
        schema = "" if self.schema == "-" else f"{self.schema}."
        return f"{self.kind} {schema}{self.called}"


def entries(lines: t.Iterable[str]) -> list[Entry]:
    """The entries of a list."""
    found: list[Entry] = []
    for line in lines:
        entry, depends = _ENTRY.match(line.rstrip("\r\n")), _DEPENDS.match(line)
        if entry:
            found.append(Entry(line, entry[1], entry[2].strip(), entry[3]))
        elif depends and found:
            found[-1].needs = frozenset(depends[1].split())
    return found


def extensions(found: t.Iterable[Entry]) -> list[str]:
    """The extensions that the archive creates."""
    return [entry.called for entry in found if entry.kind == "EXTENSION"]


@dataclasses.dataclass
class Skipped:
    """``kept``: lines of the list that stay. ``rows``: what was skipped of the extensions' rows, in words; ``schemas``:
    theirs; ``triggers``: event triggers."""

    kept: list[str]
    rows: list[str]
    schemas: frozenset[str]
    triggers: list[str]


def skip(found: t.Sequence[Entry], without: t.Collection[str], *, event_triggers: bool) -> Skipped:
    """The list without the extensions ``without``, and without event triggers unless ``event_triggers``. ConfigError
    when something else needs one of the extensions."""
    known = {entry.number for entry in found}
    own = {entry.called for entry in found if entry.kind == "SCHEMA"} | {"public", "-"}
    gone = {entry.number for entry in found if entry.kind == "EXTENSION" and entry.called in without}
    triggers = {entry.number for entry in found if entry.kind == "EVENT TRIGGER" and not event_triggers}
    dropped = gone | triggers
    members: list[Entry] = []
    needing: list[str] = []
    for entry in found:
        about = entry.kind in _OF_MEMBERS
        if entry.number in dropped or (about and entry.needs & dropped):
            dropped.add(entry.number)
        elif entry.needs & gone:
            needing.append(entry.shown)
        elif gone and about and entry.needs and entry.needs.isdisjoint(known) and entry.schema not in own:
            dropped.add(entry.number)
            members.append(entry)
    if needing:
        raise _needed(without, needing)
    return Skipped(
        kept=[entry.line for entry in found if entry.number not in dropped],
        rows=[entry.shown for entry in members if entry.kind in _ROWS],
        schemas=frozenset(entry.schema for entry in members),
        triggers=[entry.called for entry in found if entry.number in triggers],
    )


def _needed(without: t.Collection[str], needing: t.Sequence[str]) -> ConfigError:
    more = f" and {len(needing) - _SHOWN} more" if len(needing) > _SHOWN else ""
    return ConfigError(
        f"Without {', '.join(sorted(without))}, the archive cannot be restored: these need it:"
        f" {', '.join(needing[:_SHOWN])}{more}.",
        hint="Install the extension on this server, or drop what needs it on the source and back up again.",
    )


__all__ = ("DROPPED", "Entry", "Skipped", "entries", "extensions", "skip")
