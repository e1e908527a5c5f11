# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""backup_info and backup_verify on a real store, without a server and without tools."""

from __future__ import annotations

import hashlib
import typing as t
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import AgeWriter, generate_identity
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Manifest, Part
from ansible_collections.vya.backupdb.plugins.module_utils._run import catalog_info, verify
from ansible_collections.vya.backupdb.plugins.module_utils._store.local import LocalStore
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.calling import Caller
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.samples import changed, put, tree

PLAIN = b"INSERT INTO t VALUES (1);\n" * 9000 + b"-- Dump completed\n"
IDENTITY, RECIPIENT = generate_identity()
STRANGER, _UNUSED = generate_identity()


class Shelf:
    """A store, and both modules on it."""

    def __init__(self, root: Path, info: Caller, verifier: Caller) -> None:
        self.root = root
        self._info, self._verifier = info, verifier

    def add(self, day: int, *, database: str = "shop", host: str = "web1", content: bytes = PLAIN, **how: t.Any) -> str:
        """A backup of a day in November; its id. ``encrypt``, ``plain_size``, ``trailer``."""
        stored = content
        if how.get("encrypt"):
            writer = AgeWriter([RECIPIENT])
            stored = writer.update(content) + writer.finish()
        part = Part(
            "data-0001.sql.age" if how.get("encrypt") else "data-0001.sql",
            "data",
            len(stored),
            hashlib.sha256(stored).hexdigest(),
            how.get("plain_size", len(content)),
            how.get("trailer", True),
        )
        moment = f"2026-11-{day:02d}T10:00:00.000Z"
        manifest: Manifest = changed(
            id=f"202611{day:02d}T100000Z-{len(list(self.root.rglob('manifest.json'))):06x}",
            engine={"name": "mysql", "flavour": "mariadb", "version": "10.11.9-MariaDB"},
            host=host,
            database=database,
            started=moment,
            snapshot=moment,
            finished=moment,
            parts=(part,),
            encryption={"format": "age-v1", "recipients": [RECIPIENT]} if how.get("encrypt") else None,
        )
        store = LocalStore(str(self.root), create=True)
        put(store, manifest, stored)
        store.close()
        return manifest.id

    def folder(self, backup_id: str) -> Path:
        """The folder of a backup."""
        return next(self.root.rglob(backup_id))

    def part(self, backup_id: str) -> Path:
        """The stored part of a backup."""
        return next(self.folder(backup_id).glob("data-*"))

    def info(self, **params: t.Any) -> dict[str, t.Any]:
        """backup_info."""
        return self._info(catalog_info.run, **params)

    def verify(self, **params: t.Any) -> dict[str, t.Any]:
        """backup_verify; it never changes anything."""
        before = tree(self.root)
        result = self._verifier(verify.run, **params)
        assert tree(self.root) == before
        assert result["changed"] is False
        return result


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shelf:
    root = tmp_path / "store"
    info = argspec.merged(argspec.store_only(), argspec.filters("all"), argspec.limit())
    verifier = argspec.merged(argspec.store_only(), argspec.filters("latest"), argspec.identity(), argspec.level())
    calls = [Caller(monkeypatch, capsys, spec, store=str(root)) for spec in (info, verifier)]
    return Shelf(root, *calls)


def ids(items: list[dict[str, t.Any]]) -> list[str]:
    return [item["id"] for item in items]


