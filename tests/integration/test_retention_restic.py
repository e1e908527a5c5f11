# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What backup_retention keeps, and why, is what `restic forget` keeps: 300 random histories, 600 random policies."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _retention as retention
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import parse_time, utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._store.local import LocalStore
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import changed, put
from support.modules import run_module
from support.restic import Repository

SEED = 20261122
HISTORIES = 300
POLICIES_EACH = 2
BY_MODULE = 6
ZONES = ("UTC", "Europe/Berlin", "America/New_York")
POOL = 60
# Where calendars are hard: ends of years, of ISO years, of February, and the days on which clocks are changed.
HARD = ("2025-12-29", "2024-12-30", "2026-10-24", "2026-10-31", "2024-02-28")
START = dt.datetime(2020, 6, 1)


@dataclass(frozen=True)
class History:
    """Snapshots with a tag of their own, in one zone, and policies to try on them, as options of the module."""

    tag: str
    zone: str
    policies: tuple[dict[str, Any], ...]


def random_times(chance: random.Random) -> list[str]:
    """Some spread over six years, some close to each other, some where calendars are hard."""
    moments: set[dt.datetime] = set()
    while len(moments) < POOL:
        kind = chance.random()
        if kind < 0.25:
            moment = START + dt.timedelta(seconds=chance.randrange(6 * 365 * 86400))
        elif kind < 0.5:
            hours = chance.choice((1, 30, 1000))
            moment = dt.datetime(2026, 11, 1) - dt.timedelta(seconds=chance.randrange(3600 * hours))
        else:
            moment = dt.datetime.fromisoformat(chance.choice(HARD)) + dt.timedelta(minutes=chance.randrange(5 * 1440))
        moments.add(moment)
    return [f"{moment:%Y-%m-%d %H:%M:%S}" for moment in moments]


def random_policy(chance: random.Random) -> dict[str, Any]:
    """One to four rules; some cannot be filled by any history here."""
    rules = [f"keep_{rule}" for rule in (*retention.RULES, "within")]
    policy: dict[str, Any] = {}
    for name in chance.sample(rules, chance.randint(1, 4)):
        policy[name] = chance.choice((1, 2, 3, 5, 8, 30))
        if name == "keep_within":
            units = sorted(chance.sample("ymdh", chance.randint(1, 3)), key="ymdh".index)
            policy[name] = "".join(f"{chance.randint(1, 40 if unit in 'dh' else 3)}{unit}" for unit in units)
    return policy


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Repository], list[History]]:
    """A repository for each zone, and the histories, each of them a random choice of its zone's snapshots."""
    chance = random.Random(SEED)
    histories = []
    times = {zone: random_times(chance) for zone in ZONES}
    tags: dict[str, dict[str, list[str]]] = {zone: defaultdict(list) for zone in ZONES}
    for number in range(HISTORIES):
        zone = chance.choice(ZONES)
        policies = tuple(random_policy(chance) for _each in range(POLICIES_EACH))
        histories.append(History(f"history{number}", zone, policies))
        for time in chance.sample(times[zone], chance.choice((1, 2, 3, 8, 15, 30, 45))):
            tags[zone][time].append(f"history{number}")

    def make(zone: str) -> Repository:
        found = Repository(tmp_path_factory.mktemp("restic"), zone)
        for time, names in tags[zone].items():
            found.backup(time, names)
        return found

    with ThreadPoolExecutor(len(ZONES)) as pool:
        return dict(zip(ZONES, pool.map(make, ZONES), strict=True)), histories


def as_restic_says(reason: str) -> str:
    """Our words in restic's."""
    if reason.startswith("within "):
        return reason
    oldest = re.fullmatch(r"oldest, for (\w+)", reason)
    return f"oldest {oldest[1]} snapshot" if oldest else f"{reason.split()[0]} snapshot"


def options(policy: dict[str, Any]) -> list[str]:
    """The policy as options of restic."""
    return [f"--{name.replace('_', '-')}={value}" for name, value in policy.items()]


def by_time(decisions: dict[str, list[str]]) -> dict[dt.datetime, list[str]]:
    return {parse_time(time): sorted(reasons) for time, reasons in decisions.items()}


def decided(times: list[str], policy: dict[str, Any], zone: str) -> dict[str, list[str]]:
    """What the pure function keeps."""
    rules = {name.replace("keep_", ""): value for name, value in policy.items()}
    if "within" in rules:
        rules["within"] = retention.parse_duration(rules["within"])
    backups = [retention.Backup(time, ("h", "main", "shop"), parse_time(time)) for time in times]
    found = retention.decide(backups, retention.Policy(**rules, zone=retention.find_zone(zone)), utc_now())
    return {item.backup.place: [as_restic_says(reason) for reason in item.reasons] for item in found}


def test_the_same_is_kept_for_the_same_reasons(past: tuple[dict[str, Repository], list[History]]) -> None:
    repositories, histories = past
    kept = removed = 0
    seen: set[str] = set()
    for history in histories:
        for policy in history.policies:
            expected = repositories[history.zone].forget(history.tag, options(policy))
            found = decided(list(expected), policy, history.zone)
            assert by_time(found) == by_time(expected), (history, policy)
            kept += sum(1 for reasons in expected.values() if reasons)
            removed += sum(1 for reasons in expected.values() if not reasons)
            seen |= {reason.split(" ")[0] for reasons in expected.values() for reason in reasons}
    # Histories that are all kept would prove nothing.
    assert min(kept, removed) > 1000
    assert seen == {*retention.RULES, "within", "oldest"}


def test_the_module_keeps_the_same(past: tuple[dict[str, Repository], list[History]], tmp_path: Path) -> None:
    """The first histories as backups in a store, all under one host each."""
    repositories, histories = past
    store = LocalStore(str(tmp_path / "store"), create=True)
    for history in histories[:BY_MODULE]:
        policy = history.policies[0]
        expected = repositories[history.zone].forget(history.tag, options(policy))
        for number, time in enumerate(expected):
            snapshot = parse_time(time).astimezone(dt.UTC)
            backup_id = f"{snapshot:%Y%m%dT%H%M%SZ}-{number:06x}"
            put(store, changed(id=backup_id, host=history.tag, snapshot=f"{snapshot:%Y-%m-%dT%H:%M:%S.000Z}"))
        params = {"store": str(tmp_path / "store"), "host": history.tag, "timezone": history.zone, "max_delete": 99}
        result = run_module("backup_retention", {**params, **policy})
        assert not result["failed"], result
        kept = {
            item["snapshot"]: [as_restic_says(reason) for reason in item["reasons"] if reason != "minimum"]
            for item in result["kept"]
        }
        assert by_time(kept) == {time: reasons for time, reasons in by_time(expected).items() if reasons}
        left = run_module("backup_info", {"store": str(tmp_path / "store"), "host": history.tag})
        assert sorted(item["snapshot"] for item in left["backups"]) == sorted(kept)
