# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: fingerprints of what a database is made of, by structure and by normalised expressions."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_catalog, my_portable
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_normal import constraints, normal, normal_table
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_script import Definition
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import replace_word
from ansible_collections.vya.backupdb.plugins.module_utils._engine.schema import fingerprint
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import SchemaObject
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_moved import retarget

# The status of an event is no part of its comparison: in a scratch database no event may run.
UNCOMPARED = "status of event "
# How far a counter has come is compared with the rows, by the value that comes next.
_AUTO_INCREMENT = re.compile(r"^(\).*?) AUTO_INCREMENT=[0-9]+", re.M)
# MySQL 8 repeats a column's character set before its collation only in tables that were created from its own words.
_IMPLIED = re.compile(r" CHARACTER SET \w+(?= COLLATE )")
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
    structure, portable = my_catalog.tables(connection, database, stage=stage)
    routines = my_catalog.routines(connection, database, stage=stage)
    texts = {DEFAULT_CHARSET: my_catalog.charset(connection, database, stage=stage)}
    found = [fingerprint(label, text, text) for label, text in texts.items()]
    triggers = {item.name: item for item in my_catalog.triggers(connection, database, stage=stage)}
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


def _orders(triggers: t.Iterable[my_catalog.Trigger]) -> dict[str, str]:
    """The order of triggers that wait for the same, where there are several. Who is first may change what is stored."""
    groups: dict[str, list[str]] = {}
    for item in triggers:
        groups.setdefault(f"{_ORDER}{item.timing} {item.event} on {item.table}", []).append(item.name)
    return {label: ", ".join(names) for label, names in groups.items() if len(names) > 1}


__all__ = ("UNCOMPARED", "objects")
