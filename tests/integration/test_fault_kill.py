# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGKILL at every step: the listing is old, or old and new; the target is old or new; no child lives on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from support.faults import Site, wait_until
from support.small import go_on, load_small, state

# The first step of the swap.
SWAPS = {"postgresql": "swap", "mysql": "journal written"}


@pytest.fixture
def site(server: support.Server, tmp_path: Path) -> Iterator[Site]:
    """The database `shop` in its first state and an empty store."""
    load_small(server, "shop")
    yield Site(server, tmp_path)
    for name in server.databases():
        server.drop_database(name)


def cleared(site: Site) -> bool:
    """Sweep as the next run does. The server may need a moment to see that a client, and its lock, is gone."""
    site.sweep()
    return not [name for name in site.server.databases() if "backupdb" in name]


def published(site: Site) -> dict[str, tuple[int, int, int]]:
    """The files of all backups that are listed."""
    places = [entry.place for entry in catalog.read(site.opened()).entries]
    return {name: info for name, info in site.files().items() if any(name.startswith(place) for place in places)}


def test_backup(site: Site) -> None:
    assert not site.backup({"globals": True})["failed"]
    before = published(site)
    shop = site.ids("shop")
    steps = []
    for step in site.kills("db_backup", {"globals": True}):
        steps.append(step)
        assert site.ids("shop") == shop, f"listed after {step!r}, which is before its manifest"
        assert {name: info for name, info in published(site).items() if name in before} == before
        assert site.prove() == site.ids()
        assert len(site.incomplete()) <= 1
        before = published(site)
    assert steps[0] == "open @globals"
    assert steps[-1] == "publish manifest"
    # A run that sweeps what the one before it left has more steps, so that some are met twice.
    assert steps.count("publish manifest") >= 2
    # The last run was not killed: it swept what the one before it had left.
    assert site.incomplete() == ()
    assert len(site.ids("shop")) == 2
    assert site.ids("shop")[1:] == shop
    site.assert_no_leftovers()
    assert site.prove() == site.ids()
    for backup in site.ids("shop"):
        restored = site.restore({"target": "copy", "if_exists": "replace", "backup": backup})
        assert not restored["failed"], restored
        support.assert_same(state(site.server, "shop"), state(site.server, "copy"))


def test_restore_over_a_database(site: Site) -> None:
    """Statements between these steps: test_fault_swap.py."""
    server = site.server
    site.new = state(server, "shop")
    assert not site.backup()["failed"]
    go_on(server, "shop")
    site.old = state(server, "shop")
    assert len(support.differences(site.old, site.new)) > 10
    stored = site.files()
    ended = {"old": 0, "new": 0}
    for step in site.kills("db_restore", {"if_exists": "replace"}):
        content = {key: value for key, value in state(server, "shop").items() if key.startswith("content ")}
        which = [name for name in ended if content.items() <= getattr(site, name).items()]
        assert len(which) == 1, f"half of it after {step!r}"
        wait_until(lambda: cleared(site), f"cleared after {step!r}")
        support.assert_same(getattr(site, which[0]), state(server, "shop"))
        assert server.databases() == ["shop"], step
        if which == ["new"]:
            go_on(server, "shop")
            support.assert_same(site.old, state(server, "shop"))
        assert site.files() == stored
        ended[which[0]] += 1
    assert ended["old"] >= 7
    assert ended["new"] >= 1
    support.assert_same(site.new, state(server, "shop"))
    assert server.databases() == ["shop"]
    site.assert_no_leftovers()


def test_restore_under_another_name(site: Site) -> None:
    server = site.server
    whole = state(server, "shop")
    assert not site.backup()["failed"]
    for step in site.kills("db_restore", {"target": "other; name"}, first=SWAPS[server.engine]):
        wait_until(lambda: cleared(site), f"cleared after {step!r}")
        if "other; name" in server.databases():
            support.assert_same(whole, state(server, "other; name"))
            server.drop_database("other; name")
        assert server.databases() == ["shop"], step
    support.assert_same(whole, state(server, "other; name"))
    site.assert_no_leftovers()
