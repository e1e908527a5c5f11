# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `backup`, run by ansible-playbook under its full name: what a fleet does when some of it fails."""

from __future__ import annotations

import json

import pytest
from support.fleet import NAME, UNREACHABLE, Fleet, instance
from support.fleet_fixtures import Pair
from support.post import MailBox

TASKS_AT_MOST = 10


def test_a_backup_run_of_a_healthy_fleet(fleet: Fleet, box: MailBox) -> None:
    """Every host is backed up, in at most ten tasks each, and one mail says so."""
    played = fleet.play("backup")
    assert played.rc == 0, played.output
    assert fleet.backups() == [f"my/main/{NAME}", f"pg/main/{NAME}"]
    for host in fleet.hosts:
        assert len(played.tasks(host)) <= TASKS_AT_MOST, played.tasks(host)
    assert [envelope.rcpt_tos for envelope in box.envelopes] == [["log@example.com"]]
    assert "pg" in box.part("plain") and "my" in box.part("plain")


def test_hosts_that_fail_stop_nobody_and_are_in_the_digest(fleet: Fleet, box: MailBox, fleet_servers: Pair) -> None:
    """A wrong password, no connection, a configuration that cannot be, one of two servers of a host; in batches."""
    pg15, mariadb = fleet_servers
    wrong = instance(pg15, login_password="wr0ng-canary")
    fleet.hosts |= {
        "wrong": {"backupdb_instances": [wrong, instance(mariadb, instance="second")]},
        "gone": {**UNREACHABLE, "backupdb_instances": [instance(pg15)]},
        "odd": {"backupdb_instances": [{"engine": "oracle", "login_password": "0dd-canary"}]},
    }
    journal = fleet.folder / "digests.jsonl"
    told = {"backupdb_notify_journal": str(journal), "backupdb_notify_redact": ["oracle"]}
    played = fleet.play("backup", extra={"backupdb_serial": 2, "backupdb_throttle": 1, **told})
    assert played.rc != 0
    assert fleet.backups() == [f"my/main/{NAME}", f"pg/main/{NAME}", f"wrong/second/{NAME}"]
    failed = {event["host"] for event in played.events if event["status"] == "failed"}
    assert failed == {"wrong", "gone", "odd"}
    assert len(box.messages) == 1
    assert box.envelopes[0].rcpt_tos == ["team@example.com"]
    text = box.part("plain")
    for word in (*fleet.hosts, "password authentication failed", "Connection refused", "unknown engine"):
        assert word in text, word
    for kind in ("plain", "html"):
        assert "canary" not in box.part(kind)
        assert "oracle" not in box.part(kind)
    (line,) = journal.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["module"] == "backup_notify"
    assert "canary" not in played.output


def test_when_every_host_fails_the_mail_comes_all_the_same(fleet: Fleet, box: MailBox, fleet_servers: Pair) -> None:
    """Nobody is left to run the last task on, and yet it runs."""
    fleet.hosts = {
        "gone1": {**UNREACHABLE, "backupdb_instances": [instance(fleet_servers[0])]},
        "gone2": {**UNREACHABLE},
    }
    played = fleet.play("backup")
    assert played.rc != 0
    assert len(box.messages) == 1
    assert {event["host"] for event in played.events if event["status"] == "failed"} == {"gone1", "gone2"}
    assert "gone1" in box.part("plain") and "gone2" in box.part("plain")


@pytest.mark.parametrize("playbook", ["backup", "drill", "check", "list", "retention"])
def test_without_configuration_a_host_that_is_down_is_no_host_without_servers(fleet: Fleet, playbook: str) -> None:
    """Unreachable, or no socket: both fail and are told; where a host may have no server, that is fine."""
    fleet.hosts = {"gone": {**UNREACHABLE}, "down": {}}
    roles = ("backup", "drill", "retention")
    nowhere = {f"_{role}_socket_folders": [str(fleet.folder / "nowhere")] for role in roles}
    played = fleet.play(playbook, extra=nowhere)
    assert played.rc != 0
    ended = {event["host"] for event in played.events if event["task"].endswith("Fail where anything failed")}
    assert ended == {"gone", "down"}, played.events
    for words in ("[gone]: UNREACHABLE!", "No database server was found on down", "backupdb_instances_optional: true"):
        assert words in played.output, played.output
    del fleet.hosts["gone"]
    played = fleet.play(playbook, extra={**nowhere, "backupdb_instances_optional": "true"})
    # A run that did nothing on any host is told as a failure, and is one.
    nothing = playbook in ("backup", "drill")
    assert bool(played.rc) is nothing, played.output
    assert ("Every host was skipped" in played.output or "FAILED: nothing" in played.output) is nothing, played.output


