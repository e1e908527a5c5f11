# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""On the control node: from the variables of a host to the options of the modules, one dict for each instance."""

from __future__ import annotations

import functools
import os.path
import re
import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._fleet.variables import mistyped

# Not options of a module, but keywords of Ansible for the tasks of one instance.
_KEYWORDS = ("become_user",)
_FACTORIES = ("connection", "store", "store_only", "timeout", "backup", "identity", "retention", "journal")
_RULES = tuple(name for name in argspec.retention() if name.startswith("keep_"))
_LOCAL = ("localhost", "127.0.0.1", "::1")
_NOT_PER_INSTANCE = ("pin", "unpin")
DEFAULT_STORE = "/var/backups/backupdb"
# The folder of the account that owns the server: it can write there, and root need not make anything first.
_POSTGRESQL_STORE = "~/backupdb"
Options = dict[str, t.Any]
_KINDS = {key: spec["type"] for name in _FACTORIES for key, spec in getattr(argspec, name)().items()}
_UNIT = re.compile(r"/(postgresql|mariadb|mysqld?)[^/]*\.service$")
_USUAL: t.Mapping[str, Options] = {
    "mysql": {"login_unix_socket": "/run/mysqld/mysqld.sock", "login_user": "root", "become_user": "root"},
    "postgresql": {
        "login_unix_socket": "/run/postgresql/.s.PGSQL.5432",
        "login_user": "postgres",
        "become_user": "postgres",
    },
}


@functools.lru_cache(maxsize=1)
def known_options() -> frozenset[str]:
    """The names that an instance may set: options of the modules, and keywords."""
    names: set[str] = set(_KEYWORDS)
    for factory in _FACTORIES:
        names.update(getattr(argspec, factory)())
    return frozenset(names.difference(_NOT_PER_INSTANCE))


def resolve(
    instances: t.Any,
    name: str,
    *,
    found: t.Mapping[str, t.Any] | None = None,
    defaults: t.Mapping[str, t.Any] | None = None,
    retention: t.Mapping[str, t.Any] | None = None,
    after: t.Mapping[str, t.Any] | None = None,
    optional: t.Any = True,
    variables: t.Sequence[str] = (),
    **common: t.Any,
) -> list[Options]:
    """The options of each instance of the host ``name`` (as in the inventory).

    ``instances`` as the user wrote them; when there are none, the servers whose sockets ``found`` (a result of
    ansible.builtin.find) holds. An instance's own options come before ``common`` (values that are empty do not count),
    and those before ``defaults``. ``retention`` is the policy of those that have none of their own: rules add up, so a
    mixture of two policies would be neither. ``after``: the result of a loop over labels; only those that went well in
    it are answered. Unless ``optional``, a host with neither instances nor servers is an error, since its server may be
    down; one that could not be searched always is. ``variables``: the names of the host's variables, of which none may
    be nearly one of the roles'. ConfigError with all that is wrong, and never with a value that may
    be secret.
    """
    if isinstance(instances, (str, bytes)) or not isinstance(instances, t.Sequence):
        raise ConfigError("backupdb_instances is no list.", hint="Write one item, a dict of options, for each server.")
    base = _given(defaults or {})
    base.update({key: value for key, value in common.items() if value not in (None, "", [], {})})
    own = [_given(item) for item in _dicts(instances)]
    own_store = not own and _POSTGRESQL_STORE
    own = own or _found(found or {}, name, optional)
    resolved = [{"instance": "main", **base, **item} for item in own]
    for item in resolved:
        if not any(item.get(rule) for rule in _RULES):
            item.update({**_given(retention or {}), **item})
        at_home = own_store if item.get("engine") == "postgresql" else ""
        item["store"] = item.get("store") or at_home or DEFAULT_STORE
        item["host"] = item.get("host") or ("" if name in _LOCAL else name)
    problems = [*mistyped(variables), *_unknown(base, "backupdb_defaults"), *_problems(own, resolved)]
    if problems:
        raise ConfigError(
            f"The configuration of {name} cannot be used. {' '.join(problems)}",
            hint="The playbook vya.backupdb.show_config shows what is set.",
        )
    answered = resolved if after is None else [item for item in resolved if item["instance"] in _went_well(after)]
    return [{key: value for key, value in item.items() if value not in ("", None)} for item in answered]


