# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """What a module that sets mailboxes looks at elsewhere; ``_module/arguments.checking_spec`` is the spec."""

    DOCUMENTATION = r"""
options:
  preflight:
    description:
      - Before mailboxes are enabled, look whether something else will block them all the same, such as an
        authentication policy, security defaults, Conditional Access or the account.
      - V(warn) warns, naming mailboxes and layers.
      - V(fail) fails before any change if one of them would be blocked for Basic or OAuth.
      - V(off) doesn't look. Use it where clients sign in with OAuth and Basic is blocked on purpose.
      - It costs no request where nothing is to be enabled. The app needs the application permissions
        C(Policy.Read.All) and C(User.Read.All) on Microsoft Graph for all of it, and where Conditional Access policies
        name groups or directory roles, C(GroupMember.Read.All) and C(RoleManagement.Read.Directory). What can't be read
        is named in a warning, and never fails the task.
    type: str
    default: warn
    choices: [warn, fail, "off"]
  refuse_if_used_within_days:
    description:
      - Refuse the whole plan, before any change, if it takes SMTP AUTH from a mailbox that has used it in so many days,
        30 at most. That is a mailbox that may use it now, by its own setting or the organization's, and may not
        afterwards.
      - It asks the sign-in log of Entra ID. The app needs the application permission C(AuditLog.Read.All) on Microsoft
        Graph, and the tenant a premium licence. If the log can't be read because one of them is missing, the plan is
        refused, too. No evidence isn't taken for no use.
      - A log without a single such sign-in by anybody lets the plan pass with a warning. It may lack them, as it may
        lack those of a single mailbox. Interactive and non-interactive sign-ins are both looked at, because nobody has
        said which of them SMTP is; sign-ins with OAuth aren't in it as SMTP.
      - In the clouds of the US government and of China the log isn't offered, so that every plan that takes SMTP AUTH
        from somebody is refused.
      - The log is only asked if a mailbox would lose SMTP AUTH.
    type: int
"""
