# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m report.pictures FOLDER`` draws sample reports, for eyes: light, dark, narrow, printed."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.data import Report
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.write import write_report

from report import browser, sample


def samples() -> dict[str, Report]:
    return {
        "enforced": sample.enforcement(),
        "checked": sample.enforcement(check_mode=True, failure="The plan changes 14 mailboxes; max_changes allows 5."),
        "audit": sample.audit(),
        "evidenced": sample.evidenced(),
        "hostile": sample.hostile(),
        "large": sample.large(),
    }


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with browser.running(browser.find()) as driven:
        for name, report in samples().items():
            path = Path(write_report(report, str(folder), name).html)
            for scheme in ("light", "dark"):
                page = driven.page(prefers_color_scheme=scheme)
                for width in (1280, 390):
                    page.size(width, 900)
                    page.open(path)
                    (folder / f"{name}-{scheme}-{width}.png").write_bytes(page.picture(whole=name != "large"))
            (folder / f"{name}.pdf").write_bytes(page.pdf())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
