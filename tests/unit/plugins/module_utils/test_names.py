# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names on disk: any name makes one path component, and comes back as it was."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _names as names
from hypothesis import example, given
from hypothesis import strategies as st

HOSTILE = [
    "; rm -rf x",
    "$(x)",
    "-rf",
    "../../x",
    "..",
    ".",
    ".hidden",
    "a/b",
    "line\nbreak",
    "quo'te\"s",
    "`tick`",
    "😀",
    "100%",
    "%2E%2E",
    "~",
    "~root",
    "a b",
    "\udce9",
    "é",
    "ê",
    "@global",
    "%40globals",
]
# No NUL: no server allows it in a name.
ANY = st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), min_size=1, max_size=63)


@given(ANY)
@example("\udce9 not UTF-8")
def test_a_name_comes_back(name: str) -> None:
    encoded = names.encode(name)
    assert encoded.isascii()
    assert not set(encoded) & set("/\0\n\\ *?[]$`'\"~") or "~" in encoded
    assert not encoded.startswith((".", "-rf/"))
    assert encoded not in ("", ".", "..")
    assert len(encoded) <= 200
    if "~" not in encoded:
        assert names.decode(encoded) == name


@given(ANY, ANY)
def test_two_names_have_two_places(one: str, other: str) -> None:
    assert (names.encode(one) == names.encode(other)) == (one == other)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_make_one_folder_each(tmp_path: Path, name: str) -> None:
    (tmp_path / names.encode(name)).mkdir()
    assert os.listdir(tmp_path) == [names.encode(name)]
    assert names.decode(os.listdir(tmp_path)[0]) == name


def test_long_names_are_cut_and_still_differ() -> None:
    one, other = "é" * 63, "é" * 62 + "e"
    assert len(names.encode(one)) == len(names.encode(other)) == 197
    assert names.encode(one) != names.encode(other)
    # What a cut name ends with cannot be had by a name of its own.
    assert names.encode(names.encode(one)) != names.encode(one)


def test_the_globals_have_a_place_of_their_own() -> None:
    assert names.encode(names.GLOBALS) == "@globals"
    with pytest.raises(ValueError, match="empty name"):
        names.encode("")


def test_ids_are_unique_and_sort_by_time() -> None:
    now = dt.datetime(2026, 11, 21, 23, 15, tzinfo=dt.timezone(dt.timedelta(0)))
    zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
    made = {names.new_id(now.astimezone(zone)) for _number in range(200)}
    assert len(made) > 195
    assert all(item.startswith("20261121T231500Z-") and names.is_id(item) for item in made)
    assert max(made) < names.new_id(now + dt.timedelta(seconds=1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "latest",
        "20261121T231500Z",
        "20261121T231500Z-7f3a9",
        "20261121T231500Z-7F3A9C",
        "x20261121T231500Z-7f3a9c",
        "20261121T231500Z-7f3a9c\n",
        "20261121T231500Z-7f3a9c/..",
        "../20261121T231500Z-7f3a9c",
    ],
)
def test_what_is_no_id(text: str) -> None:
    assert not names.is_id(text)


@given(ANY, st.integers(min_value=30, max_value=64))
def test_a_name_beside_fits(name: str, limit: int) -> None:
    in_bytes = names.beside(name, "scratch_0123abcd", limit)
    assert len(in_bytes.encode()) <= limit
    assert in_bytes.endswith("_scratch_0123abcd")
    assert name.startswith(in_bytes[: -len("_scratch_0123abcd")])
    in_chars = names.beside(name, "scratch_0123abcd", limit, unit="chars")
    assert len(in_chars) <= limit
    assert in_chars.endswith("_scratch_0123abcd")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536 << 10, "1.5 MiB"),
        (5 << 40, "5.0 TiB"),
        (1 << 51, "2048.0 TiB"),
    ],
)
def test_sizes_in_words(size: float, text: str) -> None:
    assert names.human_size(size) == text
    assert names.human_size(None) == "unknown"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.44, "0.4 s"), (59.94, "59.9 s"), (192, "3 min 12 s"), (7500, "2 h 05 min")]
)
def test_times_in_words(seconds: float, text: str) -> None:
    assert names.human_time(seconds) == text
