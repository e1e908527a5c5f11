# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What is dropped, changed and refused in SQL that others dumped: a row a rule. The documentation prints this table."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Rule:
    """``action``: dropped, changed, kept (out of order, or in spite of something) or refused. ``name`` is what results
    and errors say, ``about`` the statements that are meant and why, ``hint`` what to do about a refusal."""

    action: str
    name: str
    about: str
    hint: str = ""


CREATE_DATABASE = Rule(
    "dropped", "CREATE DATABASE", "the task makes the database, with the same encoding and collation"
)
DROP_DATABASE = Rule("dropped", "DROP DATABASE", "what is in the target is replaced only once all is loaded")
SWITCH = Rule("dropped", "USE, \\connect", "tells which database follows; the connection stays with the target")
SAFETY_LINE = Rule("dropped", "\\restrict, sandbox mode", "lines for the client that would read the dump")
OTHER_DATABASE = Rule("dropped", "statements of other databases", "only the database asked for is taken")
SYSTEM_DATABASE = Rule(
    "dropped", "statements of system databases", "mysql, sys ...; postgres and templates unless asked for"
)
GLOBALS = Rule("dropped", "roles, accounts and their grants", "taken with globals: true only")
EXISTING_ROLE = Rule("dropped", "changes of roles and accounts that exist", "nothing that exists is changed")
DROP_ROLE = Rule("dropped", "DROP of roles and accounts", "others may need them")
QUOTED_ROLE = Rule("changed", "names of roles quoted", "admin@vya.digital is written as a quoted name")
UNKNOWN_SETTING = Rule("dropped", "settings that the server does not know", "SET of a newer or another server")
MAINTENANCE = Rule(
    "dropped",
    "maintenance and display",
    "VACUUM, CHECK TABLE, SHOW, EXPLAIN, NOTIFY, FLUSH ...: without effect on what is loaded",
)
CLIENT_LINE = Rule("dropped", "harmless client commands", "\\echo, \\timing, \\pset, \\set ...")
INCOMPLETE = Rule("kept", "incomplete stream accepted", "allow_incomplete: true")
FORGIVEN = Rule("dropped", "DROP of what is not there", "the new database is empty")

SEVERAL = Rule(
    "refused", "several databases", "the stream holds content of several", "Choose one with source_database."
)
NOT_IN_STREAM = Rule("refused", "database not in the stream", "source_database names one that the stream lacks")
EMPTY = Rule("refused", "nothing to restore", "neither content nor the header of a dump tool")
NO_TRAILER = Rule(
    "refused",
    "no trailer",
    "a dump tool's header without its last line, or the end inside a transaction",
    "The dump was cut off; use another one, or allow_incomplete to take what is there.",
)
UNKNOWN = Rule(
    "refused", "unknown statement", "every kind of statement that no other row knows", "Take it out of the dump."
)
CLIENT_COMMAND = Rule(
    "refused",
    "client command",
    "\\! \\copy \\i \\o \\g \\gexec, backticks, source, system, tee: they run programs, touch files; psql variables",
    "Take it out of the dump.",
)
SERVER_FILE = Rule(
    "refused",
    "file or program of the server",
    "COPY from a file or PROGRAM, LOAD DATA, INTO OUTFILE, LOAD_FILE, lo_import, libraries, LANGUAGE internal",
    "Take it out of the dump.",
)
SERVER_CHANGE = Rule(
    "refused",
    "change of the whole server",
    "SET GLOBAL, SET PERSIST, ALTER SYSTEM, INSTALL, KILL, SHUTDOWN, RESET ...",
    "Take it out of the dump; run it by hand if it is wanted.",
)
OTHER_WRITE = Rule(
    "refused",
    "write into another database",
    "INSERT, CREATE, DROP, ALTER ... of an object that is qualified with another database",
    "Restore that database by itself with source_database, or take the statement out.",
)
OTHER_FLAVOUR = Rule(
    "refused",
    "not known to this server",
    "sequences and packages of MariaDB into MySQL, character sets and collations without an equal",
    "Restore into a server that knows it.",
)
HIDDEN = Rule(
    "refused", "statement in a string", "PREPARE, EXECUTE: what they run cannot be judged", "Take it out of the dump."
)
TOO_MANY = Rule("refused", "settings without end", "more than 10000 settings before any content", "Take them out.")

