# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""db_backup's result, from an outcome."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError, ToolError
from ansible_collections.vya.backupdb.plugins.module_utils._run.backup import Outcome
from ansible_collections.vya.backupdb.plugins.module_utils._run.backup_entry import outcome_answer
from ansible_collections.vya.backupdb.plugins.module_utils._run.summary import summary
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import MANIFEST, changed

GLOBALS = summary(changed(database="@globals", kind="globals"))
SHOP = summary(changed(database="shop", warnings=("no index",)))
CRM = summary(changed(database="crm", warnings=("no index",)))


def outcome(*done: dict[str, t.Any], failed: tuple[str, ...] = ()) -> Outcome:
    """What was done, and databases that failed."""
    made = Outcome(done=list(done))
    for name in failed:
        made.failed(name, ToolError("pg_dump failed.", stage="dump", rc=1))
    return made


def test_all_well() -> None:
    answer = outcome_answer(outcome(GLOBALS, SHOP, CRM), 2.0)
    size = MANIFEST.size * 3
    assert answer.changed
    assert answer.failed == ""
    assert answer.result["msg"].startswith("2 databases and the globals backed up: ")
    assert answer.result["totals"]["databases"] == 2
    assert (answer.result["totals"]["size"], answer.result["totals"]["seconds"]) == (size, 2.0)
    assert answer.result["totals"]["throughput_human"] == f"{size // 2} B/s"
    assert answer.result["failures"] == []
    assert answer.warnings == ["@globals: something odd", "shop: no index", "crm: no index"]


def test_nothing_to_do() -> None:
    answer = outcome_answer(outcome(), 0.1)
    assert (answer.changed, answer.failed) == (False, "")
    assert answer.result["msg"] == "There was nothing to back up."


@pytest.mark.parametrize(
    ("made", "head"),
    [
        (outcome(GLOBALS, SHOP, CRM, failed=("erp",)), "1 of 3 databases failed: erp (dump): pg_dump failed."),
        (outcome(SHOP, failed=("@globals",)), "the globals failed: @globals (dump): pg_dump failed."),
        (outcome(SHOP, failed=("@globals", "erp")), "1 of 2 databases and the globals failed: @globals (dump): "),
    ],
)
def test_a_failure_names_what_failed_and_keeps_the_rest(made: Outcome, head: str) -> None:
    answer = outcome_answer(made, 1.0)
    assert answer.failed.startswith(head)
    assert answer.changed
    assert answer.result["backups"] == made.done
    assert answer.result["failures"][0]["rc"] == 1
    assert "msg" not in answer.result


def test_only_failures_change_nothing() -> None:
    made = Outcome()
    made.failed("shpo", ConfigError("The database 'shpo' does not exist.", hint="The server has: shop."))
    answer = outcome_answer(made, 1.0)
    assert not answer.changed
    assert answer.failed == (
        "1 of 1 databases failed: shpo (preflight): The database 'shpo' does not exist. The server has: shop."
    )


def test_many_failures_are_told_in_a_few_words() -> None:
    answer = outcome_answer(outcome(failed=tuple(f"db{n}" for n in range(50))), 1.0)
    assert answer.failed.count("pg_dump failed") == 3
    assert answer.failed.endswith("and 47 more, see failures")
    assert len(answer.result["failures"]) == 50
