# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: expressions that a server prints in another way once it has read its own text, and some that differ."""

from __future__ import annotations

WRITTEN = (
    "kind in ('new','old')",
    "kind not in ('new','old') or flag = 'a'",
    "kind = any ('{new,old}'::varchar[])",
    "id between 1 and 2 and total between 0 and 100.5",
    "id not between 1 and 2 and not (total between symmetric 2 and 1)",
    "(id between 1 and 2 or id between 5 and 6) and kind is not null",
    "kind in ('a AND b', 'it''s (', E'x\\'\\\\') and extra <> '))'",
    "(id, total) in ((1, 2), (3, 4), (5, 6))",
    "(id, kind) < (1, 'x')",
    "kind like any (array['a%', 'b%'])",
    "kind || 'x' in (extra, 'b')",
    "kind similar to '(a|b)+' and kind !~* '^x'",
    "flag in ('a', 'b ') and flag::text like 'a%'",
    "c in ('a', 'b') and p in (1, 2) and p between 1 and 5",
    "m in ('sad', 'ok') and m > 'sad' and m::text in ('x', 'y')",
    "total in (1, 2.5) and id in (1, 3000000000) and total = any (array[1, 2])",
    "id > -1 and total > -1.5 and id = - id",
    "ta && array['a', 'b']::varchar[] and ta::text[] && array['a']",
    "array[kind, flag]::text[] && ta::text[] and array[array[kind], array['x']]::text[] is not null",
    "coalesce(kind, flag, 'x') = 'y' and greatest(id, 1.5) > 2 and nullif(kind, '') is null",
    "case when kind in ('a', 'b') then id between 1 and 2 else true end",
    "case kind when 'a' then true when 'b' then false end",
    "d between '2020-01-01' and '2020-12-31' and d + interval '1 day' > now()",
    "ts at time zone 'UTC' > localtimestamp and extract(dow from ts) in (0, 6)",
    "iv * 2 > '1 year 2 mons' and iv > interval '5' minute",
    "(d, d) overlaps (d, interval '1 day')",
    "kind is distinct from 'a' and (id > 0) is not true",
    "substring(kind from 1 for 2) = 'ab' and position('a' in kind) > 0 and trim(both 'x' from kind) = kind",
    "j ? 'a' and j ->> 'a' in ('x', 'y') and (j #>> '{a,b}')::int between 1 and 5",
    "(cp).x > 0 and (cp).y in ('a', 'b') and cp = row(1, 'a')::comp",
    "extra collate \"POSIX\" in ('a', 'b') and kind < 'b' collate \"C\"",
    "id operator(pg_catalog.=) 5 and @ id # 2 <> 0 and id - (id - 1) > 0",
    "num_nulls(variadic array[id, 1]) = 0 and kind in (current_user, session_user)",
)
# Pairs that are different, however alike they look.
DIFFERENT = (
    ("kind = 'a'", "kind = 'b'"),
    ("kind = 'a'", "extra = 'a'"),
    ("kind = 'a  b'", "kind = 'a b'"),
    ("kind in ('a', 'b')", "kind in ('a', 'c')"),
    ("kind in ('a', 'b')", "kind in ('a')"),
    ("kind in ('a', 'b')", "kind not in ('a', 'b')"),
    ("kind in ('a', 'b')", "extra in ('a', 'b')"),
    ("kind in ('(''a'')', 'b')", "kind in ('''a''', 'b')"),
    ("id > 1", "id >= 1"),
    ("id > 1", "id > 1.0"),
    ("id > 1", "id > -1"),
    ("id > 1 and id < 5", "id > 1"),
    ("id > 1 and id < 5", "id > 1 or id < 5"),
    ("(id > 1 or total > 2) and id < 9", "id > 1 or (total > 2 and id < 9)"),
    ("id between 1 and 5 and total > 2", "id between 1 and 5 or total > 2"),
    ("not (id > 1 and total > 2)", "not id > 1 and total > 2"),
    ("id - (id - 1) > 0", "id - id - 1 > 0"),
    ("id * (id + 1) > 0", "id * id + 1 > 0"),
    ("kind::text = 'a'", "kind::char(3) = 'a'"),
    ("length('1'::text) = id", "length('1'::char(5)) = id"),
    ("(id::text) = '1'", "(id::numeric)::text = '1'"),
    ("ta = array['a', 'b']::varchar[]", "ta = array['b', 'a']::varchar[]"),
    ("ta[1] = 'a'", "ta[2] = 'a'"),
    ("m = 'sad'", "m = 'ok'"),
    ("kind = 'A' collate \"C\"", "kind = 'A' collate \"POSIX\""),
    ("coalesce(kind, 'a') = 'b'", "coalesce('a', kind) = 'b'"),
    ("extra = 'AND'", "extra = 'OR'"),
)

__all__ = ["DIFFERENT", "WRITTEN"]
