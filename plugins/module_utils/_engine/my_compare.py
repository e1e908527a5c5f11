# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: fingerprints of what a database is made of, by structure and by normalised expressions."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_portable
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_normal import constraints, normal, normal_table
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_script import Definition
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import literal, replace_word
from ansible_collections.vya.backupdb.plugins.module_utils._engine.schema import fingerprint
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import SchemaObject
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_moved import retarget

# The status of an event is no part of its comparison: in a scratch database no event may run.
UNCOMPARED = "status of event "
# How far a counter has come is compared with the rows, by the value that comes next.
_AUTO_INCREMENT = re.compile(r"^(\).*?) AUTO_INCREMENT=[0-9]+", re.M)
# MySQL 8 repeats a column's character set before its collation only in tables that were created from its own words.
_IMPLIED = re.compile(r" CHARACTER SET \w+(?= COLLATE )")
_DISPLAY_WIDTH = re.compile(r"\b(tinyint|smallint|mediumint|int|bigint|year)\([0-9]+\)")
# What a database gives to the tables that name none.
DEFAULT_CHARSET = "default character set"
_ORDER = "order of triggers "
# A password of another server.
_CONNECTION = re.compile(r"(?i)\bCONNECTION='(?:[^'\\]|\\.|'')*'")


def objects(
    connection: t.Any,
    database: str,
    definitions: t.Sequence[Definition],
    names: set[str],
    *,
    folds: bool,
    stage: str,
) -> tuple[tuple[SchemaObject, ...], dict[str, str]]:
    """Fingerprints that do not depend on the database's name, and the texts for people, by the objects' names."""
    structure, portable = _tables(connection, database, stage)
    routines = my_portable.routines(connection, database, stage=stage)
    texts = _of_database(connection, database, stage)
    found = [fingerprint(label, text, text) for label, text in texts.items()]
    triggers = {item.name: item for item in my_portable.triggers(connection, database, stage=stage)}
    orders = _orders(triggers.values())
    found += [fingerprint(label, text, text) for label, text in orders.items()]
    texts.update(orders)
    for item in definitions:
        text = retarget(item.text, database, None, names, sql_mode=item.sql_mode, fold=folds)
        label = f"{item.kind} {item.name}"
        # Code is kept as it was written; tables, sequences and views are printed from what the server made of them.
        expressions, exact = text, ""
        same = my_portable.attributes(item)
        if item.kind == "event":
            found.append(fingerprint(UNCOMPARED + item.name, text))
            text = expressions = replace_word(text, {"ENABLE": "DISABLE"}, before="DO", sql_mode=item.sql_mode)
        elif item.kind == "table":
            text = _IMPLIED.sub("", _AUTO_INCREMENT.sub(r"\1", text))
            expressions, exact = normal_table(text), structure.get(item.name, "")
            # They name other tables, whose case a server may fold; on the same one the expressions have it as it is.
            keys = sorted(key.lower() for key in constraints(text))
            same = "\n".join((portable.get(item.name, ""), same, *keys))
        elif item.kind in ("view", "sequence"):
            expressions = normal(text, item.sql_mode)
        elif item.kind == "trigger":
            trigger = triggers.get(item.name)
            same += f"\n{item.table} {trigger and (trigger.timing, trigger.event)}"
        else:
            same += f"\n{routines.get((item.kind, item.name))}"
        session = "\n".join((item.sql_mode, item.charset, item.collation, item.time_zone))
        found.append(fingerprint(label, f"{exact}\n{session}", same, expressions=expressions, printed=text))
        texts[label] = _CONNECTION.sub("CONNECTION='...'", text)
    return tuple(sorted(found, key=lambda entry: entry.name)), texts


def _of_database(connection: t.Any, database: str, stage: str) -> dict[str, str]:
    """What the database itself has, by the name of the object that it is compared as."""
    sql = (
        "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata"
        f" WHERE schema_name = {literal(database)}"
    )
    rows = execute(connection, sql, stage=stage)
    return {DEFAULT_CHARSET: " ".join(my_portable.renamed(_text(word)) for row in rows for word in row)}


def _orders(triggers: t.Iterable[my_portable.Trigger]) -> dict[str, str]:
    """The order of triggers that wait for the same, where there are several. Who is first may change what is stored."""
    groups: dict[str, list[str]] = {}
    for item in triggers:
        groups.setdefault(f"{_ORDER}{item.timing} {item.event} on {item.table}", []).append(item.name)
    return {label: ", ".join(names) for label, names in groups.items() if len(names) > 1}


def _tables(connection: t.Any, database: str, stage: str) -> tuple[dict[str, str], dict[str, str]]:
    """What information_schema has of each table: all of it, and what every version has alike. Nothing is asked that
    would open a table of another server."""
    schema = literal(database)
    whole: dict[str, list[str]] = {}
    alike: dict[str, list[str]] = {}
    sql = (
        "SELECT table_name, engine, table_collation, table_comment FROM information_schema.tables"
        f" WHERE table_schema = {schema} AND table_type <> 'VIEW'"
    )
    for table, engine, collation, comment in execute(connection, sql, stage=stage):
        whole.setdefault(table, []).append(f"{engine} {_collation(collation)} {_text(comment)}")
        alike.setdefault(table, []).append(f"{engine} {_text(comment)}")
    rows = execute(
        connection,
        "SELECT table_name, column_name, column_type, is_nullable, column_comment, collation_name, extra"
        f" FROM information_schema.columns WHERE table_schema = {schema} ORDER BY table_name, ordinal_position",
        stage=stage,
    )
    for table, name, kind, nullable, comment, collation, extra in rows:
        words = [name, _DISPLAY_WIDTH.sub(r"\1", _text(kind)), nullable, _text(comment), _collation(collation)]
        alike.setdefault(table, []).append(" ".join(_text(word) for word in words))
        whole.setdefault(table, []).append(" ".join(_text(word) for word in (*words, kind, extra)))
    rows = execute(
        connection,
        "SELECT table_name, index_name, non_unique, seq_in_index, column_name, sub_part"
        f" FROM information_schema.statistics WHERE table_schema = {schema} ORDER BY 1, 2, 4",
        stage=stage,
    )
    for table, *rest in rows:
        # Their order and type are in the definition's text; to ask for them here would open the table.
        line = "index " + " ".join(_text(word) for word in rest)
        alike.setdefault(table, []).append(line)
        whole.setdefault(table, []).append(line)
    return {name: "\n".join(lines) for name, lines in whole.items()}, {
        name: "\n".join(lines) for name, lines in alike.items()
    }


def _collation(name: t.Any) -> str:
    return my_portable.renamed(_text(name))


def _text(value: t.Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


__all__ = ("UNCOMPARED", "objects")
