# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What db_account does: an account with exactly the privileges that backups or restores need."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.account import AccountState, Statement
from ansible_collections.vya.backupdb.plugins.module_utils._engine.base import Engine
from ansible_collections.vya.backupdb.plugins.module_utils._engine.postgresql import PostgresqlEngine
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError, EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import Answer, Job


def run(job: Job) -> Answer:
    """Create or complete the account. ConfigError for one that is not to be changed."""
    name, password = job.params["name"], job.params["password"] or ""
    if password:
        job.run.keep_secret(password)
    if not name:
        raise ConfigError("The name of the account is empty.")
    if any(sign in name for sign in "\0\n\\'") or any(sign in password for sign in "\0\n"):
        raise ConfigError(
            "The name or the password holds a character that not every server takes: a line break, NUL, or in the name"
            " a backslash or an apostrophe.",
            hint="Choose another one.",
        )
    if any(sign in "\0\n\r\\'\"`" for sign in job.params["account_host"]) or not job.params["account_host"]:
        raise ConfigError(
            "account_host is empty, or holds a quote, a backslash, a line break or NUL.",
            hint="Give a host's name or its address, or a pattern such as 10.0.0.%.",
        )
    _check_another(name, job.params["login_user"])
    engine = job.engine()
    state, execute = _examined(engine, job.params, password)
    if not job.check_mode:
        for statement in state.statements:
            _execute(job, execute, statement)
    shown = [statement.told for statement in state.statements]
    warnings = list(state.warnings)
    if state.excess:
        warnings.append(
            f"The account {name} may do more than it needs: {', '.join(state.excess)}. That was not taken from it."
        )
    result: dict[str, t.Any] = {
        "msg": f"{len(shown)} statements {'would run' if job.check_mode else 'ran'}." if shown else "Nothing to do.",
        "existed": state.existed,
        "statements": shown,
        "privileges": list(state.after),
        "excess": list(state.excess),
    }
    if job.diff:
        result["diff"] = {"before": _text(name, state.existed, state.before), "after": _text(name, True, state.after)}
    return Answer(result, changed=bool(shown), warnings=warnings)


def _check_another(name: str, administrator: str | None) -> None:
    if name == administrator:
        raise ConfigError(
            f"{name} is the administrator that this task logs in as.", hint="Give the new account a name of its own."
        )


def _execute(job: Job, execute: t.Callable[[str], t.Any], statement: Statement) -> None:
    """EngineError without the server's words where the statement holds a password, of which they quote parts."""
    if not statement.secret:
        execute(statement.sql)
        return
    job.run.keep_secret(statement.secret)
    try:
        execute(statement.sql)
    except EngineError as exc:
        code = getattr(exc.__cause__, "pgcode", None) or next(iter(getattr(exc.__cause__, "args", ())), "")
        code = code if isinstance(code, int) or len(code) == 5 else "unknown"
        raise EngineError(
            f"The server refused: {statement.told} (error {code}). Its words may hold the password, so they are not"
            " shown.",
            stage="account",
            hint="Look whether the server has rules for passwords, and whether name and account_host are usable.",
        ) from None


def _examined(
    engine: Engine, params: t.Mapping[str, t.Any], password: str
) -> tuple[AccountState, t.Callable[[str], t.Any]]:
    """What is to be done, and who runs a statement."""
    server = engine.server()
    name, purposes = params["name"], list(dict.fromkeys(params["purposes"]))
    if isinstance(engine, PostgresqlEngine):
        from ansible_collections.vya.backupdb.plugins.module_utils._engine import pg_account
        from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_client import query

        admin = engine.admin()
        for user in query(admin, "SELECT current_user, session_user", stage="account")[0]:
            _check_another(name, str(user))
        state = pg_account.examine(admin, server.version[0], name, password, purposes)
        return state, lambda sql: query(admin, sql, stage="account")
    from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_account
    from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import Client, execute

    connection = Client(engine.run, engine.login).connect()
    _check_another(name, my_account.current_account(connection)[0])
    as_account = dataclasses.replace(engine.login, user=name, password=password, config_file="")
    state = my_account.examine(
        connection,
        server,
        (name, params["account_host"]),
        password,
        purposes,
        lambda: Client(engine.run, as_account).connect(),
    )
    return state, lambda sql: execute(connection, sql, stage="account")


def _text(name: str, exists: bool, privileges: t.Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in [name, *(f"  {item}" for item in privileges)]) if exists else ""


__all__ = ("run",)
