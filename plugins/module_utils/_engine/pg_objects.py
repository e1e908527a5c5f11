# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: triggers, rules, policies, functions, types, and what belongs to no table."""

from __future__ import annotations

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_catalogs import (
    SEPARATOR,
    USER_SCHEMA,
    acl,
    columns,
    grant,
    name_of,
    not_extension,
    options,
    row,
)
from ansible_collections.vya.backupdb.plugins.module_utils._engine.schema import VERSION_OF

_REGPROC = "nullif({0}, 0)::regprocedure::text"


def triggers(version: int) -> list[str]:
    """Triggers (of the copies that partitions have, only whether they fire), rules and policies."""
    copy = "g.tgparentid <> 0" if version >= 13 else "g.tgisinternal"
    trigger = row(
        "'trigger'",
        "quote_ident(g.tgname) || ' on ' || g.tgrelid::regclass::text",
        f"""CASE WHEN {copy} THEN 'copy ' || g.tgenabled::text ELSE concat_ws(' ', g.tgtype, g.tgenabled,
          g.tgfoid::regprocedure, g.tgdeferrable, g.tginitdeferred, 'of ' || {columns("g.tgrelid", "g.tgattr")},
          'arguments ' || encode(g.tgargs, 'hex'), 'old ' || g.tgoldtable, 'new ' || g.tgnewtable,
          'from ' || nullif(g.tgconstrrelid, 0)::regclass::text) END""",
        expression=f"CASE WHEN g.tgqual IS NOT NULL AND NOT ({copy}) THEN pg_get_triggerdef(g.oid) END",
        context="'trigger ' || g.tgrelid::regclass::text",
    )
    rule = row(
        "'rule'",
        "quote_ident(r.rulename) || ' on ' || r.ev_class::regclass::text",
        "concat_ws(' ', r.ev_type, r.ev_enabled, r.is_instead)",
        expression="pg_get_ruledef(r.oid)",
        context="'rule ' || r.ev_class::regclass::text",
    )
    on = "quote_ident(p.polname) || ' on ' || p.polrelid::regclass::text"
    context = "'from ' || p.polrelid::regclass::text"
    policy = row(
        "'policy'",
        on,
        "concat_ws(' ', p.polcmd, p.polpermissive, (SELECT string_agg(x, ',' ORDER BY x COLLATE \"C\") FROM"
        " (SELECT CASE WHEN o = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(o)) END"
        " FROM unnest(p.polroles) o) s(x)))",
    )
    using = row("'condition of policy'", on, "''", expression="pg_get_expr(p.polqual, p.polrelid)", context=context)
    check = row("'check of policy'", on, "''", expression="pg_get_expr(p.polwithcheck, p.polrelid)", context=context)
    ours = f"{USER_SCHEMA} AND {not_extension('pg_class', 'c.oid')}"
    policies = (
        "FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE {ours}"
    )
    return [
        (
            f"SELECT {trigger} FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid"
            f" JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT g.tgisinternal AND {ours}"
        ),
        (
            f"SELECT {rule} FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class"
            f" JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN' AND {ours}"
        ),
        f"SELECT {policy} {policies}",
        f"SELECT {using} {policies} AND p.polqual IS NOT NULL",
        f"SELECT {check} {policies} AND p.polwithcheck IS NOT NULL",
    ]


