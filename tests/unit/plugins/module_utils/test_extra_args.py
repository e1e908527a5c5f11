# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which further arguments of the dump tools are refused."""

from __future__ import annotations

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._run.extra_args import check_extra_args

ALLOWED = {
    "postgresql": (
        "--schema=public",
        "--exclude-table-data=public.sessions",
        "--table=orders",
        "-npublic",
        "-nFfZ",  # the value of -n
        "-T*.log",
        "--no-owner",
        "--no-comments",
        "--role=reader",
        "--lock-wait-timeout=5s",
        "-O",
        "-sx",
    ),
    "mysql": (
        "--ignore-table=shop.sessions",
        "--ignore_table=shop.sessions",
        "--where=id>5",
        "-wid>5 OR force",  # the value of -w
        "--no-data",
        "-d",
        "--order-by-primary",
        "--skip-extended-insert",
        "--net-buffer-length=16384",
    ),
}
REFUSED = {
    "postgresql": (
        "-f/tmp/x",
        "--file=/tmp/x",
        "--fil=/tmp/x",
        "--fi",
        "-Fp",
        "--format=plain",
        "--form=p",
        "-Z9",
        "--compress=9",
        "-dother",
        "--dbname=other",
        "-hdb2",
        "--host=db2",
        "-p5433",
        "--port=5433",
        "-Uroot",
        "--username=root",
        "-W",
        "--password",
        "-w",
        "--no-password",
        "-j4",
        "--jobs=4",
        "--snapshot=00000003-0000001B-1",
        "-OFp",  # behind a letter without a value
        "-sxf/tmp/x",
        "--ver",
    ),
    "mysql": (
        "-r/tmp/x",
        "--result-file=/tmp/x",
        "--result_file=/tmp/x",
        "--result=/tmp/x",
        "-T/tmp",
        "--tab=/tmp",
        "-X",
        "--xml",
        "-A",
        "--all-databases",
        "-B",
        "--databases",
        "--defaults-file=/tmp/my.cnf",
        "--defaults-extra-file=/tmp/my.cnf",
        "--no-defaults",
        "-hdb2",
        "--host=db2",
        "-P3307",
        "-uroot",
        "-psecret",
        "--password=secret",
        "-S/tmp/sock",
        "--ssl-mode=DISABLED",
        "--ssl_mode=DISABLED",
        "--skip-ssl",
        "--loose-ssl-mode=DISABLED",
        "--loose-skip-ssl",
        "--skip-single-transaction",
        "--lock-tables",
        "-x",
        "--master-data=2",
        "--source-data",
        "--default-character-set=latin1",
        "--skip-hex-blob",
        "--skip-tz-utc",
        "--skip-comments",
        "--compact",
        "-f",
        "--force",
        "-df",
        "--triggers",
        "-R",
    ),
}


@pytest.mark.parametrize(("engine", "arg"), [(engine, arg) for engine, args in ALLOWED.items() for arg in args])
def test_allowed(engine: str, arg: str) -> None:
    check_extra_args(engine, [arg])


@pytest.mark.parametrize(("engine", "arg"), [(engine, arg) for engine, args in REFUSED.items() for arg in args])
def test_refused(engine: str, arg: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_extra_args(engine, [arg])
    assert repr(arg[:2] if arg[1] != "-" else arg.split("=")[0]) in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.stage == "preflight"


@pytest.mark.parametrize("arg", ["--password=c4nary", "-pc4nary", "c4nary", "--password=c4nary\0"])
def test_a_value_is_not_told(arg: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_extra_args("mysql", [arg])
    assert "c4nary" not in str(caught.value)


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
@pytest.mark.parametrize("arg", ["other", "", "-", "--", "; rm -rf /", "--schema=a\0b"])
def test_what_is_no_option_is_refused(engine: str, arg: str) -> None:
    # A lone word would be a database or a table to the tool, and "--" would end its options.
    with pytest.raises(ConfigError, match="is no option"):
        check_extra_args(engine, ["--no-data" if engine == "mysql" else "--no-owner", arg])
