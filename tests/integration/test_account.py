# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""db_account: the account it makes can do what it is for and no more, and a second run has nothing to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from support.desk import Desk, opened, shop, succeeded

PASSWORD = "c4nary's \"pass\\word#"


def drop_account(server: support.Server, name: str) -> None:
    """Whatever it may hold."""
    if server.engine == "postgresql":
        for database in [*server.databases(), "postgres"]:
            with contextlib.suppress(Exception):
                server.query(f"DROP OWNED BY {name}", database=database)
        server.query(f"DROP ROLE IF EXISTS {name}")
    else:
        server.query(f"DROP USER IF EXISTS '{name}'@'localhost', '{name}'@'10.%'")


@pytest.fixture
def desk(any_server: support.Server, tmp_path: Path) -> Iterator[Desk]:
    """A server with the shop and without the account."""
    with contextlib.contextmanager(shop)(any_server), contextlib.contextmanager(opened)(any_server, tmp_path) as made:
        yield made
        any_server.drop_database("shop_copy")
        for name in ("vya_backup", "vya_restore"):
            drop_account(any_server, name)


def account(desk: Desk, **params: Any) -> dict[str, Any]:
    """db_account as the administrator, through the socket; `check` and `diff` go to the run."""
    options = {key: params.pop(key) for key in ("check", "diff") if key in params}
    login = {"engine": desk.server.engine, **desk.server.login_socket}
    return desk.call("db_account", {**login, "name": "vya_backup", "password": PASSWORD, **params}, **options)


def as_account(desk: Desk, name: str) -> dict[str, Any]:
    """Options of a login as the new account, through the socket."""
    return {
        "engine": desk.server.engine,
        **desk.server.login_socket,
        "login_user": name,
        "login_password": PASSWORD,
        "store": str(desk.store),
        "host": "db1",
    }


def test_an_account_for_backups_backs_up_and_cannot_write(desk: Desk) -> None:
    """Check mode makes none, the first run does, the second has nothing to do; db_info misses nothing."""
    predicted = succeeded(account(desk, check=True, diff=True))
    assert predicted["changed"] and "existed" in predicted and not predicted["existed"]
    assert predicted["diff"]["before"] == ""
    made = succeeded(account(desk))
    assert (made["changed"], made["statements"]) == (True, predicted["statements"])
    assert PASSWORD not in str(made["statements"]) + str(made["msg"])
    assert not made.get("warnings")
    again = succeeded(account(desk))
    assert (again["changed"], again["statements"], again["excess"]) == (False, [], [])
    login = as_account(desk, "vya_backup")
    connection = {key: value for key, value in login.items() if key not in ("store", "host")}
    assert succeeded(desk.call("db_info", connection))["missing_privileges"] == []
    done = succeeded(desk.call("db_backup", login))
    assert [item["database"] for item in done["backups"]] == ["@globals", "shop"]
    refused = desk.call("db_restore", {**login, "database": "shop", "target": "shop_copy", "no_owner": True})
    assert refused["failed"]
    assert desk.server.databases() == ["shop"]


def test_an_account_for_both_restores(desk: Desk) -> None:
    """What it backed up comes back under another name."""
    made = succeeded(account(desk, name="vya_restore", purposes=["backup", "restore"]))
    assert made["changed"]
    assert not succeeded(account(desk, name="vya_restore", purposes=["backup", "restore"]))["changed"]
    login = as_account(desk, "vya_restore")
    succeeded(desk.call("db_backup", {**login, "databases": ["shop"], "globals": False}))
    options = {"database": "shop", "target": "shop_copy", "no_owner": True}
    succeeded(desk.call("db_restore", {**login, **options}))
    support.assert_same(support.fingerprint(desk.server, "shop"), support.fingerprint(desk.server, "shop_copy"))


def test_what_is_lacking_is_given_and_a_wrong_password_is_set(desk: Desk) -> None:
    """An account of somebody else's making, without privileges and with another password."""
    succeeded(account(desk, purposes=["backup"], password="another"))
    revoke = "REVOKE pg_read_all_data FROM vya_backup" if desk.server.engine == "postgresql" else ""
    desk.server.query(revoke or "REVOKE SELECT ON *.* FROM 'vya_backup'@'localhost'")
    mended = succeeded(account(desk))
    assert mended["existed"] and len(mended["statements"]) == 2
    succeeded(desk.call("db_backup", as_account(desk, "vya_backup")))


def test_what_an_account_has_beyond_its_purpose_is_told_and_left(desk: Desk) -> None:
    """Nothing is taken away that another use may need."""
    succeeded(account(desk))
    postgresql = desk.server.engine == "postgresql"
    desk.server.query(
        "ALTER ROLE vya_backup CREATEDB" if postgresql else "GRANT DROP ON *.* TO 'vya_backup'@'localhost'"
    )
    told = succeeded(account(desk))
    assert (told["changed"], told["excess"]) == (False, ["CREATEDB" if postgresql else "DROP"])
    assert "more than it needs" in told["warnings"][0]


