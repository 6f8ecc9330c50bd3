# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages as a reader meets them: a short README, a command first on every page, and no page that nobody finds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted((ROOT / "docs").glob("**/*.md"))
MOST_WORDS = 600


def test_the_readme_is_short() -> None:
    before = README.partition("\n## Testing\n")[0].partition("-->")[2]
    assert 200 < len(before.split()) <= MOST_WORDS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_page_begins_with_a_command(page: Path) -> None:
    """With one sentence before it at the most."""
    text = page.read_text(encoding="utf-8").partition("-->")[2].strip()
    assert re.match(r"# [^\n]+\n\n(?:[A-Z][^\n`|]{,200}\n\n)?```console\n[a-zA-Z]", text), text[:200]


def test_each_page_is_found() -> None:
    """From the README, at most by way of one other page; and all of them from the documentation site."""
    linked = set(re.findall(r"\]\((docs/[^)#]+\.md)", README))
    for name in tuple(linked):
        here = (ROOT / name).parent
        for link in re.findall(r"\]\(([^):#]+\.md)", (ROOT / name).read_text(encoding="utf-8")):
            linked.add(str((here / link).resolve().relative_to(ROOT)))
    pages = {str(page.relative_to(ROOT)) for page in PAGES}
    assert pages - linked == set()
    site = (ROOT / "docs" / "docsite" / "rst" / "pages.rst").read_text(encoding="utf-8")
    assert {f"docs/{name}" for name in re.findall(r"/blob/main/docs/([^>]+)>", site)} == pages
