# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: views of a stream that lead into another database. They may be made, and are not to be used."""

from __future__ import annotations

import typing as t


class Views:
    """Follows views, through views on them. Names are compared without case, as some servers do."""

    def __init__(self) -> None:
        self._reads: dict[str, frozenset[str]] = {}
        self._beyond: set[str] = set()

    def made(self, name: str, reads: t.Iterable[str], beyond: bool) -> None:
        """A view that reads tables and views of its own database; ``beyond``: and something of another one."""
        self.gone(name)
        self._reads[name.lower()] = frozenset(item.lower() for item in reads)
        if beyond:
            self._beyond.add(name.lower())

    def gone(self, name: str) -> None:
        """Dropped, or made as a table."""
        self._reads.pop(name.lower(), None)
        self._beyond.discard(name.lower())

    def renamed(self, names: t.Sequence[str]) -> None:
        """Any of them may be another now."""
        if self.leading(names):
            self._beyond.update(name.lower() for name in names)

    def leading(self, names: t.Iterable[str]) -> str:
        """The first of ``names`` that leads into another database; empty when none does."""
        return next((name for name in names if self._leads(name.lower(), set())), "") if self._beyond else ""

    def _leads(self, name: str, seen: set[str]) -> bool:
        if name in self._beyond:
            return True
        seen.add(name)
        return any(self._leads(item, seen) for item in self._reads.get(name, frozenset()) - seen)

    def __bool__(self) -> bool:
        return bool(self._beyond)


__all__ = ("Views",)
