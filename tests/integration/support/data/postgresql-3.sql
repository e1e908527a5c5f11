-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Hostile PostgreSQL, 3 of 3: indexes, views, triggers, rules, policies, large objects, publications, grants.

SET client_min_messages = warning;
SET standard_conforming_strings = on;
SET timezone = 'UTC';
SET search_path = public;

CREATE INDEX "index ""on"" horrors" ON horrors USING gin ("the ""text""" ext.gin_trgm_ops);
CREATE UNIQUE INDEX upper_half ON horrors (lower(left("the ""text""", 50)) DESC NULLS FIRST, id) INCLUDE (plain) WITH (fillfactor = 70) WHERE id > 100;
CREATE INDEX by_function ON every_type (aa_uses_zz(i2::integer), (jb -> 'k'));
CREATE INDEX by_own_class ON every_type USING btree (i8 backwards_ops);
COMMENT ON INDEX upper_half IS 'partial, with an expression';
ALTER TABLE every_type CLUSTER ON every_type_pkey;
ALTER TABLE every_type REPLICA IDENTITY FULL;
ALTER TABLE every_type ALTER COLUMN t SET STATISTICS 250;
ALTER TABLE every_type ALTER COLUMN by SET STORAGE EXTERNAL;
ALTER TABLE every_type ALTER COLUMN j SET COMPRESSION pglz;
ALTER TABLE every_type SET (fillfactor = 80, autovacuum_enabled = false, toast.autovacuum_enabled = false);
CREATE STATISTICS linked_columns (dependencies, ndistinct, mcv) ON a, b FROM no_primary_key;
CREATE STATISTICS on_expression ON (a % 3) FROM no_primary_key;
COMMENT ON STATISTICS linked_columns IS 'statistics';

-- Views that need those that come later in the alphabet.
CREATE VIEW z_first AS SELECT id, "the ""text""" AS words FROM horrors WHERE id > 0;
CREATE VIEW m_second WITH (security_barrier = true) AS SELECT id, length(words) AS long, aa_uses_zz(id) AS twice FROM z_first WHERE words IS NOT NULL;
CREATE VIEW a_third AS SELECT m.*, (SELECT count(*) FROM chicken) AS chickens, 'USE shop; `shop`.`orders` @DBTEXT@.orders it''s' AS trap FROM m_second AS m;
CREATE VIEW "view ""of"" shop; --" AS SELECT shop.id, shop.note AS "a ""b""" FROM shop.orders AS shop;
CREATE VIEW updatable WITH (check_option = cascaded) AS SELECT id, note FROM empty_table WHERE id > 0;
CREATE RECURSIVE VIEW upwards (id, depth) AS SELECT id, 0 FROM tree WHERE id = parent UNION ALL SELECT t.id, u.depth + 1 FROM tree t JOIN upwards u ON t.parent = u.id AND t.id <> t.parent;
CREATE MATERIALIZED VIEW z_summary AS SELECT place, count(*) AS n, sum(value) AS total FROM measured GROUP BY place;
CREATE UNIQUE INDEX z_summary_place ON z_summary (place);
CREATE MATERIALIZED VIEW a_summary AS SELECT sum(n) AS n FROM z_summary;
CREATE MATERIALIZED VIEW not_filled AS SELECT * FROM a_summary WITH NO DATA;
COMMENT ON VIEW a_third IS 'third; it''s first in the alphabet';
COMMENT ON COLUMN a_third.trap IS 'trap';
COMMENT ON MATERIALIZED VIEW z_summary IS 'summary';
ALTER VIEW z_first OWNER TO "admin@vya.digital";
ALTER MATERIALIZED VIEW a_summary OWNER TO "O'Reilly ""the"" `%s` role";

