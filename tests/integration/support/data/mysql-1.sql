-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Hostile MySQL and MariaDB, 1 of 2: accounts, tables and their rows.
-- @DB@ is the database as an identifier, @DBTEXT@ its name inside a string literal, @DBANSI@ the identifier under ANSI_QUOTES.

SET NAMES utf8mb4;
SET SESSION time_zone = '+00:00';
SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO';

CREATE USER IF NOT EXISTS 'def''iner; --'@'%' IDENTIFIED BY 'it''s "secret" \\ 100%';
CREATE USER IF NOT EXISTS 'admin@vya.digital'@'10.0.0.0/255.0.0.0' IDENTIFIED BY 'x';
CREATE ROLE IF NOT EXISTS 'hostile readers';
GRANT 'hostile readers' TO 'def''iner; --'@'%';
GRANT ALL PRIVILEGES ON @DBPATTERN@.* TO 'def''iner; --'@'%';
GRANT SELECT, SHOW VIEW ON @DBPATTERN@.* TO 'hostile readers';

CREATE TABLE horrors (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    `the ``text``` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT 'it''s "commented"; `ticks` \\ -- shop.orders',
    plain VARCHAR(200) CHARACTER SET utf8mb4 DEFAULT 'it''s a "default"; DROP TABLE horrors; -- \\ `shop`.`x`',
    raw LONGBLOB,
    KEY `index ``on`` 100%` (`the ``text```(20), plain)
) DEFAULT CHARSET = utf8mb4 COMMENT = 'table comment; it''s\nTWO lines -- and `ticks` \\ backslash';
INSERT INTO horrors (id, `the ``text```, raw) VALUES (0, 'a row with the number zero', 0x00);
INSERT INTO horrors (`the ``text```, raw) VALUES
    ('', ''),
    (NULL, NULL),
    ('NULL', 0x00),
    ('\\N', 0x0000FF0A0D1A5C27225C2E0A),
    ('with \0 NUL \b \t \Z \r\n and \\n', UNHEX('005C2E0A00')),
    ('line one\nline two\r\nline three\r\\\n;\n--\n', 0xDEADBEEF),
    ('it''s "quoted" and `ticked`', UNHEX('EDA080C328')),
    ('SELECT * FROM `shop`.`orders`; USE shop; DROP DATABASE shop; -- shop.orders', 'USE shop;'),
    ('USE `@DBTEXT@`; INSERT INTO `@DBTEXT@`.`orders` @DBTEXT@.orders', '`@DBTEXT@`.'),
    ('\nUSE `shop`;\nCREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop`;\n-- Current Database: `shop`\n', NULL),
    ('\n\\! touch /nonexistent/planted\nsystem false\n\\. /etc/passwd\nsource /etc/passwd\ndelimiter ;;\n', NULL),
    ('\n-- Dump completed on 2026-01-01  0:00:00\n/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */\n', NULL),
    ('*/ ;; // $$ END; DELIMITER ; COMMIT; ROLLBACK; /*!99999 x */', NULL),
    ('😀🏴󠁧󠁢󠁳󠁣󠁴󠁿 𝔘𝔫𝔦𝔠𝔬𝔡𝔢', '😀'),
    ('é versus e\u0301 ß ẞ', NULL),
    (' leading and trailing   ', '  x  '),
    ('%s %d %% $1 ${x} $(y) `z` {{ jinja }} {% raw %} ''''''''''''''', REPEAT('\\', 7)),
    ('𐀀\t\\t\t', NULL);
INSERT INTO horrors (`the ``text```, raw) SELECT REPEAT('compressible ', 100000), REPEAT(0x00FF5C27, 200000);

