# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server is tried with which compression, encrypted or not.

The formats do not depend on the server. Between them each engine's two servers take every compression, every server is
tried with and without age, and every compression is too.
"""

from __future__ import annotations

# Server: (compression, encrypted).
WAYS = {
    "pg15": [("zstd", True), ("gzip", False), ("xz", True)],
    "pg18": [("lz4", False), ("zip", True), ("none", False)],
    "mariadb": [("zstd", False), ("gzip", True), ("xz", False)],
    "mysql9": [("lz4", True), ("zip", False), ("none", True)],
}
# For pytest.mark.parametrize: which of its ways a server takes.
NUMBERS = range(3)

__all__ = ["NUMBERS", "WAYS"]
