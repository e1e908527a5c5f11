# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""What backup_notify does: read what happened, make a notice of it, send it through every channel."""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._errors import ConfigError
from ansible_collections.vya.backupdb.plugins.module_utils._manifest import parse_time, utc_now
from ansible_collections.vya.backupdb.plugins.module_utils._notify import clean, wording
from ansible_collections.vya.backupdb.plugins.module_utils._notify.apprise_url import AppriseChannel
from ansible_collections.vya.backupdb.plugins.module_utils._notify.base import Channel, Notice
from ansible_collections.vya.backupdb.plugins.module_utils._notify.delivery import Delivery, Patience, deliver
from ansible_collections.vya.backupdb.plugins.module_utils._notify.digest import Digest, counted
from ansible_collections.vya.backupdb.plugins.module_utils._notify.mail import MailChannel, MailServer
from ansible_collections.vya.backupdb.plugins.module_utils._notify.page import page
from ansible_collections.vya.backupdb.plugins.module_utils._notify.payload import payload
from ansible_collections.vya.backupdb.plugins.module_utils._notify.ping import PingChannel
from ansible_collections.vya.backupdb.plugins.module_utils._notify.reading import read
from ansible_collections.vya.backupdb.plugins.module_utils._notify.text import short, text
from ansible_collections.vya.backupdb.plugins.module_utils._notify.webhook import WebhookChannel
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import Answer, Job

_URLS = ("webhook_url", "ping_start", "ping_success", "ping_fail")
_RECIPIENTS = ("success_recipients", "failure_recipients")


def run(job: Job) -> Answer:
    """Tell everybody. A channel that fails is in ``failures``; the task fails for it when it is ``required``."""
    params = job.params
    # A result repeats the options of its task. What happened on two hundred hosts would be too much there.
    hosts, params["hosts"] = params["hosts"], counted(len(params["hosts"]), "host")
    _keep_secrets(job)
    params["title"] = clean.masked(job.run.redact(params["title"]))
    patience = _patience(params)
    digest = _digest(job, hosts)
    channels = _channels(params, digest)
    if params["required"] and not _configured(params):
        raise ConfigError("required=true, and no channel is configured.", hint=_HINT)
    notice = _notice(digest)
    for channel in channels:
        channel.prepare(notice)
    done = _probed(job, channels) if job.check_mode else deliver(channels, patience, job.run.check)
    return _answer(job, digest, notice, done)


def _probed(job: Job, channels: t.Sequence[Channel]) -> list[Delivery]:
    """Check mode: those that would hear of it, after the mail server was asked whether it takes mails to everybody who
    is named, good news or bad. Other channels have no question that tells nothing."""
    params = job.params
    asked = [mail] if (mail := _mail(params, *_RECIPIENTS)) else []
    failed = [
        delivery
        for delivery in deliver(asked, Patience(0, 0.0, float(params["attempt_timeout"])), job.run.check, probe=True)
        if delivery.error
    ]
    bad = [delivery.channel.target for delivery in failed]
    return [Delivery(channel) for channel in channels if channel.target not in bad] + failed


_HINT = "Give smtp_host and recipients, webhook_url, ping_success and ping_fail, or apprise_urls."


def _keep_secrets(job: Job) -> None:
    """Nobody reads any of these in a notice or in a result."""
    params = job.params
    given = [params["smtp_password"], params["webhook_secret"], *params["redact"]]
    for url in (*(params[name] for name in _URLS), *params["apprise_urls"]):
        given += clean.secrets_of_url(url or "")
    # A secret of several lines is shown line by line.
    job.run.keep_secret(
        *(text for secret in given if secret for text in (secret, *secret.splitlines()) if text.strip())
    )


def _patience(params: t.Mapping[str, t.Any]) -> Patience:
    for name, least in (("retries", 0), ("retry_delay", 0), ("attempt_timeout", 1)):
        if params[name] < least:
            raise ConfigError(f"{name}={params[name]} is out of range: it must be at least {least}.")
    return Patience(params["retries"], float(params["retry_delay"]), float(params["attempt_timeout"]))


def _digest(job: Job, hosts: t.Sequence[t.Mapping[str, t.Any]]) -> Digest:
    params = job.params
    return read(
        hosts,
        title=params["title"],
        started=_moment(params, "started"),
        finished=_moment(params, "finished") or utc_now(),
        test=params["test_mode"],
        redact=job.run.redact,
    )


