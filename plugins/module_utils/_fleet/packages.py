# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""On the control node: which packages a host lacks, by the names that its distribution gives them."""

from __future__ import annotations

import typing as t

_DEFAULT_COMPRESSION = "zstd"
# What a backup cannot be made without, by the engine.
_TOOL = {"postgresql": "pg_dump", "mysql": "mysqldump"}
Names = t.Mapping[str, t.Any]


def libraries(instances: t.Sequence[t.Mapping[str, t.Any]], names: Names) -> list[str]:
    """Drivers, encryption and compression for the instances."""
    wanted = set(names.get("common", ()))
    for item in instances:
        wanted.update(names.get(item["engine"], ()))
        compression = item.get("compression", _DEFAULT_COMPRESSION)
        if compression in names.get("compression", {}):
            wanted.add(names["compression"][compression])
    return sorted(wanted)


def tools(found: t.Mapping[str, t.Any], names: Names) -> list[str]:
    """Client tools that db_info did not find; ``found``: what a loop of it registered. A server that did not answer
    needs nothing that could be known."""
    wanted = set()
    for item in found.get("results") or []:
        server = item.get("server")
        if server and _TOOL[server["engine"]] not in (item.get("tools") or {}):
            wanted.add(names["tools"][server["flavour"]].format(series=server["series"]))
    return sorted(wanted)


__all__ = ("libraries", "tools")
