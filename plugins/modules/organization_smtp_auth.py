#!/usr/bin/python
# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_smtp_auth
short_description: Set the organization's Authenticated SMTP setting in Exchange Online
version_added: 0.1.0
description:
  - Sets the tenant-wide Authenticated SMTP setting (SMTP AUTH, SMTP client authentication), which every mailbox without
    a setting of its own follows, and if asked whether clients with TLS 1.0 and 1.1 are let in.
  - It is the setting that the Exchange admin center shows as I(Turn off SMTP AUTH protocol for your organization), and
    Exchange PowerShell as C(SmtpClientAuthenticationDisabled) of C(Set-TransportConfig).
  - Before it is switched, the module lists all mailboxes and returns how many inherit the setting and so change with
    it.
  - Mailboxes with a setting of their own keep what they have, whatever the organization's setting is. To keep some
    mailboxes sending, enable them with M(m365ops.exchange_online.mailbox_smtp_auth) before the organization is
    disabled.
  - Clients may meet the old state for some minutes after a change; up to an hour has been reported.
extends_documentation_fragment:
  - m365ops.exchange_online.connection
  - m365ops.exchange_online.attributes
attributes:
  check_mode:
    support: full
    details: Check mode reads and counts as a real run does, and ends before the write.
  diff_mode:
    support: full
    details: The organization's settings before and after, and the number of mailboxes that inherit them.
  idempotent:
    support: full
options:
  state:
    description:
      - The setting that the organization gets.
      - V(enabled) opens authenticated SMTP for every mailbox that inherits it. Microsoft recommends V(disabled), with
        single mailboxes enabled as exceptions.
      - V(disabled) closes it for every mailbox that inherits it, at once and for all clients, with Basic and OAuth.
    type: str
    required: true
    choices: [enabled, disabled]
  allow_legacy_tls_clients:
    description:
      - Whether clients with TLS 1.0 and 1.1 may use C(smtp-legacy.office365.com), C(AllowLegacyTLSClients) of
        C(Set-TransportConfig).
      - GCC, GCC High and DoD have no such server; in China it is C(smtp-legacy.partner.outlook.cn).
      - If it isn't given, it is left as it is.
    type: bool
  max_changes:
    description:
      - The most mailboxes that may change with the switch, that is, that inherit it. If there are more, the task fails
        before the write.
      - A guard for automation. It counts in check mode too.
    type: int
  return_affected:
    description: How many of the mailboxes that inherit to return in RV(affected.mailboxes). All are counted.
    type: int
    default: 100
  verify:
    description: Read back what was written. If it doesn't show within half a minute, the task fails with the code
      V(not_confirmed).
    type: bool
    default: true
seealso:
  - module: m365ops.exchange_online.organization_smtp_auth_info
  - module: m365ops.exchange_online.mailbox_smtp_auth
  - name: Set-TransportConfig
    description: Microsoft's reference of the cmdlet that the module runs.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/set-transportconfig
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

- name: Who would be cut off if the organization were closed
  m365ops.exchange_online.organization_smtp_auth:
    state: disabled
  check_mode: true
  register: closing

- name: Show how many
  ansible.builtin.debug:
    msg: "{{ closing.affected.count }} mailboxes inherit the setting"

- name: Close authenticated SMTP for all that are no exception, unless that is more than expected
  m365ops.exchange_online.organization_smtp_auth:
    state: disabled
    max_changes: 500

- name: Keep clients with old TLS out as well
  m365ops.exchange_online.organization_smtp_auth:
    state: disabled
    allow_legacy_tls_clients: false
"""

RETURN = r"""
before:
  description: The organization's settings before. Null if they couldn't be read.
  returned: always
  type: dict
  contains:
    state:
      description: V(enabled) or V(disabled).
      type: str
      returned: always
      sample: enabled
    allow_legacy_tls_clients:
      description: Whether clients with TLS 1.0 and 1.1 are let in. Null if the service doesn't tell.
      type: bool
      returned: always
      sample: false
after:
  description: The same afterwards; in check mode, as they would be. Null if that isn't known.
  returned: always
  type: dict
  sample: {state: disabled, allow_legacy_tls_clients: false}
planned:
  description: V(true) if the switch was refused and would have changed the settings.
  returned: if the plan was refused
  type: bool
  sample: true
wanted:
  description: What the settings would have become.
  returned: if the plan was refused
  type: dict
  sample: {state: disabled, allow_legacy_tls_clients: false}
affected:
  description: The mailboxes that inherit the setting and so change with it. None if the state doesn't change.
  returned: always
  type: dict
  contains:
    count:
      description: How many.
      type: int
      returned: always
      sample: 412
    mailboxes:
      description: The first of them by address, up to O(return_affected).
      type: list
      elements: dict
      returned: always
      contains:
        guid:
          description: The mailbox's immutable id.
          type: str
          returned: always
          sample: 5f1c0a5e-8d3b-4f0e-9a55-0b4d8f1c2a77
        primary_smtp_address:
          description: Its primary address.
          type: str
          returned: always
          sample: anna@contoso.com
        display_name:
          description: Its display name.
          type: str
          returned: always
          sample: Anna Andersson
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
    empty_set_organization_task,
    set_organization_task,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.runner import run_module


def main() -> None:
    spec = {
        **connection_spec(),
        "state": {"type": "str", "required": True, "choices": ["enabled", "disabled"]},
        "allow_legacy_tls_clients": {"type": "bool"},
        "max_changes": {"type": "int"},
        "return_affected": {"type": "int", "default": 100},
        "verify": {"type": "bool", "default": True},
    }
    run_module(spec, set_organization_task, empty_set_organization_task)


if __name__ == "__main__":
    main()
