# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What strangers wrote, made fit to be read: no secrets that are known, no control characters, no novels."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote, urlsplit

HIDDEN = "********"
# Categories: control, format (which holds what turns the direction of text), surrogate, line and paragraph separator.
_UNFIT = ("Cc", "Cf", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_IN_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@")
_ASSIGNED = re.compile(r"(?i)((?:passw(?:or)?d|passphrase|secret|token|api_?key|pgpassword|mysql_pwd)\s*=\s*)[^\s&;,]+")
_TOKEN = re.compile(r"(?=[^/]*[0-9])(?=[^/]*[A-Za-z])[^/]{8,}|[^/]{20,}")


def line(text: object, limit: int = 200) -> str:
    """One line; what cannot be printed is written as in Python, such as ``\\x1b``."""
    return shortened(_fitting(shortened(str(text).strip(), 4 * limit)), limit)


def paragraph(text: object, limit: int = 1200) -> str:
    """The same, but with its line breaks; tabs are spaces, and empty lines are gone."""
    lines = re.split(r"\r\n|\r|\n", shortened(str(text), 4 * limit).expandtabs(4)) if text else []
    kept = [_fitting(one.rstrip()) for one in lines if one.strip()]
    return shortened("\n".join(kept), limit)


def shortened(text: str, limit: int) -> str:
    """The beginning and the end of what is too long: errors tell the cause first and what to do last."""
    if len(text) <= limit:
        return text
    last = limit // 3
    return f"{text[: limit - last - 5].rstrip()} ... {text[len(text) - last :].lstrip()}"


def _fitting(text: str) -> str:
    return text if text.isprintable() else "".join(_fit(char) for char in text)


def _fit(char: str) -> str:
    if char.isprintable() or char in _JOINERS:
        return char
    if char in _ESCAPES:
        return _ESCAPES[char]
    if unicodedata.category(char) not in _UNFIT:
        return " " if char.isspace() else char
    number = ord(char)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"


def masked(text: str) -> str:
    """``text`` without passwords that can be told by where they stand: in URLs, and after ``password=``."""
    # These patterns take their time, and errors can be long.
    if "://" in text:
        text = _IN_URL.sub(rf"\1:{HIDDEN}@", text)
    return _ASSIGNED.sub(rf"\1{HIDDEN}", text) if "=" in text else text


def secrets_of_url(url: str) -> set[str]:
    """The URL itself, its password, and what in its path and its query looks like a token."""
    found = {url}
    try:
        parts = urlsplit(url)
        found |= {parts.password or ""}
    except ValueError:
        return found
    # Some services want the token where others have a host; names of hosts are shorter, or have dots.
    found |= {piece for piece in re.split(r"[:@]", parts.netloc) if len(piece) >= 16 and "." not in piece}
    pieces = [*re.split(r"[/:@]", parts.path), *re.split(r"[&;]|(?<=\w)=", parts.query), parts.fragment]
    found |= {piece for piece in pieces if _TOKEN.fullmatch(piece)}
    return {text for text in found | {unquote(piece) for piece in found} if text}


def pieces_of_url(url: str) -> set[str]:
    """All of a URL but its scheme: where any part may be a token, and nobody knows which."""
    rest = url.partition("://")[2] or url
    pieces = {piece for piece in re.split(r"[/:@?&=#,]", rest) if len(piece) >= 4}
    return {url, rest, *pieces, *(unquote(piece) for piece in pieces)}


__all__ = ("HIDDEN", "line", "masked", "paragraph", "pieces_of_url", "secrets_of_url", "shortened")
