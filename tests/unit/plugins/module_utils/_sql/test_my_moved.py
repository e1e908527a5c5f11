# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of MySQL that move to another database: `src` is it, a table of it, an alias or a row."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_moved import move, retarget

T = "CREATE TRIGGER tr AFTER INSERT ON a FOR EACH ROW"
P = "CREATE PROCEDURE p()"
V = "CREATE VIEW v AS SELECT"


class Everything:
    """Each name is one of an object."""

    def __contains__(self, item: object) -> bool:
        return True


# `src:` is written where the qualifier must go.
MOVED = [
    # columns, wherever a keyword of a clause is a word of an expression
    f"{V} name FROM src WHERE EXISTS (SELECT 1 FROM p WHERE p.x LIKE src.name)",
    f"{V} extract(year from src.d) FROM src:src JOIN src:p",
    f"{V} TRIM(LEADING 'x' FROM src.a), SUBSTRING(src.a FROM src.b FOR src.c) FROM src",
    f"{V} src.a, (src.b), f(src.c, src.d), src.e FROM src:t src JOIN src:u ON src.a = (src.b) AND u.a IN (1, src.b)",
    f"{V} CASE WHEN src.a THEN src.b ELSE src.c END FROM src GROUP BY src.a, src.b ORDER BY src.c DESC, src.d LIMIT 1",
    f"{V} 1 FROM src:src, (src:b, src:c), (SELECT src.x FROM src) d LEFT JOIN src:e USING (i)",
    f"{V} src:t.x, src:f(src.x) FROM src:t, src",
    f"{V} jt.a FROM src, JSON_TABLE(src.doc, '$' COLUMNS (a INT PATH '$.a')) jt, src:u",
    "UPDATE src SET src.a = REPLACE(src.b, 'x', 'y') WHERE x LIKE src.name",
    "DELETE src.*, src:b FROM src:a src, src:b WHERE src.i = b.i",
    "INSERT INTO src:r (a) SELECT a FROM src WHERE src.a ON DUPLICATE KEY UPDATE a = src.a, b = src.b",
    # tables, behind a comma and in bodies too
    f"{T} UPDATE src:src, src:b SET b.i = 7",
    f"{T} UPDATE a src, src:t SET t.i = src.i",
    f"{T} BEGIN UPDATE src, src:b SET i = 1; DELETE src:b FROM src:b, src; INSERT src:c SELECT src.i FROM src; END",
    f"{P} BEGIN DROP TEMPORARY TABLE IF EXISTS src:src, src:b; CREATE TEMPORARY TABLE src:src LIKE src:b; END",
    f"{P} BEGIN CREATE TABLE IF NOT EXISTS src:src (LIKE src:b); CALL src:p(src); CALL src:q; TRUNCATE src:t; END",
    f"{P} BEGIN DECLARE c CURSOR FOR TABLE src:b; DECLARE r ROW TYPE OF src:t; DECLARE s src:t%ROWTYPE; END",
    f"{P} BEGIN IF EXISTS (SELECT 1 FROM src, src:b) THEN RENAME TABLE src:a TO src:b, src:b TO src:src; END IF; END",
    f"{P} BEGIN INSERT INTO src (a) VALUES (NEXTVAL(src:s)); SET @x = (NEXT VALUE FOR src:s) + LASTVAL(src:s); END",
    f"{P} BEGIN DROP VIEW src:v; DROP FUNCTION IF EXISTS src:f; SELECT src.a FROM src; END",
    f"{P} BEGIN GRANT SELECT ON src:t TO x; GRANT ALL ON src:* TO y; DESCRIBE src:t; SHOW COLUMNS FROM src:t; END",
    # definitions
    "CREATE TRIGGER src:tr BEFORE UPDATE ON src:src FOR EACH ROW SET NEW.a = 1",
    "CREATE TRIGGER tr BEFORE INSERT ON src:src FOR EACH ROW FOLLOWS src:other SET NEW.a = 1",
    "CREATE TABLE src:src (i INT, FOREIGN KEY (i) REFERENCES src:u (id) ON DELETE CASCADE ON UPDATE SET NULL)",
    "CREATE TABLE src (i INT DEFAULT (NEXT VALUE FOR src:s), j INT DEFAULT nextval(`src`:`s`) + 1)",
    "CREATE INDEX src ON src:t (src)",
    "ALTER TABLE src:src RENAME TO src:t, ADD FOREIGN KEY (a) REFERENCES src:u (id)",
    "CREATE EVENT src:e ON SCHEDULE EVERY 1 DAY DO DELETE src:b FROM src:b JOIN src ON src.i = b.i",
    "DO SETVAL(src:s, 5, 0)",
    "nextval(`src`:`s`)",
    # no code, and what only looks alike
    f"{P} BEGIN SELECT 'src.t', /* src.t */ other.src, @src.t; END",
    "CREATE DEFINER=src@src VIEW src:v AS SELECT 1 FROM src:t",
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW IF NEW.x THEN SET NEW.y = NEW.x; END IF",
]


@pytest.mark.parametrize("text", MOVED)
def test_what_names_an_object_is_moved(text: str) -> None:
    for old, new in (("src", None), ("src", "b`b")):
        made = "" if new is None else "`b``b`."
        written = text.replace("`:`", "`.`").replace("src:", "src.")
        wanted = text.replace("`src`:", made).replace("src:", made)
        assert move(written, old, new, Everything()) == (wanted, 0)


def test_only_objects_that_are_there_are_moved() -> None:
    text = f"{P} SELECT 1 FROM src.t, src.gone, Src.u"
    assert retarget(text, "src", "new", {"t", "u"}) == f"{P} SELECT 1 FROM `new`.t, src.gone, Src.u"
    assert retarget(text, "SRC", "new", {"t", "u"}, fold=True) == f"{P} SELECT 1 FROM `new`.t, src.gone, `new`.u"


@pytest.mark.parametrize("database", ["old", "NEW"])
def test_rows_of_triggers_stay(database: str) -> None:
    text = (
        f"{T} BEGIN DECLARE x INT DEFAULT {database}.a; IF {database}.a THEN UPDATE t SET i = {database}.a; END IF; END"
    )
    assert move(text, database, None, Everything()) == (text, 0)
    text = text.replace("UPDATE ", f"UPDATE {database}.")
    assert move(text, database, None, Everything()) == (text.replace(f"{database}.t", "t"), 0)


LEFT = [
    (f"{P} BEGIN DECLARE src ROW (a INT); DECLARE x INT DEFAULT src.a; END", 1),
    (f"{P} BEGIN PREPARE s FROM 'SELECT * FROM src.t, `src`.u'; EXECUTE s; SELECT 'source.src', 'asrc.t'; END", 1),
    (f"{P} EXECUTE IMMEDIATE CONCAT('DROP TABLE src.', 't')", 1),
    (f"{P} SELECT 'src.t'", 0),
]


@pytest.mark.parametrize(("text", "left"), LEFT)
def test_what_may_be_an_object_and_stays_is_counted(text: str, left: int) -> None:
    assert move(text, "src", None, Everything()) == (text, left)
