# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Options of the modules, one factory a concern. The doc fragments of the same names describe them."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._codec.compression import COMPRESSIONS
from ansible_collections.vya.backupdb.plugins.module_utils._retention import RULES

ENGINES = ("mysql", "postgresql")
TLS_MODES = ("prefer", "require", "verify-ca", "verify-full", "disable")
PROOFS = ("counts", "content")
LEVELS = ("stored", "decrypted", "readable")
Spec = dict[str, dict[str, t.Any]]


def connection() -> Spec:
    """Which server, and how to log in."""
    return {
        "engine": {"type": "str", "required": True, "choices": list(ENGINES)},
        "instance": {"type": "str", "default": "main"},
        "login_host": {"type": "str"},
        "login_port": {"type": "int"},
        "login_user": {"type": "str"},
        "login_password": {"type": "str", "no_log": True},
        "login_unix_socket": {"type": "path"},
        "login_config_file": {"type": "path"},
        "tls_mode": {"type": "str", "default": "prefer", "choices": list(TLS_MODES)},
        "ca_cert": {"type": "path"},
        "client_cert": {"type": "path"},
        "client_key": {"type": "path", "no_log": False},
        "connect_timeout": {"type": "int", "default": 30},
    }


def store() -> Spec:
    """Where backups live, and under which host's name."""
    return {**store_only(), "host": {"type": "str"}}


def store_of_backups() -> Spec:
    """The same where something else than a backup can be restored."""
    return {"store": {"type": "path"}, "host": {"type": "str"}}


def store_only() -> Spec:
    """The store, in modules where the host is a filter."""
    return {"store": {"type": "path", "required": True}}


def selection() -> Spec:
    """One backup of one series; host and instance come with the store and the connection."""
    return {
        "database": {"type": "str"},
        "backup": {"type": "str", "default": "latest"},
        "before": {"type": "str"},
    }


def foreign() -> Spec:
    """A file that another tool dumped."""
    return {
        "src": {"type": "path"},
        "source_database": {"type": "str"},
        "allow_incomplete": {"type": "bool", "default": False},
    }


RESTORE_EXCLUSIVE = (("src", "database"), ("src", "store"), ("src", "before"), ("src", "host"))
RESTORE_ONE_OF = (("src", "database"),)
RESTORE_TOGETHER = {"database": "store", "source_database": "src"}


def filters(backup: str) -> Spec:
    """Any number of backups: what is left out is not looked at. ``backup`` is the default of the option."""
    return {
        "host": {"type": "str"},
        "instance": {"type": "str"},
        "database": {"type": "str"},
        "backup": {"type": "str", "default": backup},
        "before": {"type": "str"},
    }


def identity() -> Spec:
    """The secret key that opens encrypted backups. Give one of the two."""
    return {
        "identity": {"type": "str", "no_log": True},
        "identity_file": {"type": "path"},
    }


IDENTITY_EXCLUSIVE = ("identity", "identity_file")


def level() -> Spec:
    """How much to prove."""
    return {"level": {"type": "str", "default": "readable", "choices": list(LEVELS)}}


def limit() -> Spec:
    """How many backups to list."""
    return {"limit": {"type": "int", "default": 100}}


def timeout() -> Spec:
    """The time limit of the whole task, in seconds."""
    return {"timeout": {"type": "int", "default": 0}}


def backup() -> Spec:
    """db_backup's own."""
    return {
        "databases": {"type": "list", "elements": "str", "default": ["*"]},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "globals": {"type": "bool", "default": True},
        "compression": {"type": "str", "default": "zstd", "choices": list(COMPRESSIONS)},
        "compression_level": {"type": "int"},
        "recipients": {"type": "list", "elements": "str", "default": []},
        "jobs": {"type": "int", "default": 1},
        "max_lag": {"type": "float"},
        "shrink": {"type": "int", "default": 50},
        "proof": {"type": "str", "default": "counts", "choices": list(PROOFS)},
        "extra_args": {"type": "list", "elements": "str", "default": []},
    }


def restore() -> Spec:
    """db_restore's own."""
    return {
        "target": {"type": "str"},
        "if_exists": {"type": "str", "default": "fail", "choices": ["fail", "replace"]},
        "keep_previous": {"type": "bool", "default": False},
        "verify": {"type": "bool", "default": True},
        "globals": {"type": "bool", "default": False},
        "no_owner": {"type": "bool", "default": False},
        "exclude_extensions": {"type": "list", "elements": "str", "default": []},
        "search_path": {"type": "list", "elements": "str", "default": []},
        "jobs": {"type": "int", "default": 1},
    }


def retention() -> Spec:
    """backup_retention's own."""
    return {
        "databases": {"type": "list", "elements": "str", "default": ["*"]},
        "exclude": {"type": "list", "elements": "str", "default": []},
        **{f"keep_{rule}": {"type": "int"} for rule in RULES},
        "keep_within": {"type": "str"},
        "timezone": {"type": "str", "default": "UTC"},
        "minimum": {"type": "int", "default": 1},
        "max_delete": {"type": "int"},
        "pin": {"type": "list", "elements": "str", "default": []},
        "unpin": {"type": "list", "elements": "str", "default": []},
    }


def series() -> Spec:
    """Servers whose backups are looked at: all of those that are not left out."""
    return {"host": {"type": "str"}, "instance": {"type": "str"}}


def drill() -> Spec:
    """backup_drill's own."""
    return {
        "databases": {"type": "list", "elements": "str", "default": ["*"]},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "backup": {"type": "str", "default": "latest"},
        "before": {"type": "str"},
        "no_owner": {"type": "bool", "default": False},
        "exclude_extensions": {"type": "list", "elements": "str", "default": []},
        "search_path": {"type": "list", "elements": "str", "default": []},
        "jobs": {"type": "int", "default": 1},
    }


def journal() -> Spec:
    """The file that tells of every call of a module; all modules have it."""
    return {"journal": {"type": "path"}}


def merged(*specs: Spec) -> Spec:
    """One spec of several. ValueError when two of them name the same option, which would hide one."""
    result: Spec = {}
    for spec in specs:
        twice = sorted(result.keys() & spec.keys())
        if twice:
            raise ValueError(f"option given twice: {', '.join(twice)}")
        result.update(spec)
    return result


__all__ = (
    "ENGINES",
    "IDENTITY_EXCLUSIVE",
    "LEVELS",
    "PROOFS",
    "RESTORE_EXCLUSIVE",
    "RESTORE_ONE_OF",
    "RESTORE_TOGETHER",
    "TLS_MODES",
    "Spec",
    "backup",
    "connection",
    "drill",
    "filters",
    "foreign",
    "identity",
    "journal",
    "level",
    "limit",
    "merged",
    "restore",
    "retention",
    "selection",
    "series",
    "store",
    "store_of_backups",
    "store_only",
    "timeout",
)
