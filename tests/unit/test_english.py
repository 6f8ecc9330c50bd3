# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people read says it as an administrator would."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Phrase, and what to write instead.
WORST = {
    r"\b(?:is|are|was|were|be|been) had\b": "is obtained",
    r"\bneeds? a person\b": "needs attention",
    r"\balready so\b|\bso already\b": "already right",
    r"\b[Tt]he same as text\b": "say as what",
    r"\bfor (?:want|lack) of\b": "because ... is missing",
    r", for (?:it|they|nobody|nothing|not all|there (?:is|are)) ": "because",
    r"\bshall\b": "is to, or the present",
    r"\bwhich fate\b|\bfor whose sake\b": "say it plainly",
}


def sentences(path: Path) -> Iterator[str]:
    """All text of a page or of YAML; of Python the texts that are no documentation of code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield re.sub(r"(?m)^\s*#.*$", "", text) if path.suffix == ".yml" else text
        return
    tree = ast.parse(text)
    code = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in code:
            yield node.value


PATHS = sorted(
    path
    for folder in ("plugins", "roles", "playbooks", "docs", "examples")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".yml", ".md", ".rst") and "contributing" not in path.parts
)


def test_the_worst_phrases_stay_out() -> None:
    assert len(PATHS) > 100
    found = [
        f"{path.relative_to(ROOT)}: {match[0]!r}: {instead}"
        for path in [ROOT / "README.md", *PATHS]
        for text in sentences(path)
        for phrase, instead in WORST.items()
        for match in re.finditer(phrase, " ".join(text.split()))
    ]
    assert found == []


@pytest.mark.parametrize("said", ["One token is had for a task.", "refused, for it is late", "who shall keep sending"])
def test_they_would_be_found(said: str) -> None:
    assert any(re.search(phrase, said) for phrase in WORST)
