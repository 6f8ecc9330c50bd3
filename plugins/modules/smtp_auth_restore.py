#!/usr/bin/python
# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_auth_restore
short_description: Put back what a journal tells was changed
version_added: 0.1.0
description:
  - Takes the journal that a run has written (O(m365ops.exchange_online.mailbox_smtp_auth#module:journal_path)), and
    gives each mailbox in it the Authenticated SMTP state back that it had before.
  - Mailboxes that aren't as the journal's runs left them have been changed since, by somebody or something else. They
    are left alone and named. So are mailboxes that were deleted.
  - A journal may hold several runs, and runs that were killed. Each mailbox goes back to what it was before the
    first line about it.
  - Where no answer came to a write, the journal says V(unknown); of a run that was killed it may say only V(intent).
    Such mailboxes are looked at. What was changed is put back, what wasn't needs nothing.
  - If such a run ended within the last 15 seconds, the task first waits until these are over, because the service may
    still be working on what the run left behind.
  - If the runs have changed the organization's setting, it is put back too, in the order that
    M(m365ops.exchange_online.smtp_auth_baseline) describes.
  - A journal with a line of another tenant, or with a line that isn't one of a journal, is refused as a whole. A line
    that was cut short, as by a crash, is left out with a warning.
extends_documentation_fragment:
  - m365ops.exchange_online.connection
  - m365ops.exchange_online.writing
  - m365ops.exchange_online.attributes
attributes:
  check_mode:
    support: full
    details: Check mode reads and plans as a real run does, and ends before the first write.
  diff_mode:
    support: full
    details: One entry for each mailbox that is put back, and one for the organization's setting.
  idempotent:
    support: full
options:
  journal:
    description:
      - The journal to put back. It is only read.
      - To be able to undo the undoing, give another file as O(journal_path).
    type: path
    required: true
  max_changes:
    description:
      - The most mailboxes that may change. If more would, the task fails before the first change, in check mode too.
    type: int
seealso:
  - module: m365ops.exchange_online.mailbox_smtp_auth
  - module: m365ops.exchange_online.smtp_auth_baseline
author:
  - m365ops contributors (@m365ops)
"""

EXAMPLES = r"""
- name: Show what would be put back
  m365ops.exchange_online.smtp_auth_restore:
    journal: /var/log/smtp-auth.jsonl
  check_mode: true
  diff: true

- name: Put it back, and keep a journal of that, too
  m365ops.exchange_online.smtp_auth_restore:
    journal: /var/log/smtp-auth.jsonl
    journal_path: /var/log/smtp-auth-undo.jsonl
"""

RETURN = r"""
mailboxes:
  description:
    - The journal's mailboxes in the order in which they first come, or those of them that O(return_mailboxes) keeps.
    - Those that were deleted since are left out.
    - Empty if the task failed before it could read them.
  returned: always
  type: list
  elements: dict
  contains:
    mailbox:
      description: As the journal calls it.
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
      description: The state to put back. Null for mailboxes that are left alone.
      type: str
      returned: always
      sample: inherit
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
      description: Mailboxes in the journal.
      type: int
      returned: always
      sample: 40
    changed:
      description: Put back, or to be put back in check mode.
      type: int
      returned: always
      sample: 38
    unchanged:
      description: As before already, or left alone because they changed since.
      type: int
      returned: always
      sample: 1
    missing:
      description: Deleted since.
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
organization:
  description: The organization's setting.
  returned: always
  type: dict
  contains:
    before:
      description: V(enabled) or V(disabled). Null if the journal doesn't speak of it.
      type: str
      returned: always
      sample: enabled
    after:
      description: Afterwards; in check mode, what it would be. Null if the
        journal doesn't speak of it, or it isn't known.
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
changed_since:
  description: What isn't as the journal's runs left it, or was deleted, and is left alone.
  returned: always
  type: list
  elements: dict
  contains:
    mailbox:
      description: As the journal calls it, or V(organization) for the organization's setting.
      type: str
      returned: always
      sample: printer@contoso.com
    guid:
      description: The mailbox's immutable id. Empty for the organization's setting.
      type: str
      returned: always
      sample: 5f1c0a5e-8d3b-4f0e-9a55-0b4d8f1c2a77
    before:
      description: What it was before the journal's runs.
      type: str
      returned: always
      sample: inherit
    left_at:
      description: What the runs left it at; two where a line's outcome isn't known.
      type: list
      elements: str
      returned: always
      sample: [enabled]
    now:
      description: What it is now. Null for a mailbox that was deleted.
      type: str
      returned: always
      sample: disabled
journal:
  description: The path of this run's own journal (O(journal_path)), if it was added to; otherwise empty.
  returned: always
  type: str
  sample: /var/log/smtp-auth-undo.jsonl
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
    connection_spec,
    writing_spec,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.runner import run_module
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.smtp_auth_restore import (
    empty_restore_task,
    restore_task,
)


def main() -> None:
    spec = {
        **connection_spec(),
        **writing_spec(),
        "journal": {"type": "path", "required": True},
        "max_changes": {"type": "int"},
    }
    run_module(spec, restore_task, empty_restore_task)


if __name__ == "__main__":
    main()
