# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a sign-in to SMTP submission is refused: the tenant's layers, each with the answer that it gives."""

from __future__ import annotations

from . import conditional_access
from .dialect import Dialect
from .seed_data import SMTP_SEND_AS_APP
from .state import Mailbox, Tenant

TENANT_OFF = (
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. "
    "Visit https://aka.ms/smtp_auth_disabled for more information."
)
MAILBOX_OFF = (
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. "
    "Visit https://aka.ms/smtp_auth_disabled for more information."
)
SECURITY_DEFAULTS = (
    "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. "
    "Contact your administrator."
)
CRITERIA = (
    "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. "
    "Contact your administrator."
)
BASIC_OFF = "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."
RETIRED = "550 5.7.30 Basic authentication is not supported for Client Submission."
WRONG_CREDENTIALS = "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect."
UNSUCCESSFUL = "535 5.7.3 Authentication unsuccessful"
NOT_AUTHENTICATED = "530 5.7.57 Client not authenticated to send mail."
SERVICE_TYPES = ("ArbitrationMailbox", "DiscoveryMailbox")
WRONG_SENDER = "550 5.7.60 SMTP; Client does not have permissions to send as this sender"


def switch_refusal(tenant: Tenant, mailbox: Mailbox) -> str | None:
    """The answer of the mailbox's or the organization's switch, which counts for every kind of sign-in."""
    if mailbox.smtp_disabled is True:
        return MAILBOX_OFF
    return TENANT_OFF if mailbox.smtp_disabled is None and tenant.organization.smtp_disabled else None


def basic_refusal(tenant: Tenant, mailbox: Mailbox | None, password: str, dialect: Dialect) -> str | None:
    """The answer to a name and password, or None if they are let in."""
    if mailbox is None:
        return _wrong_credentials(dialect)
    right = mailbox.password is not None and mailbox.password == password
    return _basic_refusal(tenant, mailbox, dialect, right=right)


def _basic_refusal(tenant: Tenant, mailbox: Mailbox, dialect: Dialect, *, right: bool) -> str | None:
    if dialect.smtp_password_first:
        if not right:
            return _wrong_credentials(dialect)
        if not mailbox.account_enabled:
            return UNSUCCESSFUL
    organization = tenant.organization
    if organization.basic_retired:
        return RETIRED
    refusal = switch_refusal(tenant, mailbox)
    if refusal is not None:
        return refusal
    policy = mailbox.authentication_policy or organization.default_authentication_policy
    if policy is not None and not organization.authentication_policies.get(policy, False):
        return BASIC_OFF
    if organization.security_defaults:
        return SECURITY_DEFAULTS
    if any(
        conditional_access.refuses_password(item, mailbox, organization) for item in organization.conditional_access
    ):
        return CRITERIA
    if not right:
        return _wrong_credentials(dialect)
    return None if mailbox.account_enabled and mailbox.licensed else UNSUCCESSFUL


def _wrong_credentials(dialect: Dialect) -> str:
    return WRONG_CREDENTIALS if dialect.smtp_wrong_password == "5.7.139" else UNSUCCESSFUL


def token_refusal(
    tenant: Tenant, mailbox: Mailbox | None, roles: list[str], full_access: list[str], dialect: Dialect
) -> str | None:
    """The answer to XOAUTH2 with a good token of an app, or None if it is let in."""
    if mailbox is None or SMTP_SEND_AS_APP not in roles:
        return UNSUCCESSFUL
    if "*" not in full_access and not any(mailbox in tenant.find(name) for name in full_access):
        return UNSUCCESSFUL
    return _token_refusal(tenant, mailbox, dialect)


def _token_refusal(tenant: Tenant, mailbox: Mailbox, dialect: Dialect) -> str | None:
    if mailbox.recipient_type in SERVICE_TYPES:
        return UNSUCCESSFUL
    refusal = switch_refusal(tenant, mailbox)
    if refusal is None and dialect.oauth_needs_account and not (mailbox.account_enabled and mailbox.licensed):
        return UNSUCCESSFUL
    return refusal


def verdict(tenant: Tenant, mailbox: Mailbox, dialect: Dialect) -> dict[str, str | None]:
    """What a client that does everything right meets: `basic` and `oauth`, None for being let in, else the answer."""
    return {
        "basic": _basic_refusal(tenant, mailbox, dialect, right=True),
        "oauth": _token_refusal(tenant, mailbox, dialect),
    }
