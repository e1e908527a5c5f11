# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a digest says of a run: who failed, where, why; and that no run is taken for a good one that was none."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._notify import wording
from ansible_collections.vya.backupdb.plugins.module_utils._notify.payload import payload
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.notify.runs import (
    FINISHED,
    MIB,
    backup,
    digest,
    host,
)

FAILURE = {"database": "crm", "stage": "dump", "msg": "pg_dump failed."}


def test_totals():
    found = digest(host("b", "shop", "@globals", removed=[{"id": "x"}], freed=7), host("a", "crm", "wiki"))
    assert not found.failed
    assert [item.name for item in found.hosts] == ["a", "b"]
    assert (found.databases, found.items, found.size, found.plain_size) == (3, 4, 4 * MIB, 16 * MIB)
    assert (found.removed, found.freed, found.seconds) == (1, 7, 845.0)
    assert found.headline == "3 databases on 2 hosts backed up"
    assert wording.subject(found) == "Nightly OK: 2 hosts, 3 databases, 4.0 MiB"
    assert wording.when(found) == "2026-11-22 02:00 to 02:14 UTC, 14 min 05 s"


def test_a_failure_makes_its_host_a_failed_one():
    found = digest(host("a", "shop", failures=[FAILURE]), host("b", "shop"))
    assert found.failed
    assert found.failed_hosts == ("a",)
    (problem,) = found.problems
    assert (problem.places, problem.stage, problem.why) == (("a / crm",), "dump", "pg_dump failed.")
    assert "run the backup" in problem.advice
    assert wording.subject(found) == "Nightly FAILED: a (1 of 2 hosts)"


def test_hosts_that_were_not_reached():
    found = digest(host("a", "shop"), *({"host": f"h{n}", "state": "unreachable", "msg": "No route"} for n in range(5)))
    (problem,) = found.problems
    assert problem.places == ("h0", "h1", "h2", "h3", "h4")
    assert (problem.stage, problem.why) == ("unreachable", "No route")
    assert wording.subject(found) == "Nightly FAILED: h0, h1, h2 and 2 more (5 of 6 hosts)"
    assert found.again == "-l h0,h1,h2,h3,h4"


def test_names_that_are_commands_are_not_offered_for_a_shell():
    assert digest({"host": "a;reboot", "state": "failed"}).again == ""
    assert digest({"host": "-rf", "state": "failed"}).again == ""
    assert digest({"host": "a\nb", "state": "failed"}).again == ""


def test_what_a_module_told_is_not_told_twice():
    told = "1 of 2 databases failed: crm (dump): pg_dump failed."
    assert len(digest(host("a", state="failed", msg=told, failures=[FAILURE])).problems) == 1
    other = digest(host("a", state="failed", msg="The disk is gone.", failures=[FAILURE]))
    assert [problem.why for problem in other.problems] == ["pg_dump failed.", "The disk is gone."]


def test_a_failure_without_a_reason_is_one():
    for source in ({"host": "a", "state": "failed"}, {"host": "a"}, {"host": "a", "state": "odd"}):
        assert digest(source).failed
    assert "'odd'" in digest({"host": "a", "state": "odd"}).problems[0].why


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [{"host": "a", "state": "skipped"}, {"host": "b", "state": "skipped"}],
        [host("a"), host("b")],
    ],
)
def test_nothing_is_a_failure(hosts):
    found = digest(*hosts)
    assert found.failed
    assert found.headline == "Nothing was backed up"
    assert wording.subject(found) == "Nightly FAILED: nothing was backed up"


def test_a_host_without_backups_is_remarked():
    found = digest(host("a", "shop"), host("b"))
    assert not found.failed
    assert [(remark.places, remark.text[:18]) for remark in found.remarks] == [(("b",), "No backup was made")]


def test_a_run_that_was_no_backup_may_have_none():
    found = digest({"host": "a", "state": "ok", "instances": [{"instance": "main", "removed": []}]})
    assert not found.failed
    assert found.headline == "1 host without failures"


def test_drills():
    good = {"database": "shop", "id": "20261121T231500Z-7f3a9c", "passed": True, "seconds": 12.5, "rows": 9}
    bad = {**good, "database": "crm", "passed": False, "mismatches": [{"table": "t", "rows": 1}, *["x"] * 9]}
    instance = {"instance": "main", "drills": [good]}
    assert digest({"host": "a", "state": "ok", "instances": [instance]}).headline == "1 drill on 1 host passed"
    found = digest({"host": "a", "state": "ok", "instances": [{"instance": "main", "drills": [good, bad]}]})
    (problem,) = found.problems
    assert (problem.places, problem.stage) == (("a / crm",), "drill")
    assert problem.why.splitlines()[1] == "table: t, rows: 1"
    assert problem.why.splitlines()[-1] == "and 5 more"
    untried = {**good, "passed": None}  # check mode
    assert digest(
        {"host": "a", "state": "ok", "instances": [{"instance": "main", "drills": [good, untried]}]}
    ) == digest({"host": "a", "state": "ok", "instances": [instance]})


def test_instances_are_named_where_there_are_several():
    two = [{"instance": name, "backups": [backup("shop")], "failures": [FAILURE]} for name in ("main", "shop")]
    found = digest({"host": "a", "state": "failed", "instances": two})
    assert found.problems[0].places == ("a / main / crm", "a / shop / crm")
    assert [item.label for item in found.hosts[0].items] == ["main / shop", "shop / shop"]


def test_equal_warnings_are_one():
    text = "MyISAM tables are not part of the snapshot."
    found = digest(*(host(name, warnings=[text, None, ""], backups=[backup("s", warnings=[text])]) for name in "ab"))
    assert [(remark.text, remark.places) for remark in found.remarks] == [(text, ("a / s", "a", "b / s", "b"))]
    assert wording.subject(found).endswith(", 1 warning")


@pytest.mark.parametrize("odd", [None, 1, "text", [1], [None], {"a": 1}, [[]], float("nan"), "\ud800"])
def test_odd_values_are_passed_over(odd):
    """A notice must come, whatever a playbook made of its input."""
    keys = ("instance", "backups", "failures", "removed", "freed", "drills", "warnings")
    items = ("database", "kind", "size", "plain_size", "seconds", "warnings", "stage", "msg", "mismatches", "passed")
    sources = [{"host": odd}, {"host": "a", "state": odd, "msg": odd}, {"host": "b", "state": "ok", "instances": odd}]
    sources += [{"host": "c", "state": "ok", "instances": [{key: odd}]} for key in keys]
    sources += [{"host": "d", "state": "ok", "instances": [{k: [{item: odd}]}]} for k in keys for item in items]
    found = digest(*sources)
    assert len(found.hosts) == len(sources)
    assert payload(found)["finished"] == "2026-11-22T02:14:05Z"
    assert all(len(item.name) < 300 for item in found.hosts)


def test_a_run_over_midnight_and_one_without_a_start():
    before = FINISHED.replace(day=21)
    assert wording.when(digest(host("a", "s"), started=before)).startswith("2026-11-21 02:14 to 2026-11-22 02:14 UTC")
    assert wording.when(digest(host("a", "s"), started=None)) == "2026-11-22 02:14 UTC"


def test_the_redaction_reaches_everything():
    word = "canary"
    source = host(word, word, state="failed", msg=word, failures=[{"database": word, "stage": word, "msg": word}])
    source["instances"][0] |= {"instance": word, "warnings": [word], "drills": [{"database": word, "id": word}]}
    found = digest(source, title=word, redact=lambda text: text.replace(word, "****"))
    assert word not in repr(found)
    assert repr(found).count("****") > 8
