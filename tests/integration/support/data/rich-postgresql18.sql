-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- The same for what came with PostgreSQL 18.
create table nn (id int primary key, a int not null, b int constraint b_is_there not null, c int);
alter table nn rename constraint nn_a_not_null to a_named;
alter table nn add constraint c_later not null c not valid;
create table nnk (d int) inherits (nn);
create table nnk2 (a int not null, b int not null no inherit);
create table ne (a int check (a between 1 and 5) not enforced, b int, v int generated always as (a * 2 + b) virtual, w varchar(5) check (w in ('a','b')) not enforced);
create table pk (id int4range, v daterange, primary key (id, v without overlaps));
create table fk (id int4range, v daterange, foreign key (id, period v) references pk (id, period v));
create table fkn (a int references nn (id) not enforced);
create publication pg for table ne with (publish_generated_columns = stored);
create domain dn as int constraint dn_named not null;
create table part (a int not null, b int not null) partition by list (a);
create table part1 partition of part for values in (1);
comment on constraint b_is_there on nn is 'x';
create table ord (id int not null, a int) partition by range (id); create table ord_1 partition of ord for values from (1) to (10);
alter table ord detach partition ord_1; alter table ord_1 rename to archived;
create table nnk3 () inherits (nn); alter table nnk3 validate constraint c_later; comment on constraint b_is_there on nnk3 is 'y';
