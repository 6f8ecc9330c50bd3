# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the role ``smtp_auth`` is asked for: a baseline or lists, in any form, as options of ``smtp_auth_baseline``.

Pure functions over plain data. Trouble comes back as data, in ``problems``, for a task of the role to show. What reads
texts and baselines is imported where there are any: Ansible imports this anew for each task.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.several import more
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_outcome import NOTHING_DONE, TRUE
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_words import variables as words

_STATES = ("enabled", "disabled", "inherit")
LISTS = (*_STATES, *(f"{state}_file" for state in _STATES))
_MOST_PROBLEMS = 50
_TRUTH = (*TRUE, "false", "no", "off", "0")


def make_declaration(
    given: Any, from_file: Mapping[str, Any], variables: Mapping[str, Any], lists: Mapping[str, Any], asked: Any = None
) -> dict[str, Any]:
    """
    :param given: ``smtp_auth_baseline``: a dictionary, a list of exceptions, or one of them as a text of YAML.
    :param from_file: what a file holds; empty for none.
    :param variables: the role's variables of single options. Those that aren't empty win.
    :param lists: the role's lists by state, each a list or a text with one mailbox a line, and their files.
    :param asked: by a playbook, how: its ``kind`` (``lists``, ``baseline``), and for lists the ``state``, the
        ``mailboxes``, the ``file``, the ``names`` in it where a module can't read it, and ``problems`` that it has
        found by itself.
    :returns: ``problems`` (sentences); ``options`` of the module, empty if there are problems; ``names``, the variable
        of each option that didn't come from a baseline; ``idle``, whether there is nothing to do, nor a plan that has
        to be the one that was looked at; ``by_lists``; ``as_given``, the options that are the role's lists as they
        stand, and not in ``options``: a copy of a list costs as much as all the rest.
    """
    problems: list[str] = []
    kind = asked["kind"] if asked else ""
    if asked and asked.get("problems"):
        found = [str(problem).removesuffix(NOTHING_DONE).rstrip(". ") for problem in asked["problems"]]
        return {"problems": found, "options": {}, "as_given": [], "names": {}, "idle": False, "by_lists": True}
    has_baseline = kind != "lists" and ((not _is_empty(given) and given != {}) or bool(from_file))
    problems += _about_paths({name: value for name, value in lists.items() if name.endswith("_file")})
    named = {name: _names(name, value, problems) for name, value in lists.items() if not _is_empty(value)}
    named = {name: value for name, value in named.items() if value}
    chosen = {key: value for key, value in variables.items() if not _is_empty(value)}
    problems += _about_drift(chosen.pop("fail_on_drift", None))
    problems += _about_paths({name: chosen.pop(name, None) for name in ("report_path", "journal_path")})
    declared: dict[str, Any] = {}
    as_given: list[str] = []
    if kind == "lists":
        declared = _of_playbook(asked, named, problems)
    elif has_baseline:
        from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_given import baseline_of

        whole = baseline_of({} if _is_empty(given) else given, from_file, problems)
        declared = {key: value for key, value in whole.items() if not _is_empty(value)}
        _check_baseline(declared, named, problems)
    elif kind == "baseline":
        problems.append(
            "Give smtp_auth_baseline (a dictionary, or a list of exceptions), smtp_auth_baseline_file (a YAML, JSON or "
            "CSV file), or both, each with a part"
        )
    else:
        declared = named
        as_given = [name for name in named if not isinstance(lists[name], str)]
    asks = any(declared.values()) or any(chosen.get(name) for name in ("organization", "expected_plan"))
    idle = not problems and not has_baseline and not asks
    if not problems and not declared:
        declared = {"exceptions": []}
    if not has_baseline and chosen.pop("everyone_else", "unmanaged") != "unmanaged":
        problems.append("smtp_auth_everyone_else is for a baseline: lists leave all other mailboxes as they are")
    keys = tuple(key for key in declared if has_baseline and key not in chosen)
    return {
        "problems": _limited(problems),
        "options": {} if problems else {**_without(declared, as_given), **chosen},
        "as_given": [] if problems else as_given,
        "names": words(playbook=bool(kind), mailboxes=kind == "lists", but=keys),
        "idle": idle and not problems,
        "by_lists": kind == "lists" or not (has_baseline or kind),
    }


