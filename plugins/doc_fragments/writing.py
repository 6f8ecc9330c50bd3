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
      - A file to which one JSON line is appended for each mailbox as it is written, with what it was before. It is
        made with mode C(0600).
      - The file can be read while the task runs, and keeps what was done if the task is killed. Several runs may share
        it.
      - Nothing is added in check mode, nor for mailboxes that are already right.
    type: path
"""
