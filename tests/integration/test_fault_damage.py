# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored backups that are cut, flipped or exchanged at any moment: refused, and the target is as it was."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import support
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import AgeReader, AgeWriter
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_keys import parse_identities
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    BackupError,
    CodecError,
    IntegrityError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._process import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run.restore import RestoreOptions, RestoreTask
from support.damage import (
    assert_target_untouched,
    fit,
    flipped,
    folders,
    largest,
    loaded,
    restored,
    site_with_backups,
)
from support.faults import IDENTITY, RECIPIENT, Site

# Of 64 KiB each: https://c2sp.org/age, "Payload".
CHUNK = (64 << 10) + 16
OFFSETS = 50


@pytest.fixture(scope="module")
def site(server: support.Server, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Stored backups, and a `shop` that has gone on since."""
    return site_with_backups(server, tmp_path_factory.mktemp("damage"))


class Restorer:
    """Restores over `shop` in this process, in one session."""

    def __init__(self, site: Site, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("PATH", site.server.environ()["PATH"])
        self.run = Run(observer=self._note)
        self.last_step = ""
        self.store = site.opened()
        self.engine = site.engine(self.run)

    def _note(self, name: str) -> None:
        self.last_step = name

    def refused(self, host: str = "h") -> BackupError:
        """Try it with the newest; the error."""
        options = RestoreOptions(
            host=host, instance="main", database="shop", backup="latest", before=None, target="shop", replace=True,
            keep_previous=False, no_owner=False, with_globals=False, identities=IDENTITY, verify=True, jobs=1,
        )  # fmt: skip
        with pytest.raises(BackupError) as caught:
            RestoreTask(self.run, self.engine, self.store, options, lambda _text: None).execute(check_mode=False)
        return caught.value


@pytest.fixture
def restorer(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Restorer]:
    """db_restore's engine, without a process for each of many attempts."""
    made = Restorer(site, monkeypatch)
    yield made
    made.engine.close()
    made.store.close()


def borders(data: bytes) -> list[int]:
    """The first and the last byte, and those on both sides of where the header and each chunk of age end."""
    start = data.index(b"\n", data.index(b"\n--- ") + 1) + 1 + 16
    found = [start - 16, start, *range(start + CHUNK, len(data), CHUNK)]
    assert len(found) >= 4
    return [0, *(offset + side for offset in found for side in (-1, 0)), len(data) - 1]


def test_cut_or_flipped_anywhere(site: Site, restorer: Restorer) -> None:
    """At 50 places and all borders, each: the hash tells, before anything is made on the server."""
    path = largest(folders(site)[-1])
    data = path.read_bytes()
    source = random.Random(4711)
    with restored(path):
        for offset in [*source.sample(range(len(data)), OFFSETS), *borders(data)]:
            path.write_bytes(data[:offset])
            error = restorer.refused()
            assert isinstance(error, IntegrityError)
            assert (error.stage, restorer.last_step) == ("authenticate", f"authenticate {path.name}")
            assert f"has {offset} bytes" in str(error)
            path.write_bytes(flipped(data, offset, source.randrange(8)))
            error = restorer.refused()
            assert isinstance(error, (IntegrityError, CodecError))
            # The hash's words, or those of age.
            assert error.stage in ("authenticate", "encryption")
            assert restorer.last_step == f"authenticate {path.name}"
    assert_target_untouched(site)


def test_cut_or_flipped_with_a_manifest_that_fits(site: Site, restorer: Restorer) -> None:
    """Whoever can write to the store can write a hash as well: age tells."""
    folder = folders(site)[-1]
    path = largest(folder)
    data = path.read_bytes()
    with restored(path, folder / "manifest.json"):
        for offset in borders(data):
            for damaged in (data[:offset], flipped(data, offset, 1)):
                path.write_bytes(damaged)
                fit(folder, path)
                error = restorer.refused()
                assert isinstance(error, CodecError), offset
                assert (error.stage, restorer.last_step) == ("encryption", f"authenticate {path.name}")
        path.write_bytes(data + b"\0")
        fit(folder, path)
        assert isinstance(restorer.refused(), CodecError)
    assert_target_untouched(site)


def in_other_words(data: bytes) -> bytes:
    """The same content, encrypted again."""
    reader, writer = AgeReader(parse_identities(IDENTITY)), AgeWriter([RECIPIENT])
    plain = reader.update(data) + reader.finish()
    return writer.update(plain) + writer.finish()


EXCHANGES: dict[str, Callable[[bytes], bytes]] = {
    "flipped": lambda data: flipped(data, len(data) // 2, 3),
    "cut": lambda data: data[:-1],
    "of the same size": in_other_words,
}


@pytest.mark.parametrize("how", list(EXCHANGES))
def test_exchanged_after_it_was_authenticated(
    site: Site, restorer: Restorer, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """What is loaded is what was authenticated, for every part that is loaded."""
    folder = folders(site)[-1]
    for part in loaded(folder):
        path = folder / part["name"]
        data = path.read_bytes()

        def step(name: str, path: Path = path, data: bytes = data) -> None:
            if name == f"load {path.name}":
                path.unlink()
                path.write_bytes(EXCHANGES[how](data))

        monkeypatch.setattr(restorer.run, "step", step)
        with restored(path):
            assert isinstance(restorer.refused(), (IntegrityError, CodecError)), part
    assert_target_untouched(site)
