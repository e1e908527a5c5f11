# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Foreign files that are refused: the target is as it was, the message says what and where."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from ansible_collections.vya.backupdb.plugins.module_utils._run import archive
from support.dumps import Here, dump, restore
from support.small import load_small, state

START = {
    "postgresql": "CREATE TABLE ok (i integer);\nINSERT INTO ok VALUES (1);\n",
    "mysql": "CREATE TABLE ok (i INTEGER);\nINSERT INTO ok VALUES (1);\n",
}
# (statement, what the message must name)
REFUSED = {
    "postgresql": [
        ("\\! touch planted", "\\!"),
        ("\\copy ok from program 'touch planted'", "copy"),
        ("\\i /etc/passwd", "\\i"),
        ("\\set x `touch planted`", "\\set"),
        ("\\o /tmp/planted", "\\o"),
        ("SELECT 1 \\gexec", "\\gexec"),
        ("COPY ok FROM PROGRAM 'touch planted';", "PROGRAM"),
        ("COPY ok TO PROGRAM 'touch planted';", "PROGRAM"),
        ("COPY ok FROM '/etc/passwd';", "COPY"),
        ("ALTER SYSTEM SET work_mem = '1GB';", "ALTER SYSTEM"),
        ("INSERT INTO ok VALUES ('open", "string"),
        ("CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $body$ SELECT 1;", "dollar"),
        ("COPY ok (i) FROM stdin;\n1\n2\n", "COPY"),
        ("/* open", "comment"),
        ("SELECT 1", "statement"),
        ("SELECT nonsense FROM nowhere;", "does not exist"),
        ("BEGIN; INSERT INTO ok VALUES (2);", "transaction"),
        ("BEGIN; INSERT INTO ok VALUES (2); DROP TABLE nope; COMMIT;", "nope"),
    ],
    "mysql": [
        ("system touch planted", "system"),
        ("\\! touch planted", "\\!"),
        ("source /etc/passwd", "source"),
        ("LOAD DATA INFILE '/etc/passwd' INTO TABLE ok;", "LOAD DATA"),
        ("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE ok;", "LOAD DATA"),
        ("SELECT * FROM ok INTO OUTFILE '/tmp/planted';", "OUTFILE"),
        ("SELECT * FROM ok INTO /*!50000 DUMPFILE */ '/tmp/planted';", "DUMPFILE"),
        ("SET GLOBAL general_log = 1;", "GLOBAL"),
        ("SET @@global.general_log = 1;", "GLOBAL"),
        ("/*!50000 SET GLOBAL general_log = 1 */;", "GLOBAL"),
        ("INSTALL SONAME 'ha_evil';", "INSTALL"),
        ("INSERT INTO zoo.cages VALUES (1);", "zoo"),
        ("DROP TABLE zoo.cages;", "zoo"),
        ("INSERT INTO ok VALUES ('open", "string"),
        ("/*!50000 CREATE TABLE x (i INT)", "statement"),
        ("DELIMITER ;;\nCREATE PROCEDURE p() BEGIN SELECT 1; END;", "statement"),
        ("SELECT 1", "statement"),
        ("UPDATE nowhere SET x = 1;", "nowhere"),
        ("BEGIN; INSERT INTO ok VALUES (2);", "transaction"),
    ],
}


@pytest.fixture(params=["pg15", "mariadb", "mysql9"])
def server(request: pytest.FixtureRequest) -> Iterator[support.Server]:
    """A server with `shop`, the target, and `zoo`."""
    found: support.Server = request.getfixturevalue(request.param)
    for name in found.databases():
        found.drop_database(name)
    load_small(found, "shop")
    found.create_database("zoo")
    found.query("CREATE TABLE cages (i INTEGER)", database="zoo")
    yield found
    for name in found.databases():
        found.drop_database(name)


@pytest.fixture
def here(server: support.Server, tmp_path: Path) -> Iterator[Here]:
    """Restores into `shop` with if_exists=replace."""
    made = Here(server, tmp_path)
    yield made
    made.close()


