# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The most that a run may change: a count, or a percentage of all mailboxes, rounded down."""

from __future__ import annotations

import dataclasses
import re
from fractions import Fraction

_COUNT = re.compile(r"\d{1,9}\Z", re.ASCII)
_PERCENTAGE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s?%\Z", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Limit:
    """``text``: as it was given."""

    text: str
    count: int = 0
    share: Fraction | None = None

    def of(self, mailboxes: int) -> int:
        """The most of so many mailboxes."""
        return self.count if self.share is None else int(self.share * mailboxes)

    def shown(self, mailboxes: int) -> str:
        return self.text if self.share is None else f"{self.text}, which is {self.of(mailboxes)} of {mailboxes:,}"


def parse_limit(text: str | None) -> Limit | None:
    """None for no limit.

    :raises ValueError: neither a count nor a percentage up to 100.
    """
    if text is None or not text.strip():
        return None
    text = text.strip()
    if _COUNT.match(text):
        return Limit(text, int(text))
    match = _PERCENTAGE.match(text)
    if match and Fraction(match.group(1)) <= 100:
        return Limit(text, share=Fraction(match.group(1)) / 100)
    raise ValueError(f"max_changes is {text[:60]!r}; a count such as 20 or a percentage such as 5% is needed")


def count_limit(count: int | None) -> Limit | None:
    return None if count is None else Limit(str(count), count)
