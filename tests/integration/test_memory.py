# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory of the module's own process: small, and the same whatever the size of a database or of a row."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import support
from support.faults import IDENTITY, Site
from support.memory import peak
from support.modules import RunningModule, start_module

# Megabytes of plain dump. BACKUPDB_TEST_MEMORY_MB=2000 is what is promised; less shows the same in less time.
BIG = int(os.environ.get("BACKUPDB_TEST_MEMORY_MB", "400"))
# (megabytes, characters of a row)
DATABASES = {"small": (50, 96_000), "big": (BIG, 96_000), "wide": (75, 24_000_000)}
LIMIT = 120 << 20
APART = 15 << 20
# zip is written and read by the module itself.
COMPRESSIONS = {"postgresql": "zstd", "mysql": "zip"}


@pytest.fixture(scope="module", params=["pg15", "mariadb"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Each server in turn, with databases whose text takes little room on the server."""
    server: support.Server = request.getfixturevalue(request.param)
    for name in server.databases():
        server.drop_database(name)
    for name, (megabytes, row) in DATABASES.items():
        fill(server, name, megabytes * 1_000_000 // row + 1, row)
    yield Site(server, tmp_path_factory.mktemp("memory"))
    for name in server.databases():
        server.drop_database(name)
    if server.engine == "mysql":
        server.query("FLUSH BINARY LOGS")
        server.query("PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY")


def fill(server: support.Server, name: str, rows: int, row: int) -> None:
    """Create a database with `rows` rows of `row` characters each."""
    server.create_database(name)
    text = f"repeat(md5({{}}), {row // 32})"
    if server.engine == "postgresql":
        server.query("CREATE TABLE t (id integer PRIMARY KEY, words text)", database=name)
        numbers = f"generate_series(1, {rows}) AS i"
        server.query(f"INSERT INTO t SELECT i, {text.format('i::text')} FROM {numbers}", database=name)
    else:
        server.query("CREATE TABLE t (id INTEGER PRIMARY KEY, words LONGTEXT COMPRESSED)", database=name)
        server.query(f"INSERT INTO t SELECT seq, {text.format('seq')} FROM seq_1_to_{rows}", database=name)


def measured(running: RunningModule) -> int:
    """The most memory of a module, which must go well."""
    result, highest = peak(running)
    assert not result.get("failed"), result["msg"]
    return highest


def test_memory_is_small_and_does_not_grow(site: Site) -> None:
    """db_backup, backup_verify and db_restore of each database."""
    compression = COMPRESSIONS[site.server.engine]
    peaks: dict[str, dict[str, int]] = {"db_backup": {}, "backup_verify": {}, "db_restore": {}}
    for name, (megabytes, _row) in DATABASES.items():
        options = {"databases": [name], "compression": compression}
        peaks["db_backup"][name] = measured(site.start("db_backup", options, fresh=True))
        look = {"store": str(site.store), "host": "h", "database": name, "identity": IDENTITY}
        verification = start_module("backup_verify", look, path_prefix=site.path_prefix, fresh=True)
        peaks["backup_verify"][name] = measured(verification)
        restore = site.start("db_restore", {"database": name, "target": "copy"}, fresh=True)
        result, peaks["db_restore"][name] = peak(restore)
        assert not result.get("failed"), result["msg"]
        assert result["backup"]["plain_size"] > megabytes * 1_000_000
        site.server.drop_database("copy")
    told = {module: {name: f"{value >> 20} MiB" for name, value in found.items()} for module, found in peaks.items()}
    print(f"{site.server.flavour}, {compression}, {BIG} MB: {told}")
    for found in peaks.values():
        assert 0 < max(found.values()) < LIMIT, told
        assert max(found.values()) - min(found.values()) < APART, told
