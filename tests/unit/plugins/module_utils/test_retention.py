# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backups are kept, and why. tests/integration/test_retention_restic.py compares the rules with restic's."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
import typing as t
import zoneinfo

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _retention as retention
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError
from hypothesis import given, settings
from hypothesis import strategies as st

UTC = retention.find_zone("UTC")
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOW = dt.datetime(2026, 11, 22, 7, tzinfo=UTC)
SHOP = ("db1", "main", "shop")
Backup, Duration, Policy = retention.Backup, retention.Duration, retention.Policy


def backups(*times: str, series: retention.SeriesLabel = SHOP, **fields: t.Any) -> list[retention.Backup]:
    """One for each time, which is its place as well."""
    return [Backup(time, series, dt.datetime.fromisoformat(time).replace(tzinfo=UTC), **fields) for time in times]


def kept(found: t.Iterable[retention.Backup], now: dt.datetime = NOW, **rules: t.Any) -> dict[str, list[str]]:
    """Place: reasons, of those that stay."""
    decisions = retention.decide(found, Policy(**rules), now)
    return {item.backup.place: list(item.reasons) for item in decisions if item.keep}


@st.composite
def histories(draw: st.DrawFn) -> list[retention.Backup]:
    """Up to 25 backups of two series, some in the same hour, some in the future."""
    hours = st.one_of(st.integers(-48, 72), st.integers(-48, 24 * 1200))
    minutes = draw(st.lists(st.tuples(hours, st.integers(0, 59), st.booleans()), min_size=1, max_size=25, unique=True))
    found = []
    for number, (hour, minute, other) in enumerate(minutes):
        moment = NOW - dt.timedelta(hours=hour, minutes=minute)
        found.append(Backup(f"place{number}", ("db2" if other else "db1", "main", "shop"), moment))
    return found


quick = settings(max_examples=40, deadline=None)
COUNTS = st.integers(0, 6)
DURATIONS = st.builds(Duration, st.integers(0, 2), st.integers(0, 14), st.integers(0, 40), st.integers(1, 50))
POLICIES = st.builds(
    Policy,
    **dict.fromkeys(retention.RULES, COUNTS),
    within=st.none() | DURATIONS,
    zone=st.sampled_from([UTC, BERLIN]),
).filter(lambda policy: not policy.empty)


def places(found: t.Iterable[retention.Backup], policy: retention.Policy, now: dt.datetime = NOW) -> set[str]:
    """Of those that stay."""
    return {item.backup.place for item in retention.decide(found, policy, now) if item.keep}


PERIODS: dict[str, t.Callable[[dt.datetime], t.Any]] = {
    "last": lambda local: local,
    "hourly": lambda local: (local.date(), local.hour),
    "daily": lambda local: local.date(),
    "weekly": lambda local: local.isocalendar()[:2],
    "monthly": lambda local: (local.year, local.month),
    "yearly": lambda local: local.year,
}


