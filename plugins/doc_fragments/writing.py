# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """Options that every writing module has; ``_arguments.writing_spec`` is their spec."""

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
      - Which mailboxes to return. V(changed) keeps those that changed or failed.
      - AWX drops the result of a task of more than 700,000 characters, the list of mailboxes that it got included.
        So in AWX use the role P(m365ops.exchange_online.smtp_auth#role) for more than some thousand mailboxes. It cuts
        long lists into groups.
    type: str
    default: all
    choices: [all, changed, none]
  journal_path:
    description:
      - A file to which two JSON lines are appended for each mailbox that is to be written, with what it was before and
        what it shall be. The first one is there before the request is sent, the second one says what came of it. The
        file is made with mode C(0600).
      - The file can be read while the task runs. However the task ends, killed or not, everything that it may have
        changed is in it, for M(m365ops.exchange_online.smtp_auth_restore). Several runs may share it.
      - If the file can't be written, as when the disk is full, nothing further is changed, and the task fails.
      - Nothing is added in check mode, nor for mailboxes that are already right.
    type: path
"""
