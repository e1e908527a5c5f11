-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Hostile PostgreSQL, 2 of 3: tables, sequences and their rows.

SET client_min_messages = warning;
SET standard_conforming_strings = on;
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET search_path = public;

CREATE TABLE horrors (
    id integer GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 7) PRIMARY KEY,
    "the ""text""" text COLLATE "C copy",
    plain varchar(200) DEFAULT 'it''s a "default"; DROP TABLE horrors; -- \',
    raw bytea
);
COMMENT ON TABLE horrors IS E'table comment; it''s\nTWO lines -- and `ticks` \\ backslash';
COMMENT ON COLUMN horrors."the ""text""" IS E'column comment\twith tab';
INSERT INTO horrors ("the ""text""", raw) VALUES
    ('', ''),
    (NULL, NULL),
    ('NULL', '\x00'),
    ('\N', '\x0000ff0a0d1a5c27225c2e0a'),
    (E'\\.', '\x5c2e0a'),
    (E'line one\nline two\r\nline three\r\\\n\\.\n', decode('005c2e0a00', 'hex')),
    ('it''s "quoted" and `ticked`', '\xdeadbeef'),
    ('SELECT * FROM `shop`.`orders`; USE shop; DROP DATABASE shop; -- shop.orders', convert_to('USE shop;', 'UTF8')),
    ('USE `@DBTEXT@`; "@DBTEXT@".orders @DBTEXT@.orders \connect @DBTEXT@', convert_to('`@DBTEXT@`.', 'UTF8')),
    (E'\\connect template1\n\\! touch /nonexistent/planted\n\\copy x from program ''false''', '\x00'),
    (E'-- Completed on never\n-- PostgreSQL database dump complete\n\\unrestrict x\nCOPY public.horrors FROM stdin;\n1\t2\n\\.\n', NULL),
    (E'\x01\x02\x07\x08\x0b\x0c\x1a\x1b[31mred\x7f', NULL),
    ('😀🏴󠁧󠁢󠁳󠁣󠁴󠁿 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ' || chr(8238) || 'right to left' || chr(65279) || chr(8232) || chr(1114109), convert_to('😀', 'UTF8')),
    (' leading and trailing   ', NULL),
    ('%s %d %% $1 ${x} $(y) `z` {{ jinja }} {% raw %} ' || repeat('''', 7) || repeat('\', 5), NULL),
    (E'é versus e\u0301', NULL),
    ('$$ $x$ $body$; BEGIN; COMMIT; ROLLBACK; VACUUM;', NULL);
INSERT INTO horrors ("the ""text""", raw)
    SELECT repeat('compressible ', 100000), decode(repeat('00ff', 300000), 'hex')
    UNION ALL
    SELECT string_agg(md5(g::text), '' ORDER BY g), decode(string_agg(md5((-g)::text), '' ORDER BY g), 'hex') FROM generate_series(1, 20000) AS g;

CREATE TABLE every_type (
    id bigserial PRIMARY KEY,
    dropped_soon integer,
    b boolean, i2 smallint, i8 bigint, n numeric, n2 numeric(40, 20), r real, d double precision, m money,
    c char(7), t text, by bytea, dt date, ts timestamp, tz timestamptz, ti time, tiz timetz, iv interval,
    u uuid, j json, jb jsonb, ine inet, cid cidr, mac macaddr, bi bit(9), vb bit varying,
    po point, ln line, bx box, pa path, pg polygon, ci circle, tv tsvector, tq tsquery,
    ia integer[], ta text[], ma mood[], co "Com posite", ca "Com posite"[], mo mood, ra int4range, fr floatrange, mr nummultirange,
    pos positive, em email DEFAULT 'a@b', hs ext.hstore, ct ext.citext, lsn pg_lsn, o oid, re regclass, x8 xid8, jp jsonpath
);
ALTER TABLE every_type DROP COLUMN dropped_soon;
INSERT INTO every_type (b, i2, i8, n, n2, r, d, m, c, t, by, dt, ts, tz, ti, tiz, iv, u, j, jb, ine, cid, mac, bi, vb, po, ln, bx, pa, pg, ci,
    tv, tq, ia, ta, ma, co, ca, mo, ra, fr, mr, pos, em, hs, ct, lsn, o, re, x8, jp) VALUES
    (true, -32768, -9223372036854775808, 'NaN', '12345678901234567890.12345678901234567890', 'NaN', '-Infinity', '-92233720368547758.08',
     'x', 'a', '\x00', '-infinity', 'infinity', '4713-01-01 00:00:00+00 BC', '24:00:00', '00:00:00+15:59:59', '-1 mon +3 days -04:05:06.789',
     'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"b" :1,  "a":[1,2 ] , "b": "twice"}', '{"k\"ey": "v\\al\nue", "n": 1e400, "u": "\ud83d\ude00"}',
     '::ffff:1.2.3.4/96', '10.0.0.0/8', '08:00:2b:01:02:03', B'101010101', B'', '(1e-300,-0)', '{1,2,3}', '(1,2),(3,4)', '[(0,0),(1,1)]',
     '((0,0),(1,0),(1,1))', '<(0,0),1e300>', 'a:1A fat:2B,4C ''it''''s'':3', 'fat & (rat | !cat:ab)', '{{1,NULL},{3,4}}',
     ARRAY['', NULL, 'NULL', 'it''s "x"', 'a,b', '{}', E'back\\slash', E'new\nline'], ARRAY['sad', 'it''s "ok"']::mood[],
     ROW(1, 'it''s, (a) "row"', ARRAY['happy, very']::mood[]), ARRAY[ROW(NULL, '', NULL), NULL, ROW(2, NULL, '{}')]::"Com posite"[],
     'it''s "ok"', '[1,10)', '(,1.5]', '{[1,2),(3,]}', 7, 'A@B.example', 'a=>1, "b \"q\" =>"=>NULL, ""=>""', 'MiXeD', '16/B374D848',
     4294967295, 'pg_class', '18446744073709551615', '$.a[*] ? (@.b > 1)'),
    (NULL, 32767, 9223372036854775807, 'Infinity', 0.00000000000000000001, 1.17549435e-38, 4.9406564584124654e-324, 0,
     '', '', '', '5874897-12-31', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', '00:00:00', '23:59:59.999999-15:59:59',
     '178000000 years -178000000 days', NULL, 'null', 'null', 'fe80::1', '::/0', NULL, B'000000000', B'1', NULL, NULL, NULL, '((0,0),(1,1))',
     NULL, NULL, '', '', '{}', '{}', '{}', NULL, '{}', '', 'empty', 'empty', '{}', NULL, 'x@y', '', '', '0/0', 0, NULL, '0', 'strict $'),
    (false, 0, 0, 1e1000, -0.0, 3.4028235e38, 1.7976931348623157e308, '92233720368547758.07', 'abcdefg', 'z', '\xff', '0001-01-01 BC',
     '0001-01-01 00:00:00', '2026-03-29 01:30:00 Europe/Berlin', '12:00', '12:00+00', '1 day', NULL, '"text"', '[]', '0.0.0.0/0', '1.2.3.4/32',
     NULL, B'111111111', B'0101010101010101010101', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '[-5:-4]={1,2}', NULL, NULL, ROW(NULL, NULL, NULL), NULL,
     'ecstatic 😀', '(,)', NULL, NULL, 2147483647, 'q@r', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO every_type (d, r, n) SELECT 0.1::float8 * g, 0.1::float4 * g, 1.0 / g FROM generate_series(1, 50) AS g;
INSERT INTO every_type (d) VALUES ('-0');

-- names
CREATE TABLE "Odd ""Schema"", 100%"."quo""te `tick` 'single' %s 100% $HOME; DROP TABLE x; -- 😀" ("a b" integer PRIMARY KEY, "select" text, "%(x)s" integer, t text);
INSERT INTO "Odd ""Schema"", 100%"."quo""te `tick` 'single' %s 100% $HOME; DROP TABLE x; -- 😀" VALUES (1, 'x', 2, 't');
CREATE TABLE "-dash"."-rf" ("-" integer);
INSERT INTO "-dash"."-rf" VALUES (1), (1), (NULL);
CREATE TABLE "new
line
-- Name: fake; Type: TABLE; Schema: public; Owner: x
\! false" ("col
umn" text);
INSERT INTO "new
line
-- Name: fake; Type: TABLE; Schema: public; Owner: x
\! false" VALUES (E'x\ny');
CREATE TABLE "sixty-three bytes long, which is as long as a name may be here!" (i integer);
INSERT INTO "sixty-three bytes long, which is as long as a name may be here!" SELECT generate_series(1, 3);
CREATE TABLE shop.orders (id integer PRIMARY KEY, note text);
INSERT INTO shop.orders VALUES (1, 'shop.orders'), (2, '"shop"."orders"');
CREATE TABLE nocolumns ();
INSERT INTO nocolumns DEFAULT VALUES;
INSERT INTO nocolumns DEFAULT VALUES;
CREATE TABLE empty_table (id integer PRIMARY KEY, note text NOT NULL);
CREATE TABLE no_primary_key (a integer, b text);
INSERT INTO no_primary_key VALUES (1, 'twice'), (1, 'twice'), (NULL, NULL), (NULL, NULL);
CREATE TABLE typed OF row_shape (PRIMARY KEY (id));
INSERT INTO typed VALUES (1, 'typed');
CREATE UNLOGGED TABLE unlogged_table (id integer PRIMARY KEY, note text);
INSERT INTO unlogged_table VALUES (1, 'not in the log, but in the backup');

-- generated, identity, sequences
CREATE TABLE generated (
    id integer GENERATED BY DEFAULT AS IDENTITY (MINVALUE -10 START -10 CYCLE MAXVALUE 10),
    a integer NOT NULL, twice integer GENERATED ALWAYS AS (a * 2) STORED,
    shout text GENERATED ALWAYS AS (upper('it''s ' || a::text)) STORED
);
INSERT INTO generated (a) SELECT generate_series(1, 15);
CREATE SEQUENCE "seq ""uence""" AS smallint INCREMENT BY -3 MINVALUE -30 MAXVALUE 30 START 30 CACHE 5 CYCLE;
SELECT nextval('"seq ""uence"""') FROM generate_series(1, 4);
CREATE SEQUENCE never_called START 5;
CREATE SEQUENCE set_not_called;
SELECT setval('set_not_called', 9223372036854775807, false);
CREATE TABLE uses_sequence (id bigint DEFAULT nextval('"seq ""uence"""') * 2, v text);
INSERT INTO uses_sequence (v) VALUES ('a'), ('b');
ALTER SEQUENCE never_called OWNED BY uses_sequence.id;
COMMENT ON SEQUENCE "seq ""uence""" IS 'sequence comment';
GRANT USAGE ON SEQUENCE "seq ""uence""" TO hostile_readers;

-- partitions
CREATE TABLE measured (at timestamptz NOT NULL, place text NOT NULL, value numeric, PRIMARY KEY (at, place)) PARTITION BY RANGE (at);
CREATE TABLE measured_2025 PARTITION OF measured FOR VALUES FROM ('2025-01-01 00:00:00+00') TO ('2026-01-01 00:00:00+00') PARTITION BY LIST (place);
CREATE TABLE measured_2025_here PARTITION OF measured_2025 FOR VALUES IN ('here', 'it''s');
CREATE TABLE measured_2025_else PARTITION OF measured_2025 DEFAULT;
CREATE TABLE measured_other (value numeric, extra integer, place text NOT NULL, at timestamptz NOT NULL);
ALTER TABLE measured_other DROP COLUMN extra;
ALTER TABLE measured ATTACH PARTITION measured_other DEFAULT;
INSERT INTO measured SELECT '2024-12-30 00:00:00+00'::timestamptz + g * interval '1 day', (ARRAY['here', 'it''s', 'there'])[g % 3 + 1], g / 3.0 FROM generate_series(1, 400) AS g;
CREATE INDEX measured_value ON measured (value DESC NULLS LAST) WHERE value > 1;
CREATE TABLE hashed (id integer, v text) PARTITION BY HASH (id);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO hashed SELECT g, md5(g::text) FROM generate_series(1, 100) AS g;
CREATE TABLE hashed_by_enum (m mood, v text) PARTITION BY LIST (m);
CREATE TABLE hashed_by_enum_sad PARTITION OF hashed_by_enum FOR VALUES IN ('sad', NULL);
INSERT INTO hashed_by_enum VALUES ('sad', 'x'), (NULL, 'y');

-- inheritance
CREATE TABLE parent_a (id integer NOT NULL, a text DEFAULT 'a');
CREATE TABLE parent_b (id integer NOT NULL, b text);
CREATE TABLE child (c text, CHECK (id > 0)) INHERITS (parent_a, parent_b);
ALTER TABLE child ALTER COLUMN a SET DEFAULT 'child''s own';
INSERT INTO parent_a VALUES (1, 'only a');
INSERT INTO child (id, b, c) VALUES (2, 'b', 'c');

-- foreign keys that go round in circles, constraints that the rows break
CREATE TABLE chicken (id integer PRIMARY KEY, egg integer);
CREATE TABLE egg (id integer PRIMARY KEY, chicken integer REFERENCES chicken DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE chicken ADD CONSTRAINT "chicken's egg" FOREIGN KEY (egg) REFERENCES egg ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
BEGIN;
INSERT INTO chicken VALUES (1, 1), (2, 2);
INSERT INTO egg VALUES (1, 2), (2, 1);
COMMIT;
CREATE TABLE tree (id integer PRIMARY KEY, parent integer NOT NULL REFERENCES tree, path text UNIQUE NULLS NOT DISTINCT);
INSERT INTO tree VALUES (3, 3, 'root'), (2, 3, 'leaf'), (1, 2, NULL);
CREATE TABLE broken_rows (id integer, ref integer);
INSERT INTO broken_rows VALUES (-1, 999);
ALTER TABLE broken_rows ADD CONSTRAINT not_checked CHECK (id > 0) NOT VALID;
ALTER TABLE broken_rows ADD CONSTRAINT not_checked_key FOREIGN KEY (ref) REFERENCES chicken NOT VALID;
CREATE TABLE bookings (room integer, during tstzrange, EXCLUDE USING gist (room WITH =, during WITH &&));
INSERT INTO bookings VALUES (1, '[2026-01-01 00:00:00+00,2026-01-02 00:00:00+00)'), (1, '[2026-01-02 00:00:00+00,2026-01-03 00:00:00+00)');
COMMENT ON CONSTRAINT "chicken's egg" ON chicken IS 'which came first';
