# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that notices are sent to: a mail server, an HTTP server, and one that says nothing."""

from __future__ import annotations

import contextlib
import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from support.tls import Certificates

ACCOUNT = ("backup@example.com", "pa55-for-the-mail")


@dataclass
class MailBox:
    """A mail server. ``refuse``: what it answers to a recipient, as often as told; ``answers``: what to the next
    messages, before it takes them."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    refuse: dict[str, list[str]] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    logins: int = 0

    async def handle_RCPT(  # pylint: disable=invalid-name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """One recipient."""
        if self.refuse.get(address):
            return self.refuse[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # pylint: disable=invalid-name
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """One message."""
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.envelopes.append(envelope)
        self.sessions.append(session)
        return "250 Message accepted"

    def authenticate(self, *args: Any) -> AuthResult:
        """One login."""
        self.logins += 1
        given = args[-1]
        assert isinstance(given, LoginPassword)
        right = (given.login.decode(), given.password.decode()) == ACCOUNT
        return AuthResult(success=right, handled=False)

    def part(self, kind: str) -> str:
        """The content of the newest message, ``plain`` or ``html``."""
        body = self.messages[-1].get_body((kind,))
        assert body is not None
        content: str = body.get_content()
        return content


@contextlib.contextmanager
def mail_server(security: str, certificates: Certificates | None = None, *, login: bool = False) -> Iterator[MailBox]:
    """A mail server on 127.0.0.1 until the block ends; ``security`` as the option smtp_security."""
    box = MailBox()
    context = None
    if certificates is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates.server_cert, certificates.server_key)
    options: dict[str, Any] = {
        "authenticator": box.authenticate,
        "auth_required": login,
        # It knows of TLS only when it was asked for in the session.
        "auth_require_tls": security == "starttls",
    }
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        box.port = probe.getsockname()[1]
    wrap = context if security == "ssl" else None
    controller = Controller(box, hostname="127.0.0.1", port=box.port, ssl_context=wrap, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@dataclass
class Request:
    """What an HTTP server was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class WebServer(ThreadingHTTPServer):
    """Keeps what it is asked. ``answers``: status, headers and body of the next answers; then 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[Request] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: WebServer

    def do_GET(self) -> None:  # pylint: disable=invalid-name
        """Keep the request, and answer as told."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append(Request(self.command, self.path, dict(self.headers), body))
        status, headers, content = self.server.answers.pop(0) if self.server.answers else (200, {}, b"OK")
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # pylint: disable=invalid-name

    def log_message(self, *args: Any) -> None:  # pylint: disable=arguments-differ
        """Say nothing."""


@contextlib.contextmanager
def web_server() -> Iterator[WebServer]:
    """An HTTP server until the block ends."""
    with WebServer() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def silent_server(drip: bytes = b"") -> Iterator[int]:
    """A port that takes connections and says nothing, or one byte of ``drip`` every tenth of a second, without end."""
    over = threading.Event()

    def serve(listener: socket.socket) -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                connection, _address = listener.accept()
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while not over.wait(0.1):
                connection.sendall(drip)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join()
