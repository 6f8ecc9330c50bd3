# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role and the playbooks work out between their tasks: what is asked for, in which words, and where."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.m365ops.exchange_online.plugins.filter.smtp_auth_role import FilterModule
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.arguments import connection_spec
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils import _smtp_auth_words as words

FILTERS = FilterModule().filters()
declare = FILTERS["smtp_auth_declaration"]
expected = FILTERS["smtp_auth_expected"]
refused = FILTERS["smtp_auth_refused"]
undo = FILTERS["smtp_auth_undoing"]
start = FILTERS["smtp_auth_start"]
plain_file = FILTERS["smtp_auth_plain_file"]
ROOT = Path(__file__).parents[4]


# What is asked --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "from_file", "variables", "options"),
    [
        ({"exceptions": []}, {}, {}, {"exceptions": []}),
        ([], {}, {}, {"exceptions": []}),
        ("[]", {}, {}, {"exceptions": []}),
        ("exceptions: []\nmax_changes: 7", {}, {}, {"exceptions": [], "max_changes": 7}),
        ({}, {"exceptions": [1]}, {}, {"exceptions": [1]}),
        (
            {},
            {"enabled_file": "a.csv", "everyone_else": "inherit"},
            {},
            {"enabled_file": "a.csv", "everyone_else": "inherit"},
        ),
        (None, {"exceptions": []}, {"max_changes": "", "missing": None}, {"exceptions": []}),
        ({"max_changes": "5%"}, {"exceptions": []}, {"max_changes": 9}, {"exceptions": [], "max_changes": 9}),
        ({"exceptions": [], "everyone_else": ""}, {}, {}, {"exceptions": []}),
        ({"exceptions": []}, {}, {"require_owner": False}, {"exceptions": [], "require_owner": False}),
        (
            [{"mailbox": "a", "expires": datetime.date(2027, 3, 31)}],
            {},
            {},
            {"exceptions": [{"mailbox": "a", "expires": "2027-03-31"}]},
        ),
    ],
)
def test_baselines(given: Any, from_file: Any, variables: Any, options: Any) -> None:
    made = declare(given, from_file, variables, {})
    assert (made["problems"], made["options"], made["idle"], made["by_lists"]) == ([], options, False, False)


@pytest.mark.parametrize(
    ("variable", "made"),
    [
        ("report_path", lambda value: declare([], {}, {"report_path": value}, {})),
        ("journal_path", lambda value: declare([], {}, {"journal_path": value}, {})),
        ("enabled_file", lambda value: declare(None, {}, {}, {"enabled_file": value})),
        (
            "mailboxes_file",
            lambda value: declare(None, {}, {}, {}, {"kind": "lists", "state": "enabled", "file": value}),
        ),
        ("journal_path", lambda value: undo("a.jsonl", journal_path=value)),
    ],
)
@pytest.mark.parametrize(
    ("value", "kind"), [(["a.txt"], "list"), ({"a": 1}, "mapping"), (7, "number"), (True, "boolean")]
)
def test_a_path_is_a_text(variable: str, made: Any, value: Any, kind: str) -> None:
    told = made(value)
    assert told["problems"] == [f"smtp_auth_{variable} is a {kind}; a path, as a text, is needed"]
    assert told["options"] == {}
    assert made("a.txt")["problems"] == []
    assert made("a\0b")["problems"] == [f"smtp_auth_{variable} 'a\\x00b' isn't a path: it holds a NUL character"]


def test_where_reports_and_journals_go_is_no_option_of_what_is_declared() -> None:
    assert declare([], {}, {"report_path": "a", "journal_path": "b"}, {})["options"] == {"exceptions": []}


