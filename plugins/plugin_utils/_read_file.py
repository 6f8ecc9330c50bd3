# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A file of the control node for a lookup: its text, decrypted if ansible-vault has encrypted it."""

from __future__ import annotations

import os
import stat
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox_text import (
    MailboxTextError,
    decode,
)

MOST_BYTES = 32 * 1024 * 1024  # some hundred thousand mailboxes: a guard against what is no list, or has no end
_VAULT = b"$ANSIBLE_VAULT;"
_ENCRYPTED = "is encrypted by ansible-vault"


class Vault:
    """The secrets that Ansible was given, as its loader holds them. ``loader`` may be None: then there are none."""

    def __init__(self, loader: Any) -> None:
        self._vault = getattr(loader, "_vault", None)

    def decrypt(self, text: str) -> str:
        """
        :raises ValueError: without the right password; the end of a sentence that says what to do.
        """
        return self.open(text.strip().encode()).decode("utf-8")

    def open(self, data: bytes) -> bytes:
        """
        :raises ValueError: without the right password; the end of a sentence that says what to do.
        """
        if self._vault is None or not getattr(self._vault, "secrets", None):
            raise ValueError(
                "give its password with --vault-password-file or --ask-vault-pass (in AWX: a Vault credential)"
            )
        try:
            plain: bytes = self._vault.decrypt(data)
        except AnsibleError as error:
            reason = str(error).partition("\n")[0].rstrip(".")[:200]
            raise ValueError(f"the given passwords don't open it ({reason})") from error
        return bytes(plain)


def read_text(path: str, vault: Vault) -> str:
    """
    :raises OSError: the file can't be read. A pipe may be waited for for ever, and gives what it holds only once.
    :raises MailboxTextError: it isn't a text, or encrypted and can't be decrypted.
    """
    if not (os.path.isdir(path) or stat.S_ISREG(os.stat(path).st_mode)):
        raise OSError(0, "it isn't an ordinary file but a pipe or a device")
    with open(path, "rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise MailboxTextError(f"it is larger than {MOST_BYTES // (1024 * 1024)} MiB, so it isn't such a list")
    if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_VAULT):
        try:
            data = vault.open(data.removeprefix(b"\xef\xbb\xbf").lstrip())
        except ValueError as error:
            raise MailboxTextError(f"it {_ENCRYPTED}: {error}") from error
    return decode(data)


def path_of(term: Any) -> str:
    """Relative ones start at the directory that Ansible was started in."""
    return os.path.abspath(os.path.expanduser(str(term)))
