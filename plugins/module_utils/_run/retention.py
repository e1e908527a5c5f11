# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What backup_retention does: decide, make sure that what stays is good, and remove the rest."""

from __future__ import annotations

import dataclasses
import datetime as dt
import fnmatch
import json
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils import _retention as retention
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    BackupError,
    ConfigError,
    InterruptedRun,
    NotFoundError,
    StoreError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import format_time
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run.evidence import Evidence
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import State, Store

Server = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class RetentionOptions:
    """backup_retention's own options. ``policy`` None: pins are all that is asked for."""

    host: str
    instance: str
    databases: tuple[str, ...]
    exclude: tuple[str, ...]
    policy: retention.Policy | None
    max_delete: int | None
    pin: frozenset[str]
    unpin: frozenset[str]

    def choose(self, database: str) -> bool:
        """Whether the series of this database is meant. A name given in full is left out only by its full name."""
        if database in self.databases:
            return database not in self.exclude
        return any(fnmatch.fnmatchcase(database, pattern) for pattern in self.databases) and not any(
            fnmatch.fnmatchcase(database, pattern) for pattern in self.exclude
        )


@dataclasses.dataclass
class Outcome:
    """What was decided and done; ``kept`` newest first, ``removed`` oldest first."""

    kept: list[tuple[catalog.Entry, tuple[str, ...]]] = dataclasses.field(default_factory=list)
    removed: list[catalog.Entry] = dataclasses.field(default_factory=list)
    cleared: list[str] = dataclasses.field(default_factory=list)
    pinned: list[str] = dataclasses.field(default_factory=list)
    unpinned: list[str] = dataclasses.field(default_factory=list)
    failures: list[tuple[Server, BackupError]] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class _Plan:
    """What is to be done for the backups of one server."""

    entries: t.Mapping[str, catalog.Entry]
    decisions: t.Sequence[retention.Decision]
    abandoned: t.Sequence[str]
    pin: t.Sequence[str]
    unpin: t.Sequence[str]