@pytest.mark.parametrize(
    ("given", "from_file", "lists", "said"),
    [
        ({"max_changes": 3}, {}, {}, "no exceptions"),
        ({"exeptions": [], "exceptions": []}, {}, {}, "smtp_auth_baseline has the unknown key 'exeptions'"),
        ({}, {"state": "on", "exceptions": []}, {}, "smtp_auth_baseline_file has the unknown key 'state'"),
        ({"exceptions": []}, {"exceptions": []}, {}, "in smtp_auth_baseline and in smtp_auth_baseline_file"),
        (True, {"exceptions": []}, {}, "smtp_auth_baseline is a bool"),
        ("a: [", {"exceptions": []}, {}, "can't be understood"),
        ([], {}, {"enabled": ["a@x.example"]}, "not both"),
        ([], {}, {"disabled_file": "a.csv"}, "not both"),
        ({}, {}, {"enabled": 7}, "smtp_auth_enabled is a int; a list of mailboxes is needed"),
    ],
)
def test_what_cannot_be_right(given: Any, from_file: Any, lists: Any, said: str) -> None:
    made = declare(given, from_file, {}, lists)
    assert made["options"] == {}
    assert any(said in problem for problem in made["problems"])


def test_lists() -> None:
    made = declare(
        {}, {}, {"max_changes": 3, "everyone_else": ""}, {"enabled": "a\n# b\nc", "inherit": ["d"], "disabled": []}
    )
    assert made["options"] == {"enabled": ["a", "c"], "max_changes": 3}
    assert made["as_given"] == ["inherit"], "a list is taken from its variable as it is, and a text isn't"
    assert (made["idle"], made["by_lists"], made["names"]["enabled"]) == (False, True, "smtp_auth_enabled")
    assert "cloud" not in made["names"], "the variables of the connection are the playbooks'"
    assert declare({}, {}, {}, {"enabled": [], "disabled": "", "inherit": None})["idle"]
    for name, value in (("organization", "disabled"), ("expected_plan", "f00")):
        made = declare({}, {}, {name: value}, {})
        assert (made["problems"], made["idle"]) == ([], False)
        assert made["options"] == {"exceptions": [], name: value}, "the module wants something to be declared"
    assert "is for a baseline" in declare({}, {}, {"everyone_else": "inherit"}, {"enabled": ["a"]})["problems"][0]


def test_the_list_of_a_playbook() -> None:
    asked = {"kind": "lists", "state": "disabled", "mailboxes": "a,b", "file": "", "names": []}
    made = declare({"exceptions": []}, {}, {}, {}, asked)
    assert made["options"] == {"disabled": ["a", "b"]}, "a baseline that a host has for another playbook isn't meant"
    assert made["names"]["disabled"] == "smtp_auth_mailboxes"
    assert declare({}, {}, {}, {}, {**asked, "mailboxes": "", "file": "a.csv"})["options"] == {"disabled_file": "a.csv"}
    assert declare({}, {}, {}, {}, {**asked, "mailboxes": "", "file": "v", "names": ["c"]})["options"] == {
        "disabled": ["c"]
    }
    assert declare({}, {}, {}, {}, {**asked, "mailboxes": []})["idle"]
    held = declare({}, {}, {"expected_plan": "f00"}, {}, {**asked, "mailboxes": []})
    assert (held["idle"], held["options"]) == (False, {"disabled": [], "expected_plan": "f00"})
    for more, said in ({"file": "a.csv"}, "both were given"), ({"mailboxes": " "}, "neither was given"):
        assert said in declare({}, {}, {}, {}, {**asked, **more})["problems"][0]
    assert "are for the role" in declare({}, {}, {}, {"enabled": ["x"]}, asked)["problems"][0]
    assert "Give smtp_auth_baseline" in declare({}, {}, {}, {}, {"kind": "baseline"})["problems"][0]


def test_keys_of_a_baseline_keep_their_names() -> None:
    """What was written as a key is named as one; what came by a variable, or is lacking, by the variable."""
    names = declare({"exceptions": [], "everyone_else": "x", "missing": "y"}, {}, {"missing": "warn"}, {})["names"]
    assert "everyone_else" not in names
    assert (names["missing"], names["max_changes"]) == ("smtp_auth_missing", "smtp_auth_max_changes")


