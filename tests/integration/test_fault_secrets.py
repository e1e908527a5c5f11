# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canaries: a password and an age identity that nobody may see in processes, files, logs, results or errors."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from psycopg2.extensions import encrypt_password
from support.faults import IDENTITY, RECIPIENT, Site, wait_until
from support.modules import TREE, run_module, run_play
from support.sampler import Sampler
from support.small import load_small

ACCOUNT = "canary"
NEEDLE = f"Canary{secrets.token_hex(8)}"
# Characters that option files and passfiles escape.
PASSWORD = f"Pa's \"w\\#:{NEEDLE}"
NEEDLES = (NEEDLE, IDENTITY.removeprefix("AGE-SECRET-KEY-1"))
# What Ansible hands to the host's log is kept in a file instead.
SITECUSTOMIZE = """
import os, sys, syslog
sys.modules["systemd"] = None
def keep(*args):
    with open(os.environ["VYA_SYSLOG"], "a", encoding="utf-8") as stream:
        stream.write(repr(args) + "\\n")
syslog.syslog = keep
"""


class Canaries(Site):
    """A site whose login and key are the canaries."""

    def __init__(self, server: support.Server, folder: Path) -> None:
        super().__init__(server, folder)
        self.syslog = folder / "syslog"
        self.syslog.touch()
        python = folder / "python"
        python.mkdir()
        (python / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
        self.env = {
            "TMPDIR": str(folder),
            "VYA_SYSLOG": str(self.syslog),
            "PYTHONPATH": os.pathsep.join((str(python), str(TREE))),
        }

    @property
    def login(self) -> dict[str, Any]:
        return {**super().login, "login_user": ACCOUNT, "login_password": PASSWORD}

    def drill_params(self, **params: Any) -> dict[str, Any]:
        """backup_drill of everything."""
        return {**self.login, "store": str(self.store), "host": "h", "identity": IDENTITY, **params}

    @property
    def tasks(self) -> list[tuple[str, dict[str, Any]]]:
        """Every module that meets a secret, in an order that works."""
        return [
            ("db_info", self.login),
            ("db_backup", self.backup_params(globals=True)),
            ("backup_verify", {"store": str(self.store), "identity": IDENTITY}),
            ("db_restore", self.restore_params(target="copy", globals=True, journal=str(self.folder / "journal"))),
            ("backup_drill", self.drill_params(journal=str(self.folder / "journal"))),
        ]

    def call(self, name: str, params: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Run a module as a program of its own, whose arguments and environment are looked at."""
        return run_module(name, params, path_prefix=self.path_prefix, env=self.env, fresh=True, **options)

    def slow_tools(self) -> set[str]:
        """Make every tool live for long enough to be seen. Their names."""
        names = {self.dump_tool, self.load_tool, "zstd"}
        if self.server.engine == "postgresql":
            names.add("pg_dumpall")
        for name in names:
            self.fake(name, 'sleep 0.2; real "$@"')
        return names

    def sampler(self) -> Sampler:
        """A look at everything but the test servers' own folders."""
        shared = Path("/dev/shm")
        return Sampler(NEEDLES, [self.folder, shared], list(shared.glob("vyadb-*")))

    def statements(self) -> str:
        """What the server's log holds of statements."""
        if self.server.engine == "postgresql":
            return self.server.log
        rows = self.server.query("SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log")
        return "\n".join(str(row[0]) for row in rows)


def assert_unseen(text: str) -> None:
    """No canary in a text."""
    for needle in NEEDLES:
        assert needle not in text, text[max(text.index(needle) - 300, 0) : text.index(needle) + 100]


def create_account(server: support.Server) -> None:
    """An account that may do anything, made without its password in a statement where the server would log that."""
    if server.engine == "postgresql":
        connection = server.connect()
        verifier = encrypt_password(PASSWORD, ACCOUNT, connection, "scram-sha-256")
        connection.close()
        server.query(f"CREATE ROLE {ACCOUNT} SUPERUSER LOGIN PASSWORD '{verifier}'")
        server.query(f"ALTER ROLE {ACCOUNT} SET log_statement = 'all'")
        return
    # The log of statements is not on yet.
    server.query(f"CREATE USER {ACCOUNT} IDENTIFIED BY %s", [PASSWORD])
    server.query(f"GRANT ALL ON *.* TO {ACCOUNT} WITH GRANT OPTION")
    server.query("SET GLOBAL log_output = 'TABLE'")
    server.query("SET GLOBAL general_log = ON")


def drop_account(server: support.Server) -> None:
    """Undo create_account."""
    if server.engine == "postgresql":
        server.query(f"DROP ROLE {ACCOUNT}")
        return
    server.query("SET GLOBAL general_log = OFF")
    server.query("SET GLOBAL log_output = 'FILE'")
    server.query("TRUNCATE mysql.general_log")
    server.query(f"DROP USER {ACCOUNT}")


@pytest.fixture(scope="module", params=["pg15", "mariadb", "mysql9"])
def server(request: pytest.FixtureRequest) -> Iterator[support.Server]:
    """Each server in turn, with `shop`, the account, and a log of all statements."""
    found: support.Server = request.getfixturevalue(request.param)
    for name in found.databases():
        found.drop_database(name)
    load_small(found, "shop")
    create_account(found)
    yield found
    for name in found.databases():
        found.drop_database(name)
    drop_account(found)


@pytest.fixture
def site(server: support.Server, tmp_path: Path) -> Iterator[Canaries]:
    """An empty store."""
    yield Canaries(server, tmp_path)
    server.drop_database("copy")


def test_the_sampler_sees_a_canary(tmp_path: Path) -> None:
    """In an environment, in arguments, in a file that is there for a moment: else the other tests prove nothing."""
    needle = f"planted{secrets.token_hex(8)}"
    with Sampler([needle], [tmp_path]) as sampler:
        (tmp_path / "deep").mkdir()
        file = tmp_path / "deep" / "file"
        file.write_text(f"password={needle}", encoding="utf-8")
        processes = [
            subprocess.Popen(["sleep", "60"], env={**os.environ, "PGPASSWORD": needle}),
            subprocess.Popen(["tail", "-f", "/dev/null", f"-s{needle}", "--pid=1"], stderr=subprocess.DEVNULL),
            subprocess.Popen(["bash", "-c", "sleep 60; true", needle]),
        ]
        try:
            wait_until(lambda: len(sampler.found) >= 3, "the canaries are seen")
            file.unlink()
        finally:
            for process in processes:
                process.kill()
                process.wait()
    assert {"the environment of sleep 60", "the arguments of bash -c", str(file)} <= sampler.found
    assert {"sleep", "bash"} <= sampler.programs


def test_modules(site: Canaries) -> None:
    """Backup with globals, verification, restore, drill: tools, files, results, the host's and the server's log."""
    tools = site.slow_tools()
    results = []
    with site.sampler() as sampler:
        for name, params in site.tasks:
            results.append(site.call(name, params, verbosity=3, diff=True))
    assert [result for result in results if result["failed"]] == []
    assert sampler.found == set()
    assert tools <= sampler.programs
    assert_unseen(json.dumps(results))
    assert "Invoked with" in site.syslog.read_text(encoding="utf-8")
    assert_unseen(site.syslog.read_text(encoding="utf-8"))
    # The restore creates its scratch database by a statement.
    assert "CREATE DATABASE" in site.statements()
    assert_unseen(site.statements())
    assert_unseen(site.server.log)
    site.assert_no_leftovers()


# What Ansible stores and prints is the same for every server.
@pytest.mark.parametrize("server", ["mariadb"], indirect=True)
def test_a_play(site: Canaries, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same through ansible-playbook -vvvv; what Ansible itself stores to send it is in folders of its own."""
    for key, value in site.env.items():
        monkeypatch.setenv(key, value)
    with site.sampler() as sampler:
        results, printed = run_play(site.tasks, path_prefix=site.path_prefix, verbosity=4, diff=True)
    assert [result for result in results if result["failed"]] == []
    assert sampler.found == set()
    assert "ansible-playbook" in sampler.programs
    assert printed.count("module_args") >= len(site.tasks)
    for text in (printed, json.dumps(results), site.syslog.read_text(encoding="utf-8"), site.statements()):
        assert_unseen(text)


def leak(site: Canaries) -> str:
    """Shell of a tool that dies, and tells what it was given to log in with, in lines as it has them of its own."""
    if site.server.engine == "postgresql":
        return "sed 's/^/pg_dump: error: no such line: /' \"$PGPASSFILE\" >&2; exit 1"
    spoken = "sed 's/^/Error: no such line: /' \"${word#*=}\" >&2"
    return f'for word in "$@"; do case "$word" in --defaults*) {spoken};; esac; done; exit 1'


def test_a_tool_that_tells_its_password(site: Canaries) -> None:
    """Its stderr is quoted, without the secret in any of the ways in which files escape it."""
    assert not site.backup()["failed"]
    site.fake(site.dump_tool, leak(site))
    site.fake(site.load_tool, leak(site))
    calls = [
        ("db_backup", site.backup_params(databases=["shop"])),
        ("db_restore", site.restore_params(target="copy")),
    ]
    for name, params in calls:
        result = site.call(name, params, verbosity=3)
        assert result["failed"]
        assert "********" in result["msg"]
        assert_unseen(json.dumps(result))
    assert_unseen(site.syslog.read_text(encoding="utf-8"))


def test_a_tool_that_tells_a_password_of_an_option_file(site: Canaries) -> None:
    """The password comes from login_config_file, and so is no option that Ansible knows as a secret."""
    if site.server.engine == "postgresql":
        escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
        content = f"*:*:*:{ACCOUNT}:{escaped}\n"
    else:
        escaped = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
        content = f'[client]\npassword="{escaped}"\n'
    file = site.folder / "login"
    file.write_text(content, encoding="utf-8")
    file.chmod(0o600)
    login = {"login_password": None, "login_config_file": str(file)}
    assert not site.backup(login)["failed"]
    site.fake(site.dump_tool, leak(site))
    result = site.call("db_backup", site.backup_params(**login, databases=["shop"]), verbosity=3)
    assert result["failed"]
    assert_unseen(json.dumps(result))


def test_a_wrong_password(site: Canaries) -> None:
    """Refused by the server: the driver's and the server's words hold nothing of it."""
    wrong = {"login_user": site.server.user}
    for name, params in site.tasks[:2]:
        result = site.call(name, {**params, **wrong}, verbosity=3)
        assert (result["failed"], result["stage"]) == (True, "connect")
        assert_unseen(json.dumps(result))
    assert_unseen(site.statements())
    assert_unseen(site.server.log)


@pytest.mark.parametrize("server", ["pg15"], indirect=True)
def test_a_wrong_identity(site: Canaries) -> None:
    """The error names recipients, which are public, and no key; nor does it when the key is not well written."""
    stranger = RECIPIENT[:-6]
    assert not site.backup()["failed"]
    damaged = IDENTITY[:-4] + "QQQQ"
    for identity in (damaged, f"{IDENTITY} {stranger}", IDENTITY.lower()):
        for name, params in (
            ("db_restore", site.restore_params(target="copy", identity=identity)),
            ("backup_verify", {"store": str(site.store), "identity": identity}),
        ):
            result = site.call(name, params, verbosity=3)
            assert result["failed"], identity
            told = json.dumps(result)
            assert_unseen(told)
            assert NEEDLES[1][:40].lower() not in told.lower()
