# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""E-mail, through the standard library."""

from __future__ import annotations

import dataclasses
import email.policy
import re
import smtplib
import socket
import ssl
import typing as t
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr

from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._notify import clean
from ansible_collections.vya.backupdb.plugins.module_utils._notify.base import Channel, ChannelError, Notice
from ansible_collections.vya.backupdb.plugins.module_utils._notify.web import unreachable

SECURITIES = ("ssl", "starttls", "none")
_PORTS = {"ssl": 465, "starttls": 587, "none": 25}
_LOOPBACK = re.compile(r"(?i)^(localhost|127(\.[0-9]{1,3}){3}|::1)$")
_HOST = re.compile(r"^[A-Za-z0-9_.:-]{1,255}$")
_FAREWELL = 3.0
_CERTIFICATE_HINT = (
    "smtp_host must be the name in the certificate; smtp_ca_cert takes the certificate of a CA of your own."
)
_WRONG_TLS_HINT = "Check smtp_port and smtp_security: ssl is for port 465, starttls for 587."


@dataclasses.dataclass(frozen=True)
class MailServer:
    """Where mail is handed in. ``security``: ssl, starttls or none; ``port`` 0 is the usual one of it."""

    host: str
    port: int = 0
    user: str = ""
    password: str = ""
    security: str = "starttls"
    ca_cert: str = ""

    def __post_init__(self) -> None:
        if not _HOST.match(self.host):
            raise ConfigError("smtp_host is no name and no address of a host.")
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"smtp_port={self.port} is out of range.")
        if bool(self.user) != bool(self.password):
            raise ConfigError("smtp_user and smtp_password belong together: one of them is empty.")
        if self.user and self.security == "none" and not _LOOPBACK.match(self.host):
            raise ConfigError(
                f"smtp_security=none would send smtp_password readable to {self.host}.",
                hint="Use starttls or ssl, or leave out smtp_user and smtp_password.",
            )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or _PORTS[self.security]

    def context(self) -> ssl.SSLContext:
        """What a certificate is checked with."""
        try:
            context = ssl.create_default_context(cafile=self.ca_cert or None)
        except OSError as exc:  # ssl.SSLError is one
            why = exc.strerror if isinstance(exc, FileNotFoundError) else "it holds no certificate that can be read"
            raise ConfigError(f"smtp_ca_cert: {self.ca_cert}: {why}.") from exc
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


