# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what a scratch database holds, for the comparison with the manifest."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Inspection
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import literal, query
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_counting import counted
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_extensions import extension_rows
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_schema import Schema
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_sequences import read_sequences
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Table

_STAGE = "verify"


def inspect(
    connection: t.Any, found: Schema, properties: t.Mapping[str, t.Any], *, rows: bool, content: bool
) -> Inspection:
    """``found``: the schema; ``properties``: of the manifest. Nothing of the database's owner runs."""
    return Inspection(
        tables=_tables(connection, properties, content=content) if rows else (),
        schema=found.objects,
        texts=found.texts,
        sequences=read_sequences(connection, stage=_STAGE),
        uncovered=extension_rows(connection, stage=_STAGE) if rows else (),
    )


def _tables(connection: t.Any, properties: t.Mapping[str, t.Any], *, content: bool) -> tuple[Table, ...]:
    money = properties.get("lc_monetary")
    if content and money:
        # A server that does not know this locale has read no value of the type money either.
        with contextlib.suppress(EngineError):
            query(connection, f"SET lc_monetary = {literal(money)}", stage=_STAGE)
    columns, trees = properties.get("columns", {}), properties.get("trees", ())
    return counted(connection, content=content, columns=columns, trees=trees, stage=_STAGE)


__all__ = ("inspect",)