def functions(version: int) -> list[str]:
    """Functions, procedures and aggregates. The defaults of arguments and bodies that are stored as SQL, not as text,
    are expressions."""
    body = "pg_get_function_sqlbody(p.oid)" if version >= 14 else "NULL::text"
    support = f"'support ' || {_REGPROC.format('p.prosupport')}"
    kind = "CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END"
    name = "p.oid::regprocedure::text"
    structure = f"""concat_ws(E'\\n', p.prokind, pg_get_function_result(p.oid), l.lanname, p.provolatile, p.proparallel,
    p.prosecdef, p.proleakproof, p.proisstrict, p.procost, p.prorows, 'settings ' || {options("p.proconfig")},
    p.prosrc, p.probin, {support}, 'names ' || p.proargnames::text, 'modes ' || p.proargmodes::text,
    (SELECT string_agg(format_type(o, NULL), ',' ORDER BY i)
       FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY u(o, i)),
    'transforms ' || (SELECT string_agg(format_type(o, NULL), ',' ORDER BY i)
       FROM unnest(p.protrftypes) WITH ORDINALITY u(o, i)),
    (SELECT concat_ws(' ', g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggserialfn, g.aggdeserialfn, g.aggmtransfn,
       g.aggminvtransfn, g.aggmfinalfn, g.aggfinalextra, g.aggmfinalextra, g.aggfinalmodify, g.aggmfinalmodify,
       nullif(g.aggsortop, 0)::regoperator, format_type(g.aggtranstype, NULL), g.aggtransspace,
       format_type(nullif(g.aggmtranstype, 0), NULL), g.aggmtransspace, g.agginitval, g.aggminitval, g.aggkind,
       g.aggnumdirectargs) FROM pg_aggregate g WHERE g.aggfnoid = p.oid))"""
    whole = row(kind, name, structure, owner="pg_get_userbyid(p.proowner)", acl=acl("p.proacl", "f", "p.proowner"))
    # A body may name its arguments by the function's name.
    again = f"upper({kind}) || ' pg_temp.' || quote_ident(p.proname)"
    returns = "coalesce(' RETURNS ' || pg_get_function_result(p.oid), '')"
    arguments = row(
        f"'arguments of ' || {kind}",
        name,
        "''",
        expression="pg_get_function_arguments(p.oid)",
        context=f"'arguments ' || {again} || {SEPARATOR} || {returns}",
    )
    sql = row(
        f"'body of ' || {kind}",
        name,
        "''",
        expression=body,
        context=f"'body ' || {again} || '(' || pg_get_function_arguments(p.oid) || ')' || {returns}",
    )
    source = f"""FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
        WHERE {USER_SCHEMA} AND {not_extension("pg_proc", "p.oid")}
          AND NOT EXISTS (SELECT 1 FROM pg_depend i WHERE i.deptype = 'i' AND i.classid = 'pg_proc'::regclass
            AND i.objid = p.oid AND i.refclassid = 'pg_type'::regclass)"""
    found = [f"SELECT {whole} {source}", f"SELECT {arguments} {source} AND p.proargdefaults IS NOT NULL"]
    return [*found, *([f"SELECT {sql} {source} AND p.prosqlbody IS NOT NULL"] if version >= 14 else [])]


