# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/manifest.schema.json describes what the collection writes, and nothing else."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import MANIFEST, changed
from jsonschema import Draft202012Validator

SCHEMA = json.loads((Path(__file__).parents[4] / "docs" / "manifest.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def problems(manifest: t.Any) -> list[str]:
    """What the schema finds wrong."""
    return [error.message for error in VALIDATOR.iter_errors(manifest)]


def as_json(**fields: t.Any) -> dict[str, t.Any]:
    """The sample as it is written, with other fields."""
    found: dict[str, t.Any] = json.loads(changed(**fields).to_json())
    return found


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_it_knows_every_field_and_no_other() -> None:
    written = as_json()
    assert set(SCHEMA["properties"]) == set(SCHEMA["required"]) == set(written)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "globals", "database": "@globals", "schema_sha256": "", "tables": (), "schema_objects": ()},
        {
            "encryption": {
                "format": "age-v1",
                "recipients": ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aq"],
            }
        },
        {"position": None},
        {"position": {"binlog_file": "binlog.000001", "binlog_position": 4, "gtid": "", "exact": True}},
        {"database": "a/b\n'\"\U0001f980"},
    ],
)
def test_it_accepts_what_is_written(fields: dict[str, t.Any]) -> None:
    assert problems(as_json(**fields)) == []


@pytest.mark.parametrize("name", sorted(SCHEMA["required"]))
def test_it_refuses_a_manifest_without(name: str) -> None:
    manifest = as_json()
    del manifest[name]
    assert problems(manifest)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", 2),
        ("id", "latest"),
        ("kind", "table"),
        ("started", "2026-11-21 23:15:00"),
        ("parts", []),
        ("parts", [{**json.loads(MANIFEST.to_json())["parts"][0], "name": "../x"}]),
        ("parts", [{**json.loads(MANIFEST.to_json())["parts"][0], "size": -1}]),
        ("compression", "rar"),
        ("encryption", {"format": "age-v1", "recipients": []}),
        ("encryption", {"format": "age-v1", "recipients": ["AGE-SECRET-KEY-1"]}),
        ("tables", [{"name": "t", "rows": "1", "exact": True}]),
        ("position", {}),
        ("warnings", "none"),
        ("surplus", 1),
    ],
)
def test_it_refuses(name: str, value: t.Any) -> None:
    assert problems({**as_json(), name: value})
