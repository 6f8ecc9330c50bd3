#!/usr/bin/python
# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_auth_baseline
short_description: Make a whole tenant match a declared SMTP AUTH baseline
version_added: 0.1.0
description:
  - Takes the exceptions, which mailboxes have which Authenticated SMTP state, for whom, why and until when, and what
    everyone else is, and makes the tenant so.
  - The tenant is read once. Then one plan is made, and only mailboxes that differ are written and read back. New
    mailboxes are caught by the next run.
  - An exception holds through the day that it expires on. After it, the mailbox is treated as everyone else.
  - With O(organization) the organization's setting is changed too, in an order in which nobody who shall keep sending
    is cut off, and nobody who shall be off is let in, not even for a moment. Mailboxes that shall be V(enabled) or
    V(disabled) by their own setting come first and are read back, then the organization's setting, then mailboxes that
    shall V(inherit) it. If the first part isn't done in full, the organization's setting isn't changed.
  - The service's own mailboxes, such as those for discovery searches and arbitration, are left alone unless they are
    listed as exceptions.
extends_documentation_fragment:
  - m365ops.exchange_online.connection
  - m365ops.exchange_online.writing
  - m365ops.exchange_online.attributes
attributes:
  check_mode:
    support: full
    details: Check mode reads and plans as a real run does, and ends before the first write. It writes the report.
  diff_mode:
    support: full
    details: One entry for each mailbox that changes, and one for the organization's setting.
  idempotent:
    support: full
options:
  exceptions:
    description:
      - The mailboxes that aren't like everyone else. All that is wrong with the list is told at once, before any
        request. That includes unknown keys and the same mailbox twice.
      - An empty list means that there are no exceptions.
    type: list
    elements: dict
    required: true
    suboptions:
      mailbox:
        description: User principal name, primary or secondary SMTP address, alias, or GUID.
        type: str
        required: true
      state:
        description: What the mailbox's own setting shall be.
        type: str
        required: true
        choices: [enabled, disabled, inherit]
      owner:
        description: Who answers for the exception.
        type: str
      reason:
        description: Why it is one.
        type: str
      expires:
        description:
          - Its last day, as C(2027-03-31), by the control node's calendar. Without it the exception has no end.
          - In a list that is handed over as a variable, put it in quotes. ansible-core before 2.19 can't hand on a date
            without.
        type: str
  everyone_else:
    description:
      - What the own setting of all other mailboxes shall be.
      - V(unmanaged) leaves them as they are, those whose exception has expired included.
    type: str
    default: unmanaged
    choices: [unmanaged, inherit, disabled]
  organization:
    description:
      - What the organization's setting shall be. It is left as it is if this isn't given.
      - It decides for all mailboxes that V(inherit).
    type: str
    choices: [enabled, disabled]
  max_changes:
    description:
      - The most mailboxes that may change, as a count, or as a percentage of all mailboxes such as V(5%), rounded down.
        If the plan changes more, nothing is written, and the task fails with the plan in its result.
      - Where the organization's setting changes, the mailboxes that follow it are counted, too.
      - Required unless O(everyone_else=unmanaged). It counts in check mode too.
    type: str
  missing:
    description:
      - What to do about exceptions whose mailbox doesn't exist.
      - V(fail) fails before any change. V(warn) leaves them out, counts them in RV(summary.missing) and warns.
    type: str
    default: fail
    choices: [fail, warn]
  refuse_if_used_within_days:
    description:
      - Refuse the whole plan, before any change, if it takes SMTP AUTH from a mailbox that has used it in so many days,
        30 at most. That is a mailbox that may use it now, by its own setting or the organization's, and may not
        afterwards.
      - It asks the sign-in log of Entra ID. The app needs the application permission C(AuditLog.Read.All) on Microsoft
        Graph, and the tenant a premium licence. If the log can't be read for lack of them, the plan is refused, too.
        No evidence isn't taken for no use.
      - A log without a single such sign-in by anybody lets the plan pass with a warning. It may lack them, as it may
        lack those of a single mailbox, for it gives interactive sign-ins only and nobody has said whether SMTP is one.
      - The log is only asked if a mailbox would lose SMTP AUTH.
    type: int
  require_owner:
    description: Refuse exceptions without owner or reason.
    type: bool
    default: false
  report_path:
    description:
      - A directory for a report on the tenant, as a page (HTML), a table (CSV) and data (JSON). It is made if its
        parent exists.
      - The report is written in check mode, too, and if the task fails after it has read the tenant.
    type: path
  report_name:
    description: What the names of the report's files begin with.
    type: str
    default: smtp_auth_report