def _moment(params: t.Mapping[str, t.Any], name: str) -> dt.datetime | None:
    if not params[name]:
        return None
    try:
        return parse_time(params[name])
    except ValueError as exc:
        raise ConfigError(f"{name}={params[name]!r} is no ISO 8601 time such as 2026-11-21T23:15:00Z.") from exc


def _notice(digest: Digest) -> Notice:
    return Notice(
        subject=wording.subject(digest),
        failed=digest.failed,
        text=text(digest),
        html=page(digest),
        short=short(digest),
        payload=payload(digest),
    )


def _configured(params: t.Mapping[str, t.Any]) -> bool:
    return any(params[name] for name in (*_URLS, *_RECIPIENTS, "apprise_urls"))


def _channels(params: t.Mapping[str, t.Any], digest: Digest) -> list[Channel]:
    """The channels that hear of this event. All that are configured are made, so that a mistake in one shows at once,
    and not in the night in which it is needed first."""
    mails = {name: _mail(params, name) for name in _RECIPIENTS}
    pings = {name: PingChannel(params[name], name) for name in _URLS[1:] if params[name]}
    others: list[Channel] = [AppriseChannel(url, number) for number, url in enumerate(params["apprise_urls"], 1)]
    if params["webhook_url"]:
        others.insert(0, WebhookChannel(params["webhook_url"], params["webhook_secret"] or ""))
    elif params["webhook_secret"]:
        raise ConfigError("webhook_secret would sign nothing: webhook_url is empty.")
    if params["event"] == "start":
        wanted: list[Channel | None] = [pings.get("ping_start")]
    else:
        # Nobody is to miss a failure because only the other list was filled in.
        mail = (
            (mails["failure_recipients"] or mails["success_recipients"])
            if digest.failed
            else mails["success_recipients"]
        )
        wanted = [mail, *others, pings.get("ping_fail" if digest.failed else "ping_success")]
    return [channel for channel in wanted if channel and not (params["test_mode"] and isinstance(channel, PingChannel))]


def _mail(params: t.Mapping[str, t.Any], *names: str) -> MailChannel | None:
    """One mail to all recipients of some lists."""
    recipients = [address for name in names for address in params[name] if address.strip()]
    if not recipients:
        return None
    name = " and ".join(names)
    for option in ("smtp_host", "sender"):
        if not params[option]:
            raise ConfigError(f"{name} is given, and {option} is not.", hint="E-mail needs smtp_host and sender.")
    server = MailServer(
        host=params["smtp_host"],
        port=params["smtp_port"] or 0,
        user=params["smtp_user"] or "",
        password=params["smtp_password"] or "",
        security=params["smtp_security"],
        ca_cert=params["smtp_ca_cert"] or "",
    )
    return MailChannel(server, params["sender"], recipients, name)


def _answer(job: Job, digest: Digest, notice: Notice, deliveries: t.Sequence[Delivery]) -> Answer:
    """Who was told, and who was not."""
    sent, failures = [], []
    for delivery in deliveries:
        channel = delivery.channel
        known = {"channel": channel.name, "target": channel.target, "attempts": delivery.attempts}
        told = channel.told(check_mode=job.check_mode)
        if delivery.error:
            failures.append({**known, "msg": job.run.redact(delivery.error)})
        if not delivery.error or (told.get("recipients") and not job.check_mode):
            sent.append({**known, **told})
    result: dict[str, t.Any] = {"sent": sent, "failures": failures}
    if job.params["event"] == "finish":
        result |= {"status": "failed" if digest.failed else "ok", "subject": notice.subject}
    warnings = [f"{item['channel']}: {item['msg']}" for item in failures]
    if not _configured(job.params):
        warnings.append(f"No channel is configured, so nobody was told. {_HINT}")
    msg = f"{counted(len(sent), 'notice')} {'would be sent' if job.check_mode else 'sent'}"
    if not failures:
        return Answer({"msg": f"{msg}.", **result}, warnings=warnings, lists=("failures", "sent"))
    failed = f"{counted(len(failures), 'channel')} failed, {msg}: {' '.join(warnings[:3])}"
    if job.params["required"]:
        return Answer(result, failed=failed, lists=("failures", "sent"))
    return Answer({"msg": failed, **result}, warnings=warnings, lists=("failures", "sent"))


__all__ = ("run",)
