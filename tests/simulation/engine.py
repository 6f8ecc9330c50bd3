# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only file that knows the plugins: it runs a module's own ``main()`` in a simulated process.

Nothing in the plugins is made for it. The names of Python's modules that the engine has imported are put in place by
the simulated ones, one HTTP round trip by the simulated service, the sign-in library by a form posted to it, and
what AnsibleModule does by a stand-in that keeps the result.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import importlib
import json
import os
import pkgutil
import queue
import random
import signal
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from requests.structures import CaseInsensitiveDict

from simulation.disk import Disk, SimulatedFcntl, SimulatedOs
from simulation.front import LOGIN, Asked, Front, Lost
from simulation.process import Process
from simulation.stdlib import (
    SimulatedQueues,
    SimulatedRandom,
    SimulatedThreading,
    SimulatedTime,
    SimulatedUuid,
    simulated_datetime,
)

PLUGINS = "ansible_collections.m365ops.exchange_online.plugins"


@cache
def engine_modules() -> tuple[ModuleType, ...]:
    """Everything in module_utils, plugin_utils and modules, imported."""
    found: list[ModuleType] = []
    for folder in ("module_utils", "plugin_utils", "modules"):
        package = importlib.import_module(f"{PLUGINS}.{folder}")
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            found.append(importlib.import_module(info.name))
    return tuple(found)


def module_with(name: str) -> ModuleType:
    """The engine's module that defines this name, wherever it lives."""
    for module in engine_modules():
        thing = module.__dict__.get(name)
        if thing is not None and getattr(thing, "__module__", "") == module.__name__:
            return module
    raise LookupError(f"the engine defines no {name}")


def the(name: str) -> Any:
    return getattr(module_with(name), name)


class Exit(BaseException):
    """The module has told its result."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__()
        self.result = result
        self.failed = bool(result.pop("failed", False))


class BadOptions(Exception):
    """The options don't fit the module's spec: a fault of the simulation."""


class _Leaf(AnsibleModule):
    """Stands below the engine's own module class, in the place of all that ``AnsibleModule`` does."""

    given: Mapping[str, Any] = {}
    check = False
    params: dict[str, Any]

    def __init__(self, argument_spec: Mapping[str, Any], **kwargs: Any) -> None:
        self.argument_spec = dict(argument_spec)
        self.aliases: dict[str, str] = {}
        self.check_mode = self.check
        self._diff = True
        self.no_log_values: set[str] = set()
        self.warned: list[str] = []
        self._load_params()
        checks = {name: kwargs[name] for name in ("mutually_exclusive", "required_if", "required_by") if name in kwargs}
        validated = ArgumentSpecValidator(self.argument_spec, **checks).validate(self.params)
        if validated.errors.errors:
            raise BadOptions("; ".join(validated.errors.messages))
        self.params = validated.validated_parameters

    def _load_params(self) -> None:
        self.params = {name: value for name, value in self.given.items() if name in self.argument_spec}

    def warn(self, warning: str, **_more: Any) -> None:
        self.warned.append(warning)

    def log(self, *_arguments: Any, **_more: Any) -> None:
        """Goes nowhere."""

    debug = deprecate = log

    def exit_json(self, **result: Any) -> None:
        self._return_formatted(result)

    def fail_json(self, msg: str, **result: Any) -> None:
        self._return_formatted({**result, "msg": msg, "failed": True})

    def _return_formatted(self, kwargs: dict[str, Any], **_more: Any) -> None:
        kwargs.pop("invocation", None)  # the options as they were given: what is secret of these, Ansible takes out
        raise Exit({**kwargs, "warnings": self.warned})


class _Credential:
    """Signs in with a form, through the engine's own transport; msal has tests of its own."""

    kind = "client_secret"
    can_renew = True

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self.warnings: list[str] = []

    def acquire(self, scope: str, http: Any, login: str, *, claims: str = "", fresh: bool = False) -> Any:
        form = {
            "client_id": self._options["client_id"],
            "client_secret": self._options["client_secret"],
            "scope": scope,
            "grant_type": "client_credentials",
            **({"claims": claims} if claims else {}),
        }
        response = http.post(f"https://{LOGIN}/{self._options['tenant_id']}/oauth2/v2.0/token", data=form)
        if response.status_code != 200:
            raise the("SignInError")(f"Sign-in was refused: {response.text}", code="AADSTS7000215")
        answer = json.loads(response.text)
        return _issued(str(answer["access_token"]), float(answer["expires_in"]))


