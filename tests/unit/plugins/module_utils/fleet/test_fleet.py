# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles make of variables, and of what tasks registered."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._fleet.digest import NOTHING, SILENT, digest
from ansible_collections.vya.backupdb.plugins.module_utils._fleet.instances import resolve
from ansible_collections.vya.backupdb.plugins.module_utils._fleet.packages import libraries, tools
from ansible_collections.vya.backupdb.plugins.module_utils._fleet.showing import complaint, masked
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._notify.reading import read
from ansible_collections.vya.backupdb.plugins.module_utils._run.context import fit

PG = {"engine": "postgresql"}


def item(label, **result):
    return {"_label": label, "ansible_loop_var": "_label", **result}


def one(**registered):
    (entry,) = digest(["db1"], {"db1": registered}, ["first", "second"])
    return entry


def test_options_of_the_instance_come_first():
    (found,) = resolve(
        [{**PG, "recipients": ["own"], "store": None}],
        "db1",
        defaults={"recipients": ["default"], "compression": "xz", "store": "/default"},
        recipients=["common"],
        store="",
        journal="/var/log/j",
    )
    assert found["recipients"] == ["own"]
    assert (found["store"], found["compression"], found["journal"]) == ("/default", "xz", "/var/log/j")
    assert (found["host"], found["instance"]) == ("db1", "main")


def test_a_local_host_is_called_what_it_calls_itself():
    (found,) = resolve([PG], "localhost")
    assert "host" not in found
    assert found["store"] == "/var/backups/backupdb"


def test_an_own_policy_is_no_mixture():
    policy = {"keep_daily": 7, "keep_weekly": 5, "keep_within": ""}
    mine, usual = resolve([{**PG, "keep_last": 3}, {**PG, "instance": "b"}], "db1", retention=policy)
    assert {key: mine[key] for key in mine if key.startswith("keep_")} == {"keep_last": 3}
    assert (usual["keep_daily"], usual["keep_weekly"]) == (7, 5)


def test_servers_are_found_by_their_sockets():
    files = [
        {"path": "/run/postgresql/.s.PGSQL.5432", "pw_name": "postgres"},
        {"path": "/run/mysqld/mysqld.sock", "pw_name": "mysql"},
    ]
    mysql, postgresql = resolve([], "db1", found={"files": files})
    assert (mysql["engine"], mysql["instance"], mysql["become_user"]) == ("mysql", "mysql", "root")
    assert (postgresql["login_user"], postgresql["store"]) == ("postgres", "~/backupdb")
    (alone,) = resolve([], "db1", found={"files": files[:1]}, store="/mnt/b")
    assert (alone["instance"], alone["store"]) == ("postgresql", "/mnt/b")
    assert resolve([], "db1", found={"skipped": True}) == []


@pytest.mark.parametrize("unit", ["mariadb", "mysql", "mysqld"])
def test_a_server_without_a_socket_is_missed(unit):
    """systemd starts it with the host, so it is down, and no host without it."""
    folder = "/etc/systemd/system/multi-user.target.wants"
    files = [
        {"path": "/run/postgresql/.s.PGSQL.5432", "pw_name": "pgowner"},
        {"path": f"{folder}/postgresql.service", "pw_name": "root"},
        {"path": f"{folder}/{unit}.service", "pw_name": "root"},
    ]
    mysql, postgresql = resolve([], "db1", found={"files": files})
    assert (mysql["instance"], mysql["login_unix_socket"]) == ("mysql", "/run/mysqld/mysqld.sock")
    assert (postgresql["instance"], postgresql["become_user"]) == ("postgresql", "pgowner")
    (down,) = resolve([], "db1", found={"files": files[1:2]}, optional=False)
    assert (down["instance"], down["become_user"]) == ("postgresql", "postgres")


def test_an_option_of_restores_is_no_policy():
    with pytest.raises(ConfigError, match="no option of an instance: keep_previous, no_owner"):
        resolve([{**PG, "keep_previous": True, "no_owner": True}], "db1")