class TestInfo:
    """backup_info."""

    def test_newest_first_with_their_places(self, shelf: Shelf) -> None:
        made = [shelf.add(day, database=name) for day, name in ((1, "shop"), (3, "crm"), (2, "shop"))]
        result = shelf.info()
        assert ids(result["backups"]) == [made[1], made[2], made[0]]
        assert result["total"] == 3
        assert result["backups"][0]["place"] == f"web1/main/crm/{made[1]}"
        assert result["backups"][0]["path"] == str(shelf.folder(made[1]))

    def test_series(self, shelf: Shelf) -> None:
        shelf.add(1)
        newest = shelf.add(5)
        shelf.add(2, host="web2")
        first, second = shelf.info(limit=1)["series"]
        assert (first["host"], first["total"], first["newest"], first["size"]) == ("web1", 2, newest, 2 * len(PLAIN))
        assert (first["newest_snapshot"][:10], first["oldest_snapshot"][:10]) == ("2026-11-05", "2026-11-01")
        assert (second["host"], second["total"]) == ("web2", 1)

    def test_filters_and_limit(self, shelf: Shelf) -> None:
        a, b, c = shelf.add(1), shelf.add(2), shelf.add(3, host="web2")
        d = shelf.add(4, database="crm")
        assert ids(shelf.info(host="web1")["backups"]) == [d, b, a]
        assert ids(shelf.info(database="shop")["backups"]) == [c, b, a]
        assert ids(shelf.info(instance="other")["backups"]) == []
        assert ids(shelf.info(before="2026-11-02T10:00:00Z")["backups"]) == [b, a]
        assert ids(shelf.info(backup="latest")["backups"]) == [d, c, b]
        assert ids(shelf.info(backup="latest", before="2026-11-01T12:00:00+01:00")["backups"]) == [a]
        assert ids(shelf.info(backup=c)["backups"]) == [c]
        limited = shelf.info(limit=2)
        assert (ids(limited["backups"]), limited["total"]) == ([d, c], 4)
        assert len(shelf.info(limit=0)["backups"]) == 4

    def test_what_is_no_backup(self, shelf: Shelf) -> None:
        good, unfinished, damaged = shelf.add(1), shelf.add(2), shelf.add(3)
        (shelf.folder(unfinished) / "manifest.json").unlink()
        (shelf.folder(damaged) / "manifest.json").write_text("{", encoding="utf-8")
        result = shelf.info()
        assert ids(result["backups"]) == [good]
        problems = {item["place"].split("/")[-1]: item["problem"] for item in result["incomplete"]}
        assert "not finished" in problems[unfinished]
        assert "is damaged" in problems[damaged]
        states = {item["place"].split("/")[-1]: item["state"] for item in result["incomplete"]}
        assert states == {unfinished: "unfinished", damaged: "damaged"}
        assert result["incomplete"][0]["path"] == str(shelf.folder(unfinished))

    @pytest.mark.parametrize("params", [{"backup": "newest"}, {"before": "yesterday"}])
    def test_impossible_choices(self, shelf: Shelf, params: dict[str, str]) -> None:
        shelf.add(1)
        result = shelf.info(**params)
        assert result["failed"] is True
        assert repr(next(iter(params.values()))) in result["msg"]

    def test_a_missing_store_is_an_error_and_is_not_made(self, shelf: Shelf) -> None:
        result = shelf.info()
        assert result["failed"] is True
        assert "does not exist" in result["msg"]
        assert not shelf.root.exists()


