# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: tables, views and sequences with their columns, and the defaults, keys and indexes on them."""

from __future__ import annotations

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_catalogs import (
    USER_SCHEMA,
    acl,
    columns,
    derived_key,
    grant,
    name_of,
    not_extension,
    options,
    row,
)

_NAME = "quote_ident(n.nspname) || '.' || quote_ident(c.relname)"
_KIND = (
    "CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'"
    " WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'attributes of type' ELSE 'table' END"
)
_JOIN = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
_CONTEXT = "'from ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)"
_OURS = f"{USER_SCHEMA} AND {not_extension('pg_class', 'c.oid')}"
# Columns that a table inherits come first when it is made again, whenever the parent got them.
_INHERITS = (
    "(NOT c.relispartition AND EXISTS (SELECT 1 FROM pg_inherits ih WHERE ih.inhrelid = c.oid AND c.relkind = 'r'))"
)
# No dump can say that a child takes nulls where its parent does not, which servers before 18 allow.
_PARENT_NOT_NULL = (
    "EXISTS (SELECT 1 FROM pg_inherits pi JOIN pg_attribute pa ON pa.attrelid = pi.inhparent AND pa.attname = a.attname"
    " AND pa.attnotnull WHERE pi.inhrelid = c.oid)"
)


def _attributes(version: int) -> str:
    compression = "'compression ' || nullif(a.attcompression::text, '')" if version >= 14 else "NULL"
    return f"""(SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
     CASE WHEN a.attnotnull OR (a.attinhcount > 0 AND {_PARENT_NOT_NULL}) THEN 'not null' END,
     'identity:' || nullif(a.attidentity::text, ''),
     'generated:' || nullif(a.attgenerated::text, ''),
     (SELECT 'collate ' || {name_of("pg_collation", "coll", "a.attcollation")}
       FROM pg_type y WHERE y.oid = a.atttypid AND a.attcollation <> y.typcollation),
     'options ' || {options("a.attoptions")}, 'foreign options ' || {options("a.attfdwoptions")},
     'storage ' || nullif(a.attstorage, y2.typstorage)::text, {compression},
     'statistics ' || nullif(a.attstattarget::int, -1)::text,
     CASE WHEN {_INHERITS} AND a.attislocal THEN 'local' END),
     E'\\n' ORDER BY CASE WHEN {_INHERITS} THEN a.attname::text END COLLATE "C", a.attnum)
   FROM pg_attribute a JOIN pg_type y2 ON y2.oid = a.atttypid
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'S')"""


_SEQUENCE = """
    (SELECT concat_ws(' ', format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
       q.seqcycle) FROM pg_sequence q WHERE q.seqrelid = c.oid),
    (SELECT 'owned by ' || o.refobjid::regclass::text || '.' || quote_ident(u.attname) FROM pg_depend o
       JOIN pg_attribute u ON u.attrelid = o.refobjid AND u.attnum = o.refobjsubid
      WHERE c.relkind = 'S' AND o.objid = c.oid AND o.classid = 'pg_class'::regclass AND o.deptype IN ('a', 'i')
        AND o.refclassid = 'pg_class'::regclass)"""


def relations(version: int) -> str:
    """All kinds of relations."""
    column_grants = (
        "(SELECT string_agg(quote_ident(a.attname) || ':' || g.x, ';' ORDER BY a.attname)"
        " FROM pg_attribute a CROSS JOIN LATERAL (SELECT string_agg(x, ',' ORDER BY x COLLATE \"C\") FROM (SELECT"
        f" DISTINCT {grant('e')} FROM aclexplode(a.attacl) e) s(x)) g(x)"
        " WHERE a.attrelid = c.oid AND NOT a.attisdropped AND g.x IS NOT NULL)"
    )
    grants = (
        f"CASE WHEN c.relkind = 'S' THEN {acl('c.relacl', 's', 'c.relowner')} WHEN c.relkind <> 'c' THEN"
        f" {acl('c.relacl', 'r', 'c.relowner', column_grants)} END"
    )
    structure = f"""concat_ws(E'\\n', l.columns, c.relpersistence, 'options ' || {options("c.reloptions")},
    (SELECT 'toast ' || {options("t.reloptions")} FROM pg_class t WHERE t.oid = c.reltoastrelid),
    'method ' || (SELECT nullif(am.amname, 'heap') FROM pg_am am WHERE am.oid = c.relam),
    'of ' || format_type(nullif(c.reloftype, 0), NULL),
    (SELECT 'parents ' || string_agg(i.inhparent::regclass::text, ',' ORDER BY i.inhseqno) FROM pg_inherits i
      WHERE i.inhrelid = c.oid),
    (SELECT 'server ' || quote_ident(s.srvname) FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver
      WHERE f.ftrelid = c.oid),
    (SELECT {options("f.ftoptions")} FROM pg_foreign_table f WHERE f.ftrelid = c.oid),
    CASE WHEN c.relrowsecurity THEN 'rls' END, CASE WHEN c.relforcerowsecurity THEN 'force' END,
    'replica identity ' || c.relreplident::text, CASE WHEN c.relkind = 'm' THEN c.relispopulated END, {_SEQUENCE})"""
    view = "CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END"
    fields = row(
        _KIND,
        _NAME,
        structure,
        expression=view,
        context="CASE WHEN c.relkind IN ('v', 'm') THEN 'query' END",
        shown="l.columns",
        owner="CASE WHEN c.relkind <> 'c' THEN pg_get_userbyid(c.relowner) END",
        acl=grants,
    )
    once = f"CROSS JOIN LATERAL (SELECT {_attributes(version)} OFFSET 0) l(columns)"
    return f"SELECT {fields} FROM {_JOIN} {once} WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND {_OURS}"


