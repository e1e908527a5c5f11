# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The five modules as a user meets them: what they answer, what they refuse, and what they never tell."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from jsonschema import Draft202012Validator
from support.desk import IDENTITY, RECIPIENT, STRANGER, STRANGERS_RECIPIENT, Desk, opened, shop, succeeded
from support.modules import ROOT, run_play

MANIFEST_SCHEMA = Draft202012Validator(json.loads((ROOT / "docs" / "manifest.schema.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module", params=["pg15", "mariadb"])
def server(request: pytest.FixtureRequest) -> Iterator[support.Server]:
    """Each server in turn, with the database `shop` alone."""
    yield from shop(request.getfixturevalue(request.param))


@pytest.fixture
def desk(server: support.Server, tmp_path: Path) -> Iterator[Desk]:
    """The server with an empty store."""
    yield from opened(server, tmp_path)


def test_db_info(desk: Desk) -> None:
    result = succeeded(desk.info())
    assert (result["connected"], result["changed"]) == (True, False)
    assert result["server"]["engine"] == desk.server.engine
    assert result["server"]["flavour"] == ("postgresql" if desk.server.engine == "postgresql" else desk.server.flavour)
    series = [int(number) for number in result["server"]["series"].split(".")]
    assert series == list(desk.server.version[: len(series)])
    databases = {item["name"]: item for item in result["databases"]}
    assert (databases["shop"]["system"], databases["shop"]["problem"]) == (False, "")
    assert databases["shop"]["size"] > 0
    assert [name for name, item in databases.items() if not item["system"]] == ["shop"]
    assert result["tools"] != {}
    for tool in result["tools"].values():
        assert os.access(tool["path"], os.X_OK)
        assert tool["version"]


def test_each_missing_privilege_comes_with_the_statement_that_mends_it(desk: Desk) -> None:
    server = desk.server
    if server.engine == "postgresql":
        make, drop = "CREATE ROLE clerk LOGIN PASSWORD 'clerk-pw'", "DROP OWNED BY clerk; DROP ROLE clerk"
    else:
        make, drop = "CREATE USER clerk@'%' IDENTIFIED BY 'clerk-pw'", "DROP USER clerk@'%'"
    server.query(make)
    try:
        login = {"login_user": "clerk", "login_password": "clerk-pw"}
        missing = succeeded(desk.info(**login))["missing_privileges"]
        assert missing
        for item in missing:
            assert item["privilege"]
            assert item["purpose"]
            server.query(item["grant"], database=item["database"] or None)
        assert succeeded(desk.info(**login))["missing_privileges"] == []
    finally:
        for statement in drop.split("; "):
            server.query(statement)


def test_backup_list_verify_restore(desk: Desk) -> None:
    made = succeeded(desk.backup(verbosity=2))
    assert made["changed"]
    assert [item["database"] for item in made["backups"]] == ["@globals", "shop"]
    shop = made["backups"][1]
    assert (shop["encrypted"], shop["recipients"], shop["compression"]) == (True, [RECIPIENT], "zstd")
    assert (shop["tables"], shop["rows"], shop["exact"]) == (2, 7, True)
    assert shop["size_human"].endswith("B")
    assert {"snapshot", "dump", "publish"} <= shop["stages"].keys()
    assert made["totals"]["databases"] == 1
    assert made["totals"]["size"] == sum(item["size"] for item in made["backups"])

    listed = succeeded(desk.listing())
    assert [item["id"] for item in listed["backups"]] == [shop["id"], made["backups"][0]["id"]]
    assert {item["database"]: item["total"] for item in listed["series"]} == {"@globals": 1, "shop": 1}
    for item in listed["backups"]:
        manifest = json.loads(Path(item["path"], "manifest.json").read_text(encoding="utf-8"))
        assert list(MANIFEST_SCHEMA.iter_errors(manifest)) == []
        assert {part.name for part in Path(item["path"]).iterdir()} == {
            "manifest.json",
            *(part["name"] for part in manifest["parts"]),
        }

    for level in ("stored", "decrypted", "readable"):
        key = {} if level == "stored" else {"identity": IDENTITY}
        verified = succeeded(desk.verify(level=level, **key))
        assert [(item["database"], item["level"]) for item in verified["results"]] == [
            ("shop", level),
            ("@globals", level),
        ]

    before = support.fingerprint(desk.server, "shop")
    back = succeeded(desk.restore({"target": "shop_staging"}))
    assert (back["changed"], back["target"], back["previous"]) == (True, "shop_staging", None)
    assert (back["tables"], back["rows"]) == (2, 7)
    assert back["verified"] == {"schema": "same", "rows": "same", "content": "not recorded", "mismatches": []}
    assert back["backup"]["id"] == shop["id"]
    assert {"preflight", "authenticate", "load", "verify", "swap"} <= back["stages"].keys()
    support.assert_same(before, support.fingerprint(desk.server, "shop_staging"))
    assert desk.server.databases() == ["shop", "shop_staging"]


def test_what_shrank_and_what_is_gone_is_reported(desk: Desk) -> None:
    chosen = {"databases": ["audit*", "shop"], "globals": False}
    for name in ("audit", "audit_old"):
        desk.server.create_database(name)
        numbers = ", ".join(f"({number})" for number in range(100))
        desk.server.execute_script(
            f"CREATE TABLE records (id int); INSERT INTO records VALUES {numbers};".encode(), name
        )
    first = succeeded(desk.backup(chosen))
    assert [item.get("shrunk") for item in first["backups"]] == [None] * 3
    last = {item["database"]: item["id"] for item in first["backups"]}

    desk.server.execute_script(b"DELETE FROM records WHERE id >= 49;", "audit")
    desk.server.drop_database("audit_old")
    assert [item["database"] for item in succeeded(desk.backup(chosen, check=True))["gone"]] == ["audit_old"]
    second = succeeded(desk.backup(chosen))
    shrunk = {item["database"]: item["shrunk"] for item in second["backups"] if "shrunk" in item}
    assert {name: (loss["rows"], loss["usual_rows"], loss["of"]) for name, loss in shrunk.items()} == {
        "audit": (49, 100, 1)
    }
    assert [(item["database"], item["id"]) for item in second["gone"]] == [("audit_old", last["audit_old"])]
    told = " ".join(second["warnings"])
    assert "audit: It has shrunk: 49 rows where 100 are usual" in told
    assert "The database 'audit_old' is not on the server any more" in told
    assert last["audit_old"] in told
    (audit,) = (item for item in second["backups"] if item["database"] == "audit")
    assert audit["warnings"][0].startswith("It has shrunk: 49 rows")

    # Said to be meant, and not asked for.
    quiet = succeeded(desk.backup({**chosen, "exclude": ["audit_old"], "shrink": 40}))
    assert (quiet["gone"], [item for item in quiet["backups"] if "shrunk" in item]) == ([], [])
    off = succeeded(desk.backup({**chosen, "shrink": 0}))
    assert (off["gone"], [item for item in off["backups"] if "shrunk" in item]) == ([], [])
    assert "percentage" in desk.backup({"shrink": 101})["msg"]
    assert "max_lag=-1.0 is out of range" in desk.backup({"max_lag": -1})["msg"]


def test_check_mode_writes_nothing_and_predicts_what_is_done(desk: Desk) -> None:
    for choice in ({}, {"databases": ["shop"], "globals": False}, {"databases": ["nosuch_*"], "globals": False}):
        before = desk.files()
        predicted = succeeded(desk.backup(choice, check=True))
        assert desk.files() == before
        done = succeeded(desk.backup(choice))
        assert predicted["changed"] == done["changed"]
        names = ("host", "instance", "database", "kind", "encrypted")
        assert predicted["backups"] == [{name: item[name] for name in names} for item in done["backups"]]
    for params in ({"target": "copy"}, {"if_exists": "replace"}):
        before, databases = desk.files(), desk.server.databases()
        predicted = succeeded(desk.restore(params, check=True, diff=True))
        assert (desk.files(), desk.server.databases()) == (before, databases)
        done = succeeded(desk.restore(params, diff=True))
        assert predicted["changed"] is done["changed"] is True
        assert predicted["backup"] == done["backup"]
        assert predicted["diff"] == done["diff"]
        assert done["diff"]["before"] == ("absent\n" if "target" in params else "present\n")


def test_check_mode_does_not_make_the_store(desk: Desk) -> None:
    predicted = succeeded(desk.backup(check=True))
    assert predicted["changed"]
    assert f"The store {desk.store} would be made." in predicted["msg"]
    assert not desk.store.exists()
    nowhere = {"store": str(desk.store / "inner")}
    results = [desk.backup(nowhere, check=check) for check in (True, False)]
    assert {(result["failed"], result["stage"]) for result in results} == {(True, "preflight")}
    assert results[0]["msg"] == results[1]["msg"]
    assert f"neither is the folder {desk.store}" in results[0]["msg"]
    assert not desk.store.exists()
    assert f"The store {desk.store} is new." in succeeded(desk.backup({"databases": ["shop"]}))["msg"]
    assert "is new" not in succeeded(desk.backup({"databases": ["shop"]}))["msg"]


def test_check_mode_fails_where_a_run_would(desk: Desk) -> None:
    predicted = desk.backup({"databases": ["shop", "nosuch"]}, check=True)
    assert predicted["failed"]
    assert [item["database"] for item in predicted["failures"]] == ["nosuch"]
    succeeded(desk.backup({"databases": ["shop"]}))
    for params in ({}, {"target": "copy", "identity": STRANGER}):
        assert desk.restore(params, check=True)["failed"]
        assert desk.restore(params)["failed"]


def test_a_database_that_fails_stops_no_other(desk: Desk) -> None:
    result = desk.backup({"databases": ["nosuch", "shop"], "globals": False})
    assert result["failed"]
    assert result["changed"]
    assert [item["database"] for item in result["backups"]] == ["shop"]
    assert result["failures"][0]["database"] == "nosuch"
    assert result["failures"][0]["stage"] == "preflight"
    assert result["msg"].startswith("1 of 2 databases failed: nosuch (preflight): ")
    assert "The server has: shop." in result["msg"]


def test_names_globs_and_exclusions(desk: Desk) -> None:
    for name in ("shop_a", "shop_b", "crm"):
        desk.server.create_database(name)
    choices: tuple[tuple[dict[str, Any], list[str]], ...] = (
        ({}, ["crm", "shop", "shop_a", "shop_b"]),
        ({"databases": ["shop_*"]}, ["shop_a", "shop_b"]),
        ({"databases": ["*"], "exclude": ["shop_*"]}, ["crm", "shop"]),
        ({"databases": ["crm", "shop_?"], "exclude": ["shop_a"]}, ["crm", "shop_b"]),
    )
    for choice, expected in choices:
        result = succeeded(desk.backup({"globals": False, **choice}, check=True))
        assert [item["database"] for item in result["backups"]] == expected


def test_a_wrong_password_is_never_told(desk: Desk) -> None:
    canary = "c4nary'\"\\ password"
    for name, params in (
        ("db_info", {}),
        ("db_backup", {"store": str(desk.store)}),
        ("db_restore", {"store": str(desk.store), "database": "shop"}),
    ):
        if name == "db_restore":
            succeeded(desk.backup({"databases": ["shop"], "recipients": [], "host": os.uname().nodename}))
        result = desk.call(name, {**desk.login, **params, "login_password": canary})
        assert result["failed"]
        assert result["stage"] == "connect"
        assert "login_user" in result["msg"]
        for text in (canary, json.dumps(canary)[1:-1], "c4nary"):
            assert text not in json.dumps(result)


def test_a_server_that_is_not_there(desk: Desk) -> None:
    result = desk.info(login_port=1, connect_timeout=3)
    assert result["failed"]
    assert (result["stage"], result["changed"]) == ("connect", False)
    assert "127.0.0.1:1" in result["msg"]


def test_identities(desk: Desk, tmp_path: Path) -> None:
    succeeded(desk.backup())
    for key in ({"identity": None}, {"identity": STRANGER}):
        for result in (desk.restore({"target": "copy", **key}), desk.verify(**key)):
            assert result["failed"]
            assert RECIPIENT in result["msg"]
            assert STRANGER not in json.dumps(result)
    assert STRANGERS_RECIPIENT in desk.restore({"target": "copy", "identity": STRANGER})["msg"]
    path = tmp_path / "identity"
    path.write_text(f"# created: today\n# public key: {RECIPIENT}\n{IDENTITY}\n", encoding="utf-8")
    path.chmod(0o644)
    by_file = {**desk.login, "store": str(desk.store), "host": "db1", "database": "shop", "target": "copy"}
    by_file["identity_file"] = str(path)
    refused = desk.call("db_restore", by_file)
    assert refused["failed"]
    assert "chmod 0600" in refused["msg"]
    both = desk.restore({"identity_file": str(path)})
    assert both["failed"]
    assert "mutually exclusive" in both["msg"]
    path.chmod(0o600)
    assert desk.server.databases() == ["shop"]
    assert succeeded(desk.call("db_restore", by_file))["rows"] == 7


def test_an_existing_target_is_refused_before_anything(desk: Desk) -> None:
    succeeded(desk.backup())
    before = support.fingerprint(desk.server, "shop")
    result = desk.restore()
    assert result["failed"]
    assert (result["stage"], result["changed"]) == ("preflight", False)
    assert "if_exists=replace" in result["msg"]
    support.assert_same(before, support.fingerprint(desk.server, "shop"))
    kept = succeeded(desk.restore({"if_exists": "replace", "keep_previous": True}))
    assert kept["previous"] in desk.server.databases()
    support.assert_same(before, support.fingerprint(desk.server, kept["previous"]))


def test_a_backup_that_is_not_there(desk: Desk) -> None:
    succeeded(desk.backup({"globals": False}))
    there = desk.listing()["backups"][0]["id"]
    result = desk.restore({"target": "copy", "backup": "20200101T000000Z-000000"})
    assert result["failed"]
    assert there in result["msg"]
    result = desk.restore({"database": "nosuch"})
    assert result["failed"]
    assert result["msg"].endswith("db1/main has no database 'nosuch'; it has: shop.")
    assert "The store has no host 'db2'; it has: db1." in desk.restore({"host": "db2"})["msg"]
    assert "db1 has no instance 'second'; it has: main." in desk.restore({"instance": "second"})["msg"]
    early = desk.restore({"target": "copy", "before": "2020-01-01"})["msg"]
    assert f"The oldest of 1 is {there}" in early
    result = desk.restore({"database": "@globals"})
    assert result["failed"]
    assert "globals=true" in result["msg"]


def test_through_ansible(desk: Desk) -> None:
    """Packaged, sent and started by ansible itself; no secret is printed, however verbose."""
    there = {"store": str(desk.store), "host": "db1"}
    tasks = [
        ("db_info", desk.login),
        ("db_backup", {**desk.login, **there, "recipients": [RECIPIENT]}),
        ("backup_info", there),
        ("backup_verify", {**there, "identity": IDENTITY}),
        ("db_restore", {**desk.login, **there, "database": "shop", "target": "copy", "identity": IDENTITY}),
        ("db_restore", {**desk.login, **there, "database": "shop", "target": "copy", "identity": STRANGER}),
    ]
    results, printed = run_play(tasks, path_prefix=desk.server.tool_path, verbosity=4, diff=True)
    assert [result.get("failed", False) for result in results] == [False] * 5 + [True]
    assert [result["changed"] for result in results] == [False, True, False, False, True, False]
    assert results[4]["rows"] == 7
    assert "+restored from" in printed
    for secret in (desk.server.password, IDENTITY, STRANGER):
        for text in (secret, json.dumps(secret)[1:-1]):
            assert text not in printed
            assert text not in json.dumps(results)
