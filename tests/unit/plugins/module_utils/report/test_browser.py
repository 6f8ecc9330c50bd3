# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page in a real browser, opened from a file. Skipped where there is no Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.attention import attention, tally
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.data import Report
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.write import write_report
from report import browser, sample

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not browser.find(), reason=browser.MISSING)]

SHOWN = "[...document.querySelectorAll('#rows tbody tr')].filter(row => !row.hidden)"
NAMES = f"{SHOWN}.map(row => row.cells[0].querySelector('bdi').textContent)"
# Made when the first of them is looked at: the large one takes as long as all else that is collected with this file.
REPORTS: dict[str, Callable[[], Report]] = {
    "enforced": sample.enforcement,
    "checked": partial(sample.planned, failure="The plan is too large."),
    "audit": sample.audit,
    "evidenced": sample.evidenced,
    "hostile": sample.hostile,
    "large": sample.large,
}


@cache
def report(name: str) -> Report:
    return REPORTS[name]()


@pytest.fixture(scope="module")
def driven() -> Iterator[browser.Browser]:
    with browser.running(browser.find()) as found:
        yield found


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = str(tmp_path_factory.mktemp("reports"))
    return {name: Path(write_report(report(name), folder, name).html) for name in REPORTS}


@pytest.fixture
def page(driven: browser.Browser, paths: dict[str, Path]) -> browser.Page:
    """The ordinary report, on an ordinary screen."""
    opened = driven.page()
    opened.size(1280, 900)
    opened.open(paths["enforced"])
    return opened


