# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows counted in archives as they pass. tests/integration/test_rows_pg.py has archives of real servers; these are of
versions that no server at hand writes, cut where no real pipe cuts them, and damaged."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_archive import ArchiveRows, Counted
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_rows import Content, Rows
from hypothesis import given
from hypothesis import strategies as st

VERSIONS = [(1, 14), (1, 15), (1, 16)]
END = b"\\.\n\n\n"
COPY = b"COPY public.t (a) FROM stdin;\n"


def number(value: int) -> bytes:
    return struct.pack("<BI", value < 0, abs(value))


def text(value: bytes | None) -> bytes:
    return number(-1) if value is None else number(len(value)) + value


def entry(
    version: tuple[int, int], dump_id: int, oid: int, kind: bytes, *, copy: bytes | None = None, defn: bytes = b""
) -> bytes:
    return b"".join([
        number(dump_id), number(1), text(b"0"), text(b"%d" % oid), text(b"numbers"), text(kind), number(3), text(defn),
        text(None), text(copy), text(b"public"), text(None), text(None), number(0) if version >= (1, 16) else b"",
        text(b"owner"), text(b"false"), text(b"7"), text(None), b"\1" + bytes(8),
    ])  # fmt: skip


def block(dump_id: int, pieces: Sequence[bytes]) -> bytes:
    return b"\1" + number(dump_id) + b"".join(number(len(piece)) + piece for piece in pieces) + number(0)


def archive(
    version: tuple[int, int] = (1, 16),
    *,
    rows: Sequence[bytes] = (b"1\n", b"2\n"),
    copy: bytes | None = COPY,
    end: bytes = END,
    compression: int = 0,
) -> bytes:
    """One table of the oid 16384, two large objects and a sequence."""
    head = b"PGDMP" + bytes([*version, 0, 4, 8, 1])
    head += bytes([compression]) if version >= (1, 15) else number(compression)
    head += b"".join(number(value) for value in (1, 2, 3, 4, 5, 126, 0)) + text(b"shop") + text(b"17") + text(b"17")
    entries = [
        entry(version, 1, 0, b"ENCODING", defn=b"SET client_encoding = 'UTF8';\n"),
        entry(version, 2, 16384, b"TABLE DATA", copy=copy),
        entry(version, 3, 0, b"BLOBS"),
        entry(version, 4, 0, b"SEQUENCE SET", defn=b"SELECT pg_catalog.setval('public.numbers', -42, true);\n"),
    ]
    large = b"\3" + number(3) + b"".join(number(oid) + number(3) + b"a\nb" + number(0) for oid in (20, 21)) + number(0)
    return head + number(len(entries)) + b"".join(entries) + block(2, [*rows, end]) + large


def looked(data: bytes, sizes: Sequence[int] = (), *, content: bool = False) -> ArchiveRows:
    """The archive in pieces of these sizes, in turn, and the rest at once."""
    found, position = ArchiveRows(content=content), 0
    for size in sizes:
        assert found.update(data[position : position + size]) == data[position : position + size]
        position += size
    found.update(data[position:])
    assert found.finish() == b""
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_rows_are_counted(version: tuple[int, int], step: int) -> None:
    data = archive(version)
    found = looked(data, [step] * (len(data) // step))
    assert (found.problem, found.encoding, found.large_objects.count) == ("", "UTF8", 2)
    assert found.tables == {16384: Counted(2)}
    assert found.sequences == {(b"public", b"numbers"): (-42, True)}


@pytest.mark.parametrize("size", [10, 0x0A01, 0x0A0A, 0x0A0A0A])
def test_lengths_that_look_like_line_feeds(size: int) -> None:
    """Lines are counted where they lie, between lengths whose bytes may be those of a line feed."""
    data = archive(rows=[b"x" * (size - 1) + b"\n"] * 3)
    for sizes in ([], [100] * 60, [70_000] * 30):
        assert looked(data, sizes).tables == {16384: Counted(3)}


@given(st.lists(st.binary(max_size=9).map(lambda row: row.replace(b"\n", b"n").replace(b"\\", b"/"))), st.data())
def test_pieces_may_be_cut_anywhere(lines: list[bytes], data: st.DataObject) -> None:
    """Later servers cut pieces without regard to rows; the order of rows does not matter, their number does."""
    stream = b"".join(line + b"\n" for line in lines) + END
    cuts = sorted(data.draw(st.lists(st.integers(1, len(stream) - 1), unique=True, max_size=8)))
    pieces = [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    sizes = data.draw(st.lists(st.integers(1, 300), max_size=20))
    found = looked(archive(rows=pieces[:-1], end=pieces[-1]), sizes, content=True)
    rows = Content()
    rows.add(b"".join(line + b"\n" for line in reversed(lines)))
    assert (found.problem, found.tables[16384]) == ("", Counted(len(lines), rows.content))


def test_a_long_value_is_not_kept() -> None:
    """A row of many megabytes passes through in parts, and counts as one."""
    row = b"x" * 3_000_000 + b"\n"
    found, whole = ArchiveRows(content=True), archive(rows=[row, b"y\n"])
    for position in range(0, len(whole), 100_000):
        found.update(whole[position : position + 100_000])
        assert len(found._buffer) < 200_000
    found.finish()
    expected = Content()
    expected.add(b"y\n" + row)
    assert found.tables == {16384: Counted(2, expected.content)}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"-- PostgreSQL database dump\n" * 100, "custom format"),
        (archive((1, 17)), "version 1.17"),
        (archive((1, 13)), "version 1.13"),
        (archive(compression=1), "compressed"),
        (archive((1, 14), compression=-1), "compressed"),
        (archive(end=b"\\.\n"), "do not end"),
        (archive(end=b""), "do not end"),
        (archive()[:-1], "too early"),
        (archive()[:300], "too early"),
        (b"", "too early"),
        (archive() + b"\2", "too early"),
        (archive() + b"\2" + bytes(8), "kind 2"),
        (archive() + block(9, [b"1\n", END]), "no table"),
    ],
)
def test_what_is_not_known_is_not_counted(data: bytes, why: str) -> None:
    """No number at all, and no failure."""
    found = looked(data, [50] * 30)
    assert why in found.problem
    assert (found.tables, found.sequences, found.encoding) == ({}, {}, "")


def test_rows_that_are_statements_are_not_counted() -> None:
    """--inserts writes one statement a row, or one for many rows."""
    found = looked(archive(copy=None, rows=[b"INSERT INTO t VALUES (1);\n"], end=b"\n"))
    assert (found.problem, found.tables) == ("", {16384: Counted(None)})


def test_checksums() -> None:
    """Equal rows count as often as they are there; a changed byte, a row more or less change the sum."""

    def of(*pieces: bytes) -> str:
        rows = Content()
        for piece in pieces:
            rows.add(piece)
        return rows.content

    assert of(b"1\n2\n") == of(b"2\n", b"1", b"\n") != of(b"1\n3\n")
    assert len({of(), of(b"\n"), of(b"\n\n"), of(b"1\n1\n"), of(b"2\n2\n"), of(b"1\n")}) == 6
    counted = Rows()
    counted.add(b"1\n2\n")
    assert (counted.count, counted.content) == (2, "")