class TestVerify:
    """backup_verify."""

    @pytest.mark.parametrize("level", argspec.LEVELS)
    def test_good_backups(self, shelf: Shelf, level: str) -> None:
        made = [shelf.add(1), shelf.add(2, encrypt=True)]
        result = shelf.verify(level=level, backup="all", identity=IDENTITY)
        assert ids(result["results"]) == made[::-1]
        assert {(item["ok"], item["level"], item["msg"]) for item in result["results"]} == {(True, level, "")}
        assert result["failures"] == []
        assert result["totals"]["backups"] == 2

    def test_stored_needs_no_identity(self, shelf: Shelf) -> None:
        shelf.add(1, encrypt=True)
        assert shelf.verify(level="stored")["results"][0]["ok"] is True

    @pytest.mark.parametrize("level", ["decrypted", "readable"])
    def test_without_an_identity_the_recipients_are_named(self, shelf: Shelf, level: str) -> None:
        shelf.add(1, encrypt=True)
        result = shelf.verify(level=level)
        assert result["failed"] is True
        assert RECIPIENT in result["msg"]
        assert "results" not in result

    def test_a_strangers_identity(self, shelf: Shelf) -> None:
        shelf.add(1, encrypt=True)
        result = shelf.verify(identity=STRANGER)
        assert result["failed"] is True
        assert RECIPIENT in result["failures"][0]["msg"]
        assert result["failures"][0]["level"] == "stored"
        assert STRANGER not in str(result)

    def test_a_word_that_is_no_identity(self, shelf: Shelf) -> None:
        shelf.add(1, encrypt=True)
        result = shelf.verify(identity="correct horse")
        assert result["failed"] is True
        assert "Line 1 of the identities" in result["msg"]

    def test_by_default_the_newest_of_each_series(self, shelf: Shelf) -> None:
        shelf.add(1)
        made = [shelf.add(3, database="crm"), shelf.add(2)]
        assert ids(shelf.verify()["results"]) == made

    def test_one_damaged_backup_hides_no_other(self, shelf: Shelf) -> None:
        made = [shelf.add(day) for day in (1, 2, 3)]
        path = shelf.part(made[1])
        data = bytearray(path.read_bytes())
        data[70_000] ^= 1
        path.write_bytes(data)
        result = shelf.verify(backup="all")
        assert result["failed"] is True
        assert result["msg"].startswith(f"1 of 3 backups failed: web1/main/shop/{made[1]}: ")
        assert ids(result["failures"]) == [made[1]]
        assert (result["failures"][0]["level"], result["failures"][0]["stage"]) == ("", "authenticate")
        assert [item["ok"] for item in result["results"]] == [True, False, True]

    @pytest.mark.parametrize("how", ["cut", "longer", "missing", "empty"])
    def test_a_part_of_another_size(self, shelf: Shelf, how: str) -> None:
        path = shelf.part(shelf.add(1))
        data = path.read_bytes()
        if how == "missing":
            path.unlink()
        else:
            path.write_bytes({"cut": data[:-1], "longer": data + b"x", "empty": b""}[how])
        result = shelf.verify(level="stored")
        assert result["failures"][0]["level"] == ""
        assert ("is missing" if how == "missing" else "the manifest tells") in result["failures"][0]["msg"]

    def test_an_age_file_that_a_hash_does_not_betray(self, shelf: Shelf) -> None:
        """Damaged before it was hashed: only decryption finds it."""
        writer = AgeWriter([RECIPIENT])
        sealed = writer.update(PLAIN) + writer.finish()
        backup_id = shelf.add(1, content=sealed[:-1], plain_size=len(PLAIN))
        manifest = shelf.folder(backup_id) / "manifest.json"
        text = manifest.read_text(encoding="utf-8")
        encryption = f'"encryption": {{"format": "age-v1", "recipients": ["{RECIPIENT}"]}}'
        manifest.write_text(text.replace('"encryption": null', encryption), encoding="utf-8")
        assert shelf.verify(level="stored")["results"][0]["ok"] is True
        result = shelf.verify(level="readable", identity=IDENTITY)
        assert result["failures"][0]["level"] == "stored"

    @pytest.mark.parametrize(
        ("how", "told"),
        [
            ({"content": PLAIN[:-5]}, "without its trailer"),
            ({"plain_size": len(PLAIN) - 1}, "larger than"),
            ({"plain_size": len(PLAIN) + 1}, "the manifest tells"),
        ],
    )
    def test_only_reading_finds_a_dump_that_is_not_whole(self, shelf: Shelf, how: dict[str, t.Any], told: str) -> None:
        shelf.add(1, **how)
        assert shelf.verify(level="decrypted")["results"][0]["ok"] is True
        result = shelf.verify(level="readable")
        assert told in result["failures"][0]["msg"]
        assert result["failures"][0]["level"] == "decrypted"

    def test_unfinished_is_no_failure_and_damaged_is_one(self, shelf: Shelf) -> None:
        good, unfinished, damaged = shelf.add(1), shelf.add(2), shelf.add(3)
        (shelf.folder(unfinished) / "manifest.json").unlink()
        (shelf.folder(damaged) / "manifest.json").write_text("{", encoding="utf-8")
        result = shelf.verify()
        assert result["incomplete"] == [f"web1/main/shop/{unfinished}"]
        assert ids(result["failures"]) == [damaged]
        assert (result["failures"][0]["stage"], result["failures"][0]["database"]) == ("catalog", "shop")
        assert good in ids(result["results"])

    def test_a_damaged_manifest_counts_when_it_is_chosen(self, shelf: Shelf) -> None:
        damaged, good = shelf.add(1), shelf.add(2)
        (shelf.folder(damaged) / "manifest.json").write_text("{", encoding="utf-8")
        # Older than the latest, another id, or later than the limit: not chosen.
        assert shelf.verify()["failures"] == []
        assert shelf.verify(backup=good)["failures"] == []
        for params in ({"backup": "all"}, {"backup": damaged}, {"before": "2026-11-01T12:00:00Z"}):
            assert ids(shelf.verify(**params)["failures"]) == [damaged], params

    @pytest.mark.parametrize(
        ("params", "there"),
        [
            ({"host": "web1", "instance": "main", "database": "nosuch"}, "it has: shop."),
            ({"database": "nosuch"}, "Look with vya.backupdb.backup_info"),
            ({"before": "2020-01-01"}, "The oldest of 1 is 2"),
            ({"host": "web9"}, "The store has no host 'web9'; it has: web1."),
        ],
    )
    def test_nothing_to_verify_is_a_failure(self, shelf: Shelf, params: dict[str, str], there: str) -> None:
        shelf.add(1)
        result = shelf.verify(**params)
        assert result["failed"] is True
        assert "nothing to verify" in result["msg"]
        assert there in result["msg"]
        listed = shelf.info(**params)
        assert (listed["total"], "it has: " in str(listed.get("warnings"))) == (0, "it has: " in there)
