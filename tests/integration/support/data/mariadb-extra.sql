-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- What only MariaDB knows: sequences, system versioning, periods, packages, its own types and engines.

SET NAMES utf8mb4;
SET SESSION time_zone = '+00:00';
SET SESSION sql_mode = '';

CREATE SEQUENCE `seq ``uence`` 100%` START WITH -5 INCREMENT BY -3 MINVALUE -100 MAXVALUE 100 CACHE 5 CYCLE;
CREATE SEQUENCE never_called START WITH 7;
CREATE SEQUENCE z_numbers START WITH 100 INCREMENT BY 10 NOCACHE;
DO NEXTVAL(`seq ``uence`` 100%`), NEXTVAL(`seq ``uence`` 100%`);
-- Tables that need a sequence which comes later in the alphabet.
CREATE TABLE a_uses_sequence (id BIGINT PRIMARY KEY DEFAULT NEXTVAL(z_numbers), other BIGINT DEFAULT (NEXTVAL(@DB@.`seq ``uence`` 100%`) * 2), v VARCHAR(20));
INSERT INTO a_uses_sequence (v) VALUES ('a'), ('b');

CREATE TABLE versioned (id INT PRIMARY KEY, v VARCHAR(50) CHARACTER SET utf8mb4) WITH SYSTEM VERSIONING;
SET TIMESTAMP = 1700000000.5;
INSERT INTO versioned VALUES (1, 'first'), (2, 'it''s');
SET TIMESTAMP = 1700000100;
UPDATE versioned SET v = 'second' WHERE id = 1;
SET TIMESTAMP = 1700000200;
DELETE FROM versioned WHERE id = 2;
SET TIMESTAMP = DEFAULT;
CREATE TABLE versioned_columns (
    id INT, v INT WITHOUT SYSTEM VERSIONING, since TIMESTAMP(6) GENERATED ALWAYS AS ROW START INVISIBLE, until TIMESTAMP(6) GENERATED ALWAYS AS ROW END,
    PERIOD FOR SYSTEM_TIME (since, until)
) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION old HISTORY, PARTITION new CURRENT);
SET TIMESTAMP = 1700000000;
INSERT INTO versioned_columns (id, v) VALUES (1, 1);
SET TIMESTAMP = 1700000300;
UPDATE versioned_columns SET id = 2;
SET TIMESTAMP = DEFAULT;

CREATE TABLE stays (room INT, `from` DATE, `to` DATE, PERIOD FOR `stay time` (`from`, `to`), UNIQUE (room, `stay time` WITHOUT OVERLAPS));
INSERT INTO stays VALUES (1, '2026-01-01', '2026-01-05'), (1, '2026-01-05', '2026-01-06');
CREATE TABLE own_types (u UUID PRIMARY KEY, i4 INET4, i6 INET6, squeezed TEXT COMPRESSED, d DATE DEFAULT (CURRENT_DATE + INTERVAL 1 DAY), KEY ignored_key (i4) IGNORED);
INSERT INTO own_types VALUES ('00000000-0000-0000-0000-000000000001', '1.2.3.4', '::ffff:1.2.3.4', REPEAT('squeezed ', 1000), '2026-01-01');
CREATE TABLE by_aria (id INT AUTO_INCREMENT PRIMARY KEY, v TEXT CHARACTER SET utf8mb4) ENGINE = Aria TRANSACTIONAL = 1;
INSERT INTO by_aria (v) VALUES ('crash-safe, yet without transactions');
CREATE TABLE paged (id INT PRIMARY KEY, v TEXT) PAGE_COMPRESSED = 1;
INSERT INTO paged VALUES (1, 'x');
CREATE VIEW on_a_sequence AS SELECT NEXT VALUE FOR z_numbers AS n;

DELIMITER $$
CREATE AGGREGATE FUNCTION product(x INT) RETURNS BIGINT
BEGIN
    DECLARE total BIGINT DEFAULT 1;
    DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN total;
    LOOP FETCH GROUP NEXT ROW; SET total = total * x; END LOOP;
END $$
CREATE PROCEDURE next_number() SELECT NEXTVAL(@DB@.z_numbers), PREVIOUS VALUE FOR @DB@.z_numbers, @DB@.zz_base(1) $$
SET SESSION sql_mode = 'ORACLE' $$
CREATE PACKAGE "pack age" AS
    FUNCTION how_many RETURN INT;
    PROCEDURE add_one(note VARCHAR2);
END $$
CREATE PACKAGE BODY "pack age" AS
    counter INT := 0;
    FUNCTION how_many RETURN INT AS BEGIN RETURN (SELECT COUNT(*) FROM @DBANSI@.orders); END;
    PROCEDURE add_one(note VARCHAR2) AS BEGIN counter := counter + 1; INSERT INTO @DBANSI@."orders" (note) VALUES ('it''s ' || note || ' @DBTEXT@.orders'); END;
END $$
CREATE FUNCTION oracle_style(a VARCHAR2) RETURN VARCHAR2(50) AS b VARCHAR2(50) := a || '!'; BEGIN RETURN b; END $$
SET SESSION sql_mode = '' $$
DELIMITER ;
