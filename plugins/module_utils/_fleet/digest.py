# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""On the control node: what the tasks of a run registered, as one entry a host, for the digest and the last word."""

from __future__ import annotations

import re
import typing as t

Result = t.Mapping[str, t.Any]
Entry = dict[str, t.Any]
# What a message needs of a backup. All of it, of a hundred hosts, would make a job event of megabytes.
_BACKUP = (
    "id", "database", "kind", "started", "finished", "seconds", "duration", "size", "size_human", "plain_size",
    "plain_size_human", "tables", "rows", "encrypted", "warnings", "engine",
    "shrunk",
)  # fmt: skip
_REMOVED = ("id", "database", "size", "size_human")
_DRILL = ("id", "database", "passed", "seconds", "tables", "rows", "mismatches")
# What is counted of all backups and drills, also of those that a long result leaves out.
_TOTALS = ("databases", "size", "plain_size", "drills", "passed")
_FAILURE = ("database", "id", "stage", "msg")
_MSG_LENGTH = 2000
_PREFIXES = re.compile(
    r"^(?:Task failed: |Action failed: |Module failed: |The filter plugin '[\w.]+' failed: "
    # ansible-core before 2.19
    r"|An unhandled exception occurred while templating '.*?'\. Error was a <class '[\w.]+'>, original message: )+",
    re.S,
)
NOTHING = "No database server was found on this host, and backupdb_instances is empty."
SILENT = "The host gave no result. The output of the run says why."


def digest(hosts: t.Sequence[str], variables: t.Mapping[str, t.Any], registered: t.Sequence[str]) -> list[Entry]:
    """One entry for each of ``hosts``, in their order; ``registered``: names of the results to look for, in the order
    of the run. ``variables``: hostvars. Of a search for servers (a name that ends in ``_found``) only a failure
    counts."""
    return [_entry(host, _results(variables[host], registered)) for host in hosts]


def _results(variables: t.Mapping[str, t.Any], registered: t.Sequence[str]) -> list[Result]:
    found = ((name, variables.get(name)) for name in registered)
    return [item for name, item in found if isinstance(item, t.Mapping) and (_went_wrong(item) or not _search(name))]


def _search(name: str) -> bool:
    return name.endswith("_found")


def _went_wrong(result: Result) -> bool:
    return bool(result.get("failed") or result.get("unreachable"))


def _entry(host: str, results: t.Sequence[Result]) -> Entry:
    instances: dict[str, Entry] = {}
    unreachable, broken, warnings = [], [], []
    for result in results:
        items = _items(result)
        # Since ansible-core 2.19 those of a loop are told of the whole loop alone.
        known = {text for item in items for text in (*_warnings(item), *_of_backups(item))}
        warnings += _warnings(result, told_before=known)
        # A loop may fail as a whole, without any item that says so.
        if not any(map(_went_wrong, items)):
            if result.get("unreachable"):
                unreachable.append(message(result))
            elif result.get("failed"):
                broken.append(message(result))
        for item in items:
            if item.get("unreachable"):
                unreachable.append(message(item))
            elif not item.get("skipped"):
                _add(instances.setdefault(_label(item), _instance(_label(item))), item)
    listed = list(instances.values())
    failed = any(item["failures"] or not all(drill["passed"] for drill in item["drills"]) for item in listed)
    if unreachable:
        state, msg = "unreachable", unreachable[0]
    elif broken:
        state, msg = "failed", broken[0]
    elif failed:
        state, msg = "failed", ""
    elif listed:
        state, msg = "ok", ""
    else:
        state, msg = ("skipped", NOTHING) if results else ("failed", SILENT)
    return {"host": host, "state": state, "msg": msg, "instances": listed, "warnings": warnings}


def _items(result: Result) -> list[Result]:
    found = result.get("results")
    return [item for item in found if isinstance(item, t.Mapping)] if isinstance(found, t.Sequence) else []


def _label(item: Result) -> str:
    return str(item.get(item.get("ansible_loop_var", "item"), "main"))


