# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""A digest as a page for mail programs: one column, styles inline, nothing loaded from anywhere, readable on a phone
and in the dark. Mail programs that know no style sheets show the bright version."""

from __future__ import annotations

import typing as t
from html import escape

from ansible_collections.vya.backupdb.plugins.module_utils._names import human_time
from ansible_collections.vya.backupdb.plugins.module_utils._notify import clean, wording
from ansible_collections.vya.backupdb.plugins.module_utils._notify.digest import Digest, Problem, Remark
from ansible_collections.vya.backupdb.plugins.module_utils._notify.page_hosts import hosts
from ansible_collections.vya.backupdb.plugins.module_utils._notify.page_style import (
    AMBER,
    DARK,
    GREEN,
    HEADING,
    MONOSPACE,
    MUTED,
    RED,
    SANS,
    TABLE,
    TEXT,
    WRAP,
)

_REMARK_LENGTH = 300


def page(digest: Digest) -> str:
    """All of it, failures first. Every value that comes from outside goes through ``escape``."""
    colour = RED if digest.failed else GREEN
    sections = [*_problems(digest), *_figures(digest), *_remarks(digest), *_drills(digest), *hosts(digest)]
    body = "\n".join(
        f'<tr><td class="pad" style="padding:18px 24px 2px">{section}</td></tr>' for section in sections if section
    )
    preview = escape(f"{wording.when(digest)}. " + " ".join(p.why.replace("\n", " ")[:80] for p in digest.problems[:2]))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{escape(wording.subject(digest))}</title>
<style>{DARK}</style>
</head>
<body class="bg" style="margin:0;padding:0;background:#eef1f4;-webkit-text-size-adjust:100%">
<div style="display:none;max-height:0;overflow:hidden">{preview}</div>
<table {TABLE} class="bg" style="background:#eef1f4"><tr><td align="center" class="out" style="padding:20px 12px">
<table {TABLE} class="card" style="max-width:640px;background:#ffffff;border-radius:10px;overflow:hidden;\
{SANS};{TEXT};{WRAP}">
{_banner(digest, colour)}
{body}
<tr><td class="pad muted" style="padding:14px 24px 20px;font-size:12px;{MUTED}">Sent by vya.backupdb. \
Times are in UTC, sizes are those in the store.</td></tr>
</table>
</td></tr></table>
</body>
</html>
"""


def _banner(digest: Digest, colour: str) -> str:
    sign = "&#10007;" if digest.failed else "&#10003;"
    mark = ""
    if digest.test:
        mark = (
            '<div style="display:inline-block;margin-bottom:8px;padding:2px 8px;border-radius:4px;background:#ffffff;'
            f'color:{colour};font-size:12px;font-weight:700">THIS IS A TEST</div>'
        )
    return (
        f'<tr><td bgcolor="{colour}" class="pad" style="padding:22px 24px;background:{colour};color:#ffffff">{mark}'
        f'<div style="font-size:14px;color:#ffffff">{escape(digest.title)}</div>'
        f'<h1 style="margin:4px 0 6px;font-size:24px;line-height:1.25;font-weight:700;color:#ffffff">'
        f"{sign}&nbsp;{escape(digest.headline)}</h1>"
        f'<div style="font-size:13px;color:#ffffff">{escape(wording.when(digest))}</div></td></tr>'
    )


def _figures(digest: Digest) -> t.Iterator[str]:
    figures = wording.figures(digest)
    if not figures:
        return
    tiles = "".join(
        f'<div class="tile" style="display:inline-block;vertical-align:top;width:{100 // len(figures[:4])}%;'
        f'min-width:120px;padding:4px 0 10px"><div class="muted" style="font-size:12px;{MUTED}">{escape(name)}</div>'
        f'<div style="font-size:20px;line-height:1.3;font-weight:600;white-space:nowrap">{escape(value)}</div>'
        f'<div class="muted" style="font-size:12px;{MUTED}">{escape(more) or "&nbsp;"}</div></div>'
        for name, value, more in figures
    )
    # Spaces between inline blocks would count as width.
    yield f'<div style="font-size:0">{tiles}</div>'


