# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Archives that pg_dump wrote by itself: custom, tar and directory format."""

from __future__ import annotations

import dataclasses
import re
import tarfile
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import pg_said
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Engine, Restore
from ansible_collections.vya.backupdb.plugins.module_utils._errors import (
    CodecError,
    ConfigError,
    EngineError,
    ToolError,
)
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import (
    Command,
    Pipeline,
    Run,
    StreamSource,
    capture,
)
from ansible_collections.vya.backupdb.plugins.module_utils._process import SecretFile
from ansible_collections.vya.backupdb.plugins.module_utils._run.script import Script
from ansible_collections.vya.backupdb.plugins.module_utils._run.source import Source
from ansible_collections.vya.backupdb.plugins.module_utils._run.stream import streamed
from ansible_collections.vya.backupdb.plugins.module_utils._sql import table
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_properties import (
    about_database,
    comes_after_load,
    create_database,
    setting_of,
)
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_strings import encodes
from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_words import Parsed
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import Execute, Target, Wanted

_LISTING = 64 << 20
# pg_restore 15 reads for ever at the end of an archive that was cut at some places. A whole one never stops writing.
_PATIENCE = 60.0
_TOOL = re.compile(r"^;\s+Dumped by pg_dump version: (\S+)", re.M)

_EVERYWHERE = (
    (
        re.compile(r"\d+; \d+ \d+ COMMENT \S+ (?:EXTENSION|(?:PROCEDURAL )?LANGUAGE) plpgsql\b"),
        table.PG_EXTENSION_COMMENT,
    ),
    (re.compile(r"\d+; \d+ \d+ PROCEDURAL LANGUAGE \S+ plpgsql\b"), table.PG_EXISTS),
)
# Of pg_dump 10 and older, and of later ones with -n public. Where the entry only sets the owner, it stays.
_PUBLIC = re.compile(r"\d+; \d+ \d+ SCHEMA - public ")
_CREATES_PUBLIC = re.compile(rb"^CREATE SCHEMA public;$", re.M)
_NAME = re.compile(r"^;\s+dbname: (.+)$", re.M)
# Rules about the way through a script, of which an archive has none.
_OF_SCRIPTS = (table.SWITCH, table.SAFETY_LINE, table.CLIENT_LINE, table.PG_SESSION)


class Archive:
    """An archive on disk: a folder, or a file that can be read at any place."""

    def __init__(self, run: Run, engine: Engine, source: Source) -> None:
        self._run, self._engine, self._source = run, engine, source
        self.tool = "pg_dump"
        self._listing = ""
        self.definitions = b""
        self._creates_public = False
        self.adaptations: dict[str, int] = {}
        self._fd: int | None = None
        if source.content.kind != "directory":
            opened = source.spooled()
            self._fd = opened.fileno()
            if source.content.kind == "tar":
                _check_tar(opened)
        self._place = source.path if self._fd is None else f"/dev/fd/{self._fd}"

    def _reader(self, *options: str) -> Command:
        """pg_restore that writes to its stdout; it asks no server."""
        self._engine.check_tools("pg_restore")
        path = self._engine.tools()["pg_restore"]["path"]
        argv = (path, *options, self._place)
        return self._on(Command(argv, stage="read", on_failure=_explained, clean=pg_said.stderr))

    def _on(self, command: Command) -> Command:
        return command if self._fd is None else dataclasses.replace(command, fds=(*command.fds, self._fd))

    def about(self) -> tuple[str, dict[str, t.Any]]:
        """(the database's name, what CREATE DATABASE needs), from the archive's own list and definitions. The second is
        empty where the archive does not say."""
        listing = capture(self._run, self._reader("--list", "--verbose"), _LISTING).decode("utf-8", "replace")
        version = _TOOL.search(listing)
        self.tool = f"pg_dump {version.group(1)}" if version else self.tool
        self._listing = listing
        self.definitions = capture(self._run, self._reader("--create", "--schema-only", "--file=-"), _LISTING)
        self._creates_public = _CREATES_PUBLIC.search(self.definitions) is not None
        try:
            return create_database(self.definitions)
        except ConfigError:
            # With -n or -t, pg_dump 10 and older wrote nothing of the database but its name, into the list.
            self.definitions = b""
            named = _NAME.search(listing)
            return named.group(1).strip() if named else "", {}

    def check(self, target: Target, wanted: Wanted) -> None:
        """Read all of it, as the rules read a plain dump: what they refuse there is refused here. pg_restore's list
        alone would pass a halved archive."""
        try:
            with streamed(self._run, [self._reader("--file=-")], patience=_PATIENCE) as chunks:
                script = Script(chunks, target, wanted)
                script.begin()
                script.only_read()
        except ToolError as exc:
            exc.hint = exc.hint or _explained("")
            raise

    def load(self, restore: Restore) -> list[str]:
        """Load it into the scratch database."""
        path = self._source.path if self._fd is None else ""
        loader = t.cast(Command, restore.loader("database", spooled=self._fd, path=path))
        listed = self._needed(restore)
        if listed is None:
            return Pipeline(self._run, [StreamSource(()), loader]).execute()
        try:
            argv = (loader.argv[0], f"--use-list={listed.path}", *loader.argv[1:])
            loader = dataclasses.replace(loader, argv=argv, fds=(*loader.fds, listed.fd))
            return Pipeline(self._run, [StreamSource(()), loader]).execute()
        finally:
            listed.close()

    def _needed(self, restore: Restore) -> SecretFile | None:
        """The archive's list without what every database has and only its owner may change; None: nothing to leave
        out."""
        whole = self._listing.splitlines(keepends=True)
        lines = restore.skips.kept(whole)
        rules = [*_EVERYWHERE]
        if self._creates_public:
            rules.append((_PUBLIC, table.PG_EXISTS))
        for pattern, rule in rules:
            kept = [line for line in lines if not pattern.match(line)]
            if len(kept) < len(lines):
                self.adaptations[rule.name] = self.adaptations.get(rule.name, 0) + len(lines) - len(kept)
            lines = kept
        return SecretFile("".join(lines).encode()) if len(lines) < len(whole) else None


