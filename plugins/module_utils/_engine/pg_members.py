# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what users have changed about members of extensions, and what of theirs goes with an extension, as far as
dumps carry it."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_catalogs import copied_trigger, grant, row

# Catalog, prefix of its columns, kind of grants. Columns of tables come beside them.
_KINDS: t.Sequence[tuple[str, str, str]] = (
    ("pg_proc", "pro", "'f'"),
    ("pg_class", "rel", "CASE o.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\""),
    ("pg_type", "typ", "'T'"),
    ("pg_namespace", "nsp", "'n'"),
    ("pg_language", "lan", "'l'"),
    ("pg_foreign_data_wrapper", "fdw", "'F'"),
    ("pg_foreign_server", "srv", "'S'"),
)


def _member(catalog: str, prefix: str, kind: str) -> str:
    return (
        f"SELECT d.refobjid, d.classid, d.objid, 0, o.{prefix}acl, acldefault({kind}, o.{prefix}owner)"
        f" FROM pg_depend d JOIN {catalog} o ON d.classid = '{catalog}'::regclass AND o.oid = d.objid"
        " WHERE d.deptype = 'e'"
    )


_COLUMNS = (
    "SELECT d.refobjid, d.classid, d.objid, a.attnum, a.attacl, acldefault('c', 0) FROM pg_depend d"
    " JOIN pg_attribute a ON d.classid = 'pg_class'::regclass AND a.attrelid = d.objid AND NOT a.attisdropped"
    " WHERE d.deptype = 'e'"
)


def _grants(acl: str, condition: str = "true") -> str:
    """Grants to roles that there are. An extension's first grants may be to one that was dropped."""
    return (
        f"SELECT {grant('a')}, a.privilege_type FROM aclexplode({acl}) a"
        f" WHERE {condition} AND (a.grantee = 0 OR EXISTS (SELECT 1 FROM pg_roles r WHERE r.oid = a.grantee))"
    )


# Those that differ from what the extension itself granted, which is what a dump has of them. What CREATE EXTENSION gave
# to the role that ran it, and was taken from it, is left out: another role may run it at a restore.
_OTHERS = "a.grantee <> a.grantor"
_CHANGED = f"""
SELECT x.extname, i.type || ' ' || i.identity AS name, g.everything, g.known
FROM ({" UNION ALL ".join((*(_member(*kind) for kind in _KINDS), _COLUMNS))}) m(ext, classid, objid, sub, acl, usual)
JOIN pg_extension x ON x.oid = m.ext
LEFT JOIN pg_init_privs p ON p.classoid = m.classid AND p.objoid = m.objid AND p.objsubid = m.sub
CROSS JOIN LATERAL (SELECT coalesce(m.acl, m.usual), coalesce(p.initprivs, m.usual) OFFSET 0) l(now, made)
CROSS JOIN LATERAL (SELECT string_agg(sign || x, ',' ORDER BY sign || x COLLATE "C"),
    string_agg(sign || x, ',' ORDER BY sign || x COLLATE "C") FILTER (WHERE privilege <> 'MAINTAIN')
  FROM (SELECT '+', n.* FROM ({_grants("l.now")} EXCEPT {_grants("l.made")}) n
    UNION ALL SELECT '-', n.* FROM ({_grants("l.made", _OTHERS)} EXCEPT {_grants("l.now")}) n) s(sign, x, privilege)
  OFFSET 0) g(everything, known)
CROSS JOIN LATERAL pg_identify_object(m.classid, m.objid, m.sub) i
WHERE m.acl IS DISTINCT FROM p.initprivs AND g.everything IS NOT NULL"""


def _lines(column: str) -> str:
    return f"string_agg(c.name || ' ' || c.{column}, E'\\n' ORDER BY c.name COLLATE \"C\")"


_DEPENDENCE = row("'dependence of ' || i.type", "i.identity || ' on extension ' || quote_ident(d.extname)", "''")


def of_extensions() -> list[str]:
    """One object for all grants of an extension's members, and one for each object that goes with an extension."""
    whole = row(
        "'grants extension'",
        "quote_ident(c.extname)",
        f"coalesce({_lines('known')}, '')",
        bound=_lines("everything"),
        shown=_lines("everything"),
    )
    depending = (
        "SELECT DISTINCT d.classid, d.objid, x.extname FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid"
        " WHERE d.deptype = 'x' AND d.refclassid = 'pg_extension'::regclass"
        f" AND NOT (d.classid = 'pg_trigger'::regclass AND {copied_trigger('d.objid')})"
    )
    return [
        f"SELECT {whole} FROM ({_CHANGED}) c GROUP BY c.extname",
        f"SELECT {_DEPENDENCE} FROM ({depending}) d, LATERAL pg_identify_object(d.classid, d.objid, 0) i",
    ]


__all__ = ("of_extensions",)
