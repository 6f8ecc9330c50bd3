#!/usr/bin/python
# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: connection_info
short_description: Tell what an app can see and do with Authenticated SMTP in a tenant
version_added: 0.1.0
description:
  - Signs in to Exchange Online and to Microsoft Graph, and tells who signed in, when the credential ends, which roles
    the app holds, and for each thing that the modules of this collection do whether the app may do it. Where it may
    not, the way to it is told.
  - It reads only. One row of each kind is read to find out what may be read. Nothing is ever written to find out what
    may be written; that is told from the list of cmdlets that Exchange gives each app, or else from the roles in the
    token, where Exchange let the app read something with it.
  - What can't be told is V(unknown), with the reason. That includes the writes of an app that has its rights from a
    role group in Exchange, in a tenant that gives no list of cmdlets, because such groups don't show in a token.
  - V(yes) is about the cmdlet. The write scope of a role group may still leave out single mailboxes.
  - A service that refuses the sign-in doesn't stop the other. It fails the task no more than a missing permission
    does, which is only where O(require) asks for what it takes.
options:
  require:
    description:
      - What the app has to be allowed to do. The task fails if any of it isn't allowed, or isn't known to be, and names
        each with the way to it. Without it the task doesn't fail for what is lacking.
      - V(read_mailboxes) and V(write_mailboxes) are the settings of mailboxes, V(read_organization) and
        V(write_organization) the organization's.
      - V(read_policies) is security defaults and Conditional Access, V(read_accounts) whether the users behind
        mailboxes are blocked or licensed, V(read_groups) who is in a group that a policy names.
      - V(read_sign_ins) is the sign-in log of Entra ID, and V(read_usage) the report on email apps.
    type: list
    elements: str
    default: []
    choices:
      - read_mailboxes
      - write_mailboxes
      - read_organization
      - write_organization
      - read_policies
      - read_accounts
      - read_groups
      - read_sign_ins
      - read_usage
extends_documentation_fragment:
  - m365ops.exchange_online.connection
  - m365ops.exchange_online.attributes
  - m365ops.exchange_online.attributes.info_module
seealso:
  - module: m365ops.exchange_online.mailbox_smtp_auth_info
  - module: m365ops.exchange_online.organization_smtp_auth_info
  - name: App-only authentication for unattended scripts in Exchange Online
    description: Microsoft's page on the permission and the roles that an app needs.
    link: https://learn.microsoft.com/powershell/exchange/app-only-auth-powershell-v2
author:
  - m365ops contributors (@m365ops)
"""

EXAMPLES = r"""
# The connection is taken from the environment (M365_TENANT_ID, M365_CLIENT_ID, M365_CERTIFICATE_PATH ...),
# or given once for all tasks by module_defaults for group/m365ops.exchange_online.exchange_online.

- name: See what the app can do
  m365ops.exchange_online.connection_info:
  register: app

- name: Name what it lacks
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.how }}"
  loop: "{{ app.abilities | rejectattr('allowed', 'eq', 'yes') }}"

- name: Stop here if the rest of the play can't work
  m365ops.exchange_online.connection_info:
    require:
      - read_mailboxes
      - write_mailboxes
"""

RETURN = r"""
tenant:
  description: The tenant's GUID, as the token tells it, or else O(tenant_id).
  returned: always
  type: str
  sample: 00000000-1111-2222-3333-444444444444
app:
  description: Who signed in.
  returned: always
  type: dict
  contains:
    client_id:
      description: The app's, as the token tells it, or else O(client_id). May be empty for a managed identity.
      type: str
      returned: always
      sample: 11111111-2222-3333-4444-555555555555
    method:
      description: The way of sign-in, one of the choices of O(auth_method).
      type: str
      returned: always
      sample: certificate
    credential_ends:
      description:
        - When the certificate, or a ready-made O(access_token), ends. In UTC, as ISO 8601.
        - Null for the others, because they don't tell; RV(app.reason) says so.
      type: str
      returned: always
      sample: "2027-06-30T12:00:00Z"
    reason:
      description: Why it isn't known when the credential ends. Empty if it is.
      type: str
      returned: always
      sample: ""
