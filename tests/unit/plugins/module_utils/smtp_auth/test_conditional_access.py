# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Conditional Access policies mean for clients with a password: policies in the full shape that Graph gives."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.access_coverage import (
    coverage,
    doubt_about,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.conditional_access import (
    AccessPolicy,
    read_policy,
)

ANNA, BERT = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
GROUP = "99999999-0000-4000-8000-000000000009"
EXCHANGE, TEAMS = "00000002-0000-0ff1-ce00-000000000000", "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe"
GUESTS = {
    "guestOrExternalUserTypes": "b2bCollaborationGuest,internalGuest",
    "externalTenants": {"@odata.type": "#microsoft.graph.conditionalAccessAllExternalTenants", "membershipKind": "all"},
}
MISSING = object()

# A policy that blocks legacy clients for everybody, with every property that Graph shows.
POLICY: dict[str, Any] = {
    "id": "0f1e2d3c-0000-4000-8000-00000000000a",
    "templateId": None,
    "displayName": "Block legacy authentication",
    "createdDateTime": "2024-03-01T08:00:00.0000000Z",
    "modifiedDateTime": None,
    "state": "enabled",
    "deletedDateTime": None,
    "partialEnablementStrategy": None,
    "sessionControls": None,
    "conditions": {
        "userRiskLevels": [],
        "signInRiskLevels": [],
        "clientAppTypes": ["exchangeActiveSync", "other"],
        "platforms": None,
        "locations": None,
        "times": None,
        "deviceStates": None,
        "devices": None,
        "clientApplications": None,
        "authenticationFlows": None,
        "insiderRiskLevels": None,
        "servicePrincipalRiskLevels": [],
        "applications": {
            "includeApplications": ["All"],
            "excludeApplications": [],
            "includeUserActions": [],
            "includeAuthenticationContextClassReferences": [],
            "applicationFilter": None,
        },
        "users": {
            "includeUsers": ["All"],
            "excludeUsers": [],
            "includeGroups": [],
            "excludeGroups": [],
            "includeRoles": [],
            "excludeRoles": [],
            "includeGuestsOrExternalUsers": None,
            "excludeGuestsOrExternalUsers": None,
        },
    },
    "grantControls": {
        "operator": "OR",
        "builtInControls": ["block"],
        "customAuthenticationFactors": [],
        "termsOfUse": [],
        "authenticationStrength@odata.context": "https://graph.microsoft.com/v1.0/$metadata#x",
        "authenticationStrength": None,
    },
}


def policy(**changes: Any) -> dict[str, Any]:
    """The policy with changes: the name's parts are set apart by two underscores; ``MISSING`` takes a key out."""
    changed = copy.deepcopy(POLICY)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = changed
        for parent in parents:
            place = place[parent]
        if value is MISSING:
            del place[last]
        else:
            place[last] = value
    return changed


def covers(changed: dict[str, Any], object_id: str = ANNA, guest: bool | None = None) -> str:
    """``covers``, ``may_cover``, or an empty text for no."""
    found = read_policy(changed)
    return coverage(found, object_id, guest) if found else ""


def guests(kinds: Any = "b2bCollaborationGuest,internalGuest", tenants: Any = "all") -> dict[str, Any]:
    """Guests of these kinds, of these tenants."""
    return {"guestOrExternalUserTypes": kinds, "externalTenants": tenants and {"membershipKind": tenants}}


def users(**changes: Any) -> dict[str, Any]:
    return policy(**{f"conditions__users__{key}": value for key, value in changes.items()})


def applications(**changes: Any) -> dict[str, Any]:
    return policy(**{f"conditions__applications__{key}": value for key, value in changes.items()})


def condition(**changes: Any) -> dict[str, Any]:
    return policy(**{f"conditions__{key}": value for key, value in changes.items()})


def grants(**changes: Any) -> dict[str, Any]:
    return policy(**{f"grantControls__{key}": value for key, value in changes.items()})


