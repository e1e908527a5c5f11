# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks under ansible-runner, as a job template of AWX runs them, with what docs/awx holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ansible_runner
import pytest
import yaml
from jinja2 import Environment, StrictUndefined
from support.desk import IDENTITY
from support.fleet import NAME, UNREACHABLE, Fleet, instance
from support.fleet_fixtures import Pair
from support.modules import ROOT
from support.post import ACCOUNT, mail_server

AWX = ROOT / "docs" / "awx"
SURVEYS = sorted(AWX.glob("survey_*.json"))
QUESTION_TYPES = {"text": str, "textarea": str, "password": str, "integer": int, "multiplechoice": str}
OF_PLAYBOOKS = {"backupdb_hosts", "backupdb_serial", "confirm"}
# A job event is stored and sent to browsers: one of them never holds a catalog.
EVENT_AT_MOST = 100_000


def credential_types() -> dict[str, dict[str, Any]]:
    """The credential types by their names."""
    types = yaml.safe_load((AWX / "credential_types.yml").read_text(encoding="utf-8"))
    return {item["name"]: item for item in types}


def role_options() -> dict[str, dict[str, Any]]:
    """All variables of all roles with what argument_specs say of them."""
    found: dict[str, dict[str, Any]] = {}
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        found |= yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    return found


def injected(name: str, kind: str, **values: Any) -> dict[str, str]:
    """What a credential of a type hands to a job, as AWX renders it."""
    templates = credential_types()[name]["injectors"].get(kind, {})
    environment = Environment(undefined=StrictUndefined, autoescape=False)
    return {key: environment.from_string(text).render(values) for key, text in templates.items()}


def account_of_job(folder: Path, user: str, password: str) -> dict[str, str]:
    """The environment that a credential for a database makes, and the file that it names."""
    (content,) = injected("Backup database account", "file", login_password=password).values()
    path = folder / "credential"
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8")
    tower = {"filename": {"password": str(path)}}
    return injected("Backup database account", "env", login_user=user, tower=tower)


@pytest.mark.parametrize("name", list(credential_types()))
def test_credential_types_inject_what_roles_know(name: str) -> None:
    """Every field is injected, every variable is one of a role, and what roles keep secret is secret in AWX."""
    item, options = credential_types()[name], role_options()
    fields = {field["id"]: field for field in item["inputs"]["fields"]}
    assert item["kind"] == "cloud" and set(item["inputs"]["required"]) <= set(fields)
    values = {key: f"<{key}>" for key in fields}
    variables = injected(name, "extra_vars", **values)
    environment = injected(name, "env", **values, tower={"filename": {"password": "/a/file"}})
    given = [*variables.values(), *environment.values(), *injected(name, "file", **values).values()]
    assert sorted(set(given) - {"/a/file"}) == sorted(values.values())
    assert not [key for key, field in fields.items() if field.get("secret") and values[key] in environment.values()]
    assert set(variables) <= set(options)
    for variable, value in variables.items():
        assert bool(fields[value[1:-1]].get("secret")) == bool(options[variable].get("no_log")), variable


@pytest.mark.parametrize("path", SURVEYS, ids=lambda path: path.stem)
def test_surveys_ask_for_what_roles_know(path: Path) -> None:
    """Each question is a variable of a role or a playbook, of its type, with its choices and its default."""
    options, survey = role_options(), json.loads(path.read_text(encoding="utf-8"))
    for question in survey["spec"]:
        name, default = question["variable"], question["default"]
        assert isinstance(default, QUESTION_TYPES[question["type"]]), name
        assert default == "" or not question["choices"] or default in question["choices"]
        if name not in OF_PLAYBOOKS:
            option = options[name]
            expected = json.dumps(option["default"]) if option["type"] == "bool" else option["default"]
            assert default == expected and (question["type"] == "integer") == (option["type"] == "int"), name
            assert not option.get("choices") or option["choices"] == question["choices"]


