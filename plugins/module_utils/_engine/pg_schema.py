# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what a schema is made of, read from the catalogs (PostgreSQL manual, chapter "System Catalogs").

Each query yields (kind, identity, portable text, further text, owner, acl). The portable text is printed alike by all
major versions; the further text (definitions that the server deparses) only within one. Objects of extensions and
system objects are left out: an extension is one object. search_path must be pg_catalog, so that names are qualified.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import query
from ansible_collections.vya.backupdb.plugins.module_utils._engine.schema import fingerprint
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import SchemaObject
from ansible_collections.vya.backupdb.plugins.module_utils._names import readable

# Kinds that a restore without owners and grants is not compared by.
OWNERSHIP = ("owner ", "grants ", "default grants ")
_AT_ONCE = 100
USER_SCHEMA = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"


def not_extension(catalog: str, oid: str) -> str:
    return (
        "NOT EXISTS (SELECT 1 FROM pg_depend dx WHERE dx.deptype = 'e'"
        f" AND dx.classid = '{catalog}'::regclass AND dx.objid = {oid})"
    )


def _acl(column: str, kind: str, owner: str) -> str:
    """An ACL as sorted text; a missing one is the kind's default, as pg_dump sees it."""
    return (
        "(SELECT string_agg(x, ',' ORDER BY x) FROM (SELECT"
        " CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END"
        " || '=' || a.privilege_type || a.is_grantable::text AS x"
        f" FROM aclexplode(coalesce({column}, acldefault('{kind}', {owner}))) a) s)"
    )


# pg_attver is the server's own (seen in 15.20 and 17.12): another number each time a table is made, and not in dumps.
_COLUMNS = """
(SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
     CASE WHEN a.attnotnull THEN 'not null' END, 'identity:' || nullif(a.attidentity::text, ''),
     'generated:' || nullif(a.attgenerated::text, ''), 'default ' || pg_get_expr(d.adbin, d.adrelid),
     (SELECT 'collate ' || k.collname FROM pg_collation k JOIN pg_type y ON y.oid = a.atttypid
       WHERE k.oid = a.attcollation AND k.oid <> y.typcollation),
     'options ' || (SELECT array_agg(o ORDER BY i) FROM unnest(a.attoptions) WITH ORDINALITY u(o, i)
       WHERE o !~ '^pg_attver=')::text, 'storage ' || nullif(a.attstorage, y2.typstorage)::text,
     'statistics ' || nullif(a.attstattarget::int, -1)::text), E'\\n' ORDER BY a.attnum)
   FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   JOIN pg_type y2 ON y2.oid = a.atttypid
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)"""

_RELATIONS = f"""
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
         WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'table' END,
  quote_ident(n.nspname) || '.' || quote_ident(c.relname),
  concat_ws(E'\\n', {_COLUMNS}, c.relpersistence, 'options ' || c.reloptions::text,
    CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
    pg_get_expr(c.relpartbound, c.oid),
    (SELECT string_agg(i.inhparent::regclass::text, ',' ORDER BY i.inhseqno) FROM pg_inherits i
      WHERE i.inhrelid = c.oid),
    CASE WHEN c.relrowsecurity THEN 'rls' END, CASE WHEN c.relforcerowsecurity THEN 'force' END, c.relreplident,
    CASE WHEN c.relkind = 'm' THEN c.relispopulated END,
    (SELECT concat_ws(' ', format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
       q.seqcycle) FROM pg_sequence q WHERE q.seqrelid = c.oid),
    (SELECT 'owned by ' || o.refobjid::regclass::text || '.' || u.attname FROM pg_depend o
       JOIN pg_attribute u ON u.attrelid = o.refobjid AND u.attnum = o.refobjsubid
      WHERE c.relkind = 'S' AND o.objid = c.oid AND o.classid = 'pg_class'::regclass AND o.deptype IN ('a', 'i')
        AND o.refclassid = 'pg_class'::regclass)),
  CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
  CASE WHEN c.relkind = 'c' THEN NULL ELSE pg_get_userbyid(c.relowner) END,
  CASE WHEN c.relkind = 'c' THEN NULL WHEN c.relkind = 'S' THEN {_acl("c.relacl", "s", "c.relowner")}
       ELSE {_acl("c.relacl", "r", "c.relowner")} END
  || coalesce((SELECT string_agg(quote_ident(a.attname) || ':' || a.attacl::text, ';' ORDER BY a.attnum)
       FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND {USER_SCHEMA} AND {not_extension("pg_class", "c.oid")}"""

