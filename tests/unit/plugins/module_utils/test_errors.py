# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in what is told: gone, in whatever way they are written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import passfile_passwords
from ansible_collections.vya.backupdb.plugins.module_utils._errors import redact

SECRETS = ("plain", "Pa's \"w#", 'back\\slash\\\\:"x', '\\"', "a.b*c(d", "per%cent {5,}", "Ünïcödé 日本", "x,}", "\\}")
WAYS = {
    "as it is": lambda text: text,
    "in an option file": lambda text: text.replace("\\", "\\\\").replace('"', '\\"'),
    "in a passfile": lambda text: text.replace("\\", "\\\\").replace(":", "\\:"),
    "in SQL": lambda text: text.replace("\\", "\\\\").replace("'", "''"),
    "in SQL without backslashes": lambda text: text.replace("'", "''"),
    "in SQL with double quotes": lambda text: text.replace("\\", "\\\\").replace('"', '""'),
    "in Python": lambda text: repr(text)[1:-1],
    "in JSON": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "in JSON twice": lambda text: json.dumps(json.dumps(text, ensure_ascii=False), ensure_ascii=False)[3:-3],
}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_gone_however_it_is_escaped(secret: str, way: str) -> None:
    assert redact(f"before={WAYS[way](secret)}!after", [secret]) == "before=********!after"


def test_what_is_no_secret_stays() -> None:
    text = "a\\b plai plain_ Pa's"
    assert redact(text, ["Pa's \"w#", "", "aXb"]) == text
    assert redact("aXb axb", ["aXb"]) == "******** axb"
    assert redact("key AGE-SECRET-KEY-1QQ!", []) == "key AGE-SECRET-KEY-********!"


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert redact("secretly secret", ["secret", "secretly"]) == "******** ********"


def test_passwords_of_a_passfile(tmp_path: Path) -> None:
    path = tmp_path / "pgpass"
    path.write_text(
        "# *:*:*:*:comment\nh:5432:d:u:simple\n*:*:*:*:a\\:b\\\\c:more\n\\:\\\\:1:d:u:second\nnot:enough\n",
        encoding="utf-8",
    )
    assert passfile_passwords(str(path)) == ["simple", "a:b\\c", "second"]
    assert passfile_passwords(str(tmp_path / "missing")) == []