SHARED = (
    *(CREATE_DATABASE, DROP_DATABASE, SWITCH, SAFETY_LINE, OTHER_DATABASE, SYSTEM_DATABASE, GLOBALS, EXISTING_ROLE),
    *(DROP_ROLE, QUOTED_ROLE, UNKNOWN_SETTING, MAINTENANCE, CLIENT_LINE, FORGIVEN, INCOMPLETE, SEVERAL, NOT_IN_STREAM),
    *(EMPTY, NO_TRAILER, UNKNOWN, CLIENT_COMMAND, SERVER_FILE, SERVER_CHANGE, OTHER_WRITE, OTHER_FLAVOUR, HIDDEN),
    TOO_MANY,
)

# PostgreSQL
PG_SESSION = Rule("dropped", "settings of other connections", "\\connect begins a new session")
PG_RESET = Rule("changed", "\\connect back into the database", "another session begins, as in psql")
PG_OWNER = Rule("dropped", "owners and privileges", "no_owner: true")
PG_DATABASE = Rule(
    "changed", "statements about the database itself", "ALTER DATABASE .. SET, OWNER, COMMENT, GRANT: name it anew"
)
PG_PLACING = Rule(
    "dropped", "ALTER DATABASE of the server's own", "tablespace, connection limit, template flag, rename"
)
PG_LOCALE = Rule(
    "changed",
    "locale that is not there",
    "the server's own is taken, as createdb does; text may be sorted otherwise: install the locale where that matters",
)
PG_ENCODING = Rule("changed", "\\encoding", "becomes SET client_encoding")
PG_EXISTS = Rule("dropped", "CREATE, DROP of what every database has", "schema public, plpgsql")
PG_EXTENSION_COMMENT = Rule(
    "dropped", "comments on extensions of others", "on languages too: only their owner may set them"
)
PG_ABSENT = Rule(
    "dropped",
    "policies and user mappings of roles that are not there",
    "no_owner: true; a table with row security and no policy shows its rows to its owner only",
)
PG_TABLESPACE = Rule("dropped", "tablespaces that are not there", "the default one is taken")
PG_STATISTICS = Rule("dropped", "statistics of PostgreSQL 18", "older servers cannot take them over; ANALYZE")
PG_MAINTAIN = Rule("changed", "GRANT without MAINTAIN", "a privilege of PostgreSQL 17 and newer")
PG_MEMBERSHIP = Rule(
    "changed", "role memberships without INHERIT TRUE", "written so since PostgreSQL 16; always so before"
)
PG_MEMBERSHIP_LESS = Rule("dropped", "role memberships with INHERIT FALSE, SET FALSE", "before 16 they would give more")
PG_CATALOG = Rule(
    "refused",
    "write into the system catalog",
    "INSERT, UPDATE, DELETE, COPY, TRUNCATE, LOCK, ALTER, DROP of pg_catalog, by views too; allow_system_table_mods",
    "Take it out.",
)
PG_SUBSCRIPTION = Rule(
    "refused",
    "subscription that connects",
    "CREATE SUBSCRIPTION without connect = false, ALTER SUBSCRIPTION .. ENABLE, CONNECTION, REFRESH ...",
    "Add WITH (connect = false), and enable it by hand.",
)
PG_STRINGS = Rule(
    "refused",
    "strings with two readings",
    "standard_conforming_strings = off where statements are put in another order; names with Unicode escapes (U&)",
    "Dump again with standard_conforming_strings = on, or take it out.",
)
PG_REMOTE = Rule(
    "refused",
    "write into another server",
    "rows for foreign tables, as pg_dump --include-foreign-data writes them; views on such tables, partitions of them",
    "Dump without --include-foreign-data: the rows are where they were. Or take them out of the dump.",
)
PG_BODY = Rule(
    "refused",
    "statements that look like a body",
    "semicolons outside of BEGIN ATOMIC .. END, where the server would see several statements",
    "Take it out of the dump.",
)
POSTGRESQL = (
    *(PG_SESSION, PG_RESET, PG_OWNER, PG_DATABASE, PG_PLACING, PG_LOCALE, PG_ENCODING, PG_EXISTS, PG_EXTENSION_COMMENT),
    *(PG_ABSENT, PG_TABLESPACE, PG_STATISTICS, PG_MAINTAIN, PG_MEMBERSHIP, PG_MEMBERSHIP_LESS, PG_CATALOG),
    *(PG_SUBSCRIPTION, PG_STRINGS, PG_REMOTE, PG_BODY),
)

