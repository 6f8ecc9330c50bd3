# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cmdlets: which parameters they take, who may run them, what they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import authentication_policies, rows, wire
from .dialect import Dialect
from .state import Mailbox, Tenant

GET_USER = "Get-User"
DEFAULT_RESULT_SIZE = 1000

MAILBOX_TYPES = frozenset(
    {
        "discoverymailbox",
        "equipmentmailbox",
        "groupmailbox",
        "legacymailbox",
        "linkedmailbox",
        "linkedroommailbox",
        "roommailbox",
        "schedulingmailbox",
        "sharedmailbox",
        "teammailbox",
        "usermailbox",
    }
)
USER_TYPES = MAILBOX_TYPES | {
    "disableduser",
    "guestmailuser",
    "linkeduser",
    "mailuser",
    "publicfoldermailbox",
    "remoteequipmentmailbox",
    "remoteroommailbox",
    "remotesharedmailbox",
    "remoteteammailbox",
    "remoteusermailbox",
    "sharedwithmailuser",
    "user",
}

# How a value must look on the wire, by kind of parameter.
CHECKS: dict[str, Callable[[Any], bool]] = {
    "any": lambda value: True,
    "string": lambda value: value is None or (isinstance(value, (str, int)) and not isinstance(value, bool)),
    "boolean": lambda value: isinstance(value, bool),
    "nullable": lambda value: value is None or isinstance(value, bool),
    "size": lambda value: value == "Unlimited" or (str(value).isdigit() and not isinstance(value, bool)),
    "mailbox types": lambda value: _are_types(value, MAILBOX_TYPES),
    "user types": lambda value: _are_types(value, USER_TYPES),
}
COMMON_PARAMETERS = {
    "confirm": "boolean",
    "whatif": "boolean",
    "verbose": "any",
    "debug": "any",
    "erroraction": "any",
    "warningaction": "any",
}
LIST_PARAMETERS = {"identity": "string", "resultsize": "size", "recipienttypedetails": "mailbox types"}
# Real parameters that are not imitated: refusing them aloud is better than a wrong answer.
NOT_IMITATED = frozenset(
    {
        "anr",
        "filter",
        "ignoredefaultscope",
        "includedirectreportswithdisplaynames",
        "includemanagerwithdisplayname",
        "isvip",
        "organizationalunit",
        "publicfolder",
        "sortby",
        "whatif",
    }
)


def _are_types(value: Any, known: frozenset[str]) -> bool:
    names = [value] if isinstance(value, str) else value
    return isinstance(names, list) and all(isinstance(item, str) and item.lower() in known for item in names)


@dataclass
class Invocation:
    """One call of a cmdlet, after its form was checked. Names of parameters are in lower case."""

    tenant: Tenant
    cmdlet: str
    parameters: dict[str, Any]
    dialect: Dialect
    select: list[str] | None = None
    lose_write: bool = False

    @property
    def identity(self) -> str | None:
        """What Identity names, or None if it is absent, null or empty."""
        value = self.parameters.get("identity")
        return str(value).strip() or None if value is not None else None


@dataclass
class Outcome:
    """What a cmdlet returns. `listing` holds everything a listing would page through."""

    rows: list[rows.Row] = field(default_factory=list)
    listing: list[Mailbox] | None = None
    warnings: list[str] = field(default_factory=list)
    is_write: bool = False
    written: Mailbox | None = None
    previous: bool | None = None
    confirmation: str | None = None


def one_mailbox(call: Invocation) -> Mailbox:
    """The mailbox, for Get-User the user, that Identity names; the service's errors if it is none or several."""
    identity = call.identity or ""
    found = (call.tenant.find_users if call.cmdlet == GET_USER else call.tenant.find)(identity)
    if not found:
        raise wire.not_found(identity, call.dialect)
    if len(found) > 1:
        raise wire.ambiguous(identity)
    return found[0]


