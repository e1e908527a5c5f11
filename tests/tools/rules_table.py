# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of rules in the guide to foreign dumps are those of the code: compare them, or rewrite them (--write)."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_foreign_dumps.rst"
HELP = "The guide's tables differ from _sql/table.py. Run: .venv/bin/python tests/tools/rules_table.py --write"
_BETWEEN = "(?<=^.. begin rules: {0}\n\n).*?(?=^.. end rules: {0}$)"
_HEAD = ".. list-table::\n  :header-rows: 1\n  :widths: 30 10 60\n\n"
_SPECIAL = re.compile(r"([\\*`|@]|_\b)")


def row(*cells: str) -> str:
    """One row of a list-table."""
    return f"  * - {cells[0]}\n" + "".join(f"    - {cell}\n" for cell in cells[1:])


def rendered(rules: Sequence[object]) -> str:
    """A table of rules, in reStructuredText: what is left out and changed first, what is refused last."""
    rows = [row("Rule", "What is done", "Statements that are meant, and why")]
    for rule in sorted(rules, key=lambda rule: rule.action == "refused"):  # type: ignore[attr-defined]
        name, action, about, hint = (getattr(rule, field) for field in ("name", "action", "about", "hint"))
        text = f"{about}{'' if about.endswith('.') else '.'} {hint}" if hint else about
        rows.append(row(f"``{name}``", action, _SPECIAL.sub(r"\\\1", text)))
    return _HEAD + "".join(rows) + "\n"


def updated(text: str) -> str:
    """The guide with the tables of the code."""
    if str(ROOT / ".build") not in sys.path:
        sys.path.append(str(ROOT / ".build"))
    from ansible_collections.vya.backupdb.plugins.module_utils._sql import table

    for name in ("SHARED", "POSTGRESQL", "MYSQL"):
        made = rendered(getattr(table, name))
        pattern = re.compile(_BETWEEN.format(name.lower()), re.DOTALL | re.MULTILINE)
        text, count = pattern.subn(lambda _match, made=made: made, text)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"{GUIDE.name} has {count} places for the rules {name.lower()}")
    return text


def main() -> int:
    """0 when the guide says what the code does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="rewrite the tables")
    before = GUIDE.read_text(encoding="utf-8")
    after = updated(before)
    if parser.parse_args().write:
        GUIDE.write_text(after, encoding="utf-8")
    elif before != after:
        print("\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), "guide", "code", lineterm="")))
        print(HELP)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
