# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what of a scratch database is compared with a manifest."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import pg_judge, pg_schema, pg_template
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import SchemaObject


class Compared:
    """One scratch database, and how to connect to it. ``warnings`` are about what it has from its template."""

    def __init__(self, connect: t.Callable[[], t.Any]) -> None:
        self._connect = connect
        self.warnings: list[str] = []
        self._kept: frozenset[str] = frozenset()
        self._found = pg_schema.Schema((), {}, {})

    def drop_absent(self, absent: t.Sequence[str]) -> None:
        """Drop what every new database has, and the source has not."""
        if absent:
            with contextlib.closing(self._connect()) as connection:
                kept, told = pg_template.drop(connection, absent, stage="create")
            self._kept = pg_template.names(*kept)
            self.warnings += told

    def read(self, connection: t.Any) -> pg_schema.Schema:
        """The schema as it was restored."""
        self._found = pg_schema.read_schema(connection, stage="verify")
        return self._found

    def chosen(self, objects: t.Iterable[SchemaObject], *, owners: bool, tablespaces: bool) -> list[SchemaObject]:
        """Those that the restore must bring back, with or without who owns what and where it lies."""
        left_out = (*(() if owners else pg_schema.OWNERSHIP), *(() if tablespaces else (pg_schema.TABLESPACE,)))
        return [item for item in objects if not (item.name.startswith(left_out) or item.name in self._kept)]

    def same_meaning(self, texts: t.Mapping[str, str]) -> dict[str, bool]:
        """Whether the texts of a backup mean what was restored."""
        found = self._found
        questions = {
            name: pg_judge.Question(found.contexts[name], text, found.texts[name])
            for name, text in texts.items()
            if text and name in found.contexts
        }
        if not questions:
            return {}
        with contextlib.closing(self._connect()) as connection:
            return pg_judge.judged(connection, questions, stage="verify")


__all__ = ("Compared",)
