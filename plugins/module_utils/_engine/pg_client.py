# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: the driver's connections, the tools' command lines, and where both get their login from."""

from __future__ import annotations

import contextlib
import functools
import glob
import locale
import os
import re
import shutil
import typing as t
import weakref

from ansible_collections.vya.backupdb.plugins.module_utils._engine import hints, pg_said, pg_steady
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Login
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    ConfigError,
    ConnectError,
    EngineError,
    ToolError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Command, Run, capture
from ansible_collections.vya.backupdb.plugins.module_utils._process import SecretFile

try:
    import psycopg2
    import psycopg2.extensions

    PSYCOPG2_ERROR = ""
except ImportError as exc:
    PSYCOPG2_ERROR = str(exc)

_BIN_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
_APPLICATION = "vya.backupdb"
# What decides how definitions are printed; a database may have settings of its own.
_SESSION = (
    "SET search_path = pg_catalog; SET row_security = off; SET jit = off;"
    " SET client_encoding = 'UTF8';"
    " SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1;"
    " SET bytea_output = 'hex'; SET quote_all_identifiers = off; SET standard_conforming_strings = on"
)
# Since 12.20, 13.16, 14.13, 15.8, 16.4: a table that its owner exchanges for a view while it is looked at is refused,
# instead of running what the view calls.
_NO_VIEWS = (
    "SELECT set_config(name, 'view, foreign-table', false) FROM pg_catalog.pg_settings"
    " WHERE name = 'restrict_nonsystem_relation_kind'"
)
# Since 17. A login trigger runs before the first statement, so that only an option of the connection stops it.
_EVENT_TRIGGERS_SINCE = 170000
_NO_EVENT_TRIGGERS = "-c event_triggers=off"
# A database of the encoding SQL_ASCII holds any bytes. In this one each byte is a character to the driver; the callers
# of query() meet UTF-8, and surrogates for what is none.
_BYTES = "LATIN1"
LOST = "The connection to the server was lost while it worked."
LOST_HINT = "Look into the server's log for the reason (a crash, no memory, a restart), then run the task again."
_MEMBER = re.compile(r'must be (?:a )?(?:member of|able to SET) role "(.+)"', re.I)


def membership_hint(text: str, user: str) -> str:
    """What to do when a server says that an account may not act for a role; empty when it says something else."""
    found = _MEMBER.search(text)
    return f"As a superuser: GRANT {quote(found[1])} TO {quote(user)}; or set no_owner=true." if found else ""


def require_driver() -> None:
    """ConfigError when psycopg2 is missing."""
    if PSYCOPG2_ERROR:
        raise hints.missing_driver("psycopg2", "python3-psycopg2 (Debian, RHEL)", "2.8", PSYCOPG2_ERROR)


def quote(name: str) -> str:
    """An identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string literal that does not depend on standard_conforming_strings."""
    body = text.replace("'", "''")
    return "E'" + body.replace("\\", "\\\\") + "'" if "\\" in body else f"'{body}'"


def conninfo_value(text: str) -> str:
    """A value of a connection string (libpq 34.1.1.1)."""
    body = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{body}'"


