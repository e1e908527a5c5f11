# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chinook, a sample database that drops and creates its own database, restored under a name of our choice.

The scripts are no part of the project: BACKUPDB_SAMPLES names the folder that holds `chinook`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from support.dumps import restored

SAMPLES = Path(os.environ.get("BACKUPDB_SAMPLES", Path(__file__).parents[3] / "shared" / "data"))
SCRIPTS = {"mysql": "Chinook_MySql.sql", "postgresql": "Chinook_PostgreSql.sql"}
OWN = {"mysql": "Chinook", "postgresql": "chinook"}
# Of the published data, version 1.4.5.
ROWS = {"album": 347, "artist": 275, "customer": 59, "employee": 8, "genre": 25, "invoice": 412, "media_type": 5}
ROWS |= {"invoice_line": 2240, "playlist": 18, "playlist_track": 8715, "track": 3503}

if (SAMPLES / "chinook").is_dir():

    @pytest.fixture
    def server(any_server: support.Server) -> Iterator[support.Server]:
        """A server with a database of the sample's own name, which is somebody's work."""
        for name in any_server.databases():
            any_server.drop_database(name)
        own = OWN[any_server.engine]
        any_server.create_database(own)
        any_server.query("CREATE TABLE precious (id INTEGER)", database=own)
        any_server.query("INSERT INTO precious VALUES (42)", database=own)
        yield any_server
        for name in any_server.databases():
            any_server.drop_database(name)

    def test_chinook_beside_chinook(server: support.Server) -> None:
        """All rows are there, and the database that the script would have dropped is as it was."""
        own = OWN[server.engine]
        before = support.fingerprint(server, own)
        result = restored(server, SAMPLES / "chinook" / SCRIPTS[server.engine], target="music_staging")
        assert (result["tables"], result["rows"]) == (len(ROWS), sum(ROWS.values()))
        assert server.databases() == sorted([own, "music_staging"])
        for table, rows in ROWS.items():
            name = table if server.engine == "postgresql" else table.title().replace("_", "")
            assert server.query(f"SELECT COUNT(*) FROM {server.quote(name)}", database="music_staging") == [(rows,)]
        assert server.query("SELECT * FROM precious", database=own) == [(42,)]
        support.assert_same(before, support.fingerprint(server, own))
        assert sum(result["adaptations"].values()) >= 3, result["adaptations"]
        assert result["source"]["databases"] == [own]

else:
    print(f"Left out: the tests of Chinook, since {SAMPLES} holds no folder chinook (BACKUPDB_SAMPLES).")
