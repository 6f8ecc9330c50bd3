# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pure parts, fed with whatever hypothesis makes up: nothing but the collection's own errors comes out of them."""

from __future__ import annotations

import datetime
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.engine import the

settings.register_profile("steady", deadline=None, derandomize=True, database=None, max_examples=120)
settings.load_profile("steady")

STATES = ("enabled", "disabled", "inherit")
PROPERTY = "SmtpClientAuthenticationDisabled"
NAMES = (
    "a@b.example",
    "A@B.EXAMPLE",
    "ß@straße.example",
    "x",
    "",
    " ",
    "#",
    "a#b@x.example",
    "0f0f0f0f-1111-4222-8333-444455556666",
    "00000000-0000-0000-0000-000000000000",
    "mailbox",
    "state",
    "inherit",
)
PIECES = st.one_of(
    st.sampled_from(
        [*NAMES, *",;\t\n\r\"'#{}[]:&*!|>%@`\0\ufeff\u2028\x85", "\r\n", "<<", "? ", "- ", "---", "!!", "0o7"]
    ),
    st.text(max_size=6),
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["Guid", "enabled", "2027-01-01", "0f0f0f0f-1111-4222-8333-444455556666", *NAMES]),
)
KEYS = st.one_of(
    st.sampled_from(
        [
            *(
                "time",
                "tenant",
                "mailbox",
                "guid",
                "before",
                "after",
                "outcome",
                "object",
                "error",
                "details",
                "message",
            ),
            *(
                "innererror",
                "internalexception",
                "type",
                "value",
                "@adminapi.warnings",
                "@adminapi.errors",
                "responses",
            ),
            *("@odata.nextLink", "id", "status", "headers", "body", "state", "owner", "reason", "expires", PROPERTY),
            *("Guid", "EmailAddresses", "PrimarySmtpAddress", "grantControls", "conditions", "users", "displayName"),
            *("clientAppTypes", "applications", "includeUsers", "builtInControls", "operator", "AllowBasicAuthSmtp"),
        ]
    ),
    st.text(max_size=5),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=8)
BODIES = st.one_of(st.binary(max_size=60), TEXTS.map(str.encode), JSON.map(lambda value: json.dumps(value).encode()))


def _tried(work: Any, *own: str) -> Any:
    """What the work gives, or None if it raised one of the collection's own errors. Any other goes through."""
    try:
        return work()
    except Exception as error:
        if isinstance(error, tuple(the(name) for name in own)):
            return None
        raise


# Lists of people -----------------------------------------------------------------------------------------------------


@given(TEXTS)
def test_a_text_is_a_list_of_mailboxes_that_reads_the_same_again(text: str) -> None:
    mailboxes = _tried(lambda: the("parse_text")(text), "MailboxTextError")
    assert all(name.strip() == name and name for name in mailboxes)
    assert the("parse_text")("\n".join(mailboxes)) == mailboxes


@given(TEXTS, st.booleans())
def test_a_file_is_a_list_or_an_error_of_its_own(text: str, is_csv: bool) -> None:
    _tried(lambda: the("parse_file")(text, is_csv), "MailboxTextError")


@given(st.one_of(st.binary(max_size=80), TEXTS.map(lambda text: text.encode("utf-16"))))
def test_bytes_are_a_text_or_an_error_of_its_own(data: bytes) -> None:
    _tried(lambda: the("decode")(data), "MailboxTextError")


@given(TEXTS, st.sampled_from(["b.yml", "b.yaml", "b.json", "b.csv", "b.CSV", "b.txt"]))
def test_a_baseline_is_read_or_an_error_of_its_own(text: str, name: str) -> None:
    _tried(lambda: the("parse_baseline")(text, name), "BaselineTextError")


YAML_LINES = st.sampled_from(
    r"""- mailbox: a@b.example|  state: enabled|  expires: 2027-13-45|  expires: 2027-02-30|exceptions:|max_changes: 5%
everyone_else: inherit|&a [*a]|&a {b: *a}|x: &x|  y: *x|? [a]|: b|x: !!binary =|x: !!int z|x: !!timestamp z|x: 0o17
x: 017|x: 1_000|x: 12:30:45|x: .inf|<<: 3|<<: {a: 1}|? {a: 1}|--- 1|...|%YAML 9.9|x: !!python/object:os.system
!!set {a, b}|x: 0x|x: 0b2|x: 9:99:99|x: 2027-01-01T99:00:00Z|!!omap [a]|!!float x|x: -|[[[[""".replace("\n", "|").split(
        "|"
    )
)


@given(st.lists(YAML_LINES, max_size=7).map("\n".join))
def test_yaml_is_a_baseline_or_an_error_of_its_own(text: str) -> None:
    read = _tried(lambda: the("parse_yaml")(text), "BaselineTextError")
    assert read is None or isinstance(read, dict)


@given(st.lists(st.one_of(SCALARS, OBJECTS), max_size=6))
def test_entries_are_names_or_an_error_of_their_own(values: list[Any]) -> None:
    entries = _tried(lambda: the("parse_entries")(values), "EntryError")
    if entries is not None:
        assert [entry.text for entry in entries] == values
        assert len({entry.key for entry in entries}) == len(values)


