# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page, the text and the short form: escaped, bounded, whole."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._notify import wording
from ansible_collections.vya.backupdb.plugins.module_utils._notify.page import page
from ansible_collections.vya.backupdb.plugins.module_utils._notify.payload import payload
from ansible_collections.vya.backupdb.plugins.module_utils._notify.text import short, text
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils.notify.runs import backup, digest, host

EVIL = "<script>alert(1)</script><img src=x onerror='a()'>\"&amp;'"
CONTROLS = "a\x00b\x1b[31mc\u202ed\u2028e\x7ff\ud800g\rh"


class Tags(HTMLParser):
    """The tags of a page, the attributes of all of them, and what it says."""

    def __init__(self, content):
        super().__init__()
        self.tags, self.attributes, self.said = [], set(), []
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _value in attrs}

    def handle_data(self, data):
        self.said.append(data)


def test_what_shrank_is_in_the_table_and_among_the_warnings():
    shrunk = {"rows": 5, "usual_rows": 900, "plain_size": 2048, "usual_plain_size": 1 << 20, "of": 14}
    one = host("db1", "shop", "crm")
    one["instances"][0]["backups"][0] |= {"shrunk": shrunk, "warnings": ["It has shrunk: 5 rows where 900 are usual."]}
    told = digest(one)
    line = "shrunk: 5 rows, usually 900; 2.0 KiB before compression, usually 1.0 MiB"
    for form in (text(told), page(told)):
        assert form.count(line) == 1
        assert form.count("It has shrunk: 5 rows") == 1
    assert "shop: 1.0 MiB, 2.5 s - shrunk" in text(told)
    odd: object
    for odd in (None, 1, [], {}, {"rows": "x", "usual_rows": None}):
        one["instances"][0]["backups"][0]["shrunk"] = odd
        assert page(digest(one))


def everywhere(word):
    """A digest in which every value that comes from outside is ``word``."""
    source = host(
        word, word, state="failed", msg=word + " again", failures=[dict.fromkeys(("database", "stage"), word)]
    )
    source["instances"][0]["failures"][0]["msg"] = word
    source["instances"][0] |= {"instance": word, "warnings": [word]}
    source["instances"][0]["drills"] = [{"database": word, "id": word, "passed": False, "mismatches": [word]}]
    skipped = {"host": f"z{word}", "state": "skipped", "msg": word}
    return digest(source, skipped, title=word)


def large(hosts, databases, failing):
    """A digest of many hosts, some of which fail for reasons of their own."""
    found = []
    for number in range(hosts):
        name = f"database-server-{number:04d}.a-region.example.com"
        one = host(name, *(f"application_{n}" for n in range(databases)))
        if number < failing:
            msg = f"<{number}> " + '"it\'s broken" & ' * 300
            one["instances"][0]["failures"] = [{"database": f"d{n}", "stage": "dump", "msg": msg} for n in range(30)]
            one["instances"][0]["warnings"] = [f"{number} " + "& warned " * 200]
        found.append(one)
    return digest(*found)


def test_nothing_from_outside_becomes_a_tag():
    plain, hostile = Tags(page(everywhere("a word"))), Tags(page(everywhere(EVIL)))
    assert hostile.tags == plain.tags
    assert hostile.attributes == plain.attributes
    assert "script" not in hostile.tags
    # In every place: it is said, not swallowed.
    assert "".join(hostile.said).count("<script>") >= 8


def test_a_host_s_name_in_the_headline_becomes_no_tag():
    plain, hostile = (Tags(page(digest({"host": name, "state": "failed"}))) for name in ("a name", EVIL))
    assert hostile.tags == plain.tags
    assert f"{EVIL} failed" in "".join(hostile.said)


@pytest.mark.parametrize("form", [page, text, short, wording.subject])
def test_control_characters_are_shown_not_obeyed(form):
    told = form(everywhere(CONTROLS))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]", told)
    assert "\\x1b[31mc\\u202ed\\u2028e" in told
    told.encode()


