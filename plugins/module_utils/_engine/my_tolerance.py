# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: sessions that do not depend on the server's defaults.

A backup holds what existed, and that may be older than a rule which the server has today: rows that a CHECK forbids,
tables without a primary key, rows that are too long for a page. A session that loads a backup therefore switches off
every such rule that the server knows and the account may change.
"""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import error_number, execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import literal
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError

# What keeps tables of a dump from being created as they were; the values let them. CHECKs of a file that others wrote
# hold, as they do for the stock client.
_DUMPS: t.Mapping[str, str] = {
    "sql_require_primary_key": "0",
    "innodb_strict_mode": "0",
    "restrict_fk_on_non_standard_key": "0",
    "system_versioning_alter_history": "KEEP",
    # MEMORY tables: a limit, of which nothing is allocated.
    "max_heap_table_size": "1099511627776",
}
# What our own definitions and data need no more: they are complete, and were rows of their source.
_OWN: t.Mapping[str, str] = {
    **_DUMPS,
    "check_constraint_checks": "0",
    "sql_generate_invisible_primary_key": "0",
    "explicit_defaults_for_timestamp": "1",
    "enforce_storage_engine": "NULL",
    "innodb_compression_default": "0",
}
# No table is created in a directory that its definition names: MariaDB loses such tables when they are renamed into
# another database (the server finds them no more after its next start). Dates that no calendar has were once allowed.
TABLE_MODES = ("NO_DIR_IN_CREATE", "ALLOW_INVALID_DATES")
_PRIVILEGE = "SESSION_VARIABLES_ADMIN"


class Tolerance(t.NamedTuple):
    """``settings``: what a session was given; ``denied``: names of what the account may not set."""

    settings: t.Mapping[str, str]
    denied: tuple[str, ...]

    def statement(self, first: str) -> str:
        """One SET statement: the assignments ``first``, and these."""
        return ", ".join([f"SET SESSION {first}", *(f"{name} = {value}" for name, value in self.settings.items())])

    def hint(self) -> str:
        """What an error of the load may come from, or nothing."""
        if not self.denied:
            return ""
        return (
            f"The account may not set {', '.join(self.denied)}, so the server's own rules held. As an administrator:"
            f" GRANT {_PRIVILEGE} ON *.* TO the account."
        )


def tolerate(connection: t.Any, *, own: bool, stage: str) -> Tolerance:
    """Let a session create what existed. ``own``: the statements are this collection's and say all they mean; a script
    that others wrote may count on the server's defaults."""
    wanted = _OWN if own else _DUMPS
    listed = ", ".join(literal(name) for name in wanted)
    rows = execute(connection, f"SHOW SESSION VARIABLES WHERE Variable_name IN ({listed})", stage=stage)
    known = {str(name).lower() for name, _value in rows}
    settings: dict[str, str] = {}
    denied = []
    for name in sorted(known & wanted.keys()):
        try:
            execute(connection, f"SET SESSION {name} = {wanted[name]}", stage=stage)
            settings[name] = wanted[name]
        except EngineError as exc:
            if not error_number(exc):
                raise
            denied.append(name)
    return Tolerance(settings, tuple(denied))


__all__ = ("TABLE_MODES", "Tolerance", "tolerate")
