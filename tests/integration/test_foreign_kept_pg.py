# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL dumps with names and settings that look like the server's own, but belong to people: they come back."""

from __future__ import annotations

from pathlib import Path

import pytest
import support
from support.dumps import restored
from support.modules import run_module

OLD = """SET search_path = public, pg_catalog;
CREATE TABLE pg_search_documents (id integer);
COPY pg_search_documents (id) FROM stdin;
1
2
\\.
INSERT INTO pg_search_documents VALUES (3);
CREATE TABLE dblink (id integer, ts_stat text);
EXPLAIN SELECT 1;
NOTIFY people;
INSERT INTO dblink (id) VALUES (3);
CREATE MATERIALIZED VIEW words AS SELECT word FROM ts_stat('SELECT to_tsvector(''cat dog'')'::text);
ALTER TABLE ONLY pg_search_documents ADD CONSTRAINT pg_search_documents_pkey PRIMARY KEY (id);
"""


@pytest.fixture
def server(empty_postgresql: support.Server) -> support.Server:
    """A server without databases."""
    return empty_postgresql


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


LITTLE = """CREATE TABLE t (i integer);
INSERT INTO t VALUES (1);
ALTER TABLE t OWNER TO nobody, ADD COLUMN j integer DEFAULT 2;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t TO authenticated USING (true);
COMMENT ON POLICY p ON t IS 'x';
CREATE POLICY q ON t USING (i > 0);
"""
OLD_CLEAN = """DROP EXTENSION plpgsql;
DROP PROCEDURAL LANGUAGE plpgsql;
CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
COMMENT ON EXTENSION plpgsql IS 'PL/pgSQL procedural language';
CREATE OR REPLACE PROCEDURAL LANGUAGE plpgsql;
COMMENT ON LANGUAGE plpgsql IS 'x';
"""


def test_a_role_that_may_little(server: support.Server, tmp_path: Path) -> None:
    """Old dumps with --clean drop plpgsql, which is the superuser's; policies name roles of another server."""
    src = tmp_path / "little.sql"
    src.write_text(OLD_CLEAN + LITTLE, encoding="utf-8")
    server.query("CREATE ROLE little LOGIN CREATEDB PASSWORD 'little'")
    try:
        login = {**server.login_socket, "login_user": "little", "login_password": "little"}
        options = {"engine": "postgresql", **login, "src": str(src), "target": "shop", "no_owner": True}
        result = run_module("db_restore", options, path_prefix=server.tool_path)
        assert not result.get("failed"), result
        assert result["adaptations"]["policies and user mappings of roles that are not there"] == 2
        assert server.query("SELECT i, j FROM t", database="shop") == [(1, 2)]
        assert server.query("SELECT polname FROM pg_policy", database="shop") == [("q",)]
    finally:
        server.drop_database("shop")
        server.query("DROP ROLE little")


def test_roles_that_exist_are_given_nothing(server: support.Server, tmp_path: Path) -> None:
    """With the globals too: only what the file makes becomes a member."""
    src = tmp_path / "globals.sql"
    text = "CREATE ROLE kept_new;\nGRANT pg_monitor TO kept_weak;\nGRANT pg_monitor TO kept_new, kept_weak;\n"
    src.write_text(f"{text}CREATE TABLE t (i integer);\n", encoding="utf-8")
    server.query("CREATE ROLE kept_weak")
    try:
        result = restored(server, src, target="shop", globals=True)
        found = "SELECT member::regrole::text FROM pg_auth_members WHERE roleid = 'pg_monitor'::regrole"
        assert server.query(found) == [("kept_new",)]
        assert result["adaptations"] == {"changes of roles and accounts that exist": 2}
    finally:
        server.query("DROP ROLE IF EXISTS kept_new")
        server.query("DROP ROLE kept_weak")
