# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what CREATE DATABASE tells of a database."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Event, Meta, Statement
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_reader import PostgresReader
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_strings import encodes, sets
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed

# Properties of a database by the options of CREATE DATABASE.
_OPTIONS = {
    "ENCODING": ("encoding",),
    "LC_COLLATE": ("collate",),
    "LC_CTYPE": ("ctype",),
    "LOCALE": ("collate", "ctype"),
    "LOCALE_PROVIDER": ("provider",),
    "ICU_LOCALE": ("locale",),
    "BUILTIN_LOCALE": ("locale",),
    "ICU_RULES": ("icu_rules",),
    "OWNER": ("owner",),
}
# Settings of a database that change what is computed while it is loaded: materialized views, generated columns, index
# expressions. Names with a dot belong to extensions and to functions. All others come after the load: some decide who
# loads, for how long, and how rows and definitions are read, and what a newer server adds is not known here.
_BEFORE_LOAD = re.compile(
    r".*\..*|timezone|timezone_abbreviations|datestyle|intervalstyle|lc_(?:monetary|numeric|time)|extra_float_digits"
    r"|bytea_output|xmlbinary|default_text_search_config|default_toast_compression",
    re.I | re.S,
)

_ABOUT = re.compile(rb"(?:ALTER|COMMENT|GRANT|REVOKE|SECURITY)\b", re.I)


def comes_after_load(setting: str) -> bool:
    """Whether a database gets this setting only when all is loaded."""
    return _BEFORE_LOAD.fullmatch(setting) is None


def options(parsed: Parsed) -> dict[str, str]:
    """Properties that CREATE DATABASE tells: ``ENCODING = 'UTF8'``, with and without the sign."""
    found: dict[str, str] = {}
    place = 3
    while place < len(parsed):
        keys = _OPTIONS.get(parsed.upper[place], ())
        value = place + 2 if parsed.at(place + 1).text == "=" else place + 1
        text = parsed.at(value).value
        if keys and text is not None:
            word = parsed.at(value)
            text = word.name if word.kind in ("word", "name") else text
            for key in keys:
                if parsed.upper[place] != "LOCALE" or key not in found:
                    found[key] = text or ""
            place = value
        place += 1
    return found


def create_database(script: bytes) -> tuple[str, dict[str, str]]:
    """(name, properties) by the first CREATE DATABASE of a script; ConfigError when there is none."""
    for event in PostgresReader().read([script]):
        if isinstance(event, Statement) and event.text[:15].upper() == b"CREATE DATABASE":
            parsed = Parsed(event.text)
            name = parsed.at(2).name
            if name is not None:
                return name, options(parsed)
    raise ConfigError("The archive does not tell which database it was made of.")


def about_database(script: bytes) -> t.Iterator[Event]:
    """What a script tells of the database itself, with the changes of database around it."""
    for event in PostgresReader().read([script]):
        if isinstance(event, Meta) or (isinstance(event, Statement) and _is_about(event.text)):
            yield event


def _is_about(text: bytes) -> bool:
    if sets(text) or encodes(text):
        return True
    if not _ABOUT.match(text) or b"DATABASE" not in text.upper():
        return False
    words = Parsed(text)
    return (
        words.upper[:2] == ["ALTER", "DATABASE"]
        or words.upper[3:5] == ["IN", "DATABASE"]
        or (words.upper[0] != "ALTER" and words.find("ON", "DATABASE") > 0)
    )


def setting_of(parsed: Parsed) -> str | None:
    """The setting that ALTER DATABASE or ALTER ROLE .. IN DATABASE changes, if it does."""
    place = 6 if parsed.upper[3:5] == ["IN", "DATABASE"] else 3
    return parsed.at(place + 1).name if parsed.at(place).upper in ("SET", "RESET") else None


__all__ = ("about_database", "comes_after_load", "create_database", "options", "setting_of")
