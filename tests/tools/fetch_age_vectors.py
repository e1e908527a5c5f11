# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetches the official age test vectors (npm package cctv-age) into .build/cctv-age/testdata, unless they are there.

The package holds them as base64 in one JavaScript module; here each becomes a file, in the format its README describes.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "cctv-age"
VERSION = "0.2.0"
SHA256 = "94a2a220a95b158a69997e84405bb5d4ef84adf05d15bf341b83ec3ba9dd846e"
TARGET = Path(__file__).resolve().parents[2] / ".build" / PACKAGE

_VECTOR = re.compile(r'^var (\w+)_default = __toBinary\("([A-Za-z0-9+/=]*)"\);$', re.MULTILINE)
_EXPORT = re.compile(r"^ +(\w+)_default as \1,?$", re.MULTILINE)


def download(folder: Path) -> Path:
    """The package's tarball, as npm delivers it."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is needed to fetch the age test vectors: apt-get install npm")
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    tarball = folder / f"{PACKAGE}-{VERSION}.tgz"
    found = hashlib.sha256(tarball.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{tarball.name} has the SHA-256 {found}, expected {SHA256}")
    return tarball


def vectors(tarball: Path) -> dict[str, bytes]:
    """Every vector that the package exports, by name."""
    with tarfile.open(tarball) as archive:
        member = archive.extractfile("package/index.js")
        if member is None:
            raise SystemExit(f"{tarball.name} holds no index.js")
        source = member.read().decode("utf-8")
    found = {name: base64.b64decode(data) for name, data in _VECTOR.findall(source)}
    exported = set(_EXPORT.findall(source))
    if not found or set(found) != exported:
        raise SystemExit(f"{tarball.name}: {len(found)} vectors found, {len(exported)} exported")
    return found


def main() -> int:
    """Fetch, or find that everything is there."""
    marker = TARGET / "VERSION"
    if marker.is_file() and marker.read_text(encoding="utf-8") == SHA256:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        found = vectors(download(Path(folder)))
    shutil.rmtree(TARGET, ignore_errors=True)
    testdata = TARGET / "testdata"
    testdata.mkdir(parents=True)
    for name, data in found.items():
        (testdata / name).write_bytes(data)
    # Written last: a folder without it is incomplete, and made anew.
    marker.write_text(SHA256, encoding="utf-8")
    print(f"{len(found)} age test vectors in {testdata}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
