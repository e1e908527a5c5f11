# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Oracle's MySQL 9: an image built once from Debian sid, and its client tools for the host."""

from __future__ import annotations

import fcntl
import io
import os
import re
import shlex
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .process import ServerError

IMAGE = "localhost/vya-mysql9"
CACHE = Path(__file__).resolve().parents[3] / ".build" / "mysql9"
TOOLS = ("mysql", "mysqldump", "mysqladmin", "mysqlbinlog")
PLUGINS = "usr/lib/mysql/plugin"

CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=20000:20000"]

[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""

# The loader and the libraries are the image's: Debian stable's are too old for programs from sid.
WRAPPER = """\
#!/bin/sh
: "${{LIBMYSQL_PLUGIN_DIR:={root}/plugin}}"
export LIBMYSQL_PLUGIN_DIR
exec {root}/lib/{loader} --library-path {root}/lib --argv0 {name} {root}/bin/{name} "$@"
"""


@contextmanager
def _locked() -> Iterator[None]:
    """One test run at a time builds; the others wait and find it done."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def environ() -> dict[str, str]:
    """The environment for podman: runc, because crun refuses some cgroup set-ups."""
    CACHE.mkdir(parents=True, exist_ok=True)
    configuration = CACHE / "containers.conf"
    if not configuration.exists():
        temporary = configuration.with_name(f"{configuration.name}.{os.getpid()}")
        temporary.write_text(CONTAINERS_CONF, encoding="utf-8")
        temporary.replace(configuration)
    return {**os.environ, "CONTAINERS_CONF": str(configuration)}


def _run(argv: Sequence[str]) -> bytes:
    done = subprocess.run(argv, env=environ(), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise ServerError(
            f"{shlex.join(argv)} ended with {done.returncode}:\n{done.stderr.decode(errors='replace')[-4000:]}"
        )
    return done.stdout


def ensure_image() -> str:
    """Build the image unless podman has it; answers its name. Takes a minute and 200 MB of downloads the first time."""
    if os.geteuid() != 0 or not shutil.which("podman"):
        raise ServerError("MySQL 9 needs root and podman: run `make deps` as root")
    with _locked():
        found = subprocess.run(
            ["podman", "image", "exists", IMAGE], env=environ(), check=False, stdin=subprocess.DEVNULL
        )
        if found.returncode:
            with tempfile.TemporaryDirectory(dir=CACHE) as folder:
                tarball = os.path.join(folder, "root.tar")
                _run([
                    "mmdebstrap", "--quiet", "--variant=minbase", "--include=mysql-server-core,mysql-client-core",
                    # sid's release file may be older than it says it may be, where the archive is a snapshot.
                    "--aptopt=Acquire::Check-Valid-Until \"false\"",
                    "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*",
                    "--dpkgopt=path-exclude=/usr/share/locale/*", "sid", tarball,
                ])  # fmt: skip
                _run(["podman", "import", "--quiet", tarball, IMAGE])
    return IMAGE


def ensure_tools() -> Path:
    """A folder with `mysql`, `mysqldump` and their kin of version 9 that run on this host; made from the image once."""
    ensure_image()
    final = CACHE / "tools"
    with _locked():
        if not (final / "bin").is_dir():
            with tempfile.TemporaryDirectory(dir=CACHE) as folder:
                work = Path(folder) / "tools"
                _unpack(work, final)
                work.chmod(0o755)
                work.rename(final)
    return final / "bin"


def _unpack(work: Path, final: Path) -> None:
    """Copy programs, libraries and plugins out of the image, and write a wrapper for each program."""
    programs = [f"/usr/bin/{name}" for name in TOOLS]
    listing = _run(["podman", "run", "--rm", "--network=none", IMAGE, "ldd", *programs]).decode()
    libraries = sorted(set(re.findall(r"(/\S+\.so[^\s:]*)", listing)))
    loader = next(Path(path).name for path in libraries if Path(path).name.startswith("ld-linux"))
    plugin = f"/{PLUGINS}/mysql_native_password.so"
    content = _run(
        ["podman", "run", "--rm", "--network=none", IMAGE, "tar", "-chPf", "-", *programs, *libraries, plugin]
    )
    programs_root = work / "root"
    for name in ("bin", "lib", "plugin"):
        (programs_root / name).mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            path = Path(member.name)
            folder = "bin" if path.name in TOOLS else "plugin" if PLUGINS in member.name else "lib"
            source = archive.extractfile(member)
            assert source is not None
            target = programs_root / folder / path.name
            target.write_bytes(source.read())
            target.chmod(0o755)
    (work / "bin").mkdir()
    for name in TOOLS:
        wrapper = work / "bin" / name
        wrapper.write_text(
            WRAPPER.format(root=shlex.quote(str(final / "root")), loader=loader, name=name), encoding="utf-8"
        )
        wrapper.chmod(0o755)
