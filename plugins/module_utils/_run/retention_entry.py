# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""backup_retention, from its options to its result."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from ansible_collections.vya.backupdb.plugins.module_utils import _retention as retention
from ansible_collections.vya.backupdb.plugins.module_utils._catalog import Entry
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError, InterruptedRun, NotFoundError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import ALL_HOSTS, Answer, Job, PartlyDone
from ansible_collections.vya.backupdb.plugins.module_utils._run.retention import Outcome, Retention, RetentionOptions

_FAILURES_TOLD = 3
_LISTS = ("kept", "removed", "cleared", "pinned", "unpinned", "failures")
_NO_RULE = "no rule keeps it"
# A result has room for 100 KB, and the lists say the same as the difference.
_DIFF_LIMIT = 30_000


def run(job: Job) -> Answer:
    """Remove what the policy keeps no longer. PartlyDone when a server failed, or the run was ended before its end."""
    options = _options(job)
    store = job.store_if_there() if job.check_mode else job.store()
    if store is None:
        return _nothing(job, f"The store {job.place} does not exist.")
    task = Retention(job.run, store, options, now=utc_now(), log=job.log)
    if job.check_mode:
        try:
            return _answer(job, task.predict())
        except NotFoundError as exc:
            if options.pin or options.unpin:
                raise
            return _nothing(job, exc.msg)
    try:
        outcome = task.execute()
    except InterruptedRun as exc:
        answer = _answer(job, task.outcome)
        answer.failed = str(exc)
        raise PartlyDone(answer) from exc
    answer = _answer(job, outcome)
    if outcome.failures:
        raise PartlyDone(answer) from outcome.failures[0][1]
    return answer


def _nothing(job: Job, why: str) -> Answer:
    """Check mode before the first backup: a real run comes after it, or says the same as an error."""
    answer = _answer(job, Outcome())
    answer.warnings = [f"{why} Outside check mode that is an error, unless a backup is made before."]
    return answer


def _options(job: Job) -> RetentionOptions:
    params = job.params
    if not params["databases"]:
        raise ConfigError("There is nothing to do: databases is empty.")
    pin, unpin = frozenset(params["pin"]), frozenset(params["unpin"])
    for backup_id in sorted(pin | unpin):
        if not names.is_id(backup_id):
            raise ConfigError(f"{backup_id!r} is no id of a backup, such as 20261121T231500Z-7f3a9c.")
    if pin & unpin:
        raise ConfigError(f"{', '.join(sorted(pin & unpin))} cannot be pinned and unpinned at once.")
    for name, least in (*((f"keep_{rule}", 0) for rule in retention.RULES), ("minimum", 1), ("max_delete", 0)):
        if params[name] is not None and params[name] < least:
            raise ConfigError(f"{name}={params[name]} is out of range: it must be at least {least}.")
    given = [f"keep_{rule}" for rule in (*retention.RULES, "within") if params[f"keep_{rule}"] is not None]
    return RetentionOptions(
        # A store may be shared: without a word, no other host's backups are removed.
        host="" if params["host"] == ALL_HOSTS else job.host,
        instance=params["instance"] or "",
        databases=tuple(params["databases"]),
        exclude=tuple(params["exclude"]),
        policy=_policy(params) if given or not (pin or unpin) else None,
        max_delete=params["max_delete"],
        pin=pin,
        unpin=unpin,
    )


def _policy(params: t.Mapping[str, t.Any]) -> retention.Policy:
    within = params["keep_within"]
    policy = retention.Policy(
        **{rule: params[f"keep_{rule}"] or 0 for rule in retention.RULES},
        within=None if within is None else retention.parse_duration(within),
        zone=retention.find_zone(params["timezone"]),
        minimum=params["minimum"],
    )
    policy.check()
    return policy


def _answer(job: Job, outcome: Outcome) -> Answer:
    kept = [{**_told(entry), "reasons": list(reasons)} for entry, reasons in outcome.kept]
    removed = [{**_told(entry), "reasons": [_NO_RULE]} for entry in outcome.removed]
    freed = sum(entry.manifest.size for entry in outcome.removed)
    result: dict[str, t.Any] = {
        "msg": _message(job, outcome, freed),
        "kept": kept,
        "removed": removed,
        "freed": freed,
        "freed_human": names.human_size(freed),
        "cleared": outcome.cleared,
        "pinned": outcome.pinned,
        "unpinned": outcome.unpinned,
        "failures": [
            {"host": host, "instance": instance, **exc.as_dict()} for (host, instance), exc in outcome.failures
        ],
    }
    if job.diff:
        result["diff"] = {"prepared": _diff(outcome)}
    failed = _failure(outcome)
    if failed:
        del result["msg"]
    changed = bool(outcome.removed or outcome.cleared or outcome.pinned or outcome.unpinned)
    return Answer(result, changed=changed, failed=failed, warnings=outcome.warnings, lists=_LISTS)


def _told(entry: Entry) -> dict[str, t.Any]:
    manifest = entry.manifest
    return {
        "id": manifest.id,
        "host": manifest.host,
        "instance": manifest.instance,
        "database": manifest.database,
        "snapshot": manifest.snapshot,
        "size": manifest.size,
        "size_human": names.human_size(manifest.size),
    }


def _message(job: Job, outcome: Outcome, freed: int) -> str:
    would = "would be " if job.check_mode else ""
    parts = [f"{_counted(len(outcome.removed))} {would}removed"]
    if outcome.removed:
        parts.append(f"{names.human_size(freed)} {would}freed")
    parts.append(f"{len(outcome.kept)} {would}kept")
    for what in ("cleared", "pinned", "unpinned"):
        count = len(getattr(outcome, what))
        if count:
            parts.append(f"{count} {'unfinished ' if what == 'cleared' else ''}{would}{what}")
    return f"{', '.join(parts)}."


def _counted(count: int) -> str:
    return f"{count} backup{'' if count == 1 else 's'}"


def _failure(outcome: Outcome) -> str:
    failures = outcome.failures
    if not failures:
        return ""
    told = [f"{'/'.join(server)} ({exc.stage}): {exc}" for server, exc in failures[:_FAILURES_TOLD]]
    if len(failures) > len(told):
        told.append(f"and {len(failures) - len(told)} more, see failures")
    return f"The backups of {len(failures)} server{'' if len(failures) == 1 else 's'} failed: {' '.join(told)}"


def _diff(outcome: Outcome) -> str:
    """One line a backup, by series, newest first: what keeps it, or that nothing does."""
    lines = [(entry, f"  {_line(entry)}  kept: {', '.join(reasons)}") for entry, reasons in outcome.kept]
    lines += [(entry, f"- {_line(entry)}  removed: {_NO_RULE}") for entry in outcome.removed]
    lines.sort(key=lambda item: item[0].manifest.snapshot, reverse=True)
    lines.sort(key=lambda item: item[0].place.rsplit("/", 1)[0])
    texts = [text for _entry, text in lines]
    texts += [f"- {place}  unfinished, cleared" for place in outcome.cleared]
    shown: list[str] = []
    room = _DIFF_LIMIT
    for text in texts:
        room -= len(text) + 1
        if room < 0:
            shown.append(f"  and {len(texts) - len(shown)} more")
            break
        shown.append(text)
    return "".join(f"{text}\n" for text in shown)


def _line(entry: Entry) -> str:
    return f"{entry.place}  {names.human_size(entry.manifest.size)}"


__all__ = ("run",)