def test_the_plain_policy_covers_everyone_and_says_so() -> None:
    found = read_policy(POLICY)
    assert found == AccessPolicy(POLICY["id"], "Block legacy authentication", everyone=True)
    assert found.blocks_everyone
    assert [coverage(found, object_id) for object_id in (ANNA, BERT, "")] == ["covers"] * 3


# Users --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "anna", "bert", "nobody_known"),
    [
        (users(), "covers", "covers", "covers"),
        (users(includeUsers=["None"]), "", "", ""),
        (users(includeUsers=[]), "", "", ""),
        (users(includeUsers=[ANNA]), "covers", "", "may_cover"),
        (users(includeUsers=[ANNA.upper()]), "covers", "", "may_cover"),
        (users(includeUsers=[ANNA, BERT]), "covers", "covers", "may_cover"),
        (users(excludeUsers=[ANNA]), "", "covers", "may_cover"),
        (users(excludeUsers=[ANNA.upper()]), "", "covers", "may_cover"),
        (users(includeUsers=[ANNA], excludeUsers=[ANNA]), "", "", "may_cover"),
        (users(excludeUsers=["All"]), "may_cover", "may_cover", "may_cover"),
        (users(includeUsers=[], includeGroups=[GROUP]), "may_cover", "may_cover", "may_cover"),
        (users(includeUsers=[], includeRoles=[GROUP]), "may_cover", "may_cover", "may_cover"),
        (users(includeUsers=[BERT], includeRoles=[GROUP]), "may_cover", "covers", "may_cover"),
        (users(includeUsers=[], includeGroups=[GROUP], excludeUsers=[ANNA]), "", "may_cover", "may_cover"),
        (users(includeUsers=["None"], includeGuestsOrExternalUsers=GUESTS), "may_cover", "may_cover", "may_cover"),
        (users(includeUsers=["GuestsOrExternalUsers"]), "may_cover", "may_cover", "may_cover"),
        (users(includeUsers=["All"], includeGroups=[GROUP]), "covers", "covers", "covers"),
        (users(excludeGroups=[GROUP]), "may_cover", "may_cover", "may_cover"),
        (users(excludeRoles=[GROUP]), "may_cover", "may_cover", "may_cover"),
        (users(excludeGuestsOrExternalUsers=GUESTS), "may_cover", "may_cover", "may_cover"),
        (users(excludeUsers=["GuestsOrExternalUsers"]), "may_cover", "may_cover", "may_cover"),
        (users(excludeGroups=[GROUP], excludeUsers=[ANNA]), "", "may_cover", "may_cover"),
        (users(includeUsers=[ANNA], excludeGroups=[GROUP]), "may_cover", "", "may_cover"),
    ],
)
def test_whom_it_covers(changed: dict[str, Any], anna: str, bert: str, nobody_known: str) -> None:
    assert (covers(changed, ANNA), covers(changed, BERT), covers(changed, "")) == (anna, bert, nobody_known)


ALL_KINDS = (
    "internalGuest,b2bCollaborationGuest,b2bCollaborationMember,b2bDirectConnectUser,otherExternalUser,serviceProvider"
)


