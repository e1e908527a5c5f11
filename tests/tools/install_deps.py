# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install, as root, the Debian packages that the tests need and that are not here; others are told what is missing."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys

# Package: what shows that it is here, a command or a path. Installed by other means is as good.
PACKAGES = {
    "aardvark-dns": "/usr/lib/podman/aardvark-dns",
    "age": "age",
    "git": "git",
    "iptables": "iptables",
    "lz4": "lz4",
    "mariadb-client": "mariadb-dump",
    "mariadb-plugin-connect": "/usr/lib/mysql/plugin/ha_connect.so",
    "mariadb-server": "mariadbd",
    "mmdebstrap": "mmdebstrap",
    "netavark": "/usr/lib/podman/netavark",
    "npm": "npm",
    "openssh-client": "ssh-keygen",
    "pigz": "pigz",
    "podman": "podman",
    "postgresql-15": "/usr/lib/postgresql/15/bin/initdb",
    "postgresql-contrib": "/usr/share/postgresql/15/extension/hstore.control",
    "restic": "restic",
    "runc": "runc",
    "shellcheck": "shellcheck",
    "unzip": "unzip",
    "xz-utils": "xz",
    "zip": "zip",
    "zstd": "zstd",
}
# Servers live in sbin, which is not on everybody's PATH.
SEARCH_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"))


def missing_packages() -> list[str]:
    """Packages of which nothing is to be seen."""
    return [
        package
        for package, sign in PACKAGES.items()
        if not (glob.glob(sign) if sign.startswith("/") else shutil.which(sign, path=SEARCH_PATH))
    ]


def install(packages: list[str]) -> None:
    """Install with apt-get, which asks nothing."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "--quiet"], check=True, env=environment)
    command = ["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *packages]
    subprocess.run(command, check=True, env=environment)


def main() -> int:
    """0 when nothing is missing (any more)."""
    missing = missing_packages()
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        install(missing)
        missing = missing_packages()
    if missing:
        signs = ", ".join(f"{package} ({PACKAGES[package]})" for package in missing)
        print(f"The tests need what is not here: {signs}", file=sys.stderr)
        print(f"On Debian 12: sudo apt-get install {' '.join(missing)}", file=sys.stderr)
        return 1
    print("All servers and tools for the tests are here.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
