# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Parts written and read: the two directions of the pipeline that all modules share."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._catalog import Entry
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import AgeReader, AgeWriter
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_errors import AgeError
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age_keys import Identity, parse_identities
from ansible_collections.vya.backupdb.plugins.module_utils._codec.compression import COMPRESSIONS, Compression
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Section
from ansible_collections.vya.backupdb.plugins.module_utils._engine.trailers import trailer_of
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    BackupError,
    CodecError,
    ConfigError,
    IntegrityError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._filters import Beside, Count, Sha256, Trailer
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import Part
from ansible_collections.vya.backupdb.plugins.module_utils._names import human_size
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import (
    Command,
    Discard,
    Filter,
    Node,
    Pipeline,
    Run,
    Source,
    StreamSource,
    read_file,
)
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import Draft, Store

# Definitions of 20,000 tables, several times what a large database has. An exchanged manifest must not make a restore
# eat the host's memory, which takes twice as much. Data never pass through memory as a whole.
IN_MEMORY = 128 << 20
_DEFINITIONS = ("pre-data", "post-data", "globals")
_DAMAGED = "It is damaged or was exchanged; use another backup."
_Coder = t.Union[AgeReader, AgeWriter]


class Age(Filter):
    """age as a filter: ``finish`` writes, or authenticates, the last chunk. With ``expect`` the stream that is read
    must be the one with this ``stream_id``."""

    def __init__(self, coder: _Coder, expect: bytes = b"", what: str = "") -> None:
        self.coder = coder
        self._expect, self._what = expect, what

    def update(self, data: bytes) -> bytes:
        return self._checked(self.coder.update(data))

    def finish(self) -> bytes:
        return self._checked(self.coder.finish())

    def _checked(self, data: bytes) -> bytes:
        if self._expect and data and t.cast(AgeReader, self.coder).stream_id() != self._expect:
            raise IntegrityError(
                f"{self._what} was exchanged after it was authenticated.", hint="See who else writes to the store."
            )
        return data


def write_part(
    run: Run,
    draft: Draft,
    section: Section,
    *,
    compression: Compression,
    level: int | None,
    recipients: t.Sequence[str],
) -> tuple[Part, list[str]]:
    """Store one section. The last chunk of encryption is written after the tool ended well and its trailer was seen.

    Returns the part, and what the tools said on stderr although they succeeded.
    """
    name = section.stem + compression.suffix + (".age" if recipients else "")
    plain, stored = Count(), Sha256()
    trailer = Trailer(section.trailer, what=section.stem)
    source: Command | Source = section.source if isinstance(section.source, Command) else StreamSource(section.source)
    nodes: list[Node] = [source, *section.filters, plain, trailer, *compression.compressor(level, section.stem)]
    if recipients:
        nodes.append(Age(AgeWriter(recipients)))
    sink = draft.create(name)
    try:
        warnings = Pipeline(run, [*nodes, stored, sink]).execute()
    except BaseException:
        sink.abort()
        raise
    part = Part(name, section.section, stored.size, stored.hexdigest(), plain.size, trailer.seen)
    if section.section in _DEFINITIONS and plain.size > IN_MEMORY:
        warnings.append(
            f"{section.stem} has {human_size(plain.size)} of definitions; db_restore takes at most"
            f" {human_size(IN_MEMORY)}. Restore this backup by hand, as the documentation tells."
        )
    return part, warnings


