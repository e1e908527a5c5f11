# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: nothing that is loaded is written through a foreign table into another server.

The server itself is asked what a name means, as search_path, views, rules and partitions all have a say in it. What
functions write is not looked into.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._sql import table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import literal, quote
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_writes import Name, Targets, verb_of
from ansible_collections.vya.backupdb.plugins.module_utils._sql.places import encode

# Operators and casts are named in full: a dump may make others of the same name.
_IS = "OPERATOR(pg_catalog.=)"
_ANY = b"SELECT EXISTS (SELECT FROM pg_catalog.pg_foreign_table)"
_REACHED = f"""WITH RECURSIVE reached(o) AS (
  SELECT pg_catalog.to_regclass(%s)::pg_catalog.oid
  UNION SELECT x.o FROM reached, LATERAL (
    SELECT i.inhrelid AS o FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class p ON p.oid {_IS} i.inhrelid
     WHERE i.inhparent {_IS} reached.o AND (p.relispartition OR %s)
    UNION ALL SELECT d.refobjid FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_depend d
      ON d.objid {_IS} w.oid AND d.classid {_IS} 'pg_catalog.pg_rewrite'::pg_catalog.regclass::pg_catalog.oid
       AND d.refclassid {_IS} 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
     WHERE w.ev_class {_IS} reached.o) x)
SELECT c.oid::pg_catalog.regclass::pg_catalog.text FROM reached JOIN pg_catalog.pg_class c ON c.oid {_IS} reached.o
 WHERE c.relkind {_IS} 'f' LIMIT 1"""
# These leave tables alone that inherit from their target and are no partitions of it.
_OWN_ROWS = ("INSERT", "COPY")


class ForeignWrites:
    """Judges statements before they are run. Between two definitions or settings a name keeps its meaning."""

    def __init__(self, cursor: t.Any) -> None:
        self._cursor = cursor
        self._targets = Targets()
        self._any: bool | None = None
        self._judged: set[tuple[Name, bool]] = set()

    def check(self, statement: bytes, *, escapes: bool) -> None:
        """EngineError when the statement would write into another server."""
        verb = verb_of(statement)
        if verb in ("", "CREATE"):
            self._any = None
            self._judged.clear()
        if not verb:
            return
        if self._any is None:
            self._any = bool(self._ask(_ANY))
        if self._any:
            for name in self._targets.of(statement, escapes=escapes):
                self._judge(name, verb not in _OWN_ROWS)
        if verb == "CREATE":
            self._any = None

    def _judge(self, name: Name, heirs: bool) -> None:
        if (name, heirs) in self._judged:
            return
        quoted = literal(".".join(quote(part) for part in name))
        found = self._ask(encode(_REACHED % (quoted, "true" if heirs else "false")))
        if found:
            raise EngineError(
                f"Refused, {table.PG_REMOTE.name}: {found} is a foreign table, whose rows belong to another server.",
                stage="load",
                hint=table.PG_REMOTE.hint,
            )
        self._judged.add((name, heirs))

    def _ask(self, question: bytes) -> t.Any:
        """The first value of the answer, or None. Errors of the driver pass."""
        self._cursor.execute(question)
        row = self._cursor.fetchone()
        return row[0] if row else None


__all__ = ("ForeignWrites",)
