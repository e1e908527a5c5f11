# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: what a server's rules of today, accounts that it lacks and broken tables mean for a restore."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from support.modules import run_module


class Desk:
    """Modules against one server and store."""

    def __init__(self, server: support.Server, store: Path) -> None:
        self.server, self.store = server, str(store)

    def attempt(self, module: str, **params: Any) -> dict[str, Any]:
        """Run a module."""
        options = {"engine": "mysql", **self.server.login, "store": self.store, "host": "db1", **params}
        return run_module(module, options, path_prefix=self.server.tool_path)

    def run(self, module: str, **params: Any) -> dict[str, Any]:
        """Run a module, which must succeed."""
        result = self.attempt(module, **params)
        assert not result["failed"], result["msg"]
        return result

    def make(self, name: str, script: str) -> None:
        """A new database with what a script makes."""
        self.server.create_database(name)
        self.server.execute_script(script.encode(), name)

    def trip(self, name: str) -> dict[str, Any]:
        """Back up a database and restore it beside itself."""
        self.run("db_backup", databases=[name], globals=False)
        return self.run("db_restore", database=name, target=f"{name}_back")


@pytest.fixture
def desk(mysql_family: support.Server, tmp_path: Path) -> Desk:
    """Each server in turn."""
    return Desk(mysql_family, tmp_path / "store")


class Settings:
    """Global variables, for the length of a test at most."""

    def __init__(self, server: support.Server) -> None:
        self._server = server
        self._before: dict[str, Any] = {}

    def set(self, name: str, value: str) -> None:
        """Change one."""
        self._before.setdefault(name, self._server.query(f"SELECT @@GLOBAL.{name}")[0][0])
        self._server.query(f"SET GLOBAL {name} = {value}")

    def undo(self) -> None:
        """All as they were."""
        while self._before:
            name, value = self._before.popitem()
            self._server.query(f"SET GLOBAL {name} = %s", [value])


@pytest.fixture
def settings(desk: Desk) -> Iterator[Settings]:
    """Changes that the test's end takes back."""
    made = Settings(desk.server)
    yield made
    made.undo()


_OLD = """
SET SESSION foreign_key_checks = 0, innodb_strict_mode = 0, max_heap_table_size = 67108864,
  sql_mode = 'ALLOW_INVALID_DATES';
CREATE TABLE orphan (i INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES never_there (i));
INSERT INTO orphan VALUES (1, 4);
CREATE TABLE calendar (i INT PRIMARY KEY, d DATE NOT NULL DEFAULT '2001-02-30', z DATETIME);
INSERT INTO calendar VALUES (1, '1999-09-31', '0000-00-00'), (2, '2001-02-31', '2020-00-00 10:00:00');
CREATE TABLE broad (i INT PRIMARY KEY, {}) ROW_FORMAT = COMPACT DEFAULT CHARSET = latin1;
INSERT INTO broad (i, w1) VALUES (1, 'x');
CREATE TABLE keyless (i INT);
INSERT INTO keyless VALUES (1), (1), (2);
CREATE TABLE quick (i INT) ENGINE = MEMORY;
"""
_MARIADB = """
SET SESSION check_constraint_checks = 0, system_versioning_alter_history = KEEP;
CREATE TABLE picky (i INT PRIMARY KEY, j LONGTEXT CHECK (JSON_VALID(j)), CONSTRAINT few CHECK (i < 2));
INSERT INTO picky VALUES (1, 'no json'), (7, '[]');
CREATE SEQUENCE numbers;
CREATE TABLE numbered (i BIGINT NOT NULL DEFAULT NEXTVAL(numbers) PRIMARY KEY) WITH SYSTEM VERSIONING;
INSERT INTO numbered VALUES ();
"""
_MYSQL = """
SET SESSION restrict_fk_on_non_standard_key = 0, sql_generate_invisible_primary_key = 1;
CREATE TABLE wide_parent (i INT NOT NULL, k INT NOT NULL PRIMARY KEY, KEY (i));
CREATE TABLE wide_child (k INT PRIMARY KEY, i INT, FOREIGN KEY (i) REFERENCES wide_parent (i));
CREATE TABLE made_a_key (t VARCHAR(10));
INSERT INTO made_a_key VALUES ('a'), ('b');
"""


