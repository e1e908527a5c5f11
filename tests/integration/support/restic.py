# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""restic, whose rules of retention are ours: a repository with snapshots of any time, and what `forget` would do.

Every call of restic stretches the password for half a second, on purpose. For hundreds of calls the repository's key is
wrapped once more, under the cheapest stretching that restic accepts (see "Design" in restic's manual).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.vya.backupdb.plugins.module_utils._manifest import parse_time
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

PASSWORD = "only for tests"


class Repository:
    """A repository in a folder that is there, whose times are of one zone."""

    def __init__(self, folder: Path, zone: str) -> None:
        self.zone = zone
        self.folder = folder / "repository"
        self.content = folder / "content"
        self.content.write_text("the same in every snapshot", encoding="utf-8")
        self.run("init", "--quiet")
        make_key_cheap(self.folder, PASSWORD.encode())

    def run(self, *arguments: str) -> str:
        """Run restic; what it prints."""
        own = {"RESTIC_PASSWORD": PASSWORD, "RESTIC_REPOSITORY": str(self.folder), "TZ": self.zone}
        command = ["restic", "--no-cache", *arguments]
        done = subprocess.run(command, env={**os.environ, **own}, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def backup(self, time: str, tags: Iterable[str]) -> None:
        """A snapshot of that time. Two at once in one repository wait for each other's locks for seconds."""
        self.run("backup", "--quiet", "--force", "--time", time, "--tag", ",".join(tags), str(self.content))

    def forget(self, tag: str, options: Sequence[str]) -> dict[str, list[str]]:
        """Time of each snapshot with the tag: what keeps it, in restic's words. No words: it would be removed.

        For a rule that has not found as many as it may keep, restic keeps the oldest snapshot since version 0.16 (issue
        3624). For older ones that is added here, by what restic itself says is left of each rule's count.
        """
        command = ("forget", "--dry-run", "--json", "--no-lock", "--group-by", "", "--tag", tag, *options)
        group = json.loads(self.run(*command))[0]
        kept = {item["snapshot"]["time"]: list(item["matches"]) for item in group["reasons"]}
        removed: dict[str, list[str]] = {item["time"]: [] for item in group["remove"] or []}
        found = {**kept, **removed}
        oldest = found[min(found, key=parse_time)]
        for rule, left in group["reasons"][-1]["counters"].items():
            if left and not {f"{rule} snapshot", f"oldest {rule} snapshot"} & set(oldest):
                oldest.append(f"oldest {rule} snapshot")
        return found


def make_key_cheap(repository: Path, password: bytes) -> None:
    """Replace the repository's only key file by one that is opened by the same password without any work."""
    path = next((repository / "keys").iterdir())
    fields = json.loads(path.read_bytes())
    salt = base64.b64decode(fields["salt"])
    sealed = base64.b64decode(fields["data"])
    plain = _crypt(_stretched(password, salt, fields), sealed[:16], sealed[16:-16])
    fields.update(N=2, r=1, p=1)
    keys = _stretched(password, salt, fields)
    body = _crypt(keys, sealed[:16], plain)
    fields["data"] = base64.b64encode(sealed[:16] + body + _authenticator(keys, sealed[:16], body)).decode()
    text = json.dumps(fields).encode()
    path.unlink()
    path.with_name(hashlib.sha256(text).hexdigest()).write_bytes(text)


def _stretched(password: bytes, salt: bytes, fields: dict[str, Any]) -> bytes:
    """32 bytes for AES-256-CTR, then 16 and 16 for Poly1305-AES."""
    cost = {name: fields[name] for name in ("r", "p")}
    return hashlib.scrypt(password, salt=salt, n=fields["N"], dklen=64, maxmem=1 << 30, **cost)


def _crypt(keys: bytes, nonce: bytes, data: bytes) -> bytes:
    return Cipher(algorithms.AES(keys[:32]), modes.CTR(nonce)).encryptor().update(data)


def _authenticator(keys: bytes, nonce: bytes, data: bytes) -> bytes:
    block = Cipher(algorithms.AES(keys[32:48]), modes.ECB()).encryptor().update(nonce)
    return Poly1305.generate_tag(keys[48:] + block, data)


__all__ = ["Repository"]