@pytest.mark.parametrize("given", ["ture", "y", " true ", 2, ["true"]])
def test_a_word_that_jinja_would_take_for_false(given: Any) -> None:
    """Whoever wants to hear of drift would hear nothing."""
    for made in (declare({"exceptions": []}, {}, {"fail_on_drift": given}, {}), undo("j.jsonl", True, given)):
        assert made["options"] == {}
        assert len(made["problems"]) == 1
        assert "smtp_auth_fail_on_drift is" in made["problems"][0]


@pytest.mark.parametrize("journal", ["", None, ["j.jsonl"], {"path": "j.jsonl"}])
def test_a_journal_that_is_no_path(journal: Any) -> None:
    assert "the path of the journal" in undo(journal, True)["problems"][0]


@pytest.mark.parametrize("given", [True, False, "", None, "True", "no", 1])
def test_whether_drift_fails(given: Any) -> None:
    assert declare({}, {"exceptions": []}, {"fail_on_drift": given}, {})["options"] == {"exceptions": []}
    assert undo("j.jsonl", True, given)["problems"] == []


def test_which_plan_is_expected() -> None:
    assert expected("", "a") == expected(None, "a") == expected({}, "a") == ""
    assert expected(" f00 ", "a") == expected({"a": "f00"}, "a") == "f00"
    assert expected({"b": "f00"}, "a") not in ("", "f00")


