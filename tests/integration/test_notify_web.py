# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""backup_notify and HTTP servers: webhooks, signs of life, Apprise; and what is never told to anybody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.modules import TREE, run_module, run_play
from support.post import WebServer, mail_server, silent_server, web_server
from support.tls import make_certificates

TOKEN = "t0ken-canary-8f3a"
SECRET = "hmac-canary-77"
GOOD: list[dict[str, Any]] = [
    {
        "host": "db1",
        "state": "ok",
        "instances": [{"instance": "main", "backups": [{"database": "shop", "size": 1000, "seconds": 2.5}]}],
    }
]
BAD = [{"host": "db2", "state": "failed", "msg": f"the store at https://u:pa55-canary@s3.example.com/{TOKEN} is gone"}]


def notify(**options: Any) -> dict[str, Any]:
    """The result of backup_notify."""
    return run_module("backup_notify", {"hosts": GOOD, "retries": 0, "retry_delay": 0, **options})


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


def test_a_webhook_is_signed(web: WebServer) -> None:
    """The signature is the HMAC of the very bytes that arrive."""
    result = notify(webhook_url=f"{web.url}/hook?key={TOKEN}", webhook_secret=SECRET, test_mode=True)
    assert result["sent"] == [{"channel": "webhook", "target": web.url, "attempts": 1}]
    (request,) = web.requests
    assert (request.method, request.path) == ("POST", f"/hook?key={TOKEN}")
    assert request.headers["Content-Type"] == "application/json"
    expected = hmac.new(SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["X-Hub-Signature-256"] == f"sha256={expected}"
    content = json.loads(request.body)
    assert (content["version"], content["status"], content["test"]) == (1, "ok", True)
    assert content["hosts"][0] | {"seconds": 0} == {
        "host": "db1",
        "state": "ok",
        "databases": 1,
        "size": 1000,
        "seconds": 0,
        "failures": 0,
        "drills": 0,
        "removed": 0,
    }
    assert TOKEN not in str(result)
    assert SECRET not in str(result)


def test_a_webhook_without_a_secret_is_not_signed(web: WebServer) -> None:
    """But a login in the URL is sent as one."""
    notify(webhook_url=web.url.replace("//", "//hook:p%40ss@"))
    (request,) = web.requests
    assert "X-Hub-Signature-256" not in request.headers
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"hook:p@ss").decode()


def test_what_may_pass_is_tried_again(web: WebServer) -> None:
    """A server in trouble or under load; the third attempt gets through."""
    web.answers = [(503, {}, b"busy"), (429, {}, b"slow down")]
    result = notify(webhook_url=web.url, retries=2)
    assert (result["sent"][0]["attempts"], result["failures"]) == (3, [])
    assert len({request.body for request in web.requests}) == 1
    web.answers = [(500, {}, b"broken")] * 3
    result = notify(webhook_url=web.url, retries=2)
    assert result["failures"][0]["attempts"] == 3
    assert "status 500: broken" in result["failures"][0]["msg"]


def test_what_will_not_pass_is_not_tried_again(web: WebServer) -> None:
    """Not found, and a redirect: what is sent is for the server that was named."""
    with web_server() as other:
        for status, headers, told in (
            (404, {}, "status 404"),
            (302, {"Location": f"http://localhost:{other.server_port}/{TOKEN}"}, "redirect to localhost"),
            (307, {"Location": f"http://localhost:{other.server_port}/{TOKEN}"}, "redirect to localhost"),
        ):
            web.answers = [(status, headers, b"no")]
            result = notify(webhook_url=f"{web.url}/{TOKEN}", retries=3)
            assert told in result["failures"][0]["msg"]
            assert result["failures"][0]["attempts"] == 1
            assert TOKEN not in str(result)
        assert other.requests == []


def test_an_answer_that_quotes_the_secrets(web: WebServer) -> None:
    """What a server says is told, without what it should have kept for itself."""
    said = f"no such hook /{TOKEN} {SECRET}\x1b[31m"
    web.answers = [(400, {}, said.encode())]
    result = notify(webhook_url=f"{web.url}/{TOKEN}", webhook_secret=SECRET)
    assert "no such hook" in result["failures"][0]["msg"]
    for word in (TOKEN, SECRET, "\x1b"):
        assert word not in str(result)