_FUNCTIONS = f"""
SELECT CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END,
  p.oid::regprocedure::text,
  concat_ws(E'\\n', pg_get_function_result(p.oid), l.lanname, p.provolatile, p.proparallel, p.prosecdef, p.proleakproof,
    p.proisstrict, p.procost, p.prorows, p.proconfig::text, p.prosrc, p.probin,
    pg_get_function_arguments(p.oid),
    (SELECT concat_ws(' ', g.aggtransfn, g.aggfinalfn, g.aggcombinefn, format_type(g.aggtranstype, NULL),
       g.agginitval, g.aggkind) FROM pg_aggregate g WHERE g.aggfnoid = p.oid)),
  CASE WHEN p.prokind = 'a' THEN '' ELSE pg_get_functiondef(p.oid) END,
  pg_get_userbyid(p.proowner), {_acl("p.proacl", "f", "p.proowner")}
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE {USER_SCHEMA} AND {not_extension("pg_proc", "p.oid")}
  AND NOT EXISTS (SELECT 1 FROM pg_depend i WHERE i.deptype = 'i' AND i.classid = 'pg_proc'::regclass
                  AND i.objid = p.oid AND i.refclassid = 'pg_type'::regclass)"""

_TYPES = f"""
SELECT CASE y.typtype WHEN 'd' THEN 'domain' ELSE 'type' END,
  quote_ident(n.nspname) || '.' || quote_ident(y.typname),
  concat_ws(E'\\n', y.typtype, (SELECT string_agg(quote_literal(v.enumlabel), ',' ORDER BY v.enumsortorder)
      FROM pg_enum v WHERE v.enumtypid = y.oid),
    CASE WHEN y.typtype = 'd' THEN format_type(y.typbasetype, y.typtypmod) END, y.typdefault,
    CASE WHEN y.typnotnull THEN 'not null' END,
    (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = y.oid)),
  '', pg_get_userbyid(y.typowner), {_acl("y.typacl", "T", "y.typowner")}
FROM pg_type y JOIN pg_namespace n ON n.oid = y.typnamespace
WHERE {USER_SCHEMA} AND {not_extension("pg_type", "y.oid")}
  AND (y.typtype IN ('d', 'e', 'r') OR (y.typtype = 'b' AND y.typelem = 0)
    OR (y.typtype = 'c' AND EXISTS (SELECT 1 FROM pg_class c WHERE c.oid = y.typrelid AND c.relkind = 'c')))"""

_CONSTRAINTS = f"""
SELECT 'constraint', quote_ident(k.conname) || ' on ' || CASE WHEN k.conrelid <> 0 THEN k.conrelid::regclass::text
    ELSE format_type(k.contypid, NULL) END,
  concat_ws(' ', k.contype, k.convalidated, k.condeferrable, k.condeferred), pg_get_constraintdef(k.oid), NULL, NULL
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
WHERE k.contype NOT IN ('n', 't') AND {USER_SCHEMA}
  AND {not_extension("pg_class", "k.conrelid")} AND {not_extension("pg_type", "k.contypid")}"""

_INDEXES = f"""
SELECT 'index', quote_ident(n.nspname) || '.' || quote_ident(c.relname),
  concat_ws(' ', x.indrelid::regclass, x.indisunique, x.indisprimary, x.indisclustered, x.indisreplident,
    (SELECT string_agg(a.attname, ',' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid)),
  pg_get_indexdef(c.oid), NULL, NULL
FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE x.indisvalid AND {USER_SCHEMA} AND {not_extension("pg_class", "x.indrelid")}"""

