#!/usr/bin/python
# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailbox_smtp_auth
short_description: Set the Authenticated SMTP state of Exchange Online mailboxes
version_added: 0.1.0
description:
  - Sets the Authenticated SMTP setting (SMTP AUTH, SMTP client authentication) of any number of mailboxes to one
    state, in one task.
  - It is the setting that the Microsoft 365 admin center shows as C(Authenticated SMTP) under a user's I(Mail > Manage
    email apps),
    and Exchange PowerShell as C(SmtpClientAuthenticationDisabled) of C(Set-CASMailbox).
  - The module reads all listed mailboxes first, then writes only those that differ, and then reads back what it wrote.
    Nothing is written if the list itself is wrong.
  - If some mailboxes fail, the others are still done. The task then fails, with the outcome of every mailbox in its
    result.
    Running it again finishes the work.
  - Clients may meet the old state for some minutes after a change; up to an hour has been reported.
extends_documentation_fragment:
  - m365ops.exchange_online.connection
  - m365ops.exchange_online.writing
  - m365ops.exchange_online.checking
  - m365ops.exchange_online.attributes
attributes:
  check_mode:
    support: full
    details: Check mode reads and plans as a real run does, and ends before the first write.
  diff_mode:
    support: full
    details: One entry for each mailbox that changes.
  idempotent:
    support: full
options:
  mailboxes:
    description:
      - The mailboxes, each as user principal name, primary or secondary SMTP address, alias, or GUID.
      - An empty list changes nothing and asks nothing.
      - A blank or malformed entry, or the same name twice, fails before any request.
        Two names of the same mailbox, or a name of more than one, fail before any change.
    type: list
    elements: str
    required: true
    aliases: [mailbox]
  state:
    description:
      - The setting that the mailboxes get.
      - V(enabled) lets the mailbox's own setting allow authenticated SMTP, even where the organization's setting is
        off.
        Security defaults, authentication policies or Conditional Access may still stop it.
      - V(disabled) refuses it, even where the organization's setting is on.
      - V(inherit) takes the mailbox's own setting away, so that it follows the organization's setting.
        Microsoft recommends this for every mailbox that is no exception.
    type: str
    required: true
    choices: [enabled, disabled, inherit]
  missing:
    description:
      - What to do about listed mailboxes that don't exist.
      - V(fail) fails before any change.
      - V(warn) leaves them out, counts them in RV(summary.missing) and warns.
    type: str
    default: fail
    choices: [fail, warn]
  max_changes:
    description:
      - The most mailboxes that may change. If the plan changes more, nothing is written, and the task fails with the
        plan in its result.
      - A guard for automation. It counts in check mode too.
    type: int
seealso:
  - module: m365ops.exchange_online.mailbox_smtp_auth_info
  - name: Enable or disable authenticated client SMTP submission
    description: Microsoft's page on the setting, and on when to use it.
    link:
      https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission
  - name: Set-CASMailbox
    description: Microsoft's reference of the cmdlet that the module runs.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/set-casmailbox
author:
  - m365ops contributors (@m365ops)
"""

EXAMPLES = r"""
# The connection is taken from the environment (M365_TENANT_ID, M365_CLIENT_ID, M365_CERTIFICATE_PATH ...),
# or given once for all tasks by module_defaults for group/m365ops.exchange_online.exchange_online.

- name: Let a printer and a scanner send mail
  m365ops.exchange_online.mailbox_smtp_auth:
    mailboxes:
      - printer@contoso.com
      - scanner@contoso.com
    state: enabled

- name: Show what would change, and refuse to change more than ten mailboxes
  m365ops.exchange_online.mailbox_smtp_auth:
    mailboxes: "{{ mailboxes_to_close }}"
    state: disabled
    max_changes: 10
  check_mode: true
  diff: true

- name: Give mailboxes back to the organization's setting, and keep a journal of what they had
  m365ops.exchange_online.mailbox_smtp_auth:
    mailboxes: "{{ lookup('ansible.builtin.file', 'mailboxes.txt').splitlines() }}"
    state: inherit
    missing: warn
    journal_path: /var/log/smtp-auth.jsonl
    return_mailboxes: changed

- name: Sign in with a certificate, connection given in the task
  m365ops.exchange_online.mailbox_smtp_auth:
    tenant_id: contoso.onmicrosoft.com
    client_id: 11111111-2222-3333-4444-555555555555
    certificate_path: /etc/m365/app.pem
    mailboxes: printer@contoso.com
    state: enabled