# MySQL and MariaDB
MY_QUALIFIER = Rule(
    "changed", "qualifiers of the old database left out", "in definitions and heads of statements, never in data"
)
MY_LEFT = Rule(
    "kept",
    "qualifiers of the old database that stay",
    "in bodies: in strings that PREPARE may run, and where nothing tells an object from a column. Look at them",
)
MY_LOCK = Rule(
    "dropped", "LOCK TABLES", "nobody else uses the new database; under such locks MariaDB finds no sequence"
)
MY_ALTER_DATABASE = Rule(
    "changed", "ALTER DATABASE without a name", "the character set for what follows, of the new database"
)
MY_REPLICATION = Rule(
    "dropped", "replication and binary log", "CHANGE MASTER, START SLAVE, GTID_PURGED, SQL_LOG_BIN ..."
)
MY_LOGGING = Rule(
    "dropped", "server settings around system tables", "INNODB_STATS_AUTO_RECALC, LOG_OUTPUT of --all-databases"
)
MY_SQL_MODE = Rule("changed", "sql_mode without unknown modes", "NO_AUTO_CREATE_USER ...")
MY_COLLATION = Rule("changed", "collations of the other family", "0900 to uca1400 or unicode_520, and back")
MY_DEFINER = Rule("changed", "definers that are not there", "CURRENT_USER takes their place")
MY_VERSIONED = Rule(
    "dropped", "comments for other versions", "/*!99999 .. */, /*M! .. */: what this server would skip is not judged"
)
MY_UNCLEAR = Rule(
    "refused",
    "comment that servers read differently",
    "versions in /*! .. */ of other than 5 or 6 digits, one within another, quotes in optimizer hints",
    "Take the comment out of the dump.",
)
MY_RUN_ON = Rule(
    "refused",
    "words that the server separates elsewhere",
    "a number that runs into a word (1e1JOIN); a byte outside of quotes that is a space in the client's character set",
    "Put a space there, or convert the file to UTF-8.",
)
MY_REMOTE = Rule(
    "refused",
    "table on another server",
    "ENGINE=FEDERATED, SPIDER, S3, SPHINX ..., or default_storage_engine set to one: rows would be written there",
    "Take the table out of the dump, or give it another engine.",
)
MY_OWN = Rule(
    "refused",
    "table of a swap",
    "backupdb_journal, backupdb_swapped, backupdb_undoing, backupdb_settled: by these a restore tells how far it is",
    "Take it out of the dump.",
)
MY_EVENT = Rule("changed", "events created disabled", "to be enabled after the swap")
MY_IF_NOT_EXISTS = Rule("changed", "accounts created IF NOT EXISTS", "an account that exists stays as it is")
MY_GRANT = Rule("changed", "grants for the target's name", "ON old.* becomes ON target.*")
MY_GRANT_PASSWORD = Rule("changed", "grants without passwords", "GRANT .. IDENTIFIED BY would change an account")
MYSQL = (
    *(
        MY_QUALIFIER,
        MY_LEFT,
        MY_LOCK,
        MY_ALTER_DATABASE,
        MY_REPLICATION,
        MY_LOGGING,
        MY_SQL_MODE,
        MY_COLLATION,
        MY_DEFINER,
        MY_VERSIONED,
        MY_UNCLEAR,
        MY_RUN_ON,
        MY_REMOTE,
        MY_OWN,
        MY_EVENT,
    ),
    *(MY_IF_NOT_EXISTS, MY_GRANT, MY_GRANT_PASSWORD),
)

__all__ = ("MYSQL", "POSTGRESQL", "SHARED", "Rule")
