# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no linter knows of roles: defaults, argument_specs and README tell the same variables, which are all in use."""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "backupdb_"

KNOWN: frozenset[str] = runpy.run_path(str(ROOT / "plugins/module_utils/_fleet/variables.py"))["KNOWN"]
OF_PLAYBOOKS = {
    *("backupdb_hosts", "backupdb_serial", "backupdb_pipelining"),
    *(f"backupdb_list_{name}" for name in ("database", "backup", "before", "limit")),
}
OF_ENTRY_POINTS = re.compile(r"backupdb_list_\w+")
TYPES: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "bool": bool, "list": list, "dict": dict}
SECRET = re.compile(r"(password|secret|identity|redact)$")


def load(path: Path) -> Any:
    """A YAML file, or an empty dict when there is none."""
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _is(value: object, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "bool" or not isinstance(value, bool))


def check_options(defaults: dict[str, Any], options: dict[str, Any]) -> Iterator[str]:
    """Defaults and argument_specs hold the same variables with the same values, of the type that is told."""
    for name in sorted(defaults.keys() ^ options.keys()):
        where = "argument_specs" if name in defaults else "defaults"
        yield f"{name} is missing in {where}"
    for name in sorted(defaults.keys() & options.keys()):
        option, value = options[name], defaults[name]
        if option.get("default") != value:
            yield f"{name}: the default is {value!r}, and argument_specs say {option.get('default')!r}"
        if option.get("type") not in TYPES or not _is(value, option["type"]):
            yield f"{name}: {value!r} is no {option.get('type')}"
        if bool(option.get("no_log")) != bool(SECRET.search(name)):
            yield f"{name}: no_log is for secrets, and for all of them"


def check_use(role: Path, defaults: dict[str, Any]) -> Iterator[str]:
    """Tasks and vars use variables of the role alone, and each of them."""
    texts = [path.read_text(encoding="utf-8") for part in ("tasks", "vars") for path in (role / part).glob("*.yml")]
    used = {name for text in texts for name in re.findall(rf"\b{PREFIX}\w+", text) if not OF_ENTRY_POINTS.match(name)}
    for name in sorted(used - defaults.keys()):
        yield f"{name} is used and has no default"
    for name in sorted(defaults.keys() - used):
        yield f"{name} is not used"


def check_readme(role: Path, defaults: dict[str, Any]) -> Iterator[str]:
    """README names every variable and no other."""
    text = (role / "README.md").read_text(encoding="utf-8") if (role / "README.md").is_file() else ""
    told = set(re.findall(rf"`({PREFIX}\w+)`", text))
    for name in sorted(told ^ defaults.keys()):
        yield f"README.md {'tells of an unknown' if name in told else 'does not tell of'} {name}"


def main() -> int:
    """Print role: message for each finding; 1 when there is one."""
    roles = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
    count = 0
    every: set[str] = set()
    for role in roles:
        defaults = load(role / "defaults" / "main.yml")
        specs = load(role / "meta" / "argument_specs.yml").get("argument_specs", {})
        options = specs.get("main", {}).get("options", {})
        every |= defaults.keys()
        for message in (*check_options(defaults, options), *check_use(role, defaults), *check_readme(role, defaults)):
            count += 1
            print(f"roles/{role.name}: {message}")
    for name in sorted(every ^ (KNOWN - OF_PLAYBOOKS)):
        count += 1
        print(f"plugins/module_utils/_fleet/variables.py: {name} is {'missing' if name in every else 'in no role'}")
    print(f"{len(roles)} roles, {count} findings")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