def passfile_passwords(path: str) -> list[str]:
    """The passwords in a passfile (libpq 34.16). libpq reads it by itself; this is for what may not be told."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            lines = [line.rstrip("\r\n") for line in stream]
    except OSError:
        return []  # libpq does without it as well
    found = [re.match(r"(?:(?:[^\\:]|\\.)*:){4}((?:[^\\:]|\\.)*)", line) for line in lines if line[:1] != "#"]
    return [re.sub(r"\\(.)", r"\1", match.group(1)) for match in found if match]


class Client:
    """Everything that talks to one PostgreSQL server."""

    def __init__(self, run: Run, login: Login) -> None:
        self.run = run
        self.login = login
        self._secret: SecretFile | None = None
        self._major = 0
        self._found: dict[str, list[tuple[str, int, str]]] = {}
        # Options of all sessions but the first, which finds out whether the server knows them and the account may set
        # them.
        self._options: str | None = None
        if "\n" in login.password or "\r" in login.password:
            raise ConfigError("The password has a line break, which no passfile of PostgreSQL can hold.")
        if login.config_file:
            run.keep_secret(*passfile_passwords(login.config_file))

    def settings(self, database: str) -> dict[str, str]:
        """libpq's keywords, without the password."""
        login = self.login
        host, port = login.host, login.port
        if login.unix_socket:
            host = login.unix_socket
            match = re.match(r"^(.*)/\.s\.PGSQL\.([0-9]+)$", host)
            if match:
                host, port = match.group(1) or "/", int(match.group(2))
        found = {
            "host": host,
            "port": str(port) if port else "",
            "user": login.user,
            "dbname": database,
            "sslmode": login.tls_mode,
            "sslrootcert": login.ca_cert,
            "sslcert": login.client_cert,
            "sslkey": login.client_key,
            "connect_timeout": str(login.connect_timeout),
            "application_name": _APPLICATION,
        }
        return {key: value for key, value in found.items() if value}

    def _major_of(self, connection: t.Any) -> int:
        """The server's major version; the tools are told by it too."""
        self._major = int(connection.server_version) // 10000
        return self._major

    def connect(self, database: str, *, views: bool = False) -> t.Any:
        """A driver connection; ConnectError with what the server said. ``views``: it runs what others wrote, which may
        read views."""
        require_driver()
        options: dict[str, t.Any] = dict(self.settings(database))
        if self._options:
            options["options"] = self._options
        if self.login.password:
            options["password"] = self.login.password
        if self.login.config_file:
            options["passfile"] = self.login.config_file
        with contextlib.suppress(locale.Error):
            locale.setlocale(locale.LC_MESSAGES, "C")  # hints are found by libpq's words
        try:
            connection = psycopg2.connect(**options)
            self.run.on_cancel(functools.partial(_cancel, weakref.ref(connection)))
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"{pg_steady.statements(self._major_of(connection))}; {_SESSION}")
                if not views:
                    cursor.execute(_NO_VIEWS)
                if self._options is None:
                    self._options = _without_event_triggers(connection.server_version, cursor)
            bytes_only = connection.info.parameter_status("server_encoding") == "SQL_ASCII"
            connection.set_client_encoding(_BYTES if bytes_only else "UTF8")
            return connection
        except psycopg2.Error as exc:
            # A login trigger's error has its context in the lines that follow, and may say anything.
            said = pg_said.WITHHELD if "CONTEXT:  " in str(exc) else str(exc)
            text = self.run.redact(said).strip().rstrip(".?") or type(exc).__name__
            raise ConnectError(
                f"Cannot connect to {self.login.where()}, database {database!r}: {text}.",
                hint=hints.of_postgresql(text, self.login, database),
            ) from exc

    @property
    def runs_login_triggers(self) -> bool:
        """Whether the account may not keep the login triggers of a database from running. Known once connected."""
        return not self._options

    def tool(self, path: str, *options: str, database: str, stage: str) -> Command:
        """A command line of a client tool that connects to ``database``. The password is in no argument and in no
        environment: it comes from a passfile in memory."""
        info = " ".join(f"{key}={conninfo_value(value)}" for key, value in self.settings(database).items())
        env = {"LC_ALL": "C.UTF-8", "PGOPTIONS": pg_steady.options(self._major)}
        if self._options:
            env["PGOPTIONS"] += f" {self._options}"
        fds: tuple[int, ...] = ()
        unset: tuple[str, ...] = ("PGDATABASE", "PGSERVICE", "PGCLIENTENCODING")
        if self.login.password:
            if self._secret is None:
                escaped = self.login.password.replace("\\", "\\\\").replace(":", "\\:")
                self._secret = SecretFile(f"*:*:*:*:{escaped}\n".encode())
            env["PGPASSFILE"] = self._secret.path
            fds = (self._secret.fd,)
            unset += ("PGPASSWORD",)  # it would win over the passfile
        elif self.login.config_file:
            env["PGPASSFILE"] = self.login.config_file
        argv = (path, *options, "--no-password", f"--dbname={info}")
        return Command(argv, stage=stage, env=env, unset=unset, fds=fds, clean=pg_said.stderr)

    def find_tools(self, name: str) -> list[tuple[str, int, str]]:
        """All copies of a tool: (path, major version, version), those on PATH first."""
        if name not in self._found:
            self._found[name] = self._find_tools(name)
        return self._found[name]

    def _find_tools(self, name: str) -> list[tuple[str, int, str]]:
        folders = [item for item in os.environ.get("PATH", "").split(os.pathsep) if item]
        for pattern in _BIN_FOLDERS:
            folders += sorted(glob.glob(pattern), reverse=True)
        found: list[tuple[str, int, str]] = []
        seen: set[str] = set()
        for folder in folders:
            path = shutil.which(name, path=folder)
            real = os.path.realpath(path) if path else ""
            # Debian's /usr/bin/pg_dump is a wrapper that chooses a version by the cluster; the real ones are found too.
            if not path or real in seen or real.endswith("/pg_wrapper"):
                continue
            seen.add(real)
            try:
                text = capture(self.run, Command((path, "--version"), stage="preflight")).decode("utf-8", "replace")
            except ToolError:
                continue
            match = re.search(r"\) ([0-9]+)(\S*)", text)
            if match:
                found.append((path, int(match.group(1)), match.group(1) + match.group(2)))
        return found

    def fitting_tool(self, name: str, major: int) -> tuple[str, str]:
        """(path, version) of the tool of the server's own major version.

        An older pg_dump refuses; an archive of a newer one cannot be restored into this server again, since its
        pg_restore sends settings that the server does not know.
        """
        found = self.find_tools(name)
        for path, tool_major, version in found:
            if tool_major == major:
                return path, version
        others = ", ".join(sorted({str(item[1]) for item in found})) or "none"
        raise ToolError(
            f"The server is PostgreSQL {major}; {name} {major} was not found on this host (found: {others}).",
            stage="preflight",
            hint=f"Install postgresql-client-{major} (Debian) or postgresql{major} (RHEL, PGDG).",
        )

    def close(self) -> None:
        """Forget the password's file."""
        if self._secret is not None:
            self._secret.close()
            self._secret = None


