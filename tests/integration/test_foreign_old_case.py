# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dump that text replacement could not restore: roles with an @, its own DROP DATABASE, words of other versions."""

from __future__ import annotations

import hashlib
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from support.dumps import restored

ROWS = 600_000
HEAD = """\
--
-- PostgreSQL database cluster dump
--

\\restrict kXyZ0123456789

SET default_transaction_read_only = off;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

CREATE ROLE "admin@vya.digital";
ALTER ROLE "admin@vya.digital" WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN PASSWORD 'not the old one';
CREATE ROLE clerk@vya.digital;

--
-- PostgreSQL database dump
--

-- Dumped from database version 18.1
-- Dumped by pg_dump version 18.1

SET statement_timeout = 0;
SET transaction_timeout = 0;
DROP DATABASE dns_db;
CREATE DATABASE dns_db WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C.UTF-8';
ALTER DATABASE dns_db OWNER TO "admin@vya.digital";

\\unrestrict kXyZ0123456789
\\connect dns_db
\\restrict kXyZ0123456789

SET statement_timeout = 0;
SET transaction_timeout = 0;
SET default_table_access_method = heap;
CREATE TABLE public.records (id bigint NOT NULL, name text, content text, note text);
ALTER TABLE public.records OWNER TO admin@vya.digital;

COPY public.records (id, name, content, note) FROM stdin;
"""
TAIL = """\
\\.

ALTER TABLE ONLY public.records ADD CONSTRAINT records_pkey PRIMARY KEY (id);
CREATE INDEX records_name ON public.records (name);
GRANT SELECT ON TABLE public.records TO clerk@vya.digital;

--
-- PostgreSQL database dump complete
--

\\unrestrict kXyZ0123456789

--
-- PostgreSQL database cluster dump complete
--
"""


def line(number: int) -> str:
    """A row that does not compress much, with words that are commands elsewhere."""
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return (
        f"{number}\thost-{digest[:12]}.dns_db.example.org\tCREATE ROLE admin@vya.digital; \\\\connect dns_db {digest}"
        f"\tUSE dns_db; DROP DATABASE dns_db; COPY FROM stdin {digest[::-1][:40]} \\\\.\n"
    )


@pytest.fixture(scope="module")
def src(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """About 120 MB of dump in a zip archive."""
    path = tmp_path_factory.mktemp("old") / "20260113_155440_postgresql_dns_db.zip"
    member = path.with_suffix(".sql").name
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(member, "w", force_zip64=True) as stream,
    ):
        stream.write(HEAD.encode())
        for first in range(0, ROWS, 10_000):
            stream.write("".join(line(number) for number in range(first, first + 10_000)).encode())
        stream.write(TAIL.encode())
    return path


@pytest.fixture
def server(postgresql: support.Server) -> Iterator[support.Server]:
    """Each PostgreSQL, with the database and one of the roles there, and somebody connected."""
    for name in postgresql.databases():
        postgresql.drop_database(name)
    postgresql.query("CREATE DATABASE dns_db")
    existing = postgresql.query("SELECT 1 FROM pg_roles WHERE rolname = 'admin@vya.digital'")
    if not existing:
        postgresql.query('CREATE ROLE "admin@vya.digital"')
    postgresql.query("ALTER ROLE \"admin@vya.digital\" LOGIN PASSWORD 'the old one'")
    postgresql.query("CREATE TABLE live (i integer)", database="dns_db")
    open_one = postgresql.connect("dns_db")
    yield postgresql
    open_one.close()
    for name in postgresql.databases():
        postgresql.drop_database(name)
    postgresql.query('DROP ROLE "clerk@vya.digital"')


def test_one_task(server: support.Server, src: Path, capsys: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    result = restored(server, src, target="dns_db_restored", globals=True)
    seconds = time.monotonic() - started
    with capsys.disabled():
        rate = f"{result['rows']} rows in {seconds:.1f} s, {result['source']['size_human']} zipped"
        print(f"\n{server.flavour}: {rate}; {result['adaptations']}")
    assert (result["tables"], result["rows"]) == (1, ROWS)
    assert result["source"]["layers"] == ["zip", "sql"]
    asked = (
        "SELECT count(*), bool_and(content LIKE 'CREATE ROLE admin@vya.digital; \\\\connect dns\\_db %'"
        " AND note LIKE 'USE dns\\_db; DROP DATABASE dns\\_db; COPY FROM stdin % \\\\.') FROM records"
    )
    assert server.query(asked, database="dns_db_restored") == [(ROWS, True)]
    owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'records'"
    assert server.query(owner, database="dns_db_restored") == [("admin@vya.digital",)]
    assert server.query(
        "SELECT has_table_privilege('clerk@vya.digital', 'records', 'SELECT')", database="dns_db_restored"
    )
    server.connect("dns_db", user="admin@vya.digital", password="the old one").close()
    assert server.query("SELECT count(*) FROM live", database="dns_db") == [(0,)]
    assert result["adaptations"]["names of roles quoted"] == 3
