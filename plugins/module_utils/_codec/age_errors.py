# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.
"""What can be wrong with an age file, an identity or a recipient. None of these ever quotes a secret."""

from __future__ import annotations

from ansible_collections.vya.backupdb.plugins.module_utils._errors import CodecError


class AgeError(CodecError):
    """Encryption or decryption failed."""

    default_stage = "encryption"


class RecipientError(AgeError):
    """A recipient (public key) that cannot be used."""


class IdentityError(AgeError):
    """An identity (secret key), or a file of them, that cannot be used."""


class HeaderError(AgeError):
    """The header is no age v1 header, is damaged or is cut short."""


class MacError(HeaderError):
    """An identity fits, but the header was changed after it was written."""


class UnsupportedError(HeaderError):
    """An age file of a kind that is refused on purpose: armored, or encrypted with a passphrase."""


class NoMatchError(AgeError):
    """None of the identities opens the file. ``recipients`` is the number of recipients that the file has."""

    def __init__(self, msg: str, *, recipients: int, hint: str = "") -> None:
        super().__init__(msg, hint=hint)
        self.recipients = recipients


class PayloadError(AgeError):
    """The payload is damaged, or something was appended to it."""


class TruncatedError(PayloadError):
    """The payload ends before its authenticated end."""


__all__ = (
    "AgeError",
    "HeaderError",
    "IdentityError",
    "MacError",
    "NoMatchError",
    "PayloadError",
    "RecipientError",
    "TruncatedError",
    "UnsupportedError",
)
