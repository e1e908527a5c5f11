# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what belongs to a database as a whole and is not in the contents of a pg_dump archive."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import RestorePlan
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import literal, quote, sqlstate
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_properties import comes_after_load

Ask = t.Callable[[str, str], t.Any]

_LISTS = ("search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries")
# By SQLSTATE, why a server does not take a setting. Its own words may quote the value.
REFUSED_SETTINGS = {
    "42704": "this server does not know it, or what it names",
    "42602": "this server does not know it",
    "22023": "this server does not accept its value",
    "55P02": "this server does not let a database set it",
    "42501": "the account may not set it",
    "3F000": "what it names does not exist on this server",
    "58P01": "what it names does not exist on this server",
}


class Belongings:
    """Of one database that is restored as ``scratch``."""

    def __init__(self, plan: RestorePlan, scratch: str) -> None:
        self._properties, self._no_owner = plan.origin.properties, plan.no_owner
        self._scratch = quote(scratch)

    def set(self, run: Ask, *, after_load: bool) -> list[str]:
        """Apply its settings, those of single roles in it included. What is computed while loading, such as a
        materialized view, goes by those that come before. Returns warnings: those that the server refuses are skipped.
        """
        skipped: dict[str, list[str]] = {}
        roles = {row[0] for row in run("SELECT rolname FROM pg_roles", "settings")}
        for role, setting in self._properties.get("settings", ()):
            key, _equals, value = setting.partition("=")
            if comes_after_load(key) != after_load or (role is not None and self._no_owner):
                continue
            shown = f"{key} (of the role {role})" if role else key
            if role and role not in roles:
                skipped.setdefault("the server lacks the role", []).append(shown)
                continue
            try:
                run(self._statement(role, key, value), "settings")
            except EngineError as exc:
                why = REFUSED_SETTINGS.get(sqlstate(exc.__cause__))
                if why is None:
                    raise
                skipped.setdefault(why, []).append(shown)
        return [f"Settings of the database were skipped: {', '.join(keys)} ({why})." for why, keys in skipped.items()]

    def _statement(self, role: str | None, key: str, value: str) -> str:
        whose = f"ALTER ROLE {quote(role)} IN DATABASE {self._scratch}" if role else f"ALTER DATABASE {self._scratch}"
        sets = ".".join(quote(part) for part in key.split("."))
        return f"{whose} SET {sets} TO {_value(key, value)}"

    def statements(self) -> t.Iterator[str]:
        """Its owner, grants, limit and comment."""
        p, name = self._properties, self._scratch
        if p.get("comment"):
            yield f"COMMENT ON DATABASE {name} IS {literal(p['comment'])}"
        if p.get("limit", -1) != -1:
            yield f"ALTER DATABASE {name} CONNECTION LIMIT {int(p['limit'])}"
        grants = p.get("grants", ())
        if self._no_owner or not grants:
            yield f"GRANT CONNECT ON DATABASE {name} TO PUBLIC"
        if self._no_owner:
            return
        if grants:
            yield f"REVOKE ALL ON DATABASE {name} FROM PUBLIC"
        for grantee, privilege, grantable in grants:
            if not re.match(r"^[A-Z]+$", privilege):
                continue
            whom = quote(grantee) if grantee else "PUBLIC"
            yield f"GRANT {privilege} ON DATABASE {name} TO {whom}{' WITH GRANT OPTION' if grantable else ''}"
        yield f"ALTER DATABASE {name} OWNER TO {quote(p['owner'])}"


def _value(key: str, value: str) -> str:
    """A value for ALTER ... SET. Lists are stored as quoted identifiers, and each element is a value of its own."""
    if key.lower() not in _LISTS:
        return literal(value)
    elements = re.findall(r'"(?:[^"]|"")*"|[^",\s]+', value)
    cleaned = [e[1:-1].replace('""', '"') if e.startswith('"') else e for e in elements]
    return ", ".join(literal(e) for e in cleaned) or "''"


__all__ = ("REFUSED_SETTINGS", "Belongings")
