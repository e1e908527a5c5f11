# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: parts of definitions in comments for other versions, which this server does not apply."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql import my_names
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_names import Parsed

_HEAD = 1 << 14
_SIZE = 40
_DEFINES = re.compile(r"(?:CREATE|ALTER)\b", re.I)
# What is so without the words.
_USUAL = re.compile(r"(?:DEFAULT ENCRYPTION ?= ?'?N'?|ENFORCED|VISIBLE|(?:SQL SECURITY|DEFINER) ?=? ?\S*)\Z", re.I)


def named(text: bytes, passed: t.Sequence[bytes], sql_mode: str) -> list[str]:
    """Each part that has a meaning, with the object that it is about; ``text``: what the server does run."""
    shown = [part for part in (" ".join(item.decode("utf-8", "replace").split()) for item in passed) if part]
    head = Parsed(text[:_HEAD], sql_mode)
    if head.upper[:1] not in (["CREATE"], ["ALTER"]):
        # The whole definition is in the comment; what is no definition, such as a SET, is of the dump tool.
        return [f"{_short(part)} (all of the definition)" for part in shown if _DEFINES.match(part)]
    where = _object(head)
    return [f"{_short(part)}{where}" for part in shown if not _USUAL.match(part)]


def _short(part: str) -> str:
    """Its first words, without strings."""
    words = re.split(r"['\"]", part, maxsplit=1)[0].strip(" ,=(")
    return words if len(words) <= _SIZE else words[:_SIZE].rsplit(" ", 1)[0] + " ..."


def _object(head: Parsed) -> str:
    at = my_names.kind(head)
    if at < 1:
        return ""
    places = my_names.objects(head, at)
    place = places[0] if places else at + 1
    place = place if my_names.qualifier(head, place) is None else place + 2
    name = head.at(place).name
    return f" ({head.upper[at].lower()} {name})" if name else ""


__all__ = ("named",)
