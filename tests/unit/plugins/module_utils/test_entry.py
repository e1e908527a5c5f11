# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to a run and back to a result: a real AnsibleModule, in this process."""

from __future__ import annotations

import itertools
import json
import os
import signal
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    BackupError,
    ConfigError,
    StoreError,
    ToolError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Command, Discard, Pipeline, StreamSource
from ansible_collections.vya.backupdb.plugins.module_utils._run.backup import Outcome
from ansible_collections.vya.backupdb.plugins.module_utils._run.backup_entry import outcome_answer
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import Answer, Job, PartlyDone
from ansible_collections.vya.backupdb.plugins.module_utils._run.summary import summary
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.calling import Caller, Work
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import changed

PASSWORD = "s3cret-pa55"
KEY = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Caller:
    spec = argspec.merged(
        argspec.connection(),
        argspec.store(),
        argspec.selection(),
        argspec.identity(),
        argspec.timeout(),
        argspec.limit(),
        argspec.restore(),
    )
    params = {"engine": "postgresql", "store": "/nowhere", "database": "shop", "login_password": PASSWORD}
    return Caller(monkeypatch, capsys, spec, **params)


def texts(warnings: list[t.Any]) -> list[str]:
    """Newer ansible-core makes an object of each warning."""
    return [item if isinstance(item, str) else item["event"]["msg"] for item in warnings]


def raising(exc: BaseException) -> Work:
    def work(_job: Job) -> Answer:
        raise exc

    return work


def test_an_answer_becomes_the_result(call: Caller) -> None:
    result = call(lambda _job: Answer({"backups": [1]}, changed=True))
    assert (result["changed"], result["backups"], result.get("failed", False)) == (True, [1], False)


def test_an_error_tells_stage_and_exit_status(call: Caller) -> None:
    result = call(raising(ToolError("pg_dump failed.", stage="dump", rc=3, stderr="no", hint="Do this.")))
    assert result["failed"] is True
    assert result["changed"] is False
    assert (result["stage"], result["rc"]) == ("dump", 3)
    assert result["msg"] == "pg_dump failed. Exit status 3. It said: no. Do this."


def test_what_was_done_before_an_error_is_told(call: Caller) -> None:
    def work(_job: Job) -> Answer:
        error = BackupError("Stopped.", stage="interrupted")
        raise PartlyDone(Answer({"backups": ["one"]}, changed=True, failed=str(error))) from error

    result = call(work)
    assert (result["failed"], result["changed"], result["backups"]) == (True, True, ["one"])
    assert (result["stage"], result["msg"]) == ("interrupted", "Stopped.")


def test_a_failed_answer_keeps_its_result(call: Caller) -> None:
    result = call(lambda _job: Answer({"failures": [1]}, failed="1 of 2 failed"))
    assert (result["failed"], result["msg"], result["failures"]) == (True, "1 of 2 failed", [1])


@pytest.mark.parametrize("error", [BackupError, ValueError])
def test_no_secret_in_an_error(call: Caller, error: type[Exception]) -> None:
    text = call.text(raising(error(f"login {PASSWORD} and {KEY}")), identity=f"# mine\n{KEY}\n")
    assert PASSWORD not in text
    assert KEY not in text
    assert json.loads(text)["failed"] is True


def test_an_unexpected_error_shows_its_traceback(call: Caller) -> None:
    result = call(raising(ZeroDivisionError(f"by {PASSWORD}")))
    assert "An unexpected error in test_entry.py:" in result["msg"]
    assert "ZeroDivisionError: by ****" in result["msg"]
    # Newer ansible-core leaves the traceback out unless it is asked for.
    assert PASSWORD not in str(result)


@pytest.mark.parametrize("before", range(385, 401))
def test_no_part_of_a_secret_is_left_where_a_warning_is_cut(call: Caller, before: int) -> None:
    result = call(lambda _job: Answer({}, warnings=["w" * before + PASSWORD + "w" * 100]))
    assert PASSWORD[:2] not in str(texts(result["warnings"]))


def test_warnings_are_shown_once_and_not_without_end(call: Caller) -> None:
    given = [f"warning {n % 40} {'x' * 1000}" for n in range(1000)]
    result = call(lambda _job: Answer({}, warnings=given))
    warnings = texts(result["warnings"])
    assert len(warnings) == 16
    assert warnings[0].startswith("warning 0 ")
    assert warnings[-1].startswith("25 more warnings")
    assert len(json.dumps(warnings)) < 8_000


@pytest.mark.parametrize("failed", ["", "999 of 1000 databases failed: " + "y" * 4000])
def test_a_large_result_is_cut(call: Caller, failed: str) -> None:
    items = [{"database": f"db{n} \U0001f980", "msg": "x" * 900} for n in range(1000)]
    answer = Answer({"backups": items, "failures": items[:500], "totals": {"n": 1}}, failed=failed)
    answer.lists = ("backups", "failures")
    answer.warnings = ["w" * 1000 + str(n) for n in range(1000)]
    text = call.text(lambda _job: answer, login_user="u" * 10_000)
    result = json.loads(text)
    assert 50_000 < len(text) < 100_000
    assert result["totals"] == {"n": 1}
    for name, total in (("backups", 1000), ("failures", 500)):
        assert len(result[name]) + result["left_out"][name] == total
        assert result[name] == items[: len(result[name])] != []


