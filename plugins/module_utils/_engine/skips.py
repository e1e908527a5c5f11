# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What a restore skips of a backup: nothing, unless an engine knows better."""

from __future__ import annotations

import typing as t


class Skips:
    """``wanted``: whether something is skipped, for which an archive must be in a file; known after preflight."""

    wanted = False

    def kept(self, listing: t.Sequence[str]) -> list[str]:
        """The lines of an archive's list that stay."""
        return list(listing)

    def covers(self, table: str) -> bool:
        """Whether a table or a sequence of the backup is restored."""
        return True


__all__ = ("Skips",)
