# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""backup_notify and a mail server: what arrives, what is refused, and what is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import getaddresses
from typing import Any

import pytest
from support.modules import run_module
from support.post import ACCOUNT, MailBox, mail_server, silent_server
from support.tls import Certificates, make_certificates

# One of the servers takes passwords without TLS, to see that they are sent to this machine alone.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

GOOD: list[dict[str, Any]] = [
    {
        "host": "db1",
        "state": "ok",
        "msg": "",
        "instances": [
            {
                "instance": "main",
                "engine": "postgresql",
                "backups": [
                    {"database": "shop", "kind": "database", "size": 1 << 20, "plain_size": 5 << 20, "seconds": 3.5}
                ],
                "failures": [],
            }
        ],
    }
]
BAD: list[dict[str, Any]] = [*GOOD, {"host": "db2", "state": "unreachable", "msg": "No route to host"}]
OPTIONS: dict[str, Any] = {
    "hosts": GOOD,
    "smtp_host": "127.0.0.1",
    "smtp_security": "none",
    "sender": "Backup <backup@example.com>",
    "success_recipients": ["log@example.com"],
    "failure_recipients": ["oncall@example.com", "DBA <dba@example.com>"],
    "retries": 0,
    "retry_delay": 0,
    "attempt_timeout": 10,
}


def notify(**options: Any) -> dict[str, Any]:
    """The result of backup_notify; a result never grows large."""
    result = run_module("backup_notify", {**OPTIONS, **options})
    assert len(str(result)) < 20_000
    return result


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mail_server("none") as server:
        yield server


@pytest.mark.parametrize("security", ["ssl", "starttls", "none"])
def test_a_mail_arrives(security: str, certificates: Certificates) -> None:
    """With a login, over each kind of connection; TLS is used when it is asked for."""
    with mail_server(security, certificates, login=True) as box:
        result = notify(
            smtp_port=box.port,
            smtp_security=security,
            smtp_user=ACCOUNT[0],
            smtp_password=ACCOUNT[1],
            smtp_ca_cert=str(certificates.ca_cert) if security != "none" else None,
        )
    told = {"channel": "email", "target": f"127.0.0.1:{box.port}", "attempts": 1, "recipients": ["log@example.com"]}
    assert (result["failed"], result["sent"], result["failures"]) == (False, [told], [])
    assert box.logins == 1
    # aiosmtpd: the session knows of TLS when the client asked for it, the transport when there was nothing else
    assert (box.sessions[0].ssl is not None) == (security == "starttls")
    (message,) = box.messages
    assert message["Subject"] == result["subject"] == "Backup OK: 1 host, 1 database, 1.0 MiB"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@example.com>")
    assert "shop" in box.part("plain")
    assert "shop" in box.part("html")


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_a_strange_certificate_is_refused(security: str, certificates: Certificates) -> None:
    """Neither password nor message leave, and it is not tried again."""
    with mail_server(security, certificates) as box:
        for trusted in (None, certificates.other_ca):
            result = notify(
                smtp_port=box.port,
                smtp_security=security,
                smtp_user=ACCOUNT[0],
                smtp_password=ACCOUNT[1],
                smtp_ca_cert=str(trusted) if trusted else None,
                retries=3,
            )
            (failure,) = result["failures"]
            assert "certificate" in failure["msg"]
            assert "smtp_ca_cert" in failure["msg"]
            assert failure["attempts"] == 1
    assert (box.messages, box.logins) == ([], 0)


def test_the_name_in_the_certificate_is_checked(certificates: Certificates) -> None:
    """The certificate is for localhost and 127.0.0.1."""
    with mail_server("ssl", certificates) as box:
        ca_cert = str(certificates.ca_cert)
        result = notify(smtp_host="127.0.0.2", smtp_port=box.port, smtp_security="ssl", smtp_ca_cert=ca_cert)
        assert result["sent"] == []
        # 127.0.0.2 is not listened to; a name that resolves to the right address and is not in the certificate is.
        result = notify(smtp_host="127.1", smtp_port=box.port, smtp_security="ssl", smtp_ca_cert=ca_cert)
        assert "The certificate" in result["failures"][0]["msg"]
    assert box.messages == []


def test_a_server_without_tls_is_refused(box: MailBox) -> None:
    """Whoever takes STARTTLS out of the server's greeting gets nothing."""
    result = notify(smtp_port=box.port, smtp_security="starttls")
    assert "STARTTLS" in result["failures"][0]["msg"]
    assert box.messages == []


