# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: settings that our sessions and the client tools have, whatever a server, a database or a role sets.

Those are meant for applications: a dump of a large database must not end by a time limit, no restore may meet a
read-only transaction, and rows must be read as they were written.
"""

from __future__ import annotations

import typing as t

# (setting, value, the first major version that knows it)
_ALWAYS = (
    ("statement_timeout", "0", 0),
    ("lock_timeout", "0", 0),
    ("idle_in_transaction_session_timeout", "0", 0),
    ("idle_session_timeout", "0", 14),
    ("transaction_timeout", "0", 17),
    ("default_transaction_read_only", "off", 0),
    ("default_transaction_isolation", "read committed", 0),
    ("default_transaction_deferrable", "off", 0),
)
# How values and definitions are read that pg_dump wrote; pg_restore itself leaves these alone.
_LOADING = (
    ("array_nulls", "on", 0),
    ("transform_null_equals", "off", 0),
    ("backslash_quote", "safe_encoding", 0),
)


def _settings(major: int) -> t.Iterator[tuple[str, str]]:
    return ((name, value) for name, value, since in (*_ALWAYS, *_LOADING) if major >= since)


def statements(major: int) -> str:
    """SQL for an open session."""
    return "; ".join(f"SET {name} = '{value}'" for name, value in _settings(major))


def options(major: int) -> str:
    """The value of PGOPTIONS for a client tool. What a client asks for when it connects wins over the settings of the
    server, the database and the role. libpq takes a backslash before a space for part of the value."""
    escaped = ((name, value.replace(" ", "\\ ")) for name, value in _settings(major))
    return " ".join(f"-c {name}={value}" for name, value in escaped)


__all__ = ("options", "statements")
