# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things are: the collection, and everything that is made from it under ``.build/``."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
COLLECTION = Path("ansible_collections/m365ops/exchange_online")

BUILD = ROOT / ".build"
BOOT = BUILD / "boot"
CACHE = BUILD / "cache"
COPIES = BUILD / "copies"
DEMO = BUILD / "demo"
DIST = BUILD / "dist"
HOME = BUILD / "home"
INTERPRETERS = BUILD / "interpreters"
LOGS = BUILD / "logs"
TREE = BUILD / "tree"
VENVS = BUILD / "venvs"
