#!/usr/bin/python
# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_auth_usage_info
short_description: Tell who has used Authenticated SMTP, by the logs and reports of Microsoft 365
version_added: 0.1.0
description:
  - Answers who would break if Authenticated SMTP (SMTP AUTH) were switched off, as far as Microsoft's logs and reports
    show, for listed mailboxes or for everybody who is seen.
  - There are three sources, the sign-in log of Entra ID, the report of Microsoft Graph on the use of email apps, and
    the SMTP AUTH clients report that the Exchange admin center exports. What they tell is merged by mailbox.
  - No evidence is never proof that nobody uses it. What each source can't see is in RV(sources), and whoever isn't
    covered by a source that could be read is V(unknown).
  - Nothing is changed.
extends_documentation_fragment:
  - m365ops.exchange_online.connection
  - m365ops.exchange_online.attributes
  - m365ops.exchange_online.attributes.info_module
options:
  mailboxes:
    description:
      - The mailboxes, each as user principal name, primary or secondary SMTP address, alias, or GUID. They are looked
        up in Exchange, and the names of their accounts in Microsoft Graph, which takes C(User.Read.All).
      - If it isn't given, everybody whom a source shows is returned under the name that it has there, and Exchange
        isn't asked. An empty list asks nothing.
    type: list
    elements: str
    aliases: [mailbox]
  missing:
    description:
      - What to do about listed mailboxes that don't exist.
      - V(fail) fails before any source is asked.
      - V(warn) leaves them out, counts them in RV(summary.missing) and warns.
    type: str
    default: fail
    choices: [fail, warn]
  days:
    description:
      - How far back to look, 1 to 180 days. Each source goes as far as it can, and RV(sources) tells how far that was.
        The sign-in log keeps 30 days at most.
      - The usage report knows periods of 7, 30, 90 and 180 days. The shortest that holds so many days is taken.
    type: int
    default: 30
  sources:
    description:
      - Whom to ask.
      - V(sign_in_log) is the sign-in log of Entra ID, interactive and non-interactive sign-ins alike. It tells when,
        how often and from where somebody signed in or failed to, for 30 days at most. It takes the application
        permission C(AuditLog.Read.All) on Microsoft Graph and a premium licence (Entra ID P1 or P2). It isn't offered
        in the clouds of the US government and of China.
      - V(usage_report) is the report of Microsoft Graph on the use of email apps, for up to 180 days. It tells that
        somebody has sent by SMTP, not when. It takes C(Reports.Read.All) and no premium licence. A tenant may conceal
        names in its reports; then it tells nothing, and says so. With C(ReportSettings.Read.All) that is known without
        fetching it.
      - V(file) is what O(report_files) names. Only this one tells Basic from OAuth.
      - If it isn't given, V(sign_in_log) and V(usage_report) are asked, and V(file) if O(report_files) is given.
    type: list
    elements: str
    choices: [sign_in_log, usage_report, file]
  report_files:
    description:
      - CSV files exported from the Exchange admin center, Reports > Mail flow > SMTP AUTH clients report. They are read
        where the module runs.
      - A column with the sender's address is needed, and one with the authentication protocol or the number of
        messages. A date is taken if there is one. Columns are known by their names, in any order.
    type: list
    elements: path
  return_mailboxes:
    description:
      - Which mailboxes RV(mailboxes) holds. V(used) keeps those of whom there is evidence, V(none) keeps none; with
        both it also holds those that couldn't be read. RV(summary) counts all of them.
      - Ten thousand mailboxes are a result of some three megabytes, and AWX drops results of more than 700,000
        characters.
    type: str
    default: all
    choices: [all, used, none]
seealso:
  - module: m365ops.exchange_online.mailbox_smtp_auth_info
  - module: m365ops.exchange_online.smtp_auth_baseline
author:
  - m365ops contributors (@m365ops)