_TRIGGERS = f"""
SELECT 'trigger', quote_ident(g.tgname) || ' on ' || g.tgrelid::regclass::text,
  concat_ws(' ', g.tgtype, g.tgenabled, g.tgfoid::regprocedure, g.tgdeferrable, g.tginitdeferred),
  pg_get_triggerdef(g.oid), NULL, NULL
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT g.tgisinternal AND {USER_SCHEMA} AND {not_extension("pg_class", "c.oid")}
UNION ALL
SELECT 'rule', quote_ident(r.rulename) || ' on ' || r.ev_class::regclass::text, concat_ws(' ', r.ev_type, r.ev_enabled,
  r.is_instead), pg_get_ruledef(r.oid), NULL, NULL
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND {USER_SCHEMA} AND {not_extension("pg_class", "c.oid")}
UNION ALL
SELECT 'policy', quote_ident(p.polname) || ' on ' || p.polrelid::regclass::text,
  concat_ws(' ', p.polcmd, p.polpermissive, (SELECT string_agg(x, ',' ORDER BY x) FROM
    (SELECT CASE WHEN o = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(o) END FROM unnest(p.polroles) o) s(x))),
  concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), '/', pg_get_expr(p.polwithcheck, p.polrelid)), NULL, NULL
FROM pg_policy p
UNION ALL
SELECT 'event trigger', quote_ident(e.evtname), concat_ws(' ', e.evtevent, e.evtenabled, e.evtfoid::regprocedure,
  e.evttags::text), '', pg_get_userbyid(e.evtowner), NULL
FROM pg_event_trigger e WHERE {not_extension("pg_event_trigger", "e.oid")}
UNION ALL
SELECT 'statistics', quote_ident(n.nspname) || '.' || quote_ident(s.stxname), s.stxkind::text,
  pg_get_statisticsobjdef(s.oid), pg_get_userbyid(s.stxowner), NULL
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE {USER_SCHEMA}"""

_OTHERS = f"""
SELECT 'schema', quote_ident(n.nspname), '', '', pg_get_userbyid(n.nspowner), {_acl("n.nspacl", "n", "n.nspowner")}
FROM pg_namespace n WHERE {USER_SCHEMA} AND {not_extension("pg_namespace", "n.oid")}
UNION ALL
SELECT 'extension', quote_ident(x.extname), n.nspname::text, x.extversion, NULL, NULL
FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace
UNION ALL
SELECT 'publication', quote_ident(p.pubname), concat_ws(' ', p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete,
  p.pubtruncate, (SELECT string_agg(x.prrelid::regclass::text, ',' ORDER BY x.prrelid::regclass::text)
                  FROM pg_publication_rel x WHERE x.prpubid = p.oid)), '', pg_get_userbyid(p.pubowner), NULL
FROM pg_publication p
UNION ALL
SELECT 'default grants',
  concat_ws(' ', pg_get_userbyid(d.defaclrole), d.defaclobjtype, d.defaclnamespace::regnamespace),
  (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(d.defaclacl) x), '', NULL, NULL
FROM pg_default_acl d
UNION ALL
SELECT 'comment', i.type || ' ' || i.identity, md5(d.description), '', NULL, NULL
FROM pg_description d, LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
WHERE d.objoid >= 16384 AND d.classoid NOT IN ('pg_extension'::regclass, 'pg_language'::regclass)
  AND i.identity IS NOT NULL AND coalesce(i.schema, '') !~ '^pg_'
  AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.deptype = 'e' AND e.classid = d.classoid AND e.objid = d.objoid)"""

# Rarer kinds are compared by their existence; their definitions have no function that prints them.
_RARE = (
    "pg_operator",
    "pg_opclass",
    "pg_opfamily",
    "pg_cast",
    "pg_collation",
    "pg_conversion",
    "pg_ts_config",
    "pg_ts_dict",
    "pg_ts_parser",
    "pg_ts_template",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_language",
    "pg_am",
    "pg_transform",
)


def _rare_query() -> str:
    selects = [
        f"SELECT i.type, i.identity, '', '', NULL, NULL FROM {name} o,"
        f" LATERAL pg_identify_object('{name}'::regclass, o.oid, 0) i"
        f" WHERE o.oid >= 16384 AND {not_extension(name, 'o.oid')}"
        for name in _RARE
    ]
    return " UNION ALL ".join(selects)