def test_an_error_cannot_pretend_to_be_the_digest():
    msg = "no\n\nTOTALS\nHosts: 9 (all well)\r\n* db9: fine"
    told = text(digest({"host": "a", "state": "failed", "msg": msg}))
    assert told.count("\nTOTALS\n") == 1
    assert "\n  | TOTALS\n  | Hosts: 9 (all well)\n  | * db9: fine\n" in told


@pytest.mark.parametrize("failed", [False, True])
def test_the_page_loads_nothing_and_is_well_formed(failed):
    content = page(everywhere("x") if failed else digest(host("a", "shop"), test=True))
    assert not re.search(r"(?i)\b(src|href|url|@import|action)\b\s*[=(]", content)
    assert "http" not in content
    assert '<meta name="viewport"' in content
    assert "prefers-color-scheme:dark" in content
    assert content.count('class="tile"') in (3, 4, 5)
    body = re.sub(r"<(wbr|br)>", "", content[content.index("<body") : content.index("</html>")])
    ET.fromstring(body.replace("&nbsp;", " ").replace("&#10003;", "+").replace("&#10007;", "-"))


def test_colours():
    assert "#17693f" in page(digest(host("a", "shop")))
    assert 'bgcolor="#b3261e"' in page(everywhere("x"))
    assert 'bgcolor="#b3261e"' not in page(digest(host("a", "shop")))


def test_failures_come_first():
    source = host("aaa", "shop"), host("zzz", "shop", failures=[{"database": "crm", "stage": "dump", "msg": "broken"}])
    for told in (page(digest(*source)), text(digest(*source))):
        assert told.index("What to do:") < told.index("Stored") < told.index("aaa")


def test_each_database_is_listed_while_there_is_room():
    few, many = digest(*(host(f"h{n}", "shop", "crm") for n in range(9))), large(100, 3, 0)
    assert page(few).count(">crm</td>") == text(few).count("    crm: 1.0 MiB, 2.5 s") == 9
    assert page(many).count(">application_1</td>") == 0
    assert "Largest backups" in page(many)
    assert page(many).count("database-server-") == 100 + 5


@pytest.mark.growth
@pytest.mark.parametrize(("hosts", "databases", "failing"), [(100, 20, 0), (100, 20, 10), (1000, 3, 300)])
def test_the_largest_run_is_still_a_mail(hosts, databases, failing):
    """Mail programs cut what is larger than about 100 KB."""
    found = large(hosts, databases, failing)
    assert len(page(found).encode()) < 100_000
    assert len(text(found).encode()) < 60_000
    assert len(short(found)) < 4_000
    assert len(wording.subject(found)) < 220
    assert len(str(payload(found))) < 1_000_000
    assert ("more failures" in page(found)) == (failing > wording.PROBLEMS_SHOWN)
    assert ("and 940 more hosts" in page(found)) == (hosts == 1000)


def test_a_test_is_marked():
    found = digest(host("a", "shop"), test=True)
    assert wording.subject(found).startswith("[TEST] ")
    assert "THIS IS A TEST" in page(found)
    assert text(found).startswith("THIS IS A TEST.")
    assert payload(found)["test"] is True


def shape(value):
    """Keys and types, those of the first item of a list."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value[:1]] if isinstance(value, list) else type(value).__name__


def test_the_payload_is_what_the_guide_shows():
    guide = (Path(__file__).parents[5] / "docs" / "docsite" / "rst" / "guide_notify.rst").read_text(encoding="utf-8")
    (block,) = re.findall(r"code-block:: json\n\n((?:    .*\n)+)", guide)
    shown = json.loads(block)
    source = host("db1", "shop", warnings=["w"]), {"host": "db2", "state": "unreachable", "msg": "No route to host"}
    found = payload(digest(*source, title="Nightly backup"))
    assert shape(found) == shape(shown)
    for key in ("version", "status", "test", "subject", "started", "finished", "seconds"):
        assert found[key] == shown[key]
    assert found["totals"] | {"removed": 2, "freed": 2 << 20} == shown["totals"]
    assert [item["host"] for item in found["hosts"]] == ["db2", "db1"]


def test_sizes_are_those_of_the_backups():
    found = digest(host("a", backups=[backup("shop", 3 << 30)]))
    assert "3.0 GiB" in page(found)
    assert "Stored: 3.0 GiB (from 12.0 GiB)" in text(found)
