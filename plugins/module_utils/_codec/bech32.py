# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.
"""Bech32 as age uses it: BIP 173, without its limit of 90 characters."""

from __future__ import annotations

import typing as t

_CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {char: value for value, char in enumerate(_CHARSET)}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LENGTH = 6


def _polymod(values: t.Iterable[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            if top >> bit & 1:
                checksum ^= generator
    return checksum


def _expand(prefix: str) -> list[int]:
    return [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]


def encode(prefix: str, data: bytes) -> str:
    """``data`` under a lower-case human readable ``prefix``; the result is lower case."""
    bits = len(data) * 8
    padding = -bits % 5
    number = int.from_bytes(data, "big") << padding
    words = [number >> shift & 31 for shift in range(bits + padding - 5, -1, -5)]
    check = _polymod(_expand(prefix) + words + [0] * _CHECKSUM_LENGTH) ^ 1
    words += [check >> shift & 31 for shift in range(25, -1, -5)]
    return prefix + "1" + "".join(_CHARSET[word] for word in words)


def decode(text: str) -> tuple[str, bytes]:
    """The prefix, in the letter case it came in, and the data.

    Raises ValueError with a reason that does not quote ``text``, which may be a secret.
    """
    if text != text.lower() and text != text.upper():
        raise ValueError("it mixes upper and lower case")
    prefix, separator, encoded = text.rpartition("1")
    if not separator or not prefix or len(encoded) < _CHECKSUM_LENGTH:
        raise ValueError("it is too short")
    if not all("!" <= char <= "~" for char in prefix):
        raise ValueError("it holds a character that does not belong there")
    try:
        words = [_VALUES[char] for char in encoded.lower()]
    except KeyError:
        raise ValueError("it holds a character that does not belong there") from None
    if _polymod(_expand(prefix.lower()) + words) != 1:
        raise ValueError("its checksum is wrong: a character is missing or mistyped")
    del words[-_CHECKSUM_LENGTH:]
    number = 0
    for word in words:
        number = number << 5 | word
    padding = len(words) * 5 % 8
    if padding >= 5 or number & (1 << padding) - 1:
        raise ValueError("its padding is wrong")
    return prefix, (number >> padding).to_bytes(len(words) * 5 // 8, "big")


__all__ = ("decode", "encode")
