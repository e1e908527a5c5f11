-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- What only MySQL 9 knows: indexes on expressions, hidden keys, histograms, reference systems, vectors.

SET NAMES utf8mb4;
SET SESSION time_zone = '+00:00';
SET SESSION sql_mode = '';

CREATE TABLE newer (
    id INT NOT NULL PRIMARY KEY, name VARCHAR(50), doc JSON, here POINT SRID 4326 NOT NULL, near VECTOR(3),
    made DATE DEFAULT (CURRENT_DATE + INTERVAL 1 DAY),
    INDEX by_expression ((LOWER(name)), (id + 1) DESC), INDEX many_values ((CAST(doc->'$.tags' AS UNSIGNED ARRAY))),
    INDEX not_seen (name) INVISIBLE, SPATIAL INDEX (here),
    CONSTRAINT `shape's` CHECK (JSON_SCHEMA_VALID('{"type": "object"}', doc)), CONSTRAINT lax CHECK (id > 100) NOT ENFORCED
) COLLATE utf8mb4_0900_as_cs;
INSERT INTO newer VALUES
    (1, 'It''s', '{"tags": [1, 2]}', ST_GeomFromText('POINT(52.5 13.4)', 4326), TO_VECTOR('[1,-2.5,3e10]'), '2026-01-01'),
    (2, 'A', '{"tags": [2], "t": "`shop`.`x`"}', ST_GeomFromText('POINT(-33.9 151.2)', 4326), NULL, '2026-01-02');
ANALYZE TABLE newer UPDATE HISTOGRAM ON name WITH 4 BUCKETS;
SET SESSION sql_generate_invisible_primary_key = ON;
CREATE TABLE hidden_key (v INT);
SET SESSION sql_generate_invisible_primary_key = OFF;
INSERT INTO hidden_key VALUES (1), (1);
CREATE TABLE any_language (t VARCHAR(20) COLLATE utf8mb4_ja_0900_as_cs_ks PRIMARY KEY);
INSERT INTO any_language VALUES ('か'), ('が'), ('😀');
