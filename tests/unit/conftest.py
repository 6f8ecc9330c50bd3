# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Marks whole folders: what no user runs is tested on the newest ansible-core only."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
NEWEST_CORE = (HERE / "fake_tenant", HERE / "harness", HERE / "tools")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in NEWEST_CORE):
            item.add_marker("newest_core")
