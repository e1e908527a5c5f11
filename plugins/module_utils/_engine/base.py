# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What an engine must be able to do, and what is passed to and from it."""

from __future__ import annotations

import abc
import dataclasses
import datetime as dt
import secrets
import types
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.login import Login
from ansible_collections.vya.backupdb.plugins.module_utils._engine.skips import Skips
from ansible_collections.vya.backupdb.plugins.module_utils._engine.standby import Standby
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import SchemaObject, Sequence, Table, Uncovered
from ansible_collections.vya.backupdb.plugins.module_utils._pipeline import Command, Filter, Run


@dataclasses.dataclass(frozen=True)
class Server:
    """``flavour``: postgresql, mysql or mariadb; ``version``: numbers, most significant first."""

    engine: str
    flavour: str
    version: tuple[int, ...]
    version_text: str

    @property
    def series(self) -> tuple[int, ...]:
        """What counts as a major version: PostgreSQL 15, MariaDB 10.11, MySQL 8.4, MySQL 9."""
        if self.flavour == "postgresql" or (self.flavour == "mysql" and self.version[0] >= 9):
            return self.version[:1]
        return self.version[:2]

    @property
    def series_text(self) -> str:
        """``15``, ``10.11`` ..."""
        return ".".join(str(n) for n in self.series)


@dataclasses.dataclass(frozen=True)
class Database:
    """``size`` in bytes on the server's disk (None: not known); ``problem``: why it cannot be dumped."""

    name: str
    size: int | None
    system: bool = False
    note: str = ""
    problem: str = ""


@dataclasses.dataclass(frozen=True)
class Section:
    """One part to be: ``source`` is the tool or the bytes, ``trailer`` the engine's last words (empty: none)."""

    stem: str
    section: str
    source: Command | t.Iterable[bytes]
    trailer: bytes = b""
    filters: tuple[Filter, ...] = ()


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known when all sections of a dump are stored. ``largest_statement``: bytes of the longest one of the data
    (0: the engine has no limit for it)."""

    tables: tuple[Table, ...]
    schema: tuple[SchemaObject, ...]
    position: t.Mapping[str, t.Any] | None
    warnings: tuple[str, ...]
    sequences: tuple[Sequence, ...] = ()
    uncovered: tuple[Uncovered, ...] = ()
    largest_statement: int = 0


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What a scratch database holds: the counterpart of :class:`Facts`. ``texts``: by object name, the expressions as
    the server printed them, for warnings about print alone."""

    tables: tuple[Table, ...]
    schema: tuple[SchemaObject, ...]
    sequences: tuple[Sequence, ...] = ()
    uncovered: tuple[Uncovered, ...] = ()
    texts: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Known:
    """What a server knows, for statements that others wrote. ``settings``: names of its variables in lower case;
    ``accounts``: names of roles (PostgreSQL), or (user, host); ``defaults``: properties of a new database; ``catalog``:
    names of the relations of pg_catalog."""

    settings: frozenset[str]
    accounts: frozenset[t.Any]
    collations: frozenset[str]
    sql_modes: frozenset[str]
    defaults: t.Mapping[str, str]
    catalog: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Missing:
    """A privilege the account lacks: what it is for, and the statement that mends it. ``database``: where the statement
    must be run; empty: anywhere on the server."""

    privilege: str
    purpose: str
    grant: str
    database: str = ""


class Dump(abc.ABC):
    """One consistent view of a database (or of the globals), held while its sections are read."""

    kind = "database"
    # Whether the rows are counted in the dump itself, and not beside it.
    counts_itself = False
    started: dt.datetime
    snapshot: dt.datetime
    properties: t.Mapping[str, t.Any]
    tool: t.Mapping[str, t.Any]

    @abc.abstractmethod
    def sections(self) -> t.Iterator[Section]:
        """The parts, in the order in which they are restored. The next is asked for when the last is stored."""

    def cause(self, exc: BackupError) -> BackupError:
        """What made the dump fail with ``exc``: maybe an earlier error of our own, of which the tool only felt the
        consequence."""
        return exc

    @abc.abstractmethod
    def finish(self) -> Facts:
        """Counts and fingerprints; EngineError when the schema changed while the dump ran."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of locks, snapshots and connections; never raises."""


