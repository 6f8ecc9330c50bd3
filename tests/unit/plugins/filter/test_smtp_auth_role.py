# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role works out between its tasks."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from ansible_collections.m365ops.exchange_online.plugins.filter.smtp_auth_role import FilterModule

filters = FilterModule().filters()
make_request = filters["smtp_auth_request"]
outcome_of = filters["smtp_auth_outcome"]
settle = filters["smtp_auth_plan"]
make_report = filters["smtp_auth_report"]
expected_of = filters["smtp_auth_expected"]

GONE = "It was there when the plan was made; it was deleted or renamed meanwhile."
MASKED_GUID = "1111-********-1111"
# awx/settings/defaults.py, MAX_EVENT_RES_DATA: the result of a larger event is dropped as a whole.
AWX_EVENT_LIMIT = 700_000


def group(state: str = "enabled", *mailboxes: str) -> dict[str, Any]:
    count = len(mailboxes)
    return {"state": state, "label": f"{state}, 1 to {count} of {count}", "mailboxes": list(mailboxes)}


def result(*rows: dict[str, Any], msg: str = "", code: str = "not_found") -> dict[str, Any]:
    """A module's result; ``rows`` are given short, as ``row`` makes them."""
    changed = sum(row["changed"] for row in rows)
    failed = sum("error" in row for row in rows)
    unchanged = len(rows) - changed - failed
    counts = {"requested": len(rows), "changed": changed, "unchanged": unchanged, "missing": 0, "failed": failed}
    answer: dict[str, Any] = {"mailboxes": list(rows), "summary": counts, "requests": {"sent": 2}, "failed": bool(msg)}
    return {**answer, "msg": msg, "failure": {"code": code}} if msg else answer


def row(mailbox: str, guid: str = "", changed: bool = False, error: str = "") -> dict[str, Any]:
    answer: dict[str, Any] = {"mailbox": mailbox, "guid": guid or mailbox, "before": "inherit", "changed": changed}
    return {**answer, "error": {"code": "not_found", "message": error}} if error else answer


class TestRequest:
    def test_nothing_is_fine(self) -> None:
        assert make_request({"enabled": [], "disabled": "", "inherit": None}, 500, "") == {
            "problems": [],
            "groups": [],
            "group_size": 500,
            "max_changes": None,
        }

    def test_groups(self) -> None:
        names = [f"u{number}@x.example" for number in range(1, 1202)]
        request = make_request({"enabled": ["z@x.example"], "inherit": names}, "600", "7")
        assert [group["label"] for group in request["groups"]] == [
            "enabled, 1 to 1 of 1",
            "inherit, 1 to 600 of 1,201",
            "inherit, 601 to 1,200 of 1,201",
            "inherit, 1,201 to 1,201 of 1,201",
        ]
        assert [name for group in request["groups"][1:] for name in group["mailboxes"]] == names
        assert (request["group_size"], request["max_changes"]) == (600, 7)

    def test_a_text_is_a_list(self) -> None:
        assert make_request({"disabled": "a@x.example\nb@x.example"}, "", 0)["groups"][0]["mailboxes"] == [
            "a@x.example",
            "b@x.example",
        ]

    @pytest.mark.parametrize(
        ("lists", "problem"),
        [
            (
                {"enabled": ["A@x.example"], "inherit": ["b@x.example", "a@X.example"]},
                "a@X.example is in two lists: entry 1 of smtp_auth_enabled and entry 2 of smtp_auth_inherit; a mailbox",
            ),
            ({"enabled": ["a@x.example", " "]}, "smtp_auth_enabled: entry 2 is blank"),
            (
                {"disabled": ["a@x.example", "A@x.example"]},
                "smtp_auth_disabled: entry 2 (A@x.example) is the same as entry 1",
            ),
            ({"disabled": {"a@x.example": 1}}, "smtp_auth_disabled is a dict; a list of mailboxes is needed"),
        ],
    )
    def test_lists_that_are_refused(self, lists: dict[str, Any], problem: str) -> None:
        request = make_request(lists, 500, "")
        assert len(request["problems"]) == 1
        assert request["problems"][0].startswith(problem)
        assert request["groups"] == []

    @pytest.mark.parametrize("value", ["many", "-1", 1.5, True, 0])
    def test_sizes_that_are_refused(self, value: Any) -> None:
        assert make_request({}, value, None)["problems"] == [
            f"smtp_auth_group_size is {value}; a whole number from 1 on is needed"
        ]

    def test_limits_that_are_refused(self) -> None:
        assert make_request({}, 1, "5%")["problems"] == [
            "smtp_auth_max_changes is 5%; a whole number from 0 on is needed"
        ]
        assert make_request({}, 1, 0)["max_changes"] == 0


