# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What to do about a connection that failed."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import pwd
import re
import socket
import ssl
import sys
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Login
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError

# libpq's request for TLS (PostgreSQL manual, "Message Formats"), which its server answers with S, N or an error.
_SSL_REQUEST = bytes((0, 0, 0, 8, 4, 210, 22, 47))
_PATIENCE = 1.0
# The fifth byte of what a MySQL server says first: the protocol's version, or the mark of an error.
_GREETINGS = (9, 10, 255)
_CERTIFICATE = "Check ca_cert; with tls_mode=verify-full, login_host must be a name in the server's certificate."
_BUSY = "All connections of the server or of the account are in use: wait, or raise its limit."
_REFUSED = "Nothing listens there: check that the server runs, and login_host and login_port."
_NAME = "Check login_host: this host cannot find that name."
_SLOW = "No answer in {timeout} s: check login_host and login_port, firewalls on the way, and connect_timeout."
# (text of libpq or of the server, what to do); {user} and {role} are the role, bare and as an identifier.
_POSTGRESQL = (
    (
        r"password authentication failed",
        "Check login_user and login_password (or login_config_file): the server does not tell which of them is wrong.",
    ),
    (
        r"no password supplied",
        "Give login_password, or a login_config_file (a passfile of mode 0600) with a line for this server.",
    ),
    (
        r"(?:Peer|Ident) authentication failed",
        "Through the socket, only the system user of that name gets in: set become_user={user}, or log in over TCP.",
    ),
    (
        r'role ".*" does not exist',
        "Check login_user; without it, it is the task's system user. As a superuser: CREATE ROLE {role} LOGIN;",
    ),
    (r"not permitted to log in", "As a superuser: ALTER ROLE {role} LOGIN;"),
    (
        r"no pg_hba\.conf entry|pg_hba\.conf rejects",
        "The server's pg_hba.conf lets this role not into this database from here: add a line, or change tls_mode.",
    ),
    (r'database ".*" does not exist', "vya.backupdb.db_info lists the databases that are there."),
    (r"permission denied for database", "As a superuser: GRANT CONNECT ON DATABASE {database} TO {role};"),
    (r"too many (?:clients|connections)|connection slots are reserved", _BUSY),
    (r"starting up|shutting down|in recovery mode|not yet accepting", "Wait for the server, then run the task again."),
    (r"does not support SSL", "Set tls_mode=prefer, or switch TLS on in the server (ssl = on)."),
    (r"certificate", _CERTIFICATE),
    (r"could not translate host name", _NAME),
    (r"SCRAM authentication requires", "The libpq of psycopg2 is too old for this server: install a newer one."),
    (r"timeout expired|timed out", _SLOW),
)
# (numbers, what to do)
_MYSQL = (
    (
        (1045, 1044),
        "Check login_user and login_password. An account belongs to hosts: it must exist for the one in the message.",
    ),
    (
        (1698,),
        "Only the system user of that name gets in, and by login_unix_socket: run the task as that user (become).",
    ),
    (
        (1130,),
        "No account may log in from this host: CREATE USER ...@'this host' on the server, or use login_unix_socket.",
    ),
    ((1049,), "vya.backupdb.db_info lists the databases that are there."),
    ((1040, 1203, 1226), _BUSY),
    ((1129,), "Too many connections from this host broke off. As an administrator: FLUSH HOSTS;"),
    ((1820, 1862), "The account's password has expired. As an administrator: ALTER USER ... IDENTIFIED BY ...;"),
    ((1251, 2059), "PyMySQL does not know the account's way to log in: install a newer one, or change the account."),
)


def missing_driver(library: str, package: str, oldest: str, why: str) -> ConfigError:
    """The error for a library that the interpreter of this task does not have."""
    return ConfigError(
        f"The Python library {library} is missing for {sys.executable} on this host ({why}).",
        hint=f"If that is the system's Python, install {package}; otherwise run: {sys.executable} -m pip install"
        f" {'psycopg2-binary' if library == 'psycopg2' else library}. The oldest that will do is {oldest}."
        " ansible_python_interpreter chooses another Python.",
    )


