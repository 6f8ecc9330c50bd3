#!/usr/bin/python
# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_smtp_auth_info
short_description: Read what decides about Authenticated SMTP for a whole Exchange Online organization
version_added: 0.1.0
description:
  - Tells the organization's Authenticated SMTP setting and everything else that holds for every mailbox. That is,
    whether clients with old TLS are let in, the default authentication policy, security defaults, Conditional Access
    policies that block clients with a password, and the retirement of Basic.
  - Each is told with its state, or as V(unknown) with the reason and the permission that is missing. A missing
    permission never fails the task.
  - The app needs the application permission C(Policy.Read.All) on Microsoft Graph for security defaults and
    Conditional Access. A ready-made O(access_token) is for Exchange only, so it leaves these two V(unknown).
extends_documentation_fragment:
  - m365ops.exchange_online.connection
  - m365ops.exchange_online.attributes
  - m365ops.exchange_online.attributes.info_module
seealso:
  - module: m365ops.exchange_online.organization_smtp_auth
  - module: m365ops.exchange_online.mailbox_smtp_auth_info
    description: With O(m365ops.exchange_online.mailbox_smtp_auth_info#module:effective=true), what all of it means for
      each mailbox.
  - name: Enable or disable authenticated client SMTP submission
    description: Microsoft's page on the setting, and on when to use it.
    link:
      https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission
author:
  - m365ops contributors (@m365ops)
"""

EXAMPLES = r"""
# The connection is taken from the environment (M365_TENANT_ID, M365_CLIENT_ID, M365_CERTIFICATE_PATH ...),
# or given once for all tasks by module_defaults for group/m365ops.exchange_online.exchange_online.

- name: Read what holds for every mailbox
  m365ops.exchange_online.organization_smtp_auth_info:
  register: smtp_auth

- name: Insist that the organization is closed
  ansible.builtin.assert:
    that: smtp_auth.organization.state == 'disabled'
"""

RETURN = r"""
organization:
  description: The tenant-wide setting, which mailboxes at V(inherit) follow.
  returned: always
  type: dict
  contains:
    state:
      description: V(enabled), V(disabled) or V(unknown).
      type: str
      returned: always
      sample: disabled
    reason:
      description: Why it isn't known. Empty if it is.
      type: str
      returned: always
      sample: ""
    permission:
      description: The permission without which it can't be read. Empty if it isn't that.
      type: str
      returned: always
      sample: ""
    allow_legacy_tls_clients:
      description: Whether clients with TLS 1.0 and 1.1 are let in. Null if it isn't known.
      type: bool
      returned: always
      sample: false
authentication_policy:
  description: The authentication policies, and what the default one means for users without a policy of their own.
  returned: always
  type: dict
  contains:
    state:
      description: Whether the default V(allows) or V(blocks) Basic for SMTP, or V(unknown). Without a default it
        V(allows).
      type: str
      returned: always
      sample: allows
    default:
      description: The default policy's name. Empty if there is none. Null if it isn't known.
      type: str
      returned: always
      sample: Block Basic
    policies:
      description: All policies, with their name and whether they allow Basic for SMTP.
      type: list
      elements: dict
      returned: always
      sample: [{name: Block Basic, allow_basic_auth_smtp: false}]
    reason:
      description: Why it isn't known. Empty if it is.
      type: str
      returned: always
      sample: ""
    permission:
      description: The permission without which it can't be read. Empty if it isn't that.
      type: str
      returned: always
      sample: ""
security_defaults:
  description: Security defaults of Entra ID, which block Basic.
  returned: always
  type: dict
  contains:
    state:
      description: V(enabled), V(disabled) or V(unknown).
      type: str
      returned: always
      sample: disabled
    reason:
      description: Why it isn't known. Empty if it is.
      type: str
      returned: always
      sample: ""
    permission:
      description: The permission without which it can't be read. Empty if it isn't that.
      type: str
      returned: always
      sample: ""
conditional_access:
  description:
    - Conditional Access policies in force that block, or may block, clients with a password.
    - A policy that asks for something such as MFA blocks them, because they can't answer.
  returned: always
  type: dict
  contains:
    state:
      description:
        - V(blocks_everyone) if a policy plainly covers all users and Exchange Online.
        - V(blocks_some) if policies cover some users, or may block them.
        - V(allows) if there is none, V(unknown) if they couldn't be read.
      type: str
      returned: always
      sample: allows
    policies:
      description:
        - Each with C(id), C(name), C(covers) (V(everyone) or V(some)) and C(doubt).
        - C(doubt) says why it can't be told whether the policy blocks. It is empty if it plainly does.
      type: list
      elements: dict
      returned: always
      sample: [{id: 7d3f0a52-1f7e-4f57-a2c0-4a3c2a5d0d11, name: Block legacy, covers: everyone, doubt: ""}]
    reason:
      description: Why it isn't known. Empty if it is.
      type: str
      returned: always
      sample: ""
    permission:
      description: The permission without which it can't be read. Empty if it isn't that.
      type: str
      returned: always
      sample: ""
basic_retirement:
  description: Microsoft's retirement of Basic for SMTP AUTH.
  returned: always
  type: dict
  contains:
    state:
      description: Until when nothing changes, or V(unknown) after that day, because nobody has said how it will show.
      type: str
      returned: always
      sample: not before 2026-12-31
    reason:
      description: Why it isn't known. Empty if it is.
      type: str
      returned: always
      sample: ""
    permission:
      description: The permission without which it can't be read. Empty if it isn't that.
      type: str
      returned: always
      sample: ""
requests:
  description: HTTP requests to Exchange and Graph. Sign-in isn't counted.
  returned: always
  type: dict
  contains:
    sent:
      description: All requests, repeated ones included.
      type: int
      returned: always
      sample: 2
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
      description: A word for machines, or an AADSTS code of Entra ID.
      type: str
      returned: always
      sample: incomplete_listing
    message:
      description: What happened and what to do.
      type: str
      returned: always
      sample: "Get-CASMailbox for all mailboxes: page 3 couldn't be obtained, so the list isn't whole."
    request_id:
      description: The service's id of the request, for Microsoft support. May be empty.
      type: str
      returned: always
      sample: ""
    option:
      description: The option that caused it, such as V(max_changes). Empty if none did.
      type: str
      returned: always
      sample: ""
"""

from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.arguments import connection_spec
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.organization_smtp_auth import (
    empty_organization_info_task,
    organization_info_task,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.runner import run_module


def main() -> None:
    run_module(connection_spec(), organization_info_task, empty_organization_info_task)


if __name__ == "__main__":
    main()
