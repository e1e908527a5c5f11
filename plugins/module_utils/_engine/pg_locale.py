# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: encoding and locale of a new database."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import literal

_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
# Wrong object type, invalid value, syntax (options of newer versions), not built in, unknown object.
_REFUSALS = frozenset(("42809", "22023", "42601", "0A000", "42704"))


def defaults(ask: t.Callable[[str], list[tuple[t.Any, ...]]], version: int) -> dict[str, str]:
    """What a database gets that asks for nothing."""
    names = {"encoding": "pg_encoding_to_char(encoding)", "collate": "datcollate", "ctype": "datctype"}
    if version >= 15:
        names["provider"] = "datlocprovider"
        names["locale"] = "datlocale" if version >= 17 else "daticulocale"
    row = ask(f"SELECT {', '.join(names.values())} FROM pg_database WHERE datname = 'template1'")[0]
    return {key: str(value) for key, value in zip(names, row) if value is not None}


def clauses(properties: t.Mapping[str, t.Any], version: int) -> str:
    """Of CREATE DATABASE, with a space before them."""
    p = properties
    parts = [f" ENCODING {literal(p['encoding'])}", f" LC_COLLATE {literal(p['collate'])}"]
    parts.append(f" LC_CTYPE {literal(p['ctype'])}")
    known = p.get("provider") or "c"
    provider = known if known in _PROVIDERS.values() else _PROVIDERS.get(known, "libc")
    if version >= 15:
        parts.append(f" LOCALE_PROVIDER {provider}")
    if provider != "libc" and p.get("locale"):
        parts.append(f" {'ICU_LOCALE' if provider == 'icu' else 'BUILTIN_LOCALE'} {literal(p['locale'])}")
    if p.get("icu_rules"):
        parts.append(f" ICU_RULES {literal(p['icu_rules'])}")
    return "".join(parts)


def instead(properties: t.Mapping[str, t.Any], defaults_: t.Mapping[str, str]) -> t.Iterator[dict[str, t.Any]]:
    """What to try where a server lacks a locale: its own with the same encoding, then its own encoding too."""
    others = {key: value for key, value in properties.items() if key not in ("provider", "locale", "icu_rules")}
    yield {**others, **defaults_, "encoding": properties["encoding"]}
    yield {**others, **defaults_}


def refused(state: str) -> bool:
    """Whether an SQLSTATE of CREATE DATABASE can mean that the server lacks the locale."""
    return state in _REFUSALS


__all__ = ("clauses", "defaults", "instead", "refused")