CREATE TABLE every_type (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    t1 TINYINT, t1u TINYINT UNSIGNED, t2 SMALLINT, t3 MEDIUMINT UNSIGNED ZEROFILL, t4 INT, t8 BIGINT, t8u BIGINT UNSIGNED,
    de DECIMAL(65, 30), de0 DECIMAL(30), fl FLOAT, do DOUBLE,
    b1 BIT(1), b64 BIT(64), b5 BIT(5) DEFAULT b'10101', bo BOOLEAN,
    ch CHAR(7), vc VARCHAR(100) CHARACTER SET latin1, vc8 VARCHAR(100) CHARACTER SET utf8mb4, u16 VARCHAR(50) CHARACTER SET utf16,
    asc7 VARCHAR(20) CHARACTER SET ascii, u3 VARCHAR(50) CHARACTER SET utf8mb3, sj VARCHAR(50) CHARACTER SET sjis, cp TEXT CHARACTER SET cp1251,
    bi BINARY(8), vb VARBINARY(50), tb TINYBLOB, tx MEDIUMTEXT CHARACTER SET utf8mb4,
    en ENUM('', 'a', 'it''s, "ok"', 'b;c') CHARACTER SET utf8mb4, se SET('one', 'two', 'it''s', 'fo ur') CHARACTER SET utf8mb4,
    da DATE, dt DATETIME(6), ts TIMESTAMP(6) NULL DEFAULT NULL, ti TIME(6), ye YEAR,
    js JSON, ge GEOMETRY, po POINT, pg POLYGON, gc GEOMETRYCOLLECTION
) DEFAULT CHARSET = latin1;
INSERT INTO every_type VALUES
    (NULL, -128, 255, -32768, 16777215, -2147483648, -9223372036854775808, 18446744073709551615,
     -99999999999999999999999999999999999.999999999999999999999999999999, 999999999999999999999999999999, 3.40282e38, 1.7976931348623157e308,
     b'1', b'1111111111111111111111111111111111111111111111111111111111111111', b'00000', TRUE,
     'abc  ', 'caf\é', 'it''s 😀', '😀 sixteen', '~', 'ẞ', 'ソ表', 'Привет',
     0x0001FF, 0x00275C220A0D1A, 0xFF, '\\', 'it''s, "ok"', 'one,it''s,fo ur',
     '9999-12-31', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999999', '-838:59:59.000000', 2155,
     '{"k\\"ey": "v\\\\al\\nue `shop`.`x`", "n": 1e300, "u": "😀", "a": [1, null, true]}',
     ST_GeomFromText('LINESTRING(0 0,1e-300 1e300,-0 5)'), ST_GeomFromText('POINT(39 92)'), ST_GeomFromText('POLYGON((0 0,10 0,10 10,0 10,0 0),(1 1,2 1,2 2,1 2,1 1))'),
     ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')),
    (NULL, 127, 0, 32767, 7, 2147483647, 9223372036854775807, 0, 0.000000000000000000000000000001, -1, -1.17549e-38, 2.2250738585072014e-308,
     b'0', b'0', b'11111', FALSE, '', '', '', '', '', '', '', '', '', '', '', '', '', '',
     '0000-00-00', '0000-00-00 00:00:00.000000', '1970-01-01 00:00:01.000000', '00:00:00.000001', 1901, '[]', NULL, NULL, NULL, NULL),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (NULL, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0.1, 0.1, b'0', b'100010010001101000101011001111000', DEFAULT, 2,
     ' x', '\\', '\\\\''', 'a', 'a', 'a', 'a', 'a', ' ', ' ', ' ', ' \n', 'a', 'two',
     '2026-00-00', '2026-00-15 00:00:00.000000', '2026-03-29 01:30:00.000001', '838:59:59.000000', 0000, '"text"', ST_GeomFromText('POINT(0 0)'), NULL, NULL, NULL);
-- Hours that some time zones do not have, or have twice.
SET SESSION time_zone = '+05:45';
INSERT INTO every_type (ts, dt) VALUES ('2026-03-29 02:30:00', '2026-03-29 02:30:00'), ('2026-10-25 02:30:00', '2026-10-25 02:30:00');
SET SESSION time_zone = '-11:00';
INSERT INTO every_type (ts) VALUES ('2026-03-29 02:30:00.123456'), ('1970-01-01 00:00:00');
SET SESSION time_zone = '+00:00';
INSERT INTO every_type (do, de) SELECT id / 3, id / 7 FROM horrors WHERE id > 0;

-- names
CREATE TABLE `quo"te ``tick`` 'single' %s 100% $HOME; DROP TABLE x; -- ü日本` (`a b` INT PRIMARY KEY, `select` TEXT, `%(x)s` INT, `;` INT, `a.b` INT);
INSERT INTO `quo"te ``tick`` 'single' %s 100% $HOME; DROP TABLE x; -- ü日本` VALUES (1, 'x', 2, 3, 4);
CREATE TABLE `-rf` (`-` INT);
INSERT INTO `-rf` VALUES (1), (1), (NULL);
CREATE TABLE `../../x` (i INT);
INSERT INTO `../../x` VALUES (1);
CREATE TABLE `shop` (`shop` INT PRIMARY KEY, `orders` INT);
INSERT INTO `shop` VALUES (1, 2);
CREATE TABLE `sixty-four bytes long, which is as long as a name may be in here` (i INT);
INSERT INTO `sixty-four bytes long, which is as long as a name may be in here` VALUES (1), (2);
CREATE TABLE Upper_Case (i INT);
CREATE TABLE upper_case (i INT);
INSERT INTO Upper_Case VALUES (1);
INSERT INTO upper_case VALUES (2);
CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, customer INT, note TEXT CHARACTER SET utf8mb4, total DECIMAL(12, 2), INDEX (customer)) AUTO_INCREMENT = 1000;
INSERT INTO orders (customer, note, total) VALUES (1, 'shop.orders', 9.99), (2, '`shop`.`orders`', -1), (2, NULL, NULL);
CREATE TABLE empty_table (id INT AUTO_INCREMENT PRIMARY KEY, note TEXT NOT NULL) AUTO_INCREMENT = 77;
CREATE TABLE no_primary_key (a INT, b VARCHAR(50), c BLOB);
INSERT INTO no_primary_key VALUES (1, 'twice', 'x'), (1, 'twice', 'x'), (NULL, NULL, NULL), (NULL, NULL, NULL);