exchange:
  description: The sign-in to Exchange Online.
  returned: always
  type: dict
  contains:
    signed_in:
      description: Whether Entra ID gave a token for it.
      type: bool
      returned: always
      sample: true
    roles:
      description: The application permissions in the token.
      type: list
      elements: str
      returned: always
      sample: [Exchange.ManageAsApp]
    directory_roles:
      description: The directory roles in the token by name; one that isn't known for Exchange by its template id.
      type: list
      elements: str
      returned: always
      sample: [Exchange Administrator]
    reason:
      description: Why the app isn't signed in, or why its roles aren't known. Empty otherwise.
      type: str
      returned: always
      sample: ""
    cmdlets:
      description: The cmdlets that the modules of this collection run, and whether the app may run them (V(yes), V(no),
        V(unknown)).
      type: list
      elements: dict
      returned: always
      sample: [{name: Get-CASMailbox, allowed: "yes"}]
graph:
  description: The sign-in to Microsoft Graph.
  returned: always
  type: dict
  contains:
    signed_in:
      description: Whether Entra ID gave a token for it. Never with a ready-made O(access_token), which is for Exchange.
      type: bool
      returned: always
      sample: true
    roles:
      description: The application permissions in the token.
      type: list
      elements: str
      returned: always
      sample: [Policy.Read.All, User.Read.All]
    directory_roles:
      description: As RV(exchange.directory_roles).
      type: list
      elements: str
      returned: always
      sample: [Exchange Administrator]
    reason:
      description: As RV(exchange.reason).
      type: str
      returned: always
      sample: ""
abilities:
  description: What the modules of this collection do, in the order of the choices of O(require).
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: One of the choices of O(require).
      type: str
      returned: always
      sample: write_mailboxes
    allowed:
      description: V(yes), V(no) or V(unknown).
      type: str
      returned: always
      sample: "no"
    needs:
      description: What it takes, whether the app has it or not.
      type: str
      returned: always
      sample: Exchange.ManageAsApp, and a role with Set-CASMailbox, such as Exchange Administrator
    how:
      description:
        - Why it isn't allowed, or isn't known, and the way to it.
        - Empty if it is allowed and nothing is missing beside it.
      type: str
      returned: always
      sample: >-
        The token of app 11111111-2222-3333-4444-555555555555 carries the directory role Global Reader, which isn't
        known to allow Set-CASMailbox: assign Exchange Administrator, or a role group whose roles hold that cmdlet.
summary:
  description: How many of the RV(abilities) are which.
  returned: always
  type: dict
  contains:
    "yes":
      description: Those that are allowed.
      type: int
      returned: always
      sample: 7
    "no":
      description: Those that aren't.
      type: int
      returned: always
      sample: 2
    unknown:
      description: Those that can't be told.
      type: int
      returned: always
      sample: 0
requests:
  description: HTTP requests to Exchange and Graph. Sign-in isn't counted.
  returned: always
  type: dict
  contains:
    sent:
      description: All requests, repeated ones included.
      type: int
      returned: always
      sample: 12
    retried:
      description: Requests that repeated an earlier one.
      type: int
      returned: always
      sample: 0
    throttled:
      description: Answers in which the service refused something for too many requests.
      type: int
      returned: always
      sample: 0
failure:
  description: Why the whole task failed, for machines. RV(ignore:msg) says the same for people.
  returned: on failure
  type: dict
  contains:
    code:
      description: A word for machines, such as V(not_allowed) for what O(require) asks for and isn't there.
      type: str
      returned: always
      sample: not_allowed
    message:
      description: What happened and what to do.
      type: str
      returned: always
      sample: >-
        write_mailboxes isn't allowed: The token of app 11111111-2222-3333-4444-555555555555 carries the directory role
        Global Reader, which isn't known to allow Set-CASMailbox: assign Exchange Administrator, or a role group whose
        roles hold that cmdlet.
    request_id:
      description: The service's id of the request, for Microsoft support. May be empty.
      type: str
      returned: always
      sample: ""
    option:
      description: The option that caused it, such as V(require). Empty if none did.
      type: str
      returned: always
      sample: require
"""

from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.arguments import connection_spec
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.connection_info import (
    connection_info_task,
    empty_connection_info_task,
    require_spec,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.runner import run_module


def main() -> None:
    run_module({**connection_spec(), **require_spec()}, connection_info_task, empty_connection_info_task)


if __name__ == "__main__":
    main()
