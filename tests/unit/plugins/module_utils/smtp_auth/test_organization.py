# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The organization's switch: what Get-TransportConfig tells, and what has to be sent to change it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.organization import Switch
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.state import UnreadableStateError

SWITCH, TLS = "SmtpClientAuthenticationDisabled", "AllowLegacyTLSClients"
MISSING = object()


def row(switch: object, tls: object) -> dict[str, Any]:
    pairs = ((SWITCH, switch), (TLS, tls))
    return {"Identity": "Transport Settings", **{key: value for key, value in pairs if value is not MISSING}}


@pytest.mark.parametrize(("switch", "state"), [(True, "disabled"), (False, "enabled")])
@pytest.mark.parametrize(
    ("tls", "legacy"), [(True, True), (False, False), (None, False), (MISSING, None), ("True", None), (1, None)]
)
def test_reading(switch: bool, state: str, tls: object, legacy: bool | None) -> None:
    assert Switch.from_rows([row(switch, tls)]) == Switch(state, legacy)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "0 objects instead of one"),
        ([row(True, True), row(True, True)], "2 objects instead of one"),
        ([row(None, True)], "the setting is empty"),
        ([row(MISSING, True)], "no property SmtpClientAuthenticationDisabled"),
        ([row("False", True)], "neither true, false nor null"),
        ([row(0, True)], "neither true, false nor null"),
    ],
)
def test_what_does_not_tell_is_an_error_that_names_the_cmdlet(rows: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(UnreadableStateError, match=words) as caught:
        Switch.from_rows(rows)
    assert str(caught.value).startswith("Get-TransportConfig")


@pytest.mark.parametrize(
    ("now", "state", "legacy", "parameters"),
    [
        (Switch("enabled", False), "enabled", None, {}),
        (Switch("enabled", False), "enabled", False, {}),
        (Switch("enabled", False), "disabled", None, {SWITCH: True}),
        (Switch("disabled", False), "enabled", None, {SWITCH: False}),
        (Switch("disabled", False), "enabled", False, {SWITCH: False}),
        (Switch("disabled", False), "enabled", True, {SWITCH: False, TLS: True}),
        (Switch("enabled", True), "enabled", False, {TLS: False}),
        (Switch("enabled", True), "enabled", None, {}),
        (Switch("enabled", None), "enabled", None, {}),
        (Switch("enabled", None), "disabled", None, {SWITCH: True}),
    ],
)
def test_only_what_differs_is_sent(now: Switch, state: str, legacy: bool | None, parameters: dict[str, bool]) -> None:
    assert now.changes(state, legacy) == parameters


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("state", ["enabled", "disabled"])
def test_nothing_is_set_that_could_not_be_read(state: str, legacy: bool) -> None:
    with pytest.raises(UnreadableStateError, match=TLS):
        Switch("enabled", None).changes(state, legacy)


@pytest.mark.parametrize("before", [Switch(state, tls) for state in ("enabled", "disabled") for tls in (True, False)])
@pytest.mark.parametrize("legacy", [True, False, None])
@pytest.mark.parametrize("state", ["enabled", "disabled"])
def test_what_is_sent_leads_to_what_was_asked_for_and_then_nothing_is_left(
    before: Switch, state: str, legacy: bool | None
) -> None:
    stored = {SWITCH: before.state == "disabled", TLS: before.legacy_tls}
    after = Switch.from_rows([{**stored, **before.changes(state, legacy)}])
    assert after == Switch(state, before.legacy_tls if legacy is None else legacy)
    assert after.changes(state, legacy) == {}
