# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: a database, and changes of it that are as small as can be, each with its opposite."""

from __future__ import annotations

SOURCE = "proof"
HALVES = (
    "PARTITION BY RANGE (YEAR(d)) (PARTITION old VALUES LESS THAN (2000), PARTITION later VALUES LESS THAN MAXVALUE)"
)
TABLES = f"""
CREATE TABLE town (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40) NOT NULL DEFAULT 'x', size INT COMMENT 'people',
    area DOUBLE, half DOUBLE AS (area / 2) STORED,
    CONSTRAINT sizes CHECK (size > 1 AND (area < 7 OR size < 9)),
    KEY by_name (name, size)) COMMENT = 'towns';
CREATE TABLE street (id INT PRIMARY KEY, town INT, note TEXT, CONSTRAINT street_town FOREIGN KEY (town)
    REFERENCES town (id) ON DELETE CASCADE);
CREATE TABLE day (d DATE) {HALVES};
CREATE TABLE kept (id INT PRIMARY KEY, at DATETIME NULL, v INT NULL, w INT AS (v + 1) VIRTUAL, KEY by_v (v));
INSERT INTO town (id, name, size, area) VALUES (1, 'Aa', 5, 0.1), (2, 'Bb', 6, 1e-300), (3, 'Bb', 6, 1e-300);
INSERT INTO street VALUES (1, 1, 'long street'), (2, NULL, NULL), (3, 2, '');
INSERT INTO day VALUES ('1999-12-31'), ('2026-01-01'), ('2026-01-01');
CREATE VIEW large AS SELECT name FROM town WHERE size > 5 OR name = 'Aa';
CREATE TRIGGER first BEFORE INSERT ON street FOR EACH ROW SET NEW.note = 'new';
CREATE TRIGGER one AFTER INSERT ON street FOR EACH ROW SET @first = 1;
CREATE TRIGGER two AFTER INSERT ON street FOR EACH ROW SET @first = 2;
CREATE PROCEDURE p (a INT) SELECT a;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 00:00:00' DISABLE
    DO DELETE FROM day WHERE d < '1980-01-01';
"""
CHECK = "ALTER TABLE town DROP CONSTRAINT sizes, ADD CONSTRAINT sizes CHECK"
# What is done to the database, what must be named, and how it is undone.
SPLIT = (
    "ALTER TABLE day REORGANIZE PARTITION old INTO"
    " (PARTITION x VALUES LESS THAN (1990), PARTITION y VALUES LESS THAN (2000))"
)
LARGE = "large AS SELECT name FROM town WHERE size > 5 OR name = 'Aa'"
# An expression or a body is another text, which between major versions only raises a doubt.
ONLY_TEXT = frozenset(
    ("generated column", "parentheses of a check", "operator of a check", "view", "body of a routine", "event")
)
MUTATIONS = {
    "order of columns": ("ALTER TABLE day ADD e INT FIRST", "table day", "ALTER TABLE day DROP e"),
    "type": ("ALTER TABLE street MODIFY note LONGTEXT", "table street", "ALTER TABLE street MODIFY note TEXT"),
    "nullability": ("ALTER TABLE day MODIFY d DATE NOT NULL", "table day", "ALTER TABLE day MODIFY d DATE"),
    "default": (
        "ALTER TABLE town ALTER name DROP DEFAULT", "table town", "ALTER TABLE town ALTER name SET DEFAULT 'x'"
    ),
    "default's case": (
        "ALTER TABLE town ALTER name SET DEFAULT 'X'", "table town", "ALTER TABLE town ALTER name SET DEFAULT 'x'"
    ),
    "index": ("DROP INDEX by_name ON town", "table town", "CREATE INDEX by_name ON town (name, size)"),
    "parts of an index": (
        "ALTER TABLE town DROP KEY by_name, ADD KEY by_name (size, name)", "table town",
        "ALTER TABLE town DROP KEY by_name, ADD KEY by_name (name, size)",
    ),
    "foreign key": (
        "ALTER TABLE street DROP FOREIGN KEY street_town", "table street",
        "ALTER TABLE street ADD CONSTRAINT street_town FOREIGN KEY (town) REFERENCES town (id) ON DELETE CASCADE",
    ),
    "partition": (
        SPLIT,
        "table day",
        "ALTER TABLE day REORGANIZE PARTITION x, y INTO (PARTITION old VALUES LESS THAN (2000))",
    ),
    "no partitions": (
        "ALTER TABLE day REMOVE PARTITIONING", "table day",
        f"ALTER TABLE day {HALVES}",
    ),
    "what an update sets": (
        "ALTER TABLE kept MODIFY at DATETIME NULL ON UPDATE CURRENT_TIMESTAMP", "table kept",
        "ALTER TABLE kept MODIFY at DATETIME NULL",
    ),
    "default that is a function": (
        "ALTER TABLE kept MODIFY at DATETIME NULL DEFAULT CURRENT_TIMESTAMP", "table kept",
        "ALTER TABLE kept MODIFY at DATETIME NULL DEFAULT NULL",
    ),
    "kind of a generated column": (
        "ALTER TABLE kept DROP w, ADD w INT AS (v + 1) STORED", "table kept",
        "ALTER TABLE kept DROP w, ADD w INT AS (v + 1) VIRTUAL",
    ),
    "column that is not seen": (
        "ALTER TABLE kept MODIFY v INT NULL INVISIBLE", "table kept", "ALTER TABLE kept MODIFY v INT NULL"
    ),
    "direction of an index": (
        "ALTER TABLE kept DROP KEY by_v, ADD KEY by_v (v DESC)", "table kept",
        "ALTER TABLE kept DROP KEY by_v, ADD KEY by_v (v)",
    ),
    "comment": ("ALTER TABLE town COMMENT = 'Towns'", "table town", "ALTER TABLE town COMMENT = 'towns'"),
    "generated column": (
        "ALTER TABLE town MODIFY half DOUBLE AS (area / 3) STORED", "table town",
        "ALTER TABLE town MODIFY half DOUBLE AS (area / 2) STORED",
    ),
    "parentheses of a check": (
        f"{CHECK} ((size > 1 AND area < 7) OR size < 9)", "table town", f"{CHECK} (size > 1 AND (area < 7 OR size < 9))"
    ),
    "operator of a check": (
        f"{CHECK} (size >= 1 AND (area < 7 OR size < 9))", "table town",
        f"{CHECK} (size > 1 AND (area < 7 OR size < 9))"
    ),
    "view": (
        "ALTER VIEW large AS SELECT name FROM town WHERE size > 6 OR name = 'Aa'", "view large",
        "ALTER VIEW large AS SELECT name FROM town WHERE size > 5 OR name = 'Aa'",
    ),
    "rights of a view": (
        f"ALTER SQL SECURITY INVOKER VIEW {LARGE}", "view large", f"ALTER SQL SECURITY DEFINER VIEW {LARGE}"
    ),
    "owner of a view": (
        f"ALTER DEFINER = root@localhost VIEW {LARGE}", "view large", f"ALTER DEFINER = CURRENT_USER VIEW {LARGE}"
    ),
    "check of a view": (f"ALTER VIEW {LARGE} WITH CHECK OPTION", "view large", f"ALTER VIEW {LARGE}"),
    "order of triggers": (
        "DROP TRIGGER one; CREATE TRIGGER one AFTER INSERT ON street FOR EACH ROW SET @first = 1",
        "order of triggers AFTER INSERT on street",
        "DROP TRIGGER two; CREATE TRIGGER two AFTER INSERT ON street FOR EACH ROW SET @first = 2",
    ),
    "time of a trigger": (
        "DROP TRIGGER first; CREATE TRIGGER first BEFORE UPDATE ON street FOR EACH ROW SET NEW.note = 'new'",
        "trigger first",
        "DROP TRIGGER first; CREATE TRIGGER first BEFORE INSERT ON street FOR EACH ROW SET NEW.note = 'new'",
    ),
    "character set of the database": (
        "ALTER DATABASE CHARACTER SET latin1", "default character set",
        "ALTER DATABASE CHARACTER SET utf8mb4",
    ),
    "collation of the database": (
        "ALTER DATABASE COLLATE utf8mb4_bin", "default character set", "ALTER DATABASE CHARACTER SET utf8mb4"
    ),
    "rights of a routine": (
        "ALTER PROCEDURE p SQL SECURITY INVOKER", "procedure p", "ALTER PROCEDURE p SQL SECURITY DEFINER"
    ),
    "schedule of an event": (
        "ALTER EVENT nightly ON SCHEDULE EVERY 2 DAY", "event nightly",
        "ALTER EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 00:00:00'",
    ),
    "end of an event": (
        "ALTER EVENT nightly ON COMPLETION PRESERVE", "event nightly",
        "ALTER EVENT nightly ON COMPLETION NOT PRESERVE",
    ),
    "trigger": (
        "DROP TRIGGER first", "trigger first",
        "CREATE TRIGGER first BEFORE INSERT ON street FOR EACH ROW SET NEW.note = 'new'",
    ),
    "routine": ("DROP PROCEDURE p", "procedure p", "CREATE PROCEDURE p (a INT) SELECT a"),
    "body of a routine": (
        "DROP PROCEDURE p; CREATE PROCEDURE p (a INT) SELECT a + 0", "procedure p",
        "DROP PROCEDURE p; CREATE PROCEDURE p (a INT) SELECT a",
    ),
    "event": (
        "ALTER EVENT nightly DO DELETE FROM day WHERE d < '1981-01-01'", "event nightly",
        "ALTER EVENT nightly DO DELETE FROM day WHERE d < '1980-01-01'",
    ),
    "next value": ("ALTER TABLE town AUTO_INCREMENT = 900", "sequence town.id", None),
    "row": ("DELETE FROM street WHERE id = 2", "table street has 2 rows", None),
    "one byte": ("UPDATE town SET name = 'Ab' WHERE id = 1", "table town has other content", None),
    "NULL for nothing": ("UPDATE street SET note = NULL WHERE id = 3", "table street has other content", None),
    "the smallest number": ("UPDATE town SET area = 0 WHERE id = 3", "table town has other content", None),
    "which of two": ("UPDATE day SET d = '2026-01-02' LIMIT 1", "table day has other content", None),
    "column": ("ALTER TABLE street DROP note", "table street", None),
}  # fmt: skip
# What only one of the servers has.
OWN_MUTATIONS = {
    "mysql": {
        "visibility": ("ALTER TABLE town ALTER INDEX by_name INVISIBLE", "table town", None),
        "check that is not enforced": ("ALTER TABLE town ALTER CHECK sizes NOT ENFORCED", "table town", None),
    },
    "mariadb": {
        "sequence": ("SELECT NEXTVAL(number)", "sequence number", None),
        "step of a sequence": ("ALTER SEQUENCE number INCREMENT 5", "sequence number", None),
        "end of a sequence": ("ALTER SEQUENCE number CYCLE", "sequence number", None),
        "history": ("ALTER TABLE kept ADD SYSTEM VERSIONING", "table kept", None),
        "ignored index": ("ALTER TABLE town ALTER INDEX by_name IGNORED", "table town", None),
    },
}  # fmt: skip

__all__ = ["MUTATIONS", "ONLY_TEXT", "OWN_MUTATIONS", "SOURCE", "TABLES"]
