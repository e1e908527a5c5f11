# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The longest statement of a stream, whatever the pieces it comes in, and what is said of it."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_packets
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError

STREAM = b"SET a;\nINSERT INTO `t` VALUES\n(1,'a;b'),\n(2,'\\n;');\n-- end\n"
HEADER = b"/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n"


@pytest.mark.parametrize("size", range(1, len(STREAM) + 1))
def test_longest(size: int) -> None:
    """Statements end at a semicolon before a line break, of which a piece may hold one half."""
    longest = my_packets.Longest()
    passed = b"".join(longest.update(STREAM[start : start + size]) for start in range(0, len(STREAM), size))
    assert passed + longest.finish() == STREAM
    assert longest.size == len(b"INSERT INTO `t` VALUES\n(1,'a;b'),\n(2,'\\n;');\n")


@pytest.mark.parametrize("size", [1, 7, 60, 9999])
def test_invalid_dates(size: int) -> None:
    """The mode is set once, in the header and nowhere in the data."""
    data = b"x" * 100 + b"\n" + HEADER + b"INSERT '" + HEADER + b"y" * 9000
    tolerant = my_packets.Tolerant()
    passed = b"".join(tolerant.update(data[start : start + size]) for start in range(0, len(data), size))
    changed = HEADER.replace(b"ZERO'", b"ZERO,ALLOW_INVALID_DATES'")
    assert passed + tolerant.finish() == data.replace(HEADER, changed, 1)


def test_short_stream() -> None:
    """A stream that ends before its header is over is passed on as it is."""
    tolerant = my_packets.Tolerant()
    assert tolerant.update(b"-- short") + tolerant.finish() == b"-- short"


def test_what_is_said() -> None:
    """Nothing below the limit; the value to set above it; no advice where no server takes it."""
    mib = 1 << 20
    assert my_packets.warning(mib - 1, mib) == ""
    my_packets.check(mib - 1, mib)
    assert f"max_allowed_packet={2 * mib}" in my_packets.warning(mib, mib)
    with pytest.raises(ConfigError) as caught:
        my_packets.check(24 * mib + 5, 16 * mib)
    assert f"SET GLOBAL max_allowed_packet = {25 * mib}," in caught.value.hint
    assert "cannot be restored" in my_packets.warning(my_packets.MOST, 16 * mib)
    with pytest.raises(ConfigError, match="no server takes more"):
        my_packets.check(my_packets.MOST + 1, my_packets.MOST)
