# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What of a secret can be recognized in a text: itself, a piece that was cut off, its parts, its encodings."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Iterable, Iterator

_LEAST = 4  # characters: what is shorter would hide ordinary words
_LEAST_ENCODED = 6
_LEAST_CORE = 8  # of what is looked for of a rarer encoding
_LEAST_PART = 12  # of the parts of a token, and of the lines of a key
_PIECE = 12  # characters by which a piece of a secret is recognized
_LONG = 20  # characters from which on a piece of a secret tells too much
_BASE64 = re.compile(r"[A-Za-z0-9+/_=-]*")
_BASE64_BEFORE = re.compile(r"[A-Za-z0-9+/_-]*\Z")
_BREAKS = re.compile(r"[\r\n]+|\\r\\n|\\n|\\r")


@dataclasses.dataclass(frozen=True)
class Needle:
    """One form of a secret. ``seeds``: one of them is in every text that holds it. ``encoded``: what stands around it
    in base64 belongs to it.
    """

    form: str
    seeds: tuple[str, ...]
    encoded: bool = False

    def find(self, text: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        """Where ``text`` holds it, or a piece of it: the place of the seed, and the whole of what is there."""
        for seed in self.seeds:
            place = text.find(seed)
            while place >= 0:
                start, end = self._around(text, place, seed)
                yield (place, place + len(seed)), (start, end)
                place = text.find(seed, max(end, place + 1))

    def _around(self, text: str, place: int, seed: str) -> tuple[int, int]:
        end = place + len(seed)
        if self.encoded:
            before, after = _BASE64_BEFORE.search(text, max(0, place - 10_000), place), _BASE64.match(text, end)
            return before.start() if before else place, after.end() if after else end
        if seed == self.form:
            return place, end
        if self.form.startswith(seed):
            return place, place + _common(text[place : place + len(self.form)], self.form)
        tail = text[max(0, end - len(self.form)) : end]
        return end - _common(tail[::-1], self.form[::-1]), end


def _common(one: str, other: str) -> int:
    """The length of what both begin with."""
    length = min(len(one), len(other))
    return next((place for place in range(length) if one[place] != other[place]), length)


def needles_of(secrets: Iterable[str]) -> list[Needle]:
    """The forms of all secrets, each once."""
    found: dict[tuple[str, bool], Needle] = {}
    for secret in secrets:
        for part in _parts(secret.strip()):
            for needle in _forms(part):
                found.setdefault((needle.form, needle.encoded), needle)
    return list(found.values())


def _parts(secret: str) -> list[str]:
    """A secret of one line with the parts of it that are secret by themselves, or the lines of a longer one."""
    lines = [line.strip() for line in _BREAKS.split(secret)]
    if len(lines) > 1:
        # A backslash before an n may as well be a part of a passphrase of one line.
        whole = [] if "-----" in secret or "\n" in secret or "\r" in secret else [secret]
        return [*whole, *(line for line in lines if len(line) >= _LEAST_PART and "-----" not in line)]
    sections = secret.split(".")
    # The head of a token is that of many; its claims and its signature are its own.
    own = [section for section in sections[1:] if len(section) >= _LEAST_PART] if len(sections) == 3 else []
    return [part for part in (secret, *own) if len(part) >= _LEAST]


def _forms(part: str) -> Iterator[Needle]:
    yield _plain(part)
    squeezed = "".join(part.split())
    if squeezed != part:  # a form has + for a blank; what is wrapped is looked at without any
        yield _plain(part.replace(" ", "+"))
        if len(squeezed) >= _LEAST_ENCODED:
            yield _plain(squeezed)
    data = part.encode("utf-8", "surrogatepass")
    if not part.isascii():  # escaped byte by byte
        yield _plain(data.decode("latin-1"))
    if len(part) < _LEAST_ENCODED:
        return
    for wide in _wide(part):
        if not part.isascii():
            yield _plain("".join(wide.decode("latin-1").replace("\0", "").split()))
        yield from _encodings(wide)
    yield from _encodings(data)
    for core in (*_base32_cores(data), *_base64_twice(data)):
        if len(core) >= _LEAST_CORE:
            yield Needle(core, (core,), encoded=True)


def _wide(part: str) -> Iterator[bytes]:
    """In UTF-16, as Windows has texts. Without the zero at its end, one order of ASCII's bytes is in the other."""
    yield part.encode("utf-16-le", "surrogatepass").rstrip(b"\0")
    if not part.isascii():
        yield part.encode("utf-16-be", "surrogatepass").strip(b"\0")


def _encodings(data: bytes) -> Iterator[Needle]:
    for form in (data.hex(), data.hex().upper()):
        yield Needle(form, (form,))
    for core in _base64_cores(data):
        yield Needle(core, (core,), encoded=True)


def _plain(form: str) -> Needle:
    if len(form) < _LONG or len(form.split()) > 1:  # a sentence begins with ordinary words
        return Needle(form, (form,))
    return Needle(form, (form[:_PIECE], form[-_PIECE:]))


def _base64_cores(data: bytes) -> Iterator[str]:
    """What of the secret's base64 is there whatever stands before and after it, in both alphabets."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + data + bytes(2)).decode()
        first = (0, 2, 3)[before]  # the characters that hold bits of what stands before
        last = (before + len(data)) * 8 // 6  # those that hold nothing else
        core = text[first:last][:64]
        yield core
        if "+" in core or "/" in core:
            yield core.replace("+", "-").replace("/", "_")


def _base64_twice(data: bytes) -> Iterator[str]:
    for core in _base64_cores(data):
        yield from _base64_cores(core.encode())


def _base32_cores(data: bytes) -> Iterator[str]:
    """The same of base32, in large and in small letters."""
    for before in range(5):
        text = base64.b32encode(bytes(before) + data + bytes(4)).decode()
        first = -(-before * 8 // 5)
        last = (before + len(data)) * 8 // 5
        core = text[first:last][:64]
        yield core
        yield core.lower()
