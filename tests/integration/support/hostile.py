# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile and bulky sample databases."""

from __future__ import annotations

import re
from pathlib import Path

from .mysql_family import MysqlFamilyServer
from .postgres import PostgresServer
from .server import Server

DATA = Path(__file__).with_name("data")

# Database names that a shell, a path, an SQL string, an option or a connection string would take for something else.
# A command that comes out of one leaves a file `planted` in the working folder.
AWKWARD_NAMES = (
    "-rf",
    "--help",
    "; touch planted",
    "$(touch planted) `touch planted`",
    "../../x",
    "..",
    "line\n\\! touch planted\r\nbreak",
    "quo\"te's and `ticks`",
    "back\\slash\\",
    "per%cent %2e%2e/ %s 100%",
    "dbname=template1 host=nowhere",
    "sh*p [ab]? ~ #",
    "Ünïcödé 日本",
)
# Identifiers of MySQL and MariaDB end with the basic plane, and neither with a space nor, in old versions, with a dot.
AWKWARD_NAMES_POSTGRESQL = ("😀 \u202e emoji", "trailing space ", "trailing dot.", "é" * 31 + "x")
# A name may have 64 characters, but its folder not more than 255 bytes, of which some characters take five.
AWKWARD_NAMES_MYSQL = ("l" * 64, "日本" * 25)


def awkward_names(server: Server) -> list[str]:
    """Names for a database, each of which the server allows and a careless program mishandles."""
    return [*AWKWARD_NAMES, *(AWKWARD_NAMES_POSTGRESQL if isinstance(server, PostgresServer) else AWKWARD_NAMES_MYSQL)]


def _identifiers(server: PostgresServer | MysqlFamilyServer, dbname: str) -> dict[str, str]:
    """What stands for the database's name in the scripts, in each way to write it."""
    quoted = server.quote(dbname)
    marks = {"@DB@": quoted, "@DBTEXT@": server.literal(dbname)[1:-1], "@ADMIN@": server.quote(server.user)}
    if isinstance(server, MysqlFamilyServer):
        ansi = '"' + dbname.replace('"', '""') + '"'
        marks["@DBANSI@"] = ansi
        marks["@DBBARE@"] = dbname if re.fullmatch("[a-z][a-z0-9_]*", dbname) else quoted
        # In a grant on all tables of a database its name is a pattern.
        marks["@DBPATTERN@"] = re.sub(r"([_%\\])", r"\\\1", quoted)
        # Where the client says that it speaks latin1, a name beyond that is left out: the current database is meant.
        ascii_only = dbname.isascii()
        marks["@DBLATIN1@."] = f"{quoted}." if ascii_only else ""
        marks["@DBANSILATIN1@."] = f"{ansi}." if ascii_only else ""
    return marks


def _script(server: Server, names: list[str], dbname: str) -> bytes:
    assert isinstance(server, (PostgresServer, MysqlFamilyServer))
    script = "".join((DATA / name).read_text(encoding="utf-8") for name in names)
    for mark, value in _identifiers(server, dbname).items():
        script = script.replace(mark, value)
    return script.encode().replace(b"@E9@", b"\xe9")


def load_hostile(server: Server, dbname: str, *, portable: bool = False) -> None:
    """Create the database `dbname` with everything that its engine knows and content that breaks careless programs.

    With `portable` what only this version of the server knows is left out: a later one can take the database.
    Roles and accounts that it needs are created when they are missing, and stay when the database is dropped.
    """
    if isinstance(server, PostgresServer):
        _load_postgresql(server, dbname, portable)
    else:
        assert isinstance(server, MysqlFamilyServer)
        _load_mysql(server, dbname, portable)


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


def _load_mysql(server: MysqlFamilyServer, dbname: str, portable: bool) -> None:
    server.create_database(dbname, "CHARACTER SET latin1 COLLATE latin1_general_cs")
    files = ["mysql-1.sql", "mysql-2.sql"]
    if not portable:
        files.insert(1, "mariadb-extra.sql" if server.flavour == "mariadb" else "mysql9-extra.sql")
    server.execute_script(_script(server, files, dbname), dbname)
