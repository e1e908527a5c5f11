# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""db_backup, from its options to its result."""

from __future__ import annotations

import os
import time

from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_crypto import require_cryptography
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._io import check_new_root
from ansible_collections.vya.backupdb.plugins.module_utils._names import GLOBALS, human_size, human_time
from ansible_collections.vya.backupdb.plugins.module_utils._run.backup import Backup, BackupOptions, Outcome
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import Answer, Job, PartlyDone
from ansible_collections.vya.backupdb.plugins.module_utils._run.extra_args import check_extra_args

_FAILURES_TOLD = 3
_LISTS = ("backups", "failures", "gone")


def run(job: Job) -> Answer:
    """Back up what the options choose. PartlyDone when the run was ended before its end."""
    started = time.monotonic()
    options = _options(job)
    if options.recipients:
        require_cryptography()
    backup = Backup(job.run, job.engine(), options, log=job.log, verbose=job.verbose)
    if job.check_mode:
        return _predicted(job, backup)
    new_store = not os.path.lexists(job.place)
    try:
        outcome = backup.execute(job.store(create=True))
    except BackupError as exc:
        if not backup.outcome.done and not backup.outcome.failures:
            raise
        answer = outcome_answer(backup.outcome, time.monotonic() - started)
        answer.failed = str(exc)
        raise PartlyDone(answer) from exc
    answer = outcome_answer(outcome, time.monotonic() - started)
    if new_store and "msg" in answer.result:
        answer.result["msg"] += f" The store {job.place} is new."
    return answer


def _options(job: Job) -> BackupOptions:
    params = job.params
    check_extra_args(params["engine"], params["extra_args"])
    if params["max_lag"] is not None and not params["max_lag"] >= 0:
        raise ConfigError(f"max_lag={params['max_lag']} is out of range: it must be at least 0.")
    if not 0 <= params["shrink"] <= 100:
        raise ConfigError(f"shrink={params['shrink']} is out of range: it is a percentage from 0 (off) to 100.")
    return BackupOptions(
        host=job.host,
        instance=params["instance"],
        databases=tuple(params["databases"]),
        exclude=tuple(params["exclude"]),
        with_globals=params["globals"],
        compression=params["compression"],
        level=params["compression_level"],
        recipients=tuple(params["recipients"]),
        jobs=params["jobs"],
        extra_args=tuple(params["extra_args"]),
        proof=params["proof"],
        max_lag=params["max_lag"],
        shrink=params["shrink"],
    )


def _predicted(job: Job, backup: Backup) -> Answer:
    new_store = not os.path.lexists(job.place)
    if new_store:
        check_new_root(job.place)
    chosen, outcome = backup.predict(job.store_if_there())
    names = [database.name for database in chosen]
    if job.params["globals"] and GLOBALS not in {failure["database"] for failure in outcome.failures}:
        names.insert(0, GLOBALS)
    labels = {"host": job.host, "instance": job.params["instance"], "encrypted": bool(job.params["recipients"])}
    outcome.done += [{**labels, "database": name, "kind": _kind(name)} for name in names]
    answer = outcome_answer(outcome, 0.0)
    if not answer.failed:
        told = f" The store {job.place} would be made." if new_store else ""
        answer.result["msg"] = f"{_counted(outcome)} would be backed up.{told}"
    return answer


def _kind(name: str) -> str:
    return "globals" if name == GLOBALS else "database"


def outcome_answer(outcome: Outcome, seconds: float) -> Answer:
    """What db_backup answers after ``seconds``."""
    done = outcome.done
    size = sum(item.get("size", 0) for item in done)
    plain_size = sum(item.get("plain_size", 0) for item in done)
    totals = {
        "databases": sum(1 for item in done if item["kind"] == "database"),
        "size": size,
        "size_human": human_size(size),
        "plain_size": plain_size,
        "plain_size_human": human_size(plain_size),
        "ratio": round(plain_size / size, 2) if size else 0.0,
        "seconds": round(seconds, 3),
        "duration": human_time(seconds),
        "throughput_human": f"{human_size(plain_size / seconds)}/s" if seconds else "",
    }
    told = f"{totals['plain_size_human']} as {totals['size_human']} in {totals['duration']}"
    msg = f"{_counted(outcome)} backed up: {told}." if done else "There was nothing to back up."
    result = {"msg": msg, "backups": done, "failures": outcome.failures, "gone": outcome.gone, "totals": totals}
    warnings = [*outcome.warnings]
    for item in done:
        warnings += [f"{item['database']}: {text}" for text in item.get("warnings", ())]
    failed = _failure(outcome)
    if failed:
        del result["msg"]
    return Answer(result, changed=bool(done), failed=failed, warnings=warnings, lists=_LISTS)


def _counted(outcome: Outcome) -> str:
    count = sum(1 for item in outcome.done if item["kind"] == "database")
    parts = [f"{count} database{'' if count == 1 else 's'}"]
    if count < len(outcome.done):
        parts.append("the globals")
    return " and ".join(parts)


def _failure(outcome: Outcome) -> str:
    """``1 of 3 databases failed: shop (dump): pg_dump failed. ...``, or an empty text."""
    failures = outcome.failures
    if not failures:
        return ""
    count = sum(1 for item in failures if item["database"] != GLOBALS)
    total = count + sum(1 for item in outcome.done if item["kind"] == "database")
    heads: list[str] = []
    if count:
        heads.append(f"{count} of {total} databases")
    if count < len(failures):
        heads.append("the globals")
    told = [f"{item['database']} ({item['stage']}): {item['msg']}" for item in failures[:_FAILURES_TOLD]]
    if len(failures) > len(told):
        told.append(f"and {len(failures) - len(told)} more, see failures")
    return f"{' and '.join(heads)} failed: {' '.join(told)}"


__all__ = ("outcome_answer", "run")
