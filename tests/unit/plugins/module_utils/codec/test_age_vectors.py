# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The official age test vectors: each gives the verdict it names, whatever pieces it arrives in."""

from __future__ import annotations

import hashlib
import typing as t
import zlib
from collections import Counter
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import (
    AgeError,
    AgeReader,
    HeaderError,
    Identity,
    IdentityError,
    MacError,
    NoMatchError,
    PayloadError,
    UnsupportedError,
    generate_identity,
    parse_identities,
)

TESTDATA = Path(__file__).resolve().parents[5] / ".build" / "cctv-age" / "testdata"
KNOWN_KEYS = {"expect", "payload", "identity", "passphrase", "armored", "compressed", "file key", "comment"}
# Sizes of the pieces a file is fed in; the smallest are for files that are small enough.
WHOLE = 1 << 30
SIZES = (WHOLE, 65552, 65536, 4093)
SMALL_SIZES = (97, 1)
SMALL = 70_000

# The first that fits: a wrong MAC is an error of the header, too.
VERDICTS = (
    (MacError, "HMAC failure"),
    (HeaderError, "header failure"),
    (NoMatchError, "no match"),
    (PayloadError, "payload failure"),
)


class Vector:
    """One file of the test data: a textual header, an empty line, an age file."""

    def __init__(self, name: str, data: bytes) -> None:
        head, dummy, body = data.partition(b"\n\n")
        fields = [line.split(": ", 1) for line in head.decode("utf-8").splitlines()]
        assert {key for key, _value in fields} <= KNOWN_KEYS, name
        values = dict(fields)
        self.name = name
        self.expect: str = values["expect"]
        self.payload: str = values.get("payload", "")
        self.armored = values.get("armored") == "yes"
        self.passphrase = "passphrase" in values
        self.identities: list[str] = [value for key, value in fields if key == "identity"]
        self.hybrid = any("-PQ-" in identity for identity in self.identities)
        self.file = zlib.decompress(body) if values.get("compressed") == "zlib" else body

    @property
    def supported(self) -> bool:
        """Whether the verdict must be the vector's own, not a refusal."""
        return not (self.armored or self.passphrase or self.hybrid)

    def own_identities(self) -> list[Identity]:
        """The X25519 identities of the vector, or a fresh one that fits nothing."""
        usable = [identity for identity in self.identities if "-PQ-" not in identity]
        return parse_identities("\n".join(usable or [generate_identity()[0]]))

    def sizes(self) -> tuple[int, ...]:
        return SIZES + (SMALL_SIZES if len(self.file) < SMALL else ())


def load() -> list[Vector]:
    if not TESTDATA.is_dir():
        raise FileNotFoundError(f"No age test vectors in {TESTDATA}: run 'make vectors' first.")
    return [Vector(path.name, path.read_bytes()) for path in sorted(TESTDATA.iterdir())]


VECTORS = load()
SUPPORTED = [vector for vector in VECTORS if vector.supported]


def each(vectors: t.Iterable[Vector]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", [pytest.param(vector, id=vector.name) for vector in vectors])


def decrypt(vector: Vector, size: int) -> tuple[str, bytes, AgeError | None]:
    """The verdict in the vectors' own words, everything that was released, and the error."""
    reader = AgeReader(vector.own_identities())
    released = b""
    try:
        for start in range(0, len(vector.file), size):
            released += reader.update(vector.file[start : start + size])
        released += reader.finish()
    except AgeError as exc:
        return next(name for kind, name in VERDICTS if isinstance(exc, kind)), released, exc
    return "success", released, None


@each(SUPPORTED)
def test_verdict_and_what_was_released(vector: Vector) -> None:
    for size in vector.sizes():
        verdict, released, _exc = decrypt(vector, size)
        assert verdict == vector.expect, f"in pieces of {size}"
        if vector.payload:
            assert hashlib.sha256(released).hexdigest() == vector.payload, f"in pieces of {size}"
        else:
            assert released == b""


@each(vector for vector in VECTORS if vector.armored)
def test_armored_files_are_refused(vector: Vector) -> None:
    for size in vector.sizes():
        verdict, released, exc = decrypt(vector, size)
        assert (verdict, released) == ("header failure", b"")
        if vector.file.lstrip().startswith(b"-----BEGIN AGE"):
            assert isinstance(exc, UnsupportedError)
            assert "armored" in str(exc)
        else:
            assert "no age file" in str(exc)


@each(vector for vector in VECTORS if vector.passphrase and not vector.armored)
def test_passphrases_are_refused(vector: Vector) -> None:
    for size in vector.sizes():
        verdict, released, exc = decrypt(vector, size)
        assert verdict != "success"
        assert released == b""
        if vector.expect in ("success", "no match") and vector.name != "scrypt_uppercase":
            assert isinstance(exc, UnsupportedError)
            assert "passphrase" in str(exc)
        else:
            assert verdict == vector.expect
        if vector.name in ("scrypt_double", "scrypt_and_x25519"):
            assert "must be the only recipient" in str(exc)


@each(vector for vector in VECTORS if vector.hybrid and not vector.armored)
def test_hybrid_keys_are_refused(vector: Vector) -> None:
    with pytest.raises(IdentityError, match="post-quantum"):
        parse_identities("\n".join(vector.identities[::-1]))
    for size in vector.sizes():
        verdict, released, exc = decrypt(vector, size)
        assert released == b""
        if vector.name in ("hybrid_x25519_arg", "hybrid_not_canonical_body"):
            assert verdict == vector.expect == "header failure"
        else:
            # An X25519 identity has no say about a hybrid recipient, well-formed or not.
            assert verdict == "no match"
            assert "mlkem768x25519" in str(exc).lower()


def test_stanzas_that_stand_for_nobody_are_no_recipients() -> None:
    vector = next(vector for vector in VECTORS if vector.name == "x25519_grease")
    assert vector.file.count(b"\n-> ") == 3
    reader = AgeReader(vector.own_identities())
    assert reader.update(vector.file) + reader.finish() == b"age"
    assert reader.recipients == 1


def test_no_vector_was_left_out() -> None:
    assert len(VECTORS) == 143
    assert Counter(vector.expect for vector in SUPPORTED) == {
        "success": 14,
        "header failure": 31,
        "payload failure": 18,
        "no match": 3,
        "HMAC failure": 1,
    }
    refused = [vector for vector in VECTORS if not vector.supported]
    assert Counter("armor" if v.armored else "scrypt" if v.passphrase else "hybrid" for v in refused) == {
        "armor": 33,
        "scrypt": 25,
        "hybrid": 18,
    }