def test_files_that_ansible_has_to_read(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("a@x.example")
    (tmp_path / "vaulted").write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbf\r\n$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    assert plain_file(str(tmp_path / "plain"))
    assert not plain_file(str(tmp_path / "marked"))
    assert not plain_file(str(tmp_path / "vaulted"))
    assert not plain_file(str(tmp_path / "absent"))
    os.mkfifo(tmp_path / "pipe")
    assert not plain_file(str(tmp_path / "pipe")), "and it isn't touched: what was read of it would be lost"


NOTHING = "Nothing was asked of the service and nothing was written."


@pytest.mark.parametrize(
    "said",
    [
        (
            "An unhandled exception occurred while running the lookup plugin 'x.y.z'. Error was a <class "
            "'ansible.errors.AnsibleLookupError'>, original message: The file /a can't be read: gone. The file /a "
            "can't be read: gone"
        ),
        (
            "Finalization of task args for 'ansible.builtin.set_fact' failed: Error while resolving value for 'a': The "
            "lookup plugin 'x.y.z' failed: The file /a can't be read: gone"
        ),
        "The file /a can't be read: gone.",
    ],
)
def test_what_ansible_core_puts_around_an_error_is_left_out(said: str) -> None:
    made = refused({"msg": said, "failed": True})
    assert made["msg"] == made["failure"]["message"] == f"The file /a can't be read: gone. {NOTHING}"
    assert made["failure"]["code"] == "invalid_input"


def test_a_choice_that_does_not_exist_is_answered_with_those_that_do() -> None:
    """An empty text is one of them, so that a form may send it, and says nothing to people."""
    made = refused(
        {"msg": "Validation of arguments failed:\nvalue of smtp_auth_missing must be one of: , fail, warn, got: x"}
    )
    assert "smtp_auth_missing must be one of: fail, warn, got: x" in made["msg"]


# What a task costs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "imported"),
    [
        ("smtp_auth_totals", "[], [], 'a'", "_smtp_auth_totals"),
        (
            "smtp_auth_declaration",
            "None, {}, {}, {'enabled': ['a']}",
            "_smtp_auth_declaration _smtp_auth_outcome _smtp_auth_words",
        ),
        (
            "smtp_auth_tenant_report",
            "{}, {'check_mode': False, 'host': 'a', 'names': {}}",
            "_smtp_auth_outcome _smtp_auth_refusal _smtp_auth_report _smtp_auth_words",
        ),
    ],
)
def test_a_filter_of_the_role_imports_what_it_needs(name: str, arguments: str, imported: str) -> None:
    """Ansible gives every task a process of its own, which imports all of it anew."""
    plugins = FilterModule.__module__.rpartition(".filter.")[0]
    code = f"""
import sys
from {plugins}.filter import mailbox_list, smtp_auth_role
smtp_auth_role.FilterModule().filters()[{name!r}]({arguments})
print(*sorted(module for module in sys.modules if module.startswith("{plugins}.")))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = [module.removeprefix(f"{plugins}.").split(".") for module in run.stdout.split()]
    assert [module[1] for module in found if module[0] == "plugin_utils" and len(module) > 1] == imported.split()
    assert [module[1:] for module in found if module[0] == "module_utils" and len(module) > 2] in (
        [],
        [["_smtp_auth", "several"]],
    )


# In which words -------------------------------------------------------------------------------------------------------


def test_every_option_of_the_modules_has_its_variable() -> None:
    """A new option of a module behind the playbooks gets its word here, or is said to be none of theirs."""
    modules = ("smtp_auth_baseline", "smtp_auth_restore", "mailbox_smtp_auth_info", "connection_info")
    folder = ROOT / "plugins"
    options: set[str] = set()
    for name in modules:
        namespace: dict[str, Any] = {}
        text = (folder / "modules" / f"{name}.py").read_text()
        exec(compile(text[text.index("DOCUMENTATION") : text.index("EXAMPLES")], name, "exec"), namespace)
        documentation = yaml.safe_load(namespace["DOCUMENTATION"])
        options |= set(documentation["options"])
        for fragment in documentation["extends_documentation_fragment"]:
            text = (folder / "doc_fragments" / f"{fragment.split('.')[2]}.py").read_text()
            exec(compile(text, fragment, "exec"), namespace)
            options |= set(yaml.safe_load(namespace["ModuleDocFragment"].DOCUMENTATION).get("options") or {})
    assert set(words.CONNECTION) == set(connection_spec())
    assert options - set(words.CONNECTION) - set(words.OWN) - set(words.FIXED) == set()


ROLE = words.variables()
PLAYBOOK = words.variables(playbook=True, mailboxes=True)


@pytest.mark.parametrize(
    ("message", "names", "said"),
    [
        ("more than max_changes=5%, which is 1", ROLE, "more than smtp_auth_max_changes=5%, which is 1"),
        ("If it is right, raise max_changes.", ROLE, "If it is right, raise smtp_auth_max_changes."),
        ("set missing to warn. 3 missing", ROLE, "set smtp_auth_missing to warn. 3 missing"),
        ("or set preflight to warn.", ROLE, "or set smtp_auth_preflight to warn."),
        ("enabled: entry 2 is blank; x", PLAYBOOK, "smtp_auth_mailboxes: entry 2 is blank; x"),
        (
            "entry 1 of enabled (a) and entry 2 of inherit (b)",
            ROLE,
            "entry 1 of smtp_auth_enabled (a) and entry 2 of smtp_auth_inherit (b)",
        ),
        ("3 of enabled mailboxes", {}, "3 of enabled mailboxes"),
        (
            "value of cloud must be one of: public, got: gcc",
            PLAYBOOK,
            "value of m365_cloud must be one of: public, got: gcc",
        ),
        ("argument 'timeout' is of type str", PLAYBOOK, "argument 'm365_timeout' is of type str"),
        ("timeout is -1; it has to be 1 or more.", PLAYBOOK, "m365_timeout is -1; it has to be 1 or more."),
        ("concurrency is 99; it", PLAYBOOK, "smtp_auth_concurrency is 99; it"),
        (
            "missing required arguments: journal, tenant_id",
            PLAYBOOK,
            "missing required arguments: smtp_auth_journal, m365_tenant_id",
        ),
        ("client_secret is blank", PLAYBOOK, "m365_client_secret is blank"),
        ("client_secret is blank", ROLE, "client_secret is blank"),
        (
            "Check tenant_id, and cloud for a national cloud.",
            PLAYBOOK,
            "Check m365_tenant_id, and m365_cloud for a national cloud.",
        ),
        (
            "enabled_file /x/max_changes.csv can't be read",
            PLAYBOOK,
            "smtp_auth_mailboxes_file /x/max_changes.csv can't be read",
        ),
        ("max_changes@x.example, client_secret.pem", PLAYBOOK, "max_changes@x.example, client_secret.pem"),
        (
            "its CA bundle with ca_path (or M365_CA_PATH).",
            PLAYBOOK,
            "its CA bundle with m365_ca_path (or M365_CA_PATH).",
        ),
        (
            "the task's deadline of 5 s; mailboxes are missing",
            PLAYBOOK,
            "the task's deadline of 5 s; mailboxes are missing",
        ),
        (
            "Run the task again later, or with a lower concurrency.",
            ROLE,
            "Run the task again later, or with a lower smtp_auth_concurrency.",
        ),
        ("m365_cloud and smtp_auth_max_changes stay", PLAYBOOK, "m365_cloud and smtp_auth_max_changes stay"),
    ],
)
def test_messages_name_variables(message: str, names: dict[str, str], said: str) -> None:
    assert words.in_variables(message, names) == said


# Where ----------------------------------------------------------------------------------------------------------------

GROUPS = {"all": ["a", "b"], "ungrouped": [], "tenants": ["a", "b"], "empty": []}


@pytest.mark.parametrize(
    ("given", "limit", "hosts"),
    [
        ("", "", "localhost"),
        (None, None, "localhost"),
        ("tenants", "", "tenants"),
        ("tenants", "a", "tenants"),
        ("tenants:!a", "", "tenants:!a"),
        (["a", "b"], "", "a:b"),
        ("~[ab]", "b", "~[ab]"),
        ("tenants[0]", "", "tenants[0]"),
        ("localhost", "", "localhost"),
    ],
)
def test_hosts_that_are_there(given: Any, limit: Any, hosts: str) -> None:
    assert start(given, GROUPS, limit) == {"hosts": hosts, "problems": []}


@pytest.mark.parametrize(
    ("given", "limit", "said"),
    [
        ("tenats", "", "'tenats'"),
        ("a,tenats", "", "'tenats'"),
        ("tenants:!c", "", "'c'"),
        ("empty", "", "leaves no host"),
        ("a:!a", "", "leaves no host"),
        ("a", "b", "--limit b leaves nothing of it"),
        ("", "b", "isn't given"),
    ],
)
def test_hosts_that_are_not(given: Any, limit: Any, said: str) -> None:
    made = start(given, GROUPS, limit)
    assert made["hosts"] == "all:localhost"
    assert len(made["problems"]) == 1
    assert said in made["problems"][0]


@pytest.mark.parametrize(
    ("left_over", "mailboxes", "found"),
    [
        ("", "a,b", False),
        ("", ["a,"], False),
        ("", "a,\nb,", False),
        ("b", "a,", True),
        ("", "a,", True),
        ("", "a;", True),
        (None, None, False),
    ],
)
def test_what_the_command_line_lost(left_over: Any, mailboxes: Any, found: bool) -> None:
    assert bool(start("", {}, "", left_over, mailboxes)["problems"]) is found


def test_what_a_module_can_read_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    files = {"plain": b"a@x.example\n", "vaulted": b"$ANSIBLE_VAULT;1.1", "bom": b"\xef\xbb\xbf\n$ANSIBLE_VAULT;1.1"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    os.mkfifo(tmp_path / "pipe")
    found = [name for name in (*files, "pipe", "none") if plain_file(str(tmp_path / name))]
    assert found == ["plain"]
    assert plain_file("~/plain")
