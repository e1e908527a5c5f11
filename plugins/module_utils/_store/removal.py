# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""How a backup in a folder ceases to be: its manifest first, durably, then its data. And what forbids it: a pin."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils import _io as io
from ansible_collections.vya.backupdb.plugins.module_utils._errors import StoreError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import FILE_NAME

PINNED = "pinned.json"
_PART = re.compile(
    r"^(?:\.tmp-)?(?:pre-data|data-[0-9]{4}|post-data|database|globals|schema)\.(?:sql|dump|json)[a-z0-9.]*\Z"
)
# What is learnt about a backup later, and what a run that died in writing it has left.
_RECORD = re.compile(r"^(?:\.tmp-)?verification-[0-9]{8}T[0-9]{6}Z\.json\Z")
_TEMPORARY = (io.TEMPORARY + FILE_NAME, io.TEMPORARY + PINNED)
Step = t.Callable[[str], None]


class Spot(t.NamedTuple):
    """A backup's folder: a descriptor of its parent, its name there, and its path for messages."""

    parent: int
    name: str
    path: str


def is_part(name: str) -> bool:
    """Whether a file of this name is a part, or one being written."""
    return bool(_PART.match(name))


def is_record(name: str) -> bool:
    """Whether a file of this name tells what a drill found, or is one being written."""
    return bool(_RECORD.match(name))


def _is_ours(name: str) -> bool:
    return is_part(name) or is_record(name) or name in _TEMPORARY


def retract(spot: Spot, step: Step) -> None:
    """Remove the manifest durably. StoreError when the backup is pinned, or is none."""
    fd = io.open_folder(spot.parent, spot.name, spot.path)
    try:
        if io.exists(fd, PINNED):
            raise StoreError(f"{spot.path} is pinned.", stage="remove", hint="Unpin it to have it removed.")
        step(f"remove manifest of {spot.name}")
        os.unlink(FILE_NAME, dir_fd=fd)
        # Until this is on disk the manifest may come back with the power, so its data must not be gone before.
        os.fsync(fd)
    finally:
        os.close(fd)


def clear(spot: Spot, step: Step = lambda _name: None, *, own_draft: bool = False) -> bool:
    """Remove what is ours of a folder without manifest. True when the folder is gone. ``own_draft``: whoever wrote it
    knows that it never got a manifest, whatever is there under that name."""
    fd = io.open_folder(spot.parent, spot.name, spot.path)
    try:
        if not own_draft and io.exists(fd, FILE_NAME):
            raise StoreError(f"{spot.path} has a manifest, so its data stay.", stage="remove")
        if io.exists(fd, PINNED):
            return False
        for name in sorted(filter(_is_ours, os.listdir(fd))):
            step(f"remove {name}")
            os.unlink(name, dir_fd=fd)
        left = os.listdir(fd)
        os.fsync(fd)
    finally:
        os.close(fd)
    if not left:
        step(f"remove folder {spot.name}")
        os.rmdir(spot.name, dir_fd=spot.parent)
        os.fsync(spot.parent)
    return not left


def pin(spot: Spot, note: bytes, step: Step) -> None:
    """Write the note durably; one that is there stays."""
    fd = io.open_folder(spot.parent, spot.name, spot.path)
    try:
        if io.exists(fd, PINNED):
            return
        if io.exists(fd, io.TEMPORARY + PINNED):  # of a run that died
            os.unlink(io.TEMPORARY + PINNED, dir_fd=fd)
        step(f"pin {spot.name}")
        file = io.AtomicFile(fd, PINNED, f"{spot.path}/{PINNED}")
        try:
            file.write(note)
        except BaseException:
            file.abort()
            raise
        file.commit()
    finally:
        os.close(fd)


def unpin(spot: Spot, step: Step) -> None:
    """Remove the note durably, if there is one."""
    fd = io.open_folder(spot.parent, spot.name, spot.path)
    try:
        if io.exists(fd, PINNED):
            step(f"unpin {spot.name}")
            os.unlink(PINNED, dir_fd=fd)
            os.fsync(fd)
    finally:
        os.close(fd)


__all__ = ("PINNED", "Spot", "Step", "clear", "is_part", "is_record", "pin", "retract", "unpin")
