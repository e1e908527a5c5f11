# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL dumps with names and settings that look like the server's own, but belong to people: they come back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from support.dumps import restored

OLD = """SET search_path = public, pg_catalog;
CREATE TABLE pg_search_documents (id integer);
COPY pg_search_documents (id) FROM stdin;
1
2
\\.
INSERT INTO pg_search_documents VALUES (3);
CREATE TABLE dblink (id integer, ts_stat text);
INSERT INTO dblink (id) VALUES (3);
CREATE MATERIALIZED VIEW words AS SELECT word FROM ts_stat('SELECT to_tsvector(''cat dog'')'::text);
ALTER TABLE ONLY pg_search_documents ADD CONSTRAINT pg_search_documents_pkey PRIMARY KEY (id);
"""


@pytest.fixture(params=["pg15", "pg18"])
def server(request: pytest.FixtureRequest) -> Iterator[support.Server]:
    """A server without databases."""
    found: support.Server = request.getfixturevalue(request.param)
    for name in found.databases():
        found.drop_database(name)
    yield found
    for name in found.databases():
        found.drop_database(name)


def test_tables_named_like_the_catalog(server: support.Server, tmp_path: Path) -> None:
    """As pg_dump wrote them before 2018; tables named like functions that are refused, and such a function at work."""
    src = tmp_path / "old.sql"
    src.write_text(OLD, encoding="utf-8")
    restored(server, src, target="shop")
    assert server.query("SELECT sum(id) FROM pg_search_documents", database="shop") == [(6,)]
    assert server.query("SELECT count(*) FROM words", database="shop") == [(2,)]


def test_settings_of_the_application(server: support.Server, tmp_path: Path) -> None:
    """pg_dump quotes their names."""
    src = tmp_path / "custom.sql"
    text = """CREATE DATABASE mine;\nALTER DATABASE mine SET "app.settings.jwt" TO 'secret';\n\\connect mine
SET "app.tenant" = '9';\nCREATE TABLE t AS SELECT current_setting('app.tenant') AS tenant;\n"""
    src.write_text(text, encoding="utf-8")
    result = restored(server, src, target="shop")
    assert server.query("SELECT tenant, current_setting('app.settings.jwt') FROM t", database="shop") == [
        ("9", "secret")
    ], result
