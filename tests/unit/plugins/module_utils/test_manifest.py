# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest: it comes back as it was, and whatever else is in its file is an error with a name."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import typing as t

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, ManifestError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest, format_time, parse_time
from ansible_collections.vya.backupdb.plugins.module_utils._run.parts import fitting_identities
from ansible_collections.vya.backupdb.plugins.module_utils._run.restore import series_of
from ansible_collections.vya.backupdb.plugins.module_utils._run.summary import summary
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import MANIFEST, changed
from hypothesis import given, settings
from hypothesis import strategies as st

UTC = dt.timezone(dt.timedelta(0))
RECIPIENT = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa"
ENCRYPTED = changed(encryption={"format": "age-v1", "recipients": [RECIPIENT]})


def use(manifest: Manifest) -> None:
    """What listings and restores do with a manifest before they touch anything."""
    json.dumps(summary(manifest))
    try:
        series_of(manifest)
        if manifest.encryption is not None:
            fitting_identities(manifest.recipients, "")
    except BackupError:
        pass


@pytest.mark.parametrize("manifest", [MANIFEST, ENCRYPTED, changed(position=None, database="\udce9 \n'\"😀")])
def test_it_comes_back(manifest: Manifest) -> None:
    text = manifest.to_json()
    again = Manifest.from_json(text, "it")
    assert dataclasses.asdict(again) == dataclasses.asdict(manifest)
    assert again.to_json() == text
    use(again)


def test_sums() -> None:
    assert (MANIFEST.size, MANIFEST.plain_size, MANIFEST.seconds) == (26, 26, 9.5)
    assert MANIFEST.recipients == ()
    assert ENCRYPTED.recipients == (RECIPIENT,)


def test_every_truncation_is_an_error() -> None:
    text = ENCRYPTED.to_json()
    for size in range(len(text) - 1):  # the last byte is the final newline
        with pytest.raises(ManifestError, match="the manifest is damaged"):
            Manifest.from_json(text[:size], "the manifest")


def test_every_bit_flip_is_an_error_or_a_manifest() -> None:
    """A flip can hit a comment; what it can never do is break those who read it."""
    text = ENCRYPTED.to_json()
    refused = 0
    for position in range(len(text)):
        for bit in (0, 3, 7):
            flipped = bytearray(text)
            flipped[position] ^= 1 << bit
            try:
                use(Manifest.from_json(bytes(flipped), "the manifest"))
            except ManifestError:
                refused += 1
    assert refused > len(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("x\x00/.."),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
FIELDS = sorted(dataclasses.asdict(MANIFEST))
INNER: list[tuple[t.Any, ...]] = [
    ("parts", 0, key) for key in ("name", "section", "size", "sha256", "plain_size", "trailer")
]
INNER += [("tables", 0, key) for key in ("name", "rows", "exact", "content")]
INNER += [("schema_objects", 0, key) for key in ("name", "sha256", "portable", "printed")]
INNER += [("sequences", 0, key) for key in ("name", "value", "called")]
INNER += [("uncovered", 0, key) for key in ("kind", "name", "rows", "why")]
INNER += [("engine", key) for key in ("name", "flavour", "version")]
INNER += [("tool", "version"), ("encryption", "recipients"), ("encryption", "recipients", 0), ("warnings", 0)]


@settings(max_examples=300)
@given(st.sampled_from([(key,) for key in FIELDS] + INNER), JSON)
def test_any_value_anywhere_is_an_error_or_a_manifest(path: tuple[t.Any, ...], value: t.Any) -> None:
    fields = json.loads(ENCRYPTED.to_json())
    inner = fields
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    try:
        manifest = Manifest.from_json(json.dumps(fields).encode(), "the manifest")
    except ManifestError:
        return
    use(manifest)
    assert all("\0" not in part.name and "/" not in part.name for part in manifest.parts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "has version 2; this collection reads version 1"),
        ({"version": None}, "has version None"),
        ({"kind": "other"}, "damaged"),
        ({"parts": []}, "damaged"),
        ({"parts": [{**dataclasses.asdict(MANIFEST.parts[0]), "name": "../x"}]}, "impossible name"),
        ({"parts": [{**dataclasses.asdict(MANIFEST.parts[0]), "name": ".."}]}, "impossible name"),
        ({"parts": [{**dataclasses.asdict(MANIFEST.parts[0]), "size": -1}]}, "no numbers"),
        ({"parts": [{**dataclasses.asdict(MANIFEST.parts[0]), "size": True}]}, "size is .True."),
        ({"parts": [{**dataclasses.asdict(MANIFEST.parts[0]), "sha256": "0"}]}, "impossible name or hash"),
        ({"finished": "yesterday"}, "damaged"),
    ],
)
def test_refused(change: dict[str, t.Any], message: str) -> None:
    fields = {**json.loads(MANIFEST.to_json()), **change}
    with pytest.raises(ManifestError, match=message):
        Manifest.from_json(json.dumps(fields).encode(), "the manifest")


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"version": 1}', b"{}"])
def test_what_is_no_manifest(text: bytes) -> None:
    with pytest.raises(ManifestError, match="the manifest"):
        Manifest.from_json(text, "the manifest")


LATER = {"version": 1, "proof": "counts", "sequences": (), "uncovered": (), "largest_statement": 0}


def test_what_a_newer_version_added_is_passed_over() -> None:
    fields = json.loads(MANIFEST.to_json())
    fields["unknown"] = {"deep": [1]}
    for name in ("parts", "tables", "schema_objects"):
        fields[name][0]["unknown"] = "x"
    assert Manifest.from_json(json.dumps(fields).encode(), "the manifest") == MANIFEST


def test_what_an_older_version_lacks_has_its_default() -> None:
    fields = json.loads(MANIFEST.to_json())
    for name in LATER.keys() - {"version"}:
        del fields[name]
    older = dataclasses.replace(MANIFEST, sequences=(), uncovered=())
    for item in fields["tables"]:
        del item["content"]
    for item in fields["schema_objects"]:
        del item["printed"]
    assert Manifest.from_json(json.dumps(fields).encode(), "the manifest") == older


@pytest.mark.parametrize("key", [key for key in FIELDS if key == "version" or key not in LATER])
def test_nothing_may_be_missing(key: str) -> None:
    fields = json.loads(MANIFEST.to_json())
    del fields[key]
    with pytest.raises(ManifestError):
        Manifest.from_json(json.dumps(fields).encode(), "the manifest")


def test_times() -> None:
    moment = dt.datetime(2026, 11, 21, 23, 15, 0, 123456, tzinfo=UTC)
    assert format_time(moment) == "2026-11-21T23:15:00.123Z"
    assert parse_time("2026-11-21T23:15:00.123Z") == moment.replace(microsecond=123000)
    assert parse_time(" 2026-11-22T00:15:00.123+01:00 ") == moment.replace(microsecond=123000)
    assert parse_time("2026-11-21T23:15:00") == moment.replace(microsecond=0)
    with pytest.raises(ValueError, match="isoformat"):
        parse_time("noon")
