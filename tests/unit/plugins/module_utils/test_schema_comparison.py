# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which differences of two schemas count, and what is said of them."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine.schema import (
    compare,
    differences,
    fingerprint,
    merged,
    read_section,
    section_of,
    told_apart,
)
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._run.comparison import check_sections
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import PART, changed

CHECK = fingerprint("check a", "", "of t", expressions="a>0", printed="(a > 0)")
REPRINTED = fingerprint("check a", "", "of t", expressions="a>0", printed="((a) > 0)")
OTHER = fingerprint("check a", "", "of t", expressions="a>1", printed="(a > 1)")
MOVED = fingerprint("check a", "", "of u", expressions="a>0", printed="((a) > 0)")
NATIVE = fingerprint("check a", "version", "of t", expressions="a>0", printed="(a > 0)")
BOUND = fingerprint("key b", "", None)


@pytest.mark.parametrize(
    ("before", "after", "portable", "told"),
    [
        ([CHECK], [CHECK], False, ([], [], [])),
        ([CHECK], [], False, (["check a is missing"], [], [])),
        ([], [CHECK], True, (["check a is new"], [], [])),
        ([CHECK], [REPRINTED], False, ([], [], ["check a"])),
        ([CHECK], [REPRINTED], True, ([], [], ["check a"])),
        ([CHECK], [OTHER], False, ([], ["check a"], [])),
        ([CHECK], [OTHER], True, ([], ["check a"], [])),
        ([CHECK], [MOVED], False, (["check a differs"], [], [])),
        ([CHECK], [MOVED], True, (["check a differs"], [], [])),
        ([CHECK], [NATIVE], False, (["check a differs"], [], [])),
        ([CHECK], [NATIVE], True, ([], [], [])),
        ([CHECK], [fingerprint("check a", "", "of t")], True, (["check a differs"], [], [])),
        ([BOUND], [], False, (["key b is missing"], [], [])),
        ([BOUND], [], True, ([], [], [])),
        ([], [BOUND], True, ([], [], [])),
    ],
)
def test_what_counts(before: list, after: list, portable: bool, told: tuple) -> None:
    found = compare(before, after, portable=portable)
    assert (found.different, found.doubtful, found.reprinted) == told


def test_everything_counts_on_one_server() -> None:
    """Beside a dump nothing is read again, so another print is another definition."""
    assert differences([CHECK], [REPRINTED]) == ["check a differs"]
    assert differences([CHECK], [CHECK]) == []


def test_texts_come_back() -> None:
    """Any text that an engine may name or print."""
    texts = {'view "a\nb"': "SELECT 'é\t\udcff'", "x": ""}
    section = section_of(texts)
    assert (section.stem, section.section, section.trailer) == ("schema.json", "schema", b"")
    assert read_section(b"".join(section.source)) == texts  # type: ignore[arg-type]
    for damaged in (b"", b"[1]", b'{"a": 1}', b"\xff"):
        assert read_section(damaged) == {}


def test_both_texts_are_shown() -> None:
    """Only the lines that differ, and never too many."""
    assert told_apart("a\nb", "a\nc") == "in the backup: b; restored: c"
    assert told_apart(None, "a") == told_apart("a", None) == ""
    assert len(told_apart("x" * 1000, "y" * 1000)) < 320
    line = f"SELECT {', '.join(f'column_{number}' for number in range(100))} FROM"
    shown = told_apart(f"{line} one WHERE a > 1", f"{line} other WHERE a > 1")
    assert shown.endswith("column_98, column_99 FROM other WHERE a > 1") and len(shown) < 200
    assert "in the backup: ..." in shown and " FROM one WHERE a > 1; restored: ..." in shown
    shown = told_apart("x" * 1000 + "yz", "x" * 1000 + "z")
    assert "xyz;" in shown and shown.endswith("xz")
    assert told_apart(f"{line} a", line).endswith("column_99 FROM")
    assert told_apart("a\nb", "b\na") == "in the backup: the same lines; restored: the same lines"


def test_unknown_parts_are_refused() -> None:
    """What a newer version stores in a part of its own would be missing without a word."""
    known = changed(parts=(PART, dataclasses.replace(PART, name="schema.json", section="schema")))
    check_sections(known)
    with pytest.raises(ConfigError, match="made by a newer version"):
        check_sections(changed(parts=(PART, dataclasses.replace(PART, name="wal.tar", section="wal"))))
    with pytest.raises(ConfigError, match="unknown kind: database"):
        check_sections(changed(kind="globals"))


def test_two_objects_of_one_name_are_both_compared() -> None:
    """In whatever order they come."""
    one, two, other = (fingerprint("t", text, text) for text in ("1", "2", "3"))
    first, second = merged(one, two), merged(two, one)  # pylint: disable=arguments-out-of-order
    assert first == second
    for now in (merged(one, other), merged(other, two), one, two):
        for portable in (False, True):
            assert compare([merged(one, two)], [now], portable=portable).different == ["t differs"]
