# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The rules for PostgreSQL, as far as they are about the database itself, roles and privileges."""

from __future__ import annotations

import abc
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql import pg_roles, table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Bulk, Statement
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_properties import options
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_set import check_setting
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_settings import PgSession
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed, quote
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Execute, Item

Items = t.Iterable[Item]

_DATABASE_KEPT = ("SET", "RESET", "OWNER")
# SQLSTATEs of a setting whose value, or what it names, this server does not know.
_REFUSED_SETTING = ("22023", "42602", "55P02", "3F000", "58P01")


class PgGlobals(PgSession):  # pylint: disable=abstract-method
    """Statements about the database itself name ``Wanted.scratch``."""

    @abc.abstractmethod
    def _content(self, event: Statement | Bulk, parsed: Parsed | None = None, *, shown: bool = True) -> Items:
        """A statement for the database, judged."""

    def _parsed(self, event: Statement | Bulk) -> Parsed:
        return Parsed(event.text, escapes=self._escapes)

    def _quoted(self, event: Statement, parsed: Parsed) -> tuple[Statement, Parsed]:
        """The statement with its roles' names quoted."""
        text, count = pg_roles.quoted(parsed)
        if not count:
            return event, parsed
        self._count(table.QUOTED_ROLE, count)
        changed = Statement(event.place, text)
        return changed, self._parsed(changed)

    # -- the database itself

    def _database(self, event: Statement, parsed: Parsed) -> Items:
        verb = parsed.upper[0]
        if verb == "DROP":
            return self._count(table.DROP_DATABASE)
        name = parsed.at(2).name
        if verb == "CREATE" and name is not None:
            self._properties[name] = options(parsed)
            return self._count(table.CREATE_DATABASE)
        follows = parsed.upper[3] if len(parsed) > 3 else ""
        if follows not in _DATABASE_KEPT or parsed.upper[3:5] == ["SET", "TABLESPACE"]:
            return self._count(table.PG_PLACING)
        if follows in ("SET", "RESET"):
            return self._stored_setting(event, parsed, 2, 4)
        return self._about_database(event, parsed, 2, owner=follows == "OWNER")

    def _stored_setting(self, event: Statement, parsed: Parsed, place: int, at: int) -> Items:
        """A setting, named at ``at``, of the database that is named at ``place``."""
        name = parsed.at(at).name or ""
        if parsed.upper[at - 1] == "SET" and self.wanted.source_database in ("", parsed.at(place).name):
            check_setting(name, parsed, at + 2, self._place)
        if not self._knows(name, parsed.at(at + 1).text == "."):
            return self._count(table.UNKNOWN_SETTING)
        return self._about_database(event, parsed, place, owner=parsed.upper[1] != "DATABASE", setting=True)

    def _about_database(
        self, event: Statement, parsed: Parsed, place: int, *, owner: bool = False, setting: bool = False
    ) -> Items:
        """A statement whose database, named at ``place``, gets the name of the scratch database."""
        name = parsed.at(place).name
        if name is None or parsed.at(place + 1).text == ",":
            raise self._refused(table.UNKNOWN, f"{' '.join(parsed.upper[:2])} of several databases")
        if owner and self.wanted.no_owner:
            return self._count(table.PG_OWNER)
        changed = Statement(event.place, parsed.joined({place: quote(self.wanted.scratch)}))
        changed, parsed = self._quoted(changed, self._parsed(changed)) if owner else (changed, parsed)
        item = Execute(event.place, changed.text, parsed.upper[0] == "ALTER")
        if setting:
            item = Execute(item.place, item.text, item.shown, _REFUSED_SETTING, table.UNKNOWN_SETTING)
        return self._for_database(name, item)

    # -- roles

    def _role(self, event: Statement, parsed: Parsed) -> Items:
        if parsed.upper[0] == "DROP":
            return self._count(table.DROP_ROLE)
        as_written, parsed = parsed, self._parsed(Statement(event.place, pg_roles.quoted(parsed)[0]))
        name = parsed.at(2).name
        if name is None or parsed.upper[2] in ("ALL", "CURRENT_USER", "SESSION_USER", "CURRENT_ROLE"):
            raise self._refused(table.SERVER_CHANGE, f"{' '.join(parsed.upper[:3])}")
        if parsed.upper[3:5] == ["IN", "DATABASE"] and parsed.upper[0] == "ALTER":
            return self._stored_setting(event, parsed, 5, 7)
        return self._global(event, as_written, name if parsed.upper[1] != "TABLESPACE" else None)

    def _global(self, event: Statement, parsed: Parsed, name: str | None) -> Items:
        if not self.wanted.with_globals:
            return self._count(table.GLOBALS)
        if name is not None and parsed.upper[0] == "CREATE" and name not in self.target.accounts:
            self._created.add(name)
        if name is not None and name not in self._created:
            # Changed is only what this stream made.
            return self._count(table.EXISTING_ROLE)
        event, parsed = self._quoted(event, parsed)
        if parsed.upper[0] == "ALTER" and parsed.upper[3:4] == ["SET"]:
            setting = parsed.at(4).name or ""
            check_setting(setting, parsed, 6, self._place)
            if not self._knows(setting, parsed.at(5).text == "."):
                return self._count(table.UNKNOWN_SETTING)
        self._keeps(event.text)
        self.globals.append(event.text)
        return ()

    # -- privileges

    def _grant(self, event: Statement, parsed: Parsed) -> Items:
        verb = parsed.upper[0]
        on, to = parsed.find("ON"), parsed.find("TO" if verb == "GRANT" else "FROM")
        if not 0 <= on < to:
            return self._membership(event, parsed)
        about = parsed.upper[on + 1]
        if about == "DATABASE":
            if self.wanted.no_owner:
                return self._count(table.PG_OWNER)
            return self._about_database(event, parsed, on + 2, owner=True)
        if about in ("TABLESPACE", "PARAMETER"):
            return self._given(event, parsed)
        return self._privileges(event, parsed, 0)

    def _membership(self, event: Statement, parsed: Parsed) -> Items:
        if not self.wanted.with_globals:
            return self._count(table.GLOBALS)
        if parsed.upper[0] == "REVOKE":
            return self._count(table.EXISTING_ROLE)
        return self._given(event, parsed, membership=True)

    def _given(self, event: Statement, parsed: Parsed, *, membership: bool = False) -> Items:
        """What roles are given on the whole server: only those that this stream made get it."""
        if not self.wanted.with_globals:
            return self._count(table.GLOBALS)
        event, parsed = self._quoted(event, parsed)
        to = parsed.find("TO" if parsed.upper[0] == "GRANT" else "FROM")
        text = pg_roles.only_for(parsed, to + 1, self._created)
        self._count(table.EXISTING_ROLE, text != event.text)
        if text is None:
            return ()
        event = Statement(event.place, text)
        if membership and self.target.version < (16,):
            text = pg_roles.membership_before_16(self._parsed(event))
            if text is None:
                return self._count(table.PG_MEMBERSHIP_LESS)
            self._count(table.PG_MEMBERSHIP, text != event.text)
            event = Statement(event.place, text)
        self._keeps(event.text)
        self.globals.append(event.text)
        return ()

    def _privileges(self, event: Statement, parsed: Parsed, begin: int) -> Items:
        """GRANT and REVOKE of objects, ALTER DEFAULT PRIVILEGES."""
        if not self._takes(self.current):
            return ()
        if self.wanted.no_owner:
            return self._count(table.PG_OWNER)
        event, parsed = self._quoted(event, parsed)
        if self.target.version < (17,) and "MAINTAIN" in parsed.upper:
            text = pg_roles.without_maintain(parsed, max(begin, 0))
            self._count(table.PG_MAINTAIN, text != event.text)
            if text is None:
                return ()
            event = Statement(event.place, text)
        return self._content(event, self._parsed(event))


__all__ = ("PgGlobals",)