-- what is computed
CREATE TABLE `generated` (
    id INT AUTO_INCREMENT PRIMARY KEY, a INT NOT NULL, hidden INT INVISIBLE DEFAULT 42,
    twice INT GENERATED ALWAYS AS (a * 2) VIRTUAL, thrice INT AS (a * 3) STORED,
    shout VARCHAR(100) CHARACTER SET utf8mb4 GENERATED ALWAYS AS (UPPER(CONCAT('it''s `shop`.`orders` ', a))) STORED,
    made DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, token VARCHAR(40) DEFAULT (CONCAT('x''', 'y')),
    UNIQUE KEY (twice), CONSTRAINT `a is "odd"` CHECK (a % 2 = 1)
);
INSERT INTO `generated` (a, made) VALUES (1, '2026-01-01'), (3, '2026-01-02'), (5, '2026-01-03');
INSERT INTO `generated` (a, hidden, made) VALUES (7, 7, '2026-01-04'), (9, NULL, '0000-00-00 00:00:00');

-- partitions
CREATE TABLE measured (at DATETIME NOT NULL, place VARCHAR(20) CHARACTER SET utf8mb4 NOT NULL, value DOUBLE, PRIMARY KEY (at, place))
PARTITION BY RANGE COLUMNS (at) (
    PARTITION `p 2025` VALUES LESS THAN ('2026-01-01') COMMENT = 'it''s old',
    PARTITION p2026 VALUES LESS THAN ('2027-01-01'),
    PARTITION `later; --` VALUES LESS THAN (MAXVALUE)
);
INSERT INTO measured SELECT '2025-12-01' + INTERVAL h.id * 20 DAY, CONCAT('it''s ', h.id), h.id / 7 FROM horrors AS h;
CREATE TABLE sub_partitioned (id INT NOT NULL, made DATE NOT NULL)
PARTITION BY RANGE (YEAR(made)) SUBPARTITION BY HASH (TO_DAYS(made)) SUBPARTITIONS 2 (
    PARTITION p0 VALUES LESS THAN (2026), PARTITION p1 VALUES LESS THAN MAXVALUE
);
INSERT INTO sub_partitioned SELECT id, '2025-12-20' + INTERVAL id DAY FROM horrors;
CREATE TABLE by_list (v VARCHAR(20) CHARACTER SET utf8mb4) PARTITION BY LIST COLUMNS (v) (PARTITION a VALUES IN ('a', 'it''s'), PARTITION n VALUES IN (NULL, 'ü'));
INSERT INTO by_list VALUES ('a'), ('it''s'), (NULL), ('ü');
CREATE TABLE by_key (id INT PRIMARY KEY, v VARCHAR(20)) PARTITION BY KEY (id) PARTITIONS 3;
INSERT INTO by_key SELECT id, CONCAT('v', id * 7) FROM horrors;