def _went_well(result: t.Mapping[str, t.Any]) -> set[str]:
    items = [item for item in result.get("results") or [] if isinstance(item, t.Mapping)]
    good = [item for item in items if not (item.get("failed") or item.get("unreachable") or item.get("skipped"))]
    return {str(item.get(item.get("ansible_loop_var", "item"))) for item in good}


def _given(options: t.Mapping[str, t.Any]) -> Options:
    return {str(key): value for key, value in options.items() if value is not None}


def _dicts(instances: t.Sequence[t.Any]) -> list[t.Mapping[str, t.Any]]:
    if not all(isinstance(item, t.Mapping) for item in instances):
        raise ConfigError("An item of backupdb_instances is no dict.", hint="Write engine: postgresql, and so on.")
    return list(instances)


def _problems(own: list[Options], resolved: list[Options]) -> list[str]:
    problems: list[str] = []
    for number, item in enumerate(own, 1):
        problems += _unknown(item, f"Instance {number}")
    for number, item in enumerate(resolved, 1):
        engine = item.get("engine")
        if engine not in argspec.ENGINES:
            problem = "has no engine" if engine is None else "has an unknown engine"
            problems.append(f"Instance {number} {problem}: it is one of {' and '.join(argspec.ENGINES)}.")
        problems += [
            f"Instance {number}: {key} is no whole number."
            for key, value in item.items()
            if _KINDS.get(key) == "int" and value not in ("", None) and not str(value).strip().lstrip("-").isdigit()
        ]
    labels = [str(item["instance"]) for item in resolved]
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        problems.append(f"{labels.count(label)} instances have the label {label}: give each an instance of its own.")
    users: dict[str, set[str]] = {}
    for item in resolved:
        if not str(item["store"]).startswith("~"):
            users.setdefault(os.path.normpath(str(item["store"])), set()).add(str(item.get("become_user") or ""))
    for store in sorted(store for store, names in users.items() if len(names) > 1):
        problems.append(
            f"The store {store} is used by {len(users[store])} users of the operating system, and belongs to one:"
            f" give the instances the same become_user, or stores of their own."
        )
    return problems


def _unknown(options: Options, where: str) -> list[str]:
    names = sorted(options.keys() - known_options())
    return [f"{where} sets what is no option of an instance: {', '.join(names)}."] if names else []


def _found(found: t.Mapping[str, t.Any], name: str, optional: t.Any) -> list[Options]:
    if found.get("failed") or found.get("unreachable"):
        raise ConfigError(
            f"The database servers of {name} could not be looked for, and backupdb_instances is empty.",
            hint="The task before this one says why.",
        )
    servers = _servers(found)
    if not servers and not boolean(optional, strict=False):
        raise ConfigError(
            f"No database server was found on {name}, and backupdb_instances is empty.",
            hint="If its server is down, start it; if it listens elsewhere, set backupdb_instances. For hosts that may"
            " have none, set backupdb_instances_optional: true.",
        )
    return servers


def _servers(found: t.Mapping[str, t.Any]) -> list[Options]:
    """A login as the owner of the server for each socket: that needs no password where a package made the server.

    Each is labelled with its engine, whatever else runs on the host. One that systemd starts with the host and that has
    no socket is there all the same: it is down, and its backup must fail.
    """
    servers: dict[str, Options] = {}
    started: set[str] = set()
    for entry in found.get("files") or []:
        path = str(entry["path"])
        unit = _UNIT.search(path)
        if unit:
            started.add("postgresql" if unit.group(1) == "postgresql" else "mysql")
            continue
        match = re.search(r"^(.*)/\.s\.PGSQL\.[0-9]+$", path)
        if match:
            servers.setdefault(
                "postgresql",
                {
                    "login_unix_socket": path,
                    "login_user": entry.get("pw_name") or "postgres",
                    "become_user": entry.get("pw_name") or "postgres",
                },
            )
        else:
            servers.setdefault("mysql", {"login_unix_socket": path, "login_user": "root", "become_user": "root"})
    servers.update({engine: dict(_USUAL[engine]) for engine in started.difference(servers)})
    return [{"engine": engine, "instance": engine, **options} for engine, options in sorted(servers.items())]


__all__ = ("DEFAULT_STORE", "Options", "known_options", "resolve")
