# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that was started by nohup has SIGHUP ignored, and so has what it starts; tests hang up on programs."""

from __future__ import annotations

import signal

signal.signal(signal.SIGHUP, signal.SIG_DFL)