-- Triggers that would spoil the rows if they fired while those are loaded.
CREATE TABLE audited (id integer PRIMARY KEY, n integer, changed integer NOT NULL DEFAULT 0);
CREATE TABLE audit_log (line bigserial, what text);
INSERT INTO audited (id, n) VALUES (1, 10), (2, 20);
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n := NEW.n * 2; NEW.changed := NEW.changed + 1; RETURN NEW; END $$;
CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.audit_log (what) VALUES (TG_OP || coalesce(TG_ARGV[0], '')); RETURN NULL; END $$;
CREATE TRIGGER spoil_always BEFORE INSERT OR UPDATE OF n ON audited FOR EACH ROW EXECUTE FUNCTION spoil();
CREATE TRIGGER "note ""it""" AFTER INSERT OR DELETE ON audited FOR EACH STATEMENT EXECUTE FUNCTION note_it('it''s; DROP TABLE x; --');
CREATE TRIGGER with_rows AFTER UPDATE ON audited REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION note_it();
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON audited DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.n > 15) EXECUTE FUNCTION note_it('late');
CREATE TRIGGER switched_off BEFORE DELETE ON audited FOR EACH ROW EXECUTE FUNCTION spoil();
CREATE TRIGGER instead INSTEAD OF INSERT ON z_first FOR EACH ROW EXECUTE FUNCTION note_it('instead');
ALTER TABLE audited ENABLE ALWAYS TRIGGER spoil_always;
ALTER TABLE audited DISABLE TRIGGER switched_off;
COMMENT ON TRIGGER spoil_always ON audited IS 'spoils';
INSERT INTO audited (id, n) VALUES (3, 30);
UPDATE audited SET n = 5 WHERE id = 1;
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE DEBUG 'ddl: %', tg_tag; END $$;
CREATE EVENT TRIGGER "on ddl" ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION on_ddl();
CREATE EVENT TRIGGER off_ddl ON sql_drop EXECUTE FUNCTION on_ddl();
ALTER EVENT TRIGGER off_ddl DISABLE;
COMMENT ON EVENT TRIGGER "on ddl" IS 'event';

-- A rule that would double what is inserted.
CREATE RULE double_it AS ON INSERT TO no_primary_key DO ALSO INSERT INTO audit_log (what) VALUES ('rule: ' || NEW.b);
CREATE RULE "no delete" AS ON DELETE TO no_primary_key DO INSTEAD NOTHING;
COMMENT ON RULE "no delete" ON no_primary_key IS 'kept';

-- Row level security: an owner that it binds sees nothing of its own table.
CREATE TABLE secrets (id integer PRIMARY KEY, owner name DEFAULT current_user, secret text);
INSERT INTO secrets VALUES (1, 'admin@vya.digital', 'mine'), (2, 'nobody', 'yours');
ALTER TABLE secrets OWNER TO "admin@vya.digital";
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY "own rows" ON secrets FOR ALL TO "admin@vya.digital", hostile_readers USING (owner = current_user) WITH CHECK (length(secret) < 100);
CREATE POLICY "never the 13th" ON secrets AS RESTRICTIVE FOR SELECT TO PUBLIC USING (id <> 13);
COMMENT ON POLICY "own rows" ON secrets IS 'policy';

-- Large objects, one of them longer than a page, one empty, one with an owner, grants and a comment.
CREATE TABLE documents (id integer PRIMARY KEY, body oid, name text);
INSERT INTO documents VALUES
    (1, lo_from_bytea(0, '\x00ff0a5c2e0a00'), 'small, with NUL'),
    (2, lo_from_bytea(0, ''), 'empty'),
    (3, lo_from_bytea(0, decode(repeat('00010203fffefdfc5c2e0a', 50000), 'hex')), 'long'),
    (4, lo_from_bytea(424242, 'text'), 'fixed number');
ALTER LARGE OBJECT 424242 OWNER TO "admin@vya.digital";
COMMENT ON LARGE OBJECT 424242 IS 'large; it''s "commented"';
GRANT SELECT ON LARGE OBJECT 424242 TO hostile_readers;
GRANT UPDATE ON LARGE OBJECT 424242 TO "-rf" WITH GRANT OPTION;

CREATE PUBLICATION "pub lication" FOR TABLE chicken (id), egg WHERE (id > 0) WITH (publish = 'insert, update');
CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA shop;
CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert, truncate', publish_via_partition_root = true);
COMMENT ON PUBLICATION everything IS 'published';

-- Grants by others than the owner, on columns, with and without the option to pass them on.
ALTER TABLE horrors OWNER TO "admin@vya.digital";
GRANT SELECT, UPDATE ON horrors TO hostile_readers WITH GRANT OPTION;
SET ROLE hostile_readers;
GRANT SELECT ON horrors TO "-rf";
RESET ROLE;
GRANT SELECT (id, plain), UPDATE ("the ""text""") ON horrors TO "Häuptling 😀";
GRANT ALL ON every_type TO PUBLIC;
REVOKE DELETE ON every_type FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO "O'Reilly ""the"" `%s` role";
GRANT TRIGGER, REFERENCES, TRUNCATE ON chicken TO "-rf";
REVOKE ALL ON egg FROM @ADMIN@;
GRANT SELECT ON z_summary TO "O'Reilly ""the"" `%s` role";
GRANT USAGE ON LANGUAGE plpgsql TO hostile_readers;

INSERT INTO shop.orders VALUES (3, E'last\nrow');
