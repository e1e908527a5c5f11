# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What a reader of SQL scripts reports, and how it fails."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError

HEAD = 200


@dataclasses.dataclass(frozen=True)
class Place:
    """Where something begins: the number of the statement and the line, both from 1, and the offset in bytes.

    What lies between statements has the number of the next one.
    """

    number: int
    offset: int
    line: int

    def __str__(self) -> str:
        return f"statement {self.number}, line {self.line}, byte {self.offset}"


@dataclasses.dataclass(frozen=True)
class Event:
    """Something that was read."""

    place: Place


@dataclasses.dataclass(frozen=True)
class Statement(Event):
    """One statement, without its delimiter and without the space and the plain comments before it.

    What stands between its last word and the delimiter is kept: a comment there may need its end of line.
    """

    text: bytes


@dataclasses.dataclass(frozen=True)
class Bulk(Event):
    """MySQL: one INSERT or REPLACE statement, the same as a Statement."""

    text: bytes


@dataclasses.dataclass(frozen=True)
class CopyData(Event):
    """PostgreSQL: some of the lines below a ``COPY ... FROM stdin``; a line too long for one event is cut."""

    chunks: bytes


@dataclasses.dataclass(frozen=True)
class CopyEnd(Event):
    r"""PostgreSQL: the line ``\.`` below the data."""


@dataclasses.dataclass(frozen=True)
class Meta(Event):
    """A command of the client program. One in the middle of a statement comes before that statement, and is no longer
    in its text."""

    text: bytes


@dataclasses.dataclass(frozen=True)
class Comment(Event):
    """A plain comment between statements, without the end of its line; at most 64 KiB of it."""

    text: bytes


class SqlReadError(BackupError):
    """A script that ends within something, is too large in a place, or cannot be told apart safely."""

    default_stage = "restore"

    def __init__(self, msg: str, *, place: Place, head: bytes = b"", hint: str = "") -> None:
        shown = ddl_head(head)
        super().__init__(f"{msg} ({place})." + (f" It begins: {shown}" if shown else ""), hint=hint)
        self.place = place


class Unreadable(Exception):
    """Raised about a statement after which nobody can tell strings from the rest; the text says why."""


_DDL = re.compile(rb"\s*(?:/\*M?!\d*\s*)?(?:CREATE|ALTER|DROP|RENAME)\b", re.I)


def ddl_head(text: bytes) -> str:
    """The first 200 characters of a definition, up to its first string (a password, a default); of data nothing."""
    if not _DDL.match(text):
        return ""
    return re.split(rb"['\"$]", text[: 4 * HEAD], maxsplit=1)[0].decode("utf-8", "replace")[:HEAD].strip()


__all__ = (
    "Bulk",
    "Comment",
    "CopyData",
    "CopyEnd",
    "Event",
    "Meta",
    "Place",
    "SqlReadError",
    "Statement",
    "Unreadable",
    "ddl_head",
)
