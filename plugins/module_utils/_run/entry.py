# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""From a module's options to a run and back to its result: the same for every module."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import socket
import stat
import time
import traceback
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Engine, Login
from ansible_collections.vya.backupdb.plugins.module_utils._engine.postgresql import PostgresqlEngine
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError, ConfigError, StoreError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import format_time, utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._names import readable
from ansible_collections.vya.backupdb.plugins.module_utils._process import Run
from ansible_collections.vya.backupdb.plugins.module_utils._run.context import RESULT_LIMIT, ended_by_signals, fit
from ansible_collections.vya.backupdb.plugins.module_utils._store.base import Store
from ansible_collections.vya.backupdb.plugins.module_utils._store.local import LocalStore

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# In place of a host: those of all hosts.
ALL_HOSTS = "*"
_REMOTE = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.+@ -]*:")
_SECRETS = ("login_password", "identity")
_LOGIN_FILES = ("login_config_file", "ca_cert", "client_cert", "client_key")
_LABELS = ("host", "instance", "database", "target", "src", "source_database")
_NOT_NEGATIVE = ("timeout", "limit")
_POSITIVE = ("jobs", "connect_timeout", "login_port")
_IDENTITY_MAX = 1 << 20
_WARNINGS_SHOWN = 15
_WARNING_LENGTH = 400


@dataclasses.dataclass
class Answer:
    """What a module answers. ``lists`` may be cut when the result grows too large; ``failed`` is the message of a task
    that went wrong although it has something to tell."""

    result: dict[str, t.Any]
    changed: bool = False
    failed: str = ""
    warnings: t.Sequence[str] = ()
    lists: tuple[str, ...] = ()


