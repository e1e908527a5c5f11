# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is loaded is what was authenticated, whoever writes to the store between both."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _catalog as catalog
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import AgeWriter, generate_identity
from ansible_collections.vya.backupdb.plugins.module_utils._codec.compression import COMPRESSIONS
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Section
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, CodecError, IntegrityError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Part
from ansible_collections.vya.backupdb.plugins.module_utils._process import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run import parts
from ansible_collections.vya.backupdb.plugins.module_utils._run.parts import Opened
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import Series
from ansible_collections.vya.backupdb.plugins.module_utils._store.local import LocalStore
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import changed, put

IDENTITY, RECIPIENT = generate_identity()
PLAIN = b"some bytes of a dump " * 20_000
PART = "database.dump"


def sealed(plain: bytes) -> bytes:
    """Encrypted to the recipient."""
    writer = AgeWriter([RECIPIENT])
    return writer.update(plain) + writer.finish()


def opened(folder: Path, content: bytes, *, encrypted: bool) -> tuple[Opened, Part, Path]:
    """A stored backup with one part, opened; the part; its file."""
    part = Part(PART, "database", len(content), hashlib.sha256(content).hexdigest(), len(PLAIN), None)
    encryption = {"format": "age-v1", "recipients": [RECIPIENT]} if encrypted else None
    store = LocalStore(str(folder / "store"), create=True)
    put(store, changed(parts=(part,), encryption=encryption), content)
    entry = catalog.read(store).entries[0]
    return Opened(Run(), store, entry, IDENTITY), part, next((folder / "store").rglob(PART))


@pytest.mark.parametrize("encrypted", [True, False])
def test_both_passes_give_the_content(tmp_path: Path, encrypted: bool) -> None:
    """Authenticated or not, what is read is what was stored."""
    found, part, _file = opened(tmp_path, sealed(PLAIN) if encrypted else PLAIN, encrypted=encrypted)
    assert found.read(part) == PLAIN
    found.authenticate()
    assert found.read(part) == PLAIN


def test_an_exchanged_part_is_not_loaded(tmp_path: Path) -> None:
    """Another stream to the same recipient, of the same length: authentic for age, and not what was authenticated."""
    found, part, file = opened(tmp_path, sealed(PLAIN), encrypted=True)
    found.authenticate()
    file.chmod(0o600)
    file.write_bytes(sealed(PLAIN[::-1]))
    assert file.stat().st_size == part.size
    with pytest.raises(IntegrityError, match=r"database\.dump was exchanged after it was authenticated"):
        found.read(part)


@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("place", [0, 150, 70_000, -1])
def test_damage_after_authentication(tmp_path: Path, encrypted: bool, place: int) -> None:
    """A bit that flips between both passes is seen by age, or by the hash."""
    found, part, file = opened(tmp_path, sealed(PLAIN) if encrypted else PLAIN, encrypted=encrypted)
    found.authenticate()
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    with pytest.raises(BackupError):
        found.read(part)


def test_what_the_hash_refuses_is_not_authenticated(tmp_path: Path) -> None:
    """The hash is looked at in a thread of its own: its verdict counts, the first time and every time."""
    found, part, file = opened(tmp_path, sealed(PLAIN), encrypted=True)
    file.chmod(0o600)
    file.write_bytes(sealed(PLAIN))
    for _twice in range(2):
        with pytest.raises(IntegrityError, match="SHA-256"):
            found.authenticate()
    with pytest.raises(IntegrityError, match="SHA-256"):
        found.read(part)


def test_definitions_beyond_what_is_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restore refuses them by what the manifest tells, before it reads; a backup that makes some says so."""
    assert parts.IN_MEMORY <= 128 << 20
    monkeypatch.setattr(parts, "IN_MEMORY", len(PLAIN) - 1)
    found, part, file = opened(tmp_path, PLAIN, encrypted=False)
    file.unlink()
    with pytest.raises(CodecError, match=r"taken into memory.*by hand"):
        found.read(part)
    store = LocalStore(str(tmp_path / "store"))
    draft = store.begin(Series("web1", "main", "zoo"), "20261121T231500Z-7f3a9c")
    for number, (kind, told) in enumerate((("pre-data", True), ("data", False))):
        section = Section(f"data-000{number}.sql", kind, [PLAIN])
        warnings = parts.write_part(Run(), draft, section, compression=COMPRESSIONS["none"], level=None, recipients=())[
            1
        ]
        assert any("Restore this backup by hand" in text for text in warnings) == told
    draft.discard()
