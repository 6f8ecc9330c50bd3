# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX accepts, as far as the examples come into touch with it. Each function returns complaints, or none.

Learnt from AWX 24.6's own source, whose files are named where a rule begins; nothing is copied from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# awx/main/fields.py, CredentialTypeInputField: what a field of a credential type may say, and of which type.
FIELD_KEYS: dict[str, Any] = {
    "id": str,
    "label": str,
    "type": str,
    "help_text": str,
    "secret": bool,
    "multiline": bool,
    "ask_at_runtime": bool,
    "choices": list,
    "format": str,
    "default": (str, bool),
}
FIELD_TYPES = {"string": str, "boolean": bool}
FIELD_FORMATS = {"ssh_private_key", "url"}
ONLY_OF_STRINGS = {"choices", "multiline", "format", "secret"}
RESERVED_FIELD = "tower"

# awx/main/constants.py, ENV_BLOCKLIST, and the prefix that CredentialTypeInjectorField refuses.
BLOCKED_ENVIRONMENT = {
    *("AD_HOC_COMMAND_ID", "AWX_HOST", "CACHE", "CALLBACK_CONNECTION", "CALLBACK_QUEUE", "INVENTORY_HOSTVARS"),
    *("INVENTORY_ID", "INVENTORY_SOURCE_ID", "INVENTORY_UPDATE_ID", "JOB_CALLBACK_DEBUG", "JOB_ID", "MAX_EVENT_RES"),
    *("PATH", "PROJECT_REVISION", "PYTHONPATH", "REST_API_TOKEN", "REST_API_URL", "SUPERVISOR_CONFIG_PATH"),
    "VIRTUAL_ENV",
}
BLOCKED_PREFIX = "ANSIBLE_"

# awx/main/constants.py, SURVEY_TYPE_MAPPING: the type of a question, and of its default.
QUESTION_TYPES: dict[str, Any] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": (float, int),
}
QUESTION_KEYS = {"question_name": str, "type": str, "variable": str, "required": bool}

# awx/main/models/notifications.py, JobNotificationMixin: what a message may refer to. A job that has handed on nothing
# stands in when a message is saved.
MESSAGE_EVENTS = {"started", "success", "error", "workflow_approval"}
APPROVAL_EVENTS = {"running", "approved", "timed_out", "denied"}
SAMPLE_JOB: dict[str, Any] = {
    "job": {
        "artifacts": {},
        "description": "",
        "id": 42,
        "job_type": "run",
        "launch_type": "workflow",
        "name": "A template",
        "playbook": "x.yml",
        "status": "running",
        "summary_fields": {"created_by": {"first_name": "", "id": 1, "last_name": "", "username": "admin"}},
    },
    "job_friendly_name": "Job",
    "job_metadata": "{'url': 'https://awx.example.com/#/jobs/42',\n 'extra_vars': {},\n 'created_by': 'admin'}",
    "url": "https://awx.example.com/#/jobs/playbook/42",
    "approval_status": "approved",
    "approval_node_name": "Approve",
    "workflow_url": "https://awx.example.com/#/jobs/workflow/42",
}

# awx/settings/defaults.py, MAX_EVENT_RES_DATA: the result of a larger event is dropped as a whole.
EVENT_LIMIT = 700_000


# --- Credential types ----------------------------------------------------------------------------------------------


def credential_type(inputs: Mapping[str, Any], injectors: Mapping[str, Any]) -> list[str]:
    """Complaints about a custom credential type."""
    fields = inputs.get("fields", [])
    complaints = [*_unknown("inputs", inputs, {"fields", "required"}), *_fields(fields)]
    ids = [field.get("id") for field in fields]
    complaints += [f"required {name} is no field" for name in inputs.get("required", []) if name not in ids]
    return complaints or list(_injectors(injectors, ids))


