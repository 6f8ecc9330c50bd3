# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who would break, in groups; and what has changed since an earlier report."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import InputError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.data import Report, Row
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.earlier import compared, read_earlier
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.html import render_html
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.json import json_chunks
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.who_breaks import groups_of
from report import sample


def words(report: Report, part: str) -> str:
    page = render_html(report)
    if f'id="{part}"' not in page:
        return ""
    section = page.split(f'id="{part}"')[1].split("</section>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", section).split())


def risky(address: str, used: str, **more: str) -> Row:
    return Row(address, address, address, at_risk=True, basic="enabled", used=used, **more)  # type: ignore[arg-type]


AT_RISK = [
    risky("a@contoso.com", "yes", last_used="2026-11-23T00:00:00Z", mailbox_type="UserMailbox"),
    risky("b@Contoso.com", "yes", last_used="2026-11-10", mailbox_type="SharedMailbox"),
    risky("c@contoso.com", "yes", mailbox_type="UserMailbox"),
    risky("d@fabrikam.com", "no_evidence", mailbox_type="UserMailbox"),
    risky("e@fabrikam.com", "unknown"),
    risky("f@fabrikam.com", "yes", protocol="oauth", seen_in="file"),
]
OTHERS = [Row("g", used="yes"), Row("h", used="no_evidence")]
REPORT = Report("t", "x", time="2026-11-24T01:00:00Z", rows=[*AT_RISK, *OTHERS], evidence={"Sign-in log": "Read."})


def test_who_would_break_is_told_in_sentences_and_groups() -> None:
    said = words(REPORT, "breaks")
    assert "3 mailboxes could sign in with Basic today, and were seen using SMTP AUTH." in said
    assert "For 2 mailboxes at risk no source shows any use of Basic." in said
    assert "Of 1 mailbox at risk it isn't known" in said
    assert "1 mailbox at risk was seen using OAuth alone." in said
    assert "1 other mailbox was seen using SMTP AUTH" in said
    assert "contoso.com 3 0 0 fabrikam.com 0 2 1" in said
    assert "UserMailbox 2 1 0 SharedMailbox 1 0 0 not known 0 1 1" in said
    assert "in the last 7 days 1 8 to 30 days ago 1 on a day that isn't told 1" in said
    assert "Sign-in log Read." in said


def test_without_evidence_nothing_of_it_is_on_the_page() -> None:
    page = render_html(dataclasses.replace(REPORT, evidence=None))
    assert "Who would break" not in page
    assert "Last used" not in page


def test_tens_of_thousands_stay_readable() -> None:
    rows = [risky(f"user{n}@d{n % 400}.example", ("yes", "no_evidence", "unknown")[n % 3]) for n in range(45_000)]
    report = dataclasses.replace(REPORT, rows=rows)
    page = render_html(report)
    assert len(page.encode()) < 2_000_000
    said = words(report, "breaks")
    assert "15,000 mailboxes could sign in with Basic today" in said
    assert "375 more" in said
    groups = groups_of(rows, lambda row: row.mailbox.rpartition("@")[2])
    assert len(groups) == 400
    assert [sum(counts[place] for _name, counts in groups) for place in range(3)] == [15_000] * 3


def test_who_ran_it_is_told() -> None:
    page = render_html(sample.evidenced())
    assert "app 11111111-2222-3333-4444-555555555555, version 0.1.0" in page


# An earlier report ----------------------------------------------------------------------------------------------------


def written(folder: Path, report: Report) -> str:
    path = folder / "earlier.json"
    path.write_text("".join(json_chunks(report)))
    return str(path)


BEFORE = Report(
    "t",
    "tenant",
    time="2026-11-17T01:00:00Z",
    rows=[
        Row("a@x.com", "A", "a@x.com", after="inherit", basic="disabled"),
        Row("b@x.com", "B", "b@x.com", after="enabled", basic="enabled", at_risk=True, used="yes"),
        Row("gone@x.com", "G", "gone@x.com", after="enabled"),
    ],
)
NOW = dataclasses.replace(
    BEFORE,
    time="2026-11-24T01:00:00Z",
    rows=[
        Row("a@x.com", "a", "a@x.com", after="enabled", basic="enabled", at_risk=True, policy="Block"),
        Row("b@x.com", "B", "renamed@x.com", after="enabled", basic="enabled", at_risk=True, used="yes"),
        Row("new@x.com", "N", "new@x.com", after="inherit"),
        Row("unread@x.com", error="It couldn't be read."),
    ],
)


def test_what_is_new_gone_and_changed(tmp_path: Path) -> None:
    report = compared(NOW, read_earlier(written(tmp_path, BEFORE), "compare_with"), whole=True)
    assert [row.since for row in report.rows] == ["changed_since", "", "new", ""]
    assert report.rows[0].was == "own setting was inherit; Basic was disabled; at risk was no", (
        "what it didn't tell isn't"
    )
    assert (report.gone, report.compared_with) == (("gone@x.com",), "2026-11-17T01:00:00Z")
    said = words(report, "since")
    assert "Since the report of 17 November 2026, 01:00 UTC" in said
    assert "1 mailbox is new, 1 has changed, and 1 is gone. Gone gone@x.com" in said


def test_of_listed_mailboxes_nobody_is_called_gone(tmp_path: Path) -> None:
    assert compared(NOW, read_earlier(written(tmp_path, BEFORE), "x"), whole=False).gone == ()


def test_a_report_from_before_these_columns_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    rows = [{"mailbox": "b@x.com", "guid": "b", "after": "disabled", "basic": "", "reason": "x"}]
    path.write_text(json.dumps({"schema": 2, "tenant": "tenant", "time": "2026-01-01T00:00:00Z", "mailboxes": rows}))
    report = compared(NOW, read_earlier(str(path), "compare_with"), whole=True)
    assert report.rows[1].was == "own setting was disabled"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "can't be read"),
        ("", "isn't JSON"),
        ("[" * 100_000, "isn't JSON"),
        ("[]", "isn't the JSON file of a report"),
        ('{"schema": 2}', "isn't the JSON file of a report"),
        ('{"mailboxes": []}', "isn't the JSON file of a report"),
        ('{"schema": 2, "mailboxes": [{"mailbox": "a"}]}', "without a guid"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "earlier.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=said) as raised:
        read_earlier(str(path), "compare_with")
    assert f"compare_with {path}" in raised.value.message


def test_a_folder_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ordinary file"):
        read_earlier(str(tmp_path), "compare_with")
