# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README, the guides and the manifest's description say agrees with the code, and with each other."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.vya.backupdb.plugins.module_utils import _manifest as manifest
from ansible_collections.vya.backupdb.tests.tools import rules_table

ROOT = Path(__file__).resolve().parents[3]
RST = ROOT / "docs" / "docsite" / "rst"
MODULES = "ansible_collections.vya.backupdb.plugins.modules"
_RST_BLOCK = re.compile(r"^\.\. code-block:: (\w+)\n\n((?:    .*\n|\n)+)", re.MULTILINE)
_MARKDOWN_BLOCK = re.compile(r"```(\w+)\n(.*?)```\n", re.DOTALL)


def rst_blocks(path):
    """(language, text) of the code blocks of a guide."""
    found = _RST_BLOCK.findall(path.read_text(encoding="utf-8"))
    return [(language, re.sub(r"(?m)^    ", "", text).strip("\n") + "\n") for language, text in found]


def markdown_blocks():
    """(language, text) of the code blocks of the README."""
    return _MARKDOWN_BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))


def examples():
    """(where, module, options) of each task in the README and the guides that uses the collection."""
    sources = [("README.md", block) for block in markdown_blocks()]
    sources += [(path.name, block) for path in sorted(RST.glob("*.rst")) for block in rst_blocks(path)]
    for where, (language, text) in sources:
        if language != "yaml":
            continue
        tasks = yaml.safe_load(text)
        for item in tasks if isinstance(tasks, list) else []:  # variables are mappings
            for task in item.get("tasks", [item]):
                for key in task:
                    if key.startswith("vya.backupdb."):
                        yield pytest.param(key.rsplit(".", 1)[1], task[key], id=f"{where}: {task['name']}")


class _Spec(Exception):
    """Carries a module's argument spec out of its main()."""


@pytest.fixture
def spec(monkeypatch):
    """The argument spec of a module, as it gives it to AnsibleModule."""

    def find(name):
        module = importlib.import_module(f"{MODULES}.{name}")

        def catch(argument_spec, **options):
            raise _Spec(argument_spec, options.get("mutually_exclusive"))

        monkeypatch.setattr(module, "AnsibleModule", catch)
        with pytest.raises(_Spec) as caught:
            module.main()
        return caught.value.args

    return find


def settled(value, option):
    """A value as the module may see it once its template is filled in."""
    if not str(value).startswith("{{"):
        return value
    return option.get("choices", [value])[0] if option.get("type") != "int" else 1


@pytest.mark.parametrize(("module", "options"), list(examples()))
def test_examples_use_options_that_exist(module, options, spec):
    argument_spec, exclusive = spec(module)
    filled = {name: settled(value, argument_spec.get(name, {})) for name, value in options.items()}
    result = ArgumentSpecValidator(argument_spec, mutually_exclusive=exclusive).validate(filled)
    assert result.error_messages == []


def test_there_are_examples():
    assert len(list(examples())) > 10


def test_the_guide_to_recovery_says_what_the_readme_says():
    """The README's lines are the ones that are run by tests (tests/integration/test_readme_recovery.py)."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    readme = re.findall(r"<!-- run: by-hand-[a-z-]+ -->\n```sh\n(.*?)```\n", text, re.DOTALL)
    guide = [text for language, text in rst_blocks(RST / "guide_recover_by_hand.rst") if language == "shell"]
    assert readme
    assert guide == readme


def test_the_tables_of_rules_are_those_of_the_code():
    text = rules_table.GUIDE.read_text(encoding="utf-8")
    assert rules_table.updated(text) == text, rules_table.HELP


def test_a_changed_table_of_rules_is_noticed():
    text = rules_table.GUIDE.read_text(encoding="utf-8")
    assert rules_table.updated(text.replace("sandbox mode", "sandbox")) == text


def test_every_guide_is_linked():
    toc = yaml.safe_load((ROOT / "docs" / "docsite" / "extra-docs.yml").read_text(encoding="utf-8"))
    listed = {name for section in toc["sections"] for name in section["toctree"]}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    guides = list(RST.glob("*.rst"))
    assert {path.stem for path in guides} == listed
    for path in guides:
        assert f"(docs/docsite/rst/{path.name})" in readme


@pytest.mark.parametrize("where", ["README.md", "CONTRIBUTING.md", "docs/manifest.md"])
def test_links_lead_somewhere(where):
    path = ROOT / where
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (path.parent / target).exists(), target


@pytest.mark.parametrize("kind", [manifest.Manifest, manifest.Part, manifest.Table, manifest.SchemaObject])
def test_the_manifest_s_description_is_complete(kind):
    text = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
    missing = [field.name for field in dataclasses.fields(kind) if f"`{field.name}`" not in text]
    assert missing == []
