# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""db_restore, from its options to its result."""

from __future__ import annotations

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Engine
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._names import GLOBALS
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import Answer, Job
from ansible_collections.vya.backupdb.plugins.module_utils._run.restore import RestoreOptions, RestoreTask


def run(job: Job) -> Answer:
    """Restore what the options choose, or in check mode find out whether it could be."""
    return _foreign(job) if job.params["src"] else _backup(job)


def _backup(job: Job) -> Answer:
    options = _options(job)
    engine = job.engine()
    task = RestoreTask(job.run, engine, job.store(), options, job.log)
    before = _present(engine, options.target) if job.diff else False
    result = task.execute(check_mode=job.check_mode)
    warnings = result.pop("warnings")
    name = f"{options.database} of {result['backup']['snapshot']}"
    did = "would be restored" if job.check_mode else "was restored"
    swapped = _swapped(job, result.pop("replaced"), result.get("previous"))
    result["msg"] = f"The backup {result['backup']['id']} ({name}) {did} as {options.target}{swapped}."
    if job.diff:
        result["diff"] = _diff(options.target, before, str(result["backup"]["id"]))
    return Answer(result, changed=True, warnings=warnings)


def _foreign(job: Job) -> Answer:
    # What reads SQL is a third of the collection; the restore of a backup does without it.
    from ansible_collections.vya.backupdb.plugins.module_utils._run.foreign import ForeignOptions, ForeignTask

    params = job.params
    if GLOBALS in (params["source_database"], params["target"]):
        raise ConfigError(f"{GLOBALS} stands for roles, users and grants, which are no database.")
    options = ForeignOptions(
        path=params["src"],
        source_database=params["source_database"] or "",
        target=params["target"] or "",
        replace=params["if_exists"] == "replace",
        keep_previous=params["keep_previous"],
        no_owner=params["no_owner"],
        with_globals=params["globals"],
        allow_incomplete=params["allow_incomplete"],
        identities=job.identities(),
        count=params["verify"],
        jobs=params["jobs"],
        exclude_extensions=tuple(params["exclude_extensions"]),
        search_path=tuple(params["search_path"]),
    )
    engine = job.engine()
    before = {database.name for database in engine.databases()} if job.diff else set()
    task = ForeignTask(job.run, engine, options, job.log)
    result = {key: value for key, value in task.execute(check_mode=job.check_mode).items() if value is not None}
    warnings = result.pop("warnings")
    result = {"backup": None, "previous": None, **result} if not job.check_mode else {"backup": None, **result}
    did = "would be restored" if job.check_mode else "was restored"
    changed = sum(result["adaptations"].values())
    swapped = _swapped(job, result.pop("replaced"), result.get("previous"))
    told = f" {changed} things were left out or changed, see adaptations." if changed else ""
    result["msg"] = f"{options.path} {did} as {task.target}{swapped}.{told}"
    if job.diff:
        result["diff"] = _diff(task.target, task.target in before, options.path)
    return Answer(result, changed=True, warnings=warnings)


def _swapped(job: Job, existed: bool, previous: str | None) -> str:
    """What becomes of a database that is in the target's place."""
    if not existed:
        return ""
    if job.check_mode:
        fate = "kept under another name" if job.params["keep_previous"] else "dropped"
        return f", in place of the database that is there, which would be {fate}"
    return f"; the database it replaced is kept as {previous}" if previous else "; the database it replaced was dropped"


def _options(job: Job) -> RestoreOptions:
    params = job.params
    target = params["target"] or params["database"]
    if GLOBALS in (params["database"], target):
        raise ConfigError(
            f"{GLOBALS} stands for the roles, users and grants, which are no database.",
            hint="Restore a database with globals=true.",
        )
    return RestoreOptions(
        host=job.host,
        instance=params["instance"],
        database=params["database"],
        backup=params["backup"],
        before=params["before"],
        target=target,
        replace=params["if_exists"] == "replace",
        keep_previous=params["keep_previous"],
        no_owner=params["no_owner"],
        with_globals=params["globals"],
        identities=job.identities(),
        verify=params["verify"],
        jobs=params["jobs"],
        exclude_extensions=tuple(params["exclude_extensions"]),
        search_path=tuple(params["search_path"]),
    )


def _present(engine: Engine, name: str) -> bool:
    return any(database.name == name for database in engine.databases())


def _diff(target: str, before: bool, source: str) -> dict[str, str]:
    return {
        "before_header": target,
        "after_header": target,
        "before": f"{'present' if before else 'absent'}\n",
        "after": f"restored from {source}\n",
    }


__all__ = ("run",)
