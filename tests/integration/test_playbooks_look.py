# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks that only look, and all of them in check mode."""

from __future__ import annotations

import json

from support.desk import IDENTITY, RECIPIENT
from support.fleet import NAME, UNREACHABLE, Fleet, instance
from support.fleet_fixtures import Pair
from support.post import MailBox


def test_check_mode_changes_nothing(fleet: Fleet, box: MailBox, fleet_servers: Pair) -> None:
    """With all playbooks, stores and databases are as they were, and nobody gets a mail."""
    fleet.variables |= {"backupdb_identity": IDENTITY}
    fleet.back_up()
    before = fleet.files(), [server.databases() for server in fleet_servers]
    for playbook in ("backup", "retention", "drill", "list", "check", "show_config"):
        played = fleet.play(playbook, "--check", "--diff")
        assert played.rc == 0, played.output
        assert (fleet.files(), [server.databases() for server in fleet_servers]) == before, playbook
        for secret in (IDENTITY, *(server.password for server in fleet_servers)):
            assert secret not in played.output
        assert [message["Subject"] for message in box.messages] == [], f"{playbook}: {played.output}"


def test_list_and_check_show_tables(fleet: Fleet, fleet_servers: Pair) -> None:
    """One line for each backup; one for each server, and the run fails when one of them would."""
    fleet.back_up()
    broken = fleet.store / "pg" / "main" / NAME / "20200101T000000Z-abcdef"
    broken.mkdir()
    (broken / "manifest.json").write_text("{", encoding="utf-8")
    listed = fleet.play("list")
    assert listed.rc == 0, listed.output
    assert listed.output.count(f" main      {NAME} ") == 2, listed.output
    assert f"pg: pg/main/{NAME}/{broken.name} is no backup: " in listed.output
    assert listed.output.count("  yes        -      no") == 2, listed.output
    assert listed.changed() == []
    fleet.hosts["gone"] = {**UNREACHABLE, "backupdb_instances": [instance(fleet_servers[0])]}
    fleet.hosts["key"] = {"backupdb_instances": [instance(fleet_servers[0])], "backupdb_recipients": ["age1nonsense"]}
    checked = fleet.play("check")
    assert checked.rc != 0
    assert checked.changed() == []
    failed = {event["host"] for event in checked.events if event["status"] == "failed"}
    assert failed == {"gone", "key"}
    for words in (
        "pg    main      postgresql 15  ok",
        "  yes        ok",
        "mariadb 10.11",
        "unreachable",
        "age1nonsense",
    ):
        assert words in checked.output, checked.output


def test_check_asks_the_mail_server(fleet: Fleet, box: MailBox) -> None:
    """It is fine with the one that answers, and names the one that does not."""
    assert fleet.play("check").rc == 0
    played = fleet.play("check", extra={"backupdb_notify_smtp_port": 1})
    assert played.rc != 0
    assert "127.0.0.1:1 cannot be reached: Connection refused" in played.output, played.output
    assert box.messages == []


def test_show_config_masks_secrets(fleet: Fleet, fleet_servers: Pair) -> None:
    """What will be done is there, and no secret is."""
    fleet.variables |= {"backupdb_notify_smtp_password": "m4il-canary", "backupdb_identity": IDENTITY}
    played = fleet.play("show_config", "-vvv")
    assert played.rc == 0, played.output
    assert NAME in played.output and RECIPIENT in played.output and str(fleet.store) in played.output
    for secret in (*(server.password for server in fleet_servers), "m4il-canary", IDENTITY):
        assert json.dumps(secret)[1:-1] not in played.output