def _instance(label: str) -> Entry:
    return {
        "instance": label,
        "engine": "",
        "failures": [],
        "removed": [],
        "freed": 0,
        "drills": [],
        "warnings": [],
    }


def _add(instance: Entry, item: Result) -> None:
    """Fold the result of one module on one instance into the instance's entry. ``backups`` is there after a backup
    alone: a run of which it is empty then did nothing."""
    instance["engine"] = instance["engine"] or _engine(item)
    if "backups" in item:
        instance["backups"] = [*instance.get("backups", ()), *_picked(item["backups"], _BACKUP)]
    left_out = {name: count for name, count in (item.get("left_out") or {}).items() if count}
    if left_out:
        totals = item.get("totals") or {}
        instance["totals"] = {**instance.get("totals", {}), **{key: totals[key] for key in _TOTALS if key in totals}}
        instance["more_removed"] = instance.get("more_removed", 0) + left_out.get("removed", 0)
        numbers = ", ".join(f"{count} {name}" for name, count in sorted(left_out.items()))
        instance["warnings"].append(f"The result was too long to hold all: {numbers} are counted, and not listed here.")
    instance["removed"] += _picked(item.get("removed"), _REMOVED)
    instance["freed"] += item.get("freed") or 0
    instance["warnings"] += _warnings(item, told_before=_of_backups(item))
    failures = _picked(item.get("failures"), _FAILURE)
    drills = [drill for drill in _picked(item.get("drills"), _DRILL) if drill.get("passed") is not None]
    # A drill that found differences tells them better than the failure it is listed as.
    differ = [_which(drill) for drill in drills if not drill["passed"] and drill.get("mismatches")]
    failures = [failure for failure in failures if _which(failure) not in differ]
    told = [_which(failure) for failure in failures]
    # One that is listed as a failure is counted, and not told again.
    instance["drills"] += [
        {**drill, "told": _which(drill) in told} if not drill["passed"] else drill for drill in drills
    ]
    if item.get("failed") and not failures and not differ:
        failures = [{"database": "*", "stage": str(item.get("stage") or ""), "msg": message(item)}]
    instance["failures"] += failures


def _warnings(result: Result, *, told_before: t.Collection[str] = ()) -> list[str]:
    return [text for text in map(_text, result.get("warnings") or []) if text not in told_before]


def _of_backups(item: Result) -> set[str]:
    """What db_backup warns of for the whole task, and tells of the backups themselves as well."""
    return {
        f"{backup.get('database')}: {text}"
        for backup in item.get("backups") or []
        if isinstance(backup, t.Mapping)
        for text in backup.get("warnings") or []
    }


def _which(item: Entry) -> tuple[object, object]:
    return item.get("database"), item.get("id")


def _engine(item: Result) -> str:
    for backup in item.get("backups") or []:
        engine = backup.get("engine")
        if isinstance(engine, t.Mapping):
            return str(engine.get("flavour") or engine.get("name") or "")
    arguments = (item.get("invocation") or {}).get("module_args") or {}
    return str(arguments.get("engine") or "")


def _picked(found: t.Any, names: t.Sequence[str]) -> list[Entry]:
    return [{name: item[name] for name in names if name in item} for item in found or [] if isinstance(item, t.Mapping)]


def message(result: Result) -> str:
    """What a task said."""
    text = _text(result.get("msg") or "The task failed without a message.")
    # What ansible-core puts in front says nothing to people.
    text = _PREFIXES.sub("", text)
    # Where no module answered, who refused to start it did: sudo, or the shell.
    refusal = str(result.get("module_stderr") or "").strip().splitlines()[-1:]
    return " ".join([text, *refusal])[:_MSG_LENGTH]


def _text(value: t.Any) -> str:
    """A message or warning; newer versions of ansible-core make an object of a warning."""
    if isinstance(value, t.Mapping):
        event = value.get("event")
        return str(event.get("msg") if isinstance(event, t.Mapping) else value.get("msg") or value)
    return str(value).strip()


__all__ = ("NOTHING", "SILENT", "Entry", "digest", "message")
