-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later

-- Everything of the shop, in an order that is always the same: what it is made of, then all rows.
SELECT table_name, column_name, column_type, is_nullable, column_default, collation_name, extra
    FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position;
SELECT table_name, index_name, non_unique, seq_in_index, column_name
    FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index;
SELECT constraint_name, table_name, referenced_table_name, update_rule, delete_rule
    FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE() ORDER BY table_name, constraint_name;
SELECT routine_name, routine_type, data_type, routine_definition
    FROM information_schema.routines WHERE routine_schema = DATABASE() ORDER BY routine_name;
SELECT trigger_name, event_manipulation, action_timing, event_object_table, action_statement
    FROM information_schema.triggers WHERE trigger_schema = DATABASE() ORDER BY trigger_name;
SELECT event_name, interval_value, interval_field, starts, event_definition
    FROM information_schema.events WHERE event_schema = DATABASE() ORDER BY event_name;
SELECT table_name, security_type FROM information_schema.views WHERE table_schema = DATABASE() ORDER BY table_name;
SELECT * FROM customers ORDER BY id;
SELECT * FROM products ORDER BY id;
SELECT * FROM orders ORDER BY id;
SELECT * FROM order_lines ORDER BY order_id, line;
SELECT * FROM price_changes ORDER BY id;
SELECT * FROM order_totals ORDER BY id LIMIT 100;
