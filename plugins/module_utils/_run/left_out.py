# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What a backup is known to lack, said again whenever it is restored or drilled: who reads that may never have seen the
run that made it."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import schema
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import NOT_EXACTLY, NOT_LOADABLE
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest


def repeated(manifest: Manifest) -> list[str]:
    """Warnings of the backup that are about its restores."""
    return [text for text in manifest.warnings if text.startswith((NOT_EXACTLY, NOT_LOADABLE))]


def of_extra_args(manifest: Manifest, missing: t.Sequence[str]) -> str:
    """What further arguments of the dump tool left out, as far as it is known. ``missing``: objects, in words."""
    arguments = " ".join(str(item) for item in manifest.tool.get("extra_args", ()))
    parts = [f"The backup was made with extra_args ({arguments}), which may have left out more than is told here"]
    if missing:
        names = [text[: -len(schema.MISSING)] for text in missing]
        parts.append(f"not in it: {schema.shorten(names)}")
    uncounted = [table.name for table in manifest.tables if not table.exact]
    if uncounted:
        parts.append(f"rows were not compared in: {schema.shorten(uncounted)}")
    return "; ".join(parts) + "."


def known(manifest: Manifest, mismatches: t.Sequence[str]) -> str:
    """For a hint: that the backup itself says why the content is another, and what to do then."""
    told = [text for text in manifest.warnings if text.startswith(NOT_EXACTLY)]
    if not told or not any(schema.OTHER_CONTENT in text for text in mismatches):
        return ""
    return (
        f" The backup itself says why: {' '.join(told)} Every other one would fail in the same way: change the columns"
        " (a FLOAT to DOUBLE, say), or back up with proof=counts, which names them and fails no restore."
    )


__all__ = ("known", "of_extra_args", "repeated")
