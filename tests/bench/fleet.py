# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook `backup` costs the control node for 1, 20 and 100 hosts.

The hosts are names with local connections and share one small PostgreSQL, so that this machine also does the work of
all of them: what their modules took is told apart.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import support  # noqa: E402 - below the line that finds support
from measure import Cost, adopt_orphans, metered  # noqa: E402
from support.desk import TABLES  # noqa: E402
from support.fleet import NAME, Fleet, instance  # noqa: E402

# Writes down what a host's Python took. `times` tells minutes and seconds of the shell and of its children.
WRAPPER = '#!/bin/bash\n"{python}" "$@"\nrc=$?\ntimes >>"{times}"\nexit $rc\n'
_MINUTES = re.compile(r"(\d+)m([\d.]+)s")


def seconds(text: str) -> float:
    """All that `times` told."""
    return sum(int(minutes) * 60 + float(rest) for minutes, rest in _MINUTES.findall(text))


def play(server: support.Server, folder: Path, hosts: int, forks: int) -> tuple[Cost, float, int]:
    """One run: its cost, the modules' share of the processor time, tasks of a host."""
    fleet = Fleet(folder, server)
    times, wrapper = folder / "times", folder / "python"
    wrapper.write_text(WRAPPER.format(python=sys.executable, times=times), encoding="utf-8")
    wrapper.chmod(0o755)
    fleet.variables["ansible_python_interpreter"] = str(wrapper)
    fleet.variables["backupdb_defaults"] = {"databases": [NAME], "globals": False}
    for number in range(hosts):
        fleet.hosts[f"host{number:03}"] = {"backupdb_instances": [instance(server)]}
    with metered(os.getpid()) as cost:
        played = fleet.play("backup", f"--forks={forks}")
    if played.rc or len(fleet.backups()) != hosts:
        raise SystemExit(played.output)
    return cost, seconds(times.read_text(encoding="utf-8")), len(played.tasks("host000"))


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hosts", type=int, nargs="+", default=[1, 20, 100])
    parser.add_argument("--forks", type=int, default=10)
    chosen = parser.parse_args()
    adopt_orphans()
    print(f"{chosen.forks} forks, {os.cpu_count()} cores; CPU s: control node | modules on its hosts")
    with support.running("pg15") as server:
        server.create_database(NAME)
        server.execute_script(TABLES.encode(), NAME)
        for hosts in chosen.hosts:
            with tempfile.TemporaryDirectory(prefix="fleet-") as name:
                cost, modules, tasks = play(server, Path(name), hosts, chosen.forks)
            control = cost.cpu - modules
            print(
                f"{hosts:4} hosts: {cost.wall:6.1f} s, CPU {control:6.1f} | {modules:6.1f};"
                f" a host {cost.wall / hosts:5.2f} s, CPU {control / hosts:5.2f} | {modules / hosts:5.2f};"
                f" {tasks} tasks each",
                flush=True,
            )


if __name__ == "__main__":
    main()