def parts_of_tables() -> list[str]:
    """Expressions that belong to tables: defaults, generated columns, keys and bounds of partitions; tablespaces.

    A default of NULL is something else than none where there is another below it, which it hides: that of a domain, or
    that of the table of a view.
    """
    hides = (
        "CASE WHEN c.relkind = 'v' OR EXISTS (SELECT 1 FROM pg_type y WHERE y.oid = a.atttypid AND y.typtype = 'd' AND"
        " y.typdefault IS NOT NULL) THEN 'hides another' ELSE '' END"
    )
    default = row(
        "CASE WHEN a.attgenerated = '' THEN 'default' ELSE 'generated column' END",
        f"{_NAME} || '.' || quote_ident(a.attname)",
        hides,
        expression="pg_get_expr(d.adbin, d.adrelid)",
        context=_CONTEXT,
    )
    key = row("'partition key of table'", _NAME, "''", expression="pg_get_partkeydef(c.oid)")
    bounds = row("'bounds of partition'", _NAME, "''", expression="pg_get_expr(c.relpartbound, c.oid)")
    space = row(
        f"'tablespace of ' || CASE WHEN c.relkind IN ('i', 'I') THEN 'index' ELSE {_KIND} END",
        _NAME,
        "quote_ident(s.spcname)",
    )
    return [
        (
            f"SELECT {default} FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum"
            f" JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS}"
        ),
        f"SELECT {key} FROM {_JOIN} WHERE c.relkind = 'p' AND {_OURS}",
        f"SELECT {bounds} FROM {_JOIN} WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f') AND {_OURS}",
        # Without a name, and in pg_default, they go where the database goes.
        (
            f"SELECT {space} FROM {_JOIN} JOIN pg_tablespace s ON s.oid = c.reltablespace"
            f" WHERE s.spcname <> 'pg_default' AND c.relkind IN ('r', 'p', 'm', 'i', 'I') AND {_OURS}"
        ),
    ]


