# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to log in reaches the driver and the tools alike: TLS in each mode, certificates, option files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import support
from support.modules import run_module

WITH_TLS = ("pg15", "mariadb", "mysql9")


@pytest.fixture(params=WITH_TLS)
def server(request: pytest.FixtureRequest) -> support.Server:
    """Servers that offer TLS."""
    found: support.Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def shop(server: support.Server) -> Any:
    """A small database."""
    support.load_bulk(server, "tls_shop", rows=20)
    yield "tls_shop"
    server.drop_database("tls_shop")


def back_up_and_restore(server: support.Server, store: Path, login: dict[str, Any]) -> dict[str, Any]:
    """Both directions with one login, so that dump tool, driver and loader all use it. The first failure, or {}."""
    options = {"engine": server.engine, "store": str(store / "store"), "host": "h", **login}
    result = run_module(
        "db_backup", {**options, "databases": ["tls_shop"], "globals": False}, path_prefix=server.tool_path
    )
    if result["failed"]:
        return result
    result = run_module(
        "db_restore", {**options, "database": "tls_shop", "target": "tls_copy"}, path_prefix=server.tool_path
    )
    server.drop_database("tls_copy")
    return result if result["failed"] else {}


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full", "disable"])
def test_modes(server: support.Server, mode: str, tmp_path: Path) -> None:
    """Each tls_mode with the right CA."""
    login = {**server.login, "tls_mode": mode}
    if mode.startswith("verify"):
        login["ca_cert"] = str(server.ca_cert)
    if mode == "disable" and server.flavour == "mysql":
        # Its accounts send their password only over TLS or a socket.
        login = {**server.login_socket, "tls_mode": mode}
    assert back_up_and_restore(server, tmp_path, login) == {}


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_a_wrong_ca_is_refused(server: support.Server, mode: str, tmp_path: Path) -> None:
    """A server that another CA signed is not talked to."""
    login = {**server.login, "tls_mode": mode, "ca_cert": str(server.certificates.other_ca)}
    failed = back_up_and_restore(server, tmp_path, login)
    assert failed["failed"] and "certificate" in failed["msg"].lower()
    assert server.password not in str(failed)


def test_a_client_certificate(server: support.Server) -> None:
    """An account that must show a certificate: with it the login works, without it it does not."""
    made = server.certificates
    account = {
        "login_host": server.host,
        "login_port": server.port,
        "login_user": "certified",
        "tls_mode": "verify-full",
        "ca_cert": str(made.ca_cert),
    }
    if server.engine == "mysql":
        account["login_password"] = server.password  # they want both
    bare = run_module("db_info", {"engine": server.engine, **account}, path_prefix=server.tool_path)
    assert bare["failed"]
    certified = {**account, "client_cert": str(made.client_cert), "client_key": str(made.client_key)}
    result = run_module("db_info", {"engine": server.engine, **certified}, path_prefix=server.tool_path)
    assert not result["failed"], result["msg"]


def test_files_with_the_login(any_server: support.Server, tmp_path: Path) -> None:
    """An option file (MySQL, MariaDB) or passfile (PostgreSQL) instead of a password; the tools read it too."""
    server = any_server
    support.load_bulk(server, "tls_shop", rows=20)
    login = {key: value for key, value in server.login.items() if key != "login_password"}
    path = tmp_path / "login"
    if server.engine == "postgresql":
        escaped = server.password.replace("\\", "\\\\").replace(":", "\\:")
        path.write_text(f"*:*:*:*:{escaped}\n", encoding="utf-8")
    else:
        escaped = server.password.replace("\\", "\\\\").replace('"', '\\"')
        path.write_text(
            f'[mysqldump]\nwhere = "1 = 0"\n[client]\nuser = {server.user}\npassword = "{escaped}"\n', encoding="utf-8"
        )
        del login["login_user"]
    path.chmod(0o600)
    try:
        assert back_up_and_restore(server, tmp_path, {**login, "login_config_file": str(path)}) == {}
    finally:
        server.drop_database("tls_shop")


def test_no_tls_where_it_is_demanded(pg18: support.Server) -> None:
    """A server without TLS is refused, not talked to in the clear."""
    login = {"engine": "postgresql", **pg18.login, "tls_mode": "require"}
    result = run_module("db_info", login, path_prefix=pg18.tool_path)
    assert result["failed"] and "SSL" in result["msg"]


def test_the_host_name_counts_with_the_systems_authorities_too(mysql_family: support.Server) -> None:
    """Without ca_cert the system's authorities decide, and the name in the certificate is looked at all the same."""
    server = mysql_family
    login = {"engine": "mysql", **server.login, "tls_mode": "verify-full"}
    trusting = {"SSL_CERT_FILE": str(server.ca_cert)}
    right = run_module("db_info", login, path_prefix=server.tool_path, env=trusting)
    assert not right["failed"], right["msg"]
    # The same address by a name that the certificate does not have.
    wrong = run_module("db_info", {**login, "login_host": "127.1"}, path_prefix=server.tool_path, env=trusting)
    assert wrong["failed"] and "certificate" in wrong["msg"].lower()
    other = {"SSL_CERT_FILE": str(server.certificates.other_ca)}
    assert run_module("db_info", login, path_prefix=server.tool_path, env=other)["failed"]


def told(server: support.Server, **login: Any) -> str:
    """What db_info says of a login that fails."""
    result = run_module("db_info", {"engine": server.engine, "connect_timeout": 3, **server.login, **login})
    assert result["failed"]
    assert result["stage"] == "connect"
    return str(result["msg"])


def test_hints(pg15: support.Server, mariadb: support.Server, mysql9: support.Server, tmp_path: Path) -> None:
    """What the servers and drivers of today say leads to the right hint."""
    for server in (pg15, mariadb, mysql9):
        assert "Check login_user and login_password" in told(server, login_password="wrong")
        assert "Give login_password" in told(server, login_password=None)
        assert "Nothing listens there" in told(server, login_port=1)
        assert "cannot find that name" in told(server, login_host="nosuch.invalid")
    for server in (mariadb, mysql9):
        assert "A PostgreSQL server answers there: set engine=postgresql" in told(server, login_port=pg15.port)
        assert "A MySQL or MariaDB server answers there: set engine=mysql" in told(pg15, login_port=server.port)
        assert "No server listens at the socket" in told(server, login_unix_socket=str(tmp_path / "nosuch"))
    assert f"set login_port to {pg15.port}." in told(pg15, **{**pg15.login_socket, "login_port": 1})