class TestOutcome:
    def test_single_failures_leave_hope_for_the_next_group(self) -> None:
        outcome = outcome_of(result(row("a", error="not there"), msg="1 failed"), group("enabled", "a"))
        assert (outcome["tried"], outcome["stop"], outcome["message"]) == (True, False, "1 failed")

    @pytest.mark.parametrize(
        ("answer", "stop"),
        [
            ({"msg": "no token", "failed": False}, True),
            (result(row("a", error="denied"), msg="1 of 1 failed", code="access_denied"), True),
            (result(row("a", error="denied"), row("b"), msg="1 of 2 failed", code="access_denied"), False),
            (result(row("a"), msg="listed twice", code="duplicate"), False),
            (result(row("a", error="slow"), msg="1 of 1 failed", code="not_confirmed"), False),
        ],
    )
    def test_a_failure_that_others_will_meet_too_stops(self, answer: dict[str, Any], stop: bool) -> None:
        assert outcome_of(answer, group("enabled", "a"))["stop"] is stop

    def test_a_result_that_is_not_whole_is_a_failure(self) -> None:
        assert outcome_of({"changed": False}, group("enabled", "a"))["message"].startswith("the module ended without")
        assert outcome_of(result(row("a")), group("enabled", "a", "b"))["stop"] is False
        assert outcome_of(result(row("a")), group("enabled", "a", "b"))["message"] != ""

    def test_skipped(self) -> None:
        outcome = outcome_of(
            {"skipped": True, "changed": False, "msg": "Conditional result was False"}, group("enabled", "a")
        )
        assert (outcome["tried"], outcome["stop"], outcome["message"]) == (False, False, "")

    @pytest.mark.parametrize(
        ("shown", "asked", "names"),
        [
            (["u1@********.example", "u2@********.example"], ["u1@x.example", "u2@x.example"], None),
            (["********", "u2@y.example"], ["u1", "u2@y.example"], None),
            (["VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"], ["secret"], None),
            (["u1@********.example"], ["u0@x.example", "u1@x.example", "u2@x.example"], ["u1@x.example"]),
            (["u********", "z"], ["u1", "u2", "z"], ["u********", "z"]),
            (["a", "c"], ["a", "b", "c"], ["a", "c"]),
        ],
    )
    def test_names_are_those_that_were_asked_for(
        self, shown: list[str], asked: list[str], names: list[str] | None
    ) -> None:
        """Where a secret is a part of an address, Ansible masks it in the result. One that fits several stays so."""
        outcome = outcome_of(result(*(row(name) for name in shown)), group("enabled", *asked))
        assert [kept["mailbox"] for kept in outcome["rows"]] == (names or asked)


