# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fetches Debian packages of applications and unpacks them into .build/schemas, unless they are there: their authors'
own SQL scripts are what tests/integration/test_public_schemas.py loads. Nothing of them is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / ".build" / "schemas"
PACKAGES = (
    "davical",
    "ejabberd",
    "freeradius-config",
    "gammu-smsd",
    "glewlwyd",
    "goiardi",
    "homer-api",
    "icinga2-ido-mysql",
    "icinga2-ido-pgsql",
    "icingadb",
    "icingaweb2",
    "icingaweb2-module-director",
    "icingaweb2-module-reporting",
    "kamailio-mysql-modules",
    "kamailio-postgres-modules",
    "kraft",
    "ledgersmb",
    "libawl-php",
    "libervia-pubsub",
    "libpreludedb7-mysql",
    "libpreludedb7-pgsql",
    "oar-server",
    "ocsinventory-reports",
    "openqa",
    "osmosis",
    "pdns-backend-mysql",
    "pdns-backend-pgsql",
    "php-sabre-dav",
    "roundcube-core",
    "spamassassin",
    "sql-ledger",
    "tt-rss",
    "ulogd2",
    "w1retap-doc",
    "zabbix-server-mysql",
    "zabbix-server-pgsql",
)


def fetch(packages: list[str]) -> None:
    """Download and unpack; a package's folder appears only when it is whole."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is needed to fetch the schemas of {len(packages)} applications (Debian 12).")
    TARGET.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "--quiet=2"], check=True)
    with tempfile.TemporaryDirectory(dir=TARGET) as folder:
        command = ["apt-get", "download", "--quiet=2", "--option", "APT::Sandbox::User=root", *packages]
        subprocess.run(command, check=True, cwd=folder)
        for package in packages:
            archive = next(Path(folder).glob(f"{package}_*.deb"))
            unpacked = Path(folder) / package
            subprocess.run(["dpkg-deb", "--extract", str(archive), str(unpacked)], check=True)
            for path in unpacked.rglob("*"):
                if (path.is_file() or path.is_symlink()) and not path.name.endswith((".sql", ".sql.gz")):
                    path.unlink()
            unpacked.rename(TARGET / package)


def main() -> int:
    """Fetch what is not there."""
    missing = [package for package in PACKAGES if not (TARGET / package).is_dir()]
    if missing:
        fetch(missing)
        print(f"The scripts of {len(missing)} packages are in {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