@given(st.lists(st.one_of(JSON, OBJECTS), max_size=5), st.booleans())
def test_exceptions_are_read_or_an_error_of_their_own(values: list[Any], require_owner: bool) -> None:
    read = _tried(lambda: the("parse_exceptions")(values, require_owner=require_owner), "BaselineError")
    if read is not None:
        assert len(read) == len(values)


@given(
    st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["5%", "100%", "101%", "-1", "1e3", "\u0665", "5.5 %"]))
)
def test_a_limit_is_read_or_a_value_error(text: str | None) -> None:
    try:
        limit = the("parse_limit")(text)
    except ValueError:
        return
    assert limit is None or limit.of(1000) >= 0


# The journal ---------------------------------------------------------------------------------------------------------

ORDER = ("time", "tenant", "mailbox", "guid", "before", "after", "outcome")
LINE = st.fixed_dictionaries(
    {
        "time": st.just("2027-01-15T08:00:00.000Z"),
        "tenant": st.just("3c0ffee0-1111-4222-8333-444455556666"),
        "mailbox": st.sampled_from(NAMES),
        "guid": st.integers(0, 3).map(lambda number: f"0f0f0f0f-1111-4222-8333-44445555666{number}"),
        "before": st.sampled_from(STATES),
        "after": st.sampled_from(STATES),
        "outcome": st.sampled_from(["written", "unknown", "intent"]),
    }
).map(lambda line: {key: line[key] for key in ORDER})


@given(st.one_of(TEXTS, st.lists(st.one_of(LINE, OBJECTS).map(json.dumps), max_size=6).map("\n".join)))
def test_a_journal_is_read_or_an_error_of_its_own(text: str) -> None:
    _tried(lambda: the("read_journal")(text), "UndoError")


@given(st.lists(LINE, min_size=1, max_size=8), st.integers(0, 400))
def test_a_torn_journal_keeps_its_whole_lines(lines: list[dict[str, str]], cut: int) -> None:
    whole = "".join(json.dumps(line) + "\n" for line in lines)
    read = _tried(lambda: the("read_journal")(whole), "UndoError")
    torn = whole[: max(len(whole) - cut, 0)]
    left = torn.count("\n")
    if read is None or not left:
        _tried(lambda: the("read_journal")(torn), "UndoError")
        return
    again = the("read_journal")(torn)
    assert {change.guid for change in again.mailboxes} >= {line["guid"] for line in lines[:left]}


# The wire ------------------------------------------------------------------------------------------------------------

HEADERS = st.dictionaries(
    st.sampled_from(["request-id", "X-ExceptionType", "x-ms-diagnostics", "X-Warnings", "WWW-Authenticate"]),
    st.one_of(st.text(max_size=20), st.just('reason="x"'), st.just('Bearer claims="eyJ4Ijp9"')),
)


@given(JSON, HEADERS, st.sampled_from(["Get-CASMailbox", "Set-CASMailbox"]))
def test_a_success_is_read_or_malformed(parsed: Any, headers: dict[str, str], cmdlet: str) -> None:
    result = _tried(lambda: the("read_result")(parsed, headers, the("Command")(cmdlet)), "MalformedAnswerError")
    if result is not None:
        assert all(isinstance(row, dict) for row in result.rows)


@given(st.integers(0, 700), HEADERS, BODIES)
def test_a_failure_is_always_an_error_of_the_service(status: int, headers: dict[str, str], body: bytes) -> None:
    fault = the("read_fault")(status, headers, body)
    assert isinstance(fault.to_error("Get-CASMailbox", ""), the("M365Error"))
    assert fault.throttled in (True, False)
    assert fault.transient in (True, False)


@given(st.integers(-5, 700), JSON, st.text(max_size=8))
def test_the_failure_of_an_item_is_always_an_error_of_the_service(status: int, body: Any, kind: str) -> None:
    fault = the("read_error_object")(status, body, "", kind)
    assert isinstance(fault.to_error("Set-CASMailbox", ""), the("ServiceError"))


@given(BODIES)
def test_a_body_is_json_or_malformed(body: bytes) -> None:
    _tried(lambda: the("read_json")(body), "MalformedAnswerError")


@given(st.one_of(JSON, st.fixed_dictionaries({"responses": st.lists(st.one_of(OBJECTS, SCALARS), max_size=5)})))
def test_a_batch_is_read_by_id_or_malformed(parsed: Any) -> None:
    answer = the("Answer")(200, {}, json.dumps(parsed).encode(), "https://outlook.office365.com/")
    _tried(lambda: the("_read_responses")(answer), "MalformedAnswerError")


@given(OBJECTS)
def test_a_row_is_a_mailbox_or_unreadable(row: dict[str, Any]) -> None:
    mailbox = _tried(lambda: the("Mailbox").from_row(row), "UnreadableRowError")
    the("names_of")(row)
    if mailbox is not None:
        assert mailbox.state in STATES
        assert row[PROPERTY] in (None, True, False)


