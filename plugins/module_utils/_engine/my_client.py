# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: the driver's connections, the tools' command lines, and where both get their login from."""

from __future__ import annotations

import configparser
import contextlib
import dataclasses
import functools
import os
import re
import shutil
import ssl
import typing as t
import weakref

from ansible_collections.vya.backupdb.plugins.module_utils._engine import hints
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Login, Server
from ansible_collections.vya.backupdb.plugins.module_utils._engine.damage import advised
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_said import message, said
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    BackupError,
    ConfigError,
    ConnectError,
    EngineError,
    ToolError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Command, Run, capture
from ansible_collections.vya.backupdb.plugins.module_utils._process import SecretFile

try:
    import pymysql
    import pymysql.cursors

    PYMYSQL_ERROR = ""
except ImportError as exc:
    PYMYSQL_ERROR = str(exc)

_SOCKETS = ("/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock")
_NAMES = {"mysqldump": ("mariadb-dump", "mysqldump"), "mysql": ("mariadb", "mysql")}
# Escapes in option files (MySQL Reference Manual, "Using Option Files").
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "r": "\r", "\\": "\\", "s": " ", '"': '"', "'": "'"}
_PACKAGES = {
    "mariadb": "mariadb-client (Debian) or mariadb (RHEL)",
    "mysql": "mysql-client or mysql-community-client of the server's version",
}
# Definitions must be printed in one way, and answers be whole, whatever the server's defaults are; waits must not last
# for ever.
_SESSION = (
    "SET SESSION sql_mode = '', time_zone = '+00:00', sql_quote_show_create = 1, wait_timeout = 604800,"
    " net_read_timeout = 3600, net_write_timeout = 3600, group_concat_max_len = 1048576,"
    " sql_select_limit = 18446744073709551615, sql_big_selects = 1, sql_safe_updates = 0, sql_auto_is_null = 0,"
    " completion_type = 0"
)
# The same for what only some servers know.
_SOME_KNOW: t.Mapping[str, str] = {
    "tx_read_only": "0",
    "transaction_read_only": "0",
    "max_statement_time": "0",  # for tools; the driver's sessions have them at once
    "max_execution_time": "0",
    "idle_transaction_timeout": "0",
    "idle_readonly_transaction_timeout": "0",
    "idle_write_transaction_timeout": "0",
    "sql_if_exists": "0",
    "alter_algorithm": "DEFAULT",
    "show_gipk_in_create_table_and_information_schema": "1",
}


def require_driver() -> None:
    """ConfigError when PyMySQL is missing."""
    if PYMYSQL_ERROR:
        packages = "python3-pymysql (Debian) or python3-PyMySQL (RHEL)"
        raise hints.missing_driver("PyMySQL", packages, "1.0", PYMYSQL_ERROR)


@dataclasses.dataclass(frozen=True)
class Tool:
    """A client program: ``family`` mysql or mariadb, ``options``: the text of its --help."""

    path: str
    family: str
    version: tuple[int, ...]
    version_text: str
    options: str

    def knows(self, option: str) -> bool:
        """Whether this copy has a long option."""
        return bool(re.search(rf"--{re.escape(option)}\b", self.options))


def _option_file(path: str) -> dict[str, str]:
    """The group [client] of an option file. Other groups, which may change what a dump holds, are not looked at."""
    parser = configparser.ConfigParser(strict=False, allow_no_value=True, interpolation=None, delimiters=("=",))
    try:
        with open(path, encoding="utf-8") as stream:
            lines = [line for line in stream if not line.lstrip().startswith("!")]
        parser.read_string("".join(lines))
    except (OSError, UnicodeDecodeError, configparser.Error) as exc:
        raise ConfigError(f"The option file {path} cannot be read: {exc}.") from exc
    found: dict[str, str] = {}
    for group in ("client", "client-server", "client-mariadb"):
        if parser.has_section(group):
            for key, value in parser.items(group):
                text = (value or "").strip()
                if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
                    text = text[1:-1]
                found[key.replace("-", "_")] = re.sub(r"\\(.)", lambda m: _ESCAPES.get(m.group(1), m.group()), text)
    return found


