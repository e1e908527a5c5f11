# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: comments that a dump carries."""

from __future__ import annotations

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_catalogs import copied_trigger, derived_key, row

# Nobody dumps comments on the row types of tables, on invalid indexes, on what partitions have from their table, on
# checks that are only inherited, and on the rule that makes a view; nor those on what is in every new database, as
# plpgsql is, whether it was dropped there and made again or not.
COMMENTS = f"""SELECT {row("'comment'", "i.type || ' ' || i.identity", "md5(d.description)")}
FROM pg_description d, LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
WHERE (d.objoid >= 16384 OR (d.classoid = 'pg_namespace'::regclass AND d.objoid = (SELECT oid FROM pg_namespace
    WHERE nspname = 'public')))
  AND NOT (d.classoid = 'pg_extension'::regclass AND i.identity = 'plpgsql')
  AND i.identity IS NOT NULL AND coalesce(i.schema, '') !~ '^pg_'
  AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.deptype = 'e' AND e.classid = d.classoid AND e.objid = d.objoid)
  AND NOT (d.classoid = 'pg_type'::regclass AND EXISTS (SELECT 1 FROM pg_type y JOIN pg_class c ON c.oid = y.typrelid
    WHERE y.oid = d.objoid AND c.relkind <> 'c'))
  AND NOT (d.classoid = 'pg_type'::regclass AND EXISTS (SELECT 1 FROM pg_type y WHERE y.typarray = d.objoid))
  AND NOT (d.classoid = 'pg_class'::regclass AND EXISTS (SELECT 1 FROM pg_index x JOIN pg_class c
    ON c.oid = x.indexrelid WHERE x.indexrelid = d.objoid AND NOT x.indisvalid AND c.relkind = 'i'))
  AND NOT (d.classoid = 'pg_rewrite'::regclass AND EXISTS (SELECT 1 FROM pg_rewrite r WHERE r.oid = d.objoid
    AND r.rulename = '_RETURN'))
  AND NOT (d.classoid = 'pg_constraint'::regclass AND EXISTS (SELECT 1 FROM pg_constraint k WHERE k.oid = d.objoid
    AND ({derived_key("k")} OR (k.contype = 'c' AND NOT k.conislocal))))
  AND NOT (d.classoid = 'pg_trigger'::regclass AND EXISTS (SELECT 1 FROM pg_trigger g JOIN pg_class c
    ON c.oid = g.tgrelid WHERE g.oid = d.objoid AND c.relispartition AND {copied_trigger("g.oid")}))
  AND NOT EXISTS (SELECT 1 FROM pg_depend o JOIN pg_depend e ON e.deptype = 'e' AND e.classid = o.refclassid
    AND e.objid = o.refobjid WHERE o.classid = d.classoid AND o.objid = d.objoid AND o.deptype IN ('a', 'i')
    AND o.refclassid = 'pg_class'::regclass)"""


__all__ = ("COMMENTS",)
