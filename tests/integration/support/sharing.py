# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tests are shared among the workers of pytest-xdist, each of which has servers of its own.

The tests of one file on one server stay together and in their order, since they share fixtures; those on the next
server may run elsewhere. What takes long comes first, so that no worker is left with it at the end.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from . import KINDS

PARAMETERS = re.compile(r"\[(?P<all>.*)\]$")
# Minutes each, the longest first. A file that is missing here is only run later.
LONG = ("test_fault_kill", "test_memory", "test_fault_swap", "test_fault_exchange", "test_demo", "test_readme_recovery")


def share(nodeid: str) -> str:
    """Tests of one share run on one worker: the file, with the server if the test has exactly one as a parameter."""
    file = nodeid.split("::", 1)[0]
    found = PARAMETERS.search(nodeid)
    kinds = [word for word in found["all"].split("-") if word in KINDS] if found else []
    return f"{file}[{kinds[0]}]" if len(kinds) == 1 else file


class ByFileAndServer(LoadScopeScheduling):  # pylint: disable=abstract-method
    """Gives a worker one share at a time, in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        return share(nodeid)


def order(items: list[pytest.Item]) -> None:
    """The files that take long first; the order within a file stays."""
    ranks = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: ranks.get(Path(item.nodeid.split("::", 1)[0]).stem, len(ranks)))


__all__ = ["ByFileAndServer", "order", "share"]