@pytest.mark.parametrize(
    ("changed", "guest", "member", "not_known"),
    [
        (users(includeUsers=["GuestsOrExternalUsers"]), "covers", "", "may_cover"),
        (users(includeUsers=[], includeGuestsOrExternalUsers=GUESTS), "covers", "", "may_cover"),
        (users(includeUsers=["None"], includeGuestsOrExternalUsers=guests(ALL_KINDS)), "covers", "", "may_cover"),
        (users(includeUsers=[], includeGuestsOrExternalUsers=guests("internalGuest")), "may_cover", "", "may_cover"),
        (
            users(includeUsers=[], includeGuestsOrExternalUsers=guests("b2bCollaborationGuest")),
            "may_cover",
            "",
            "may_cover",
        ),
        (
            users(includeUsers=[], includeGuestsOrExternalUsers=guests(ALL_KINDS, "enumerated")),
            "may_cover",
            "",
            "may_cover",
        ),
        (users(includeUsers=[], includeGuestsOrExternalUsers=guests(ALL_KINDS, None)), "may_cover", "", "may_cover"),
        (
            users(includeUsers=[], includeGuestsOrExternalUsers=guests("internalGuest,unknownFutureValue")),
            "may_cover",
            "",
            "may_cover",
        ),
        (users(includeUsers=[], includeGuestsOrExternalUsers=guests(None)), "may_cover", "", "may_cover"),
        (users(includeUsers=[], includeGuestsOrExternalUsers=guests("serviceProvider, otherExternalUser")), "", "", ""),
        (users(includeUsers=[], includeGuestsOrExternalUsers=guests("none")), "", "", ""),
        (users(includeUsers=[ANNA], includeGuestsOrExternalUsers=GUESTS), "covers", "covers", "covers"),
        (users(excludeGuestsOrExternalUsers=GUESTS), "", "covers", "may_cover"),
        (users(excludeUsers=["GuestsOrExternalUsers"]), "", "covers", "may_cover"),
        (users(excludeGuestsOrExternalUsers=guests("internalGuest")), "may_cover", "covers", "may_cover"),
        (users(excludeGuestsOrExternalUsers=guests("serviceProvider")), "covers", "covers", "covers"),
        (users(), "covers", "covers", "covers"),
    ],
)
def test_guests_by_the_type_of_the_account(changed: dict[str, Any], guest: str, member: str, not_known: str) -> None:
    assert [covers(changed, ANNA, who) for who in (True, False, None)] == [guest, member, not_known]


@pytest.mark.parametrize(
    ("changed", "blocks"),
    [
        (users(), True),
        (users(includeGroups=[GROUP]), True),
        (users(includeUsers=[ANNA]), False),
        (users(excludeUsers=[ANNA]), False),
        (users(excludeRoles=[GROUP]), False),
        (users(excludeGuestsOrExternalUsers=GUESTS), False),
        (users(excludeUsers=["GuestsOrExternalUsers"]), False),
        (grants(builtInControls=["mfa"]), True),
        (condition(signInRiskLevels=["high"]), False),
    ],
)
def test_it_blocks_everyone_only_without_any_exception(changed: dict[str, Any], blocks: bool) -> None:
    found = read_policy(changed)
    assert found is not None
    assert found.blocks_everyone is blocks


# Whether it touches password clients of Exchange at all -------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (policy(state="disabled"), ""),
        (policy(state="enabledForReportingButNotEnforced"), ""),
        (policy(state="unknownFutureValue"), "may_cover"),
        (condition(clientAppTypes=["all"]), "covers"),
        (condition(clientAppTypes=["other"]), "covers"),
        (condition(clientAppTypes=["browser", "mobileAppsAndDesktopClients"]), ""),
        (condition(clientAppTypes=["exchangeActiveSync"]), ""),
        (condition(clientAppTypes=["easSupported"]), ""),
        (applications(includeApplications=["Office365"]), "covers"),
        (applications(includeApplications=[EXCHANGE]), "covers"),
        (applications(includeApplications=[TEAMS, EXCHANGE.upper()]), "covers"),
        (applications(includeApplications=[TEAMS]), ""),
        (applications(includeApplications=["None"]), ""),
        (applications(includeApplications=["MicrosoftAdminPortals"]), ""),
        (applications(includeApplications=[], includeUserActions=["urn:user:registersecurityinfo"]), ""),
        (applications(includeApplications=[], includeAuthenticationContextClassReferences=["c1"]), ""),
        (applications(excludeApplications=[TEAMS]), "covers"),
        (applications(excludeApplications=[EXCHANGE]), ""),
        (applications(excludeApplications=["Office365"]), ""),
        (applications(includeApplications=[], applicationFilter={"mode": "include", "rule": "x"}), "may_cover"),
        (applications(applicationFilter={"mode": "exclude", "rule": "x"}), "may_cover"),
    ],
)
def test_whether_it_is_in_force_for_legacy_clients_of_exchange(changed: dict[str, Any], expected: str) -> None:
    assert covers(changed) == expected


STRENGTH = {"id": "00000000-0000-0000-0000-000000000004"}


