# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: rarer kinds of objects, by their attributes."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_catalogs import (
    acl,
    name_of,
    not_extension,
    options,
    row,
)


def _operator(oid: str) -> str:
    return f"nullif({oid}, 0)::regoperator::text"


def _dictionary(oid: str) -> str:
    return name_of("pg_ts_dict", "dict", oid)


_METHOD = "(SELECT am.amname FROM pg_am am WHERE am.oid = {0})"
_FAMILY = f"""concat_ws(' ', {_METHOD.format("o.opfmethod")},
  (SELECT string_agg(m, ', ' ORDER BY m COLLATE "C") FROM (SELECT concat_ws(' ', a.amopstrategy,
     {_operator("a.amopopr")}, a.amoppurpose, {name_of("pg_opfamily", "opf", "a.amopsortfamily")})
     FROM pg_amop a WHERE a.amopfamily = o.oid) s(m)),
  (SELECT string_agg(m, ', ' ORDER BY m COLLATE "C") FROM (SELECT concat_ws(' ', a.amprocnum,
     format_type(a.amproclefttype, NULL), format_type(a.amprocrighttype, NULL), a.amproc::oid::regprocedure)
     FROM pg_amproc a WHERE a.amprocfamily = o.oid) s(m)))"""
_CLASS = f"""concat_ws(' ', {_METHOD.format("o.opcmethod")}, o.opcdefault, format_type(o.opcintype, NULL),
  format_type(nullif(o.opckeytype, 0), NULL), {name_of("pg_opfamily", "opf", "o.opcfamily")})"""
_OPERATOR = f"""concat_ws(' ', o.oprkind, o.oprcanmerge, o.oprcanhash, format_type(o.oprresult, NULL),
  'commutator ' || {_operator("o.oprcom")}, 'negator ' || {_operator("o.oprnegate")}, o.oprcode::oid::regprocedure,
  o.oprrest, o.oprjoin)"""
_CONFIGURATION = f"""concat_ws(' ', {name_of("pg_ts_parser", "prs", "o.cfgparser")},
  (SELECT string_agg(m.maptokentype || '=' || {_dictionary("m.mapdict")}, ',' ORDER BY m.maptokentype, m.mapseqno)
     FROM pg_ts_config_map m WHERE m.mapcfg = o.oid))"""
_SERVER = f"""concat_ws(' ', (SELECT quote_ident(w.fdwname) FROM pg_foreign_data_wrapper w WHERE w.oid = o.srvfdw),
  'type ' || o.srvtype, 'version ' || o.srvversion, 'options ' || {options("o.srvoptions")})"""
# Catalog, structure, the owner's column, and the kind and column of grants.
_KINDS: t.Sequence[tuple[str, str, str, str]] = (
    ("pg_operator", _OPERATOR, "oprowner", ""),
    ("pg_opclass", _CLASS, "opcowner", ""),
    ("pg_opfamily", _FAMILY, "opfowner", ""),
    ("pg_cast", "concat_ws(' ', nullif(o.castfunc, 0)::regprocedure, o.castcontext, o.castmethod)", "", ""),
    ("pg_collation", "concat_ws(' ', o.collprovider, o.collisdeterministic)", "collowner", ""),
    (
        "pg_conversion",
        (
            "concat_ws(' ', pg_encoding_to_char(o.conforencoding), pg_encoding_to_char(o.contoencoding), o.conproc,"
            " o.condefault)"
        ),
        "conowner",
        "",
    ),
    ("pg_ts_config", _CONFIGURATION, "cfgowner", ""),
    (
        "pg_ts_dict",
        f"concat_ws(' ', {name_of('pg_ts_template', 'tmpl', 'o.dicttemplate')}, o.dictinitoption)",
        "dictowner",
        "",
    ),
    ("pg_ts_parser", "concat_ws(' ', o.prsstart, o.prstoken, o.prsend, o.prsheadline, o.prslextype)", "", ""),
    ("pg_ts_template", "concat_ws(' ', o.tmplinit, o.tmpllexize)", "", ""),
    (
        "pg_foreign_data_wrapper",
        (
            "concat_ws(' ', nullif(o.fdwhandler, 0)::regprocedure, nullif(o.fdwvalidator, 0)::regprocedure,"
            f" 'options ' || {options('o.fdwoptions')})"
        ),
        "fdwowner",
        "F fdwacl",
    ),
    ("pg_foreign_server", _SERVER, "srvowner", "S srvacl"),
    (
        "pg_language",
        (
            "concat_ws(' ', o.lanpltrusted, nullif(o.lanplcallfoid, 0)::regprocedure,"
            " nullif(o.laninline, 0)::regprocedure, nullif(o.lanvalidator, 0)::regprocedure)"
        ),
        "lanowner",
        "l lanacl",
    ),
    ("pg_am", "concat_ws(' ', o.amtype, o.amhandler)", "", ""),
    (
        "pg_transform",
        "concat_ws(' ', nullif(o.trffromsql, 0)::regprocedure, nullif(o.trftosql, 0)::regprocedure)",
        "",
        "",
    ),
)
# The options of a mapping hold passwords, and not everybody may see them: only that it exists.
_MAPPINGS = row("'user mapping'", "quote_ident(m.usename) || ' on ' || quote_ident(m.srvname)", "''")


def _locale(version: int) -> str:
    """What a collation is made of is named otherwise by each version."""
    names = ["collcollate", "collctype"]
    names += ["collicurules"] if version >= 16 else []
    names += ["colllocale"] if version >= 17 else ["colliculocale"] if version >= 15 else []
    return f"concat_ws(' ', {', '.join(f'o.{name}' for name in names)})"


def rare(version: int) -> list[str]:
    """One query for each kind."""
    found = [f"SELECT {_MAPPINGS} FROM pg_user_mappings m"]
    for catalog, structure, owner, grants in _KINDS:
        more = {"bound": _locale(version)} if catalog == "pg_collation" else {}
        if owner:
            more["owner"] = f"pg_get_userbyid(o.{owner})"
        if grants:
            kind, column = grants.split()
            more["acl"] = acl(f"o.{column}", kind, f"o.{owner}")
        found.append(
            f"SELECT {row('i.type', 'i.identity', structure, **more)} FROM {catalog} o,"
            f" LATERAL pg_identify_object('{catalog}'::regclass, o.oid, 0) i"
            f" WHERE o.oid >= 16384 AND {not_extension(catalog, 'o.oid')}"
        )
    return found


__all__ = ("rare",)
