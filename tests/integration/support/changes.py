# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that are as small as can be, and what of a fingerprint each of them must change.

@DB@ is the database as an identifier.
"""

from __future__ import annotations

# (statement, the beginning of the one key that changes)
Change = tuple[str, str]

POSTGRESQL_CONTENT: list[Change] = [
    (
        "UPDATE public.horrors SET raw = set_byte(raw, 2, 0) WHERE raw = '\\x0000ff0a0d1a5c27225c2e0a'",
        "table public.horrors",
    ),
    ("UPDATE public.horrors SET plain = plain || ' ' WHERE id = 100", "table public.horrors"),
    ("UPDATE public.horrors SET plain = '' WHERE id = 107", "table public.horrors"),
    ("UPDATE public.horrors SET plain = NULL WHERE id = 107", "table public.horrors"),
    ("UPDATE public.every_type SET d = '0' WHERE d::text = '-0'", "table public.every_type"),
    ("UPDATE public.every_type SET d = 0.10000000000000002 WHERE d = 0.1", "table public.every_type"),
    ("UPDATE public.every_type SET tz = tz + interval '1 microsecond' WHERE i2 = 0", "table public.every_type"),
    (
        'UPDATE public.every_type SET j = \'{"b" :1, "a":[1,2 ] , "b": "twice"}\' WHERE id = 1',
        "table public.every_type",
    ),
    ("UPDATE public.generated SET a = a + 1 WHERE a = 15", "table public.generated"),
    (
        "UPDATE public.no_primary_key SET b = 'Twice' WHERE ctid = (SELECT min(ctid) FROM public.no_primary_key)",
        "table public.no_primary_key",
    ),
    ('DELETE FROM "-dash"."-rf" WHERE ctid = (SELECT min(ctid) FROM "-dash"."-rf")', 'table "-dash"."-rf"'),
    ("INSERT INTO public.nocolumns DEFAULT VALUES", "table public.nocolumns"),
    ("UPDATE public.hashed SET v = 'x' WHERE id = 1", "table public.hashed_"),
    ("REFRESH MATERIALIZED VIEW public.not_filled", "table public.not_filled"),
    ("SELECT nextval('public.never_called')", "sequence public.never_called"),
    ("SELECT setval('public.set_not_called', 9223372036854775807, true)", "sequence public.set_not_called"),
    ("SELECT lo_put(424242, 3, '\\x54')", "large object 424242"),
    ("COMMENT ON LARGE OBJECT 424242 IS 'other'", "large object 424242"),
    ("GRANT UPDATE ON LARGE OBJECT 424242 TO hostile_readers", "large object 424242"),
]

POSTGRESQL_SCHEMA: list[Change] = [
    ("ALTER TABLE public.horrors ALTER plain SET DEFAULT 'it''s'", "Name: horrors; Type: TABLE;"),
    ("COMMENT ON COLUMN public.a_third.trap IS 'traP'", "Name: COLUMN a_third.trap; Type: COMMENT"),
    ("ALTER TABLE public.chicken OWNER TO hostile_readers", "chicken"),
    ("REVOKE GRANT OPTION FOR SELECT ON public.horrors FROM hostile_readers CASCADE", "Name: TABLE horrors; Type: ACL"),
    (
        "CREATE OR REPLACE FUNCTION public.zz_base(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2'",
        "Name: zz_base(integer); Type: FUNCTION",
    ),
    ("ALTER TABLE public.audited ENABLE TRIGGER switched_off", "Name: audited switched_off; Type: TRIGGER"),
    ("ALTER TABLE public.secrets NO FORCE ROW LEVEL SECURITY", "Name: secrets; Type: TABLE"),
    ('DROP POLICY "never the 13th" ON public.secrets', "Name: secrets never the 13th; Type: POLICY"),
    ("ALTER TYPE public.mood RENAME VALUE '' TO ' '", "Name: mood; Type: TYPE"),
    ("ALTER INDEX public.upper_half SET (fillfactor = 71)", "Name: upper_half; Type: INDEX"),
    ("ALTER SEQUENCE public.never_called INCREMENT 2", "Name: never_called; Type: SEQUENCE"),
    (
        'ALTER DEFAULT PRIVILEGES FOR ROLE "-rf" REVOKE ALL ON SEQUENCES FROM "Häuptling 😀"',
        "Name: DEFAULT PRIVILEGES FOR SEQUENCES",
    ),
    ("ALTER EVENT TRIGGER off_ddl ENABLE", "Name: off_ddl; Type: EVENT TRIGGER"),
    ("ALTER PUBLICATION everything SET (publish = 'insert')", "Name: everything; Type: PUBLICATION"),
    ("COMMENT ON EXTENSION citext IS NULL", "Name: EXTENSION citext; Type: COMMENT"),
    ("ALTER DATABASE @DB@ SET work_mem = '6MB'", "database settings"),
    ("ALTER DATABASE @DB@ CONNECTION LIMIT 41", "database connection_limit"),
    ("REVOKE GRANT OPTION FOR CONNECT ON DATABASE @DB@ FROM hostile_readers", "database acl"),
    ("COMMENT ON DATABASE @DB@ IS 'other'", "database comment"),
    ('ALTER DATABASE @DB@ OWNER TO "-rf"', "database "),
]

MYSQL_CONTENT: list[Change] = [
    ("UPDATE horrors SET raw = CONCAT(raw, 0x00) WHERE id = 0", "table horrors"),
    ("UPDATE horrors SET plain = CONCAT(plain, ' ') WHERE id = 1", "table horrors"),
    ("UPDATE horrors SET plain = '' WHERE id = 2", "table horrors"),
    ("UPDATE horrors SET plain = NULL WHERE id = 2", "table horrors"),
    ("UPDATE every_type SET fl = 3.1415925 WHERE id = 1", "table every_type"),
    ("UPDATE every_type SET fl = 3.1415927 WHERE id = 1", "table every_type"),
    ("UPDATE every_type SET do = 0.10000000000000002 WHERE id = 4", "table every_type"),
    ("UPDATE every_type SET b64 = b64 ^ 1 WHERE id = 1", "table every_type"),
    ("UPDATE every_type SET de = 0.000000000000000000000000000002 WHERE id = 2", "table every_type"),
    ("UPDATE every_type SET tx = CONCAT(tx, ' ') WHERE id = 4", "table every_type"),
    ("UPDATE every_type SET se = 'one' WHERE id = 4", "table every_type"),
    ("UPDATE every_type SET ts = ts + INTERVAL 1 MICROSECOND WHERE id = 4", "table every_type"),
    ("UPDATE every_type SET ge = ST_GeomFromText('POINT(0 1)') WHERE id = 4", "table every_type"),
    ("UPDATE every_type SET vc8 = '😁' WHERE id = 1", "table every_type"),
    ("UPDATE `generated` SET hidden = 43, made = made WHERE id = 1", "table generated"),
    ("UPDATE no_primary_key SET b = 'Twice' WHERE a = 1 LIMIT 1", "table no_primary_key"),
    ("DELETE FROM `-rf` LIMIT 1", "table -rf"),
    ("UPDATE upper_case SET i = 3", "table upper_case"),
]

MYSQL_SCHEMA: list[Change] = [
    ("ALTER TABLE horrors COMMENT = 'other'", "table horrors"),
    ("ALTER TABLE empty_table AUTO_INCREMENT = 78", "table empty_table"),
    ("ALTER TABLE every_type MODIFY asc7 VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin", "table every_type"),
    ("ALTER TABLE `generated` ALTER COLUMN hidden SET DEFAULT 43", "table generated"),
    (
        "ALTER ALGORITHM = MERGE VIEW z_first AS SELECT id, `the ``text``` AS words FROM horrors WHERE id > 0",
        "view z_first",
    ),
    (
        "ALTER DEFINER = 'nobody'@'%' VIEW of_another AS SELECT 1 AS one, 'it''s' AS `2`, NULL AS n",
        "view of_another",
    ),
    ("ALTER PROCEDURE calls_back COMMENT 'x'", "procedure calls_back"),
    ("ALTER FUNCTION zz_base SQL SECURITY INVOKER", "function zz_base"),
    ("ALTER EVENT once COMMENT 'x'", "event once"),
    ("ALTER EVENT switched_off ENABLE", "event switched_off"),
    ("DROP TRIGGER on_update", "trigger on_update"),
    ("REVOKE UPDATE (note) ON orders FROM 'admin@vya.digital'@'10.0.0.0/255.0.0.0'", "grant on orders"),
    ("REVOKE EXECUTE ON FUNCTION zz_base FROM 'def''iner; --'@'%'", "grant on zz_base"),
    ("REVOKE DROP ON @DB@.* FROM 'def''iner; --'@'%'", "grant on *"),
    ("ALTER DATABASE @DB@ COLLATE latin1_swedish_ci", "database"),
]

MARIADB_CONTENT: list[Change] = [
    ("DO NEXTVAL(z_numbers)", "sequence z_numbers"),
    ("DO NEXTVAL(never_called)", "sequence never_called"),
    ("UPDATE own_types SET i6 = '::ffff:1.2.3.5'", "table own_types"),
    ("DELETE HISTORY FROM versioned", "history versioned"),
]
MARIADB_SCHEMA: list[Change] = [
    ("ALTER SEQUENCE z_numbers INCREMENT 11", "sequence z_numbers"),
    ("SET sql_mode = 'ORACLE'; DROP PACKAGE BODY `pack age`", "package body pack age"),
    ("ALTER DATABASE @DB@ COMMENT 'x'", "database"),
]

MYSQL9_CONTENT: list[Change] = [
    ("UPDATE newer SET near = TO_VECTOR('[1,-2.5,3.1e10]') WHERE id = 1", "table newer"),
    ('UPDATE newer SET doc = \'{"tags": [2], "t": "`shop`.`y`"}\' WHERE id = 2', "table newer"),
    ("UPDATE any_language SET t = '😁' WHERE t = '😀'", "table any_language"),
]
MYSQL9_SCHEMA: list[Change] = [
    ("ALTER TABLE newer ALTER INDEX not_seen VISIBLE", "table newer"),
    ("ALTER TABLE newer ALTER CHECK `shape's` NOT ENFORCED", "table newer"),
    ("ANALYZE TABLE newer DROP HISTOGRAM ON name", "histogram newer.name"),
]

CHANGES: dict[str, tuple[list[Change], list[Change]]] = {
    "pg15": (POSTGRESQL_CONTENT, POSTGRESQL_SCHEMA),
    "pg18": (POSTGRESQL_CONTENT, POSTGRESQL_SCHEMA),
    "mariadb": (MYSQL_CONTENT + MARIADB_CONTENT, MYSQL_SCHEMA + MARIADB_SCHEMA),
    "mysql9": (MYSQL_CONTENT + MYSQL9_CONTENT, MYSQL_SCHEMA + MYSQL9_SCHEMA),
}