class TestPlan:
    def test_only_what_changes_is_cut_anew(self) -> None:
        outcomes = [
            outcome_of(result(row("a", changed=True), row("b")), group("enabled", "a", "b")),
            outcome_of(result(row("c", changed=True), row("d")), group("enabled", "c", "d")),
            outcome_of(result(row("e")), group("inherit", "e")),
        ]
        plan = settle(outcomes, 2, None)
        assert plan["problems"] == []
        assert plan["groups"] == [{"state": "enabled", "label": "enabled, 1 to 2 of 2", "mailboxes": ["a", "c"]}]

    def test_one_mailbox_under_two_names(self) -> None:
        outcomes = [
            outcome_of(result(row("a@x.example", "g1")), group("enabled", "a@x.example")),
            outcome_of(result(row("alias", "g1")), group("disabled", "alias")),
        ]
        problem = (
            "a@x.example in smtp_auth_enabled and alias in smtp_auth_disabled are the same mailbox (g1); list it once"
        )
        plan = settle(outcomes, 500, None)
        assert (plan["problems"], plan["groups"]) == ([problem], [])

    def test_masked_ids_are_not_compared(self) -> None:
        outcomes = [
            outcome_of(result(row("a", MASKED_GUID, changed=True)), group("enabled", "a")),
            outcome_of(result(row("b", MASKED_GUID, changed=True)), group("disabled", "b")),
        ]
        plan = settle(outcomes, 500, None)
        assert plan["problems"] == []
        assert [group["mailboxes"] for group in plan["groups"]] == [["a"], ["b"]]

    def test_masked_names_are_written_by_their_own_names(self) -> None:
        asked = ["a@x.example", "b@x.example"]
        shown = [row("a@********.example", "1", changed=True), row("b@********.example", "2")]
        plan = settle([outcome_of(result(*shown), group("enabled", *asked))], 500, None)
        assert [group["mailboxes"] for group in plan["groups"]] == [["a@x.example"]]

    def test_a_name_that_stays_masked_is_never_guessed(self) -> None:
        answer = result(row("u********", changed=True))
        answer["summary"]["missing"] = 1
        plan = settle([outcome_of(answer, group("enabled", "u1", "u2"))], 500, None)
        assert plan["groups"] == []
        assert "Ansible hides part of u********" in plan["problems"][0]

    def test_every_group_that_failed_is_named(self) -> None:
        outcomes = [
            outcome_of(result(row("a", error="x"), msg="a is unknown"), group("enabled", "a")),
            outcome_of(result(row("b", changed=True)), group("disabled", "b")),
            outcome_of(result(row("c", error="x"), msg="c is unknown"), group("inherit", "c")),
        ]
        plan = settle(outcomes, 500, None)
        assert plan["problems"] == ["enabled, 1 to 1 of 1: a is unknown", "inherit, 1 to 1 of 1: c is unknown"]
        assert plan["groups"] == []

    def test_the_fingerprint_is_that_of_what_would_be_done(self) -> None:
        def fingerprint(*groups: tuple[str, list[dict[str, Any]]]) -> str:
            outcomes = [
                outcome_of(result(*rows), group(state, *(row["mailbox"] for row in rows))) for state, rows in groups
            ]
            text: str = settle(outcomes, 500, None)["fingerprint"]
            return text

        a, b, c = row("a", "1", changed=True), row("b", "2", changed=True), row("c", "3")
        plan = fingerprint(("enabled", [a, b, c]))
        assert len(plan) == 64
        same = {
            "another order, other groups": fingerprint(("enabled", [b]), ("enabled", [c, a])),
            "other names": fingerprint(("enabled", [row("alias", "1", changed=True), b])),
        }
        assert same == dict.fromkeys(same, plan)
        others = [
            fingerprint(("enabled", [a, c])),
            fingerprint(("enabled", [a, b, {**c, "changed": True}])),
            fingerprint(("disabled", [a, b, c])),
            fingerprint(("enabled", [{**a, "before": "disabled"}, b, c])),
            fingerprint(("enabled", [c])),
        ]
        assert len({plan, *others}) == 6

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("", ""),
            (None, ""),
            ({}, ""),
            (" abc\n", "abc"),
            ({"here": "abc"}, "abc"),
            ({"there": "abc"}, "none for this host"),
        ],
    )
    def test_the_fingerprint_that_is_expected(self, given: Any, expected: str) -> None:
        assert expected_of(given, "here") == expected

    @pytest.mark.parametrize(("limit", "refused"), [(1, True), (2, False), (None, False), (0, True)])
    def test_the_limit_is_over_all_lists(self, limit: int | None, refused: bool) -> None:
        outcomes = [
            outcome_of(result(row("a", changed=True)), group("enabled", "a")),
            outcome_of(result(row("b", changed=True)), group("disabled", "b")),
        ]
        plan = settle(outcomes, 500, limit)
        assert bool(plan["problems"]) is refused
        if refused:
            assert plan["problems"][0].startswith(
                f"2 of 2 mailboxes would change, more than smtp_auth_max_changes={limit}: a, b."
            )


