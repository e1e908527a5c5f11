# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What foreign dumps come wrapped in: told by content, whatever the file is called."""

from __future__ import annotations

import bz2
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import AgeWriter
from support.dumps import dump, restore, restored
from support.faults import IDENTITY, RECIPIENT

SCRIPT = b"CREATE TABLE t (i integer);\nINSERT INTO t VALUES (1), (2), (3);\n"


@pytest.fixture(scope="module")
def server(pg15: support.Server) -> Iterator[support.Server]:
    """PostgreSQL, with nothing on it."""
    for name in pg15.databases():
        pg15.drop_database(name)
    yield pg15
    for name in pg15.databases():
        pg15.drop_database(name)


def packed(program: str) -> Callable[[bytes], bytes]:
    """What a compressor makes of bytes."""
    return lambda data: subprocess.run([program, "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def zipped(data: bytes, folder: Path, *others: str, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive with a dump in it."""
    path = folder / "made.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name in others:
            archive.writestr(name, b"something else")
        archive.writestr("folder/shop.sql", data)
    return path.read_bytes()


def sealed(data: bytes) -> bytes:
    """Encrypted with age."""
    writer = AgeWriter([RECIPIENT])
    return writer.update(data) + writer.finish()


@pytest.mark.parametrize("layers", [
    ["gzip"], ["zstd"], ["xz"], ["lz4"], ["bzip2"], ["zip"], ["age"], ["gzip", "age"], ["zip", "age"], ["zip", "gzip"],
    ["gzip", "zip"], ["zstd", "gzip", "age"], [],
], ids="-in-".join)  # fmt: skip
def test_layers(server: support.Server, tmp_path: Path, layers: list[str]) -> None:
    """All of them, around each other, under a name that tells nothing."""
    data = SCRIPT
    for layer in layers:
        made = {"zip": lambda data: zipped(data, tmp_path), "age": sealed, "bzip2": bz2.compress}
        data = made.get(layer, packed(layer))(data)
    src = tmp_path / "dump.txt"
    src.write_bytes(data)
    result = restored(server, src, target="copy", if_exists="replace", identity=IDENTITY)
    assert result["source"]["layers"] == [*reversed(layers), "sql"]
    assert result["rows"] == 3


def test_what_cannot_be_opened(server: support.Server, tmp_path: Path) -> None:
    """A plain word for each, and nothing created."""
    src = tmp_path / "x"
    archive = tmp_path / "x.tar"
    with tarfile.open(archive, "w", format=tarfile.USTAR_FORMAT) as made:
        made.add(__file__, "x.sql")
    cases = {
        b"": "is empty",
        b"\n  \n": "is empty",
        b"7z\xbc\xaf\x27\x1c" + b"x" * 99: "7z",
        "CREATE TABLE t (i integer);".encode("utf-16"): "UTF-16",
        sealed(SCRIPT): "is encrypted",
        sealed(SCRIPT)[:-1]: "cut short",
        packed("gzip")(SCRIPT * 999)[:-9]: "find a whole one",
        packed("zstd")(SCRIPT * 999)[:-9]: "decompress",
        zipped(SCRIPT, tmp_path, "a.txt", "b.sql"): "one SQL file",
        zipped(SCRIPT * 999, tmp_path)[:-30]: "zip",
        zipped(SCRIPT * 999, tmp_path).replace(b"PK\x01\x02", b"PK\x01\x03"): "zip",
        archive.read_bytes(): "Unpack it first",
        b"<html><body>Not found</body></html>": "HTML",
        b"\xff\xd8\xff\xe0\0\x10JFIF": "no SQL",
        b"mysqldump: [Warning] Using a password can be insecure.\n-- MySQL dump 10.13\n": "2>&1",
        packed("gzip")(b""): "is empty",
    }
    for content, told in cases.items():
        src.write_bytes(content)
        given = {} if told == "is encrypted" else {"identity": IDENTITY}
        result = restore(server, src, target="other", **given)
        assert result["failed"] and told in f"{result.get('stage')} {result['msg']}", (told, result["msg"])
        assert str(src) in result["msg"]
    for path, told in ((tmp_path / "nowhere", "No such file"), (tmp_path, "toc.dat")):
        result = restore(server, path, target="other")
        assert result["failed"] and told in result["msg"]
    assert "other" not in server.databases()


def test_nothing_takes_the_place_of_something(server: support.Server, tmp_path: Path) -> None:
    """A file without content makes an empty database, and says so, but it replaces none."""
    src = tmp_path / "x.sql"
    src.write_bytes(b"SELECT 1;\n")
    made = restored(server, src, target="hollow")
    assert made["tables"] == 0 and any("hollow is empty" in text for text in made["warnings"])
    server.query("CREATE TABLE kept (i integer)", database="hollow")
    for more in ({}, {"verify": False}):
        result = restore(server, src, target="hollow", if_exists="replace", **more)
        assert result["failed"] and "nothing was created" in result["msg"], result
        assert "hollow is as it was" in result["msg"]
        assert server.query("SELECT count(*) FROM kept", database="hollow") == [(0,)]


def test_no_room_to_unpack(server: support.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What must be unpacked first needs a temporary folder that takes it; which one is told, and how to choose it."""
    src = tmp_path / "x.gz"
    src.write_bytes(packed("gzip")(zipped(os.urandom(1 << 20), tmp_path, method=zipfile.ZIP_STORED)))
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(small)], check=True)
    monkeypatch.setenv("TMPDIR", str(small))
    try:
        result = restore(server, src, target="other")
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert result["failed"] and str(small) in result["msg"] and "TMPDIR" in result["msg"], result["msg"]
    assert "No space left" in result["msg"]


def test_names_that_are_no_utf8(server: support.Server, tmp_path: Path) -> None:
    """The result can be read; without a target there is none that could be written down."""
    src = tmp_path / "x.sql"
    src.write_bytes(b'CREATE DATABASE "caf\xe9" TEMPLATE template0;\n\\connect "caf\xe9"\n' + SCRIPT)
    result = restore(server, src)
    assert result["failed"] and "caf\\xe9, which is no UTF-8" in result["msg"], result["msg"]
    assert restored(server, src, target="readable")["source"]["database"] == "caf\\xe9"


def test_options_that_do_not_go_together(server: support.Server, tmp_path: Path) -> None:
    src = tmp_path / "x.sql"
    src.write_bytes(SCRIPT)
    assert "mutually exclusive" in restore(server, src, target="x", database="shop", store="/nowhere")["msg"]
    assert "target" in restore(server, src)["msg"]
    refused = restore(server, src, target="x", source_database="y")
    assert refused["failed"] and "'y'" in refused["msg"]


def test_check_mode_reads_and_changes_nothing(server: support.Server, tmp_path: Path) -> None:
    """It tells what would be done, and refuses what a real run would refuse."""
    src = tmp_path / "x.sql"
    src.write_bytes(SCRIPT + b"\\restrict abc\n")
    before = server.databases()
    result = restore(server, src, target="checked", check=True)
    assert not result["failed"] and result["changed"], result
    assert (result["statements"], sum(result["adaptations"].values())) == (2, 1)
    src.write_bytes(SCRIPT + b"\\! touch planted\n")
    assert restore(server, src, target="checked", check=True)["failed"]
    assert server.databases() == before


def test_a_damaged_archive(server: support.Server, tmp_path: Path) -> None:
    """pg_restore's own list of a halved archive looks well; it is read to its end before anything is created."""
    support.load_bulk(server, "bulky", rows=5000)
    src = dump(server, tmp_path / "x.dump", "-Fc", "bulky")
    src.write_bytes(src.read_bytes()[: src.stat().st_size // 2])
    result = restore(server, src, target="halved")
    assert result["failed"] and result["rc"] == 1
    assert "halved" not in server.databases()
