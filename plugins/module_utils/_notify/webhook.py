# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""A digest for programs: JSON by POST, signed when there is a secret."""

from __future__ import annotations

import hashlib
import hmac
import json
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._notify.base import Channel, Notice
from ansible_collections.vya.backupdb.plugins.module_utils._notify.web import Endpoint

# What receivers know already, Event-Driven Ansible among them.
SIGNATURE_HEADER = "X-Hub-Signature-256"


class WebhookChannel(Channel):
    """``secret`` is the key of an HMAC with SHA-256 over the body, told as ``sha256=`` and hexadecimal digits."""

    name = "webhook"

    def __init__(self, url: str, secret: str = "") -> None:
        self._endpoint = Endpoint(url, "webhook_url")
        super().__init__(self._endpoint.target)
        self._secret = secret
        self._endpoint.secrets |= {secret} - {""}
        self._body = b""

    def prepare(self, notice: Notice) -> None:
        self._body = json.dumps(notice.payload, separators=(",", ":")).encode()

    def attempt(self, timeout: float) -> None:
        headers = {"Content-Type": "application/json"}
        if self._secret:
            headers[SIGNATURE_HEADER] = signature(self._body, self._secret)
        self._endpoint.request(timeout=timeout, body=self._body, headers=headers)

    def secrets(self) -> t.Iterable[str]:
        return self._endpoint.secrets


def signature(body: bytes, secret: str) -> str:
    """``sha256=...`` of a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


__all__ = ("SIGNATURE_HEADER", "WebhookChannel", "signature")
