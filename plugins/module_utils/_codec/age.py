# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.
"""age v1 for pipelines: bytes in, bytes out, constant memory, nothing opened or closed here.

Source: https://c2sp.org/age, "Payload". age proves that a file is whole and unchanged, not who wrote it.
"""

from __future__ import annotations

import hashlib
import os
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_crypto import (
    TAG_SIZE,
    Aead,
    Buffer,
    hkdf,
    require_cryptography,
)
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_errors import (
    AgeError,
    HeaderError,
    IdentityError,
    MacError,
    NoMatchError,
    PayloadError,
    RecipientError,
    TruncatedError,
    UnsupportedError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_header import (
    FILE_KEY_SIZE,
    HeaderParser,
    make_header,
    open_header,
)
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_keys import (
    Identity,
    Recipient,
    generate_identity,
    parse_identities,
    parse_recipient,
)

CHUNK_SIZE = 64 * 1024
_SEALED_SIZE = CHUNK_SIZE + TAG_SIZE
_NONCE_SIZE = 16
_APPENDED = "Something was appended to the file: there is data after its final chunk."


class _Stream:
    """The STREAM construction: one key, a counter, and a flag on the last chunk."""

    def __init__(self, file_key: bytes, nonce: bytes) -> None:
        self._aead = Aead(hkdf(file_key, salt=nonce, info=b"payload"))
        self.chunks = 0

    def _nonce(self, *, last: bool) -> bytes:
        return self.chunks.to_bytes(11, "big") + (b"\x01" if last else b"\x00")

    def seal(self, plain: Buffer, *, last: bool) -> bytes:
        nonce = self._nonce(last=last)
        # Counted before it is used: whatever happens next, this nonce is never used for other data.
        self.chunks += 1
        return self._aead.seal(nonce, plain)

    def open(self, sealed: Buffer, *, last: bool) -> bytes | None:
        plain = self._aead.open(self._nonce(last=last), sealed)
        if plain is not None:
            self.chunks += 1
        return plain


class _Chunks:
    """Cuts what is fed into pieces of ``size``, and hands out each once ``reserve`` bytes more have arrived after it.

    What is left over is less than ``size + reserve`` bytes. Nothing but pieces that straddle two feeds is copied.
    """

    def __init__(self, size: int, *, reserve: int) -> None:
        self.rest = bytearray()
        self._size = size
        self._needed = size + reserve

    def feed(self, data: memoryview) -> t.Iterator[Buffer]:
        if self.rest:
            missing = self._size - len(self.rest)
            if len(self.rest) + len(data) < self._needed:
                self.rest += data
                return
            self.rest += data[:missing]
            data = data[missing:]
            piece = bytes(self.rest)
            self.rest.clear()
            yield piece
        start = 0
        while len(data) - start >= self._needed:
            yield data[start : start + self._size]
            start += self._size
        self.rest += data[start:]


class _Once:
    """Lets a stream be used by one call at a time, and never again after one that failed or finished.

    A call that was broken off half-way (a signal's exception, no memory) has taken its input and not given its output;
    going on after it would be a hole in the stream.
    """

    def __init__(self) -> None:
        self._usable = True

    def _enter(self) -> None:
        if not self._usable:
            raise AgeError("This age stream has ended: it was finished, or an earlier call failed.")
        self._usable = False

    def _leave(self) -> None:
        self._usable = True


class AgeWriter(_Once):
    """Encrypts one stream to ``recipients`` (``age1...``), under a file key of its own.

    Write what every call returns, in order. The first output starts with the header. Without :meth:`finish` what was
    written is no complete age file, and no reader accepts it. Raises RecipientError.
    """

    def __init__(self, recipients: t.Sequence[str]) -> None:
        super().__init__()
        require_cryptography()
        unique = {parsed.public: parsed for parsed in map(parse_recipient, recipients)}
        file_key = os.urandom(FILE_KEY_SIZE)
        nonce = os.urandom(_NONCE_SIZE)
        self._start = make_header(file_key, list(unique.values())) + nonce
        self._stream = _Stream(file_key, nonce)
        # One byte in reserve: a full chunk may be the last one until another byte follows it.
        self._chunks = _Chunks(CHUNK_SIZE, reserve=1)

    def update(self, data: Buffer) -> bytes:
        """The ciphertext that is certain by now; up to 64 KiB of plaintext are kept back for the final chunk."""
        self._enter()
        view = memoryview(data).cast("B")
        sealed = [self._stream.seal(chunk, last=False) for chunk in self._chunks.feed(view)]
        result = b"".join([self._take_start(), *sealed])
        self._leave()
        return result

    def finish(self) -> bytes:
        """The final chunk, which makes the file complete. To be called only when the source is known to be whole."""
        self._enter()
        return self._take_start() + self._stream.seal(bytes(self._chunks.rest), last=True)

    def _take_start(self) -> bytes:
        start, self._start = self._start, b""
        return start


class AgeReader(_Once):
    """Decrypts one stream with whichever of ``identities`` fits.

    What :meth:`update` returns is authentic, but only after :meth:`finish` is it known to be the whole. What is
    returned before an error does not depend on how the input was split: an error in the middle of the data of one call
    is raised by the next call when there is something to return first.

    ``recipients`` is the number of recipients the file has, None until the header was read.
    """

    def __init__(self, identities: t.Sequence[Identity]) -> None:
        super().__init__()
        require_cryptography()
        if not identities:
            raise IdentityError("Decryption needs at least one identity.")
        self.recipients: int | None = None
        self._identities = tuple(identities)
        self._parser = HeaderParser()
        self._file_key = b""
        self._nonce = bytearray()
        self._stream: _Stream | None = None
        # No reserve: a full chunk tells by its authenticated flag whether it is the last one.
        self._chunks = _Chunks(_SEALED_SIZE, reserve=0)
        self._complete = False
        self._error: AgeError | None = None

    def update(self, data: Buffer) -> bytes:
        """The plaintext that is authentic by now. Raises AgeError, see the class."""
        self._raise_error()
        self._enter()
        plain: list[bytes] = []
        try:
            self._read(memoryview(data).cast("B"), plain)
        except AgeError as exc:
            self._error = exc
            if not plain:
                raise
        result = b"".join(plain)
        self._leave()
        return result

    def finish(self) -> bytes:
        """The rest of the plaintext, when the file is complete and authentic to its end. Raises AgeError."""
        self._raise_error()
        self._enter()
        if not self._file_key:
            raise self._parser.end_of_file()
        if self._stream is None:
            raise HeaderError("The file is cut short: it ends after its age header.")
        if self._complete:
            return b""
        rest = bytes(self._chunks.rest)
        if len(rest) < TAG_SIZE:
            raise TruncatedError(f"The file is cut short: no final chunk after {self._stream.chunks} whole ones.")
        plain = self._stream.open(rest, last=True)
        if plain is None:
            raise TruncatedError(f"The file is cut short or damaged in chunk {self._stream.chunks + 1}, its last.")
        if not plain and self._stream.chunks > 1:
            raise PayloadError("The file was not written by the rules of age: an empty final chunk after a full one.")
        return plain

    def stream_id(self) -> bytes:
        """What tells this stream from any other that could be authentic: a digest of its key and nonce; empty before
        they were read. Only who wrote the stream can make another one of the same."""
        return hashlib.sha256(self._file_key + self._nonce).digest() if self._stream is not None else b""

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _read(self, data: memoryview, plain: list[bytes]) -> None:
        if self._stream is None:
            data = self._read_start(data)
        if self._stream is None:
            return
        for chunk in self._chunks.feed(data):
            # One by one: what came before an error is kept.
            plain.append(self._open(chunk, self._stream))
        if self._complete and self._chunks.rest:
            raise PayloadError(_APPENDED)

    def _open(self, chunk: Buffer, stream: _Stream) -> bytes:
        if self._complete:
            raise PayloadError(_APPENDED)
        opened = stream.open(chunk, last=False)
        if opened is None:
            opened = stream.open(chunk, last=True)
            if opened is None:
                raise PayloadError(f"The file is damaged: chunk {stream.chunks + 1} is not authentic.")
            self._complete = True
        return opened

    def _read_start(self, data: memoryview) -> memoryview:
        """Reads the header and the nonce, opens the stream once both are there, and returns what follows."""
        if not self._file_key:
            header, used = self._parser.feed(data)
            data = data[used:]
            if header is None:
                return data
            self.recipients = len(header.recipients)
            self._file_key = open_header(header, self._identities)
        missing = _NONCE_SIZE - len(self._nonce)
        self._nonce += data[:missing]
        if len(self._nonce) == _NONCE_SIZE:
            self._stream = _Stream(self._file_key, bytes(self._nonce))
        return data[missing:]


__all__ = (
    "CHUNK_SIZE",
    "AgeError",
    "AgeReader",
    "AgeWriter",
    "HeaderError",
    "Identity",
    "IdentityError",
    "MacError",
    "NoMatchError",
    "PayloadError",
    "Recipient",
    "RecipientError",
    "TruncatedError",
    "UnsupportedError",
    "generate_identity",
    "parse_identities",
    "parse_recipient",
    "require_cryptography",
)