def types(version: int) -> list[str]:
    """Enumerations, domains, ranges, base types; composite types have their columns among the relations."""
    name = "quote_ident(n.nspname) || '.' || quote_ident(y.typname)"
    multirange = "format_type(r.rngmultitypid, NULL)" if version >= 14 else "NULL"
    base = ", ".join(
        f"y.{column}"
        for column in (
            *("typlen", "typbyval", "typalign", "typstorage", "typcategory", "typispreferred", "typdelim"),
            *("typinput", "typoutput", "typreceive", "typsend", "typmodin", "typmodout", "typanalyze"),
        )
    )
    structure = f"""concat_ws(E'\\n', y.typtype, (SELECT string_agg(quote_literal(v.enumlabel), ',' ORDER BY
      v.enumsortorder) FROM pg_enum v WHERE v.enumtypid = y.oid),
    CASE WHEN y.typtype = 'd' THEN format_type(y.typbasetype, y.typtypmod) END,
    CASE WHEN y.typtype = 'd' THEN {name_of("pg_collation", "coll", "y.typcollation")} END,
    CASE WHEN y.typnotnull THEN 'not null' END,
    CASE WHEN y.typtype = 'b' THEN concat_ws(' ', {base}, y.typdefault) END,
    (SELECT concat_ws(' ', format_type(r.rngsubtype, NULL), {name_of("pg_opclass", "opc", "r.rngsubopc")},
       {name_of("pg_collation", "coll", "r.rngcollation")}, r.rngcanonical, r.rngsubdiff, {multirange})
     FROM pg_range r WHERE r.rngtypid = y.oid))"""
    kind = "CASE y.typtype WHEN 'd' THEN 'domain' ELSE 'type' END"
    whole = row(kind, name, structure, owner="pg_get_userbyid(y.typowner)", acl=acl("y.typacl", "T", "y.typowner"))
    default = row(
        "'default of domain'", name, "''", expression="coalesce(pg_get_expr(y.typdefaultbin, 0), y.typdefault)"
    )
    source = f"FROM pg_type y JOIN pg_namespace n ON n.oid = y.typnamespace WHERE {USER_SCHEMA}"
    source += f" AND {not_extension('pg_type', 'y.oid')}"
    return [
        f"""SELECT {whole} {source} AND (y.typtype IN ('d', 'e', 'r') OR (y.typtype = 'b' AND y.typelem = 0)
            OR (y.typtype = 'c' AND EXISTS (SELECT 1 FROM pg_class c WHERE c.oid = y.typrelid AND c.relkind = 'c')))""",
        f"SELECT {default} {source} AND y.typtype = 'd' AND y.typdefault IS NOT NULL",
    ]


def _publications(version: int) -> list[str]:
    name = "quote_ident(p.pubname)"
    names = "(SELECT string_agg({0}, ',' ORDER BY {0}) FROM {1} x WHERE x.{2} = p.oid)"
    root = "CASE WHEN p.pubviaroot THEN 'via root' END" if version >= 13 else "NULL"
    table = "x.prrelid::regclass::text"
    if version >= 15:
        table += (
            " || coalesce('(' || (SELECT string_agg(quote_ident(ca.attname), ',' ORDER BY ca.attname) FROM"
            " pg_attribute ca WHERE ca.attrelid = x.prrelid AND ca.attnum = ANY (x.prattrs)) || ')', '')"
        )
    schemas = (
        names.format("x.pnnspid::regnamespace::text", "pg_publication_namespace", "pnpubid")
        if version >= 15
        else "NULL"
    )
    structure = f"""concat_ws(' ', p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, {root},
        'tables ' || {names.format(table, "pg_publication_rel", "prpubid")}, 'schemas ' || {schemas})"""
    more = {"bound": "p.pubgencols"} if version >= 18 else {}
    whole = row("'publication'", name, structure, owner="pg_get_userbyid(p.pubowner)", **more)
    found = [f"SELECT {whole} FROM pg_publication p"]
    if version >= 15:
        filters = row(
            "'row filter of publication'",
            f"{name} || ' on ' || x.prrelid::regclass::text",
            "''",
            expression="pg_get_expr(x.prqual, x.prrelid)",
            context="'from ' || x.prrelid::regclass::text",
        )
        found.append(
            f"SELECT {filters} FROM pg_publication p JOIN pg_publication_rel x ON x.prpubid = p.oid"
            " WHERE x.prqual IS NOT NULL"
        )
    return found


def _statistics(version: int) -> list[str]:
    name = "quote_ident(n.nspname) || '.' || quote_ident(s.stxname)"
    target = "'target ' || nullif(s.stxstattarget::int, -1)" if version >= 13 else "NULL"
    structure = f"""concat_ws(' ', s.stxrelid::regclass, (SELECT string_agg(k::text, ',' ORDER BY k::text)
        FROM unnest(s.stxkind) k), {columns("s.stxrelid", "s.stxkeys")}, {target})"""
    whole = row("'statistics'", name, structure, owner="pg_get_userbyid(s.stxowner)")
    source = (
        f"FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE {USER_SCHEMA}"
        f" AND {not_extension('pg_statistic_ext', 's.oid')} AND {not_extension('pg_class', 's.stxrelid')}"
    )
    found = [f"SELECT {whole} {source}"]
    if version >= 14:
        expression = row(
            "'expression ' || e.i || ' of statistics'",
            name,
            "''",
            expression="e.x",
            context="'from ' || s.stxrelid::regclass::text",
        )
        source = source.replace(
            " WHERE ", " CROSS JOIN LATERAL unnest(pg_get_statisticsobjdef_expressions(s.oid)) WITH ORDINALITY e(x, i)"
            " WHERE ", 1
        )  # fmt: skip
        found.append(f"SELECT {expression} {source}")
    return found


