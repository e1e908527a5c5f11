# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What is to be told, and what a channel is."""

from __future__ import annotations

import abc
import dataclasses
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError


class ChannelError(BackupError):
    """A message did not get through. ``final``: another attempt would end in the same way."""

    default_stage = "notify"

    def __init__(self, msg: str, *, final: bool = False, hint: str = "") -> None:
        super().__init__(msg, hint=hint)
        self.final = final


@dataclasses.dataclass(frozen=True)
class Notice:
    """One piece of news in all its forms. ``short`` is for chats, ``payload`` for programs."""

    subject: str
    failed: bool
    text: str = ""
    html: str = ""
    short: str = ""
    payload: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


class Channel(abc.ABC):
    """One way to tell people. ``name`` is its kind; ``target`` says where it leads, without anything secret."""

    name = ""

    def __init__(self, target: str) -> None:
        self.target = target

    @abc.abstractmethod
    def prepare(self, notice: Notice) -> None:
        """Make what will be sent, without touching the network. ConfigError when that cannot be done."""

    @abc.abstractmethod
    def attempt(self, timeout: float) -> None:
        """Send what was prepared; ``timeout`` is in seconds. ChannelError when it, or some of it, did not get through;
        the next attempt sends only what did not."""

    def probe(self, timeout: float) -> bool:
        """Find out, without telling anybody anything, whether an attempt would get through; False where that cannot be
        done. ChannelError when it would not."""
        del timeout
        return False

    def secrets(self) -> t.Iterable[str]:
        """What may stand in no message of this channel."""
        return ()

    def told(self, *, check_mode: bool = False) -> dict[str, t.Any]:
        """Further fields of a result: who has been told, or in check mode would be."""
        return {}


__all__ = ("Channel", "ChannelError", "Notice")
