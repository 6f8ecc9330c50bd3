#!/usr/bin/python
# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailbox_smtp_auth_info
short_description: Read the Authenticated SMTP state of Exchange Online mailboxes
version_added: 0.1.0
description:
  - Tells the Authenticated SMTP setting (SMTP AUTH, SMTP client authentication) of listed mailboxes, or of all
    mailboxes of the tenant, and the organization's setting that mailboxes at V(inherit) follow.
  - With O(effective=true) it tells what a mail client will really meet, with Basic and with OAuth, and which layer
    decides.
  - An incomplete list is an error, never a result.
extends_documentation_fragment:
  - m365ops.exchange_online.connection
  - m365ops.exchange_online.attributes
  - m365ops.exchange_online.attributes.info_module
options:
  effective:
    description:
      - Judge every layer that decides whether a client can sign in, and return the outcome in
        RV(mailboxes[].effective) and RV(findings).
      - The layers are the mailbox's own setting, the organization's, the account (blocked, unlicensed), authentication
        policies, security defaults, Conditional Access, and the retirement of Basic.
      - For all mailboxes it costs two more listings and five single requests, and one listing for each group and
        directory role that a Conditional Access policy for such clients names. The app needs the application
        permissions C(Policy.Read.All) and C(User.Read.All) on Microsoft Graph, and for those groups and roles
        C(GroupMember.Read.All) and C(RoleManagement.Read.Directory). Where one is missing, its layers are V(unknown)
        and say so; the task doesn't fail for it.
      - Where Conditional Access leaves the answer open for up to 20 mailboxes, Microsoft's own what-if evaluation is
        asked, one request for each.
      - A ready-made O(access_token) is for Exchange only, so it leaves the layers of Entra ID V(unknown).
    type: bool
    default: false
  return_mailboxes:
    description:
      - Whether RV(mailboxes) holds the mailboxes that were read. With V(none) it holds only those that couldn't be
        read; the counts, and the names in RV(findings), are there all the same.
      - Sixty thousand mailboxes with their layers are a result of some sixty megabytes, and AWX drops results of more
        than 700,000 characters.
    type: str
    default: all
    choices: [all, none]
  mailboxes:
    description:
      - The mailboxes, each as user principal name, primary or secondary SMTP address, alias, or GUID.
      - If it isn't given, all mailboxes of the tenant are read. An empty list reads none.
    type: list
    elements: str
    aliases: [mailbox]
  state:
    description: Return only mailboxes whose own setting is one of these. The counts in RV(summary) are of all that
      were read.
    type: list
    elements: str
    choices: [enabled, disabled, inherit]
  missing:
    description:
      - What to do about listed mailboxes that don't exist.
      - V(fail) fails.
      - V(warn) leaves them out, counts them in RV(summary.missing) and warns.
    type: str
    default: fail
    choices: [fail, warn]
  report_path:
    description:
      - A directory for a report on what was read, as a page (HTML), a table (CSV) and data (JSON). It is made if its
        parent exists.
      - The table and the data hold every mailbox that was read, whatever O(state) and O(return_mailboxes) keep.
    type: path
  report_name:
    description: What the names of the report's files begin with.
    type: str
    default: smtp_auth_report
  compare_with:
    description:
      - The JSON file of an earlier report of the same tenant. The report then tells which mailboxes are new, gone or
        changed since. It takes O(report_path).
      - The file is read before the new report is written, so it may be the one that is replaced.
    type: path
  usage:
    description:
      - Tell in RV(mailboxes[].usage) and RV(usage), and in the report, who was seen using SMTP AUTH, as
        M(m365ops.exchange_online.smtp_auth_usage_info) does. It takes O(effective=true), so that those who would break
        at the end of Basic stand out.
      - The permissions and licences that it takes are those of the sources. One that can't be read is told in
        RV(usage.sources), and the task fails only if none could be.
    type: bool
    default: false
  usage_days:
    description: How far back to look for use, 1 to 180 days.
    type: int
    default: 30
  usage_sources:
    description: Whom to ask for use, as the option O(m365ops.exchange_online.smtp_auth_usage_info#module:sources).
    type: list
    elements: str
    choices: [sign_in_log, usage_report, file]
  usage_report_files:
    description: Reports exported from the Exchange admin center, as the option
      O(m365ops.exchange_online.smtp_auth_usage_info#module:report_files).
    type: list
    elements: path
  baseline_path:
    description:
      - A file to write a baseline into, YAML, with every mailbox that was seen using SMTP AUTH. It takes O(usage=true).
      - Owner and reason are left for a person to fill; until then M(m365ops.exchange_online.smtp_auth_baseline) refuses
        it, because it asks for them. Nothing is written to the tenant.
      - A file that is there already isn't overwritten. The task fails before anything is asked. Where no source could
        be read no file is written.
    type: path
seealso:
  - module: m365ops.exchange_online.mailbox_smtp_auth
  - name: Enable or disable authenticated client SMTP submission
    description: Microsoft's page on the setting, and on when to use it.
    link:
      https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission
author:
  - m365ops contributors (@m365ops)
"""

EXAMPLES = r"""
# The connection is taken from the environment (M365_TENANT_ID, M365_CLIENT_ID, M365_CERTIFICATE_PATH ...),
# or given once for all tasks by module_defaults for group/m365ops.exchange_online.exchange_online.

- name: Who has an own setting that allows authenticated SMTP
  m365ops.exchange_online.mailbox_smtp_auth_info:
    state: [enabled]
  register: smtp_auth

- name: Show their addresses and the organization's setting
  ansible.builtin.debug:
    msg: "{{ smtp_auth.mailboxes | map(attribute='primary_smtp_address') | list }}, organization: {{
      smtp_auth.organization.state }}"

