-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- What came after PostgreSQL 15: virtual generated columns, temporal keys, named not-null constraints, NO INHERIT.

SET client_min_messages = warning;
SET search_path = public;

CREATE TABLE newer (
    id integer CONSTRAINT "id is needed" NOT NULL,
    a integer,
    twice integer GENERATED ALWAYS AS (a * 2) VIRTUAL,
    during daterange,
    room int4range,
    CONSTRAINT "no overlap" PRIMARY KEY (room, during WITHOUT OVERLAPS),
    CONSTRAINT not_enforced CHECK (a > 0) NOT ENFORCED
);
INSERT INTO newer (id, a, during, room) VALUES (1, -5, '[2026-01-01,2026-02-01)', '[1,2)'), (2, 7, '[2026-02-01,2026-03-01)', '[1,2)');
CREATE COLLATION built_in (provider = builtin, locale = 'C.UTF-8');
GRANT MAINTAIN ON newer TO hostile_readers;
COMMENT ON CONSTRAINT "id is needed" ON newer IS 'a not-null constraint with a name and a comment';
