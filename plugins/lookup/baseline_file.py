# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: baseline_file
short_description: A baseline, or its exceptions, from a YAML, JSON or CSV file
version_added: 0.1.0
author:
  - m365ops contributors (@m365ops)
description:
  - Reads a file on the control node that declares who may use SMTP AUTH.
  - A YAML or JSON file (C(.yml), C(.yaml), C(.json)) holds a mapping with options of
    M(m365ops.exchange_online.smtp_auth_baseline), or only the list of exceptions. A key that is there twice is an
      error.
  - A CSV file (C(.csv)) has an exception a row, and a header with the columns C(mailbox), C(state), C(owner), C(reason)
    and C(expires), in any order. Instead of C(mailbox) the names that P(m365ops.exchange_online.mailbox_file#lookup)
    knows can be used. Commas, semicolons and tabs separate, or what a first line C(sep=;) tells. Empty cells are as if
    they weren't there. Comments are possible before the header only.
  - UTF-8 with and without byte order mark and UTF-16 with byte order mark are understood.
  - A file that ansible-vault has encrypted is decrypted with the secrets that Ansible was given, and so is a value
    behind C(!vault) in YAML.
options:
  _terms:
    description:
      - Paths of files. Relative ones start at the directory that C(ansible-playbook) was started in.
    type: list
    elements: path
    required: true
seealso:
  - module: m365ops.exchange_online.smtp_auth_baseline
"""

EXAMPLES = r"""
- name: Enforce the exceptions of a file
  m365ops.exchange_online.smtp_auth_baseline:
    exceptions: "{{ lookup('m365ops.exchange_online.baseline_file', 'exceptions.csv').exceptions }}"
    everyone_else: inherit
    max_changes: 5%
"""

RETURN = r"""
_raw:
  description: For each file, a dictionary with the options that it holds. Dates are texts.
  type: list
  elements: dict
"""

import os  # noqa: E402
from typing import Any  # noqa: E402

from ansible.errors import AnsibleLookupError  # noqa: E402
from ansible.plugins.lookup import LookupBase  # noqa: E402
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox_text import MailboxTextError  # noqa: E402
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._baseline_text import (  # noqa: E402
    BaselineTextError,
    parse_baseline,
)
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._read_file import (  # noqa: E402
    Vault,
    path_of,
    read_text,
)


def read_baseline(path: str, vault: Vault) -> dict[str, Any]:
    """
    :raises AnsibleLookupError: the file can't be read, or not be understood; the message names file and line.
    """
    try:
        text = read_text(path, vault)
        return parse_baseline(text, os.path.basename(path), vault.decrypt)
    except OSError as error:
        raise AnsibleLookupError(f"The baseline {path} can't be read: {error.strerror}") from None
    except (MailboxTextError, BaselineTextError) as error:
        raise AnsibleLookupError(f"The baseline {path} can't be understood: {error}") from None


class LookupModule(LookupBase):
    """What Ansible loads."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **_kwargs: Any) -> list[dict[str, Any]]:
        vault = Vault(self._loader)
        return [read_baseline(path_of(term), vault) for term in terms]
