# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What was restored against the manifest: what is lost or different fails, what is only printed differently is shown.

A server prints an expression in another way once it has read its own text again, and so does a newer server. Such a
difference says nothing about the backup, so it never fails a restore or a drill; both texts are shown, so that people
can judge.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import schema
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Inspection, Restore
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest
from ansible_collections.vya.backupdb.plugins.module_utils._run.parts import IN_MEMORY, Opened

_PRINTS_SHOWN = 4
_SECTIONS = {
    "database": ("database", "pre-data", "data", "post-data", schema.SECTION),
    "globals": ("globals",),
}


def check_sections(manifest: Manifest) -> None:
    """Refuse a backup with parts that this version does not know: what they hold would be missing without a word."""
    unknown = sorted({part.section for part in manifest.parts} - set(_SECTIONS[manifest.kind]))
    if unknown:
        raise ConfigError(
            f"The backup {manifest.id} has parts of an unknown kind: {', '.join(unknown)}. It was made by a newer"
            f" version of the collection ({manifest.collection_version}).",
            hint="Use the version of the collection that made it, or a newer one.",
        )


@dataclasses.dataclass(frozen=True)
class Verdict:
    """``mismatches`` fail a restore or a drill, ``details`` are texts about them; ``warnings`` fail nothing."""

    mismatches: list[str]
    details: list[str]
    warnings: list[str]


class SchemaComparison:
    """The manifest of an opened backup against what a restore made of it. ``same_series``: the server that restored is
    of the same major version as the source."""

    def __init__(self, opened: Opened, restore: Restore, found: Inspection, *, same_series: bool) -> None:
        self._manifest, self._opened = opened.manifest, opened
        self._restore, self._found, self._same = restore, found, same_series
        self._texts: t.Mapping[str, str] | None = None

    def verdict(self) -> Verdict:
        """What differs in words. The texts are only read from the store when something does."""
        expected = self._restore.compared(self._manifest.schema_objects)
        result = schema.compare(expected, self._restore.compared(self._found.schema), portable=not self._same)
        different, reprinted, unknown = list(result.different), list(result.reprinted), []
        judged = self._restore.same_meaning({name: self._source(name) for name in result.doubtful})
        for name in result.doubtful:
            # A server of the same version prints the same in the same normalised text: what nobody can judge is taken
            # for a loss. Another version may print it in another way.
            if judged.get(name, False):
                reprinted.append(name)
            elif name in judged or self._same:
                different.append(f"{name} differs")
            else:
                unknown.append(name)
        warnings = [*self._versions(result.reprinted), *self._prints(reprinted, "which means the same")]
        warnings += self._prints(unknown, "which may be due to its version")
        return Verdict(different, list(self._details(different)), warnings)

    def _source(self, name: str) -> str:
        if self._texts is None:
            self._texts = self._read()
        return self._texts.get(name, "")

    def _read(self) -> t.Mapping[str, str]:
        for part in self._manifest.parts:
            if part.section == schema.SECTION and part.plain_size <= IN_MEMORY:
                try:
                    return schema.read_section(self._opened.read(part))
                except BackupError:  # its hash was right a moment ago; without it messages have no texts
                    break
        return {}

    def _both(self, name: str) -> str:
        return schema.told_apart(self._source(name) or None, self._found.texts.get(name))

    def _details(self, different: t.Sequence[str]) -> t.Iterator[str]:
        for name, _space, verb in (text.rpartition(" ") for text in different):
            texts = self._both(name) if verb == "differs" else ""
            if texts:
                yield f"{name} {texts}"

    def _versions(self, names: t.Sequence[str]) -> t.Iterator[str]:
        for name in names:
            if name.startswith(schema.VERSION_OF):
                yield f"The {name} is another one: {self._both(name)}. Dumps do not carry it."

    def _prints(self, names: t.Sequence[str], meaning: str) -> t.Iterator[str]:
        names = sorted(name for name in names if not name.startswith(schema.VERSION_OF))
        for name in names[:_PRINTS_SHOWN]:
            texts = self._both(name) or "the texts are not in the backup"
            yield f"The server prints {name} in another way than the source did, {meaning}; {texts}."
        if len(names) > _PRINTS_SHOWN:
            rest = schema.shorten(names[_PRINTS_SHOWN:])
            yield f"The server also prints these in another way than the source did, {meaning}: {rest}."


__all__ = ("SchemaComparison", "Verdict", "check_sections")
