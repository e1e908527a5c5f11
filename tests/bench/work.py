# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runs of the benchmark: each does its work once, sees that it was done, clears it away and tells what it cost."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import generate_identity
from bare import chain
from measure import Cost, PeakMemory, metered
from play import play
from subjects import SOURCE, Subject
from support.modules import start_module

MODULES = "vya.backupdb"
ZSTD = ["zstd", "-q", "-3", "-T0"]
# What a dump of that many bytes a row is at least, when it is whole.
LEAST_BYTES_A_ROW = 100


class WorkError(Exception):
    """A run did not do what it was to do; its time means nothing."""


class Bench:
    """The runs on one engine. ``folder`` is on the disk that backups are to be written to."""

    def __init__(self, subject: Subject, folder: Path, rows: int) -> None:
        self.subject, self.folder, self.rows = subject, folder, rows
        self.identity, self.recipient = generate_identity()
        self._key = folder / "identity.txt"
        self._key.touch(mode=0o600)
        self._key.write_text(self.identity + "\n", encoding="utf-8")
        # One made by bare tools and one by db_backup, to be restored again and again.
        self._bare = folder / "bare.dump.zst.age"
        self._store = folder / "store"
        self._store_of_content = folder / "store-content"
        self._foreign = folder / "foreign.sql.zst"

    def options(self, store: Path | None, **more: Any) -> dict[str, Any]:
        """Options of db_backup and db_restore."""
        login = {"engine": self.subject.server.engine, **self.subject.server.login_socket}
        return {**login, **({"store": str(store), "host": "bench"} if store else {}), **more}

    # -- backups

    def bare_backup(self, target: Path | None = None) -> Cost:
        """The engine's tool, zstd and age, and an fsync of what they wrote."""
        path = target or self.folder / "run.dump.zst.age"
        with metered(self.subject.pid) as cost:
            commands = [self.subject.dump(), ZSTD, ["age", "-r", self.recipient]]
            chain(commands, env=self.subject.environ(), target=path)
        if path.stat().st_size < self.rows * LEAST_BYTES_A_ROW:
            raise WorkError(f"the bare dump has only {path.stat().st_size} bytes")
        if target is None:
            path.unlink()
        return cost

    def our_backup(self, store: Path | None = None, *, proof: str = "counts") -> Cost:
        """db_backup as it is by default, encrypted; or with a checksum of each table."""
        place = store or self.folder / "run-store"
        params = self.options(place, databases=[SOURCE], globals=False, recipients=[self.recipient], proof=proof)
        with metered(self.subject.pid) as cost:
            result, cost.peak = self._run("db_backup", params)
        (backup,) = result["backups"]
        cost.stages = {"start": cost.wall - result["totals"]["seconds"], **backup["stages"]}
        self._whole(backup["rows"])
        if store is None:
            shutil.rmtree(place)
        return cost

    def our_play(self, compression: str) -> Cost:
        """db_backup through ansible-playbook: zstd is encrypted, as it is meant to be; gzip as the peer writes it."""
        recipients = [self.recipient] if compression == "zstd" else []
        store = self.folder / "play-store"
        params = self.options(store, databases=[SOURCE], globals=False, recipients=recipients, compression=compression)
        with metered(self.subject.pid) as cost:
            play(f"{MODULES}.db_backup", params, path=self.subject.environ()["PATH"])
        if not list(store.glob(f"bench/main/{SOURCE}/*/manifest.json")):
            raise WorkError("there is no manifest")
        shutil.rmtree(store)
        return cost

    def peer_play(self) -> Cost:
        """The peer through ansible-playbook, its result on disk at the end. It takes gzip: no pigz is there."""
        target = self.folder / "peer.sql.gz"
        with self._without("pigz") as path, metered(self.subject.pid) as cost:
            play(self.subject.peer, self.subject.peer_dump(str(target)), path=path)
            _sync(target)
        with gzip.open(target, "rb") as stream:
            if b"ump" not in stream.read(200):
                raise WorkError(f"{self.subject.peer} wrote something else than a dump")
        if target.stat().st_size < self.rows * LEAST_BYTES_A_ROW:
            raise WorkError(f"the peer's dump has only {target.stat().st_size} bytes")
        target.unlink()
        return cost

    @contextlib.contextmanager
    def _without(self, program: str) -> Iterator[str]:
        """A PATH on which all programs are but this one."""
        folder = self.folder / "path"
        folder.mkdir()
        for place in reversed(self.subject.environ()["PATH"].split(os.pathsep)):
            for name in os.listdir(place) if os.path.isdir(place) else ():
                link = folder / name
                link.unlink(missing_ok=True)
                link.symlink_to(Path(place, name))
        (folder / program).unlink(missing_ok=True)
        try:
            yield str(folder)
        finally:
            shutil.rmtree(folder)

    # -- restores

    def prepare_restores(self) -> None:
        """One backup of each kind, and one with checksums."""
        self.bare_backup(self._bare)
        self.our_backup(self._store)
        self.our_backup(self._store_of_content, proof="content")

    def bare_restore(self) -> Cost:
        """age, zstd and the engine's tool into a new database."""
        name = "bare_restored"
        self.subject.server.create_database(name)
        with metered(self.subject.pid) as cost:
            commands = [["age", "-d", "-i", str(self._key)], ["zstd", "-q", "-d"], self.subject.restore(name)]
            chain(commands, env=self.subject.environ(), source=self._bare)
        self._restored(name)
        return cost

    def our_restore(self, *, verify: bool, content: bool = False) -> Cost:
        """db_restore to a new name; with ``content`` the checksums are compared too."""
        store = self._store_of_content if content else self._store
        params = self.options(store, database=SOURCE, identity=self.identity, verify=verify)
        return self._db_restore("our_restored", params)

    # -- foreign scripts

    def prepare_foreign(self) -> None:
        """A plain dump by the engine's own tool."""
        chain([self.subject.plain(), ZSTD], env=self.subject.environ(), target=self._foreign)

    def bare_script(self) -> Cost:
        """zstd and the engine's client into a new database."""
        name = "bare_script"
        self.subject.server.create_database(name)
        with metered(self.subject.pid) as cost:
            commands = [["zstd", "-q", "-d"], self.subject.run_script(name)]
            chain(commands, env=self.subject.environ(), source=self._foreign)
        self._restored(name)
        return cost

    def our_script(self) -> Cost:
        """db_restore of the same file to a new name."""
        return self._db_restore("our_script", self.options(None, src=str(self._foreign)))

    def _db_restore(self, name: str, params: dict[str, Any]) -> Cost:
        params["target"] = name
        with metered(self.subject.pid) as cost:
            result, cost.peak = self._run("db_restore", params)
        stages = result["stages"]
        cost.stages = {"start": cost.wall - sum(stages.values()), **stages}
        self._restored(name)
        return cost

    def _restored(self, name: str) -> None:
        self._whole(self.subject.rows(name))
        self.subject.server.drop_database(name)
        self.subject.forget()

    def _whole(self, rows: int) -> None:
        if rows < self.rows:
            raise WorkError(f"{rows} rows of {self.rows}")

    def _run(self, module: str, params: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """The result of a module and the most memory its own process had."""
        running = start_module(module, params, verbosity=2, path_prefix=self.subject.server.tool_path, fresh=True)
        with PeakMemory(running.pid) as memory:
            result = running.wait()
        if result["process_rc"] != 0 or result.get("failed"):
            raise WorkError(f"{module} failed: {result.get('msg')}\n{result['process_stderr'][-2000:]}")
        return result, memory.peak


def _sync(path: Path) -> None:
    with open(path, "rb") as stream:
        os.fsync(stream.fileno())
