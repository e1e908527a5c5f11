# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Whatever Apprise knows by URL: chats, telephones, pagers. The library is optional."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import typing as t

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError, redact
from ansible_collections.vya.backupdb.plugins.module_utils._notify import clean
from ansible_collections.vya.backupdb.plugins.module_utils._notify.base import Channel, ChannelError, Notice

MINIMUM = "1.0"
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]{0,30})://")
_TOLD = 300


class _Listener(logging.Handler):
    """Keeps what Apprise complains of in this thread; the other channels have theirs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.lines.append(record.getMessage())


@contextlib.contextmanager
def _listening() -> t.Iterator[list[str]]:
    """What Apprise says meanwhile."""
    logger, listener = logging.getLogger("apprise"), _Listener()
    # Without a handler of its own, what it says later would go to stderr as it is.
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = False
    logger.addHandler(listener)
    try:
        yield listener.lines
    finally:
        logger.removeHandler(listener)


class AppriseChannel(Channel):
    """One URL, so that each is tried and reported for itself."""

    name = "apprise"

    def __init__(self, url: str, number: int) -> None:
        scheme = _SCHEME.match(url)
        super().__init__(f"{scheme.group(1).lower() if scheme else 'URL'} ({number})")
        self._url = url
        library = require_apprise()
        self._service = library.Apprise(asset=library.AppriseAsset(async_mode=False))
        with _listening():
            known = bool(scheme) and self._service.add(url)
        if not known:
            raise ConfigError(
                f"apprise_urls: Apprise does not understand number {number} of the list.",
                hint="Try it with the command apprise; its documentation tells how the URL of each service is written.",
            )
        self._notice = Notice(subject="", failed=False)

    def prepare(self, notice: Notice) -> None:
        self._notice = notice

    def attempt(self, timeout: float) -> None:
        library = require_apprise()
        kind = library.NotifyType.FAILURE if self._notice.failed else library.NotifyType.SUCCESS
        with _listening() as heard:
            done = self._service.notify(
                body=self._notice.short,
                title=self._notice.subject,
                notify_type=kind,
                body_format=library.NotifyFormat.TEXT,
            )
        if not done:
            said = clean.line(redact(clean.masked(" ".join(_said(done, heard))), self.secrets()), _TOLD)
            raise ChannelError(f"Apprise could not deliver to {self.target}.{f' It said: {said}' if said else ''}")

    def secrets(self) -> t.Iterable[str]:
        return clean.pieces_of_url(self._url)


def _said(done: t.Any, heard: list[str]) -> list[str]:
    """Why it failed. Apprise tells that in its log alone; since 2.2, which works in threads, in its answer too."""
    if not heard and callable(getattr(done, "logs", None)):
        heard = [str(entry.message) for entry in done.logs() if entry.level != "DEBUG"]
    return heard[-2:]


def require_apprise() -> t.Any:
    """The library; ConfigError when it is missing."""
    try:
        import apprise
    except ImportError as exc:
        raise ConfigError(missing_required_lib(f"apprise {MINIMUM} or newer", reason="for apprise_urls")) from exc
    return apprise


__all__ = ("AppriseChannel", "require_apprise")