seealso:
  - module: m365ops.exchange_online.mailbox_smtp_auth
  - module: m365ops.exchange_online.smtp_auth_restore
author:
  - m365ops contributors (@m365ops)
"""

EXAMPLES = r"""
- name: Only these mailboxes may use SMTP AUTH
  m365ops.exchange_online.smtp_auth_baseline:
    exceptions:
      - mailbox: printer@contoso.com
        state: enabled
        owner: Facilities
        reason: Scans to mail, replaced in spring
        expires: 2027-03-31
      - mailbox: erp@contoso.com
        state: enabled
        owner: Finance
        reason: Sends invoices
    everyone_else: inherit
    organization: disabled
    max_changes: 5%
    require_owner: true
    journal_path: /var/log/smtp-auth.jsonl

- name: Tell what has drifted, with a report to look at
  m365ops.exchange_online.smtp_auth_baseline:
    exceptions: "{{ smtp_auth_exceptions }}"
    everyone_else: inherit
    max_changes: 100%
    report_path: reports
    return_mailboxes: changed
  check_mode: true
"""

RETURN = r"""
mailboxes:
  description:
    - The mailboxes of the baseline. First the exceptions that hold, in their order, then everyone else by address,
      unless O(everyone_else=unmanaged).
    - O(return_mailboxes=changed) keeps those that changed, failed, or would have changed in a plan that was refused.
    - Empty if the task failed before it could read them.
  returned: always
  type: list
  elements: dict
  contains:
    mailbox:
      description: The exception's mailbox as it was given; of everyone else, the primary address or the GUID.
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
    wanted:
      description: The state that the baseline wants. Null for mailboxes that are left alone.
      type: str
      returned: always
      sample: enabled
    error:
      description: Why this mailbox failed.
      type: dict
      returned: if the mailbox failed
      contains:
        code:
          description: A word for machines, such as V(access_denied), V(throttled), V(not_confirmed), V(not_tried) or
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
  description: How many mailboxes met which fate. The last four add up to RV(summary.requested).
  returned: always
  type: dict
  contains:
    requested:
      description: Mailboxes that the baseline speaks of. If the tenant could not be read, the exceptions.
      type: int
      returned: always
      sample: 1200
    changed:
      description: Changed, or to be changed in check mode.
      type: int
      returned: always
      sample: 3
    unchanged:
      description: Already right, or left as they were.
      type: int
      returned: always
      sample: 1197
    missing:
      description: Exceptions whose mailbox does not exist.
      type: int
      returned: always
      sample: 0
    failed:
      description: Failed, or not done because the task failed before.
      type: int
      returned: always
      sample: 0
organization:
  description: The organization's setting.
  returned: always
  type: dict
  contains:
    before:
      description: V(enabled) or V(disabled). Null if it isn't managed, or wasn't read.
      type: str
      returned: always
      sample: enabled
    after:
      description: Afterwards; in check mode, what it would be. Null if it isn't managed, or isn't known.
      type: str
      returned: always
      sample: disabled
    changed:
      description: Whether it was changed, or would be.
      type: bool
      returned: always
      sample: true
