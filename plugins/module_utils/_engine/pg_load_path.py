# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: load with a search_path, for functions that name objects without their schema.

pg_restore empties the search_path of its connection, and no setting of a database or a role changes that. An event
trigger in the scratch database, gone before anything is compared, sets it anew at the first definition. What is
restored is not changed: the functions stay as they were.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import literal, query, quote
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_rights import Account
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError

_EVENT_TRIGGERS_SINCE = 17
# Scripts of extensions have a search_path of their own, which is not empty.
_MADE = """
CREATE SCHEMA {name};
CREATE FUNCTION {name}.set_path() RETURNS event_trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF pg_catalog.current_setting('search_path') IN ('', '""') THEN
    PERFORM pg_catalog.set_config('search_path', {path}, false);
  END IF;
END $body$;
CREATE EVENT TRIGGER {name} ON ddl_command_start EXECUTE FUNCTION {name}.set_path()"""
_GONE = """
DROP EVENT TRIGGER IF EXISTS {name};
DROP SCHEMA IF EXISTS {name} CASCADE"""


class LoadPath:
    """``schemas``: none leaves the search_path to pg_restore. ``connect``: opens the scratch database."""

    def __init__(self, schemas: t.Sequence[str], name: str, connect: t.Callable[[], t.Any]) -> None:
        self._schemas = tuple(schemas)
        self.wanted = bool(schemas)
        self.path = ", ".join(quote(schema) for schema in schemas)
        self._name, self._connect = quote(name), connect
        self._made = False

    def check(self, who: Account) -> None:
        """Before anything is changed."""
        if any(not schema.strip() for schema in self._schemas):
            raise ConfigError("search_path has an empty name: it is a list of schemas, such as [public].")
        if self.wanted and not who.superuser:
            raise ConfigError(
                f"The account {who.name!r} may not load with search_path: only a superuser may create event triggers.",
                hint="Use an account that is a superuser, or correct the functions on the source (ALTER FUNCTION ..."
                " SET search_path = ...) and leave search_path out.",
            )

    def make(self) -> None:
        """From now on the first definition of a session sets its search_path, where that is empty."""
        if self.wanted:
            self._made = True
            self._run(_MADE)

    def remove(self) -> None:
        """The scratch database is as the load made it."""
        if self._made:
            self._run(_GONE)
            self._made = False

    def options(self, major: int) -> str:
        """What PGOPTIONS needs for it, after those that turn event triggers off."""
        return " -c event_triggers=on" if self.wanted and major >= _EVENT_TRIGGERS_SINCE else ""

    def _run(self, sql: str) -> None:
        with contextlib.closing(self._connect()) as connection:
            query(connection, sql.format(name=self._name, path=literal(self.path)), stage="load")


__all__ = ("LoadPath",)
