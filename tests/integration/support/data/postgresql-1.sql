-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Hostile PostgreSQL, 1 of 3: roles, the database's own properties, schemas, extensions, types, functions.
-- @DB@ is the database as an identifier, @DBTEXT@ its name inside a string literal.

SET client_min_messages = warning;
SET standard_conforming_strings = on;
SET timezone = 'UTC';

DO $roles$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['admin@vya.digital', 'O''Reilly "the" `%s` role', '-rf', 'hostile_readers', 'Häuptling 😀'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I', name);
        END IF;
    END LOOP;
END
$roles$;
ALTER ROLE "admin@vya.digital" LOGIN CREATEDB PASSWORD 'pass''word with \ and "quotes"' VALID UNTIL '2099-12-31 23:59:59+00';
ALTER ROLE "-rf" LOGIN CONNECTION LIMIT 3 NOINHERIT;
ALTER ROLE "O'Reilly ""the"" `%s` role" SET search_path = 'public', 'it''s odd';
ALTER ROLE "O'Reilly ""the"" `%s` role" SET application_name = 'a"b''c\d';
GRANT hostile_readers TO "admin@vya.digital" WITH ADMIN OPTION;
GRANT hostile_readers TO "-rf";
COMMENT ON ROLE hostile_readers IS 'reads; DROP TABLE users; -- it''s only a comment';

ALTER DATABASE @DB@ OWNER TO "admin@vya.digital";
COMMENT ON DATABASE @DB@ IS E'comment of a database: it''s "quoted", `ticked`\nsecond line; DROP DATABASE @DBTEXT@; -- 😀';
REVOKE ALL ON DATABASE @DB@ FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE @DB@ TO hostile_readers WITH GRANT OPTION;
GRANT CREATE ON DATABASE @DB@ TO "Häuptling 😀";
-- Settings that change how values are written: whoever dumps or compares must pin its own.
ALTER DATABASE @DB@ SET datestyle = 'German, DMY';
ALTER DATABASE @DB@ SET intervalstyle = 'sql_standard';
ALTER DATABASE @DB@ SET timezone = 'Pacific/Chatham';
ALTER DATABASE @DB@ SET bytea_output = 'escape';
ALTER DATABASE @DB@ SET extra_float_digits = -10;
ALTER DATABASE @DB@ SET search_path = 'Odd "Schema", 100%', 'public';
ALTER ROLE "admin@vya.digital" IN DATABASE @DB@ SET work_mem = '5MB';
ALTER ROLE "-rf" IN DATABASE @DB@ SET application_name = 'it''s "me", \ 100%';
SET search_path = public;

CREATE SCHEMA ext;
CREATE SCHEMA "Odd ""Schema"", 100%" AUTHORIZATION "admin@vya.digital";
CREATE SCHEMA "-dash" AUTHORIZATION "O'Reilly ""the"" `%s` role";
CREATE SCHEMA shop;
COMMENT ON SCHEMA "Odd ""Schema"", 100%" IS 'odd';
GRANT USAGE ON SCHEMA "Odd ""Schema"", 100%" TO hostile_readers;
GRANT USAGE, CREATE ON SCHEMA shop TO "admin@vya.digital" WITH GRANT OPTION;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE EXTENSION citext WITH SCHEMA ext;
CREATE EXTENSION hstore WITH SCHEMA ext;
CREATE EXTENSION pg_trgm WITH SCHEMA ext;
CREATE EXTENSION btree_gist WITH SCHEMA ext;
COMMENT ON EXTENSION citext IS 'a comment of our own';

ALTER DEFAULT PRIVILEGES FOR ROLE "admin@vya.digital" IN SCHEMA public GRANT SELECT ON TABLES TO hostile_readers;
ALTER DEFAULT PRIVILEGES FOR ROLE "admin@vya.digital" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE "-rf" GRANT ALL ON SEQUENCES TO "Häuptling 😀" WITH GRANT OPTION;

-- types
CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"', 'happy, very', 'ecstatic 😀', '');
ALTER TYPE mood ADD VALUE 'between' AFTER 'sad';
COMMENT ON TYPE mood IS 'moods';
CREATE TYPE "Com posite" AS (x integer, "y ""quoted""" text, z mood[]);
CREATE TYPE floatrange AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE DOMAIN positive AS integer DEFAULT 1 CONSTRAINT "must be > 0" CHECK (VALUE > 0);
CREATE DOMAIN email AS ext.citext NOT NULL CHECK (VALUE OPERATOR(ext.~) '^[^@]+@[^@]+$'::ext.citext);
COMMENT ON DOMAIN email IS 'a@b';
COMMENT ON CONSTRAINT "must be > 0" ON DOMAIN positive IS 'positive!';
CREATE TYPE row_shape AS (id integer, label text);
ALTER TYPE row_shape OWNER TO "admin@vya.digital";
CREATE TYPE shell_only;
GRANT USAGE ON TYPE mood TO hostile_readers;
REVOKE USAGE ON TYPE floatrange FROM PUBLIC;

CREATE COLLATION "C copy" FROM "C";
CREATE COLLATION shop.by_libc (provider = libc, locale = 'C.UTF-8');
COMMENT ON COLLATION "C copy" IS 'bytes';

-- functions: called before they would come in alphabetical order, bodies that look like other things
CREATE FUNCTION zz_base(integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1 * 2';
CREATE FUNCTION aa_uses_zz(n integer DEFAULT 21) RETURNS integer LANGUAGE sql IMMUTABLE RETURN public.zz_base(n);
CREATE FUNCTION recurse_a(n integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN RETURN CASE WHEN n <= 0 THEN 0 ELSE public.recurse_b(n - 1) END; END $$;
CREATE FUNCTION recurse_b(n integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN RETURN public.recurse_a(n - 1); END $$;
CREATE FUNCTION "fn; DROP TABLE x; --"(INOUT a text, VARIADIC rest integer[], OUT total bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER COST 5 SET search_path = pg_catalog, 'public' SET datestyle = 'ISO, DMY' AS $fn$
BEGIN
    -- Name: not_a_table; Type: TABLE; Schema: public; Owner: nobody
    -- a body with things a naive reader of dumps stumbles over:
    -- \connect template1
    -- COPY public.orders FROM stdin;
    -- \.
    a := $q$ it's $1 "quoted" `shop`.`orders` USE shop; @DBTEXT@.orders $q$ || a;
    total := (SELECT sum(r) FROM unnest(rest) AS r);
END
$fn$;
CREATE FUNCTION many(n integer) RETURNS TABLE (i integer, half numeric) LANGUAGE sql ROWS 10 BEGIN ATOMIC
    SELECT g, g / 2.0 FROM generate_series(1, n) AS g;
END;
CREATE PROCEDURE "Proc edure"(INOUT counter integer) LANGUAGE plpgsql AS $$ BEGIN counter := counter + 1; END $$;
ALTER FUNCTION zz_base(integer) OWNER TO "admin@vya.digital";
REVOKE ALL ON FUNCTION zz_base(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION zz_base(integer) TO hostile_readers WITH GRANT OPTION;
GRANT EXECUTE ON PROCEDURE "Proc edure"(integer) TO "-rf";
COMMENT ON FUNCTION many(integer) IS 'many';
COMMENT ON PROCEDURE "Proc edure"(integer) IS 'counts';

CREATE FUNCTION add_text(state text, value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT state || '|' || coalesce(value, '') $$;
CREATE AGGREGATE chain(text) (SFUNC = add_text, STYPE = text, INITCOND = '');
CREATE AGGREGATE chain_ordered(ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = mode_final, FINALFUNC_EXTRA);
CREATE FUNCTION mood_number(mood) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT array_position(enum_range(NULL::public.mood), $1) $$;
CREATE FUNCTION mood_apart(mood, mood) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT public.mood_number($1) - public.mood_number($2) $$;
CREATE OPERATOR |-| (LEFTARG = mood, RIGHTARG = mood, FUNCTION = mood_apart);
CREATE FUNCTION bigint_compare(bigint, bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT -btint8cmp($1, $2) $$;
CREATE OPERATOR FAMILY backwards USING btree;
CREATE OPERATOR CLASS backwards_ops FOR TYPE bigint USING btree FAMILY backwards AS
    OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 bigint_compare(bigint, bigint);
CREATE CAST (mood AS integer) WITH FUNCTION mood_number(mood) AS ASSIGNMENT;
COMMENT ON AGGREGATE chain(text) IS 'chain';
COMMENT ON OPERATOR |-| (mood, mood) IS 'apart';
COMMENT ON CAST (mood AS integer) IS 'cast';
COMMENT ON OPERATOR CLASS backwards_ops USING btree IS 'backwards';

CREATE TEXT SEARCH DICTIONARY plain_words (TEMPLATE = simple, StopWords = 'english');
CREATE TEXT SEARCH CONFIGURATION words (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR asciiword WITH plain_words;
COMMENT ON TEXT SEARCH CONFIGURATION words IS 'words';
CREATE CONVERSION shop.odd_conversion FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

-- A wrapper without a handler: its tables exist and cannot be read, whoever counts rows must leave them out.
CREATE FOREIGN DATA WRAPPER hollow OPTIONS (note 'it''s hollow');
CREATE SERVER "far away" TYPE 'x' VERSION '1' FOREIGN DATA WRAPPER hollow OPTIONS (host 'nowhere.invalid', port '1');
CREATE USER MAPPING FOR "admin@vya.digital" SERVER "far away" OPTIONS (password 'not ''really'' secret');
CREATE USER MAPPING FOR PUBLIC SERVER "far away";
GRANT USAGE ON FOREIGN SERVER "far away" TO hostile_readers;
CREATE FOREIGN TABLE shop.far (id integer OPTIONS (column_name 'i d'), note text) SERVER "far away" OPTIONS (table_name 'x"y''z');
COMMENT ON FOREIGN TABLE shop.far IS 'cannot be read';
