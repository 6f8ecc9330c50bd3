# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A baseline that is made from evidence is YAML that a person has to fill before it is taken."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.baseline import (
    BaselineError,
    parse_exceptions,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.baseline_draft import Seen, draft

SEEN = [
    Seen("scanner@contoso.com", "2026-11-20T08:00:00Z", "basic", ["sign_in_log", "file"]),
    Seen('o\'neil+"x": #1@contoso.com', "", "unknown", ["usage_report"]),
]


def test_who_was_seen_is_an_exception_to_be_filled() -> None:
    text = draft(SEEN, ["Made on a day."])
    read = yaml.safe_load(text)
    assert [one["mailbox"] for one in read["exceptions"]] == ['o\'neil+"x": #1@contoso.com', "scanner@contoso.com"]
    assert "# last used 2026-11-20, basic, seen in sign_in_log, file" in text
    assert "# last use not told, seen in usage_report" in text
    with pytest.raises(BaselineError):
        parse_exceptions(read["exceptions"], require_owner=read["require_owner"])
    filled = [{**one, "owner": "it", "reason": "printer"} for one in read["exceptions"][1:]]
    assert len(parse_exceptions(filled, require_owner=True)) == 1


def test_the_organization_is_left_alone() -> None:
    read = yaml.safe_load(draft(SEEN, []))
    assert set(read) == {"require_owner", "everyone_else", "max_changes", "exceptions"}
    assert read["everyone_else"] == "unmanaged", "who isn't seen isn't touched before somebody decides so"


def test_nobody_seen_is_a_file_too() -> None:
    text = draft([], ["Made on a day."])
    assert yaml.safe_load(text)["exceptions"] == []
    assert "No source shows anybody" in text
