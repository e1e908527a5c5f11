# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps as other people make them: by the engines' own tools, called as their manuals tell."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._run.foreign import ForeignOptions, ForeignTask

from .faults import Site
from .modules import run_module
from .mysql_family import MysqlFamilyServer
from .postgres import PostgresServer
from .server import Server


def dump(server: Server, path: Path, *options: str, tool: str = "") -> Path:
    """Run a dump tool; `path` gets its stdout, or is its `--file` when the options say so with `{path}`."""
    if isinstance(server, PostgresServer):
        argv = [str(server.binaries() / (tool or "pg_dump")), "--no-password"]
        env = server.client_environ()
    else:
        assert isinstance(server, MysqlFamilyServer)
        name = tool or ("mariadb-dump" if server.flavour == "mariadb" else "mysqldump")
        argv = [str(Path(server.client_program()[0]).with_name(name)), f"--defaults-file={server.option_file()}"]
        env = server.environ()
    written = any("{path}" in option for option in options)
    argv += [option.replace("{path}", str(path)) for option in options]
    if written:
        done = subprocess.run(argv, env=env, stderr=subprocess.PIPE, check=False)
    else:
        with path.open("wb") as stream:
            done = subprocess.run(argv, env=env, stdout=stream, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return path


def restore(server: Server, src: Path, **params: Any) -> dict[str, Any]:
    """db_restore of a file."""
    options = {"engine": server.engine, **server.login, "src": str(src), **params}
    check = options.pop("check", False)
    return run_module("db_restore", options, path_prefix=server.tool_path, check=check)


def restored(server: Server, src: Path, **params: Any) -> dict[str, Any]:
    """The same; it must go well."""
    result = restore(server, src, **params)
    assert not result["failed"], result["msg"]
    return result


class Here:
    """db_restore of files in this process, for many of them."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._site = Site(server, folder)
        self._engine = self._site.engine()

    def __call__(self, src: Path, **changes: Any) -> dict[str, Any]:
        options: dict[str, Any] = {"path": str(src), "source_database": "", "target": "shop", "replace": True}
        options |= {"keep_previous": False, "no_owner": False, "with_globals": False, "allow_incomplete": False}
        options |= {"identities": "", "count": True, "jobs": 1}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", f"{self._site.path_prefix}:{self._site.server.environ()['PATH']}")
            task = ForeignTask(
                self._engine.run, self._engine, ForeignOptions(**{**options, **changes}), lambda _text: None
            )
            return task.execute(check_mode=False)

    def close(self) -> None:
        """End the connections."""
        self._engine.close()


__all__ = ["Here", "dump", "restore", "restored"]