def test_nothing_is_pruned_where_the_backup_failed(fleet: Fleet) -> None:
    """Two backups of each; then one host's login fails, and only the other one's old backups go."""
    fleet.variables["backupdb_recipients"] = []
    fleet.back_up()
    fleet.back_up()
    fleet.hosts["pg"]["backupdb_instances"][0]["login_password"] = "wrong"
    fleet.variables["backupdb_defaults"] |= {"keep_last": 1, "max_delete": 2}
    played = fleet.play("backup")
    assert played.rc != 0
    assert fleet.backups() == [f"my/main/{NAME}", f"pg/main/{NAME}", f"pg/main/{NAME}"], played.output


def test_the_control_node_prunes_nothing_of_others(fleet: Fleet) -> None:
    """`localhost` is a host like any other: what others stored is not its own."""
    fleet.variables["backupdb_recipients"] = []
    fleet.back_up()
    fleet.back_up()
    before = fleet.files()
    fleet.hosts = {"localhost": fleet.hosts["pg"]}
    fleet.variables["backupdb_defaults"] |= {"keep_last": 1, "max_delete": 2}
    played = fleet.play("retention")
    assert played.rc != 0
    assert "nothing is removed" in played.output
    assert fleet.files() == before


@pytest.mark.parametrize("pattern", ["databasess", ""])
def test_a_run_without_any_host_fails_and_is_told(fleet: Fleet, box: MailBox, pattern: str) -> None:
    """A mistyped group, an empty inventory: Ansible alone would call that a success."""
    if not pattern:
        fleet.hosts = {}
    played = fleet.play("backup", extra={"backupdb_hosts": pattern})
    assert played.rc != 0
    assert f"No host fits {pattern or 'all'}" in played.output
    assert [envelope.rcpt_tos for envelope in box.envelopes] == [["team@example.com"]]
    assert "No host took part" in box.part("plain")


def test_a_mistyped_variable_is_no_default(fleet: Fleet) -> None:
    """It would be ignored, and the usual policy hold."""
    played = fleet.play("backup", extra={"backupdb_retention_keep_dayly": 60, "backupdb_own": "mine"})
    assert played.rc != 0
    assert "backupdb_retention_keep_dayly is not known: backupdb_retention_keep_daily is." in played.output
    assert "backupdb_own" not in played.output
    assert fleet.backups() == []


def test_two_products_share_no_series(fleet: Fleet) -> None:
    """Two hosts are given one name, and a store that both see: the second is refused, the first one's backups stay."""
    fleet.variables["backupdb_host"] = "prod"
    fleet.variables["backupdb_defaults"] |= {"keep_last": 1, "max_delete": 9}
    played = fleet.play("backup", extra={"backupdb_serial": 1})
    assert played.rc != 0
    assert "two would share a series" in played.output
    assert fleet.backups() == [f"prod/main/{NAME}"]


def test_warnings_of_every_module_are_in_the_mail(fleet: Fleet, box: MailBox) -> None:
    """Also of one that works through a loop, and tells them of the whole."""
    fleet.back_up()
    (part,) = fleet.store.glob(f"my/main/{NAME}/*/data-0001.sql*")
    part.write_bytes(part.read_bytes()[:-1])
    fleet.variables["backupdb_defaults"] |= {"keep_last": 1, "max_delete": 9}
    assert fleet.play("backup").rc == 0
    assert "is damaged, and counts for no rule" in " ".join(box.part("plain").split())
