# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for AWX on loopback: it takes objects by its API, refuses what AWX refuses, and runs jobs as AWX does."""

from __future__ import annotations

from .api import TOKEN, FakeAwx, token_of
from .jobs import Job, Launcher

__all__ = ["TOKEN", "FakeAwx", "Job", "Launcher", "token_of"]