def _issued(token: str, lifetime: float) -> Any:
    """A token in the form in which the engine's credentials give it."""
    with contextlib.suppress(LookupError):
        return the("Issued")(token, lifetime)
    return token


def _roundtrip(front: Front) -> Any:
    answer_class, network_error = the("Answer"), the("NetworkError")

    def roundtrip(self: Any, request: Any) -> Any:
        self.clock.check()
        timeout = max(0.1, min(request.timeout or self._timeout, self.clock.remaining()))
        asked = Asked(request.method, request.url, dict(request.headers), request.body or b"", request.token)
        try:
            answered = front.roundtrip(asked, timeout)
        except Lost as lost:
            raise network_error(lost.text, code=lost.code) from None
        return answer_class(answered.status, CaseInsensitiveDict(answered.headers), answered.body, request.url)

    return roundtrip


def _no_session() -> list[tuple[Any, str, Any]]:
    """Nothing is sent but by the simulated round trip: a session would only take time to make."""
    module = module_with("Transport")
    return [
        (module, name, lambda *_arguments: None) for name in ("_new_session", "new_session") if hasattr(module, name)
    ]


def _replacements(process: Process, disk: Disk, rng: random.Random) -> dict[int, Any]:
    """By the identity of what the engine has imported: what it finds in its place."""
    scheduler = process.scheduler
    clock = simulated_datetime(scheduler)
    timing = SimulatedTime(scheduler)
    pairs: list[tuple[Any, Any]] = [
        (threading, SimulatedThreading(scheduler)),
        (queue, SimulatedQueues(scheduler)),
        (time, timing),
        (time.sleep, timing.sleep),
        (time.monotonic, timing.monotonic),
        (time.time, timing.time),
        (random, SimulatedRandom(rng)),
        (uuid, SimulatedUuid(rng)),
        (signal, process.signals),
        (datetime, clock),
        (datetime.datetime, clock.datetime),
        (datetime.date, clock.date),
        (os, SimulatedOs(disk)),
        (fcntl, SimulatedFcntl(disk)),
    ]
    return {id(real): simulated for real, simulated in pairs}


@contextlib.contextmanager
def _substituted(replacements: Mapping[int, Any], attributes: list[tuple[Any, str, Any]]) -> Iterator[None]:
    undo: list[tuple[Any, str, Any]] = []
    for module in engine_modules():
        for name, value in module.__dict__.items():
            if id(value) in replacements:
                undo.append((module, name, value))
    for module, name, value in undo:
        setattr(module, name, replacements[id(value)])
    for owner, name, value in attributes:
        undo.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in reversed(undo):
            setattr(owner, name, value)


def run_module(
    name: str,
    options: Mapping[str, Any],
    *,
    check: bool,
    process: Process,
    front: Front,
    disk: Disk,
    rng: random.Random,
) -> Exit:
    """
    :raises Killed, Stuck: from the process. Exception: what no module may let out.
    """
    runner = module_with("run_module")
    stand_in = type("StandIn", (runner._Module, _Leaf), {"given": dict(options), "check": check})
    attributes = [
        (the("Transport"), "roundtrip", _roundtrip(front)),
        *_no_session(),
        (module_with("connect"), "choose_credential", _Credential),
        (runner, "_Module", stand_in),
    ]
    main = importlib.import_module(f"{PLUGINS}.modules.{name}").main
    with _substituted(_replacements(process, disk, rng), attributes):
        try:
            main()
        except Exit as told:
            return told
    raise AssertionError(f"{name} ended without a result")


def spec_has(name: str, option: str) -> bool:
    """Whether the module takes the option: the simulation offers more than every version has."""
    return option in _spec(name)


@cache
def _spec(name: str) -> Mapping[str, Any]:
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    found: list[Mapping[str, Any]] = []
    with _substituted({}, [(module, "run_module", lambda spec, *_more, **_others: found.append(spec))]):
        module.main()
    return found[0]