def _without_event_triggers(version: int, cursor: t.Any) -> str:
    """The option that turns event triggers off, where the account may."""
    if version < _EVENT_TRIGGERS_SINCE:
        return ""
    cursor.execute("SELECT has_parameter_privilege('event_triggers', 'SET')")
    return _NO_EVENT_TRIGGERS if cursor.fetchone()[0] else ""


def _cancel(reference: weakref.ref[t.Any]) -> None:
    """End the statement that a connection waits for."""
    connection = reference()
    if connection is not None and not connection.closed:
        with contextlib.suppress(Exception):
            connection.cancel()


def query(connection: t.Any, sql: str, params: t.Sequence[t.Any] = (), *, stage: str) -> list[tuple[t.Any, ...]]:
    """All rows; EngineError with the server's words."""
    as_bytes = connection.encoding == _BYTES
    if as_bytes:
        sql, params = _as_bytes(sql), [_as_bytes(item) if isinstance(item, str) else item for item in params]
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, tuple(params) or None)
            rows = list(cursor.fetchall()) if cursor.description else []
    except psycopg2.Error as exc:
        if is_lost(connection, exc):
            raise EngineError(LOST, stage=stage, hint=LOST_HINT) from exc
        raise EngineError(
            f"The server refused a statement: {words(exc, own=True, statement=sql)}", stage=stage
        ) from exc
    return [tuple(_from_bytes(item) for item in row) for row in rows] if as_bytes else rows


def copy_out(connection: t.Any, sql: str, sink: t.Any, *, stage: str) -> int:
    """Run ``COPY ... TO STDOUT`` and call ``sink.write`` with each row. How many the server says there were."""
    try:
        with connection.cursor() as cursor:
            cursor.copy_expert(_as_bytes(sql) if connection.encoding == _BYTES else sql, sink)
            return int(cursor.rowcount)
    except psycopg2.Error as exc:
        if is_lost(connection, exc):
            raise EngineError(LOST, stage=stage, hint=LOST_HINT) from exc
        raise EngineError(f"The server refused a statement: {words(exc, statement=sql)}", stage=stage) from exc


def is_lost(connection: t.Any, exc: BaseException) -> bool:
    """Whether the connection broke, and the server said nothing about it."""
    return bool(connection.closed) and not sqlstate(exc)


def _as_bytes(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _from_bytes(value: t.Any) -> t.Any:
    return value.encode("latin-1").decode("utf-8", "surrogateescape") if isinstance(value, str) else value


def words(exc: BaseException, *, own: bool = False, statement: str = "") -> str:
    """What the server said, without values of rows. ``own`` and ``statement``: see :func:`pg_said.message`."""
    diagnosis = getattr(exc, "diag", None)
    primary = str(getattr(diagnosis, "message_primary", None) or str(exc).strip() or type(exc).__name__)
    return pg_said.message(primary, str(getattr(diagnosis, "context", None) or ""), own=own, statement=statement)


def sqlstate(exc: BaseException | None) -> str:
    """The five characters of the SQLSTATE behind an error, or an empty text."""
    return str(getattr(exc, "pgcode", "") or "")


__all__ = (
    "LOST",
    "LOST_HINT",
    "Client",
    "conninfo_value",
    "copy_out",
    "is_lost",
    "literal",
    "membership_hint",
    "passfile_passwords",
    "query",
    "quote",
    "require_driver",
    "sqlstate",
    "words",
)
