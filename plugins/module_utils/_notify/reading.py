# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""From what the playbook collected to a digest.

Whatever is missing or of the wrong type is passed over: a notice that does not come because of one odd value would be
worse than one with a gap.
"""

from __future__ import annotations

import datetime as dt
import math
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._names import GLOBALS, human_size
from ansible_collections.vya.backupdb.plugins.module_utils._notify import advice, clean
from ansible_collections.vya.backupdb.plugins.module_utils._notify.digest import (
    FAILED,
    OK,
    STATES,
    UNREACHABLE,
    Digest,
    Drill,
    Host,
    Item,
    Problem,
    Remark,
    Unlisted,
)

_WHY_LENGTH = 1200
_MISMATCHES = 5
Redact = t.Callable[[str], str]


def read(
    hosts: t.Sequence[t.Mapping[str, t.Any]],
    *,
    title: str,
    finished: dt.datetime,
    started: dt.datetime | None = None,
    test: bool = False,
    redact: Redact,
) -> Digest:
    """A digest of ``hosts``. ``redact`` takes secrets out of a text."""
    reader = _Reader(redact)
    told = [reader.host(host) for host in hosts]
    reader.judge(told)
    return Digest(
        title=clean.line(redact(title), 80) or "Backup",
        hosts=tuple(sorted(told, key=lambda host: (host.state not in (FAILED, UNREACHABLE), host.name))),
        problems=tuple(Problem(tuple(places), *key) for key, places in reader.problems.items()),
        remarks=tuple(Remark(tuple(places), text) for text, places in reader.remarks.items()),
        finished=finished,
        started=started,
        test=test,
    )


class _Reader:
    """Gathers what failed and what was warned of; equal texts become one with many places."""

    def __init__(self, redact: Redact) -> None:
        self._redact = redact
        self.problems: dict[tuple[str, str, str], dict[str, None]] = {}
        self.remarks: dict[str, dict[str, None]] = {}
        self._was_backup = False

    def host(self, source: t.Mapping[str, t.Any]) -> Host:
        """One host, whose problems and remarks are noted."""
        name = self._line(source.get("host")) or "(a host without a name)"
        state, msg = str(source.get("state") or "").lower(), self._paragraph(source.get("msg"))
        instances = _dicts(source.get("instances"))
        several = len(instances) > 1
        before = sum(len(places) for places in self.problems.values())
        whys: list[str] = []
        items: list[Item] = []
        drills: list[Drill] = []
        for instance in instances:
            label = self._line(instance.get("instance"))
            prefix = [label] if label and (several or label != "main") else []
            whys += self._failures(instance, [name, *prefix])
            items += self._items(instance, name, prefix)
            drills += self._drills(instance, name, prefix)
            self._remarks(instance, [name, *prefix])
        self._remarks(source, [name])
        if state not in STATES:
            msg = msg or (f"Its state is {clean.line(state, 40)!r}, which says nothing." if state else "")
            state = FAILED if msg or not instances else OK
        if state in (FAILED, UNREACHABLE) and (not whys or (msg and not _is_told(msg, whys))):
            stage = advice.UNREACHABLE if state == UNREACHABLE else ""
            self._problem([name], stage, msg or "It failed and gave no reason.")
        found = sum(len(places) for places in self.problems.values()) - before
        if found and state not in (FAILED, UNREACHABLE):
            state = FAILED
        return Host(
            name=name,
            state=state,
            note=clean.line(msg, 160) if state not in (FAILED, UNREACHABLE) else "",
            items=tuple(items),
            drills=tuple(drills),
            problems=found,
            removed=sum(len(_dicts(item.get("removed"))) + _whole(item.get("more_removed")) for item in instances),
            freed=sum(_whole(instance.get("freed")) for instance in instances),
            unlisted=sum((_unlisted(instance) for instance in instances), Unlisted()),
        )

    def judge(self, hosts: t.Sequence[Host]) -> None:
        """Silence is failure: a run of which nobody can say that it did something."""
        if not hosts:
            self._problem(["this run"], "", "No host took part in it. Check the inventory and the pattern of hosts.")
        elif not self.problems and not any(host.state == OK for host in hosts):
            self._problem(["this run"], "", "Every host was skipped. Check the conditions and the pattern of hosts.")
        elif not self.problems and self._was_backup and not any(host.items for host in hosts):
            self._problem(["this run"], "", "Not one backup was made. Check which databases are chosen.")
        elif self._was_backup:
            for host in hosts:
                if host.state == OK and not host.items:
                    self._remark([host.name], "No backup was made here. Check which databases are chosen.")

    def _failures(self, instance: t.Mapping[str, t.Any], place: list[str]) -> list[str]:
        whys = []
        for failure in _dicts(instance.get("failures")):
            why = self._paragraph(failure.get("msg")) or "It failed and gave no reason."
            database = self._name(failure.get("database"))
            self._problem([*place, *([database] if database else [])], self._line(failure.get("stage")), why)
            whys.append(why)
        return whys

    def _items(self, instance: t.Mapping[str, t.Any], host: str, prefix: list[str]) -> t.Iterator[Item]:
        self._was_backup = self._was_backup or "backups" in instance
        for backup in _dicts(instance.get("backups")):
            label = " / ".join([*prefix, self._name(backup.get("database")) or "(no name)"])
            for text in _list(backup.get("warnings")):
                self._remark([host, label], self._paragraph(text))
            yield Item(
                label=label,
                is_database=backup.get("kind") != "globals" and backup.get("database") != GLOBALS,
                size=_whole(backup.get("size")),
                plain_size=_whole(backup.get("plain_size")),
                seconds=_number(backup.get("seconds")),
                usual=_usual(backup.get("shrunk")),
            )

    def _drills(self, instance: t.Mapping[str, t.Any], host: str, prefix: list[str]) -> t.Iterator[Drill]:
        for drill in _dicts(instance.get("drills")):
            if drill.get("passed", False) is None:
                continue  # check mode: none was done
            label = " / ".join([*prefix, self._name(drill.get("database")) or "(no name)"])
            passed = drill.get("passed") is True
            if not passed and drill.get("told") is not True:
                differences = [self._mismatch(item) for item in _list(drill.get("mismatches"))]
                told = differences[:_MISMATCHES]
                if len(differences) > len(told):
                    told.append(f"and {len(differences) - len(told)} more")
                backup = self._line(drill.get("id")) or "its newest backup"
                why = f"The drill of {backup} did not pass." + "".join(f"\n{text}" for text in told)
                self._problem([host, label], advice.DRILL, why)
            yield Drill(label, passed, _number(drill.get("seconds")), _whole(drill.get("rows")))

    def _mismatch(self, item: object) -> str:
        if isinstance(item, t.Mapping):
            return self._line(", ".join(f"{key}: {value}" for key, value in item.items()))
        return self._line(item)

    def _remarks(self, instance: t.Mapping[str, t.Any], place: list[str]) -> None:
        for text in _list(instance.get("warnings")):
            self._remark(place, self._paragraph(text))

    def _problem(self, place: t.Sequence[str], stage: str, why: str) -> None:
        key = (stage, why, advice.advice(stage))
        self.problems.setdefault(key, {})[" / ".join(place)] = None

    def _remark(self, place: t.Sequence[str], text: str) -> None:
        if text:
            self.remarks.setdefault(text, {})[" / ".join(place)] = None

    def _name(self, value: object) -> str:
        return "roles and grants" if value == GLOBALS else self._line(value)

    def _line(self, value: object) -> str:
        return "" if value is None else clean.line(self._safe(value))

    def _paragraph(self, value: object) -> str:
        return "" if value is None else clean.paragraph(self._safe(value), _WHY_LENGTH)

    def _safe(self, value: object) -> str:
        return clean.masked(self._redact(str(value)))


def _is_told(msg: str, whys: t.Sequence[str]) -> bool:
    """Whether a task's message only repeats what its failures say."""
    return any(why[:80] in msg or msg[:80] in why for why in whys)


