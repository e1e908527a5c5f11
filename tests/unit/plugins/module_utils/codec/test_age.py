# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The age writer and reader: round trips, splits, misuse, and every way in which a file can be cut or changed."""

from __future__ import annotations

import random
import tracemalloc
import typing as t
from types import SimpleNamespace

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._codec import age_crypto, age_header, bech32
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import (
    CHUNK_SIZE,
    AgeError,
    AgeReader,
    AgeWriter,
    HeaderError,
    IdentityError,
    MacError,
    NoMatchError,
    PayloadError,
    Recipient,
    RecipientError,
    TruncatedError,
    generate_identity,
    parse_identities,
)
from cryptography.exceptions import UnsupportedAlgorithm
from hypothesis import given, settings
from hypothesis import strategies as st

SECRET, RECIPIENT = generate_identity()
IDENTITIES = parse_identities(SECRET)
OTHER_SECRET, OTHER_RECIPIENT = generate_identity()
SEALED = CHUNK_SIZE + 16
EDGES = [0, 1, 15, 16, 17, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE, 3 * CHUNK_SIZE + 5]
# A position in a file of this size is a header's, a nonce's, a whole chunk's or the last chunk's.
PLAIN = random.Random(2).randbytes(3 * CHUNK_SIZE + 1000)


def cut(data: bytes, sizes: t.Iterable[int]) -> t.Iterator[bytes]:
    """``data`` in pieces of the given sizes, the last of which takes what is left."""
    for size in sizes:
        yield data[:size]
        data = data[size:]
    yield data


def encrypt(plain: bytes, sizes: t.Iterable[int] = (), recipients: t.Sequence[str] = (RECIPIENT,)) -> bytes:
    writer = AgeWriter(recipients)
    return b"".join([writer.update(piece) for piece in cut(plain, sizes)]) + writer.finish()


def decrypt(sealed: bytes, sizes: t.Iterable[int] = ()) -> bytes:
    reader = AgeReader(IDENTITIES)
    return b"".join([reader.update(piece) for piece in cut(sealed, sizes)]) + reader.finish()


def released(sealed: bytes, sizes: t.Iterable[int] = ()) -> tuple[bytes, AgeError | None]:
    """Everything that came out, and the error that ended it, None when the file was accepted."""
    reader = AgeReader(IDENTITIES)
    plain = b""
    try:
        for piece in cut(sealed, sizes):
            plain += reader.update(piece)
        plain += reader.finish()
    except AgeError as exc:
        return plain, exc
    return plain, None


FILE = encrypt(PLAIN)
HEADER_SIZE = FILE.index(b"\n---") + 4 + 1 + 43 + 1
PAYLOAD = HEADER_SIZE + 16


