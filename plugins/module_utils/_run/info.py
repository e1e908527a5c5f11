# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What db_info does: ask the server everything that a backup needs to know, and say what it lacks."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Database, Engine
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ToolError
from ansible_collections.vya.backupdb.plugins.module_utils._names import human_size
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import Answer, Job


def run(job: Job) -> Answer:
    """Version, databases, tools and missing privileges. ConnectError when the server cannot be reached."""
    engine = job.engine()
    server = engine.server()
    warnings = []
    try:
        engine.check_tools()
    except ToolError as exc:
        warnings.append(str(exc))
    missing = [
        {"privilege": item.privilege, "purpose": item.purpose, "grant": item.grant, "database": item.database}
        for item in engine.missing_privileges()
    ]
    result = {
        "connected": True,
        "server": {
            "engine": server.engine,
            "flavour": server.flavour,
            "version": server.version_text,
            "series": server.series_text,
        },
        "databases": _databases(engine),
        "tools": engine.tools(),
        "missing_privileges": missing,
    }
    return Answer(result, warnings=warnings, lists=("databases", "missing_privileges"))


def _databases(engine: Engine) -> list[dict[str, t.Any]]:
    return [_database(item) for item in engine.databases()]


def _database(item: Database) -> dict[str, t.Any]:
    return {
        "name": item.name,
        "size": item.size,
        "size_human": human_size(item.size),
        "system": item.system,
        "note": item.note,
        "problem": item.problem,
    }


__all__ = ("run",)