class TestRules:
    """What is kept by the calendar."""

    @quick
    @given(histories(), POLICIES)
    def test_as_the_definition_says(self, found: list[retention.Backup], policy: retention.Policy) -> None:
        """Said by sets: the newest of each of the newest periods; the oldest of all when there are fewer periods."""
        expected = {backup.place for backup in found if backup.snapshot > NOW}
        for series in {backup.series for backup in found}:
            past = sorted(
                (backup for backup in found if backup.series == series and backup.snapshot <= NOW),
                key=lambda backup: (backup.snapshot, backup.place),
            )
            for rule, period in PERIODS.items():
                count = getattr(policy, rule)
                newest = {}
                for backup in past:
                    key = backup.place if rule == "last" else period(backup.snapshot.astimezone(policy.zone))
                    newest[key] = backup
                chosen = sorted(newest.values(), key=lambda backup: (backup.snapshot, backup.place))
                expected |= {backup.place for backup in chosen[max(0, len(chosen) - count) :]}
                if len(chosen) < count and past:
                    expected.add(past[0].place)
            limit = past and policy.within and policy.within.before(past[-1].snapshot, policy.zone)
            expected |= {backup.place for backup in past if limit and backup.snapshot > limit}
        assert places(found, policy) == expected

    @quick
    @given(histories(), POLICIES, st.randoms())
    def test_once_each_in_order_whatever_the_order(self, found, policy, chance) -> None:
        decisions = retention.decide(found, policy, NOW)
        assert sorted(item.backup.place for item in decisions) == sorted(backup.place for backup in found)
        keys = [(item.backup.series, item.backup.snapshot) for item in decisions]
        assert keys == sorted(sorted(keys, reverse=True), key=lambda key: key[0])
        chance.shuffle(found)
        assert retention.decide(found, policy, NOW) == decisions

    @quick
    @given(histories(), POLICIES)
    def test_each_series_keeps_its_own(self, found: list[retention.Backup], policy: retention.Policy) -> None:
        one = [backup for backup in found if backup.series[0] == "db1"]
        other = [backup for backup in found if backup.series[0] == "db2"]
        assert places(found, policy) == places(one, policy) | places(other, policy)
        assert {backup.series for backup in found if backup.place in places(found, policy)} == {
            backup.series for backup in found
        }

    @quick
    @given(histories(), POLICIES)
    def test_a_second_run_removes_nothing(self, found: list[retention.Backup], policy: retention.Policy) -> None:
        stays = places(found, policy)
        assert places([backup for backup in found if backup.place in stays], policy) == stays

    def test_reasons(self) -> None:
        found = backups(
            "2026-11-21T23:00", "2026-11-21T08:00", "2026-11-20T08:00", "2026-10-05T08:00", "2026-10-04T08:00"
        )
        assert kept(found, last=1, daily=2, monthly=3, within=Duration(days=1)) == {
            "2026-11-21T23:00": ["last", "daily 2026-11-21", "monthly 2026-11", "within 1d"],
            "2026-11-21T08:00": ["within 1d"],
            "2026-11-20T08:00": ["daily 2026-11-20"],
            "2026-10-05T08:00": ["monthly 2026-10"],
            "2026-10-04T08:00": ["oldest, for monthly"],
        }

    def test_the_week_s_year_is_the_week_s(self) -> None:
        assert kept(backups("2026-01-04T00:00", "2025-12-29T00:00", "2025-12-28T00:00"), weekly=2) == {
            "2026-01-04T00:00": ["weekly 2026-W01"],
            "2025-12-28T00:00": ["weekly 2025-W52"],
        }

    def test_days_are_those_of_the_zone(self) -> None:
        found = backups("2026-07-02T21:00", "2026-07-01T23:00", "2026-07-01T21:00")
        assert list(kept(found, daily=2, zone=BERLIN)) == ["2026-07-02T21:00", "2026-07-01T21:00"]
        assert list(kept(found, daily=2)) == ["2026-07-02T21:00", "2026-07-01T23:00"]

    def test_an_hour_that_comes_twice_is_one(self) -> None:
        found = backups("2026-10-25T01:30", "2026-10-25T00:30", "2026-10-24T23:30", "2026-10-24T22:30")
        assert list(kept(found, hourly=2, zone=BERLIN)) == ["2026-10-25T01:30", "2026-10-24T23:30"]

    @pytest.mark.parametrize("rules", [{}, {"last": 0, "daily": 0}, {"minimum": 5}])
    def test_an_empty_policy_is_refused(self, rules: dict[str, t.Any]) -> None:
        with pytest.raises(ConfigError, match="would remove everything"):
            kept(backups("2026-11-21T23:00"), **rules)


class TestClock:
    """Backups from the future, clocks that jump."""

    @quick
    @given(histories(), POLICIES)
    def test_the_future_evicts_nothing(self, found: list[retention.Backup], policy: retention.Policy) -> None:
        future = {backup.place for backup in found if backup.snapshot > NOW}
        past = [backup for backup in found if backup.place not in future]
        assert places(found, policy) == places(past, policy) | future

    @quick
    @given(histories(), POLICIES, st.integers(0, 24 * 800))
    def test_a_clock_that_is_slow_removes_nothing_more(
        self, found: list[retention.Backup], policy: retention.Policy, hours: int
    ) -> None:
        assert places(found, policy) <= places(found, policy, NOW - dt.timedelta(hours=hours))

    @quick
    @given(histories(), POLICIES, st.integers(0, 24 * 800))
    def test_a_clock_that_is_fast_removes_nothing_more(
        self, found: list[retention.Backup], policy: retention.Policy, hours: int
    ) -> None:
        """Rules go by the backups, not by the clock, which only tells what lies in the future."""
        past = [backup for backup in found if backup.snapshot <= NOW]
        assert places(past, policy) == places(past, policy, NOW + dt.timedelta(hours=hours))

    def test_the_future_does_not_protect_in_place_of_the_present(self) -> None:
        found = backups("2027-11-22T00:00", "2026-11-21T00:00", "2026-11-20T00:00", good=True)
        assert kept(found, last=1) == {
            "2027-11-22T00:00": ["dated in the future"],
            "2026-11-21T00:00": ["last", "minimum"],
        }


