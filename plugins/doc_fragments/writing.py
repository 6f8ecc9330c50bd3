# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """Options that every writing module has; ``_module/arguments.writing_spec`` is their spec."""

    DOCUMENTATION = r"""
options:
  verify:
    description:
      - Read back what was written. A mailbox that doesn't show its new state within half a minute fails with the code
        V(not_confirmed).
      - Without it, a mailbox counts as changed once the service took the change.
    type: bool
    default: true
  concurrency:
    description:
      - The most HTTP requests at a time, from 1 to 16. If the service throttles, the task slows down by itself and
        speeds up again.
    type: int
    default: 4
  return_mailboxes:
    description:
      - Which mailboxes to return. V(all) returns every one that was asked for.
      - V(changed) keeps those that changed or failed.
      - V(first) keeps the first 500 of those, with those that failed before others. RV(ignore:not_shown) says how many
        more there are. The same holds for the diff. It is what fits AWX, which drops the result of a task of more than
        700,000 characters.
      - If nothing was written, because the plan was refused or couldn't be made, V(changed) returns no more than
        V(first) does.
      - If it isn't given, all are returned, or of a plan that was refused what V(first) keeps.
    type: str
    choices: [all, changed, first, none]
  journal_path:
    description:
      - A file to which two JSON lines are appended for each mailbox that is to be written, with what it was before and
        what it is to be. The first one is there before the request is sent, the second one says what came of it. The
        file is made with mode C(0600).
      - The file can be read while the task runs. However the task ends, killed or not, everything that it may have
        changed is in it, for M(m365ops.exchange_online.smtp_auth_restore). Several runs may share it.
      - If the file can't be written, as when the disk is full, nothing further is changed, and the task fails.
      - Nothing is added in check mode, nor for mailboxes that are already right.
    type: path
  expected_plan:
    description:
      - The fingerprint that a preview in check mode returned as RV(ignore:plan). If the tenant has changed since, or
        other things are asked for, so that another plan comes out, nothing is written, and the task fails with the code
        V(another_plan).
      - It counts in check mode too. An empty text counts as not given.
    type: str
"""