def constraints(version: int) -> list[str]:
    """By what they are made of. The copies of a foreign key for each partition, which the server makes and names by
    itself, are left out; so are the not-null constraints of older versions, which have no names.

    Whether a check that is only inherited was validated is in no dump. Names of not-null constraints that the server
    chose are not in dumps either, and it may choose others when it makes them again.
    """
    validated = "CASE WHEN k.contype <> 'c' OR k.conislocal THEN k.convalidated END"
    on = (
        "quote_ident(k.conname) || ' on ' || CASE WHEN k.conrelid <> 0 THEN k.conrelid::regclass::text"
        " ELSE format_type(k.contypid, NULL) END"
    )
    setting = f"'set ' || {columns('k.conrelid', 'k.confdelsetcols')}" if version >= 15 else "NULL"
    newer = (
        "CASE WHEN NOT k.conenforced THEN 'not enforced' END, CASE WHEN k.conperiod THEN 'period' END"
        if version >= 18
        else "NULL"
    )
    structure = f"""concat_ws(' ', k.contype, {validated}, k.condeferrable, k.condeferred,
      CASE WHEN k.contype = 'c' THEN k.connoinherit END,
      CASE WHEN k.contype = 'c' AND NOT coalesce(c.relispartition, false) THEN k.conislocal END,
      CASE WHEN k.contype <> 'c' THEN {columns("k.conrelid", "k.conkey")} END,
      'references ' || nullif(k.confrelid, 0)::regclass::text, {columns("k.confrelid", "k.confkey")},
      CASE WHEN k.contype = 'f' THEN concat_ws(' ', k.confupdtype, k.confdeltype, k.confmatchtype) END, {setting},
      (SELECT 'with ' || string_agg(o::regoperator::text, ',' ORDER BY i)
         FROM unnest(k.conexclop) WITH ORDINALITY u(o, i)), {newer})"""
    fields = row(
        "'constraint'",
        on,
        structure,
        expression="CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) END",
        context="CASE WHEN k.conrelid <> 0 THEN 'from ' || k.conrelid::regclass::text ELSE (SELECT 'value '"
        " || format_type(y.typbasetype, y.typtypmod) FROM pg_type y WHERE y.oid = k.contypid) END",
    )
    source = (
        "FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace LEFT JOIN pg_class c ON c.oid = k.conrelid"
    )
    ours = f"{USER_SCHEMA} AND {not_extension('pg_class', 'k.conrelid')} AND {not_extension('pg_type', 'k.contypid')}"
    found = [(f"SELECT {fields} {source} WHERE k.contype NOT IN ('n', 't') AND NOT {derived_key('k')} AND {ours}")]
    if version >= 17:
        column = (
            f"CASE WHEN k.conrelid <> 0 THEN k.conrelid::regclass::text || '.' || {columns('k.conrelid', 'k.conkey')}"
            " ELSE format_type(k.contypid, NULL) END"
        )
        not_null = row("'not null'", column, "NULL", bound="concat_ws(' ', k.convalidated, k.connoinherit)")
        found.append(f"SELECT {not_null} {source} WHERE k.contype = 'n' AND {ours}")
    return found


def indexes(version: int) -> list[str]:
    """Columns by their numbers in the table: an index keeps the name that a column had when it was made."""
    distinct = "CASE WHEN x.indnullsnotdistinct THEN 'nulls not distinct' END" if version >= 15 else "NULL"
    keys = f"""(SELECT string_agg(concat_ws(' ', CASE WHEN k > x.indnkeyatts THEN 'include' END,
      CASE WHEN x.indkey[k - 1] = 0 THEN 'expression' ELSE quote_ident(a.attname) END,
      CASE WHEN k <= x.indnkeyatts THEN concat_ws(' ', {name_of("pg_opclass", "opc", "x.indclass[k - 1]")},
        {name_of("pg_collation", "coll", "x.indcollation[k - 1]")}, x.indoption[k - 1]) END,
      {options("ia.attoptions")}, 'statistics ' || nullif(ia.attstattarget::int, -1)::text), ', ' ORDER BY k)
     FROM generate_series(1, x.indnatts) k JOIN pg_attribute ia ON ia.attrelid = x.indexrelid AND ia.attnum = k
     LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[k - 1])"""
    structure = f"""concat_ws(' ', x.indrelid::regclass, (SELECT am.amname FROM pg_am am WHERE am.oid = c.relam),
      x.indisunique, x.indisprimary, x.indisexclusion, x.indimmediate, x.indisclustered, x.indisreplident, {distinct},
      l.keys, 'options ' || {options("c.reloptions")},
      (SELECT 'part of ' || i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid))"""
    source = "FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    # pg_dump leaves out invalid indexes, except those of partitioned tables, which lack one for a partition.
    ours = f"(x.indisvalid OR c.relkind = 'I') AND {USER_SCHEMA} AND {not_extension('pg_class', 'x.indrelid')}"
    context = "'from ' || x.indrelid::regclass::text"
    expression = row(
        "'expression ' || k || ' of index'", _NAME, "''", expression="pg_get_indexdef(c.oid, k, false)", context=context
    )
    predicate = row(
        "'predicate of index'", _NAME, "''", expression="pg_get_expr(x.indpred, x.indrelid)", context=context
    )
    whole = row("'index'", _NAME, structure, shown="l.keys")
    return [
        f"SELECT {whole} {source} CROSS JOIN LATERAL (SELECT {keys} OFFSET 0) l(keys) WHERE {ours}",
        (
            f"SELECT {expression} {source} CROSS JOIN LATERAL generate_series(1, x.indnatts) k"
            f" WHERE x.indkey[k - 1] = 0 AND {ours}"
        ),
        f"SELECT {predicate} {source} WHERE x.indpred IS NOT NULL AND {ours}",
    ]


__all__ = ("constraints", "indexes", "parts_of_tables", "relations")
