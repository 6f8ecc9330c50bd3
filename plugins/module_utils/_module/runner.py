# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The one place where a module meets Ansible: options in, a result or a failure out, and no secret in either."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._errors import Failure, InputError, MissingLibraryError, internal_error
from .._http.clock import Clock
from .._progress import VARIABLE, Progress
from .._redaction.redactor import Redactor
from .._result.mailboxes import failure_result, option_of, requests_result
from .._result.partial import bare_result, plain_result
from .._sign_in.credentials import MAILBOX_SECRETS, SECRETS, misplaced_secrets
from .._smtp_auth.identity import as_given
from .._tenant.connection import Connection, check_limits, connect, secret_options
from .arguments import drop_empty_texts, keep_odd_numbers, split_choices

if TYPE_CHECKING:
    from .._tenant.organization import SwitchReport
    from .._tenant.set_mailboxes import Report

# Libraries that come with others are asked for by the name that is installed.
_LIBRARY_URLS = {"msal": "https://pypi.org/project/msal/", "requests": "https://pypi.org/project/requests/"}


class Task:
    """What the body of a module works with. ``connection`` is made when it is first asked for."""

    def __init__(self, module: AnsibleModule) -> None:
        self.options: Mapping[str, Any] = module.params
        self._paths = [name for name, option in module.argument_spec.items() if option.get("type") == "path"]
        self.check_mode: bool = module.check_mode
        self.diff_mode: bool = module._diff
        self.clock = Clock(max(module.params["deadline"], 1))
        self.progress = Progress(self.clock, os.environ.get(VARIABLE))
        self.warnings: list[str] = []
        self._done: Report | SwitchReport | None = None
        self._result: dict[str, Any] | None = None
        self._connection: Connection | None = None

    def check_options(self) -> None:
        """
        :raises InputError: what no module could do anything with.
        """
        check_limits(self.options)
        for name in self._paths:
            if "\0" in str(self.options[name]):
                raise InputError(
                    f"{name} {self.options[name]!r} isn't a path: it holds a NUL character. "
                    "Nothing was asked or written."
                )

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            self._connection = connect(self.options, self.clock, self.progress)
            self.warnings.extend(self._connection.warnings)
        return self._connection

    def told(self, done: Report | SwitchReport, shape: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The result of what was done, by ``shape``. From here on it is told, whatever else goes wrong in the body."""
        self._done = done
        self._result = shape()
        return self._result

    def so_far(self) -> dict[str, Any]:
        """What is to be told of a body that didn't come to its end; nothing if nothing can have been done by then."""
        if self._result is not None:
            return self._result
        if self._done is not None and self._done.writing:
            return {**plain_result(self._done), "msg": self._done.failure.message if self._done.failure else ""}
        return {}

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


def _report(module: _Module, task: Task, result: dict[str, Any]) -> None:
    """Give the result to Ansible. What was done is told even where that can't be done as it should."""
    try:
        _give(module, _presentable(module, task, result))
    except Exception as error:
        fault = internal_error(error)
        _give(
            module,
            bare_result(
                result,
                f"The result can't be given whole. Internal error: {type(error).__name__}, "
                f"code {fault.code}. What was changed is told by ids.",
            ),
        )


def _presentable(module: _Module, task: Task, result: dict[str, Any]) -> dict[str, Any]:
    result["requests"] = task.requests_result()
    if "failure" in result:
        result["failure"]["option"] = option_of(result["failure"]["code"])
    module.know(task.secrets())
    for warning in task.warnings:
        module.warn(warning.encode("utf-8", "replace").decode())  # half a character could be printed nowhere
    return result


def _give(module: AnsibleModule, result: dict[str, Any]) -> None:
    content = dict(result)
    message = content.pop("msg", "")
    if message:
        module.fail_json(msg=message, **content)
    module.exit_json(**content)


def _run(task: Task, body: Body, empty_result: Callable[[Task], dict[str, Any]]) -> dict[str, Any]:
    """Every error becomes a result here, and none is still being handled when Ansible is told: it would add a
    traceback.
    """
    try:
        task.check_options()
        return body(task)
    except MissingLibraryError as error:
        message = missing_required_lib(error.library, url=_LIBRARY_URLS.get(error.library))
        return _failed(task, empty_result, Failure.of(error, message))
    except Exception as error:
        return _failed(task, empty_result, Failure.of(internal_error(error)))


def _failed(task: Task, empty_result: Callable[[Task], dict[str, Any]], failure: Failure) -> dict[str, Any]:
    """The failure beside what was done, if anything was."""
    done = task.so_far()
    message = " ".join(filter(None, [done.get("msg", ""), failure.message]))
    return {**empty_result(task), **done, "msg": message, "failure": failure_result(Failure.of(failure, message))}


class _Module(AnsibleModule):
    """Takes in options as people give them, and lets nothing out that is secret.

    It keeps what Ansible would change without a word before anybody has seen it: a null in a list stays where it is, as
    an empty item (what becomes of it differs between versions), and a number that stands for a mailbox stays known as
    one, for ``0123`` in YAML is 83.
    """

    _redactor: Redactor | None = None

    def know(self, secrets: list[str]) -> None:
        """Secrets that nothing may be told of from now on."""
        self.no_log_values.update(secrets)
        self._redactor = Redactor(secrets)

    def _load_params(self) -> None:
        super()._load_params()
        drop_empty_texts(self.params, self.argument_spec)
        split_choices(self.params, self.argument_spec)
        keep_odd_numbers(self.params, self.argument_spec)
        for name, kind in self._options_of_mailboxes():
            value = self.params.get(name)
            if isinstance(value, list):
                self.params[name] = ["" if item is None else as_given(item) for item in value]
            elif isinstance(value, (bool, int, float)):
                self.params[name] = [as_given(value)] if kind == "list" else as_given(value)
        exceptions = self.params.get("exceptions")
        if isinstance(exceptions, list):
            self.params["exceptions"] = [{} if item is None else item for item in exceptions]

    def _log_invocation(self) -> None:
        """Options go to the system's log: one that holds a secret by mistake doesn't."""
        self.no_log_values.update(misplaced_secrets(self.params))
        super()._log_invocation()

    def _options_of_mailboxes(self) -> Iterator[tuple[str, str]]:
        """Name, or alias, and type of each option that names mailboxes."""
        for name in ("mailboxes", "mailbox", "enabled", "disabled", "inherit"):
            spec = self.argument_spec.get(name, {})
            if spec.get("type") in ("list", "str") and not spec.get("choices"):
                yield from ((each, spec["type"]) for each in (name, *spec.get("aliases", ())))

    def warn(self, warning: str, **named: Any) -> None:
        super().warn(self._knowing.text(warning), **named)

    def _return_formatted(self, kwargs: dict[str, Any]) -> None:
        """The one place by which a result leaves, that of a module which Ansible itself refuses included."""
        redactor = self._knowing
        clean = {name: redactor.value(part) for name, part in kwargs.items()}
        # Secrets given as options are left to Ansible, which has a mark of its own for them.
        hidden = (*SECRETS, *MAILBOX_SECRETS)
        given = {name: value if name in hidden else redactor.value(value) for name, value in self.params.items()}
        super()._return_formatted({**clean, "invocation": {"module_args": given}})

    @property
    def _knowing(self) -> Redactor:
        if self._redactor is None:
            self._redactor = Redactor(secret_options(self.params))
        return self._redactor