def _fields(fields: list[dict[str, Any]]) -> Iterator[str]:
    seen: set[str] = set()
    for field in fields:
        name = field.get("id", "")
        yield from _unknown(f"field {name}", field, set(FIELD_KEYS))
        for key, kind in FIELD_KEYS.items():
            if key in field and not isinstance(field[key], kind):
                yield f"field {name}: {key} is a {type(field[key]).__name__}"
        if not NAME.fullmatch(name) or name == RESERVED_FIELD or name in seen or "label" not in field:
            yield f"field {name!r}: the id is no name, reserved or taken, or the label is missing"
        seen.add(name)
        kind = field.get("type", "string")
        if kind not in FIELD_TYPES:
            yield f"field {name}: no such type: {kind}"
        elif kind != "string" and ONLY_OF_STRINGS & set(field):
            yield f"field {name}: only strings have {', '.join(ONLY_OF_STRINGS & set(field))}"
        elif "default" in field and not isinstance(field["default"], FIELD_TYPES[kind]):
            yield f"field {name}: the default is no {kind}"
        if field.get("format", "url") not in FIELD_FORMATS:
            yield f"field {name}: no such format: {field['format']}"
        choices = field.get("choices", ["one"])
        if not choices or len(set(choices)) < len(choices):
            yield f"field {name}: the choices must be some, and different"


class _Unnamed:
    """tower.filename where a type injects several files: only they can be referred to."""

    def __str__(self) -> str:
        raise TemplateError("the file has no name of its own")


def _injectors(injectors: Mapping[str, Any], ids: list[str]) -> Iterator[str]:
    yield from _unknown("injectors", injectors, {"file", "env", "extra_vars"})
    files, environment = injectors.get("file", {}), injectors.get("env", {})
    for label in files:
        if not re.fullmatch(r"template(\.[A-Za-z_][A-Za-z0-9_]*)?", label):
            yield f"file {label}: the name must be template or template.NAME"
    if "template" in files and len(files) > 1:
        yield "several files, one of them without a name"
    for name, text in environment.items():
        if not NAME.fullmatch(name) or name in BLOCKED_ENVIRONMENT or name.startswith(BLOCKED_PREFIX):
            yield f"env {name}: not allowed"
        if not text.isascii():
            yield f"env {name}: not ASCII"
    names = {**dict.fromkeys(ids, "EXAMPLE"), "tower": _tower(files)}
    for name, text in (*files.items(), *environment.items()):
        yield from _renders(name, text, names)


def _tower(files: Mapping[str, str]) -> Any:
    """The reserved name, which knows the paths of the files that a type injects."""
    filename: Any = "a path"
    if "template" not in files:
        filename = _Unnamed()
        for label in files:
            setattr(filename, label.partition(".")[2], "a path")
    return type("Tower", (), {"filename": filename})()


def _renders(what: str, text: str, names: Mapping[str, Any]) -> Iterator[str]:
    try:
        ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(text).render(names)
    except TemplateError as error:
        yield f"{what}: {error}"


def credential(inputs: Mapping[str, Any], of_type: Mapping[str, Any]) -> dict[str, list[str]]:
    """Complaints about the values of a credential of a type with these inputs, by the fields' names. They hold the
    values. awx/main/fields.py, CredentialInputField.
    """
    fields = {field["id"]: field for field in of_type["fields"]}
    complaints = {}
    for name, value in inputs.items():
        field = fields.get(name)
        if field is None:
            complaints[name] = [f"Additional properties are not allowed ({name!r} was unexpected)"]
        elif field.get("choices") and value not in field["choices"]:
            complaints[name] = [f"{value!r} is not one of {field['choices']}"]
        elif field.get("format") == "url" and value and not re.match(r"[a-z][a-z0-9+.-]*://[^/]", str(value)):
            complaints[name] = [f"{value!r} is not a 'url'"]
        elif field.get("type", "string") == "string" and not isinstance(value, str):
            complaints[name] = [f"{value!r} is not of type 'string'"]
    return complaints


# --- Surveys -------------------------------------------------------------------------------------------------------


