# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation says what the code does: options, environment variables, limits, examples, the action group."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module import arguments as _arguments
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.credentials import (
    MAILBOX_SECRETS,
    SECRETS,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth import baseline as _baseline
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth import state as _state
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant import connection as _connection
from harness.return_docs import IF_OPTION, IF_REFUSED, contents, has_type

COLLECTION = "m365ops.exchange_online"
ROOT = Path(__file__).parents[3]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
PROBE = "smtp_auth_probe"
# What a documented option and an option of an argument spec have in common, and what an absent key means.
COMPARED = {"type": "str", "elements": None, "default": None, "choices": None, "required": False, "aliases": []}
FALLBACK = re.compile(r"If it isn't given, (.*E\(.*)")
RETURNED = ("always", "on failure", "if the mailbox failed", "if there is such a list", IF_REFUSED)
RANGE = re.compile(r"from (\d+) to (\d+)")


@cache
def documentation() -> dict[str, Any]:
    """Every module's, in one call: starting ansible-doc is what takes time."""
    names = [f"{COLLECTION}.{name}" for name in MODULES]
    command = [sys.executable, "-m", "ansible", "doc", "--json", "-t", "module", *names]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    return dict(json.loads(output))


def ansible_doc(name: str) -> dict[str, Any]:
    """A module's documentation as users see it, its fragments merged."""
    return dict(documentation()[f"{COLLECTION}.{name}"])


def imported(name: str) -> ModuleType:
    return importlib.import_module(f"ansible_collections.{COLLECTION}.plugins.modules.{name}")


def spec_of(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The argument spec that the module's ``main`` hands over."""
    specs: list[dict[str, Any]] = []
    module = imported(name)
    monkeypatch.setattr(module, "run_module", lambda spec, *_bodies, **_others: specs.append(spec))
    module.main()
    (spec,) = specs
    return spec


def paragraphs(option: dict[str, Any]) -> list[str]:
    description = option["description"]
    return [description] if isinstance(description, str) else description


def test_there_are_modules() -> None:
    assert {"mailbox_smtp_auth", "mailbox_smtp_auth_info"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_options(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documented = ansible_doc(name)["doc"]["options"]
    spec = spec_of(name, monkeypatch)
    assert documented.keys() == spec.keys()
    for option, described in documented.items():
        for key, absent in COMPARED.items():
            assert described.get(key, absent) == spec[option].get(key, absent), f"{option}: {key}"


# Option with suboptions -> what the code accepts of them: AnsibleModule isn't told, so that all problems come at once.
SUBOPTIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("smtp_auth_baseline", "exceptions"): {"keys": _baseline.KEYS, "choices": {"state": list(_state.STATES)}},
}


def test_suboptions_are_all_compared() -> None:
    documented = {
        (name, option)
        for name in MODULES
        for option, described in ansible_doc(name)["doc"]["options"].items()
        if described.get("suboptions")
    }
    assert documented == set(SUBOPTIONS)


@pytest.mark.parametrize(("name", "option"), SUBOPTIONS)
def test_suboptions(name: str, option: str) -> None:
    """The documented keys are those that the code takes, in order; their choices and which are required as well."""
    described = ansible_doc(name)["doc"]["options"][option]["suboptions"]
    accepted = SUBOPTIONS[name, option]
    written = yaml.safe_load(imported(name).DOCUMENTATION)["options"][option]["suboptions"]
    assert tuple(written) == accepted["keys"]
    assert {key: sub["choices"] for key, sub in described.items() if "choices" in sub} == accepted["choices"]
    full = {"mailbox": "a@contoso.com", "state": "enabled", "owner": "o", "reason": "r", "expires": "2027-03-31"}
    assert set(full) == set(described)
    _baseline.parse_exceptions([full], require_owner=True)
    for key, sub in described.items():
        without = {other: value for other, value in full.items() if other != key}
        if sub.get("required"):
            with pytest.raises(_baseline.BaselineError):
                _baseline.parse_exceptions([without], require_owner=False)
        else:
            _baseline.parse_exceptions([without], require_owner=False)
    for choice in described["state"]["choices"]:
        _baseline.parse_exceptions([{**full, "state": choice}], require_owner=False)


@pytest.mark.parametrize("name", MODULES)
def test_environment_variables(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The description of every option names the variables that the option falls back to, in their order."""
    documented = ansible_doc(name)["doc"]["options"]
    described = {
        option: tuple(re.findall(r"E\((\w+)\)", match.group(1)))
        for option, content in documented.items()
        for match in (FALLBACK.match(paragraph) for paragraph in paragraphs(content))
        if match
    }
    fallbacks = {
        option: tuple(content["fallback"][1])
        for option, content in spec_of(name, monkeypatch).items()
        if "fallback" in content
    }
    own = _arguments.MAILBOX_ENVIRONMENT if name == PROBE else {}
    assert described == fallbacks == {**_arguments.ENVIRONMENT, **own}


def test_no_variable_has_two_options() -> None:
    environments = (_arguments.ENVIRONMENT, _arguments.MAILBOX_ENVIRONMENT)
    names = [name for environment in environments for names in environment.values() for name in names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", MODULES)
def test_secret_options(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ansible hides an option only if it is told to; and what is hidden is what is redacted elsewhere."""
    spec = spec_of(name, monkeypatch)
    assert {option for option, content in spec.items() if content.get("no_log")} == {
        *SECRETS,
        *(MAILBOX_SECRETS if name == PROBE else ()),
    }


@pytest.mark.parametrize("name", MODULES)
def test_limits(name: str) -> None:
    """A range in a description is the range that is kept."""
    documented = ansible_doc(name)["doc"]["options"]
    told = {
        option: tuple(map(int, match.groups()))
        for option, content in documented.items()
        for match in (RANGE.search(" ".join(paragraphs(content))),)
        if match
    }
    limits = {
        option: limits
        for option, limits in _connection._LIMITS.items()
        if option in documented and option in ("timeout", "max_retries", "concurrency")
    }
    assert told == limits


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """YAML, every task named, and the module under its full name in one of them at least, with options that it has."""
    tasks = yaml.safe_load(imported(name).EXAMPLES)
    options = ansible_doc(name)["doc"]["options"]
    names = {*options, *(alias for option in options.values() for alias in option.get("aliases", []))}
    own = [task[f"{COLLECTION}.{name}"] for task in tasks if f"{COLLECTION}.{name}" in task]
    assert own
    for task in tasks:
        assert task["name"]
    for arguments in own:
        assert set(arguments or {}) <= names


@pytest.mark.parametrize("name", MODULES)
def test_return_values(name: str) -> None:
    """Each has a type, says when it is returned, and has a sample of its type."""

    options = ansible_doc(name)["doc"]["options"]

    def check(specs: dict[str, Any]) -> None:
        for key, spec in specs.items():
            assert spec["description"], key
            condition = IF_OPTION.fullmatch(spec["returned"])
            if condition:
                assert options[condition.group(1)]["type"] == "bool", key
            else:
                assert spec["returned"] in RETURNED, key
            if "contains" not in spec:
                assert has_type(spec["sample"], spec["type"]), key
            if spec["type"] == "dict" or spec.get("elements") == "dict":
                check(contents(spec))

    check(ansible_doc(name)["return"])


def test_action_group() -> None:
    """Every module is in the group by which ``module_defaults`` gives the connection, and says so."""
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]
    assert sorted(groups["exchange_online"]) == MODULES
    for name in MODULES:
        attributes = ansible_doc(name)["doc"]["attributes"]
        assert attributes["action_group"]["membership"] == [f"{COLLECTION}.exchange_online"]
        assert attributes["check_mode"]["support"] == "full"


@pytest.mark.parametrize("name", MODULES)
def test_no_sentence_is_cut_off(name: str) -> None:
    """YAML takes a number sign after a blank for a comment, and drops the rest of the line without a word."""

    def texts(node: Any) -> list[str]:
        if isinstance(node, str):
            return [node]
        values = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
        return [text for value in values for text in texts(value)]

    document = ansible_doc(name)
    described = [*texts(document["doc"]["description"]), *texts(document["doc"]["options"]), *texts(document["return"])]
    assert [text for text in described if text.count("(") != text.count(")")] == []
