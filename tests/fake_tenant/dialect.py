# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The points on which public sources disagree or are silent: the service can be played either way."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

CHOICES: dict[str, tuple[object, ...]] = {
    "not_found_status": (404, 400, 500),
    "error_text": ("pipe", "json", "internalexception"),
    "set_value": ("empty", "null", "absent"),
    "no_op_warning": ("body", "header", "none"),
    "warnings_shape": ("array", "string", "absent"),
    "forbidden_body": ("nul", "nul_gzip", "json", "empty"),
    "smtp_wrong_password": ("5.7.139", "5.7.3"),
    "policy_reference": ("name", "dn", "guid"),
    "graph_evaluate": ("v1.0+beta", "beta", "v1.0", "none"),
    "module_file": ("list", "object", "absent"),
}


@dataclass
class Dialect:
    """One reading of the unknowns. The first of each is the default.

    not_found_status: HTTP status of an unknown mailbox.
    error_text: where the useful text of an error is: `details` as `Id|Type|Text`, `details` as a JSON string, or only
        in `innererror.internalexception`.
    set_value: `value` of a successful write: `[]`, `null` or absent.
    no_op_warning: where the warning of a write that changes nothing is.
    warnings_shape: `@adminapi.warnings` as an array (a string or absent when there is only one, or none).
    forbidden_body: the body of a 403.
    result_size_ignored: a listing pages through everything whatever ResultSize says.
    empty_last_page: a listing whose last page is full ends on an empty one.
    more_warning_with_link: the first page of several carries the warning that there is more, beside its link.
    get_continuation: a page link may also be fetched with GET.
    anchor_required_for_pages: a listing whose first request had no X-AnchorMailbox can't be continued.
    batch_inner_authorization: every sub-request of a batch must carry its own Authorization.
    batch_stops_on_error: without `Prefer: odata.continue-on-error` a batch ends with its first failing item.
    cas_row_has_upn: rows of Get-CASMailbox also carry UserPrincipalName and Alias.
    rate_headers: Rate-Limit-* headers on every Exchange answer.
    custom_role_group_allowed: an app with no directory role but in a custom role group is let in.
    recipient_administrator_may_set: Exchange Recipient Administrator may run Set-CASMailbox.
    smtp_password_first: a wrong password is found before the switch of mailbox or tenant is looked at.
    smtp_wrong_password: the enhanced code of the answer to a wrong password or an unknown name.
    policy_reference: how the rows of Get-User and Get-OrganizationConfig name an authentication policy.
    module_file: `value` of the file of the module: a list of one object or the object; or there is no such file.
    oauth_needs_account: an app's token isn't let in to a mailbox whose account is blocked or has no licence.
    graph_empty_page: the first page of a Graph listing that has several is empty, and only its link leads on.
    graph_evaluate: in which versions of Graph the evaluation of Conditional Access is.
    """

    not_found_status: int = 404
    error_text: str = "pipe"
    set_value: str = "empty"
    no_op_warning: str = "body"
    warnings_shape: str = "array"
    forbidden_body: str = "nul"
    result_size_ignored: bool = False
    empty_last_page: bool = False
    more_warning_with_link: bool = True
    get_continuation: bool = False
    anchor_required_for_pages: bool = True
    batch_inner_authorization: bool = True
    batch_stops_on_error: bool = False
    cas_row_has_upn: bool = False
    rate_headers: bool = False
    custom_role_group_allowed: bool = True
    recipient_administrator_may_set: bool = False
    smtp_password_first: bool = True
    smtp_wrong_password: str = "5.7.139"
    policy_reference: str = "name"
    module_file: str = "list"
    oauth_needs_account: bool = False
    graph_empty_page: bool = False
    graph_evaluate: str = "v1.0+beta"

    def set(self, **choices: Any) -> None:
        """Change some; an unknown name or value is a ValueError and changes nothing."""
        known = {item.name: item.type for item in fields(self)}
        for name, value in choices.items():
            if name not in known:
                raise ValueError(f"unknown dialect option {name!r}; known: {', '.join(known)}")
            allowed = CHOICES.get(name, (True, False))
            if not any(value is option or (value == option and type(value) is type(option)) for option in allowed):
                raise ValueError(f"dialect option {name} must be one of {allowed}, not {value!r}")
        for name, value in choices.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        """All options by name."""
        return asdict(self)
