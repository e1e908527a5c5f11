# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small database with one of everything that a swap must carry, in two states: as it was backed up, as it went on."""

from __future__ import annotations

from typing import Any

from .fingerprint import fingerprint, schema_fingerprint
from .server import Server

POSTGRESQL = r"""
CREATE SEQUENCE numbers START 7;
CREATE TABLE customers (id integer PRIMARY KEY DEFAULT nextval('numbers'), name text NOT NULL, favourite integer);
CREATE TABLE orders (id integer PRIMARY KEY, customer integer REFERENCES customers (id), words text, raw bytea);
ALTER TABLE customers ADD FOREIGN KEY (favourite) REFERENCES orders (id) DEFERRABLE;
CREATE TABLE "-rf; $(x)
\ 'table'" (a text, a2 integer[]);
CREATE TABLE log (what text);
INSERT INTO customers (name) VALUES ('Ada'), ('O''Brien; DROP TABLE orders; --'), (E'line\nbreak \\ "x" 😀');
INSERT INTO orders VALUES (1, 7, E'USE shop; \\! rm\n\\.\n', '\x00ff0a1a'), (2, 8, NULL, ''), (3, NULL, '', NULL);
UPDATE customers SET favourite = 2;
INSERT INTO "-rf; $(x)
\ 'table'" VALUES ('twice', '{1,NULL}'), ('twice', '{1,NULL}');
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql
  AS 'BEGIN INSERT INTO public.log VALUES (TG_OP); RETURN NEW; END';
CREATE TRIGGER noted AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION note();
CREATE VIEW rich AS SELECT c.name, count(*) AS n FROM customers c JOIN orders o ON o.customer = c.id GROUP BY 1;
CREATE MATERIALIZED VIEW kept AS SELECT * FROM rich;
SELECT lo_from_bytea(4242, '\xdeadbeef00');
COMMENT ON TABLE orders IS 'it''s';
"""
POSTGRESQL_LATER = r"""
UPDATE customers SET name = name || '!';
DELETE FROM orders WHERE id = 3;
CREATE TABLE later (id integer PRIMARY KEY, t text);
INSERT INTO later VALUES (1, 'new');
DROP VIEW rich CASCADE;
CREATE VIEW poor AS SELECT * FROM later;
CREATE OR REPLACE FUNCTION note() RETURNS trigger LANGUAGE plpgsql
  AS 'BEGIN INSERT INTO public.log VALUES (''later''); RETURN NEW; END';
CREATE TRIGGER renoted BEFORE UPDATE ON later FOR EACH ROW EXECUTE FUNCTION note();
SELECT lo_put(4242, 0, '\x00');
SELECT setval('numbers', 99);
"""
MYSQL = r"""
CREATE TABLE customers (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(80) NOT NULL, favourite INT);
CREATE TABLE orders (id INT PRIMARY KEY, customer INT, words TEXT, raw BLOB,
  FOREIGN KEY (customer) REFERENCES customers (id));
ALTER TABLE customers ADD FOREIGN KEY (favourite) REFERENCES orders (id);
CREATE TABLE `-rf; $(x)
\\ 'table'` (a TEXT, b BIT(9));
CREATE TABLE log (what VARCHAR(80));
INSERT INTO customers (name) VALUES ('Ada'), ('O''Brien; DROP TABLE orders; --'),
    ('line\nbreak \\ "x" `shop`.`orders`');
INSERT INTO orders VALUES (1, 1, 'USE shop; \\! rm\n`shop`.`orders`', 0x00ff0a1a275c),
    (2, 2, NULL, ''), (3, NULL, '', NULL);
UPDATE customers SET favourite = 2;
INSERT INTO `-rf; $(x)
\\ 'table'` VALUES ('twice', b'101'), ('twice', b'101');
CREATE TRIGGER noted AFTER INSERT ON orders FOR EACH ROW INSERT INTO log VALUES ('insert `shop`.`orders`');
CREATE TRIGGER noted_too AFTER INSERT ON orders FOR EACH ROW
  FOLLOWS noted UPDATE log SET what = CONCAT(what, '.');
CREATE FUNCTION twice(i INT) RETURNS INT DETERMINISTIC RETURN i * 2;
CREATE VIEW rich AS SELECT c.name, twice(COUNT(*)) AS n
  FROM customers c JOIN orders o ON o.customer = c.id GROUP BY 1;
CREATE VIEW above_rich AS SELECT * FROM rich;
CREATE PROCEDURE fill() COMMENT 'it''s' INSERT INTO log SELECT name FROM above_rich;
CREATE EVENT sometimes ON SCHEDULE EVERY 10 YEAR STARTS '2035-01-01 00:00:00' DO CALL fill();
CREATE EVENT never ON SCHEDULE EVERY 10 YEAR STARTS '2035-01-01 00:00:00' DISABLE DO CALL fill();
"""
MYSQL_LATER = r"""
UPDATE customers SET name = CONCAT(name, '!');
DELETE FROM orders WHERE id = 3;
CREATE TABLE later (id INT PRIMARY KEY, t TEXT);
INSERT INTO later VALUES (1, 'new');
DROP VIEW above_rich;
DROP PROCEDURE fill;
CREATE VIEW poor AS SELECT * FROM later;
DROP TRIGGER noted_too;
CREATE TRIGGER renoted BEFORE UPDATE ON later FOR EACH ROW SET NEW.t = 'renoted';
DROP FUNCTION twice;
CREATE FUNCTION twice(i INT) RETURNS INT DETERMINISTIC RETURN i * 2 + 0;
ALTER EVENT sometimes DISABLE;
ALTER EVENT never ENABLE;
"""
MARIADB = """
CREATE SEQUENCE numbers START WITH 7;
CREATE TABLE numbered (id BIGINT DEFAULT NEXTVAL(numbers) PRIMARY KEY, t TEXT);
INSERT INTO numbered (t) VALUES ('seven'), ('eight');
"""
MARIADB_LATER = "DO SETVAL(numbers, 50); INSERT INTO numbered (t) VALUES ('fifty-one');"


def load_small(server: Server, name: str) -> None:
    """Create the database in its first state."""
    server.create_database(name)
    script = POSTGRESQL if server.engine == "postgresql" else MYSQL
    server.execute_script((script + (MARIADB if server.flavour == "mariadb" else "")).encode(), name)


def go_on(server: Server, name: str) -> None:
    """Change data and definitions: the second state."""
    script = POSTGRESQL_LATER if server.engine == "postgresql" else MYSQL_LATER
    server.execute_script((script + (MARIADB_LATER if server.flavour == "mariadb" else "")).encode(), name)


def state(server: Server, name: str) -> dict[str, Any]:
    """All that a database is: content and definitions."""
    content = {f"content {key}": value for key, value in fingerprint(server, name).items()}
    return {**content, **{f"schema {key}": value for key, value in schema_fingerprint(server, name).items()}}


__all__ = ["go_on", "load_small", "state"]