def get_recipients(call: Invocation) -> Outcome:
    """Get-CASMailbox, Get-Mailbox, Get-User: one by Identity; without one, everybody."""
    properties = rows.recipient_properties(call.cmdlet, call.dialect)
    _check_select(call.select, properties)
    if call.identity is not None:
        return Outcome(rows=rows.recipient_rows([one_mailbox(call)], call.tenant, properties, call.select))
    listing = call.tenant.users() if call.cmdlet == GET_USER else call.tenant.listed()
    wanted = call.parameters.get("recipienttypedetails")
    if wanted:
        names = {str(item).lower() for item in ([wanted] if isinstance(wanted, str) else wanted)}
        listing = [item for item in listing if item.recipient_type.lower() in names]
    return limit(call, listing)


def limit(call: Invocation, listing: list[Mailbox]) -> Outcome:
    """Cut a listing to ResultSize, with the warning that there is more."""
    size = call.parameters.get("resultsize", DEFAULT_RESULT_SIZE)
    if call.dialect.result_size_ignored or size == "Unlimited" or len(listing) <= int(size):
        return Outcome(listing=listing)
    return Outcome(listing=listing[: int(size)], warnings=[wire.MORE_RESULTS])


def set_cas_mailbox(call: Invocation) -> Outcome:
    """Set-CASMailbox: writes SmtpClientAuthenticationDisabled if it is among the parameters, null included."""
    if call.identity is None:
        raise wire.CmdletError(
            400,
            "System.Management.Automation.ParameterBindingException",
            "Cannot bind argument to parameter 'Identity' because it is null.",
        )
    mailbox = one_mailbox(call)
    if call.parameters.get("confirm") is True:
        return Outcome(is_write=True, confirmation=f"Set-CASMailbox on '{mailbox.name}'")
    name = "smtpclientauthenticationdisabled"
    if name not in call.parameters or call.parameters[name] is mailbox.smtp_disabled:
        return Outcome(is_write=True, warnings=[wire.NO_CHANGE.format(identity=mailbox.name)])
    previous = mailbox.smtp_disabled
    if not call.lose_write:
        mailbox.smtp_disabled = call.parameters[name]
    return Outcome(is_write=True, written=mailbox, previous=previous)


def get_transport_config(call: Invocation) -> Outcome:
    """Get-TransportConfig: the one object of the organization."""
    organization = call.tenant.organization
    values = {
        "Name": "Transport Settings",
        "Identity": "Transport Settings",
        "Guid": call.tenant.tenant_id,
        "SmtpClientAuthenticationDisabled": organization.smtp_disabled,
        "AllowLegacyTLSClients": organization.allow_legacy_tls,
        "MaxReceiveSize": "36 MB (37,748,736 bytes)",
        "ExternalPostmasterAddress": None,
    }
    return _single(call, values)


def set_transport_config(call: Invocation) -> Outcome:
    """Set-TransportConfig: the organization switch and the legacy TLS switch."""
    if call.parameters.get("confirm") is True:
        return Outcome(is_write=True, confirmation="Set-TransportConfig on 'Transport Settings'")
    organization = call.tenant.organization
    changed = False
    for parameter, attribute in (
        ("smtpclientauthenticationdisabled", "smtp_disabled"),
        ("allowlegacytlsclients", "allow_legacy_tls"),
    ):
        if parameter in call.parameters and getattr(organization, attribute) is not call.parameters[parameter]:
            changed = True
            if not call.lose_write:
                setattr(organization, attribute, call.parameters[parameter])
    warnings = [] if changed else [wire.NO_CHANGE.format(identity="Transport Settings")]
    return Outcome(is_write=True, warnings=warnings)


