# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools that die, in whatever way: no backup, the one before it untouched, and an error that says what happened."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run.backup import Backup, BackupOptions
from ansible_collections.vya.backupdb.plugins.module_utils._store import local
from support.faults import IDENTITY, RECIPIENT, Site, wait_until
from support.small import load_small, state

# Text of some megabytes, so that a tool can die in the middle of it.
ROWS = 12_000


@pytest.fixture(scope="module", params=["pg15", "mariadb"])
def server(request: pytest.FixtureRequest) -> Iterator[support.Server]:
    """Each server in turn, with `shop` of some megabytes and `zoo`, which no fault is meant for."""
    found: support.Server = request.getfixturevalue(request.param)
    for name in found.databases():
        found.drop_database(name)
    support.load_bulk(found, "shop", rows=ROWS, payload=300)
    load_small(found, "zoo")
    yield found
    for name in found.databases():
        found.drop_database(name)


@pytest.fixture(scope="module")
def module_site(server: support.Server, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A store with one good backup of each."""
    site = Site(server, tmp_path_factory.mktemp("tools"))
    assert not site.backup()["failed"]
    assert len(site.ids()) == 2
    return site


@pytest.fixture
def site(module_site: Site) -> Iterator[Site]:
    """The same for every test: what a fault left would be seen by the next."""
    yield module_site
    module_site.mend()


def only_shop(fault: str) -> str:
    """Shell for a tool that works for every database but `shop`."""
    return f'case "$*" in *shop*) ;; *) real "$@"; exit;; esac\n{fault}'


def assert_failed(site: Site, result: dict[str, Any], before: dict[str, Any], *told: str) -> dict[str, Any]:
    """`shop` failed and nothing of it is there; `zoo` went well; what was there before is as it was."""
    assert result["failed"]
    assert [item["database"] for item in result["failures"]] == ["shop"]
    assert [item["database"] for item in result["backups"]] == ["zoo"]
    after = site.files()
    assert {name: info for name, info in after.items() if name in before} == before
    assert {name.split("/")[2] for name in after.keys() - before.keys()} == {"zoo"}
    assert site.incomplete() == ()
    assert len(list((site.store / "h" / "main" / "shop").iterdir())) == 1
    site.assert_no_leftovers()
    failure: dict[str, Any] = result["failures"][0]
    for text in told:
        assert text in failure["msg"]
        assert text in result["msg"]
    return failure


DUMP_FAULTS = {
    "at once": ('echo "${0##*/}: Cannot find table 42" >&2; exit 1', 1),
    "after 1 MB": ('real "$@" | head -c 1048576; echo "${0##*/}: Cannot find table 42" >&2; exit 1', 1),
    "after all bytes": ('real "$@"; echo "${0##*/}: Cannot find table 42" >&2; exit 3', 3),
    "killed": ('real "$@" | head -c 1000000; echo "${0##*/}: Cannot find table 42" >&2; kill -KILL $$', -9),
    "segmentation fault": ('real "$@"; echo "${0##*/}: Cannot find table 42" >&2; kill -SEGV $$', -11),
    "stdout closed early": ('echo "${0##*/}: Cannot find table 42" >&2; exec 1>&-; sleep 0.2; exit 7', 7),
}


@pytest.mark.parametrize("fault", list(DUMP_FAULTS))
def test_a_dump_tool_that_dies(site: Site, fault: str) -> None:
    body, rc = DUMP_FAULTS[fault]
    before = site.files()
    site.fake(site.dump_tool, only_shop(body))
    failure = assert_failed(site, site.backup(), before, site.dump_tool, "Cannot find table 42")
    assert (failure["stage"], failure["rc"]) == ("dump", rc)


@pytest.mark.parametrize("fault", ["cut", "nothing", "trailer in the middle"])
def test_a_dump_without_its_trailer(mariadb: support.Server, tmp_path: Path, fault: str) -> None:
    """The tool says that all is well. mysqldump's last line tells that it is not."""
    load_small(mariadb, "cut off")
    site = Site(mariadb, tmp_path)
    try:
        assert not site.backup({"databases": ["cut off"]})["failed"]
        before = site.files()
        body = {
            "cut": 'real "$@" | head -n -1',
            "nothing": "exit 0",
            "trailer in the middle": 'real "$@"; head -c 600 /dev/zero',
        }[fault]
        site.fake(site.dump_tool, body)
        result = site.backup({"databases": ["cut off"]})
        assert [(item["stage"], "without its trailer" in item["msg"]) for item in result["failures"]] == [
            ("dump", True)
        ]
        assert site.files() == before
        assert site.prove() == site.ids()
    finally:
        mariadb.drop_database("cut off")


def test_globals_without_their_trailer(pg15: support.Server, tmp_path: Path) -> None:
    """pg_dumpall that ends too early with status 0."""
    site = Site(pg15, tmp_path)
    site.fake("pg_dumpall", 'real "$@" | head -n -4')
    result = site.backup({"globals": True, "databases": []})
    assert [(item["database"], "without its trailer" in item["msg"]) for item in result["failures"]] == [
        ("@globals", True)
    ]
    assert (site.ids(), site.incomplete()) == ([], ())


COMPRESSOR_FAULTS = {
    "at once": ('echo "zstd: no space" >&2; exit 1', 1),
    "after all bytes": ('real "$@"; echo "zstd: no space" >&2; exit 1', 1),
    "killed": ('head -c 500000 >/dev/null; echo "zstd: no space" >&2; kill -KILL $$', -9),
    # It stops reading, writes something valid and says that all is well.
    "stops reading": ('echo "zstd: no space" >&2; head -c 1000 | real "$@"', 0),
}


@pytest.mark.parametrize("fault", list(COMPRESSOR_FAULTS))
def test_a_compressor_that_dies(site: Site, fault: str) -> None:
    body, rc = COMPRESSOR_FAULTS[fault]
    before = site.files()
    site.fake("zstd", body)
    result = site.backup({"databases": ["shop"]})
    failure = result["failures"][0]
    assert (failure["stage"], failure["rc"]) == ("compress", rc)
    assert "zstd: no space" in failure["msg"]
    assert site.files() == before
    site.assert_no_leftovers()


def test_a_tool_that_hangs(site: Site) -> None:
    before = site.files()
    site.fake(site.dump_tool, "echo started; exec 1>&-; exec sleep 3000")
    result = site.backup({"databases": ["shop"], "timeout": 3})
    assert result["failed"]
    assert "the time limit of 3 s is over" in result["msg"]
    assert site.files() == before
    site.assert_no_leftovers()


def paused(site: Site) -> tuple[Path, Path]:
    """Make the dump of `shop` wait in its middle; (a file that shows that it waits, a file that lets it go on)."""
    reached, go_on = site.folder / "reached", site.folder / "go on"
    for path in (reached, go_on):
        path.unlink(missing_ok=True)
    wait = f'touch "{reached}"; while [ ! -e "{go_on}" ]; do sleep 0.02; done'
    site.fake(site.dump_tool, only_shop(f'real "$@" | {{ head -c 300000; {wait}; cat; }}'))
    return reached, go_on


SESSIONS = {
    "postgresql": {
        "the tool's": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE query LIKE 'COPY %' AND state = 'active'",
        "our own": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE state LIKE 'idle in transaction%' AND application_name = 'vya.backupdb'",
    },
    "mysql": {
        "the tool's": "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT /*!40001%'",
        "our own": "SELECT id FROM information_schema.processlist WHERE command = 'Sleep' AND db = 'shop'",
    },
}


@pytest.mark.parametrize("whose", ["the tool's", "our own"])
def test_a_session_that_the_server_ends(site: Site, whose: str) -> None:
    """pg_terminate_backend and KILL in the middle of the dump."""
    before = site.files()
    server = site.server
    reached, go_on = paused(site)
    # A unix socket holds little, so that the server is still sending when the tool waits.
    running = site.start("db_backup", {"login_host": None, **server.login_socket})
    wait_until(reached.exists, "the dump is in its middle")
    # Our own transaction idles when it has counted.
    found = wait_until(lambda: server.query(SESSIONS[server.engine][whose]), "the session is there")
    if server.engine == "mysql":
        for (number,) in found:
            server.query(f"KILL {number}")
    go_on.touch()
    failure = assert_failed(site, running.wait(), before)
    assert failure["stage"] == ("dump" if whose == "the tool's" else "snapshot")


def test_what_a_failed_dump_left_does_not_open(server: support.Server, tmp_path: Path) -> None:
    """Even where nothing can be removed: what is left of an encrypted part is not a file that age accepts."""
    site = Site(server, tmp_path)
    identity = tmp_path / "identity"
    identity.write_text(IDENTITY + "\n", encoding="utf-8")
    options = BackupOptions("h", "main", ("shop",), (), False, "none", None, (RECIPIENT,), 1, ())
    for body in (DUMP_FAULTS["after 1 MB"][0], DUMP_FAULTS["after all bytes"][0]):
        site.fake(site.dump_tool, body)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", f"{site.path_prefix}:{server.environ()['PATH']}")
            patch.setattr(local._LocalDraft, "discard", lambda _self: None)
            patch.setattr(local._LocalPart, "abort", lambda _self: None)
            run = Run()
            engine = site.engine(run)
            outcome = Backup(run, engine, options, log=lambda _text: None, verbose=False).execute(site.opened())
            engine.close()
        assert len(outcome.failures) == 1
    assert site.ids() == []
    left = [path for path in site.store.rglob(".tmp-*.age") if path.stat().st_size > 0]
    assert len(left) >= 1
    for path in left:
        done = subprocess.run(["age", "-d", "-i", str(identity), str(path)], capture_output=True, check=False)
        assert done.returncode != 0, path
    # The same part of a run that nothing happened to does open.
    site.mend()
    assert not site.backup({"databases": ["shop"]})["failed"]
    for path in site.store.rglob("*.age"):
        if ".tmp-" not in path.name:
            assert (
                subprocess.run(
                    ["age", "-d", "-i", str(identity), str(path)], capture_output=True, check=False
                ).returncode
                == 0
            )


LOAD_FAULTS = {
    "at once": 'echo "${0##*/}: error: injected" >&2; exit 1',
    "in the middle": 'head -c 1000000 | real "$@" >/dev/null 2>&1; echo "${0##*/}: error: injected" >&2; exit 1',
    "after all": 'real "$@"; echo "${0##*/}: error: injected" >&2; exit 1',
    "killed": 'head -c 1000000 >/dev/null; echo "${0##*/}: error: injected" >&2; kill -KILL $$',
    "loads nothing and says that all is well": "cat >/dev/null; exit 0",
    "loads a part and says that all is well": 'head -c 1500000 | real "$@" >/dev/null 2>&1; cat >/dev/null; exit 0',
}


@pytest.mark.parametrize("fault", list(LOAD_FAULTS))
def test_a_load_tool_that_dies(site: Site, fault: str) -> None:
    """pg_restore or the client: the target stays, and is not even half replaced."""
    server = site.server
    before = state(server, "shop")
    site.fake(site.load_tool, LOAD_FAULTS[fault])
    result = site.restore({"if_exists": "replace"})
    assert result["failed"]
    if "says that all is well" in fault:
        assert result["stage"] == "verify"
        assert "What was restored differs from the backup's manifest" in result["msg"]
    else:
        assert result["stage"] == "load"
        assert "injected" in result["msg"]
    support.assert_same(before, state(server, "shop"))
    assert server.databases() == ["shop", "zoo"]
    site.assert_no_leftovers()


def test_a_decompressor_that_dies(site: Site) -> None:
    before = state(site.server, "shop")
    site.fake("zstd", 'case "$*" in *-d*) real "$@"; echo "zstd: injected" >&2; exit 1;; *) real "$@";; esac')
    result = site.restore({"if_exists": "replace"})
    assert (result["failed"], result["stage"]) == (True, "decompress")
    assert "zstd: injected" in result["msg"]
    support.assert_same(before, state(site.server, "shop"))
    site.assert_no_leftovers()


def test_after_all_of_it_all_is_well(site: Site) -> None:
    """The good backups of the beginning still open, and a next run needs no help."""
    assert site.prove() == site.ids()
    assert not site.backup()["failed"]
    assert not site.restore({"target": "copy"})["failed"]
    support.assert_same(support.fingerprint(site.server, "shop"), support.fingerprint(site.server, "copy"))
    site.server.drop_database("copy")
    site.assert_no_leftovers()