class PartlyDone(Exception):
    """An error that ended a run which had done something before: ``answer`` holds that, the cause is the error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.failed)
        self.answer = answer


# Options that would be without effect, and that nobody gives by mistake.
_OF_POSTGRESQL = ("exclude_extensions", "search_path")


class Job:
    """One call of a module: its options, its run, and what it opened. Its parts are made when they are asked for."""

    def __init__(self, module: AnsibleModule) -> None:
        self.params: dict[str, t.Any] = module.params
        self.check_mode: bool = module.check_mode
        self.diff: bool = module._diff
        self.verbose: bool = module._verbosity >= 2
        self._module = module
        self._opened = contextlib.ExitStack()
        secrets = [self.params[name] for name in _SECRETS if self.params.get(name)]
        self.run = Run(timeout=max(self.params.get("timeout") or 0, 0) or None, secrets=secrets)

    def check_options(self) -> None:
        """ConfigError for values that no module can use."""
        for name in _LABELS:
            if self.params.get(name) == "":
                raise ConfigError(f"The option {name} is empty.")
        if self.params.get("engine") not in (None, "postgresql"):
            for name in _OF_POSTGRESQL:
                if self.params.get(name):
                    raise ConfigError(f"The option {name} is for PostgreSQL alone.", hint="Leave it out.")
        journal = self.params.get("journal")
        if journal and not os.path.isabs(journal):
            raise ConfigError(f"journal: {journal!r} is not an absolute path.")
        for names, least in ((_NOT_NEGATIVE, 0), (_POSITIVE, 1)):
            for name in names:
                value = self.params.get(name)
                if value is not None and value < least:
                    raise ConfigError(f"{name}={value} is out of range: it must be at least {least}.")

    def log(self, text: str) -> None:
        """To the host's log, without secrets."""
        self._module.log(self.run.redact(text))

    @property
    def host(self) -> str:
        """The series' host: the option, or this host's name. ConfigError for what means all hosts."""
        if self.params["host"] == ALL_HOSTS:
            raise ConfigError(f"host={ALL_HOSTS!r} is no host.", hint="Give the name of one, or leave host out.")
        return self.params["host"] or socket.gethostname()

    @property
    def place(self) -> str:
        """The store's folder; ConfigError when it is none."""
        path: str = self.params["store"]
        if _REMOTE.match(path):
            raise ConfigError(
                f"The store {path!r} names a remote; this version stores in folders of this host.",
                hint="Give an absolute path, be it of a mounted network file system.",
            )
        if not os.path.isabs(path):
            raise ConfigError(f"The store {path!r} is not an absolute path.")
        return path

    def engine(self) -> Engine:
        """The engine; it connects when it is first asked something."""
        engine = _make_engine(self.run, self._login())
        self._opened.callback(engine.close)
        return engine

    def store(self, *, create: bool = False) -> Store:
        """The opened store; StoreError when it is missing and ``create`` is false."""
        path = self.place
        if not create and not os.path.lexists(path):
            raise StoreError(
                f"The store {path} does not exist.",
                stage="preflight",
                hint="vya.backupdb.db_backup creates it. Check the path, and that this is the right host.",
            )
        opened = LocalStore(path, create=create, step=self.run.step)
        self._opened.callback(opened.close)
        return opened

    def store_if_there(self) -> Store | None:
        """For check mode: the store, or None when a real run would create it."""
        return self.store() if os.path.lexists(self.place) else None

    def identities(self) -> str:
        """The text of the age identities, or an empty text."""
        if self.params.get("identity_file"):
            return _read_identities(self.params["identity_file"])
        return self.params.get("identity") or ""

    def close(self) -> None:
        """Let go of everything; never raises."""
        with contextlib.suppress(Exception):
            self._opened.close()

    def _login(self) -> Login:
        params = self.params
        for name in _LOGIN_FILES:
            path = params[name]
            if path and not os.access(path, os.R_OK):
                problem = "cannot be read" if os.path.lexists(path) else "does not exist"
                raise ConfigError(f"{name}: the file {path} {problem} on this host.")
        return Login(
            engine=params["engine"],
            host=params["login_host"] or "",
            port=params["login_port"],
            user=params["login_user"] or "",
            password=params["login_password"] or "",
            unix_socket=params["login_unix_socket"] or "",
            config_file=params["login_config_file"] or "",
            tls_mode=params["tls_mode"],
            ca_cert=params["ca_cert"] or "",
            client_cert=params["client_cert"] or "",
            client_key=params["client_key"] or "",
            connect_timeout=params["connect_timeout"],
        )


def _make_engine(run: Run, login: Login) -> Engine:
    if login.engine == "postgresql":
        return PostgresqlEngine(run, login)
    from ansible_collections.vya.backupdb.plugins.module_utils._engine.mysql import MysqlEngine

    return MysqlEngine(run, login)


