# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults, and what must hold after each: a server, a store and the modules between them, tools that fail, orphans."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import generate_identity
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Engine, Login
from ansible_collections.vya.backupdb.plugins.module_utils._engine.mysql import MysqlEngine
from ansible_collections.vya.backupdb.plugins.module_utils._engine.postgresql import PostgresqlEngine
from ansible_collections.vya.backupdb.plugins.module_utils._process import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run.parts import Opened
from ansible_collections.vya.backupdb.plugins.module_utils._store.local import LocalStore

from .modules import RunningModule, run_module, start_module
from .server import Server

IDENTITY, RECIPIENT = generate_identity()
# Every process that a module starts inherits this: whoever has it and is not the module is an orphan.
MARK = "VYA_FAULT"
DEADLINE = 60.0
# (dumps, loads) of each engine or flavour.
TOOLS = {
    "postgresql": ("pg_dump", "pg_restore"),
    "mariadb": ("mariadb-dump", "mariadb"),
    "mysql": ("mysqldump", "mysql"),
}


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Poll until the condition is true; its value. AssertionError when that does not happen."""
    deadline = time.monotonic() + DEADLINE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"it did not happen: {what}"
        time.sleep(0.02)
    return value


def processes(mark: str) -> dict[int, str]:
    """Command lines of all processes that have the mark in their environment."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (
                    (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                )
        except OSError:
            continue  # it ended in this moment, or is a zombie
    return found


