# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures what AWX measures: the length of each result as text, invocation included, before it decides to drop it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: event_size
type: notification
short_description: Writes the size of every result to the file that EVENT_SIZES names
description: One line for each result, its length in characters and its task.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "event_size"
    CALLBACK_NEEDS_ENABLED = True

    def _note(self, result: Any, *_more: Any, **_options: Any) -> None:
        with Path(os.environ["EVENT_SIZES"]).open("a", encoding="utf-8") as file:
            file.write(f"{len(str(result._result))} {result._task.get_name()}\n")

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_item_on_ok = v2_runner_item_on_failed = _note
