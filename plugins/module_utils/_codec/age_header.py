# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.
"""The header of an age v1 file: who may open it, and the file key wrapped for each of them.

Source: https://c2sp.org/age, "Header" and "The X25519 recipient type".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_crypto import (
    KEY_SIZE,
    TAG_SIZE,
    Aead,
    hkdf,
    x25519,
    x25519_public,
)
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_errors import (
    HeaderError,
    MacError,
    NoMatchError,
    RecipientError,
    UnsupportedError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_keys import Identity, Recipient

FILE_KEY_SIZE = 16
# The format sets no limit. This one has room for 2,500 recipients, and keeps a file that is no age file out of memory.
MAX_HEADER_SIZE = 256 * 1024

_VERSION_LINE = b"age-encryption.org/v1\n"
_ARMOR_START = b"-----BEGIN AGE"
_COLUMNS = 64
_SHOWN = 24
_X25519 = "X25519"
_SCRYPT = "scrypt"
# Stanzas that encryption tools add at random, so that readers stay used to types they do not know.
_GREASE = "grease"
_X25519_INFO = b"age-encryption.org/v1/X25519"
_ZERO_NONCE = bytes(12)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*")
_ARGUMENT = re.compile(rb"[!-~]+")


@dataclass(frozen=True)
class Stanza:
    """The file key as wrapped for one recipient: its type and arguments, and the body."""

    args: tuple[str, ...]
    body: bytes


@dataclass(frozen=True)
class Header:
    """A header that was parsed, but not yet authenticated: the MAC (32 bytes), and what it was made over."""

    stanzas: tuple[Stanza, ...]
    mac: bytes
    signed: bytes

    @property
    def recipients(self) -> list[str]:
        """The type of each recipient, without the stanzas that stand for nobody."""
        return [stanza.args[0] for stanza in self.stanzas if not stanza.args[0].endswith(_GREASE)]


def _encode(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _decode(text: bytes, what: str) -> bytes:
    """Canonical base64 without padding, the only spelling that age allows."""
    if _BASE64.fullmatch(text) and len(text) % 4 != 1:
        data = base64.b64decode(text + b"=" * (-len(text) % 4))
        if _encode(data) == text:
            return data
    raise HeaderError(f"The age header is damaged: {what} is not canonical base64.")


def _mac(file_key: bytes, signed: bytes) -> bytes:
    return hmac.new(hkdf(file_key, salt=b"", info=b"header"), signed, hashlib.sha256).digest()


def _wrap(file_key: bytes, recipient: Recipient) -> bytes:
    """The stanza for one recipient, under an ephemeral key of its own."""
    ephemeral = os.urandom(KEY_SIZE)
    share = x25519_public(ephemeral)
    try:
        shared = x25519(ephemeral, recipient.public)
    except ValueError as exc:
        raise RecipientError(f"The recipient {recipient.text} is no usable key: a point of low order.") from exc
    key = hkdf(shared, salt=share + recipient.public, info=_X25519_INFO)
    body = _encode(Aead(key).seal(_ZERO_NONCE, file_key))
    # The body is 43 characters, so its first line is also the short line that a stanza must end with.
    return b"-> X25519 " + _encode(share) + b"\n" + body + b"\n"


def make_header(file_key: bytes, recipients: t.Sequence[Recipient]) -> bytes:
    """The header that wraps ``file_key`` for each of the ``recipients``. Raises RecipientError."""
    if not recipients:
        raise RecipientError("Encryption needs at least one recipient.")
    signed = _VERSION_LINE + b"".join(_wrap(file_key, recipient) for recipient in recipients) + b"---"
    header = signed + b" " + _encode(_mac(file_key, signed)) + b"\n"
    if len(header) > MAX_HEADER_SIZE:
        raise RecipientError(f"{len(recipients)} recipients are more than fit into {MAX_HEADER_SIZE} bytes of header.")
    return header


class HeaderParser:
    """Takes a file's first bytes, in pieces of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._line = 0
        self._searched = 0
        self._stanzas: list[Stanza] = []
        self._args: tuple[str, ...] | None = None
        self._body = bytearray()

    def feed(self, data: memoryview) -> tuple[Header | None, int]:
        """The header, once its last line is there, and how many bytes of ``data`` belong to it.

        Raises HeaderError as soon as it cannot be one.
        """
        before = len(self._buffer)
        self._buffer += data[: MAX_HEADER_SIZE - before]
        if self._line == 0:
            if len(self._buffer) < len(_VERSION_LINE):
                return None, len(data)
            self._check_version()
            self._line = self._searched = len(_VERSION_LINE)
        header = None
        while header is None:
            end = self._buffer.find(b"\n", self._searched)
            if end < 0:
                self._searched = len(self._buffer)
                if self._searched == MAX_HEADER_SIZE:
                    raise HeaderError(f"The age header is longer than {MAX_HEADER_SIZE} bytes.")
                return None, len(data)
            header = self._parse_line(bytes(self._buffer[self._line : end]))
            self._line = self._searched = end + 1
        return header, self._line - before

    def end_of_file(self) -> HeaderError:
        """What is wrong with a file that ends here."""
        if self._line == 0:
            return HeaderError(f"This is no age file: it ends after {len(self._buffer)} bytes.")
        return HeaderError("The file is cut short: it ends within its age header.")

    def _check_version(self) -> None:
        start = bytes(self._buffer[: len(_VERSION_LINE)])
        if start == _VERSION_LINE:
            return
        if start.lstrip().startswith(_ARMOR_START):
            raise UnsupportedError(
                "The age file is armored (text instead of binary), which is not supported.",
                hint="Decrypt it with age -d, or take off the armor.",
            )
        if start.startswith(b"age-encryption.org/"):
            raise HeaderError("The age file is of a version other than v1, or its first line is damaged.")
        raise HeaderError("This is no age file: it does not start with 'age-encryption.org/v1'.")

    def _parse_line(self, line: bytes) -> Header | None:
        if self._args is not None:
            self._parse_body(line)
        elif line.startswith(b"-> "):
            args = line[3:].split(b" ")
            if not all(_ARGUMENT.fullmatch(arg) for arg in args):
                raise HeaderError("The age header is damaged: a recipient's arguments are malformed.")
            self._args = tuple(arg.decode("ascii") for arg in args)
        elif line.startswith(b"--- ") and self._stanzas:
            mac = _decode(line[4:], "its MAC")
            if len(mac) != hashlib.sha256().digest_size:
                raise HeaderError("The age header is damaged: its MAC has the wrong length.")
            signed = bytes(self._buffer[: self._line + 3])
            return Header(stanzas=tuple(self._stanzas), mac=mac, signed=signed)
        else:
            raise HeaderError("The age header is damaged: neither a recipient nor the MAC where one must be.")
        return None

    def _parse_body(self, line: bytes) -> None:
        if len(line) > _COLUMNS:
            raise HeaderError(f"The age header is damaged: a line of a recipient is longer than {_COLUMNS} columns.")
        self._body += line
        if len(line) < _COLUMNS:
            body = _decode(bytes(self._body), "a recipient's body")
            self._stanzas.append(Stanza(args=self._args or (), body=body))
            self._args = None
            self._body.clear()


