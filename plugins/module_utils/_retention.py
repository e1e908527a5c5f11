# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Which backups to keep, and why: a pure function from backups, a policy and the time to decisions.

The rules are those of ``restic forget`` (restic's manual, "Removing backup snapshots"): hours, days, weeks, months and
years are those of the calendar, the newest backup of a period is kept, periods without a backup do not count, and what
any rule keeps is kept. What differs, since databases are lost by it: a backup from the future, a damaged one and one
that failed its drill take nobody's place, and the newest that passed a drill stays.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError

SeriesLabel = tuple[str, str, str]
_UNITS = {"y": "years", "m": "months", "d": "days", "h": "hours"}
_DURATION = re.compile(r"(?:[0-9]{1,6}[ymdh])+\Z")
ABANDONED_AFTER = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Duration:
    """Calendar years, months and days, and hours of 60 minutes."""

    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0

    def before(self, moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime | None:
        """``moment`` less this, by the calendar of ``zone``; None: before the first year there is.

        A day that its month lacks runs over, as restic has it: a month before 31 March is 3 March, or 2 March.
        """
        local = moment.astimezone(zone)
        year, month = divmod(local.year * 12 + local.month - 1 - self.years * 12 - self.months, 12)
        try:
            first = local.replace(year=year, month=month + 1, day=1, tzinfo=None)
            shifted = (first + dt.timedelta(days=local.day - 1 - self.days)).replace(tzinfo=zone, fold=local.fold)
            return shifted.astimezone(dt.timezone.utc) - dt.timedelta(hours=self.hours)
        except (OverflowError, ValueError):
            return None

    def __str__(self) -> str:
        return "".join(f"{getattr(self, name)}{unit}" for unit, name in _UNITS.items() if getattr(self, name))


@dataclasses.dataclass(frozen=True)
class Policy:
    """How many to keep by each rule, 0: the rule is not used. ``minimum``: how many that verify are never removed."""

    last: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    within: Duration | None = None
    zone: dt.tzinfo = dt.timezone.utc
    minimum: int = 1

    @property
    def empty(self) -> bool:
        """Whether no rule keeps anything."""
        return self.within is None and not any(getattr(self, rule) for rule in _PERIODS)

    def check(self) -> None:
        """ConfigError for a policy that would remove everything."""
        if self.empty:
            raise ConfigError(
                "The policy is empty: it would remove everything.",
                hint="Give at least one of keep_last, keep_hourly, keep_daily, keep_weekly, keep_monthly, keep_yearly"
                " and keep_within; keep_last=7 keeps the newest seven of each database.",
            )


@dataclasses.dataclass(frozen=True)
class Backup:
    """What a decision needs to know. ``good``: whether it verifies, None when nobody has looked. ``drilled``: whether
    it passed its newest drill, None when there was none."""

    place: str
    series: SeriesLabel
    snapshot: dt.datetime
    pinned: bool = False
    good: bool | None = None
    drilled: bool | None = None

    @property
    def sound(self) -> bool | None:
        """Whether it counts for the rules; None when nobody has looked. A drill that failed outweighs hashes."""
        return False if self.drilled is False else self.good


@dataclasses.dataclass(frozen=True)
class Decision:
    """``reasons``: what keeps the backup; none: it is to be removed."""

    backup: Backup
    reasons: tuple[str, ...]

    @property
    def keep(self) -> bool:
        """Whether anything keeps it."""
        return bool(self.reasons)


def _week(local: dt.datetime) -> str:
    year, week, _day = local.isocalendar()
    return f"{year}-W{week:02d}"


# The period of the calendar that a moment is in, in words. None: each backup is a period of its own.
_PERIODS: dict[str, t.Callable[[dt.datetime], str] | None] = {
    "last": None,
    "hourly": lambda local: f"{local:%Y-%m-%dT%H}",
    "daily": lambda local: f"{local:%Y-%m-%d}",
    "weekly": _week,
    "monthly": lambda local: f"{local:%Y-%m}",
    "yearly": lambda local: f"{local:%Y}",
}
RULES = tuple(_PERIODS)


def decide(backups: t.Iterable[Backup], policy: Policy, now: dt.datetime) -> list[Decision]:
    """A decision on each backup, series by series, newest first. ConfigError for a policy that would remove all."""
    policy.check()
    groups: dict[SeriesLabel, list[Backup]] = {}
    for backup in backups:
        groups.setdefault(backup.series, []).append(backup)
    decisions: list[Decision] = []
    for _label, group in sorted(groups.items()):
        group.sort(key=lambda backup: (backup.snapshot, backup.place), reverse=True)
        decisions += _decide_series(group, policy, now)
    return decisions


def _decide_series(group: t.Sequence[Backup], policy: Policy, now: dt.datetime) -> list[Decision]:
    past = [backup for backup in group if backup.snapshot <= now]
    sound = [backup for backup in past if backup.sound is not False]
    # A damaged backup takes no place from a sound one, but stays as long as if it were whole.
    reasons = {**_by_rules(past, policy), **_by_rules(sound, policy)}
    few = _too_few_are_good(past, policy)
    protected = [backup.place for backup in past if backup.sound][: policy.minimum]
    drilled = next((backup.place for backup in sound if backup.drilled), None)
    decisions = []
    for backup in group:
        found = list(reasons.get(backup.place, ()))
        if backup.snapshot > now:
            found.append("dated in the future")
        if backup.pinned:
            found.append("pinned")
        if backup.place in protected:
            found.append("minimum")
        if backup.place == drilled:
            found.append("drilled")
        if few:
            found.append(few)
        if found and backup.good is False:
            found.append("damaged")
        if found and backup.drilled is False:
            found.append("failed its drill")
        decisions.append(Decision(backup, tuple(found)))
    return decisions


def to_prove(backups: t.Sequence[Backup], policy: Policy, now: dt.datetime) -> Backup | None:
    """The newest backup of one series that nobody has looked at, while any removal rests on such ones being good. None:
    what is to go would also go if all that are kept without a look were damaged."""
    decisions = decide(backups, policy, now)
    gone = {item.backup.place for item in decisions if not item.keep}
    trusted = [item.backup for item in decisions if item.keep and item.backup.sound is None]
    trusted = [backup for backup in trusted if backup.snapshot <= now]
    if not gone or not trusted:
        return None
    places = {backup.place for backup in trusted}
    worst = [dataclasses.replace(item, good=False) if item.place in places else item for item in backups]
    if any(item.keep and item.backup.place in gone for item in decide(worst, policy, now)):
        return trusted[0]
    return None


def _too_few_are_good(past: t.Sequence[Backup], policy: Policy) -> str:
    """Why nothing of a series may go: its backups were looked at, and those that verify are fewer than the minimum."""
    good = sum(1 for backup in past if backup.sound)
    if good >= policy.minimum or all(backup.sound is not False for backup in past):
        return ""
    if any(backup.sound is None for backup in past):
        return ""
    return f"only {good} of {len(past)} verify"


def _by_rules(newest_first: t.Sequence[Backup], policy: Policy) -> dict[str, list[str]]:
    """Place: reasons. Empty lists for what no rule keeps."""
    reasons: dict[str, list[str]] = {backup.place: [] for backup in newest_first}
    for rule, period_of in _PERIODS.items():
        left: int = getattr(policy, rule)
        before = ""
        for number, backup in enumerate(newest_first, start=1):
            if not left:
                break
            period = period_of(backup.snapshot.astimezone(policy.zone)) if period_of else str(number)
            if period != before:
                reasons[backup.place].append(f"{rule} {period}" if period_of else rule)
                left -= 1
            elif number == len(newest_first):
                reasons[backup.place].append(f"oldest, for {rule}")
            before = period
    if policy.within is not None and newest_first:
        limit = policy.within.before(newest_first[0].snapshot, policy.zone)
        for backup in newest_first:
            if limit is None or backup.snapshot > limit:
                reasons[backup.place].append(f"within {policy.within}")
    return reasons


@dataclasses.dataclass(frozen=True)
class Excess:
    """A series of which too many backups would be removed."""

    series: SeriesLabel
    removed: int
    total: int

    def __str__(self) -> str:
        return f"{self.removed} of {self.total} backups of {'/'.join(self.series)}"


def excesses(decisions: t.Iterable[Decision], max_delete: int | None) -> list[Excess]:
    """Series that lose more than ``max_delete`` backups; None: more than half."""
    counts: dict[SeriesLabel, list[bool]] = {}
    for decision in decisions:
        counts.setdefault(decision.backup.series, []).append(not decision.keep)
    return [
        Excess(series, sum(gone), len(gone))
        for series, gone in counts.items()
        if (2 * sum(gone) > len(gone) if max_delete is None else sum(gone) > max_delete)
    ]


def parse_duration(text: str) -> Duration:
    """``1y5m7d2h``: years, months, days, hours, each at most once. ConfigError when it is none, or nothing."""
    units = re.findall(r"[a-z]", text)
    if not _DURATION.match(text) or len(set(units)) < len(units):
        raise ConfigError(
            f"keep_within={text!r} is no duration.", hint="Write years, months, days and hours such as 1y5m7d2h or 14d."
        )
    found = Duration(**{_UNITS[unit]: int(number) for number, unit in re.findall(r"([0-9]+)([ymdh])", text)})
    if found == Duration():
        raise ConfigError(f"keep_within={text!r} keeps nothing.", hint="Leave it out, or give a duration such as 14d.")
    return found


def find_zone(name: str) -> dt.tzinfo:
    """The time zone of this name; ConfigError when it is not known here. UTC needs no time zone database."""
    if name.upper() in ("UTC", "Z"):
        return dt.timezone.utc
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as exc:
        hint = "Use a name such as Europe/Berlin."
        if not zoneinfo.available_timezones():
            hint = (
                "This host has no time zone database: install the package tzdata (on RHEL and its kin, and on Debian,"
                " Ubuntu; tzdata of PyPI does as well), or leave timezone at UTC."
            )
        raise ConfigError(f"The time zone {name!r} is not known on this host.", hint=hint) from exc


__all__ = (
    "ABANDONED_AFTER",
    "RULES",
    "Backup",
    "Decision",
    "Duration",
    "Excess",
    "Policy",
    "SeriesLabel",
    "decide",
    "excesses",
    "find_zone",
    "parse_duration",
    "to_prove",
)
