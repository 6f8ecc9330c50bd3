# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """Options by which every module connects; ``_module/arguments.connection_spec`` is their spec."""

    DOCUMENTATION = r"""
notes:
  - The module runs where msal and requests are installed, which is the control node or the execution environment.
    Run the play on C(localhost), or on hosts with C(ansible_connection=local).
  - The app needs the application permission C(Exchange.ManageAsApp) of C(Office 365 Exchange Online), and a directory
    role.
    Reading takes Global Reader; writing takes Exchange Administrator. A new role needs some minutes and a new token.
  - Secrets are best given by the environment, a credential of AWX, or a vault, not in playbooks.
  - One token is obtained for each task. It is never written to disk.
requirements:
  - msal >= 1.32
  - requests >= 2.28
options:
  tenant_id:
    description:
      - The tenant, as GUID or as one of its verified domains, such as V(contoso.onmicrosoft.com).
      - Required with a client secret, a certificate and a federated token. Otherwise the token tells it.
      - If it isn't given, the first that is set of E(M365_TENANT_ID), E(AZURE_TENANT_ID) and E(AZURE_TENANT) is used.
    type: str
  client_id:
    description:
      - The app's Application (client) ID. With O(auth_method=managed_identity), that of a user-assigned identity.
      - If it isn't given, the first that is set of E(M365_CLIENT_ID) and E(AZURE_CLIENT_ID) is used.
    type: str
  auth_method:
    description:
      - How to sign in.
      - V(auto) takes the kind whose options are given. Options of two kinds are an error, wherever they come from.
        A managed identity is taken if no other kind is given and Azure's environment variables show that there is one.
        On a virtual machine there are none, so V(managed_identity) has to be set there.
      - With a kind set here, options of other kinds are ignored.
      - If it isn't given, E(M365_AUTH_METHOD) is used.
    type: str
    default: auto
    choices: [auto, client_secret, certificate, federated, managed_identity, access_token]
  client_secret:
    description:
      - The value (not the ID) of a client secret of the app.
      - Microsoft documents certificates for app-only access to Exchange Online. Secrets have been seen to work by
        several public clients.
      - If it isn't given, the first that is set of E(M365_CLIENT_SECRET), E(AZURE_CLIENT_SECRET) and E(AZURE_SECRET)
        is used.
    type: str
  certificate_path:
    description:
      - A file with the app's certificate and its private key, as PEM or as PFX (the format that is also called PKCS12).
        Only RSA keys work.
      - If it isn't given, the first that is set of E(M365_CERTIFICATE_PATH) and E(AZURE_CLIENT_CERTIFICATE_PATH) is
        used.
    type: path
  certificate_content:
    description:
      - The certificate and its key themselves, where O(certificate_path) would name a file. A PEM as it is or with its
        line breaks written as V(\\n), a PFX in base64.
      - If it isn't given, E(M365_CERTIFICATE_CONTENT) is used.
    type: str
  certificate_passphrase:
    description:
      - The passphrase of the private key or of the PFX.
      - If it isn't given, the first that is set of E(M365_CERTIFICATE_PASSPHRASE) and
        E(AZURE_CLIENT_CERTIFICATE_PASSWORD) is used.
    type: str
  federated_token:
    description:
      - A token of an identity provider that the app trusts (workload identity federation), such as that of a CI job.
      - If it isn't given, E(M365_FEDERATED_TOKEN) is used.
    type: str
  federated_token_file:
    description:
      - A file that holds such a token. It is read again whenever a token is needed.
      - If it isn't given, E(AZURE_FEDERATED_TOKEN_FILE) is used.
    type: path
  access_token:
    description:
      - A ready-made access token for Exchange Online. It isn't renewed, so long runs may outlive it.
      - If it isn't given, E(M365_ACCESS_TOKEN) is used.
    type: str
  cloud:
    description:
      - The cloud that the tenant is in. V(public) is also that of GCC.
      - If it isn't given, E(M365_CLOUD) is used.
    type: str
    default: public
    choices: [public, gcc_high, dod, china]
  login_endpoint:
    description:
      - Another sign-in host than the cloud's, as C(https://host) or C(https://host:port).
      - If it isn't given, E(M365_LOGIN_ENDPOINT) is used.
    type: str
  exchange_endpoint:
    description:
      - Another Exchange host than the cloud's, as C(https://host) or C(https://host:port). The scope of the token
        stays the cloud's.
      - If it isn't given, E(M365_EXCHANGE_ENDPOINT) is used.
    type: str
  graph_endpoint:
    description:
      - Another Microsoft Graph host than the cloud's, as C(https://host) or C(https://host:port).
      - If it isn't given, E(M365_GRAPH_ENDPOINT) is used.
    type: str
  ca_path:
    description:
      - A file or folder of CA certificates that are trusted instead of the default ones.
        It wins over E(REQUESTS_CA_BUNDLE) and E(CURL_CA_BUNDLE), which count otherwise.
      - Certificates are always verified.
        An empty value is as good as none, here and in every other option that holds a text.
      - If it isn't given, E(M365_CA_PATH) is used.
    type: path
  timeout:
    description: Seconds that one HTTP request may take in all, however slowly it is answered, from 1 to 960.
    type: int
    default: 120
  max_retries:
    description:
      - How often one request is repeated after a passing failure, from 0 to 20.
        The waits are those that the service asks for, up to five minutes, or else grow from one second to thirty.
    type: int
    default: 5
  deadline:
    description:
      - Seconds that the whole task may take, its sign-in included. No wait and no request runs past it.
      - What was done until then is returned.
    type: int
    default: 3600
"""
