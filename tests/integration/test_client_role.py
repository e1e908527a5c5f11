# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role `client` where nothing needs to be installed: stores and accounts, once and twice and in check mode."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterator

import pytest
from support.fleet import NAME, Fleet
from support.fleet_fixtures import Pair

ACCOUNT = "vya_fleet_backup"
PASSWORD = "4cc0unt-canary"


@pytest.fixture
def bare(fleet: Fleet, fleet_servers: Pair) -> Iterator[Fleet]:
    """A fleet whose accounts and store are to be made."""
    for name, server in zip(("pg", "my"), fleet_servers, strict=True):
        login = {**server.login_socket, "login_user": ACCOUNT, "login_password": PASSWORD}
        fleet.hosts[name] = {
            "backupdb_instances": [{"engine": server.engine, **login}],
            "backupdb_client_admin_user": server.user,
            "backupdb_client_admin_password": server.password,
        }
    fleet.variables |= {"backupdb_client_packages": False, "backupdb_client_accounts": True}
    yield fleet
    postgresql, mariadb = fleet_servers
    with contextlib.suppress(Exception):
        postgresql.query(f"DROP ROLE {ACCOUNT}")
    mariadb.query(f"DROP USER IF EXISTS '{ACCOUNT}'@'localhost'")


def test_a_folder_in_use_and_a_path_that_is_none_are_no_stores(bare: Fleet) -> None:
    """Neither is touched. An empty folder, and options that came as text, will do."""
    used = bare.folder / "used"
    used.mkdir(mode=0o755)
    (used / "letter").write_text("dear")
    only = {"backupdb_client_packages": "false", "backupdb_client_accounts": "false", "backupdb_client_stores": "true"}
    for store, words in ((used, "is not empty"), (bare.folder / "no" / "such", "is not there, and neither is")):
        refused = bare.play("client", extra={**only, "backupdb_store": str(store)})
        assert refused.rc != 0 and refused.changed() == []
        assert words in refused.output, refused.output
    assert (stat.S_IMODE(used.stat().st_mode), (bare.folder / "no").exists()) == (0o755, False)
    (used / "letter").unlink()
    taken = bare.play("client", extra={**only, "backupdb_store": str(used)})
    assert taken.rc == 0, taken.output
    assert stat.S_IMODE(used.stat().st_mode) == 0o700


def test_stores_and_accounts_are_made_once_and_do_for_a_backup(bare: Fleet, fleet_servers: Pair) -> None:
    """Check mode tells and makes nothing, the first run makes all of it, the second has nothing to do."""
    predicted = bare.play("client", "--check", "--diff")
    assert predicted.rc == 0, predicted.output
    assert not bare.store.exists()
    assert fleet_servers[0].query("SELECT 1 FROM pg_roles WHERE rolname = %s", (ACCOUNT,)) == []
    made = bare.play("client")
    assert made.rc == 0, made.output
    assert sorted(set(made.changed())) == sorted(set(predicted.changed())) != []
    assert stat.S_IMODE(bare.store.stat().st_mode) == 0o700
    again = bare.play("client")
    assert (again.rc, again.changed()) == (0, []), again.output
    done = bare.play("backup")
    assert done.rc == 0, done.output
    assert bare.backups() == [f"my/main/{NAME}", f"pg/main/{NAME}"]
    for played in (predicted, made, again, done):
        assert PASSWORD not in played.output
