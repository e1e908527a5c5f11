# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What a drill found out, as it lies beside the manifest; docs/verification.schema.json describes it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import ManifestError, StoreError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import known, parse_time, utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import Store

VERSION = 1
# A store holds many records, and what differs in the first hundred places is as good as all.
MISMATCHES_KEPT = 100
_MAX_SIZE = 1 << 20
_NAME = re.compile(r"^verification-[0-9]{8}T[0-9]{6}Z\.json\Z")
_TRIES = 5


@dataclasses.dataclass(frozen=True)
class Verification:
    """One drill. ``seconds`` from the first look at the stored parts to the comparison; ``stages`` the same by stage.
    ``tables`` and ``rows`` were counted in the scratch database. ``stage`` and ``msg``: where and why it failed."""

    id: str
    collection_version: str
    host: str
    instance: str
    database: str
    verified_by: str
    engine: t.Mapping[str, str]
    started: str
    finished: str
    passed: bool
    seconds: float
    stages: t.Mapping[str, float]
    tables: int
    rows: int
    schema: str
    mismatches: tuple[str, ...]
    stage: str
    msg: str
    version: int = VERSION
    # Fields that came later have a default: older records lack them, and older readers pass over them.
    kind: str = "drill"

    def to_json(self) -> bytes:
        """Canonical text: sorted keys, UTF-8, a final newline."""
        fields = dataclasses.asdict(self)
        return (json.dumps(fields, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode(
            "utf-8", "surrogateescape"
        )

    @classmethod
    def from_json(cls, data: bytes, where: str) -> Verification:
        """Read a record; ``where`` names the file in the ManifestError that anything unexpected raises."""
        try:
            fields = json.loads(data.decode("utf-8", "surrogateescape"))
            if not isinstance(fields, dict) or fields.get("version") != VERSION:
                raise ValueError(f"it is not of version {VERSION}")
            fields["mismatches"] = tuple(fields["mismatches"])
            record = cls(**known(cls, fields))
            record._check_types()
            return record
        except (ValueError, TypeError, KeyError, RecursionError) as exc:
            raise ManifestError(f"{where} is damaged: {exc}.", hint="Run another drill.") from exc

    def _check_types(self) -> None:
        """What readers rely on, whoever wrote it."""
        kinds: t.Mapping[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "bool": (bool,), "float": (int, float)}
        for field in dataclasses.fields(self):
            value, allowed = getattr(self, field.name), kinds.get(str(field.type), (dict, tuple))
            # A bool is an int to Python.
            if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
                raise TypeError(f"{field.name} is {str(value)[:40]!r}")
        if not all(isinstance(item, str) for item in self.mismatches):
            raise TypeError("a mismatch is no text")
        for moment in (self.started, self.finished):
            parse_time(moment)


def write(store: Store, place: str, record: Verification) -> str:
    """Store a record beside the backup's manifest, durably; its name. StoreError when that cannot be done."""
    moment = utc_now()
    for attempt in range(_TRIES):
        name = f"verification-{moment + dt.timedelta(seconds=attempt):%Y%m%dT%H%M%SZ}.json"
        try:
            store.write_note(place, name, record.to_json())
            return name
        except StoreError as exc:
            # Another host may drill the same backup at this very moment.
            if not isinstance(exc.__cause__, FileExistsError) or attempt == _TRIES - 1:
                raise
    raise StoreError(f"No name is free for a record of {place}.")


def newest(store: Store, place: str, backup_id: str) -> tuple[Verification | None, list[str]]:
    """The newest record of a backup, if there is one, and what is wrong with those that cannot be read."""
    problems: list[str] = []
    for name in reversed([name for name in store.notes(place) if _NAME.match(name)]):
        where = f"{place}/{name}"
        try:
            record = Verification.from_json(store.read_note(place, name, _MAX_SIZE), where)
        except StoreError as exc:
            problems.append(str(exc))
            continue
        if record.id == backup_id:
            return record, problems
        problems.append(f"{where} is a record of {record.id}, another backup.")
    return None, problems


__all__ = ("MISMATCHES_KEPT", "Verification", "newest", "write")
