# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What servers say is passed on only where it is known to quote no value of a row.

Error messages go to mails, tickets and logs that more people read than the database. So there is a list of messages
that are passed on, with their values replaced; a message that is not on it is withheld, and the server's log has it.
"""

from __future__ import annotations

import re
import typing as t

WITHHELD = "a message that may quote rows and is not repeated here: see the server's log"
_VALUE = '"..."'


class Sayings:
    """Regular expressions for whole messages, one a line. ``macros`` are words in capitals between ``<>``; what matches
    ``<V>`` is a value, and is replaced."""

    def __init__(self, lines: str, macros: t.Mapping[str, str]) -> None:
        self._lines, self._macros = lines, macros
        self._compiled: list[re.Pattern[str]] = []

    def _patterns(self) -> list[re.Pattern[str]]:
        """Compiled when something has to be said for the first time."""
        if not self._compiled:
            macros = {**self._macros, "V": "(?P<v>.*)"}
            for line in filter(None, (line.strip() for line in self._lines.splitlines())):
                whole = line
                while "<" in whole.replace("(?P<", ""):
                    whole = re.sub("(?<!P)<([A-Z]+)>", lambda found: macros[found[1]], whole)
                self._compiled.append(re.compile(whole + r"\.?", re.S))
        return self._compiled

    def known(self, message: str) -> str | None:
        """The message without values; None when it is not on the list."""
        for pattern in self._patterns():
            found = pattern.fullmatch(message)
            if found is None:
                continue
            if "v" not in pattern.groupindex or found["v"] is None:
                return message
            begin, end = found.span("v")
            return message[:begin] + _VALUE + message[end:]
        return None

    def passed(self, message: str) -> str:
        """The message without values, or that it is withheld."""
        known = self.known(message)
        return WITHHELD if known is None else known


__all__ = ("WITHHELD", "Sayings")
