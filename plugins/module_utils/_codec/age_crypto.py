# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.
"""The primitives of age v1, on ``cryptography``, which may be absent until one of them is used."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_errors import AgeError

try:
    import cryptography
    from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
except ImportError:
    _FOUND = False
    _VERSION: tuple[int, ...] = ()
else:
    _FOUND = True
    _VERSION = tuple(int(part) for part in cryptography.__version__.split(".")[:2])

MINIMUM_VERSION = (3, 3)
KEY_SIZE = 32
TAG_SIZE = 16

# Before this version the cipher took nothing but bytes, and slices have to be copied for it.
_TAKES_VIEWS = _VERSION >= (41, 0)

Buffer = t.Union[bytes, bytearray, memoryview]


def require_cryptography() -> None:
    """Raises AgeError, saying what to install, unless everything age needs is there."""
    wanted = "cryptography >= " + ".".join(map(str, MINIMUM_VERSION))
    if not _FOUND:
        raise AgeError(missing_required_lib(wanted, reason="for encryption with age"))
    if _VERSION < MINIMUM_VERSION:
        raise AgeError(
            f"The installed cryptography {cryptography.__version__} is too old for encryption with age.",
            hint=f"Install {wanted}.",
        )
    try:
        ChaCha20Poly1305(bytes(KEY_SIZE))
        X25519PrivateKey.from_private_bytes(bytes(KEY_SIZE))
    except UnsupportedAlgorithm as exc:
        raise AgeError(
            "The OpenSSL of this host's cryptography refuses ChaCha20-Poly1305 or X25519, which age is made of.",
            hint="It may run in FIPS mode.",
        ) from exc


def hkdf(secret: bytes, *, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA-256, 32 bytes."""
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=salt, info=info).derive(secret)


def x25519_public(secret: bytes) -> bytes:
    """The public key (32 bytes) of a secret scalar (32 bytes)."""
    public = X25519PrivateKey.from_private_bytes(secret).public_key()
    if hasattr(public, "public_bytes_raw"):
        return public.public_bytes_raw()
    # Older versions need this package, which loads all there is of asymmetric cryptography.
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def x25519(secret: bytes, public: bytes) -> bytes:
    """The shared secret. Raises ValueError when it is all zero: the public key is a point of low order."""
    shared = X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))
    if shared == bytes(KEY_SIZE):
        raise ValueError("the shared secret is all zero")
    return shared


class Aead:
    """ChaCha20-Poly1305 under one key (32 bytes), without associated data. A nonce may be used for one message only."""

    def __init__(self, key: bytes) -> None:
        self._cipher = ChaCha20Poly1305(key)

    def seal(self, nonce: bytes, plain: Buffer) -> bytes:
        """The ciphertext, 16 bytes longer than ``plain``."""
        return self._cipher.encrypt(nonce, plain if _TAKES_VIEWS else bytes(plain), None)

    def open(self, nonce: bytes, sealed: Buffer) -> bytes | None:
        """The plaintext, or None when ``sealed`` is not authentic."""
        try:
            return self._cipher.decrypt(nonce, sealed if _TAKES_VIEWS else bytes(sealed), None)
        except InvalidTag:
            return None


__all__ = ("KEY_SIZE", "TAG_SIZE", "Aead", "Buffer", "hkdf", "require_cryptography", "x25519", "x25519_public")
