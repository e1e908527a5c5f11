# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Build the artifact from the work tree as it is, and prove it: only what users need is in it, galaxy-importer takes it,
and it installs into an empty folder with all modules documented there.

Usage: check_artifact.py VENV, the environment that has ansible-core and galaxy-importer.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "vya.backupdb"
MODULES = (
    "backup_drill",
    "backup_info",
    "backup_notify",
    "backup_retention",
    "backup_verify",
    "db_account",
    "db_backup",
    "db_info",
    "db_restore",
)

# What may be in the artifact. Whoever adds a folder that users need adds it here.
ALLOWED = tuple(
    re.compile(pattern)
    for pattern in (
        r"(MANIFEST|FILES)\.json",
        r"(CHANGELOG|CONTRIBUTING|README|SECURITY)\.md",
        r"COPYING",
        r"LICENSES/[\w.-]+\.txt",
        r"changelogs/(config|changelog)\.yaml",
        r"docs/(?:[\w-]+/)*[\w.-]+\.(json|md|rst|yml)",
        r"meta/(runtime|execution-environment)\.yml",
        r"meta/ee-(requirements|bindep)\.txt",
        r"playbooks/(?:parts/)?\w+\.yml",
        r"plugins/(doc_fragments|modules|filter|lookup)/\w+\.py",
        r"plugins/module_utils/_\w+\.py",
        r"plugins/module_utils/_\w+/(?:\w+/)*\w+\.py",
        r"roles/\w+/README\.md",
        r"roles/\w+/(defaults|handlers|meta|tasks|vars)/[\w-]+\.yml",
        r"roles/\w+/(files|templates)/[\w./@-]+",
    )
)
REQUIRED = (
    "CHANGELOG.md",
    "COPYING",
    "LICENSES/GPL-3.0-or-later.txt",
    "README.md",
    "meta/runtime.yml",
    *(f"plugins/modules/{name}.py" for name in MODULES),
)


class ArtifactError(Exception):
    """The artifact is not what users should get."""


def run(command: list[str], cwd: Path, environment: dict[str, str]) -> str:
    """What a command printed; its failure is an ArtifactError with that in it."""
    done = subprocess.run(
        command, cwd=cwd, env=environment, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        raise ArtifactError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def build(venv: Path, folder: Path, environment: dict[str, str]) -> Path:
    """Build the artifact into folder; its path."""
    run([str(venv / "bin" / "ansible-galaxy"), "collection", "build", "--output-path", str(folder)], ROOT, environment)
    artifacts = list(folder.glob("vya-backupdb-*.tar.gz"))
    if len(artifacts) != 1:
        raise ArtifactError(f"one artifact was expected, {len(artifacts)} are there")
    return artifacts[0]


def check_contents(artifact: Path) -> int:
    """The number of files, all of them wanted and none missing."""
    with tarfile.open(artifact) as archive:
        members = archive.getmembers()
    odd = [member.name for member in members if not (member.isfile() or member.isdir())]
    if odd:
        raise ArtifactError(f"neither files nor folders: {', '.join(odd)}")
    names = {member.name for member in members if member.isfile()}
    rubbish = sorted(name for name in names if not any(pattern.fullmatch(name) for pattern in ALLOWED))
    if rubbish:
        raise ArtifactError(f"not for users (build_ignore in galaxy.yml): {', '.join(rubbish)}")
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise ArtifactError(f"missing: {', '.join(missing)}")
    return len(names)


def check_importer(venv: Path, artifact: Path, environment: dict[str, str]) -> None:
    """galaxy-importer takes the artifact and has nothing to say against it."""
    configuration = str(ROOT / "tests" / "tools" / "galaxy-importer.cfg")
    output = run(
        [str(venv / "bin" / "python"), "-m", "galaxy_importer.main", artifact.name],
        artifact.parent,
        {**environment, "GALAXY_IMPORTER_CONFIG": configuration},
    )
    complaints = [line for line in output.splitlines() if re.match(r"(ERROR|WARNING)\b", line)]
    if complaints or "Importer processing completed successfully" not in output:
        raise ArtifactError(f"galaxy-importer: {output}")


def check_install(venv: Path, artifact: Path, folder: Path, environment: dict[str, str]) -> None:
    """The artifact installs offline into an empty folder, and ansible-doc knows every module there."""
    environment = {**environment, "ANSIBLE_COLLECTIONS_PATH": str(folder), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}
    galaxy = [str(venv / "bin" / "ansible-galaxy"), "collection"]
    run([*galaxy, "install", "--offline", "-p", str(folder), str(artifact)], folder, environment)
    run([*galaxy, "verify", "--offline", "-p", str(folder), COLLECTION], folder, environment)
    names = [f"{COLLECTION}.{name}" for name in MODULES]
    documented = json.loads(run([str(venv / "bin" / "ansible-doc"), "--json", *names], folder, environment))
    undocumented = [name for name in names if "doc" not in documented.get(name, {})]
    if undocumented:
        raise ArtifactError(f"ansible-doc does not know {', '.join(undocumented)}")


def main() -> int:
    """Run all of it in a folder that is thrown away."""
    venv = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="backupdb-artifact-") as name:
        folder = Path(name)
        (folder / "collections").mkdir()
        environment = {**os.environ, "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        environment["ANSIBLE_HOME"] = str(folder / "ansible")
        try:
            artifact = build(venv, folder, environment)
            count = check_contents(artifact)
            check_importer(venv, artifact, environment)
            check_install(venv, artifact, folder / "collections", environment)
        except ArtifactError as error:
            print(f"artifact: {error}")
            return 1
        print(f"{artifact.name}: {count} files, {artifact.stat().st_size / 1024:.0f} KiB, imports and installs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