def merge_option_file(login: Login) -> Login:
    """The login with what its option file adds; what was given as an option wins."""
    if not login.config_file:
        return login
    found = _option_file(login.config_file)
    port = found.get("port", "")
    return dataclasses.replace(
        login,
        host=login.host or found.get("host", ""),
        port=login.port or (int(port) if port.isdigit() else None),
        user=login.user or found.get("user", ""),
        password=login.password or found.get("password", ""),
        unix_socket=login.unix_socket or ("" if login.host else found.get("socket", "")),
        ca_cert=login.ca_cert or found.get("ssl_ca", ""),
        client_cert=login.client_cert or found.get("ssl_cert", ""),
        client_key=login.client_key or found.get("ssl_key", ""),
    )


class Client:
    """Everything that talks to one MySQL or MariaDB server."""

    def __init__(self, run: Run, login: Login) -> None:
        self.run = run
        self.login = self._located(merge_option_file(login))
        run.keep_secret(self.login.password)
        self._secrets: list[SecretFile] = []
        self._tls: ssl.SSLContext | None = None
        self._plain: str | None = None
        self._found: dict[str, list[Tool]] = {}

    @staticmethod
    def _located(login: Login) -> Login:
        if login.unix_socket or login.host:
            return login
        for path in _SOCKETS:
            if os.path.exists(path):
                return dataclasses.replace(login, unix_socket=path)
        return dataclasses.replace(login, host="localhost")

    def connect(self, database: str | None = None) -> t.Any:
        """A driver connection; ConnectError with what the server said."""
        require_driver()
        login = self.login
        options: dict[str, t.Any] = {
            "user": login.user or None,
            "password": login.password,
            "database": database,
            "charset": "utf8mb4",
            "connect_timeout": login.connect_timeout,
            # Until the login is done: who waits to be spoken to is no MySQL server.
            "read_timeout": login.connect_timeout,
            "autocommit": True,
        }
        if login.unix_socket:
            options["unix_socket"] = login.unix_socket
        else:
            options.update(host=login.host, port=login.port or 3306)
        try:
            options.update(self._driver_tls())
            connection: t.Any = pymysql.connect(**options)
            connection._read_timeout = None
            if login.tls_mode not in ("prefer", "disable") and not login.unix_socket and not encrypted(connection):
                connection.close()
                raise ConnectError(
                    f"{login.where()} does not offer TLS, which tls_mode={login.tls_mode} demands.",
                    hint="Set tls_mode=prefer, or give the server a certificate (ssl_cert, ssl_key).",
                )
            limit = "max_statement_time" if "MariaDB" in connection.get_server_info() else "max_execution_time"
            with contextlib.suppress(EngineError):  # a proxy may name another server than there is behind it
                execute(connection, f"SET SESSION {limit} = 0", stage="connect")
            execute(connection, _SESSION, stage="connect")
            self._make_plain(connection)
            self.run.on_cancel(functools.partial(_cancel, options, weakref.ref(connection)))
            return connection
        except (pymysql.Error, OSError, RuntimeError) as exc:
            raise ConnectError(
                f"Cannot connect to {login.where()}: {self.run.redact(str(exc))}.", hint=hints.of_mysql(exc, login)
            ) from exc

    def _make_plain(self, connection: t.Any) -> None:
        """Switch off time limits and the like that an administrator gave all sessions; asked for once."""
        self._plain = self.plain(connection)
        if self._plain:
            execute(connection, f"SET SESSION {self._plain}", stage="connect")

    def plain(self, connection: t.Any) -> str:
        """Assignments for a session of a tool, of what the server knows."""
        if self._plain is None:
            listed = ", ".join(f"'{name}'" for name in _SOME_KNOW)
            sql = f"SHOW SESSION VARIABLES WHERE Variable_name IN ({listed})"
            known = {str(row[0]).lower() for row in execute(connection, sql, stage="connect")}
            self._plain = ", ".join(f"{name} = {value}" for name, value in _SOME_KNOW.items() if name in known)
        return self._plain

    def _driver_tls(self) -> dict[str, t.Any]:
        """A context of our own, made once: the driver's takes 50 ms a connection to read the system's authorities, and
        checks no host name without ca_cert."""
        login = self.login
        if login.tls_mode == "disable" or (login.unix_socket and login.tls_mode == "prefer"):
            return {"ssl_disabled": True}
        if self._tls is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            # Certificates that a MySQL server makes for itself do not fit Python 3.13's strict rules.
            context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
            context.check_hostname = login.tls_mode == "verify-full"
            if not login.tls_mode.startswith("verify"):
                context.verify_mode = ssl.CERT_NONE
            elif login.ca_cert:
                context.load_verify_locations(login.ca_cert)
            else:
                context.load_default_certs()
            if login.client_cert:
                context.load_cert_chain(login.client_cert, login.client_key or None)
            self._tls = context
        return {"ssl": self._tls}

    def _defaults(self, family: str) -> SecretFile:
        """An option file in memory with the login; the first option of every tool, so that no other file is read."""
        login = self.login
        values = {"user": login.user, "password": login.password}
        if login.unix_socket:
            values["socket"] = login.unix_socket
        else:
            values.update(host=login.host, port=str(login.port or 3306), protocol="tcp")
        values.update({"ssl-ca": login.ca_cert, "ssl-cert": login.client_cert, "ssl-key": login.client_key})
        lines = ["[client]"] + [f"{key}={_quoted(value)}" for key, value in values.items() if value]
        lines += self._tool_tls(family)
        secret = SecretFile(("\n".join(lines) + "\n").encode())
        self._secrets.append(secret)
        return secret

    def _tool_tls(self, family: str) -> list[str]:
        mode, local = self.login.tls_mode, bool(self.login.unix_socket)
        if family == "mysql":
            names = {"verify-ca": "VERIFY_CA", "verify-full": "VERIFY_IDENTITY", "prefer": "PREFERRED"}
            text = names.get(mode, "REQUIRED" if mode == "require" else "DISABLED")
            return [f"ssl-mode={'DISABLED' if local and mode == 'prefer' else text}"]
        if mode == "disable" or (local and mode == "prefer"):
            return ["skip-ssl"]
        # MariaDB's client knows no check of the CA alone; verify-ca checks the name too, which is the stricter of both.
        return ["ssl", "ssl-verify-server-cert" if mode.startswith("verify") else "skip-ssl-verify-server-cert"]

    def tool(self, tool: Tool, *options: str, stage: str) -> Command:
        """A command line of a client tool with this login; the password is in no argument and no environment."""
        secret = self._defaults(tool.family)
        argv = (tool.path, f"--defaults-file={secret.path}", *options)
        env = {"LC_ALL": "C.UTF-8"}
        return Command(
            argv,
            stage=stage,
            env=env,
            unset=("MYSQL_PWD", "MYSQL_HOST", "MYSQL_TCP_PORT"),
            fds=(secret.fd,),
            clean=said,
        )

    def find_tools(self, name: str) -> list[Tool]:
        """All copies of ``mysqldump`` or ``mysql``, under either family's name, in the order of PATH."""
        if name not in self._found:
            found: list[Tool] = []
            seen: set[str] = set()
            for folder in os.environ.get("PATH", "").split(os.pathsep):
                for candidate in _NAMES[name]:
                    path = shutil.which(candidate, path=folder) if folder else None
                    real = os.path.realpath(path) if path else ""
                    if path and real not in seen:
                        seen.add(real)
                        found += self._examine(path)
            self._found[name] = found
        return self._found[name]

    def _examine(self, path: str) -> list[Tool]:
        try:
            text = capture(self.run, Command((path, "--no-defaults", "--version"), stage="preflight")).decode(
                "utf-8", "replace"
            )
            options = capture(self.run, Command((path, "--no-defaults", "--help"), stage="preflight")).decode(
                "utf-8", "replace"
            )
        except ToolError:
            return []
        match = re.search(r"(?:Distrib|from) ([0-9]+(?:\.[0-9]+)*)-MariaDB", text) or re.search(
            r"Ver ([0-9]+(?:\.[0-9]+)*)", text
        )
        if not match:
            return []
        family = "mariadb" if "MariaDB" in text else "mysql"
        version = tuple(int(piece) for piece in match.group(1).split("."))
        return [Tool(path, family, version, match.group(1), options)]

    def fitting_tool(self, name: str, server: Server) -> Tool:
        """The tool of the server's family and at least its major version.

        MariaDB's client loads into MySQL as well, but its dump tool does not fit: it writes values of MySQL's generated
        columns, which no server takes back. MySQL's tools lack what MariaDB has (sequences, history).
        """
        found = self.find_tools(name)
        for tool in found:
            if tool.family == server.flavour and tool.version[0] >= server.version[0]:
                return tool
        if server.flavour == "mysql" and name == "mysql":
            for tool in found:
                if tool.family == "mariadb":
                    return tool
        listed = ", ".join(f"{tool.family} {tool.version_text}" for tool in found) or "none"
        raise ToolError(
            f"The server is {server.flavour} {server.version_text}; no {name} that fits was found on this host"
            f" (found: {listed}).",
            stage="preflight",
            hint=f"Install {_PACKAGES[server.flavour]}.",
        )

    def close(self) -> None:
        """Forget the option files."""
        for secret in self._secrets:
            secret.close()
        self._secrets.clear()


