# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: whatever makes a load fail, no message repeats a value of a row. Each row holds a canary."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_said import message, said
from support.modules import run_module

CANARY = "4111111111111111"
_TABLE = "CREATE TABLE secrets (i BIGINT PRIMARY KEY, c VARCHAR(40), n INT, d DATE, j JSON, CHECK (n < 100));"
# What fails, by what is wrong with it; and a word that the message must still have.
WAYS = {
    "duplicate": (f"INSERT INTO secrets (i) VALUES ({CANARY}); INSERT INTO secrets (i) VALUES ({CANARY});", "PRIMARY"),
    "no number": (f"INSERT INTO secrets (i, n) VALUES (1, 'card {CANARY}');", "n"),
    "no date": (f"INSERT INTO secrets (i, d) VALUES (1, 'born {CANARY}');", "d"),
    "too large": (f"INSERT INTO secrets (i, n) VALUES (1, {CANARY});", "n"),
    "too long": (f"INSERT INTO secrets (i, c) VALUES (1, REPEAT('{CANARY} ', 9));", "c"),
    "no json": (f"INSERT INTO secrets (i, j) VALUES (1, '{{{CANARY}');", ""),
    "an empty value": (f"INSERT INTO secrets (i, c) VALUES (NULL, '{CANARY}');", "i"),
    "a column too many": (f"INSERT INTO secrets VALUES (1, '{CANARY}', 1, NULL, NULL, NULL);", "olumn"),
    "no such table": (f"INSERT INTO secret VALUES ('{CANARY}');", "secret"),
    "no partition": (
        (
            "CREATE TABLE cut (i BIGINT) PARTITION BY RANGE (i) (PARTITION low VALUES LESS THAN (5));"
            f" INSERT INTO cut VALUES ({CANARY});"
        ),
        "partition",
    ),
    "bad bytes": (f"INSERT INTO secrets (i, c) VALUES (1, CONCAT('{CANARY}', CHAR(240, 159, 255))), (2, 3, 4);", ""),
    "a key made later": (
        (
            f"CREATE TABLE late (c VARCHAR(40)); INSERT INTO late VALUES ('{CANARY}'), ('{CANARY}');"
            " ALTER TABLE late ADD UNIQUE KEY once (c);"
        ),
        "once",
    ),
    "a type made later": (
        f"CREATE TABLE late (c VARCHAR(40)); INSERT INTO late VALUES ('{CANARY} EUR'); ALTER TABLE late MODIFY c INT;",
        "",
    ),
    "cut short": (f"INSERT INTO secrets (i, c) VALUES (1, 'a'), (2, '{CANARY}' 'b' 4);", ""),
}


@pytest.mark.parametrize("way", WAYS)
def test_foreign(mysql_family: support.Server, tmp_path: Path, way: str) -> None:
    """A file that others wrote fails: the place is named, the value is not."""
    statements, word = WAYS[way]
    source = tmp_path / "file.sql"
    source.write_text(f"{_TABLE}\n{statements}\n")
    options: dict[str, Any] = {"engine": "mysql", **mysql_family.login, "src": str(source), "target": "canaries"}
    result = run_module("db_restore", options, path_prefix=mysql_family.tool_path)
    mysql_family.drop_database("canaries")
    assert result["failed"], result
    assert CANARY not in json.dumps(result), result
    assert "Statement " in result["msg"] and word in result["msg"], result["msg"]


def test_own(mysql_family: support.Server, tmp_path: Path) -> None:
    """The client's words, when a restore or a drill of a backup fails at a row: a key that the source did not have
    is put into the part of definitions."""
    server = mysql_family
    login = {"engine": "mysql", **server.login, "store": str(tmp_path), "host": "db1"}
    server.create_database("canaries")
    script = f"CREATE TABLE seen (c VARCHAR(40)); INSERT INTO seen VALUES ('{CANARY}'), ('{CANARY}');"
    server.execute_script(script.encode(), "canaries")
    backup = run_module(
        "db_backup", {**login, "databases": ["canaries"], "globals": False, "compression": "none"},
        path_prefix=server.tool_path,
    )  # fmt: skip
    assert not backup["failed"], backup["msg"]
    part = next(tmp_path.rglob("pre-data.sql"))
    manifest = part.with_name("manifest.json")
    _rewrite(part, manifest, b"`c` varchar(40)", b"`c` VARCHAR(40) UNIQUE")
    for module, params in [("db_restore", {"database": "canaries", "target": "other"}), ("backup_drill", {})]:
        options = {**login, **({"databases": ["canaries"]} if module == "backup_drill" else params)}
        result = run_module(module, options, path_prefix=server.tool_path)
        assert result["failed"], result
        assert CANARY not in json.dumps(result), result
        assert "uplicate" in json.dumps(result), result
    assert not any(CANARY in path.read_text() for path in tmp_path.rglob("*.json"))


def _rewrite(part: Path, manifest: Path, old: bytes, new: bytes) -> None:
    """Change a stored part, and what the manifest says of it."""
    content = part.read_bytes()
    assert content.count(old) == 1, content
    content = content.replace(old, new)
    part.chmod(0o600)
    part.write_bytes(content)
    about = json.loads(manifest.read_bytes())
    entry = next(item for item in about["parts"] if item["name"] == part.name)
    entry.update(size=len(content), plain_size=len(content), sha256=hashlib.sha256(content).hexdigest())
    manifest.chmod(0o600)
    manifest.write_text(json.dumps(about))


def test_words() -> None:
    """Names pass, values do not, wherever the quotes are; what is not known is cut."""
    assert message(1062, "Duplicate entry 'it''s 1' for key 'x' for key 't.PRIMARY'") == (
        "Duplicate entry for key 't.PRIMARY'"
    )
    assert message(1146, "Table 'a.b' doesn't exist") == "Table 'a.b' doesn't exist"
    assert "s3cret" not in message(1366, "Incorrect integer value: 's3cret\n' for column `a`.`b`.`c` at row 1")
    assert "`a`.`b`.`c`" in message(1366, "Incorrect integer value: 's3cret\n' for column `a`.`b`.`c` at row 1")
    unknown = message(9999, 'Something about 99 and "s3cret" happened')
    assert unknown.startswith("Something about N and '...' happened (")
    told = said("mysql: [Warning] x\nERROR 1062 (23000) at line 7: Duplicate entry 's3\ncret' for key 'k'\n")
    assert told == "mysql: [Warning] x\nERROR 1062 (23000) at line 7: Duplicate entry for key 'k'"
    assert "s3cret" not in said(
        "--------------\nINSERT INTO t VALUES ('s3cret')\n--------------\nERROR 1 (HY000): s3cret'"
    )
    dumped = "mysqldump: Got error: 1146: Table 'a.b' doesn't exist when using LOCK TABLES"
    assert said(dumped) == dumped
