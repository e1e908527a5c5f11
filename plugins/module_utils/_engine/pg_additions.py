# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what users have added to tables of extensions, and more that no dump carries.

The catalogs do not tell who made an index: neither indexes nor triggers, rules, policies or constraints are members of
an extension. But what an extension's script made came to be in the transaction of CREATE or ALTER EXTENSION, whose
number its members have, too.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_catalogs import USER_SCHEMA, copied_trigger
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import query
from ansible_collections.vya.backupdb.plugins.module_utils._engine.schema import ADDED, NOT_CARRIED
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Uncovered
from ansible_collections.vya.backupdb.plugins.module_utils._names import readable

_WHY = "pg_dump does not dump what is added to tables of extensions; keep the statements that make it"
_STATE = (
    "pg_dump does not dump it, and they are enabled in what is restored; keep the ALTER TABLE ... TRIGGER that sets it"
)
_COMMENT = "pg_dump does not dump comments on what an extension or initdb made; keep the statements that make them"
_DEPENDENCE = "pg_dump does not dump it for the copies of a trigger that partitions have; keep the ALTER TRIGGER"
# All that depends on the table, and came to be in no transaction of its extension. Policies and triggers of an
# extension's own (pg_cron has both) did; so did row level security, if the table has such a policy.
_MADE = """
WITH made AS (
  SELECT d.refobjid AS ext, d.xmin::text AS x FROM pg_depend d
   WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
  UNION SELECT e.oid, e.xmin::text FROM pg_extension e)"""
