-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later

-- Everything of the shop, in an order that is always the same: what it is made of, then all rows.
SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name
    FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position;
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid)
    -- PostgreSQL 18 lists NOT NULL among them.
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1::text, 2;
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname;
SELECT viewname, definition FROM pg_views WHERE schemaname = 'public' ORDER BY viewname;
SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY proname;
SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname;
SELECT enumlabel FROM pg_enum ORDER BY enumsortorder;
SELECT * FROM customers ORDER BY id;
SELECT * FROM products ORDER BY id;
SELECT * FROM orders ORDER BY id;
SELECT * FROM order_lines ORDER BY order_id, line;
SELECT * FROM price_changes ORDER BY id;
SELECT * FROM order_totals ORDER BY id LIMIT 100;