class MailChannel(Channel):
    """One message to all recipients."""

    name = "email"

    def __init__(self, server: MailServer, sender: str, recipients: t.Sequence[str], option: str) -> None:
        host, port = server.address
        super().__init__(f"{host}:{port}")
        self._server = server
        self._context = server.context() if server.security != "none" else None
        self._sender = parse_address(sender, "sender")
        self._recipients = [parse_address(text, option) for text in dict.fromkeys(recipients)]
        self._left = list(dict.fromkeys(address.addr_spec for address in self._recipients))
        self._delivered: list[str] = []
        self._refused: dict[str, str] = {}
        self._message = EmailMessage()

    def prepare(self, notice: Notice) -> None:
        message = EmailMessage(policy=email.policy.SMTP)
        message["Subject"] = clean.line(notice.subject, 200)
        message["From"] = self._sender
        message["To"] = tuple(self._recipients)
        message["Date"] = formatdate(localtime=False)
        # The same for every attempt: who gets it twice sees it once.
        message["Message-ID"] = make_msgid(idstring="backupdb", domain=self._sender.domain or _own_name())
        # No out-of-office notes in return.
        message["Auto-Submitted"] = "auto-generated"
        if notice.failed:
            message["Importance"] = "high"
        message.set_content(notice.text, cte="quoted-printable")
        message.add_alternative(notice.html, subtype="html", cte="quoted-printable")
        self._message = message

    def attempt(self, timeout: float) -> None:
        self._speak(self._send, timeout)

    def probe(self, timeout: float) -> bool:
        self._speak(self._ask, timeout)
        return True

    def _speak(self, what: t.Callable[[smtplib.SMTP], None], timeout: float) -> None:
        try:
            smtp = self._connected(timeout)
            try:
                what(smtp)
            finally:
                _hang_up(smtp)
        except (smtplib.SMTPException, OSError, UnicodeError, ValueError) as exc:
            raise self._explained(exc, timeout) from exc

    def secrets(self) -> t.Iterable[str]:
        return {self._server.password} - {""}

    def told(self, *, check_mode: bool = False) -> dict[str, t.Any]:
        return {"recipients": list(self._left if check_mode else self._delivered)}

    def _connected(self, timeout: float) -> smtplib.SMTP:
        """Greeted, encrypted, logged in."""
        server = self._server
        (host, port), own_name = server.address, _own_name()
        smtp: smtplib.SMTP
        if server.security == "ssl":
            smtp = smtplib.SMTP_SSL(host, port, own_name, timeout=timeout, context=self._context)
        else:
            smtp = smtplib.SMTP(host, port, own_name, timeout=timeout)
        try:
            if server.security == "starttls":
                smtp.starttls(context=self._context)
            if server.user:
                smtp.login(server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _ask(self, smtp: smtplib.SMTP) -> None:
        """Name the sender and the recipients, and no message."""
        smtp.ehlo_or_helo_if_needed()
        code, said = smtp.mail(self._sender.addr_spec)
        if code >= 400:
            raise smtplib.SMTPSenderRefused(code, said, self._sender.addr_spec)
        answers = {address: smtp.rcpt(address) for address in self._left}
        smtp.rset()
        self._tell_refused({address: answer for address, answer in answers.items() if answer[0] >= 400})

    def _send(self, smtp: smtplib.SMTP) -> None:
        """To all who are left; ChannelError when some of them are refused."""
        try:
            refused = smtp.send_message(self._message, self._sender.addr_spec, self._left)
        except smtplib.SMTPRecipientsRefused as exc:
            refused = exc.recipients
        self._delivered += [address for address in self._left if address not in refused]
        self._tell_refused(refused)

    def _tell_refused(self, refused: t.Mapping[str, tuple[int, bytes]]) -> None:
        """ChannelError when there are any."""
        for address, (code, said) in refused.items():
            self._refused[address] = f"{address} ({code} {clean.line(_decoded(said))})"
        self._left = [address for address in self._left if address in refused and refused[address][0] < 500]
        for address in self._delivered:
            self._refused.pop(address, None)
        if self._refused:
            told = ", ".join(list(self._refused.values())[:5])
            raise ChannelError(
                f"{self.target} refused {len(self._refused)} of {len(self._recipients)} recipients: {told}.",
                final=not self._left,
                hint="" if self._left else "Check their addresses.",
            )

    def _explained(self, exc: Exception, timeout: float) -> ChannelError:
        if isinstance(exc, smtplib.SMTPAuthenticationError):
            hint = "Check smtp_user and smtp_password."
            return ChannelError(f"{self.target} refused the login: {_answer(exc)}.", final=_is_final(exc), hint=hint)
        if isinstance(exc, smtplib.SMTPSenderRefused):
            told = f"{self.target} refused the sender {self._sender.addr_spec}: {_answer(exc)}."
            return ChannelError(told, final=_is_final(exc))
        if isinstance(exc, smtplib.SMTPResponseException):
            return ChannelError(f"{self.target} refused the message: {_answer(exc)}.", final=_is_final(exc))
        if isinstance(exc, smtplib.SMTPNotSupportedError):
            return ChannelError(f"{self.target}: {clean.line(exc)}", final=True, hint=_WRONG_TLS_HINT)
        if isinstance(exc, smtplib.SMTPServerDisconnected):
            # smtplib says this of a time limit as well.
            if isinstance(exc.__context__, socket.timeout):
                return unreachable(self.target, exc.__context__, timeout, "")
            return ChannelError(f"{self.target} closed the connection.", hint=_WRONG_TLS_HINT)
        if isinstance(exc, UnicodeError):
            # Its text would quote the password.
            told = "smtp_user, smtp_password or an address holds characters that the mail server does not take."
            return ChannelError(told, final=True)
        certificate = isinstance(exc, ssl.SSLCertVerificationError)
        return unreachable(self.target, exc, timeout, _CERTIFICATE_HINT if certificate else _WRONG_TLS_HINT)


def parse_address(text: str, option: str) -> Address:
    """``ops@example.com``, ``Ops <ops@example.com>``, or the name of a local mailbox. ConfigError otherwise."""
    shown = clean.line(text, 80)
    problem = ConfigError(f"{option}: {shown!r} is no e-mail address.", hint="Give one such as ops@example.com.")
    if clean.line(text, len(text) + 1) != text.strip():
        raise problem
    name, spec = parseaddr(text.strip())
    rest = text.replace(name, "", 1).strip(' "') if name else text.strip()
    user, at, domain = spec.rpartition("@")
    if (
        not spec
        or rest not in (spec, f"<{spec}>")
        or re.search(r'[\s<>(),;:"\\]', spec)
        or (at and not (user and domain))
    ):
        raise problem
    try:
        return Address(name, username=user if at else spec, domain=domain if at else "")
    except (ValueError, IndexError) as exc:
        raise problem from exc


def _hang_up(smtp: smtplib.SMTP) -> None:
    """A farewell that fails or takes long changes nothing: the message has its answer."""
    try:
        if smtp.sock:
            smtp.sock.settimeout(_FAREWELL)
        smtp.quit()
    except (smtplib.SMTPException, OSError):
        pass
    finally:
        smtp.close()


def _own_name() -> str:
    """How to greet. Not the full name: to ask the DNS for it may take longer than all the rest."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", name) else "localhost"


def _is_final(exc: smtplib.SMTPResponseException) -> bool:
    """RFC 5321, 4.2.1: what begins with 5 will be answered in the same way again."""
    return exc.smtp_code >= 500


def _answer(exc: smtplib.SMTPResponseException) -> str:
    return f"{exc.smtp_code} {clean.line(_decoded(exc.smtp_error))}".rstrip(".")


def _decoded(said: object) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


__all__ = ("SECURITIES", "MailChannel", "MailServer", "parse_address")
