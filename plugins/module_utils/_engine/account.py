# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What is known of an account, and what is to be done to it."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Statement:
    """``shown``: the same for people, where ``sql`` holds a password; ``secret``: what it holds, be it a hash."""

    sql: str
    shown: str = ""
    secret: str = ""

    @property
    def told(self) -> str:
        """What may be shown."""
        return self.shown or self.sql


@dataclasses.dataclass(frozen=True)
class AccountState:
    """Privileges ``before`` and ``after`` the ``statements``; ``excess``: those that are more than is needed."""

    existed: bool
    statements: tuple[Statement, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    excess: tuple[str, ...]
    warnings: tuple[str, ...] = ()


__all__ = ("AccountState", "Statement")
