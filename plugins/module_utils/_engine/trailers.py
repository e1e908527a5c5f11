# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The last words of each engine's dumps, known without a server."""

from __future__ import annotations

_TRAILERS = {
    ("mysql", "pre-data"): b"-- Dump completed",
    ("mysql", "data"): b"-- Dump completed",
    ("mysql", "post-data"): b"-- Dump completed",
    ("mysql", "globals"): b"-- Dump completed",
    # pg_dumpall's last comment; its archives (custom format) have no trailer.
    ("postgresql", "globals"): b"PostgreSQL database cluster dump complete",
}


def trailer_of(engine: str, section: str) -> bytes:
    """Bytes that must be among the last of a section's plain stream; empty when its format has none."""
    return _TRAILERS.get((engine, section), b"")


__all__ = ("trailer_of",)
