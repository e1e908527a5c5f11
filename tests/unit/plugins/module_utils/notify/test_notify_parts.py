# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small parts: what is cleaned, masked and taken for an address or a URL, and how often one tries."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError, InterruptedRun
from ansible_collections.vya.backupdb.plugins.module_utils._notify import clean
from ansible_collections.vya.backupdb.plugins.module_utils._notify.base import Channel, ChannelError
from ansible_collections.vya.backupdb.plugins.module_utils._notify.delivery import Patience, deliver
from ansible_collections.vya.backupdb.plugins.module_utils._notify.mail import parse_address
from ansible_collections.vya.backupdb.plugins.module_utils._notify.web import Endpoint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mysql://u:s3cret@h/db", "mysql://u:********@h/db"),
        ("https://:s3cret@h", "https://:********@h"),
        ("--password=s3cret --x", "--password=******** --x"),
        ("PGPASSWORD=s3cret psql", "PGPASSWORD=******** psql"),
        ("api_key = s3cret&x", "api_key = ********&x"),
        ("password authentication failed for user", "password authentication failed for user"),
        ("at 12:30 user@host said: no", "at 12:30 user@host said: no"),
    ],
)
def test_masked(text, expected):
    assert clean.masked(text) == expected


def test_lines_and_paragraphs():
    assert clean.line("  a\r\nb\tc  ") == "a\\r\\nb\\tc"
    assert clean.line("\U0001f980 \u4e8b \u0645\u06cc\u200c\u062e") == "\U0001f980 \u4e8b \u0645\u06cc\u200c\u062e"
    assert clean.line("a\u00a0b\U000e0041") == "a b\\U000e0041"
    assert clean.paragraph("a\r\n\n\n b\rc\x0bd\n") == "a\n b\nc\\x0bd"
    assert clean.paragraph(None) == ""
    long = clean.line("begin " + "x" * 999 + " end", 60)
    assert len(long) <= 60
    assert (long[:6], long[-4:], " ... " in long) == ("begin ", " end", True)


def test_secrets_of_a_url():
    found = clean.secrets_of_url("https://u:p%40ss@hc.example.com/ping/4c9d1f2a-11/fail?token=abcd1234&a=b")
    assert {"p%40ss", "p@ss", "4c9d1f2a-11", "abcd1234"} <= found
    assert not {"ping", "fail", "u", "b", "hc.example.com", ""} & found
    assert "110201543AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw" in clean.secrets_of_url(
        "tgram://110201543AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/12315544"
    )


@pytest.mark.parametrize(
    ("text", "name", "spec"),
    [
        ("ops@example.com", "", "ops@example.com"),
        (" root ", "", "root"),
        ("Ops Team <ops@example.com>", "Ops Team", "ops@example.com"),
        ('"Team, Ops" <ops+db@example.com>', "Team, Ops", "ops+db@example.com"),
        ("J\u00f6rg <jo@example.com>", "J\u00f6rg", "jo@example.com"),
    ],
)
def test_addresses(text, name, spec):
    found = parse_address(text, "sender")
    assert (found.display_name, found.addr_spec) == (name, spec)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@example.com",
        "ops@",
        "a b@example.com",
        "a@example.com, b@example.com",
        "a@example.com\nBcc: b@example.com",
        "Ops\r\n <a@example.com>",
        "<a@example.com",
        "a@b@c",
        "Ops <a@example.com> b",
        "\x00@example.com",
    ],
)
def test_what_is_no_address(text):
    with pytest.raises(ConfigError, match="is no e-mail address"):
        parse_address(text, "sender")


def test_a_url_is_not_quoted_beyond_its_host():
    endpoint = Endpoint("https://u:pw-canary@hooks.example.com:8443/a/canary?x=canary#canary", "webhook_url")
    assert endpoint.target == "https://hooks.example.com:8443"
    assert "pw-canary" in endpoint.secrets


class Wire(Channel):
    """A channel that fails as told."""

    name = "wire"

    def __init__(self, *errors):
        super().__init__("wire")
        self.errors = list(errors)
        self.sent = 0

    def prepare(self, notice):
        """Nothing."""

    def attempt(self, timeout):
        if self.errors:
            error = self.errors.pop(0)
            if error is not None:
                raise error
        self.sent += 1

    def secrets(self):
        return ("canary",)


class Stuck(Wire):
    """One that never ends."""

    def attempt(self, timeout):
        threading.Event().wait()


def attempts(channel, retries=3):
    (delivery,) = deliver([channel], Patience(retries, 0.0, 0.5), lambda: None)
    return delivery.attempts, delivery.error


def test_attempts():
    assert attempts(Wire()) == (1, "")
    assert attempts(Wire(ChannelError("a"), ChannelError("b"))) == (3, "")
    assert attempts(Wire(*[ChannelError("no")] * 9), retries=2) == (3, "no")
    assert attempts(Wire(ChannelError("a"), ChannelError("never", final=True), None)) == (2, "never")


def test_no_secret_in_an_error():
    assert attempts(Wire(ChannelError("said canary", final=True)))[1] == "said ********"
    # A defect's text may hold anything.
    assert "canary" not in attempts(Wire(KeyError("canary")))[1]
    assert "KeyError in test_notify_parts.py" in attempts(Wire(KeyError("canary")))[1]


def test_one_that_never_ends_holds_up_nobody():
    stuck, quick = Stuck(), Wire()
    first, second = deliver([stuck, quick], Patience(0, 0.0, 0.1), lambda: None)
    assert (quick.sent, second.error) == (1, "")
    assert "did not come to an end within 0.1 s" in first.error


def test_the_end_of_the_run_ends_the_waiting():
    def check():
        raise InterruptedRun("Stopped: signal SIGTERM.")

    with pytest.raises(InterruptedRun):
        deliver([Stuck()], Patience(0, 0.0, 60.0), check)