_ADDITIONS = f"""{_MADE},
tables AS (
  SELECT c.oid, c.xmin::text AS x, c.relrowsecurity, c.relforcerowsecurity, d.refobjid AS ext,
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')),
later AS (
  SELECT DISTINCT t.oid AS tab, d.classid, d.objid FROM tables t JOIN pg_depend d
    ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND d.deptype IN ('a', 'i')
   WHERE NOT EXISTS (SELECT 1 FROM pg_depend o JOIN made m ON m.x = o.xmin::text
     WHERE m.ext = t.ext AND o.classid = d.classid AND o.objid = d.objid))
SELECT 'index ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname) || ' on ' || t.name
  FROM later l JOIN tables t ON t.oid = l.tab JOIN pg_index x ON x.indexrelid = l.objid AND x.indrelid = t.oid
  JOIN pg_class c ON c.oid = l.objid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE l.classid = 'pg_class'::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid)
UNION ALL SELECT 'constraint ' || quote_ident(k.conname) || ' on ' || t.name
  FROM later l JOIN tables t ON t.oid = l.tab JOIN pg_constraint k ON k.oid = l.objid AND k.conrelid = t.oid
 WHERE l.classid = 'pg_constraint'::regclass AND k.contype <> 'n'
UNION ALL SELECT 'trigger ' || quote_ident(g.tgname) || ' on ' || t.name
  FROM later l JOIN tables t ON t.oid = l.tab JOIN pg_trigger g ON g.oid = l.objid AND g.tgrelid = t.oid
 WHERE l.classid = 'pg_trigger'::regclass AND NOT g.tgisinternal
UNION ALL SELECT 'rule ' || quote_ident(r.rulename) || ' on ' || t.name
  FROM later l JOIN tables t ON t.oid = l.tab JOIN pg_rewrite r ON r.oid = l.objid AND r.ev_class = t.oid
 WHERE l.classid = 'pg_rewrite'::regclass AND r.rulename <> '_RETURN'
UNION ALL SELECT 'policy ' || quote_ident(p.polname) || ' on ' || t.name
  FROM later l JOIN tables t ON t.oid = l.tab JOIN pg_policy p ON p.oid = l.objid AND p.polrelid = t.oid
 WHERE l.classid = 'pg_policy'::regclass
UNION ALL SELECT 'row level security of ' || t.name FROM tables t
 WHERE (t.relrowsecurity OR t.relforcerowsecurity)
   AND NOT EXISTS (SELECT 1 FROM made m WHERE m.ext = t.ext AND m.x = t.x)
   AND NOT EXISTS (SELECT 1 FROM pg_policy p JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
     JOIN made m ON m.ext = t.ext AND m.x = d.xmin::text WHERE p.polrelid = t.oid)
UNION ALL SELECT 'column ' || t.name || '.' || quote_ident(a.attname) FROM tables t JOIN pg_attribute a
    ON a.attrelid = t.oid AND NOT a.attisdropped
 WHERE a.attnum > (SELECT max(b.attnum) FROM pg_attribute b JOIN made m ON m.ext = t.ext AND m.x = b.xmin::text
   WHERE b.attrelid = t.oid AND b.attnum > 0)
ORDER BY 1"""
# ALTER TABLE ... DISABLE TRIGGER ALL reaches those that guard keys, whose names are numbers.
_STATES = f"""
SELECT DISTINCT 'state of the triggers of constraint ' || quote_ident(k.conname) || ' of ' || k.conrelid::regclass::text
  || ' on ' || g.tgrelid::regclass::text || CASE g.tgenabled WHEN 'D' THEN ' (disabled)' WHEN 'R' THEN ' (replica)'
  ELSE ' (always)' END
FROM pg_trigger g JOIN pg_constraint k ON k.oid = g.tgconstraint
JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE g.tgisinternal AND g.tgenabled <> 'O' AND k.contype <> 't' AND {USER_SCHEMA} ORDER BY 1"""
# Unlike those on functions, of which an extension has many, these have a text that is known: the extension's own.
_COMMENTS = f"""{_MADE},
commented AS (
  SELECT 'language ' || quote_ident(l.lanname) AS name, d.description, x.oid AS ext, x.extname, d.xmin::text AS x
  FROM pg_description d JOIN pg_language l ON l.oid = d.objoid JOIN pg_depend m ON m.classid = d.classoid
    AND m.objid = d.objoid AND m.deptype = 'e' JOIN pg_extension x ON x.oid = m.refobjid
  WHERE d.classoid = 'pg_language'::regclass
  UNION ALL SELECT 'extension plpgsql', d.description, x.oid, x.extname, d.xmin::text
  FROM pg_description d JOIN pg_extension x ON x.oid = d.objoid
  WHERE d.classoid = 'pg_extension'::regclass AND x.extname = 'plpgsql')
SELECT 'comment on ' || o.name FROM commented o
WHERE NOT EXISTS (SELECT 1 FROM made m WHERE m.ext = o.ext AND m.x = o.x)
  AND NOT EXISTS (SELECT 1 FROM pg_available_extensions e WHERE e.name = o.extname AND e.comment = o.description)
ORDER BY 1"""
_DEPENDENCES = f"""
SELECT DISTINCT 'dependence of trigger ' || quote_ident(g.tgname) || ' on ' || g.tgrelid::regclass::text
  || ' on extension ' || quote_ident(x.extname)
FROM pg_depend d JOIN pg_extension x ON d.refclassid = 'pg_extension'::regclass AND x.oid = d.refobjid
JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
WHERE d.deptype = 'x' AND {copied_trigger("g.oid")} ORDER BY 1"""


def read_additions(connection: t.Any, *, stage: str) -> tuple[Uncovered, ...]:
    """By name. In a database that pg_upgrade brought here, what an extension made itself may be among them."""
    queries = (
        (ADDED, _WHY, _ADDITIONS),
        (NOT_CARRIED, _STATE, _STATES),
        (NOT_CARRIED, _COMMENT, _COMMENTS),
        (NOT_CARRIED, _DEPENDENCE, _DEPENDENCES),
    )
    return tuple(
        Uncovered(kind, readable(row[0]), None, why)
        for kind, why, sql in queries
        for row in query(connection, sql, stage=stage)
    )


__all__ = ("read_additions",)
