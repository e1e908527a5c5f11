-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Hostile MySQL and MariaDB, 2 of 2: routines, views, triggers, events, grants.

SET NAMES utf8mb4;
SET SESSION time_zone = '+00:00';
SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO';

DELIMITER $$
CREATE FUNCTION zz_base(n INT) RETURNS INT DETERMINISTIC RETURN n * 2 $$
CREATE FUNCTION aa_uses_zz(n INT) RETURNS INT DETERMINISTIC NO SQL RETURN @DB@.zz_base(n) + 1 $$
CREATE FUNCTION counts_orders() RETURNS BIGINT READS SQL DATA RETURN (SELECT COUNT(*) FROM @DB@.orders AS @DB@ WHERE @DB@.id > 0) $$
CREATE PROCEDURE calls_another(IN a INT, INOUT b INT, OUT c VARCHAR(200) CHARACTER SET utf8mb4) COMMENT 'it''s "commented"; -- `shop`'
    MODIFIES SQL DATA SQL SECURITY INVOKER
BEGIN
    -- a comment: USE shop; @DBTEXT@.orders ; DELIMITER ;
    # another, with an apostrophe that is none: it's
    /* and a third ' " ` @DBTEXT@.orders */
    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN SET c = 'it''s `shop`.`orders` and \'shop\'.orders'; END;
    CALL @DB@.calls_back(a - 1, b);
    SET c = CONCAT('USE shop; `@DBTEXT@`.`orders`', "a ""double"" quoted @DBTEXT@.orders text", (SELECT MAX(o.id) FROM @DB@ . orders AS o));
    UPDATE @DBBARE@.orders SET note = CONCAT(note, '') WHERE @DBBARE@.orders.id < 0;
    INSERT INTO `orders` (note) SELECT 'x' FROM `shop` WHERE `shop`.`shop` < 0;
END $$
CREATE PROCEDURE calls_back(IN a INT, INOUT b INT)
BEGIN
    IF a > 0 THEN CALL calls_another(a, b, @unused); END IF;
    SET b = aa_uses_zz(a);
END $$
CREATE PROCEDURE other_databases() BEGIN SELECT * FROM shop_archive.orders; SELECT * FROM `shop2`.`shop`; SELECT * FROM not_shop.orders; END $$
CREATE DEFINER = 'def''iner; --'@'%' PROCEDURE `proc ``of`` another; -- 100%`() SELECT 1 $$
CREATE DEFINER = 'nobody at all'@'nowhere.invalid' PROCEDURE definer_is_missing() SELECT 1 $$

