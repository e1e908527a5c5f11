# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module at work in the process of a test, with Ansible's own AnsibleModule."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings as shown
from ansible_collections.vya.backupdb.plugins.module_utils import _argspec as argspec
from ansible_collections.vya.backupdb.plugins.module_utils._run.entry import Answer, Job, conduct

Work = t.Callable[[Job], Answer]


class Caller:
    """Calls a module, whose options are ``spec`` and whose work is a function, in this process. ``params`` are always
    given."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        spec: argspec.Spec,
        **params: t.Any,
    ) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self._spec, self._params = spec, params

    def module(self, **params: t.Any) -> basic.AnsibleModule:
        """The module as Ansible starts it."""
        data = json.dumps({"ANSIBLE_MODULE_ARGS": {**self._params, **params}}).encode()
        self._monkeypatch.setattr(basic, "_ANSIBLE_ARGS", data)
        self._monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        shown._global_warnings.clear()
        return basic.AnsibleModule(argument_spec=self._spec, supports_check_mode=True)

    def job(self, **params: t.Any) -> Job:
        """A job, without anything that ends it."""
        return Job(self.module(**params))

    def text(self, work: Work, **params: t.Any) -> str:
        """What the module prints."""
        with pytest.raises(SystemExit):
            conduct(self.module(**params), work)
        return self._capsys.readouterr().out

    def __call__(self, work: Work, **params: t.Any) -> dict[str, t.Any]:
        result: dict[str, t.Any] = json.loads(self.text(work, **params))
        return result
