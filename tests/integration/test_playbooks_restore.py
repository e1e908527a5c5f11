# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks `restore` and `drill`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.desk import IDENTITY
from support.fleet import NAME, Fleet
from support.fleet_fixtures import Pair
from support.post import MailBox


def test_a_restore_names_one_host_and_replaces_with_consent_only(fleet: Fleet, fleet_servers: Pair) -> None:
    """Two hosts are refused, so is a replacement without the name; under another name nothing is asked."""
    pg15 = fleet_servers[0]
    fleet.variables["backupdb_identity"] = IDENTITY
    fleet.back_up()
    pg15.query("DELETE FROM orders", database=NAME)
    wanted: dict[str, Any] = {"backupdb_restore_database": NAME}
    both = fleet.play("restore", extra={**wanted, "backupdb_restore_target": f"{NAME}_copy"})
    assert both.rc != 0 and "exactly one host" in both.output
    assert f"{NAME}_copy" not in pg15.databases()
    copied = fleet.play("restore", "-l", "pg", extra={**wanted, "backupdb_restore_target": f"{NAME}_copy"})
    assert copied.rc == 0, copied.output
    assert pg15.query("SELECT count(*) FROM orders", database=f"{NAME}_copy") == [(4,)]
    wanted["backupdb_restore_if_exists"] = "replace"
    for confirm in ({}, {"confirm": "another"}):
        refused = fleet.play("restore", "-l", "pg", extra={**wanted, **confirm})
        assert refused.rc != 0 and f"-e confirm={NAME}" in refused.output
        assert pg15.query("SELECT count(*) FROM orders", database=NAME) == [(0,)]
    unasked = fleet.play("restore", "-l", "pg", "--skip-tags", "always", extra=wanted)
    assert unasked.rc != 0 and "exists" in unasked.output, unasked.output
    assert pg15.query("SELECT count(*) FROM orders", database=NAME) == [(0,)]
    checked = fleet.play("restore", "-l", "pg", "--check", "--diff", extra=wanted)
    assert checked.rc == 0, checked.output
    assert pg15.query("SELECT count(*) FROM orders", database=NAME) == [(0,)]
    replaced = fleet.play("restore", "-l", "pg", extra={**wanted, "confirm": NAME})
    assert replaced.rc == 0, replaced.output
    assert pg15.query("SELECT count(*) FROM orders", database=NAME) == [(4,)]


def test_a_file_replaces_what_is_named_and_confirmed_only(fleet: Fleet, fleet_servers: Pair, tmp_path: Path) -> None:
    """A dump that names its own database is no consent to replace that, with an empty confirmation or without one."""
    mariadb = fleet_servers[1]
    dump = tmp_path / "dump.sql"
    dump.write_text(
        f"-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB\n--\n-- Host: localhost    Database: {NAME}\n"
        f"USE `{NAME}`;\nDROP TABLE IF EXISTS `orders`;\nCREATE TABLE `orders` (`id` int);\n"
    )
    before = mariadb.query("SELECT count(*) FROM orders", database=NAME)
    wanted = {"backupdb_restore_src": str(dump), "backupdb_restore_if_exists": "replace"}
    for confirm in ({}, {"confirm": ""}, {"confirm": NAME}):
        refused = fleet.play("restore", "-l", "my", extra={**wanted, **confirm})
        assert refused.rc != 0 and "does not say which one" in refused.output, refused.output
        assert mariadb.query("SELECT count(*) FROM orders", database=NAME) == before


def test_a_file_that_is_cut_is_taken_when_it_is_asked_for(fleet: Fleet, fleet_servers: Pair, tmp_path: Path) -> None:
    """What was left out is shown; a backup and a file at once are one too many."""
    mariadb = fleet_servers[1]
    dump = tmp_path / "dump.sql"
    dump.write_text(
        "-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB\n--\n-- Host: localhost    Database: x\n"
        "USE `x`;\nLOCK TABLES `t` WRITE;\nCREATE TABLE `t` (`id` int);\n"
    )
    wanted: dict[str, Any] = {"backupdb_restore_src": str(dump), "backupdb_restore_target": f"{NAME}_cut"}
    assert "allow_incomplete" in fleet.play("restore", "-l", "my", extra=wanted).output
    wanted["backupdb_restore_allow_incomplete"] = True
    both = fleet.play("restore", "-l", "my", extra={**wanted, "backupdb_restore_database": NAME})
    assert both.rc != 0 and "leave one out" in both.output
    played = fleet.play("restore", "-l", "my", extra=wanted)
    assert played.rc == 0 and "1 x LOCK TABLES" in played.output and "INCOMPLETE" in played.output, played.output
    assert mariadb.query("SELECT count(*) FROM t", database=f"{NAME}_cut") == [(0,)]


def test_a_drill_proves_and_tells(fleet: Fleet, box: MailBox) -> None:
    """It passes; with a part tampered with, that host fails and the mail says so."""
    fleet.variables["backupdb_identity"] = IDENTITY
    fleet.back_up()
    played = fleet.play("drill")
    assert played.rc == 0, played.output
    assert len(list(fleet.store.glob("*/*/*/*/verification-*.json"))) == 2
    assert box.envelopes[0].rcpt_tos == ["log@example.com"]
    part = next(fleet.store.glob(f"pg/main/{NAME}/*/database.dump*"))
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    played = fleet.play("drill")
    assert played.rc != 0
    assert {event["host"] for event in played.events if event["status"] == "failed"} == {"pg"}
    assert box.envelopes[-1].rcpt_tos == ["team@example.com"]
