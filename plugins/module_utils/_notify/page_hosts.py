# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""The page's list of hosts: with each database when there is room, a line a host otherwise."""

from __future__ import annotations

import typing as t
from html import escape

from ansible_collections.vya.backupdb.plugins.module_utils._names import human_size, human_time
from ansible_collections.vya.backupdb.plugins.module_utils._notify import wording
from ansible_collections.vya.backupdb.plugins.module_utils._notify.digest import (
    FAILED,
    OK,
    UNREACHABLE,
    Digest,
    Host,
    Item,
)
from ansible_collections.vya.backupdb.plugins.module_utils._notify.page_style import (
    GREEN,
    HEADING,
    MUTED,
    RED,
    TABLE,
)

_LINE = "border-top:1px solid #e1e5ea"
_CLASSES = {OK: ("green", GREEN), FAILED: ("red", RED), UNREACHABLE: ("red", RED)}


def hosts(digest: Digest) -> t.Iterator[str]:
    """The section of hosts, and that of the largest databases when not all are shown."""
    if not digest.hosts:
        return
    detail = wording.in_detail(digest)
    shown, rest = wording.cut(digest.hosts, wording.hosts_shown(digest))
    lines = "\n".join(_host(host) if detail else _short_host(host) for host in shown)
    more = f'<div style="padding:8px 0;font-size:14px">and {rest} more hosts</div>' if rest else ""
    yield f'<h2 style="{HEADING}">Hosts</h2><table {TABLE} style="font-size:14px">{lines}</table>{more}'
    if not detail and digest.items:
        largest = "".join(
            _cells(escape(name), size, seconds, (6, 6, 0), _LINE) for name, size, seconds in wording.largest(digest)
        )
        yield f'<h2 style="{HEADING}">Largest backups</h2><table {TABLE} style="font-size:14px">{largest}</table>'


def _host(host: Host) -> str:
    """A host with its databases."""
    totals = wording.host_totals(host)
    head = (
        f'<tr><td class="line" colspan="3" style="padding:9px 0 {2 if host.items else 9}px;{_LINE}">{_name(host)}'
        + (f'<br><span class="muted" style="font-size:12px;{MUTED}">{escape(totals)}</span>' if totals else "")
        + "</td></tr>"
    )
    last = len(host.items) - 1
    return head + "".join(
        _cells(_item(item), item.size, item.seconds, (2, 9 if number == last else 2, 18), "")
        for number, item in enumerate(host.items)
    )


def _item(item: Item) -> str:
    """A backup's label, and what is usual when it has shrunk."""
    usual = (
        f'<br><span class="red" style="font-size:12px;color:{RED}">{escape(item.usual)}</span>' if item.usual else ""
    )
    return escape(item.label) + usual


def _short_host(host: Host) -> str:
    """A host in a line."""
    if not host.items:
        return f'<tr><td class="line" colspan="3" style="padding:6px 0;{_LINE}">{_name(host)}</td></tr>'
    small = f"font-size:12px;{MUTED};white-space:nowrap"
    name = f'{_name(host)} <span class="muted" style="{small}">{host.databases} db</span>'
    return _cells(name, host.size, host.seconds, (6, 6, 0), _LINE)


def _name(host: Host) -> str:
    name, colour = _CLASSES.get(host.state, ("muted", "#5b6876"))
    sign = f'<span class="{name}" style="color:{colour}">{wording.SIGNS[host.state]}</span> <b>{escape(host.name)}</b>'
    if host.state == OK:
        return sign
    return f'{sign} <span class="{name}" style="color:{colour}">{escape(wording.host_state(host))}</span>'


def _cells(label: str, size: int, seconds: float, padding: tuple[int, int, int], line: str) -> str:
    """A row; ``label`` is HTML, ``padding`` that above, below and left of it."""
    above, below, left = padding
    right = f"padding:{above}px 0 {below}px 10px;{line};white-space:nowrap"
    return (
        f'<tr><td class="line" style="padding:{above}px 0 {below}px {left}px;{line}">{label}</td>'
        f'<td class="line" align="right" style="{right}">{escape(human_size(size))}</td>'
        f'<td class="line muted" align="right" style="{right};{MUTED}">{escape(human_time(seconds))}</td></tr>'
    )


__all__ = ("hosts",)
