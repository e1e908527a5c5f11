# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What PostgreSQL statements set that changes how the statements after them are to be read.

Source: PostgreSQL manual, "String Constants with C-Style Escapes", "Character Set Support", "SET".
"""

from __future__ import annotations

import re

from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Unreadable

_SET = re.compile(
    rb"(?:SET\s+(?:SESSION\s+)?(?P<name>standard_conforming_strings|client_encoding)\s*(?:=|\bTO\b)"
    rb"|(?P<names>SET\s+NAMES\b)"
    rb"|SELECT\s+(?:pg_catalog\.)?set_config\(\s*'(?P<config>standard_conforming_strings|client_encoding)'\s*,)"
    rb"\s*'?(?P<value>[\w-]+)",
    re.I,
)
_CHANGES = re.compile(rb"(?:SET|RESET|DISCARD)\b|SELECT\b[^']*\bset_config\b", re.I)
_STRINGS = b"standard_conforming_strings"
_RESET = re.compile(rb"RESET\s+(?:ALL|standard_conforming_strings)|DISCARD\s+ALL", re.I)
_ON = re.compile(rb"(?:on|t|tr|tru|true|y|ye|yes|1|default)\Z", re.I)
_OFF = re.compile(rb"(?:of|off|f|fa|fal|fals|false|n|no|0)\Z", re.I)
# A byte of these that looks like a quote or a backslash can be the second half of a character.
_UNSAFE = frozenset(
    b"sjis shiftjis shiftjis2004 mskanji win932 windows932 big5 win950 windows950 gbk win936 windows936"
    b" uhc win949 windows949 gb18030 johab".split()
)
# What the server tells after each statement, without being asked.
REPORTED = ("standard_conforming_strings", "client_encoding")
# Where a statement is longer than this it sets nothing that matters here.
_LONG = 1 << 16


def unsafe_encoding(name: bytes) -> None:
    """Raise Unreadable for an encoding in which quotes cannot be found by looking at bytes."""
    if re.sub(rb"[^a-z0-9]", b"", name.lower()) in _UNSAFE:
        raise Unreadable(f"The client encoding {name.decode('ascii', 'replace')} cannot be read safely")


def follow(text: bytes, standard_strings: bool) -> bool:
    """Whether ``'...'`` takes backslashes literally after this statement. Raises Unreadable."""
    if len(text) > _LONG or not _CHANGES.match(text):
        return standard_strings
    found = _SET.match(text)
    if found is None:
        if _RESET.match(text):
            return True
        if _STRINGS in text.lower():
            raise Unreadable("standard_conforming_strings is set in a way that cannot be followed")
        return standard_strings
    name, value = (found.group("name") or found.group("config") or b"client_encoding").lower(), found.group("value")
    if name == b"client_encoding":
        unsafe_encoding(value)
        return standard_strings
    if not _ON.match(value) and not _OFF.match(value):
        raise Unreadable("standard_conforming_strings is set to a value that cannot be followed")
    return bool(_ON.match(value))


def resets(text: bytes) -> bool:
    """Whether the statement sets standard_conforming_strings to what the server, the database or the role has."""
    return _RESET.match(text) is not None


def sets(text: bytes) -> bool:
    """Whether the statement sets standard_conforming_strings to a value of its own."""
    found = _SET.match(text)
    return found is not None and (found.group("name") or found.group("config") or b"").lower() == _STRINGS


def encodes(text: bytes) -> bool:
    """Whether the statement sets the client's encoding."""
    found = _SET.match(text)
    return found is not None and (found.group("name") or found.group("config") or b"").lower() != _STRINGS


def agreed(text: bytes, standard_strings: bool, strings: str, encoding: str) -> bool:
    """What :func:`follow` makes of a statement that was run, if the server's own report is the same.

    ``strings`` and ``encoding``: the values of REPORTED. Raises Unreadable: whoever reads on would take something else
    for a string than the server does. A function can set them, and a ROLLBACK undo it.
    """
    unsafe_encoding(encoding.encode("ascii", "replace"))
    expected = follow(text, standard_strings)
    if strings != ("on" if expected else "off"):
        raise Unreadable("the statement changed standard_conforming_strings in a way that cannot be followed")
    return expected


__all__ = ("REPORTED", "agreed", "encodes", "follow", "resets", "sets", "unsafe_encoding")