class Properties:
    """What an archive tells of the database itself: its settings, owner, grants and comment. pg_restore would take them
    over only into a database of the same name. ``adaptations``: see Rules."""

    def __init__(self, definitions: bytes, target: Target, wanted: Wanted) -> None:
        # Only here and in Script is a dialect needed.
        from ansible_collections.vya.backupdb.plugins.module_utils._sql.pg_rules import PgRules

        rules = PgRules(target, wanted)
        about = rules.apply(about_database(definitions)) if definitions else ()
        items = [item for item in about if isinstance(item, Execute)]
        left_out = {rule.name for rule in _OF_SCRIPTS}
        self.adaptations = {name: times for name, times in rules.adaptations.items() if name not in left_out}
        self._before = [item for item in items if encodes(item.text) or _before_load(item)]
        self._after = [item for item in items if encodes(item.text) or not _before_load(item)]

    def settle(self, restore: Restore) -> list[str]:
        """Before anything is loaded, which goes by the settings. Returns warnings about what could not be done."""
        return self._run(restore, self._before)

    def finish(self, restore: Restore) -> list[str]:
        """When all is loaded and counted: who connects then may be another role. The same."""
        return self._run(restore, self._after)

    def _run(self, restore: Restore, items: t.Sequence[Execute]) -> list[str]:
        if not items:
            return []
        warnings = []
        session = restore.session()
        try:
            for item in items:
                try:
                    session.run(item.text)
                except EngineError as exc:
                    what = item.text.split(None, 1)[0].decode("utf-8", "replace")
                    warnings.append(f"The archive's {what} of the database itself was not taken over. {exc.msg}")
                    self.adaptations[table.PG_DATABASE.name] -= 1
        finally:
            session.close()
        self.adaptations = {name: times for name, times in self.adaptations.items() if times}
        return warnings


def _before_load(item: Execute) -> bool:
    setting = setting_of(Parsed(item.text))
    return setting is not None and not comes_after_load(setting)


def _check_tar(stream: t.BinaryIO) -> None:
    """All members and the end of the archive are there. pg_restore does not look at what it does not need."""
    stream.seek(0)
    end = 0
    try:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            for member in archive:
                end = member.offset_data + -(-member.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
    except (tarfile.TarError, EOFError, OSError) as exc:
        raise CodecError(f"The tar archive is damaged: {exc}.", stage="read", hint=_explained("")) from exc
    stream.seek(end)
    if stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise CodecError("The tar archive ends too early.", stage="read", hint=_explained(""))
    stream.seek(0)


def _explained(stderr: str) -> str:
    if "unsupported version" in stderr:
        return "A newer pg_dump wrote it: restore into a server of that version or a newer one."
    return "The archive is damaged, or cut short."


__all__ = ("Archive",)
