# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The rules for PostgreSQL: output of pg_dump and pg_dumpall, and scripts that psql would run."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql import pg_roles, table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import Bulk, Statement
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_calls import check_calls, suspicious
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_catalog import Catalog, name_at
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_content import check_content, forgiven
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_properties import options
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_set import check_set_config, check_setting
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_settings import PgSession
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed, quote
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Execute, Item

Items = t.Iterable[Item]

_VERB = re.compile(rb"[A-Za-z]+")
_NAME = rb'(?:[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*|"(?:[^"]|"")*")'
_WRITE = re.compile(
    rb"(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(?!ONLY\b)(" + _NAME + rb")(?:\s*\.\s*(" + _NAME + rb"))?", re.I
)
_LARGE_OBJECT = re.compile(rb"SELECT\s+(?:pg_catalog\s*\.\s*)?(?:lowrite|lo_put)\s*\(", re.I)
_TEMPLATE_FLAG = re.compile(rb"UPDATE\s+(?:pg_catalog\s*\.\s*)?pg_database\s+SET\s+datistemplate\b", re.I)
_HEAD = 4096
_MAX_HEADS = 10_000
_GLOBAL_KINDS = ("ROLE", "USER", "GROUP", "TABLESPACE")
_MAINTENANCE = ("VACUUM", "CHECKPOINT", "SHOW")
_STATISTICS = frozenset(("PG_RESTORE_RELATION_STATS", "PG_RESTORE_ATTRIBUTE_STATS"))
_DATABASE_KEPT = ("SET", "RESET", "OWNER")


