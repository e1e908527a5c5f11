-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- What may get lost or change in a restored database of rich-postgresql.sql, each behind the object that is named.

-- named: table public.customer
ALTER TABLE customer DROP COLUMN drop2;
-- named: table public.customer
ALTER TABLE customer ADD COLUMN more int;
-- named: table public.tt2
ALTER TABLE tt2 ALTER cu TYPE text;
-- named: table public.unl
ALTER TABLE unl ALTER b TYPE varchar(9);
-- named: table public.customer
ALTER TABLE customer ALTER kind DROP NOT NULL;
-- named: table public.customer
ALTER TABLE customer ALTER extra TYPE text COLLATE "POSIX";
-- named: table public.customer
ALTER TABLE customer ALTER drop2 SET STORAGE main;
-- named: table public.customer
ALTER TABLE customer ALTER a SET GENERATED ALWAYS;
-- named: table public.customer
ALTER TABLE customer SET (fillfactor = 71);
-- named: table public.customer
ALTER TABLE customer RESET (toast.autovacuum_enabled);
-- named: table public.customer
ALTER TABLE customer DISABLE ROW LEVEL SECURITY;
-- named: table public.customer
ALTER TABLE customer REPLICA IDENTITY FULL;
-- named: table public.unl
ALTER TABLE unl SET LOGGED;
-- named: table public.kid2
ALTER TABLE kid2 NO INHERIT parent;
-- named: bounds of partition public.sale_2
ALTER TABLE sale DETACH PARTITION sale_2;
-- named: default public.customer.kind
ALTER TABLE customer ALTER kind DROP DEFAULT;
-- named: default public.customer.kind
ALTER TABLE customer ALTER kind SET DEFAULT 'old';
-- named: default public.tt2.neg
ALTER TABLE tt2 ALTER neg SET DEFAULT 5;
-- named: generated column public.customer.g
ALTER TABLE customer DROP COLUMN g; ALTER TABLE customer ADD g numeric GENERATED ALWAYS AS (case when kind in ('new','old') then total * 3 else 0 end) STORED;
-- named: constraint ref_id_fkey on public.ref
ALTER TABLE ref DROP CONSTRAINT ref_id_fkey;
-- named: constraint ref_id_fkey on public.ref
ALTER TABLE ref DROP CONSTRAINT ref_id_fkey, ADD CONSTRAINT ref_id_fkey FOREIGN KEY (id) REFERENCES customer (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
-- named: constraint tt_pkey on public.tt2
ALTER TABLE tt2 DROP CONSTRAINT tt_pkey;
-- named: index public.cust_low
DROP INDEX cust_low;
-- named: index public.cust_un
DROP INDEX cust_un; CREATE UNIQUE INDEX cust_un ON customer (total nulls last, extra text_pattern_ops) INCLUDE (d) WITH (fillfactor = 80);
-- named: index public.cust_un
DROP INDEX cust_un; CREATE UNIQUE INDEX cust_un ON customer (total desc nulls last, extra) INCLUDE (d) WITH (fillfactor = 80);
-- named: index public.cust_hash
DROP INDEX cust_hash; CREATE INDEX cust_hash ON customer USING hash (drop2);
-- named: predicate of index public.cust_low
DROP INDEX cust_low; CREATE INDEX cust_low ON customer (lower(kind), f_imm(extra::varchar)) WHERE kind IN ('new','odd');
-- named: expression 1 of index public.cust_low
DROP INDEX cust_low; CREATE INDEX cust_low ON customer (upper(kind), f_imm(extra::varchar)) WHERE kind IN ('new','old');
-- named: trigger t1 on public.customer
DROP TRIGGER t1 ON customer;
-- named: trigger t4 on public.customer
ALTER TABLE customer DISABLE TRIGGER t4;
-- named: trigger t2 on public.sale_1a
ALTER TABLE sale_1a ENABLE TRIGGER t2;
-- named: trigger t1 on public.customer
CREATE OR REPLACE TRIGGER t1 BEFORE UPDATE OF kind, total ON customer FOR EACH ROW WHEN (old.kind IS DISTINCT FROM new.kind AND new.kind IN ('new','old') AND new.total BETWEEN 1 AND 6) EXECUTE FUNCTION trg('a', 'b''c');
-- named: rule r2 on public.parent
DROP RULE r2 ON parent;
-- named: rule "R 3" on public.parent
CREATE OR REPLACE RULE "R 3" AS ON DELETE TO parent WHERE EXISTS (SELECT 'y' FROM customer WHERE customer.id = old.x) DO INSTEAD (INSERT INTO kid SELECT 1, 'a'; DELETE FROM customer WHERE iv > interval(2) '1.126');
-- named: rule "R 3" on public.parent
CREATE OR REPLACE RULE "R 3" AS ON DELETE TO parent WHERE EXISTS (SELECT 'x' FROM customer WHERE customer.id = old.x) DO INSTEAD (INSERT INTO kid SELECT 1, 'a'; DELETE FROM customer WHERE iv > interval(2) '1.136');
-- named: trigger "T 5" on public.customer
CREATE OR REPLACE TRIGGER "T 5" BEFORE UPDATE ON customer FOR EACH ROW WHEN (new.iv > interval(2) '1.136') EXECUTE FUNCTION trg();
-- named: policy p1 on public.customer
DROP POLICY p1 ON customer;
-- named: policy p1 on public.customer
ALTER POLICY p1 ON customer TO w_ro;
-- named: check of policy p2 on public.customer
ALTER POLICY p2 ON customer WITH CHECK (kind = any (array['new','odd']));
-- named: view public.v1
CREATE OR REPLACE VIEW v1 AS SELECT c.id, c.kind, c.total, case c.kind when 'new' then 'N' else c.kind end as k3, c.ts at time zone 'UTC' as u FROM customer c WHERE c.kind IN ('new','old') AND c.total BETWEEN 1 AND 3;
-- named: view public.upd
ALTER VIEW upd RESET (security_barrier);
-- named: view public.v1
ALTER VIEW v1 RENAME COLUMN k3 TO k4;
-- named: materialized view public.mv
REFRESH MATERIALIZED VIEW mv;
-- named: materialized view public.mv
DROP MATERIALIZED VIEW mv;
-- named: function public.fset()
CREATE OR REPLACE FUNCTION fset() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public SET work_mem = '4MB' AS 'select 2';
-- named: function public.fset()
ALTER FUNCTION fset() RESET work_mem;
-- named: function public.f_imm(character varying)
ALTER FUNCTION f_imm(varchar) VOLATILE;
-- named: arguments of function public.f_def(character varying,integer[],numeric)
CREATE OR REPLACE FUNCTION f_def(a varchar default 'y', b int[] default array[1,2], c numeric default -1) RETURNS int LANGUAGE sql AS 'select 1';
-- named: body of function public.fa(integer)
CREATE OR REPLACE FUNCTION fa(a int) RETURNS numeric LANGUAGE sql BEGIN ATOMIC SELECT sum(total) FROM customer WHERE id BETWEEN 1 AND a AND kind IN ('new'); END;
-- named: body of function public.f_table(integer)
CREATE OR REPLACE FUNCTION f_table(x int) RETURNS TABLE (q text, r int) LANGUAGE sql BEGIN ATOMIC SELECT 'k', CASE x WHEN 1 THEN 3 END FROM customer WHERE customer.id = f_table.x; END;
-- named: arguments of function public.f_cut(integer,interval)
CREATE OR REPLACE FUNCTION f_cut(a int, iv interval default interval(2) '1.136', out b int, out c text) LANGUAGE sql BEGIN ATOMIC SELECT a, 'o'; END;
-- named: type public.mood
ALTER TYPE mood ADD VALUE 'glad';
-- named: type public.fr
ALTER TYPE fr RENAME TO fr2;
-- named: default of domain public.code
ALTER DOMAIN code DROP DEFAULT;
-- named: domain public.posint
ALTER DOMAIN posint DROP NOT NULL;
-- named: sequence public.sq
ALTER SEQUENCE sq INCREMENT 6;
-- named: sequence public.sq
ALTER SEQUENCE sq OWNED BY NONE;
-- named: statistics public.st
DROP STATISTICS st;
-- named: statistics public.st
ALTER STATISTICS st SET STATISTICS 401;
-- named: grants table public.customer
REVOKE INSERT ON customer FROM w_ro;
-- named: grants table public.customer
REVOKE SELECT (id) ON customer FROM w_ro;
-- named: grants table public.customer
REVOKE GRANT OPTION FOR SELECT ON customer FROM w_app CASCADE;
-- named: grants table public.parent
GRANT SELECT ON parent TO w_own;
-- named: grants function public.fa(integer)
GRANT EXECUTE ON FUNCTION fa(int) TO public;
-- named: owner table public.parent
ALTER TABLE parent OWNER TO w_app;
-- named: grants schema public
REVOKE USAGE ON SCHEMA public FROM w_ro;
-- named: default grants w_own r public
ALTER DEFAULT PRIVILEGES FOR ROLE w_own IN SCHEMA public REVOKE INSERT ON TABLES FROM w_ro;
-- named: comment table column public.customer.kind
COMMENT ON COLUMN customer.kind IS NULL;
-- named: comment trigger t1 on public.customer
COMMENT ON TRIGGER t1 ON customer IS 'other';
-- named: comment schema public
COMMENT ON SCHEMA public IS 'other';
-- named: event trigger et
DROP EVENT TRIGGER et;
-- named: event trigger et
ALTER EVENT TRIGGER et ENABLE;
-- named: row filter of publication pub1 on public.customer
ALTER PUBLICATION pub1 SET TABLE customer (id, kind, total) WHERE (id > 1), parent;
-- named: publication pub1
ALTER PUBLICATION pub1 SET TABLE customer (id, kind) WHERE (id BETWEEN 1 AND 5 AND id IN (1,2,3)), parent;
-- named: publication pub2
ALTER PUBLICATION pub2 DROP TABLES IN SCHEMA public;
-- named: text search configuration public.cfg
ALTER TEXT SEARCH CONFIGURATION cfg ALTER MAPPING FOR asciiword WITH simple;
-- named: server srv
ALTER SERVER srv OPTIONS (SET host 'i');
-- named: user mapping w_app on srv
DROP USER MAPPING FOR w_app SERVER srv;
-- named: foreign table public.ft
ALTER FOREIGN TABLE ft OPTIONS (SET z '2');
-- named: cast (character varying AS integer)
DROP CAST (varchar AS int);
-- named: operator public.===(integer,integer)
ALTER OPERATOR ===(int, int) SET (RESTRICT = NONE);
-- named: aggregate public.my_sum(numeric)
ALTER AGGREGATE my_sum(numeric) RENAME TO my_total;
-- named: grants large objects
REVOKE SELECT ON LARGE OBJECT 4711 FROM w_ro;
-- named: schema another
CREATE SCHEMA another;
-- named: attributes of type public.ct
ALTER TYPE ct DROP ATTRIBUTE x;
-- named: attributes of type public.ct
ALTER TYPE ct ALTER ATTRIBUTE y TYPE varchar;
-- named: default public.o1.status
ALTER TABLE o1 ALTER status SET DEFAULT 'new';
-- named: default public.o1.dd
ALTER TABLE o1 ALTER dd DROP DEFAULT;
-- named: default public.vd.status
ALTER VIEW vd ALTER status DROP DEFAULT;
-- named: constraint cc on public.par
ALTER TABLE par VALIDATE CONSTRAINT cc;
-- named: comment table constraint chk on public.chl
COMMENT ON CONSTRAINT chk ON chl IS 'other';
-- named: constraint another on public.refs2
ALTER TABLE refs2 DROP CONSTRAINT another;
-- named: comment table constraint another on public.refs2
COMMENT ON CONSTRAINT another ON refs2 IS 'other';
