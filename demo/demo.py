# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: private servers, a small shop, one playbook, and the proof that what came back is what was there.

Everything happens in temporary folders, and all of it is gone at the end, also after a failure or Ctrl-C. The servers
are those of the integration tests, started in the same way.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "demo"
BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import support  # noqa: E402 - found through the line above
from support.mariadb import TOOLS, MariadbServer  # noqa: E402
from support.postgres import PostgresServer  # noqa: E402

SAMPLES = {"postgresql": "shop-postgresql.sql", "mysql": "shop-mariadb.sql"}
SBIN = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"))
# What a database holds or how it is defined: see tests/integration/support/fingerprint.py.
Fingerprint = dict[str, Any]


class DemoError(Exception):
    """What went wrong, in words for the user."""


def heading(text: str) -> None:
    """A line that stands out."""
    print(f"\n=== {text}", flush=True)


def run(argv: list[str], environment: dict[str, str]) -> None:
    """Run a command that is quiet when it succeeds."""
    done = subprocess.run(
        argv, env=environment, cwd=ROOT, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        raise DemoError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}")


def ansible_environment(folder: Path) -> dict[str, str]:
    """Ansible with everything of its own in ``folder``, whatever the user's configuration says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    configuration = folder / "ansible.cfg"
    configuration.write_text("[defaults]\nnocows = true\ncallback_result_format = yaml\n", encoding="utf-8")
    return {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
        "ANSIBLE_CONFIG": str(configuration),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "ansible" / "remote"),
        "LC_ALL": "C.UTF-8",
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": "",
    }


def install_collection(folder: Path, environment: dict[str, str]) -> None:
    """Build the collection and install it, as a user does."""
    galaxy = [str(BIN / "ansible-galaxy"), "collection"]
    run([*galaxy, "build", "--output-path", str(folder)], environment)
    (artifact,) = folder.glob("vya-backupdb-*.tar.gz")
    run([*galaxy, "install", "--offline", "-p", str(folder / "collections"), str(artifact)], environment)
    print(f"{artifact.name}, {artifact.stat().st_size // 1024} KiB")
    sys.path.insert(0, str(folder / "collections"))


def make_identity(path: Path) -> str:
    """Write a new age identity (the secret key) to ``path``; its recipient (the public key)."""
    from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_keys import generate_identity

    secret, recipient = generate_identity()
    path.touch(mode=0o600)
    path.write_text(f"# public key: {recipient}\n{secret}\n", encoding="utf-8")
    return recipient


def missing_for_mariadb() -> list[str]:
    """Programs that a MariaDB server needs and that are not installed."""
    return [name for name in ("mariadbd", "mariadb-install-db", *TOOLS) if shutil.which(name, path=SBIN) is None]


@contextlib.contextmanager
def servers() -> Iterator[dict[str, support.Server]]:
    """The private servers by the names that they have in the inventory, each with a shop in it."""
    kinds = {"postgresql": "pg18", "mariadb": "mariadb"}
    missing = missing_for_mariadb()
    if missing:
        print(f"MariaDB is left out: {', '.join(missing)} not installed. The demo goes on with PostgreSQL.")
        del kinds["mariadb"]
    with contextlib.ExitStack() as stack:
        started: dict[str, support.Server] = {}
        for name, kind in kinds.items():
            server = stack.enter_context(support.running(kind))
            server.create_database("shop")
            server.execute_script((DEMO / SAMPLES[server.engine]).read_bytes(), "shop")
            found = support.fingerprint(server, "shop")
            tables = [value for key, value in found.items() if key.startswith("table ")]
            version = ".".join(str(number) for number in server.version)
            rows = sum(value[0] for value in tables)
            print(
                f"{name} {version}: database shop, {len(tables)} tables with {rows} rows, views, functions, a trigger"
            )
            started[name] = server
        yield started


def sql_access(server: support.Server) -> dict[str, Any]:
    """How the playbook's accident reaches the server: the stock client, its login in a file."""
    if isinstance(server, PostgresServer):
        environment = server.client_environ("shop")
        wanted = {key: value for key, value in environment.items() if key.startswith("PG")}
        return {"sql_command": [f"{server.tool_path}/psql", "-X", "-q"], "sql_environment": wanted}
    assert isinstance(server, MariadbServer)
    argv = [*server.client_program(), f"--defaults-file={server.option_file()}", "--database=shop"]
    return {"sql_command": argv, "sql_environment": {}}


