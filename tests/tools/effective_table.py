# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of docs/effective_state.md and docs/effective_state.csv, made from the code that decides.

``make tables`` writes them anew; a unit test fails while they differ from the code.
"""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from tools import paths, tree

PAGE = paths.ROOT / "docs" / "effective_state.md"
CSV = paths.ROOT / "docs" / "effective_state.csv"
HOW = "The tables of docs/effective_state.md differ from what the code decides. Write them anew: make tables"

ANY = "any"
# What each layer may say, in the order in which layers are named.
LAYERS: dict[str, tuple[str, ...]] = {
    "mailbox": ("enabled", "disabled", "inherit"),
    "organization": ("enabled", "disabled", "unknown"),
    "account": ("allows", "blocks", "service", "unknown"),  # blocks: blocked, unlicensed or both
    "authentication_policy": ("allows", "blocks", "unknown"),
    "security_defaults": ("allows", "blocks", "unknown"),
    "conditional_access": ("allows", "blocks", "unknown"),
    "basic_retirement": ("before", "after", "shown"),
}
SWITCH = ("on", "off", "unknown")  # mailbox and organization taken together
BEYOND = tuple(LAYERS)[2:]
BY_SWITCH = "mailbox or organization"

Combination = Mapping[str, str]


class Answer(NamedTuple):
    """What a client meets. ``decided_by``: a layer."""

    basic: str
    oauth: str
    decided_by: str
    basic_at_risk: bool


class Row(NamedTuple):
    """A set of combinations with one answer. ``cells``: by layer, the values that belong to it; ``switch`` stands for
    mailbox and organization.
    """

    cells: dict[str, tuple[str, ...]]
    answer: Answer


def combinations() -> Iterator[Combination]:
    for chosen in itertools.product(*LAYERS.values()):
        yield dict(zip(LAYERS, chosen, strict=True))


def decide(combination: Combination) -> Answer:
    """What the collection's own code makes of a combination, by way of the facts behind the layers."""
    from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth import (
        conditional_access as _conditional_access,
    )
    from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth import layers as _layers
    from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.unread import Unread

    unread = Unread("not read")

    def fact(layer: str, allows: Any, blocks: Any) -> Any:
        return {"allows": allows, "blocks": blocks, "unknown": unread}[combination[layer]]

    organization, retirement = combination["organization"], combination["basic_retirement"]
    service = combination["account"] == "service"
    tenant = _layers.Tenant(
        organization=unread if organization == "unknown" else organization,
        default_policy="",
        policies=[_layers.AuthenticationPolicy("block", False, frozenset(["block"]))],
        security_defaults=fact("security_defaults", False, True),
        conditional_access=fact(
            "conditional_access", (), (_conditional_access.AccessPolicy("1", "block", everyone=True),)
        ),
        today=_layers.RETIREMENT + datetime.timedelta(days=retirement == "after"),
        retired=retirement == "shown",
    )
    user = _layers.User(
        object_id="user",
        recipient_type="SystemMailbox" if service else "UserMailbox",
        authentication_policy=fact("authentication_policy", "", "block"),
        account=unread if service else fact("account", _layers.Account(True, True), _layers.Account(False, True)),
    )
    made = _layers.Judge(tenant).judge(combination["mailbox"], user)
    return Answer(made.basic, made.oauth, made.decided_by, made.basic_at_risk)


@cache
def switch_of(mailbox: str, organization: str) -> str:
    """What mailbox and organization come to, by the answer for OAuth where all else is clear."""
    return {"enabled": "on", "disabled": "off"}.get(_all_clear(mailbox, organization).oauth, "unknown")


def _all_clear(mailbox: str, organization: str) -> Answer:
    return decide({**{layer: values[0] for layer, values in LAYERS.items()}, **_pair(mailbox, organization)})


def _pair(mailbox: str, organization: str) -> dict[str, str]:
    return {"mailbox": mailbox, "organization": organization}


# The rows ------------------------------------------------------------------------------------------------------------