- name: Will the printer be able to send, and if not, why not
  m365ops.exchange_online.mailbox_smtp_auth_info:
    mailboxes: printer@contoso.com
    effective: true
  register: printer

- name: Show the answer
  ansible.builtin.debug:
    msg: "{{ printer.mailboxes[0].effective.reason }}"

- name: The whole tenant's picture, without a line for each mailbox
  m365ops.exchange_online.mailbox_smtp_auth_info:
    effective: true
    return_mailboxes: none

- name: Who would break at the end of Basic, what has changed since last week, and a baseline to edit
  m365ops.exchange_online.mailbox_smtp_auth_info:
    effective: true
    usage: true
    usage_days: 90
    return_mailboxes: none
    report_path: reports
    compare_with: last-week/smtp_auth_report.json
    baseline_path: baseline.yml

- name: Two mailboxes
  m365ops.exchange_online.mailbox_smtp_auth_info:
    mailboxes:
      - printer@contoso.com
      - scanner@contoso.com
"""

RETURN = r"""
mailboxes:
  description: The mailboxes in the order of O(mailboxes), or all by primary address, as far as O(state) keeps them.
  returned: always
  type: list
  elements: dict
  contains:
    mailbox:
      description: The entry as it was given; the primary address if all were read.
      type: str
      returned: always
      sample: printer@contoso.com
    guid:
      description: The mailbox's immutable id.
      type: str
      returned: always
      sample: 5f1c0a5e-8d3b-4f0e-9a55-0b4d8f1c2a77
    primary_smtp_address:
      description: Its primary address.
      type: str
      returned: always
      sample: printer@contoso.com
    display_name:
      description: Its display name.
      type: str
      returned: always
      sample: Printer, 2nd floor
    state:
      description: Its own setting, V(enabled), V(disabled) or V(inherit). Null if it couldn't be read.
      type: str
      returned: always
      sample: inherit
    effective:
      description: What a client will meet at this mailbox. Null if the mailbox couldn't be read.
      type: dict
      returned: if O(effective=true)
      contains:
        basic:
          description: With a password, V(enabled), V(disabled) or V(unknown).
          type: str
          returned: always
          sample: disabled
        oauth:
          description:
            - With OAuth, V(enabled), V(disabled) or V(unknown).
            - V(unknown) also where the account is blocked or has no licence, as that of a shared mailbox, since nobody
              has said whether that stops an app that signs in as itself.
          type: str
          returned: always
          sample: enabled
        decided_by:
          description:
            - The layer that decides, for Basic where the two differ.
            - V(mailbox), V(organization), V(account), V(authentication_policy), V(security_defaults),
              V(conditional_access) or V(basic_retirement).
          type: str
          returned: always
          sample: security_defaults
        reason:
          description: Why, and what to do about it, in one sentence.
          type: str
          returned: always
          sample: "Basic is blocked: security defaults are on for the tenant; OAuth can be used."
        basic_at_risk:
          description: Whether Basic works today, so that a client that uses it stops at the retirement of Basic.
          type: bool
          returned: always
          sample: false
        layers:
          description: Every layer, in the order in which they are named above.
          type: list
          elements: dict
          returned: always
          contains:
            layer:
              description: Its name.
              type: str
              returned: always
              sample: security_defaults
            state:
              description: What it is set to, or V(unknown).
              type: str
              returned: always
              sample: "on"
            basic:
              description: What it says of Basic, V(allows), V(blocks), V(unknown) or V(no_say).
              type: str
              returned: always
              sample: blocks
            oauth:
              description: What it says of OAuth, V(allows), V(blocks), V(unknown) or V(no_say).
              type: str
              returned: always
              sample: no_say
            reason:
              description: Why it blocks or isn't known. Empty if it does neither.
              type: str
              returned: always
              sample: security defaults are on for the tenant
            permission:
              description: The permission without which it can't be read. Empty if it isn't that.
              type: str
              returned: always
              sample: ""
    usage:
      description: What is known of its use. Null where the mailbox couldn't be read.
      returned: if O(usage=true)
      type: dict
      contains:
        used:
          description: V(yes) if a source shows it. V(no_evidence) if every source that was asked could be read, one at
            least covers the mailbox, and none shows it. V(unknown) otherwise.
          type: str
          returned: always
          sample: "yes"
        last_used:
          description: The last use as ISO 8601 in UTC, or the day alone. Null where no source tells it, as with the
            usage report alone.
          type: str
          returned: always
          sample: "2026-11-26T08:15:02Z"
        count:
          description: The successful sign-ins in the sign-in log; where it has none, the messages in the exported
            report. Null where nothing is counted.
          type: int
          returned: always
          sample: 412
        protocol:
          description: V(basic), V(oauth) or V(unknown), as only the exported report tells. V(basic) where both were
            seen.
          type: str
          returned: always
          sample: basic
        clients:
          description: Where the sign-ins came from, the first ten, the latest first.
          type: list
          elements: dict
          returned: always
          contains:
            address:
              description: The address in the network. May be empty.
              type: str
              returned: always
              sample: 203.0.113.7
            application:
              description: The application, as the log calls it. May be empty.
              type: str
              returned: always
              sample: Office 365 Exchange Online
        failures:
          description: The last sign-in that failed, as the sign-in log tells. It doesn't count as use.
          type: dict
          returned: always
          contains:
            last:
              description: When, as ISO 8601 in UTC. Null if none is known.
              type: str
              returned: always
              sample: "2026-11-20T03:00:00Z"
            reason:
              description: Why, with Entra ID's code. Empty if none is known.
              type: str
              returned: always
              sample: Invalid username or password (50126)
        seen_in:
          description: The sources that show its use.
          type: list
          elements: str
          returned: always
          sample: [sign_in_log, file]
    error:
      description: Why this mailbox couldn't be read.
      type: dict
      returned: if the mailbox failed
      contains:
        code:
          description: A word for machines, such as V(not_found) or V(access_denied).
          type: str
          returned: always
          sample: not_found
        message:
          description: What happened and what to do.
          type: str
          returned: always
          sample: "Get-CASMailbox for x@contoso.com: The operation couldn't be performed."
        request_id:
          description: The service's id of the request, for Microsoft support. May be empty.
          type: str
          returned: always
          sample: 0c7b0a9e-2f5d-44a3-8c9d-2f6a4b1f3e10
