# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare what a module returned with what its RETURN documentation promises, down to the last key."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

# What Ansible itself adds to a result, or documents for every module.
COMMON = frozenset({"changed", "failed", "msg", "diff", "invocation", "warnings", "deprecations"})
TYPES: dict[str, Any] = {"str": str, "int": int, "bool": bool, "list": list, "dict": dict}


def has_type(value: object, name: str) -> bool:
    """Whether ``value`` is of the documented type; True is no ``int`` here, although it is one in Python."""
    return isinstance(value, TYPES[name]) and not (isinstance(value, bool) and name != "bool")


def documented(module: str) -> dict[str, Any]:
    """The RETURN documentation of a module of the collection."""
    found = importlib.import_module(f"ansible_collections.m365ops.exchange_online.plugins.modules.{module}")
    content: dict[str, Any] = yaml.safe_load(found.RETURN)
    return content


def paths(specs: Mapping[str, Any], prefix: str = "") -> set[str]:
    """Every documented key, as ``mailboxes.error.code``."""
    found: set[str] = set()
    for name, spec in specs.items():
        path = prefix + name
        found |= {path} | paths(spec.get("contains", {}), path + ".")
    return found


class Comparison:
    """The differences between results and documentation, and the documented keys that were met."""

    def __init__(self, specs: Mapping[str, Any]) -> None:
        self._specs = specs
        self.met: set[str] = set()

    def differences(self, result: Mapping[str, Any]) -> list[str]:
        """One sentence for each thing in ``result`` that isn't as documented."""
        own = {name: value for name, value in result.items() if name not in COMMON}
        failed = bool(result.get("failed"))
        return list(self._mapping(own, self._specs, "", failed=failed))

    def _mapping(self, value: Mapping[str, Any], specs: Mapping[str, Any], path: str, *, failed: bool) -> Iterator[str]:
        for name in value.keys() - specs.keys():
            yield f"{path}{name} is returned and not documented"
        for name, spec in specs.items():
            due = spec["returned"] == "always" or (spec["returned"] == "on failure" and failed)
            if name in value:
                if spec["returned"] == "on failure" and not failed:
                    yield f"{path}{name} is returned without a failure"
                yield from self._value(value[name], spec, path + name, failed=failed)
            elif due:
                yield f"{path}{name} is documented as returned {spec['returned']}, and missing"

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
            yield from self._mapping(value, spec["contains"], path + ".", failed=failed)

    def _item(self, item: Any, spec: Mapping[str, Any], path: str, *, failed: bool) -> Iterator[str]:
        if not has_type(item, spec["elements"]):
            yield f"an element of {path} is a {type(item).__name__}, documented as {spec['elements']}"
        elif isinstance(item, dict):
            yield from self._mapping(item, spec["contains"], path + ".", failed=failed)
