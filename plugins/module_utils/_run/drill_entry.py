# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""backup_drill, from its options to its result."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_keys import parse_identities
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError, InterruptedRun, NotFoundError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import parse_time
from ansible_collections.vya.backupdb.plugins.module_utils._names import human_size, human_time, is_id
from ansible_collections.vya.backupdb.plugins.module_utils._run.drill import Choice, Drill, DrillOptions, choose
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import Answer, Job, PartlyDone

_FAILURES_TOLD = 3
_LISTS = ("drills", "failures")


def run(job: Job) -> Answer:
    """Drill what the options choose. PartlyDone when the run was ended before its end."""
    options = _options(job)
    if options.identities:
        parse_identities(options.identities)
    store = job.store()
    choice = choose(catalog.read(store, host=options.host, instance=options.instance), options)
    if not choice.entries and not choice.failures:
        raise NotFoundError(
            f"No backup of {options.host}/{options.instance} fits the selection, so there is nothing to drill.",
            hint=catalog.elsewhere(store, options.host, options.instance, "")
            or "vya.backupdb.backup_info lists the databases that there are backups of.",
        )
    _refuse_encrypted(choice, options)
    engine = job.engine()
    engine.server()
    drill = Drill(job.run, engine, store, options, job.log)
    for database, backup_id, exc in choice.failures:
        drill.failed(database, backup_id, exc)
    try:
        if not job.check_mode:
            drill.sweep()
        for entry in choice.entries:
            drill.drill(entry, check_mode=job.check_mode)
    except InterruptedRun as exc:
        answer = _answer(job, drill, choice)
        answer.failed = str(exc)
        raise PartlyDone(answer) from exc
    return _answer(job, drill, choice)


def _options(job: Job) -> DrillOptions:
    params = job.params
    if not params["databases"]:
        raise ConfigError("There is nothing to do: databases is empty.")
    if params["backup"] != "latest" and not is_id(params["backup"]):
        raise ConfigError(f"backup={params['backup']!r} is neither 'latest' nor an id such as 20261121T231500Z-7f3a9c.")
    if params["before"]:
        try:
            parse_time(params["before"])
        except ValueError as exc:
            told = f"before={params['before']!r} is no ISO 8601 time such as 2026-11-21T23:15:00Z."
            raise ConfigError(told) from exc
    return DrillOptions(
        host=job.host,
        instance=params["instance"],
        databases=tuple(params["databases"]),
        exclude=tuple(params["exclude"]),
        backup=params["backup"],
        before=params["before"],
        no_owner=params["no_owner"],
        identities=job.identities(),
        jobs=params["jobs"],
        exclude_extensions=tuple(params["exclude_extensions"]),
        search_path=tuple(params["search_path"]),
    )


def _refuse_encrypted(choice: Choice, options: DrillOptions) -> None:
    recipients = sorted({item for entry in choice.entries for item in entry.manifest.recipients})
    if recipients and not options.identities.strip():
        raise ConfigError(
            f"Backups in the selection are encrypted to {', '.join(recipients)}.",
            hint="Give the matching identity (identity or identity_file).",
        )


def _answer(job: Job, drill: Drill, choice: Choice) -> Answer:
    done = drill.done
    passed = [item for item in done if item["passed"]]
    size = sum(item["size"] for item in passed)
    seconds = round(sum(item["seconds"] for item in done), 3)
    totals = {
        "drills": len(done),
        "passed": len(passed),
        "failed": len(drill.failures),
        "size": size,
        "size_human": human_size(size),
        "seconds": seconds,
        "duration": human_time(seconds),
    }
    result = {"drills": done, "failures": drill.failures, "totals": totals}
    failed = _failure(drill)
    if not failed:
        result["msg"] = _success(job, totals, choice)
    return Answer(result, changed=drill.recorded, failed=failed, warnings=drill.warnings, lists=_LISTS)


def _success(job: Job, totals: t.Mapping[str, t.Any], choice: Choice) -> str:
    count = f"{totals['drills']} backup{'' if totals['drills'] == 1 else 's'}"
    if job.check_mode:
        text = f"{count} would be restored into scratch and compared with the manifests."
    else:
        text = f"{count} restored into scratch and found the same: {totals['size_human']} in {totals['duration']}."
    return text + (" Globals are left out: they have no scratch." if choice.globals_left_out else "")


def _failure(drill: Drill) -> str:
    """``1 of 3 drills failed: shop (verify): What was restored differs ...``, or an empty text."""
    failures = drill.failures
    if not failures:
        return ""
    passed = sum(1 for item in drill.done if item["passed"] is not False)
    told = [f"{item['database']} ({item['stage']}): {item['msg']}" for item in failures[:_FAILURES_TOLD]]
    if len(failures) > len(told):
        told.append(f"and {len(failures) - len(told)} more, see failures")
    return f"{len(failures)} of {passed + len(failures)} drills failed: {' '.join(told)}"


__all__ = ("run",)