def test_older_than_the_rules(desk: Desk, settings: Settings) -> None:
    """What no session may create today comes back as it is: the rules are the server's, and its limits are of time, of
    answers and of a session that may only read."""
    mysql = desk.server.flavour == "mysql"
    desk.make("old", _OLD.format(", ".join(f"w{n} CHAR(150)" for n in range(70))) + (_MYSQL if mysql else _MARIADB))
    dates = desk.server.query("SELECT i, CONCAT(d), CONCAT(z) FROM old.calendar ORDER BY i")
    assert dates[0][1] == "1999-09-31"
    desk.run("db_backup", databases=["old"], globals=False)
    for name, value in [
        ("innodb_strict_mode", "ON"),
        ("completion_type", "2"),
        ("autocommit", "OFF"),
        ("sql_select_limit", "1"),
        *(
            [
                ("sql_require_primary_key", "ON"),
                ("sql_generate_invisible_primary_key", "ON"),
                ("transaction_read_only", "ON"),
                ("max_execution_time", "1"),
            ]
            if mysql
            else [("tx_read_only", "ON"), ("max_statement_time", "0.01"), ("sql_if_exists", "ON")]
        ),
    ]:
        settings.set(name, value)
    restored = desk.run("db_restore", database="old", target="old_back")
    assert restored["verified"] == {**restored["verified"], "schema": "same", "mismatches": []}
    assert desk.run("backup_drill", databases=["old"])["drills"][0]["passed"]
    settings.undo()
    assert desk.server.query("SELECT i, CONCAT(d), CONCAT(z) FROM old_back.calendar ORDER BY i") == dates
    assert desk.server.query("SELECT COUNT(*) FROM old_back.keyless") == [(3,)]
    if not mysql:
        assert desk.server.query("SELECT i, j FROM old_back.picky ORDER BY i") == [(1, "no json"), (7, "[]")]


def test_a_key_for_every_table(desk: Desk, settings: Settings) -> None:
    """The journal of a restore has one. MariaDB's rule holds for every session: the table is named, and the setting."""
    mysql = desk.server.flavour == "mysql"
    desk.make("keyed", "CREATE TABLE k (i INT PRIMARY KEY); INSERT INTO k VALUES (1);")
    desk.make("bare", "CREATE TABLE no_key_at_all (i INT);")
    desk.run("db_backup", databases=["keyed", "bare"], globals=False)
    settings.set("sql_require_primary_key" if mysql else "innodb_force_primary_key", "ON")
    desk.run("db_restore", database="keyed", target="keyed_back")
    desk.run("db_restore", database="keyed", target="keyed_back", if_exists="replace", keep_previous=True)
    result = desk.attempt("db_restore", database="bare", target="bare_back")
    assert result["failed"] != mysql
    assert mysql or ("'no_key_at_all'" in result["msg"] and "innodb_force_primary_key" in result["msg"]), result["msg"]


_OWNED = """
CREATE TABLE goods (i INT PRIMARY KEY);
INSERT INTO goods VALUES (1);
CREATE DEFINER = gone@localhost FUNCTION twice (n INT) RETURNS INT DETERMINISTIC RETURN 2 * n;
CREATE DEFINER = gone@localhost VIEW inner_view AS SELECT i FROM goods;
CREATE DEFINER = gone@localhost VIEW middle AS SELECT i, twice(i) AS two FROM inner_view;
CREATE VIEW outer_view AS SELECT two FROM middle;
CREATE DEFINER = gone@localhost TRIGGER tells BEFORE INSERT ON goods FOR EACH ROW SET NEW.i = NEW.i + 1;
CREATE DEFINER = gone@localhost PROCEDURE lists () SELECT * FROM goods;
CREATE DEFINER = gone@localhost EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM goods WHERE i > 9;
"""


def test_owners_that_are_missing(desk: Desk) -> None:
    """Named before loading. All is created for them, views on their views too; a drill puts its own account in their
    place; with globals they come back, and all of it works."""
    server = desk.server
    server.query("CREATE USER gone@localhost")
    server.query("GRANT ALL ON *.* TO gone@localhost")
    desk.make("owned", _OWNED)
    desk.run("db_backup", databases=["owned"])
    server.query("DROP USER gone@localhost")
    server.drop_database("owned")
    drill = desk.run("backup_drill", databases=["owned"])
    assert drill["drills"][0]["passed"]
    assert any("`gone`@`localhost`" in text and "not compared" in text for text in drill["warnings"]), drill["warnings"]
    checked = desk.attempt("db_restore", database="owned", target="alone")
    for _again in range(2):
        result = desk.run("db_restore", database="owned", target="alone", if_exists="replace", keep_previous=True)
        assert any("`gone`@`localhost`" in w and "globals=true" in w for w in result["warnings"]), result["warnings"]
    assert not checked["failed"], checked["msg"]
    sql = "SELECT table_name, definer FROM information_schema.views WHERE table_schema = 'alone' ORDER BY 1"
    definers = dict(server.query(sql))
    assert definers["inner_view"] == definers["middle"] == "gone@localhost" != definers["outer_view"]
    whole = desk.run("db_restore", database="owned", globals=True)
    assert not any("gone" in text for text in whole.get("warnings", [])), whole["warnings"]
    assert server.query("SELECT two FROM owned.outer_view") == [(2,)]
    assert server.query("CALL owned.lists()") == [(1,)]


