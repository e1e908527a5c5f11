# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""A dead-man service: it hears of each start and each end, and raises the alarm when it hears nothing."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._notify.base import Channel, Notice
from ansible_collections.vya.backupdb.plugins.module_utils._notify.web import Endpoint


class PingChannel(Channel):
    """GET of a URL. That it is asked for is all that it says."""

    name = "ping"

    def __init__(self, url: str, option: str) -> None:
        self._endpoint = Endpoint(url, option)
        super().__init__(self._endpoint.target)

    def prepare(self, notice: Notice) -> None:
        """There is nothing to prepare."""

    def attempt(self, timeout: float) -> None:
        self._endpoint.request(timeout=timeout)

    def secrets(self) -> t.Iterable[str]:
        return self._endpoint.secrets


__all__ = ("PingChannel",)