def test_what_is_refused(server: support.Server, here: Here, tmp_path: Path) -> None:
    """Each refusal names what, and where: line 3, since two good lines stand before it."""
    before = state(server, "shop")
    marker = tmp_path / "planted"
    src = tmp_path / "refused.sql"
    for statement, named in REFUSED[server.engine]:
        src.write_text(START[server.engine] + statement.replace("planted", str(marker)) + "\n", encoding="utf-8")
        with pytest.raises(BackupError) as caught:
            here(src)
        told = str(caught.value)
        assert named.lower() in told.lower(), (statement, told)
        if named != "transaction":
            assert "line 3" in told or "line 4" in told, (statement, told)
        assert not marker.exists(), statement
        assert server.databases() == ["shop", "zoo"], statement
    support.assert_same(before, state(server, "shop"))
    assert server.query("SELECT COUNT(*) FROM cages", database="zoo") == [(0,)]


TRAILERS = (b"-- Dump completed", b"-- PostgreSQL database dump complete")
CUT: dict[str, dict[str, tuple[str, ...]]] = {
    "postgresql": {"plain": (), "inserts": ("--inserts",), "custom": ("-Fc",), "tar": ("-Ft",)},
    "mysql": {"plain": ("--routines", "--events", "--hex-blob", "--no-tablespaces")},
}


# MySQL's dumps go through the same reader as MariaDB's.
@pytest.mark.parametrize("server", ["pg15", "mariadb"], indirect=True)
def test_a_dump_cut_anywhere(
    server: support.Server, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut at 200 places each, archives at 30: refused, and the target is as it was."""
    monkeypatch.setattr(archive, "_PATIENCE", 1.0)
    before = state(server, "shop")
    src = tmp_path / "cut.sql"
    for kind, options in CUT[server.engine].items():
        whole = dump(server, tmp_path / "whole", *options, "shop").read_bytes()
        picks = random.Random(20261122)
        # Behind its last line a dump holds nothing that could be missed.
        end = max(whole.rfind(trailer) for trailer in TRAILERS)
        end = end if end > 0 else len(whole.rstrip(b"\n\0 "))
        for offset in sorted(picks.sample(range(1, end), 200 if kind in ("plain", "inserts") else 30)):
            src.write_bytes(whole[:offset])
            with pytest.raises(BackupError) as caught:
                here(src)
            told = str(caught.value)
            words = (
                "Nothing came",
                "tar archive",
                "ends",
                "empty",
                "holds no",
                "refused",
                "transaction",
                "pg_restore failed",
                "pg_dump",
            )
            assert any(word in told for word in words), (kind, offset, told)
    assert server.databases() == ["shop", "zoo"]
    support.assert_same(before, state(server, "shop"))


def test_incomplete_when_allowed(server: support.Server, tmp_path: Path) -> None:
    """allow_incomplete overrides the missing trailer, and nothing else."""
    options = () if server.engine == "postgresql" else ("--routines", "--no-tablespaces")
    whole = dump(server, tmp_path / "whole.sql", *options, "shop").read_bytes()
    cut = whole[
        : whole.rindex(b"-- Dump completed" if server.engine == "mysql" else b"-- PostgreSQL database dump complete")
    ]
    src = tmp_path / "cut.sql"
    src.write_bytes(cut)
    refused = restore(server, src, target="copy")
    assert refused["failed"] and "allow_incomplete" in refused["msg"] and str(src) in refused["msg"]
    taken = restore(server, src, target="copy", allow_incomplete=True)
    assert not taken["failed"], taken["msg"]
    assert taken["source"]["complete"] is False
    assert any("INCOMPLETE" in text for text in taken["warnings"])
    support.assert_same(support.fingerprint(server, "shop"), support.fingerprint(server, "copy"))
    src.write_bytes(cut + b"INSERT INTO log VALUES ('open")
    refused = restore(server, src, target="other", allow_incomplete=True)
    assert refused["failed"] and "ends" in refused["msg"]


def test_an_error_shows_definitions_and_no_data(server: support.Server, tmp_path: Path) -> None:
    """A failing definition is shown, a failing row is not."""
    src = tmp_path / "bad.sql"
    src.write_text(START[server.engine] + "CREATE TABLE ok (j INTEGER);\n", encoding="utf-8")
    told = restore(server, src, target="copy")["msg"]
    assert "CREATE TABLE ok (j INTEGER)" in told and "line 3" in told
    src.write_text(START[server.engine] + "INSERT INTO ok VALUES ('secret row');\n", encoding="utf-8")
    told = restore(server, src, target="copy")["msg"]
    assert "secret row" not in told and "line 3" in told
    assert "copy" not in server.databases()