class TestDamage:
    """Backups that do not verify."""

    @quick
    @given(histories(), POLICIES, st.data())
    def test_the_damaged_evict_nothing(self, found, policy, data) -> None:
        damaged = data.draw(st.sets(st.sampled_from([backup.place for backup in found])))
        looked_at = [dataclasses.replace(b, good=False if b.place in damaged else None) for b in found]
        sound = [backup for backup in found if backup.place not in damaged]
        assert places(sound, policy) <= places(looked_at, policy)
        assert places(found, policy) <= places(looked_at, policy)
        assert places(looked_at, policy) - damaged - places(found, policy) <= places(sound, policy)

    @quick
    @given(histories(), POLICIES, st.integers(1, 5), st.data())
    def test_the_newest_good_stay(self, found, policy, minimum, data) -> None:
        policy = dataclasses.replace(policy, minimum=minimum)
        looked_at = [dataclasses.replace(b, good=data.draw(st.booleans())) for b in found]
        stays = places(looked_at, policy)
        for series in {backup.series for backup in found}:
            past = [b for b in looked_at if b.series == series and b.snapshot <= NOW]
            good = sorted((b for b in past if b.good), key=lambda b: (b.snapshot, b.place), reverse=True)
            assert {backup.place for backup in good[:minimum]} <= stays
            if len(good) < minimum:
                assert {backup.place for backup in past} <= stays

    def test_all_new_ones_are_damaged(self) -> None:
        found = backups(*(f"2026-11-{day}T00:00" for day in range(20, 15, -1)), good=False)
        found += backups("2026-11-15T00:00", good=True) + backups("2026-11-14T00:00", "2026-11-13T00:00")
        assert kept(found, last=2) == {
            "2026-11-20T00:00": ["last", "damaged"],
            "2026-11-19T00:00": ["last", "damaged"],
            "2026-11-15T00:00": ["last", "minimum"],
            "2026-11-14T00:00": ["last"],
        }

    def test_what_a_drill_proved(self) -> None:
        """The newest that passed stays; one that failed takes nobody's place, whatever its hashes say."""
        found = backups("2026-11-20T00:00", drilled=False, good=True) + backups("2026-11-19T00:00")
        found += backups("2026-11-18T00:00", "2026-11-17T00:00", drilled=True)
        assert kept(found, last=1) == {
            "2026-11-20T00:00": ["last", "failed its drill"],
            "2026-11-19T00:00": ["last"],
            "2026-11-18T00:00": ["drilled"],
        }
        assert kept(backups("2026-11-21T00:00", drilled=True) + found, last=1) == {
            "2026-11-21T00:00": ["last", "drilled"]
        }
        damaged = backups("2026-11-21T00:00", drilled=True, good=False)
        assert kept(damaged + found, last=1)["2026-11-18T00:00"] == ["drilled"]

    def test_drills_that_all_failed_remove_nothing(self) -> None:
        found = backups("2026-11-20T00:00", "2026-11-19T00:00", drilled=False, good=True)
        assert len(kept(found, last=1)) == 2

    @quick
    @given(histories(), POLICIES, st.data())
    def test_no_removal_rests_on_a_damaged_one(self, found, policy, data) -> None:
        """Whatever is damaged: after all looks that are asked for, what stays is what stays when all is known."""
        damaged = data.draw(st.sets(st.sampled_from([backup.place for backup in found])))
        series = [backup for backup in found if backup.series == found[0].series]
        truth = [dataclasses.replace(item, good=item.place not in damaged) for item in series]
        known = list(series)
        looks = 0
        while (doubted := retention.to_prove(known, policy, NOW)) is not None:
            assert doubted.good is None
            looks += 1
            known = [truth[series.index(item)] if item.place == doubted.place else item for item in known]
        assert looks <= len(series)
        assert places([item for item in truth if item.good], policy) - damaged <= places(known, policy)

    def test_only_those_are_read_that_a_removal_rests_on(self) -> None:
        found = backups(*(f"2026-11-{day}T00:00" for day in range(20, 10, -1)))
        assert retention.to_prove(found, Policy(last=10), NOW) is None
        for number in range(3):
            doubted = retention.to_prove(found, Policy(last=3), NOW)
            assert doubted == found[number]
            found[number] = dataclasses.replace(found[number], good=True)
        assert retention.to_prove(found, Policy(last=3), NOW) is None
        rest = backups("2026-11-20T11:00", "2026-10-01T00:00")
        same_day = [*backups("2026-11-20T12:00", "2026-09-01T00:00", good=True), *rest]
        assert retention.to_prove(same_day, Policy(daily=3), NOW) is None

    def test_nothing_goes_when_too_few_are_good(self) -> None:
        found = backups("2026-11-20T00:00", "2026-11-19T00:00", good=False) + backups("2026-11-18T00:00", good=True)
        assert kept(found, last=1, minimum=2) == {
            "2026-11-20T00:00": ["last", "only 1 of 3 verify", "damaged"],
            "2026-11-19T00:00": ["only 1 of 3 verify", "damaged"],
            "2026-11-18T00:00": ["last", "minimum", "only 1 of 3 verify"],
        }

    @quick
    @given(histories(), POLICIES, st.data())
    def test_pins_stay_and_change_nothing_else(self, found, policy, data) -> None:
        pinned = data.draw(st.sets(st.sampled_from([backup.place for backup in found])))
        with_pins = [dataclasses.replace(backup, pinned=backup.place in pinned) for backup in found]
        assert places(with_pins, policy) == places(found, policy) | pinned