@pytest.mark.parametrize("found", [{"failed": True}, {"unreachable": True}])
def test_a_host_that_could_not_be_searched_is_never_one_without_servers(found):
    with pytest.raises(ConfigError, match="could not be looked for"):
        resolve([], "db1", found=found, optional=True)
    assert len(resolve([PG], "db1", found=found)) == 1


@pytest.mark.parametrize(("optional", "fails"), [(False, True), ("false", True), (True, False), ("true", False)])
def test_a_host_without_servers_may_be_one_whose_server_is_down(optional, fails):
    if fails:
        with pytest.raises(ConfigError, match="backupdb_instances_optional"):
            resolve([], "db1", found={"files": []}, optional=optional)
    else:
        assert resolve([], "db1", found={"files": []}, optional=optional) == []


@pytest.mark.parametrize("bad", ["failed", "unreachable"])
def test_a_search_that_failed_is_told_and_one_that_went_well_is_no_work(bad):
    done = {"skipped": True, "results": []}
    (entry,) = digest(["db1"], {"db1": {"x_found": {bad: True, "msg": "gone"}, "x": done}}, ["x_found", "x"])
    assert (entry["state"], entry["msg"]) == (bad, "gone")
    (entry,) = digest(["db1"], {"db1": {"x_found": {"files": []}}}, ["x_found", "x"])
    assert (entry["state"], entry["msg"]) == ("failed", SILENT)


@pytest.mark.parametrize(
    ("instances", "words"),
    [
        ([{"login_password": "c4nary"}], "has no engine"),
        ([{"engine": "c4nary"}], "unknown engine"),
        ([{**PG, "login_pasword": "c4nary"}], "login_pasword"),
        ([{**PG, "login_password": "c4nary"}, PG], "label main"),
        ([{**PG, "become_user": "a"}, {**PG, "instance": "b", "become_user": "c"}], "become_user"),
        ([PG, "c4nary"], "is no dict"),
        ("c4nary", "is no list"),
    ],
)
def test_what_cannot_be_is_told_without_values(instances, words):
    with pytest.raises(ConfigError, match=words) as caught:
        resolve(instances, "db1", store="/mnt/b")
    assert "c4nary" not in str(caught.value)


def test_only_what_went_well_before_is_answered():
    two = [{**PG, "instance": "a"}, {**PG, "instance": "b"}]
    for bad in ({"failed": True}, {"unreachable": True}, {"skipped": True}):
        after = {"results": [item("a", changed=True), item("b", **bad)]}
        assert [found["instance"] for found in resolve(two, "db1", after=after)] == ["a"]
    assert resolve(two, "db1", after={"failed": True, "msg": "no"}) == []


def test_a_host_that_went_well():
    backup = {"database": "shop", "engine": {"flavour": "mariadb"}, "place": "left out"}
    entry = one(
        first={"results": [item("main", backups=[backup], failures=[], changed=True)]},
        second={"results": [item("main", removed=[{"id": "1", "size": 5}], freed=5)]},
    )
    (instance,) = entry["instances"]
    assert (entry["state"], instance["engine"], instance["freed"]) == ("ok", "mariadb", 5)
    assert instance["backups"] == [{"database": "shop", "engine": {"flavour": "mariadb"}}]
    assert complaint(entry) == ""


def test_what_a_long_result_leaves_out_is_counted():
    backups = [
        {"database": f"customer_{number:03}", "kind": "database", "size": 1000, "plain_size": 5000, "note": "x" * 400}
        for number in range(300)
    ]
    totals = {"databases": 300, "size": 300_000, "plain_size": 1_500_000}
    result = fit({"backups": backups, "failures": [], "totals": totals}, ("backups", "failures"))
    assert len(result["backups"]) < 250
    long = item("main", **result, changed=True)
    short = item("second", backups=backups[:2], failures=[], totals={"databases": 2}, changed=True)
    told = read([one(first={"results": [long, short]})], title="x", finished=utc_now(), redact=str)
    assert (told.databases, told.size, told.plain_size) == (302, 302_000, 1_510_000)
    assert not told.failed
    (remark,) = told.remarks
    assert remark.text.startswith(f"The result was too long to hold all: {300 - len(result['backups'])} backups are")