@pytest.mark.parametrize("size", EDGES)
@pytest.mark.parametrize("step", [1 << 20, CHUNK_SIZE, SEALED, 1000, 7])
def test_round_trip_does_not_depend_on_the_pieces(size: int, step: int) -> None:
    plain = PLAIN[:size]
    steps = [step] * (size // step)
    sealed = encrypt(plain, steps)
    assert len(sealed) == PAYLOAD + size + 16 * max(1, -(-size // CHUNK_SIZE))
    assert decrypt(sealed, [step] * (len(sealed) // step)) == plain


def test_round_trip_byte_by_byte() -> None:
    plain = PLAIN[: CHUNK_SIZE + 3]
    sealed = encrypt(plain, [1] * len(plain))
    assert decrypt(sealed, [1] * len(sealed)) == plain


@settings(max_examples=150, deadline=None)
@given(
    size=st.one_of(st.sampled_from(EDGES), st.integers(0, len(PLAIN))),
    writes=st.lists(st.integers(0, 2 * SEALED), max_size=8),
    reads=st.lists(st.integers(0, 2 * SEALED), max_size=8),
)
def test_any_split_gives_the_same(size: int, writes: list[int], reads: list[int]) -> None:
    assert decrypt(encrypt(PLAIN[:size], writes), reads) == PLAIN[:size]


@settings(max_examples=100, deadline=None)
@given(
    position=st.integers(0, len(FILE) - 1),
    bit=st.integers(0, 7),
    reads=st.lists(st.integers(0, 2 * SEALED), max_size=8),
)
def test_any_split_releases_the_same_before_an_error(position: int, bit: int, reads: list[int]) -> None:
    damaged = bytearray(FILE)
    damaged[position] ^= 1 << bit
    whole, whole_error = released(bytes(damaged))
    pieces, pieces_error = released(bytes(damaged), reads)
    assert whole == pieces
    assert whole_error is not None
    assert type(whole_error) is type(pieces_error)
    assert str(whole_error) == str(pieces_error)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_buffers_of_other_kinds(kind: t.Callable[[bytes], t.Any]) -> None:
    writer = AgeWriter([RECIPIENT])
    sealed = writer.update(kind(PLAIN)) + writer.finish()
    reader = AgeReader(IDENTITIES)
    assert reader.update(kind(sealed)) + reader.finish() == PLAIN


def test_a_buffer_may_be_reused_by_its_owner() -> None:
    writer = AgeWriter([RECIPIENT])
    buffer = bytearray(1000)
    sealed = b""
    for number in range(100):
        buffer[:] = bytes([number]) * 1000
        sealed += writer.update(buffer)
    assert decrypt(sealed + writer.finish()) == b"".join(bytes([number]) * 1000 for number in range(100))


@pytest.mark.parametrize("size", [size for size in EDGES if size])
def test_update_never_emits_the_final_chunk(size: int) -> None:
    writer = AgeWriter([RECIPIENT])
    sealed = writer.update(PLAIN[:size]) + writer.update(b"")
    assert len(sealed) == PAYLOAD + (size - 1) // CHUNK_SIZE * SEALED
    plain, error = released(sealed)
    assert isinstance(error, TruncatedError)
    assert plain == PLAIN[: (size - 1) // CHUNK_SIZE * CHUNK_SIZE]


def test_every_recipient_opens_it_and_nobody_else() -> None:
    third_secret, third = generate_identity()
    sealed = encrypt(b"text", recipients=[RECIPIENT, third, RECIPIENT])
    for secret in (SECRET, third_secret):
        reader = AgeReader(parse_identities(OTHER_SECRET + "\n" + secret))
        assert reader.update(sealed) + reader.finish() == b"text"
        assert reader.recipients == 2
    reader = AgeReader(parse_identities(OTHER_SECRET))
    with pytest.raises(NoMatchError, match=r"The identity given does not open the file.* 2 recipient\(s\)") as caught:
        reader.update(sealed)
    assert caught.value.recipients == reader.recipients == 2


def test_nothing_is_used_twice() -> None:
    first, second = encrypt(b"same"), encrypt(b"same")
    shares = [line for text in (first, second) for line in text.split(b"\n") if line.startswith(b"-> X25519 ")]
    assert len(set(shares)) == 2
    assert first[HEADER_SIZE:PAYLOAD] != second[HEADER_SIZE:PAYLOAD]
    assert first[PAYLOAD:] != second[PAYLOAD:]


def test_a_finished_writer_writes_no_more() -> None:
    writer = AgeWriter([RECIPIENT])
    writer.finish()
    with pytest.raises(AgeError, match="has ended"):
        writer.finish()
    with pytest.raises(AgeError, match="has ended"):
        writer.update(b"x")


def test_a_finished_reader_reads_no_more() -> None:
    reader = AgeReader(IDENTITIES)
    assert reader.update(FILE) + reader.finish() == PLAIN
    with pytest.raises(AgeError, match="has ended"):
        reader.update(b"x")
    with pytest.raises(AgeError, match="has ended"):
        reader.finish()


@pytest.mark.parametrize("side", ["writer", "reader"])
def test_a_call_that_was_broken_off_ends_the_stream(side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> bytes:
        raise MemoryError

    stream: AgeWriter | AgeReader = AgeWriter([RECIPIENT]) if side == "writer" else AgeReader(IDENTITIES)
    data = PLAIN if side == "writer" else FILE
    stream.update(data[:100_000])
    with monkeypatch.context() as patch:
        patch.setattr(age_crypto.Aead, "seal", broken)
        patch.setattr(age_crypto.Aead, "open", broken)
        with pytest.raises(MemoryError):
            stream.update(data[100_000:])
    with pytest.raises(AgeError, match="an earlier call failed"):
        stream.update(b"x")
    with pytest.raises(AgeError, match="an earlier call failed"):
        stream.finish()


def test_an_error_stays() -> None:
    reader = AgeReader(IDENTITIES)
    assert reader.update(FILE[:-1] + b"!" + b"?" * SEALED) == PLAIN[: 3 * CHUNK_SIZE]
    for dummy in range(2):
        with pytest.raises(PayloadError, match="chunk 4"):
            reader.update(b"")
    with pytest.raises(PayloadError, match="chunk 4"):
        reader.finish()


def test_memory_does_not_grow_with_the_stream() -> None:
    def peak(megabytes: int) -> int:
        block = bytes(1 << 20)
        writer, reader = AgeWriter([RECIPIENT]), AgeReader(IDENTITIES)
        tracemalloc.start()
        for dummy in range(megabytes):
            reader.update(writer.update(block))
        reader.update(writer.finish())
        reader.finish()
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(2)
    assert peak(64) < peak(4) + (1 << 18)
    assert peak(64) < 8 << 20


BOUNDARIES = [HEADER_SIZE, PAYLOAD, *(PAYLOAD + n * SEALED for n in (1, 2, 3))]
RANDOM = random.Random(11)
OFFSETS = sorted(RANDOM.sample(range(len(FILE)), 50))


@pytest.mark.parametrize("offset", sorted({0, 1, HEADER_SIZE - 1, PAYLOAD - 1, len(FILE) - 1, *BOUNDARIES, *OFFSETS}))
def test_truncation_is_never_a_success(offset: int) -> None:
    plain, error = released(FILE[:offset])
    assert isinstance(error, HeaderError if offset < PAYLOAD else TruncatedError)
    if offset in BOUNDARIES[1:]:
        assert f"no final chunk after {BOUNDARIES.index(offset) - 1} whole ones" in str(error)
    assert plain == PLAIN[: max(0, offset - PAYLOAD) // SEALED * CHUNK_SIZE]


@pytest.mark.parametrize("offset", sorted({*OFFSETS, *RANDOM.sample(range(PAYLOAD), 50), *BOUNDARIES}))
def test_a_flipped_bit_is_never_a_success(offset: int) -> None:
    damaged = bytearray(FILE)
    damaged[offset] ^= 1 << RANDOM.randrange(8)
    plain, error = released(bytes(damaged))
    # The nonce is no part of the header's MAC: a change there shows in the first chunk.
    assert isinstance(error, (HeaderError, NoMatchError) if offset < HEADER_SIZE else PayloadError)
    assert plain == PLAIN[: max(0, offset - PAYLOAD) // SEALED * CHUNK_SIZE]


@pytest.mark.parametrize("extra", [1, 15, 16, SEALED - 1, SEALED, 3 * SEALED])
@pytest.mark.parametrize("size", [0, 100, CHUNK_SIZE, 2 * CHUNK_SIZE])
def test_appended_data_is_never_a_success(size: int, extra: int) -> None:
    plain, error = released(encrypt(PLAIN[:size]) + bytes(extra))
    assert isinstance(error, PayloadError)
    assert plain in (PLAIN[:size], b"")


def test_chunks_in_another_order_are_refused() -> None:
    first, second = FILE[PAYLOAD : PAYLOAD + SEALED], FILE[PAYLOAD + SEALED : PAYLOAD + 2 * SEALED]
    rest = FILE[PAYLOAD + 2 * SEALED :]
    plain, error = released(FILE[:PAYLOAD] + second + first + rest)
    assert (plain, type(error)) == (b"", PayloadError)
    plain, error = released(FILE[:PAYLOAD] + first + rest)
    assert (plain, type(error)) == (PLAIN[:CHUNK_SIZE], PayloadError)


def test_a_payload_under_another_header_is_refused() -> None:
    other = encrypt(PLAIN)
    plain, error = released(FILE[:PAYLOAD] + other[PAYLOAD:])
    assert (plain, type(error)) == (b"", PayloadError)


def test_a_recipient_cannot_be_taken_out_or_put_in() -> None:
    lines = encrypt(b"", recipients=[RECIPIENT, OTHER_RECIPIENT]).split(b"\n", 6)
    without = b"\n".join(lines[:3] + lines[5:])
    added = b"\n".join([*lines[:3], b"-> added", b"", *lines[3:]])
    for changed in (without, added):
        assert isinstance(released(changed)[1], MacError)


def test_a_header_without_end_is_refused_early() -> None:
    start, limit = b"age-encryption.org/v1\n-> ", age_header.MAX_HEADER_SIZE
    for step in (1, 4096, 2 * limit):
        reader = AgeReader(IDENTITIES)
        assert reader.update(start) == b""
        for dummy in range((limit - len(start) - 1) // step):
            assert reader.update(b"x" * step) == b""
        with pytest.raises(HeaderError, match=f"longer than {limit} bytes"):
            reader.update(b"x" * step)


def test_other_files_are_named_for_what_they_are() -> None:
    cases = {
        b"age-encryption.org/v1\n--- " + b"A" * 43 + b"\n": "neither a recipient nor the MAC",
        b"-----BEGIN AGE ENCRYPTED FILE-----\n": "armored",
        b"age-encryption.org/v2\n-> X25519": "version other than v1",
        b"\x28\xb5\x2f\xfd" + bytes(100): "no age file",
        b"": "no age file: it ends after 0 bytes",
        FILE[: HEADER_SIZE - 10]: "within its age header",
        FILE[:HEADER_SIZE]: "after its age header",
    }
    for data, message in cases.items():
        plain, error = released(data)
        assert plain == b""
        assert isinstance(error, HeaderError)
        assert message in str(error)


def test_recipients_are_needed_and_bounded() -> None:
    with pytest.raises(RecipientError, match="at least one recipient"):
        AgeWriter([])
    with pytest.raises(IdentityError, match="at least one identity"):
        AgeReader([])
    with pytest.raises(RecipientError, match="3000 recipients are more than fit"):
        age_header.make_header(bytes(16), [Recipient("age1", bytes(31) + b"\x09")] * 3000)


def test_a_recipient_of_low_order_is_refused() -> None:
    with pytest.raises(RecipientError, match="low order"):
        AgeWriter([bech32.encode("age", bytes(32))])


def test_an_all_zero_shared_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """cryptography refuses it itself, today; the specification wants it refused whatever the library does."""

    class Zero:
        def exchange(self, _public: object) -> bytes:
            return bytes(32)

    monkeypatch.setattr(age_crypto, "X25519PrivateKey", SimpleNamespace(from_private_bytes=lambda _secret: Zero()))
    with pytest.raises(ValueError, match="all zero"):
        age_crypto.x25519(bytes(32), bytes([9] * 32))


def test_without_cryptography_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(age_crypto, "_FOUND", False)
    for call in (lambda: AgeWriter([RECIPIENT]), lambda: AgeReader(IDENTITIES), generate_identity):
        with pytest.raises(AgeError, match=r"Failed to import .*cryptography >= 3\.3"):
            call()


def test_an_openssl_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_key: bytes) -> None:
        raise UnsupportedAlgorithm("not in FIPS mode")

    monkeypatch.setattr(age_crypto, "ChaCha20Poly1305", refuse)
    with pytest.raises(AgeError, match=r"refuses ChaCha20-Poly1305.* FIPS mode"):
        AgeWriter([RECIPIENT])


def test_an_old_cryptography_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(age_crypto, "_VERSION", (3, 2))
    with pytest.raises(AgeError, match=r"too old.*Install cryptography >= 3\.3"):
        generate_identity()