_EVENT_TRIGGERS = row(
    "'event trigger'",
    "quote_ident(e.evtname)",
    f"concat_ws(' ', e.evtevent, e.evtenabled, e.evtfoid::regprocedure, {options('e.evttags')})",
    owner="pg_get_userbyid(e.evtowner)",
)
# Before PostgreSQL 15 everybody could create objects in the schema public, which dumps take for granted.
_SCHEMAS = row(
    "'schema'",
    "quote_ident(n.nspname)",
    "''",
    owner="pg_get_userbyid(n.nspowner)",
    acl=acl("n.nspacl", "n", "n.nspowner"),
)
_DEFAULT_GRANTS = f"""SELECT {
    row(
        "'default grants'",
        "concat_ws(' ', quote_ident(pg_get_userbyid(d.defaclrole)), d.defaclobjtype,"
        " nullif(d.defaclnamespace, 0)::regnamespace)",
        "g.known",
        bound="g.everything",
    )
} FROM pg_default_acl d CROSS JOIN LATERAL (SELECT
    coalesce(string_agg(x, ',' ORDER BY x COLLATE "C") FILTER (WHERE p <> 'MAINTAIN'), ''),
    coalesce(string_agg(x, ',' ORDER BY x COLLATE "C"), '')
  FROM (SELECT DISTINCT {grant("a")}, a.privilege_type FROM aclexplode(d.defaclacl) a) s(x, p)) g(known, everything)"""
_LARGE_OBJECTS = f"""SELECT {
    row(
        "x.kind",
        "'large objects'",
        "sum(('x' || substr(md5(x.oid || ' ' || x.what), 1, 14))::bit(56)::bigint::numeric)",
    )
} FROM (SELECT m.oid, 'owner' AS kind, pg_get_userbyid(m.lomowner)::text AS what FROM pg_largeobject_metadata m
  UNION ALL SELECT m.oid, 'grants', (SELECT string_agg({grant("a")}, ',' ORDER BY {grant("a")})
  FROM aclexplode(m.lomacl) a) FROM pg_largeobject_metadata m WHERE m.lomacl IS NOT NULL) x GROUP BY x.kind"""


def others(version: int) -> list[str]:
    """What belongs to no table and no schema."""
    extension = row("'extension'", "quote_ident(x.extname)", "quote_ident(n.nspname)")
    number = row(f"'{VERSION_OF}extension'", "quote_ident(x.extname)", "''", expression="x.extversion")
    label = row("'security label'", "s.provider || ' on ' || i.type || ' ' || i.identity", "md5(s.label)")
    return [
        f"SELECT {_EVENT_TRIGGERS} FROM pg_event_trigger e WHERE {not_extension('pg_event_trigger', 'e.oid')}",
        f"SELECT {_SCHEMAS} FROM pg_namespace n WHERE {USER_SCHEMA} AND {not_extension('pg_namespace', 'n.oid')}",
        f"SELECT {extension} FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace",
        f"SELECT {number} FROM pg_extension x",
        (
            f"SELECT {label} FROM pg_seclabel s, LATERAL pg_identify_object(s.classoid, s.objoid, s.objsubid) i"
            " WHERE i.identity IS NOT NULL"
        ),
        _DEFAULT_GRANTS,
        _LARGE_OBJECTS,
        *_statistics(version),
        *_publications(version),
    ]


__all__ = ("functions", "others", "triggers", "types")
