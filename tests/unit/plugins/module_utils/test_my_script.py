# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts of definitions for MySQL and MariaDB: what was written is read, one statement at a time, or none of it."""

from __future__ import annotations

import tracemalloc

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_script
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError

ROUTINES = [
    my_script.Definition("procedure", "plain", "CREATE PROCEDURE plain() SELECT '$$\nDELIMITER ;\n'"),
    my_script.Definition(
        "function", "ž", "CREATE FUNCTION `ž`() RETURNS INT RETURN 'ž'", "ANSI", "latin2", "latin2_bin"
    ),
    my_script.Definition("event", "e", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1", time_zone="+02:00"),
]


def test_what_was_written_is_read() -> None:
    script = my_script.write(ROUTINES, "a title", "utf8mb4_bin")
    read = [item for item in my_script.read(script) if item.text.startswith("CREATE")]
    assert [item.text for item in read] == [definition.text for definition in ROUTINES]
    assert [(item.codec, item.sql_mode) for item in read] == [("utf-8", ""), ("iso8859-2", "ANSI"), ("utf-8", "")]
    assert my_script.names_in(script) == {"plain", "ž", "e"}


def test_a_script_that_is_cut_is_refused_before_its_first_statement() -> None:
    script = my_script.write(ROUTINES, "a title", "utf8mb4_bin")
    end = script.rindex(b"DELIMITER ;")
    for size in range(end + len(b"DELIMITER ;")):
        with pytest.raises(EngineError, match=r"ends too early|no script of this collection"):
            my_script.read(script[:size])


def test_statements_are_not_held_at_once() -> None:
    """A part may be as large as is read into memory at all; that it is there once must be enough."""
    text = "CREATE PROCEDURE p() SELECT '" + "x" * 10_000 + "'"
    script = my_script.write([my_script.Definition("procedure", "p", text)] * 1000, "large", "utf8mb4_bin")
    tracemalloc.start()
    try:
        assert sum(1 for item in my_script.read(script) if item.text == text) == 1000
        assert tracemalloc.get_traced_memory()[1] < len(script) / 10
    finally:
        tracemalloc.stop()
