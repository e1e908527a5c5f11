# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Which further arguments a dump tool may be given: none that change where to, in what format or from what it dumps."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError


@dataclasses.dataclass(frozen=True)
class _Tool:
    """``long``: names that are refused; ``short``: letters that are refused; ``valued``: letters that take a value."""

    long: frozenset[str]
    short: frozenset[str]
    valued: frozenset[str]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PG_LONG = _words(
    """
    file format compress dbname host port username password no-password snapshot jobs verbose version help
    no-sync sync-method include-foreign-data
    """
)
_MY_LONG = _words(
    """
    result-file tab xml dir parallel header log-error compatible compact comments
    databases all-databases tables system all-tablespaces no-tablespaces add-drop-database
    host port user password socket protocol pipe plugin-dir default-auth init-command connect-timeout
    get-server-public-key server-public-key-path secure-auth enable-cleartext-plugin bind-address
    defaults-file defaults-extra-file defaults-group-suffix no-defaults print-defaults login-path no-login-paths
    default-character-set set-charset no-set-names quote-names tz-utc hex-blob
    no-create-info create-options triggers routines events packages
    force opt quick single-transaction lock-tables lock-all-tables add-locks as-of dump-history
    master-data source-data dump-slave dump-replica apply-slave-statements apply-replica-statements galera-info
    delete-master-logs delete-source-logs gtid set-gtid-purged
    fields-terminated-by fields-enclosed-by fields-optionally-enclosed-by fields-escaped-by lines-terminated-by
    version help verbose debug debug-info debug-check
    ssl ssl-ca ssl-capath ssl-cert ssl-key ssl-cipher ssl-crl ssl-crlpath ssl-mode ssl-fips-mode ssl-verify-server-cert
    ssl-session-data ssl-session-data-continue-on-failed-reuse ssl-fp ssl-fplist tls-version tls-ciphersuites
    tls-sni-servername
    """
)
_TOOLS: t.Mapping[str, _Tool] = {
    "postgresql": _Tool(_PG_LONG, frozenset("fFZdhpUWwjvV?"), frozenset("eEfFhjnNpSZtTUd")),
    "mysql": _Tool(_MY_LONG, frozenset("rTXBAYhPupSW#fVvI?ixlNQqREH"), frozenset("hPuSrTw")),
}
_MY_PREFIXES = ("loose-", "skip-", "disable-", "enable-", "maximum-")


def check_extra_args(engine: str, args: t.Sequence[str]) -> None:
    """ConfigError for an argument that is refused. An option and its value are one item: ``--schema=public``."""
    tool = _TOOLS[engine]
    for arg in args:
        if not arg.startswith("-") or arg in ("-", "--") or "\0" in arg:
            raise ConfigError(
                f"extra_args: {_told(arg)} is no option.",
                hint="Write an option and its value as one item: --schema=public.",
            )
        refused = _refused_long(engine, tool, arg[2:]) if arg.startswith("--") else _refused_short(tool, arg[1:])
        if refused:
            raise ConfigError(
                f"extra_args: {_told(arg)} is refused: {refused} changes the output, its format, the connection or the"
                " snapshot, which belong to the collection.",
                hint="Use the module's own options for those.",
            )


def _told(arg: str) -> str:
    """The argument without its value, which may be a password, as may be what follows a letter or is no option."""
    if arg.startswith("--"):
        name, sign, dummy = arg.partition("=")
        return repr(name) + (" with its value" if sign else "")
    return repr(arg[:2]) if arg.startswith("-") else "an item without a dash"


def _refused_long(engine: str, tool: _Tool, text: str) -> str:
    """Tools take any unambiguous beginning of a name, so a beginning of a refused one is refused as well."""
    name = text.split("=", 1)[0]
    if engine == "mysql":
        name = name.replace("_", "-")
        while name.startswith(_MY_PREFIXES):
            name = name.split("-", 1)[1]
    hits = sorted(item for item in tool.long if name and item.startswith(name))
    return f"--{hits[0]}" if hits else ""


def _refused_short(tool: _Tool, letters: str) -> str:
    for letter in letters:
        if letter in tool.short:
            return f"-{letter}"
        if letter in tool.valued:
            break
    return ""


__all__ = ("check_extra_args",)
