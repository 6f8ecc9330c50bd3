# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/messages.md: every message that the collection can print, by its own words, taken from the code.

What a code means and what to do about it is written by hand, in the tables of docs/troubleshooting.md and in ``KINDS``.
``make tables`` writes the page anew; a unit test fails while it differs from the code.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from tools import paths

PAGE = paths.ROOT / "docs" / "messages.md"
TROUBLE = paths.ROOT / "docs" / "troubleshooting.md"
PLUGINS = paths.ROOT / "plugins"
HOW = "docs/messages.md differs from the messages in the code. Write it anew: make tables"
GAP = "\u2026"

# Places whose texts aren't messages: pages, documentation, names for type checkers.
_ELSEWHERE = ("module_utils/_report/", "modules/", "doc_fragments/", "action/")
_NOT_SAID = frozenset({"compile", "fullmatch", "match", "search", "sub", "findall", "split", "strftime", "getattr"})
_NO_MESSAGE = re.compile(
    r"^/v1|[a-z0-9]\]|\(\?|\\[bdsw]|[a-z]/json| \| None|^(Sequence|Mapping)\[| eq '| ge \0|original message: \("
    r"|^ansible_collections\."
)
_WORD = re.compile(r"[A-Za-z][A-Za-z'_-]+")
_FEWEST = 3  # words in a row that make a text a message
_CODE = re.compile(r"[a-z]+(_[a-z]+)+|[a-z]{4,}")

_NEVER_SHOWN = frozenset({"not_needed", "given_up"})  # codes of what ends inside
# Errors of their own, by the code with which they end.
_ERRORS = {
    **dict.fromkeys(
        (
            "MailboxTextError",
            "BaselineTextError",
            "YamlTextError",
            "UndoError",
            "PlanError",
            "EntryError",
            "ValueError",
        ),
        "invalid_input",
    ),
    **dict.fromkeys(("AnsibleLookupError", "AnsibleFilterError", "_error", "ComposerError"), "invalid_input"),
    **dict.fromkeys(("MalformedAnswerError", "UnreadableRowError", "UnreadableStateError"), "unexpected_answer"),
    **dict.fromkeys(("Unread", "_policy_unknown"), "unknown"),
}
# What else is said in a place, the longest name first: a code, or a word of KINDS.
_PLACES = {
    "filter/": "invalid_input",
    "lookup/": "invalid_input",
    "module_utils/_errors.py": "internal",
    "module_utils/_exchange/batch.py": "unexpected_answer",
    "module_utils/_exchange/client.py": "told",
    "module_utils/_exchange/errors.py": "service_error",
    "module_utils/_exchange/refusal.py": "access_denied",
    "module_utils/_exchange/wire.py": "unexpected_answer",
    "module_utils/_graph/": "access_denied",
    "module_utils/_http/": "network",
    "module_utils/_http/trust.py": "invalid_input",
    "module_utils/_module/": "told",
    "module_utils/_progress.py": "told",
    "module_utils/_result/": "told",
    "module_utils/_service/": "service_error",
    "module_utils/_sign_in/": "sign_in_failed",
    "module_utils/_sign_in/certificate.py": "invalid_input",
    "module_utils/_sign_in/clouds.py": "invalid_input",
    "module_utils/_smtp_auth/": "told",
    "module_utils/_smtp_auth/baseline.py": "invalid_input",
    "module_utils/_smtp_auth/conditional_access.py": "unknown",
    "module_utils/_smtp_auth/declaration.py": "invalid_input",
    "module_utils/_smtp_auth/effective.py": "unknown",
    "module_utils/_smtp_auth/identity.py": "invalid_input",
    "module_utils/_smtp_auth/layers.py": "unknown",
    "module_utils/_smtp_auth/limit.py": "max_changes",
    "module_utils/_smtp_auth/mailbox_text.py": "invalid_input",
    "module_utils/_smtp_auth/smtp_answers.py": "sign_in",
    "module_utils/_smtp_auth/table_text.py": "invalid_input",
    "module_utils/_submission/": "sign_in",
    "module_utils/_tenant/": "told",
    "module_utils/_tenant/guards.py": "another_plan",
    "module_utils/_tenant/preflight.py": "blocked",
    "module_utils/_tenant/probe.py": "sign_in",
    "module_utils/_tenant/sign_in_log.py": "in_use",
    "plugin_utils/": "told",
    "plugin_utils/_baseline_text.py": "invalid_input",
    "plugin_utils/_read_file.py": "invalid_input",
    "plugin_utils/_smtp_auth_declaration.py": "invalid_input",
    "plugin_utils/_smtp_auth_given.py": "invalid_input",
    "plugin_utils/_smtp_auth_refusal.py": "invalid_input",
    "plugin_utils/_smtp_auth_start.py": "invalid_input",
    "plugin_utils/_yaml_text.py": "invalid_input",
}
# What isn't the failure of a run: title, meaning, what to do.
KINDS = {
    "unknown": (
        "Reasons of a layer",
        "why a client is stopped, or why that can't be told",
        "the reason itself says what to change; more in [troubleshooting.md](troubleshooting.md#a-layer-is-unknown)",
    ),
    "sign_in": (
        "What an SMTP server answers",
        "what `smtp_auth_probe` makes of the answer",
        "the sentence says it; [troubleshooting.md](troubleshooting.md) has the answers themselves",
    ),
    "told": ("What a run tells", "lines of a report, warnings, progress", "nothing, unless the sentence asks for it"),
}


