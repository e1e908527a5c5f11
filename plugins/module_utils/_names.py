# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Names: what databases, hosts and backups are called on disk and beside their targets."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from urllib.parse import quote, unquote

GLOBALS = "@globals"
_SAFE = "".join(chr(c) for c in range(128) if chr(c).isalnum()) + "_-."
# ext4, xfs and zfs allow 255 bytes in a name; room is left for temporary names.
_MAX_ENCODED = 200
_ID = re.compile(r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6,16}\Z")


def encode(name: str) -> str:
    """One path component for any name: percent-encoded bytes of its UTF-8, never empty, never starting with a dot.

    A name too long for a file system is cut and ends with ``~`` and a hash; the manifest keeps the true name.
    """
    if name == GLOBALS:
        return name
    if not name:
        raise ValueError("an empty name has no place in a store")
    encoded = quote(name, safe=_SAFE, errors="surrogateescape").replace("~", "%7E")
    if encoded.startswith("."):
        encoded = "%2E" + encoded[1:]
    if len(encoded) > _MAX_ENCODED:
        digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        encoded = f"{encoded[: _MAX_ENCODED - 20]}~{digest}"
    return encoded


def decode(component: str) -> str:
    """What :func:`encode` was given, except for cut names (see there)."""
    return unquote(component, errors="surrogateescape")


def readable(text: str) -> str:
    """Any text as what can be sent and shown: of bytes that were no UTF-8, what they were (``caf\\xe9``)."""
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace")


def new_id(now: dt.datetime) -> str:
    """A backup's id: its start in UTC and 24 random bits, so that two runs never share one."""
    return f"{now.astimezone(dt.timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def is_id(text: str) -> bool:
    """Whether ``text`` has the form of a backup's id."""
    return bool(_ID.match(text))


def id_time(text: str) -> dt.datetime:
    """When a backup with this id began, as its host's clock had it; ValueError for a time that does not exist."""
    moment = dt.datetime.strptime(text.split("-", maxsplit=1)[0], "%Y%m%dT%H%M%SZ")
    return moment.replace(tzinfo=dt.timezone.utc)


def beside(name: str, suffix: str, limit: int, *, unit: str = "bytes") -> str:
    """``name`` with ``suffix``, cut so that it fits the server's ``limit`` (PostgreSQL: bytes, MySQL: chars)."""
    tail = f"_{suffix}"
    room = limit - len(tail)
    if unit == "chars":
        return name[:room] + tail
    return name.encode("utf-8")[:room].decode("utf-8", "ignore") + tail


def human_size(size: float | None) -> str:
    """Bytes in words, in binary units: ``1.4 MiB``."""
    if size is None:
        return "unknown"
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(value) < 1024 or unit == "TiB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return ""


def human_time(seconds: float) -> str:
    """Seconds in words: ``0.4 s``, ``3 min 12 s``, ``2 h 05 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


__all__ = (
    "GLOBALS",
    "beside",
    "decode",
    "encode",
    "human_size",
    "human_time",
    "id_time",
    "is_id",
    "new_id",
    "readable",
)
