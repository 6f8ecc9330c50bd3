#!/usr/bin/python
# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_auth_probe
short_description: Try whether a mailbox can sign in to Authenticated SMTP now
version_added: 0.1.0
description:
  - Signs in to the submission server as a mail client does (port 587, STARTTLS, AUTH), and tells what it answers, which
    layer that answer comes from, and what to do about it.
  - It ends with the answer to the sign-in. No mail is sent, nor begun.
  - With O(wait) it tries until the sign-in is accepted, since a change of the setting takes some minutes to be seen
    there, at times up to an hour. It pauses for 15 seconds first, and for a minute at most. A password that is refused,
    or may have been, is tried once only, so that no account is locked.
  - It only needs the connection's options for the app's own token (O(method=oauth) without O(smtp_token)) and for
    O(compare=true).
  - Each try is a sign-in, which the tenant's sign-in log shows, and Conditional Access judges by this machine's address
    and not by that of the device that is to send.
extends_documentation_fragment:
  - m365ops.exchange_online.connection
  - m365ops.exchange_online.attributes
attributes:
  check_mode:
    support: full
    details: In check mode it doesn't sign in, and says so, unless O(in_check_mode=true).
  diff_mode:
    support: N/A
    details: The module changes nothing.
  idempotent:
    support: full
    details: The module changes nothing.
options:
  mailbox:
    description:
      - The mailbox that signs in, by its user principal name or address.
      - Whose setting counts is the mailbox that signs in, not the one in whose name it sends.
    type: str
    required: true
  method:
    description:
      - V(oauth) signs in by AUTH XOAUTH2 with a token, O(smtp_token) or the app's own.
      - V(basic) signs in by AUTH LOGIN with O(password), as most devices do.
      - What belongs to the other method is ignored.
    type: str
    default: oauth
    choices: [oauth, basic]
  password:
    description:
      - The mailbox's password, or an app password. Give it by the environment, a credential of AWX or a vault.
      - If it isn't given, E(M365_SMTP_PASSWORD) is used.
    type: str
  smtp_token:
    description:
      - A ready-made token for SMTP, of a user (C(SMTP.Send)) or of an app (C(SMTP.SendAsApp)), such as that of the
        device or the program that is to send.
      - Without it, the token is that of the connection's app. It needs the application permission C(SMTP.SendAsApp), a
        service principal in Exchange and full access to the mailbox.
      - If it isn't given, E(M365_SMTP_TOKEN) is used.
    type: str
  server:
    description:
      - The submission server, by its name. Without it, that of O(cloud), which is C(smtp.office365.com) for V(public),
        C(smtp.office365.us) for V(gcc_high), C(outlook-dod.office365.us) for V(dod) and C(smtp.partner.outlook.cn) for
        V(china).
      - Its certificate is always verified, by O(ca_path) or else by the machine's own CA certificates.
    type: str
  port:
    description: Its port. The service doesn't listen on 465.
    type: int
    default: 587
  wait:
    description:
      - Seconds for which to go on trying, up to a day. With V(0) it tries once.
      - It is tried again where time may cure what was met, such as a setting that isn't seen yet, too many requests, or
        no connection. O(deadline) bounds it as well.
    type: int
    default: 0
  expect:
    description: V(accepted) fails if the sign-in isn't accepted. V(any) only tells.
    type: str
    default: any
    choices: [any, accepted]
  compare:
    description:
      - Read the mailbox's effective state, too, as M(m365ops.exchange_online.mailbox_smtp_auth_info) does with
        C(effective=true), return it in RV(effective), and warn if the sign-in found another thing.
      - It takes the permissions of that module. If it can't be read, a warning says so.
    type: bool
    default: false
  in_check_mode:
    description: Sign in in check mode as well.
    type: bool
    default: false
seealso:
  - module: m365ops.exchange_online.mailbox_smtp_auth
  - module: m365ops.exchange_online.mailbox_smtp_auth_info
  - name: Authenticate an IMAP, POP or SMTP connection using OAuth
    description: Microsoft's page on what an app needs to sign in to SMTP.
    link:
      https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
author:
  - m365ops contributors (@m365ops)
"""

EXAMPLES = r"""
# The connection is taken from the environment (M365_TENANT_ID, M365_CLIENT_ID, M365_CERTIFICATE_PATH ...),
# or given once for all tasks by module_defaults for group/m365ops.exchange_online.exchange_online.

- name: Enable the printer
  m365ops.exchange_online.mailbox_smtp_auth:
    mailboxes: printer@contoso.com
    state: enabled

