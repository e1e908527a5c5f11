# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The manifest: what one backup is. Written last, never changed; docs/manifest.schema.json describes it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import ManifestError

VERSION = 1
FILE_NAME = "manifest.json"
# A manifest of 50,000 tables has some 10 MB; more is no manifest.
MAX_SIZE = 64 << 20


@dataclasses.dataclass(frozen=True)
class Part:
    """One stored stream: ``size`` and ``sha256`` as stored, ``plain_size`` before compression; ``trailer``: whether
    the engine's last words were seen (None: the format has none)."""

    name: str
    section: str
    size: int
    sha256: str
    plain_size: int
    trailer: bool | None


@dataclasses.dataclass(frozen=True)
class Table:
    """``rows`` in the dump's snapshot when ``exact``, else counted beside it; None: not counted. ``content``: a
    checksum of all rows, whatever their order (empty: none was taken)."""

    name: str
    rows: int | None
    exact: bool
    content: str = ""


@dataclasses.dataclass(frozen=True)
class SchemaObject:
    """Fingerprints of one object's definition.

    ``sha256``: of its structure and its normalised expressions; ``portable``: of what stays the same under another
    server version; ``printed``: of the expressions exactly as the server printed them (empty: it has none).
    """

    name: str
    sha256: str
    portable: str
    printed: str = ""


@dataclasses.dataclass(frozen=True)
class Sequence:
    """A sequence's state: ``value`` as the server keeps it (None: not readable), ``called``: whether
    it was handed out."""

    name: str
    value: int | None
    called: bool


@dataclasses.dataclass(frozen=True)
class Uncovered:
    """What is in the database and not in its backup, or not compared: ``kind`` (such as "rows of an extension's
    table"), ``name``, ``rows`` (None: not counted) and ``why``."""

    kind: str
    name: str
    rows: int | None
    why: str


@dataclasses.dataclass(frozen=True)
class Manifest:
    """All times are UTC, ISO 8601 with a Z; sizes are bytes. ``properties`` is what the database itself needs when it
    is created again (encoding, locale, owner, ...), as its engine writes it."""

    id: str
    collection_version: str
    host: str
    instance: str
    database: str
    kind: str
    engine: t.Mapping[str, str]
    started: str
    snapshot: str
    finished: str
    tool: t.Mapping[str, t.Any]
    parts: tuple[Part, ...]
    compression: str
    encryption: t.Mapping[str, t.Any] | None
    tables: tuple[Table, ...]
    schema_sha256: str
    schema_objects: tuple[SchemaObject, ...]
    properties: t.Mapping[str, t.Any]
    position: t.Mapping[str, t.Any] | None
    warnings: tuple[str, ...]
    version: int = VERSION
    # Fields that came later have a default: older manifests lack them, and older readers pass over them.
    proof: str = "counts"
    sequences: tuple[Sequence, ...] = ()
    uncovered: tuple[Uncovered, ...] = ()
    largest_statement: int = 0

    @property
    def size(self) -> int:
        """Stored bytes of all parts."""
        return sum(part.size for part in self.parts)

    @property
    def plain_size(self) -> int:
        """Bytes of all parts before compression."""
        return sum(part.plain_size for part in self.parts)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Public keys that can open it; empty when it is not encrypted."""
        return tuple(self.encryption["recipients"]) if self.encryption else ()

    @property
    def seconds(self) -> float:
        """From start to finish."""
        return (parse_time(self.finished) - parse_time(self.started)).total_seconds()

    def to_json(self) -> bytes:
        """Canonical text: sorted keys, UTF-8, a final newline."""
        fields = dataclasses.asdict(self)
        return (json.dumps(fields, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode(
            "utf-8", "surrogateescape"
        )

    @classmethod
    def from_json(cls, data: bytes, where: str) -> Manifest:
        """Read a manifest; ``where`` names the file in the ManifestError that anything unexpected raises."""
        try:
            fields = json.loads(data.decode("utf-8", "surrogateescape"))
            if not isinstance(fields, dict):
                raise TypeError("it is no object")
            if fields.get("version") != VERSION:
                raise ManifestError(
                    f"{where} has version {fields.get('version')!r}; this collection reads version {VERSION}.",
                    hint="Use the collection's version that wrote it, or a newer one.",
                )
            for name, kind in _LISTS.items():
                if name in fields:
                    fields[name] = tuple(kind(**known(kind, item)) for item in fields[name])
            fields["warnings"] = tuple(fields["warnings"])
            manifest = cls(**known(cls, fields))
            manifest._check_types()
            return manifest
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
            raise ManifestError(f"{where} is damaged: {exc}.", hint="Use another backup.") from exc

    def _check_types(self) -> None:
        """What readers rely on, so that none of them breaks on a manifest that somebody damaged or made up."""
        items: list[_Item] = [self, *(item for name in _LISTS for item in getattr(self, name))]
        for item in items:
            _check_fields(item)
        if self.kind not in ("database", "globals") or not self.parts:
            raise ValueError("its kind is unknown or it has no parts")
        for part in self.parts:
            if part.size < 0 or part.plain_size < 0:
                raise ValueError(f"the sizes of {part.name!r} are no numbers")
            if not part.name or {"/", "\0"} & set(part.name) or part.name.startswith(".") or len(part.sha256) != 64:
                raise ValueError(f"the part {part.name!r} has an impossible name or hash")
        for moment in (self.started, self.snapshot, self.finished):
            parse_time(moment)
        recipients = self.encryption["recipients"] if self.encryption is not None else []
        if not isinstance(recipients, list):
            raise TypeError("the recipients are no list")
        texts = (self.engine["name"], self.engine["flavour"], self.engine["version"], self.tool["version"])
        if not all(isinstance(text, str) for text in (*texts, *recipients, *self.warnings)):
            raise TypeError("a version, recipient or warning is no text")


# The annotations above, as JSON gives them.
_JSON_TYPES: t.Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "int | None": (int, type(None)),
    "bool | None": (bool, type(None)),
    "t.Mapping[str, str]": (dict,),
    "t.Mapping[str, t.Any]": (dict,),
    "t.Mapping[str, t.Any] | None": (dict, type(None)),
}


_Item = t.Union[Manifest, Part, Table, SchemaObject, Sequence, Uncovered]
_LISTS: t.Mapping[str, t.Any] = {
    "parts": Part,
    "tables": Table,
    "schema_objects": SchemaObject,
    "sequences": Sequence,
    "uncovered": Uncovered,
}


def known(kind: t.Any, fields: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Fields that this version of the collection knows: what a newer version added is passed over."""
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in fields.items() if name in names}


def _check_fields(item: _Item) -> None:
    for field in dataclasses.fields(item):
        allowed = _JSON_TYPES.get(str(field.type))
        value = getattr(item, field.name)
        # A bool is an int to Python.
        if allowed and (not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)):
            raise TypeError(f"{field.name} is {str(value)[:40]!r}")


def utc_now() -> dt.datetime:
    """Now, with its zone."""
    return dt.datetime.now(dt.timezone.utc)


def format_time(moment: dt.datetime) -> str:
    """``2026-11-21T23:15:00.123Z``."""
    text = moment.astimezone(dt.timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def parse_time(text: str) -> dt.datetime:
    """ISO 8601; a time without a zone is UTC. ValueError when it is none."""
    moment = dt.datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc)


__all__ = (
    "FILE_NAME",
    "MAX_SIZE",
    "Manifest",
    "Part",
    "SchemaObject",
    "Sequence",
    "Table",
    "Uncovered",
    "format_time",
    "known",
    "parse_time",
    "utc_now",
)