def _read_identities(path: str) -> str:
    """An identity file that nobody else can read; ConfigError otherwise, without a word of what is in it."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as exc:
        raise ConfigError(f"identity_file: {path} cannot be opened: {exc.strerror}.") from exc
    try:
        _check_private(os.fstat(fd), path)
        data = os.read(fd, _IDENTITY_MAX)
    finally:
        os.close(fd)
    return data.decode("utf-8", "replace")


def _check_private(info: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise ConfigError(f"identity_file: {path} is no regular file.")
    if info.st_uid not in (os.geteuid(), 0):
        raise ConfigError(f"identity_file: {path} belongs to user {info.st_uid}, who could exchange it.")
    if info.st_mode & 0o077:
        raise ConfigError(
            f"identity_file: {path} can be read or written by others (mode {stat.S_IMODE(info.st_mode):04o}).",
            hint=f"Run: chmod 0600 {path}",
        )


def conduct(module: AnsibleModule, work: t.Callable[[Job], Answer]) -> None:
    """Do the ``work`` and end the module with its answer, or with the error that ended it."""
    job = Job(module)
    started, begin = format_time(utc_now()), time.monotonic()
    answer, extra = _guarded(job, work)
    # Redacted before they are shortened: half a secret would not be known.
    texts = _capped([job.run.redact(text) for text in answer.warnings])
    if os.path.isabs(module.params.get("journal") or ""):
        texts += _told(module, job, answer, extra.get("stage", ""), (started, time.monotonic() - begin))
    warnings = [readable(job.run.redact(text)) for text in texts]
    for text in warnings:
        module.warn(text)
    beside = len(json.dumps([warnings, answer.failed, extra, module.params], default=str))
    result = fit(answer.result, answer.lists, limit=max(RESULT_LIMIT - beside, RESULT_LIMIT // 4))
    result["changed"] = answer.changed
    if answer.failed:
        module.fail_json(**_readable({"msg": job.run.redact(answer.failed), **extra, **result}))
    module.exit_json(**_readable(result))


def _readable(value: t.Any) -> t.Any:
    """A result that Ansible can send: names of a file or a server may hold bytes that are no UTF-8."""
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    return [_readable(item) for item in value] if isinstance(value, (list, tuple)) else value


def _told(module: AnsibleModule, job: Job, answer: Answer, stage: str, times: tuple[str, float]) -> t.Iterator[str]:
    """Tell the journal, without secrets. What went wrong with that, as warnings: it must not fail a backup."""
    from ansible.module_utils.basic import remove_values
    from ansible_collections.vya.backupdb.plugins.module_utils._run import journal

    path = module.params["journal"]
    try:
        told = journal.entry(
            module=module._name, started=times[0], seconds=times[1], params=job.params, check_mode=job.check_mode
        )
        told.update(journal.outcome(answer.result, changed=answer.changed, failed=answer.failed, stage=stage))
        journal.append(path, journal.shortened(_redacted(job.run, remove_values(told, module.no_log_values))))
    except BackupError as exc:
        yield f"The journal {path} was not written: {exc.msg}. {exc.hint}".strip()
    except Exception as exc:  # whatever it is, the task's work is done and must be told
        yield f"The journal {path} was not written: {getattr(exc, 'strerror', None) or exc}."


def _redacted(run: Run, value: t.Any) -> t.Any:
    if isinstance(value, str):
        return readable(run.redact(value))
    if isinstance(value, dict):
        return {key: _redacted(run, item) for key, item in value.items()}
    return [_redacted(run, item) for item in value] if isinstance(value, list) else value


def _guarded(job: Job, work: t.Callable[[Job], Answer]) -> tuple[Answer, dict[str, t.Any]]:
    """The answer, and for a failure what Ansible shows beside its message."""
    try:
        with ended_by_signals(job.run):
            try:
                job.check_options()
                return work(job), {}
            finally:
                job.close()
    except PartlyDone as exc:
        return exc.answer, _fields(exc.__cause__)
    except BackupError as exc:
        cause = job.run.cause(exc)
        return Answer({}, failed=str(cause)), _fields(cause)
    except Exception as exc:  # a defect: the traceback helps to find it, but must not tell a secret
        told = job.run.redact(traceback.format_exc())
        job.log(told)
        frame = traceback.extract_tb(exc.__traceback__)[-1]
        where = f"{os.path.basename(frame.filename)}:{frame.lineno}"
        text = f"An unexpected error in {where}, probably a defect of the collection: {type(exc).__name__}: {exc}"
        return Answer({}, failed=text), {"exception": told}


def _fields(exc: BaseException | None) -> dict[str, t.Any]:
    if not isinstance(exc, BackupError):
        return {}
    fields = exc.as_dict()
    del fields["msg"]
    return fields


def _capped(warnings: t.Sequence[str]) -> list[str]:
    texts = list(dict.fromkeys(warnings))
    shown = [
        text if len(text) <= _WARNING_LENGTH else f"{text[:_WARNING_LENGTH]}..." for text in texts[:_WARNINGS_SHOWN]
    ]
    if len(texts) > len(shown):
        shown.append(f"{len(texts) - len(shown)} more warnings are not shown; the manifests hold those of each backup.")
    return shown


__all__ = ("ALL_HOSTS", "Answer", "Job", "PartlyDone", "conduct")
