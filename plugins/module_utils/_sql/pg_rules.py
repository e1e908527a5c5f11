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
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_content import (
    check_content,
    drops_what_is_there,
    forgiven,
)
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_globals import PgGlobals
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_set import check_set_config
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Execute, Item

Items = t.Iterable[Item]

_VERB = re.compile(rb"[A-Za-z]+")
_NAME = rb'(?:[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*|"(?:[^"]|"")*")'
_WRITE = re.compile(
    rb"(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO)\s+(?!ONLY\b)(" + _NAME + rb")(?:\s*\.\s*(" + _NAME + rb"))?",
    re.I,
)
_LARGE_OBJECT = re.compile(rb"SELECT\s+(?:pg_catalog\s*\.\s*)?(?:lowrite|lo_put)\s*\(", re.I)
_TEMPLATE_FLAG = re.compile(rb"UPDATE\s+(?:pg_catalog\s*\.\s*)?pg_database\s+SET\s+datistemplate\b", re.I)
_HEAD = 4096
_MAX_HEADS = 10_000
_GLOBAL_KINDS = ("ROLE", "USER", "GROUP", "TABLESPACE")
_MAINTENANCE = ("VACUUM", "CHECKPOINT", "SHOW", "TABLE", "EXPLAIN", "NOTIFY", "LISTEN", "UNLISTEN")
_STATISTICS = frozenset(("PG_RESTORE_RELATION_STATS", "PG_RESTORE_ATTRIBUTE_STATS"))
_ANYBODY = frozenset(("public", "current_user", "session_user", "current_role"))
# Something that is called owner gets another name.
_RENAMED = frozenset(("RENAME", "COLUMN", "ATTRIBUTE", "CONSTRAINT"))


class PgRules(PgGlobals):
    """See :class:`Rules`."""

    system = frozenset(("postgres", "template0", "template1"))

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._heads: set[bytes] = set()  # beginnings of writes that were judged
        self._catalog = Catalog(self.target.catalog)
        self._left_out: set[tuple[str | None, tuple[str, ...]]] = set()  # policies, with their tables

    def _statement(self, event: Statement) -> Items:
        if b"\0" in event.text:
            raise self._refused(table.UNKNOWN, "a statement that holds a NUL byte, where it would end for the server")
        self._check_variables(event)
        if event.text[:6] == b"INSERT":
            return self._write(event)
        verb = _VERB.match(event.text)
        word = verb.group().decode().upper() if verb else ""
        if word in ("INSERT", "UPDATE", "DELETE", "MERGE"):
            return self._write(event)
        if word == "SELECT" and _LARGE_OBJECT.match(event.text):
            return self._content(event, shown=False)
        parsed = Parsed(event.text, escapes=self._escapes)
        handler = _HANDLERS.get(word)
        return self._content(event, parsed) if handler is None else handler(self, event, parsed)

    def _bulk(self, event: Bulk) -> Items:
        self._check_variables(event)
        return self._write(event)

    def _maintenance(self, event: Statement, parsed: Parsed) -> Items:
        if parsed.upper[0] == "EXPLAIN" and not {"ANALYZE", "ANALYSE"}.isdisjoint(parsed.upper):
            raise self._refused(table.UNKNOWN, "EXPLAIN ANALYZE, which runs its statement")
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
            raise self._refused(table.UNKNOWN, f"{parsed.upper[0] if not head else 'a write'} of no table")
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
        there = drops_what_is_there(parsed)
        if there or (kind == "SUBSCRIPTION" and parsed.upper[0] == "DROP"):
            # A subscription that the stream itself made would reach its publisher.
            return self._count(table.PG_EXISTS if there else table.FORGIVEN) if self._takes(self.current) else ()
        if kind == "DEFAULT" and parsed.upper[2:3] == ["PRIVILEGES"]:
            return self._privileges(event, parsed, max(parsed.find("GRANT"), parsed.find("REVOKE")))
        owner = parsed.find("OWNER", "TO")
        if parsed.upper[0] == "ALTER" and owner > 0 and parsed.upper[owner - 1] not in _RENAMED:
            return self._owned(event, parsed, owner)
        if parsed.upper[:2] == ["CREATE", "SCHEMA"] and "AUTHORIZATION" in parsed.upper:
            return self._schema(event, parsed)
        if kind in ("POLICY", "USER"):
            return self._for_roles(event, parsed, kind)
        return self._content(event, parsed)

    def _comment_on(self, event: Statement, parsed: Parsed) -> Items:
        """COMMENT and SECURITY LABEL."""
        on = parsed.find("ON")
        about = parsed.upper[on + 1] if 0 <= on < len(parsed) - 1 else ""
        if about == "DATABASE":
            return self._about_database(event, parsed, on + 2)
        if about == "POLICY" and (parsed.at(3).name, name_at(parsed, 5)[0][-1:]) in self._left_out:
            return self._count(table.PG_ABSENT)
        if about in ("ROLE", "TABLESPACE"):
            return self._global(event, parsed, parsed.at(on + 2).name)
        return self._content(event, parsed)

    def _owned(self, event: Statement, parsed: Parsed, place: int) -> Items:
        """ALTER .. OWNER TO, at ``place``."""
        if not self.wanted.no_owner or not self._takes(self.current):
            return self._with_roles(event, parsed)
        self._count(table.PG_OWNER)
        rest = pg_roles.without_owner(parsed, place)
        if rest is None:
            return ()
        event = Statement(event.place, rest)
        return self._definition(event, self._parsed(event))

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

    def _for_roles(self, event: Statement, parsed: Parsed, kind: str) -> Items:
        """A policy, a user mapping: with no_owner only for roles that are there."""
        event, parsed = self._quoted(event, parsed) if self._takes(self.current) else (event, parsed)
        place = parsed.find("TO" if kind == "POLICY" else "FOR")
        judged = self.wanted.no_owner and self.target.accounts and parsed.upper[0] != "DROP"
        if judged and place > 0 and parsed.upper[place - 1] != "RENAME" and self._takes(self.current):
            text = pg_roles.only_for(parsed, place + 1, self.target.accounts | self._created | _ANYBODY)
            self._count(table.PG_ABSENT, text != event.text)
            if text is None:
                self._left_out.add((parsed.at(2).name, name_at(parsed, 4)[0][-1:]))
                return ()
            event = Statement(event.place, text)
            parsed = self._parsed(event)
        return self._content(event, parsed)


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