def set_field(page: browser.Page, name: str, value: str) -> None:
    page.value(
        f"(() => {{ const field = document.getElementById('{name}'); field.value = '{value}';"
        " field.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def click_head(page: browser.Page, table: str, column: int) -> None:
    page.value(f"document.querySelectorAll('#{table} thead button')[{column}].click()")


def column(page: browser.Page, table: str, place: int) -> list[str]:
    return list(
        page.value(f"[...document.querySelectorAll('#{table} tbody tr')].map(row => row.cells[{place}].textContent)")
    )


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_loads_without_a_complaint_and_asks_for_nothing(
    name: str, scheme: str, driven: browser.Browser, paths: dict[str, Path]
) -> None:
    page = driven.page(prefers_color_scheme=scheme)
    page.open(paths[name])
    assert page.complaints() == []
    assert page.requested() == [paths[name].as_uri()]
    assert page.value("document.documentElement.classList.contains('js')")
    luminance = page.value("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[1]")
    assert (luminance < 64) == (scheme == "dark")


@pytest.mark.parametrize("width", [390, 800, 1280])
@pytest.mark.parametrize("name", ["enforced", "evidenced", "hostile"])
def test_page_never_scrolls_sideways(name: str, width: int, driven: browser.Browser, paths: dict[str, Path]) -> None:
    page = driven.page()
    page.size(width, 800)
    page.open(paths[name])
    assert page.value("document.documentElement.scrollWidth") <= width


def test_hostile_names_run_nothing(driven: browser.Browser, paths: dict[str, Path]) -> None:
    page = driven.page()
    page.open(paths["hostile"])
    assert page.value("document.title").startswith("Audit")
    assert page.value("document.querySelectorAll('img').length") == 0
    assert page.value("document.querySelectorAll('script').length") == 1
    assert sample.EVIL in page.value("document.querySelector('h1').textContent")


def test_policy_stops_scripts_that_are_not_the_pages_own(page: browser.Page) -> None:
    """The second line of defence, should escaping ever fail."""
    page.value(
        "(() => { const own = document.createElement('script'); own.textContent = 'document.title = \"owned\"';"
        " document.body.append(own);"
        " document.body.insertAdjacentHTML('beforeend', '<button id=\"x\" onclick=\"document.title=1\"></button>');"
        " document.getElementById('x').click(); })()"
    )
    assert page.value("document.title").startswith("SMTP AUTH baseline")
    assert any("Content Security Policy" in text for text in page.complaints())


def test_filter_by_text(page: browser.Page) -> None:
    every = page.value(NAMES)
    assert len(every) == sum(bool(attention(row)) for row in report("enforced").rows)
    assert page.value("document.getElementById('f-shown').textContent") == f"All {len(every)} shown"
    set_field(page, "f-text", "WAREHOUSE refused")
    failed = [row.mailbox for row in report("enforced").rows if row.error and "warehouse" in row.mailbox]
    assert page.value(NAMES) == failed
    assert page.value("document.getElementById('f-shown').textContent") == f"{len(failed)} of {len(every)} shown"


def test_filter_by_attention_and_state(page: browser.Page) -> None:
    rows = report("enforced").rows
    set_field(page, "f-kind", "blocked")
    assert set(page.value(NAMES)) == {row.mailbox for row in rows if "blocked" in attention(row)}
    set_field(page, "f-kind", "changed")
    set_field(page, "f-state", "inherit")
    assert set(page.value(NAMES)) == {row.mailbox for row in rows if row.changed and row.state == "inherit"}
    page.value("document.querySelector('#filter button[type=reset]').click()")
    page.value("new Promise(done => setTimeout(done, 0))")
    assert len(page.value(NAMES)) == sum(bool(attention(row)) for row in rows)


def test_filter_that_fits_nothing_says_so(page: browser.Page) -> None:
    assert page.value("document.getElementById('f-none').hidden")
    set_field(page, "f-text", "no such mailbox")
    assert page.value(NAMES) == []
    assert not page.value("document.getElementById('f-none').hidden")


def test_figure_leads_to_its_mailboxes(page: browser.Page) -> None:
    page.value("document.querySelector('.tile [data-show=at_risk]').click()")
    assert len(page.value(NAMES)) == tally(report("enforced").rows)["at_risk"]
    assert page.value("location.hash") == "#mailboxes"


def test_sort_up_and_down(page: browser.Page) -> None:
    click_head(page, "rows", 0)
    up = column(page, "rows", 0)
    assert up == page.value(
        "[...document.querySelectorAll('#rows tbody tr')].map(row => row.cells[0].textContent)"
        ".sort(new Intl.Collator('en', {numeric: true, sensitivity: 'base'}).compare)"
    )
    heads = "[...document.querySelectorAll('#rows thead th')].map(head => head.getAttribute('aria-sort'))"
    assert page.value(heads) == ["ascending", None, None, None, None, None]
    click_head(page, "rows", 0)
    assert column(page, "rows", 0) == up[::-1]
    assert page.value(heads)[0] == "descending"
    assert "Sorted by Mailbox, descending" in page.value("document.querySelector('#mailboxes').textContent")


def test_sort_by_attention_gives_the_first_order_back(page: browser.Page) -> None:
    first = page.value(NAMES)
    click_head(page, "rows", 5)
    assert page.value(NAMES) != first
    click_head(page, "rows", 4)
    assert page.value(NAMES) == first


def test_sort_keeps_the_filter(page: browser.Page) -> None:
    set_field(page, "f-kind", "failed")
    before = page.value(NAMES)
    click_head(page, "rows", 0)
    assert sorted(page.value(NAMES)) == sorted(before)


def test_exceptions_sort_by_their_end(page: browser.Page) -> None:
    click_head(page, "except", 4)
    assert column(page, "except", 4) == [
        *("2026-10-31", "2026-11-24", "2026-12-09", "2027-01-31", "2027-03-31"),
        *("no end", "no end"),
    ]


def test_sort_by_keyboard(page: browser.Page) -> None:
    page.value("document.querySelector('#rows thead button').focus()")
    page.key("Enter", 13, "\r")
    assert page.value("document.querySelector('#rows thead th').getAttribute('aria-sort')") == "ascending"
    page.key("Tab", 9)
    assert page.value("document.activeElement.textContent") == "Own setting"


def test_page_without_scripts_is_a_whole_table(driven: browser.Browser, paths: dict[str, Path]) -> None:
    page = driven.page()
    page.scripts(False)
    page.open(paths["enforced"])
    page.scripts(True)
    assert len(page.value(NAMES)) == sum(bool(attention(row)) for row in report("enforced").rows)
    assert page.value("document.getElementById('filter').hidden")
    assert page.value("document.querySelectorAll('thead button').length") == 0


def test_tables_stay_tables_on_a_narrow_screen(driven: browser.Browser, paths: dict[str, Path]) -> None:
    """Rows are drawn as cards there; screen readers still have to find a table."""
    page = driven.page()
    page.size(390, 800)
    page.open(paths["enforced"])
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    roles = [node.get("role", {}).get("value") for node in tree if not node.get("ignored")]
    assert roles.count("table") == 2
    rows = sum(bool(attention(row)) for row in report("enforced").rows) + len(report("enforced").exceptions)
    assert roles.count("row") == rows + 2


def test_large_tenant_is_filtered_and_sorted(driven: browser.Browser, paths: dict[str, Path]) -> None:
    page = driven.page()
    page.open(paths["large"])
    every = page.value(f"{SHOWN}.length")
    assert every > 1000
    in_all = sum(bool(attention(row)) for row in report("large").rows)
    told = f"{every:,} of {in_all:,} shown, {in_all - every:,} only in the CSV file"
    assert page.value("document.getElementById('f-shown').textContent") == told
    set_field(page, "f-text", page.value(NAMES)[7])
    assert 1 <= page.value(f"{SHOWN}.length") < every
    click_head(page, "rows", 0)
    assert page.complaints() == []


def test_page_prints(page: browser.Page) -> None:
    printed = page.pdf()
    assert printed.startswith(b"%PDF-")
    assert 2 <= printed.count(b"/Type /Page\n") <= 12
    assert b"/MediaBox [0 0 594" in printed or b"/MediaBox [0 0 595" in printed  # A4


def test_print_hides_controls_and_repeats_the_head(page: browser.Page) -> None:
    page.call("Emulation.setEmulatedMedia", {"media": "print"})
    style = "getComputedStyle(document.querySelector('{}')).{}"
    assert page.value(style.format("#filter", "display")) == "none"
    assert page.value(style.format("#rows thead", "display")) == "table-header-group"
    # A button with a box of its own would leave the repeated head empty.
    assert page.value(style.format("#rows thead button", "display")) == "contents"
    assert page.value(style.format("#rows tbody tr", "breakInside")) == "avoid"


def test_report_of_nothing_opens(driven: browser.Browser, tmp_path: Path) -> None:
    page = driven.page()
    page.open(Path(write_report(Report(title="", tenant=""), str(tmp_path)).html))
    assert page.complaints() == []
    assert "No mailbox was found." in page.value("document.body.textContent")