@given(st.lists(OBJECTS, max_size=2))
def test_the_organization_is_read_or_unreadable(rows: list[dict[str, Any]]) -> None:
    switch = _tried(lambda: the("Switch").from_rows(rows), "UnreadableStateError")
    assert switch is None or switch.state in STATES[:2]


@given(st.one_of(st.text(max_size=30), st.floats().map(str), st.datetimes().map(str)))
def test_a_wait_is_within_bounds_or_not_believed(value: str) -> None:
    seconds = the("retry_after_seconds")(value, datetime.datetime(2027, 1, 15, tzinfo=datetime.timezone.utc))
    assert seconds is None or 0 <= seconds <= 300


@given(st.one_of(st.text(max_size=40), st.text(alphabet="ab.=-_e{}", max_size=40)))
def test_a_token_tells_its_claims_or_nothing(token: str) -> None:
    assert isinstance(the("read_claims")(token), the("Claims"))


@given(HEADERS)
def test_a_challenge_is_json_or_nothing(headers: dict[str, str]) -> None:
    challenge = the("claims_challenge")(headers)
    assert not challenge or json.loads(challenge) is not Ellipsis


SECRETS = st.text(alphabet="abcXYZ019+/=-_.~$&%<>\"'\\\\ ", min_size=8, max_size=20).filter(
    lambda text: text == text.strip()
)


@given(st.text(max_size=30), st.lists(SECRETS, max_size=3))
def test_no_secret_is_left_in_a_text(text: str, secrets: list[str]) -> None:
    clean = the("redact")(text + " ".join(secrets), secrets)
    assert not any(secret in clean for secret in secrets)


# Layers and plans ----------------------------------------------------------------------------------------------------


@given(
    st.one_of(OBJECTS, st.fixed_dictionaries({"state": st.just("enabled"), "grantControls": JSON, "conditions": JSON}))
)
def test_a_policy_is_read_whatever_it_holds(policy: dict[str, Any]) -> None:
    read = the("read_policy")(policy)
    if read is not None:
        the("coverage")(read, "0f0f0f0f-1111-4222-8333-444455556666")
        the("doubt_about")(read)


UNREAD = st.text(max_size=5).map(lambda reason: the("Unread")(reason=reason))


@given(st.data())
def test_every_tenant_and_user_is_judged_and_never_guessed(data: st.DataObject) -> None:
    made = data.draw
    policy = the("AuthenticationPolicy")
    tenant = the("Tenant")(
        organization=made(st.one_of(UNREAD, st.sampled_from(STATES[:2]))),
        default_policy=made(st.one_of(UNREAD, st.sampled_from(["", "one", "none such"]))),
        policies=made(st.one_of(UNREAD, st.just([policy("one", True, frozenset(["one"]))]))),
        security_defaults=made(st.one_of(UNREAD, st.booleans())),
        conditional_access=made(st.one_of(UNREAD, st.just([]))),
        today=made(st.dates(datetime.date(2026, 1, 1), datetime.date(2028, 1, 1))),
    )
    user = the("User")(
        made(st.sampled_from(["", "0f0f0f0f-1111-4222-8333-444455556666"])),
        made(st.sampled_from(["UserMailbox", "SharedMailbox", "DiscoveryMailbox", ""])),
        made(st.one_of(UNREAD, st.sampled_from(["", "one", "none such"]))),
        made(st.one_of(UNREAD, st.builds(the("Account"), st.booleans(), st.booleans()))),
    )
    effective = the("Judge")(tenant).judge(made(st.sampled_from(STATES)), user)
    verdicts = {layer.basic for layer in effective.layers}
    if effective.basic == "enabled":
        assert not verdicts & {"blocks", "unknown"}
    if effective.basic == "disabled":
        assert "blocks" in verdicts
    if effective.basic == "unknown":
        assert "blocks" not in verdicts
        assert "unknown" in verdicts


MAILBOXES = st.dictionaries(st.integers(1, 8), st.sampled_from(STATES), max_size=8)


@given(MAILBOXES, st.dictionaries(st.integers(1, 8), st.sampled_from(STATES), min_size=8, max_size=8))
def test_a_plan_that_was_carried_out_leaves_nothing_to_plan(states: dict[int, str], wanted: dict[int, str]) -> None:
    mailbox, entry_of, make_plan = the("Mailbox"), the("entry_of"), the("make_plan")
    wanted = {place: wanted.get(place, "inherit") for place in states}
    entries = [entry_of(place, f"user{place}@example.com") for place in states]

    def found(now: dict[int, str]) -> dict[int, Any]:
        return {place: mailbox(f"guid-{place}", f"user{place}@example.com", "", state) for place, state in now.items()}

    first = make_plan(entries, found(states), wanted)
    assert {step.entry.position for step in first if step.needed} == {
        place for place, state in states.items() if state != wanted[place]
    }
    after = {step.entry.position: step.wanted for step in first}
    assert not [step for step in make_plan(entries, found(after), wanted) if step.needed]