-- foreign keys that go round in circles
SET SESSION foreign_key_checks = 0;
CREATE TABLE chicken (id INT PRIMARY KEY, egg INT, CONSTRAINT `chicken's egg` FOREIGN KEY (egg) REFERENCES egg (id) ON DELETE SET NULL ON UPDATE CASCADE);
CREATE TABLE egg (id INT PRIMARY KEY, chicken INT, CONSTRAINT `egg's chicken` FOREIGN KEY (chicken) REFERENCES @DB@.chicken (id));
CREATE TABLE tree (id INT PRIMARY KEY, parent INT NOT NULL, FOREIGN KEY (parent) REFERENCES tree (id));
INSERT INTO chicken VALUES (1, 1), (2, 2);
INSERT INTO egg VALUES (1, 2), (2, 1);
INSERT INTO tree VALUES (1, 2), (2, 3), (3, 3);
-- A row that its foreign key forbids: it is there all the same.
INSERT INTO egg VALUES (3, 999);
SET SESSION foreign_key_checks = 1;

-- engines without transactions
CREATE TABLE by_myisam (id INT NOT NULL, t TEXT CHARACTER SET utf8mb4, KEY (id)) ENGINE = MyISAM;
INSERT INTO by_myisam VALUES (1, 'it''s full of text'), (2, 'USE shop;');
CREATE TABLE by_myisam_2 LIKE by_myisam;
INSERT INTO by_myisam_2 VALUES (3, 'second');
CREATE TABLE merged (id INT NOT NULL, t TEXT CHARACTER SET utf8mb4, KEY (id)) ENGINE = MERGE UNION = (by_myisam, by_myisam_2) INSERT_METHOD = LAST;
CREATE TABLE in_memory (id INT PRIMARY KEY, v VARCHAR(20)) ENGINE = MEMORY;
INSERT INTO in_memory VALUES (1, 'gone at a restart');
CREATE TABLE as_csv (id INT NOT NULL, v VARCHAR(200) NOT NULL) ENGINE = CSV;
INSERT INTO as_csv VALUES (1, 'a,"b"\n\\');
CREATE TABLE archived (id INT NOT NULL, v VARCHAR(20)) ENGINE = ARCHIVE;
INSERT INTO archived VALUES (1, 'packed');
CREATE TABLE `fulltext` (id INT PRIMARY KEY, t TEXT CHARACTER SET utf8mb4, g POINT NOT NULL, FULLTEXT KEY `f t` (t), SPATIAL KEY (g)) ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 8;
INSERT INTO `fulltext` VALUES (1, 'some words', ST_GeomFromText('POINT(1 2)'));