def test_drills_that_a_long_result_leaves_out_are_counted():
    drills = [{"database": f"d{number}", "passed": True} for number in range(3)]
    long = item("main", drills=drills, totals={"drills": 400, "passed": 399}, left_out={"drills": 397}, changed=True)
    told = read([one(first={"results": [long]})], title="x", finished=utc_now(), redact=str)
    assert told.drilled == (399, 400)


def test_a_drill_alone_is_no_backup():
    entry = one(first={"results": [item("main", drills=[{"database": "shop", "passed": True}])]})
    assert "backups" not in entry["instances"][0]


def test_a_drill_that_differs_is_told_once():
    drill = {"database": "shop", "id": "1", "passed": False, "mismatches": ["rows of orders: 3, not 4"]}
    failure = {"database": "shop", "id": "1", "stage": "verify", "msg": "It differs."}
    entry = one(first={"results": [item("main", failed=True, msg="x", drills=[drill], failures=[failure])]})
    assert (entry["state"], entry["instances"][0]["failures"]) == ("failed", [])
    assert complaint(entry) == "main/shop: rows of orders: 3, not 4"


@pytest.mark.parametrize(
    ("registered", "state", "msg"),
    [
        ({}, "failed", SILENT),
        ({"first": {"skipped": True, "results": []}}, "skipped", NOTHING),
        ({"first": {"unreachable": True, "msg": "Task failed: gone"}}, "unreachable", "gone"),
        ({"first": {"results": [item("main", unreachable=True, msg="gone")]}}, "unreachable", "gone"),
        ({"first": {"failed": True, "msg": "bad", "results": [item("main", skipped=True)]}}, "failed", "bad"),
        ({"first": {"failed": True, "msg": "The filter plugin 'a.b.c' failed: bad"}}, "failed", "bad"),
        (
            {
                "first": {
                    "failed": True,
                    "msg": "An unhandled exception occurred while templating '{{ a | b('c') }}'. Error was a"
                    " <class 'ansible.errors.AnsibleFilterError'>, original message: bad",
                }
            },
            "failed",
            "bad",
        ),
        ({"first": {"results": [item("main", failed=True, msg="bad")]}}, "failed", ""),
    ],
)
def test_hosts_that_did_not_go_well(registered, state, msg):
    entry = one(**registered)
    assert (entry["state"], entry["msg"]) == (state, msg)
    assert complaint(entry) == (msg or "main/*: bad")


def test_who_refused_to_start_a_module_is_told():
    crashed = item(
        "main", failed=True, msg="No start of json char found", module_stderr="x\nsudo: a password is required\n"
    )
    (failure,) = one(first={"results": [crashed]})["instances"][0]["failures"]
    assert failure["msg"] == "No start of json char found sudo: a password is required"


def test_secrets_are_masked_at_any_depth():
    assert masked(["--set-password=a", "-u=b"]) == ["--set-password=********", "-u=b"]
    shown = masked([{"login_password": "a", "identity_file": "/k", "more": {"webhook_secret": "b", "identity": ""}}])
    assert shown == [
        {"login_password": "********", "identity_file": "/k", "more": {"webhook_secret": "********", "identity": ""}}
    ]


def test_packages_that_are_missing():
    names = {
        "common": ["c"],
        "postgresql": ["p"],
        "compression": {"zstd": "zstd"},
        "tools": {"postgresql": "client-{series}"},
    }
    assert libraries([PG, {**PG, "compression": "none"}], names) == ["c", "p", "zstd"]
    server = {"engine": "postgresql", "flavour": "postgresql", "series": "15"}
    found = {"results": [{"server": server, "tools": {}}, {"failed": True}]}
    assert tools(found, names) == ["client-15"]
    assert tools({"results": [{"server": server, "tools": {"pg_dump": {}}}]}, names) == []