class PgRules(PgSession):
    """See :class:`Rules`. Statements about the database itself name ``Wanted.scratch``."""

    system = frozenset(("postgres", "template0", "template1"))

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._heads: set[bytes] = set()  # beginnings of writes that were judged
        self._catalog = Catalog(self.target.catalog)

    def _statement(self, event: Statement) -> Items:
        if b"\0" in event.text:
            raise self._refused(table.UNKNOWN, "a statement that holds a NUL byte, where it would end for the server")
        if event.text[:6] == b"INSERT":
            return self._write(event)
        verb = _VERB.match(event.text)
        word = verb.group().decode().upper() if verb else ""
        if word in ("INSERT", "UPDATE", "DELETE"):
            return self._write(event)
        if word == "SELECT" and _LARGE_OBJECT.match(event.text):
            return self._content(event, shown=False)
        parsed = Parsed(event.text, escapes=self._escapes)
        handler = _HANDLERS.get(word)
        return self._content(event, parsed) if handler is None else handler(self, event, parsed)

    def _bulk(self, event: Bulk) -> Items:
        return self._write(event)

    def _maintenance(self, event: Statement, parsed: Parsed) -> Items:
        return self._count(table.MAINTENANCE)

    # -- content

    def _content(self, event: Statement | Bulk, parsed: Parsed | None = None, *, shown: bool = True) -> Items:
        if not self._takes(self.current):
            return ()
        codes: tuple[str, ...] = ()
        rule = table.FORGIVEN
        if parsed is None and suspicious(event.text):
            check_calls(self._parsed(event), "INSERT", "", self._place)
        if parsed is not None:
            check_content(parsed, self._catalog, self._place)
            if self._catalog.follow(parsed):
                self._heads.clear()
            codes, rule = forgiven(parsed)
            self._copying = parsed.upper[0] == "COPY"
            shown = shown and parsed.upper[0] in ("CREATE", "ALTER", "DROP")
        return self._out((Execute(event.place, event.text, shown, codes, rule),))

    def _write(self, event: Statement | Bulk) -> Items:
        """INSERT, UPDATE, DELETE: judged by the name of the table, whatever the size."""
        head = _WRITE.match(event.text)
        if head and head.group() in self._heads and not suspicious(event.text):
            return self._out((Execute(event.place, event.text, False),)) if self._takes(self.current) else ()
        if head:
            parsed, begin = Parsed(b".".join(part for part in head.groups() if part)), 0
        else:
            parsed = Parsed(event.text[:_HEAD], escapes=self._escapes)
            begin = 1 + (parsed.at(1).upper in ("INTO", "FROM"))
        name, end = name_at(parsed, begin)
        # Behind the name there must be something else in sight: half a name tells nothing.
        whole = head or parsed.at(end).text not in ("", ".")
        if not name or not (whole or (parsed.upper[0] == "DELETE" and len(event.text) <= _HEAD)):
            raise self._refused(table.UNKNOWN, f"{event.text[:6].decode().upper()} of no table")
        if _TEMPLATE_FLAG.match(event.text):
            return self._count(table.PG_PLACING)
        self._catalog.check_write(name, self._place)
        if head and len(self._heads) < _MAX_HEADS:
            self._heads.add(head.group())
        return self._content(event, shown=False)

    def _select_statement(self, event: Statement, parsed: Parsed) -> Items:
        called = 3 if parsed.upper[1:3] == ["PG_CATALOG", "."] else 1
        function = parsed.at(called).name or ""
        if function == "set_config" and parsed.at(called + 1).text == "(":
            check_calls(parsed, "SELECT", "", self._place)
            if not self._elsewhere():
                check_set_config(parsed, self._place)
            return self._set_config(event, parsed.at(called + 2).value or "")
        if self.target.version < (18,) and not _STATISTICS.isdisjoint(parsed.upper):
            return self._count(table.PG_STATISTICS) if self._takes(self.current) else ()
        return self._content(event, parsed)

    def _in_or_out(self, event: Statement, parsed: Parsed) -> Items:
        if "PREPARED" in parsed.upper:
            raise self._refused(table.HIDDEN, f"{parsed.upper[0]} PREPARED")
        if "TO" not in parsed.upper:
            self._transaction(parsed.upper[0])
        return self._setting(Execute(event.place, event.text, False))

    # -- CREATE, ALTER, DROP, COMMENT

    def _definition(self, event: Statement, parsed: Parsed) -> Items:
        kind = parsed.upper[1] if len(parsed) > 1 else ""
        if kind == "DATABASE":
            return self._database(event, parsed)
        if kind in _GLOBAL_KINDS and parsed.upper[2:3] != ["MAPPING"]:
            return self._role(event, parsed)
        if kind == "SUBSCRIPTION" and parsed.upper[0] == "DROP":
            # One that the stream itself made would reach its publisher.
            return self._count(table.FORGIVEN) if self._takes(self.current) else ()
        if kind == "DEFAULT" and parsed.upper[2:3] == ["PRIVILEGES"]:
            return self._privileges(event, parsed, max(parsed.find("GRANT"), parsed.find("REVOKE")))
        owner = parsed.find("OWNER", "TO")
        if parsed.upper[0] == "ALTER" and owner > 0 and parsed.upper[owner - 1] != ",":
            return self._owned(event, parsed)
        if parsed.upper[:2] == ["CREATE", "SCHEMA"] and "AUTHORIZATION" in parsed.upper:
            return self._schema(event, parsed)
        if kind in ("POLICY", "USER"):
            return self._with_roles(event, parsed)
        return self._content(event, parsed)

    def _comment_on(self, event: Statement, parsed: Parsed) -> Items:
        """COMMENT and SECURITY LABEL."""
        on = parsed.find("ON")
        about = parsed.upper[on + 1] if 0 <= on < len(parsed) - 1 else ""
        if about == "DATABASE":
            return self._about_database(event, parsed, on + 2)
        if about in ("ROLE", "TABLESPACE"):
            return self._global(event, parsed, parsed.at(on + 2).name)
        return self._content(event, parsed)

    def _owned(self, event: Statement, parsed: Parsed) -> Items:
        """ALTER .. OWNER TO."""
        if self.wanted.no_owner:
            return self._count(table.PG_OWNER) if self._takes(self.current) else ()
        return self._with_roles(event, parsed)

    def _schema(self, event: Statement, parsed: Parsed) -> Items:
        place = parsed.find("AUTHORIZATION")
        if self.wanted.no_owner and place > 2 and len(parsed) <= place + 2:
            if not self._takes(self.current):
                return ()
            self._count(table.PG_OWNER)
            event = Statement(event.place, parsed.joined({}, end=place).rstrip())
            return self._content(event, self._parsed(event))
        return self._with_roles(event, parsed)

    def _with_roles(self, event: Statement, parsed: Parsed) -> Items:
        """Content that names roles."""
        return self._content(*self._quoted(event, parsed)) if self._takes(self.current) else ()

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
        return self._about_database(event, parsed, place, owner=parsed.upper[1] != "DATABASE")

    def _about_database(self, event: Statement, parsed: Parsed, place: int, *, owner: bool = False) -> Items:
        """A statement whose database, named at ``place``, gets the name of the scratch database."""
        name = parsed.at(place).name
        if name is None or parsed.at(place + 1).text == ",":
            raise self._refused(table.UNKNOWN, f"{' '.join(parsed.upper[:2])} of several databases")
        if owner and self.wanted.no_owner:
            return self._count(table.PG_OWNER)
        changed = Statement(event.place, parsed.joined({place: quote(self.wanted.scratch)}))
        changed, parsed = self._quoted(changed, self._parsed(changed)) if owner else (changed, parsed)
        return self._for_database(name, Execute(event.place, changed.text, parsed.upper[0] == "ALTER"))

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
            return self._global(event, parsed, None)
        return self._privileges(event, parsed, 0)

    def _membership(self, event: Statement, parsed: Parsed) -> Items:
        if not self.wanted.with_globals:
            return self._count(table.GLOBALS)
        if parsed.upper[0] == "REVOKE":
            return self._count(table.EXISTING_ROLE)
        event, parsed = self._quoted(event, parsed)
        if self.target.version < (16,):
            text = pg_roles.membership_before_16(parsed)
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


_HANDLERS: dict[str, t.Callable[[PgRules, Statement, Parsed], Items]] = {
    **dict.fromkeys(("CREATE", "ALTER", "DROP"), PgRules._definition),
    **dict.fromkeys(("COMMENT", "SECURITY"), PgRules._comment_on),
    **dict.fromkeys(("GRANT", "REVOKE"), PgRules._grant),
    **dict.fromkeys(("SET", "RESET", "DISCARD"), PgRules._set),
    **dict.fromkeys(("SELECT", "WITH"), PgRules._select_statement),
    **dict.fromkeys(("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"), PgRules._in_or_out),
    **dict.fromkeys(("SAVEPOINT", "RELEASE"), PgRules._in_or_out),
    **dict.fromkeys(_MAINTENANCE, PgRules._maintenance),
}

__all__ = ("PgRules",)
