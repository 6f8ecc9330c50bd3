# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pictures of docs/awx.md: drawn from jobs of tests. With DRAW_PICTURES set, they are written anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

from fake_awx import Job
from fake_awx.pictures import picture

PICTURES = Path(__file__).parents[2] / "docs" / "images"
WORDS = re.compile(r"[A-Za-z@.]{4,}")


def assert_pictured(name: str, job: Job, *tasks: str) -> None:
    """The picture of this name shows what these tasks of the job have printed."""
    path = PICTURES / f"{name}.svg"
    drawn = picture(job, job.name, tasks)
    if os.environ.get("DRAW_PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        path.write_text(drawn, encoding="utf-8")
    assert _words(path.read_text(encoding="utf-8")) == _words(drawn), name


def _words(svg: str) -> list[str]:
    """What stands in a picture, without numbers, which differ from run to run."""
    return WORDS.findall(re.sub(r"<[^>]*>|[0-9a-f]{12,64}", " ", svg))
