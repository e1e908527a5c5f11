# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""One HTTP request, and what can go wrong with it."""

from __future__ import annotations

import base64
import http.client
import re
import socket
import ssl
import typing as t
import urllib.error
import urllib.request
from urllib.parse import unquote, urlsplit, urlunsplit

from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError, redact
from ansible_collections.vya.backupdb.plugins.module_utils._notify import clean
from ansible_collections.vya.backupdb.plugins.module_utils._notify.base import ChannelError

_USER_AGENT = "vya.backupdb"
_ANSWER_READ = 4096
_ANSWER_TOLD = 200
# Request Timeout, Too Early, Too Many Requests: the same request may do later.
_LATER = (408, 425, 429)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected POST loses its body, and the token in a URL is none of the next server's business."""

    def redirect_request(
        self, req: urllib.request.Request, fp: t.Any, code: int, msg: str, headers: t.Any, newurl: str
    ) -> None:
        return None


class Endpoint:
    """A URL that is known to be one. ``target`` tells where it leads without its path, which may hold a token."""

    def __init__(self, url: str, option: str) -> None:
        problem = _problem(url)
        if problem:
            raise ConfigError(
                f"{option} is no usable URL: {problem}.", hint="Give one such as https://example.com/path."
            )
        parts = urlsplit(url)
        self.target = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._url = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", parts.query, ""))
        self._authorization = ""
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._authorization = "Basic " + base64.b64encode(login.encode()).decode()
        self.secrets = clean.secrets_of_url(url) | {self._url, self._authorization[6:]}
        self.secrets |= {text for text in (parts.path, parts.query) if len(text) > 4}

    def request(self, *, timeout: float, body: bytes | None = None, headers: t.Mapping[str, str] | None = None) -> None:
        """POST the ``body``, or GET when there is none. ChannelError unless the answer is a success."""
        request = urllib.request.Request(self._url, data=body, method="GET" if body is None else "POST")
        for name, value in {"User-Agent": _USER_AGENT, **(headers or {})}.items():
            request.add_header(name, value)
        if self._authorization:
            request.add_unredirected_header("Authorization", self._authorization)
        handlers = (_NoRedirects, urllib.request.HTTPSHandler(context=ssl.create_default_context()))
        opener = urllib.request.build_opener(*handlers)
        try:
            with opener.open(request, timeout=timeout) as answer:
                answer.read(_ANSWER_READ)
        except urllib.error.HTTPError as exc:
            raise self._refused(exc) from exc
        except (OSError, http.client.HTTPException) as exc:
            raise self._unreachable(exc, timeout) from exc

    def _refused(self, exc: urllib.error.HTTPError) -> ChannelError:
        told = f"{self.target} answered with status {exc.code}"
        if 300 <= exc.code < 400:
            elsewhere = urlsplit(exc.headers.get("Location") or "").hostname or "another place"
            told += f", a redirect to {clean.line(redact(elsewhere, self.secrets), 80)}, which is not followed."
            return ChannelError(told, final=True, hint="Give the URL that it leads to.")
        said = ""
        try:
            said = clean.line(self._safe(exc.read(_ANSWER_READ)), _ANSWER_TOLD)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            exc.close()
        told += f": {said}" if said else "."
        if exc.code >= 500 or exc.code in _LATER:
            return ChannelError(told)
        return ChannelError(told, final=True, hint="Check the URL, and what the service expects.")

    def _safe(self, answer: bytes) -> str:
        """What was answered without the secrets; also without its end, where half of one may stand."""
        text = redact(clean.masked(answer.decode("utf-8", "replace")), self.secrets)
        return text if len(answer) < _ANSWER_READ else text[: -2 * max(len(secret) for secret in self.secrets)]

    def _unreachable(self, exc: Exception, timeout: float) -> ChannelError:
        cause = exc.reason if isinstance(exc, urllib.error.URLError) else exc
        return unreachable(self.target, cause, timeout, "Check the host name in the URL, and the certificate.")


def unreachable(target: str, cause: object, timeout: float, hint: str) -> ChannelError:
    """What to say when there was no proper answer; ``hint`` is for a certificate that does not fit."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return ChannelError(f"The certificate of {target} is refused: {cause.verify_message}.", final=True, hint=hint)
    if isinstance(cause, ssl.SSLError):
        return ChannelError(f"TLS with {target} failed: {cause.reason or 'the connection broke'}.", hint=hint)
    if isinstance(cause, socket.timeout):
        return ChannelError(f"{target} did not answer within {timeout:g} s.")
    if isinstance(cause, socket.gaierror):
        return ChannelError(f"{target} cannot be found: {cause.strerror}.", hint="Check the host's name.")
    if isinstance(cause, OSError) and cause.strerror:
        return ChannelError(f"{target} cannot be reached: {clean.line(cause.strerror)}.")
    return ChannelError(f"{target} did not answer as it should ({type(cause).__name__}).")


def _problem(url: str) -> str:
    """Why it is no URL that can be used; empty when it is one. Nothing of the URL is told."""
    if re.search(r"[\x00-\x20\x7f]", url):
        return "it holds a space or a control character"
    if not url.isascii():
        return "it holds characters beyond ASCII, which must be percent-encoded"
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        return "its host or its port is malformed"
    if parts.scheme not in ("http", "https"):
        return "it starts with neither https:// nor http://"
    return "" if parts.hostname else "it names no host"


__all__ = ("Endpoint", "unreachable")