def _cancel(options: dict[str, t.Any], reference: weakref.ref[t.Any]) -> None:
    """End the statement that a connection waits for."""
    waiting = reference()
    if waiting is not None and waiting.open:
        with contextlib.suppress(Exception):
            connection = pymysql.connect(**options)
            try:
                execute(connection, f"KILL QUERY {waiting.thread_id()}", stage="interrupted")
            finally:
                connection.close()


def _quoted(value: str) -> str:
    """A value in an option file: in double quotes, with its backslashes escaped."""
    if "\n" in value or "\r" in value:
        raise ConfigError("A login option holds a line break, which option files cannot.")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def encrypted(connection: t.Any) -> bool:
    """Whether the connection uses TLS, as the server sees it."""
    return bool(execute(connection, "SHOW SESSION STATUS LIKE 'Ssl_cipher'", stage="connect")[0][1])


def execute(connection: t.Any, sql: str | bytes, *, stage: str) -> list[tuple[t.Any, ...]]:
    """All rows of a statement; EngineError with the server's number and words."""
    try:
        with connection.cursor() as cursor:
            if isinstance(sql, bytes):
                connection.query(sql)
                return []
            cursor.execute(sql)
            return list(cursor.fetchall())
    except (pymysql.Error, OSError) as exc:
        raise advised(EngineError(f"The server refused a statement: {worded(exc)}", stage=stage)) from exc


def worded(exc: BaseException, *, data: bool = False) -> str:
    """A driver's error: its number, and the message without values of rows. ``data``: the statement had rows in it."""
    if len(exc.args) > 1 and isinstance(exc.args[0], int):
        return f"({exc.args[0]}) {message(exc.args[0], str(exc.args[1]), data=data)}"
    return str(exc)


def error_number(exc: BaseException | None) -> int:
    """The server's error number behind an error, or 0."""
    cause = exc.__cause__ if isinstance(exc, BackupError) else exc
    arguments = getattr(cause, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0


__all__ = ("Client", "Tool", "error_number", "execute", "merge_option_file", "require_driver", "worded")
