# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules know which release they are of."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.version import COLLECTION, VERSION


def test_it_is_that_of_the_collection() -> None:
    galaxy = yaml.safe_load((Path(__file__).parents[3] / "galaxy.yml").read_text())
    assert (f"{galaxy['namespace']}.{galaxy['name']}", galaxy["version"]) == (COLLECTION, VERSION)