def get_organization_config(call: Invocation) -> Outcome:
    """Get-OrganizationConfig: the default authentication policy among others."""
    organization, form = call.tenant.organization, call.dialect.policy_reference
    default = authentication_policies.reference(call.tenant, organization.default_authentication_policy, form)
    values = {
        "Name": call.tenant.domain,
        "Identity": call.tenant.domain,
        "Guid": call.tenant.tenant_id,
        "DefaultAuthenticationPolicy": default,
        "OAuth2ClientProfileEnabled": True,
    }
    return _single(call, values)


def get_authentication_policy(call: Invocation) -> Outcome:
    """Get-AuthenticationPolicy: one by name, distinguished name or GUID, or all."""
    names = list(call.tenant.organization.authentication_policies)
    if call.identity is not None:
        names = authentication_policies.find(call.tenant, call.identity)
        if not names:
            raise wire.not_found(call.identity, call.dialect)
    result = Outcome()
    for name in names:
        result.rows.extend(_single(call, authentication_policies.row(call.tenant, name)).rows)
    return result


def _single(call: Invocation, values: rows.Row) -> Outcome:
    _check_select(call.select, values)
    return Outcome(rows=[rows.plain_row(values, call.select)])


def _check_select(select: list[str] | None, known: dict[str, Any]) -> None:
    for name in select or []:
        if name not in known:
            raise wire.bad_request(f"Could not find a property named '{name}' on type 'Exchange.GenericHashTable'.")


@dataclass(frozen=True)
class Cmdlet:
    """A cmdlet: its name as the service spells it, its parameters (lower case -> kind), what runs."""

    name: str
    run: Callable[[Invocation], Outcome]
    parameters: dict[str, str]
    needs_view_of: str = "recipients"

    @property
    def writes(self) -> bool:
        """True for what changes something."""
        return not self.name.startswith("Get-")


CMDLETS = {
    item.name.lower(): item
    for item in (
        Cmdlet("Get-CASMailbox", get_recipients, LIST_PARAMETERS),
        Cmdlet("Get-Mailbox", get_recipients, LIST_PARAMETERS),
        Cmdlet(GET_USER, get_recipients, {**LIST_PARAMETERS, "recipienttypedetails": "user types"}),
        Cmdlet(
            "Set-CASMailbox", set_cas_mailbox, {"identity": "string", "smtpclientauthenticationdisabled": "nullable"}
        ),
        Cmdlet("Get-TransportConfig", get_transport_config, {}, "configuration"),
        Cmdlet(
            "Set-TransportConfig",
            set_transport_config,
            {"smtpclientauthenticationdisabled": "boolean", "allowlegacytlsclients": "nullable"},
            "configuration",
        ),
        Cmdlet("Get-OrganizationConfig", get_organization_config, {}, "configuration"),
        Cmdlet("Get-AuthenticationPolicy", get_authentication_policy, {"identity": "string"}, "configuration"),
    )
}


def check_parameters(cmdlet: Cmdlet, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters with names in lower case; the service's error for an unknown name or a value of a wrong kind."""
    known = {**COMMON_PARAMETERS, **cmdlet.parameters}
    checked = {}
    for name, value in parameters.items():
        if "@odata." in name:
            continue
        kind = known.get(name.lower())
        if name.lower() in NOT_IMITATED:
            raise CmdletNotImitated(f"The fake tenant does not imitate -{name} of {cmdlet.name}.")
        if kind is None:
            text = (
                "Parameter set cannot be resolved using the specified named parameters. "
                f"Invalid cmdlet parameters specified. {name}"
            )
            raise wire.CmdletError(400, wire.PARAMETER_SET, text)
        if not CHECKS[kind](value):
            text = f"Cannot process argument transformation on parameter '{name}'. Cannot convert value \"{value}\"."
            raise wire.CmdletError(400, wire.TRANSFORMATION, text)
        checked[name.lower()] = value
    return checked


class CmdletNotImitated(wire.CmdletError):
    """Something real that this stand-in does not do; told apart from the service's own refusals."""

    def __init__(self, text: str) -> None:
        super().__init__(501, "FakeTenant.NotImitated", text)
