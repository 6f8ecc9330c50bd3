# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for the callbacks of other collections that print nothing but JSON."""

from __future__ import annotations

import importlib
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: json
type: stdout
short_description: One JSON object at the end
description: The results of all tasks, and nothing else.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "json"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.results: list[str] = []

    def _note(self, result: Any, *_more: Any, **_options: Any) -> None:
        self.results.append(str(result._result.get("msg") or result._result.get("summary")))

    v2_runner_on_ok = v2_runner_on_failed = _note

    def v2_playbook_on_stats(self, _stats: Any) -> None:
        print(importlib.import_module("json").dumps({"results": self.results}))
