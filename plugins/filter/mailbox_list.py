# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mailbox_list
short_description: A list of mailboxes from a text with one a line
version_added: 0.1.0
author:
  - m365ops contributors (@m365ops)
description:
  - Turns the text of a form, for example the answer of an AWX survey, into the list that
    O(m365ops.exchange_online.mailbox_smtp_auth#module:mailboxes) takes.
  - White space, invisible characters and quotes around a mailbox, empty lines and comments are dropped. A comment is
    C(#) at the start of a line or after white space, and what follows it. On one line, commas
    and semicolons separate mailboxes too.
  - Whether an entry can name a mailbox is left to the module or the role that takes the list.
options:
  _input:
    description:
      - A text, or already a list, which is returned as it is. An empty text and V(null) are an empty list.
    type: raw
    required: true
seealso:
  - plugin: m365ops.exchange_online.mailbox_file
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Disable SMTP AUTH for the mailboxes of a survey's text area
  m365ops.exchange_online.mailbox_smtp_auth:
    mailboxes: "{{ survey_mailboxes | m365ops.exchange_online.mailbox_list }}"
    state: disabled
"""

RETURN = r"""
_value:
  description: The mailboxes, in the order of the text.
  type: list
  elements: str
"""

from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

from ansible.errors import AnsibleFilterError  # noqa: E402


def mailbox_list(value: Any) -> list[Any]:
    """
    :raises AnsibleFilterError: the value is neither a text nor a list.
    """
    if value is None:
        return []
    if isinstance(value, str):
        # Ansible loads this file for any filter of the collection.
        from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox_text import parse_text

        return parse_text(value)
    if isinstance(value, (list, tuple)):
        return list(value)
    kind = type(value).__name__
    raise AnsibleFilterError(f"mailbox_list takes a list of mailboxes or a text with one a line, not a {kind}")


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"mailbox_list": mailbox_list}