expired:
  description: Exceptions that are over, and count as not listed.
  returned: always
  type: list
  elements: dict
  contains:
    mailbox:
      description: As it was given.
      type: str
      returned: always
      sample: printer@contoso.com
    state:
      description: The state that was declared.
      type: str
      returned: always
      sample: enabled
    owner:
      description: Who answers for it. May be empty.
      type: str
      returned: always
      sample: Facilities
    reason:
      description: Why it is an exception. May be empty.
      type: str
      returned: always
      sample: Scans to mail
    expires:
      description: Its last day.
      type: str
      returned: always
      sample: "2027-03-31"
    days_left:
      description: Days until then. V(0) on the last day, negative after it.
      type: int
      returned: always
      sample: 12
expiring:
  description: Exceptions that hold and end within 30 days.
  returned: always
  type: list
  elements: dict
  contains:
    mailbox:
      description: As it was given.
      type: str
      returned: always
      sample: printer@contoso.com
    state:
      description: The state that was declared.
      type: str
      returned: always
      sample: enabled
    owner:
      description: Who answers for it. May be empty.
      type: str
      returned: always
      sample: Facilities
    reason:
      description: Why it is an exception. May be empty.
      type: str
      returned: always
      sample: Scans to mail
    expires:
      description: Its last day.
      type: str
      returned: always
      sample: "2027-03-31"
    days_left:
      description: Days until then. V(0) on the last day, negative after it.
      type: int
      returned: always
      sample: 12
left_alone:
  description: The service's own mailboxes that everyone else's state wasn't set for.
  returned: always
  type: list
  elements: dict
  contains:
    mailbox:
      description: The primary address or the GUID.
      type: str
      returned: always
      sample: DiscoverySearchMailbox{D919BA05-46A6-415f-80AD-7E09334BB852}@contoso.onmicrosoft.com
    guid:
      description: The mailbox's immutable id.
      type: str
      returned: always
      sample: 5f1c0a5e-8d3b-4f0e-9a55-0b4d8f1c2a77
    display_name:
      description: Its display name.
      type: str
      returned: always
      sample: Discovery Search Mailbox
    state:
      description: What its own setting is.
      type: str
      returned: always
      sample: enabled
    type:
      description: Its type (C(RecipientTypeDetails)). Empty where its name tells what it is, or where C(Get-Mailbox)
        hides it.
      type: str
      returned: always
      sample: DiscoveryMailbox
in_use:
  description: Mailboxes for whose sake O(refuse_if_used_within_days) refused the plan.
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
journal:
  description: The path of the journal if this run has added to it; otherwise empty.
    M(m365ops.exchange_online.smtp_auth_restore) takes it to put back what the run changed.
  returned: always
  type: str
  sample: /var/log/smtp-auth.jsonl
report:
  description: The paths of the report's files; empty if none was written.
  returned: always
  type: dict
  contains:
    html:
      description: The page.
      type: str
      returned: always
      sample: reports/smtp_auth_report.html
    csv:
      description: The table of all mailboxes.
      type: str
      returned: always
      sample: reports/smtp_auth_report.csv
    json:
      description: The same as data.
      type: str
      returned: always
      sample: reports/smtp_auth_report.json
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
"""

from ansible_collections.m365ops.exchange_online.plugins.module_utils._arguments import connection_spec, writing_spec
from ansible_collections.m365ops.exchange_online.plugins.module_utils._baseline_tasks import (
    baseline_task,
    empty_baseline_task,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._runner import run_module


def main() -> None:
    spec = {
        **connection_spec(),
        **writing_spec(),
        "exceptions": {"type": "list", "elements": "dict", "required": True},
        "everyone_else": {"type": "str", "default": "unmanaged", "choices": ["unmanaged", "inherit", "disabled"]},
        "organization": {"type": "str", "choices": ["enabled", "disabled"]},
        "max_changes": {"type": "str"},
        "missing": {"type": "str", "default": "fail", "choices": ["fail", "warn"]},
        "refuse_if_used_within_days": {"type": "int"},
        "require_owner": {"type": "bool", "default": False},
        "report_path": {"type": "path"},
        "report_name": {"type": "str", "default": "smtp_auth_report"},
    }
    run_module(spec, baseline_task, empty_baseline_task)


if __name__ == "__main__":
    main()
