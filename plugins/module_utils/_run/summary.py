# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""A manifest in a few lines, for results."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest
from ansible_collections.vya.backupdb.plugins.module_utils._names import human_size, human_time

_WARNINGS_SHOWN = 5


def summary(manifest: Manifest) -> dict[str, t.Any]:
    """Sizes in bytes and in words; ``ratio``: plain to stored; ``throughput``: plain bytes a second."""
    seconds = manifest.seconds
    rows = [table.rows for table in manifest.tables if table.rows is not None]
    result: dict[str, t.Any] = {
        "id": manifest.id,
        "host": manifest.host,
        "instance": manifest.instance,
        "database": manifest.database,
        "kind": manifest.kind,
        "engine": dict(manifest.engine),
        "started": manifest.started,
        "snapshot": manifest.snapshot,
        "finished": manifest.finished,
        "seconds": round(seconds, 3),
        "duration": human_time(seconds),
        "size": manifest.size,
        "size_human": human_size(manifest.size),
        "plain_size": manifest.plain_size,
        "plain_size_human": human_size(manifest.plain_size),
        "ratio": round(manifest.plain_size / manifest.size, 2) if manifest.size else 0.0,
        "throughput": int(manifest.plain_size / seconds) if seconds else 0,
        "throughput_human": f"{human_size(manifest.plain_size / seconds)}/s" if seconds else "",
        "compression": manifest.compression,
        "encrypted": manifest.encryption is not None,
        "recipients": list(manifest.recipients),
        "tables": len(manifest.tables),
        "rows": sum(rows),
        "exact": all(table.exact for table in manifest.tables),
        "warnings": list(manifest.warnings[:_WARNINGS_SHOWN]),
    }
    if manifest.position:
        result["position"] = dict(manifest.position)
    return result


__all__ = ("summary",)
