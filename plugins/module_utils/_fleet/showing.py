# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""On the control node: what the playbooks show to people."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._fleet.digest import digest, message

_SECRET_WORDS = ("password", "secret", "token", "identity", "store_config")
_NOT_SECRET = ("identity_file",)
_MASK = "********"
# An argument of a tool.
_SECRET_ARGUMENT = re.compile(r"^(--?[\w-]*pass[\w-]*=).+", re.S)
_WIDTH = 100
Rows = list[tuple[str, ...]]


def masked(value: t.Any) -> t.Any:
    """The same with the values of secrets replaced, at any depth."""
    if isinstance(value, t.Mapping):
        return {
            key: _MASK if _is_secret(str(key)) and inner not in (None, "") else masked(inner)
            for key, inner in value.items()
        }
    if isinstance(value, t.Sequence) and not isinstance(value, (str, bytes)):
        return [masked(inner) for inner in value]
    if isinstance(value, str):
        return _SECRET_ARGUMENT.sub(rf"\1{_MASK}", value)
    return value


def _is_secret(name: str) -> bool:
    return name not in _NOT_SECRET and any(word in name for word in _SECRET_WORDS)


def complaint(entry: t.Mapping[str, t.Any]) -> str:
    """One paragraph of what went wrong on a host; ``entry`` as :func:`digest` makes it."""
    texts = [entry["msg"]] if entry["msg"] else []
    for instance in entry["instances"]:
        for failure in instance["failures"]:
            place = "/".join(str(part) for part in (instance["instance"], failure.get("database")) if part)
            texts.append(f"{place}: {failure.get('msg') or 'failed'}")
        for drill in instance["drills"]:
            if not drill["passed"] and not drill.get("told"):
                differences = "; ".join(str(text) for text in drill.get("mismatches") or [])
                texts.append(f"{instance['instance']}/{drill.get('database')}: {differences or 'the drill failed'}")
    return "\n".join(dict.fromkeys(texts))


def listing(hosts: t.Sequence[str], variables: t.Mapping[str, t.Any]) -> list[str]:
    """The catalogs of all hosts as the lines of a table."""
    rows: Rows = [("HOST", "INSTANCE", "DATABASE", "BACKUP", "SIZE", "ROWS", "ENCRYPTED", "DRILL", "PINNED")]
    damaged: list[str] = []
    for host in hosts:
        for item in _items(variables[host].get("__backup_list")):
            for backup in item.get("backups") or []:
                cells = (_text(backup.get(name)) for name in ("instance", "database", "id", "size_human", "rows"))
                marks = ("yes" if backup.get(name) else "no" for name in ("encrypted", "pinned"))
                encrypted, pinned = marks
                rows.append((host, *cells, encrypted, _drilled(backup.get("verification")), pinned))
            damaged += [
                f"{host}: {place.get('place')} is no backup: {_text(place.get('problem'))}"
                for place in item.get("incomplete") or []
            ]
    return [*(_lines(rows) if len(rows) > 1 else ["There are no backups."]), *damaged]


def _drilled(record: t.Any) -> str:
    if not isinstance(record, t.Mapping):
        return "-"
    return f"{'passed' if record.get('passed') else 'FAILED'} {str(record.get('finished'))[:10]}"


def checks(hosts: t.Sequence[str], variables: t.Mapping[str, t.Any]) -> list[str]:
    """What was tried on all hosts as the lines of a table."""
    rows: Rows = [("HOST", "INSTANCE", "SERVER", "CONNECTION", "TOOLS", "PRIVILEGES", "ENCRYPTED", "BACKUP")]
    for host in hosts:
        tried = {_label(item): item for item in _items(variables[host].get("__backup_try"))}
        asked = {_label(item): item for item in _items(variables[host].get("__backup_info"))}
        for label in dict.fromkeys([*asked, *tried]):
            rows.append((host, label, *_checked(asked.get(label, {}), tried.get(label, {}))))
        if not asked and not tried:
            (entry,) = digest([host], variables, ("__backup_found", "__backup_info", "__backup_try"))
            rows.append((host, "-", "-", entry["state"], "-", "-", "-", entry["msg"]))
    return _lines(rows)


def _checked(info: t.Mapping[str, t.Any], tried: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    server = info.get("server") or {}
    if not info.get("connected"):
        state = "unreachable" if info.get("unreachable") else "failed"
        return "-", state, "-", "-", "-", _text(message(info if info.get("msg") else tried))
    missing = [_text(item.get("privilege")) for item in info.get("missing_privileges") or []]
    names = [
        f"{database['name']}: {database['problem']}"
        for database in info.get("databases") or []
        if database["problem"] and not database["system"]
    ]
    verdict = _text(message(tried)) if tried.get("failed") else "; ".join(["ok", *names])
    return (
        f"{server.get('flavour')} {server.get('series')}",
        "ok",
        "ok" if info.get("tools") else "missing",
        f"lacks {', '.join(missing)}" if missing else "ok",
        _encrypted(tried),
        verdict,
    )


def _encrypted(tried: t.Mapping[str, t.Any]) -> str:
    """Whether somebody who gets at the store could read the backups."""
    backups = [item for item in tried.get("backups") or [] if isinstance(item, t.Mapping)]
    return "-" if not backups else "yes" if all(item.get("encrypted") for item in backups) else "no"


def _items(result: t.Any) -> list[t.Mapping[str, t.Any]]:
    found = result.get("results") if isinstance(result, t.Mapping) else None
    return [item for item in found or [] if isinstance(item, t.Mapping)]


def _label(item: t.Mapping[str, t.Any]) -> str:
    return str(item.get(item.get("ansible_loop_var", "item")))


def _text(value: t.Any) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."


def _lines(rows: Rows) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


__all__ = ("checks", "complaint", "listing", "masked")