def test_a_thousand_databases(call: Caller) -> None:
    outcome = Outcome()
    outcome.done = [summary(changed(database=f"customer_{n:04d}")) for n in range(900)]
    for n in range(100):
        outcome.failed(f"broken_{n}", ToolError("pg_dump failed.", stage="dump", rc=1, stderr="x\n" * 9000))
    outcome.warnings = [f"The database 'system_{n}' is left out." for n in range(1000)]
    text = call.text(lambda _job: outcome_answer(outcome, 61.0))
    result = json.loads(text)
    assert len(text) < 100_000
    assert result["totals"]["databases"] == 900
    assert result["msg"].startswith("100 of 1000 databases failed: broken_0 (dump): pg_dump failed. Exit status 1.")
    assert result["msg"].endswith("and 97 more, see failures")
    assert len(result["backups"]) + result["left_out"]["backups"] == 900


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"host": ""}, "host is empty"),
        ({"instance": ""}, "instance is empty"),
        ({"target": ""}, "target is empty"),
        ({"timeout": -1}, "timeout=-1"),
        ({"limit": -5}, "limit=-5"),
        ({"jobs": 0}, "jobs=0"),
        ({"connect_timeout": 0}, "connect_timeout=0"),
        ({"login_port": 0}, "login_port=0"),
    ],
)
def test_impossible_options_are_refused_before_the_work(call: Caller, params: dict[str, t.Any], told: str) -> None:
    result = call(lambda _job: Answer({"worked": True}), **params)
    assert result["failed"] is True
    assert told in result["msg"]
    assert "worked" not in result


@pytest.mark.parametrize("store", ["s3:bucket/prefix", "my remote:", "nas.example.com:/backups"])
def test_a_remote_is_refused(call: Caller, store: str) -> None:
    with pytest.raises(ConfigError, match="names a remote"):
        assert call.job(store=store).place


def test_a_relative_store_is_refused(call: Caller) -> None:
    with pytest.raises(ConfigError, match="absolute"):
        assert call.job(store="backups").place


def test_a_store_with_a_colon_further_on_is_a_folder(call: Caller) -> None:
    assert call.job(store="/srv/a:b").place == "/srv/a:b"


def test_a_missing_store(call: Caller, tmp_path: Path) -> None:
    job = call.job(store=str(tmp_path / "store"))
    assert job.store_if_there() is None
    with pytest.raises(StoreError, match="does not exist") as caught:
        job.store()
    assert "db_backup creates it" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
    job.store(create=True)
    assert job.store_if_there() is not None
    job.close()


def test_the_host_is_this_one_unless_it_is_given(call: Caller) -> None:
    assert call.job().host == os.uname().nodename
    assert call.job(host="web1").host == "web1"


@pytest.mark.parametrize("option", ["login_config_file", "ca_cert", "client_cert", "client_key"])
def test_a_file_that_is_not_there_is_named(call: Caller, tmp_path: Path, option: str) -> None:
    with pytest.raises(ConfigError, match=f"{option}: the file .*/absent does not exist"):
        call.job(**{option: str(tmp_path / "absent")}).engine()


def test_an_identity_file(call: Caller, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n", encoding="utf-8")
    path.chmod(0o600)
    assert call.job(identity_file=str(path)).identities() == f"{KEY}\n"
    assert call.job(identity=KEY).identities() == KEY
    assert call.job().identities() == ""


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_an_identity_file_that_others_may_read_is_refused(call: Caller, tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    path.write_text(KEY, encoding="utf-8")
    path.chmod(mode)
    with pytest.raises(ConfigError, match=f"mode {mode:04o}") as caught:
        call.job(identity_file=str(path)).identities()
    assert f"chmod 0600 {path}" in caught.value.hint


def test_an_identity_file_must_be_a_file(call: Caller, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o600)
    for path, told in ((tmp_path / "absent", "No such file"), (tmp_path, "no regular file"), (fifo, "no regular file")):
        with pytest.raises(ConfigError, match=told):
            call.job(identity_file=str(path)).identities()


def until_interrupted(job: Job) -> None:
    """Work in small steps."""
    for _step in range(1000):
        job.run.check()
        time.sleep(0.01)
    raise AssertionError("the signal did not end the run")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_a_failure_that_says_so(call: Caller, number: signal.Signals) -> None:
    before = signal.getsignal(number)

    def work(job: Job) -> Answer:
        os.kill(os.getpid(), number)
        until_interrupted(job)
        return Answer({})

    result = call(work)
    assert (result["failed"], result["stage"]) == (True, "interrupted")
    assert number.name in result["msg"]
    assert signal.getsignal(number) == before
    assert signal.set_wakeup_fd(-1) == -1


def test_a_signal_ends_a_process_that_hangs(call: Caller) -> None:
    def work(job: Job) -> Answer:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
        Pipeline(job.run, [Command(("sleep", "600"), stage="dump"), Discard()]).execute()
        return Answer({})

    result = call(work)
    assert (result["stage"], "SIGTERM" in result["msg"]) == ("interrupted", True)


def test_a_signal_ends_a_stream_without_a_process(call: Caller) -> None:
    def work(job: Job) -> Answer:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
        Pipeline(job.run, [StreamSource(itertools.repeat(b"x")), Discard()]).execute()
        return Answer({})

    assert call(work)["stage"] == "interrupted"


def test_the_time_limit_ends_a_stream_without_a_process(call: Caller) -> None:
    def work(job: Job) -> Answer:
        Pipeline(job.run, [StreamSource(itertools.repeat(b"x")), Discard()]).execute()
        return Answer({})

    assert "time limit of 1 s" in call(work, timeout=1)["msg"]


def test_a_second_signal_does_not_cut_the_clean_up_short(call: Caller) -> None:
    cleaned = []

    def work(job: Job) -> Answer:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            until_interrupted(job)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
            cleaned.append(True)
        return Answer({})

    assert call(work)["stage"] == "interrupted"
    assert cleaned == [True]
