# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile and bulky sample databases."""

from __future__ import annotations

from pathlib import Path

from .mysql_family import MysqlFamilyServer
from .postgres import PostgresServer
from .server import Server

DATA = Path(__file__).with_name("data")

# Database names that a shell, a path, an SQL string or a connection string would take for something else.
AWKWARD_NAMES = (
    "shop",
    "-rf",
    "; rm -rf $HOME; $(touch planted) `touch planted`",
    "../../x",
    'quo"te\'s and `ticks`',
    "per%cent %s %20 100%",
    "dbname=template1 host=nowhere",
    "line\nbreak",
    "@globals",
    "Ünïcödé 日本",
)
AWKWARD_NAMES_4_BYTES = ("😀 emoji",)  # PostgreSQL only: identifiers of MySQL and MariaDB end with the basic plane


def awkward_names(server: Server) -> list[str]:
    """Names for a database, each of which the server allows and a careless program mishandles."""
    names = list(AWKWARD_NAMES)
    if isinstance(server, PostgresServer):
        names += AWKWARD_NAMES_4_BYTES
    return names


def _script(server: Server, names: list[str], dbname: str) -> bytes:
    assert isinstance(server, (PostgresServer, MysqlFamilyServer))
    script = "".join((DATA / name).read_text(encoding="utf-8") for name in names)
    for mark, value in (
        ("@DB@", server.quote(dbname)),
        ("@DBTEXT@", server.literal(dbname)[1:-1]),
        ("@ADMIN@", server.quote(server.user)),
    ):
        script = script.replace(mark, value)
    return script.encode()


def load_hostile(server: Server, dbname: str, *, portable: bool = False) -> None:
    """Create the database `dbname` with everything that its engine knows and content that breaks careless programs.

    With `portable` what only this version of the server knows is left out, so that the database fits into a later version too.
    Roles and accounts that it needs are created when they are missing, and stay when the database is dropped.
    """
    if isinstance(server, PostgresServer):
        _load_postgresql(server, dbname, portable)


def _load_postgresql(server: PostgresServer, dbname: str, portable: bool) -> None:
    locale = "LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
    if not portable:
        locale = {
            15: "LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' LOCALE_PROVIDER icu ICU_LOCALE 'de-DE-u-co-phonebk'",
            18: "LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'",
        }[server.version[0]]
    server.create_database(dbname, f"TEMPLATE template0 ENCODING 'UTF8' {locale} CONNECTION LIMIT 42")
    files = ["postgresql-1.sql", "postgresql-2.sql", "postgresql-3.sql"]
    if not portable:
        files.append(f"postgresql{server.version[0]}-extra.sql")
    server.execute_script(_script(server, files, dbname), dbname)
