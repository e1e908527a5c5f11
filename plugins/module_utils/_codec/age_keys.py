# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.
"""Recipients and identities of age: X25519 keys in Bech32.

Source: https://c2sp.org/age, "The X25519 recipient type".
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from ansible_collections.vya.backupdb.plugins.module_utils._codec import bech32
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_crypto import (
    KEY_SIZE,
    require_cryptography,
    x25519_public,
)
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_errors import IdentityError, RecipientError

_RECIPIENT_PREFIX = "age"
_IDENTITY_PREFIX = "AGE-SECRET-KEY-"
_SHOWN = 24
_MAKE_ONE = "Make a key pair with age-keygen: the line that starts with age1 is the recipient."

# What else can stand where an X25519 key is expected; the first fitting start wins.
_OTHER_RECIPIENTS = (
    ("ssh-", "is an SSH public key"),
    ("age1pq1", "is a post-quantum (hybrid) recipient"),
    ("age1tag", "is a tagged recipient of a hardware key"),
    ("-----begin", "is a key in PEM format"),
)
_OTHER_IDENTITIES = (
    ("AGE-SECRET-KEY-PQ-", "a post-quantum (hybrid) identity"),
    ("AGE-PLUGIN-", "an identity of a plugin"),
    ("-----BEGIN AGE ENCRYPTED", "the start of an encrypted identity file: decrypt it first, with age -d"),
    ("AGE-ENCRYPTION.ORG/", "the start of an encrypted identity file: decrypt it first, with age -d"),
    ("-----BEGIN", "a private key in PEM format"),
    ("SSH-", "an SSH public key"),
    ("AGE1", "a recipient: it can encrypt, but not decrypt"),
)


@dataclass(frozen=True)
class Recipient:
    """A public key: its text (``age1...``) and its 32 bytes."""

    text: str
    public: bytes = field(repr=False)


@dataclass(frozen=True)
class Identity:
    """A secret key (32 bytes) with its recipient's text and public key (32 bytes). Its repr tells no secret."""

    recipient: str
    public: bytes = field(repr=False)
    secret: bytes = field(repr=False)


def parse_recipient(text: str) -> Recipient:
    """The X25519 recipient that ``text`` (``age1...``) stands for. Raises RecipientError."""
    text = text.strip()
    lowered = text.lower()
    if "secret-key" in lowered or "private key" in lowered or lowered.startswith("age-plugin-"):
        raise RecipientError("A secret key was given as a recipient.", hint="Give the recipient that belongs to it.")
    shown = repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
    for start, what in _OTHER_RECIPIENTS:
        if lowered.startswith(start):
            raise RecipientError(f"The recipient {shown} {what}; only X25519 recipients are supported.", hint=_MAKE_ONE)
    try:
        prefix, public = bech32.decode(text)
    except ValueError as exc:
        raise RecipientError(f"The recipient {shown} is malformed: {exc}.", hint=_MAKE_ONE) from None
    if prefix.startswith("age1"):
        raise RecipientError(
            f"The recipient {shown} belongs to the age plugin {prefix[4:]!r}; only X25519 recipients are supported.",
            hint=_MAKE_ONE,
        )
    if prefix != _RECIPIENT_PREFIX or len(public) != KEY_SIZE:
        raise RecipientError(f"The recipient {shown} is no X25519 recipient (age1...).", hint=_MAKE_ONE)
    return Recipient(text=text, public=public)


def _identity(secret: bytes) -> Identity:
    public = x25519_public(secret)
    return Identity(recipient=bech32.encode(_RECIPIENT_PREFIX, public), public=public, secret=secret)


def _parse_identity(line: str, number: int) -> Identity:
    for start, what in _OTHER_IDENTITIES:
        if line.upper().startswith(start):
            raise IdentityError(f"Line {number} of the identities is {what}; only X25519 identities are supported.")
    try:
        prefix, secret = bech32.decode(line)
    except ValueError as exc:
        raise IdentityError(f"Line {number} of the identities is malformed: {exc}.") from None
    if prefix != _IDENTITY_PREFIX or len(secret) != KEY_SIZE:
        raise IdentityError(f"Line {number} of the identities is no X25519 identity (AGE-SECRET-KEY-1...).")
    return _identity(secret)


def parse_identities(text: str) -> list[Identity]:
    """The identities of an age identity file, as age-keygen writes it: one a line, ``#`` starts a comment.

    Raises IdentityError, which names the line and never what stands on it, also when there is no identity at all.
    """
    require_cryptography()
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    found = [_parse_identity(line, number) for number, line in lines if line and not line.startswith("#")]
    if not found:
        raise IdentityError("No identity was given.", hint="An identity is a line that starts with AGE-SECRET-KEY-1.")
    return found


def generate_identity() -> tuple[str, str]:
    """A new key pair: the text of the secret identity, and that of its recipient."""
    require_cryptography()
    secret = os.urandom(KEY_SIZE)
    return bech32.encode(_IDENTITY_PREFIX.lower(), secret).upper(), _identity(secret).recipient


__all__ = ("Identity", "Recipient", "generate_identity", "parse_identities", "parse_recipient")