summary:
  description: Counts over everything that was read, whatever O(state) keeps.
  returned: always
  type: dict
  contains:
    requested:
      description: Entries given, or mailboxes in the tenant.
      type: int
      returned: always
      sample: 120
    enabled:
      description: With an own setting that allows authenticated SMTP.
      type: int
      returned: always
      sample: 3
    disabled:
      description: With an own setting that refuses it.
      type: int
      returned: always
      sample: 7
    inherit:
      description: Without an own setting.
      type: int
      returned: always
      sample: 110
    missing:
      description: Listed but not found.
      type: int
      returned: always
      sample: 0
    failed:
      description: Not read.
      type: int
      returned: always
      sample: 0
    effective:
      description: Counts by effective state.
      type: dict
      returned: if O(effective=true)
      contains:
        basic:
          description: With a password. Counts of V(enabled), V(disabled) and V(unknown).
          type: dict
          returned: always
          sample: {enabled: 3, disabled: 117, unknown: 0}
        oauth:
          description: With OAuth. Counts of V(enabled), V(disabled) and V(unknown).
          type: dict
          returned: always
          sample: {enabled: 5, disabled: 115, unknown: 0}
    basic_at_risk:
      description: Mailboxes at which Basic works today.
      type: int
      returned: if O(effective=true)
      sample: 3
    basic_unknown:
      description: Mailboxes of which it isn't known whether Basic works today, so that they may be at risk as well.
      type: int
      returned: if O(effective=true)
      sample: 0
