# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: extensions and event triggers that a restore skips, because it was told to, or because they cannot be."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import pg_exclusions
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import RestorePlan
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_rights import Account
from ansible_collections.vya.backupdb.plugins.module_utils._engine.skips import Skips
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError

Ask = t.Callable[[str, str], t.Any]

_CRON = "pg_cron"
_ABOUT = re.compile(r"^(?:comment|owner|grants|version of) ")


class Skipping(Skips):
    """``warnings`` gets what was skipped, in words."""

    def __init__(self, plan: RestorePlan, warnings: list[str]) -> None:
        self._plan, self._warnings = plan, warnings
        self._wished = frozenset(plan.exclude_extensions)
        self._available: frozenset[str] = frozenset()
        self._extensions: set[str] = set()
        self._schemas: frozenset[str] = frozenset()
        self._triggers: set[str] = set()
        self._event_triggers = True
        self._major = 0
        self._cron: t.Any = ()

    def check(self, run: Ask, who: Account, major: int) -> None:
        """Before anything is changed. ConfigError for an extension that cannot be created here."""
        self._major, self._event_triggers = major, who.superuser
        self._available = frozenset(str(row[0]) for row in run("SELECT name FROM pg_available_extensions", "preflight"))
        properties = self._plan.origin.properties
        if not (self._plan.origin.foreign or self._plan.drill):  # drills are of several databases
            self._check_wished(properties.get("extensions", ()))
        self._decide(properties.get("extensions", ()))
        self.wanted = bool(self._extensions or (properties.get("event_triggers") and not who.superuser))
        self._cron = run("SELECT setting FROM pg_settings WHERE name = 'cron.database_name'", "preflight")
        self._check_cron(properties.get("extensions", ()))

    def _check_wished(self, names: t.Collection[str]) -> None:
        unknown = sorted(self._wished.difference(names))
        if unknown:
            raise ConfigError(
                f"The backup has no extension {', '.join(unknown)}, which exclude_extensions names.",
                hint=f"It has these: {', '.join(sorted(names)) or 'none'}.",
            )

    def _decide(self, names: t.Collection[str]) -> None:
        """Which extensions of a backup are skipped."""
        self._extensions |= self._wished.intersection(names)
        missing = [name for name in names if name not in self._available and name not in self._extensions]
        gone = {name for name in missing if pg_exclusions.DROPPED.get(name, self._major + 1) <= self._major}
        if gone:
            self._extensions |= gone
            self._warnings.append(
                f"PostgreSQL {self._major} has no {', '.join(sorted(gone))} any more: skipped, with what is theirs."
            )
        others = sorted(set(missing) - gone)
        if others:
            raise ConfigError(
                f"The server lacks extensions that the backup needs: {', '.join(others)}.",
                hint="Install the packages that bring them (Debian: postgresql-contrib, or postgresql-NN-NAME), or set"
                " exclude_extensions to restore without them and their rows.",
            )

    def _check_cron(self, names: t.Collection[str]) -> None:
        """It can be created in one database of a server only, and a restore loads beside its target."""
        if _CRON not in names or _CRON in self._extensions:
            return
        only = f"the database {self._cron[0][0]!r} (cron.database_name)" if self._cron else "a server that preloads it"
        raise ConfigError(
            f"The extension pg_cron can be created in {only} only, and a restore loads into one of another name.",
            hint="Set exclude_extensions to [pg_cron] to restore without it and its jobs; then CREATE EXTENSION pg_cron"
            " in the restored database, and schedule the jobs again.",
        )

    def kept(self, listing: t.Sequence[str]) -> list[str]:
        found = pg_exclusions.entries(listing)
        names = pg_exclusions.extensions(found)
        self._decide(names)
        self._check_cron(names)
        skipped = pg_exclusions.skip(found, self._extensions, event_triggers=self._event_triggers)
        self._schemas = skipped.schemas
        self._triggers.update(skipped.triggers)
        if self._extensions:
            with_rows = f", and with them {', '.join(skipped.rows[:20])}" if skipped.rows else ""
            self._warnings.append(f"Extensions were skipped: {', '.join(sorted(self._extensions))}{with_rows}.")
        if skipped.triggers:
            self._warnings.append(
                f"{len(skipped.triggers)} event triggers were skipped, as only a superuser may create them:"
                f" {', '.join(skipped.triggers[:20])}."
            )
        return list(listing) if len(skipped.kept) == len(found) else skipped.kept

    def covers(self, table: str) -> bool:
        return not any(table.startswith(f"{schema}.") for schema in self._schemas)

    def named(self, name: str) -> bool:
        """Whether an object of a schema, or what belongs to it, is skipped."""
        name = _ABOUT.sub("", name)
        kind, _space, rest = name.partition(" ")
        if kind == "event":
            return rest.partition(" ")[2].strip('"') in self._triggers
        if any(f" on {schema}." in name for schema in self._schemas):
            return True
        return kind == "extension" and rest.strip('"') in self._extensions


__all__ = ("Skipping",)
