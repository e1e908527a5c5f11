-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later

-- What MariaDB has of itself and the shop's rows are computed from.
SET SESSION cte_max_recursion_depth = 5000;
CREATE TABLE seq_1_to_5000 AS
    WITH RECURSIVE numbers (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM numbers WHERE seq < 5000) SELECT seq FROM numbers;
CREATE TABLE seq_1_to_1500 AS SELECT seq FROM seq_1_to_5000 WHERE seq <= 1500;
CREATE TABLE seq_1_to_400 AS SELECT seq FROM seq_1_to_5000 WHERE seq <= 400;
CREATE TABLE seq_1_to_4 AS SELECT seq FROM seq_1_to_5000 WHERE seq <= 4;
