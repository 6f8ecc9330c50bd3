# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules by which the fake AWX refuses, and that the examples keep them: each would be refused if it broke one."""

from __future__ import annotations

from typing import Any

import pytest
from fake_awx import FakeAwx, rules

FIELD: dict[str, Any] = {"id": "secret", "label": "Secret", "type": "string", "secret": True}
QUESTION: dict[str, Any] = {"question_name": "Who?", "variable": "who", "type": "text", "required": True}


def survey(**changes: Any) -> dict[str, Any]:
    return {"name": "x", "description": "", "spec": [{**QUESTION, **changes}]}


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"id": "tower"}, "reserved"),
        ({"id": "9lives"}, "no name"),
        ({"type": "integer"}, "no such type"),
        ({"type": "boolean"}, "only strings have secret"),
        ({"choices": []}, "choices must be"),
        ({"default": True}, "default is no string"),
        ({"colour": "red"}, "colour is unknown"),
        ({"format": "date"}, "no such format"),
    ],
)
def test_fields_of_a_credential_type(field: dict[str, Any], said: str) -> None:
    assert rules.credential_type({"fields": [FIELD]}, {}) == []
    assert said in "".join(rules.credential_type({"fields": [{**FIELD, **field}]}, {}))


@pytest.mark.parametrize(
    ("injectors", "said"),
    [
        ({"env": {"ANSIBLE_CONFIG": "x"}}, "not allowed"),
        ({"env": {"PATH": "x"}}, "not allowed"),
        ({"env": {"M365_X": "{{ other }}"}}, "'other' is undefined"),
        ({"env": {"M365_X": "{{ tower.filename.cert }}"}}, "has no attribute 'cert'"),
        ({"env": {"M365_X": "{{ awx.filename.cert }}"}, "file": {"template.cert": "x"}}, "'awx' is undefined"),
        ({"env": {"M365_X": "{{ tower.filename }}"}, "file": {"template.cert": "x"}}, "no name of its own"),
        ({"env": {"M365_X": "{{ secret "}}, "unexpected end"),
        ({"env": {"M365_X": "ü"}}, "not ASCII"),
        ({"file": {"cert": "x"}}, "must be template"),
        ({"file": {"template": "x", "template.cert": "y"}}, "without a name"),
        ({"files": {}}, "files is unknown"),
    ],
)
def test_injectors_of_a_credential_type(injectors: dict[str, Any], said: str) -> None:
    good = {"file": {"template.cert": "{{ secret }}"}, "env": {"M365_X": "{{ tower.filename.cert if secret else '' }}"}}
    assert rules.credential_type({"fields": [FIELD]}, good) == []
    assert said in "".join(rules.credential_type({"fields": [FIELD]}, injectors))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"type": "date"}, "no such type"),
        ({"required": "yes"}, "required is missing or no bool"),
        ({"default": 3}, "default is no text"),
        ({"max": "10"}, "max is no integer"),
        ({"type": "multiplechoice"}, "no choices"),
        ({"type": "multiplechoice", "choices": ["a"], "default": "b"}, "none of the choices"),
    ],
)
def test_questions_of_a_survey(changes: dict[str, Any], said: str) -> None:
    assert rules.survey(survey()) == []
    assert said in "".join(rules.survey(survey(**changes)))


@pytest.mark.parametrize(
    ("changes", "given", "said"),
    [
        ({}, {}, "who is missing"),
        ({}, {"who": 3}, "who is no text"),
        ({}, {"who": "a", "m365_ca_path": "/tmp"}, "m365_ca_path isn't asked for"),
        ({"min": 2}, {"who": "a"}, "too short"),
        ({"max": 2}, {"who": "abc"}, "too long"),
        ({"type": "multiplechoice", "choices": ["a"]}, {"who": "b"}, "none of the choices"),
    ],
)
def test_answers_to_a_survey(changes: dict[str, Any], given: dict[str, Any], said: str) -> None:
    assert rules.answers(survey(), {"who": "a"}) == []
    assert said in "".join(rules.answers(survey(**changes), given))


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ({"success": {"message": "{{ job.artifacts.report.changed }}"}}, "has no attribute 'report'"),
        ({"success": {"message": "{{ jobb.id }}"}}, "'jobb' is undefined"),
        ({"success": {"message": "two\nlines"}}, "one line"),
        ({"done": {"message": "x"}}, "done is unknown"),
        ({"workflow_approval": {"asked": {"message": "x"}}}, "asked is unknown"),
    ],
)
def test_messages_of_a_notification(messages: dict[str, Any], said: str) -> None:
    assert rules.messages({"success": {"message": "{{ (job.artifacts.report | default({})).x | default('?') }}"}}) == []
    assert said in "".join(rules.messages(messages))


def test_the_examples_are_checked_by_them(awx: FakeAwx) -> None:
    """What stands in the fake AWX has passed; this is that there is something of each."""
    made = awx.store.objects
    assert [len(made[one]) for one in ("credential_types", "notification_templates")] == [4, 1]
    assert len(awx.store.surveys) == 6
    for kind in made["credential_types"].values():
        assert rules.credential_type(kind["inputs"], kind["injectors"]) == []
    for spec in awx.store.surveys.values():
        assert rules.survey(spec) == []