def _unlisted(instance: t.Mapping[str, t.Any]) -> Unlisted:
    """What the totals of a long result count beyond its lists."""
    totals = instance.get("totals")
    if not isinstance(totals, t.Mapping):
        return Unlisted()
    backups, drills = _dicts(instance.get("backups")), _dicts(instance.get("drills"))
    databases = [item for item in backups if item.get("kind") != "globals" and item.get("database") != GLOBALS]
    listed = {
        "databases": len(databases),
        "size": sum(_whole(item.get("size")) for item in backups),
        "plain_size": sum(_whole(item.get("plain_size")) for item in backups),
        "drills": len(drills),
        "passed": sum(1 for item in drills if item.get("passed") is True),
    }
    return Unlisted(**{name: max(_whole(totals[name]) - count, 0) for name, count in listed.items() if name in totals})


def _usual(shrunk: object) -> str:
    """What a backup that shrank holds, and what it usually holds."""
    if not isinstance(shrunk, t.Mapping):
        return ""
    rows, before = _whole(shrunk.get("rows")), _whole(shrunk.get("usual_rows"))
    size, usual = (human_size(_whole(shrunk.get(name))) for name in ("plain_size", "usual_plain_size"))
    return f"shrunk: {rows} rows, usually {before}; {size} before compression, usually {usual}"


def _list(value: object) -> list[t.Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _dicts(value: object) -> list[t.Mapping[str, t.Any]]:
    return [item for item in _list(value) if isinstance(item, t.Mapping)]


def _number(value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


def _whole(value: object) -> int:
    return int(_number(value))


__all__ = ("read",)
