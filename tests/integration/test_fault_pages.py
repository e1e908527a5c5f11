# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's own file is damaged: the backup fails with the table's name and what to do, the earlier one stays good."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from support.faults import Site

# Bytes of a page that holds rows; MariaDB's first pages of a file tell about the file.
PAGE = {"postgresql": (0, 8192), "mysql": (3 * 16384, 16384)}


@pytest.fixture(params=["pg15", "mariadb"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """`shop` with two tables."""
    server: support.Server = request.getfixturevalue(request.param)
    server.clear()
    server.create_database("shop")
    server.execute_script(
        b"CREATE TABLE intact (i INTEGER); INSERT INTO intact VALUES (1);"
        b"CREATE TABLE torn (i INTEGER); INSERT INTO torn VALUES (1);",
        "shop",
    )
    yield Site(server, tmp_path)
    server.restart()
    server.clear()


def file_of(server: support.Server, table: str) -> Path:
    """Where a table lies."""
    if server.engine == "mysql":
        return server.data / "shop" / f"{table}.ibd"
    return server.data / str(server.query("SELECT pg_relation_filepath(%s)", (table,), "shop")[0][0])


def test_a_damaged_table(site: Site) -> None:
    server = site.server
    assert not site.backup()["failed"]
    good = site.ids("shop")
    path = file_of(server, "torn")
    # Once in good order, so that no log brings the page back.
    server.restart()
    server.kill()
    begin, size = PAGE[server.engine]
    with path.open("r+b") as stream:
        stream.seek(begin)
        stream.write(os.urandom(size))
    server.restart()
    result = site.backup()
    assert result["failed"]
    assert "torn" in result["msg"]
    assert "running the backup again will not help" in result["msg"]
    assert site.ids("shop") == good
    assert site.prove() == good
    site.assert_no_leftovers()
