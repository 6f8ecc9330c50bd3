# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbook ``probe`` makes of a result."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import yaml
from ansible_collections.m365ops.exchange_online.plugins.filter.smtp_auth_role import FilterModule
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils import _smtp_auth_probing as probing

report = FilterModule().filters()["smtp_auth_probe_report"]
NAME = "printer@contoso.com"
NO_TLS = dict.fromkeys(("version", "cipher", "subject", "issuer", "ends"), "")


def result(**more: Any) -> dict[str, Any]:
    return {
        "result": "refused",
        "code": 535,
        "enhanced_code": "5.7.139",
        "text": "No.",
        "layer": "organization",
        "reason": "It is off. Name the CA by ca_path.",
        "tried": 2,
        "seconds": 15.3,
        "tls": {**NO_TLS, "version": "TLSv1.3", "issuer": "DigiCert", "ends": "2027-03-31T23:59:59Z"},
        **more,
    }


def test_a_refusal() -> None:
    told = report(result(), "localhost", NAME)
    line = f"{NAME}: refused by the layer organization. It is off. Name the CA by m365_ca_path."
    assert (told["said"], told["problem"]) == (line, f"{line} (not_accepted)")
    assert told["met"] == [
        "answer: 535 5.7.139 No.",
        "tried: 2, in 15.3 s",
        "TLS: TLSv1.3, certificate of DigiCert, valid until 2027-03-31T23:59:59Z",
    ]
    assert told["statistics"] == {
        "mailbox": NAME,
        "result": "refused",
        "code": 535,
        "enhanced_code": "5.7.139",
        "layer": "organization",
        "tried": 2,
        "seconds": 15.3,
    }


def test_a_refusal_that_fails_the_module_is_told_in_the_same_words() -> None:
    failed = result(failed=True, msg="It was refused.", failure={"code": "not_accepted", "message": "It was refused."})
    assert report(failed, "localhost", NAME)["problem"] == report(result(), "localhost", NAME)["problem"]


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("mailbox", "refused by the layer mailbox."),
        ("connection", "refused at the layer connection."),
        ("unknown", "refused by a layer that isn't known."),
    ],
)
def test_a_layer_in_words(layer: str, said: str) -> None:
    assert said in report(result(layer=layer), "localhost", NAME)["said"]


def test_a_tenant_has_its_name_in_front() -> None:
    told = report(result(), "contoso", NAME)
    assert told["said"].startswith(f"contoso: {NAME}: refused")
    assert told["problem"].startswith(f"contoso: {NAME}: refused")


@pytest.mark.parametrize(
    ("more", "expect"),
    [
        ({"result": "accepted", "layer": "", "reason": "Fine."}, "accepted"),
        ({"result": "unknown", "layer": "", "tried": 0, "code": 0}, "accepted"),
        ({}, "any"),
    ],
)
def test_what_is_no_failure(more: dict[str, Any], expect: str) -> None:
    assert report(result(**more), "localhost", NAME, expect)["problem"] == ""


def test_nothing_was_met() -> None:
    told = report(result(code=0, enhanced_code="", text="", tls=NO_TLS), "localhost", NAME)
    assert told["met"] == ["answer: none", "tried: 2, in 15.3 s"]


def test_beside_the_effective_state() -> None:
    effective = {"basic": "enabled", "oauth": "unknown", "reason": "Why."}
    told = report(result(effective=effective, disagrees=True), "localhost", NAME)
    assert told["met"][-2:] == [
        "the effective state: Basic enabled, OAuth unknown. Why.",
        "the sign-in found another thing than the effective state: believe the sign-in",
    ]


def test_a_module_that_failed() -> None:
    failed = result(tried=0, failed=True, msg="wait is -1; it has to be more.", failure={"code": "invalid_input"})
    assert (
        report(failed, "contoso", NAME)["problem"]
        == "contoso: smtp_auth_wait is -1; it has to be more. (invalid_input)"
    )


@pytest.mark.parametrize(
    "dead",
    [
        None,
        {},
        {"skipped": True},
        {"rc": 137, "msg": "MODULE FAILURE"},
        {"result": "refused"},
        {"result": "?", "tried": 1},
    ],
)
def test_what_is_not_a_whole_result_is_a_failure(dead: Any) -> None:
    told = report(dead, "localhost", NAME, "any")
    assert told["problem"]
    assert told["met"] == []
    assert told["statistics"] == {}


def test_every_option_of_the_module_has_its_variable() -> None:
    module = importlib.import_module("ansible_collections.m365ops.exchange_online.plugins.modules.smtp_auth_probe")
    assert set(yaml.safe_load(module.DOCUMENTATION)["options"]) <= set(probing.NAMES)