@pytest.mark.parametrize("drip", [b"", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_server_that_hangs(drip: bytes, web: WebServer) -> None:
    """It is given up, and the others are told all the same."""
    with silent_server(drip) as port:
        result = notify(webhook_url=f"http://127.0.0.1:{port}/", ping_success=f"{web.url}/up", attempt_timeout=1)
    assert "within 1 s" in result["failures"][0]["msg"]
    assert [request.path for request in web.requests] == ["/up"]


def test_a_certificate_is_checked(tmp_path: Path) -> None:
    """With HTTPS, as browsers do."""
    certificates = make_certificates(tmp_path / "tls")
    with mail_server("ssl", certificates) as box:
        result = notify(webhook_url=f"https://127.0.0.1:{box.port}/{TOKEN}", retries=3)
    assert "certificate" in result["failures"][0]["msg"]
    assert result["failures"][0]["attempts"] == 1
    assert TOKEN not in str(result)


def test_signs_of_life(web: WebServer) -> None:
    """One URL for each event; the others are left alone, and a test is none."""
    urls = {f"ping_{name}": f"{web.url}/{TOKEN}/{name}" for name in ("start", "success", "fail")}
    everything = {**urls, "webhook_url": f"{web.url}/hook"}
    for options, expected in (
        ({"event": "start", "hosts": []}, ["/start"]),
        ({}, ["/success", "hook"]),
        ({"hosts": BAD}, ["/fail", "hook"]),
        ({"hosts": []}, ["/fail", "hook"]),
        ({"test_mode": True}, ["hook"]),
    ):
        web.requests.clear()
        result = notify(**everything, **options)
        seen = sorted(request.path.replace(f"/{TOKEN}", "").replace("/hook", "hook") for request in web.requests)
        assert seen == expected
        assert len(result["sent"]) == len(expected)
        assert ("status" in result) == (options.get("event") != "start")
        assert TOKEN not in str(result)
    assert {request.method for request in web.requests if "hook" not in request.path} <= {"GET"}


def test_check_mode_asks_for_nothing(web: WebServer) -> None:
    """No webhook, no sign of life, no chat."""
    options = {"hosts": GOOD, "webhook_url": web.url, "ping_success": web.url, "apprise_urls": [_apprise(web)]}
    result = run_module("backup_notify", options, check=True)
    assert [item["channel"] for item in result["sent"]] == ["webhook", "apprise", "ping"]
    assert (web.requests, result["changed"]) == ([], False)


def _apprise(web: WebServer) -> str:
    return f"json://127.0.0.1:{web.server_port}/{TOKEN}"


def test_apprise(web: WebServer) -> None:
    """The short form arrives, with the type that colours it; each URL is a channel of its own."""
    result = notify(hosts=BAD, apprise_urls=[_apprise(web), f"{_apprise(web)}/second"])
    assert [item["target"] for item in result["sent"]] == ["json (1)", "json (2)"]
    content = json.loads(web.requests[0].body)
    assert content["title"] == "Backup FAILED: db2" == result["subject"]
    assert "db2: the store at" in content["message"]
    assert content["type"] == "failure"
    assert "pa55-canary" not in content["message"]


def test_apprise_that_fails(web: WebServer) -> None:
    """It is tried again and reported, with what Apprise says and without the URL."""
    web.answers = [(500, {}, b"")] * 2
    result = notify(apprise_urls=[_apprise(web)], retries=1)
    (failure,) = result["failures"]
    assert (failure["target"], failure["attempts"], len(web.requests)) == ("json (1)", 2, 2)
    assert "500" in failure["msg"]
    assert TOKEN not in str(result)


@pytest.mark.parametrize("before", [80, 4090])
def test_no_part_of_a_secret_is_left_where_an_answer_is_cut(web: WebServer, before: int) -> None:
    """A server that quotes the URL and the key, wherever in its answer."""
    text = "E" * before + TOKEN * 3 + SECRET * 3
    web.answers = [(404, {}, (text + "F" * 400).encode()), (404, {}, text.encode()[:4096])]
    for dummy in range(2):
        result = notify(webhook_url=f"{web.url}/hook/{TOKEN}", webhook_secret=SECRET)
        told = result["failures"][0]["msg"]
        assert "404" in told
        pieces = {secret[n : n + 4] for secret in (TOKEN, SECRET) for n in range(len(secret) - 3)}
        assert [piece for piece in pieces if piece in told] == []


def test_urls_that_apprise_does_not_know(web: WebServer) -> None:
    """Told by their number, before anything is sent."""
    for url in (f"nosuch://{TOKEN}/x", TOKEN):
        result = notify(apprise_urls=[_apprise(web), url], webhook_url=web.url)
        assert result["failed"] is True
        assert "number 2" in result["msg"]
        assert TOKEN not in str(result)
    assert web.requests == []


def test_without_apprise(tmp_path: Path, web: WebServer) -> None:
    """The message names the library; it is not missed by those who do not use it."""
    (tmp_path / "apprise.py").write_text("raise ImportError('not here')\n", encoding="utf-8")
    hidden = {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(TREE)))}
    result = run_module("backup_notify", {"hosts": GOOD, "apprise_urls": ["json://x"]}, env=hidden)
    assert result["failed"] is True
    assert "(apprise 1.0 or newer)" in result["msg"]
    result = run_module("backup_notify", {"hosts": GOOD, "webhook_url": web.url}, env=hidden)
    assert len(result["sent"]) == 1


