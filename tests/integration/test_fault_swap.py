# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The swap, statement by statement: refused, cancelled or killed there, the target is the old database or the new."""

from __future__ import annotations

import functools
import os
import signal
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, EngineError, InterruptedRun
from ansible_collections.vya.backupdb.plugins.module_utils._process import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run.restore import RestoreOptions, RestoreTask
from support.failpoints import STAGES, Failpoint, watched
from support.faults import IDENTITY, Site, wait_until
from support.small import go_on, load_small, state


class At(Failpoint):
    """Kills at the first statement that begins with a text."""

    def __init__(self, start: str) -> None:
        super().__init__(0, die)
        self._start = start

    def __call__(self, sql: str | bytes, stage: str) -> None:
        text = sql.decode("utf-8", "replace") if isinstance(sql, bytes) else sql
        if stage in STAGES and text.startswith(self._start):
            die(text)


def refuse(sql: str) -> None:
    raise EngineError(f"The server refused a statement: injected ({sql[:40]})", stage="swap")


def die(_sql: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module", params=["pg15", "mariadb"])
def server(request: pytest.FixtureRequest) -> Iterator[support.Server]:
    """Each server in turn, with nothing on it, its tools first on PATH."""
    found: support.Server = request.getfixturevalue(request.param)
    for name in found.databases():
        found.drop_database(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", found.environ()["PATH"])
        yield found


@pytest.fixture
def site(server: support.Server, tmp_path: Path) -> Iterator[Site]:
    """A backup of `shop` in its first state; on the server it is in its second."""
    load_small(server, "shop")
    found = Site(server, tmp_path)
    found.new = state(server, "shop")
    assert not found.backup({"compression": "none"})["failed"]
    go_on(server, "shop")
    found.old = state(server, "shop")
    yield found
    for name in server.databases():
        server.drop_database(name)


def restore(site: Site, run: Run, **changes: Any) -> dict[str, Any]:
    """db_restore over `shop`, in this process."""
    options: dict[str, Any] = {
        "host": "h", "instance": "main", "database": "shop", "backup": "latest", "before": None, "target": "shop",
        "replace": True, "keep_previous": False, "no_owner": False, "with_globals": False, "identities": IDENTITY,
        "verify": True, "jobs": 1,
    }  # fmt: skip
    engine = site.engine(run)
    try:
        task = RestoreTask(run, engine, site.opened(), RestoreOptions(**{**options, **changes}), lambda _text: None)
        return task.execute(check_mode=False)
    finally:
        engine.close()


def leftovers(site: Site) -> list[str]:
    return [name for name in site.server.databases() if name != "shop"]


def cleared(site: Site) -> bool:
    """Sweep as the next run does. The server may need a moment to see that a client, and its lock, is gone."""
    site.sweep()
    return not [name for name in leftovers(site) if "backupdb" in name]


def back_to_old(site: Site) -> None:
    if state(site.server, "shop") != site.old:
        go_on(site.server, "shop")
        support.assert_same(site.old, state(site.server, "shop"))


def points(site: Site, **changes: Any) -> list[int]:
    """Numbers of the statements to fail at: the first and the last of each run of statements that are alike."""
    failpoint = Failpoint(0, refuse)
    with watched(failpoint):
        restore(site, Run(), **changes)
    kinds = [" ".join(text.split()[:2]) for text in failpoint.seen]
    inner = [kinds[i - 1] == kinds[i] == kinds[i + 1] for i in range(1, len(kinds) - 1)]
    back_to_old(site)
    return [number for number, skip in enumerate([False, *inner, False], 1) if not skip]


def test_a_statement_that_is_refused(site: Site) -> None:
    """No rights, no space, a lock that does not come. The run undoes what it did, or does without."""
    failed, went_well = 0, 0
    for number in points(site):
        failpoint = Failpoint(number, refuse)
        with watched(failpoint):
            try:
                result = restore(site, Run())
            except EngineError as exc:
                failed += "injected" in str(exc)
                support.assert_same(site.old, state(site.server, "shop"))
                assert leftovers(site) == [], failpoint.seen[-1]
                continue
        went_well += 1
        support.assert_same(site.new, state(site.server, "shop"))
        told = [text for text in result["warnings"] if "Left behind" in text]
        assert bool(told) == bool(leftovers(site))
        assert cleared(site)
        back_to_old(site)
    assert failed >= (3 if site.server.engine == "postgresql" else 15)
    # A refused DROP of the old database does not make a restore fail that is in place.
    assert 1 <= went_well <= 4
    assert leftovers(site) == []


@pytest.mark.parametrize("keep", [False, True], ids=["replaced", "kept"])
def test_a_run_that_is_cancelled_at_every_step(site: Site, keep: bool) -> None:
    """SIGTERM or the time limit: nobody sweeps after it, it must clear up itself."""
    number = 0
    while True:
        number += 1
        cancelled = Cancelled(number)
        seen = cancelled.seen
        try:
            restore(site, cancelled.run, keep_previous=keep)
        except InterruptedRun:
            pass
        else:
            break
        now = state(site.server, "shop")
        # Old as long as it can be undone. Past that the restore is finished, and must say so.
        assert now == site.old, f"cancelled at {seen[-1]!r}: it said that it failed, and it did not"
        assert leftovers(site) == [], seen[-1]
    assert number > 7, seen
    support.assert_same(site.new, state(site.server, "shop"))
    # A restore that was cancelled when its target was in place has said what it left.
    wait_until(lambda: cleared(site), "swept")
    assert len(leftovers(site)) == keep


class Cancelled:
    """A run that is cancelled at its n-th step."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.seen: list[str] = []
        self.run = Run(observer=self._observe)

    def _observe(self, step: str) -> None:
        self.seen.append(step)
        if len(self.seen) == self.at:
            self.run.cancel("signal SIGTERM")


def forked(work: Callable[[], Any]) -> int:
    """Do it in a process of its own; how that ended (0, or minus the signal)."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_killed_at_every_statement(site: Site) -> None:
    ended = {"old": 0, "new": 0}
    for number in points(site):

        def work(at: int = number) -> None:
            with watched(Failpoint(at, die)):
                restore(site, Run())

        assert forked(work) == -signal.SIGKILL
        content = {f"content {key}": value for key, value in support.fingerprint(site.server, "shop").items()}
        which = [name for name in ended if content.items() <= getattr(site, name).items()]
        assert len(which) == 1, f"half of it at statement {number}"
        wait_until(lambda: cleared(site), "swept")
        assert leftovers(site) == []
        support.assert_same(getattr(site, which[0]), state(site.server, "shop"))
        ended[which[0]] += 1
        if which == ["new"]:
            go_on(site.server, "shop")
    assert ended["old"] >= (3 if site.server.engine == "postgresql" else 8)
    assert ended["new"] >= (1 if site.server.engine == "postgresql" else 8)


@pytest.mark.parametrize("keep", [False, True], ids=["replaced", "kept"])
def test_a_sweep_that_is_killed_too(site: Site, keep: bool) -> None:
    """Whatever a run left, and whatever became of those that wanted to mend it: the next one does."""
    deaths = {"ALTER DATABASE": "old"}
    if site.server.engine == "mysql":
        deaths = {"CALL ": "old", "ALTER DATABASE": "new", "DROP DATABASE IF EXISTS `shop_": "new"}
    for start, expected in deaths.items():

        def work(start: str = start) -> None:
            with watched(At(start)):
                restore(site, Run(), keep_previous=keep)

        def sweep(at: int) -> None:
            with watched(Failpoint(at, die)):
                site.sweep()

        assert forked(work) == -signal.SIGKILL, start
        number = 1
        while (status := forked(functools.partial(sweep, number))) != 0:
            assert status == -signal.SIGKILL
            number += 1
        wait_until(lambda: cleared(site), "swept")
        support.assert_same(getattr(site, expected), state(site.server, "shop"))
        previous = leftovers(site)
        assert len(previous) == (keep and expected == "new")
        for name in previous:
            kept = {key: value for key, value in state(site.server, name).items() if " event " not in key}
            support.assert_same({key: site.old[key] for key in site.old if " event " not in key}, kept)
            site.server.drop_database(name)
        back_to_old(site)


EMPTY = {
    "nothing": ("", ""),
    "no tables": ("CREATE VIEW one AS SELECT 1 AS i", "CREATE TABLE t (i INTEGER); INSERT INTO t VALUES (1)"),
    "now without tables": (
        "CREATE TABLE t (i INTEGER); INSERT INTO t VALUES (1)",
        "DROP TABLE t; CREATE VIEW v AS SELECT 2 AS i",
    ),
}
CASES = [
    ("nothing", "shop"),
    ("no tables", "shop"),
    ("now without tables", "shop"),
    ("nothing", "other"),
    ("no tables", "other"),
]


@pytest.mark.parametrize(("case", "target"), CASES)
def test_databases_without_tables(mariadb: support.Server, tmp_path: Path, case: str, target: str) -> None:
    """Tables cannot tell here whether the old database is in place or the new one."""
    server = mariadb
    first, later = EMPTY[case]
    server.create_database("shop")
    server.execute_script(first.encode(), "shop")
    site = Site(server, tmp_path)
    site.new = state(server, "shop")
    assert not site.backup({"compression": "none"})["failed"]
    server.execute_script(later.encode(), "shop")
    site.old = state(server, "shop")
    number = 0
    try:
        while True:
            number += 1

            def work(at: int = number) -> None:
                with watched(Failpoint(at, die)):
                    restore(site, Run(), target=target)

            if (status := forked(work)) == 0:
                break
            assert status == -signal.SIGKILL
            wait_until(lambda: cleared(site), "swept")
            if target == "shop":
                now = state(server, "shop")
                assert now in (site.old, site.new)
                if now != site.old:
                    server.execute_script(later.encode(), "shop")
            elif "other" in server.databases():
                assert state(server, "other") == site.new
                server.drop_database("other")
        assert number > 4
        assert state(server, target) == site.new
        assert [name for name in server.databases() if "backupdb" in name] == []
    finally:
        for name in server.databases():
            server.drop_database(name)


def test_two_restores_into_one_target(site: Site) -> None:
    """The second is refused while the first is at work; another target is not."""
    errors: list[BackupError] = []

    def meanwhile(step: str) -> None:
        if step == "verify":
            with pytest.raises(BackupError) as caught:
                restore(site, Run())
            errors.append(caught.value)
            restore(site, Run(), target="other")

    restore(site, Run(observer=meanwhile))
    assert [error.stage for error in errors] == ["lock"]
    assert "Another restore into 'shop'" in str(errors[0])
    support.assert_same(site.new, state(site.server, "shop"))
    support.assert_same(site.new, state(site.server, "other"))
