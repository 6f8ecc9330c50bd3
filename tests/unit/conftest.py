# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Marks whole folders: what no user runs is tested on the newest ansible-core only."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
NEWEST_CORE = {HERE / "fake_tenant", HERE / "harness", HERE / "tools"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    files = {item.path for item in items}  # far fewer than tests, and a path is slow to look at
    marked = {path for path in files if not NEWEST_CORE.isdisjoint(path.parents)}
    for item in items:
        if item.path in marked:
            item.add_marker("newest_core")