def _x25519_share(stanza: Stanza) -> bytes:
    """The ephemeral share. The body's length is checked before anything is decrypted (partitioning oracles)."""
    if len(stanza.args) == 2 and len(stanza.body) == FILE_KEY_SIZE + TAG_SIZE:
        share = _decode(stanza.args[1].encode("ascii"), "the share of an X25519 recipient")
        if len(share) == KEY_SIZE:
            return share
    raise HeaderError("The age header is damaged: an X25519 recipient has the wrong arguments or length.")


def _unwrap(share: bytes, body: bytes, identity: Identity) -> bytes | None:
    try:
        shared = x25519(identity.secret, share)
    except ValueError as exc:
        raise HeaderError("The age header is forged: an X25519 share is a point of low order.") from exc
    key = hkdf(shared, salt=share + identity.public, info=_X25519_INFO)
    return Aead(key).open(_ZERO_NONCE, body)


def _no_match(header: Header, given: int) -> NoMatchError:
    types = header.recipients
    # Names of types come from the file: enough of them to tell what they are, and no more.
    kinds = ", ".join(f"{types.count(kind)} {kind[:_SHOWN]}" for kind in sorted(set(types))[:_SHOWN])
    who = "The identity given does not open" if given == 1 else f"None of the {given} identities given opens"
    return NoMatchError(
        f"{who} the file: it is encrypted to {len(types)} recipient(s) ({kinds}).",
        recipients=len(types),
    )


def open_header(header: Header, identities: t.Sequence[Identity]) -> bytes:
    """The file key (16 bytes), after the header's MAC was checked with it.

    Raises NoMatchError when no identity fits, MacError when the header was changed, HeaderError when it breaks the
    rules, and UnsupportedError for a file that a passphrase opens.
    """
    types = [stanza.args[0] for stanza in header.stanzas]
    if _SCRYPT in types:
        if len(types) > 1:
            raise HeaderError("The age header is forged: a passphrase must be the only recipient.")
        raise UnsupportedError("The age file is encrypted with a passphrase, which is not supported.")
    wrapped = [(_x25519_share(stanza), stanza.body) for stanza in header.stanzas if stanza.args[0] == _X25519]
    for share, body in wrapped:
        for identity in identities:
            file_key = _unwrap(share, body, identity)
            if file_key is None:
                continue
            if not hmac.compare_digest(_mac(file_key, header.signed), header.mac):
                raise MacError("The age header was changed after it was written: its MAC is wrong.")
            return file_key
    raise _no_match(header, len(identities))


__all__ = ("FILE_KEY_SIZE", "MAX_HEADER_SIZE", "Header", "HeaderParser", "Stanza", "make_header", "open_header")
