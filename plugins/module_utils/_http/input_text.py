# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Texts as people really have them: secrets from files and text areas, tokens that were pasted, files of another kind.

No message quotes what it complains of.
"""

from __future__ import annotations

import os
import stat

from .._errors import InputError

MAX_BYTES = 1024 * 1024  # of a certificate or a token in a file
_VAULT_MARK = b"$ANSIBLE_VAULT;"


def secret_text(option: str, value: str) -> str:
    """A secret without the line breaks at its end, which a file, a text area or an encrypted value leaves there.

    :raises InputError: other line breaks, control characters, or a text that isn't UTF-8.
    """
    text = value.strip("\r\n")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{option} isn't UTF-8: check how it was put into the environment.") from error
    if not text.strip():
        raise InputError(f"{option} is blank: give its value.")
    if text.startswith(_VAULT_MARK.decode()):
        raise InputError(f"{option} is encrypted by ansible-vault: give it decrypted, as a variable marked !vault is.")
    if "\n" in text or "\r" in text:
        raise InputError(f"{option} holds more than one line: give the secret alone.")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise InputError(f"{option} holds control characters: check how it was copied.")
    return text


def token_text(option: str, value: str) -> str:
    """A token without the white space around it.

    :raises InputError: white space inside, or characters that no token has.
    """
    text = value.strip().removeprefix("\ufeff").strip()
    if not text:
        raise InputError(f"{option} is blank: give the token.")
    if text.startswith(_VAULT_MARK.decode()):
        raise InputError(f"{option} is encrypted by ansible-vault: give it decrypted.")
    if len(text.split()) != 1 or not text.isascii() or not text.isprintable():
        raise InputError(
            f"{option} holds white space, line breaks or other characters that no token has: give the token alone, on "
            f"one line."
        )
    return text


def read_bytes(option: str, path: str) -> bytes:
    """A small file.

    :raises InputError: it can't be read, isn't an ordinary file, is too long, or is encrypted by ansible-vault.
    """
    try:
        check_ordinary(path, option)
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{option} {path} can't be read: {reason}.") from error
    if len(data) > MAX_BYTES:
        raise InputError(f"{option} {path} is longer than {MAX_BYTES} bytes, so it isn't what is wanted here.")
    check_not_vaulted(data, option, path)
    return data


def check_ordinary(path: str, option: str) -> None:
    """
    :raises InputError: a folder, a pipe or a device, which may never end. OSError: it isn't there.
    """
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise InputError(f"{option} {path} can't be read: Is a directory.")
    if not stat.S_ISREG(mode):
        raise InputError(f"{option} {path} can't be read: it isn't an ordinary file but a pipe or a device.")


def is_vaulted(data: bytes) -> bool:
    """Whether ansible-vault has encrypted it. Its beginning is enough."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_VAULT_MARK)


def check_not_vaulted(data: bytes, option: str, path: str) -> None:
    """
    :raises InputError: it is encrypted by ansible-vault.
    """
    if is_vaulted(data):
        source = f"{option} {path}".strip()
        raise InputError(
            f"{source} is encrypted by ansible-vault, which a module can't decrypt. Decrypt it first (ansible-vault "
            f"decrypt), or give what it holds as text: lookup('ansible.builtin.file', ...) decrypts."
        )
