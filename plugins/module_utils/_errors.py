# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.
"""Every error that the collection raises on purpose."""

from __future__ import annotations

import re
import typing as t

# What a tool wrote to stderr is quoted in errors; more than this helps nobody at three in the morning.
STDERR_LINES = 25
STDERR_BYTES = 4000


class BackupError(Exception):
    """Root of all errors.

    ``stage`` names the step that failed (``connect``, ``dump``, ``store`` ...), ``rc`` is the exit status of a tool
    (negative: the signal that ended it), ``stderr`` the tail of what it said, ``hint`` what to do next.
    None of these may hold a secret; :func:`redact` removes those that are known.
    """

    default_stage = ""

    def __init__(
        self,
        msg: str,
        *,
        stage: str = "",
        rc: int | None = None,
        stderr: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(msg)
        self.msg = msg
        self.stage = stage or self.default_stage
        self.rc = rc
        self.stderr = tail(stderr)
        self.hint = hint

    def at(self, stage: str) -> None:
        """Note the stage, if the error has none yet."""
        self.stage = self.stage or stage

    def as_dict(self) -> dict[str, t.Any]:
        """Fields for a module's result; absent ones are left out."""
        result: dict[str, t.Any] = {"stage": self.stage, "msg": str(self)}
        if self.rc is not None:
            result["rc"] = self.rc
        return result

    def __str__(self) -> str:
        parts = [self.msg]
        if self.rc is not None:
            parts.append(f"Exit status {self.rc}." if self.rc >= 0 else f"Ended by signal {-self.rc}.")
        if self.stderr:
            parts.append(f"It said: {self.stderr}")
        if self.hint:
            parts.append(self.hint)
        ended = [part if part[-1:] in ".!?:" else f"{part}." for part in parts[:-1]]
        return " ".join([*ended, parts[-1]])


class ConfigError(BackupError):
    """Options that cannot be used, found before anything was touched."""

    default_stage = "preflight"


class ConnectError(BackupError):
    """The server could not be reached, or refused the account."""

    default_stage = "connect"


class EngineError(BackupError):
    """The server answered a statement with an error."""


class PrivilegeError(EngineError):
    """The account may not do what the task needs."""

    default_stage = "preflight"


class ToolError(BackupError):
    """A client tool is missing, does not fit, or failed."""


class CodecError(BackupError):
    """Compression or encryption failed, or what was stored cannot be decoded."""


class StoreError(BackupError):
    """The store cannot be used, written or read."""

    default_stage = "store"


class LockedError(StoreError):
    """Another run works on the same host and instance."""

    default_stage = "lock"


class ManifestError(StoreError):
    """A manifest that is missing, damaged or of an unknown version."""

    default_stage = "catalog"


class NotFoundError(StoreError):
    """No backup fits the selection."""

    default_stage = "catalog"


class IntegrityError(StoreError):
    """What is stored differs from what the manifest says."""

    default_stage = "authenticate"


class VerifyError(BackupError):
    """What was restored differs from what was backed up."""

    default_stage = "verify"


class InterruptedRun(BackupError):
    """A signal or the time limit ended the run."""

    default_stage = "interrupted"


def tail(text: str) -> str:
    """The last lines of a tool's stderr, short enough for an error message."""
    lines = [line.rstrip() for line in text.strip().splitlines() if line.strip()]
    shortened = "\n".join(lines[-STDERR_LINES:])
    return shortened if len(shortened) <= STDERR_BYTES else "..." + shortened[-STDERR_BYTES:]


def redact(text: str, secrets: t.Iterable[str]) -> str:
    """``text`` without any of the ``secrets``, be they escaped as in option files, passfiles and JSON; age identities
    are removed even when nobody listed them."""
    for secret in sorted({s for s in secrets if s}, key=len, reverse=True):
        text = re.sub(_however_escaped(secret), "********", text)
    return re.sub(r"AGE-SECRET-KEY-[0-9A-Za-z-]+", "AGE-SECRET-KEY-********", text)


def _however_escaped(secret: str) -> str:
    """A pattern for a text in which any number of backslashes precedes what is neither a letter nor a digit, and in
    which quotes are doubled or not, as in SQL."""
    pieces = []
    for piece in re.findall(r"\\+|[^\\]", secret):
        if piece[0] == "\\":
            pieces.append(rf"\\{{{len(piece)},}}")
        elif piece.isalnum() or (pieces and pieces[-1].endswith(",}")):
            pieces.append(re.escape(piece))
        else:
            pieces.append(r"\\*" + re.escape(piece))
        if piece in "'\"`":
            pieces[-1] += rf"(?:\\*{piece})?"
    return "".join(pieces)


__all__ = (
    "BackupError",
    "CodecError",
    "ConfigError",
    "ConnectError",
    "EngineError",
    "IntegrityError",
    "InterruptedRun",
    "LockedError",
    "ManifestError",
    "NotFoundError",
    "PrivilegeError",
    "StoreError",
    "ToolError",
    "VerifyError",
    "redact",
    "tail",
)