@pytest.mark.parametrize("operator", ["OR", "AND", None])
@pytest.mark.parametrize(
    ("controls", "words"),
    [
        ({"builtInControls": ["block"]}, ()),
        ({"builtInControls": ["mfa"]}, ("MFA",)),
        (
            {"builtInControls": ["compliantDevice", "domainJoinedDevice"]},
            ("compliant device", "domain joined device"),
        ),
        (
            {"builtInControls": ["approvedApplication", "compliantApplication"]},
            ("approved application", "compliant application"),
        ),
        ({"builtInControls": ["passwordChange", "mfa"]}, ("password change", "MFA")),
        # What Graph shows of the control riskRemediation to who doesn't ask for it by name
        ({"builtInControls": ["unknownFutureValue"]}, ("unknown future value",)),
        ({"builtInControls": ["riskRemediation"]}, ("risk remediation",)),
        ({"builtInControls": [], "authenticationStrength": STRENGTH}, ("authentication strength",)),
        ({"builtInControls": [], "termsOfUse": ["b1"]}, ("terms of use",)),
        ({"builtInControls": [], "customAuthenticationFactors": ["duo"]}, ("custom authentication factors",)),
        (
            {"builtInControls": ["mfa"], "termsOfUse": ["b1"], "authenticationStrength": STRENGTH},
            ("MFA", "terms of use", "authentication strength"),
        ),
    ],
)
def test_whatever_it_asks_for_a_client_with_a_password_can_not_answer(
    controls: dict[str, Any], words: tuple[str, ...], operator: str | None
) -> None:
    """Any of it, or all of it: "the end-user experience is always the same", as Microsoft puts it."""
    found = read_policy(grants(operator=operator, **controls))
    assert found is not None
    assert (coverage(found, ANNA), found.demands, found.doubt) == ("covers", words, "")
    assert found.blocks_everyone


@pytest.mark.parametrize(
    "changed",
    [
        grants(builtInControls=[]),
        policy(grantControls=None),
        policy(grantControls=None, sessionControls={"signInFrequency": {"isEnabled": True, "value": 4}}),
        policy(
            grantControls={"operator": "OR", "builtInControls": []},
            sessionControls={"persistentBrowser": {"mode": "never"}},
        ),
        grants(builtInControls=[], authenticationStrength=None, termsOfUse=[]),
    ],
)
def test_session_controls_alone_ask_for_nothing(changed: dict[str, Any]) -> None:
    assert read_policy(changed) is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (policy(grantControls=MISSING), "it doesn't tell what it asks for"),
        (policy(grantControls="block"), "it doesn't tell what it asks for"),
        (policy(grantControls=[]), "it doesn't tell what it asks for"),
        (grants(builtInControls=MISSING), "it doesn't tell what it asks for"),
        (grants(builtInControls=None), "it doesn't tell what it asks for"),
        (grants(builtInControls="mfa"), "it doesn't tell what it asks for"),
        (grants(builtInControls=[], termsOfUse="b1"), "it doesn't tell what it asks for"),
        (grants(builtInControls=[], proofOfWork={"id": "1"}), "it asks for proof of work, which isn't known here"),
        (grants(builtInControls=["mfa"], leniency=["x"]), "it asks for leniency, which isn't known here"),
        (grants(builtInControls=["block"], leniency=["x"]), "it asks for leniency, which isn't known here"),
        (
            policy(grantControls=None, rules=[{"controls": {"grantControls": {"builtInControls": ["block"]}}}]),
            "it has rules, which isn't known here",
        ),
        (policy(rules=[{"id": "1"}]), "it has rules, which isn't known here"),
        (policy(partialEnablementStrategy="half"), "it has partial enablement strategy, which isn't known here"),
        (condition(clientAppTypes=["unknownFutureValue"]), "it is for a kind of client that isn't known here"),
        (condition(clientAppTypes=["browser", "smtp"]), "it is for a kind of client that isn't known here"),
        (condition(clientAppTypes="other"), "it doesn't tell for which clients it is"),
        (applications(includeApplications=["AllMail"]), "it names applications by a word that isn't known here"),
        (applications(excludeApplications=["AllMail"]), "it leaves out applications by a word that isn't known here"),
        (applications(excludeApplications=EXCHANGE), "which applications it names can't be read"),
        (applications(includeApplications=EXCHANGE), "which applications it names can't be read"),
        (
            applications(includeApplications=[], networkAccess={"profiles": ["m365"]}),
            "it chooses applications by network access, which isn't known here",
        ),
        (users(excludeUsers=BERT), "which users it leaves out can't be read"),
        (users(excludeTeams=["t"]), "it chooses users by exclude teams, which isn't known here"),
        (
            users(includeUsers=["None"], includeTeams=["t"]),
            "it chooses users by include teams, which isn't known here",
        ),
        (
            condition(authenticationFlows={"transferMethods": "deviceCodeFlow,unknownFutureValue"}),
            "it depends on authentication flows",
        ),
    ],
)
def test_what_is_new_or_of_another_form_is_a_doubt_and_no_answer(changed: dict[str, Any], words: str) -> None:
    found = read_policy(changed)
    assert found is not None
    assert found.doubt == words
    assert [coverage(found, who, guest) for who in (ANNA, "") for guest in (True, False)] == ["may_cover"] * 4
    assert not found.blocks_everyone