"""

RETURN = r"""
mailboxes:
  description:
    - The listed mailboxes in the order of O(mailboxes), or those of them that O(return_mailboxes) keeps.
    - With O(missing=warn), mailboxes that don't exist are left out.
    - Empty if the task failed before it could read them.
  returned: always
  type: list
  elements: dict
  contains:
    mailbox:
      description: The entry as it was given.
      type: str
      returned: always
      sample: printer@contoso.com
    guid:
      description: The mailbox's immutable id. Empty if it wasn't found.
      type: str
      returned: always
      sample: 5f1c0a5e-8d3b-4f0e-9a55-0b4d8f1c2a77
    primary_smtp_address:
      description: Its primary address. Empty if it wasn't found.
      type: str
      returned: always
      sample: printer@contoso.com
    display_name:
      description: Its display name. Empty if it wasn't found.
      type: str
      returned: always
      sample: Printer, 2nd floor
    before:
      description: V(enabled), V(disabled) or V(inherit) before the task. Null if it couldn't be read.
      type: str
      returned: always
      sample: inherit
    after:
      description:
        - The state after the task, read back if O(verify=true). In check mode, the state that it would have.
        - Null if it isn't known.
      type: str
      returned: always
      sample: enabled
    changed:
      description: Whether the mailbox was changed, or would be. Also true where the service may have taken a change
        without answering.
      type: bool
      returned: always
      sample: true
    planned:
      description: V(true) if the plan was refused and would have changed the mailbox. RV(mailboxes[].wanted) is then
        the state that it would have got, and RV(mailboxes[].after) what it still is.
      type: bool
      returned: if the plan was refused
      sample: true
    wanted:
      description: The state that the mailbox would have got.
      type: str
      returned: if the plan was refused
      sample: disabled
    error:
      description: Why this mailbox failed.
      type: dict
      returned: if the mailbox failed
      contains:
        code:
          description: A word for machines, such as V(not_found), V(access_denied), V(throttled), V(not_confirmed) or
            V(deadline).
          type: str
          returned: always
          sample: not_confirmed
        message:
          description: What happened and what to do.
          type: str
          returned: always
          sample: The service took the change to enabled but still shows inherit.
        request_id:
          description: The service's id of the request, for Microsoft support. May be empty.
          type: str
          returned: always
          sample: 0c7b0a9e-2f5d-44a3-8c9d-2f6a4b1f3e10
summary:
  description: How many mailboxes had which outcome. The others add up to RV(summary.requested).
  returned: always
  type: dict
  contains:
    requested:
      description: Entries given.
      type: int
      returned: always
      sample: 40
    changed:
      description: Changed, or to be changed in check mode.
      type: int
      returned: always
      sample: 3
    unchanged:
      description: Already right, or left as they were.
      type: int
      returned: always
      sample: 36
    missing:
      description: Not found.
      type: int
      returned: always
      sample: 1
    failed:
      description: Failed, or not done because the task failed before.
      type: int
      returned: always
      sample: 0
    planned:
      description: Would have changed, if the plan hadn't been refused. Then it counts, too, in
        RV(summary.requested), and RV(summary.changed) is V(0).
      type: int
      returned: if the plan was refused
      sample: 12
plan:
  description:
    - The fingerprint of what would be changed, the same in check mode and for real. O(expected_plan) takes it.
    - It is made of the mailboxes' ids, of the states from which and to which they are taken, and of the change of the
      organization's setting if there is one. What a mailbox is called, in which order they come, and what is already
      right, don't matter.
    - Empty if the task failed before there was a plan.
  returned: always
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
not_shown:
  description: How much RV(mailboxes) and RV(ignore:diff) lack of what O(return_mailboxes) keeps, where it was much.
  returned: always
  type: dict
  contains:
    mailboxes:
      description: Mailboxes.
      type: int
      returned: always
      sample: 0
    diff:
      description: Entries of the diff.
      type: int
      returned: always
      sample: 0
preflight:
  description: What O(preflight) found for the mailboxes that are to be enabled.
  returned: always
  type: dict
  contains:
    checked:
      description: How many mailboxes were looked at. V(0) if none is to be enabled, or if it is off.
      type: int
      returned: always
      sample: 2
    blocked:
      description: How many of them will still be blocked.
      type: int
      returned: always
      sample: 1
    mailboxes:
      description: The first hundred of those.
      type: list
      elements: dict
      returned: always
      sample:
        - mailbox: printer@contoso.com
          basic: disabled
          oauth: enabled
          decided_by: security_defaults
          reason: "Basic is blocked: security defaults are on for the tenant; OAuth can be used."
    unknown:
      description: The layers that couldn't be judged, each with the reason.
      type: list
      elements: dict
      returned: always
      sample:
        - layer: conditional_access
          reason: Conditional Access couldn't be read (the app lacks Policy.Read.All)
in_use:
  description: Mailboxes because of which O(refuse_if_used_within_days) refused the plan, the first 500 of them.
  returned: always
  type: list
  elements: dict
  contains:
    mailbox:
      description: The primary address or the GUID.
      type: str
      returned: always
      sample: printer@contoso.com
    guid:
      description: The mailbox's immutable id.
      type: str
      returned: always
      sample: 5f1c0a5e-8d3b-4f0e-9a55-0b4d8f1c2a77
    last_used:
      description: When SMTP AUTH was last used, in UTC.
      type: str
      returned: always
      sample: "2026-11-20T08:15:00Z"
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
      sample: 1
    throttled:
      description: Answers in which the service refused something for too many requests.
      type: int
      returned: always
      sample: 1
failure:
  description: Why the whole task failed, for machines. RV(ignore:msg) says the same for people.
  returned: on failure
  type: dict
  contains:
    code:
      description: A word for machines, or an AADSTS code of Entra ID.
      type: str
      returned: always
      sample: AADSTS7000215
    message:
      description: What happened and what to do.
      type: str
      returned: always
      sample: Sign-in by client_secret was refused.
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

from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.arguments import (
    checking_spec,
    connection_spec,
    mailboxes_spec,
    writing_spec,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.mailbox_smtp_auth import (
    empty_set_task,
    set_task,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.runner import run_module


def main() -> None:
    spec = {
        **connection_spec(),
        **mailboxes_spec(required=True),
        **writing_spec(),
        **checking_spec(),
        "state": {"type": "str", "required": True, "choices": ["enabled", "disabled", "inherit"]},
        "max_changes": {"type": "int"},
    }
    run_module(spec, set_task, empty_set_task)


if __name__ == "__main__":
    main()
