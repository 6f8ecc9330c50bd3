# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a check is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tools.process import CommandFailed, Log


class CheckFailed(CommandFailed):
    """What was checked isn't as it should be."""


@dataclass(frozen=True)
class Check:
    """One line of the closing table.

    ``group`` is what ``--only`` names, ``where`` the core and interpreter it runs on. Checks of one ``lane`` never run
    at the same time, and a check starts when those in ``after`` have ended; it fails if one of them didn't pass. With
    ``skip``, the reason, it isn't run at all.
    """

    group: str
    where: str
    run: Callable[[Log], None]
    suffix: str = ""
    lane: str = ""
    after: tuple[str, ...] = ()
    skip: str = ""

    @property
    def name(self) -> str:
        return f"{self.group}-{self.suffix}" if self.suffix else self.group
