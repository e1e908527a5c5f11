# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people are told when a connection fails."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import sys
import threading
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine import hints
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Login
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import membership_hint

LOGIN = Login("postgresql", host="db1", user='o"brien', connect_timeout=7)
MYSQL = dataclasses.replace(LOGIN, engine="mysql")
# What libpq or the server says, and what the hint must hold.
POSTGRESQL = {
    'FATAL:  password authentication failed for user "x"': "login_password",
    "fe_sendauth: no password supplied": "login_config_file",
    'FATAL:  Peer authentication failed for user "x"': 'set become_user=o"brien',
    'FATAL:  role "x" does not exist': 'CREATE ROLE "o""brien" LOGIN;',
    'FATAL:  role "x" is not permitted to log in': 'ALTER ROLE "o""brien" LOGIN;',
    'FATAL:  no pg_hba.conf entry for host "10.0.0.1"': "pg_hba.conf",
    'FATAL:  database "shop" does not exist': "vya.backupdb.db_info",
    'FATAL:  permission denied for database "shop"': 'GRANT CONNECT ON DATABASE "shop" TO "o""brien";',
    "FATAL:  sorry, too many clients already": "in use",
    "FATAL:  the database system is starting up": "Wait",
    "server does not support SSL, but SSL was required": "tls_mode=prefer",
    "SSL error: certificate verify failed": "ca_cert",
    'could not translate host name "nosuch" to address: Name or service not known': "login_host",
    'connection to server at "db1", port 5432 failed: Connection refused': "Nothing listens there",
    "what nobody has thought of": "pg_hba.conf",
}
MYSQL_ERRORS = {
    (1045, "Access denied for user 'x'@'h' (using password: YES)"): "Check login_user and login_password",
    (1045, "Access denied for user 'x'@'h' (using password: NO)"): "Give login_password",
    (1698, "Access denied for user 'root'@'localhost'"): "login_unix_socket",
    (1130, "Host 'x' is not allowed to connect"): "CREATE USER",
    (1040, "Too many connections"): "in use",
    (1049, "Unknown database 'x'"): "db_info",
    (2003, "certificate verify failed"): "ca_cert",
    (2059, "Authentication plugin 'x' not configured"): "install a newer one",
}


@pytest.mark.parametrize("text", list(POSTGRESQL))
def test_postgresql(text: str) -> None:
    assert POSTGRESQL[text] in hints.of_postgresql(text, LOGIN, "shop")


@pytest.mark.parametrize("error", list(MYSQL_ERRORS))
def test_mysql(error: tuple[int, str]) -> None:
    assert MYSQL_ERRORS[error] in hints.of_mysql(Exception(*error), MYSQL)


def test_mysql_without_cryptography() -> None:
    error = RuntimeError("'cryptography' package is required for sha256_password or caching_sha2_password auth methods")
    assert f"python3-cryptography for {sys.executable}" in hints.of_mysql(error, MYSQL)


def test_sockets_that_are_there(tmp_path: Path) -> None:
    """The folder is right, the port is another."""
    text = f'connection to server on socket "{tmp_path}/.s.PGSQL.5432" failed: No such file or directory'
    assert "check that it runs" in hints.of_postgresql(text, LOGIN, "shop")
    for port in ("5434", "5433"):
        (tmp_path / f".s.PGSQL.{port}").touch()
        (tmp_path / f".s.PGSQL.{port}.lock").touch()
    assert "set login_port to 5433 or 5434." in hints.of_postgresql(text, LOGIN, "shop")
    elsewhere = text.replace(str(tmp_path), str(tmp_path / "nosuch"))
    assert "as a rule /run/postgresql" in hints.of_postgresql(elsewhere, LOGIN, "shop")


@pytest.mark.parametrize(
    ("greeting", "answer", "spoken"),
    [
        (b"\x4a\0\0\0\x0a5.5.5-10.11.6-MariaDB\0", b"", "mysql"),
        (b"\x17\0\0\0\xff\x10\x04Too many connections", b"", "mysql"),
        (b"", b"N", "postgresql"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", b"", ""),
        (b"", b"HTTP/1.1 400 Bad Request\r\n", ""),
    ],
)
def test_who_answers(monkeypatch: pytest.MonkeyPatch, greeting: bytes, answer: bytes, spoken: str) -> None:
    """A server that speaks first, and one that waits."""
    monkeypatch.setattr(hints, "_PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection = server.accept()[0]
            with connection, contextlib.suppress(ConnectionResetError):
                connection.sendall(greeting)
                if answer and connection.recv(8) == bytes.fromhex("0000000804d2162f"):
                    connection.sendall(answer)
                connection.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        place = dataclasses.replace(LOGIN, host="127.0.0.1", port=server.getsockname()[1])
        assert hints.spoken_at(place, 5432) == spoken
        thread.join()


def test_a_missing_driver_names_the_interpreter() -> None:
    told = str(hints.missing_driver("psycopg2", "python3-psycopg2 (Debian, RHEL)", "2.8", "No module named 'psycopg2'"))
    assert f"missing for {sys.executable} on this host" in told
    assert f"{sys.executable} -m pip install psycopg2-binary" in told


@pytest.mark.parametrize(
    ("said", "advised"),
    [
        ('ERROR:  must be member of role "a""b"', 'GRANT "a""""b" TO "me"'),
        ('must be able to SET ROLE "keeper"', 'GRANT "keeper" TO "me"; or set no_owner=true'),
        ('must be able to SET ROLE "keeper"\nCommand was: ALTER TABLE "t"', 'GRANT "keeper" TO "me"'),
        ('must be owner of table "t"', ""),
    ],
)
def test_owners_that_an_account_may_not_give_to(said: str, advised: str) -> None:
    hint = membership_hint(said, "me")
    assert advised in hint and bool(hint) == bool(advised)
