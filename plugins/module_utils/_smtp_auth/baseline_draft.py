# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A baseline to edit, from who was seen using SMTP AUTH: owner and reason are left for a person to fill."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Seen:
    """A mailbox that uses SMTP AUTH. ``last``: ISO 8601 or empty. ``protocol``: basic, oauth, unknown."""

    address: str
    last: str
    protocol: str
    seen_in: Sequence[str]


def draft(seen: Sequence[Seen], made: Sequence[str]) -> str:
    """The file, YAML. ``made``: lines that tell how it came about."""
    lines = [
        "---",
        *(f"# {line}" for line in made),
        "#",
        "# Nothing was written to the tenant. Fill in owner and reason of each, set an end where there is one, take",
        "# out what isn't needed, and add what sends so seldom that no source shows it. Then look at what it would do:",
        "#   ansible-playbook m365ops.exchange_online.enforce -e smtp_auth_baseline_file=<this file> --check --diff",
        "require_owner: true",
        "everyone_else: unmanaged  # inherit, once everybody who needs it is declared",
        "max_changes: 5%",
    ]
    if not seen:
        return "\n".join([*lines, "# No source shows anybody using it.", "exceptions: []", ""])
    lines.append("exceptions:")
    for one in sorted(seen, key=lambda one: one.address.casefold()):
        last = f"last used {one.last[:10]}" if one.last else "last use not told"
        protocol = "" if one.protocol == "unknown" else f", {one.protocol}"
        lines += [
            f"  - mailbox: {_quoted(one.address)}  # {last}{protocol}, seen in {', '.join(one.seen_in)}",
            "    state: enabled",
            '    owner: ""',
            '    reason: ""',
        ]
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    """JSON's form of a text is YAML's, too."""
    return json.dumps(text)
