# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What the catalog tells of a loss: a database with far fewer rows or bytes than usual, or one that is gone."""

from __future__ import annotations

import dataclasses
import statistics
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest, Table
from ansible_collections.vya.backupdb.plugins.module_utils._run.selection import matched
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import Store

# Two weeks of nightly backups: as many as a median needs to forget what is long ago.
_USUAL_OF = 14


@dataclasses.dataclass(frozen=True)
class Past:
    """What is kept in mind of an earlier backup."""

    id: str
    plain_size: int
    tables: tuple[Table, ...]


@dataclasses.dataclass(frozen=True)
class Loss:
    """``rows`` and ``plain_size`` of a backup, beside what is usual, which is the median ``of`` so many backups."""

    rows: int
    usual_rows: int
    plain_size: int
    usual_plain_size: int
    of: int
    last: str
    percent: int

    def as_dict(self) -> dict[str, t.Any]:
        """For results."""
        fields = dataclasses.asdict(self)
        return {name: fields[name] for name in ("rows", "usual_rows", "plain_size", "usual_plain_size", "of")}

    def text(self) -> str:
        """In a sentence or two."""
        lost = []
        if is_less(self.rows, self.usual_rows, self.percent):
            lost.append(f"{self.rows} rows where {self.usual_rows} are usual")
        if is_less(self.plain_size, self.usual_plain_size, self.percent):
            sizes = names.human_size(self.plain_size), names.human_size(self.usual_plain_size)
            lost.append(f"{sizes[0]} before compression where {sizes[1]} are usual")
        before = "the backup before it" if self.of == 1 else f"the median of the {self.of} backups before it"
        return (
            f"It has shrunk: {' and '.join(lost)} ({before}). Find out whether rows were lost;"
            f" if they were, pin {self.last} before retention removes it."
        )


def past(earlier: t.Sequence[catalog.Entry]) -> list[Past]:
    """What the newest of ``earlier`` (newest first) held."""
    manifests = [entry.manifest for entry in earlier[:_USUAL_OF]]
    return [Past(item.id, item.plain_size, item.tables) for item in manifests]


def compare(manifest: Manifest, before: t.Sequence[Past], percent: int) -> Loss | None:
    """Whether a new backup holds less than ``percent`` of what is usual, in rows or in bytes before compression."""
    if not before or not percent:
        return None
    # Rows that could not be counted this time are no rows that are gone.
    uncounted = {table.name for table in manifest.tables if table.rows is None}
    loss = Loss(
        rows=_rows(manifest.tables, uncounted),
        usual_rows=int(statistics.median(_rows(item.tables, uncounted) for item in before)),
        plain_size=manifest.plain_size,
        usual_plain_size=int(statistics.median(item.plain_size for item in before)),
        of=len(before),
        last=before[0].id,
        percent=percent,
    )
    fewer = is_less(loss.rows, loss.usual_rows, percent)
    return loss if fewer or is_less(loss.plain_size, loss.usual_plain_size, percent) else None


def is_less(value: int, usual: int, percent: int) -> bool:
    """Whether a number is below so many percent of the usual one."""
    return value * 100 < usual * percent


def _rows(tables: t.Iterable[Table], uncounted: t.Container[str]) -> int:
    return sum(table.rows or 0 for table in tables if table.name not in uncounted)


class Selection(t.Protocol):
    """What chooses databases."""

    @property
    def databases(self) -> t.Sequence[str]:
        """Names and globs."""

    @property
    def exclude(self) -> t.Sequence[str]:
        """What they are not to match."""


def gone(store: Store, host: str, instance: str, there: t.Collection[str], chosen: Selection) -> list[dict[str, t.Any]]:
    """Databases that have backups, are ``chosen``, and are not ``there`` any more, with the last backup of each."""
    # The store knows a long name by its beginning alone.
    known = {names.decode(names.encode(name)) for name in there}
    found = []
    for name in store.labels(host, instance):
        if name == names.GLOBALS or name in known or not matched(name, chosen.databases, chosen.exclude):
            continue
        entries = catalog.read(store, host=host, instance=instance, database=name).entries
        if entries:
            last = entries[0].manifest
            found.append({"database": name, "id": last.id, "snapshot": last.snapshot})
    return found


def gone_text(item: t.Mapping[str, t.Any], engine: str) -> str:
    """In words. MySQL and MariaDB do not show databases in which an account has no privilege."""
    hidden = ", or the account may not see it any more" if engine == "mysql" else ""
    return (
        f"The database {item['database']!r} is not on the server any more{hidden}: its last backup is {item['id']}, of"
        f" {item['snapshot']}. If it was dropped on purpose, name it in exclude; backups of it stay until retention"
        " removes them."
    )


__all__ = ("Loss", "Past", "compare", "gone", "gone_text", "is_less", "past")
