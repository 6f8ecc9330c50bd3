# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The one place where a module meets Ansible: options in, a result or a failure out, and no secret in either."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ._clock import Clock
from ._connection import Connection, check_limits, connect, secret_options
from ._errors import M365Error, MissingLibraryError
from ._redaction import redact
from ._result import requests_result
from ._smtp_auth._identity import as_given

# Libraries that come with others are asked for by the name that is installed.
_LIBRARY_URLS = {"msal": "https://pypi.org/project/msal/", "requests": "https://pypi.org/project/requests/"}


class Task:
    """What the body of a module works with. ``connection`` is made when it is first asked for."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self.options: Mapping[str, Any] = module.params
        self.check_mode: bool = module.check_mode
        self.diff_mode: bool = module._diff
        self.clock = Clock(max(module.params["deadline"], 1))
        self.warnings: list[str] = []
        self._connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            self._connection = connect(self.options, self.clock)
            self.warnings.extend(self._connection.warnings)
        return self._connection

    def requests_result(self) -> dict[str, int]:
        return requests_result(self._connection.counters if self._connection else None)

    def secrets(self) -> list[str]:
        return self._connection.secrets() if self._connection else secret_options(self.options)


# A body gives the result and, as ``msg`` in it, why the task fails if it does.
Body = Callable[[Task], dict[str, Any]]


def run_module(
    spec: Mapping[str, Any], body: Body, empty_result: Callable[[Task], dict[str, Any]], **kwargs: Any
) -> None:
    """Run ``body`` as a module. ``empty_result`` gives the result's shape for failures that leave nothing to tell."""
    module = _Module(argument_spec=dict(spec), supports_check_mode=True, **kwargs)
    task = Task(module)
    task.clock.stop_on_signals()
    result = _run(task, body, empty_result)
    task.clock.shield()  # a late signal doesn't take the result away
    _report(module, task, result)


def _report(module: AnsibleModule, task: Task, result: dict[str, Any]) -> None:
    result["requests"] = task.requests_result()
    secrets = task.secrets()
    module.no_log_values.update(secrets)
    for warning in task.warnings:
        module.warn(redact(warning, secrets))
    result = _redacted(result, secrets)
    message = result.pop("msg", "")
    if message:
        module.fail_json(msg=message, **result)
    module.exit_json(**result)


def _run(task: Task, body: Body, empty_result: Callable[[Task], dict[str, Any]]) -> dict[str, Any]:
    """Every error becomes a result here, and none is still being handled when Ansible is told: it would add a
    traceback.
    """
    try:
        check_limits(task.options)
        return body(task)
    except MissingLibraryError as error:
        message = missing_required_lib(error.library, url=_LIBRARY_URLS.get(error.library))
        return {**empty_result(task), "msg": message, "failure": {**_failure(error), "message": message}}
    except M365Error as error:
        return {**empty_result(task), "msg": error.message, "failure": _failure(error)}
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(place.filename)}:{place.lineno}"
        message = f"Internal error, please report it: {type(error).__name__} in {where}: {error}"
        return {
            **empty_result(task),
            "msg": message,
            "failure": {"code": "internal", "message": message, "request_id": ""},
        }


def _failure(error: M365Error) -> dict[str, str]:
    return {"code": error.code, "message": error.message, "request_id": error.request_id}


def _redacted(value: Any, secrets: list[str]) -> Any:
    """The texts that others than this collection may have written: messages, reasons, names of policies. Of mailboxes
    and diffs, of which there may be sixty thousand, only what tells of errors and layers.
    """
    redactor = _Redactor(secrets)
    result = {name: part if name in ("mailboxes", "diff") else redactor.of(part) for name, part in value.items()}
    for mailbox in result.get("mailboxes") or ():
        for name in mailbox.keys() & {"error", "effective"}:
            mailbox[name] = redactor.of(mailbox[name])
    return result


class _Redactor:
    """Goes through a value once, however often parts of it come: the effective states of many mailboxes are the same
    object.
    """

    def __init__(self, secrets: list[str]) -> None:
        self._secrets = secrets
        self._done: dict[int, tuple[Any, Any]] = {}  # with the original, so that its id isn't given to another

    def of(self, value: Any) -> Any:
        if isinstance(value, str):
            return redact(value, self._secrets)
        if not isinstance(value, (dict, list)):
            return value
        if id(value) not in self._done:
            clean = [self.of(item) for item in value] if isinstance(value, list) else self._mapping(value)
            self._done[id(value)] = (value, clean)
        return self._done[id(value)][1]

    def _mapping(self, value: dict[str, Any]) -> dict[str, Any]:
        return {name: self.of(item) for name, item in value.items()}


class _Module(AnsibleModule):
    """Keeps what Ansible would change without a word before anybody has seen it: a null in a list stays where it is, as
    an empty item (what becomes of it differs between versions), and a number that stands for a mailbox stays known as
    one, for ``0123`` in YAML is 83.
    """

    def _load_params(self) -> None:
        super()._load_params()
        for name, kind in self._options_of_mailboxes():
            value = self.params.get(name)
            if isinstance(value, list):
                self.params[name] = ["" if item is None else as_given(item) for item in value]
            elif isinstance(value, (bool, int, float)):
                self.params[name] = [as_given(value)] if kind == "list" else as_given(value)
        exceptions = self.params.get("exceptions")
        if isinstance(exceptions, list):
            self.params["exceptions"] = [{} if item is None else item for item in exceptions]

    def _options_of_mailboxes(self) -> Iterator[tuple[str, str]]:
        """Name, or alias, and type of each option that names mailboxes."""
        for name in ("mailboxes", "mailbox", "enabled", "disabled", "inherit"):
            spec = self.argument_spec.get(name, {})
            if spec.get("type") in ("list", "str") and not spec.get("choices"):
                yield from ((each, spec["type"]) for each in (name, *spec.get("aliases", ())))
