# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Comparison of sequences, and of what a backup does not cover: the first fails, the second warns."""

from __future__ import annotations

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Inspection
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest, Sequence


def sequence_differences(manifest: Manifest, found: Inspection, *, partly: bool) -> tuple[list[str], list[str]]:
    """Sequences with another value than the backup sets, in words: those that it covers, and those that it does not.
    ``partly``: the dump was told to leave something out, so that one may be missing."""
    now = {item.name: item for item in found.sequences}
    uncovered = {item.name: item.why for item in manifest.uncovered}
    covered_ones, others = [], []
    for item in manifest.sequences:
        restored = now.get(item.name)
        if item.value is None or (restored is None and partly):
            continue
        if restored is not None and (restored.value, restored.called) == (item.value, item.called):
            continue
        text = f"sequence {item.name} has {_state(restored)} instead of {_state(item)}"
        if item.name in uncovered:
            others.append(f"The {text}: {uncovered[item.name]}. Set it with setval().")
        else:
            covered_ones.append(text)
    return covered_ones, others


def _state(item: Sequence | None) -> str:
    if item is None or item.value is None:
        return "no value that can be read"
    return f"the {'last' if item.called else 'next'} value {item.value}"


def uncovered_differences(manifest: Manifest, found: Inspection) -> list[str]:
    """Warnings about rows that the backup does not hold, and that are not in the restored database by other means."""
    now = {(item.kind, item.name): item.rows for item in found.uncovered}
    warnings = []
    for item in manifest.uncovered:
        rows = now.get((item.kind, item.name))
        if item.rows is None or rows == item.rows:
            continue
        known = _counted(rows) if rows is not None else "no rows that can be read"
        known = known if (item.kind, item.name) in now else "no such table"
        warnings.append(
            f"Not in the backup: {item.kind}, {item.name}: {_counted(item.rows)} there, {known} here. {item.why}."
        )
    return warnings


def _counted(rows: int) -> str:
    return f"{rows} row{'' if rows == 1 else 's'}"


__all__ = ("sequence_differences", "uncovered_differences")