SET SESSION sql_mode = 'ANSI_QUOTES' $$
CREATE PROCEDURE "ansi ""quoted""" () BEGIN SELECT "id" AS "it's" FROM @DBANSI@."orders" WHERE "note" = 'it''s "text" @DBTEXT@.orders'; END $$
SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES' $$
CREATE PROCEDURE no_backslash() BEGIN SELECT 'ends with \', 'USE shop; \\''', id FROM @DB@.orders; END $$
SET SESSION sql_mode = 'PIPES_AS_CONCAT,HIGH_NOT_PRECEDENCE,STRICT_ALL_TABLES' $$
CREATE FUNCTION pipes(a VARCHAR(10)) RETURNS VARCHAR(30) DETERMINISTIC RETURN a || '|' || a $$

-- Stored in the bytes of another character set: a dump that holds it is not UTF-8 throughout.
SET NAMES latin1 $$
SET SESSION sql_mode = '' $$
CREATE PROCEDURE from_latin1() COMMENT 'coffee' BEGIN SELECT 'caf@E9@ `shop`.orders', _utf8mb4 0xF09F9880 FROM @DBLATIN1@.orders; END $$
SET NAMES utf8mb4 $$
DELIMITER ;

-- Views that need those that come later in the alphabet, and functions.
CREATE VIEW z_first AS SELECT id, `the ``text``` AS words FROM horrors WHERE id > 0;
CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW m_second AS SELECT z.id, LENGTH(z.words) AS len, aa_uses_zz(z.id) AS twice FROM @DB@.z_first AS z WHERE z.words IS NOT NULL;
CREATE VIEW a_third AS SELECT m.*, (SELECT COUNT(*) FROM chicken) AS chickens, counts_orders() AS n, 'USE shop; `shop`.`orders` @DBTEXT@.orders it''s' AS trap FROM m_second AS m;
CREATE VIEW `view ``of`` shop; --` AS SELECT @DB@.id, @DB@.note AS `a ``b``` FROM orders AS @DB@;
CREATE VIEW shop_of_shops AS SELECT `shop`.`shop` AS `shop`, x.orders FROM `shop` JOIN @DB@.`shop` AS x ON x.shop = `shop`.`shop`;
CREATE VIEW updatable AS SELECT id, note FROM orders WHERE id > 0 WITH CASCADED CHECK OPTION;
CREATE DEFINER = 'def''iner; --'@'%' VIEW of_another AS SELECT 1 AS one, 'it''s' AS `2`, NULL AS n;
CREATE ALGORITHM = TEMPTABLE VIEW grouped AS SELECT customer, SUM(total) AS total FROM @DB@.orders GROUP BY customer WITH ROLLUP;
SET NAMES latin1;
CREATE VIEW view_from_latin1 AS SELECT 'caf@E9@' AS coffee, id FROM orders;
SET NAMES utf8mb4;

-- Triggers that would spoil the rows if they fired while those are loaded.
CREATE TABLE audited (id INT PRIMARY KEY, n INT, changed INT NOT NULL DEFAULT 0);
CREATE TABLE audit_log (line INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(200) CHARACTER SET utf8mb4);
INSERT INTO audited (id, n) VALUES (1, 10), (2, 20);
DELIMITER $$
CREATE TRIGGER z_spoil BEFORE INSERT ON audited FOR EACH ROW SET NEW.n = NEW.n * 2, NEW.changed = NEW.changed + 1 $$
CREATE TRIGGER a_spoil_next BEFORE INSERT ON @DB@.audited FOR EACH ROW FOLLOWS z_spoil SET NEW.n = NEW.n + 1 $$
CREATE TRIGGER @DB@.m_between BEFORE INSERT ON @DB@.audited FOR EACH ROW PRECEDES a_spoil_next SET NEW.n = NEW.n - 3 $$
CREATE DEFINER = 'def''iner; --'@'%' TRIGGER `note ``it``; -- 100%` AFTER INSERT ON audited FOR EACH ROW
BEGIN
    -- it's a comment; USE shop;
    INSERT INTO @DB@.audit_log (what) VALUES (CONCAT('it''s `shop`.`orders`; @DBTEXT@.orders ', NEW.id));
    INSERT INTO audit_log (what) SELECT @DB@.aa_uses_zz(NEW.n) FROM @DB@.orders LIMIT 1;
END $$
CREATE TRIGGER on_update AFTER UPDATE ON audited FOR EACH ROW BEGIN IF NOT (NEW.n <=> OLD.n) THEN INSERT INTO audit_log (what) VALUES ("double ""quoted"" @DBTEXT@.orders"); END IF; END $$
SET NAMES latin1 $$
SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES' $$
CREATE TRIGGER by_latin1 BEFORE DELETE ON "audited" FOR EACH ROW INSERT INTO @DBANSILATIN1@."audit_log" ("what") VALUES ('caf@E9@ \') $$
SET NAMES utf8mb4 $$
SET SESSION sql_mode = '' $$

-- Events that never come while a test runs, or are switched off.
SET SESSION time_zone = '+05:45' $$
CREATE EVENT `yearly ``event``; --` ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01 00:00:00' ENDS '2037-12-31 00:00:00' ON COMPLETION PRESERVE
    COMMENT 'it''s "yearly"; `shop`' DO BEGIN INSERT INTO @DB@.audit_log (what) VALUES ('event of @DBTEXT@.orders; it''s `shop`.'); CALL @DB@.calls_back(1, @b); END $$
CREATE DEFINER = 'def''iner; --'@'%' EVENT switched_off ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2026-01-01 00:00:00' DISABLE DO DELETE FROM orders $$
SET SESSION time_zone = '+00:00' $$
CREATE EVENT @DB@.`once` ON SCHEDULE AT '2037-06-01 12:00:00' ON COMPLETION NOT PRESERVE DO DO 1 $$
SET NAMES latin1 $$
CREATE EVENT latin1_event ON SCHEDULE EVERY 1 MONTH STARTS '2037-01-01 00:00:00' COMMENT 'coffee' DO SELECT 'caf@E9@' $$
SET NAMES utf8mb4 $$
DELIMITER ;

SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
INSERT INTO audited (id, n) VALUES (3, 30);
UPDATE audited SET n = 5 WHERE id = 1;

GRANT SELECT (id, note), UPDATE (note) ON orders TO 'admin@vya.digital'@'10.0.0.0/255.0.0.0';
GRANT INSERT, DELETE ON `-rf` TO 'admin@vya.digital'@'10.0.0.0/255.0.0.0' WITH GRANT OPTION;
GRANT EXECUTE ON PROCEDURE calls_another TO 'hostile readers';
GRANT EXECUTE ON FUNCTION zz_base TO 'def''iner; --'@'%';