"""

EXAMPLES = r"""
# The connection is taken from the environment (M365_TENANT_ID, M365_CLIENT_ID, M365_CERTIFICATE_PATH ...),
# or given once for all tasks by module_defaults for group/m365ops.exchange_online.exchange_online.

- name: Who has used SMTP AUTH in the last 30 days
  m365ops.exchange_online.smtp_auth_usage_info:
  register: usage

- name: Show them
  ansible.builtin.debug:
    msg: "{{ usage.mailboxes | selectattr('used', 'eq', 'yes') | map(attribute='mailbox') | list }}"

- name: How many use it, and who, in a large tenant
  m365ops.exchange_online.smtp_auth_usage_info:
    days: 180
    return_mailboxes: used

- name: May these two be switched off
  m365ops.exchange_online.smtp_auth_usage_info:
    mailboxes:
      - printer@contoso.com
      - scanner@contoso.com
    days: 90

- name: Who still uses Basic, by what the Exchange admin center exported
  m365ops.exchange_online.smtp_auth_usage_info:
    sources: [file]
    report_files: [exports/smtp_auth_clients.csv]
    days: 90

- name: Without a premium licence
  m365ops.exchange_online.smtp_auth_usage_info:
    sources: [usage_report]
    days: 180
"""

RETURN = r"""
mailboxes:
  description: What is known of each mailbox, in the order of O(mailboxes), or of everybody who is seen, by name.
  returned: always
  type: list
  elements: dict
  contains:
    mailbox:
      description: The entry as it was given; the name in the source if none was.
      type: str
      returned: always
      sample: printer@contoso.com
    guid:
      description: The mailbox's immutable id. Empty where O(mailboxes) isn't given.
      type: str
      returned: always
      sample: 5f1c0a5e-8d3b-4f0e-9a55-0b4d8f1c2a77
    used:
      description: V(yes) if a source shows it. V(no_evidence) if every source that was asked could be read, one at
        least covers the mailbox, and none shows it. V(unknown) otherwise.
      type: str
      returned: always
      sample: "yes"
    last_used:
      description: The last use as ISO 8601 in UTC, or the day alone. Null where no source tells it, as with the usage
        report alone.
      type: str
      returned: always
      sample: "2026-11-26T08:15:02Z"
    count:
      description: The successful sign-ins in the sign-in log; where it has none, the messages in the exported report.
        Null where nothing is counted.
      type: int
      returned: always
      sample: 412
    protocol:
      description: V(basic), V(oauth) or V(unknown), as only the exported report tells. V(basic) where both were seen.
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
      description: Why the mailbox couldn't be read in Exchange.
      returned: if the mailbox failed
      type: dict
      contains:
        code:
          description: A word for machines.
          type: str
          returned: always
          sample: ambiguous
        message:
          description: What happened and what to do.
          type: str
          returned: always
          sample: More than one mailbox is called reception.
        request_id:
          description: The service's id of the request, for Microsoft support. May be empty.
          type: str
          returned: always
          sample: ""
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
  description: Counts.
  returned: always
  type: dict
  contains:
    requested:
      description: How many mailboxes were listed; how many are seen if none were.
      type: int
      returned: always
      sample: 2
    used:
      description: How many are V(yes).
      type: int
      returned: always
      sample: 1
    no_evidence:
      description: How many are V(no_evidence).
      type: int
      returned: always
      sample: 1
    unknown:
      description: How many are V(unknown).
      type: int
      returned: always
      sample: 0
    missing:
      description: Listed mailboxes that don't exist.
      type: int
      returned: always
      sample: 0
    failed:
      description: Mailboxes that couldn't be read in Exchange.
      type: int
      returned: always
      sample: 0
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
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.runner import run_module
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.smtp_auth_usage_info import (
    empty_usage_task,
    rows_spec,
    usage_spec,
    usage_task,
)


def main() -> None:
    spec = {**connection_spec(), **mailboxes_spec(required=False), **usage_spec(), **rows_spec()}
    run_module(spec, usage_task, empty_usage_task)


if __name__ == "__main__":
    main()