findings:
  description:
    - What needs attention. Each holds the count of all, and the names of the first hundred.
    - It is of everything that was read, whatever O(state) and O(return_mailboxes) keep.
  returned: if O(effective=true)
  type: dict
  contains:
    enabled:
      description: Enabled by their own setting.
      type: dict
      returned: always
      sample: {count: 1, mailboxes: [printer@contoso.com]}
    blocked:
      description: On, by their own setting or the organization's, but blocked for Basic. One entry for each layer that
        blocks.
      type: list
      elements: dict
      returned: always
      sample: [{layer: authentication_policy, count: 1, mailboxes: [scanner@contoso.com]}]
    unknown:
      description: Not known for Basic. One entry for each layer on which it depends.
      type: list
      elements: dict
      returned: always
      sample: [{layer: conditional_access, count: 1, mailboxes: [copier@contoso.com]}]
    basic_at_risk:
      description: Basic works today, so that a client that uses it stops at the retirement of Basic. Whether anybody
        uses it, the sign-in log tells.
      type: dict
      returned: always
      sample: {count: 1, mailboxes: [printer@contoso.com]}
    basic_unknown:
      description: Nothing is known to block Basic, and not every layer is known, so that these may be at risk as well.
      type: dict
      returned: always
      sample: {count: 0, mailboxes: []}
organization:
  description: The tenant-wide setting, which mailboxes at V(inherit) follow.
  returned: always
  type: dict
  contains:
    state:
      description: V(enabled) or V(disabled); V(unknown) if it couldn't be read.
      type: str
      returned: always
      sample: disabled
    reason:
      description: Why it couldn't be read. Empty if it could.
      type: str
      returned: always
      sample: ""
report:
  description: The paths of the files of the report. Empty if none was asked for.
  returned: always
  type: dict
  contains:
    html:
      description: The page.
      type: str
      returned: always
      sample: /srv/reports/smtp_auth_report.html
    csv:
      description: The table.
      type: str
      returned: always
      sample: /srv/reports/smtp_auth_report.csv
    json:
      description: The data.
      type: str
      returned: always
      sample: /srv/reports/smtp_auth_report.json