def test_a_wrong_password_is_not_tried_again_and_not_told(certificates: Certificates) -> None:
    """A locked account would be the next thing to happen."""
    wrong = "wr0ng-canary-1"
    with mail_server("starttls", certificates, login=True) as box:
        result = notify(
            smtp_port=box.port,
            smtp_security="starttls",
            smtp_ca_cert=str(certificates.ca_cert),
            smtp_user=ACCOUNT[0],
            smtp_password=wrong,
            retries=3,
        )
    assert "refused the login: 535" in result["failures"][0]["msg"]
    assert result["failures"][0]["attempts"] == 1
    assert wrong not in str(result)
    assert box.messages == []


def test_no_password_without_tls() -> None:
    """Except on this very machine, a password is not sent for all to read."""
    result = notify(smtp_host="mail.example.com", smtp_user="backup", smtp_password="canary-2")
    assert result["failed"] is True
    assert "readable" in result["msg"]
    assert "canary-2" not in str(result)


def test_a_password_beyond_ascii(certificates: Certificates) -> None:
    """smtplib cannot send it; nothing of it is told."""
    with mail_server("starttls", certificates, login=True) as box:
        login = {"smtp_user": ACCOUNT[0], "smtp_password": "f\u00e4hre-canary-3"}
        ca_cert = str(certificates.ca_cert)
        result = notify(smtp_port=box.port, smtp_security="starttls", smtp_ca_cert=ca_cert, **login)
    assert len(result["failures"]) == 1
    assert "canary-3" not in str(result)
    assert "xe4" not in str(result)


def test_who_is_told(box: MailBox) -> None:
    """The lists for success and failure; a failure with nobody on its list goes to the other."""
    for hosts, options, expected in (
        (GOOD, {}, ["log@example.com"]),
        (BAD, {}, ["oncall@example.com", "dba@example.com"]),
        (BAD, {"failure_recipients": []}, ["log@example.com"]),
        (GOOD, {"success_recipients": []}, None),
    ):
        before = len(box.messages)
        result = notify(smtp_port=box.port, hosts=hosts, **options)
        assert result["status"] == ("ok" if hosts is GOOD else "failed")
        if expected is None:
            assert (len(box.messages), result["sent"]) == (before, [])
            continue
        assert result["sent"][0]["recipients"] == expected
        assert box.envelopes[-1].rcpt_tos == expected
        assert [address for _name, address in getaddresses([str(box.messages[-1]["To"])])] == expected
    assert [message["Importance"] for message in box.messages] == [None, "high", "high"]


def test_check_mode_sends_nothing(box: MailBox) -> None:
    """And tells who would be told; a run changes nothing either."""
    result = run_module("backup_notify", {**OPTIONS, "smtp_port": box.port}, check=True)
    assert (result["changed"], result["sent"][0]["recipients"]) == (False, ["log@example.com"])
    assert (result["sent"][0]["attempts"], result["msg"]) == (0, "1 notice would be sent.")
    assert box.messages == []
    assert notify(smtp_port=box.port)["changed"] is False


def test_check_mode_asks_the_mail_server(box: MailBox) -> None:
    """Whether it takes mails to all recipients, those of bad news too."""
    options = {**OPTIONS, "smtp_port": box.port, "retries": 3}
    box.refuse = {"dba@example.com": ["550 5.1.1 No such user"]}
    result = run_module("backup_notify", options, check=True)
    assert (result["sent"], result["failed"]) == ([], False)
    assert "refused 1 of 3 recipients: dba@example.com (550" in result["failures"][0]["msg"]
    assert run_module("backup_notify", options, check=True)["failures"] == []
    result = run_module("backup_notify", {**options, "smtp_port": 1}, check=True)
    assert "Connection refused" in result["failures"][0]["msg"]
    assert box.messages == []


def test_greylisting_is_waited_for(box: MailBox) -> None:
    """A 4xx answer is tried again, and the message is the same."""
    box.answers = ["451 4.7.1 Greylisted, come back later"] * 2
    result = notify(smtp_port=box.port, retries=2)
    assert (result["sent"][0]["attempts"], result["failures"]) == (3, [])
    box.answers = ["451 4.7.1 Greylisted, come back later"] * 2
    result = notify(smtp_port=box.port, retries=1)
    assert "451 4.7.1 Greylisted" in result["failures"][0]["msg"]
    assert (result["failures"][0]["attempts"], result["failed"]) == (2, False)
    assert len(box.messages) == 1


def test_a_refused_message_is_not_tried_again(box: MailBox) -> None:
    """And fails the task only when that is asked for."""
    for required in (False, True):
        box.answers = ["554 5.7.1 Looks like spam"]
        result = notify(smtp_port=box.port, retries=3, required=required)
        assert result["failed"] is required
        assert result["failures"][0]["attempts"] == 1
        assert "554 5.7.1 Looks like spam" in result["msg"]
        assert box.answers == []