def test_accounts_one_by_one(desk: Desk, settings: Settings) -> None:
    """An account that the server does not take costs no other one; default roles come after the roles; who may read
    more than before is named."""
    server, mysql = desk.server, desk.server.flavour == "mysql"
    desk.make("till", "CREATE TABLE t (i INT PRIMARY KEY);")
    if mysql:
        settings.set("partial_revokes", "ON")
    for statement in [
        "CREATE ROLE seller",
        "CREATE USER first@localhost",
        "CREATE USER zoe@localhost",
        "GRANT SELECT ON till.* TO seller",
        "GRANT seller TO first@localhost",
        *(
            [
                "SET DEFAULT ROLE seller TO first@localhost",
                "GRANT SELECT ON *.* TO zoe@localhost",
                "REVOKE SELECT ON mysql.* FROM zoe@localhost",
            ]
            if mysql
            else [
                "SET DEFAULT ROLE seller FOR first@localhost",
                "GRANT SELECT ON till.* TO PUBLIC",
                "INSTALL SONAME 'auth_ed25519'",
                "CREATE USER odd@localhost IDENTIFIED VIA ed25519 USING PASSWORD('x')",
            ]
        ),
    ]:
        server.query(statement)
    desk.run("db_backup", databases=["till"])
    for statement in [
        "DROP USER first@localhost, zoe@localhost" + ("" if mysql else ", odd@localhost"),
        "DROP ROLE seller",
        *([] if mysql else ["REVOKE ALL PRIVILEGES, GRANT OPTION FROM PUBLIC", "UNINSTALL SONAME 'auth_ed25519'"]),
    ]:
        server.query(statement)
    if mysql:
        settings.set("partial_revokes", "OFF")
    result = desk.run("db_restore", database="till", target="till_back", globals=True)
    if mysql:
        assert any("`zoe`@`localhost` may now read" in text for text in result["warnings"]), result["warnings"]
        assert "DEFAULT ROLE `seller`@`%`" in server.query("SHOW CREATE USER first@localhost")[0][0]
    else:
        assert any("`odd`@`localhost` was not created" in text for text in result["warnings"]), result["warnings"]
        assert server.query("SHOW GRANTS FOR PUBLIC") == [("GRANT SELECT ON `till`.* TO PUBLIC",)]
        assert ("SET DEFAULT ROLE `seller` FOR `first`@`localhost`",) in server.query("SHOW GRANTS FOR first@localhost")
    assert server.query("SHOW GRANTS FOR zoe@localhost")


def test_a_broken_table(desk: Desk) -> None:
    """It is named, with what to do. It concerns no other database: not their backups, restores or drills."""
    desk.make(
        "sound", "CREATE TABLE t (i INT PRIMARY KEY); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT * FROM t;"
    )
    desk.make(
        "broken",
        "CREATE TABLE part (i INT NOT NULL) ENGINE = MyISAM;"
        " CREATE TABLE whole_of_it (i INT NOT NULL) ENGINE = MERGE UNION = (part); DROP TABLE part;"
        " CREATE TABLE torn (i INT PRIMARY KEY) ENGINE = MyISAM; INSERT INTO torn VALUES (1);",
    )
    failed = desk.attempt("db_backup", databases=["broken"], globals=False)
    assert "'whole_of_it' of 'broken'" in failed["msg"] and "UNION" in failed["msg"], failed["msg"]
    desk.server.query("DROP TABLE broken.whole_of_it")
    desk.server.query("FLUSH TABLES")
    with open(desk.server.data / "broken" / "torn.MYI", "r+b") as index:
        index.write(bytes(200))
    failed = desk.attempt("db_backup", databases=["broken"], globals=False)
    assert "'torn' of 'broken'" in failed["msg"] and "REPAIR" in failed["msg"], failed["msg"]
    desk.trip("sound")
    desk.run("db_restore", database="sound", target="sound_back", if_exists="replace")
    assert desk.run("backup_drill", databases=["sound"])["drills"][0]["passed"]
    desk.server.query("DROP TABLE IF EXISTS broken.torn")


def test_history_by_transactions(mariadb: support.Server, tmp_path: Path) -> None:
    """The dump tool refuses such a table: its present rows are kept, it is named, and the others keep their past."""
    desk = Desk(mariadb, tmp_path)
    desk.make(
        "precise",
        "CREATE TABLE usual (i INT PRIMARY KEY, c INT) WITH SYSTEM VERSIONING; INSERT INTO usual VALUES (1, 1);"
        " UPDATE usual SET c = 2; CREATE TABLE by_transaction (i INT PRIMARY KEY, c INT,"
        " s BIGINT UNSIGNED GENERATED ALWAYS AS ROW START, e BIGINT UNSIGNED GENERATED ALWAYS AS ROW END,"
        " PERIOD FOR SYSTEM_TIME (s, e)) ENGINE = InnoDB WITH SYSTEM VERSIONING;"
        " INSERT INTO by_transaction (i, c) VALUES (1, 1), (2, 2); UPDATE by_transaction SET c = 7 WHERE i = 1;",
    )
    backup = desk.run("db_backup", databases=["precise"], globals=False, proof="content")
    assert any("present rows" in text and "by_transaction" in text for text in backup["warnings"]), backup["warnings"]
    desk.run("db_restore", database="precise", target="precise_back")
    assert mariadb.query("SELECT i, c FROM precise_back.by_transaction ORDER BY i") == [(1, 7), (2, 2)]
    assert mariadb.query("SELECT c FROM precise_back.usual FOR SYSTEM_TIME ALL ORDER BY c") == [(1,), (2,)]
