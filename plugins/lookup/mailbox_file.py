# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mailbox_file
short_description: A list of mailboxes from a text or CSV file
version_added: 0.1.0
author:
  - m365ops contributors (@m365ops)
description:
  - Reads a file on the control node that lists mailboxes, as people write it and as admin centers export it.
  - A text file has one mailbox a line. Empty lines and comments (C(#) at the start of a line or after white space) are
    dropped.
  - A CSV file has a header. The mailbox is the first of the columns C(mailbox), C(UserPrincipalName),
    C(PrimarySmtpAddress), C(EmailAddress), C(Email), C(Mail), C(UPN) and C(Address) that it has, whatever their case.
    Then come those of logs and reports, C(SenderAddress), C(Username), C(User), C(Sender) and C(From), of which that is
    taken which holds addresses.
  - Commas, semicolons and tabs separate, or what a first line C(sep=;) tells. Comments are possible before the header
    only. A row without a mailbox, or with more cells than the header, is an error that names the line.
  - The same mailbox twice is an error that names both lines. In a log (it has one of the latter columns, or one with a
    time) it is returned once.
  - White space, invisible characters and quotes around a mailbox are dropped. Of C(A. B. <a@contoso.com>) the address
    is taken.
  - UTF-8 with and without byte order mark, and UTF-16 with byte order mark are understood. CR, LF and CRLF end a line,
    nothing else does.
  - A file that ansible-vault has encrypted is decrypted with the secrets that Ansible was given.
options:
  _terms:
    description:
      - Paths of files. Relative ones start at the directory that C(ansible-playbook) was started in.
    type: list
    elements: path
    required: true
seealso:
  - plugin: m365ops.exchange_online.mailbox_list
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Let the printers of a file send mail
  m365ops.exchange_online.mailbox_smtp_auth:
    mailboxes: "{{ query('m365ops.exchange_online.mailbox_file', 'printers.csv') }}"
    state: enabled
"""

RETURN = r"""
_raw:
  description: The mailboxes of all files, in their order.
  type: list
  elements: str
"""

from typing import Any  # noqa: E402

from ansible.errors import AnsibleLookupError  # noqa: E402
from ansible.plugins.lookup import LookupBase  # noqa: E402
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox_text import (  # noqa: E402
    MailboxTextError,
    parse_file,
)
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._read_file import (  # noqa: E402
    Vault,
    path_of,
    read_text,
)


def read_mailboxes(path: str, vault: Vault) -> list[str]:
    """
    :raises AnsibleLookupError: the file can't be read, or not be understood; the message names file and line.
    """
    try:
        text = read_text(path, vault)
        return parse_file(text, is_csv=path.casefold().endswith(".csv"))
    except OSError as error:
        raise AnsibleLookupError(f"The file of mailboxes {path} can't be read: {error.strerror}") from None
    except MailboxTextError as error:
        raise AnsibleLookupError(f"The file of mailboxes {path} can't be understood: {error}") from None


class LookupModule(LookupBase):
    """What Ansible loads."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **_kwargs: Any) -> list[str]:
        vault = Vault(self._loader)
        return [mailbox for term in terms for mailbox in read_mailboxes(path_of(term), vault)]