def spoken_at(login: Login, default_port: int) -> str:
    """``mysql`` or ``postgresql`` when such a server answers at the place of a login; an empty text otherwise.

    A MySQL server speaks first, a PostgreSQL server waits to be spoken to.
    """
    with contextlib.suppress(OSError), _dialled(login, default_port) as connection:
        try:
            said = connection.recv(64)
            return "mysql" if len(said) > 5 and said[3] == 0 and said[4] in _GREETINGS else ""
        except socket.timeout:
            connection.sendall(_SSL_REQUEST)
            return "postgresql" if connection.recv(1) in (b"S", b"N", b"E") else ""
    return ""


def _dialled(login: Login, default_port: int) -> socket.socket:
    if login.unix_socket or login.host.startswith("/"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_PATIENCE)
        connection.connect(login.unix_socket or login.host)
        return connection
    return socket.create_connection((login.host or "localhost", login.port or default_port), _PATIENCE)


def _other_engine(login: Login, default_port: int) -> str:
    spoken = spoken_at(login, default_port)
    if not spoken or spoken == login.engine:
        return ""
    name = "PostgreSQL" if spoken == "postgresql" else "MySQL or MariaDB"
    return f"A {name} server answers there: set engine={spoken}, or give the right login_port or login_unix_socket."


def of_postgresql(text: str, login: Login, database: str) -> str:
    """What to do about libpq's message ``text``."""
    user = login.user or _system_user()
    place = {"user": user, "role": _quoted(user), "database": _quoted(database), "timeout": login.connect_timeout}
    for pattern, hint in _POSTGRESQL:
        if re.search(pattern, text):
            other = _other_engine(login, 5432) if hint is _SLOW else ""
            return other or hint.format(**place)
    socket_file = re.search(r'socket "(.*)/\.s\.PGSQL\.([0-9]+)" failed', text)
    if socket_file:
        return _sockets(socket_file.group(1), socket_file.group(2))
    if "Connection refused" in text:
        return _REFUSED
    return (
        _other_engine(login, 5432)
        or "Check login_host, login_port, login_unix_socket, login_user and pg_hba.conf of the server."
    )


def _sockets(folder: str, port: str) -> str:
    """Which sockets there are instead."""
    if not os.path.isdir(folder):
        return (
            f"login_unix_socket is the folder that the server's socket is in, as a rule /run/postgresql, not {folder}."
        )
    ports = sorted(re.findall(r"\.s\.PGSQL\.([0-9]+)$", path)[0] for path in glob.glob(f"{folder}/.s.PGSQL.*[0-9]"))
    if ports and port not in ports:
        return f"The folder {folder} has sockets for other ports: set login_port to {' or '.join(ports)}."
    return f"No server listens in {folder}: check that it runs, and login_unix_socket and login_port."


def of_mysql(exc: BaseException, login: Login) -> str:
    """What to do about an error of PyMySQL."""
    number = exc.args[0] if exc.args and isinstance(exc.args[0], int) else 0
    for numbers, hint in _MYSQL:
        if number in numbers:
            if number == 1045 and "using password: NO" in str(exc):
                return "Give login_password, or a login_config_file with the account's password."
            return hint
    cause: t.Any = getattr(exc, "original_exception", None) or exc
    if "cryptography" in str(exc):
        return f"Install python3-cryptography for {sys.executable}, or set tls_mode=require: TLS does without it."
    if isinstance(cause, ssl.SSLError) or "certificate" in str(exc):
        return _CERTIFICATE
    return _of_mysql_place(cause, number, login)


def _of_mysql_place(cause: t.Any, number: int, login: Login) -> str:
    """Nobody there, or somebody else."""
    code = cause.errno if isinstance(cause, OSError) else 0
    if login.unix_socket and code in (errno.ENOENT, errno.ECONNREFUSED, errno.ENOTSOCK, errno.ENOTDIR):
        return f"No server listens at the socket {login.unix_socket}: check that it runs, and login_unix_socket."
    if isinstance(cause, socket.gaierror):
        return _NAME
    if code == errno.ECONNREFUSED:
        return _REFUSED
    other = _other_engine(login, 3306) if number in (0, 2013) or isinstance(cause, socket.timeout) else ""
    if other:
        return other
    if isinstance(cause, socket.timeout) or "timed out" in str(cause):
        return _SLOW.format(timeout=login.connect_timeout)
    return "Check login_host, login_port, login_unix_socket, login_user, the password, the account's host."


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _system_user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


__all__ = ("missing_driver", "of_mysql", "of_postgresql", "spoken_at")