class TestReport:
    planned: ClassVar = [
        outcome_of(result(row("a", changed=True), row("b", changed=True), row("c")), group("enabled", "a", "b", "c")),
        outcome_of(result(row("d", changed=True)), group("disabled", "d")),
    ]

    def test_check_mode(self) -> None:
        report = make_report(self.planned, [], True)
        assert report["lines"] == [
            "enabled: 3 asked, 2 would change, 1 already so",
            "  would change: a (was inherit), b (was inherit)",
            "disabled: 1 asked, 1 would change, 0 already so",
            "  would change: d (was inherit)",
        ]
        assert report["statistics"]["changed"] == 3
        assert report["problems"] == []

    def test_failed_and_never_tried(self) -> None:
        applied = [
            outcome_of(
                result(row("a", changed=True), row("b", error="busy"), msg="1 failed"), group("enabled", "a", "b")
            ),
            outcome_of({"skipped": True}, group("disabled", "d")),
        ]
        report = make_report(self.planned, applied, False)
        assert report["lines"] == [
            "enabled: 3 asked, 1 changed, 1 already so, 1 failed",
            "  changed: a (was inherit)",
            "disabled: 1 asked, 0 changed, 0 already so, 1 not tried",
        ]
        assert report["problems"] == ["b: busy"]
        assert report["statistics"] == {
            "check_mode": False,
            "changed": 1,
            "failed": 1,
            "not_tried": 1,
            "lists": {
                "enabled": {"requested": 3, "changed": 1, "unchanged": 1, "missing": 0, "failed": 1, "not_tried": 0},
                "disabled": {"requested": 1, "changed": 0, "unchanged": 0, "missing": 0, "failed": 0, "not_tried": 1},
                "inherit": {"requested": 0, "changed": 0, "unchanged": 0, "missing": 0, "failed": 0, "not_tried": 0},
            },
            "failed_mailboxes": ["b"],
            "requests": 6,
        }

    def test_a_group_that_failed_as_a_whole(self) -> None:
        applied = [outcome_of({"msg": "no token"}, group("enabled", "a", "b"))]
        report = make_report(self.planned, applied, False)
        assert report["problems"] == ["enabled, 1 to 2 of 2: no token"]
        assert report["statistics"]["not_tried"] == 2

    def test_one_that_is_gone_since_the_plan_has_failed(self) -> None:
        answer = result(row("a", changed=True))
        answer["summary"]["missing"] = 1
        report = make_report(self.planned, [outcome_of(answer, group("enabled", "a", "b"))], False)
        assert report["lines"][0] == "enabled: 3 asked, 1 changed, 1 already so, 1 failed"
        assert report["problems"] == [f"b: {GONE}"]
        assert report["statistics"]["failed_mailboxes"] == ["b"]

    def test_those_gone_are_counted_if_their_names_are_not_returned(self) -> None:
        answer = {"mailboxes": [], "summary": {"requested": 2, "changed": 1, "missing": 1}}
        report = make_report(self.planned, [outcome_of(answer, group("enabled", "a", "b"))], False)
        assert report["problems"] == [f"enabled, 1 to 2 of 2: 1 not found. {GONE}"]
        assert report["statistics"]["failed"] == 1

    def test_those_gone_are_told_once(self) -> None:
        """The module lists what is missing if another was deleted while it wrote."""
        answer = result(row("a", changed=True), row("b", error="not there"), row("c", error="deleted"), msg="1 failed")
        answer["summary"].update(missing=1, failed=1)
        report = make_report(self.planned, [outcome_of(answer, group("enabled", "a", "b", "c"))], False)
        assert report["problems"] == ["b: not there", "c: deleted"]
        assert report["statistics"]["failed"] == 2

    @pytest.mark.parametrize("code", ["duplicate", "ambiguous", "max_changes", "not_found"])
    def test_a_group_that_was_not_begun_is_not_already_so(self, code: str) -> None:
        answer = result(row("a"), row("b"), msg="Nothing was written: odd", code=code)
        report = make_report(self.planned, [outcome_of(answer, group("enabled", "a", "b"))], False)
        assert report["lines"][0] == "enabled: 3 asked, 0 changed, 1 already so, 2 not tried"
        assert report["problems"] == ["enabled, 1 to 2 of 2: Nothing was written: odd"]

    def test_ten_thousand_failures_stay_within_an_event_of_awx(self) -> None:
        names = [f"user{number:05d}@a-domain-of-the-usual-length.example" for number in range(10_000)]
        reason = "The service is not well. " * 40
        rows = [row(name, error=reason) for name in names]
        message = " ".join(names)
        failed = [outcome_of(result(*rows, msg=message, code="service_error"), group("enabled", *names))]
        many = [outcome_of({"msg": message}, group("enabled", name)) for name in names]
        twice = make_request({"enabled": names, "disabled": names}, 500, "")
        for found in (make_report(failed, failed, False), settle(failed, 500, None), settle(many, 500, None), twice):
            assert len(json.dumps({**found, "groups": []})) < AWX_EVENT_LIMIT / 4
        report = make_report(failed, failed, False)
        assert len(report["problems"]) == 51
        assert report["problems"][-1] == "and 9,950 more"
        assert len(report["statistics"]["failed_mailboxes"]) == 100

    def test_long_lists_are_counted(self) -> None:
        names = [f"u{number}" for number in range(25)]
        planned = [outcome_of(result(*(row(name, changed=True) for name in names)), group("inherit", *names))]
        assert make_report(planned, [], True)["lines"][1].endswith("u19 (was inherit) and 5 more")

    def test_nothing(self) -> None:
        assert make_report([], [], False)["lines"] == ["No mailbox was given: nothing to do."]
