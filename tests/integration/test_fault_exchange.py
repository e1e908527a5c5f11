# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored files that are exchanged, missing, made up or larger than they say: refused with the reason."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import support
from support.damage import (
    assert_target_untouched,
    clone,
    edit,
    files_of,
    fit,
    flipped,
    folders,
    largest,
    loaded,
    parts,
    restored,
    site_with_backups,
    swap,
)
from support.faults import IDENTITY, Site
from support.memory import peak
from support.modules import run_module, start_module
from support.small import state

MEMORY = 120 << 20
BOMB = 1 << 30


@pytest.fixture(scope="module")
def site(server: support.Server, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Stored backups, and a `shop` that has gone on since."""
    return site_with_backups(server, tmp_path_factory.mktemp("damage"))


def damage(site: Site) -> dict[str, str]:
    """Hosts with damaged backups only, each with what must be told."""
    older, newer = folders(site)

    def change(host: str, to: Callable[[bytes], bytes]) -> None:
        path = largest(clone(site, host))
        path.write_bytes(to(path.read_bytes()))

    change("cut", lambda data: data[: len(data) // 2])
    change("first", lambda data: flipped(data, 0, 0))
    change("last", lambda data: flipped(data, len(data) - 1, 7))
    change("appended", lambda data: data + b"\0")
    change("empty", lambda _data: b"")
    largest(clone(site, "missing")).unlink()
    pair = [clone(site, "parts", source) for source in (older, newer)]
    swap(largest(pair[0]), largest(pair[1]))
    swap(*(clone(site, "manifests", source) / "manifest.json" for source in (older, newer)))
    edit(clone(site, "id"), id="20260101T000000Z-abcdef")
    edit(clone(site, "database"), database="zoo")
    swap(clone(site, "one") / "manifest.json", clone(site, "other") / "manifest.json")
    size = "bytes, the manifest tells"
    belongs = "its manifest belongs to"
    return {
        "cut": size, "first": "cannot be decrypted", "last": "the manifest tells", "appended": size, "empty": size,
        "missing": "is missing", "parts": size, "manifests": f"{belongs} manifests/main/shop/{older.name}",
        "id": f"{belongs} id/main/shop/20260101T000000Z-abcdef", "database": f"{belongs} database/main/zoo",
        "one": f"{belongs} other/", "other": f"{belongs} one/",
    }  # fmt: skip


def test_files_that_are_not_what_they_were(site: Site) -> None:
    """Cut, flipped, longer, empty, missing, swapped between backups, databases and hosts: db_restore, backup_verify."""
    kept = {folder.name for folder in site.store.iterdir()}
    try:
        expected = damage(site)
        for host, told in expected.items():
            result = site.restore({"host": host, "if_exists": "replace"})
            assert (result["failed"], result["changed"]) == (True, False), host
            assert told in result["msg"], host
            assert f"{host}/main/shop/" in result["msg"]
        assert_target_untouched(site)
        places = {str(folder.relative_to(site.store)) for host in expected for folder in folders(site, host)}
        assert len(places) == len(expected) + 2
        expected["first"] = ""  # age's words, or those of the hash
        for level in ("stored", "decrypted", "readable"):
            result = verify(site, level)
            assert result["failed"]
            assert {item["place"] for item in result["failures"]} == places
            assert {item["place"] for item in result["results"] if item["ok"]} & places == set()
            assert {item["level"] for item in result["failures"]} == {""}
            for item in result["failures"]:
                assert expected[item["host"]].split("/")[0] in item["msg"], item
    finally:
        for folder in site.store.iterdir():
            if folder.name not in kept:
                shutil.rmtree(folder)


def verify(site: Site, level: str, **params: Any) -> dict[str, Any]:
    params = {"store": str(site.store), "level": level, "backup": "all", **params}
    if level != "stored":
        params["identity"] = IDENTITY
    return run_module("backup_verify", params, path_prefix=site.server.tool_path)


def test_parts_of_one_backup_swapped(site: Site) -> None:
    """Definitions in place of rows."""
    folder = folders(site)[-1]
    names = [part["name"] for part in parts(folder)]
    assert len(loaded(folder)) == (1 if site.server.engine == "postgresql" else 3)
    for name in names[1:]:
        with restored(folder / names[0], folder / name):
            swap(folder / names[0], folder / name)
            result = site.restore({"if_exists": "replace"})
            assert (result["failed"], result["stage"]) == (True, "authenticate")
            assert "the manifest tells" in result["msg"]
    assert_target_untouched(site)


# -- more than was ever put in


@pytest.fixture(scope="module")
def zeros() -> bytes:
    """A frame of zstd, small as it is stored."""
    with subprocess.Popen(["head", "-c", str(BOMB), "/dev/zero"], stdout=subprocess.PIPE) as source:
        found = subprocess.run(["zstd", "-q", "-c"], stdin=source.stdout, capture_output=True, check=True).stdout
    assert len(found) < 1 << 20
    return found


def test_a_bomb(site: Site, zeros: bytes) -> None:
    """Every part in turn. What was backed up comes first: the tools are content, the size in the manifest ends it."""
    folder = folders(site, "plain")[-1]
    restore = site.restore_params(host="plain", if_exists="replace", identity=None)
    store = {"store": str(site.store), "host": "plain", "level": "readable"}
    tasks: list[tuple[str, dict[str, Any]]] = [("db_restore", restore), ("backup_verify", store)]
    if site.server.engine == "postgresql":
        tasks.append(("db_restore", {**restore, "jobs": 2}))
    for part in parts(folder):
        path = folder / part["name"]
        with restored(path, folder / "manifest.json"):
            path.write_bytes(path.read_bytes() + zeros)
            fit(folder, path)
            # The texts of definitions are no part that a restore loads.
            for name, params in tasks[1:2] if part["section"] == "schema" else tasks:
                env = {"TMPDIR": str(site.folder)}
                result, memory = peak(start_module(name, params, path_prefix=site.path_prefix, env=env, fresh=True))
                assert result["failed"], (name, part)
                told = (
                    f"The content of {path.name} is larger than the {part['plain_size']} bytes that the manifest tells"
                )
                assert told in result["msg"]
                assert 10 << 20 < memory < MEMORY, (name, part)
    assert_target_untouched(site)


def test_all_of_it_was_undone(site: Site) -> None:
    """The same backups restore when nothing is done to them."""
    assert site.prove() == site.ids()
    assert not verify(site, "readable")["failed"]
    for host in ("h", "plain"):
        result = site.restore({"host": host, "target": "copy", "if_exists": "replace"})
        assert not result["failed"], result
    site.server.drop_database("copy")
    # What tells an untouched target from one that was swapped does so.
    assert not site.restore({"if_exists": "replace"})["failed"]
    assert not {tuple(row) for row in files_of(site.server)} & {tuple(row) for row in site.old["files"]}
    site.old = {**state(site.server, "shop"), "files": files_of(site.server)}


def test_a_damaged_one_is_not_passed_over_in_silence(site: Site) -> None:
    """The newest that can be believed is taken, and what is newer is told."""
    older, newer = folders(site)
    with restored(newer / "manifest.json"):
        edit(newer, id="20260101T000000Z-abcdef")
        result = site.restore({"target": "copy"})
        asked = site.restore({"target": "copy", "if_exists": "replace", "backup": newer.name})
    site.server.drop_database("copy")
    assert (result["failed"], result["backup"]["id"]) == (False, older.name)
    assert f"1 newer than {older.name} are damaged: h/main/shop/{newer.name}: its manifest" in result["warnings"][0]
    assert (asked["failed"], "its manifest belongs to" in asked["msg"]) == (True, True)
