# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""A digest as plain text: for mail programs without HTML, and, in short, for chats."""

from __future__ import annotations

import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._names import human_size, human_time
from ansible_collections.vya.backupdb.plugins.module_utils._notify import clean, wording
from ansible_collections.vya.backupdb.plugins.module_utils._notify.digest import OK, Digest, Host

_SHORT_PROBLEMS = 5
_SHORT_WHY = 200


def text(digest: Digest) -> str:
    """All of it, failures first."""
    blocks = [_head(digest), *_problems(digest), *_remarks(digest), _figures(digest), *_drills(digest), *_hosts(digest)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def short(digest: Digest) -> str:
    """What fits on the screen of a phone; the subject is told beside it."""
    lines = [wording.when(digest)]
    shown, rest = wording.cut(digest.problems, _SHORT_PROBLEMS)
    for problem in shown:
        stage = f" ({problem.stage})" if problem.stage else ""
        why = clean.shortened(problem.why.replace("\n", " "), _SHORT_WHY)
        lines.append(f"{wording.places(problem.places[:4])}{stage}: {why}")
    lines += [f"and {rest} more"] if rest else []
    if digest.failed and digest.count(OK):
        lines.append(f"{digest.count(OK)} of {len(digest.hosts)} hosts are well.")
    lines += [f"{name}: {value}{f' ({more})' if more else ''}" for name, value, more in wording.figures(digest)[1:]]
    return "\n".join(lines)


def _head(digest: Digest) -> str:
    mark = "THIS IS A TEST.\n" if digest.test else ""
    return f"{mark}{digest.title}: {digest.headline}\n{wording.when(digest)}"


def _problems(digest: Digest) -> t.Iterator[str]:
    if not digest.problems:
        return
    yield "WHAT FAILED"
    shown, rest = wording.cut(digest.problems, wording.PROBLEMS_SHOWN)
    limit = wording.why_length(shown)
    for problem in shown:
        # The bar keeps an error from looking like a part of this text.
        why = "\n".join(f"  | {line}" for line in clean.shortened(problem.why, limit).split("\n"))
        stage = f" - {wording.stage(problem)}" if problem.stage else ""
        yield f"* {wording.places(problem.places)}{stage}\n{why}\n  What to do: {problem.advice}"
    if rest:
        yield f"... and {rest} more failures."
    if digest.again:
        yield f"To run the failed hosts alone: ansible-playbook ... {digest.again}"


def _remarks(digest: Digest) -> t.Iterator[str]:
    if not digest.remarks:
        return
    shown, rest = wording.cut(digest.remarks, wording.REMARKS_SHOWN)
    lines = ["WARNINGS"]
    for remark in shown:
        told = clean.shortened(remark.text.replace("\n", " "), 300)
        lines.append(f"* {wording.places(remark.places)}: {told}")
    yield "\n".join([*lines, *([f"... and {rest} more."] if rest else [])])


def _figures(digest: Digest) -> str:
    lines = [f"{name}: {value}{f' ({more})' if more else ''}" for name, value, more in wording.figures(digest)]
    return "\n".join(["TOTALS", *lines]) if lines else ""


def _drills(digest: Digest) -> t.Iterator[str]:
    told = [(host, drill) for host in digest.hosts for drill in host.drills]
    if not told:
        return
    shown, rest = wording.cut(sorted(told, key=lambda item: item[1].passed), wording.DRILLS_SHOWN)
    lines = ["DRILLS"]
    for host, drill in shown:
        verdict = "passed" if drill.passed else "FAILED"
        lines.append(f"{host.name} / {drill.label}: {verdict}, {human_time(drill.seconds)}, {drill.rows} rows")
    yield "\n".join([*lines, *([f"... and {rest} more."] if rest else [])])


def _hosts(digest: Digest) -> t.Iterator[str]:
    if not digest.hosts:
        return
    detail = wording.in_detail(digest)
    shown, rest = wording.cut(digest.hosts, wording.hosts_shown(digest))
    lines = ["HOSTS"]
    for host in shown:
        lines += _host(host, detail)
    lines += [f"... and {rest} more."] if rest else []
    yield "\n".join(lines)
    if not detail and digest.items:
        largest = [
            f"{name}: {human_size(size)}, {human_time(seconds)}" for name, size, seconds in wording.largest(digest)
        ]
        yield "\n".join(["LARGEST", *largest])


def _host(host: Host, detail: bool) -> t.Iterator[str]:
    totals = wording.host_totals(host)
    yield f"{wording.SIGNS[host.state]} {host.name}: {wording.host_state(host)}{f' - {totals}' if totals else ''}"
    for item in host.items if detail else ():
        usual = f" - {item.usual}" if item.usual else ""
        yield f"    {item.label}: {human_size(item.size)}, {human_time(item.seconds)}{usual}"


__all__ = ("short", "text")
