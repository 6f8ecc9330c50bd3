# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pictures of docs/awx.md: drawn from jobs that have just run. With DRAW_PICTURES set, they are written anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

from fake_awx import Launcher
from fake_awx.pictures import picture
from fake_tenant import FakeTenantServer

PICTURES = Path(__file__).parents[2] / "docs" / "images"
ALICE, BOB = "alice@contoso.onmicrosoft.com", "bob@contoso.onmicrosoft.com"
WORDS = re.compile(r"[A-Za-z@.]{4,}")


def words(svg: str) -> list[str]:
    """What stands in a picture, without numbers, which differ from run to run."""
    return WORDS.findall(re.sub(r"<[^>]*>|[0-9a-f]{12,64}", " ", svg))


def test_the_pictures_show_what_jobs_print(launcher: Launcher, fake: FakeTenantServer) -> None:
    for name in (ALICE, BOB):
        fake.mailboxes.patch(name, state="inherit")
    asked = {
        "smtp_auth_mailboxes": f"{ALICE}\n{BOB}",
        "smtp_auth_state": "enabled",
        "smtp_auth_reason": "Scanners on the third floor",
        "smtp_auth_ticket": "INC-4711",
    }

    def move() -> None:
        fake.mailboxes.patch(BOB, state="enabled")

    refused = launcher.launch_workflow("SMTP AUTH: request", between=move, **asked)
    why = launcher.launch_workflow(
        "SMTP AUTH: request", **{**asked, "smtp_auth_mailboxes": f"{ALICE}\nnobody@contoso.com"}
    )
    tenants = launcher.launch_workflow("SMTP AUTH: all tenants")
    drawn = {
        "awx_preview.svg": picture(
            refused.jobs[0],
            "SMTP AUTH: preview",
            ("Bring the tenant", "Show what was done", "Show why"),
        ),
        "awx_refused.svg": picture(refused.jobs[1], "SMTP AUTH: apply", ("Show what was done",)),
        "awx_why.svg": picture(why.jobs[0], "SMTP AUTH: preview", ("Show what was done",)),
        "awx_tenants.svg": picture(
            tenants.jobs[1], "SMTP AUTH: overview of all tenants", ("Show all tenants", "Fail if")
        ),
    }
    if os.environ.get("DRAW_PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        for name, svg in drawn.items():
            (PICTURES / name).write_text(svg, encoding="utf-8")
    for name, svg in drawn.items():
        assert words((PICTURES / name).read_text(encoding="utf-8")) == words(svg), name
