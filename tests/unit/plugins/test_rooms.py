# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may import whom in ``module_utils``: a room only what stands below it. CONTRIBUTING.md describes the rooms."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
UTILS = ROOT / "plugins" / "module_utils"

# From the top. Those of one floor never meet.
FLOORS = (
    ("_module",),
    ("_result",),
    ("_tenant",),
    ("_exchange", "_graph", "_submission"),
    ("_service",),
    ("_sign_in",),
    ("_http",),
)
# Beside them: what each imports, and nothing else. Open to all floors, but for the report.
BESIDE = {
    "_smtp_auth": set(),
    "_redaction": set(),
    "_errors": set(),
    "_progress": set(),
    "_report": {"_errors", "_redaction"},
}
WHO_REPORTS = {"_module", "_result"}
FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}


def imports(source: str, package: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """The rooms that a file imports from, and whether only its annotations need them."""
    tree = ast.parse(source)
    annotations = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            target = (*base, *(node.module or "").split("."))
            yield target[0], id(node) in annotations


def may_import(room: str, other: str) -> bool:
    if room == other:
        return True
    if room in BESIDE:
        return other in BESIDE[room]
    if other == "_report":
        return room in WHO_REPORTS
    return other in BESIDE or FLOOR_OF[room] < FLOOR_OF[other]


def files() -> list[tuple[str, tuple[str, ...], Path]]:
    found = []
    for path in sorted(UTILS.rglob("*.py")):
        parts = path.relative_to(UTILS).with_suffix("").parts
        found.append((parts[0], parts[:-1], path))
    return found


def test_every_file_stands_in_a_room() -> None:
    assert {room for room, _package, _path in files()} == {*FLOOR_OF, *BESIDE}


def test_a_room_imports_only_what_stands_below_it() -> None:
    wrong = [
        f"{path.relative_to(UTILS)} imports from {other}"
        for room, package, path in files()
        for other, annotation in imports(path.read_text(encoding="utf-8"), package)
        if not (annotation and room in ("_progress",)) and not may_import(room, other)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("room", "other", "may"),
    [
        ("_module", "_http", True),
        ("_http", "_sign_in", False),
        ("_exchange", "_graph", False),
        ("_graph", "_exchange", False),
        ("_submission", "_exchange", False),
        ("_tenant", "_result", False),
        ("_tenant", "_report", False),
        ("_result", "_report", True),
        ("_smtp_auth", "_errors", False),
        ("_http", "_smtp_auth", True),
    ],
)
def test_the_rule_can_tell(room: str, other: str, may: bool) -> None:
    assert may_import(room, other) is may


def test_what_is_found_in_a_file() -> None:
    source = "from ..a import b\nif TYPE_CHECKING:\n    from .._http.clock import Clock\nfrom . import c\n"
    assert sorted(imports(source, ("_tenant",))) == [("_http", True), ("_tenant", False), ("a", False)]


def test_no_file_imports_another_by_its_long_name() -> None:
    """Else the rule above would not see it."""
    long = [str(path) for _room, _package, path in files() if "import" in path.read_text() and _long(path)]
    assert long == []


def _long(path: Path) -> bool:
    return any(
        "module_utils" in line
        for line in path.read_text().splitlines()
        if line.startswith(("from ansible_collections", "import ansible_collections"))
    )


def test_no_room_is_a_drawer() -> None:
    """A file of more than 450 lines has more in it than its name says."""
    long = {
        str(path.relative_to(UTILS)): len(path.read_text().splitlines())
        for _room, _package, path in files()
        if len(path.read_text().splitlines()) > 450
    }
    assert long == {}
