# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The collection's version, as manifests and records name it. A test ties it to galaxy.yml."""

from __future__ import annotations

COLLECTION_VERSION = "1.0.0"

__all__ = ("COLLECTION_VERSION",)
