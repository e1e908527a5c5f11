# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: what it tells, what it never tells, and what it refuses to write to."""

from __future__ import annotations

import fcntl
import importlib
import inspect
import itertools
import json
import multiprocessing
import os
import pwd
import socket
import time
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ToolError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import format_time, parse_time, utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._run import journal
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import Answer, Job
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.calling import Caller

PASSWORD = "s3cret \"pa55\" \\ 'w\u00f6rd'"
HOOK = "https://hooks.example.com/T0/canary-of-the-hook"
KEY = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
MODULES = sorted(path.stem for path in (Path(__file__).parents[4] / "plugins" / "modules").glob("*.py"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: Path) -> Caller:
    spec = argspec.merged(
        argspec.connection(),
        argspec.store(),
        argspec.identity(),
        argspec.backup(),
        argspec.journal(),
        {"hook": {"type": "str", "no_log": True}},
    )
    params = {"engine": "mysql", "store": "/nowhere", "host": "db1", "login_password": PASSWORD, "hook": HOOK}
    return Caller(monkeypatch, capsys, spec, identity=KEY, journal=str(path), **params)


def lines(path: Path) -> list[dict[str, t.Any]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def texts(result: dict[str, t.Any]) -> list[str]:
    """Warnings; newer ansible-core makes an object of each."""
    return [item if isinstance(item, str) else item["event"]["msg"] for item in result.get("warnings", [])]


def good(_job: Job) -> Answer:
    return Answer({"msg": "All went well.", "backups": [{"id": 1}, {"id": 2}], "totals": {"size": 7}}, changed=True)


def test_what_is_told(call: Caller, path: Path) -> None:
    before = format_time(utc_now())
    call(good, databases=["shop", "crm"])
    (line,) = lines(path)
    assert format_time(parse_time(line["time"])) == line["time"]
    assert before <= line["time"] <= format_time(utc_now())
    assert (line["result"], line["msg"], line["check_mode"]) == ("changed", "All went well.", False)
    assert (line["on"], line["user"]) == (socket.gethostname(), pwd.getpwuid(os.geteuid()).pw_name)
    assert line["summary"] == {"backups": 2, "size": 7}
    assert line["what"]["databases"] == ["shop", "crm"]
    assert (line["what"]["host"], line["what"]["store"], line["what"]["instance"]) == ("db1", "/nowhere", "main")
    assert line["seconds"] >= 0
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_call_is_a_line(call: Caller, path: Path) -> None:
    def broken(_job: Job) -> Answer:
        raise ToolError("pg_dump failed.", stage="dump", rc=3, hint="Do this.")

    def defect(_job: Job) -> Answer:
        raise ZeroDivisionError

    assert call(lambda _job: Answer({"n": 1}))["n"] == 1
    assert call(broken)["failed"]
    assert call(defect)["failed"]
    assert call(good, _ansible_check_mode=True)["changed"]
    assert call(lambda _job: Answer({"failures": [1]}, failed="1 of 2 failed"))["failed"]
    told = lines(path)
    assert [line["result"] for line in told] == ["ok", "failed", "failed", "changed", "failed"]
    assert [line["check_mode"] for line in told] == [False, False, False, True, False]
    assert (told[1]["stage"], told[1]["msg"]) == ("dump", "pg_dump failed. Exit status 3. Do this.")
    assert (told[4]["msg"], told[4]["summary"]) == ("1 of 2 failed", {"failures": 1})


def test_no_secret(call: Caller, path: Path) -> None:
    """Options that are not logged, of whichever module, and what a run knows to be secret."""

    def talks(job: Job) -> Answer:
        job.run.keep_secret("from-a-file")
        said = f"{PASSWORD} {HOOK} {KEY} from-a-file"
        return Answer({"target": said, "totals": {"said": said}}, failed=f"failed: {said}")

    call(talks, databases=[f"x {PASSWORD}", KEY])
    text = path.read_text(encoding="utf-8")
    decoded = json.dumps(json.loads(text), ensure_ascii=False)
    for secret in (PASSWORD, HOOK, KEY, "from-a-file", "canary", "s3cret", json.dumps(PASSWORD)[1:-1]):
        assert secret not in text
        assert secret not in decoded
    assert "failed: ****" in text


@pytest.mark.parametrize("before", range(990, 1001))
def test_no_part_of_a_secret_is_left_where_a_text_is_cut(call: Caller, path: Path, before: int) -> None:
    def work(job: Job) -> Answer:
        job.run.keep_secret("c4nary-of-a-file")
        return Answer({"other": "o" * before + "c4nary-of-a-file"}, failed="m" * before + "c4nary-of-a-file" + "m" * 99)

    call(work)
    (line,) = lines(path)
    assert "c4" not in json.dumps(line)
    assert len(line["msg"]) <= 1003


@pytest.mark.growth
def test_a_long_result_is_a_short_line(call: Caller, path: Path) -> None:
    items = [{"database": "x" * 900}] * 1000
    call(lambda _job: Answer({"backups": items}, failed="y" * 90_000), databases=["z" * 90_000] * 1000)
    assert lines(path)[0]["summary"] == {"backups": 1000}
    assert len(path.read_bytes()) < 40_000


def test_nothing_is_written_unless_asked_for(call: Caller, tmp_path: Path) -> None:
    for nothing in (None, ""):
        assert not texts(call(good, journal=nothing))
    assert list(tmp_path.iterdir()) == []


def test_a_relative_path_is_refused_before_the_work(call: Caller) -> None:
    result = call(good, journal="backupdb.log")
    assert (result["failed"], "not an absolute path" in result["msg"], "backups" in result) == (True, True, False)


def link(path: Path) -> None:
    path.with_name("elsewhere").write_text("", encoding="utf-8")
    path.with_name("elsewhere").chmod(0o600)
    path.symlink_to("elsewhere")


def second_name(path: Path) -> None:
    path.touch(0o600)
    os.link(path, path.with_name("elsewhere"))


def readable(path: Path) -> None:
    path.touch()
    path.chmod(0o640)


def anothers(path: Path) -> None:
    path.touch(0o600)
    os.chown(path, 1234, -1)


def in_an_open_folder(path: Path) -> None:
    path.parent.chmod(0o777)


def locked(path: Path) -> None:
    path.touch(0o600)
    fcntl.flock(os.open(path, os.O_RDWR), fcntl.LOCK_EX)


HINDRANCES: dict[str, tuple[t.Callable[[Path], t.Any], str]] = {
    "link": (link, "it is a link"),
    "second name": (second_name, "hard link"),
    "readable": (readable, "mode 0640"),
    "another's": (anothers, "belongs to user 1234"),
    "open folder": (in_an_open_folder, "everybody may replace"),
    "folder": (Path.mkdir, "Is a directory"),
    "pipe": (lambda path: os.mkfifo(path, 0o600), "no regular file"),
    "missing folder": (lambda path: path.parent.rmdir(), "No such file"),
    "locked": (locked, "kept it locked"),
}


@pytest.mark.parametrize("name", list(HINDRANCES))
def test_what_is_not_safe_is_a_warning_and_no_failure(
    call: Caller, path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hinder, told = HINDRANCES[name]
    monkeypatch.setattr(journal, "_PATIENCE", 0.1)
    hinder(path)
    result = call(good)
    assert (result.get("failed", False), result["changed"], len(result["backups"])) == (False, True, 2)
    (warning,) = texts(result)
    assert warning.startswith(f"The journal {path} was not written: ")
    assert told in warning
    assert not path.exists() or path.is_dir() or path.is_fifo() or path.read_bytes() == b""


def test_a_defect_of_the_journal_is_a_warning_too(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "outcome", None)
    result = call(good)
    assert (result["changed"], ["not written" in text for text in texts(result)]) == (True, [True])


def test_a_full_disk_leaves_no_half_line(call: Caller, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call(good)
    before = path.read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:20]))
    (warning,) = texts(call(good))
    monkeypatch.undo()
    assert "No space left" in warning
    assert path.read_bytes() == before


def test_a_torn_line_of_somebody_else_stays_alone(path: Path) -> None:
    path.touch(0o600)
    path.write_text('{"torn": ', encoding="ascii")
    journal.append(str(path), {"n": 1})
    assert path.read_text(encoding="ascii") == '{"torn": \n{"n": 1}\n'


def test_it_is_renamed_when_it_is_full(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MAX_SIZE", 100)
    older = path.with_name("journal.1")
    victim = path.with_name("victim")
    victim.write_text("mine", encoding="ascii")
    older.symlink_to(victim)
    for number in range(9):
        journal.append(str(path), {"n": number, "pad": "x" * 20})
    kept = [line["n"] for line in lines(older) + lines(path)]
    assert kept == list(range(9))[-len(kept) :]
    assert len(kept) >= 2
    assert max(path.stat().st_size, older.stat().st_size) <= 100
    assert (path.stat().st_mode & 0o777, older.is_symlink()) == (0o600, False)
    assert victim.read_text(encoding="ascii") == "mine"
    assert sorted(item.name for item in path.parent.iterdir()) == ["journal", "journal.1", "victim"]


def test_a_file_that_was_renamed_while_one_waited(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line goes into the one that has the name now."""
    path.touch(0o600)
    held = os.open(path, os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)

    def meanwhile(_seconds: float) -> None:
        path.rename(path.with_name("journal.1"))
        os.close(held)

    monkeypatch.setattr(time, "sleep", meanwhile)
    journal.append(str(path), {"n": 1})
    assert (lines(path), lines(path.with_name("journal.1"))) == ([{"n": 1}], [])


FULL = 4000
LONGEST = 400
WRITERS, LINES = 6, 150


def _writer(path: str, number: int) -> None:
    rename = os.rename
    renamed = itertools.count()
    journal.MAX_SIZE = FULL
    # Each one that was full is kept, so that nothing may be missing.
    os.rename = lambda old, new, **how: rename(old, f"{new}-{number}-{next(renamed)}", **how)
    for count in range(LINES):
        journal.append(path, {"writer": number, "count": count, "pad": "x" * (count * 7 % 300)})


def test_many_writers(path: Path) -> None:
    """No line is torn or lost, whoever renames the file meanwhile, and only full ones are renamed."""
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_writer, args=(str(path), number)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    older = list(path.parent.glob("journal.1-*"))
    assert len(older) > 10
    assert {FULL - LONGEST < item.stat().st_size <= FULL for item in older} == {True}
    found = [(line["writer"], line["count"]) for item in [*older, path] for line in lines(item)]
    assert sorted(found) == list(itertools.product(range(WRITERS), range(LINES)))


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_it(name: str) -> None:
    module = importlib.import_module(f"ansible_collections.vya.backupdb.plugins.modules.{name}")
    assert "vya.backupdb.journal" in yaml.safe_load(module.DOCUMENTATION)["extends_documentation_fragment"]
    assert "argspec.journal()" in inspect.getsource(module.main)