@dataclasses.dataclass(frozen=True)
class Origin:
    """What is known of the database that a dump was made of. ``properties``: what CREATE DATABASE needs, and what is
    not in the dump's own stream; ``tool_args``: how the tool was called that dumped it; ``foreign``: the stream itself
    sets whatever it knows of the database; ``largest_statement``: bytes of the longest one of its data (0: unknown)."""

    database: str
    properties: t.Mapping[str, t.Any]
    tool_args: t.Sequence[str] = ()
    foreign: bool = False
    largest_statement: int = 0


# How warnings of a backup begin that are about its restores, which repeat them.
NOT_EXACTLY = "A restore of this backup does not give back exactly"
NOT_LOADABLE = "pg_restore will fail to build"


@dataclasses.dataclass(frozen=True)
class RestorePlan:
    """What a restore is to do, known before anything is touched. ``token``: the end of the scratch database's
    name; ``scratch``: all of it, when the caller must know it. ``drill``: nothing is swapped, so that ``target`` gives
    the scratch database its name and is neither locked nor looked at."""

    origin: Origin
    target: str
    replace: bool
    keep_previous: bool
    no_owner: bool
    jobs: int
    analyze: bool = True
    token: str = dataclasses.field(default_factory=lambda: secrets.token_hex(4))
    scratch: str = ""
    drill: bool = False
    exclude_extensions: t.Sequence[str] = ()
    search_path: t.Sequence[str] = ()


class Session(abc.ABC):
    """A connection to a scratch database in which statements of a foreign dump run, one at a time."""

    @abc.abstractmethod
    def run(self, statement: bytes, *, data: bool = False) -> None:
        """Run one statement as it is; EngineError with what the server said, less the values of ``data``."""

    def agree(self, strings: tuple[bool, bool, bool] | None) -> None:  # noqa: B027 - not all have something to ask
        """EngineError unless the server reads what follows as it was read here: (backslashes escape, double quotes
        quote names, bytes that are no ASCII are UTF-8), or None: as before."""

    def warned(self) -> tuple[int, str]:
        """Of the last statement: (how many warnings say that something is otherwise than the statement has it, the
        first without values)."""
        return 0, ""

    @abc.abstractmethod
    def copy(self, statement: bytes, data: t.Iterator[bytes]) -> None:
        """``COPY ... FROM stdin`` with its data; PostgreSQL only."""

    @abc.abstractmethod
    def code(self, exc: BaseException) -> str:
        """The server's code of an error: an SQLSTATE (PostgreSQL), a number (MySQL, MariaDB); empty if it has none."""

    def broken(self) -> bool:
        """Whether the last error ended a transaction, so that what came before it is lost."""
        return False

    @abc.abstractmethod
    def finish(self) -> None:
        """EngineError when a transaction is still open, whose work would be lost."""

    @abc.abstractmethod
    def close(self) -> None:
        """End the connection; never raises."""


class Restore(abc.ABC):
    """Loads a backup beside its target, then puts it in place. Each step may raise; the target is as it was until
    :meth:`swap` has returned."""

    scratch: str
    # Names of rules that changed something about the database itself, and how often.
    adaptations: t.Mapping[str, int] = types.MappingProxyType({})
    skips = Skips()
    # What people must know, and came up after preflight, such as what was skipped.
    warnings: t.Sequence[str] = ()
    exists = False  # the target, once preflight has looked
    empty: frozenset[str] = frozenset()  # names of what is in a database that was just created

    @abc.abstractmethod
    def preflight(self, *, globals_follow: bool = False) -> list[str]:
        """Refuse what cannot work, changing nothing. Returns warnings. ``globals_follow``: roles that are missing now
        are about to be restored, and are not looked for."""

    @abc.abstractmethod
    def prepare(self) -> None:
        """Create the scratch database."""

    @abc.abstractmethod
    def loader(self, section: str, spooled: int | None = None, path: str = "") -> Command | t.Callable[[bytes], None]:
        """Who takes the plain stream of a section: a tool, or a function that takes all of it (small sections).
        ``spooled``: the descriptor of a file that holds it, for a tool that reads it with several jobs; ``path``: the
        archive's own, when it is a folder."""

    @abc.abstractmethod
    def session(self) -> Session:
        """A session in the scratch database as the server's stock client would open one."""

    @abc.abstractmethod
    def adopt(self, enabled_events: t.Collection[str] = ()) -> None:
        """The scratch database was filled through a session: find out what :meth:`swap` must know of it."""

    @abc.abstractmethod
    def inspect(self, *, rows: bool = True, content: bool = False) -> Inspection:
        """Row counts (none without ``rows``), checksums of the rows (only with ``content``) and fingerprints of the
        scratch database."""

    @abc.abstractmethod
    def compared(self, objects: t.Iterable[SchemaObject]) -> list[SchemaObject]:
        """Those of the manifest's or the scratch database's objects that this restore must bring back."""

    def same_meaning(self, texts: t.Mapping[str, str]) -> t.Mapping[str, bool]:
        """Ask the server whether expressions that are printed in another way mean the same. ``texts``: of the backup,
        by the names of the objects. Objects that it cannot judge are not in the answer."""
        return {}

    def named(self, name: str) -> str:
        """The name that a table of the backup has on this server."""
        return name

    @abc.abstractmethod
    def finish(self) -> None:
        """What remains between loading and the swap: database settings, statistics."""

    @abc.abstractmethod
    def swap(self) -> str | None:
        """Put it in place. Returns the name under which the replaced database was kept."""

    @abc.abstractmethod
    def close(self) -> list[str]:
        """Drop what is left of the scratch database; never raises. Returns the names of what could not be dropped."""

    def with_leftovers(self, exc: BackupError, *, untouched: str = "") -> BackupError:
        """Close; the error says what that left behind. ``untouched``: the target, when the swap had not begun."""
        left = self.close()
        if untouched and self.exists:
            exc.hint = f"{exc.hint} The database {untouched} is as it was.".strip()
        if left:
            exc.hint = f"{exc.hint} Left behind, to be dropped by the next restore: {', '.join(left)}.".strip()
        return exc


