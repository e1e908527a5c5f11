# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL text through a reader and the rules, for the tests of the rules."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._sql import table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.base import CopyEnd
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_rules import MyRules
from ansible_collections.vya.backupdb.plugins.module_utils._sql.mysql_reader import MysqlReader
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_reader import PostgresReader
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_rules import PgRules
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Execute, Reconnect, Rules, Target, Wanted

RECONNECT = "another session"
NAMES = {name: rule.name for name, rule in vars(table).items() if isinstance(rule, table.Rule)}

PG15 = Target(
    "postgresql",
    (15, 8),
    "15.8",
    frozenset("statement_timeout lock_timeout client_encoding search_path default_tablespace row_security".split())
    | {"standard_conforming_strings", "check_function_bodies", "default_table_access_method"},
    frozenset(("postgres", "here")),
    catalog=frozenset(
        "pg_authid pg_class pg_database pg_largeobject pg_proc pg_shdescription pg_authid_oid_index".split()
    ),
)
PG18 = dataclasses.replace(PG15, version=(18, 0), version_text="18.0", settings=PG15.settings | {"transaction_timeout"})
_SETTINGS = frozenset(
    "sql_mode character_set_client character_set_results collation_connection time_zone foreign_key_checks autocommit"
    " unique_checks sql_notes sql_log_bin".split()
)
MARIADB = Target(
    "mariadb",
    (10, 11, 6),
    "10.11.6-MariaDB",
    _SETTINGS | {"innodb_stats_auto_recalc", "default_storage_engine", "storage_engine"},
    frozenset((("root", "localhost"), ("app", "%"))),
    frozenset(
        "utf8mb4_general_ci utf8mb4_bin utf8mb4_nopad_bin utf8mb4_unicode_520_ci utf8mb4_unicode_520_nopad_ci"
        " latin1_swedish_ci utf8mb3_general_ci uca1400_ai_ci uca1400_nopad_ai_ci".split()
    ),
    frozenset(
        "STRICT_TRANS_TABLES NO_AUTO_VALUE_ON_ZERO ANSI_QUOTES NO_BACKSLASH_ESCAPES NO_AUTO_CREATE_USER ORACLE".split()
    ),
)
MYSQL = Target(
    "mysql",
    (9, 0, 1),
    "9.0.1",
    _SETTINGS,
    MARIADB.accounts,
    frozenset(
        "utf8mb4_0900_ai_ci utf8mb4_0900_bin utf8mb4_general_ci utf8mb4_bin latin1_swedish_ci"
        " utf8mb3_general_ci".split()
    ),
    frozenset("STRICT_TRANS_TABLES NO_AUTO_VALUE_ON_ZERO ANSI_QUOTES NO_BACKSLASH_ESCAPES".split()),
)


def rules_for(server: Target, **wanted: t.Any) -> Rules:
    kinds: dict[str, type[Rules]] = {"postgresql": PgRules, "mysql": MyRules, "mariadb": MyRules}
    return kinds[server.flavour](server, Wanted(**{"target": "staging", "scratch": "the scratch", **wanted}))


def through(server: Target, sql: str | bytes, **wanted: t.Any) -> tuple[list[str], Rules]:
    """(what is executed, COPY's data as one text behind its statement, RECONNECT; the rules)."""
    rules = rules_for(server, **wanted)
    text = sql.encode("utf-8", "surrogateescape") if isinstance(sql, str) else sql
    reader = PostgresReader() if server.flavour == "postgresql" else MysqlReader()
    out = []
    for item in rules.apply(reader.read([text])):
        if isinstance(item, Execute):
            out.append(item.text.decode("utf-8", "surrogateescape").strip())
        elif isinstance(item, Reconnect):
            out.append(RECONNECT)
        elif isinstance(item, CopyEnd):
            out.append("\\.")
        else:
            out.append(item.chunks.decode("utf-8", "surrogateescape"))
    return out, rules


def counted(rules: Rules) -> dict[str, int]:
    """Adaptations by the name that the table of rules has for them in Python."""
    names = {text: name for name, text in NAMES.items()}
    return {names[text]: count for text, count in rules.adaptations.items()}
