# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The baseline that the role ``smtp_auth`` is given: in any form by a variable, by a file, or by both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._baseline_text import (
    OPTIONS,
    BaselineTextError,
    parse_yaml,
    plain,
)

_LISTS = tuple(f"{state}{ending}" for ending in ("", "_file") for state in ("enabled", "disabled", "inherit"))
KEYS = (*OPTIONS, *_LISTS, "preflight")


def baseline_of(given: Any, from_file: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    """Its options.

    :param given: ``smtp_auth_baseline``: a dictionary, a list of exceptions, or one of them as a text of YAML.
    :param from_file: what a file holds; empty for none.
    :param problems: what is wrong is added to them.
    """
    declared = _as_mapping(given, problems)
    for source, options in (("smtp_auth_baseline", declared), ("smtp_auth_baseline_file", from_file)):
        unknown = [key for key in options if key not in KEYS]
        problems += [f"{source} has the unknown key {key[:60]!r}: known are {', '.join(KEYS)}" for key in unknown]
    problems += [
        f"{key} is in smtp_auth_baseline and in smtp_auth_baseline_file" for key in declared if key in from_file
    ]
    return {**declared, **from_file}


def _as_mapping(given: Any, problems: list[str]) -> dict[str, Any]:
    if isinstance(given, str):
        try:
            return parse_yaml(given)
        except BaselineTextError as error:
            problems.append(f"smtp_auth_baseline can't be understood: {error}")
            return {}
    content = plain(given)
    if isinstance(content, list):
        return {"exceptions": content}
    if isinstance(content, dict):
        return content
    problems.append(f"smtp_auth_baseline is a {type(given).__name__}: a dictionary or a list of exceptions is needed")
    return {}