class Engine(abc.ABC):
    """A database server. Connects lazily; :meth:`close` ends it."""

    name: str
    has_jobs = False

    def __init__(self, run: Run, login: Login) -> None:
        self.run = run
        self.login = login

    @abc.abstractmethod
    def server(self) -> Server:
        """Version and flavour; ConnectError when it cannot be reached."""

    @abc.abstractmethod
    def databases(self) -> list[Database]:
        """All databases, system databases included, sorted by name."""

    @abc.abstractmethod
    def tools(self) -> dict[str, dict[str, str]]:
        """Client tools that fit the server: name -> path and version. A missing tool has no entry."""

    @abc.abstractmethod
    def check_tools(self, *names: str) -> None:
        """ToolError with the package to install unless all fit."""

    @abc.abstractmethod
    def missing_privileges(self) -> list[Missing]:
        """What the account lacks for complete backups."""

    @abc.abstractmethod
    def check_readable(self, database: str, *, extra_args: t.Sequence[str] = ()) -> None:
        """PrivilegeError when the account cannot read all that a dump of the database must hold."""

    def check_globals_readable(self) -> None:  # noqa: B027
        """The same for the globals."""

    @abc.abstractmethod
    def dump(self, database: str, *, extra_args: t.Sequence[str] = (), content: bool = False) -> Dump:
        """Open a consistent view of a database. ``content``: its tables are to have a checksum of their rows."""

    @abc.abstractmethod
    def standby(self) -> Standby | None:
        """Of what time its data are, when it replicates from another server; measured on a connection of its own."""

    @abc.abstractmethod
    def dump_globals(self) -> Dump:
        """Roles, users and grants."""

    @abc.abstractmethod
    def restore(self, plan: RestorePlan) -> Restore:
        """Prepare to restore a backup of a database."""

    @abc.abstractmethod
    def known(self) -> Known:
        """What the server knows."""

    @abc.abstractmethod
    def restore_globals(self, sql: bytes) -> list[str]:
        """Run the statements of a backup of globals. What exists stays as it is. Returns warnings."""

    @abc.abstractmethod
    def apply_globals(self, statements: t.Iterable[str]) -> list[str]:
        """The same for single statements about roles, accounts and grants."""

    def finish_globals(self) -> list[str]:
        """Once the database is in place: grants on its objects, which could not be made before. Returns warnings."""
        return []

    @abc.abstractmethod
    def sweep(self) -> list[str]:
        """Drop scratch databases of restores that died; finish or undo swaps that they left. Returns what was done."""

    @abc.abstractmethod
    def close(self) -> None:
        """End its connections; never raises."""


__all__ = (
    "Database",
    "Dump",
    "Engine",
    "Facts",
    "Inspection",
    "Known",
    "Login",
    "Missing",
    "Origin",
    "Restore",
    "RestorePlan",
    "Section",
    "Server",
    "Session",
)