def run(fleet: Fleet, playbook: str, extra: dict[str, Any], environment: dict[str, str], limit: str = "") -> Any:
    """A job: extra vars of survey and credentials in a file, environment as a credential injects it."""
    folder = fleet.folder / f"runner-{playbook}"
    (folder / "project").mkdir(parents=True)
    own = {key: value for key, value in fleet.environ().items() if key.startswith(("ANSIBLE_C", "PATH", "LC_"))}
    del own["ANSIBLE_CALLBACKS_ENABLED"], own["ANSIBLE_CALLBACK_PLUGINS"]
    return ansible_runner.run(
        private_data_dir=str(folder),
        playbook=f"vya.backupdb.{playbook}",
        inventory=str(fleet.inventory()),
        extravars=extra,
        envvars={**own, **environment},
        limit=limit or None,
        verbosity=3,
        quiet=True,
    )


def everything_written(fleet: Fleet, playbook: str) -> str:
    """All artifacts of a job in one text."""
    folder = fleet.folder / f"runner-{playbook}" / "artifacts"
    files = [path for path in folder.rglob("*") if path.is_file()]
    events = [path for path in files if path.parent.name == "job_events"]
    assert events
    for path in events:
        assert path.stat().st_size < EVENT_AT_MOST, path.read_text(encoding="utf-8")[:2000]
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)


def forms(secret: str) -> list[str]:
    """A secret as it is, and as JSON shows it once and twice."""
    once = json.dumps(secret)[1:-1]
    return [secret, once, json.dumps(once)[1:-1]]


def test_no_artifact_of_a_job_holds_a_secret(fleet: Fleet, fleet_servers: Pair) -> None:
    """A backup with -vvv in which one login fails and one host is gone, and a restore by a survey."""
    pg15, mariadb = fleet_servers
    named = "lookup('ansible.builtin.env', 'BACKUPDB_LOGIN_PASSWORD_FILE')"
    lookups = {
        "login_user": "{{ lookup('ansible.builtin.env', 'BACKUPDB_LOGIN_USER') }}",
        "login_password": f"{{{{ lookup('ansible.builtin.file', {named}) }}}}",
    }
    fleet.hosts["pg"]["backupdb_instances"] = [{**instance(pg15), **lookups}]
    fleet.hosts["wrong"] = {"backupdb_instances": [instance(mariadb, login_password="wr0ng-canary")]}
    fleet.hosts["gone"] = {**UNREACHABLE, "backupdb_instances": [instance(mariadb)]}
    fleet.hosts["odd"] = {"backupdb_instances": [instance(mariadb, login_pasword="0dd-canary")]}
    environment = account_of_job(fleet.folder, pg15.user, pg15.password)
    mail = {"smtp_host": "127.0.0.1", "sender": ACCOUNT[0], "smtp_user": ACCOUNT[0], "smtp_password": ACCOUNT[1]}
    extra: dict[str, Any] = injected("Backup notification", "extra_vars", **mail, webhook_secret="h00k-canary")
    extra |= {"backupdb_notify_webhook_url": "http://127.0.0.1:1/t0ken-canary", "backupdb_notify_retries": 0}
    fleet.variables |= {
        "backupdb_notify_smtp_security": "none",
        "backupdb_notify_failure_recipients": ["a@example.com"],
    }
    secrets = [pg15.password, mariadb.password, IDENTITY, ACCOUNT[1], "wr0ng-canary", "0dd-canary"]
    secrets += ["h00k-canary", "t0ken-canary"]
    survey = json.loads((AWX / "survey_backup.json").read_text(encoding="utf-8"))["spec"]
    answers = {question["variable"]: question["default"] for question in survey}
    with mail_server("none", login=True) as box:
        fleet.variables["backupdb_notify_smtp_port"] = box.port
        job = run(fleet, "backup", {**answers, **extra}, environment)
    assert job.status == "failed"
    assert fleet.backups() == [f"my/main/{NAME}", f"pg/main/{NAME}"]
    assert len(box.messages) == 1, job.stdout.read()
    written = everything_written(fleet, "backup")
    key = injected("Backup secret key", "extra_vars", identity=IDENTITY)
    chosen = {"backupdb_restore_database": NAME, "backupdb_restore_target": f"{NAME}_copy"}
    job = run(fleet, "restore", {**chosen, **key}, environment, limit="pg")
    assert job.status == "successful", job.stdout.read()
    assert f"{NAME}_copy" in pg15.databases()
    written += everything_written(fleet, "restore")
    found = [secret for secret in secrets if any(form in written for form in forms(secret))]
    assert found == []
