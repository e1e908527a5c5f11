# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications' own schemas, loaded as their authors load them: every backup restores, is the same, and nothing that is
not true is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from support.modules import run_module
from support.schemas import schemas_for


class Yard:
    """One server with a database of each application, all of them backed up in one call."""

    def __init__(self, server: support.Server, kind: str, store: Path) -> None:
        self.server = server
        self.schemas = schemas_for(kind, server.engine)
        self.params = {"engine": server.engine, **server.login, "store": str(store), "host": "yard"}
        for schema in self.schemas:
            schema.load(server, schema.name)
        self.backup = self.run("db_backup", databases=["*"])

    def run(self, module: str, **params: Any) -> dict[str, Any]:
        """A module of the collection, which must succeed."""
        result = run_module(module, {**self.params, **params}, path_prefix=self.server.tool_path)
        assert not result["failed"], (result["msg"], result.get("failures"))
        return result


@pytest.fixture(scope="module", params=list(support.KINDS))
def yard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """Each server in turn, with nothing else on it."""
    server: support.Server = request.getfixturevalue(request.param)
    server.clear()
    yield Yard(server, request.param, tmp_path_factory.mktemp("yard") / "store")
    server.clear()


def test_all_are_backed_up_without_a_warning_that_is_not_true(yard: Yard) -> None:
    backed_up = {item["database"] for item in yard.backup["backups"]}
    assert {schema.name for schema in yard.schemas} <= backed_up
    assert [text for text in yard.backup.get("warnings", ()) if not _true(text)] == []


def test_each_passes_its_drill(yard: Yard) -> None:
    drilled = yard.run("backup_drill", databases=["*"], exclude=["@globals"])
    assert {item["database"] for item in drilled["drills"]} == {schema.name for schema in yard.schemas}
    assert [item for item in drilled["drills"] if not item["passed"]] == []
    assert [text for text in drilled.get("warnings", ()) if not _true(text)] == []


def test_one_is_restored_under_another_name(yard: Yard) -> None:
    restored = yard.run("db_restore", database="roundcube", target="post")
    assert restored["verified"]["mismatches"] == []
    assert {"roundcube", "post"} <= set(yard.server.databases())


def _true(text: str) -> bool:
    """What is true of these databases, and loses nothing."""
    return any(part in text for part in TRUE)


# Some are made of MyISAM tables; and PostgreSQL prints some checks anew once it has read their text.
TRUE = ("Tables without transactions are not part of the consistent snapshot", "which means the same")
