# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the real Graph has, as far as a client could mistake this stand-in's lack of it for Graph's.

By Microsoft's reference of v1.0. The first part of a path is known in full; further parts only where this stand-in
plays something beside them.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ROOTS = _words(
    """
    $batch $metadata admin agreementacceptances agreements appcatalogs applicationtemplates applications auditlogs
    authenticationmethodconfigurations authenticationmethodspolicy certificatebasedauthconfiguration chats
    communications compliance connections contacts contracts copilot datapolicyoperations deviceappmanagement
    devicemanagement devices directory directoryobjects directoryroles directoryroletemplates domaindnsrecords domains
    drive drives education employeeexperience external filteroperators functions grouplifecyclepolicies groups
    groupsettings groupsettingtemplates identity identitygovernance identityprotection identityproviders
    informationprotection invitations oauth2permissiongrants organization permissiongrants places planner policies
    print privacy reports rolemanagement schemaextensions scopedrolememberships search security serviceprincipals
    shares sites solutions storage subscribedskus subscriptions teams teamstemplates teamwork tenantrelationships users
    """
)
# Below these, what isn't listed isn't there. `*` stands for an id.
BELOW: dict[str, frozenset[str]] = {
    "policies": _words(
        """
        activitybasedtimeoutpolicies adminconsentrequestpolicy appmanagementpolicies authenticationflowspolicy
        authenticationmethodspolicy authenticationstrengthpolicies authorizationpolicy claimsmappingpolicies
        conditionalaccesspolicies crosstenantaccesspolicy defaultappmanagementpolicy deviceregistrationpolicy
        featurerolloutpolicies homerealmdiscoverypolicies identitysecuritydefaultsenforcementpolicy
        permissiongrantpolicies rolemanagementpolicies rolemanagementpolicyassignments tokenissuancepolicies
        tokenlifetimepolicies
        """
    ),
    "identity": _words(
        """
        apiconnectors authenticationeventlisteners authenticationeventsflows b2xuserflows conditionalaccess
        customauthenticationextensions identityproviders riskprevention userflowattributes
        """
    ),
    "identity/conditionalaccess": _words(
        """
        authenticationcontextclassreferences authenticationstrength deleteditems evaluate namedlocations policies
        templates
        """
    ),
    "auditlogs": _words("directoryaudits provisioning signins"),
    "users/*": _words(
        """
        activities approleassignments assignlicense authentication calendar calendargroups calendars calendarview
        changepassword chats checkmembergroups checkmemberobjects cloudclipboard cloudpcs contactfolders contacts
        createdobjects directreports drive drives events extensions findmeetingtimes followedsites getmailtips
        getmembergroups getmemberobjects inferenceclassification insights joinedteams licensedetails mailboxsettings
        mailfolders manageddevices manager memberof messages oauth2permissiongrants onenote onlinemeetings outlook
        owneddevices ownedobjects people permissiongrants photo photos planner presence registereddevices
        restore revokesigninsessions scopedrolememberof sendmail serviceprovisioningerrors settings sponsors teamwork
        todo transitivememberof transitivereports
        """
    ),
}
# Writes that Graph has at what is played here.
WRITES: dict[str, tuple[str, ...]] = {
    "policies/identitysecuritydefaultsenforcementpolicy": ("PATCH",),
    "identity/conditionalaccess/policies": ("POST",),
    "users": ("POST",),
    "users/*": ("PATCH", "DELETE"),
}


def missing_segment(path: str) -> str | None:
    """The part of a path that Graph doesn't have, None if it has the path."""
    parts = path.split("/")
    if parts[0].lower().partition("(")[0] not in ROOTS:
        return parts[0]
    for length in range(1, len(parts)):
        known = BELOW.get(_pattern(parts[:length]))
        if known is not None and _bare(parts[length]) not in known:
            return parts[length]
    return None


def has_write(path: str, method: str) -> bool:
    """True if Graph takes this method at a path that is played here."""
    return method in WRITES.get(_pattern(path.split("/")), ())


def _pattern(parts: list[str]) -> str:
    lower = [part.lower() for part in parts]
    return "/".join(["users", "*", *lower[2:]] if lower[0] == "users" and len(lower) > 1 else lower)


def _bare(part: str) -> str:
    """Without arguments, a namespace or a cast: `microsoft.graph.getMemberGroups` is `getmembergroups`."""
    return part.lower().partition("(")[0].removeprefix("microsoft.graph.")