class Opened:
    """A stored backup that is being read. ``identities``: the text of age identities, for an encrypted one; None: it is
    only compared as it is stored."""

    def __init__(self, run: Run, store: Store, entry: Entry, identities: str | None) -> None:
        self._run, self._store, self._entry = run, store, entry
        self.manifest = entry.manifest
        compression = COMPRESSIONS.get(self.manifest.compression)
        if compression is None:
            raise CodecError(f"The compression {self.manifest.compression!r} is not known.", stage="preflight")
        self._compression = compression
        self._identities: list[Identity] = []
        # Encrypted parts that were authenticated, hash and all.
        self._streams: dict[str, bytes] = {}
        if self.manifest.encryption is not None and identities is not None:
            self._identities = fitting_identities(self.manifest.recipients, identities)

    @contextlib.contextmanager
    def _stored(self, part: Part) -> t.Iterator[list[Node]]:
        """The stored bytes, hashed and decrypted."""
        what = f"The part {self._entry.place}/{part.name}"
        size = self._store.part_size(self._entry.place, part.name)
        if size != part.size:
            raise IntegrityError(
                f"{what} has {size} bytes, the manifest tells {part.size}.",
                hint=_DAMAGED,
            )
        with self._store.open_part(self._entry.place, part.name) as stream:
            try:
                yield [read_file(stream), *self._unsealed(part, what)]
            except AgeError as exc:
                exc.msg = f"{what} cannot be decrypted: {exc.msg}"
                exc.hint = exc.hint or _DAMAGED
                raise

    def _unsealed(self, part: Part, what: str) -> list[Node]:
        reader = AgeReader(self._identities) if self._identities else None
        if reader is not None and part.name in self._streams:
            # Its hash was right. age authenticates each chunk again, and that it is the same stream.
            return [Age(reader, self._streams[part.name], what)]
        return [Beside(Sha256(part.sha256, what=what)), *([Age(reader)] if reader is not None else [])]

    def authenticate(self) -> None:
        """Read every part to its end: size, SHA-256, every chunk of encryption. Nothing is passed on."""
        for part in self.manifest.parts:
            self._run.step(f"authenticate {part.name}")
            with self._stored(part) as nodes:
                _run_at(self._run, [*nodes, Discard()], "authenticate")
                last = nodes[-1]
                if isinstance(last, Age) and isinstance(last.coder, AgeReader):
                    self._streams[part.name] = last.coder.stream_id()

    @contextlib.contextmanager
    def _plain(self, part: Part) -> t.Iterator[list[Node]]:
        """The plain bytes, at most as many as the manifest tells, ending with the engine's trailer."""
        expect = trailer_of(self.manifest.engine["name"], part.section) if part.trailer else b""
        with self._stored(part) as nodes:
            yield [
                *nodes,
                *self._compression.decompressor(),
                Count(part.plain_size, what=f"The content of {part.name}"),
                Trailer(expect, what=part.name, stage="read"),
            ]

    def feed(self, part: Part, loader: Command | t.Callable[[bytes], None]) -> list[str]:
        """Stream a part into a tool; returns what the tools said."""
        if not isinstance(loader, Command):
            loader(self.read(part))
            return []
        with self._plain(part) as nodes:
            return Pipeline(self._run, [*nodes, loader]).execute()

    def spool(self, part: Part, target: t.BinaryIO) -> None:
        """Write the plain bytes into an open file."""
        with self._plain(part) as nodes:
            Pipeline(self._run, [*nodes, _Into(target), Discard()]).execute()

    def read(self, part: Part) -> bytes:
        """The plain bytes of a small part (definitions, globals), in memory."""
        if part.plain_size > IN_MEMORY:
            raise CodecError(
                f"The part {part.name} has {human_size(part.plain_size)} of definitions;"
                f" more than {human_size(IN_MEMORY)} are not taken into memory.",
                stage="read",
                hint="Restore it by hand: the documentation tells how.",
            )
        kept = _Keep()
        with self._plain(part) as nodes:
            Pipeline(self._run, [*nodes, kept, Discard()]).execute()
        return kept.content()

    def check(self, part: Part, reader: Command | None) -> None:
        """Decompress all of it; with ``reader`` (``pg_restore -f /dev/null``) let the engine's own tool read it too."""
        with self._plain(part) as nodes:
            _run_at(self._run, [*nodes, reader or Discard()], "read")


class _Keep(Filter):
    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def update(self, data: bytes) -> bytes:
        self._pieces.append(bytes(data))
        return data

    def content(self) -> bytes:
        """All of it. For the moment of the joining it is there twice."""
        return b"".join(self._pieces)


class _Into(Filter):
    def __init__(self, target: t.BinaryIO) -> None:
        self._target = target

    def update(self, data: bytes) -> bytes:
        self._target.write(data)
        return data

    def finish(self) -> bytes:
        self._target.flush()
        return b""


def _run_at(run: Run, nodes: t.Sequence[Node], stage: str) -> None:
    try:
        Pipeline(run, nodes).execute()
    except BackupError as exc:
        exc.at(stage)
        raise


def fitting_identities(recipients: t.Sequence[str], text: str) -> list[Identity]:
    """Identities that open a backup made for ``recipients``; ConfigError that tells which would, if none does."""
    wanted = ", ".join(recipients)
    if not text.strip():
        raise ConfigError(
            f"The backup is encrypted to {wanted}.", hint="Give the matching identity (identity or identity_file)."
        )
    identities = parse_identities(text)
    if not any(identity.recipient in recipients for identity in identities):
        given = ", ".join(identity.recipient for identity in identities)
        raise ConfigError(
            f"The identity given belongs to {given}; the backup is encrypted to {wanted}.",
            hint="Use an identity of one of those recipients.",
        )
    return identities


__all__ = ("IN_MEMORY", "Age", "Opened", "fitting_identities", "write_part")
