# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version that manifests name is the one that is released."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from ansible_collections.vya.backupdb.plugins.module_utils._version import COLLECTION_VERSION

ROOT = Path(__file__).parents[4]


def test_the_version_is_that_of_galaxy_yml() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    assert galaxy["version"] == COLLECTION_VERSION


def test_no_other_source_names_a_version_of_its_own() -> None:
    quoted = re.compile(rf"""["']{re.escape(COLLECTION_VERSION)}["']""")
    named = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "plugins" / "module_utils").rglob("*.py"))
        if quoted.search(path.read_text(encoding="utf-8"))
    ]
    assert named == ["plugins/module_utils/_version.py"]