@pytest.mark.parametrize(
    "changed",
    [
        policy(state="disabled", rules=[{"id": "1"}]),
        policy(grantControls=MISSING, conditions__clientAppTypes=["browser"]),
        policy(description="words about it", isManaged=True, tags=[]),
    ],
)
def test_what_settles_it_settles_it_whatever_is_new_beside_it(changed: dict[str, Any]) -> None:
    assert covers(changed) == ("covers" if "description" in changed else "")


# Conditions that narrow it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("locations", {"includeLocations": ["All"], "excludeLocations": []}),
        ("platforms", {"includePlatforms": ["all"], "excludePlatforms": []}),
        ("devices", {"includeDevices": ["All"], "excludeDevices": [], "deviceFilter": None}),
        ("clientApplications", {"includeServicePrincipals": [], "excludeServicePrincipals": []}),
        ("authenticationFlows", {"transferMethods": "none"}),
        ("userRiskLevels", None),
        ("users@odata.type", "#microsoft.graph.conditionalAccessUsers"),
    ],
)
def test_a_condition_that_leaves_nothing_out_narrows_nothing(name: str, value: Any) -> None:
    assert covers(condition(**{name: value})) == "covers"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("locations", {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}, "locations"),
        ("locations", {"includeLocations": [GROUP], "excludeLocations": []}, "locations"),
        ("platforms", {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]}, "platforms"),
        ("platforms", {"includePlatforms": ["android"], "excludePlatforms": []}, "platforms"),
        ("devices", {"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True"}}, "devices"),
        ("deviceStates", {"includeStates": ["All"], "excludeStates": ["Compliant"]}, "device states"),
        ("signInRiskLevels", ["high", "medium"], "sign in risk levels"),
        ("userRiskLevels", ["high"], "user risk levels"),
        ("insiderRiskLevels", "elevated", "insider risk levels"),
        ("servicePrincipalRiskLevels", ["high"], "service principal risk levels"),
        ("somethingOfTomorrow", {"includeThings": ["this"]}, "something of tomorrow"),
    ],
)
def test_a_condition_that_narrows_leaves_it_open(name: str, value: Any, words: str) -> None:
    changed = condition(**{name: value})
    found = read_policy(changed)
    assert found is not None
    assert found.doubt == f"it depends on {words}"
    assert coverage(found, ANNA) == "may_cover"


def test_several_conditions_are_all_named() -> None:
    found = read_policy(condition(userRiskLevels=["high"], locations={"includeLocations": [GROUP]}))
    assert found is not None
    assert found.doubt == "it depends on user risk levels, locations"


@pytest.mark.parametrize(
    "methods", ["deviceCodeFlow", "authenticationTransfer", "deviceCodeFlow,authenticationTransfer"]
)
def test_a_policy_against_device_code_sign_ins_has_nothing_to_do_with_passwords(methods: str) -> None:
    """Microsoft itself puts such a policy into tenants: for everybody, every client and every application."""
    changed = condition(clientAppTypes=["all"], authenticationFlows={"transferMethods": methods})
    assert read_policy(changed) is None