QUERIES = (_RELATIONS, _FUNCTIONS, _TYPES, _CONSTRAINTS, _INDEXES, _TRIGGERS, _OTHERS, _rare_query())


class Schema(t.NamedTuple):
    """Fingerprints of all objects, and their texts by name."""

    objects: tuple[SchemaObject, ...]
    texts: dict[str, str]


def read_schema(connection: t.Any, *, stage: str) -> Schema:
    """Everything in the connection's database."""
    objects: dict[str, SchemaObject] = {}
    texts: dict[str, str] = {}
    for sql in QUERIES:
        for kind, identity, portable, full, owner, acl in query(connection, sql, stage=stage):
            found = [(f"{kind} {identity}", str(portable or ""), str(full or ""))]
            if owner:
                found.append((f"owner {kind} {identity}", owner, ""))
            if acl:
                # Newer servers know more privileges by default, so grants are compared within one version only.
                found.append((f"grants {kind} {identity}", "", acl))
            for name, text, more in found:
                objects[readable(name)] = fingerprint(readable(name), more, text)
                texts[readable(name)] = readable(more or text)
    return Schema(tuple(objects[name] for name in sorted(objects)), texts)


def read_roles(objects_connection: t.Any, *, stage: str) -> list[str]:
    """Roles that own or may use something in this database: a restore needs them. Ordered by name."""
    sql = f"""
    SELECT DISTINCT r FROM (
      SELECT pg_get_userbyid(d.refobjid) FROM pg_shdepend d
       WHERE d.refclassid = 'pg_authid'::regclass
         AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND d.deptype IN ('o', 'a', 'r', 'i')
      UNION SELECT pg_get_userbyid(n.nspowner) FROM pg_namespace n WHERE {USER_SCHEMA}
      UNION SELECT pg_get_userbyid(c.relowner) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {USER_SCHEMA}) s(r) WHERE r NOT LIKE 'unknown (OID%%' AND r !~ '^pg_' ORDER BY 1"""
    return [row[0] for row in query(objects_connection, sql.replace("%%", "%"), stage=stage)]


def read_owners(connection: t.Any, *, stage: str) -> list[str]:
    """Roles that a restore makes owners of something in this database. Ordered by name."""
    sql = f"""
    SELECT DISTINCT pg_get_userbyid(o) FROM (
      SELECT c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE {USER_SCHEMA} AND {not_extension("pg_class", "c.oid")}
      UNION SELECT p.proowner FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
       WHERE {USER_SCHEMA} AND {not_extension("pg_proc", "p.oid")}
      UNION SELECT y.typowner FROM pg_type y JOIN pg_namespace n ON n.oid = y.typnamespace
       WHERE {USER_SCHEMA} AND {not_extension("pg_type", "y.oid")}
      UNION SELECT n.nspowner FROM pg_namespace n
       WHERE {USER_SCHEMA} AND n.nspname <> 'public' AND {not_extension("pg_namespace", "n.oid")}
      UNION SELECT m.lomowner FROM pg_largeobject_metadata m) s(o)
    WHERE pg_get_userbyid(o) !~ '^pg_' ORDER BY 1"""
    return [row[0] for row in query(connection, sql, stage=stage)]


def analyze(connection: t.Any, *, stage: str) -> None:
    """Statistics for the planner, of all tables but the catalogs, which the server's own upkeep covers. Partitions come
    with the table that they belong to."""
    sql = f"""SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition AND {USER_SCHEMA} ORDER BY 1"""
    tables = [row[0] for row in query(connection, sql, stage=stage)]
    for begin in range(0, len(tables), _AT_ONCE):
        query(connection, f"ANALYZE {', '.join(tables[begin : begin + _AT_ONCE])}", stage=stage)


__all__ = (
    "OWNERSHIP",
    "USER_SCHEMA",
    "Schema",
    "analyze",
    "not_extension",
    "read_owners",
    "read_roles",
    "read_schema",
)
