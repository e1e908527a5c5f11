# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: names of roles and privileges in statements, as another version or a careless author wrote them."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed, Word, quote

# A role's name follows these, in statements that have no expressions.
_BEFORE_ROLE = frozenset(
    ("ROLE", "USER", "GROUP", "TO", "FROM", "FOR", "AUTHORIZATION", "BY", ",", "ADMIN", "GRANT", "REVOKE")
)


def quoted(parsed: Parsed) -> tuple[bytes, int]:
    """The statement with names such as ``admin@vya.digital`` quoted where a role is named, and how many were."""
    changes: dict[int, str] = {}
    count = 0
    depths = _depths(parsed)
    for place, length, text in parsed.runs():
        if place and depths[place] == 0 and parsed.upper[place - 1] in _BEFORE_ROLE:
            folded = Word("word", text).name or text
            changes.update({place + index: "" for index in range(length)})
            changes[place] = quote(folded)
            count += 1
    return parsed.joined(changes), count


def _depths(parsed: Parsed) -> list[int]:
    depth, out = 0, []
    for sign in parsed.upper:
        depth += (sign == "(") - (sign == ")")
        out.append(depth)
    return out


def without_maintain(parsed: Parsed, begin: int) -> bytes | None:
    """A GRANT or REVOKE (its verb at ``begin``) without the privilege MAINTAIN; None when there is no other."""
    end = parsed.find("ON", start=begin)
    place = parsed.find("MAINTAIN", start=begin)
    if not 0 <= place < end:
        return parsed.joined({})
    after = place + 1 < end and parsed.upper[place + 1] == ","
    if not after and parsed.upper[place - 1] != ",":
        return None
    return parsed.joined({place: "", (place + 1 if after else place - 1): ""})


def membership_before_16(parsed: Parsed) -> bytes | None:
    """GRANT of a role without what PostgreSQL 16 added; None when it would give more than it did there."""
    begin = parsed.find("WITH")
    end = parsed.find("GRANTED", "BY")
    if begin < 0:
        return parsed.joined({})
    options = parsed.upper[begin + 1 : end if end >= 0 else None]
    pairs = list(zip(options, [*options[1:], ""]))
    if ("INHERIT", "FALSE") in pairs or ("SET", "FALSE") in pairs:
        return None
    if "INHERIT" not in options and "SET" not in options and ("ADMIN", "OPTION") in pairs:
        return parsed.joined({})
    admin = b"WITH ADMIN OPTION " if "ADMIN" in options and ("ADMIN", "FALSE") not in pairs else b""
    rest = parsed.joined({}, begin=end) if end >= 0 else b""
    return (parsed.joined({}, end=begin) + admin + rest).rstrip()


def _listed(parsed: Parsed, begin: int) -> list[str]:
    """Names in a list that begins at ``begin``."""
    names = []
    while begin < len(parsed):
        name = parsed.at(begin).name
        if name is not None:
            names.append(name)
        if begin + 1 >= len(parsed) or parsed.upper[begin + 1] != ",":
            break
        begin += 2
    return names


def only_for(parsed: Parsed, begin: int, roles: t.Container[str]) -> bytes | None:
    """The statement with only these roles left in the list that begins at ``begin``; None when none is left."""
    names = _listed(parsed, begin)
    kept = [name for name in names if name in roles]
    if len(kept) == len(names) or not kept:
        return parsed.joined({}) if kept else None
    text = ", ".join(quote(name) for name in kept).encode("utf-8", "surrogateescape")
    return b" ".join((parsed.joined({}, end=begin).rstrip(), text, parsed.joined({}, begin=begin + 2 * len(names) - 1)))


def without_owner(parsed: Parsed, place: int) -> bytes | None:
    """An ALTER without its OWNER TO, which begins at ``place``; None when it does nothing else."""
    end = place + 2
    while end < len(parsed) and parsed.upper[end] != ",":
        end += 1
    if end < len(parsed):
        return parsed.joined({}, end=place) + parsed.joined({}, begin=end + 1)
    return parsed.joined({}, end=place - 1) if parsed.upper[place - 1] == "," else None


__all__ = ("membership_before_16", "only_for", "quoted", "without_maintain", "without_owner")
