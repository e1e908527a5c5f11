# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: extensions and event triggers that a restore skips: told to, dropped by a version, not allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.modules import run_module
from support.postgres import PostgresServer

MADE = """CREATE EXTENSION citext; CREATE EXTENSION adminpack; CREATE TABLE rooms (id int);
INSERT INTO rooms VALUES (3);
CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION seen();
COMMENT ON EVENT TRIGGER watch IS 'x';"""


def _run(server: PostgresServer, module: str, folder: Path, **params: Any) -> dict[str, Any]:
    options = {"engine": "postgresql", **server.login, "store": str(folder / "store"), "host": "h", **params}
    return run_module(module, options, path_prefix=server.tool_path)


@pytest.fixture(name="stored")
def _stored(pg15: PostgresServer, tmp_path: Path) -> Path:
    """A store with the backup of a database with two extensions and an event trigger."""
    pg15.create_database("hotel")
    pg15.execute_script(MADE.encode(), "hotel")
    made = _run(pg15, "db_backup", tmp_path, databases=["hotel"], globals=False)
    assert not made["failed"], made["msg"]
    return tmp_path


def test_skipped_extensions(pg15: PostgresServer, pg18: PostgresServer, stored: Path) -> None:
    """By name, and by themselves where a version dropped them; not when something needs them. Event triggers where the
    account may not create them."""
    chosen = {"database": "hotel", "target": "inn", "if_exists": "replace"}
    result = _run(pg15, "db_restore", stored, **chosen, exclude_extensions=["citext"], jobs=2)
    assert not result["failed"], result["msg"]
    names = "SELECT extname FROM pg_extension ORDER BY 1"
    assert pg15.query(names, database="inn") == [("adminpack",), ("plpgsql",)]
    assert "Extensions were skipped: citext." in result["warnings"]
    result = _run(pg15, "db_restore", stored, **chosen, exclude_extensions=["citxt"])
    assert "has no extension citxt" in result["msg"]
    assert "It has these: adminpack, citext." in result["msg"]
    result = _run(pg18, "db_restore", stored, **chosen, no_owner=True)
    assert not result["failed"], result["msg"]
    assert any("PostgreSQL 18 has no adminpack any more" in text for text in result["warnings"])
    assert pg18.query(names, database="inn") == [("citext",), ("plpgsql",)]
    pg15.query("CREATE ROLE porter LOGIN CREATEDB PASSWORD 'front desk'")
    porter = {"login_user": "porter", "login_password": "front desk", "no_owner": True, "target": "inn2"}
    result = _run(pg15, "db_restore", stored, database="hotel", exclude_extensions=["adminpack"], **porter)
    assert not result["failed"], result["msg"]
    assert any("1 event triggers were skipped" in text and "watch" in text for text in result["warnings"])
    drilled = _run(pg15, "backup_drill", stored, databases=["hotel"], exclude_extensions=["citext", "adminpack"])
    assert not drilled["failed"], drilled["msg"]
    archive = next(stored.rglob("database.dump*"))
    result = run_module(
        "db_restore",
        {"engine": "postgresql", **pg18.login, "src": str(archive), "target": "inn3", "no_owner": True},
        path_prefix=pg18.tool_path,
    )
    assert not result["failed"], result["msg"]
    pg15.query("ALTER TABLE rooms ADD COLUMN name citext", database="hotel")
    assert not _run(pg15, "db_backup", stored, databases=["hotel"], globals=False)["failed"]
    result = _run(pg15, "db_restore", stored, database="hotel", target="inn4", exclude_extensions=["citext"])
    assert "these need it: TABLE public.rooms" in result["msg"], result["msg"]