def test_a_policy_for_workload_identities_covers_no_user() -> None:
    changed = condition(
        clientAppTypes=["all"],
        clientApplications={"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]},
        users={"includeUsers": ["None"], "excludeUsers": []},
    )
    assert covers(changed) == covers(changed, "") == ""


# What is missing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", [None, MISSING])
@pytest.mark.parametrize(
    "path",
    [
        "state",
        "conditions",
        "conditions__clientAppTypes",
        "conditions__applications",
        "conditions__applications__includeApplications",
        "conditions__users",
        "conditions__users__includeUsers",
    ],
)
def test_what_a_policy_does_not_tell_is_a_doubt_and_no_answer(path: str, nothing: object) -> None:
    found = read_policy(policy(**{path: nothing}))
    assert found is not None
    assert found.doubt.startswith("it doesn't tell ")
    assert not found.blocks_everyone
    assert [coverage(found, object_id) for object_id in (ANNA, "")] == ["may_cover"] * 2


@pytest.mark.parametrize("nothing", [None, MISSING])
@pytest.mark.parametrize(
    "path",
    [
        "templateId",
        "sessionControls",
        "conditions__platforms",
        "conditions__locations",
        "conditions__devices",
        "conditions__userRiskLevels",
        "conditions__signInRiskLevels",
        "conditions__servicePrincipalRiskLevels",
        "conditions__authenticationFlows",
        "conditions__clientApplications",
        "conditions__applications__excludeApplications",
        "conditions__applications__applicationFilter",
        "conditions__users__excludeUsers",
        "conditions__users__includeGroups",
        "conditions__users__excludeGroups",
        "conditions__users__includeRoles",
        "conditions__users__excludeGuestsOrExternalUsers",
        "grantControls__termsOfUse",
        "grantControls__authenticationStrength",
    ],
)
def test_what_may_be_absent_may_be_absent(path: str, nothing: object) -> None:
    assert covers(policy(**{path: nothing})) == "covers"


def test_actions_that_odata_offers_are_no_part_of_the_policy() -> None:
    """Policies exported with full metadata carry them."""
    changed = policy(**{"#microsoft.graph.restore": {"title": "microsoft.graph.restore", "target": "https://x"}})
    assert covers(changed) == "covers"


def test_no_client_types_at_all_are_a_doubt() -> None:
    assert covers(condition(clientAppTypes=[])) == "may_cover"


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        (policy(), "Block legacy authentication"),
        (policy(displayName=None), POLICY["id"]),
        (policy(displayName="", id=None), "without a name"),
    ],
)
def test_its_name(changed: dict[str, Any], name: str) -> None:
    found = read_policy(changed)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (users(includeUsers=[], includeGroups=[GROUP]), "groups or roles, whose members aren't looked up"),
        (users(excludeRoles=[GROUP]), "groups or roles, whose members aren't looked up"),
        (users(excludeGuestsOrExternalUsers=GUESTS), "guests, and whether the user is one isn't known"),
        (users(includeUsers=[ANNA]), "which account is behind the mailbox"),
        (condition(userRiskLevels=["high"]), "it depends on user risk levels"),
    ],
)
def test_the_doubt_says_what_it_hangs_on(changed: dict[str, Any], words: str) -> None:
    found = read_policy(changed)
    assert found is not None
    assert words in doubt_about(found).reason


def test_the_doubt_about_some_guests() -> None:
    found = read_policy(users(includeUsers=[BERT], includeGuestsOrExternalUsers=guests("internalGuest")))
    assert found is not None
    assert "some guests, and which these are isn't looked up" in doubt_about(found, True).reason
    assert "which account is behind the mailbox" in doubt_about(found, False).reason
    everyone = read_policy(users(includeGroups=[GROUP], excludeGuestsOrExternalUsers=GUESTS))
    assert everyone is not None
    assert "whether the user is one isn't known" in doubt_about(everyone).reason, "the groups are part of everybody"