@pytest.mark.parametrize(
    "url", ["ftp://example.com/canary", "example.com/canary", "http://", "http://h:port/canary", "http://h/a canary\n"]
)
def test_urls_that_cannot_be_used(url: str, web: WebServer) -> None:
    """Told by the option's name, and not quoted."""
    for option in ("webhook_url", "ping_fail"):
        result = notify(**{"ping_success": web.url, option: url})
        assert result["failed"] is True
        assert result["msg"].startswith(f"{option} is no usable URL")
        assert "canary" not in str(result)
    assert web.requests == []


def test_nobody_to_tell() -> None:
    """A warning, and a failure when somebody must be told."""
    result = notify()
    assert (result["failed"], result["sent"]) == (False, [])
    assert "No channel is configured" in result["warnings"][0]
    assert notify(required=True)["failed"] is True
    assert "would sign nothing" in notify(webhook_secret=SECRET)["msg"]


def test_secrets_in_what_hosts_say(web: WebServer) -> None:
    """Passwords of channels and those that are named are taken out of every form; age identities always are."""
    identity = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
    canaries = [TOKEN, SECRET, "smtp-canary-1", "db-canary-1", "pa55-canary", identity]
    msg = " ".join(canaries[:4]) + f" https://u:pa55-canary@x/ {identity} password=pa55-canary"
    instance = {"instance": msg, "failures": [{"database": msg, "stage": msg, "msg": msg}], "warnings": [msg]}
    with mail_server("none") as box:
        result = notify(
            hosts=[{"host": msg, "state": "failed", "msg": msg + " too", "instances": [instance]}],
            title=msg,
            redact=["db-canary-1"],
            webhook_url=f"{web.url}/{TOKEN}",
            webhook_secret=SECRET,
            apprise_urls=[_apprise(web)],
            smtp_host="localhost",
            smtp_port=box.port,
            smtp_security="none",
            smtp_user="u",
            smtp_password="smtp-canary-1",
            sender="backup@example.com",
            success_recipients=["ops@example.com"],
        )
    # This server knows no login, so the mail is a failure to look at as well.
    assert [item["channel"] for item in result["failures"]] == ["email"]
    everything = str(result) + str([request.body for request in web.requests])
    assert len(web.requests) == 2
    for canary in canaries:
        assert canary not in everything


def test_through_ansible(web: WebServer) -> None:
    """As a task, with defaults of the action group, and nothing secret in all that -vvvv prints."""
    options = {"hosts": BAD, "apprise_urls": [_apprise(web)], "webhook_url": f"{web.url}/{TOKEN}"}
    defaults = {"webhook_secret": SECRET}
    (result,), printed = run_play([("backup_notify", options)], defaults=defaults, verbosity=4)
    assert len(result["sent"]) == 2
    assert "X-Hub-Signature-256" in web.requests[0].headers or "X-Hub-Signature-256" in web.requests[1].headers
    assert SECRET not in printed
    assert f"{web.url}/{TOKEN}" not in printed