- name: Wait until it can sign in with its password (M365_SMTP_PASSWORD)
  m365ops.exchange_online.smtp_auth_probe:
    mailbox: printer@contoso.com
    method: basic
    wait: 1800
    expect: accepted

- name: Can the app send as the ticket system, and does that fit the settings
  m365ops.exchange_online.smtp_auth_probe:
    mailbox: tickets@contoso.com
    compare: true
  register: tickets

- name: Show the answer
  ansible.builtin.debug:
    msg: "{{ tickets.result }}: {{ tickets.reason }}"
"""

RETURN = r"""
result:
  description:
    - V(accepted), V(refused) or V(unknown).
    - V(unknown) where there was no answer to the sign-in, or one that settles nothing, such as that the server is busy.
  returned: always
  type: str
  sample: refused
code:
  description: The code of the last answer, V(0) if there was none.
  returned: always
  type: int
  sample: 535
enhanced_code:
  description: The enhanced code of that answer. Empty if it had none.
  returned: always
  type: str
  sample: 5.7.139
text:
  description: The text of that answer in one line.
  returned: always
  type: str
  sample: Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.
layer:
  description:
    - What the answer comes from. V(mailbox), V(organization), V(authentication_policy), V(security_defaults),
      V(conditional_access) or V(basic_retirement), as in the effective state.
    - V(credentials) for the password or the token, V(service) for a server that is busy, V(connection) where it didn't
      come to a sign-in, V(unknown) where the answer doesn't tell.
    - Empty if the sign-in was accepted, or wasn't tried.
  returned: always
  type: str
  sample: organization
reason:
  description: Why, and what to do about it.
  returned: always
  type: str
  sample: The mailbox has no setting of its own, and the organization's is disabled. Set the mailbox to enabled.
tried:
  description: How often a sign-in was tried.
  returned: always
  type: int
  sample: 3
seconds:
  description: Seconds from the first try to the end of the last.
  returned: always
  type: float
  sample: 38.4
tls:
  description: Of the last connection. Its texts are empty where it didn't come to TLS.
  returned: always
  type: dict
  contains:
    version:
      description: The version of TLS.
      type: str
      returned: always
      sample: TLSv1.3
    cipher:
      description: The cipher suite.
      type: str
      returned: always
      sample: TLS_AES_256_GCM_SHA384
    subject:
      description: For whom the server's certificate is.
      type: str
      returned: always
      sample: outlook.com
    issuer:
      description: Who issued it. A name that isn't a public CA's shows a device in between.
      type: str
      returned: always
      sample: DigiCert Cloud Services CA-1
    ends:
      description: Until when it is valid.
      type: str
      returned: always
      sample: "2027-03-31T23:59:59Z"
effective:
  description: The mailbox's effective state, as M(m365ops.exchange_online.mailbox_smtp_auth_info) returns it. Null if
    it couldn't be read, or nothing was tried.
  returned: if O(compare=true)
  type: dict
  contains:
    basic:
      description: With a password, V(enabled), V(disabled) or V(unknown).
      type: str
      returned: always
      sample: disabled
    oauth:
      description: With OAuth, V(enabled), V(disabled) or V(unknown).
      type: str
      returned: always
      sample: enabled
    decided_by:
      description: The layer that decides.
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
      description: Every layer, in the order in which the other module names them.
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
disagrees:
  description: Whether the sign-in found another thing than the effective state. A warning names both then.
  returned: if O(compare=true)
  type: bool
  sample: false
requests:
  description: HTTP requests to Exchange and Graph. Neither sign-ins nor SMTP are counted.
  returned: always
  type: dict
  contains:
    sent:
      description: All requests, repeated ones included.
      type: int
      returned: always
      sample: 0
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
      description: A word for machines, such as V(not_accepted), or an AADSTS code of Entra ID.
      type: str
      returned: always
      sample: not_accepted
    message:
      description: What happened and what to do.
      type: str
      returned: always
      sample: "The sign-in of printer@contoso.com was refused (tried once): The name or the password is wrong."
    request_id:
      description: The service's id of the request, for Microsoft support. May be empty.
      type: str
      returned: always
      sample: ""
    option:
      description: The option that caused it, such as V(expect). Empty if none did.
      type: str
      returned: always
      sample: expect
"""

from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.arguments import connection_spec
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.runner import run_module
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.smtp_auth_probe import (
    empty_probe_task,
    probe_task,
    probing_spec,
)


def main() -> None:
    run_module({**connection_spec(), **probing_spec()}, probe_task, empty_probe_task)


if __name__ == "__main__":
    main()
