# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: what archives of pg_dump tell of the database itself, and what they were made of elsewhere."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from support.dumps import dump, restore, restored

PLAIN = {"login_user": "plain", "login_password": "x"}
TOLD = """SELECT d.datacl::text, pg_get_userbyid(datdba), shobj_description(d.oid, 'pg_database'), setconfig
    FROM pg_database d LEFT JOIN pg_db_role_setting s ON d.oid = s.setdatabase AND setrole = 0
    WHERE datname = 'shop'"""
WINDOWS = "LC_COLLATE = 'English_United States.1252' LC_CTYPE = 'English_United States.1252'"


@pytest.fixture(params=["pg15", "pg18"])
def server(request: pytest.FixtureRequest) -> Iterator[support.Server]:
    """A server with the database `near` and the roles plain, who may create databases, keeper and guest."""
    found: support.Server = request.getfixturevalue(request.param)

    def clear() -> None:
        for name in found.databases():
            found.drop_database(name)
        for role in ("plain", "keeper", "guest"):
            found.query(f"DROP ROLE IF EXISTS {role}")

    clear()
    for role in ("plain LOGIN CREATEDB PASSWORD 'x'", "keeper", "guest"):
        found.query(f"CREATE ROLE {role}")
    found.create_database("near")
    found.query("CREATE TABLE o (ts timestamptz)", database="near")
    found.query("INSERT INTO o VALUES ('2026-01-01 23:30+00')", database="near")
    yield found
    clear()


def _changed(folder: Path, old: bytes, new: bytes) -> Path:
    """A directory archive with another text for `old`, of which each is the whole of, or a part of, one string."""
    toc = folder / "toc.dat"
    content = toc.read_bytes()
    at = content.index(old)
    begin = next(i for i in range(at, 0, -1) if content[i - 5] == 0 and at < i + _length(content, i) <= at + 500)
    size = _length(content, begin)
    text = content[begin : begin + size].replace(old, new)
    toc.write_bytes(content[: begin - 4] + struct.pack("<I", len(text)) + text + content[begin + size :])
    return folder


def _length(content: bytes, begin: int) -> int:
    return int(struct.unpack("<I", content[begin - 4 : begin])[0])


def test_the_database_itself(server: support.Server, tmp_path: Path) -> None:
    """Settings hold while it is loaded; owner, grants and comment come back; what cannot be is told."""
    server.query("ALTER DATABASE near SET timezone = 'Asia/Tokyo'")
    server.query("CREATE MATERIALIZED VIEW per_day AS SELECT ts::date AS day FROM o", database="near")
    server.query("ALTER DATABASE near SET default_transaction_read_only = on")
    server.query("COMMENT ON DATABASE near IS 'it''s'")
    server.query("ALTER DATABASE near OWNER TO keeper")
    server.query("GRANT CREATE ON DATABASE near TO guest")
    archive = dump(server, tmp_path / "near.dump", "-Fc", "near")
    for jobs in (1, 2):
        result = restored(server, archive, target="shop", if_exists="replace", jobs=jobs)
        assert server.query("SELECT day::text FROM per_day", database="shop") == [("2026-01-02",)]
        (grants, owner, comment, settings) = server.query(TOLD)[0]
        assert (owner, comment) == ("keeper", "it's") and "guest=C/keeper" in grants
        assert settings == ["TimeZone=Asia/Tokyo", "default_transaction_read_only=on"]
        assert result["adaptations"] == {"statements about the database itself": 5}
    server.drop_database("shop")
    server.query("REVOKE CREATE ON DATABASE near FROM guest")
    server.query("DROP ROLE guest")
    result = restored(server, archive, target="shop")
    assert [text for text in result["warnings"] if "GRANT" in text and "guest" in text]
    assert server.query(TOLD)[0][1] == "keeper"
    result = restored(server, archive, target="again", no_owner=True, **PLAIN)
    assert result["adaptations"]["owners and privileges"] == 2


def test_locales_of_other_systems(server: support.Server, tmp_path: Path) -> None:
    """The server's own takes their place; that is told."""
    made = dump(server, tmp_path / "near.sql", "--create", "near").read_text(encoding="utf-8")
    created = next(line for line in made.splitlines() if line.startswith("CREATE DATABASE"))
    locale = created[created.index("LOCALE_PROVIDER") : -1]
    src = tmp_path / "other.sql"
    for other in (
        WINDOWS,
        "LC_COLLATE = 'xx_XX.UTF-8' LC_CTYPE = 'xx_XX.UTF-8'",
        "LOCALE_PROVIDER = builtin LOCALE = 'C' BUILTIN_LOCALE = 'no'",
    ):
        src.write_text(made.replace(locale, other), encoding="utf-8")
        result = restored(server, src, target="shop", if_exists="replace")
        assert result["adaptations"]["locale that is not there"] == 1
        assert server.query("SELECT count(*) FROM o", database="shop") == [(1,)]
    src.write_text(made.replace(f"'UTF8' {locale}", f"'WIN1252' {WINDOWS}"), encoding="utf-8")
    assert restored(server, src, target="shop", if_exists="replace")["adaptations"]["locale that is not there"] == 1
    folder = tmp_path / "folder"
    dump(server, tmp_path / "unused", "-Fd", "--file={path}.d", "near")
    (tmp_path / "unused.d").rename(folder)
    _changed(folder, locale.encode(), WINDOWS.encode())
    assert restored(server, folder, target="shop", if_exists="replace")["adaptations"]["locale that is not there"] == 1
    src.write_text(made.replace("ENCODING = 'UTF8'", "ENCODING = 'UTF8' CONNECTION LIMIT = 5"), encoding="utf-8")
    assert "locale that is not there" not in restored(server, src, target="shop", if_exists="replace")["adaptations"]


def test_old_archives_by_a_role_that_may_little(server: support.Server, tmp_path: Path) -> None:
    """A comment on plpgsql, which every archive up to version 10 has."""
    server.query("CREATE EXTENSION pg_trgm", database="near")
    dump(server, tmp_path / "unused", "-Fd", "--file={path}.d", "near")
    toc = tmp_path / "unused.d" / "toc.dat"
    toc.write_bytes(toc.read_bytes().replace(b"pg_trgm", b"plpgsql"))
    for jobs in (1, 2):
        result = restore(server, toc.parent, target="shop", if_exists="replace", no_owner=True, jobs=jobs, **PLAIN)
        assert not result["failed"], result["msg"]
        assert result["adaptations"]["comments on extensions of others"] == 1
        assert server.query("SELECT count(*) FROM o", database="shop") == [(1,)]