class Site:
    """A server, a store, and the modules at work between them. Series are of host `h`, instance `main`."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.store = folder / "store"
        self.tools = folder / "tools"
        self.tools.mkdir()
        self.mark = uuid.uuid4().hex
        # States of `shop`, for tests that go back and forth between them.
        self.old: dict[str, Any] = {}
        self.new: dict[str, Any] = {}

    # -- modules

    @property
    def login(self) -> dict[str, Any]:
        """Options of the connection."""
        return {"engine": self.server.engine, **self.server.login}

    @property
    def path_prefix(self) -> str:
        """Tools that fail first, then those of the server."""
        return os.pathsep.join((str(self.tools), self.server.tool_path))

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        env = {MARK: self.mark, "TMPDIR": str(self.folder), **options.pop("env", {})}
        return {"path_prefix": self.path_prefix, "env": env, **options}

    def backup_params(self, **params: Any) -> dict[str, Any]:
        """db_backup of all databases, encrypted, without globals."""
        given = {**self.login, "store": str(self.store), "host": "h", "recipients": [RECIPIENT], "globals": False}
        return {**given, **params}

    def restore_params(self, **params: Any) -> dict[str, Any]:
        """db_restore of `shop`."""
        given = {**self.login, "store": str(self.store), "host": "h", "database": "shop", "identity": IDENTITY}
        return {**given, **params}

    def backup(self, params: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """Run db_backup to its end; `options` as in start_module."""
        return run_module("db_backup", self.backup_params(**(params or {})), **self._options(options))

    def restore(self, params: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """Run db_restore to its end."""
        return run_module("db_restore", self.restore_params(**(params or {})), **self._options(options))

    def start(self, name: str, params: Mapping[str, Any] | None = None, **options: Any) -> RunningModule:
        """Start db_backup or db_restore."""
        make = self.backup_params if name == "db_backup" else self.restore_params
        return start_module(name, make(**(params or {})), **self._options(options))

    def kills(self, name: str, params: Mapping[str, Any] | None = None, *, first: str = "") -> Iterator[str]:
        """SIGKILL the module at its first step (or at the step called `first`), at the next, and so on.

        Yields the step after each death. Ends with the first run that nothing killed: that one must have gone well.
        """
        number = self._number_of(name, params, first) if first else 1
        while True:
            log = self.folder / f"steps-{uuid.uuid4().hex}"
            result = self.start(name, params, kill_at=number, step_log=log).wait()
            if result["process_rc"] != -signal.SIGKILL:
                assert not result.get("failed", not result.get("invocation")), result
                return
            self.assert_no_orphans()
            yield log.read_text(encoding="utf-8").splitlines()[-1]
            number += 1

    def _number_of(self, name: str, params: Mapping[str, Any] | None, step: str) -> int:
        log = self.folder / f"steps-{uuid.uuid4().hex}"
        result = self.start(name, {**(params or {}), "target": "scratch for the steps"}, step_log=log).wait()
        assert not result.get("failed", not result.get("invocation")), result
        self.server.drop_database("scratch for the steps")
        return log.read_text(encoding="utf-8").splitlines().index(step) + 1

    # -- what is there

    def opened(self) -> LocalStore:
        """The store, for a look into it."""
        return LocalStore(str(self.store), create=True)

    def ids(self, database: str = "") -> list[str]:
        """Ids of all backups that are listed, newest first."""
        with contextlib.closing(self.opened()) as store:
            return [entry.manifest.id for entry in catalog.read(store, database=database).entries]

    def incomplete(self) -> tuple[catalog.Incomplete, ...]:
        """What is there and is no backup."""
        with contextlib.closing(self.opened()) as store:
            return catalog.read(store).incomplete

    def files(self) -> dict[str, tuple[int, int, int]]:
        """What is below the store: inode, size and time of change. Locks are no part of it."""
        found = {}
        for path in sorted(self.store.rglob("*")):
            info = path.lstat()
            if path.is_file() and path.name != ".lock":
                found[str(path.relative_to(self.store))] = (info.st_ino, info.st_size, info.st_mtime_ns)
        return found

    def prove(self) -> list[str]:
        """Authenticate and decompress every backup that is listed, trailers included. Their ids."""
        with contextlib.closing(self.opened()) as store:
            found = catalog.read(store).entries
            for entry in found:
                opened = Opened(Run(), store, entry, IDENTITY)
                opened.authenticate()
                for part in entry.manifest.parts:
                    opened.check(part, None)
        return [entry.manifest.id for entry in found]

    def assert_no_orphans(self) -> None:
        """No process that a module started is alive for longer than the kernel needs to end it."""
        wait_until(lambda: not processes(self.mark), "the module's children end with it")

    def assert_no_leftovers(self) -> None:
        """Nothing temporary: files of the store, of the module, databases and orphans."""
        assert list(self.store.rglob(".tmp-*")) == []
        assert [path.name for path in self.folder.iterdir() if path.name.startswith(("tmp", "ansible"))] == []
        assert [name for name in self.server.databases() if "backupdb" in name] == []
        self.assert_no_orphans()

    # -- the engine in this process

    def engine(self, run: Run | None = None) -> Engine:
        """The collection's engine with the server's login."""
        login = Login(
            self.server.engine, **{key.replace("login_", ""): value for key, value in self.server.login.items()}
        )
        make = PostgresqlEngine if self.server.engine == "postgresql" else MysqlEngine
        return make(run or Run(), login)

    def sweep(self) -> list[str]:
        """What the next run does first on the server."""
        engine = self.engine()
        try:
            return engine.sweep()
        finally:
            engine.close()

    # -- tools that fail

    @property
    def _tools(self) -> tuple[str, str]:
        server = self.server
        return TOOLS["postgresql" if server.engine == "postgresql" else server.flavour]

    @property
    def dump_tool(self) -> str:
        """The program that dumps."""
        return self._tools[0]

    @property
    def load_tool(self) -> str:
        """The program that loads."""
        return self._tools[1]

    def fake(self, tool: str, body: str) -> None:
        """Put a program in place of a tool. `body` is shell, where `real` is the tool. Questions for a version pass."""
        real = shutil.which(tool, path=os.pathsep.join((self.server.tool_path, os.environ["PATH"])))
        assert real is not None, tool
        text = f"""#!/bin/bash
set -o pipefail
real() {{ {shlex.quote(real)} "$@"; }}
case "$*" in *--version*|*--help*) exec {shlex.quote(real)} "$@";; esac
{body}
"""
        path = self.tools / tool
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def mend(self) -> None:
        """Take all such programs away."""
        for path in self.tools.iterdir():
            path.unlink()


__all__ = ["IDENTITY", "RECIPIENT", "Site", "processes", "wait_until"]