def rows() -> list[Row]:
    """The whole decision: every combination belongs to exactly one row.

    :raises ValueError: two pairs of mailbox and organization come to the same switch, but not to the same answers.
    """
    sample: dict[str, dict[str, str]] = {}
    table: dict[tuple[str, ...], Answer] = {}
    for combination in combinations():
        pair = _pair(combination["mailbox"], combination["organization"])
        switch = switch_of(**pair)
        sample.setdefault(switch, pair)
        answer = decide(combination)
        if answer.decided_by in pair:
            answer = answer._replace(decided_by=BY_SWITCH)
        place = (switch, *(combination[layer] for layer in BEYOND))
        if table.setdefault(place, answer) != answer:
            raise ValueError(f"{combination}: the table can't take mailbox and organization together")
    axes = {"switch": SWITCH, **{layer: LAYERS[layer] for layer in BEYOND}}
    return [Row(dict(zip(axes, cells, strict=True)), answer) for cells, answer in _collapse(list(axes.values()), table)]


def _collapse(
    axes: Sequence[Sequence[str]], table: Mapping[tuple[str, ...], Answer]
) -> list[tuple[tuple[tuple[str, ...], ...], Answer]]:
    """Axis by axis, the values behind which all is the same are taken together."""
    if not axes:
        return [((), table[()])]
    groups: dict[tuple[Answer, ...], list[str]] = {}
    for value in axes[0]:
        groups.setdefault(tuple(_behind(axes[1:], table, value).values()), []).append(value)
    return [
        ((tuple(values), *cells), answer)
        for values in groups.values()
        for cells, answer in _collapse(axes[1:], _behind(axes[1:], table, values[0]))
    ]


def _behind(
    axes: Sequence[Sequence[str]], table: Mapping[tuple[str, ...], Answer], value: str
) -> dict[tuple[str, ...], Answer]:
    return {place[1:]: table[place] for place in itertools.product([value], *axes)}


# The texts ------------------------------------------------------------------------------------------------------------


def switch_table() -> str:
    lines = []
    for mailbox, organization in itertools.product(LAYERS["mailbox"], LAYERS["organization"]):
        answer = _all_clear(mailbox, organization)
        cells = (mailbox, organization, answer.basic, answer.oauth, answer.decided_by, switch_of(mailbox, organization))
        lines.append([f"`{cell}`" for cell in cells[:5]] + [cells[5]])
    return _markdown(["mailbox", "organization", "Basic", "OAuth", "decided by", "so the switch is"], lines)


def decision_table() -> str:
    lines = []
    for row in rows():
        cells = [_cell(SWITCH if layer == "switch" else LAYERS[layer], values) for layer, values in row.cells.items()]
        answer = row.answer
        by = answer.decided_by.replace("_", " ")
        lines.append([*cells, f"`{answer.basic}`", f"`{answer.oauth}`", by, "yes" if answer.basic_at_risk else ""])
    heads = ["switch", *(layer.replace("_", " ") for layer in BEYOND), "Basic", "OAuth", "decided by", "at risk"]
    return _markdown(heads, lines)


def _cell(axis: Sequence[str], values: Sequence[str]) -> str:
    return ANY if len(values) == len(axis) else " or ".join(values)


def _markdown(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    table = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in table)


def csv_text() -> str:
    """Every combination, one a line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*LAYERS, *Answer._fields])
    for combination in combinations():
        answer = decide(combination)
        writer.writerow([*combination.values(), *answer[:3], str(answer.basic_at_risk).lower()])
    return text.getvalue()


TABLES: dict[str, Callable[[], str]] = {"switch": switch_table, "decision": decision_table}


def page_text(page: str) -> str:
    """The page with its tables made anew, each between its two marks.

    :raises ValueError: a mark is missing.
    """
    for name, table in TABLES.items():
        begin, end = f"<!-- table {name}: begin -->\n", f"\n<!-- table {name}: end -->"
        marked = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if len(marked.findall(page)) != 1:
            raise ValueError(f"{PAGE.name}: exactly one place with {begin.strip()} and its end is needed")
        before, after = marked.split(page)
        page = f"{before}{begin}{table()}{end}{after}"
    return page


def main() -> int:
    sys.path.insert(0, str(tree.link()))
    page = PAGE.read_text(encoding="utf-8")
    for path, text in ((PAGE, page_text(page)), (CSV, csv_text())):
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"written: {path.relative_to(paths.ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
