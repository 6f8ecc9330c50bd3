# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page without a browser: what it says, what it leaves out, and that nothing gets out of its place."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.attention import (
    KINDS,
    attention,
    in_order,
    tally,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.chart import draw_bar
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.data import Report, Row
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.html import MOST_ROWS, render_html
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.style import STYLE
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.tables import days
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.text import (
    escape,
    moment,
    share,
    visible,
    within,
)
from report import sample

VOID = {"meta", "br", "input", "rect", "circle"}


class Parsed(HTMLParser):
    """Every element with its attributes, all text, and whether each end fits its start."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.misfits: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        self.misfits += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.misfits.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


REPORTS = {
    "enforced": sample.enforcement(),
    "checked": sample.planned(),
    "refused": sample.planned(check_mode=False, failure="The plan is too large."),
    "audit": sample.audit(),
    "evidenced": sample.evidenced(),
    "hostile": sample.hostile(),
    "empty": Report(title="", tenant=""),
}


@pytest.fixture(params=REPORTS, scope="module")
def page(request: pytest.FixtureRequest) -> Parsed:
    return Parsed(render_html(REPORTS[request.param], csv_name="a.csv", json_name="a.json"))


def test_page_is_well_formed(page: Parsed) -> None:
    assert not page.misfits
    ids = [attributes["id"] for _tag, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_page_refers_to_nothing_but_its_own_anchors(page: Parsed) -> None:
    ids = {attributes["id"] for _tag, attributes in page.elements if "id" in attributes}
    asking = {"src", "srcset", "data", "action", "poster", "background", "cite", "formaction", "ping", "xlink:href"}
    for tag, attributes in page.elements:
        assert tag not in {"link", "iframe", "object", "embed", "base", "img", "audio", "video", "image", "use"}
        assert not asking & set(attributes), (tag, attributes)
        if "href" in attributes:
            assert str(attributes["href"])[0] == "#"
            assert str(attributes["href"])[1:] in ids
        if str(attributes.get("fill", "")).startswith("url("):
            assert str(attributes["fill"])[5:-1] in ids
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_page_has_one_script_one_style_and_no_handlers(page: Parsed) -> None:
    assert len(page.of("script")) == len(page.of("style")) == 1
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)


def test_policy_admits_only_this_script_and_style(page: Parsed) -> None:
    policy = next(str(entry["content"]) for entry in page.of("meta") if "http-equiv" in entry)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].startswith("'sha256-")
    assert rules["style-src"].startswith("'sha256-")
    assert "unsafe" not in policy


def test_texts_from_outside_stay_texts() -> None:
    page = Parsed(render_html(sample.hostile()))
    assert page.words.count(sample.EVIL) >= 10
    assert "\u202e" not in "".join(page.text)
    assert "\u27e8U+202E\u27e9gpj.exe\u27e8U+0007\u27e9\u27e8U+0000\u27e9\u27e8U+D800\u27e9" in page.words
    render_html(sample.hostile()).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#x27;"),
        ("two\n lines\t", "two lines"),
        ("\u202eevil", "\u27e8U+202E\u27e9evil"),
        ("\u2066x\u2069\u200b\ufeff", "\u27e8U+2066\u27e9x\u27e8U+2069\u27e9\u27e8U+200B\u27e9\u27e8U+FEFF\u27e9"),
        ("\x1b[31m", "\u27e8U+001B\u27e9[31m"),
        ("عَرَبِيّ", "عَرَبِيّ"),
        ("👩\u200d🔧", "👩\u200d🔧"),
        ("x" * 400, "x" * 299 + "\u2026"),
        ("<" * 400, "&lt;" * 299 + "\u2026"),
    ],
)
def test_escape(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_visible_keeps_what_can_be_seen() -> None:
    assert visible("Ada\r\n\tLovelace, Œuvre №1") == "Ada\r\n\tLovelace, Œuvre №1"


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "0%"),
        (0, 9, "0%"),
        (9, 9, "100%"),
        (1, 3, "33.3%"),
        (1, 60_000, "< 0.1%"),
        (59_999, 60_000, "> 99.9%"),
    ],
)
def test_share(part: int, whole: int, said: str) -> None:
    assert share(part, whole) == said


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("2026-11-24T01:04:09Z", "24 November 2026, 01:04 UTC"),
        ("2026-11-24T01:04:09.123+02:00", "23 November 2026, 23:04 UTC"),
        ("2026-11-24", "24 November 2026, 00:00 UTC"),
        ("some day", "some day"),
        ("", ""),
    ],
)
def test_moment(time: str, said: str) -> None:
    assert moment(time) == said


@pytest.mark.parametrize(
    ("left", "said"), [(None, ""), (0, "last day today"), (1, "1 day left"), (30, "30 days left"), (-1, "1 day ago")]
)
def test_days(left: int | None, said: str) -> None:
    assert days(left) == said


def test_within_counts_pieces_and_bytes() -> None:
    assert within(["ä", "b", "c"], 2, 99) == ["ä", "b"]
    assert within(["ä", "b", "c"], 9, 3) == ["ä", "b"]
    assert within(["äää", "b"], 9, 5) == []


@pytest.mark.parametrize(
    ("row", "kinds"),
    [
        (Row("a", before="inherit", after="inherit"), ()),
        (Row("a", before="enabled", after="enabled"), ("enabled",)),
        (Row("a", before="enabled"), ("enabled",)),
        (Row("a", before="enabled", after="inherit", changed=True, drifted=True), ("drifted", "changed")),
        (Row("a", before="enabled", changed=True, error="lost"), ("failed", "changed")),
        (Row("a", before="enabled", after="enabled", basic="disabled", oauth="enabled"), ("blocked", "enabled")),
        (Row("a", before="inherit", after="inherit", basic="disabled", oauth="disabled"), ()),
        (Row("a", before="inherit", after="inherit", basic="enabled", at_risk=True), ("at_risk",)),
        (Row("a", before="inherit", after="inherit", planned="enabled"), ("planned",)),
        (Row("a", before="inherit", after="inherit", basic="unknown"), ("may_be_at_risk",)),
        (Row("a", at_risk=True, used="yes"), ("would_break", "at_risk")),
        (Row("a", at_risk=True, used="no_evidence"), ("at_risk",)),
        (Row("a", used="yes"), ()),
        (Row("a", at_risk=True, used="yes", protocol="oauth", seen_in="file"), ("at_risk",)),
        (Row("a", at_risk=True, used="yes", protocol="oauth", seen_in="sign_in_log file"), ("would_break", "at_risk")),
        (Row("a", since="new"), ("new",)),
        (Row("a", since="changed_since"), ("changed_since",)),
        (Row("a", before="inherit", after="inherit", basic="unknown", at_risk=True), ("at_risk",)),
    ],
)
def test_attention(row: Row, kinds: tuple[str, ...]) -> None:
    assert attention(row) == kinds


def test_most_urgent_comes_first() -> None:
    wanted = [
        Row("failed", error="no"),
        Row("still-drifted", before="enabled", after="enabled", drifted=True, at_risk=True),
        Row("changed", before="enabled", after="inherit", drifted=True, changed=True),
        Row("planned", before="enabled", after="enabled", planned="inherit"),
        Row("would-break", after="inherit", at_risk=True, used="yes"),
        Row("blocked", after="enabled", basic="disabled"),
        Row("own-risk", after="enabled", at_risk=True),
        Row("a-own", after="enabled"),
        Row("B-own", after="enabled"),
        Row("risk", after="inherit", at_risk=True),
        Row("a-unknown", after="inherit", basic="unknown"),
        Row("a-new", after="inherit", since="new"),
        Row("a-changed", after="inherit", since="changed_since"),
    ]
    assert in_order([Row("plain", after="inherit"), *reversed(wanted)]) == wanted


def test_page_shows_who_needs_a_person_and_nobody_else() -> None:
    report = sample.enforcement()
    page = Parsed(render_html(report))
    shown = [attributes for attributes in page.of("tr") if "data-a" in attributes]
    assert len(shown) == sum(bool(attention(row)) for row in report.rows) == len(in_order(report.rows))
    said = [set(str(attributes["data-a"]).split()) for attributes in shown]
    for kind, count in tally(report.rows).items():
        assert sum(kind in entry for entry in said) == count


def test_figures_add_up() -> None:
    report = sample.enforcement()
    page = render_html(report)
    tile = re.compile(r'class="tile[^"]*"><b>([\d,]+)</b><span>(?:<a [^>]*>)?([^<]*)')
    figures = {words: int(count.replace(",", "")) for count, words in tile.findall(page)}
    assert figures["Mailboxes"] == 1200
    assert figures["Changed"] + figures["Unchanged"] + figures["Failed"] == 1200
    assert figures["Not found"] == 1
    assert figures["Drifted"] == sum(row.drifted for row in report.rows)
    assert figures["At risk"] == sum(row.at_risk for row in report.rows)
    assert figures["Enabled, but blocked"] == tally(report.rows)["blocked"]


def test_bars_add_up_and_say_it_in_words() -> None:
    drawn = draw_bar("Own setting", {"enabled": 1, "disabled": 0, "inherit": 59_999, "odd": 3}, ("enabled", "inherit"))
    parsed = Parsed(drawn)
    segments = [attributes for attributes in parsed.of("rect") if "x" in attributes]
    widths = [float(str(attributes["width"]).rstrip("%")) for attributes in segments]
    assert len(segments) == 3
    assert sum(widths) == pytest.approx(100, abs=0.01)
    assert min(widths) > 0.5
    assert parsed.of("svg")[0]["aria-label"] == "Own setting: enabled 1, inherit 59,999, disabled 0, odd 3"
    assert "inherit 59,999 > 99.9%" in parsed.words


def test_bar_of_nobody_is_empty() -> None:
    assert [attributes for attributes in Parsed(draw_bar("x", {}, ("enabled",))).of("rect") if "x" in attributes] == []


def test_large_tenant_makes_no_large_page() -> None:
    report = sample.large(20_000)  # ten times what a page holds; more would make it no larger
    text = render_html(report, csv_name="a.csv")
    page = Parsed(text)
    shown = sum("data-a" in attributes for attributes in page.of("tr"))
    needed = sum(bool(attention(row)) for row in report.rows)
    assert len(text.encode()) < 2_000_000
    assert 1000 < shown <= MOST_ROWS
    assert f"The {shown:,} most urgent are on this page; {needed - shown:,} more are left out." in page.words
    assert "The CSV file (a.csv) has all 20,000." in page.words
    assert all("failed" in str(row["data-a"]) for row in page.of("tr") if "data-a" in row)


def test_everything_at_its_longest_stays_below_two_megabytes() -> None:
    long = "<\u202e&\u00e4" * 500  # longer than any text is shown
    texts = {field.name: long for field in dataclasses.fields(Row) if "bool" not in str(field.type)}
    row = Row(**texts, changed=False, drifted=True, at_risk=True, planned_at_risk=True)  # type: ignore[arg-type]
    exception = dataclasses.replace(sample.exceptions()[0], mailbox=long, owner=long, reason=long, status=long)
    report = Report(
        title=long,
        tenant=long,
        tenant_name=long,
        asked={f"{place}{long}": long for place in range(200)},
        organization={f"{place}{long}": long for place in range(200)},
        counts={f"{place}{long}": place for place in range(200)},
        by_state={f"{place}{long}": place for place in range(50)},
        rows=[row] * 3000,
        exceptions=[exception] * 3000,
        warnings=[long] * 3000,
        failure=long,
    )
    assert len(render_html(report).encode()) < 2_000_000


def test_cap_says_what_it_leaves_out() -> None:
    rows = [sample.row(place, "own") for place in range(MOST_ROWS + 7)]
    page = Parsed(render_html(Report(title="t", tenant="x", rows=rows)))
    assert "The 2,000 most urgent are on this page; 7 more are left out." in page.words
    assert sum("data-a" in attributes for attributes in page.of("tr")) == MOST_ROWS


def test_check_mode_speaks_of_what_would_be() -> None:
    words = Parsed(render_html(sample.planned())).words
    assert "Check mode: nothing was written" in words
    assert "14 of 1,200 mailboxes would be changed" in words
    assert "Would change" in words
    assert "Check mode" not in Parsed(render_html(sample.enforcement())).words


def test_a_refused_plan_is_told_as_what_would_be() -> None:
    words = Parsed(render_html(sample.planned(check_mode=False, failure="Too many."))).words
    assert "The plan to change 14 of 1,200 mailboxes was refused; nothing was changed" in words
    assert "14 Would change" in words


def test_what_is_stands_before_what_would_be() -> None:
    rows = [
        Row("a", before="enabled", after="enabled", planned="inherit", basic="enabled", planned_basic="disabled"),
        Row("b", before="disabled", after="disabled", basic="disabled", planned_basic="disabled", planned="disabled"),
    ]
    report = Report(
        title="t",
        tenant="x",
        rows=rows,
        by_state={"enabled": 1, "disabled": 1},
        planned_by_state={"inherit": 1, "disabled": 1},
        by_effective={"basic": {"enabled": 1, "disabled": 1}},
        planned_by_effective={"basic": {"disabled": 2}},
        counts={"changed": 0, "planned": 1},
    )
    page = render_html(report)
    words = Parsed(page).words
    assert "enabled would be inherit" in words
    assert "enabled would be disabled" in words
    assert words.count("would be disabled") == 1, "what stays as it is isn't said twice"
    labels = re.findall('aria-label="([^"]+: [^"]+)"', page)
    assert labels == [
        "Own setting: enabled 1, inherit 0, disabled 1",
        "Own setting, as it would be after the plan: enabled 0, inherit 1, disabled 1",
        "Sign-in with Basic: enabled 1, unknown 0, disabled 1",
        "Sign-in with Basic, as it would be after the plan: enabled 0, unknown 0, disabled 2",
    ]


def test_failure_and_warnings_stand_before_the_figures() -> None:
    words = Parsed(render_html(sample.enforcement(failure="Nothing was written: too many changes."))).words
    places = [
        words.index(text) for text in ("The run failed", "too many changes", "2 warnings", "old-scanner", "Basic")
    ]
    assert places == sorted(places)


def test_quiet_tenant_is_said_to_be_as_asked() -> None:
    rows = [sample.row(place, "plain") for place in range(3)]
    words = Parsed(render_html(Report(title="t", tenant="x", rows=rows, counts={"changed": 0}))).words
    assert "0 of 3 mailboxes were changed; the tenant is as it was asked to be." in words


def test_risk_is_left_out_where_the_effective_state_was_not_read() -> None:
    words = Parsed(render_html(sample.audit())).words
    assert "At risk" not in words
    assert "OAuth" not in words


def test_risk_counts_the_unknown_apart_and_the_days() -> None:
    words = Parsed(render_html(sample.enforcement())).words
    assert "26 mailboxes could sign in with Basic today." in words
    assert "5 May be at risk" in words
    assert "For 5 other mailboxes that is unknown." in words
    assert "37 days to 31 December 2026" in words
    late = Parsed(render_html(sample.enforcement(time="2027-01-02T00:00:00Z"))).words
    assert "to 31 December 2026" not in late


def test_exceptions_come_by_urgency_with_owner_and_days() -> None:
    page = Parsed(render_html(sample.enforcement()))
    table = page.words.split("Exceptions 7 Mailbox ")[1].split("Mailboxes that need attention")[0]
    order = ["fax.warehouse26", "old-scanner", "erp.plant-south46", "payroll.basel57", "copier.lobby0", "alarm.dock"]
    places = [table.index(name) for name in order]
    assert places == sorted(places)
    assert "Greta Lindqvist Payslips, until the vendor speaks OAuth 2026-12-09 expiring 15 days left" in table
    assert (
        "fax.warehouse26@contoso.com enabled facilities@contoso.com Fax gateway 2026-10-31 expired 24 days ago" in table
    )
    assert "ERP team <erp@contoso.com> Order confirmations 2026-11-24 expiring last day today" in table
    assert "no owner none given" in table
    assert "Security desk Intrusion alarm; no other channel no end active" in table


def test_every_kind_can_be_filtered_for() -> None:
    report = sample.enforcement()
    more = [
        Row("planned", before="enabled", planned="inherit"),
        Row("used", at_risk=True, used="yes"),
        Row("new", since="new"),
        Row("changed", since="changed_since"),
    ]
    report = dataclasses.replace(report, rows=[*report.rows, *more])
    page = render_html(report)
    options = re.findall(r'<option value="([^"]+)">([^<]+)</option>', page)
    kinds = tally(report.rows)
    assert [value for value, _words in options if value in KINDS and value != "enabled"] == [
        kind for kind in KINDS if kind != "enabled"
    ]
    assert ("failed", f"Failed ({kinds['failed']})") in options


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, two: str) -> float:
    high, low = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_enough_contrast(scheme: int) -> None:
    """4.5 to 1, as WCAG 2 asks of text at level AA."""
    colours = dict(
        re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[scheme])
    )
    pairs = [(text, back) for text in ("ink", "soft", "link") for back in ("page", "card")]
    pairs += [(tone, f"{tone}-back") for tone in ("bad", "warn", "good", "note")]
    pairs += [(tone, "card") for tone in ("bad", "warn")] + [("ink", "bad-back"), ("ink", "warn-back")]
    poor = {pair: _contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


def test_the_headline_of_an_audit_is_what_it_found() -> None:
    report = sample.audit()
    found = [Row("a@x", after="enabled", basic="enabled", at_risk=True), Row("b@x", after="enabled", basic="disabled")]
    assert "0 of 40 mailboxes are enabled by their own setting." in Parsed(render_html(report)).words
    assert (
        "1 of 2 mailboxes can sign in with Basic today; 1 enabled, but blocked."
        in Parsed(render_html(dataclasses.replace(report, rows=found))).words
    )
    unknown = dataclasses.replace(report, rows=[Row("a@x", after="inherit", basic="unknown")])
    assert "0 of 1 mailbox can sign in with Basic today; 1 unknown." in Parsed(render_html(unknown)).words
