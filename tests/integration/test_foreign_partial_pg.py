# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: archives that hold one schema, that say nothing of their database, or that lack something."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.dumps import dump, restore, restored
from support.postgres import PostgresServer

MADE = """CREATE EXTENSION cube; CREATE EXTENSION earthdistance;
CREATE TABLE stops (id int PRIMARY KEY, lat float8, lon float8); INSERT INTO stops VALUES (7, 47.1, 15.4);"""


@pytest.fixture(name="server", scope="module")
def _server(pg15: PostgresServer) -> PostgresServer:
    pg15.create_database("tram")
    pg15.execute_script(MADE.encode(), "tram")
    return pg15


def test_the_schema_public_as_an_entry(server: PostgresServer, tmp_path: Path) -> None:
    """As pg_dump 10 wrote it, and each later one with --schema=public."""
    archive = dump(server, tmp_path / "public.dump", "-Fc", "-n", "public", "tram")
    result = restored(server, archive, target="line")
    assert result["adaptations"]["CREATE, DROP of what every database has"] == 1
    assert server.query("SELECT id FROM stops", database="line") == [(7,)]


def test_an_archive_that_says_nothing_of_its_database(server: PostgresServer, tmp_path: Path) -> None:
    """As pg_dump 10 and older made with -n or -t: the list alone has the name. The entry is made into another one."""
    folder = tmp_path / "old"
    dump(server, folder, "-Fd", "--file={path}", "tram")
    toc = (folder / "toc.dat").read_bytes()
    entry, other = b"\x00\x08\x00\x00\x00DATABASE", b"\x00\x07\x00\x00\x00COMMENT"
    assert toc.count(entry) == 1
    toc = re.sub(
        rb"CREATE DATABASE tram[^;]*;\n", lambda found: b"SELECT 1;".ljust(len(found[0]) - 1) + b"\n",
        toc.replace(entry, other),
    )  # fmt: skip
    (folder / "toc.dat").write_bytes(toc)
    result = restore(server, folder)
    assert result["failed"] and "one of 'tram'" in result["msg"] and "Set target" in result["msg"]
    restored(server, folder, target="older")
    assert server.query("SELECT id FROM stops", database="older") == [(7,)]


def test_what_a_load_lacks(server: PostgresServer, tmp_path: Path) -> None:
    """A role that is absent, and a function that needs a search_path: the error says what to do."""
    server.query("CREATE ROLE driver")
    server.query("ALTER TABLE stops OWNER TO driver", database="tram")
    archive = dump(server, tmp_path / "owned.dump", "-Fc", "tram")
    server.query(f"ALTER TABLE stops OWNER TO {server.quote(server.user)}", database="tram")
    server.query("DROP ROLE driver")
    result = restore(server, archive, target="owned")
    assert 'CREATE ROLE "driver";), or set no_owner=true' in result["msg"], result["msg"]
    restored(server, archive, target="owned", no_owner=True)
    server.query("CREATE INDEX ON stops USING gist (ll_to_earth(lat, lon))", database="tram")
    result = restore(server, dump(server, tmp_path / "found.dump", "-Fc", "tram"), target="found")
    assert "ALTER FUNCTION ll_to_earth SET search_path" in result["msg"], result["msg"]
    assert 'type "earth" does not exist (SQL function "ll_to_earth" during inlining)' in result["msg"]
