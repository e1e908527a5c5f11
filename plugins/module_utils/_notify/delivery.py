# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""All channels at once, each with its attempts: one that hangs holds up no other."""

from __future__ import annotations

import dataclasses
import threading
import time
import traceback
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import redact
from ansible_collections.vya.backupdb.plugins.module_utils._notify import clean
from ansible_collections.vya.backupdb.plugins.module_utils._notify.base import Channel, ChannelError

_TICK = 0.1
_DELAY_MAX = 600.0


@dataclasses.dataclass(frozen=True)
class Patience:
    """How often to try (``retries`` after the first time), how long to wait before the second attempt (``delay``, which
    doubles each time), and for how long an attempt may go on (``timeout``); in seconds."""

    retries: int
    delay: float
    timeout: float


@dataclasses.dataclass
class Delivery:
    """How it went with one channel. ``error`` is empty when all of it got through."""

    channel: Channel
    attempts: int = 0
    error: str = ""


def deliver(
    channels: t.Sequence[Channel], patience: Patience, check: t.Callable[[], None], *, probe: bool = False
) -> list[Delivery]:
    """Send what the channels have prepared, or with ``probe`` only find out whether that would work. ``check`` is
    called often and may raise, which ends it all."""
    deliveries = [Delivery(channel) for channel in channels]
    threads = [
        threading.Thread(target=_persist, args=(delivery, patience, probe), daemon=True, name=delivery.channel.name)
        for delivery in deliveries
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(_TICK)
            check()
    return deliveries


def _persist(delivery: Delivery, patience: Patience, probe: bool) -> None:
    """Attempt until it works, or is known never to work, or was tried often enough."""
    delay = patience.delay
    while True:
        delivery.attempts += 1
        error = _attempt(delivery.channel, patience.timeout, probe)
        if error is None:
            delivery.error = ""
            return
        delivery.error = redact(clean.masked(str(error)), delivery.channel.secrets())
        if error.final or delivery.attempts > patience.retries:
            return
        time.sleep(min(delay, _DELAY_MAX))
        delay *= 2


def _attempt(channel: Channel, timeout: float, probe: bool) -> ChannelError | None:
    """One attempt that ends in time, whatever the other side does: a server that sends a byte now and then never lets
    the time limit of a socket pass."""
    outcome: list[ChannelError | None] = []

    def work() -> None:
        try:
            (channel.probe if probe else channel.attempt)(timeout)
            outcome.append(None)
        except ChannelError as exc:
            outcome.append(exc)
        except Exception as exc:
            # A defect. Its text could quote what was sent; where it happened says enough.
            frame = traceback.extract_tb(exc.__traceback__)[-1]
            place = f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
            outcome.append(ChannelError(f"An unexpected {type(exc).__name__} in {place}.", final=True))

    thread = threading.Thread(target=work, daemon=True, name=f"{channel.name} attempt")
    thread.start()
    # The channel's own limit comes first when the server is just silent; it can tell more.
    thread.join(timeout + 1)
    if outcome:
        return outcome[0]
    return ChannelError(f"{channel.target} did not come to an end within {timeout:g} s.")


__all__ = ("Delivery", "Patience", "deliver")
