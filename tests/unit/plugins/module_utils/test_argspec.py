# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the modules, as one has them in mind when two factories are put together."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec

FACTORIES = (
    argspec.connection,
    argspec.store,
    argspec.store_only,
    argspec.selection,
    argspec.identity,
    argspec.timeout,
    argspec.level,
    argspec.limit,
    argspec.backup,
    argspec.restore,
)


def test_a_merged_spec_has_every_option() -> None:
    merged = argspec.merged(argspec.connection(), argspec.store(), argspec.selection())
    assert {"engine", "login_password", "store", "host", "database", "backup", "before"} <= merged.keys()


def test_an_option_of_two_factories_is_refused() -> None:
    with pytest.raises(ValueError, match="database, host, instance"):
        argspec.merged(argspec.connection(), argspec.store(), {"database": {}}, argspec.filters("all"))


def test_secrets_and_nothing_else_are_hidden() -> None:
    merged = argspec.merged(argspec.connection(), argspec.store(), argspec.identity())
    hidden = {name for name, option in merged.items() if option.get("no_log")}
    assert hidden == {"login_password", "identity"}


def test_each_call_makes_a_spec_of_its_own() -> None:
    for factory in FACTORIES:
        first = factory()
        for option in first.values():
            option.setdefault("choices", []).append("changed")
            if isinstance(option.get("default"), list):
                option["default"].append("changed")
        assert "changed" not in str(factory())


def test_defaults() -> None:
    merged = argspec.merged(argspec.connection(), argspec.backup(), argspec.timeout(), argspec.selection())
    defaults = {name: option["default"] for name, option in merged.items() if "default" in option}
    assert defaults == {
        "instance": "main",
        "tls_mode": "prefer",
        "connect_timeout": 30,
        "databases": ["*"],
        "exclude": [],
        "globals": True,
        "compression": "zstd",
        "recipients": [],
        "jobs": 1,
        "shrink": 50,
        "proof": "counts",
        "extra_args": [],
        "timeout": 0,
        "backup": "latest",
    }
    assert argspec.restore()["if_exists"]["default"] == "fail"
    assert argspec.restore()["verify"]["default"] is True
    assert argspec.filters("all")["backup"]["default"] == "all"