class Message(NamedTuple):
    """``text``: the fixed words, with ``GAP`` for what differs. ``code``: of the failure, or a word of ``KINDS``."""

    code: str
    text: str


# What the code says -----------------------------------------------------------------------------------------------


def messages() -> list[Message]:
    """Each message once, by code."""
    codes = _codes_of_errors()
    found = {message for path in sorted(PLUGINS.rglob("*.py")) for message in _in_python(path, codes)}
    found.update(_in_yaml())
    return sorted(found, key=lambda message: (message.code, message.text.lstrip(GAP + " ").casefold(), message.text))


def _codes_of_errors() -> dict[str, str]:
    """The code of each class of errors, its own or its base's."""
    codes = dict(_ERRORS)
    for path in sorted(PLUGINS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                own = [
                    str(part.value.value)
                    for part in node.body
                    if isinstance(part, ast.Assign)
                    and isinstance(part.value, ast.Constant)
                    and getattr(part.targets[0], "id", "") == "code"
                ]
                bases = (getattr(base, "id", "") for base in node.bases)
                base = next((codes[name] for name in bases if name in codes), "")
                if own or (base and node.name not in codes):
                    codes[node.name] = own[0] if own else base
    return codes


def _in_python(path: Path, codes: dict[str, str]) -> Iterator[Message]:
    place = path.relative_to(PLUGINS).as_posix()
    if place.startswith(_ELSEWHERE):
        return
    usual = next((_PLACES[name] for name in sorted(_PLACES, key=len, reverse=True) if place.startswith(name)), "")
    for code, text in _said(ast.parse(path.read_text(encoding="utf-8")), "", codes):
        if _is_message(text) and code not in _NEVER_SHOWN:
            if not (code or usual):
                raise ValueError(f"{place} says {text!r}, and _PLACES has no code for it")
            yield Message(code or usual, _shown(text))


def _said(node: ast.AST, code: str, codes: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Texts with the code of the error that they are of; ``""`` where the place decides."""
    text = _text_of(node)
    if text is not None:
        yield code, text
        return
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _NOT_SAID:
            return
        given = next((word.value for word in node.keywords if word.arg == "code"), None)
        code = str(given.value) if isinstance(given, ast.Constant) else codes.get(name, code)
        first = node.args[0] if len(node.args) > 1 else None
        code = _code_in(first) or code if name == "Failure" else code
    elif isinstance(node, ast.Tuple) and len(node.elts) > 1:
        code = _code_in(node.elts[0]) or code
    elif isinstance(node, ast.Dict):
        pairs = {getattr(key, "value", ""): value for key, value in zip(node.keys, node.values, strict=True) if key}
        code = _code_in(pairs.get("code")) or code
    for child in ast.iter_child_nodes(node):
        if not _is_documentation(node, child):
            yield from _said(child, code, codes)


def _code_in(node: ast.AST | None) -> str:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) and value in _hand_written() else ""


def _is_documentation(node: ast.AST, child: ast.AST) -> bool:
    if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
        return True
    if isinstance(child, ast.Assign) and isinstance(node, ast.Module):
        return getattr(child.targets[0], "id", "") in ("DOCUMENTATION", "EXAMPLES", "RETURN")
    return False


def _text_of(node: ast.AST) -> str | None:
    """A text with NUL for each part that differs; None for what isn't a text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text_of(node.left), _text_of(node.right)
        return None if left is None and right is None else f"{left or chr(0)}{right or chr(0)}"
    return None


def _is_message(text: str) -> bool:
    return not _NO_MESSAGE.search(text) and any(len(_WORD.findall(run)) >= _FEWEST for run in text.split("\0"))


def _shown(text: str) -> str:
    gaps = re.sub(r"\{[a-z_]+\}", GAP, text.replace("\0", GAP))
    return " ".join(re.sub(f"{GAP}+", GAP, gaps).replace("`", "'").split())


def _in_yaml() -> Iterator[Message]:
    """What the role and the playbooks themselves fail with."""
    for folder in ("playbooks", "roles"):
        for path in sorted((paths.ROOT / folder).rglob("*.yml")):
            for task in _tasks(yaml.safe_load(path.read_text(encoding="utf-8"))):
                text = str(task.get("ansible.builtin.fail", {}).get("msg", ""))
                said = " ".join(re.sub(r"\{\{.*?\}\}", "\0", text, flags=re.DOTALL).split())
                if _is_message(said):
                    end = re.search(r"\(([a-z_]+)\)$", said)
                    yield Message(end[1] if end else "invalid_input", _shown(said))


def _tasks(node: object) -> Iterator[dict[str, dict[str, object]]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _tasks(value)
    elif isinstance(node, list):
        for value in node:
            yield from _tasks(value)


# What people say of it --------------------------------------------------------------------------------------------


def _hand_written() -> dict[str, tuple[str, str]]:
    """Of each code in the tables of the page on troubleshooting: what it means, and what to do."""
    rows = re.findall(
        r"^\| (`[a-z_`, ]+`) \| ([^|]+) \| ([^|]+) \|$", TROUBLE.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {code: (means, do) for codes, means, do in rows for code in re.findall(r"`([a-z_]+)`", codes)}


def page_text() -> str:
    by_code: dict[str, list[str]] = {}
    for message in messages():
        by_code.setdefault(message.code, []).append(message.text)
    written = _hand_written()
    missing = sorted(by_code.keys() - written.keys() - KINDS.keys())
    if missing:
        raise ValueError(f"docs/troubleshooting.md says nothing of the codes {', '.join(missing)}")
    codes = sorted(by_code.keys() - KINDS.keys())
    parts = [_HEAD]
    parts += [_section(f"`{code}`", *written[code], by_code[code]) for code in codes]
    parts += [_section(*KINDS[kind], by_code[kind]) for kind in KINDS if kind in by_code]
    return "\n".join(parts)


def _section(title: str, means: str, do: str, texts: Sequence[str]) -> str:
    lines = "".join(f"- `{text}`\n" for text in texts)
    return f"## {title}\n\nMeans: {means}.\n\nWhat to do: {do}.\n\n{lines}"


_HEAD = """\
<!--
Copyright (c) 2026, m365ops contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later

Made by "make tables" from the code. What codes mean is written in troubleshooting.md.
-->

# Every message, by its words

```console
grep -n "some words that stand on the screen" docs/messages.md
```

Search this page for a few words in a row of the message, without names and numbers: \u2026 stands for them. The
heading above the message is the code with which a failure ends. [troubleshooting.md](troubleshooting.md) has more on
the frequent ones.
"""


def main() -> int:
    PAGE.write_text(page_text(), encoding="utf-8", newline="\n")
    print(f"written: {PAGE.relative_to(paths.ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