usage:
  description: What is known of the use of SMTP AUTH as a whole.
  returned: if O(usage=true)
  type: dict
  contains:
    sources:
      description: What became of each source.
      returned: always
      type: dict
      contains:
        sign_in_log:
          description: The sign-in log of Entra ID.
          returned: always
          type: dict
          contains:
            read:
              description: Whether all of it was read.
              type: bool
              returned: always
              sample: true
            reason:
              description: Why not all of it was. Empty if it was.
              type: str
              returned: always
              sample: ""
            from:
              description: The first moment or day that it tells of. Null where that isn't known.
              type: str
              returned: always
              sample: "2026-10-29T09:00:00Z"
            to:
              description: The last moment or day that it tells of. Null where that isn't known.
              type: str
              returned: always
              sample: "2026-11-28T09:00:00Z"
            blind_to:
              description: What it can't see.
              type: list
              elements: str
              returned: always
              sample: [apps that sign in as themselves (SMTP.SendAsApp)]
        usage_report:
          description: The report of Microsoft Graph on the use of email apps.
          returned: always
          type: dict
          contains:
            read:
              description: Whether all of it was read.
              type: bool
              returned: always
              sample: true
            reason:
              description: Why not all of it was. Empty if it was.
              type: str
              returned: always
              sample: ""
            from:
              description: The first moment or day that it tells of. Null where that isn't known.
              type: str
              returned: always
              sample: "2026-10-28"
            to:
              description: The last moment or day that it tells of. Null where that isn't known.
              type: str
              returned: always
              sample: "2026-11-26"
            blind_to:
              description: What it can't see.
              type: list
              elements: str
              returned: always
              sample: [mailboxes that the report doesn't list]
        file:
          description: The exported reports together.
          returned: always
          type: dict
          contains:
            read:
              description: Whether all of it was read.
              type: bool
              returned: always
              sample: true
            reason:
              description: Why not all of it was. Empty if it was.
              type: str
              returned: always
              sample: ""
            from:
              description: The first moment or day that it tells of. Null where that isn't known.
              type: str
              returned: always
              sample: "2026-10-29"
            to:
              description: The last moment or day that it tells of. Null where that isn't known.
              type: str
              returned: always
              sample: "2026-11-27"
            blind_to:
              description: What it can't see.
              type: list
              elements: str
              returned: always
              sample: [what happened after it was exported]
    summary:
      description: Mailboxes by what is known of their use.
      returned: always
      type: dict
      contains:
        used:
          description: How many are V(yes).
          type: int
          returned: always
          sample: 14
        no_evidence:
          description: How many are V(no_evidence).
          type: int
          returned: always
          sample: 1180
        unknown:
          description: How many are V(unknown).
          type: int
          returned: always
          sample: 6
    would_break:
      description: Those at risk that were seen using SMTP AUTH, not by OAuth alone.
      returned: always
      type: dict
      contains:
        count:
          description: How many they are.
          type: int
          returned: always
          sample: 12
        mailboxes:
          description: The first hundred of them.
          type: list
          elements: str
          returned: always
          sample: [printer@contoso.com]
    at_risk_no_evidence:
      description: Those at risk for whom no source shows any use of Basic.
      returned: always
      type: dict
      contains:
        count:
          description: How many they are.
          type: int
          returned: always
          sample: 33
        mailboxes:
          description: The first hundred of them.
          type: list
          elements: str
          returned: always
          sample: [printer@contoso.com]
    at_risk_unknown:
      description: Those at risk of whom it isn't known.
      returned: always
      type: dict
      contains:
        count:
          description: How many they are.
          type: int
          returned: always
          sample: 2
        mailboxes:
          description: The first hundred of them.
          type: list
          elements: str
          returned: always
          sample: [printer@contoso.com]
comparison:
  description: What has changed since the report of O(compare_with).
  returned: always
  type: dict
  contains:
    earlier:
      description: When that report was made. Null where none was given.
      type: str
      returned: always
      sample: "2026-11-21T06:00:00Z"
    new:
      description: Mailboxes that it doesn't have.
      type: int
      returned: always
      sample: 3
    changed:
      description: Mailboxes of which something that it tells isn't as it was.
      type: int
      returned: always
      sample: 1
    gone:
      description: Mailboxes of it that are no more. 0 where only listed mailboxes were read.
      type: int
      returned: always
      sample: 0
baseline:
  description: The baseline to edit that was written. Empty if none was.
  returned: always
  type: str
  sample: /srv/smtp_auth/baseline.yml
requests:
  description: HTTP requests to Exchange and Graph. Sign-in isn't counted.
  returned: always
  type: dict
  contains:
    sent:
      description: All requests, repeated ones included.
      type: int
      returned: always
      sample: 2
    retried:
      description: Requests that repeated an earlier one.
      type: int
      returned: always
      sample: 0
    throttled:
      description: Answers in which the service refused something for too many requests.
      type: int
      returned: always
      sample: 0
failure:
  description: Why the whole task failed, for machines. RV(ignore:msg) says the same for people.
  returned: on failure
  type: dict
  contains:
    code:
      description: A word for machines, or an AADSTS code of Entra ID.
      type: str
      returned: always
      sample: incomplete_listing
    message:
      description: What happened and what to do.
      type: str
      returned: always
      sample: "Get-CASMailbox for all mailboxes: page 3 couldn't be obtained, so the list isn't whole."
    request_id:
      description: The service's id of the request, for Microsoft support. May be empty.
      type: str
      returned: always
      sample: ""
    option:
      description: The option that caused it, such as V(max_changes). Empty if none did.
      type: str
      returned: always
      sample: ""
"""

from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.arguments import (
    connection_spec,
    mailboxes_spec,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.mailbox_smtp_auth_info import (
    empty_info_task,
    info_task,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.runner import run_module
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.smtp_auth_usage_info import usage_spec


def main() -> None:
    spec = {
        **connection_spec(),
        **mailboxes_spec(required=False),
        "state": {"type": "list", "elements": "str", "choices": ["enabled", "disabled", "inherit"]},
        "effective": {"type": "bool", "default": False},
        "return_mailboxes": {"type": "str", "default": "all", "choices": ["all", "none"]},
        "report_path": {"type": "path"},
        "report_name": {"type": "str", "default": "smtp_auth_report"},
        "compare_with": {"type": "path"},
        "usage": {"type": "bool", "default": False},
        **usage_spec("usage_"),
        "baseline_path": {"type": "path"},
    }
    run_module(spec, info_task, empty_info_task)


if __name__ == "__main__":
    main()
