# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""A file that somebody else dumped: what it is wrapped in, told by content, and the plain stream in it."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import shutil
import stat
import tempfile
import typing as t
import zipfile
import zlib

from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import AgeReader
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_keys import parse_identities
from ansible_collections.vya.backupdb.plugins.module_utils._codec.compression import FOREIGN
from ansible_collections.vya.backupdb.plugins.module_utils._errors import CodecError, ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._names import human_size
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Node, Run, StreamSource, read_file
from ansible_collections.vya.backupdb.plugins.module_utils._process import CHUNK
from ansible_collections.vya.backupdb.plugins.module_utils._run.foreign_folders import refuse_folder, refuse_part
from ansible_collections.vya.backupdb.plugins.module_utils._run.parts import Age
from ansible_collections.vya.backupdb.plugins.module_utils._run.stream import streamed

_AGE = b"age-encryption.org/v1\n"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ARCHIVE = b"PGDMP"
# What a file cannot be, by its first bytes: a plain word about it helps more than a syntax error.
_REFUSED = (
    (b"-----BEGIN AGE ENCRYPTED FILE", "an armored age file; decode it with `age -d` first"),
    (b"\xff\xfe", "text in UTF-16; convert it to UTF-8 first (Windows PowerShell's `>` writes such files)"),
    (b"\xfe\xff", "text in UTF-16; convert it to UTF-8 first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"SQLite format 3", "a SQLite database"),
    (b"<", "HTML or XML, no SQL"),
    *(
        (tool + b": ", "what a dump tool said, with or without what it dumped (2>&1?); look at its first lines")
        for tool in (b"mysqldump", b"mariadb-dump", b"pg_dump", b"pg_dumpall")
    ),
)
_HEAD = 1024
_DEPTH = 6


@dataclasses.dataclass(frozen=True)
class Content:
    """What is inside. ``kind``: sql, or how pg_dump stores archives: custom, tar, directory. ``layers``: what was
    around it, outermost first."""

    kind: str
    layers: tuple[str, ...]


class Source:
    """One file, or the folder of a directory archive. Closing it lets go of spooled copies."""

    def __init__(self, run: Run, path: str, identities: str) -> None:
        self._run, self._path, self._identities = run, path, identities
        self._kept = contextlib.ExitStack()
        self._steps: list[t.Callable[[], t.Sequence[Node]]] = []
        self._layers: list[str] = []
        self._file: t.BinaryIO = io.BytesIO()
        self.content = Content("", ())
        self.size = 0

    def __enter__(self) -> Source:
        try:
            self.content = self._open()
        except BaseException:
            self._kept.close()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        self._kept.close()

    def _open(self) -> Content:
        path = self._path
        try:
            info = os.stat(path)
        except OSError as exc:
            raise ConfigError(f"src: {path} cannot be opened on this host: {exc.strerror}.") from exc
        if stat.S_ISDIR(info.st_mode):
            try:
                os.stat(os.path.join(path, "toc.dat"))
            except FileNotFoundError:
                refuse_folder(path)
                text = f"src: the folder {path} is no archive of pg_dump: there is no toc.dat in it."
                raise ConfigError(text) from None
            except OSError as exc:
                raise ConfigError(f"src: the folder {path} cannot be read: {exc.strerror}.") from exc
            return Content("directory", ())
        if not stat.S_ISREG(info.st_mode):
            raise ConfigError(f"src: {path} is neither a file nor a folder.")
        refuse_part(path)
        try:
            self._file = self._kept.enter_context(open(path, "rb"))  # noqa: SIM115 - the stack closes it
        except OSError as exc:
            raise ConfigError(f"src: {path} cannot be read: {exc.strerror}.") from exc
        self.size = info.st_size
        self._steps = [self._from_start]
        for _layer in range(_DEPTH):
            kind = self._peel(self._head())
            if kind:
                return Content(kind, tuple(self._layers))
        raise ConfigError(f"src: {path} is wrapped more than {_DEPTH} times: {' in '.join(reversed(self._layers))}.")

    def _from_start(self) -> t.Sequence[Node]:
        self._file.seek(0)
        return [read_file(self._file)]

    def _nodes(self) -> list[Node]:
        return [node for step in self._steps for node in step()]

    def _head(self) -> bytes:
        head = b""
        with streamed(self._run, self._nodes()) as chunks:
            for chunk in chunks:
                head += chunk
                if len(head) >= _HEAD:
                    break
        return head[:_HEAD]

    def _peel(self, head: bytes) -> str:
        """Add the step that takes off the outermost layer; the kind of the content when there is none."""
        if not head.strip():
            raise ConfigError(f"src: {self._path} is empty{self._inside()}.")
        for magic, what in _REFUSED:
            if head.startswith(magic):
                raise ConfigError(f"src: {self._path} is {what}{self._inside()}.")
        if head.startswith(_AGE):
            self._add("age", self._age_step())
        elif head.startswith(_ZIP):
            self._add("zip", self._zip_step())
        elif head.startswith(_ARCHIVE):
            return "custom"
        elif head[257:262] == b"ustar":
            if not head.startswith(b"toc.dat\0"):
                text = f"src: {self._path} is a tar archive, but none of pg_dump{self._inside()}."
                raise ConfigError(text, hint="Unpack it first, and give what is in it.")
            return "tar"
        else:
            found = [item for item in FOREIGN if head.startswith(item.magic)]
            if not found and b"\0" in head:
                raise ConfigError(f"src: {self._path} is no SQL, and nothing else that is known here{self._inside()}.")
            if not found:
                return "sql"
            self._add(found[0].name, found[0].decompressor)
        return ""

    def _inside(self) -> str:
        return f" (inside {', '.join(self._layers)})" if self._layers else ""

    def _add(self, name: str, step: t.Callable[[], t.Sequence[Node]]) -> None:
        self._layers.append(name)
        self._steps.append(step)

    def _age_step(self) -> t.Callable[[], t.Sequence[Node]]:
        if not self._identities.strip():
            raise ConfigError(
                f"src: {self._path} is encrypted.", hint="Give the matching identity (identity or identity_file)."
            )
        identities = parse_identities(self._identities)
        return lambda: [Age(AgeReader(identities))]

    def _zip_step(self) -> t.Callable[[], t.Sequence[Node]]:
        """A zip's directory is at its end: what is not the file itself is spooled first."""
        archive = self._file if len(self._steps) == 1 else self.spooled()
        try:
            opened = self._kept.enter_context(zipfile.ZipFile(archive))
            member = _only_member(opened, self._path)
        except (zipfile.BadZipFile, NotImplementedError) as exc:
            raise CodecError(f"src: the zip archive {self._path} is damaged: {exc}.", stage="decompress") from exc
        self._steps = []
        return lambda: [StreamSource(_unzipped(opened, member))]

    def spooled(self) -> t.BinaryIO:
        """The content as a file that can be read at any place: without a name, gone with this process."""
        if len(self._steps) == 1 and not self._layers:
            return self._file
        try:
            spool = t.cast(t.BinaryIO, self._kept.enter_context(tempfile.TemporaryFile()))  # noqa: SIM115
            with self.plain() as chunks:
                for chunk in chunks:
                    spool.write(chunk)
            spool.flush()
            spool.seek(0)
        except OSError as exc:
            folder = tempfile.gettempdir()
            raise ConfigError(
                f"src: {self._path} must be unpacked first, and the temporary folder {folder} does not take it:"
                f" {exc.strerror} ({human_size(shutil.disk_usage(folder).free)} are free).",
                hint="Make room, or choose another folder for the task: environment: {TMPDIR: /path}.",
            ) from exc
        return spool

    @contextlib.contextmanager
    def plain(self) -> t.Iterator[t.Iterator[bytes]]:
        """The content from its start; raises where it is damaged."""
        with streamed(self._run, self._nodes()) as chunks:
            yield chunks

    @property
    def path(self) -> str:
        """Where it is."""
        return self._path


def _only_member(archive: zipfile.ZipFile, path: str) -> zipfile.ZipInfo:
    files = [item for item in archive.infolist() if not item.is_dir()]
    dumps = [item for item in files if item.filename.lower().endswith(".sql")]
    chosen = files if len(files) == 1 else dumps
    if len(chosen) != 1:
        listed = ", ".join(repr(item.filename) for item in files[:10]) or "nothing"
        raise ConfigError(
            f"src: the zip archive {path} must hold one SQL file; it holds {listed}.", hint="Unpack it, and give one."
        )
    if chosen[0].flag_bits & 1:
        raise ConfigError(f"src: the zip archive {path} wants a password.", hint="Unpack it first.")
    return chosen[0]


def _unzipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> t.Iterator[bytes]:
    try:
        with archive.open(member) as stream:
            yield from iter(lambda: stream.read(CHUNK), b"")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as exc:
        raise CodecError(f"The zip archive is damaged: {exc}.", stage="decompress") from exc


__all__ = ("Content", "Source")
