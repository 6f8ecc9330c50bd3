# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What every playbook checks before it begins: whether it has hosts, and whether the command line was understood as
it was meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager, split_host_pattern
from ansible.parsing.dataloader import DataLoader

DEFAULT = "localhost"
ANY = "all:localhost"  # hosts on which to say that there are none
_NOTHING = "Nothing was asked of the service and nothing was written."


def look_at_start(
    given: Any, groups: Mapping[str, Iterable[str]], limit: Any = None, left_over: Any = None, mailboxes: Any = None
) -> dict[str, Any]:
    """
    :param given: ``smtp_auth_hosts``; empty for localhost.
    :param groups: the inventory, as the variable ``groups`` has it.
    :param limit: what ``--limit`` says.
    :param left_over: ``_raw_params``: what of ``-e`` was neither a name nor a value.
    :param mailboxes: ``smtp_auth_mailboxes``.
    :returns: ``hosts``, on which to check, and ``problems``, sentences.
    """
    parts = split_host_pattern(given) if given else [DEFAULT]
    pattern = ":".join(str(part) for part in parts) or DEFAULT
    trouble = _trouble_with_hosts(pattern, parts, groups, str(limit or ""), bool(given))
    problems = [trouble] if trouble else []
    if left_over:
        problems.append(_left_over(str(left_over)))
    elif isinstance(mailboxes, str) and _is_cut_short(mailboxes):
        problems.append(
            "smtp_auth_mailboxes ends with a comma: what followed it was lost, as it is when a blank follows a comma "
            f"in -e name=value. {_HOW}"
        )
    return {"hosts": ANY if trouble else pattern, "problems": [f"{problem} {_NOTHING}" for problem in problems]}


_HOW = (
    "Write it without blanks (-e smtp_auth_mailboxes=a@contoso.com,b@contoso.com), as JSON "
    '(-e \'{"smtp_auth_mailboxes": ["a@contoso.com", "b@contoso.com"]}\'), in quotes inside of the quotes '
    "(-e \"smtp_auth_reason='two words'\"), or in a file (-e @variables.yml, smtp_auth_mailboxes_file)."
)


def _left_over(text: str) -> str:
    shown = text if len(text) <= 200 else f"{text[:200]} ..."
    return f"Of what -e says, this belongs to no variable, since a blank ends a value there: {shown!r}. {_HOW}"


def _is_cut_short(mailboxes: str) -> bool:
    text = mailboxes.strip()
    return "\n" not in text and text.endswith((",", ";"))


def _trouble_with_hosts(
    pattern: str, parts: Iterable[str], groups: Mapping[str, Iterable[str]], limit: str, was_given: bool
) -> str:
    inventory = _inventory_of(groups)
    try:
        for part in parts:
            name = str(part).lstrip("!&")
            if name not in groups and not inventory.get_hosts(pattern=name):
                return (
                    f"smtp_auth_hosts has {name[:100]!r}, and no host or group of the inventory is called so. Check "
                    "how it is written, and the inventory (-i)."
                )
        if not inventory.get_hosts(pattern=pattern):
            return f"smtp_auth_hosts is {pattern[:100]!r}, which leaves no host. Check it, and the inventory (-i)."
        if limit:
            inventory.subset(limit)
            if not inventory.get_hosts(pattern=pattern):
                asked = f"smtp_auth_hosts is {pattern[:100]!r}" if was_given else "smtp_auth_hosts isn't given"
                meant = "" if was_given else ", so that localhost is meant"
                return f"{asked}{meant}, and --limit {limit[:100]} leaves nothing of it. Give both so that they meet."
    except AnsibleError as error:
        return f"smtp_auth_hosts is {pattern[:100]!r}, which can't be understood: {error}."
    return ""


def _inventory_of(groups: Mapping[str, Iterable[str]]) -> InventoryManager:
    inventory = InventoryManager(loader=DataLoader(), parse=False)
    for group, hosts in groups.items():
        inventory.add_group(group)
        for host in hosts:
            inventory.add_host(host, group=group)
    return inventory
