# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: definitions in the bytes of a client that does not speak UTF-8, each piece read as what it is."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_script import Definition
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_shown import COMMENT, RETURNS, Printed, pieces

HEAD = "CREATE DEFINER=`ü`@`%` "
FUNCTION = [
    (f"{HEAD}FUNCTION `ñ`(", "utf-8"),
    ("`é` ENUM('é')", "cp1252"),
    (") RETURNS enum('é') CHARSET utf8mb4\n    COMMENT 'é, ü'\n", "utf-8"),
    ("RETURN 'é'", "cp1252"),
]
TRIGGER = [(f"{HEAD}TRIGGER `т` BEFORE INSERT ON `т` FOR EACH ROW ", "utf-8"), ("SET NEW.`т` = 'т'", "cp1251")]
AS_WRITTEN = [(HEAD, "utf-8"), ("TRIGGER `т` BEFORE INSERT ON `т` FOR EACH ROW SET NEW.`т` = 'т'", "cp1251")]
EVENT = [(f"{HEAD}EVENT `日` ON SCHEDULE EVERY 1 DAY ENABLE COMMENT '日' ", "utf-8"), ("DO SET @a = '日'", "gbk")]
OF_TRIGGER: Printed = [(b"", "ü@%"), (b"", "т"), (b"", "т")]
OF_FUNCTION: Printed = [(b"", "ü@%"), (b"", "ñ"), (RETURNS, None), (COMMENT, "é, ü")]
OF_EVENT: Printed = [(b"", "ü@%"), (b"", "日"), (COMMENT, "日")]


@pytest.mark.parametrize(
    ("parts", "printed"),
    [(FUNCTION, OF_FUNCTION), (TRIGGER, OF_TRIGGER), (AS_WRITTEN, OF_TRIGGER), (EVENT, OF_EVENT)],
    ids=["function", "trigger of MySQL", "trigger of MariaDB", "event"],
)
def test_what_the_server_prints_and_what_the_client_wrote(parts: list[tuple[str, str]], printed: Printed) -> None:
    stored = b"".join(text.encode(codec) for text, codec in parts)
    codec = parts[-1][1]
    found = "".join(piece.decode("utf-8" if ours else codec) for ours, piece in pieces(stored, printed))
    assert found == "".join(text for text, _codec in parts)


def test_other_letters_are_never_taken_for_the_name() -> None:
    """A body in Latin-1 whose bytes happen to be those of the name in UTF-8 stays the client's."""
    stored = "CREATE TRIGGER `é` BEFORE INSERT ON t FOR EACH ROW SET @a = 'Ã©'".encode("cp1252")
    assert list(pieces(stored, [(b"", "é")])) == [(False, stored)]
    assert list(pieces(b"CREATE EVENT e DO SELECT 1", [(b"", "e"), (COMMENT, "")])) == [
        (False, b"CREATE EVENT e DO SELECT 1")
    ]


@pytest.mark.parametrize("charset", ["armscii8", "binary", "latin1", "utf8mb4"])
def test_a_definition_in_ascii_keeps_its_character_set(charset: str) -> None:
    assert Definition("event", "e", "CREATE EVENT e DO SELECT 1", "", charset).encoding()[0] == charset
    assert Definition("event", "e", "CREATE EVENT e DO SELECT '😀'", "", "latin1").encoding() == ("utf8mb4", "utf-8")