class TestExcess:
    """More than may go at once."""

    @pytest.mark.parametrize(
        ("total", "last", "max_delete", "refused"),
        [
            *((4, 2, None, False), (4, 1, None, True), (5, 3, None, False), (5, 2, None, True), (2, 1, None, False)),
            *((9, 1, 8, False), (9, 1, 7, True), (9, 8, 0, True), (9, 9, 0, False), (1, 1, None, False)),
        ],
    )
    def test_half_of_a_series(self, total: int, last: int, max_delete: int | None, refused: bool) -> None:
        found = backups(*(f"2026-11-{day:02d}T00:00" for day in range(1, total + 1)))
        other = backups(
            *(f"2026-10-{day:02d}T00:00" for day in range(1, 4)), series=("db2", "main", "shop"), pinned=True
        )
        decisions = retention.decide(found + other, Policy(last=last), NOW)
        told = [str(item) for item in retention.excesses(decisions, max_delete)]
        assert told == ([f"{total - last} of {total} backups of db1/main/shop"] if refused else [])


class TestDurations:
    """keep_within."""

    @pytest.mark.parametrize(
        ("text", "found"),
        [("1y5m7d2h", Duration(1, 5, 7, 2)), ("14d", Duration(days=14)), ("2h1d", Duration(days=1, hours=2))],
    )
    def test_parsed(self, text: str, found: retention.Duration) -> None:
        assert retention.parse_duration(text) == found
        assert retention.parse_duration(str(found)) == found

    @pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1d1d", "1w", "1D", "1.5d", "1d ", "1d\n", "0d", "9999999d"])
    def test_refused(self, text: str) -> None:
        with pytest.raises(ConfigError, match="keep_within"):
            retention.parse_duration(text)

    @pytest.mark.parametrize(
        ("duration", "moment", "zone", "before"),
        [
            ("1m", "2026-03-31T12:00+00:00", UTC, "2026-03-03T12:00+00:00"),
            ("1y", "2024-02-29T12:00+00:00", UTC, "2023-03-01T12:00+00:00"),
            ("11m", "2026-11-22T00:00+00:00", UTC, "2025-12-22T00:00+00:00"),
            ("1d", "2026-03-29T12:00+02:00", BERLIN, "2026-03-28T12:00+01:00"),
            ("24h", "2026-03-29T12:00+02:00", BERLIN, "2026-03-28T11:00+01:00"),
            ("2y3m1d1h", "2026-01-01T00:00+00:00", UTC, "2023-09-29T23:00+00:00"),
        ],
    )
    def test_by_the_calendar(self, duration: str, moment: str, zone: dt.tzinfo, before: str) -> None:
        found = retention.parse_duration(duration).before(dt.datetime.fromisoformat(moment), zone)
        assert found == dt.datetime.fromisoformat(before)

    @pytest.mark.parametrize("text", ["2026y", "2026y11m", "999999y", "999999m", "999999d", "2025y10m21d1h"])
    def test_before_all_time_keeps_all(self, text: str) -> None:
        found = backups("2026-11-21T00:00", "1970-01-01T00:00", "0001-01-01T00:00")
        assert len(kept(found, within=retention.parse_duration(text), zone=BERLIN)) == 3


class TestZones:
    """timezone."""

    @pytest.mark.parametrize("name", ["UTC", "utc", "Z"])
    def test_utc_needs_nothing(self, name: str, no_tzdata: None) -> None:
        assert retention.find_zone(name) is UTC

    @pytest.mark.parametrize("name", ["Europe/Berlim", "Europe", "../etc/passwd", "/etc/passwd", "", "a\0b", "+02:00"])
    def test_unknown(self, name: str) -> None:
        with pytest.raises(ConfigError, match=r"not known on this host.*Europe/Berlin"):
            retention.find_zone(name)

    @pytest.fixture
    def no_tzdata(self, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[None]:
        """A host without the time zone database, as minimal images are."""
        monkeypatch.setitem(sys.modules, "tzdata", None)
        before = zoneinfo.TZPATH
        zoneinfo.reset_tzpath(to=[])
        zoneinfo.ZoneInfo.clear_cache()
        yield
        zoneinfo.reset_tzpath(to=before)
        zoneinfo.ZoneInfo.clear_cache()

    def test_a_host_without_time_zones_is_told_so(self, no_tzdata: None) -> None:
        with pytest.raises(ConfigError, match="install the package tzdata"):
            retention.find_zone("Europe/Berlin")
