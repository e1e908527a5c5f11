# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PostgreSQL database holds and how it is defined, as two dicts that can be compared."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

from .postgres import PostgresServer
from .process import ServerError

# A database's own settings change how values are written: text is only comparable when they are pinned.
PINNED = """
SET timezone = 'UTC'; SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex';
SET extra_float_digits = 3; SET xmloption = 'content'; SET lc_monetary = 'C'; SET row_security = off;
SET search_path = pg_catalog; SET statement_timeout = 0
"""

PINNED_OPTIONS = "-c timezone=UTC -c datestyle=ISO,MDY -c intervalstyle=postgres"

RELATIONS = """
SELECT format('%I.%I', n.nspname, c.relname), c.relkind, c.relispopulated
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'S')
    AND n.nspname NOT LIKE 'pg\\_t%' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1
"""

# Two sums of different halves of the rows' hashes: the same in any order, and a row more, less or twice changes them.
CONTENT = """
SELECT count(*), sum(('x' || left(h, 16))::bit(64)::bigint), sum(('x' || right(h, 16))::bit(64)::bigint)
FROM (SELECT md5("of this row".*::text) AS h FROM ONLY {name} AS "of this row") AS hashes
"""

LARGE_OBJECTS = """
SELECT m.oid, length(b.body), md5(b.body), pg_get_userbyid(m.lomowner),
    (SELECT array_agg(a::text ORDER BY a::text COLLATE "C") FROM unnest(m.lomacl) AS a),
    obj_description(m.oid, 'pg_largeobject')
FROM pg_largeobject_metadata m CROSS JOIN LATERAL (SELECT lo_get(m.oid) AS body) AS b ORDER BY m.oid
"""

DATABASE = """
SELECT pg_get_userbyid(d.datdba) AS owner, pg_encoding_to_char(d.encoding) AS encoding,
    d.datconnlimit AS connection_limit,
    d.datallowconn AS allow_connections, d.datistemplate AS is_template, t.spcname AS tablespace,
    shobj_description(d.oid, 'pg_database') AS comment,
    (SELECT array_agg(a::text ORDER BY a::text COLLATE "C")
        FROM unnest(coalesce(d.datacl, acldefault('d', d.datdba))) AS a) AS acl,
    (SELECT array_agg(format('%s: %s', coalesce(r.rolname, '(all)'), v) ORDER BY r.rolname COLLATE "C", v COLLATE "C")
        FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole CROSS JOIN unnest(s.setconfig) AS v
        WHERE s.setdatabase = d.oid) AS settings,
    {locale}
FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = current_database()
"""
LOCALE = {
    15: "d.datcollate, d.datctype, d.datlocprovider, d.daticulocale AS datlocale, NULL AS daticurules",
    16: "d.datcollate, d.datctype, d.datlocprovider, d.daticulocale AS datlocale, d.daticurules",
    17: "d.datcollate, d.datctype, d.datlocprovider, d.datlocale, d.daticurules",
}

ENTRY = re.compile(r"^--\n-- (?=(?:Data for )?Name: )(.*)\n--\n", re.MULTILINE)


def fingerprint(server: PostgresServer, dbname: str) -> dict[str, Any]:
    """What a database holds: rows of each table and materialised view, values of sequences, large objects.

    Keys are `table NAME`, `sequence NAME` and `large object OID`; the order of rows has no influence.
    """
    result: dict[str, Any] = {}
    connection = server.connect(dbname)
    try:
        with connection.cursor() as cursor:
            cursor.execute(PINNED)
            cursor.execute(RELATIONS)
            for name, kind, populated in cursor.fetchall():
                if kind == "S":
                    cursor.execute(f"SELECT last_value, is_called FROM {name}")
                    result[f"sequence {name}"] = cursor.fetchone()
                elif populated:
                    cursor.execute(CONTENT.format(name=name))
                    result[f"table {name}"] = tuple(int(value or 0) for value in cursor.fetchone())
                else:
                    result[f"table {name}"] = "not populated"
            cursor.execute(LARGE_OBJECTS)
            for oid, *properties in cursor.fetchall():
                result[f"large object {oid}"] = tuple(properties)
    finally:
        connection.close()
    return result


def schema_fingerprint(server: PostgresServer, dbname: str, tools: str | None = None) -> dict[str, Any]:
    """How a database is defined: every entry of `pg_dump --schema-only` by its heading, and the database's properties.

    The database's name does not occur. `tools` is the folder of another pg_dump, to look at two versions with one tool.
    """
    result = _database_properties(server, dbname)
    for heading, text in _entries(_dump(server, dbname, tools)):
        key, count = heading, 1
        while key in result:
            count += 1
            key = f"{heading} ({count})"
        result[key] = text
    return result


def _database_properties(server: PostgresServer, dbname: str) -> dict[str, Any]:
    connection = server.connect(dbname)
    try:
        with connection.cursor() as cursor:
            cursor.execute(PINNED)
            cursor.execute(DATABASE.format(locale=LOCALE[min(server.version[0], 17)]))
            names = [f"database {column.name}" for column in cursor.description]
            return dict(zip(names, cursor.fetchone(), strict=True))
    finally:
        connection.close()


def _dump(server: PostgresServer, dbname: str, tools: str | None) -> str:
    program = Path(tools or server.tool_path) / "pg_dump"
    done = subprocess.run(
        [str(program), "--schema-only", "--no-password"],
        env={**server.client_environ(dbname), "PGOPTIONS": PINNED_OPTIONS},
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise ServerError(f"pg_dump ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode()


def _entries(dump: str) -> list[tuple[str, str]]:
    """Headings and texts. The key of \\restrict is random; everything before the first heading is the session's."""
    lines = [line for line in dump.split("\n") if not line.startswith(("\\restrict ", "\\unrestrict "))]
    parts = ENTRY.split("\n".join(lines))
    # The last entry runs on into the trailer, which names nothing.
    trailer = "--\n-- PostgreSQL database dump complete\n--\n"
    return [
        (heading, text.replace(trailer, "").strip()) for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    ]
