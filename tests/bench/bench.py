# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed and memory of db_backup and db_restore beside the bare tools and beside the peers.

All runs of one engine take turns in one session on private servers, so that what else the machine does meets all of
them; seconds are medians. Times say something about this machine only, the ratios are the result. Exit status 1 when
a limit does not hold.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import play  # noqa: E402 - below the line that finds support
import report  # noqa: E402
import support  # noqa: E402
from measure import Cost, adopt_orphans  # noqa: E402
from subjects import SUBJECTS, Subject  # noqa: E402
from work import Bench  # noqa: E402

ROWS = 1_500_000
SMALL_ROWS, LARGE_ROWS = 150_000, 6_000_000
PROGRAMS = ("age", "gzip", "mariadb-dump", "mariadbd", "pg_dump", "pigz", "psql", "zstd")
NOTES = """\
theirs, bare: PostgreSQL  pg_dump -Fc -Z0 | zstd -3 -T0 | age, and age -d | zstd -d | pg_restore
              MariaDB     mariadb-dump --single-transaction | zstd -3 -T0 | age, and age -d | zstd -d | mariadb
theirs, peer: {versions}, state=dump target=x.sql.gz through ansible-playbook
ours:         db_backup and db_restore, the start of their process included; beside the peers through ansible-playbook
scripts, bare: zstd -d | psql -X -1 -q, and zstd -d | mariadb, of pg_dump's and mariadb-dump's plain .sql.zst
scripts, ours: db_restore with src of the same file
All are measured until their result is on disk (fsync). Seconds and the ratio are medians; best: the ratio of the
shortest runs, which other work on this machine disturbed least; CPU: of the processor time of all processes and of the
server. Verification is apart: a restore is judged without `verify` (rows and schema are compared), and with
`authenticate` (all stored parts are read, hashed and decrypted before anything is loaded); both are shown below."""
Runs = Mapping[str, Callable[[], Cost]]


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the large table (default: %(default)s, 500 MB)")
    parser.add_argument("--repeat", type=int, default=3, help="how often each run is done (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="see that it works: small, once, times are not judged")
    parser.add_argument("--only", choices=[subject.kind for subject in SUBJECTS], help="one engine")
    parser.add_argument("--no-peers", action="store_true", help="leave the peers out")
    parser.add_argument("--no-memory", action="store_true", help="leave out the memory for 50 MB and 2 GB")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rows, chosen.repeat = 20_000, 1
    return chosen


def take_turns(runs: Runs, repeat: int) -> dict[str, list[Cost]]:
    """Each run ``repeat`` times, every round beginning with another one."""
    costs: dict[str, list[Cost]] = {name: [] for name in runs}
    names = list(runs)
    for turn in range(repeat):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            cost = runs[name]()
            costs[name].append(cost)
            print(f"  {turn + 1}/{repeat} {name}: {cost.wall:.2f} s, CPU {cost.total_cpu:.2f} s", flush=True)
    return costs


def measure_speed(bench: Bench, chosen: argparse.Namespace) -> tuple[list[report.Claim], dict[str, list[Cost]]]:
    """All claims about one engine with what was measured."""
    title, peer = bench.subject.title, bench.subject.peer.rpartition(".")[2]
    runs: dict[str, Callable[[], Cost]] = {
        f"{title} backup, bare": bench.bare_backup,
        f"{title} backup, ours": bench.our_backup,
        f"{title} backup, content": lambda: bench.our_backup(proof="content"),
    }
    bare = f"{title} backup, bare"
    claims = [
        report.Claim(f"{title} backup / bare", bare, f"{title} backup, ours", 1.15, 1.0),
        report.Claim(f"{title} backup, proof: content / bare", bare, f"{title} backup, content", None),
    ]
    if not chosen.no_peers:
        runs[f"{title} {peer}, gzip"] = bench.peer_play
        runs[f"{title} db_backup play, zstd"] = lambda: bench.our_play("zstd")
        runs[f"{title} db_backup play, gzip"] = lambda: bench.our_play("gzip")
        theirs = f"{title} {peer}, gzip"
        claims.append(report.Claim(f"{title} backup / {peer}", theirs, f"{title} db_backup play, zstd", 0.35))
        claims.append(
            report.Claim(f"{title} backup, both gzip / {peer}", theirs, f"{title} db_backup play, gzip", None)
        )
    restores = {
        f"{title} restore, bare": bench.bare_restore,
        f"{title} restore, ours": lambda: bench.our_restore(verify=True),
        f"{title} restore, content": lambda: bench.our_restore(verify=True, content=True),
    }
    base, ours, content = restores
    apart = ("authenticate", "verify")
    claims.append(report.Claim(f"{title} restore / bare", base, ours, 1.15, without=apart[1:]))
    claims.append(report.Claim(f"{title} restore, not authenticated / bare", base, ours, None, without=apart))
    claims.append(report.Claim(f"{title} restore, verified too / bare", base, ours, None))
    claims.append(report.Claim(f"{title} restore, proof: content / bare", base, content, None))
    scripts = {f"{title} script, bare": bench.bare_script, f"{title} script, ours": bench.our_script}
    base, ours = scripts
    claims.append(report.Claim(f"{title} script / bare", base, ours, 1.25, without=apart[1:]))
    claims.append(report.Claim(f"{title} script, counted too / bare", base, ours, None))
    costs = take_turns(runs, chosen.repeat)
    bench.prepare_restores()
    bench.prepare_foreign()
    restores.update(scripts)
    return claims, {**costs, **take_turns(restores, chosen.repeat)}


def measure_memory(subject: Subject, folder: Path, rows: tuple[int, int]) -> list[report.Peak]:
    """Peaks of db_backup and db_restore for a small and for a large database."""
    found: list[tuple[int, int, int]] = []
    for count in rows:
        place = folder / str(count)
        place.mkdir()
        subject.server.drop_database("bulk")
        subject.load(count)
        bench = Bench(subject, place, count)
        backup = bench.our_backup(place / "store").peak
        bench.prepare_foreign()
        found.append((backup, bench.our_restore(verify=True).peak, bench.our_script().peak))
        shutil.rmtree(place)
    small, large = found[0], found[-1]
    return [
        report.Peak(f"{subject.title} db_backup", small[0], large[0]),
        report.Peak(f"{subject.title} db_restore", small[1], large[1]),
        report.Peak(f"{subject.title} db_restore src", small[2], large[2]),
    ]


def main() -> int:
    """0 when all limits hold."""
    chosen = options()
    missing = [name for name in PROGRAMS if not shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")]
    if missing:
        print(f"Missing: {', '.join(missing)}. Run: make deps", file=sys.stderr)
        return 1
    if not chosen.no_peers:
        play.make_venv()
    adopt_orphans()
    started = time.monotonic()
    claims: list[report.Claim] = []
    costs: dict[str, list[Cost]] = {}
    peaks: list[report.Peak] = []
    memory_rows = (5_000, 20_000) if chosen.quick else (SMALL_ROWS, LARGE_ROWS)
    for kind in SUBJECTS:
        if chosen.only not in (None, kind.kind):
            continue
        with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / ".build") as name:
            subject = kind()
            print(f"{subject.title}: loading {chosen.rows} rows", flush=True)
            with support.running(subject.kind, subject.settings) as subject.server:
                subject.load(chosen.rows)
                more, measured = measure_speed(Bench(subject, Path(name), chosen.rows), chosen)
                claims += more
                costs.update(measured)
                if not chosen.no_memory:
                    print(f"{subject.title}: memory for {memory_rows[0]} and {memory_rows[1]} rows", flush=True)
                    peaks += measure_memory(subject, Path(name), memory_rows)
    return show(chosen, claims, costs, peaks, time.monotonic() - started)


def show(
    chosen: argparse.Namespace,
    claims: list[report.Claim],
    costs: dict[str, list[Cost]],
    peaks: list[report.Peak],
    seconds: float,
) -> int:
    """Print everything; 1 when something is over its limit."""
    versions = "" if chosen.no_peers else play.versions()
    print(f"\n{NOTES.format(versions=versions or 'left out')}\n")
    print(f"{chosen.rows} rows, {chosen.repeat} of each, {os.cpu_count()} cores, {seconds:.0f} s in all\n")
    table, over = report.speed(claims, costs, judged=not chosen.quick)
    print(f"{table}\n\n{report.details(costs)}\n")
    if peaks:
        labels = ("small", "large") if chosen.quick else ("50 MB", "2 GB")
        table, more = report.memory(peaks, *labels)
        over += more
        print(f"{table}\n")
    print("All limits hold." if not over else f"{over} over the limit.")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