def survey(spec: Mapping[str, Any]) -> list[str]:
    """Complaints about a survey. awx/api/views/__init__.py, JobTemplateSurveySpec."""
    wanted = {"name": str, "description": str, "spec": list}
    complaints = [
        f"survey: {key} is missing or no {kind.__name__}"
        for key, kind in wanted.items()
        if not isinstance(spec.get(key), kind)
    ]
    if complaints:
        return complaints
    if not spec["spec"]:
        return ["survey: no question"]
    variables = [question.get("variable") for question in spec["spec"]]
    if len(set(variables)) < len(variables):
        complaints.append("survey: a variable is asked for twice")
    return complaints + [complaint for question in spec["spec"] for complaint in _question(question)]


def _question(question: Mapping[str, Any]) -> Iterator[str]:
    name = question.get("variable", "?")
    for key, kind in QUESTION_KEYS.items():
        if not isinstance(question.get(key), kind):
            yield f"question {name}: {key} is missing or no {kind.__name__}"
            return
    kind = question["type"]
    if kind not in QUESTION_TYPES:
        yield f"question {name}: no such type: {kind}"
        return
    default = question.get("default", "")
    if default != "" and not isinstance(default, QUESTION_TYPES[kind]):
        yield f"question {name}: the default is no {kind}"
    for key in ("min", "max"):
        if question.get(key) is not None and not isinstance(question[key], int):
            yield f"question {name}: {key} is no integer"
    if kind in ("multiplechoice", "multiselect"):
        yield from _choices(name, kind, question.get("choices"), str(default).splitlines())


def _choices(name: str, kind: str, choices: Any, chosen: list[str]) -> Iterator[str]:
    if choices is None:
        yield f"question {name}: no choices"
    elif any(choice not in choices for choice in chosen):
        yield f"question {name}: the default is none of the choices"
    elif kind == "multiplechoice" and len(chosen) > 1:
        yield f"question {name}: more than one default"


def answers(spec: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """Complaints about the answers to a survey. awx/main/models/mixins.py, SurveyJobTemplateMixin."""
    asked = {question["variable"] for question in spec["spec"]}
    complaints = [f"{name} isn't asked for" for name in given if name not in asked]
    for question in spec["spec"]:
        name = question["variable"]
        if name not in given:
            complaints += [f"{name} is missing"] if question["required"] else []
        elif not isinstance(given[name], QUESTION_TYPES[question["type"]]):
            complaints.append(f"{name} is no {question['type']}")
        elif question["type"] == "multiplechoice":
            complaints += [] if given[name] in question["choices"] else [f"{name} is none of the choices"]
        elif question["type"] in ("text", "textarea"):
            size = len(given[name])
            fits = question.get("min", 0) <= size <= question.get("max", size)
            complaints += [] if fits else [f"{name} is too short or too long"]
    return complaints


# --- Notifications -------------------------------------------------------------------------------------------------


def messages(texts: Mapping[str, Any]) -> list[str]:
    """Complaints about the messages of a notification template. awx/api/serializers.py, validate_messages."""
    complaints = _unknown("messages", texts, MESSAGE_EVENTS)
    for event, message in texts.items():
        if message is None:
            continue
        if event == "workflow_approval":
            complaints += _unknown("workflow_approval", message, APPROVAL_EVENTS)
        for found in message.values() if event == "workflow_approval" else (message,):
            complaints += _message(event, found)
    return complaints


def _message(event: str, message: Mapping[str, str]) -> list[str]:
    complaints = _unknown(event, message, {"message", "body"})
    if "\n" in message.get("message", ""):
        complaints.append(f"{event}: a message has one line")
    for text in message.values():
        complaints += _renders(event, text, SAMPLE_JOB)
    return complaints


def _unknown(what: str, given: Mapping[str, Any], known: set[str]) -> list[str]:
    return [f"{what}: {name} is unknown" for name in given if name not in known]
