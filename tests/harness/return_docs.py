# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare what a module returned with what its RETURN documentation promises, down to the last key."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

# "if O(effective=true)": returned whenever that is asked for, and never else.
IF_OPTION = re.compile(r"if O\((\w+)=(true|false)\)")
# What Ansible itself adds to a result, or documents for every module.
COMMON = frozenset({"changed", "failed", "msg", "diff", "invocation", "warnings", "deprecations"})
IF_REFUSED = "if the plan was refused"
REFUSALS = ("max_changes", "another_plan", "blocked", "in_use", "no_evidence")
TYPES: dict[str, Any] = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict}


def has_type(value: object, name: str) -> bool:
    """Whether ``value`` is of the documented type; True is no ``int`` here, although it is one in Python."""
    return isinstance(value, TYPES[name]) and not (isinstance(value, bool) and name != "bool")


def documented(module: str) -> dict[str, Any]:
    """The RETURN documentation of a module of the collection."""
    found = importlib.import_module(f"ansible_collections.m365ops.exchange_online.plugins.modules.{module}")
    content: dict[str, Any] = yaml.safe_load(found.RETURN)
    return content


def contents(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What is documented of the keys inside: their own documentation, or else what the sample shows."""
    if "contains" in spec:
        return dict(spec["contains"])
    sample = spec["sample"][0] if spec["type"] == "list" else spec["sample"]
    return {name: _shown(spec, value) for name, value in sample.items()}


def _shown(spec: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """A key that only the sample shows is always there, and may be null where the description of the whole says so."""
    shown = {
        "description": spec["description"],
        "returned": "always",
        "type": next(name for name in TYPES if has_type(value, name)),
        "sample": value,
    }
    return shown if not isinstance(value, list) else {**shown, "elements": "str"}


def paths(specs: Mapping[str, Any], prefix: str = "") -> set[str]:
    """Every documented key, as ``mailboxes.error.code``."""
    found: set[str] = set()
    for name, spec in specs.items():
        path = prefix + name
        found.add(path)
        if spec["type"] == "dict" or spec.get("elements") == "dict":
            found |= paths(contents(spec), path + ".")
    return found


class Comparison:
    """The differences between results and documentation, and the documented keys that were met."""

    def __init__(self, specs: Mapping[str, Any], options: Mapping[str, Any] | None = None) -> None:
        """``options``: those that the module was given."""
        self._specs = specs
        self._options = options or {}
        self.met: set[str] = set()
        self._refused = False

    def differences(self, result: Mapping[str, Any]) -> list[str]:
        """One sentence for each thing in ``result`` that isn't as documented."""
        own = {name: value for name, value in result.items() if name not in COMMON}
        failed = bool(result.get("failed"))
        self._refused = result.get("failure", {}).get("code") in REFUSALS
        return list(self._mapping(own, self._specs, "", failed=failed))

    def _mapping(self, value: Mapping[str, Any], specs: Mapping[str, Any], path: str, *, failed: bool) -> Iterator[str]:
        for name in value.keys() - specs.keys():
            yield f"{path}{name} is returned and not documented"
        for name, spec in specs.items():
            due = self._is_due(spec["returned"], failed=failed)
            if name in value:
                if due is False:
                    yield f"{path}{name} is returned, though it is only {spec['returned']}"
                yield from self._value(value[name], spec, path + name, failed=failed)
            elif due:
                yield f"{path}{name} is documented as returned {spec['returned']}, and missing"

    def _is_due(self, returned: str, *, failed: bool) -> bool | None:
        """Whether it has to be there, or must not; None where both may be."""
        if returned in ("always", "on failure"):
            return failed or returned == "always"
        if returned == IF_REFUSED:
            return None if self._refused else False
        condition = IF_OPTION.fullmatch(returned)
        if condition is None:
            return None
        option, value = condition.groups()
        return bool(self._options.get(option, False)) is (value == "true")

    def _value(self, value: Any, spec: Mapping[str, Any], path: str, *, failed: bool) -> Iterator[str]:
        self.met.add(path)
        if value is None:
            if "Null" not in " ".join(
                [spec["description"]] if isinstance(spec["description"], str) else spec["description"]
            ):
                yield f"{path} is null, and the documentation doesn't say that it may be"
            return
        if not has_type(value, spec["type"]):
            yield f"{path} is a {type(value).__name__}, documented as {spec['type']}"
            return
        if spec["type"] == "list":
            for item in value:
                yield from self._item(item, spec, path, failed=failed)
        elif spec["type"] == "dict":
            yield from self._mapping(value, contents(spec), path + ".", failed=failed)

    def _item(self, item: Any, spec: Mapping[str, Any], path: str, *, failed: bool) -> Iterator[str]:
        if not has_type(item, spec["elements"]):
            yield f"an element of {path} is a {type(item).__name__}, documented as {spec['elements']}"
        elif isinstance(item, dict):
            yield from self._mapping(item, contents(spec), path + ".", failed=failed)
