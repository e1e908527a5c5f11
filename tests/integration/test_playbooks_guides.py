# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides for fleets, AWX and pipelines say to write and to run, written and run."""

from __future__ import annotations

import re
import shlex
import textwrap
from typing import Any

import pytest
import yaml
from ansible_collections.vya.backupdb.plugins.module_utils._fleet.instances import resolve
from support import readme
from support.desk import IDENTITY
from support.fleet import NAME, Fleet
from support.fleet_fixtures import Pair
from support.modules import ROOT

RST = ROOT / "docs" / "docsite" / "rst"
_BLOCK = re.compile(r"^( *)\.\. code-block:: (\w+)\n\n((?:\1 +.*\n|\n)+)", re.MULTILINE)


def blocks(guide: str, language: str) -> list[str]:
    """The code blocks of a guide in one language."""
    text = (RST / f"guide_{guide}.rst").read_text(encoding="utf-8")
    return [textwrap.dedent(body) for _indent, kind, body in _BLOCK.findall(text) if kind == language]


def commands(guide: str) -> list[list[str]]:
    """The commands of a guide, word by word."""
    lines = (line for block in blocks(guide, "console") for line in block.splitlines())
    return [shlex.split(line.removeprefix("$ ")) for line in lines if line]


def readme_commands() -> list[list[str]]:
    """Those of the README's section on fleets."""
    return [shlex.split(line) for line in readme.block("fleet").splitlines()]


def known_variables() -> set[str]:
    """The variables of all roles."""
    paths = ROOT.glob("roles/*/defaults/main.yml")
    return {name for path in paths for name in yaml.safe_load(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("guide", ["fleet", "awx"])
def test_inventories_of_the_guides_can_be_used(guide: str) -> None:
    """Every variable is one of a role, and instances are what the modules take."""
    seen: list[str] = []

    def look(value: Any) -> None:
        for name, inner in value.items() if isinstance(value, dict) else []:
            if name.startswith("backupdb_"):
                seen.append(name)
            if name == "backupdb_instances":
                assert len(resolve(inner, "db1")) == len(inner)
            else:
                look(inner)

    for block in [*blocks(guide, "yaml"), readme.block("fleet-inventory")]:
        look(yaml.safe_load(block))
    assert "backupdb_instances" in seen
    assert set(seen) <= known_variables()


def test_the_commands_of_the_guide_for_fleets(fleet: Fleet, fleet_servers: Pair) -> None:
    """One after another, on a host of that name, with a database of that name; each of them succeeds."""
    server = fleet_servers[0]
    fleet.hosts = {"db1": fleet.hosts["pg"]}
    fleet.variables |= {"backupdb_client_packages": False, "backupdb_identity": IDENTITY}
    played = []
    for argv in commands("fleet"):
        assert argv[:3] == ["ansible-playbook", "-i", "inventory.yml"]
        words = [re.sub(r"=shop(?=$|_)", f"={NAME}", word) for word in argv[4:]]
        done = fleet.play(argv[3].removeprefix("vya.backupdb."), *words)
        assert done.rc == 0, done.output
        played.append(argv[3].removeprefix("vya.backupdb."))
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert set(played) == playbooks - {"retention"}
    assert f"{NAME}_copy" in server.databases()


def test_the_commands_of_the_readme(fleet: Fleet) -> None:
    """The same for the README's."""
    fleet.hosts = {"db1": fleet.hosts["pg"]}
    fleet.variables |= {"backupdb_client_packages": False}
    (fleet.folder / "identity.yml").write_text(yaml.safe_dump({"backupdb_identity": IDENTITY}), encoding="utf-8")
    for argv in readme_commands():
        assert argv[:3] == ["ansible-playbook", "-i", "inventory.yml"]
        words = [word.replace("@", f"@{fleet.folder}/") for word in argv[4:]]
        done = fleet.play(argv[3].removeprefix("vya.backupdb."), *words)
        assert done.rc == 0, done.output


def test_the_playbook_of_the_guide_for_pipelines(fleet: Fleet, fleet_servers: Pair) -> None:
    """The one task brings the newest backup into another server, as often as it is run."""
    for server, host in zip(fleet_servers, ("pg", "my"), strict=True):
        fleet.back_up()
        (text,) = blocks("ci", "yaml")
        text = text.replace("host: db1", f"host: {host}").replace("shop", NAME)
        path = fleet.folder / "restore-newest.yml"
        path.write_text(text, encoding="utf-8")
        assert commands("ci") == [["ansible-playbook", path.name]]
        given = {"DB_ENGINE": server.engine, "DB_HOST": server.host, "DB_PORT": str(server.port)}
        given |= {"DB_USER": server.user, "DB_PASSWORD": server.password}
        given |= {"BACKUP_STORE": str(fleet.store), "AGE_IDENTITY": IDENTITY}
        for _time in range(2):
            done = fleet.play(str(path), environment=given)
            assert done.rc == 0, done.output
            assert server.query("SELECT count(*) FROM orders", database=f"{NAME}_ci")[0][0] == 4
            assert server.password not in done.output
