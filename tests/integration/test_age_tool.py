# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both directions with the age command: it opens what the writer wrote, the reader opens what it wrote."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import (
    AgeReader,
    AgeWriter,
    generate_identity,
    parse_identities,
    parse_recipient,
)

SIZES = [0, 1, 65535, 65536, 65537, 131072, 5 << 20]


class Age(NamedTuple):
    """The command's paths, and two identity files it made, with their recipients."""

    age: str
    keygen: str
    files: list[Path]
    recipients: list[str]

    def run(self, *args: str, data: bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([self.age, *args], input=data, capture_output=True, check=False)


@pytest.fixture(scope="module")
def age(tmp_path_factory: pytest.TempPathFactory) -> Age:
    tools = [shutil.which(name) for name in ("age", "age-keygen")]
    if None in tools:
        pytest.fail("These tests need age and age-keygen: apt-get install age")
    command, keygen = (tool or "" for tool in tools)
    folder = tmp_path_factory.mktemp("age")
    files = [folder / "first.txt", folder / "second.txt"]
    for path in files:
        subprocess.run([keygen, "-o", str(path)], check=True, capture_output=True)
    recipients = [
        subprocess.run([keygen, "-y", str(path)], check=True, capture_output=True, text=True).stdout.strip()
        for path in files
    ]
    return Age(command, keygen, files, recipients)


def pieces(data: bytes, seed: int) -> list[bytes]:
    """``data`` in random pieces, from single bytes to some chunks."""
    source = random.Random(seed)
    cuts = []
    position = 0
    while position < len(data):
        size = source.choice([1, 100, 65535, 65536, 65552, source.randrange(1, 300_000)])
        cuts.append(data[position : position + size])
        position += size
    return cuts


def write(plain: bytes, recipients: list[str], seed: int) -> bytes:
    writer = AgeWriter(recipients)
    return b"".join([writer.update(piece) for piece in pieces(plain, seed)]) + writer.finish()


def read(sealed: bytes, identities: str, seed: int) -> bytes:
    reader = AgeReader(parse_identities(identities))
    return b"".join([reader.update(piece) for piece in pieces(sealed, seed)]) + reader.finish()


def test_identity_files_and_recipients_are_the_same(age: Age) -> None:
    identities = [parse_identities(path.read_text(encoding="utf-8")) for path in age.files]
    assert [identity.recipient for (identity,) in identities] == age.recipients
    secret, recipient = generate_identity()
    done = subprocess.run([age.keygen, "-y"], input=secret.encode(), check=True, capture_output=True)
    assert done.stdout.decode().strip() == recipient == parse_recipient(recipient).text


@pytest.mark.parametrize("size", SIZES)
def test_age_opens_what_was_written(age: Age, size: int) -> None:
    plain = random.Random(size).randbytes(size)
    for count in (1, 2):
        sealed = write(plain, age.recipients[:count], seed=size + count)
        for path in age.files[:count]:
            done = age.run("-d", "-i", str(path), data=sealed)
            assert (done.returncode, done.stdout == plain) == (0, True), done.stderr
    assert age.run("-d", "-i", str(age.files[1]), data=write(plain, age.recipients[:1], seed=size)).returncode != 0


@pytest.mark.parametrize("size", SIZES)
def test_what_age_wrote_is_opened(age: Age, size: int) -> None:
    plain = random.Random(size).randbytes(size)
    for count in (1, 2):
        to = [word for recipient in age.recipients[:count] for word in ("-r", recipient)]
        done = age.run(*to, data=plain)
        assert done.returncode == 0, done.stderr
        for path in age.files[:count]:
            assert read(done.stdout, path.read_text(encoding="utf-8"), seed=size) == plain


@pytest.mark.parametrize("size", SIZES)
def test_age_refuses_what_was_not_finished(age: Age, size: int) -> None:
    plain = random.Random(size).randbytes(size)
    writer = AgeWriter(age.recipients)
    unfinished = b"".join([writer.update(piece) for piece in [*pieces(plain, size), b""]])
    assert unfinished.startswith(b"age-encryption.org/v1\n")
    assert age.run("-d", "-i", str(age.files[0]), data=unfinished).returncode != 0
    done = age.run("-d", "-i", str(age.files[0]), data=unfinished + writer.finish())
    assert (done.returncode, done.stdout == plain) == (0, True), done.stderr
