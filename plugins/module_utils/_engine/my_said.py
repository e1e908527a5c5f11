# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: what of an error may be repeated. Servers and tools quote values of rows in their messages.

A list of what may pass, by the error's number: of any other message only what stands outside quotes, without its
numbers. Sources: the servers' lists of messages (errmsg-utf8.txt, messages_to_clients.txt).
"""

from __future__ import annotations

import re


def _numbers(text: str) -> frozenset[int]:
    """The numbers in a list such as ``1005-1008 1016``."""
    spans = [item.split("-") for item in text.split()]
    return frozenset(number for span in spans for number in range(int(span[0]), int(span[-1]) + 1))


# Messages that quote names of objects, settings and types, and never a value of a row.
_NAMES_ONLY = _numbers(
    "1005-1008 1010 1016-1017 1030 1032-1036 1040-1041 1044-1046 1048-1056 1059-1061 1063 1066-1075 1091 1094 "
    "1099-1101 1104 1112-1115 1118 1121-1122 1130 1132-1136 1141-1143 1146-1147 1153 1159 1161 1163 1166-1173 "
    "1175-1177 1180-1181 1193-1195 1203 1205-1208 1213-1217 1223 1226-1231 1235-1236 1239 1250 1253 1261-1268 "
    "1270-1273 1282-1283 1286 1289-1290 1293 1298 1304-1305 1307 1312-1313 1317-1318 1320-1321 1327-1328 1335-1337 "
    "1347-1354 1356-1357 1359-1360 1362-1365 1368-1370 1382 1393-1396 1401 1403-1406 1410 1415-1416 1418-1419 "
    "1422-1428 1432 1435-1436 1439 1442-1446 1449 1451-1452 1456-1457 1459 1461-1465 1471 1475 1478 1481-1482 "
    "1491-1492 1496 1503-1508 1517 1528-1530 1533 1535-1546 1548-1553 1556-1560 1562 1564 1577-1579 1595 "
    "1598-1599 1606 1612 1615 1617 1622 1628 1660-1666 1671 1673-1674 1698 1701-1702 1705 1707 1709 1712-1714 "
    "1716-1717 1728 1736-1737 1746 1757-1758 1785-1787 1792 1805 1807-1808 1812-1815 1820-1836 1845-1846 "
    "1850-1851 1853 1856 1858-1859 1862 1869 1901-1908 1910-1911 1913 1924 1932 1942 1946 1949-1954 1957 1959 "
    "1969 2000 2002-2003 2005-2006 2008 2012-2014 2020 2026-2027 2054-2055 2058-2059 2061 3105-3106 3108 3118 "
    "3121 3161 3163-3164 3170 3185 3505 3510 3546 3730 3750 3756-3759 3776 3780 3812-3816 3819-3823 4025 4078 "
    "4082-4086 4088-4089 4091-4092 4099-4100 4105 4107-4135 6125 "
)
# Messages of which a part names an object, and another is data: what may be repeated.
_KEPT = {
    1062: r"for key '(?:[^']|'')*'\s*\Z",
    1586: r"for key '(?:[^']|'')*'\s*\Z",
    1366: r"for column .*\Z",
    1292: r"for column .*\Z",
    1300: r"\A\s*Invalid \w+ character string",
    1526: r"\A\s*Table has no partition for value",
}
_WORDS = {1062: "Duplicate entry", 1586: "Duplicate entry", 1366: "Incorrect value", 1292: "Incorrect value"}
_SIGNAL = 1644
# Of errors of statements that carry no rows themselves, those that quote rows which are there.
_OF_ROWS = frozenset(
    (*_KEPT, 1139, 1367, 1411, 1525, 1690, 1748, 1918, 3854, _SIGNAL, *range(3140, 3159), *range(3901, 3908))
)
_SYNTAX = (1064, 1149)
_MORE = "(the rest of the server's message may quote data)"
_COLUMN = re.compile(r"for column (`(?:[^`]|``)*`(?:\.`(?:[^`]|``)*`)*|'[^']*') at row [0-9]+\s*\Z", re.S)
_QUOTED = re.compile(r"'.*'|\".*\"|`.*`", re.S)
_OPEN = re.compile(r"['\"`].*\Z", re.S)
_NUMBER = re.compile(r"[0-9]+")
# How clients begin what they report: with the number before the server's text, or behind it.
_LINE = re.compile(
    r"^(?P<head>(?:\S+: )?ERROR (?P<number>[0-9]+) \([0-9A-Z]{5}\)(?: at line [0-9]+)?(?: in file: '[^']*')?: )", re.M
)
_GOT = re.compile(r"^(?P<head>\S+: (?:Got error|Error): (?P<number>[0-9]+): )", re.M)
_BEHIND = re.compile(r" \((?P<number>[0-9]{4,5})\)\s*\Z")
# What the dump tools say by themselves; what they quote are names, and statements of theirs.
_PLAIN = re.compile(
    r"^(?:\S+: )?(?:\[?(?:Warning|Note|ERROR)\]?:?|Error:|Couldn't (?:execute|find)|Error [0-9]+:"
    r"|unknown (?:option|variable)|Deprecated program name|Can't|Cannot|-- Warning|-- Connect|Retrieving"
    r"|Got packet bigger)",
    re.I,
)


def message(number: int, text: str, *, data: bool = True) -> str:
    """The server's message about an error, without values of rows. ``data``: the statement had rows in it."""
    if number in _NAMES_ONLY or (not data and number not in _OF_ROWS):
        return text
    if number == _SIGNAL:
        return "A trigger or a routine ended it with SIGNAL (its text may hold data)"
    if number in _SYNTAX:
        return re.sub(r" near ['\"].*", "", text, flags=re.S)
    if number in _KEPT:
        return _partly(number, text)
    shown = _OPEN.sub("\0", _QUOTED.sub("\0", text))
    return f"{_NUMBER.sub('N', shown)} {_MORE}".replace("\0", "'...'")


def _partly(number: int, text: str) -> str:
    if number in (1366, 1292):
        found = _COLUMN.search(text)
        return f"{_WORDS[number]} {found.group()}" if found else f"{_WORDS[number]} {_MORE}"
    if number in (1062, 1586):
        place = text.rfind(" for key ")
        key = re.match(_KEPT[number], text[place + 1 :]) if place >= 0 else None
        return f"{_WORDS[number]} {key.group()}" if key else f"{_WORDS[number]} {_MORE}"
    found = re.match(_KEPT[number], text)
    return found.group() if found else _MORE


def said(text: str) -> str:
    """What a client tool wrote on stderr, without values of rows."""
    starts = sorted([*_LINE.finditer(text), *_GOT.finditer(text)], key=lambda found: found.start())
    if not starts:
        return "\n".join(_line(line) for line in text.splitlines())
    out = [_line(line) for line in text[: starts[0].start()].splitlines()]
    for found, following in zip(starts, [*(item.start() for item in starts[1:]), len(text)]):
        body = text[found.end() : following].rstrip("\n")
        out.append(found.group("head") + message(int(found.group("number")), body))
    return "\n".join(out)


def _line(line: str) -> str:
    """A line that no error begins."""
    behind = _BEHIND.search(line)
    if behind is not None:
        return line if int(behind.group("number")) in _NAMES_ONLY else f"An error{behind.group().rstrip()} {_MORE}"
    return line if _PLAIN.match(line) or not line.strip() else _MORE


__all__ = ("message", "said")