def test_refusals_say_what_to_do(desk: Desk) -> None:
    """The administrator itself, a name that no server takes, and an administrator who is none."""
    assert "a name of its own" in account(desk, name=desk.server.user)["msg"]
    assert "Choose another one" in account(desk, name="a'b")["msg"]
    succeeded(account(desk))
    refused = account(desk, login_user="vya_backup", login_password=PASSWORD, name="vya_restore")
    assert refused["failed"] and refused["stage"] == "account"


def test_an_account_without_a_password_lets_nobody_in(desk: Desk) -> None:
    """MySQL and MariaDB would let everybody in: none is made, and one that is there is refused until it gets one."""
    if desk.server.engine == "postgresql":
        succeeded(account(desk, password=None))
        return
    for check in (True, False):
        refused = account(desk, password=None, check=check)
        assert refused["failed"] and "Give password" in refused["msg"]
    assert desk.server.query("SELECT User FROM mysql.user WHERE User = 'vya_backup'") == []
    for host in ("localhost", "10.%"):
        desk.server.query(f"CREATE USER 'vya_backup'@'{host}'")
        assert "has no password" in account(desk, password=None, account_host=host)["msg"]
        assert any("ALTER USER" in statement for statement in succeeded(account(desk, account_host=host))["statements"])
        assert not succeeded(account(desk, password=None, account_host=host))["changed"]


def test_the_plugin_of_an_account_is_kept(mysql_family: support.Server, tmp_path: Path) -> None:
    """One that logs in through the socket does so afterwards; its privileges are given to it all the same."""
    plugin = "unix_socket" if mysql_family.flavour == "mariadb" else "sha256_password"
    seen = "SELECT plugin FROM mysql.user WHERE User = 'vya_backup'"
    how = "IDENTIFIED VIA unix_socket" if plugin == "unix_socket" else "IDENTIFIED WITH sha256_password BY 'another'"
    with contextlib.contextmanager(opened)(mysql_family, tmp_path) as desk:
        try:
            mysql_family.query(f"CREATE USER 'vya_backup'@'localhost' {how}")
            answer = account(desk)
            if plugin == "unix_socket":
                assert "logs in by unix_socket" in answer["msg"]
            assert succeeded(account(desk, password=None))["existed"]
            assert mysql_family.query(seen) in ([(plugin,)], [[plugin]])
        finally:
            drop_account(mysql_family, "vya_backup")


def test_the_administrator_of_an_option_file_is_refused(mysql_family: support.Server, tmp_path: Path) -> None:
    """Whoever the server takes the login for, not only the one of the option."""
    path = tmp_path / "admin.cnf"
    path.write_text(f'[client]\nuser={mysql_family.user}\npassword="{mysql_family.password}"\n', encoding="utf-8")
    path.chmod(0o600)
    with contextlib.contextmanager(opened)(mysql_family, tmp_path) as desk:
        login = {"login_user": None, "login_password": None, "login_config_file": str(path)}
        refused = account(desk, **login, name=mysql_family.user, account_host="%")
        assert refused["failed"] and "a name of its own" in refused["msg"]


def test_a_refused_statement_does_not_tell_the_password(mysql_family: support.Server, tmp_path: Path) -> None:
    """The server quotes the statement that it refuses, here for the length of the host."""
    password = "it's-c4nary's"
    with contextlib.contextmanager(opened)(mysql_family, tmp_path) as desk:
        for host in ("x" * 300, "a\\b", "a'b", "a\nb", 'a"b', "a\0b"):
            refused = account(desk, password=password, account_host=host)
            assert refused["failed"] and "c4nary" not in str(refused["msg"])
            assert ("account_host" in refused["msg"]) is True


def test_a_role_that_does_not_inherit_reads_all_the_same(postgresql: support.Server, tmp_path: Path) -> None:
    """A membership that gives nothing is none; a password that has expired is told."""
    with contextlib.contextmanager(opened)(postgresql, tmp_path) as desk:
        try:
            postgresql.query("CREATE ROLE vya_backup LOGIN NOINHERIT VALID UNTIL '2001-01-01'")
            postgresql.query("GRANT pg_read_all_data TO vya_backup")
            assert "has expired" in succeeded(account(desk))["warnings"][0]
            read = "SELECT pg_has_role('vya_backup', 'pg_read_all_data', 'USAGE')"
            assert postgresql.query(read)[0][0] is True
            assert not succeeded(account(desk))["changed"]
        finally:
            drop_account(postgresql, "vya_backup")
