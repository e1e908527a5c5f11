# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: what a swap moves, as its journal keeps it."""

from __future__ import annotations

import base64
import dataclasses
import json


@dataclasses.dataclass
class Plan:
    """What a swap moves, as its journal keeps it. ``previous``: empty when there is no target yet."""

    source: str
    scratch: str
    target: str
    previous: str
    keep_previous: bool
    charset: tuple[str, str]
    code: bytes
    names: tuple[str, ...]
    tables: tuple[str, ...] = ()
    old_tables: tuple[str, ...] = ()
    old_triggers: tuple[str, ...] = ()
    old_code: bytes = b""
    old_names: tuple[str, ...] = ()
    old_charset: tuple[str, str] = ("", "")
    grants: tuple[tuple[str, str, str], ...] = ()

    def to_json(self) -> str:
        """For the journal."""
        fields = dataclasses.asdict(self)
        for key in ("code", "old_code"):
            fields[key] = base64.b64encode(fields[key]).decode()
        return json.dumps(fields)

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """From the journal."""
        fields = json.loads(text)
        for key in ("code", "old_code"):
            fields[key] = base64.b64decode(fields[key])
        for key, value in fields.items():
            fields[key] = tuple(value) if isinstance(value, list) else value
        fields["grants"] = tuple(tuple(item) for item in fields["grants"])
        return cls(**fields)


__all__ = ("Plan",)