def test_some_recipients_are_refused(box: MailBox) -> None:
    """One for good, one for now: the others are told once, the one for now when its time has come."""
    recipients = ["a@example.com", "gone@example.com", "grey@example.com"]
    box.refuse = {
        "gone@example.com": ["550 5.1.1 No such user"] * 5,
        "grey@example.com": ["450 4.2.0 Greylisted"] * 1,
    }
    result = notify(smtp_port=box.port, success_recipients=recipients, retries=3)
    assert [envelope.rcpt_tos for envelope in box.envelopes] == [["a@example.com"], ["grey@example.com"]]
    assert result["sent"][0]["recipients"] == ["a@example.com", "grey@example.com"]
    assert "gone@example.com (550 5.1.1 No such user)" in result["failures"][0]["msg"]
    assert "grey@example.com" not in result["failures"][0]["msg"]
    assert box.messages[0]["Message-ID"] == box.messages[1]["Message-ID"]


@pytest.mark.parametrize("drip", [b"", b"220-\r\n"])
def test_a_server_that_hangs(drip: bytes) -> None:
    """Silence, and a greeting without end: both are given up, and another channel is not held up."""
    with silent_server(drip) as port:
        result = notify(smtp_port=port, attempt_timeout=1, retries=1)
    (failure,) = result["failures"]
    assert failure["attempts"] == 2
    assert "within 1 s" in failure["msg"]


def test_nobody_listens() -> None:
    """The message names the server, and what is wrong."""
    with silent_server() as port:
        pass
    (failure,) = notify(smtp_port=port)["failures"]
    assert failure["msg"] == f"127.0.0.1:{port} cannot be reached: Connection refused."


def test_headers_cannot_be_injected(box: MailBox) -> None:
    """Line breaks in a title or a host's name stay in the subject; in an address they are refused."""
    evil = "db\r\nBcc: all@example.com\r\n\r\n<b>body</b>"
    result = notify(smtp_port=box.port, title=f"Nightly{evil}", hosts=[{"host": evil, "state": "unreachable"}])
    (message,) = box.messages
    assert result["failures"] == []
    assert message["Bcc"] is None
    assert box.envelopes[0].rcpt_tos == ["oncall@example.com", "dba@example.com"]
    assert "\\r\\nBcc" in message["Subject"]
    for option in ({"sender": f"x@example.com{evil}"}, {"success_recipients": [f"x@example.com{evil}"]}):
        result = notify(smtp_port=box.port, **option)
        assert result["failed"] is True
        assert "is no e-mail address" in result["msg"]
    assert len(box.messages) == 1


def test_a_test_is_marked(box: MailBox) -> None:
    """In the subject and in both bodies."""
    notify(smtp_port=box.port, test_mode=True)
    assert box.messages[0]["Subject"].startswith("[TEST] Backup OK")
    assert box.part("plain").startswith("THIS IS A TEST.")
    assert "THIS IS A TEST" in box.part("html")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"smtp_host": None}, "smtp_host"),
        ({"sender": None}, "sender"),
        ({"smtp_user": "backup"}, "smtp_password"),
        ({"success_recipients": ["not an address"]}, "not an address"),
        ({"failure_recipients": ["a@b@c d"]}, "failure_recipients"),
        ({"smtp_ca_cert": "/nowhere/ca.pem", "smtp_security": "ssl"}, "/nowhere/ca.pem"),
        ({"smtp_ca_cert": __file__, "smtp_security": "ssl"}, "no certificate"),
        ({"smtp_port": 99999}, "smtp_port=99999"),
        ({"retries": -1}, "retries=-1"),
        ({"attempt_timeout": 0}, "attempt_timeout=0"),
        ({"started": "yesterday"}, "started='yesterday'"),
    ],
)
def test_options_that_cannot_be_used(box: MailBox, options: dict[str, Any], told: str) -> None:
    """They are told at once, in check mode too."""
    result = run_module("backup_notify", {**OPTIONS, "smtp_port": box.port, **options}, check=True)
    assert result["failed"] is True
    assert told in result["msg"]
    assert result["stage"] == "preflight"


def test_a_mail_of_a_large_fleet_is_whole(box: MailBox) -> None:
    """Two hundred hosts, names beyond ASCII, lines of any length."""
    hosts = [{**GOOD[0], "host": f"db-{number:03d}-\u00e4"} for number in range(200)]
    hosts[7] = {"host": "db-x", "state": "failed", "msg": "\u4e8b" * 5000}
    notify(smtp_port=box.port, hosts=hosts)
    assert "db-050-\u00e4" in box.part("plain")
    content = box.envelopes[0].content
    assert isinstance(content, bytes)
    assert max(len(line) for line in content.split(b"\r\n")) < 998
    assert len(box.part("html").encode()) < 100_000
