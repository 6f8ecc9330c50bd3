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
    everyone else is, and makes the tenant match.
  - The tenant is read once. Then one plan is made, and only mailboxes that differ are written and read back. New
    mailboxes are caught by the next run.
  - An exception holds through the day that it expires on. After it, the mailbox is treated as everyone else.
  - With O(organization) the organization's setting is changed too, in an order in which nobody who is to keep sending
    is cut off, and nobody who is to be off is let in, not even for a moment. Mailboxes that are to be V(enabled) or
    V(disabled) by their own setting come first and are read back, then the organization's setting, then mailboxes that
    are to V(inherit) it. If the first part isn't done in full, the organization's setting isn't changed.
  - The service's own mailboxes, such as those for discovery searches and arbitration, are left alone unless they are
    listed as exceptions.
extends_documentation_fragment:
  - m365ops.exchange_online.connection
  - m365ops.exchange_online.writing
  - m365ops.exchange_online.checking
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
      - One at least of this option and the lists O(enabled), O(disabled), O(inherit) and their files has to be given.
    type: list
    elements: dict
    suboptions:
      mailbox:
        description: User principal name, primary or secondary SMTP address, alias, or GUID.
        type: str
        required: true
      state:
        description: The setting that the mailbox gets.
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
  enabled:
    description:
      - Mailboxes that are set to V(enabled), by name only, without owner, reason or end. Each is a user
        principal name, primary or secondary SMTP address, alias, or GUID.
      - A name that is also in another list, or among the exceptions, is refused before any request.
    type: list
    elements: str
  enabled_file:
    description:
      - A file with such mailboxes, which the module reads where it runs. So many names needn't be handed over as
        options.
      - A text with one name a line, or a CSV file, as P(m365ops.exchange_online.mailbox_file#lookup) reads them. A file
        that ansible-vault has encrypted is refused. What both give is taken together.
    type: path
  disabled:
    description:
      - Mailboxes that are set to V(disabled), by name only, without owner, reason or end. Each is a user
        principal name, primary or secondary SMTP address, alias, or GUID.
      - A name that is also in another list, or among the exceptions, is refused before any request.
    type: list
    elements: str
  disabled_file:
    description:
      - A file with such mailboxes, which the module reads where it runs. So many names needn't be handed over as
        options.
      - A text with one name a line, or a CSV file, as P(m365ops.exchange_online.mailbox_file#lookup) reads them. A file
        that ansible-vault has encrypted is refused. What both give is taken together.
    type: path
  inherit:
    description:
      - Mailboxes that are set to V(inherit), by name only, without owner, reason or end. Each is a user
        principal name, primary or secondary SMTP address, alias, or GUID.
      - A name that is also in another list, or among the exceptions, is refused before any request.
    type: list
    elements: str
  inherit_file:
    description:
      - A file with such mailboxes, which the module reads where it runs. So many names needn't be handed over as
        options.
      - A text with one name a line, or a CSV file, as P(m365ops.exchange_online.mailbox_file#lookup) reads them. A file
        that ansible-vault has encrypted is refused. What both give is taken together.
    type: path
  everyone_else:
    description:
      - The setting that all other mailboxes get.
      - V(unmanaged) leaves them as they are, those whose exception has expired included.
    type: str
    default: unmanaged
    choices: [unmanaged, inherit, disabled]
  organization:
    description:
      - The setting that the organization gets. It is left as it is if this isn't given.
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
      - What to do about names whose mailbox doesn't exist.
      - V(fail) fails before any change. V(warn) leaves them out, counts them in RV(summary.missing) and warns.
    type: str
    default: fail
    choices: [fail, warn]
  require_owner:
    description: Refuse exceptions without owner or reason, and names in plain lists.
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
  return_mailboxes:
    description:
      - Which mailboxes to return. V(all) returns all that the baseline speaks of.
      - V(changed) keeps those that changed or failed.
      - V(first) keeps the first 500 of those, with those that failed before others. RV(not_shown) says how many more
        there are. The same holds for the diff.
      - If nothing was written, because the plan was refused or couldn't be made, V(changed) returns no more than
        V(first) does.
    default: changed
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
  check_mode: true

- name: Three lists at once, out of files, and nobody else
  m365ops.exchange_online.smtp_auth_baseline:
    enabled_file: lists/enabled.txt
    disabled_file: lists/disabled.csv
    inherit:
      - former-printer@contoso.com
    max_changes: 200
  check_mode: true
  register: preview

- name: The same, unless something has moved since the preview
  m365ops.exchange_online.smtp_auth_baseline:
    enabled_file: lists/enabled.txt
    disabled_file: lists/disabled.csv
    inherit:
      - former-printer@contoso.com
    max_changes: 200
    expected_plan: "{{ preview.plan }}"
"""

RETURN = r"""
mailboxes:
  description:
    - The mailboxes of the baseline, or those of them that O(return_mailboxes) keeps. First the exceptions that hold and
      the plain lists, in their order, then everyone else by address, unless O(everyone_else=unmanaged).
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
    planned:
      description: V(true) if the plan was refused and would have changed the mailbox. RV(mailboxes[].wanted) is then
        the state that it would have got, and RV(mailboxes[].after) what it still is.
      type: bool
      returned: if the plan was refused
      sample: true
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
  description: How many mailboxes had which outcome. The others add up to RV(summary.requested).
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
lists:
  description: How the mailboxes of O(enabled), O(disabled) and O(inherit), and of their files, fared, by state.
  returned: always
  type: dict
  contains:
    enabled:
      description: What became of the mailboxes that are listed in O(enabled) and O(enabled_file).
      returned: if there is such a list
      type: dict
      sample:
        requested: 20
        changed: 2
        unchanged: 17
        missing: 0
        failed: 1
        not_tried: 1
    disabled:
      description: What became of the mailboxes that are listed in O(disabled) and O(disabled_file).
      returned: if there is such a list
      type: dict
      sample:
        requested: 20
        changed: 2
        unchanged: 17
        missing: 0
        failed: 1
        not_tried: 1
    inherit:
      description: What became of the mailboxes that are listed in O(inherit) and O(inherit_file).
      returned: if there is such a list
      type: dict
      sample:
        requested: 20
        changed: 2
        unchanged: 17
        missing: 0
        failed: 1
        not_tried: 1
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
    planned:
      description: V(true) if the plan was refused and would have changed it.
      type: bool
      returned: if the plan was refused
      sample: true
    wanted:
      description: What it would have become.
      type: str
      returned: if the plan was refused
      sample: disabled
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
    option:
      description: The option that caused it, such as V(max_changes). Empty if none did.
      type: str
      returned: always
      sample: ""
"""

from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.arguments import (
    checking_spec,
    connection_spec,
    declaring_spec,
    writing_spec,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.runner import run_module
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.smtp_auth_baseline import (
    baseline_task,
    empty_baseline_task,
)


def main() -> None:
    spec = {
        **connection_spec(),
        **writing_spec(rows="changed"),
        **checking_spec(),
        **declaring_spec(),
        "everyone_else": {"type": "str", "default": "unmanaged", "choices": ["unmanaged", "inherit", "disabled"]},
        "organization": {"type": "str", "choices": ["enabled", "disabled"]},
        "max_changes": {"type": "str"},
        "missing": {"type": "str", "default": "fail", "choices": ["fail", "warn"]},
        "require_owner": {"type": "bool", "default": False},
        "report_path": {"type": "path"},
        "report_name": {"type": "str", "default": "smtp_auth_report"},
    }
    run_module(spec, baseline_task, empty_baseline_task)


if __name__ == "__main__":
    main()
