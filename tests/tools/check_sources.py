# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of CONTRIBUTING.md that no linter knows: headers, sizes, private module_utils, one place for processes."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The lines of this file that every other one has too.
HEADER = Path(__file__).read_text(encoding="utf-8").splitlines()[:3]
BANNER = "# Private to vya.backupdb: no stable interface."
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
DOCUMENTATION_NAMES = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
FORBIDDEN = (
    (re.compile(r"\bpytest\.(skip|xfail|importorskip)\b"), "a test that is skipped proves nothing"),
    (re.compile(r"\bpytest\.mark\.(skip|skipif|xfail)\b"), "a test that is skipped proves nothing"),
    (re.compile(r"\bunittest\.skip"), "a test that is skipped proves nothing"),
    (re.compile(r"#\s*type:\s*ignore(?!\[)"), "type: ignore names the error it means"),
)


def tracked_sources() -> list[Path]:
    """Python files that git knows or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.py"]
    names = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.decode().split("\0")
    return sorted({ROOT / name for name in names if name and (ROOT / name).is_file()})


def documentation_lines(tree: ast.Module) -> int:
    """Lines of an Ansible plugin's documentation; what the user reads does not make a file too long."""
    total = 0
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            continue
        names = {target.id for target in node.targets if isinstance(target, ast.Name)}
        if names & DOCUMENTATION_NAMES or (isinstance(node.value.value, str) and "\noptions:" in node.value.value):
            total += (node.end_lineno or node.lineno) - node.lineno
    return total


def check_sizes(tree: ast.Module, lines: list[str]) -> Iterator[tuple[int, str]]:
    """Files and functions a reader can hold in mind."""
    length = len(lines) - documentation_lines(tree)
    if length > MAX_FILE_LINES:
        yield 1, f"{length} lines of code, at most {MAX_FILE_LINES}: look for the seam"
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield node.lineno, f"{node.name}() has {length} lines, at most {MAX_FUNCTION_LINES}"


def check_module_utils(path: Path, tree: ast.Module, text: str) -> Iterator[tuple[int, str]]:
    """module_utils are private: by name, by banner, and they say what they give to each other."""
    relative = path.relative_to(ROOT / "plugins" / "module_utils")
    if not relative.parts[0].startswith("_"):
        yield 1, "a file or folder in module_utils begins with an underscore"
    if BANNER not in text:
        yield 1, f"the banner is missing: {BANNER}"
    last = tree.body[-1] if tree.body else None
    if not (isinstance(last, (ast.Assign, ast.AnnAssign)) and ast.unparse(last).startswith("__all__")):
        yield len(text.splitlines()), "__all__ comes last"


def check(path: Path) -> Iterator[tuple[int, str]]:
    """All findings in one file, as (line, message)."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if not lines:
        return
    if path.name == "__init__.py" and path.is_relative_to(ROOT / "plugins"):
        yield 1, "ansible-test of ansible-core 2.16 wants __init__.py empty"
        return
    if not all(part in lines[:6] for part in HEADER):
        yield 1, "copyright, licence and SPDX lines are missing"
    tree = ast.parse(text, filename=str(path))
    yield from check_sizes(tree, lines)
    if path.is_relative_to(ROOT / "plugins" / "module_utils"):
        yield from check_module_utils(path, tree, text)
    if tree.body and path.is_relative_to(ROOT / "plugins") and "from __future__ import annotations" not in text:
        yield 1, "from __future__ import annotations is missing (Python 3.9)"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == "_":
            yield node.lineno, "ansible-test refuses the name _: say dummy"
    if path != Path(__file__).resolve():
        for number, line in enumerate(lines, 1):
            for pattern, why in FORBIDDEN:
                if pattern.search(line):
                    yield number, why


def main() -> int:
    """Print path:line: message for each finding; 1 when there is one."""
    sources = tracked_sources()
    count = 0
    for path in sources:
        for line, message in check(path):
            count += 1
            print(f"{path.relative_to(ROOT)}:{line}: {message}")
    print(f"{len(sources)} files, {count} findings")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