class Retention:
    """One call of backup_retention."""

    def __init__(
        self, run: Run, store: Store, options: RetentionOptions, *, now: dt.datetime, log: t.Callable[[str], None]
    ) -> None:
        self._run, self._store, self._options, self._now, self._log = run, store, options, now, log
        self.outcome = Outcome()
        self._evidence = Evidence(run, store, log=log, warn=self._warn)

    def plan(self) -> dict[Server, _Plan]:
        """Decide for the whole selection, changing nothing. Refuses all of it for what is wrong with any of it."""
        found = self._read(self._options.host, self._options.instance)
        self._check_selection(found)
        self._warn(*found.warnings())
        self.outcome.warnings += [
            f"{item.place} counts for no rule and is not touched: {item.problem}"
            for item in found.incomplete
            if item.state is State.DAMAGED
        ]
        plans = {server: self._plan_server(part) for server, part in sorted(_by_server(found).items())}
        self._check_excess([decision for plan in plans.values() for decision in plan.decisions])
        return plans

    def predict(self) -> Outcome:
        """Check mode: what :meth:`execute` would do now."""
        for plan in self.plan().values():
            self._note(plan)
            outcome = self.outcome
            outcome.removed += [plan.entries[item.backup.place] for item in reversed(plan.decisions) if not item.keep]
            outcome.cleared += plan.abandoned
            outcome.pinned += plan.pin
            outcome.unpinned += plan.unpin
        return self.outcome

    def execute(self) -> Outcome:
        """Do it, one server's failure stopping no other. Each is decided again while its lock is held."""
        for server in self.plan():
            try:
                with self._store.lock(*server):
                    self._execute_server(server)
            except InterruptedRun:
                raise
            except BackupError as exc:
                self.outcome.failures.append((server, self._run.cause(exc)))
        return self.outcome

    # -- deciding

    def _read(self, host: str, instance: str) -> catalog.Catalog:
        """The catalog of the chosen databases. StoreError when anything cannot be listed."""
        found = catalog.read(self._store, host=host, instance=instance)
        choose = self._options.choose
        return catalog.Catalog(
            tuple(entry for entry in found.entries if choose(entry.manifest.database)),
            tuple(item for item in found.incomplete if choose(names.decode(item.place.split("/")[2]))),
            found.links,
        )

    def _check_selection(self, found: catalog.Catalog) -> None:
        there = {entry.manifest.database for entry in found.entries}
        missing = [
            name for name in self._options.databases if name not in there and not any(sign in name for sign in "*?[")
        ]
        if missing or not found.entries:
            what = f"of {', '.join(missing)}" if missing else "that the options choose"
            elsewhere = catalog.elsewhere(self._store, self._options.host, self._options.instance, "")
            raise NotFoundError(
                f"The store holds no backup {what}, so nothing is removed.{_first_problem(found)}",
                hint=f"{elsewhere} Check store, host ('*' means all hosts), instance and databases; backup_info lists"
                " what there is.".lstrip(),
            )
        ids = {entry.manifest.id for entry in found.entries}
        for backup_id in sorted(self._options.pin | self._options.unpin):
            if backup_id not in ids:
                raise NotFoundError(
                    f"The selection holds no backup with the id {backup_id!r}, so nothing is pinned or removed.",
                    hint="vya.backupdb.backup_info lists the ids. One of another host needs that host as host, or '*'.",
                )

    def _check_excess(self, decisions: t.Sequence[retention.Decision]) -> None:
        found = retention.excesses(decisions, self._options.max_delete)
        if found:
            told = "; ".join(str(item) for item in found[:5]) + (f"; and {len(found) - 5} more" if found[5:] else "")
            limit = self._options.max_delete
            raise ConfigError(
                f"More would be removed than {'half of a series' if limit is None else f'max_delete={limit}'}: {told}."
                " Nothing was removed.",
                hint="Look at the policy and at the clock of this host. If it is meant, set max_delete to at least"
                f" {max(item.removed for item in found)} for this run; check mode with --diff shows what would go.",
            )

    def _plan_server(self, found: catalog.Catalog) -> _Plan:
        entries = {entry.place: entry for entry in found.entries}
        pins = {place: self._is_pinned(entry) for place, entry in entries.items()}
        policy = self._options.policy
        decisions: list[retention.Decision] = []
        if policy is not None:
            for entry in entries.values():
                self._evidence.read_drill(entry)
            backups = [self._evidence.backup(entry, pinned=pins[place]) for place, entry in entries.items()]
            decisions = self._decide(backups, entries, policy)
        return _Plan(
            entries,
            decisions,
            [item.place for item in found.incomplete if policy is not None and self._is_abandoned(item)],
            [place for place, entry in entries.items() if pins[place] and not entry.pinned],
            [place for place, entry in entries.items() if entry.pinned and not pins[place]],
        )

    def _is_pinned(self, entry: catalog.Entry) -> bool:
        backup_id = entry.manifest.id
        return backup_id in self._options.pin or (entry.pinned and backup_id not in self._options.unpin)

    def _warn(self, *texts: str) -> None:
        """Each once, though a plan is made twice."""
        self.outcome.warnings += [text for text in texts if text not in self.outcome.warnings]

    def _decide(
        self, backups: t.Sequence[retention.Backup], entries: t.Mapping[str, catalog.Entry], policy: retention.Policy
    ) -> list[retention.Decision]:
        """Decisions after a look at the backups of those series of which something is to go."""
        decisions = retention.decide(backups, policy, self._now)
        shrinking = {item.backup.series for item in decisions if not item.keep}
        for series in shrinking:
            self._evidence.look(
                [
                    entries[item.backup.place]
                    for item in decisions
                    if item.backup.series == series and item.backup.snapshot <= self._now
                ],
                policy.minimum,
            )
        known = [backup for backup in backups if backup.series not in shrinking]
        for series in shrinking:
            same = [backup for backup in backups if backup.series == series]
            known += self._evidence.proven(same, entries, policy, self._now)
        return retention.decide(known, policy, self._now)

    def _is_abandoned(self, item: catalog.Incomplete) -> bool:
        """Never finished, and begun more than a day ago by its id. Whether its run lives, the lock tells."""
        try:
            begun = names.id_time(item.place.split("/")[-1])
        except ValueError:
            return False
        return item.state is State.UNFINISHED and self._now - begun > retention.ABANDONED_AFTER

    # -- doing

    def _execute_server(self, server: Server) -> None:
        """While the lock is held: what another run did since the plan was made is seen now, and nothing changes."""
        found = self._read(*server)
        plan = self._plan_server(found)
        self._check_excess(plan.decisions)
        note = {"version": 1, "pinned": format_time(self._now)}
        for place in plan.pin:
            self._store.pin(place, (json.dumps(note, indent=1, sort_keys=True) + "\n").encode())
            self.outcome.pinned.append(place)
        for place in plan.unpin:
            self._store.unpin(place)
            self.outcome.unpinned.append(place)
        self._note(plan)
        for decision in reversed(plan.decisions):
            if not decision.keep:
                self._remove(plan.entries[decision.backup.place])
        for place in plan.abandoned:
            self._clear(place)

    def _remove(self, entry: catalog.Entry) -> None:
        self._log(f"{entry.place}: remove")
        self._store.retract(entry.place)
        self.outcome.removed.append(entry)
        try:
            if not self._store.clear(entry.place):
                self.outcome.warnings.append(f"{entry.place} was removed, but its folder holds files of others.")
        except StoreError as exc:
            self.outcome.warnings.append(f"{entry.place} was removed, its data were not, until the next run: {exc.msg}")

    def _clear(self, place: str) -> None:
        self._log(f"{place}: clear")
        if self._store.clear(place):
            self.outcome.cleared.append(place)
        else:
            self.outcome.warnings.append(f"{place} is no backup, and stays since it holds files of others.")

    def _note(self, plan: _Plan) -> None:
        """What is kept and why, and what people must know of it."""
        for decision in plan.decisions:
            place = decision.backup.place
            if decision.keep:
                self.outcome.kept.append((plan.entries[place], decision.reasons))
            if decision.backup.good is False:
                self.outcome.warnings.append(
                    f"{place} is damaged, and counts for no rule: {self._evidence.damage(place)}"
                )
            if decision.backup.drilled is False:
                why = self._evidence.failed_drill(place)
                told = f"{place} failed its newest drill, and counts for no rule: {why}."
                self._warn(f"{told} Make a new backup, and drill that.")
        future = [item.backup.place for item in plan.decisions if item.backup.snapshot > self._now]
        if future:
            self.outcome.warnings.append(
                f"{len(future)} backups are dated in the future, so they are kept and count for no rule:"
                f" {', '.join(future[:3])}{' ...' if future[3:] else ''}. Look at the clock of this host and of theirs."
            )


def _by_server(found: catalog.Catalog) -> dict[Server, catalog.Catalog]:
    """Host and instance: their part of the catalog."""
    entries: dict[Server, list[catalog.Entry]] = {}
    incomplete: dict[Server, list[catalog.Incomplete]] = {}
    for entry in found.entries:
        entries.setdefault((entry.manifest.host, entry.manifest.instance), []).append(entry)
    for item in found.incomplete:
        labels = item.place.split("/")[:2]
        host, instance = map(names.decode, labels)
        # A name that was cut is known from manifests alone: without one, what is unfinished waits for the next backup.
        if [names.encode(host), names.encode(instance)] == labels:
            incomplete.setdefault((host, instance), []).append(item)
    return {
        server: catalog.Catalog(tuple(entries.get(server, ())), tuple(incomplete.get(server, ())))
        for server in entries.keys() | incomplete.keys()
    }


def _first_problem(found: catalog.Catalog) -> str:
    told = (
        [f"{len(found.incomplete)} are no backups: {': '.join(found.incomplete[0][:2])}."] if found.incomplete else []
    )
    return "".join(f" {text}" for text in told + found.warnings()[:1])


__all__ = ("Outcome", "Retention", "RetentionOptions", "Server")
