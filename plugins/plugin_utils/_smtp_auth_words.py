# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Messages of modules in the words of the playbooks: who runs one gives variables and doesn't see options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# The options of the connection, which playbooks take from variables of their names with "m365_" before it.
CONNECTION = (
    "tenant_id",
    "client_id",
    "auth_method",
    "client_secret",
    "certificate_path",
    "certificate_content",
    "certificate_passphrase",
    "federated_token",
    "federated_token_file",
    "access_token",
    "cloud",
    "login_endpoint",
    "exchange_endpoint",
    "graph_endpoint",
    "ca_path",
    "timeout",
    "max_retries",
    "deadline",
)
# The options of all modules behind the role and the playbooks that have a variable of their own.
OWN = (
    "baseline_path",
    "compare_with",
    "concurrency",
    "disabled",
    "disabled_file",
    "enabled",
    "enabled_file",
    "everyone_else",
    "expected_plan",
    "inherit",
    "inherit_file",
    "journal",
    "journal_path",
    "mailboxes",
    "max_changes",
    "missing",
    "organization",
    "preflight",
    "refuse_if_used_within_days",
    "report_path",
    "require",
    "require_owner",
    "return_mailboxes",
    "usage",
    "usage_days",
    "usage_report_files",
    "usage_sources",
    "verify",
)
# Options that nobody gives to a playbook: it does.
FIXED = ("effective", "exceptions", "report_name", "state")
_LISTS = ("enabled", "disabled", "inherit")
# Where an option that is a word of the language as well stands for the option. "%s" is the word.
_PLACES = (
    r"(?<=value of )%s(?= must be)",
    r"(?<=argument ')%s(?=')",
    r"(?<=\b[Ss]et )%s(?= to )",
    r"(?<![\w./@-])%s(?==)",
    r"(?:(?<=^)|(?<=[.:;] ))%s(?= is (?:-?\d|['\"]))",
    r"(?:(?<=^)|(?<=[.:;] ))%s(?=: entry )",
    r"(?<=\d of )%s(?=\b)",
    r"(?<=with a lower )%s(?=\b)",
    r"(?:(?<=[Cc]heck )|(?<=[Cc]heck that )|(?<=, and )|(?<=[Rr]aise ))%s(?=\b)",
)


def variables(
    *, playbook: bool = False, mailboxes: bool = False, but: frozenset[str] | tuple[str, ...] = ()
) -> dict[str, str]:
    """The variable of each option.

    :param playbook: a playbook of the collection runs, which has variables for the connection, too.
    :param mailboxes: the lists are those of a playbook that takes ``smtp_auth_mailboxes``.
    :param but: options that keep their names, for a baseline that holds them as keys.
    """
    names = {option: f"smtp_auth_{option}" for option in OWN if option not in but}
    if mailboxes:
        names.update(dict.fromkeys(_LISTS, "smtp_auth_mailboxes"))
        names.update({f"{state}_file": "smtp_auth_mailboxes_file" for state in _LISTS})
    if playbook:
        names.update({option: f"m365_{option}" for option in CONNECTION})
    return names


def in_variables(text: Any, names: Mapping[str, str]) -> str:
    """The text with options named by their variables. What else looks like them, in paths or addresses, is left."""
    said = re.sub(
        r"(?<=missing required arguments: )[\w, ]+",
        lambda found: re.sub(r"\w+", lambda name: names.get(name[0], name[0]), found[0]),
        str(text),
    )
    pattern = _pattern(tuple(names))
    return pattern.sub(lambda found: names[found[0]], said) if pattern else said


def _pattern(options: tuple[str, ...]) -> re.Pattern[str] | None:
    if not options:
        return None
    by_length = sorted(options, key=len, reverse=True)
    plain = "|".join(option for option in by_length if "_" not in option)
    marked = "|".join(option for option in by_length if "_" in option)
    parts = [rf"(?<![\w./@-])(?:{marked})(?![\w@-]|\.\w)"] if marked else []
    parts += [place.replace("%s", f"(?:{plain})") for place in _PLACES] if plain else []
    return re.compile("|".join(parts), re.MULTILINE)
