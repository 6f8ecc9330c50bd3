# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long the tenant's answers take, in three shapes: in each, another way to many mailboxes is the better one."""

from __future__ import annotations

from dataclasses import dataclass

PAGE = 1000
BATCH = 10


@dataclass(frozen=True)
class Shape:
    """Seconds: ``base`` of every answer, and more for each ``row`` of a page and each ``item`` of a batch."""

    name: str
    base: float
    row: float = 0.0
    item: float = 0.0

    @property
    def page(self) -> float:
        return self.base + PAGE * self.row

    def batch(self, items: int = BATCH) -> float:
        return self.base + items * self.item

    def __str__(self) -> str:
        return f"{self.name}: a page of {PAGE:,} takes {self.page:g} s, a batch of ten {self.batch():g} s"


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("flat", 0.25),
        Shape("slow pages", 0.2, row=0.001),
        Shape("slow batches", 0.2, item=0.2),
    )
}