def write_inventory(path: Path, started: dict[str, support.Server], recipient: str, folder: Path) -> None:
    """One host a server, all of them on this machine."""
    hosts = {}
    for name, server in started.items():
        hosts[name] = {
            **server.login,
            **sql_access(server),
            "engine": server.engine,
            "search_path": server.environ()["PATH"],
        }
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "compression": "zstd" if shutil.which("zstd") else "gzip",
        "identity_file": str(folder / "demo.key"),
        "recipient": recipient,
        "store": str(folder / "store"),
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps({"all": {"hosts": hosts, "vars": common}}, indent=1), encoding="utf-8")


def play(inventory: Path, environment: dict[str, str]) -> None:
    """Run the playbook; whatever ends the demo ends it too."""
    argv = [str(BIN / "ansible-playbook"), "--inventory", str(inventory), str(DEMO / "playbook.yml")]
    print(f"$ ansible-playbook --inventory {inventory.name} demo/playbook.yml", flush=True)
    with subprocess.Popen(argv, env=environment, cwd=ROOT) as process:
        try:
            status = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if status:
        raise DemoError(f"The playbook failed (exit status {status}).")


def checksum(value: Any) -> str:
    """A few characters that stand for a fingerprint."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:12]


def compare(name: str, server: support.Server, before: Fingerprint, definitions: Fingerprint) -> None:
    """Print, for each table, what it held before the backup and holds now; DemoError when anything differs."""
    (previous,) = (database for database in server.databases() if database.startswith("shop_previous_"))
    now = {database: support.fingerprint(server, database) for database in ("shop_copy", "shop", previous)}
    print(f"\n{name:<20} {'rows':>6}  {'before':<12}  {'shop_copy':<12}  {'shop, put back':<14}  kept: {previous}")
    for key, value in sorted(before.items()):
        if key.startswith("table "):
            sums = [checksum(found.get(key)) for found in now.values()]
            print(f"{key[6:]:<20} {value[0]:>6}  {checksum(value):<12}  {sums[0]:<12}  {sums[1]:<14}  {sums[2]}")
    for database in ("shop_copy", "shop"):
        found = support.differences(before, now[database])
        found += support.differences(definitions, support.schema_fingerprint(server, database, grants=False))
        if found:
            raise DemoError(f"{name}: {database} differs from the source:\n" + "\n".join(found))
    if not support.differences(before, now[previous]):
        raise DemoError(f"{name}: {previous} should show the accident")
    print(f"shop_copy and shop: every row and all {len(definitions)} definitions as before. {previous}: the accident.")


def demonstrate(folder: Path) -> None:
    """All of it, in order."""
    environment = ansible_environment(folder)
    heading("The collection, built and installed as a user does it")
    install_collection(folder, environment)
    heading("Private database servers with a small shop, on free ports, for the length of this demo")
    with servers() as started:
        before = {name: support.fingerprint(server, "shop") for name, server in started.items()}
        definitions = {
            name: support.schema_fingerprint(server, "shop", grants=False) for name, server in started.items()
        }
        heading("A key pair: backups are encrypted to the public key, restores need the secret one")
        recipient = make_identity(folder / "demo.key")
        print(f"public key: {recipient}")
        heading("The playbook")
        write_inventory(folder / "inventory.json", started, recipient, folder)
        play(folder / "inventory.json", environment)
        heading("Are they equal? A checksum over all rows of each table, and all definitions")
        for name, server in started.items():
            compare(name, server, before[name], definitions[name])
        heading("What lies in the store")
        for path in sorted((folder / "store").rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                print(f"{path.stat().st_size:>9}  STORE/{path.relative_to(folder / 'store')}")


def next_steps() -> None:
    """What to type after the demo."""
    print("""
    less demo/playbook.yml                             the playbook that just ran
    less README.md                                     install it, first backup of your own, recovery by hand
    . .build/demo-venv/bin/activate                    the Ansible that the demo used, and with it:
    ansible-galaxy collection build --output-path .build
    ansible-galaxy collection install .build/vya-backupdb-*.tar.gz
    ansible-doc vya.backupdb.db_backup                 all options, and examples
    make test                                          everything that is tested (Debian 12)
""")


def end_by_signal(number: int, _frame: object) -> None:
    """SIGTERM and SIGHUP clean up as Ctrl-C does."""
    raise SystemExit(128 + number)


def main() -> int:
    """0 when what came back is what was there."""
    signal.signal(signal.SIGTERM, end_by_signal)
    signal.signal(signal.SIGHUP, end_by_signal)
    begin = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="backupdb-demo-") as name:
            demonstrate(Path(name))
    except KeyboardInterrupt:
        print("\nInterrupted. Servers and files of the demo are gone.", file=sys.stderr)
        return 130
    except (DemoError, support.ServerError, AssertionError) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    heading(f"Done in {time.monotonic() - begin:.0f} s. Servers and files of the demo are gone. What next?")
    next_steps()
    return 0


if __name__ == "__main__":
    sys.exit(main())
