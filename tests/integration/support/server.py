# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test server offers, and how its process is started and stopped."""

from __future__ import annotations

import abc
import atexit
import os
import pwd
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .process import Keeper, ServerError, free_port, run_as, unprivileged
from .tls import Certificates, make_certificates

START_TIMEOUT = 90.0
SHARED_MEMORY = "/dev/shm"
ROOM = 6 << 30


def fast_folder() -> str | None:
    """Where servers live: in memory when there is room, since each change of a definition waits for the disk."""
    try:
        info = os.statvfs(SHARED_MEMORY)
    except OSError:
        return None
    fits = info.f_bavail * info.f_frsize > ROOM and not info.f_flag & os.ST_NOEXEC
    return SHARED_MEMORY if fits and os.access(SHARED_MEMORY, os.W_OK) else None


class Server(abc.ABC):
    """One private database server, on a port, a socket and in a folder of its own.

    Use it as a context manager. The folder, and everything in it, goes when the server stops.
    """

    engine: str
    flavour: str
    accounts: tuple[str, ...] = ()
    user = "vya_admin"
    host = "127.0.0.1"
    stop_signal = signal.SIGTERM

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.settings = dict(settings or {})
        self.password = "Pa's \"w#" + secrets.token_urlsafe(12)
        self.folder = Path(tempfile.mkdtemp(prefix="vyadb-", dir=fast_folder()))
        self.folder.chmod(0o755)
        self.account = unprivileged(*self.accounts)
        self.port = 0
        self.version: tuple[int, ...] = ()
        self.data = self.folder / "data"
        self.run_folder = self.private_folder("run")
        self.certificates: Certificates = make_certificates(self.folder / "tls")
        self._keeper: Keeper | None = None
        self._own_roles: frozenset[str] = frozenset()

    # -- what an engine says of itself

    @property
    @abc.abstractmethod
    def socket(self) -> Path:
        """What `login_unix_socket` takes: a folder for PostgreSQL, a socket file for MySQL and MariaDB."""

    @property
    @abc.abstractmethod
    def tool_path(self) -> str:
        """The folder to put first on PATH for client tools that fit this server."""

    @abc.abstractmethod
    def prepare(self) -> None:
        """Make the data folder. Runs once, before the first start."""

    @abc.abstractmethod
    def argv(self) -> list[str]:
        """The command line of the server."""

    @abc.abstractmethod
    def finish(self) -> None:
        """Set accounts and passwords once the server answers, on its first start."""

    @abc.abstractmethod
    def ping(self) -> None:
        """Raise unless the server answers."""

    @abc.abstractmethod
    def connect(self, database: str | None = None, **kwargs: Any) -> Any:
        """A driver connection (psycopg2 or PyMySQL) of the admin, in autocommit mode."""

    @abc.abstractmethod
    def execute_script(self, script: bytes, database: str | None = None) -> None:
        """Run SQL with the engine's own client; the first error raises ServerError with what the client said."""

    @abc.abstractmethod
    def create_database(self, name: str, options: str = "") -> None:
        """Create a database; `options` is appended to the statement."""

    @abc.abstractmethod
    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, also when it is in use."""

    @abc.abstractmethod
    def databases(self) -> list[str]:
        """The names of all databases that are not the system's, sorted."""

    @abc.abstractmethod
    def roles(self) -> dict[str, list[str]]:
        """All accounts and roles as statements name them, each with the statements that drop it."""

    @abc.abstractmethod
    def quote(self, name: str) -> str:
        """A name as an SQL identifier."""

    @property
    @abc.abstractmethod
    def login_socket(self) -> dict[str, Any]:
        """The collection's options for a login through the unix socket."""

    @property
    def login(self) -> dict[str, Any]:
        """The collection's options for a login through TCP."""
        return {
            "login_host": self.host,
            "login_port": self.port,
            "login_user": self.user,
            "login_password": self.password,
        }

    @property
    def process_account(self) -> pwd.struct_passwd | None:
        """Whom the server's command runs as."""
        return self.account

    @property
    def ca_cert(self) -> Path:
        """The CA that signed the server's certificate."""
        return self.certificates.ca_cert

    def cleanup_commands(self) -> list[list[str]]:
        """Commands that clear away what a killed server process leaves outside its folder."""
        return []

    def child_environ(self) -> dict[str, str]:
        """The environment of the server process and of the commands that prepare it."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "HOME": str(self.run_folder),
        }

    # -- what is common

    def environ(self, **extra: str) -> dict[str, str]:
        """This process's environment with the fitting client tools first on PATH."""
        return {**os.environ, "PATH": self.tool_path + os.pathsep + os.environ.get("PATH", os.defpath), **extra}

    def query(
        self, sql: str, params: Sequence[Any] | None = None, database: str | None = None
    ) -> list[tuple[Any, ...]]:
        """Run one statement in a connection of its own; the rows it answers, or an empty list."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, params)
                return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            connection.close()

    def private_folder(self, name: str) -> Path:
        """A folder that only the server's account may enter."""
        path = self.folder / name
        path.mkdir(mode=0o755 if name == "run" else 0o700)
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)
        return path

    def give(self, path: Path) -> None:
        """Make a file the server account's own, and nobody else's to read."""
        path.chmod(0o600)
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def run_as_server(self, argv: Sequence[str]) -> None:
        """Run a preparing command as the server's account."""
        run_as(self.process_account, argv, env=self.child_environ(), folder=self.folder)

    @property
    def log(self) -> str:
        """What the server has written so far."""
        path = self.folder / "server.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def start(self) -> Server:
        """Prepare, start and wait until the server answers and its accounts are set."""
        atexit.register(self.stop)
        try:
            self.prepare()
            self._launch()
            self.finish()
            self._own_roles = frozenset(self.roles())
        except BaseException:
            self.stop()
            raise
        return self

    def clear(self) -> None:
        """Drop all databases, accounts and roles that were not there when the server started."""
        for name in self.databases():
            self.drop_database(name)
        for role, statements in self.roles().items():
            for statement in statements if role not in self._own_roles else ():
                self.query(statement)

    def restart(self) -> None:
        """Stop the server process, keep its data, and start it again on the same port."""
        self._end_keeper(keep=True)
        for attempt in range(10):
            self._spawn()
            try:
                self._wait()
                return
            except ServerError:
                self._end_keeper(keep=True)
                # What a killed server's children still hold (shared memory, locks) is free only after their own end.
                if attempt == 9:
                    raise
                time.sleep(0.3)

    def kill(self) -> None:
        """SIGKILL the server process; `restart` brings it back."""
        self._end_keeper(keep=True, kill=True)

    def stop(self) -> None:
        """Stop the server and remove its folder. May be called again."""
        atexit.unregister(self.stop)
        self._end_keeper(keep=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_unused: object) -> None:
        self.stop()

    def _launch(self) -> None:
        """Start on a free port. Somebody else may take that port first: try again on another."""
        for attempt in range(4):
            self.port = free_port()
            self._spawn()
            try:
                self._wait()
                return
            except ServerError:
                self._end_keeper(keep=True)
                if attempt == 3 or "in use" not in self.log:
                    raise

    def _spawn(self) -> None:
        self._keeper = Keeper(
            self.folder, argv=self.argv(), env=self.child_environ(), account=self.process_account,
            stop_signal=self.stop_signal, cleanup=self.cleanup_commands(),
        )  # fmt: skip

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            try:
                self.ping()
                return
            except Exception as error:  # whatever a driver raises while the server is not up yet
                gone = self._keeper is None or not self._keeper.alive
                if gone or time.monotonic() > deadline:
                    raise ServerError(f"{self.flavour} did not start: {error}\n{self.log[-4000:]}") from error
                time.sleep(0.05)

    def _end_keeper(self, *, keep: bool, kill: bool = False) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.end(keep=keep, kill=kill)
