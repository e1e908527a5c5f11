# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of drills: what is written, what is believed, and what docs/verification.schema.json says of it."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _verification as verification
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ManifestError, StoreError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import parse_time
from ansible_collections.vya.backupdb.plugins.module_utils._store.local import LocalStore
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import MANIFEST, put, tree
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[4]
SCHEMA = json.loads((ROOT / "docs" / "verification.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
PASSED = verification.Verification(
    id=MANIFEST.id,
    collection_version="1.0.0",
    host=MANIFEST.host,
    instance=MANIFEST.instance,
    database=MANIFEST.database,
    verified_by="db2",
    engine={"name": "postgresql", "flavour": "postgresql", "version": "15.9"},
    started="2026-11-22T03:00:00.000Z",
    finished="2026-11-22T03:01:24.219Z",
    passed=True,
    seconds=84.219,
    stages={"preflight": 0.1, "load": 84.119},
    tables=42,
    rows=1500000,
    schema="same",
    mismatches=(),
    stage="",
    msg="",
)
FAILED = dataclasses.replace(
    PASSED,
    passed=False,
    schema="",
    mismatches=("table \udc80 has 1 rows instead of 2",),
    stage="verify",
    msg="Differs.",
)
PLACE = f"{MANIFEST.host}/{MANIFEST.instance}/{MANIFEST.database}/{MANIFEST.id}"


@pytest.fixture
def store(tmp_path: Path) -> t.Iterator[LocalStore]:
    """A store with one backup."""
    made = LocalStore(str(tmp_path / "store"), create=True)
    put(made, MANIFEST)
    yield made
    made.close()


def problems(record: t.Any) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(record)]


def test_the_schema_knows_every_field_and_no_other() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    written = json.loads(PASSED.to_json())
    assert set(SCHEMA["properties"]) == set(SCHEMA["required"]) == set(written)
    text = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
    assert [name for name in written if f"`{name}`" not in text] == []


@pytest.mark.parametrize("record", [PASSED, FAILED])
def test_what_is_written_fits_and_is_read_again(record: verification.Verification) -> None:
    data = record.to_json()
    assert problems(json.loads(data.decode("utf-8", "surrogateescape"))) == []
    assert verification.Verification.from_json(data, "it") == record


@pytest.mark.parametrize(
    ("record", "changes"),
    [
        (PASSED, {"version": 2}),
        (PASSED, {"passed": "yes"}),
        (PASSED, {"rows": True}),
        (PASSED, {"seconds": None}),
        (PASSED, {"mismatches": [1]}),
        (PASSED, {"started": "yesterday"}),
        (PASSED, {"stages": []}),
    ],
)
def test_what_neither_schema_nor_reader_takes(record: verification.Verification, changes: dict[str, t.Any]) -> None:
    changed = {**json.loads(record.to_json()), **changes}
    assert problems(changed)
    with pytest.raises(ManifestError, match="it is damaged"):
        verification.Verification.from_json(json.dumps(changed).encode(), "it")


def test_what_a_newer_version_added_is_passed_over() -> None:
    newer = {**json.loads(PASSED.to_json()), "unknown": {"deep": [1]}}
    assert problems(newer)  # the schema says what this version writes
    assert verification.Verification.from_json(json.dumps(newer).encode(), "it") == PASSED


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_what_is_no_record(data: bytes) -> None:
    with pytest.raises(ManifestError, match="it is damaged"):
        verification.Verification.from_json(data, "it")


@pytest.mark.parametrize(
    "changes", [{"mismatches": ["x"]}, {"stage": "load"}, {"schema": ""}, {"passed": False}, {"msg": "no"}]
)
def test_a_verdict_fits_its_reasons(changes: dict[str, t.Any]) -> None:
    assert problems({**json.loads(PASSED.to_json()), **changes})


def test_each_drill_is_a_file_of_its_own(store: LocalStore, tmp_path: Path) -> None:
    """Also within one second, and none takes the place of another."""
    names = [verification.write(store, PLACE, record) for record in (FAILED, PASSED, FAILED)]
    assert len(set(names)) == 3
    folder = tmp_path / "store" / PLACE
    for number, name in enumerate(names):
        assert json.loads((folder / name).read_bytes().decode("utf-8", "surrogateescape"))["passed"] is (number == 1)
        assert (folder / name).stat().st_mode & 0o777 == 0o600
        stamp = name.split("-")[1].split(".")[0]
        parse_time(f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:11]}:{stamp[11:13]}:{stamp[13:15]}Z")
    found, told = verification.newest(store, PLACE, MANIFEST.id)
    assert (found, told) == (FAILED, [])


def test_what_lies_beside_disturbs_nothing(store: LocalStore, tmp_path: Path) -> None:
    folder = tmp_path / "store" / PLACE
    good = verification.write(store, PLACE, PASSED)
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    (folder / "verification-20270101T000000Z.json").write_bytes(
        dataclasses.replace(PASSED, id="20261121T231500Z-000000").to_json()
    )
    (folder / "verification-20270102T000000Z.json").write_bytes(b"x" * (2 << 20))
    (folder / "verification-20270103T000000Z.json").symlink_to(good)
    (folder / "verification-20270104T000000Z.json").mkdir()
    (folder / "verification-latest.json").write_bytes(FAILED.to_json())
    before = tree(tmp_path)
    found, told = verification.newest(store, PLACE, MANIFEST.id)
    assert found == PASSED
    assert [text.split("Z.json")[0][-15:] for text in told] == [f"2027010{day}T000000" for day in (4, 3, 2, 1)]
    assert [item.manifest == MANIFEST.to_json() for item in store.find()] == [True]
    assert tree(tmp_path) == before


def test_no_record_without_a_backup(store: LocalStore, tmp_path: Path) -> None:
    """It may have been removed while it was drilled."""
    (tmp_path / "store" / PLACE / "manifest.json").unlink()
    with pytest.raises(StoreError, match="no finished backup any more"):
        verification.write(store, PLACE, PASSED)
    with pytest.raises(StoreError, match="is missing"):
        verification.write(store, f"{PLACE}0", PASSED)
