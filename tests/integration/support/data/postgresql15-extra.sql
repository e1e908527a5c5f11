-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- What Debian's PostgreSQL 15 knows and the wheel's PostgreSQL 18 was built without: ICU, XML, uuid-ossp, other languages.

SET client_min_messages = warning;
SET search_path = public;

CREATE EXTENSION "uuid-ossp" WITH SCHEMA ext;
CREATE EXTENSION pgcrypto WITH SCHEMA ext;
CREATE COLLATION "without case" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE collated (id uuid DEFAULT ext.uuid_generate_v4() PRIMARY KEY, word text COLLATE "without case" UNIQUE, doc xml);
INSERT INTO collated (id, word, doc) VALUES
    ('00000000-0000-0000-0000-000000000001', 'Case', '<a b="it''s">&amp;<!-- USE shop; --></a>'),
    ('00000000-0000-0000-0000-000000000002', 'other', '<?pi x?><b/>');
