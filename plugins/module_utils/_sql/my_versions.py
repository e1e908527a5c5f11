# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: what the one calls otherwise than the other, or does not know.

Source: MySQL Reference Manual, "Supported Character Sets and Collations"; MariaDB Knowledge Base, "Supported Character
Sets and Collations". MySQL's 0900 collations do not pad: of MariaDB's, those without padding come first.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import Word
from ansible_collections.vya.backupdb.plugins.module_utils._sql.places import Places

# Each collation with its equals, the nearest first.
EQUALS = {
    "utf8mb4_0900_ai_ci": "utf8mb4_uca1400_nopad_ai_ci utf8mb4_uca1400_ai_ci utf8mb4_unicode_520_nopad_ci"
    " utf8mb4_unicode_520_ci",
    "utf8mb4_0900_as_ci": "utf8mb4_uca1400_nopad_as_ci utf8mb4_uca1400_as_ci utf8mb4_unicode_520_nopad_ci"
    " utf8mb4_unicode_520_ci",
    "utf8mb4_0900_as_cs": "utf8mb4_uca1400_nopad_as_cs utf8mb4_uca1400_as_cs utf8mb4_nopad_bin utf8mb4_bin",
    "utf8mb4_0900_bin": "utf8mb4_nopad_bin utf8mb4_bin",
    "utf8mb4_uca1400_ai_ci": "utf8mb4_0900_ai_ci utf8mb4_unicode_520_ci",
    "utf8mb4_uca1400_as_ci": "utf8mb4_0900_as_ci utf8mb4_unicode_520_ci",
    "utf8mb4_uca1400_as_cs": "utf8mb4_0900_as_cs utf8mb4_bin",
    "utf8mb4_nopad_bin": "utf8mb4_0900_bin utf8mb4_bin",
    "utf8mb3_uca1400_ai_ci": "utf8mb3_unicode_520_ci utf8_unicode_520_ci",
}
# Character sets of both families; other words after CHARSET are names of columns.
CHARSETS = frozenset(
    "armscii8 ascii big5 binary cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 cp932 dec8 eucjpms euckr gb18030 gb2312"
    " gbk geostd8 greek hebrew hp8 keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce macroman sjis swe7 tis620 ucs2"
    " ujis utf16 utf16le utf32 utf8 utf8mb3 utf8mb4".split()
)
_ALIASES = {"utf8": "utf8mb3", "utf8mb3": "utf8"}
# Of MariaDB alone.
MARIADB_KINDS = frozenset(("SEQUENCE", "PACKAGE"))


def _knows(name: str, known: frozenset[str]) -> bool:
    charset, dummy, rest = name.partition("_")
    return name in known or (rest.startswith("uca1400_") and rest in known) or (charset == "binary" and not rest)


def collation(name: str, known: frozenset[str]) -> str | None:
    """``name``, or its equal on a server that knows the collations ``known``; None when it has none."""
    lower = name.lower()
    if lower.startswith("uca1400_"):
        lower = "utf8mb4_" + lower
        if _knows(lower, known):
            return name
    if not known or _knows(lower, known):
        return name
    charset, dummy, rest = lower.partition("_")
    candidates = EQUALS.get(lower.replace("uca1400_nopad_", "uca1400_"), "").split()
    candidates += [
        f"{_ALIASES.get(charset, charset)}_{rest}",
        lower.replace("_nopad_", "_"),
        lower.replace("_nopad", ""),
    ]
    return next((item for item in candidates if _knows(item, known)), None)


def charset(name: str, known: frozenset[str]) -> str | None:
    """``name`` of a character set, as :func:`collation`."""
    sets = {item.partition("_")[0] for item in known} | {"binary"}
    if not known or name.lower() in sets:
        return name
    other = _ALIASES.get(name.lower(), "")
    return other if other in sets else None


def adapted(parsed: Places[Word], known: frozenset[str]) -> tuple[dict[int, str], str]:
    """(changes by place, the first name without an equal) of the collations and character sets in a statement."""
    changes: dict[int, str] = {}
    if not known:
        return changes, ""
    for place, find in _named(parsed):
        word = parsed.at(place)
        name = word.text if word.kind == "word" else word.text[1:-1]
        is_charset = find is charset
        if (is_charset and name.lower() not in CHARSETS) or (not is_charset and "_" not in name and name != "binary"):
            continue
        equal = find(name, known)
        if equal is None:
            return changes, name
        if equal != name:
            changes[place] = equal if word.kind == "word" else word.text[0] + equal + word.text[0]
    return changes, ""


def _named(parsed: Places[Word]) -> t.Iterator[tuple[int, t.Callable[[str, frozenset[str]], str | None]]]:
    """Places at which a collation or a character set is named."""
    upper = parsed.upper
    for place, word in enumerate(upper):
        following = place + 2 if upper[place + 1 : place + 2] == ["="] else place + 1
        assigned = following == place + 2
        if parsed.at(following).kind not in ("word", "string", "name") or upper[following] == "DEFAULT":
            continue
        set_of = word == "SET" and upper[max(place - 1, 0)] in ("CHARACTER", "CHAR")
        if word == "COLLATE" or (assigned and word.startswith("COLLATION_")):
            yield following, collation
        elif set_of or word in ("CHARSET", "NAMES") or (assigned and word.startswith("CHARACTER_SET_")):
            yield following, charset


__all__ = ("CHARSETS", "EQUALS", "MARIADB_KINDS", "adapted", "charset", "collation")
