# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The catalog: what the manifests in a store say, newest first, and how one is chosen."""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError, ManifestError, NotFoundError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest, parse_time
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import State, Store

_DAMAGED_TOLD = 3
_NAMED = 10


@dataclasses.dataclass(frozen=True)
class Entry:
    """A finished backup and its place in the store."""

    manifest: Manifest
    place: str
    pinned: bool = False


class Incomplete(t.NamedTuple):
    """A place without a readable manifest. What it is, its ``state`` says; the ``problem`` is for people alone."""

    place: str
    problem: str
    state: State


@dataclasses.dataclass(frozen=True)
class Catalog:
    """``entries`` newest first; ``incomplete``: what has no readable manifest; ``links``: places that
    nobody looked into, since they are links."""

    entries: tuple[Entry, ...]
    incomplete: tuple[Incomplete, ...]
    links: tuple[str, ...] = ()

    def warnings(self) -> list[str]:
        """What may be missing here, in words."""
        return [
            f"{place} is a link, and links inside a store are not followed: what is behind it is neither listed nor"
            " removed. Put the folder in its place, or mount it there."
            for place in self.links
        ]


def read(store: Store, *, host: str = "", instance: str = "", database: str = "") -> Catalog:
    """Read all manifests of the given labels. A manifest that lies under another name than its own is not believed."""
    entries: list[Entry] = []
    incomplete: list[Incomplete] = []
    for found in store.find(host, instance, database):
        if not found.manifest:
            incomplete.append(Incomplete(found.place, found.problem, found.state))
            continue
        try:
            manifest = Manifest.from_json(found.manifest, f"The manifest of {found.place}")
        except ManifestError as exc:
            incomplete.append(Incomplete(found.place, str(exc), State.DAMAGED))
            continue
        own = (manifest.host, manifest.instance, manifest.database)
        if [*map(names.encode, own), manifest.id] != found.place.split("/"):
            problem = f"its manifest belongs to {'/'.join(own)}/{manifest.id}"
            incomplete.append(Incomplete(found.place, problem, State.DAMAGED))
            continue
        entries.append(Entry(manifest, found.place, found.pinned))
    entries.sort(key=lambda entry: (parse_time(entry.manifest.snapshot), entry.manifest.id), reverse=True)
    return Catalog(tuple(entries), tuple(sorted(incomplete)), tuple(store.links(host, instance, database)))


def choose(catalog: Catalog, *, what: str, backup: str = "latest", before: str | None = None) -> Entry:
    """The newest entry, the newest with a snapshot not after ``before``, or the one with the id ``backup``.

    ``what`` names the series in the NotFoundError, which says what there is instead.
    """
    entries: t.Sequence[Entry] = catalog.entries
    if backup != "latest":
        if not names.is_id(backup):
            raise ConfigError(f"backup={backup!r} is neither 'latest' nor an id such as 20261121T231500Z-7f3a9c.")
        entries = [entry for entry in entries if entry.manifest.id == backup]
    if before:
        try:
            limit = parse_time(before)
        except ValueError as exc:
            raise ConfigError(f"before={before!r} is no ISO 8601 time such as 2026-11-21T23:15:00Z.") from exc
        entries = [entry for entry in entries if parse_time(entry.manifest.snapshot) <= limit]
    if not entries:
        raise NotFoundError(f"No backup of {what} fits{_asked(backup, before)}.", hint=offer(catalog, backup, before))
    return entries[0]


def newer_damaged(catalog: Catalog, chosen: Entry, before: str | None = None) -> list[Incomplete]:
    """The damaged backups that are newer than ``chosen``, and not after ``before``."""
    limit = f"{parse_time(before).astimezone(dt.timezone.utc):%Y%m%dT%H%M%SZ}~" if before else "~"
    return [
        item
        for item in catalog.incomplete
        if chosen.manifest.id < item.place.split("/")[-1] < limit and item.state is State.DAMAGED
    ]


def _asked(backup: str, before: str | None) -> str:
    return (f" the id {backup}" if backup != "latest" else "") + (f" before {before}" if before else "")


def offer(catalog: Catalog, backup: str = "latest", before: str | None = None) -> str:
    """What there is instead of a backup that was not found, in words."""
    told = [f"{place}: {problem}" for place, problem, _state in catalog.incomplete if place.split("/")[-1] == backup]
    if (
        catalog.entries
        and before
        and all(parse_time(e.manifest.snapshot) > parse_time(before) for e in catalog.entries)
    ):
        oldest = catalog.entries[-1].manifest
        told.append(f"The oldest of {len(catalog.entries)} is {oldest.id} (snapshot: {oldest.snapshot})")
    elif catalog.entries:
        ids = [entry.manifest.id for entry in catalog.entries]
        # One that was mistyped differs in its random end, or lies near by in time.
        near = [] if told else difflib.get_close_matches(backup, ids, n=3, cutoff=0.8)
        shown = list(dict.fromkeys([*near, *ids]))[:_NAMED]
        told.append(f"There are {len(ids)}, {'the nearest and ' if near else ''}the newest: {', '.join(shown)}")
    elif catalog.incomplete and not told:
        told.append(f"There are {len(catalog.incomplete)} incomplete ones, which are no backups")
        told += [f"{place}: {problem}" for place, problem, _state in catalog.incomplete[-_DAMAGED_TOLD:]]
    told = told or ["Look with vya.backupdb.backup_info which hosts, instances and databases the store holds"]
    return " ".join(f"{text.rstrip('.')}." for text in told)


def elsewhere(store: Store, host: str, instance: str, database: str) -> str:
    """The first of these labels (empty: any) that the store does not have, and those that it has instead; an empty text
    when it has them all."""
    path: list[str] = []
    for kind, wanted in (("host", host), ("instance", instance), ("database", database)):
        if not wanted:
            break  # what is below it may be in any of several places
        there = [name for name in store.labels(*path) if name != names.GLOBALS]
        if wanted not in there:
            where = "/".join(path) or "The store"
            return (
                f"{where} has no {kind} {wanted!r}; it has: {_listed(wanted, there)}."
                if there
                else f"{where} is empty."
            )
        path.append(wanted)
    return ""


def _listed(wanted: str, there: t.Sequence[str]) -> str:
    """Some ten names, those first that may be meant."""
    near = difflib.get_close_matches(wanted, there, n=3)
    shown = list(dict.fromkeys([*near, *sorted(there)]))[:_NAMED]
    more = f" and {len(there) - len(shown)} more" if len(there) > len(shown) else ""
    return ", ".join(shown) + more


__all__ = ("Catalog", "Entry", "Incomplete", "choose", "elsewhere", "newer_damaged", "offer", "read")