def make_undoing(
    journal: Any, playbook: bool = False, fail_on_drift: Any = None, journal_path: Any = None
) -> dict[str, Any]:
    """The same of a journal that is to be put back."""
    problems = []
    if _is_empty(journal) or not isinstance(journal, str):
        problems.append("Give smtp_auth_journal, the path of the journal that is to be put back, as a text")
    problems += _about_drift(fail_on_drift)
    problems += _about_paths({"journal_path": journal_path})
    return {"problems": problems, "options": {}, "names": words(playbook=playbook), "idle": False, "by_lists": False}


def _about_drift(given: Any) -> list[str]:
    """Jinja would take for false, without a word, what it doesn't know."""
    if _is_empty(given) or str(given).lower() in _TRUTH:
        return []
    return [f"smtp_auth_fail_on_drift is {str(given)[:60]!r}; true or false is needed"]


def _about_paths(given: Mapping[str, Any]) -> list[str]:
    """Of what Jinja would make a path without a word, or end in words of its own."""
    problems = []
    for name, value in given.items():
        if isinstance(value, str):
            if "\0" in value:
                problems.append(f"smtp_auth_{name} {value!r} isn't a path: it holds a NUL character")
        elif value is not None:
            from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.identity import kind_of

            problems.append(f"smtp_auth_{name} is a {kind_of(value)}; a path, as a text, is needed")
    return problems


def _of_playbook(asked: Mapping[str, Any], named: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    """The one list of a playbook that sets one state."""
    state, mailboxes, file = asked["state"], asked.get("mailboxes"), asked.get("file")
    if named:  # extra variables: with them the playbook would do something else than its name says
        problems.append(
            "This playbook takes smtp_auth_mailboxes or smtp_auth_mailboxes_file. smtp_auth_enabled, "
            "smtp_auth_disabled and smtp_auth_inherit are for the role m365ops.exchange_online.smtp_auth: don't "
            "give them here"
        )
    if _is_empty(mailboxes) == _is_empty(file):
        given = "neither was" if _is_empty(file) else "both were"
        problems.append(
            "Give either smtp_auth_mailboxes (a list, or a text with one mailbox a line) or smtp_auth_mailboxes_file "
            f"(a text or CSV file); {given} given"
        )
        return {}
    problems += _about_paths({"mailboxes_file": file})
    if _is_empty(file):
        return {state: _names("mailboxes", mailboxes, problems)}
    return {state: asked["names"]} if asked.get("names") else {f"{state}_file": str(file)}


def _check_baseline(declared: Mapping[str, Any], named: Mapping[str, Any], problems: list[str]) -> None:
    if named:
        problems.append(
            "Give a baseline (smtp_auth_baseline, smtp_auth_baseline_file) or lists (smtp_auth_enabled, "
            "smtp_auth_disabled, smtp_auth_inherit), not both"
        )
    if not problems and not any(key in declared for key in ("exceptions", *LISTS)):
        problems.append("the baseline has no exceptions: write exceptions, an empty list if there are none")


def expected_of(given: Any, host: str) -> str:
    """The fingerprint that a host's plan must have; an empty text if none was given.

    :param given: A fingerprint, or fingerprints by host as ``set_stats`` hands them on; empty for none. If other hosts
        have one and this one hasn't, no plan fits: the text is one that no fingerprint equals.
    """
    if isinstance(given, Mapping):
        return str(given.get(host) or f"none for the host {host}") if given else ""
    return str(given or "").strip()


def is_readable_by_modules(path: Any) -> bool:
    """Whether a module may read the file itself. One that ansible-vault has encrypted is read by Ansible."""
    from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.input_text import is_vaulted

    place = os.path.expanduser(str(path))
    if not os.path.isfile(place):
        return False
    try:
        with open(place, "rb") as file:
            return not is_vaulted(file.read(1024))
    except (OSError, ValueError):
        return False


def _names(name: str, value: Any, problems: list[str]) -> Any:
    """A list of mailboxes, or the path of a file with them."""
    if name.endswith("_file"):
        return str(value)
    if isinstance(value, str):
        from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox_text import parse_text

        return parse_text(value)
    if isinstance(value, (list, tuple)):
        return value
    problems.append(f"smtp_auth_{name} is a {type(value).__name__}; a list of mailboxes is needed")
    return []


def _without(options: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}


def _is_empty(value: Any) -> bool:
    """As a form sends it for a question without an answer. An empty list is an answer."""
    return value is None or (isinstance(value, str) and not value.strip())


def _limited(problems: list[str]) -> list[str]:
    return [text for text in (*problems[:_MOST_PROBLEMS], more(len(problems) - _MOST_PROBLEMS)) if text]