def _problems(digest: Digest) -> t.Iterator[str]:
    if not digest.problems:
        return
    shown, rest = wording.cut(digest.problems, wording.PROBLEMS_SHOWN)
    limit = wording.why_length(shown)
    told = "".join(_problem(problem, limit) for problem in shown)
    if rest:
        told += f'<p style="margin:0 0 12px">and {rest} more failures, each at other places or for other reasons.</p>'
    if digest.again:
        told += (
            f'<p class="muted" style="margin:0 0 6px;font-size:13px;{MUTED}">To run the failed hosts alone:</p>'
            f'<div class="code" style="{MONOSPACE};padding:8px 10px;background:#eef1f4;border-radius:6px">'
            f"ansible-playbook ... {escape(digest.again).replace(',', ',<wbr>')}</div>"
        )
    yield f'<h2 style="{HEADING}">What failed</h2>{told}'


def _problem(problem: Problem, limit: int) -> str:
    stage = ""
    if problem.stage:
        stage = f'<div class="red" style="font-size:13px;color:{RED}">{escape(wording.stage(problem))}</div>'
    why = escape(clean.shortened(problem.why, limit))
    return (
        f'<div class="problem" style="margin:0 0 14px;padding:12px 14px;border-left:4px solid {RED};border-radius:4px;'
        f'background:#fdf1f0">'
        f'<div style="font-size:16px;font-weight:600">{escape(wording.places(problem.places))}</div>{stage}'
        f'<div style="margin:8px 0;white-space:pre-wrap;{MONOSPACE}">{why}</div>'
        f'<div style="font-size:14px"><b>What to do:</b> {escape(problem.advice)}</div></div>'
    )


def _remarks(digest: Digest) -> t.Iterator[str]:
    if not digest.remarks:
        return
    shown, rest = wording.cut(digest.remarks, wording.REMARKS_SHOWN)
    told = "".join(_remark(remark) for remark in shown)
    told += f'<div style="font-size:14px">and {rest} more</div>' if rest else ""
    yield (
        f'<div class="remark" style="margin:0 0 8px;padding:12px 14px 4px;border-left:4px solid {AMBER};'
        f'border-radius:4px;background:#fff8e8"><h2 style="{HEADING};margin-bottom:6px">Warnings</h2>{told}</div>'
    )


def _remark(remark: Remark) -> str:
    told = clean.shortened(remark.text.replace("\n", " "), _REMARK_LENGTH)
    return (
        f'<div style="margin:0 0 8px;font-size:14px"><b>{escape(wording.places(remark.places))}</b>: '
        f"{escape(told)}</div>"
    )


def _drills(digest: Digest) -> t.Iterator[str]:
    told = [(host, drill) for host in digest.hosts for drill in host.drills]
    if not told:
        return
    shown, rest = wording.cut(sorted(told, key=lambda item: item[1].passed), wording.DRILLS_SHOWN)
    lines = "".join(
        f'<tr><td class="line" style="padding:6px 8px 6px 0;border-top:1px solid #e1e5ea">'
        f"{escape(host.name)} / {escape(drill.label)}</td>"
        f'<td class="line" align="right" style="padding:6px 0;border-top:1px solid #e1e5ea;white-space:nowrap">'
        f"{'passed' if drill.passed else '<b>failed</b>'}, {escape(human_time(drill.seconds))}</td></tr>"
        for host, drill in shown
    )
    more = f'<div style="padding:6px 0;font-size:14px">and {rest} more</div>' if rest else ""
    yield f'<h2 style="{HEADING}">Drills</h2><table {TABLE} style="font-size:14px">{lines}</table>{more}'


__all__ = ("page",)
