# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""PEM as ``.env`` files, JSON, YAML and text areas give it: its line breaks gone or written down, quoted, indented."""

from __future__ import annotations

import re

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
# Line breaks that were written down, once or twice over, as .env files, JSON and shells give them.
_WRITTEN_BREAK = re.compile(r"\\+r\\+n|\\+[nr]")
_HEADERS = re.compile(
    r"(Proc-Type: *[0-9],ENCRYPTED)\s*(DEK-Info: *(?:DES[A-Z0-9-]*,[0-9A-F]{16}|[A-Z0-9-]+,[0-9A-F]{32}))\s*"
)
_QUOTES = "\"'`"
_WIDTH = 64


def tidy_pem(data: bytes) -> bytes:
    """The blocks of a PEM, each with its line breaks, whatever stands between them. What isn't text stays as it is."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data
    text = with_line_breaks(text)
    blocks = [_block(match.group(1), match.group(2)) for match in _BLOCK.finditer(text)]
    whole = len(blocks) == text.count("-----BEGIN ")  # one that was cut off is no use, and to be told of
    return "".join(blocks).encode() if whole else text.encode()


def with_line_breaks(text: str) -> str:
    """``text`` with real line breaks where they are written as the characters backslash and n."""
    return _WRITTEN_BREAK.sub("\n", text).replace("\r\n", "\n").replace("\r", "\n")


def unquoted(text: str) -> str:
    """``text`` without white space, a byte order mark and quotes around it."""
    text = text.strip().removeprefix("\ufeff").strip()
    while len(text) > 1 and text[0] == text[-1] and text[0] in _QUOTES:
        text = text[1:-1].strip()
    return text


def _block(label: str, content: str) -> str:
    headers = ""
    match = _HEADERS.search(content)
    if match:  # the old form of an encrypted key
        headers = f"{match.group(1)}\n{match.group(2)}\n\n"
        content = content[match.end() :]
    # Quotes, commas and backslashes are left over from a list or a shell; none is of base64.
    body = re.sub(r"[\s\\\"',]+", "", content)
    lines = [body[place : place + _WIDTH] for place in range(0, len(body), _WIDTH)]
    return f"-----BEGIN {label}-----\n{headers}" + "".join(f"{line}\n" for line in lines) + f"-----END {label}-----\n"
