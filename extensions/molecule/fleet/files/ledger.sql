-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later

-- A second database, in SQL that all servers know.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    name VARCHAR(50) NOT NULL,
    balance NUMERIC(12, 2) NOT NULL
);
INSERT INTO accounts VALUES (1, 'Cash', 120.50), (2, 'Bank', 98000.00), (3, 'Ünpaid bills', -1250.75);
