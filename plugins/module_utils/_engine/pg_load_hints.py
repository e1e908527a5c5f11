# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what to do about an error of pg_restore, by what may be passed on of its stderr."""

from __future__ import annotations

import re

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import membership_hint, quote

# A name that is not passed on helps nobody.
_ROLE = re.compile(r'ERROR:  role "(?!\.\.\.")(.+)" does not exist')
_ABSENT = re.compile(r"ERROR:  (?:relation|type|function|operator|schema|table|text search \w+)\b[^\n]* does not exist")
# pg_restore loads with an empty search_path, so that what a function names must be qualified, or the function itself
# must have a search_path.
_FUNCTION = re.compile(r"\((?:SQL|PL/pgSQL) function \"?([^\s\"(]+(?:\([^)\n]*\))?)")


def load_hint(stderr: str, account: str, *, no_owner: bool, path: bool = False) -> str:
    """A hint, or an empty text. ``account``: who loads; ``path``: whether a search_path for the load would help."""
    found = membership_hint(stderr, account) if account else ""
    role = _ROLE.search(stderr)
    if role and not found:
        found = f"Create the role (CREATE ROLE {quote(role[1])};)"
        found += "." if no_owner else ", or set no_owner=true: then all belongs to the account that restores."
    function = _FUNCTION.search(stderr)
    if function and not found and _ABSENT.search(stderr):
        found = (
            f"The function {function[1]} names objects without their schema, and a dump is loaded with an empty"
            f" search_path. On the source: ALTER FUNCTION {function[1]} SET search_path = (the schemas that it needs);"
            " then back up again."
        )
        found += " Or set search_path, with which the function can stay as it is." if path else ""
    if not found and _ABSENT.search(stderr) and "COPY failed for table" in stderr:
        found = (
            "A CHECK, a generated column or a trigger of the table calls a function that names objects without their"
            " schema, and a dump is loaded with an empty search_path. Set search_path to the schemas that it needs, or"
            " on the source: ALTER FUNCTION ... SET search_path = ...; then back up again."
        )
    return found


__all__ = ("load_hint",)
